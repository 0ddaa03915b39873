# SPDX-License-Identifier: MIT
#
# Seeded defects: the firmware linked once more, with one function of a C file here in the place of the
# real one (`-Wl,--wrap`). A recipe (NAME.yaml) says which program, which function and which scenario
# must then FAIL. Makes build/firmware/rom+NAME.bin and build/images/app-VERSION+NAME.img.

DEFECT_RECIPES := $(wildcard images/defects/*.yaml)
DEFECT_FILES   :=

$(BUILD)/defects.mk: $(DEFECT_RECIPES) images/defects/rules.awk
	@mkdir -p $(@D)
	@awk -f images/defects/rules.awk $(DEFECT_RECIPES) > $@

-include $(BUILD)/defects.mk

$(call firmware_objects,images/defects/accepts-any-certificate.c images/defects/accepts-any-name.c \
	images/defects/ignores-dates.c): FIRMWARE_EXTRA := $(APP_MBEDTLS_CFLAGS)
$(call firmware_objects,images/defects/leaves-checksums-to-nic.c): FIRMWARE_EXTRA := $(APP_LWIP_CFLAGS)

# Kept for gdb.
.PRECIOUS: $(FIRMWARE)/rom+%.elf $(FIRMWARE)/rom-soft+%.elf $(FIRMWARE)/app+%.elf $(FIRMWARE)/app+%.bin

$(FIRMWARE)/rom+%.elf: $(ROM_OBJECTS) $(call firmware_objects,$(FIRMWARE_ACCEL)) $(ROM_LDSCRIPT)
	@$(FIRMWARE_CC) $(FIRMWARE_LDFLAGS) $(DEFECT_FLAGS) -T $(ROM_LDSCRIPT) $(filter %.o,$^) -o $@

# The ROM with software cryptography and a defect: for the canary of a sweep of that ROM.
$(FIRMWARE)/rom-soft+%.elf: $(ROM_OBJECTS) $(call firmware_objects,$(FIRMWARE_SOFT)) \
		$(SOFT_TARGET_OBJECTS) $(ROM_LDSCRIPT)
	@$(FIRMWARE_CC) $(FIRMWARE_LDFLAGS) $(DEFECT_FLAGS) -T $(ROM_LDSCRIPT) $(filter %.o,$^) -o $@

$(FIRMWARE)/app+%.elf: $(APP_OBJECTS) $(APP_LIBRARIES) $(APP_LDSCRIPT)
	@$(FIRMWARE_CC) $(FIRMWARE_LDFLAGS) $(DEFECT_FLAGS) -T $(APP_LDSCRIPT) $(filter %.o,$^) \
	    $(APP_LIBRARIES) -o $@

.PHONY: defect-firmware
defect-firmware: $(DEFECT_FILES)

# What explore and a scenario need, defect or no defect: a release that fails its trial, and the
# defects that sweeps and explore must find before anybody believes that there is no other.
CANARY_FILES := $(BUILD)/images/app-1.1.0+fails-self-test.img \
	$(FIRMWARE)/rom+trusts-torn-journal.bin $(FIRMWARE)/rom+never-reads-back.bin \
	$(FIRMWARE)/rom-soft+trusts-torn-journal.bin \
	$(foreach name,trusts-torn-journal locks-itself-at-start locks-itself-after-power-loss \
	takes-damaged-segments never-reads-back fetches-record-length-twice,\
	$(foreach version,1.0.0 1.1.0 1.2.0,$(BUILD)/images/app-$(version)+$(name).img))

.PHONY: canary-firmware
canary-firmware: $(CANARY_FILES)

all: $(CANARY_FILES)
