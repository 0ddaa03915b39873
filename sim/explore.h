/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Exploring: drawn stories of faults (sim/scenario/schedule.h), as many as there is time for.
 *
 * Runs are made in rounds. A round is a fixed number of schedules, chosen before any of them
 * runs: fresh ones, and mutations of *parents*, schedules that showed something no run before
 * them had. What counts as something is seen without touching the firmware: control-flow edges,
 * which the machine marks as it executes; and in the evidence kinds of events with their words,
 * which pairs of them follow each other, sequences of the boot journal, outcomes of sessions,
 * progress and status codes. Since a round depends only on the rounds before it, equal seeds
 * explore the same schedules in the same order, whatever the number of jobs and the time; time
 * only says after which round to stop.
 *
 * Every campaign first looks for a canary: firmware with a seeded defect that drives the bolt at
 * every start. A campaign that does not catch it is an ERROR, for then its PASSes mean nothing.
 * One run in EXPLORE_AGAIN is made twice, and a different digest, or other edges, is an ERROR, too.
 *
 * What the user gave wrongly is an error of LAB_ERROR.
 */

#include <signal.h>

#include <glib.h>

#include "sim/lab.h"

#define EXPLORE_CANARY      "locks-itself-at-start"
#define EXPLORE_CANARY_RUNS 60
#define EXPLORE_ROUND       16
#define EXPLORE_AGAIN       16

typedef struct ExploreSettings {
    uint64_t seed;
    const char *defect; /* explore this firmware instead of the compliant one; or NULL */
    const char *out;    /* bundles and scenarios of what fails, and the ledger */
    bool resume;        /* take the results an earlier execution with this `out` has left */
    unsigned jobs;
    unsigned runs_max;         /* 0: no limit */
    unsigned fail_max;         /* 0: no limit; failures of one reason count once */
    int64_t wall_us;           /* 0: no limit */
    int64_t (*clock_us)(void); /* the clock on the wall, for the limit and the report only */
    const volatile sig_atomic_t *interrupts;
} ExploreSettings;

typedef struct ExploreReport {
    unsigned runs; /* without those made again and the canary's */
    unsigned counts[VERDICTS];
    unsigned idle;     /* of those INCONCLUSIVE, runs in which only a fault never met its moment */
    unsigned fresh;    /* schedules drawn from nothing; the others are mutations */
    unsigned parents;  /* schedules that showed something new */
    unsigned features; /* different things seen in the evidence */
    unsigned edges;    /* different control-flow edges executed */
    unsigned edge_parents; /* of the parents, those that showed new edges and nothing else new */
    unsigned again;        /* runs made twice */
    unsigned differences;  /* of those, how many digests were not the same */
    unsigned canary_runs;  /* until it was caught */
    char *canary;          /* the run that caught it, or NULL */
    GPtrArray *failures;   /* of RunResult: the first of each reason */
    int64_t wall_us;
    Verdict verdict;
    char *reason; /* of an ERROR */
} ExploreReport;

typedef struct ExploreListener {
    /* A schedule has run; `text` is its scenario. `first`: it fails for a reason not seen before.
     */
    void (*finished)(const RunResult *result, const char *text, bool first, void *user_data);
    /* A round is over. */
    void (*round)(const ExploreReport *report, void *user_data);
    void *user_data;
} ExploreListener;

/* Explores. */
ExploreReport *explore_run(Lab *lab, const ExploreSettings *settings,
                           const ExploreListener *listener,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

void explore_report_free(ExploreReport *report);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ExploreReport, explore_report_free)

/* The things that events show, as numbers; an array of uint32_t, sorted, each once. */
GArray *explore_features(const GPtrArray *events);
