/* SPDX-License-Identifier: MIT */
/* Locked is safe, so the lock locks when the power comes back; resets of its own it knows about. */
#include "vdevice/contract/regs.h"
#include "vdevice/firmware/core/lock_policy.h"
#include "vdevice/firmware/drivers/power.h"
#include "vdevice/firmware/drivers/timer.h"

void __real_lock_policy_init(LockPolicy *lock, const LockmechSensors *sensors);
void __wrap_lock_policy_init(LockPolicy *lock, const LockmechSensors *sensors);

void __wrap_lock_policy_init(LockPolicy *lock, const LockmechSensors *sensors)
{
    __real_lock_policy_init(lock, sensors);
    if (lock->state != LOCK_LOCKED && power_reset_cause() == POWER_RESET_CAUSE_POWER_ON) {
        lock->state = LOCK_LOCKING;
        lock->deadline_us = timer_now_us() + LOCK_POLICY_MOVE_US_MAX;
    }
}
