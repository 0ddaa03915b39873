/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LOCKSTEP_OTP_H
#define LOCKSTEP_OTP_H

/*
 * OTP: 256 words of fuses. Registers: vdevice/contract/regs/otp.def; losses of power: nvm.h.
 *
 * The HUK words read as zero when HUK_READ is locked, and always in life cycle RETURNED. The locks
 * COUNTER and REST divide the words between them: the security counter words, and all others.
 *
 * QEMU interface:
 *  + sysbus MMIO region 0: the registers.
 *  + sysbus IRQ 0: OTP_IRQ. The register list has no enable bit, so the line is never raised.
 */

#include <stdint.h>

#define TYPE_LOCKSTEP_OTP "lockstep-otp"

/* The word OTP_LIFE_CYCLE_WORD as the fuses are now. */
uint32_t otp_life_cycle(void);

#endif
