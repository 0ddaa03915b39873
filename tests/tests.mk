# SPDX-License-Identifier: MIT
# The list of test commands that tools/run-tests runs: every part adds to TEST_COMMANDS.

TEST_COMMANDS += "$(BUILD)/tidy"

-include tests/unit/network/network.mk
-include tests/system/system.mk
-include tests/hostlane/hostlane.mk
-include tests/bench/bench.mk

test-build: $(BUILD)/tests.list $(BUILD)/tidy
.PHONY: $(BUILD)/tests.list
$(BUILD)/tests.list:
	@mkdir -p $(@D)
	@printf '%s\n' $(TEST_COMMANDS) > $@

# Two of the planted mistakes, those that a swept fault finds at once; all of them: `make hunt`.
TEST_COMMANDS += "alone: tools/hunt $(BUILD) --for 120 --jobs $(JOBS) --only '^(2a|4c)'"
