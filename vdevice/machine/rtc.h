/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lockstep real-time clock.
 *
 * Registers: vdevice/contract/regs/rtc.def. Calendar seconds on a backup cell: the count is virtual
 * time since the clock was set, plus the time that the lab says the power was off, plus what it was
 * set to. Setting it starts a new second. All sums wrap as a 64-bit counter would.
 *
 * QEMU interface:
 *  + sysbus MMIO region 0: the registers, one page
 *  + sysbus IRQ 0: the line of the block; nothing in this version raises it
 *  + hostlink: HOSTLINK_BEGIN sets the clock or empties its cell; the time without power is added
 *    when the power is back
 *
 * Time and VALID survive every reset and power loss; the latch and the held high word are zeroed.
 */
#ifndef LOCKSTEP_RTC_H
#define LOCKSTEP_RTC_H

#include "hw/sysbus.h"
#include "qom/object.h"

#define TYPE_LOCKSTEP_RTC "lockstep-rtc"
OBJECT_DECLARE_SIMPLE_TYPE(RtcState, LOCKSTEP_RTC)

struct RtcState {
    SysBusDevice parent_obj;

    MemoryRegion mmio;
    qemu_irq irq;

    uint64_t set_seconds; /* what the clock was set to ... */
    int64_t set_ns;       /* ... and the virtual time of that */
    uint64_t off_ns;      /* time without power since it was set, below one second ... */
    uint64_t off_seconds; /* ... and the whole seconds */
    bool valid;
    uint32_t latched_high;
    uint32_t held_high;
};

#endif
