/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Which slot to start. Pure: it looks at the journal's state and at what verifying has said, and
 * touches nothing.
 *
 *   choice = boot_policy_start(journal)
 *   while the chosen slot does not verify:
 *       if not boot_policy_fall_back(&choice, status): recovery
 *   if choice.append: journal_append(choice...)
 *   if boot_policy_burns_counter(choice): raise the fuses to the image's counter
 *   jump
 *
 * A trial counts before it is started, so an image that hangs or is cut off in its trial uses it
 * up. A slot that fails is never chosen twice in one boot, so there are at most two rounds.
 */

#include <stdbool.h>
#include <stdint.h>

#include "vdevice/contract/boot_journal.h"
#include "vdevice/firmware/base/status.h"

typedef struct BootChoice {
    uint32_t slot;
    uint32_t state;    /* JOURNAL_CONFIRMED, JOURNAL_TRIAL or JOURNAL_REVERTED */
    uint32_t attempts; /* of a trial, this one included */
    Status reason;     /* why REVERTED; OK otherwise */
    bool append;       /* to be recorded before the jump */
    bool fallback;     /* the other slot has been refused in this boot */
} BootChoice;

BootChoice boot_policy_start(const JournalRecord *current);

/*
 * Replaces a choice whose slot was refused with `refusal` by the other slot. False, and the choice
 * unchanged, when that was refused already.
 */
bool boot_policy_fall_back(BootChoice *choice, Status refusal);

/* Only a confirmed image raises the counter: a trial may yet have to go back. */
bool boot_policy_burns_counter(const BootChoice *choice);
