/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A pattern: which events are meant. A kind, perhaps a source, perhaps values of fields.
 *
 * Triggers of the timeline and claims of the judge are both made of patterns, so both understand
 * "update.confirmed where version is 1.1.0" alike. A field matches when its text (integers in
 * decimal, truths as true or false) equals one of the values accepted; a field the event does not
 * carry matches nothing.
 *
 * A Pattern owns all it points to.
 */

#include <stdbool.h>

#include <glib.h>

#include "sim/base/canon.h"
#include "sim/evidence/event.h"

/* One field and the values that are accepted for it. */
typedef struct PatternField {
    char *key;
    char **accepted; /* ends with NULL */
} PatternField;

typedef struct Pattern {
    EventKind kind;
    char *source;     /* NULL: any */
    GPtrArray *where; /* of PatternField, sorted by key */
} Pattern;

Pattern *pattern_new(EventKind kind);
void pattern_free(Pattern *pattern);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Pattern, pattern_free)

Pattern *pattern_copy(const Pattern *pattern);

/* Accepts only events whose field `key` has one of the values `accepted` (copied). */
void pattern_add(Pattern *pattern, const char *key, char *const *accepted);

bool pattern_matches(const Pattern *pattern, const Event *event);

/* The pattern in words: "update.confirmed where version is 1.0.0 or 1.1.0". */
char *pattern_print(const Pattern *pattern);

/* Writes the pattern as a JSON object, or null for NULL. */
void pattern_write(const Pattern *pattern, Canon *canon);
