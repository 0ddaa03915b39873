/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The part of a scenario that says what is done.
 */

#include "sim/scenario/parts.h"

/* Reads `when`, the steps, of which at most one may be swept. Needs the devices. */
bool steps_parse(Scenario *scenario, const TreeNode *when,
                 GError **error) G_GNUC_WARN_UNUSED_RESULT;
