/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LOCKSTEP_POWER_H
#define LOCKSTEP_POWER_H

/*
 * POWER: reset cause, software reset, battery, brown-out warning, progress-code port.
 * Registers: vdevice/contract/regs/power.def. Losses of power themselves are supply.h's.
 *
 * BATTERY_MV is the lab's and survives everything but BEGIN. BROWNOUT is set when the lab sets a
 * voltage under POWER_BROWNOUT_MV, and by a reset or power-on while it is under.
 *
 * QEMU interface:
 *  + sysbus MMIO region 0: the registers.
 *  + sysbus IRQ 0: POWER_IRQ.
 *  + Named GPIO input "sysresetreq": the processor's SYSRESETREQ.
 */

#define TYPE_LOCKSTEP_POWER "lockstep-power"

#endif
