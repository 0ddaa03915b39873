/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Flash and fuses in memory (tests/fakes/nor.h) for the host lane: like fake_flash.h, and fast.
 *
 * Two things make it fast. A snapshot keeps only the sectors that differ from the base, and going
 * back to it copies only what was touched since. And every page's content has a 128-bit key; their
 * sum is the key of the whole, so an operation changes it by one page or sixteen, and the key of
 * each state that a cut could leave costs no more than tearing one page. Equal keys are taken for
 * equal states: the chance that two of a million different ones are equal is below 2^-88.
 *
 * Weak bits read right until `lane_flash_decay`.
 * Nothing is allocated.
 */

#include <stdbool.h>
#include <stdint.h>

#include "tests/fakes/nor.h"

#define LANE_SHOT_SECTORS 40u
#define LANE_PAGES        (FLASH_BYTES / FLASH_PAGE_BYTES)

typedef struct LaneKey {
    uint64_t a;
    uint64_t b;
} LaneKey;

/* An operation about to be done. */
typedef struct LaneOperation {
    uint32_t number; /* from 1, since `lane_flash_number` */
    uint32_t kind;   /* HOSTLINK_NVM_... */
    uint32_t offset; /* flash offset, or OTP word times 4 */
    uint32_t bytes;
} LaneOperation;

/* Flash and fuses at a moment, as the difference to the base. */
typedef struct LaneShot {
    uint32_t count;
    uint32_t otp[OTP_WORDS];
    uint16_t sectors[LANE_SHOT_SECTORS];
    uint8_t bytes[LANE_SHOT_SECTORS][FLASH_SECTOR_BYTES];
    uint8_t weak[LANE_SHOT_SECTORS][FLASH_SECTOR_BYTES];
    bool weak_any;
} LaneShot;

/* All ones, no fuse burned. */
void lane_flash_blank(void);

/* What is there now becomes the base of all snapshots. */
void lane_flash_settle(void);

void lane_flash_keep(LaneShot *shot);

/* NULL: the base. Quick when it is where `lane_flash_keep` or this was last. */
void lane_flash_return(const LaneShot *shot);

/* Of all that survives a power cut. */
LaneKey lane_flash_key(void);

/* Hashes `count` bytes, a multiple of 8. */
LaneKey lane_flash_hash(uint64_t seed, const void *bytes, uint32_t count);

/* Counts from 1 again, cuts nothing, tells nobody. */
void lane_flash_number(void);

/* Cuts at operation `operation`: flash is torn and `lane_flash_run` returns false. */
void lane_flash_cut_at(uint32_t operation, NorTorn torn);

/* Calls `before` before each operation. Inside it `lane_flash_torn_key` may be asked. */
void lane_flash_watch(void (*before)(const LaneOperation *operation, void *user_data),
                      void *user_data);

/* The key that would be left if the operation were cut so. */
LaneKey lane_flash_torn_key(NorTorn torn);

/* Runs `act` until it returns (true) or the power is cut (false). */
bool lane_flash_run(void (*act)(void *user_data), void *user_data);

void lane_flash_decay(void);
bool lane_flash_is_weak(void);
