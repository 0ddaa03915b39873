/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The shards of a campaign, put together to what the campaign would have come to without them.
 *
 * Shard M of N has every N-th point of each sweep and every N-th scenario that sweeps nothing, and
 * each reference run; so points are dealt back in turns, and reference runs must agree. Sweeps of
 * crash states are left out, with their scenarios: they are worked out again from their ledgers.
 *
 * What does not belong together (another build, another selection), what was stopped, and a shard
 * that is missing or there twice are errors of TREE_ERROR.
 */

#include <glib.h>

#include "sim/verdict/assessment.h"

/*
 * Joins `shards`, an array of Assessment, one per shard. Their runs and summaries are taken, the
 * rest stays the caller's. The result is rolled up.
 */
Assessment *shards_merge(GPtrArray *shards, GError **error) G_GNUC_WARN_UNUSED_RESULT;
