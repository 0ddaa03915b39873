/* SPDX-License-Identifier: MIT */

#include "sim/scenario/reading.h"

#include <string.h>

#define NAME_CHARS_MAX 64

bool reading_where(const TreeNode *node, Pattern *pattern, GError **error)
{
    g_auto(GStrv) known = event_kind_fields(pattern->kind);
    if (!tree_expect(node, TREE_MAPPING, "a mapping of fields to values", error) ||
        !tree_expect_keys(node, (const char *const *)known, error)) {
        return false;
    }
    for (size_t i = 0; i < node->count; i++) {
        g_auto(GStrv) accepted = tree_texts(node->children[i], error);
        if (accepted == NULL) {
            return false;
        }
        pattern_add(pattern, node->children[i]->key, accepted);
    }
    return true;
}

static Pattern *named_pattern(const TreeNode *node, GError **error)
{
    const char *name = NULL;
    if (!tree_text(node, &name, error)) {
        return NULL;
    }
    EventKind found = EVENT_KINDS;
    if (event_kind_parse(name, &found)) {
        return pattern_new(found);
    }
    const char *meant = tree_did_you_mean(name, event_kind_names());
    if (meant != NULL) {
        tree_refuse(node, error, "unknown event \"%s\", did you mean \"%s\"?", name, meant);
        return NULL;
    }
    tree_refuse(node, error, "unknown event \"%s\"; `lockstep explain events` lists them", name);
    return NULL;
}

Pattern *reading_pattern(const TreeNode *node, GError **error)
{
    static const char *const KEYS[] = {"event", "source", "where", NULL};
    if (node->kind == TREE_SCALAR) {
        return named_pattern(node, error);
    }
    if (!tree_expect(node, TREE_MAPPING, "an event, or a mapping with `event`", error) ||
        !tree_expect_keys(node, KEYS, error)) {
        return NULL;
    }
    const TreeNode *event = tree_require(node, "event", error);
    g_autoptr(Pattern) pattern = event == NULL ? NULL : named_pattern(event, error);
    if (pattern == NULL) {
        return NULL;
    }
    const TreeNode *source = tree_get(node, "source");
    const char *name = NULL;
    if (source != NULL) {
        if (!reading_name(source, &name, error)) {
            return NULL;
        }
        pattern->source = g_strdup(name);
    }
    const TreeNode *where = tree_get(node, "where");
    if (where != NULL && !reading_where(where, pattern, error)) {
        return NULL;
    }
    return g_steal_pointer(&pattern);
}

bool reading_name(const TreeNode *node, const char **ret_name, GError **error)
{
    const char *name = NULL;
    if (!tree_text(node, &name, error)) {
        return false;
    }
    size_t length = strlen(name);
    bool good = length > 0 && length <= NAME_CHARS_MAX && name[0] != '.' && name[0] != '-';
    for (size_t i = 0; i < length; i++) {
        good = good && (g_ascii_isalnum(name[i]) || strchr("._+-", name[i]) != NULL);
    }
    if (!good) {
        return tree_refuse(node, error,
                           "expected a name of letters, digits and . _ + -, found \"%s\"", name);
    }
    *ret_name = name;
    return true;
}

static bool read_keys(const TreeNode *node, Argument *argument, GError **error)
{
    const char *keys = NULL;
    if (!tree_text(node, &keys, error)) {
        return false;
    }
    size_t length = strlen(keys);
    if (length == 0 || length > NAME_CHARS_MAX || strspn(keys, "0123456789*#") != length) {
        return tree_refuse(node, error, "expected 1 to %d keys of 0-9, * and #, found \"%s\"",
                           NAME_CHARS_MAX, keys);
    }
    argument->text = g_strdup(keys);
    return true;
}

static bool read_choice(const TreeNode *node, const ArgumentRule *rule, Argument *argument,
                        GError **error)
{
    g_autofree char *list = g_strndup(rule->prose, strcspn(rule->prose, ":"));
    g_auto(GStrv) words = g_strsplit(list, "|", 0);
    size_t index = 0;
    if (!tree_choice(node, (const char *const *)words, &index, error)) {
        return false;
    }
    argument->integer = (int64_t)index;
    argument->text = g_strdup(words[index]);
    return true;
}

