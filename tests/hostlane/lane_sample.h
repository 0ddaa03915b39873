/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Crash states with what the host lane's ROM made of them, for others to boot and compare.
 *
 * A file of samples, each: LaneSample, then `sectors` times a u32 sector index and its
 * FLASH_SECTOR_BYTES bytes (all other sectors are ones).
 */

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "vdevice/contract/boot_record.h"
#include "vdevice/contract/memory_map.h"

typedef struct LaneSample {
    char token[160];
    uint32_t damaged; /* bits flipped in the slots after the schedule: not by it */
    uint32_t sectors;
    uint32_t otp[OTP_WORDS];
    /* what came of it */
    uint32_t end; /* LaneEnd */
    uint32_t refusal;
    uint32_t counter;
    BootRecord record; /* good when started */
    uint8_t journal[JOURNAL_BYTES];
} LaneSample;

/*
 * Writes the state the lock is in, boots it, writes the outcome, and puts the state back. Three
 * samples in eight get a bit flipped first, in one slot or both: so refusals and recovery are met,
 * too.
 */
bool lane_sample_write(FILE *file, const char *token, uint32_t number);
