/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Canaries: seeded defects that a campaign must find before anybody believes that there are none.
 *
 * Each axis that can be swept has one, which shows itself at some points of a sweep only, never in
 * the run without a point. It is looked for by the same engine, with the same workers, as what
 * follows; its evidence goes below `canary` in the output folder, and what has been found there is
 * found again with `resume`.
 */

#include <signal.h>
#include <stdbool.h>

#include "sim/lab.h"
#include "sim/scenario/sweep.h"
#include "sim/verdict/sweeping.h"

typedef struct CanarySettings {
    unsigned jobs;
    bool resume;
    const char *out;
    const char *version;
    const volatile sig_atomic_t *interrupts;
} CanarySettings;

/* Looks for the canary of an axis as a campaign does. Not caught has a reason, also of the lab. */
SweepingCanary *canary_try(Lab *lab, SweepAxis axis, const CanarySettings *settings);

/* Looks for the canary of crash states as a crash sweep does. */
SweepingCanary *canary_try_crash(Lab *lab, const CanarySettings *settings);
