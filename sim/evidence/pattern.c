/* SPDX-License-Identifier: MIT */

#include "sim/evidence/pattern.h"

#include <string.h>

static void field_free(void *field)
{
    PatternField *at = field;
    g_free(at->key);
    g_strfreev(at->accepted);
    g_free(at);
}

Pattern *pattern_new(EventKind kind)
{
    Pattern *pattern = g_new0(Pattern, 1);
    pattern->kind = kind;
    pattern->where = g_ptr_array_new_with_free_func(field_free);
    return pattern;
}

void pattern_free(Pattern *pattern)
{
    if (pattern == NULL) {
        return;
    }
    g_free(pattern->source);
    g_ptr_array_unref(pattern->where);
    g_free(pattern);
}

Pattern *pattern_copy(const Pattern *pattern)
{
    if (pattern == NULL) {
        return NULL;
    }
    Pattern *copy = pattern_new(pattern->kind);
    copy->source = g_strdup(pattern->source);
    for (guint i = 0; i < pattern->where->len; i++) {
        const PatternField *field = g_ptr_array_index(pattern->where, i);
        pattern_add(copy, field->key, field->accepted);
    }
    return copy;
}

static int by_key(const void *a, const void *b)
{
    const PatternField *const *first = a;
    const PatternField *const *second = b;
    return strcmp((*first)->key, (*second)->key);
}

void pattern_add(Pattern *pattern, const char *key, char *const *accepted)
{
    PatternField *field = g_new0(PatternField, 1);
    field->key = g_strdup(key);
    field->accepted = g_strdupv((char **)accepted);
    g_ptr_array_add(pattern->where, field);
    g_ptr_array_sort(pattern->where, by_key);
}

static bool field_matches(const PatternField *wanted, const Event *event)
{
    const EventField *field = event_field(event, wanted->key);
    if (field == NULL) {
        return false;
    }
    char digits[24];
    const char *text = field->text;
    if (field->kind == EVENT_VALUE_TRUTH) {
        text = field->integer != 0 ? "true" : "false";
    } else if (field->kind == EVENT_VALUE_INTEGER) {
        g_snprintf(digits, sizeof digits, "%" G_GINT64_FORMAT, field->integer);
        text = digits;
    }
    return g_strv_contains((const char *const *)wanted->accepted, text);
}

bool pattern_matches(const Pattern *pattern, const Event *event)
{
    if (pattern->kind != event->kind ||
        (pattern->source != NULL && strcmp(pattern->source, event->source) != 0)) {
        return false;
    }
    for (guint i = 0; i < pattern->where->len; i++) {
        if (!field_matches(g_ptr_array_index(pattern->where, i), event)) {
            return false;
        }
    }
    return true;
}

char *pattern_print(const Pattern *pattern)
{
    GString *words = g_string_new(event_kind_name(pattern->kind));
    if (pattern->source != NULL) {
        g_string_append_printf(words, " of %s", pattern->source);
    }
    for (guint i = 0; i < pattern->where->len; i++) {
        const PatternField *field = g_ptr_array_index(pattern->where, i);
        g_autofree char *values = g_strjoinv(" or ", field->accepted);
        g_string_append_printf(words, " %s %s is %s", i == 0 ? "where" : "and", field->key, values);
    }
    return g_string_free(words, FALSE);
}

void pattern_write(const Pattern *pattern, Canon *canon)
{
    if (pattern == NULL) {
        canon_text(canon, NULL);
        return;
    }
    canon_begin_object(canon);
    canon_member_text(canon, "event", event_kind_name(pattern->kind));
    if (pattern->source != NULL) {
        canon_member_text(canon, "source", pattern->source);
    }
    if (pattern->where->len > 0) {
        canon_key(canon, "where");
        canon_begin_object(canon);
        for (guint i = 0; i < pattern->where->len; i++) {
            const PatternField *field = g_ptr_array_index(pattern->where, i);
            canon_member_texts(canon, field->key, field->accepted);
        }
        canon_end_object(canon);
    }
    canon_end_object(canon);
}
