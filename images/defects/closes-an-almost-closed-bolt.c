/* SPDX-License-Identifier: MIT */
/* A bolt that is found almost home at the start is helped the rest of the way. */
#include "vdevice/firmware/core/lock_policy.h"
#include "vdevice/firmware/drivers/timer.h"

#define ALMOST 990u /* permille */

void __real_lock_policy_init(LockPolicy *lock, const LockmechSensors *sensors);
void __wrap_lock_policy_init(LockPolicy *lock, const LockmechSensors *sensors);

void __wrap_lock_policy_init(LockPolicy *lock, const LockmechSensors *sensors)
{
    __real_lock_policy_init(lock, sensors);
    if (lock->state == LOCK_BETWEEN && sensors->position >= ALMOST) {
        lock->state = LOCK_LOCKING;
        lock->deadline_us = timer_now_us() + LOCK_POLICY_MOVE_US_MAX;
    }
}
