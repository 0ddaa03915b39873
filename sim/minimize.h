/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Minimizing: from a run that fails to the shortest scenario that still fails for the same reason.
 *
 * The run is made explicit first: a swept point becomes a cut at its operation or instruction.
 * Then whatever can go goes, claims, steps, links, peers; what stays is made rounder and smaller.
 * Every candidate is written as YAML, read back, planned, run and judged; nothing is assumed.
 * *The same reason* is: the same claim is FAIL, with the same words apart from numbers, citing
 * the same kinds of events.
 *
 * Equal runs give equal results: the order of candidates is fixed and nothing is drawn.
 *
 * What is no failing run is an error of LAB_ERROR.
 */

#include <signal.h>

#include <glib.h>

#include "sim/lab.h"

#define MINIMIZE_RUNS_DEFAULT 1000

typedef struct MinimizeSettings {
    const char *defect;                      /* for a `what` that does not say one; or NULL */
    const char *out;                         /* results go to OUT/minimized */
    unsigned runs_max;                       /* 0: MINIMIZE_RUNS_DEFAULT */
    const volatile sig_atomic_t *interrupts; /* any: keep what there is so far */
} MinimizeSettings;

typedef struct MinimizeResult {
    char *run_id; /* that was minimized */
    char *path;   /* of the scenario written */
    char *text;   /* what is in it */
    char *defect; /* or NULL */
    char *claim;  /* the sentence that fails */
    char *reason; /* why, in the minimized scenario */
    unsigned runs;
    unsigned steps_before;
    unsigned steps_after;
    unsigned claims_before;
    unsigned claims_after;
    bool finished; /* false: stopped by a limit or an interrupt before nothing more could go */
} MinimizeResult;

/* Something has become shorter: so many steps and claims are left after so many runs. */
typedef void (*MinimizeListener)(unsigned runs, unsigned steps, unsigned claims, void *user_data);

/* Minimizes `what`: a run id, the file of a scenario, or the folder of a bundle. */
MinimizeResult *minimize_run(Lab *lab, const char *what, const MinimizeSettings *settings,
                             MinimizeListener listener, void *user_data,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;

void minimize_result_free(MinimizeResult *result);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MinimizeResult, minimize_result_free)
