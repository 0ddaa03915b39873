/* SPDX-License-Identifier: MIT */
#pragma once

/* The watchdog resets the chip unless it is fed. Nothing stops it once it runs. */

#include <stdint.h>

/* Starts it, or, when it already runs, gives it a new period and feeds it. */
void watchdog_start(uint32_t period_ms);

void watchdog_feed(void);
