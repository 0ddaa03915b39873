/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What commands say on standard error, in the few ways they have: a complaint, an end, a bar.
 *
 * A complaint starts where the author can act and needs no name before it; what ends a command for
 * another reason says who speaks. Those that end a command return its exit code, to be returned.
 */

#include <glib.h>

#include "sim/commands/command.h"

/* Something given was wrong: EXIT_USAGE. */
int terminal_complain(const GError *error);

/* The command cannot be used so: "lockstep VERB: ...", EXIT_USAGE. */
int terminal_misuse(const char *format, ...) G_GNUC_PRINTF(1, 2);

/* "lockstep: ..."; returns `code`. */
int terminal_end(int code, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* Draws a bar in place of the last one, and takes it away, if there are to be bars. */
void terminal_bar(const Options *options, const char *format, ...) G_GNUC_PRINTF(2, 3);
void terminal_clear_bar(const Options *options);

/* How to debug `device`, which has a machine of its own. `defect` is NULL for none. */
void terminal_debugger(const Options *options, const char *defect, unsigned device);
