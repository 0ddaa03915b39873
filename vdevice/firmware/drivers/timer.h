/* SPDX-License-Identifier: MIT */
#pragma once

/* Microseconds since reset, and one alarm that wakes `cpu_sleep` on TIMER_IRQ. */

#include <stdint.h>

uint64_t timer_now_us(void);

/* Replaces the alarm. A time not in the future comes at once. */
void timer_set_alarm(uint64_t at_us);

/* Forgets the alarm, and that it came. */
void timer_clear_alarm(void);
