/* SPDX-License-Identifier: MIT */

/*
 * The bolt moves only after an authorised command: the right PIN or the inside button, at most
 * AUTHORITY earlier, with the power on ever since and no reset in between; or by hand. The key "*"
 * locks for anybody.
 *
 * Both the motor being driven and the bolt starting to move are looked at, so neither a motor that
 * jerks without effect nor a movement without a motor goes unseen.
 */

#include "sim/verdict/check.h"

#include <string.h>

#define AUTHORITY (10 * VTIME_S)

typedef struct Authority {
    VTime until;      /* a movement may start up to here */
    VTime lock_until; /* one that locks */
    uint64_t ended;   /* the event that took authority away: power loss or reset; 0 if none */
    bool locking;     /* the motor was last driven to lock */
} Authority;

/* Says whether the event gives, takes, or uses authority, for one device. */
static void watch(const Event *event, Authority *authority, ClaimVerdict *claim)
{
    bool starts = false;
    switch ((int)event->kind) {
    case EVENT_USER_PIN_ENTERED:
        if (event_integer(event, "correct", 0) == 0) {
            return;
        }
        /* fall through */
    case EVENT_USER_BUTTON:
    case EVENT_USER_TURNED_BOLT:
        authority->until = vtime_add(event->at, AUTHORITY);
        authority->ended = 0;
        return;
    case EVENT_USER_KEY:
        if (g_strcmp0(event_text(event, "key"), "*") == 0) {
            authority->lock_until = vtime_add(event->at, AUTHORITY);
        }
        return;
    case EVENT_POWER_LOST:
    case EVENT_DEVICE_RESET:
        authority->until = -1;
        authority->lock_until = -1;
        authority->ended = event->seq;
        return;
    case EVENT_MOTOR_DRIVEN:
        starts = g_strcmp0(event_text(event, "direction"), "stop") != 0;
        authority->locking = g_strcmp0(event_text(event, "direction"), "lock") == 0;
        break;
    case EVENT_BOLT_MOVED:
        starts = g_strcmp0(event_text(event, "state"), "moving") == 0;
        break;
    default:
        return;
    }
    if (!starts) {
        return;
    }
    claim->occasions++;
    VTime until =
        authority->locking ? MAX(authority->until, authority->lock_until) : authority->until;
    if (event->at > until) {
        const uint64_t cites[] = {event->seq, authority->ended};
        verdict_lower(claim, VERDICT_FAIL, cites, authority->ended == 0 ? 1 : 2,
                      "%s (event %" G_GUINT64_FORMAT ") without an authorised command before it",
                      event_kind_name(event->kind), event->seq);
    }
}

void check_bolt_moves_only_when_authorised(const Plan *plan, const GPtrArray *events,
                                           ClaimVerdict *claim)
{
    for (guint d = 0; d < plan->timeline->devices->len; d++) {
        const DeviceSetup *device = g_ptr_array_index(plan->timeline->devices, d);
        Authority authority = {.until = -1, .lock_until = -1};
        for (guint i = 0; i < events->len; i++) {
            const Event *event = g_ptr_array_index(events, i);
            if (strcmp(event->source, device->name) == 0) {
                watch(event, &authority, claim);
            }
        }
    }
}
