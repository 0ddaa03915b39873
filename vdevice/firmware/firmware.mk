# SPDX-License-Identifier: MIT
#
# The firmware: two builds of the ROM (accelerated, software cryptography), the application, the tools
# that make images and devices, the images, and the unit tests of what is portable.
#
# The application's own sources, include paths and third-party library come from app/app.mk.

FIRMWARE      := $(BUILD)/firmware
FIRMWARE_DIR  := vdevice/firmware
FIRMWARE_CC   := arm-none-eabi-gcc
FIRMWARE_COPY := arm-none-eabi-objcopy

# Warnings that every C file of ours is compiled with, wherever it runs.
STRICT := -Wall -Wextra -Werror -Wconversion -Wshadow -Wmissing-prototypes -Wvla -Wswitch-enum

FIRMWARE_ARCH   := -mcpu=cortex-m33 -mthumb -mfloat-abi=soft
FIRMWARE_CFLAGS := -specs=picolibc.specs $(FIRMWARE_ARCH) -std=c11 -Os -g -ffunction-sections \
	-fdata-sections -fno-common -ffile-prefix-map=$(CURDIR)/= $(STRICT) -I.
FIRMWARE_LDFLAGS := -specs=picolibc.specs $(FIRMWARE_ARCH) -nostartfiles -Wl,--gc-sections \
	-Wl,--build-id=none -Wl,--fatal-warnings -Wl,--no-warn-rwx-segments

