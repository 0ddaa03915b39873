/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lockstep lock mechanism: motor, bolt, door sensor.
 *
 * Registers: vdevice/contract/regs/lockmech.def. Hold in your head a bolt that is at `travel_ns` of
 * LOCKMECH_TRAVEL_NS (0 retracted, all of it extended) at the time `since_ns`, and moves one
 * nanosecond of travel a nanosecond, or not at all: its position at any time follows from these
 * and is never stepped. POSITION is 0 or 1000 only at the very ends.
 *
 * The bolt moves while the motor drives it, no jam holds it and it is not at that end. A motor that
 * has driven for LOCKMECH_STALL_NS against a jam is STALLED until the jam or the drive ends. Any
 * change of DRIVE starts the wait anew. Values of DRIVE that are not listed are ignored. A hand
 * turns the bolt to a place at once, and not at all while it is jammed.
 *
 * QEMU interface:
 *  + sysbus MMIO region 0: the registers, one page
 *  + sysbus IRQ 0: high while any bit of EVENTS is set that is set in IRQ_ENABLE too
 *  + hostlink: calls HOSTLINK_MOTOR when DRIVE changes, HOSTLINK_BOLT when the bolt starts, stops,
 *    turns round, is turned by hand or stalls; orders HOSTLINK_DOOR, _JAM, _BOLT_SET;
 *    HOSTLINK_BEGIN gives bolt and door, free of jams
 *
 * Bolt, jam and door are the world's: they survive every reset and power loss. A reset or a loss of
 * power stops the bolt where it is and returns all registers to zero. After a reset with the power
 * on, a motor that was driving and a bolt that was moving are called out as stopped; a loss of
 * power is not, since HOSTLINK_POWER_LOST tells.
 */
#ifndef LOCKSTEP_LOCKMECH_H
#define LOCKSTEP_LOCKMECH_H

#include "hw/sysbus.h"
#include "qemu/timer.h"
#include "qom/object.h"

#define TYPE_LOCKSTEP_LOCKMECH "lockstep-lockmech"
OBJECT_DECLARE_SIMPLE_TYPE(LockmechState, LOCKSTEP_LOCKMECH)

struct LockmechState {
    SysBusDevice parent_obj;

    MemoryRegion mmio;
    qemu_irq irq;
    QEMUTimer timer; /* the end of travel, or the stall, whichever the state calls for */

    /* The world's. */
    int64_t travel_ns;
    int64_t since_ns;
    int32_t direction; /* 1 towards extended, -1 towards retracted, 0 at rest */
    bool jammed;
    bool door_closed;

    /* The chip's. */
    uint32_t drive;
    bool stalled;
    int64_t stall_ns; /* when the motor stalls, unless the bolt moves */
    uint32_t events;
    uint32_t irq_enable;

    /* Calls not made yet. */
    bool motor_call_due;
    bool bolt_call_due;
};

#endif
