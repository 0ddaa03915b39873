/* SPDX-License-Identifier: MIT */

/*
 * J1  Pure: the verdict depends on the plan and the events, and on nothing else.
 * J2  A claim starts as PASS and only ever gets worse.
 * J3  A claim with nothing to judge is INCONCLUSIVE, unless it is a standing one.
 * J4  A fault asked for that took no effect makes the run INCONCLUSIVE at least; where a sweep from
 *     outside has put a fault in, only that one counts for this.
 */

#include "sim/verdict/verdict.h"

#include <stdarg.h>
#include <string.h>

#include "sim/verdict/check.h"

static const char *const NAMES[VERDICTS] = {"PASS", "INCONCLUSIVE", "FAIL", "ERROR"};

Verdict verdict_join(Verdict a, Verdict b)
{
    return a > b ? a : b;
}

const char *verdict_name(Verdict verdict)
{
    return NAMES[verdict];
}

bool verdict_parse(const char *name, Verdict *ret_verdict)
{
    for (int i = 0; i < VERDICTS; i++) {
        if (strcmp(NAMES[i], name) == 0) {
            *ret_verdict = (Verdict)i;
            return true;
        }
    }
    return false;
}

void verdict_lower(ClaimVerdict *claim, Verdict verdict, const uint64_t *cites, size_t cite_count,
                   const char *format, ...)
{
    if (verdict <= claim->verdict) { /* J2 */
        return;
    }
    claim->verdict = verdict;
    g_free(claim->reason);
    va_list arguments;
    va_start(arguments, format);
    claim->reason = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    claim->cite_count = (uint32_t)MIN(cite_count, VERDICT_CITES_MAX);
    if (claim->cite_count > 0) {
        memcpy(claim->cites, cites, claim->cite_count * sizeof cites[0]);
    }
}

static const Event *event_at(const GPtrArray *events, guint index)
{
    return g_ptr_array_index(events, index);
}

static VTime run_end(const GPtrArray *events)
{
    return events->len == 0 ? 0 : event_at(events, events->len - 1)->at;
}

/* Whether two events are about the same device, as far as both are about devices. */
static bool same_device(const Plan *plan, const Event *a, const Event *b)
{
    bool both = plan_device(plan->timeline, a->source) != NULL &&
                plan_device(plan->timeline, b->source) != NULL;
    return !both || strcmp(a->source, b->source) == 0;
}

/* One window of a `within` claim, opened by `open`. */
static void judge_window(const Plan *plan, const Claim *claim, const GPtrArray *events, guint open,
                         ClaimVerdict *verdict)
{
    const Event *opened = event_at(events, open);
    VTime closes = vtime_add(opened->at, claim->duration);
    char text[VTIME_TEXT_BYTES];
    for (guint i = open + 1; i < events->len && event_at(events, i)->at <= closes; i++) {
        const Event *event = event_at(events, i);
        if (pattern_matches(claim->expect, event) && same_device(plan, opened, event)) {
            verdict->occasions++;
            return;
        }
        if (event->kind == EVENT_POWER_LOST && same_device(plan, opened, event)) {
            return; /* Nothing can be expected of a device without power. */
        }
    }
    verdict->occasions++;
    g_autofree char *expect = pattern_print(claim->expect);
    if (run_end(events) < closes) {
        verdict_lower(verdict, VERDICT_INCONCLUSIVE, &opened->seq, 1,
                      "the run ended %s after event %" G_GUINT64_FORMAT
                      ", before %s was seen and before the time was up",
                      vtime_print(run_end(events) - opened->at, text), opened->seq, expect);
        return;
    }
    verdict_lower(verdict, VERDICT_FAIL, &opened->seq, 1,
                  "no %s within %s of event %" G_GUINT64_FORMAT " (%s)", expect,
                  vtime_print(claim->duration, text), opened->seq, event_kind_name(opened->kind));
}

