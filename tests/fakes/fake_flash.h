/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A NOR flash and fuses in memory (nor.h), for core/ on the host: they forget nothing, tear as
 * told, and count.
 *
 * Operations are numbered from 1 since the last
 * `fake_flash_number`; when the one that was chosen to be cut comes, the array is left torn and
 * `fake_flash_run` returns, as if the processor had stopped there. Weak bits read right until
 * `fake_flash_decay`.
 *
 *     fake_flash_cut_at(7, torn);
 *     if (!fake_flash_run(act, &what)) { ... the power comes back ... }
 */

#include <stdbool.h>
#include <stdint.h>

#include "tests/fakes/nor.h"

/* The torn states that the exhaustive tests go through. */
#define FAKE_TORN_STATES 12u
NorTorn fake_flash_torn(uint32_t index);

/* All ones, no fuse burned, nothing to be cut. */
void fake_flash_blank(void);

/* Keeps a copy of flash and fuses, and puts it back. */
void fake_flash_save(void);
void fake_flash_restore(void);

/* Counts operations from 1 again, and cuts none. */
void fake_flash_number(void);
uint32_t fake_flash_operations(void);

/* Cuts the power in the middle of operation `operation` since `fake_flash_number`. */
void fake_flash_cut_at(uint32_t operation, NorTorn torn);

/* What was torn weakly flips back for good. */
void fake_flash_decay(void);

/* Flips one bit. */
void fake_flash_rot(uint32_t offset, uint32_t bit);

/* How often the sector at `offset` was erased since `fake_flash_blank`. */
uint32_t fake_flash_wear(uint32_t offset);

/* Programs and erases fail from now on with STATUS_FL_VERIFY; reads go on. */
void fake_flash_break(bool broken);

/* A range that must not be touched; touching it fails the test. Two of them; bytes 0 is none. */
void fake_flash_forbid(uint32_t offset, uint32_t bytes);

/* Runs `act` until it returns (true) or the power is cut (false). */
bool fake_flash_run(void (*act)(void *user_data), void *user_data);
