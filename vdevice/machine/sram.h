/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LOCKSTEP_SRAM_H
#define LOCKSTEP_SRAM_H

/*
 * SRAM: 512 KiB that keep their contents over a reset and lose them with the power.
 *
 * After a loss it holds a pattern that looks random and depends only on the seed of BEGIN and on
 * how often the power was lost since, so that firmware which trusts what it never wrote is caught
 * the same way each time. The lab may read it at any time.
 *
 * QEMU interface:
 *  + sysbus MMIO region 0: the memory.
 */

#include "exec/memory.h"

#define TYPE_LOCKSTEP_SRAM "lockstep-sram"

/* Discards code translated from bytes of `memory` (a RAM region) that were changed from outside. */
void sram_changed(MemoryRegion *memory, hwaddr offset, hwaddr bytes);

/* Makes `memory` (a RAM region) part of what SAVE keeps. */
void sram_add_to_checkpoint(MemoryRegion *memory);

#endif
