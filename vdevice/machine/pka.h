/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lockstep public-key accelerator for NIST P-256.
 *
 * Registers: vdevice/contract/regs/pka.def. The arithmetic is GNU hogweed's; this file only moves
 * operands, checks them (FIPS 186-5) and keeps time: PKA_MULTIPLY_NS for MULTIPLY, MULTIPLY_BASE
 * and ECDSA_SIGN, PKA_VERIFY_NS for ECDSA_VERIFY, whatever the operands are. Results, RESULT and
 * INVALID appear together with DONE at the end of that time. CLEAR and unknown commands end at
 * once.
 *
 * Operand memory cannot be written while BUSY. A signature whose r or s is zero or not under n is
 * not unfit but BAD. A nonce that gives r or s of zero is unfit.
 *
 * QEMU interface:
 *  + sysbus MMIO region 0: the registers, one page
 *  + sysbus IRQ 0: high while STATUS.DONE and IRQ_ENABLE bit 0 are set
 *
 * Every reset zeroes operand memory and all registers and abandons an operation in progress.
 */
#ifndef LOCKSTEP_PKA_H
#define LOCKSTEP_PKA_H

#include "hw/sysbus.h"
#include "qemu/timer.h"
#include "qom/object.h"

#define TYPE_LOCKSTEP_PKA "lockstep-pka"
OBJECT_DECLARE_SIMPLE_TYPE(PkaState, LOCKSTEP_PKA)

#define PKA_MULTIPLY_NS (4 * SCALE_MS)
#define PKA_VERIFY_NS (6 * SCALE_MS)
#define PKA_NUMBER_BYTES 32
#define PKA_NUMBERS 8 /* K PX PY H R S QX QY, in the order of their registers */

struct PkaState {
    SysBusDevice parent_obj;

    MemoryRegion mmio;
    qemu_irq irq;
    QEMUTimer timer;

    uint32_t status;
    uint32_t result;
    uint32_t irq_enable;
    uint32_t running; /* the command in progress, while BUSY */
    uint8_t numbers[PKA_NUMBERS * PKA_NUMBER_BYTES]; /* big-endian, as software sees the memory */
};

#endif
