/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LOCKSTEP_TIMER_H
#define LOCKSTEP_TIMER_H

/*
 * TIMER: microseconds since reset, and one alarm. Registers: vdevice/contract/regs/timer.def.
 *
 * The alarm fires when NOW reaches it, to the nanosecond; NOW is truncated.
 *
 * QEMU interface:
 *  + sysbus MMIO region 0: the registers.
 *  + sysbus IRQ 0: TIMER_IRQ.
 */

#define TYPE_LOCKSTEP_TIMER "lockstep-timer"

#endif
