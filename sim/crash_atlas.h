/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The crash-point atlas: every operation, every tear of it, and what the lock made of the state.
 *
 * A cell is a point; it names the run that shows it, which is another point's when both leave the
 * same state. The page draws operations from left to right and tears from top to bottom, equal
 * neighbours as one.
 */

#include <glib.h>

#include "sim/crash_worker.h"

typedef struct CrashCell {
    CrashPlace place;
    uint32_t offset;
    const char *region; /* static */
    uint32_t changed_bits;
    CrashPlace shown_by;
    const uint8_t *verdict; /* of its state; UINT8_MAX: not booted */
    const uint8_t *outcome;
} CrashCell;

/* One JSON line per operation. `cells` are in the order of the log. */
char *crash_atlas_lines(const CrashSource *source, const GArray *cells);

/* A page that stands alone. */
char *crash_atlas_page(const CrashSource *source, const GArray *cells, const char *summary);
