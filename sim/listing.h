/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What there is, in rows, and what it means, in words: `lockstep list` and `lockstep explain`.
 *
 * A list is one row each, or with `json` a JSON array with one object a line. Texts are the
 * caller's.
 */

#include <stdbool.h>

#include <glib.h>

#include "sim/lab.h"

/* "provisions", "scenarios" or "defects". */
char *listing_text(Lab *lab, const char *what, bool json, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* A provision, a test case, a scenario, a run id, a defect, or verbs, events, invariants,
 * exit-codes. */
char *listing_explain(Lab *lab, const char *what, GError **error) G_GNUC_WARN_UNUSED_RESULT;
