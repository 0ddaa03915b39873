# SPDX-License-Identifier: MIT
#
# The host lane: ROM and core/ on the host over flash in memory, cut at every operation. And the same
# with a seeded defect each, which it must find.

LANE         := $(BUILD)/host/lane
LANE_CFLAGS  := -std=gnu11 -O3 -g $(STRICT) -I.
LANE_WRAPS   := crypto_p256_verify crypto_sha256 store_open store_put store_put_u32 store_put_u64 \
	store_remove
LANE_LDFLAGS := $(LANE_WRAPS:%=-Wl,--wrap=%)
lane_objects = $(patsubst %.c,$(LANE)/%.o,$(1))
LANE_OBJECTS := $(call lane_objects,$(wildcard tests/hostlane/*.c) tests/fakes/nor.c tests/fakes/release.c \
	$(FIRMWARE_BASE) $(FIRMWARE_CORE) $(FIRMWARE_SOFT))
LANE_OBJECTS := $(filter-out %/test_hostlane.o %/base/bytes.o %/core/store.o,$(LANE_OBJECTS))

# Seeded defects that power cuts bring to light, and the function each replaces.
LANE_CANARIES := trusts-torn-journal stores-without-checksum
LANE_WRAPPED_trusts-torn-journal     := journal_record_is_valid
LANE_WRAPPED_stores-without-checksum := crc32_add

$(LANE)/%.o: %.c
	@mkdir -p $(@D)
	@$(CC) $(LANE_CFLAGS) $(LANE_EXTRA) -MMD -MP -c $< -o $@

$(call lane_objects,$(FIRMWARE_SOFT)): LANE_EXTRA := $(SOFT_CFLAGS)

$(BUILD)/hostlane: $(LANE_OBJECTS) $(SOFT_HOST_OBJECTS)
	@$(CC) $(LANE_LDFLAGS) $^ -o $@

$(BUILD)/hostlane+trusts-torn-journal: $(LANE)/images/defects/trusts-torn-journal.o
$(BUILD)/hostlane+stores-without-checksum: $(LANE)/tests/hostlane/canaries/stores-without-checksum.o
$(LANE_CANARIES:%=$(BUILD)/hostlane+%): $(BUILD)/hostlane+%: $(LANE_OBJECTS) $(SOFT_HOST_OBJECTS)
	@$(CC) $(LANE_LDFLAGS) -Wl,--wrap=$(LANE_WRAPPED_$*) $^ -o $@

LANE_PROGRAMS := $(BUILD)/hostlane $(LANE_CANARIES:%=$(BUILD)/hostlane+%)

$(BUILD)/tests/hostlane/test_hostlane: $(BUILD)/sim/obj/tests/hostlane/test_hostlane.o \
		$(BUILD)/sim/lab.a $(HOST_MBEDTLS_LIBS)
	@mkdir -p $(@D)
	@$(CC) $^ $(SIM_LIBRARIES) -lcmocka -o $@

## Cut an update twice at every operation on the host (minutes); depth 1 is in `make test`
.PHONY: hostlane
hostlane: $(LANE_PROGRAMS)
	@$(BUILD)/hostlane --depth 2 --check-every 1000 $(LANE_CANARIES:%=--canary $(BUILD)/hostlane+%)

test-build: $(LANE_PROGRAMS) $(BUILD)/tests/hostlane/test_hostlane
TEST_COMMANDS += "$(BUILD)/hostlane --depth 1 --check-every 100 $(LANE_CANARIES:%=--canary $(BUILD)/hostlane+%)"
TEST_COMMANDS += "$(BUILD)/tests/hostlane/test_hostlane $(BUILD)"

-include $(shell test -d $(LANE) && find $(LANE) -name '*.d')
