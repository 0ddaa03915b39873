/* SPDX-License-Identifier: MIT */

/*
 * No provisioned secret appears where it has no business: in a frame, on the console, or plainly in
 * flash. The scanner in the world looks for them as bytes, hexadecimal and base64; each find is an
 * event.
 */

#include "sim/verdict/check.h"

void check_no_secret_leaks(const Plan *plan, const GPtrArray *events, ClaimVerdict *claim)
{
    (void)plan;
    claim->occasions = events->len > 0 ? 1 : 0;
    for (guint i = 0; i < events->len; i++) {
        const Event *event = g_ptr_array_index(events, i);
        if (event->kind != EVENT_SECRET_SEEN) {
            continue;
        }
        const char *name = event_text(event, "name");
        const char *where = event_text(event, "where");
        verdict_lower(claim, VERDICT_FAIL, &event->seq, 1,
                      "the secret \"%s\" was seen in %s (event %" G_GUINT64_FORMAT ")",
                      name == NULL ? "?" : name, where == NULL ? "?" : where, event->seq);
    }
}
