# SPDX-License-Identifier: MIT
# The project's own checker. The other tools are built where they are used.

$(BUILD)/tidy: tools/tidy.c
	@mkdir -p $(@D)
	$(CC) -std=gnu11 -O1 -g -Wall -Wextra -Werror -Wconversion -Wshadow -Wmissing-prototypes -Wvla \
	    $$(pkg-config --cflags glib-2.0) $< -o $@ $$(pkg-config --libs glib-2.0)
