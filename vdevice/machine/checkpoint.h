/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LOCKSTEP_CHECKPOINT_H
#define LOCKSTEP_CHECKPOINT_H

/*
 * One state of the whole device, kept in the process's own memory.
 *
 * What a block's VMStateDescription names is its state, here as in QEMU's own snapshots; there is
 * no second list. Cells and memories are kept beside: a copy of each, of which only what has
 * changed since is copied back, so that a restore costs what the device did, not what it has. Code
 * translated from what is the same stays; what comes back into flash finds its own (contents.h).
 *
 * Timers that expire together keep the order in which they were armed: it is the order in which
 * they fire, and no device knows it.
 *
 * hostlink.c says when: between two instructions, with nothing queued. Time is its own to keep.
 */

#include "exec/memory.h"
#include "migration/vmstate.h"

/* Registers state that is no device's own, for QEMU's snapshots as well. */
void checkpoint_add(const VMStateDescription *vmsd, void *opaque);

/* Something too big to be written down each time; it is told to keep what it is, and to be that
   again. Both come after the same of all descriptions. */
typedef struct CheckpointMemory {
    void (*keep)(void *opaque);
    void (*restore)(void *opaque);
} CheckpointMemory;

/* Registers `memory`, which must live as long as the process. */
void checkpoint_add_memory(const CheckpointMemory *memory, void *opaque);

/* Keeps the device as it is, in place of what was kept before. */
void checkpoint_keep(void);

/* Whether there is a state to go back to. */
bool checkpoint_is_kept(void);

/* Makes the device what it was. The state stays kept. */
void checkpoint_restore(void);

/* Nothing is kept any more. */
void checkpoint_forget(void);

/* For qemu_wrap.c: whether a restore is going on. */
bool checkpoint_is_restoring(void);

#endif
