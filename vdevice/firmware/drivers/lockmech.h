/* SPDX-License-Identifier: MIT */
#pragma once

/* Motor, bolt sensor and door sensor. What should move and when is decided in core/lock_policy.h.
 */

#include <stdbool.h>
#include <stdint.h>

/* One reading of all sensors. */
typedef struct LockmechSensors {
    uint32_t position; /* permille: 0 retracted (unlocked), 1000 extended (locked) */
    bool extended;
    bool retracted;
    bool door_closed;
    bool stalled;
} LockmechSensors;

LockmechSensors lockmech_read(void);

/* LOCKMECH_DRIVE_... */
void lockmech_drive(uint32_t drive);

/* The bits of LOCKMECH.EVENTS since the last call. */
uint32_t lockmech_take_events(void);

/* The bits of LOCKMECH.EVENTS that may wake `cpu_sleep` on LOCKMECH_IRQ. */
void lockmech_listen(uint32_t event_bits);
