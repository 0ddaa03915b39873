/* SPDX-License-Identifier: MIT */

/*
 * The journal says STAGED, TRIAL or, after a trial, CONFIRMED only of a slot in which the lab
 * itself finds an image that is signed, whole and allowed at that moment.
 *
 * Where the story damages a slot, or writes old flash back, an image may go bad under the device's
 * hands, between its look and its word: then there is nothing to judge.
 */

#include "sim/verdict/check.h"

void check_staged_is_good(const Plan *plan, const GPtrArray *events, ClaimVerdict *claim)
{
    if (check_slots_are_damaged(plan)) {
        return;
    }
    for (guint i = 0; i < events->len; i++) {
        const Event *event = g_ptr_array_index(events, i);
        bool speaks = event->kind == EVENT_UPDATE_STAGED || event->kind == EVENT_UPDATE_TRIAL ||
                      event->kind == EVENT_UPDATE_CONFIRMED;
        bool tries = event->kind == EVENT_BOOT_SLOT_STARTED &&
                     g_strcmp0(event_text(event, "journal"), "staged") == 0;
        claim->occasions += speaks || tries ? 1 : 0;
        if (tries) {
            verdict_lower(claim, VERDICT_FAIL, &event->seq, 1,
                          "a slot was started (event %" G_GUINT64_FORMAT
                          ") while the journal has an image as staged only",
                          event->seq);
        }
        if (speaks && event_integer(event, "valid", 1) == 0) {
            verdict_lower(claim, VERDICT_FAIL, &event->seq, 1,
                          "%s (event %" G_GUINT64_FORMAT ") of a slot that holds no good image",
                          event_kind_name(event->kind), event->seq);
        }
    }
}