static bool read_argument(const TreeNode *node, const ArgumentRule *rule, Argument *argument,
                          GError **error)
{
    const char *name = NULL;
    bool truth = false;
    switch (rule->kind) {
    case ARGUMENT_DURATION:
        if (!tree_duration(node, &argument->integer, error)) {
            return false;
        }
        return argument->integer >= 0 || tree_refuse(node, error, "a duration cannot be negative");
    case ARGUMENT_OFFSET:
        return tree_duration(node, &argument->integer, error);
    case ARGUMENT_INTEGER:
        return tree_integer(node, 0, INT64_MAX, &argument->integer, error);
    case ARGUMENT_RATIO:
        return tree_ratio(node, &argument->ratio, error);
    case ARGUMENT_TRUTH:
        if (!tree_truth(node, &truth, error)) {
            return false;
        }
        argument->integer = truth ? 1 : 0;
        return true;
    case ARGUMENT_TEXT:
    case ARGUMENT_IMAGE:
        if (!reading_name(node, &name, error)) {
            return false;
        }
        argument->text = g_strdup(name);
        return true;
    case ARGUMENT_KEYS:
        return read_keys(node, argument, error);
    case ARGUMENT_CHOICE:
        return read_choice(node, rule, argument, error);
    }
    g_assert_not_reached();
}

static bool check_keys(const TreeNode *node, Verb verb, GError **error)
{
    g_autoptr(GPtrArray) known = g_ptr_array_new();
    for (const ArgumentRule *rule = plan_argument_rules(); rule->key != NULL; rule++) {
        if (rule->verb == verb) {
            g_ptr_array_add(known, (void *)rule->key);
        }
    }
    bool none = known->len == 0;
    g_ptr_array_add(known, NULL);
    if (none && node->kind == TREE_MAPPING && node->count > 0) {
        return tree_refuse_key(node->children[0], error, "%s takes no arguments",
                               plan_verb_name(verb));
    }
    return tree_expect_keys(node, (const char *const *)known->pdata, error);
}

bool reading_arguments(const TreeNode *node, Action *action, GError **error)
{
    /* `power_on:` with nothing behind it is an empty scalar. */
    bool nothing = node->kind == TREE_SCALAR && node->text[0] == '\0' && !node->quoted;
    if (!nothing && !check_keys(node, action->verb, error)) {
        return false;
    }
    for (const ArgumentRule *rule = plan_argument_rules(); rule->key != NULL; rule++) {
        if (rule->verb != action->verb) {
            continue;
        }
        const TreeNode *given = tree_get(node, rule->key);
        if (given == NULL && rule->required) {
            return tree_refuse_key(node, error, "%s needs \"%s\": %s", plan_verb_name(rule->verb),
                                   rule->key, rule->prose);
        }
        if (given == NULL && rule->otherwise == NULL) {
            continue;
        }
        TreeNode otherwise = {.kind = TREE_SCALAR, .text = rule->otherwise};
        Argument *argument = g_new0(Argument, 1);
        argument->key = rule->key;
        argument->kind = rule->kind;
        g_ptr_array_add(action->arguments, argument);
        if (!read_argument(given == NULL ? &otherwise : given, rule, argument, error)) {
            return false;
        }
    }
    return true;
}

void reading_set_defaults(Action *action)
{
    for (const ArgumentRule *rule = plan_argument_rules(); rule->key != NULL; rule++) {
        if (rule->verb == action->verb && rule->otherwise != NULL) {
            reading_set_argument(action, rule->key, rule->otherwise);
        }
    }
}

void reading_set_argument(Action *action, const char *key, const char *text)
{
    const ArgumentRule *rule = plan_argument_rules();
    while (rule->key != NULL && (rule->verb != action->verb || strcmp(rule->key, key) != 0)) {
        rule++;
    }
    g_assert(rule->key != NULL);
    for (guint i = 0; i < action->arguments->len; i++) {
        const Argument *old = g_ptr_array_index(action->arguments, i);
        if (strcmp(old->key, key) == 0) {
            g_ptr_array_remove_index(action->arguments, i);
            break;
        }
    }
    Argument *argument = g_new0(Argument, 1);
    argument->key = rule->key;
    argument->kind = rule->kind;
    TreeNode node = {.kind = TREE_SCALAR, .text = text};
    g_autoptr(GError) error = NULL;
    bool good = read_argument(&node, rule, argument, &error);
    g_assert(good);
    g_ptr_array_add(action->arguments, argument);
}
