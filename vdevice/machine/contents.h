/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LOCKSTEP_CONTENTS_H
#define LOCKSTEP_CONTENTS_H

/*
 * Whose translations are right: numbers for what the sectors of flash hold.
 *
 * The same few images come and go in flash: an update writes one, a restore takes it back, the next
 * run writes it again. QEMU drops what it has translated from bytes that change, and then does the
 * work again. Here what a sector holds has a number, by which QEMU looks up the code translated
 * from it (qemu_wrap.c): other contents, other code; contents that come back find theirs again.
 *
 * A number stands for bytes, not for a hash of them, and for one sector only; none is used twice.
 */

#include "exec/memory.h"

/* Numbers what `memory` holds, a ROM device of FLASH_BYTES that lies at FLASH_BASE. */
void contents_init(MemoryRegion *memory);

/* Says that these cells differ now. Only this may be relied on by who changes them. */
void contents_changed(uint32_t offset, uint32_t bytes);

/* Says which part of flash lies at WINDOW_BASE; 0: none. */
void contents_show(uint32_t offset);

/* For qemu_wrap.c: the number of what lies where code is fetched from; 0: it is not in flash. */
uint32_t contents_at(vaddr address);

/* For qemu_wrap.c: somebody changed memory of QEMU's, which may be flash. */
void contents_forget(ram_addr_t first, ram_addr_t last);

#endif
