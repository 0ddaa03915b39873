/* SPDX-License-Identifier: MIT */
#include "tests/hostlane/lane_sample.h"

#include <string.h>

#include "tests/hostlane/lane_flash.h"
#include "tests/hostlane/lane_lock.h"
#include "tests/hostlane/lane_store.h"
#include "vdevice/firmware/drivers/flash.h"

static LaneShot before;

static bool is_blank(const uint8_t *bytes)
{
    for (uint32_t i = 0; i < FLASH_SECTOR_BYTES; i++) {
        if (bytes[i] != 0xff) {
            return false;
        }
    }
    return true;
}

static bool write_sectors(FILE *file)
{
    bool written = true;
    for (uint32_t i = 0; i < NOR_SECTORS; i++) {
        const uint8_t *bytes = flash_at(i * FLASH_SECTOR_BYTES);
        if (!is_blank(bytes)) {
            written = written && fwrite(&i, sizeof i, 1, file) == 1 &&
                      fwrite(bytes, FLASH_SECTOR_BYTES, 1, file) == 1;
        }
    }
    return written;
}

/* A bit of the slot's header or payload, by number. */
static void flip(uint32_t slot_offset, uint32_t number)
{
    uint32_t offset =
        slot_offset + (number % 2 == 0 ? number * 37 % 256 : 256 + number * 131 % 9000);
    uint8_t byte = (uint8_t)(*flash_at(offset) ^ (1u << number % 8));
    nor_put(offset, &byte, 1);
}

bool lane_sample_write(FILE *file, const char *token, uint32_t number)
{
    static LaneSample sample;
    static LaneOutcome outcome;
    memset(&sample, 0, sizeof sample);
    memset(&outcome, 0, sizeof outcome);
    lane_flash_keep(&before);
    strncpy(sample.token, token, sizeof sample.token - 1);
    if (number % 8 == 1 || number % 8 == 5) {
        flip(SLOT_A_OFFSET, number);
        sample.damaged++;
    }
    if (number % 8 == 3 || number % 8 == 5) {
        flip(SLOT_B_OFFSET, number + 1);
        sample.damaged++;
    }
    for (uint32_t i = 0; i < NOR_SECTORS; i++) {
        sample.sectors += !is_blank(flash_at(i * FLASH_SECTOR_BYTES));
    }
    memcpy(sample.otp, nor.otp, sizeof sample.otp);
    static LaneShot damaged;
    lane_flash_keep(&damaged);
    (void)lane_flash_run(lane_lock_boot, &outcome);
    sample.end = (uint32_t)outcome.end;
    sample.refusal = outcome.refusal;
    sample.counter = lane_lock_counter();
    sample.record = outcome.first;
    memcpy(sample.journal, flash_at(JOURNAL_OFFSET), sizeof sample.journal);
    lane_flash_return(&damaged);
    bool written = fwrite(&sample, sizeof sample, 1, file) == 1 && write_sectors(file);
    lane_flash_return(&before);
    return written;
}
