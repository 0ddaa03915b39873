/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A schedule: a whole story of faults drawn from a seed, as the text of a scenario.
 *
 * Its id says all there is to know: `explore/S-N` is the N-th fresh one of seed S, and
 * `explore/S-N.M.K` is that one changed by the mutations numbered M and then K. The text is a
 * pure function of the id, so any schedule can be had again from its name alone, whatever led to
 * it.
 *
 * Each draws a handful of features first (a swarm): most schedules have no damaged flash at all,
 * some have little else. The story has two phases. While faults last, what must never happen must
 * not happen. Then everything is mended, a fresh release is offered, and within a bounded time
 * the lock must run it, confirmed, say so, and open to its PIN. Where a fault may rightly end a
 * lock's life (an old copy of the flash written back, an image damaged in its slot) the second
 * phase claims nothing.
 */

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

/* Whether `id` is the name of a schedule. */
bool schedule_is_id(const char *id);

/* The scenario of that name; the caller's. */
char *schedule_text(const char *id);

/* The name of the fresh schedule `number` of `seed`, and of the mutation `mutation` of `parent`. */
char *schedule_fresh_id(uint64_t seed, uint64_t number);
char *schedule_mutated_id(const char *parent, uint64_t mutation);

/* How many mutations lie behind a name. */
unsigned schedule_depth(const char *id);

#define SCHEDULE_DEPTH_MAX 6
