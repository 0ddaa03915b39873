/* SPDX-License-Identifier: MIT */
#pragma once

/* Supply and reset, and the progress-code port that shows outside how far the program has come. */

#include <stdbool.h>
#include <stdint.h>

#include "vdevice/firmware/base/progress.h"
#include "vdevice/firmware/base/status.h"

/* POWER_RESET_CAUSE_... */
uint32_t power_reset_cause(void);

_Noreturn void power_reset(void);

uint32_t power_battery_mv(void);

/* True once after each brown-out warning: finish nothing new, a cut may follow. */
bool power_take_brownout(void);

/* Lets the brown-out warning wake `cpu_sleep` on POWER_IRQ. */
void power_listen(bool on);

void power_show_progress(Progress progress);
void power_show_status(Status status);
