/* SPDX-License-Identifier: MIT */
/*
 * The table of contract/boot_journal.h, as choices.
 *
 *   journal          choice              recorded   if that slot is refused
 *   CONFIRMED(x)     CONFIRMED x         no         REVERTED y, refusal
 *   REVERTED(x)      REVERTED x          no         REVERTED y, refusal
 *   STAGED(y)        TRIAL y, 1          yes        REVERTED x, refusal
 *   TRIAL(y, n < 3)  TRIAL y, n + 1      yes        REVERTED x, refusal
 *   TRIAL(y, 3)      REVERTED x, TRIALS  yes        REVERTED y, refusal
 *
 * The last line starts an image that has used up its trials when nothing else verifies: it is
 * signed and not rolled back, and a lock that starts is safer than one that does not.
 */
#include "vdevice/firmware/core/boot_policy.h"

#include "vdevice/firmware/core/slots.h"

static BootChoice boot_policy_trial(uint32_t slot, uint32_t attempts)
{
    return (BootChoice){
        .slot = slot,
        .state = JOURNAL_TRIAL,
        .attempts = attempts,
        .reason = status_ok(),
        .append = true,
    };
}

static BootChoice boot_policy_revert(uint32_t slot, Status reason)
{
    return (BootChoice){
        .slot = slot,
        .state = JOURNAL_REVERTED,
        .reason = reason,
        .append = true,
    };
}

BootChoice boot_policy_start(const JournalRecord *current)
{
    if (current->state == JOURNAL_STAGED) {
        return boot_policy_trial(current->slot, 1);
    }
    if (current->state == JOURNAL_TRIAL && current->attempts < JOURNAL_TRIALS_MAX) {
        return boot_policy_trial(current->slot, current->attempts + 1);
    }
    if (current->state == JOURNAL_TRIAL) {
        return boot_policy_revert(slots_other(current->slot), status_error(STATUS_BT_TRIALS));
    }
    bool reverted = current->state == JOURNAL_REVERTED;
    return (BootChoice){
        .slot = current->slot,
        .state = reverted ? JOURNAL_REVERTED : JOURNAL_CONFIRMED,
        .reason = reverted ? status_from_code(current->reason) : status_ok(),
    };
}

bool boot_policy_fall_back(BootChoice *choice, Status refusal)
{
    if (choice->fallback) {
        return false;
    }
    *choice = boot_policy_revert(slots_other(choice->slot), refusal);
    choice->fallback = true;
    return true;
}

bool boot_policy_burns_counter(const BootChoice *choice)
{
    return choice->state == JOURNAL_CONFIRMED;
}
