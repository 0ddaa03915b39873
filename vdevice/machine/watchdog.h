/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lockstep watchdog.
 *
 * Registers: vdevice/contract/regs/watchdog.def. A count-down that resets the system with cause
 * WATCHDOG when it runs out. START and each good FEED take PERIOD_MS as it stands at that moment. A
 * wrong FEED resets at once, running or not; a good FEED of a watchdog at rest does nothing. It
 * counts while the processor sleeps.
 *
 * QEMU interface:
 *  + sysbus MMIO region 0: the registers, one page
 *  + hostlink: asks for the reset
 *
 * Every reset stops it and zeroes PERIOD_MS.
 */
#ifndef LOCKSTEP_WATCHDOG_H
#define LOCKSTEP_WATCHDOG_H

#include "hw/sysbus.h"
#include "qemu/timer.h"
#include "qom/object.h"

#define TYPE_LOCKSTEP_WATCHDOG "lockstep-watchdog"
OBJECT_DECLARE_SIMPLE_TYPE(WatchdogState, LOCKSTEP_WATCHDOG)

#define WATCHDOG_PERIOD_MS_MAX 600000

struct WatchdogState {
    SysBusDevice parent_obj;

    MemoryRegion mmio;
    QEMUTimer timer;

    uint32_t period_ms;
    bool running;
    int64_t deadline_ns; /* while running */
};

#endif
