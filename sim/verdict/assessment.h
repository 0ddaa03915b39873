/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The assessment: the results of many runs, rolled up to test cases, provisions and one word.
 *
 * A claim counts for the provisions and test cases it says it proves. What proves a provision
 * counts for the provision's functional (and mixed) test cases; a conceptual one asks whether the
 * documents are right, which no run can say, so it stays open until the supplier's dossier is
 * judged. A provision's verdict joins all claims about it, in all runs; a provision nobody claimed
 * about is a *gap*, shown as one.
 *
 * Two words at the end, kept apart: `judged`, the join of every run, from which the exit code
 * comes; and `complete`, whether nothing is open. As long as it is not, the assessment as TS 103
 * 701 means it is INCONCLUSIVE, whatever has been judged.
 *
 * The Assessment owns its summaries and results; the catalogue is the caller's and outlives it.
 */

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

#include "sim/verdict/catalogue.h"
#include "sim/verdict/result.h"
#include "sim/verdict/sweeping.h"

/* A claim of a scenario, for reports. */
typedef struct ClaimSummary {
    uint32_t number;
    bool standing;
    char *sentence;
    char **proves;
    int line;
} ClaimSummary;

/* A scenario that was run, with what its runs came to. */
typedef struct ScenarioSummary {
    char *id;
    char *title;
    char *file;
    GPtrArray *claims;   /* of ClaimSummary */
    uint64_t operations; /* points the reference run gave; 0 when nothing is swept */
    /* Rolled up: */
    uint32_t runs;
    uint32_t counts[VERDICTS];
    Verdict verdict;
    uint32_t asked[VERB_FAULTS];
    uint32_t effective[VERB_FAULTS];
} ScenarioSummary;

typedef struct CaseVerdict {
    const TestCase *test_case;
    bool judged;
    Verdict verdict;
} CaseVerdict;

typedef struct ProvisionVerdict {
    const Provision *provision;
    bool judged; /* false: a gap */
    Verdict verdict;
    uint32_t runs;
    uint32_t fault_runs[VERB_FAULTS]; /* runs in which a fault of the class took effect */
    Verdict fault_verdicts[VERB_FAULTS];
    GPtrArray *cases;       /* of CaseVerdict */
    const RunResult *worst; /* the first run at `verdict`, if that is not PASS */
    const char *reason;     /* there */
    GPtrArray *scenarios;   /* of const ScenarioSummary, those with claims about it */
} ProvisionVerdict;

typedef struct Assessment {
    const Catalogue *catalogue;
    char *version; /* of lockstep */
    char *lab;     /* digest of the binaries that made the runs; NULL if unknown */
    char *plan_id; /* over all plan ids, in order */
    char *seed;    /* what was asked for; "scenario" when each has its own */
    char *defect;  /* or NULL */
    char *shard;   /* "M/N", or NULL when it is about everything */
    bool interrupted;
    GPtrArray *crashes;   /* of SweepingCrash */
    GPtrArray *canaries;  /* of SweepingCanary */
    GPtrArray *scenarios; /* of ScenarioSummary, in the order run */
    GPtrArray *runs;      /* of RunResult, in the order planned */
    /* Rolled up: */
    GPtrArray *provisions; /* of ProvisionVerdict, in the order of the catalogue */
    uint32_t counts[VERDICTS];
    uint32_t asked;
    uint32_t effective;
    uint32_t repeated; /* runs made twice, with the same evidence; a difference is an ERROR */
    uint32_t provisions_judged;
    Verdict judged;
    bool complete;
} Assessment;

Assessment *assessment_new(const Catalogue *catalogue, const char *version);
void assessment_free(Assessment *assessment);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Assessment, assessment_free)

/* Adds a scenario, its claims taken from one of its plans. */
ScenarioSummary *assessment_add_scenario(Assessment *assessment, const Plan *plan,
                                         const char *title, const char *file);

/* Rolls up everything, afresh. */
void assessment_roll_up(Assessment *assessment);

/* Appends everything of `take_other`, made with the same lab, and rolls up. */
void assessment_join(Assessment *assessment, Assessment *take_other);

/* The summary of a run's scenario, and of one of its claims; NULL if unknown. */
const ScenarioSummary *assessment_scenario(const Assessment *assessment, const char *id);
const ClaimSummary *assessment_claim(const ScenarioSummary *scenario, uint32_t number);

/* The stored form, verdict.json. */
char *assessment_to_json(const Assessment *assessment);

/* Reads it back and rolls up afresh with `catalogue`. */
Assessment *assessment_from_json(const Catalogue *catalogue, const char *path,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;
