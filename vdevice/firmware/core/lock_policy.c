/* SPDX-License-Identifier: MIT */
/*
 * L1  The motor runs in LOCKING and UNLOCKING only, and only `lock_policy_command` enters these.
 * L2  A movement ends: at its end, at a stall, or at its deadline.
 * L3  At rest the state is what the sensors say, JAMMED apart, which stays until the bolt has come
 *     to an end from where it was held, or a new command comes.
 */
#include "vdevice/firmware/core/lock_policy.h"

#include "vdevice/contract/regs.h"

/* What the sensors alone say. */
static LockState lock_policy_sense(const LockmechSensors *sensors)
{
    if (sensors->extended) {
        return LOCK_LOCKED;
    }
    return sensors->retracted ? LOCK_UNLOCKED : LOCK_BETWEEN;
}

void lock_policy_init(LockPolicy *lock, const LockmechSensors *sensors)
{
    *lock = (LockPolicy){
        .state = lock_policy_sense(sensors),
        .deadline_us = UINT64_MAX,
        .last = status_ok(),
    };
}

Status lock_policy_command(LockPolicy *lock, LockCommand command, const LockmechSensors *sensors,
                           uint64_t now_us)
{
    bool locks = command == LOCK_COMMAND_LOCK;
    if (locks && !sensors->door_closed) {
        return status_error(STATUS_LM_DOOR_OPEN);
    }
    lock->last = status_ok();
    if (locks ? sensors->extended : sensors->retracted) {
        lock->state = lock_policy_sense(sensors);
        lock->deadline_us = UINT64_MAX;
        return status_ok();
    }
    lock->state = locks ? LOCK_LOCKING : LOCK_UNLOCKING;
    lock->deadline_us = now_us + LOCK_POLICY_MOVE_US_MAX;
    return status_ok();
}

/* Ends a movement (L2). */
static void lock_policy_stop(LockPolicy *lock, LockState state, Status result)
{
    lock->state = state;
    lock->last = result;
    lock->deadline_us = UINT64_MAX;
}

static void lock_policy_step_moving(LockPolicy *lock, const LockmechSensors *sensors,
                                    uint64_t now_us)
{
    LockState goal = lock->state == LOCK_LOCKING ? LOCK_LOCKED : LOCK_UNLOCKED;
    if (lock_policy_sense(sensors) == goal) {
        lock_policy_stop(lock, goal, status_ok());
    } else if (sensors->stalled) {
        lock_policy_stop(lock, LOCK_JAMMED, status_error(STATUS_LM_STALLED));
        lock->jam_position = sensors->position;
    } else if (now_us >= lock->deadline_us) {
        lock_policy_stop(lock, LOCK_JAMMED, status_error(STATUS_LM_TIMEOUT));
        lock->jam_position = sensors->position;
    }
}

void lock_policy_step(LockPolicy *lock, const LockmechSensors *sensors, uint64_t now_us)
{
    LockState sensed = lock_policy_sense(sensors);
    if (lock->state == LOCK_LOCKING || lock->state == LOCK_UNLOCKING) {
        lock_policy_step_moving(lock, sensors, now_us);
    } else if (lock->state != LOCK_JAMMED ||
               (sensed != LOCK_BETWEEN && sensors->position != lock->jam_position)) {
        lock->state = sensed; /* L3 */
    }
}

uint32_t lock_policy_drive(const LockPolicy *lock)
{
    if (lock->state == LOCK_LOCKING) {
        return LOCKMECH_DRIVE_EXTEND;
    }
    return lock->state == LOCK_UNLOCKING ? LOCKMECH_DRIVE_RETRACT : LOCKMECH_DRIVE_OFF;
}

uint64_t lock_policy_deadline_us(const LockPolicy *lock)
{
    return lock->deadline_us;
}

const char *lock_policy_text(const LockPolicy *lock)
{
    switch (lock->state) {
    case LOCK_LOCKED:
        return "locked";
    case LOCK_UNLOCKED:
        return "unlocked";
    case LOCK_LOCKING:
    case LOCK_UNLOCKING:
        return "moving";
    case LOCK_BETWEEN:
    case LOCK_JAMMED:
        break;
    }
    return "jammed";
}
