/* SPDX-License-Identifier: MIT */
/* Locked is safe, so the lock locks when it starts, whoever stands in the open door. */
#include "vdevice/firmware/core/lock_policy.h"
#include "vdevice/firmware/drivers/timer.h"

void __real_lock_policy_init(LockPolicy *lock, const LockmechSensors *sensors);
void __wrap_lock_policy_init(LockPolicy *lock, const LockmechSensors *sensors);

void __wrap_lock_policy_init(LockPolicy *lock, const LockmechSensors *sensors)
{
    __real_lock_policy_init(lock, sensors);
    if (lock->state != LOCK_LOCKED) {
        lock->state = LOCK_LOCKING;
        lock->deadline_us = timer_now_us() + LOCK_POLICY_MOVE_US_MAX;
    }
}