static void judge_within(const Plan *plan, const Claim *claim, const GPtrArray *events,
                         ClaimVerdict *verdict)
{
    for (guint i = 0; i < events->len; i++) {
        if (pattern_matches(claim->after, event_at(events, i))) {
            judge_window(plan, claim, events, i, verdict);
        }
    }
}

static void judge_never(const Plan *plan, const Claim *claim, const GPtrArray *events,
                        ClaimVerdict *verdict)
{
    bool open = claim->after == NULL;
    verdict->occasions = open ? 1 : 0;
    (void)plan;
    for (guint i = 0; i < events->len; i++) {
        const Event *event = event_at(events, i);
        if (open && claim->until != NULL && pattern_matches(claim->until, event)) {
            open = false;
        }
        if (open && pattern_matches(claim->expect, event)) {
            verdict_lower(verdict, VERDICT_FAIL, &event->seq, 1,
                          "event %" G_GUINT64_FORMAT " is a %s", event->seq,
                          event_kind_name(event->kind));
        }
        if (!open && claim->after != NULL && pattern_matches(claim->after, event)) {
            open = true;
            verdict->occasions++;
        }
    }
}

static void judge_order(const Plan *plan, const Claim *claim, const GPtrArray *events,
                        ClaimVerdict *verdict)
{
    uint64_t before = 0;
    (void)plan;
    verdict->occasions = 1;
    for (guint p = 0; p < claim->patterns->len; p++) {
        const Pattern *pattern = g_ptr_array_index(claim->patterns, p);
        g_autofree char *words = pattern_print(pattern);
        guint i = 0;
        while (i < events->len && !pattern_matches(pattern, event_at(events, i))) {
            i++;
        }
        if (i == events->len) {
            verdict_lower(verdict, VERDICT_FAIL, &before, before == 0 ? 0 : 1, "there is no %s",
                          words);
            return;
        }
        uint64_t seq = event_at(events, i)->seq;
        if (seq < before) {
            const uint64_t cites[] = {seq, before};
            verdict_lower(verdict, VERDICT_FAIL, cites, 2,
                          "%s (event %" G_GUINT64_FORMAT
                          ") came before its turn (event %" G_GUINT64_FORMAT ")",
                          words, seq, before);
            return;
        }
        before = seq;
    }
}

static void judge_counts(const Plan *plan, const Claim *claim, const GPtrArray *events,
                         ClaimVerdict *verdict)
{
    int64_t count = 0;
    uint64_t last = 0;
    (void)plan;
    verdict->occasions = 1;
    for (guint i = 0; i < events->len; i++) {
        if (pattern_matches(claim->expect, event_at(events, i))) {
            count++;
            last = event_at(events, i)->seq;
        }
    }
    g_autofree char *expect = pattern_print(claim->expect);
    if (count < claim->at_least) {
        verdict_lower(verdict, VERDICT_FAIL, &last, last == 0 ? 0 : 1,
                      "%" G_GINT64_FORMAT " times %s, expected at least %" G_GINT64_FORMAT, count,
                      expect, claim->at_least);
    } else if (count > claim->at_most) {
        verdict_lower(verdict, VERDICT_FAIL, &last, 1,
                      "%" G_GINT64_FORMAT " times %s, expected at most %" G_GINT64_FORMAT, count,
                      expect, claim->at_most);
    }
}

static void judge_always(const Plan *plan, const Claim *claim, const GPtrArray *events,
                         ClaimVerdict *verdict)
{
    Invariant invariant = INVARIANTS;
    bool known = plan_invariant_parse(claim->invariant, &invariant);
    g_assert(known);
    check_of(invariant)(plan, events, verdict);
}

