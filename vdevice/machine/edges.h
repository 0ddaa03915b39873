/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LOCKSTEP_EDGES_H
#define LOCKSTEP_EDGES_H

/*
 * Which control-flow edges the firmware has gone, seen from below: the firmware is not touched.
 *
 * An edge is a branch instruction, conditional or not, direct or not, and the instruction at which
 * execution went on: a conditional branch has two. With `edges=on` translated code notes the branch
 * that ended a block, and the next block marks the pair in a map. Entering and leaving an exception
 * is no edge: interrupts strike anywhere, and there would be no end of new pairs.
 *
 * The map depends on the executed instructions alone. How code was cut into blocks (a slice that
 * ran out, a page that ended, what earlier runs left translated) does not show: a block that ended
 * without a branch notes nothing, and blocks are kept by address, not shared between addresses.
 *
 * BEGIN clears the map, a RESTORE takes it back to the SAVE, and it survives everything else. When
 * switched off, nothing is added to translated code.
 */

#include "exec/translator.h"

/* Once, before anything executes; the lab may READ the map, which is all zero unless `on`. */
void edges_init(bool on);

/* For qemu_wrap.c: the operations with which to translate the next block instead of `ops`. */
const TranslatorOps *edges_translator(CPUState *cpu, const TranslatorOps *ops);

/* For qemu_wrap.c: what executes next was not reached by a branch. */
void edges_forget(void);

#endif
