/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Reading the pieces that scenarios and stored plans have in common: patterns and arguments.
 *
 * A pattern is a kind of event, or a mapping:
 *
 *     update.confirmed
 *     { event: boot.slot_started, source: lock2, where: { version: [1.0.0, 1.1.0], signed: true } }
 *
 * What is returned belongs to the caller; failures are errors at the place in the file.
 */

#include <glib.h>

#include "sim/base/tree.h"
#include "sim/scenario/plan.h"

/* Reads a pattern. */
Pattern *reading_pattern(const TreeNode *node, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Adds the fields of a `where` mapping to a pattern. */
bool reading_where(const TreeNode *node, Pattern *pattern,
                   GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Reads the arguments of `action`'s verb from a mapping (or nothing), filling in defaults. */
bool reading_arguments(const TreeNode *node, Action *action,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Gives `action` the defaults of its verb's arguments. */
void reading_set_defaults(Action *action);

/* Gives `action` the argument `key` as if the scenario had said `text`, which must be right. */
void reading_set_argument(Action *action, const char *key, const char *text);

/* A name made of letters, digits and . _ + -, at most 64 of them. */
bool reading_name(const TreeNode *node, const char **ret_name,
                  GError **error) G_GNUC_WARN_UNUSED_RESULT;
