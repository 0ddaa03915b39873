/* SPDX-License-Identifier: MIT */

/*
 * Once the journal says STAGED, nothing is fetched until that image was confirmed or given up:
 * whoever fetches it again has lost the record, or never looked whether it stands in flash.
 *
 * A story that damages the journal, or writes old flash back, may well have made it forget.
 */

#include "sim/verdict/check.h"

#include <string.h>

static bool forgets(const Plan *plan)
{
    for (guint i = 0; i < plan->timeline->actions->len; i++) {
        const Action *action = g_ptr_array_index(plan->timeline->actions, i);
        if (action->verb == VERB_DAMAGE_FLASH &&
            strcmp(plan_text(action, "region"), "journal") == 0) {
            return true;
        }
    }
    return check_slots_are_damaged(plan);
}

static void watch(const GPtrArray *events, const char *device, ClaimVerdict *claim)
{
    uint64_t staged = 0; /* the event */
    for (guint i = 0; i < events->len; i++) {
        const Event *event = g_ptr_array_index(events, i);
        const char *state = event_text(event, "state");
        if (strcmp(event->source, device) != 0) {
            continue;
        }
        if (event->kind == EVENT_UPDATE_STAGED) {
            claim->occasions++;
            staged = event->seq;
        } else if (event->kind == EVENT_JOURNAL_RECORDED &&
                   (g_strcmp0(state, "confirmed") == 0 || g_strcmp0(state, "reverted") == 0)) {
            staged = 0;
        } else if (event->kind == EVENT_DOWNLOAD_STARTED && staged != 0) {
            const uint64_t cites[] = {staged, event->seq};
            verdict_lower(claim, VERDICT_FAIL, cites, 2,
                          "an image is fetched (event %" G_GUINT64_FORMAT
                          ") though one is staged (event %" G_GUINT64_FORMAT ")",
                          event->seq, staged);
        }
    }
}

void check_fetched_once(const Plan *plan, const GPtrArray *events, ClaimVerdict *claim)
{
    if (forgets(plan)) {
        return;
    }
    for (guint d = 0; d < plan->timeline->devices->len; d++) {
        const DeviceSetup *device = g_ptr_array_index(plan->timeline->devices, d);
        watch(events, device->name, claim);
    }
}
