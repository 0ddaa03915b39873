/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lockstep SHA-256 accelerator.
 *
 * Registers: vdevice/contract/regs/hashacc.def. The block runs the compression function of
 * FIPS 180-4 over whole 64-byte blocks that it reads from memory itself; padding is software's.
 *
 * SOURCE and BLOCKS are taken at START. An operation lasts HASHACC_BYTE_NS a byte, and at least
 * HASHACC_OPERATION_NS_MIN; memory is read, and STATE and STATUS change, at its end. A range
 * that does not lie in one readable memory (ROM, flash, window, SRAM) ends at once with ERROR.
 * One operation is at most 2 MiB of work, however often software asks.
 *
 * QEMU interface:
 *  + sysbus MMIO region 0: the registers, one page
 *  + sysbus IRQ 0: high while STATUS.DONE and IRQ_ENABLE bit 0 are set
 *  + Property "memory": the MemoryRegion that the block reads as a bus master
 *
 * Every reset returns all registers to zero and abandons an operation in progress.
 */
#ifndef LOCKSTEP_HASHACC_H
#define LOCKSTEP_HASHACC_H

#include "hw/sysbus.h"
#include "qemu/timer.h"
#include "qom/object.h"

#define TYPE_LOCKSTEP_HASHACC "lockstep-hashacc"
OBJECT_DECLARE_SIMPLE_TYPE(HashaccState, LOCKSTEP_HASHACC)

#define HASHACC_BYTE_NS 1
#define HASHACC_OPERATION_NS_MIN 1000
#define HASHACC_BLOCK_BYTES 64
#define HASHACC_BLOCKS_MAX 32768
#define HASHACC_STATE_WORDS 8

struct HashaccState {
    SysBusDevice parent_obj;

    MemoryRegion mmio;
    qemu_irq irq;
    QEMUTimer timer;
    MemoryRegion *memory;
    AddressSpace bus;

    uint32_t status;
    uint32_t source;
    uint32_t blocks;
    uint32_t irq_enable;
    uint32_t state[HASHACC_STATE_WORDS];
    uint32_t running_source; /* as SOURCE and BLOCKS stood at START */
    uint32_t running_blocks;
};

#endif
