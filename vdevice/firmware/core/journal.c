/* SPDX-License-Identifier: MIT */
/*
 * The boot journal's log. Two sectors, 128 records of 32 bytes each (contract/boot_journal.h).
 *
 * J1  A record is programmed in one operation, into a place that reads as all ones.
 * J2  The newest valid record is never in a sector that is being erased.
 * J3  The first record of a sector follows an erase of that sector in the same call: a sector that
 *     merely looks empty may be the torn end of an erase that was cut off.
 * J4  The sequence number grows by one with every record, over both sectors.
 * J5  A record that cannot be read back is written again behind that place, with its number.
 * J6  A record is taken for torn only if it was read so twice: one misread loses none.
 *
 *   newest in sector s, place left behind it ── append ──► programmed in s
 *   newest in sector s, s full ── append ──► other sector erased, programmed at its start
 *   nothing valid anywhere     ── append ──► sector 0 erased, programmed at its start
 */
#include "vdevice/firmware/core/journal.h"

#include <string.h>

#include "vdevice/contract/memory_map.h"
#include "vdevice/firmware/base/bytes.h"
#include "vdevice/firmware/core/journal_record.h"
#include "vdevice/firmware/drivers/flash.h"

#define JOURNAL_SECTORS        (JOURNAL_BYTES / FLASH_SECTOR_BYTES)
#define JOURNAL_SECTOR_RECORDS (FLASH_SECTOR_BYTES / JOURNAL_RECORD_BYTES)
#define JOURNAL_PLACES_MAX     3u /* tried for one record */

static uint32_t journal_offset(uint32_t sector, uint32_t index)
{
    return JOURNAL_OFFSET + sector * FLASH_SECTOR_BYTES + index * JOURNAL_RECORD_BYTES;
}

/* The record at that place; false when there is none. */
static bool journal_read_once(uint32_t sector, uint32_t index, JournalRecord *ret_record)
{
    flash_read(journal_offset(sector, index), ret_record, sizeof *ret_record);
    return journal_record_is_valid(ret_record);
}

/* Keeps J6. */
static bool journal_read(uint32_t sector, uint32_t index, JournalRecord *ret_record)
{
    return journal_read_once(sector, index, ret_record) ||
           (!bytes_all(ret_record, sizeof *ret_record, 0xff) &&
            journal_read_once(sector, index, ret_record));
}

/* Takes the newest record of `sector` if it is newer than what was found so far. */
static void journal_scan(Journal *journal, uint32_t sector)
{
    for (uint32_t i = 0; i < JOURNAL_SECTOR_RECORDS; i++) {
        JournalRecord record;
        if (journal_read(sector, i, &record) && record.sequence > journal->current.sequence) {
            journal->current = record;
            journal->sector = sector;
        }
    }
}

/* The place behind the last thing written in `sector`, torn records included (J1). */
static uint32_t journal_find_free(uint32_t sector)
{
    uint32_t index = JOURNAL_SECTOR_RECORDS;
    while (index > 0 &&
           bytes_all(flash_at(journal_offset(sector, index - 1)), JOURNAL_RECORD_BYTES, 0xff)) {
        index--;
    }
    return index;
}

void journal_open(Journal *ret_journal)
{
    Journal journal = {
        .current = {.state = JOURNAL_CONFIRMED},
        .sector = JOURNAL_SECTORS - 1, /* so that the first sector comes next */
        .free_index = JOURNAL_SECTOR_RECORDS,
    };
    for (uint32_t sector = 0; sector < JOURNAL_SECTORS; sector++) {
        journal_scan(&journal, sector);
    }
    if (journal.current.sequence != 0) {
        journal.free_index = journal_find_free(journal.sector);
    }
    *ret_journal = journal;
}

/* Makes room in the other sector, which holds nothing newer (J2, J3). */
static Status journal_turn(Journal *journal)
{
    uint32_t next = (journal->sector + 1) % JOURNAL_SECTORS;
    TRY(flash_erase(journal_offset(next, 0)));
    journal->sector = next;
    journal->free_index = 0;
    return status_ok();
}

/* Writes a record at the next place, once. */
static Status journal_append_here(Journal *journal, const JournalRecord *record)
{
    Journal next = *journal;
    if (next.free_index >= JOURNAL_SECTOR_RECORDS && !status_is_ok(journal_turn(&next))) {
        return status_error(STATUS_BT_JOURNAL);
    }
    uint32_t offset = journal_offset(next.sector, next.free_index);
    next.free_index++;
    Status status = flash_program(offset, record, sizeof *record);
    if (!status_is_ok(status)) {
        journal->free_index =
            next.sector == journal->sector ? next.free_index : journal->free_index;
        return status;
    }
    next.current = *record;
    *journal = next;
    return status_ok();
}

Status journal_append(Journal *journal, uint32_t state, uint32_t slot, uint32_t version,
                      uint32_t attempts, Status reason)
{
    JournalRecord record = {
        .sequence = journal->current.sequence + 1, /* J4 */
        .state = state,
        .slot = slot,
        .version = version,
        .attempts = attempts,
        .reason = status_is_ok(reason) ? 0 : reason.code,
    };
    journal_record_seal(&record);
    Status status = journal_append_here(journal, &record);
    for (uint32_t i = 1; i < JOURNAL_PLACES_MAX && status_is(status, STATUS_FL_VERIFY); i++) {
        status = journal_append_here(journal, &record); /* J5 */
    }
    return status_is_ok(status) ? status : status_error(STATUS_BT_JOURNAL);
}
