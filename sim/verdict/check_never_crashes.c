/* SPDX-License-Identifier: MIT */

/*
 * What runs on a device ends by a loss of power or by its own wish, never by a mistake: no watchdog
 * bites, no lockup, no fault handler and no failed check speaks, and the machine can go on.
 *
 * Code is executed where it stands in flash: a story that damages a slot may damage what runs, and
 * then there is nothing to judge.
 *
 * That the handler spoke is the device's own word; nobody confesses what did not happen.
 */

#include "sim/verdict/check.h"

static bool is_crash(const Event *event)
{
    switch ((int)event->kind) {
    case EVENT_DEVICE_RESET:
        return g_strcmp0(event_text(event, "cause"), "watchdog") == 0 ||
               g_strcmp0(event_text(event, "cause"), "lockup") == 0;
    case EVENT_DEVICE_PROGRESS:
        return g_strcmp0(event_text(event, "name"), "APP_FAULT") == 0;
    case EVENT_DEVICE_STATUS:
        return g_strcmp0(event_text(event, "name"), "BG_CHECK") == 0;
    case EVENT_DEVICE_DIED:
        return true;
    default:
        return false;
    }
}

void check_never_crashes(const Plan *plan, const GPtrArray *events, ClaimVerdict *claim)
{
    if (check_slots_are_damaged(plan)) {
        return;
    }
    for (guint i = 0; i < events->len; i++) {
        const Event *event = g_ptr_array_index(events, i);
        claim->occasions += event->kind == EVENT_BOOT_SLOT_STARTED ? 1 : 0;
        if (is_crash(event)) {
            claim->occasions++;
            verdict_lower(claim, VERDICT_FAIL, &event->seq, 1,
                          "%s (event %" G_GUINT64_FORMAT "): what ran did not end well",
                          event_kind_name(event->kind), event->seq);
        }
    }
}
