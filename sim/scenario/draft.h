/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A draft: a plan turned back into the YAML of a scenario.
 *
 * The text says everything the plan says and nothing that is a default: a swept point has become
 * an explicit fault, given actions are `links` and `peers` again, standing invariants the plan does
 * not claim are waived. Parsing and planning the text gives the same timeline and the
 * same claims. Steps are written one to a line, so that the story can be read as a list.
 *
 * The caller owns the text. Writing cannot fail.
 */

#include "sim/scenario/plan.h"

/* Writes `plan` as the scenario `id`; each line of `title` becomes a comment at the top. */
char *draft_text(const Plan *plan, const char *id, const char *title);
