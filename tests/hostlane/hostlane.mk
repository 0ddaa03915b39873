# SPDX-License-Identifier: MIT
#
# The host lane: ROM and core/ on the host over flash in memory, cut at every operation. And the same
# with a seeded defect each, which it must find.

LANE         := $(BUILD)/host/lane
LANE_CFLAGS  := -std=gnu11 -O2 -g $(STRICT) -I.
LANE_WRAPS   := crypto_p256_verify crypto_sha256 store_open store_put store_put_u32 store_put_u64 \
	store_remove
LANE_LDFLAGS := $(LANE_WRAPS:%=-Wl,--wrap=%)
lane_objects = $(patsubst %.c,$(LANE)/%.o,$(1))
LANE_OBJECTS := $(call lane_objects,$(wildcard tests/hostlane/*.c) $(FIRMWARE_BASE) $(FIRMWARE_CORE) \
	$(FIRMWARE_SOFT))
LANE_OBJECTS := $(filter-out %/test_hostlane.o,$(LANE_OBJECTS))

# Seeded defects that power cuts bring to light, and the function each replaces.
LANE_CANARIES := trusts-torn-journal burns-counter-on-trial
LANE_WRAPPED_trusts-torn-journal    := journal_record_is_valid
LANE_WRAPPED_burns-counter-on-trial := boot_policy_burns_counter

$(LANE)/%.o: %.c
	@mkdir -p $(@D)
	@$(CC) $(LANE_CFLAGS) $(LANE_EXTRA) -MMD -MP -c $< -o $@

$(call lane_objects,$(FIRMWARE_SOFT)): LANE_EXTRA := $(SOFT_CFLAGS)

$(BUILD)/hostlane: $(LANE_OBJECTS) $(SOFT_HOST_OBJECTS)
	@$(CC) $(LANE_LDFLAGS) $^ -o $@

$(BUILD)/hostlane+%: $(LANE)/images/defects/%.o $(LANE_OBJECTS) $(SOFT_HOST_OBJECTS)
	@$(CC) $(LANE_LDFLAGS) -Wl,--wrap=$(LANE_WRAPPED_$*) $^ -o $@

-include $(shell test -d $(LANE) && find $(LANE) -name '*.d')
