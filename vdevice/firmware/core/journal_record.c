/* SPDX-License-Identifier: MIT */
#include "vdevice/firmware/core/journal_record.h"

#include <stddef.h>

#include "vdevice/firmware/base/crc32.h"

static uint32_t journal_record_crc(const JournalRecord *record)
{
    return crc32_of(record, offsetof(JournalRecord, crc32));
}

void journal_record_seal(JournalRecord *record)
{
    record->magic = JOURNAL_MAGIC;
    record->crc32 = journal_record_crc(record);
}

bool journal_record_is_valid(const JournalRecord *record)
{
    if (record->magic != JOURNAL_MAGIC || record->crc32 != journal_record_crc(record)) {
        return false;
    }
    bool known = record->state == JOURNAL_CONFIRMED || record->state == JOURNAL_STAGED ||
                 record->state == JOURNAL_TRIAL || record->state == JOURNAL_REVERTED;
    return known && record->sequence != 0 && record->slot <= 1 &&
           record->attempts <= JOURNAL_TRIALS_MAX;
}
