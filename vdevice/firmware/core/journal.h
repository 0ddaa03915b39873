/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The boot journal: the one place that says which slot starts.
 *
 * `journal_open` finds the newest valid record; `journal_append` adds the next one in a single
 * flash operation, in a fresh place. Power may be lost at any moment: what is read afterwards is
 * either the state before or the state after. The format is contract/boot_journal.h, written by ROM
 * and application alike.
 *
 * STATUS_BT_JOURNAL: the record could not be written; the state before still holds.
 */

#include <stdbool.h>
#include <stdint.h>

#include "vdevice/contract/boot_journal.h"
#include "vdevice/firmware/base/status.h"

typedef struct Journal {
    JournalRecord current; /* as CONFIRMED(A) with sequence 0 when nothing was ever recorded */
    uint32_t sector;       /* holds `current`: 0 or 1 */
    uint32_t free_index; /* where the next record of that sector goes; its record count when full */
} Journal;

void journal_open(Journal *ret_journal);

/* Appends a state. `attempts` belongs to TRIAL, `reason` to REVERTED; otherwise 0. */
FALLIBLE Status journal_append(Journal *journal, uint32_t state, uint32_t slot, uint32_t version,
                               uint32_t attempts, Status reason);
