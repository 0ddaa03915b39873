# SPDX-License-Identifier: MIT
#
# Tests that start the lab as a user does, and let other tools look at what it leaves.

SYSTEM_DIR   := $(BUILD)/tests/system
SYSTEM_TESTS := test_command_line test_real_tools test_crash_states test_search test_resume test_axes
SYSTEM_CFLAGS = -std=gnu11 -D_GNU_SOURCE -O1 -g -Wall -Wextra -Werror -Wconversion -Wshadow \
	-Wmissing-prototypes -Wvla -I. $$(pkg-config --cflags gio-2.0 json-glib-1.0)

$(SYSTEM_TESTS:%=$(SYSTEM_DIR)/%): $(SYSTEM_DIR)/%: tests/system/%.c tests/system/shell.c \
		tests/system/shell.h
	@mkdir -p $(@D)
	@$(CC) $(SYSTEM_CFLAGS) $(filter %.c,$^) $$(pkg-config --libs gio-2.0 json-glib-1.0) -lcmocka -o $@

test-build: $(SYSTEM_TESTS:%=$(SYSTEM_DIR)/%) defect-firmware
TEST_COMMANDS += $(SYSTEM_TESTS:%="$(SYSTEM_DIR)/%")

# The whole assessment: every scenario on the compliant lock, every seeded defect against its scenario.
# Each prints a line per scenario or defect; the exit code is the verdict.
TEST_COMMANDS += "alone: $(BUILD)/lockstep check --jobs $(JOBS) --progress plain --out $(BUILD)/test-out/check"
TEST_COMMANDS += "alone: $(BUILD)/lockstep defects --jobs $(JOBS) --progress plain --out $(BUILD)/test-out/defects"

# Power lost over the ROM whose cryptography is software: one crash state in 120 of the update's.
TEST_COMMANDS += "alone: $(BUILD)/lockstep sweep 5.9-resilience/power-cut-during-update --shard 1/120 \
	--rom $(BUILD)/firmware/rom-soft.bin --jobs $(JOBS) --progress plain --out $(BUILD)/test-out/soft"

# The lab under the sanitizers, with the real machine, over one scenario of each kind of fault.
TEST_COMMANDS += "alone: $(BUILD)/san/lockstep check --jobs $(JOBS) --progress plain --out $(BUILD)/test-out/san \
	5.3-updates/update-happy-path 5.3-updates/flash-restored 5.3-updates/dns-spoof \
	5.5-communication/server-certificate-expired 5.7-integrity/journal-damaged 5.9-resilience/lossy-link \
	5.9-resilience/outage-of-hours 5.9-resilience/power-cut-at-the-switch 5.13-input/malformed-frames \
	5.13-input/mutated-reply-heads"
