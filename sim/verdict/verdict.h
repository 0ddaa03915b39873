/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The judge: claims and evidence in, a verdict out, and nothing else touched.
 *
 * Verdicts form a lattice, PASS < INCONCLUSIVE < FAIL < ERROR, joined by the greater; a verdict
 * never improves. FAIL cites the events that show it. INCONCLUSIVE is when the evidence decides
 * neither, and says what was missing: the moment claimed about never came, the run ended inside the
 * window, or a fault that was asked for never took effect. ERROR is the lab's and never comes from
 * here.
 *
 * The same plan and events always give the same verdict, now or years later from a bundle.
 */

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

#include "sim/base/vtime.h"
#include "sim/scenario/plan.h"

typedef enum Verdict {
    VERDICT_PASS,
    VERDICT_INCONCLUSIVE,
    VERDICT_FAIL,
    VERDICT_ERROR,
    VERDICTS
} Verdict;

/* The greater of the two. */
Verdict verdict_join(Verdict a, Verdict b);

/* "PASS" and so on. */
const char *verdict_name(Verdict verdict);
bool verdict_parse(const char *name, Verdict *ret_verdict);

#define VERDICT_CITES_MAX 8

/* What became of one claim. Filled by the evaluators. */
typedef struct ClaimVerdict {
    uint32_t number; /* of the claim */
    Verdict verdict;
    uint32_t occasions;                /* how often there was something to judge */
    char *reason;                      /* of the first thing that was not PASS; NULL for PASS */
    uint64_t cites[VERDICT_CITES_MAX]; /* event numbers */
    uint32_t cite_count;
} ClaimVerdict;

/* Lowers a claim to `verdict` at least; the reason and cites of the first at that level stay. */
void verdict_lower(ClaimVerdict *claim, Verdict verdict, const uint64_t *cites, size_t cite_count,
                   const char *format, ...) G_GNUC_PRINTF(5, 6);

/* What became of a run. */
typedef struct RunVerdict {
    Verdict verdict;
    char *reason;      /* of the first claim at that level, or of the faults; NULL for PASS */
    GPtrArray *claims; /* of ClaimVerdict, one per claim of the plan */
    uint32_t asked[VERB_FAULTS];     /* faults, by class */
    uint32_t effective[VERB_FAULTS]; /* of those, how many took effect */
} RunVerdict;

/* Judges one run. `events` are those of the run, whole and in order. */
RunVerdict *verdict_judge(const Plan *plan, const GPtrArray *events);

void verdict_run_free(RunVerdict *verdict);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RunVerdict, verdict_run_free)
