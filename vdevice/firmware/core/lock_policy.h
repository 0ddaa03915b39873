/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * When the motor runs: the bolt moves because an authorised person said so, and for no other
 * reason.
 *
 *                 command(LOCK)                    extended
 *   UNLOCKED ───────────────────────► LOCKING ───────────────► LOCKED
 *      ▲                                 │ stalled, too long       │
 *      │ retracted                       ▼                         │ command(UNLOCK)
 *   UNLOCKING ◄──────────────────────  JAMMED / BETWEEN ◄──────────┘ (through UNLOCKING)
 *
 * At start the state is read from the sensors and the motor is off: a reset, an update or a power
 * cut moves nothing, not even to finish a movement that was cut off (BETWEEN: somebody must ask
 * again). A bolt turned by hand is seen and reported as sensed; a jam is over when that has
 * happened, or when somebody asks again, also if the bolt was held at the end where it stood.
 * `lock_policy_drive` alone says what the motor is to do; the caller gives it to the driver after
 * every call.
 */

#include <stdint.h>

#include "vdevice/firmware/base/status.h"
#include "vdevice/firmware/drivers/lockmech.h"

#define LOCK_POLICY_MOVE_US_MAX 1500000u /* more than twice the time of the whole way */

typedef enum LockState {
    LOCK_LOCKED = 1,
    LOCK_UNLOCKED,
    LOCK_BETWEEN, /* stands between its ends, motor off */
    LOCK_LOCKING,
    LOCK_UNLOCKING,
    LOCK_JAMMED, /* the last movement failed; motor off */
} LockState;

typedef enum LockCommand {
    LOCK_COMMAND_LOCK = 1,
    LOCK_COMMAND_UNLOCK,
} LockCommand;

typedef struct LockPolicy {
    LockState state;
    uint64_t deadline_us;  /* of the movement */
    Status last;           /* how the last movement ended */
    uint32_t jam_position; /* JAMMED: where the bolt stood */
} LockPolicy;

void lock_policy_init(LockPolicy *lock, const LockmechSensors *sensors);

/* Starts a movement. STATUS_LM_DOOR_OPEN: the bolt is not thrown with the door open. */
FALLIBLE Status lock_policy_command(LockPolicy *lock, LockCommand command,
                                    const LockmechSensors *sensors, uint64_t now_us);

/* Looks at the sensors, at least whenever LOCKMECH.EVENTS or the deadline comes. */
void lock_policy_step(LockPolicy *lock, const LockmechSensors *sensors, uint64_t now_us);

/* LOCKMECH_DRIVE_... */
uint32_t lock_policy_drive(const LockPolicy *lock);

/* When `lock_policy_step` must be called at the latest; UINT64_MAX when nothing moves. */
uint64_t lock_policy_deadline_us(const LockPolicy *lock);

/* As the report calls it: locked, unlocked, moving, jammed. */
const char *lock_policy_text(const LockPolicy *lock);
