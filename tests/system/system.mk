# SPDX-License-Identifier: MIT
#
# Tests that start the lab as a user does, and let other tools look at what it leaves.

SYSTEM_DIR   := $(BUILD)/tests/system
SYSTEM_TESTS := test_command_line test_real_tools test_crash_states test_search
SYSTEM_CFLAGS = -std=gnu11 -D_GNU_SOURCE -O1 -g -Wall -Wextra -Werror -Wconversion -Wshadow \
	-Wmissing-prototypes -Wvla -I. $$(pkg-config --cflags gio-2.0 json-glib-1.0)

$(SYSTEM_TESTS:%=$(SYSTEM_DIR)/%): $(SYSTEM_DIR)/%: tests/system/%.c tests/system/shell.c \
		tests/system/shell.h
	@mkdir -p $(@D)
	@$(CC) $(SYSTEM_CFLAGS) $(filter %.c,$^) $$(pkg-config --libs gio-2.0 json-glib-1.0) -lcmocka -o $@

test-build: $(SYSTEM_TESTS:%=$(SYSTEM_DIR)/%) defect-firmware
TEST_COMMANDS += $(SYSTEM_TESTS:%="$(SYSTEM_DIR)/%")