FIRMWARE_BASE    := $(filter-out %/crypto_accel.c %/crypto_soft.c,$(wildcard $(FIRMWARE_DIR)/base/*.c))
FIRMWARE_DRIVERS := $(filter-out %/startup.c,$(wildcard $(FIRMWARE_DIR)/drivers/*.c))
FIRMWARE_CORE    := $(wildcard $(FIRMWARE_DIR)/core/*.c)
FIRMWARE_ACCEL   := $(FIRMWARE_DIR)/base/crypto_accel.c
FIRMWARE_SOFT    := $(FIRMWARE_DIR)/base/crypto_soft.c

firmware_objects = $(patsubst %.c,$(FIRMWARE)/obj/%.o,$(1))

FIRMWARE_SHARED_OBJECTS := $(call firmware_objects,$(FIRMWARE_BASE) $(FIRMWARE_DRIVERS) \
	$(FIRMWARE_CORE))

$(FIRMWARE)/obj/%.o: %.c
	@mkdir -p $(@D)
	@$(FIRMWARE_CC) $(FIRMWARE_CFLAGS) $(FIRMWARE_EXTRA) -MMD -MP -c $< -o $@

# --- The ROM -----------------------------------------------------------------------------------

ROM_OBJECTS := $(call firmware_objects,$(wildcard $(FIRMWARE_DIR)/rom/*.c) \
	$(FIRMWARE_DIR)/drivers/startup.c) $(FIRMWARE_SHARED_OBJECTS)
ROM_LDSCRIPT := $(FIRMWARE_DIR)/drivers/rom.ld

# What crypto_soft.c needs of mbedTLS, with base/mbedtls_soft_config.h, for the target and the host.
SOFT_MBEDTLS := $(BUILD)/third_party/mbedtls
SOFT_STEMS   := asn1parse asn1write bignum bignum_core bignum_mod bignum_mod_raw constant_time ecdsa \
	ecp ecp_curves hmac_drbg md platform_util sha256
SOFT_CFLAGS  := -isystem $(SOFT_MBEDTLS)/include -isystem $(SOFT_MBEDTLS)/library \
	-DMBEDTLS_CONFIG_FILE='"$(CURDIR)/$(FIRMWARE_DIR)/base/mbedtls_soft_config.h"'
SOFT_TARGET_OBJECTS := $(SOFT_STEMS:%=$(FIRMWARE)/obj/soft/%.o)
SOFT_HOST_OBJECTS   := $(SOFT_STEMS:%=$(BUILD)/host/soft/%.o)

$(FIRMWARE)/obj/soft/%.o: $(FIRMWARE_DIR)/base/mbedtls_soft_config.h
	@mkdir -p $(@D)
	@$(FIRMWARE_CC) -specs=picolibc.specs $(FIRMWARE_ARCH) -std=c11 -Os -g -ffunction-sections \
	    -fdata-sections -ffile-prefix-map=$(abspath $(SOFT_MBEDTLS))/= $(SOFT_CFLAGS) \
	    -c $(SOFT_MBEDTLS)/library/$*.c -o $@

$(BUILD)/host/soft/%.o: $(FIRMWARE_DIR)/base/mbedtls_soft_config.h
	@mkdir -p $(@D)
	@$(CC) -std=gnu11 -O2 -g $(SOFT_CFLAGS) -c $(SOFT_MBEDTLS)/library/$*.c -o $@

$(call firmware_objects,$(FIRMWARE_SOFT)): FIRMWARE_EXTRA := $(SOFT_CFLAGS)

$(FIRMWARE)/rom.elf: $(ROM_OBJECTS) $(call firmware_objects,$(FIRMWARE_ACCEL)) $(ROM_LDSCRIPT)
	@$(FIRMWARE_CC) $(FIRMWARE_LDFLAGS) $(DEFECT_LDFLAGS) -T $(ROM_LDSCRIPT) $(filter %.o,$^) -o $@

$(FIRMWARE)/rom-soft.elf: $(ROM_OBJECTS) $(call firmware_objects,$(FIRMWARE_SOFT)) \
		$(SOFT_TARGET_OBJECTS) $(ROM_LDSCRIPT)
	@$(FIRMWARE_CC) $(FIRMWARE_LDFLAGS) -T $(ROM_LDSCRIPT) $(filter %.o,$^) -o $@

$(FIRMWARE)/%.bin: $(FIRMWARE)/%.elf
	@$(FIRMWARE_COPY) -O binary $< $@

-include $(FIRMWARE_DIR)/app/app.mk
-include $(shell test -d $(FIRMWARE)/obj && find $(FIRMWARE)/obj -name '*.d')

.PHONY: firmware
firmware: $(addprefix $(FIRMWARE)/,rom.bin rom-soft.bin app.bin)

all: firmware

# --- The supplier's tools ----------------------------------------------------------------------

# What a host program that mints devices or signs images is made of (the lab takes it, too).
MINT_SOURCES := tools/keys.c tools/mkdevice.c $(FIRMWARE_DIR)/base/status.c \
	$(FIRMWARE_DIR)/base/bytes.c $(FIRMWARE_DIR)/base/crc32.c $(FIRMWARE_DIR)/base/derive.c \
	$(FIRMWARE_SOFT)
TOOL_PACKAGES := gio-2.0 libfyaml json-glib-1.0
TOOL_CFLAGS = -std=gnu11 -O2 -g $(STRICT) -I. $(HOST_MBEDTLS_CFLAGS) \
	$$(pkg-config --cflags $(TOOL_PACKAGES))
TOOL_LIBS = $(HOST_MBEDTLS_LIBS) $$(pkg-config --libs $(TOOL_PACKAGES))
tool_objects = $(patsubst %.c,$(BUILD)/host/tools/%.o,$(1))

$(BUILD)/host/tools/%.o: %.c
	@mkdir -p $(@D)
	@$(CC) $(TOOL_CFLAGS) -MMD -MP -c $< -o $@

$(BUILD)/mint: $(call tool_objects,tools/mint.c $(MINT_SOURCES)) $(HOST_MBEDTLS_LIBS)
	@$(CC) $(filter %.o,$^) $(TOOL_LIBS) -o $@

$(BUILD)/keys/WORTHLESS.txt: $(BUILD)/mint
	@$(BUILD)/mint keys $(@D)

-include $(shell test -d $(BUILD)/host/tools && find $(BUILD)/host/tools -name '*.d')

# --- The images --------------------------------------------------------------------------------

IMAGE_RECIPES := $(wildcard images/*.yaml)
IMAGES := $(IMAGE_RECIPES:images/%.yaml=$(BUILD)/images/%.img)
TREE_SOURCES := sim/base/tree.c sim/base/vtime.c sim/base/prng.c sim/base/digest.c sim/base/bytes.c

$(BUILD)/mkimage: $(call tool_objects,tools/mkimage.c tools/recipe.c $(MINT_SOURCES) $(TREE_SOURCES)) \
		$(HOST_MBEDTLS_LIBS)
	@$(CC) $(filter %.o,$^) $(TOOL_LIBS) -o $@

$(BUILD)/images/%.img: images/%.yaml $(FIRMWARE)/app.bin $(BUILD)/mkimage
	@mkdir -p $(@D)
	@$(BUILD)/mkimage $< $(FIRMWARE)/app.bin $@

firmware: $(IMAGES) $(BUILD)/keys/WORTHLESS.txt

# --- Unit tests of what is portable --------------------------------------------------------------

# base/ and core/ with software cryptography over the fake flash, under ASan and UBSan.
UNIT_CFLAGS := -std=gnu11 -O2 -g -fsanitize=address,undefined -fno-sanitize-recover=all $(STRICT) -I.
UNIT_DIR    := $(BUILD)/tests/unit/firmware
UNIT_SHARED := $(FIRMWARE_BASE) $(FIRMWARE_CORE) tests/fakes/fake_flash.c tests/fakes/fake_check.c \
	tests/fakes/nor.c tests/fakes/release.c
unit_objects = $(patsubst %.c,$(UNIT_DIR)/obj/%.o,$(1))
UNIT_TESTS  := $(patsubst tests/unit/firmware/%.c,$(UNIT_DIR)/%,$(wildcard tests/unit/firmware/test_*.c))

$(UNIT_DIR)/obj/%.o: %.c
	@mkdir -p $(@D)
	@$(CC) $(UNIT_CFLAGS) $(UNIT_EXTRA) -MMD -MP -c $< -o $@

$(call unit_objects,$(FIRMWARE_SOFT)): UNIT_EXTRA := $(SOFT_CFLAGS)

$(UNIT_DIR)/test_%: $(UNIT_DIR)/obj/tests/unit/firmware/test_%.o \
		$(call unit_objects,$(UNIT_SHARED) $(FIRMWARE_SOFT)) $(SOFT_HOST_OBJECTS)
	@$(CC) -fsanitize=address,undefined $^ -lcmocka -o $@

.SECONDARY: $(SOFT_HOST_OBJECTS) $(call unit_objects,$(UNIT_SHARED) $(FIRMWARE_SOFT))
.PHONY: test-unit-firmware
test-unit-firmware: $(UNIT_TESTS)
	@for test in $^; do $$test || exit 1; done

test-build: $(UNIT_TESTS)
TEST_COMMANDS += $(UNIT_TESTS:%="%")

-include $(shell test -d $(UNIT_DIR)/obj && find $(UNIT_DIR)/obj -name '*.d')

# --- The ROM on the machine ------------------------------------------------------------------------

ROM_TEST := $(BUILD)/tests/system
CRYPTO_ROM_OBJECTS := $(call firmware_objects,tests/system/crypto_rom.c \
	$(FIRMWARE_DIR)/drivers/startup.c) $(FIRMWARE_SHARED_OBJECTS)

$(ROM_TEST)/crypto-accel.elf: $(CRYPTO_ROM_OBJECTS) $(call firmware_objects,$(FIRMWARE_ACCEL)) \
		$(ROM_LDSCRIPT)
	@mkdir -p $(@D)
	@$(FIRMWARE_CC) $(FIRMWARE_LDFLAGS) -T $(ROM_LDSCRIPT) $(filter %.o,$^) -o $@

$(ROM_TEST)/crypto-soft.elf: $(CRYPTO_ROM_OBJECTS) $(call firmware_objects,$(FIRMWARE_SOFT)) \
		$(SOFT_TARGET_OBJECTS) $(ROM_LDSCRIPT)
	@mkdir -p $(@D)
	@$(FIRMWARE_CC) $(FIRMWARE_LDFLAGS) -T $(ROM_LDSCRIPT) $(filter %.o,$^) -o $@

$(ROM_TEST)/crypto-%.bin: $(ROM_TEST)/crypto-%.elf
	@$(FIRMWARE_COPY) -O binary $< $@

$(ROM_TEST)/test_rom: $(BUILD)/sim/obj/tests/system/test_rom.o $(BUILD)/sim/lab.a \
		$(HOST_MBEDTLS_LIBS)
	@mkdir -p $(@D)
	@$(CC) $^ $(SIM_LIBRARIES) -lcmocka -o $@

test-build: $(ROM_TEST)/test_rom $(ROM_TEST)/crypto-accel.bin $(ROM_TEST)/crypto-soft.bin
TEST_COMMANDS += "$(ROM_TEST)/test_rom $(BUILD)"

# --- The supplier's tools, and what they and the lock are fed ----------------------------------------

$(ROM_TEST)/test_supplier: $(call tool_objects,tests/system/test_supplier.c $(MINT_SOURCES)) \
		$(HOST_MBEDTLS_LIBS)
	@mkdir -p $(@D)
	@$(CC) $(filter %.o,$^) $(TOOL_LIBS) -lcmocka -o $@

FIRMWARE_FUZZ := $(BUILD)/fuzz
FIRMWARE_FUZZ_CFLAGS = $(filter-out -Werror,$(STRICT)) -std=gnu11 -O1 -g -I. \
	-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all
firmware_fuzz_objects = $(patsubst %.c,$(FIRMWARE_FUZZ)/firmware/%.o,$(1))

$(FIRMWARE_FUZZ)/firmware/%.o: %.c
	@mkdir -p $(@D)
	@clang $(FIRMWARE_FUZZ_CFLAGS) $(FUZZ_EXTRA) $$(pkg-config --cflags $(TOOL_PACKAGES)) -MMD -MP \
	    -c $< -o $@

$(call firmware_fuzz_objects,$(FIRMWARE_SOFT)): FUZZ_EXTRA := $(SOFT_CFLAGS)

$(FIRMWARE_FUZZ)/fuzz_recipe: $(call firmware_fuzz_objects,tests/fuzz/fuzz_recipe.c tools/recipe.c \
		$(TREE_SOURCES))
	@clang -fsanitize=fuzzer,address,undefined $^ $$(pkg-config --libs $(TOOL_PACKAGES)) -o $@

$(FIRMWARE_FUZZ)/fuzz_image: $(call firmware_fuzz_objects,tests/fuzz/fuzz_image.c $(FIRMWARE_BASE) \
		$(FIRMWARE_CORE) $(FIRMWARE_SOFT) tests/fakes/fake_flash.c tests/fakes/fake_check.c \
		tests/fakes/nor.c) \
		$(SOFT_HOST_OBJECTS)
	@clang -fsanitize=fuzzer,address,undefined -Wl,--wrap=image_rules_signature \
	    -Wl,--wrap=image_rules_key $^ -o $@

test-build: $(ROM_TEST)/test_supplier $(FIRMWARE_FUZZ)/fuzz_recipe $(FIRMWARE_FUZZ)/fuzz_image
TEST_COMMANDS += "$(ROM_TEST)/test_supplier $(BUILD)"
# libFuzzer adds what it finds to the first folder, and only reads the others.
FIRMWARE_CORPUS := $(FIRMWARE_FUZZ)/corpus
$(FIRMWARE_CORPUS)/%:
	@mkdir -p $@

test-build: $(FIRMWARE_CORPUS)/recipe
TEST_COMMANDS += "$(FIRMWARE_FUZZ)/fuzz_recipe -runs=20000 -max_len=2048 -close_fd_mask=2 $(FIRMWARE_CORPUS)/recipe images"
TEST_COMMANDS += "$(FIRMWARE_FUZZ)/fuzz_image -runs=3000 -max_len=4096 -close_fd_mask=2"
