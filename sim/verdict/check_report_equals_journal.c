/* SPDX-License-Identifier: MIT */

/*
 * What a device reports of its image and its update is what the lab reads in flash, now or within
 * the last GRACE: the slot and version it runs, whether it is on trial, and that an update is
 * staged only after the journal has said so in this boot.
 *
 * Reports are judged where the evidence says whose they are, and after the device's first start.
 */

#include "sim/verdict/check.h"

#include <string.h>

#define GRACE (30 * VTIME_S)

/* What is true of a device at some time. */
typedef struct Truth {
    const char *slot; /* NULL: nothing runs */
    const char *version;
    bool trial;
    bool staged; /* in this boot */
} Truth;

static bool follow(const Event *event, Truth *truth)
{
    switch ((int)event->kind) {
    case EVENT_BOOT_SLOT_STARTED:
        *truth = (Truth){
            .slot = event_text(event, "slot"),
            .version = event_text(event, "version"),
            .trial = event_integer(event, "trial", 0) != 0,
        };
        return true;
    case EVENT_UPDATE_CONFIRMED:
        truth->trial = false;
        return true;
    case EVENT_UPDATE_STAGED:
        truth->staged = true;
        return true;
    default:
        return false;
    }
}

/* What of the report does not fit; NULL when all does. */
static const char *misfit(const Event *report, const Truth *truth)
{
    bool trial = g_strcmp0(event_text(report, "boot"), "trial") == 0;
    bool staged = g_strcmp0(event_text(report, "update"), "staged") == 0;
    if (truth->slot == NULL) {
        return NULL;
    }
    if (g_strcmp0(event_text(report, "slot"), truth->slot) != 0 ||
        g_strcmp0(event_text(report, "version"), truth->version) != 0) {
        return "another image than the one that runs";
    }
    if (trial != truth->trial) {
        return trial ? "a trial the journal does not know" : "no trial, but the journal has one";
    }
    return staged && !truth->staged ? "an update as staged that the journal does not have" : NULL;
}

static void judge(const GPtrArray *events, guint index, ClaimVerdict *claim)
{
    const Event *report = g_ptr_array_index(events, index);
    VTime from = report->at - GRACE;
    Truth truth = {.slot = NULL};
    bool good = false;
    for (guint i = 0; i < index; i++) {
        const Event *event = g_ptr_array_index(events, i);
        if (strcmp(event->source, report->source) != 0) {
            continue;
        }
        Truth before = truth;
        if (follow(event, &truth)) {
            good = good ||
                   (event->at >= from && before.slot != NULL && misfit(report, &before) == NULL);
        }
    }
    const char *wrong = misfit(report, &truth);
    claim->occasions++;
    if (wrong != NULL && !good) {
        verdict_lower(claim, VERDICT_FAIL, &report->seq, 1,
                      "the report of event %" G_GUINT64_FORMAT " tells of %s", report->seq, wrong);
    }
}

void check_report_equals_journal(const Plan *plan, const GPtrArray *events, ClaimVerdict *claim)
{
    if (check_slots_are_damaged(plan)) {
        return; /* With an older journal written back, its records come a second time. */
    }
    for (guint i = 0; i < events->len; i++) {
        const Event *event = g_ptr_array_index(events, i);
        if (event->kind == EVENT_REPORT_RECEIVED && event_integer(event, "parsed", 0) != 0 &&
            plan_device(plan->timeline, event->source) != NULL) {
            judge(events, i, claim);
        }
    }
}
