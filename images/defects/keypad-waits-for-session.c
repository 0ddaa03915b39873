/* SPDX-License-Identifier: MIT */
/* One thing at a time: while the service is connected, nobody looks at the keypad. */
#include "vdevice/firmware/app/device.h"
#include "vdevice/firmware/app/lock.h"

void __real_device_set_connected(bool connected);
void __wrap_device_set_connected(bool connected);
void __real_lock_poll(Lock *lock, uint64_t now_us);
void __wrap_lock_poll(Lock *lock, uint64_t now_us);

static bool busy;

void __wrap_device_set_connected(bool connected)
{
    busy = connected;
    __real_device_set_connected(connected);
}

void __wrap_lock_poll(Lock *lock, uint64_t now_us)
{
    if (!busy) {
        __real_lock_poll(lock, now_us);
    }
}
