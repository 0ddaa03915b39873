/* SPDX-License-Identifier: MIT */

/*
 * A stack of open containers; each holds its finished members. Closing an object sorts them.
 *
 * C1  A value is written into an array, or into an object right after a key, or once at the top.
 * C2  Members of an object differ in their keys.
 */

#include "sim/base/canon.h"

#include <string.h>

typedef struct Member {
    char *key; /* NULL in an array */
    char *json;
} Member;

typedef struct Open {
    bool object;
    char *key; /* awaiting its value */
    GArray *members;
} Open;

struct Canon {
    GArray *stack; /* of Open */
    char *finished;
};

static void member_clear(void *member)
{
    Member *at = member;
    g_free(at->key);
    g_free(at->json);
}

static void open_clear(void *open)
{
    Open *at = open;
    g_free(at->key);
    g_array_unref(at->members);
}

Canon *canon_new(void)
{
    Canon *canon = g_new0(Canon, 1);
    canon->stack = g_array_new(FALSE, FALSE, sizeof(Open));
    g_array_set_clear_func(canon->stack, open_clear);
    return canon;
}

void canon_free(Canon *canon)
{
    if (canon == NULL) {
        return;
    }
    g_array_unref(canon->stack);
    g_free(canon->finished);
    g_free(canon);
}

static Open *innermost(Canon *canon)
{
    return canon->stack->len == 0 ? NULL
                                  : &g_array_index(canon->stack, Open, canon->stack->len - 1);
}

/* Puts a finished value where it belongs. Takes `take_json`. */
static void put(Canon *canon, char *take_json)
{
    Open *open = innermost(canon);
    if (open == NULL) {
        g_assert(canon->finished == NULL); /* C1 */
        canon->finished = take_json;
        return;
    }
    g_assert(open->object == (open->key != NULL)); /* C1 */
    Member member = {.key = open->key, .json = take_json};
    open->key = NULL;
    g_array_append_val(open->members, member);
}

static void begin(Canon *canon, bool object)
{
    Open *outer = innermost(canon);
    g_assert(outer == NULL || outer->object == (outer->key != NULL)); /* C1 */
    Open open = {.object = object, .members = g_array_new(FALSE, FALSE, sizeof(Member))};
    g_array_set_clear_func(open.members, member_clear);
    g_array_append_val(canon->stack, open);
}

static char *quote(const char *text)
{
    g_autofree char *valid = g_utf8_make_valid(text, -1);
    GString *json = g_string_sized_new(strlen(valid) + 2);
    g_string_append_c(json, '"');
    for (const char *at = valid; *at != '\0'; at++) {
        unsigned char byte = (unsigned char)*at;
        if (byte == '"' || byte == '\\') {
            g_string_append_c(json, '\\');
            g_string_append_c(json, *at);
        } else if (byte < 0x20 || byte == 0x7f) {
            g_string_append_printf(json, "\\u%04x", (unsigned)byte);
        } else {
            g_string_append_c(json, *at);
        }
    }
    g_string_append_c(json, '"');
    return g_string_free(json, FALSE);
}

static int by_key(const void *a, const void *b)
{
    return strcmp(((const Member *)a)->key, ((const Member *)b)->key);
}

static void end(Canon *canon, bool object)
{
    Open *open = innermost(canon);
    g_assert(open != NULL && open->object == object && open->key == NULL); /* C1 */
    if (object) {
        g_array_sort(open->members, by_key);
    }
    GString *json = g_string_new(object ? "{" : "[");
    for (guint i = 0; i < open->members->len; i++) {
        const Member *member = &g_array_index(open->members, Member, i);
        if (i > 0) {
            g_string_append_c(json, ',');
        }
        if (object) {
            g_assert(i == 0 || by_key(member - 1, member) < 0); /* C2 */
            g_autofree char *key = quote(member->key);
            g_string_append(json, key);
            g_string_append_c(json, ':');
        }
        g_string_append(json, member->json);
    }
    g_string_append_c(json, object ? '}' : ']');
    g_array_set_size(canon->stack, canon->stack->len - 1);
    put(canon, g_string_free(json, FALSE));
}

void canon_begin_object(Canon *canon)
{
    begin(canon, true);
}

void canon_end_object(Canon *canon)
{
    end(canon, true);
}

void canon_begin_array(Canon *canon)
{
    begin(canon, false);
}

void canon_end_array(Canon *canon)
{
    end(canon, false);
}

void canon_key(Canon *canon, const char *key)
{
    Open *open = innermost(canon);
    g_assert(open != NULL && open->object && open->key == NULL); /* C1 */
    open->key = g_strdup(key);
}

void canon_integer(Canon *canon, int64_t value)
{
    put(canon, g_strdup_printf("%" G_GINT64_FORMAT, value));
}

void canon_truth(Canon *canon, bool value)
{
    put(canon, g_strdup(value ? "true" : "false"));
}

void canon_text(Canon *canon, const char *text)
{
    put(canon, text == NULL ? g_strdup("null") : quote(text));
}

void canon_texts(Canon *canon, char *const *texts)
{
    canon_begin_array(canon);
    for (; texts != NULL && *texts != NULL; texts++) {
        canon_text(canon, *texts);
    }
    canon_end_array(canon);
}

void canon_json(Canon *canon, const char *json)
{
    put(canon, g_strdup(json));
}

void canon_member_integer(Canon *canon, const char *key, int64_t value)
{
    canon_key(canon, key);
    canon_integer(canon, value);
}

void canon_member_truth(Canon *canon, const char *key, bool value)
{
    canon_key(canon, key);
    canon_truth(canon, value);
}

void canon_member_text(Canon *canon, const char *key, const char *text)
{
    canon_key(canon, key);
    canon_text(canon, text);
}

void canon_member_texts(Canon *canon, const char *key, char *const *texts)
{
    canon_key(canon, key);
    canon_texts(canon, texts);
}

char *canon_finish(Canon *canon)
{
    g_assert(canon->stack->len == 0 && canon->finished != NULL);
    return g_steal_pointer(&canon->finished);
}
