/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * From flags and scenarios to an assessment: the canaries first, then the runs, and what is told
 * of them meanwhile.
 *
 * There are two ways to make runs: a campaign, which makes any, and the engine of crash states.
 * Either gives an assessment, rolled up, that the other's may join. NULL if a flag or something
 * else the user gave is wrong.
 */

#include "sim/commands/command.h"
#include "sim/verdict/assessment.h"

/*
 * A campaign over `scenarios`, ids or files that end with NULL; only over those that sweep
 * something with `sweeps_only`, and over `imposed`, if that is not NULL, in place of what they do.
 */
Assessment *assess_campaign(Lab *lab, Options *options, char *const *scenarios, bool sweeps_only,
                            const Sweep *imposed, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/*
 * The crash states of each of `scenarios`, of Scenario, in the window of `imposed` or, if that is
 * NULL, of the scenario itself; `only_past` works them out from what stands in the output folder.
 */
Assessment *assess_crashes(Lab *lab, Options *options, const GPtrArray *scenarios,
                           const Sweep *imposed, bool only_past,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;
