/* SPDX-License-Identifier: MIT */

/*
 * A device numbers its reports, and no number comes twice, whatever happens in between: a service
 * that has seen the number can tell a report from one that was sent again. The number is kept in
 * flash before the report leaves, so a device that repeats one has lost something it had written.
 *
 * Where the story damages what the device keeps, or writes old flash back, nothing is judged.
 */

#include "sim/verdict/check.h"

#include <string.h>

static bool forgets(const Plan *plan)
{
    for (guint i = 0; i < plan->timeline->actions->len; i++) {
        const Action *action = g_ptr_array_index(plan->timeline->actions, i);
        if (action->verb == VERB_DAMAGE_FLASH &&
            strcmp(plan_text(action, "region"), "store") == 0) {
            return true;
        }
    }
    return check_slots_are_damaged(plan);
}

static void watch(const GPtrArray *events, const char *device, ClaimVerdict *claim)
{
    int64_t last = INT64_MIN;
    uint64_t told = 0; /* the event */
    for (guint i = 0; i < events->len; i++) {
        const Event *event = g_ptr_array_index(events, i);
        if (event->kind != EVENT_REPORT_RECEIVED || strcmp(event->source, device) != 0 ||
            event_integer(event, "parsed", 0) == 0) {
            continue;
        }
        int64_t sequence = event_integer(event, "sequence", 0);
        if (sequence <= last) {
            const uint64_t cites[] = {told, event->seq};
            verdict_lower(claim, VERDICT_FAIL, cites, 2,
                          "the report of event %" G_GUINT64_FORMAT " has number %" G_GINT64_FORMAT
                          ", after %" G_GINT64_FORMAT " in event %" G_GUINT64_FORMAT,
                          event->seq, sequence, last, told);
        }
        claim->occasions++;
        last = MAX(last, sequence);
        told = event->seq;
    }
}

void check_reports_are_numbered(const Plan *plan, const GPtrArray *events, ClaimVerdict *claim)
{
    if (forgets(plan)) {
        return;
    }
    for (guint d = 0; d < plan->timeline->devices->len; d++) {
        const DeviceSetup *device = g_ptr_array_index(plan->timeline->devices, d);
        watch(events, device->name, claim);
    }
}
