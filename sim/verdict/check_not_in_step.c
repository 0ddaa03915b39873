/* SPDX-License-Identifier: MIT */

/*
 * Devices do not come to their service in step, with each other or with a clock:
 *   - no first handshakes after STARTS starts (the power comes, or a reset; or the cable is back
 *     where it belongs) come equally long after them: after a loss of power a whole town would come
 *     at once,
 *   - CHECKS sessions in a row that go well do not all come equally long after the one before.
 *
 * Each is so much that chance does not bring it about in a year of running. With fewer the waits
 * are only watched.
 */

#include "sim/verdict/check.h"

#include <string.h>

#define STARTS         5
#define STARTS_APART   (60 * VTIME_MS)
#define CHECKS         6
#define CHECKS_PERCENT 1

/* Whether nothing of how long it took until then tells of how long it takes from now on. */
static bool disturbs(const Event *event)
{
    switch ((int)event->kind) {
    case EVENT_LINK_CHANGED:
    case EVENT_SERVER_FAULT:
    case EVENT_DOWNLOAD_STARTED:
        return true;
    case EVENT_HTTP_RESPONSE:
        return event_integer(event, "status", 0) / 100 != 2;
    case EVENT_TLS_HANDSHAKE:
        return g_strcmp0(event_text(event, "outcome"), "completed") != 0;
    default:
        return false;
    }
}

/* The same of the sources that are nobody in particular. */
static bool concerns(const Event *event, const char *device)
{
    return strcmp(event->source, device) == 0 || event->kind == EVENT_LINK_CHANGED;
}

/* The handshakes in a row, `checks` of them so far, that came at equal times. */
static void judge_check(const Event *const *checks, ClaimVerdict *claim)
{
    VTime shortest = VTIME_NEVER;
    VTime longest = 0;
    for (unsigned i = 1; i < CHECKS; i++) {
        VTime wait = checks[i]->at - checks[i - 1]->at;
        shortest = MIN(shortest, wait);
        longest = MAX(longest, wait);
    }
    if (longest - shortest < longest / 100 * CHECKS_PERCENT) {
        const uint64_t cites[] = {checks[0]->seq, checks[CHECKS - 1]->seq};
        char text[VTIME_TEXT_BYTES];
        verdict_lower(claim, VERDICT_FAIL, cites, 2,
                      "%d sessions in a row come %s apart: there is no jitter", CHECKS,
                      vtime_print(longest, text));
    }
}

/* Whether the cable of `device` is put back. */
static bool plugs_in(const Plan *plan, const Event *event, const char *device)
{
    int64_t number = event_integer(event, "action", 0);
    if (event->kind != EVENT_FAULT_ENDED || number < 1 || number > plan->timeline->actions->len) {
        return false;
    }
    const Action *action = g_ptr_array_index(plan->timeline->actions, (guint)number - 1);
    return action->verb == VERB_SET_CABLE && strcmp(action->target, device) == 0;
}

/* How long after what it came, for all devices. */
typedef struct Waits {
    GArray *starts;
    GArray *plugs;
} Waits;

/* Watches one device. */
static void watch(const Plan *plan, const GPtrArray *events, const char *device, Waits *waits,
                  ClaimVerdict *claim)
{
    const Event *checks[CHECKS];
    unsigned count = 0;
    VTime started = -1;
    GArray *to = waits->starts;
    for (guint i = 0; i < events->len; i++) {
        const Event *event = g_ptr_array_index(events, i);
        if (plugs_in(plan, event, device)) {
            started = event->at;
            to = waits->plugs;
            count = 0;
            continue;
        }
        if (!concerns(event, device)) {
            continue;
        }
        if (event->kind == EVENT_POWER_ON || event->kind == EVENT_DEVICE_RESET) {
            started = event->at;
            to = waits->starts;
            count = 0;
        } else if (event->kind == EVENT_POWER_LOST) {
            started = -1;
        } else if (disturbs(event)) {
            count = 0;
            /* Being put back is a change of the link, too. */
            bool over = event->kind == EVENT_LINK_CHANGED && event->at != started;
            started = over ? -1 : started;
        }
        if (event->kind != EVENT_TLS_HANDSHAKE) {
            continue;
        }
        if (started >= 0) {
            VTime wait = event->at - started;
            g_array_append_val(to, wait);
            started = -1;
        }
        claim->occasions++;
        if (disturbs(event)) {
            continue;
        }
        if (count == CHECKS) {
            memmove(checks, checks + 1, sizeof(checks) - sizeof(checks[0]));
            count--;
        }
        checks[count++] = event;
        if (count == CHECKS) {
            judge_check(checks, claim);
        }
    }
}

static int by_length(const void *a, const void *b)
{
    VTime first = *(const VTime *)a;
    VTime second = *(const VTime *)b;
    return first < second ? -1 : first > second ? 1 : 0;
}

static void judge_starts(const GPtrArray *events, GArray *starts, ClaimVerdict *claim)
{
    g_array_sort(starts, by_length);
    for (guint i = 0; i + STARTS <= starts->len; i++) {
        VTime first = g_array_index(starts, VTime, i);
        if (g_array_index(starts, VTime, i + STARTS - 1) - first < STARTS_APART) {
            const Event *last = g_ptr_array_index(events, events->len - 1);
            char text[VTIME_TEXT_BYTES];
            verdict_lower(claim, VERDICT_FAIL, &last->seq, 1,
                          "after %d starts the first handshake comes %s later: there is no jitter",
                          STARTS, vtime_print(first, text));
            return;
        }
    }
}

void check_not_in_step(const Plan *plan, const GPtrArray *events, ClaimVerdict *claim)
{
    g_autoptr(GArray) starts = g_array_new(FALSE, FALSE, sizeof(VTime));
    g_autoptr(GArray) plugs = g_array_new(FALSE, FALSE, sizeof(VTime));
    Waits waits = {.starts = starts, .plugs = plugs};
    for (guint d = 0; d < plan->timeline->devices->len; d++) {
        const DeviceSetup *device = g_ptr_array_index(plan->timeline->devices, d);
        watch(plan, events, device->name, &waits, claim);
    }
    judge_starts(events, starts, claim);
    judge_starts(events, plugs, claim);
}
