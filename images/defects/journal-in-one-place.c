/* SPDX-License-Identifier: MIT */
/* The journal keeps its newest record only, always in the same place: erased, then written. */
#include "vdevice/contract/memory_map.h"
#include "vdevice/firmware/core/journal.h"
#include "vdevice/firmware/core/journal_record.h"
#include "vdevice/firmware/drivers/flash.h"

Status __wrap_journal_append(Journal *journal, uint32_t state, uint32_t slot, uint32_t version,
                             uint32_t attempts, Status reason);

Status __wrap_journal_append(Journal *journal, uint32_t state, uint32_t slot, uint32_t version,
                             uint32_t attempts, Status reason)
{
    JournalRecord record = {
        .sequence = journal->current.sequence + 1,
        .state = state,
        .slot = slot,
        .version = version,
        .attempts = attempts,
        .reason = status_is_ok(reason) ? 0 : reason.code,
    };
    journal_record_seal(&record);
    TRY(flash_erase(JOURNAL_OFFSET));
    TRY(flash_program(JOURNAL_OFFSET, &record, sizeof record));
    journal->current = record;
    journal->sector = 0;
    journal->free_index = 1;
    return status_ok();
}
