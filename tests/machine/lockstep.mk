# SPDX-License-Identifier: MIT
#
# These let the machine execute: they need a program for it, and the far end of the hostlink.

LOCKSTEP_ROM := $(BUILD)/tests/machine/lockstep_rom.bin
$(LOCKSTEP_ROM): tests/machine/lockstep_rom.c tests/machine/lockstep_rom.h \
    tests/machine/lockstep_rom.ld $(wildcard vdevice/contract/*.h vdevice/contract/regs/*.def)
	@mkdir -p $(@D)
	@arm-none-eabi-gcc -mcpu=cortex-m33 -mthumb -mfloat-abi=soft -std=gnu11 -O1 -I. -ffreestanding \
	    -nostdlib -Wall -Wextra -Werror -T tests/machine/lockstep_rom.ld $< -o $(@:.bin=.elf)
	@arm-none-eabi-objcopy -O binary $(@:.bin=.elf) $@

$(BUILD)/tests/machine/test_lockstep $(BUILD)/tests/machine/test_reads $(BUILD)/tests/machine/test_restore $(BUILD)/tests/machine/test_edges: \
    $(BUILD)/tests/machine/lab.o $(LOCKSTEP_ROM)
