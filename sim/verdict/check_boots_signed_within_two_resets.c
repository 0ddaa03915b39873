/* SPDX-License-Identifier: MIT */

/*
 * Every power-on and every reset leads to an image the lab has found valid, within BUDGET and at
 * most two resets later; and nothing else is ever started. Where the lab finds no image that may be
 * started, recovery is the right place to be.
 *
 * A start-up cut off by a loss of power, or by the end of the run, is no occasion.
 */

#include "sim/verdict/check.h"

#include <string.h>

#define BUDGET     (20 * VTIME_S)
#define RESETS_MAX 2

typedef struct Start {
    uint64_t seq; /* of the power.on or reset that began it; 0: none under way */
    VTime at;
    unsigned resets;
} Start;

static void give_up(const Start *start, const Event *event, ClaimVerdict *claim)
{
    if (start->seq == 0) {
        return; /* Nothing was under way: the image had been started before. */
    }
    const uint64_t cites[] = {start->seq, event->seq};
    claim->occasions++;
    verdict_lower(claim, VERDICT_FAIL, cites, 2,
                  "the start of event %" G_GUINT64_FORMAT
                  " led to no signed image: %s (event %" G_GUINT64_FORMAT ")",
                  start->seq, event_kind_name(event->kind), event->seq);
}

static void watch(const Event *event, bool changed, Start *start, ClaimVerdict *claim)
{
    switch ((int)event->kind) {
    case EVENT_POWER_ON:
        *start = (Start){.seq = event->seq, .at = event->at};
        return;
    case EVENT_POWER_LOST:
        *start = (Start){.seq = 0};
        return;
    case EVENT_DEVICE_RESET:
        if (start->seq == 0) {
            *start = (Start){.seq = event->seq, .at = event->at};
        } else if (++start->resets > RESETS_MAX) {
            give_up(start, event, claim);
            *start = (Start){.seq = 0};
        }
        return;
    case EVENT_BOOT_SLOT_STARTED:
        claim->occasions++;
        if (event_integer(event, "valid", 0) == 0 && !changed) {
            verdict_lower(
                claim, VERDICT_FAIL, &event->seq, 1,
                "slot %s was started (event %" G_GUINT64_FORMAT ") though its image is not valid",
                event_text(event, "slot") == NULL ? "?" : event_text(event, "slot"), event->seq);
        }
        *start = (Start){.seq = 0};
        return;
    case EVENT_BOOT_RECOVERY:
        /* Right when the lab itself finds nothing that may be started. */
        if (event_field(event, "acceptable") != NULL &&
            event_integer(event, "acceptable", 1) == 0) {
            claim->occasions++;
            *start = (Start){.seq = 0};
            return;
        }
        give_up(start, event, claim);
        *start = (Start){.seq = 0};
        return;
    case EVENT_DEVICE_DIED:
        claim->occasions++;
        verdict_lower(claim, VERDICT_FAIL, &event->seq, 1,
                      "the device cannot go on (event %" G_GUINT64_FORMAT "): %s", event->seq,
                      event_text(event, "reason") == NULL ? "?" : event_text(event, "reason"));
        *start = (Start){.seq = 0};
        return;
    default:
        return;
    }
}

void check_boots_signed_within_two_resets(const Plan *plan, const GPtrArray *events,
                                          ClaimVerdict *claim)
{
    for (guint d = 0; d < plan->timeline->devices->len; d++) {
        const DeviceSetup *device = g_ptr_array_index(plan->timeline->devices, d);
        Start start = {.seq = 0};
        for (guint i = 0; i < events->len; i++) {
            const Event *event = g_ptr_array_index(events, i);
            if (start.seq != 0 && event->at > vtime_add(start.at, BUDGET)) {
                give_up(&start, event, claim);
                start.seq = 0;
            }
            if (strcmp(event->source, device->name) == 0) {
                bool changed = event->kind == EVENT_BOOT_SLOT_STARTED &&
                               check_slot_changed_at_start(plan, events, i);
                watch(event, changed, &start, claim);
            }
        }
    }
}
