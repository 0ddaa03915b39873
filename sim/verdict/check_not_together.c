/* SPDX-License-Identifier: MIT */

/*
 * After an outage, devices come back to their service at different moments, at least APART from
 * each other. Coming back is a device's first handshake that completes after the outage has ended.
 *
 * With fewer than two devices, or without an end of an outage, there is nothing to judge.
 */

#include "sim/verdict/check.h"

#define APART (500 * VTIME_MS)

/* The event at which the last outage ended, or events->len. */
static guint find_end(const Plan *plan, const GPtrArray *events)
{
    guint end = events->len;
    for (guint i = 0; i < events->len; i++) {
        const Event *event = g_ptr_array_index(events, i);
        int64_t number = event_integer(event, "action", 0);
        if (event->kind == EVENT_FAULT_ENDED && number >= 1 &&
            number <= plan->timeline->actions->len) {
            const Action *action = g_ptr_array_index(plan->timeline->actions, (guint)number - 1);
            VerbFault fault = plan_verb_fault(action->verb);
            end = fault == VERB_FAULT_NETWORK || fault == VERB_FAULT_DNS ||
                          fault == VERB_FAULT_SERVER || fault == VERB_FAULT_POWER
                      ? i
                      : end;
        }
        if (event->kind == EVENT_LINK_CHANGED && event_field(event, "partitioned") != NULL &&
            event_integer(event, "partitioned", 0) == 0 && event->at > 0) {
            end = i;
        }
    }
    return end;
}

void check_not_together(const Plan *plan, const GPtrArray *events, ClaimVerdict *claim)
{
    if (plan->timeline->devices->len < 2) {
        return;
    }
    g_autoptr(GHashTable) back = g_hash_table_new(g_str_hash, g_str_equal);
    const Event *before = NULL;
    for (guint i = find_end(plan, events); i < events->len; i++) {
        const Event *event = g_ptr_array_index(events, i);
        const char *client = event_text(event, "client_id");
        if (event->kind != EVENT_TLS_HANDSHAKE || client == NULL ||
            g_strcmp0(event_text(event, "outcome"), "completed") != 0 ||
            !g_hash_table_add(back, (void *)client)) {
            continue;
        }
        if (before != NULL) {
            claim->occasions++;
        }
        if (before != NULL && event->at - before->at < APART) {
            const uint64_t cites[] = {before->seq, event->seq};
            char text[VTIME_TEXT_BYTES];
            verdict_lower(claim, VERDICT_FAIL, cites, 2,
                          "two devices came back %s apart (events %" G_GUINT64_FORMAT
                          " and %" G_GUINT64_FORMAT ")",
                          vtime_print(event->at - before->at, text), before->seq, event->seq);
        }
        before = event;
    }
}
