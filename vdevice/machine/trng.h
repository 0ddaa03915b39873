/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lockstep true random number generator.
 *
 * Registers: vdevice/contract/regs/trng.def. A model of a noise source, not one: the words are the
 * upper halves of xoshiro256** (Blackman and Vigna), its state filled by SplitMix64 from the seed
 * that the lab gives at BEGIN, so that a run can be had again. A stuck source, ordered by the lab,
 * clears READY and sets FAULT; when it works again the stream goes on where it stopped.
 *
 * QEMU interface:
 *  + sysbus MMIO region 0: the registers, one page
 *  + hostlink: HOSTLINK_BEGIN gives the seed; the order HOSTLINK_TRNG_FAULT
 *
 * The stream and the fault are the source's, not the logic's: they survive every reset and power
 * loss. BEGIN starts a new, working source.
 */
#ifndef LOCKSTEP_TRNG_H
#define LOCKSTEP_TRNG_H

#include "hw/sysbus.h"
#include "qom/object.h"

#define TYPE_LOCKSTEP_TRNG "lockstep-trng"
OBJECT_DECLARE_SIMPLE_TYPE(TrngState, LOCKSTEP_TRNG)

struct TrngState {
    SysBusDevice parent_obj;

    MemoryRegion mmio;

    uint64_t state[4];
    bool fault;
};

#endif
