/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LOCKSTEP_READS_H
#define LOCKSTEP_READS_H

/*
 * Reads of what somebody else could change between two reads: counted, told when they fetch again,
 * and one of them, by its number, made to give something else.
 *
 * A memory that is watched lies under a cover: a region of the same size that is off until the lab
 * asks for OBSERVE_READS, so that it costs nothing; then every access comes through here, slowly,
 * with the same bytes, faults, instructions and time. Instructions fetched from there, vectors, and
 * what a debugger or QEMU's monitor looks at pass through and do not count. A register is watched
 * by a hook in its block.
 *
 * What has been read is remembered per byte as the place in the program that read it last, until
 * the power goes or somebody changes the byte: blocks say so with `reads_forget`. All of it belongs
 * to the state that SAVE keeps; of QEMU's own snapshots only the counters are part, not what has
 * been read.
 *
 * A read that is told makes its call in the middle of the instruction, or of the accelerator's
 * work, that reads. What the lab orders meanwhile finds whole blocks, a loss of power waits for the
 * instruction's end as ever, and the value stays what it was before those orders.
 */

#include "exec/memory.h"
#include "vdevice/contract/hostlink.h"

/* A memory under a cover. */
typedef struct ReadsCover {
    MemoryRegion frame; /* to be mapped in place of the memory */
    MemoryRegion over;
    MemoryRegion *memory;
    uint8_t *bytes;
    uint32_t source; /* HOSTLINK_READ_... */
} ReadsCover;

/* Once, by the hostlink, before any block. */
void reads_init(void);

/* Puts `memory`, RAM or a ROM device in ROM mode, under a cover; map `cover->frame` then. */
void reads_cover(ReadsCover *cover, Object *owner, uint32_t source, MemoryRegion *memory);

/* A register of `bytes` bytes that is a source of its own. */
void reads_add_register(uint32_t source, uint32_t bytes);

/* What a read of that register gives, where it holds `value`. */
uint64_t reads_register(uint32_t source, uint64_t value, unsigned bytes, MemTxAttrs attrs);

/* These bytes are others now: reading them is no reading again. */
void reads_forget(uint32_t source, uint32_t offset, uint32_t bytes);

/* Takes an order whose kind has been checked; replaces the one before. */
void reads_fault(const HostlinkReadFault *fault);

#endif
