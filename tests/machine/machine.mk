# SPDX-License-Identifier: MIT
#
# Register-level tests of the machine: one program a block, each test on a machine of its own.
# `make test-machine` builds and runs them and prints what cmocka says.

MACHINE_TEST_NAMES := $(sort $(patsubst tests/machine/%.c,%,$(wildcard tests/machine/test_*.c)))
MACHINE_TESTS := $(addprefix $(BUILD)/tests/machine/,$(MACHINE_TEST_NAMES))
MACHINE_TEST_PACKAGES := json-glib-1.0 glib-2.0 cmocka
MACHINE_TEST_CFLAGS := -std=gnu11 -O1 -g -I. -Wall -Wextra -Werror -Wconversion -Wshadow \
    -Wmissing-prototypes -Wvla -Wswitch-enum $(shell pkg-config --cflags $(MACHINE_TEST_PACKAGES))
MACHINE_TEST_LIBS := $(shell pkg-config --libs $(MACHINE_TEST_PACKAGES))

$(BUILD)/tests/machine/%.o: tests/machine/%.c
	@mkdir -p $(@D)
	@$(CC) $(MACHINE_TEST_CFLAGS) -MMD -MP -c $< -o $@

$(MACHINE_TESTS): %: %.o $(BUILD)/tests/machine/bench.o
	@$(CC) $(filter %.o,$^) $(MACHINE_TEST_LIBS) -o $@

-include $(wildcard $(BUILD)/tests/machine/*.d)

# The ROM that test_bus runs.
MACHINE_BUS_ROM := $(BUILD)/tests/machine/bus_rom.bin
$(MACHINE_BUS_ROM): tests/machine/bus_rom.c tests/machine/bus_rom.h tests/machine/bus_rom.ld
	@mkdir -p $(@D)
	@arm-none-eabi-gcc -mcpu=cortex-m33 -mthumb -mfloat-abi=soft -std=c11 -O1 -I. -ffreestanding \
	    -nostdlib -Wall -Wextra -Werror -T tests/machine/bus_rom.ld $< -o $(@:.bin=.elf)
	@arm-none-eabi-objcopy -O binary $(@:.bin=.elf) $@
$(BUILD)/tests/machine/test_bus: $(MACHINE_BUS_ROM)

include tests/machine/lockstep.mk

test-build: $(MACHINE_TESTS)
TEST_COMMANDS += $(foreach test,$(MACHINE_TESTS),"$(test)")

## Run the register tests of the machine
.PHONY: test-machine
test-machine: $(MACHINE_TESTS)
	@status=0; for test in $^; do QEMU=$(QEMU) $$test || status=1; done; exit $$status

.PRECIOUS: $(BUILD)/tests/machine/%.o
