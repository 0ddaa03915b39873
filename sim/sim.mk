# SPDX-License-Identifier: MIT
#
# The lab: build/lockstep, the same under ASan and UBSan as build/san/lockstep, its unit tests and fuzz
# targets. Everything but main.c is one archive, so that a test which brings a fake of its own leaves
# the real one out.

SIM_PACKAGES := gio-2.0 gio-unix-2.0 libfyaml slirp nettle hogweed
SIM_LIBRARIES = $$(pkg-config --libs $(SIM_PACKAGES)) -lgmp
SIM_SOURCES  := $(filter-out sim/main.c,$(wildcard sim/*.c sim/*/*.c sim/*/*/*.c))
SIM_STRICT   := -Wall -Wextra -Werror -Wconversion -Wshadow -Wmissing-prototypes -Wvla -Wswitch-enum
SIM_CFLAGS    = -std=gnu11 -D_GNU_SOURCE -g $(SIM_STRICT) -I. $(HOST_MBEDTLS_CFLAGS) \
	$$(pkg-config --cflags $(SIM_PACKAGES))
SIM_VERSION  := $(shell git describe --tags --always --dirty 2>/dev/null || echo unversioned)
SIM_SAN      := -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer

SIM_TESTS     := $(patsubst tests/unit/sim/%.c,%,$(wildcard tests/unit/sim/test_*.c))
# Only those of the fakes that stand for something in the lab.
SIM_FAKES     := $(filter tests/fakes/fake_machine.c tests/fakes/fake_network.c tests/fakes/fake_factory.c, \
	$(wildcard tests/fakes/*.c))

# The lab once with the flags $(2) below the folder $(1): objects, archive, program.
define SIM_VARIANT
$(1)/obj/%.o: %.c
	@mkdir -p $$(@D)
	@$$(CC) $$(SIM_CFLAGS) $(2) -MMD -MP -c $$< -o $$@

$(1)/lab.a: $$(patsubst %.c,$(1)/obj/%.o,$$(SIM_SOURCES) $$(MINT_SOURCES))
	@rm -f $$@
	@ar rcs $$@ $$^

-include $$(shell test -d $(1)/obj && find $(1)/obj -name '*.d')
endef

$(eval $(call SIM_VARIANT,$(BUILD)/sim,-O2))
$(eval $(call SIM_VARIANT,$(BUILD)/san/sim,-O1 $(SIM_SAN)))

# The version is the only thing that comes from outside the sources.
$(BUILD)/sim/version.h: FORCE
	@mkdir -p $(@D)
	@echo '#define LOCKSTEP_VERSION "$(SIM_VERSION)"' | cmp -s - $@ || \
	    echo '#define LOCKSTEP_VERSION "$(SIM_VERSION)"' > $@
.PHONY: FORCE
FORCE:

$(BUILD)/sim/obj/sim/main.o $(BUILD)/san/sim/obj/sim/main.o: $(BUILD)/sim/version.h
$(BUILD)/sim/obj/sim/main.o $(BUILD)/san/sim/obj/sim/main.o: SIM_CFLAGS += -include $(BUILD)/sim/version.h

$(BUILD)/lockstep: $(BUILD)/sim/obj/sim/main.o $(BUILD)/sim/lab.a $(HOST_MBEDTLS_LIBS)
	@$(CC) $^ $(SIM_LIBRARIES) -o $@

$(BUILD)/san/lockstep: $(BUILD)/san/sim/obj/sim/main.o $(BUILD)/san/sim/lab.a $(HOST_MBEDTLS_LIBS)
	@$(CC) $(SIM_SAN) $^ $(SIM_LIBRARIES) -o $@

all: $(BUILD)/lockstep

# Unit tests run under the sanitizers. A fake comes first, so the archive gives only what is missing.
$(BUILD)/san/sim/fakes.a: $(patsubst %.c,$(BUILD)/san/sim/obj/%.o,$(SIM_FAKES))
	@rm -f $@
	@ar rcs $@ $^

$(BUILD)/tests/unit/sim/%: $(BUILD)/san/sim/obj/tests/unit/sim/%.o $(BUILD)/san/sim/fakes.a \
		$(BUILD)/san/sim/lab.a $(HOST_MBEDTLS_LIBS)
	@mkdir -p $(@D)
	@$(CC) $(SIM_SAN) $(filter %.o,$^) $(filter %.a,$^) $(SIM_LIBRARIES) -lcmocka -o $@

# The world is tested without a network and without certificates. These two must be objects: the
# archive of the lab asks for them only after the archive of fakes has been passed by.
$(BUILD)/tests/unit/sim/test_world: $(BUILD)/san/sim/obj/tests/fakes/fake_network.o \
		$(BUILD)/san/sim/obj/tests/fakes/fake_factory.o

test-build: $(SIM_TESTS:%=$(BUILD)/tests/unit/sim/%) $(BUILD)/san/lockstep
TEST_COMMANDS += $(foreach test,$(SIM_TESTS),"$(BUILD)/tests/unit/sim/$(test)")

# Fuzz targets: clang's libFuzzer, a short run over the corpus in every `make test`.
SIM_FUZZ := fuzz_scenario fuzz_bundle
FUZZ_CC  ?= clang

$(BUILD)/fuzz/obj/%.o: %.c
	@mkdir -p $(@D)
	@$(FUZZ_CC) $(filter-out -Werror,$(SIM_CFLAGS)) -O1 -fsanitize=fuzzer-no-link,address,undefined \
	    -MMD -MP -c $< -o $@

FUZZ_SOURCES := $(wildcard sim/base/*.c sim/evidence/*.c sim/scenario/*.c)
$(SIM_FUZZ:%=$(BUILD)/fuzz/%): $(BUILD)/fuzz/%: $(BUILD)/fuzz/obj/tests/fuzz/%.o \
		$(patsubst %.c,$(BUILD)/fuzz/obj/%.o,$(FUZZ_SOURCES))
	@$(FUZZ_CC) -fsanitize=fuzzer,address,undefined $^ $$(pkg-config --libs gio-2.0 libfyaml) -o $@

test-build: $(SIM_FUZZ:%=$(BUILD)/fuzz/%)
TEST_COMMANDS += "mkdir -p $(BUILD)/fuzz/new/scenario && LSAN_OPTIONS=suppressions=tests/fuzz/leaks.supp $(BUILD)/fuzz/fuzz_scenario -runs=20000 -max_len=4096 $(BUILD)/fuzz/new/scenario tests/corpus/scenario"
TEST_COMMANDS += "mkdir -p $(BUILD)/fuzz/new/bundle && LSAN_OPTIONS=suppressions=tests/fuzz/leaks.supp $(BUILD)/fuzz/fuzz_bundle -runs=3000 -max_len=4096 $(BUILD)/fuzz/new/bundle tests/corpus/bundle"

# What a hostile machine may say.
$(BUILD)/fuzz/fuzz_hostlink: $(BUILD)/fuzz/obj/tests/fuzz/fuzz_hostlink.o \
		$(BUILD)/fuzz/obj/sim/world/wire.o
	@$(FUZZ_CC) -fsanitize=fuzzer,address,undefined $^ $$(pkg-config --libs glib-2.0) -o $@

test-build: $(BUILD)/fuzz/fuzz_hostlink
TEST_COMMANDS += "$(BUILD)/fuzz/fuzz_hostlink -runs=200000 -max_len=4096 -close_fd_mask=2"

# The real machine. test_replay keeps all processors busy on purpose.
SIM_REAL_TESTS := test_replay test_branches
$(SIM_REAL_TESTS:%=$(BUILD)/tests/system/%): $(BUILD)/tests/system/%: $(BUILD)/sim/obj/tests/system/%.o \
		$(BUILD)/sim/lab.a $(HOST_MBEDTLS_LIBS)
	@mkdir -p $(@D)
	@$(CC) $^ $(SIM_LIBRARIES) -lcmocka -o $@

test-build: $(SIM_REAL_TESTS:%=$(BUILD)/tests/system/%)
TEST_COMMANDS += "alone: $(BUILD)/tests/system/test_replay" "$(BUILD)/tests/system/test_branches"
