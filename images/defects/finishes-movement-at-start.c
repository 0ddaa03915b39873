/* SPDX-License-Identifier: MIT */
/* A bolt found between its ends must have been on its way somewhere. */
#include "vdevice/firmware/core/lock_policy.h"
#include "vdevice/firmware/drivers/timer.h"

void __real_lock_policy_init(LockPolicy *lock, const LockmechSensors *sensors);
void __wrap_lock_policy_init(LockPolicy *lock, const LockmechSensors *sensors);

void __wrap_lock_policy_init(LockPolicy *lock, const LockmechSensors *sensors)
{
    __real_lock_policy_init(lock, sensors);
    if (lock->state == LOCK_BETWEEN) {
        lock->state = LOCK_UNLOCKING;
        lock->deadline_us = timer_now_us() + LOCK_POLICY_MOVE_US_MAX;
    }
}
