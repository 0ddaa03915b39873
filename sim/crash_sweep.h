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
 * Every boot's result is a line of sweeps/SCENARIO.jsonl in the output folder, written before
 * anybody hears of it and synchronised every second; `resume` takes from there what the same
 * binaries and settings have found before. Beside it SCENARIO.atlas.jsonl has one line per
 * operation: each tear, its outcome, and the id of the run that shows it; SCENARIO.atlas.html draws
 * it.
 *
 * The result does not depend on the number of jobs. Memory: about 150 bytes per distinct state.
 */

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

#include "sim/crash_worker.h"

typedef struct CrashSweepProgress {
    const char *phase; /* "boot", "recovery", "again", "live", "long way" */
    uint32_t done;
    uint32_t planned;
    uint32_t bad;
    int64_t wall_us;
} CrashSweepProgress;

typedef struct CrashSweepSettings {
    const char *scenario;
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
    const char *out; /* NULL: nothing is kept */
    const volatile sig_atomic_t *interrupts;
    void (*progress)(const CrashSweepProgress *progress, void *user_data); /* or NULL */
    void *user_data;
} CrashSweepSettings;

typedef struct CrashSweepLevel {
    uint32_t operations; /* that could be torn */
    uint64_t points;     /* asked for */
    uint64_t effective;  /* of those, how many changed a bit of an operation */
    uint32_t distinct;
    uint32_t booted;
} CrashSweepLevel;

typedef struct CrashSweepResult {
    CrashSweepLevel levels[CRASH_DEPTH_MAX];
    uint32_t outcomes[CRASH_OUTCOMES];
    uint32_t verdicts[VERDICTS];
    uint32_t again;
    uint32_t again_different;
    uint32_t live;
    uint32_t live_bad;
    uint32_t long_way;
    uint32_t long_way_different;
    uint32_t resumed; /* boots taken from an earlier execution */
    bool interrupted;
    Verdict verdict;
    char *note;       /* what was wrong with the lab, or NULL */
    GPtrArray *bad;   /* of RunResult, the first of those that are not PASS */
    int64_t boots_us; /* wall time of the boots */
} CrashSweepResult;

/* Runs it all. NULL if something the user gave is wrong. */
CrashSweepResult *crash_sweep_run(Lab *lab, const CrashSweepSettings *settings,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;
void crash_sweep_result_free(CrashSweepResult *result);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CrashSweepResult, crash_sweep_result_free)

/* Whether the engine can sweep the scenario. */
bool crash_sweep_fits(const Scenario *scenario);

/* The result in a few lines for people. */
char *crash_sweep_text(const CrashSweepResult *result);
