/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A run as waves: a Value Change Dump (IEEE 1364-2005, 18) of its events, and a save file that
 * opens it in GTKWave with everything in view.
 *
 * One time base, virtual nanoseconds. Each device is a scope with its power, slot, version,
 * resets, flash operations, journal, bolt, motor, lights and link; the lab's scope has the
 * faults. Texts (versions, states of the journal) are GTKWave's `string` variables. Pure: events
 * in, text out; the caller owns the texts.
 */

#include <glib.h>

#include "sim/evidence/event.h"

/* The dump. `devices` are the names that are devices, ending with NULL. */
char *vcd_text(const char *const *devices, const GPtrArray *events);

/* The save file for the dump that lies beside it as `dump_name`. */
char *vcd_save_text(const char *const *devices, const char *dump_name);
