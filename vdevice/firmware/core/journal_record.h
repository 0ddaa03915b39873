/* SPDX-License-Identifier: MIT */
#pragma once

/* One record of the boot journal (contract/boot_journal.h): sealing it, and telling it from a torn
 * one. */

#include <stdbool.h>

#include "vdevice/contract/boot_journal.h"

/* Sets magic and CRC. */
void journal_record_seal(JournalRecord *record);

/* Magic, CRC, and fields in their ranges. */
bool journal_record_is_valid(const JournalRecord *record);