static ClaimVerdict *judge_claim(const Plan *plan, const Claim *claim, const GPtrArray *events)
{
    static void (*const JUDGES[CLAIM_KINDS])(const Plan *, const Claim *, const GPtrArray *,
                                             ClaimVerdict *) = {
        [CLAIM_WITHIN] = judge_within, [CLAIM_NEVER] = judge_never,   [CLAIM_ALWAYS] = judge_always,
        [CLAIM_ORDER] = judge_order,   [CLAIM_COUNTS] = judge_counts,
    };
    ClaimVerdict *verdict = g_new0(ClaimVerdict, 1);
    verdict->number = claim->number;
    JUDGES[claim->kind](plan, claim, events, verdict);
    if (verdict->occasions == 0 && verdict->verdict == VERDICT_PASS && !claim->standing) { /* J3 */
        g_autofree char *after = claim->after == NULL ? NULL : pattern_print(claim->after);
        verdict_lower(verdict, VERDICT_INCONCLUSIVE, NULL, 0, "there was nothing to judge%s%s",
                      after == NULL ? "" : ": it never came to ", after == NULL ? "" : after);
    }
    return verdict;
}

/* Counts faults asked for and those that took effect; the first that did not, or NULL. */
static const Action *count_faults(const Plan *plan, const GPtrArray *events, RunVerdict *run)
{
    const Action *idle = NULL;
    for (guint i = 0; i < plan->timeline->actions->len; i++) {
        const Action *action = g_ptr_array_index(plan->timeline->actions, i);
        VerbFault fault = plan_verb_fault(action->verb);
        if (fault == VERB_FAULT_NONE || action->given) {
            continue;
        }
        bool effective = false;
        for (guint j = 0; j < events->len && !effective; j++) {
            const Event *event = event_at(events, j);
            effective = event->kind == EVENT_FAULT_TOOK_EFFECT &&
                        event_integer(event, "action", 0) == action->number;
        }
        run->asked[fault]++;
        run->effective[fault] += effective ? 1 : 0;
        bool counts = action->number >= plan->imposed;
        idle = effective || idle != NULL || !counts ? idle : action;
    }
    return idle;
}

static void claim_verdict_free(void *claim)
{
    g_free(((ClaimVerdict *)claim)->reason);
    g_free(claim);
}

/* A run that has no end was not recorded to its end. What is put away at that instant may follow
 * it. */
static bool is_whole(const GPtrArray *events)
{
    for (guint i = events->len; i-- > 0;) {
        if (event_at(events, i)->kind == EVENT_RUN_ENDED) {
            return true;
        }
        if (event_at(events, i)->at != run_end(events)) {
            return false;
        }
    }
    return false;
}

RunVerdict *verdict_judge(const Plan *plan, const GPtrArray *events)
{
    RunVerdict *run = g_new0(RunVerdict, 1);
    run->claims = g_ptr_array_new_with_free_func(claim_verdict_free);
    for (guint i = 0; i < plan->claims->len; i++) {
        const Claim *claim = g_ptr_array_index(plan->claims, i);
        ClaimVerdict *verdict = judge_claim(plan, claim, events);
        g_ptr_array_add(run->claims, verdict);
        if (verdict->verdict > run->verdict) {
            run->verdict = verdict->verdict;
            g_free(run->reason);
            run->reason = g_strdup_printf("%s: %s", claim->sentence, verdict->reason);
        }
    }
    const Action *idle = count_faults(plan, events, run);
    if (run->verdict < VERDICT_INCONCLUSIVE && (idle != NULL || !is_whole(events))) { /* J4 */
        run->verdict = VERDICT_INCONCLUSIVE;
        run->reason = idle == NULL ? g_strdup("the evidence has no end")
                                   : g_strdup_printf("the fault %s (line %d) never took effect",
                                                     plan_verb_name(idle->verb), idle->place.line);
    }
    return run;
}

void verdict_run_free(RunVerdict *verdict)
{
    if (verdict != NULL) {
        g_free(verdict->reason);
        g_ptr_array_unref(verdict->claims);
        g_free(verdict);
    }
}
