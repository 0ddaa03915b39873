# SPDX-License-Identifier: MIT
# The project's own checker. The other tools are built where they are used.

$(BUILD)/tidy: tools/tidy.c
	@mkdir -p $(@D)
	$(CC) -std=gnu11 -O1 -g -Wall -Wextra -Werror -Wconversion -Wshadow -Wmissing-prototypes -Wvla \
	    $$(pkg-config --cflags glib-2.0) $< -o $@ $$(pkg-config --libs glib-2.0)

# Pages of docs/manual made from the lists the programs are made from.
MANUAL_PAGES := verbs events invariants registers statuses
$(BUILD)/manual: tools/manual.c $(wildcard sim/*/*.def vdevice/contract/*.def vdevice/contract/regs/*.def)
	@mkdir -p $(@D)
	@$(CC) -std=gnu11 -O1 -g -Wall -Wextra -Werror -Wconversion -Wshadow -I. $< -o $@

## Write the pages of docs/manual that are made from lists
.PHONY: manual
manual: $(BUILD)/manual
	@for page in $(MANUAL_PAGES); do $(BUILD)/manual $$page > docs/manual/$$page.md; done

test-build: $(BUILD)/manual
TEST_COMMANDS += $(foreach page,$(MANUAL_PAGES),"$(BUILD)/manual $(page) | diff - docs/manual/$(page).md")
