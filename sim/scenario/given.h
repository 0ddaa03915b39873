/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The part of a scenario that says how the world begins. Read before everything else: what follows
 * names devices and links.
 */

#include "sim/scenario/parts.h"

/* Reads `given`; links and peers become actions. */
bool given_parse(Scenario *scenario, const TreeNode *given,
                 GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Whether a device of that name is among those given. */
bool given_has_device(const Scenario *scenario, const char *name);

/* The first device: what steps are about unless they say otherwise. */
const char *given_first_device(const Scenario *scenario);

/* Refuses, at `place`, a link that is neither the uplink nor a device's own cable. */
bool given_check_link(const Scenario *scenario, const TreeNode *place, const char *link,
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;
