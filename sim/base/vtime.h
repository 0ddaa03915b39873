/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Virtual time: nanoseconds since the world began, as a signed 64-bit number.
 *
 * One type for instants and for durations. A world starts at 0 and runs on while a device is off.
 * People write times with a unit, always ("200ms", "1.5s", "2h"); a bare number is refused, so that
 * nobody ever has to wonder. 292 years fit; sums saturate at `VTIME_NEVER`.
 *
 * Everything here is a plain value; nothing is owned. Parsing refuses, printing cannot fail.
 */

#include <stdbool.h>
#include <stdint.h>

typedef int64_t VTime;

#define VTIME_US    INT64_C(1000)
#define VTIME_MS    INT64_C(1000000)
#define VTIME_S     INT64_C(1000000000)
#define VTIME_NEVER INT64_MAX

/* Bytes enough for the text of any time. */
#define VTIME_TEXT_BYTES 32

/* Adds two times, stopping at `VTIME_NEVER`. Both must be zero or more. */
VTime vtime_add(VTime a, VTime b);

/*
 * Reads "200ms", "-5s" or "1.5h"; units are ns, us, ms, s, min, h, d.
 *
 * Returns false, leaving `ret_time` alone, on anything else: no unit, a space, more than nine
 * decimals, something finer than a nanosecond, or out of range.
 */
bool vtime_parse(const char *text, VTime *ret_time);

/* Writes the shortest exact text in the largest unit that gives at least one, and returns `text`.
 */
const char *vtime_print(VTime time, char text[VTIME_TEXT_BYTES]);
