/* SPDX-License-Identifier: MIT */
#pragma once

/* The calendar clock, seconds since 1970 in UTC. It runs on its own cell while the power is off. */

#include <stdbool.h>
#include <stdint.h>

/* False, and nothing returned, when the time was never set since the cell was empty. */
bool rtc_get(uint64_t *ret_seconds);

void rtc_set(uint64_t seconds);
