/* SPDX-License-Identifier: MIT */

/*
 * Fuses cannot be put back: once the counter is above an image's, that image never runs again. So
 * it is raised only to the counter of a signed image, and only once the journal has that image as
 * confirmed; until then the old one must be able to come back.
 */

#include "sim/verdict/check.h"

void check_counter_waits_for_confirmation(const Plan *plan, const GPtrArray *events,
                                          ClaimVerdict *claim)
{
    (void)plan;
    for (guint i = 0; i < events->len; i++) {
        const Event *event = g_ptr_array_index(events, i);
        if (event->kind != EVENT_COUNTER_RAISED) {
            continue;
        }
        claim->occasions++;
        int64_t confirmed = event_integer(event, "confirmed", INT64_MAX);
        if (event_integer(event, "value", 0) > confirmed) {
            verdict_lower(claim, VERDICT_FAIL, &event->seq, 1,
                          "the counter was raised to %" G_GINT64_FORMAT " (event %" G_GUINT64_FORMAT
                          ") while the journal confirmed %s",
                          event_integer(event, "value", 0), event->seq,
                          confirmed < 0 ? "no signed image" : "only a lower one");
        }
    }
}
