/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A crash sweep: every state a loss of power can leave during a scenario, each distinct one booted.
 *
 * N operations of the clean run give M points (operation and tear); many leave the same memories,
 * so there are D distinct states, and D boots. With depth 2 the operations of those boots are torn
 * in their turn, after all of depth 1, so that the first failure found has the fewest faults.
 *
 * Beside the boots, always, shares of them are made again and compared (R), made live to the end of
 * the scenario (L), and made the long way from the very start by a real cut (E). A difference in R
 * or E is an error of the lab.
 *
 * Every finished run is a line of sweeps/SCENARIO.jsonl in the output folder before anybody hears
 * of it (crash_worker.h); `resume` takes from there what the same binaries have found before for
 * the same plan. At the end SCENARIO.atlas.jsonl has one line per operation: each tear, its
 * outcome, and the id of the run that shows it; SCENARIO.atlas.html draws it.
 *
 * A shard takes those states whose digest says so, and the second losses that follow from them.
 * The lines of all shards together are those of the whole, so `only_past` works the whole out
 * from them without a boot.
 *
 * The result does not depend on the number of jobs. Memory: about 200 bytes per distinct state.
 */

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

#include "sim/crash_worker.h"

typedef struct CrashSweepProgress {
    const char *phase; /* "boot", "again", "live", "long way" */
    uint32_t done;
    uint32_t planned;
    uint32_t bad;
    int64_t wall_us;
} CrashSweepProgress;

typedef struct CrashSweepSettings {
    const char *scenario;
    const Sweep *sweep; /* whose window is taken; NULL: the scenario's own, or the whole run */
    const char *defect; /* or NULL */
    uint64_t seed;
    unsigned jobs;
    unsigned depth;  /* 1 or 2 */
    bool every_unit; /* of erases, too */
    unsigned draws;
    unsigned fail_max; /* 0: never stop for that */
    bool only_journal; /* only operations in the boot journal */
    bool samples;      /* R, L and E */
    bool resume;
    bool only_past;  /* with `resume`: make no run, and count what is missing as stopped */
    unsigned shard;  /* from 1 */
    unsigned shards; /* 1: everything */
    const char *out; /* NULL: nothing is kept */
    const volatile sig_atomic_t *interrupts; /* 1: finish what runs; 2: stop now */
    void (*progress)(const CrashSweepProgress *progress, void *user_data); /* or NULL */
    void *user_data;
} CrashSweepSettings;

typedef struct CrashSweepResult {
    SweepingCrash *summary;
    RunResult *clean; /* of the clean run */
    GPtrArray *bad;   /* of RunResult, the first of those that are not PASS */
    uint32_t resumed; /* runs taken from an earlier execution */
    uint32_t made;    /* runs made now */
    uint32_t booted;  /* of those, boots */
    int64_t boots_us; /* wall time of these */
} CrashSweepResult;

/* Runs it all. NULL if something the user gave is wrong. */
CrashSweepResult *crash_sweep_run(Lab *lab, const CrashSweepSettings *settings,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;
void crash_sweep_result_free(CrashSweepResult *result);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CrashSweepResult, crash_sweep_result_free)

/* Whether the engine can sweep the scenario. */
bool crash_sweep_fits(const Scenario *scenario);

/* The file of a sweep's results below an output folder; the caller's. */
char *crash_sweep_file(const char *out, const char *scenario, const char *defect,
                       const char *suffix);
