/* SPDX-License-Identifier: MIT */

/*
 * What a device reports of its bolt is what the lab sensed, now or within the last GRACE: a report
 * takes its time to travel, and is about the moment it was written.
 *
 * With several devices a report counts for the one it is about; where the evidence does not say,
 * any device's bolt will do.
 */

#include "sim/verdict/check.h"

#include <string.h>

#define GRACE (30 * VTIME_S)

/* Where the bolt was held: jammed is right in any case, and at an end so is that end. */
static const char *where_held(const Event *stalled)
{
    int64_t position = event_integer(stalled, "position", -1);
    return position == 0 ? "held unlocked" : position == 1000 ? "held locked" : "between";
}

/* Whether the words of the report fit the state the lab sensed. */
static bool fits(const char *reported, const char *sensed)
{
    if (g_str_has_prefix(sensed, "held ")) {
        return strcmp(reported, sensed + strlen("held ")) == 0 || fits(reported, "between");
    }
    if (strcmp(sensed, "between") == 0) {
        return strcmp(reported, "jammed") == 0 || strcmp(reported, "moving") == 0;
    }
    return strcmp(reported, sensed) == 0;
}

/* Where a loss of power has left the bolt. */
static const char *where_left(const Event *lost)
{
    int64_t position = event_integer(lost, "bolt", 0);
    return position == 0 ? "unlocked" : position == 1000 ? "locked" : "between";
}

/* The same when the motor may be on: it turns for a while even if the bolt is where it is to be. */
static bool was_at(const char *reported, const char *sensed, bool driven)
{
    return fits(reported, sensed) || (driven && strcmp(reported, "moving") == 0);
}

/* Whether `device` was at any time in [from, until] as reported. */
static bool was_so(const DeviceSetup *device, const GPtrArray *events, const char *reported,
                   VTime from, VTime until)
{
    const char *sensed = device->unlocked ? "unlocked" : "locked";
    bool driven = false;
    for (guint i = 0; i < events->len; i++) {
        const Event *event = g_ptr_array_index(events, i);
        if (event->at > until) {
            break;
        }
        if (strcmp(event->source, device->name) != 0) {
            continue;
        }
        const char *next = event->kind == EVENT_BOLT_MOVED     ? event_text(event, "state")
                           : event->kind == EVENT_BOLT_STALLED ? where_held(event)
                           : event->kind == EVENT_POWER_LOST   ? where_left(event)
                                                               : NULL;
        bool stops = event->kind == EVENT_POWER_LOST ||
                     (event->kind == EVENT_MOTOR_DRIVEN &&
                      g_strcmp0(event_text(event, "direction"), "stop") == 0);
        if (next == NULL && event->kind != EVENT_MOTOR_DRIVEN) {
            continue;
        }
        if (event->at >= from && was_at(reported, sensed, driven)) {
            return true;
        }
        driven = event->kind == EVENT_MOTOR_DRIVEN ? !stops : driven && !stops;
        sensed = next == NULL ? sensed : next;
    }
    return was_at(reported, sensed, driven);
}

void check_report_equals_sensed(const Plan *plan, const GPtrArray *events, ClaimVerdict *claim)
{
    for (guint i = 0; i < events->len; i++) {
        const Event *event = g_ptr_array_index(events, i);
        const char *reported = event_text(event, "bolt");
        if (event->kind != EVENT_REPORT_RECEIVED || event_integer(event, "parsed", 0) == 0 ||
            reported == NULL) {
            continue;
        }
        claim->occasions++;
        const DeviceSetup *about = plan_device(plan->timeline, event->source);
        bool good = false;
        for (guint d = 0; d < plan->timeline->devices->len && !good; d++) {
            const DeviceSetup *device = g_ptr_array_index(plan->timeline->devices, d);
            good = (about == NULL || about == device) &&
                   was_so(device, events, reported, event->at - GRACE, event->at);
        }
        if (!good) {
            verdict_lower(claim, VERDICT_FAIL, &event->seq, 1,
                          "the report of event %" G_GUINT64_FORMAT
                          " says the bolt is %s, which the lab did not sense",
                          event->seq, reported);
        }
    }
}
