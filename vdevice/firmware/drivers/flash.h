/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The NOR flash: erase a sector to ones, program bits to zero, read in place.
 *
 * Positions are offsets from the start of the flash. An operation returns when it has ended and has
 * been read back; the processor sleeps meanwhile. Power loss in the middle leaves anything: whoever
 * writes must be able to tell a torn result from a whole one. core/ uses this header on the host
 * too, where tests/fakes/fake_flash.c stands behind it and forgets, tears and counts.
 *
 * Errors are the controller's, named by status.def; STATUS_FL_VERIFY means that the array does not
 * hold what was asked for.
 */

#include <stddef.h>
#include <stdint.h>

#include "vdevice/contract/memory_map.h"
#include "vdevice/firmware/base/status.h"

/* Where the byte at `offset` can be read; good for the rest of the flash behind it. */
const uint8_t *flash_at(uint32_t offset);

/* Copies out of the flash, each byte read once, now. */
void flash_read(uint32_t offset, void *ret_bytes, size_t count);

/* Programs 1 to FLASH_PAGE_BYTES bytes that do not cross a page, in one operation. */
FALLIBLE Status flash_program(uint32_t offset, const void *bytes, size_t count);

/* Erases the sector that starts at `offset`. */
FALLIBLE Status flash_erase(uint32_t offset);

/* Shows a slot (its flash offset) at WINDOW_BASE. */
void flash_set_window(uint32_t slot_offset);

/* Sets bits of FLASH_CTRL.LOCK until the next reset. */
void flash_lock(uint32_t lock_bits);
