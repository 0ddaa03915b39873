/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Branches: the runs of a sweep, each begun where it parts from the others.
 *
 * The runs of one sweep are the same run up to their points. So one of them, the trunk, is run with
 * a point that never comes, and at the turn before each real point this process forks: the new one
 * goes on as that run and judges it, the old one has the machine restored and goes on to the next.
 * Which turn that is, a run made once before (the scout) has noted.
 *
 * A run made so has the same evidence, to the bit, as one made from the start; a campaign makes a
 * share of its runs both ways and compares.
 *
 * It can fail for reasons that say nothing about the runs: no memory for a process, a point that
 * comes while the device has no power. Runs are then left without a result, to be made from the
 * start.
 */

#include <stdbool.h>

#include <glib.h>

#include "sim/lab.h"

typedef struct Branches Branches;

/* One run that is wanted. */
typedef struct BranchRun {
    const char *run_id;
    LabKeep keep;
    RunResult *result; /* the caller's when it is there; NULL: to be made from the start */
} BranchRun;

/* Called when a run has its result; false: no more are wanted. */
typedef bool (*BranchesTake)(BranchRun *run, void *user_data);

/* `lab` is the caller's and stays. */
Branches *branches_new(Lab *lab);
void branches_free(Branches *branches);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Branches, branches_free)

/*
 * Makes the `runs`, points of one sweep, in the order of their points. True if all have a result.
 * Bundles go to `out` as with lab_execute. It forks: the caller has one thread.
 */
bool branches_make(Branches *branches, BranchRun *runs, guint count, const char *out,
                   BranchesTake take, void *user_data);
