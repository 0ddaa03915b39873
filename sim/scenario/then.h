/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The part of a scenario that says what is claimed.
 */

#include "sim/scenario/parts.h"

/* Reads `then`, the claims. */
bool then_parse(Scenario *scenario, const TreeNode *then, GError **error) G_GNUC_WARN_UNUSED_RESULT;
