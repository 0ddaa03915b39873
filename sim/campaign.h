/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A campaign: many runs, by several workers, to one assessment.
 *
 * Scenarios give jobs. One without a sweep is one job; one with a sweep is a reference run, whose
 * evidence then gives a job for each point. Results come in any order and are put in the order of
 * the plan, so the assessment does not depend on the number of workers. Each result is also a line
 * of results.jsonl in the output folder before anybody hears of it (ledger.h): what has finished is
 * never lost, and `resume` takes it from there. When all is done the lines stand in the order of
 * the plan.
 *
 * A `sweep` is imposed on every scenario, in place of its own. With a `second` axis, each point
 * that was PASS is run once more to see what the device does after the fault, which gives jobs with
 * two faults. They come after all jobs with one, so the first failure found has the fewest faults.
 *
 * The campaign prints nothing; a listener is told what happens. It stops early when asked by
 * `interrupts`, or after `fail_max` runs that were not PASS; what has finished then stays valid.
 */

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

#include "sim/lab.h"
#include "sim/verdict/assessment.h"

typedef struct CampaignSettings {
    char *const *scenarios; /* ids or files, ending with NULL */
    const char *defect;     /* or NULL */
    bool has_seed;
    uint64_t seed;
    unsigned jobs;
    unsigned fail_max;     /* 0: never stop for that */
    bool sweeps_only;      /* leave out scenarios that sweep nothing */
    const Sweep *sweep;    /* imposed, its `target` apart; or NULL */
    SweepAxis second;      /* SWEEP_NONE: one fault a run */
    uint32_t second_count; /* second faults drawn for each first one */
    bool every_torn;
    bool keep_all; /* bundles of passing sweep points, too */
    bool resume;
    unsigned shard;  /* from 1 */
    unsigned shards; /* 1: everything */
    const char *out; /* output folder */
    const char *version;
    const volatile sig_atomic_t *interrupts; /* 1: finish what runs; 2: stop now */
} CampaignSettings;

/* How far a campaign is. */
typedef struct CampaignProgress {
    uint32_t done;
    uint32_t planned; /* grows when a reference run has given its points */
    uint32_t counts[VERDICTS];
    unsigned running;
    int64_t wall_us;     /* since it began */
    const char *current; /* a run under way */
} CampaignProgress;

typedef struct CampaignListener {
    /* The plans are made; nothing has run yet. */
    void (*planned)(const char *plan_id, uint32_t scenarios, uint32_t jobs, void *user_data);
    /* A run has finished. */
    void (*finished)(const RunResult *result, const CampaignProgress *progress, void *user_data);
    /* All runs of a scenario have finished. */
    void (*scenario)(const char *id, const uint32_t counts[VERDICTS], int64_t wall_us,
                     void *user_data);
    /* Nothing has happened for a while. */
    void (*waiting)(const CampaignProgress *progress, void *user_data);
    void *user_data;
} CampaignListener;

/* Runs it all. Returns the assessment, rolled up; NULL if something the user gave is wrong. */
Assessment *campaign_run(Lab *lab, const CampaignSettings *settings,
                         const CampaignListener *listener,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

/*
 * Writes the results of an assessment as a campaign that has come to its end does, in place of what
 * stands there; `shards` are the folders, ending with NULL, its runs came from.
 */
bool campaign_write_results(const Assessment *assessment, char *const *shards, const char *out,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;
