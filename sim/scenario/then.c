/* SPDX-License-Identifier: MIT */

/*
 * `then`: what is claimed, in four temporal words and a count. Each claim gets its sentence here.
 */

#include "sim/scenario/then.h"

#include <string.h>

#include "sim/scenario/reading.h"

/* Reads `key` of a claim as a pattern into `ret_pattern`; `where` belongs to the claim's own verb.
 */
static bool claim_pattern(const TreeNode *node, const char *key, Pattern **ret_pattern,
                          GError **error)
{
    const TreeNode *child = tree_get(node, key);
    if (child == NULL) {
        return true;
    }
    *ret_pattern = reading_pattern(child, error);
    return *ret_pattern != NULL;
}

static bool claim_expect(const TreeNode *node, const char *key, Claim *claim, GError **error)
{
    const TreeNode *child = tree_require(node, key, error);
    claim->expect = child == NULL ? NULL : reading_pattern(child, error);
    const TreeNode *where = tree_get(node, "where");
    return claim->expect != NULL && (where == NULL || reading_where(where, claim->expect, error));
}

static bool parse_within(const TreeNode *node, Claim *claim, GError **error)
{
    const TreeNode *within = tree_get(node, "within");
    if (!tree_duration(within, &claim->duration, error)) {
        return false;
    }
    if (claim->duration < 0) {
        return tree_refuse(within, error, "a duration cannot be negative");
    }
    if (!claim_expect(node, "expect", claim, error) ||
        !claim_pattern(node, "after", &claim->after, error)) {
        return false;
    }
    if (claim->after == NULL) {
        claim->after = pattern_new(EVENT_POWER_ON);
    }
    char text[VTIME_TEXT_BYTES];
    g_autofree char *expect = pattern_print(claim->expect);
    g_autofree char *after = pattern_print(claim->after);
    claim->sentence = g_strdup_printf("within %s of each %s: %s",
                                      vtime_print(claim->duration, text), after, expect);
    return true;
}

static bool parse_never(const TreeNode *node, Claim *claim, GError **error)
{
    if (!claim_expect(node, "never", claim, error) ||
        !claim_pattern(node, "after", &claim->after, error) ||
        !claim_pattern(node, "until", &claim->until, error)) {
        return false;
    }
    g_autofree char *expect = pattern_print(claim->expect);
    g_autofree char *after = claim->after == NULL ? NULL : pattern_print(claim->after);
    g_autofree char *until = claim->until == NULL ? NULL : pattern_print(claim->until);
    claim->sentence = g_strdup_printf("never: %s%s%s%s%s", expect, after == NULL ? "" : ", after ",
                                      after == NULL ? "" : after, until == NULL ? "" : ", until ",
                                      until == NULL ? "" : until);
    return true;
}

static bool parse_always(const TreeNode *node, Claim *claim, GError **error)
{
    size_t index = 0;
    if (!tree_choice(tree_get(node, "always"), plan_invariant_names(), &index, error)) {
        return false;
    }
    claim->invariant = g_strdup(plan_invariant_names()[index]);
    claim->sentence = g_strdup_printf("always: %s", plan_invariant_prose((Invariant)index));
    return true;
}

static bool parse_order(const TreeNode *node, Claim *claim, GError **error)
{
    const TreeNode *order = tree_get(node, "order");
    if (!tree_expect(order, TREE_SEQUENCE, "a list of events", error)) {
        return false;
    }
    if (order->count < 2) {
        return tree_refuse(order, error, "an order needs two events at least");
    }
    GString *sentence = g_string_new("in this order: ");
    bool good = true;
    for (size_t i = 0; i < order->count && good; i++) {
        Pattern *pattern = reading_pattern(order->children[i], error);
        good = pattern != NULL;
        if (good) {
            g_autofree char *words = pattern_print(pattern);
            g_string_append_printf(sentence, "%s%s", i == 0 ? "" : ", then ", words);
            g_ptr_array_add(claim->patterns, pattern);
        }
    }
    claim->sentence = g_string_free(sentence, FALSE);
    return good;
}

static bool parse_counts(const TreeNode *node, Claim *claim, GError **error)
{
    const TreeNode *least = tree_get(node, "at_least");
    const TreeNode *most = tree_get(node, "at_most");
    if (least == NULL && most == NULL) {
        return tree_refuse_key(node, error, "counts needs \"at_least\" or \"at_most\"");
    }
    if (!claim_expect(node, "counts", claim, error) ||
        (least != NULL && !tree_integer(least, 0, INT64_MAX, &claim->at_least, error)) ||
        (most != NULL && !tree_integer(most, 0, INT64_MAX, &claim->at_most, error))) {
        return false;
    }
    g_autofree char *expect = pattern_print(claim->expect);
    g_autofree char *low = least == NULL
                               ? g_strdup("")
                               : g_strdup_printf("at least %" G_GINT64_FORMAT " ", claim->at_least);
    g_autofree char *high = most == NULL
                                ? g_strdup("")
                                : g_strdup_printf("at most %" G_GINT64_FORMAT " ", claim->at_most);
    claim->sentence = g_strdup_printf("%s%s%stimes: %s", low,
                                      least == NULL || most == NULL ? "" : "and ", high, expect);
    return true;
}

static bool parse_claim(Scenario *scenario, const TreeNode *node, GError **error)
{
    static const struct {
        const char *word;
        ClaimKind kind;
        bool (*parse)(const TreeNode *node, Claim *claim, GError **error);
        const char *keys[8];
    } FORMS[] = {
        {"within", CLAIM_WITHIN, parse_within, {"within", "expect", "after", "where", "proves"}},
        {"never", CLAIM_NEVER, parse_never, {"never", "after", "until", "where", "proves"}},
        {"always", CLAIM_ALWAYS, parse_always, {"always", "proves"}},
        {"order", CLAIM_ORDER, parse_order, {"order", "proves"}},
        {"counts",
         CLAIM_COUNTS,
         parse_counts,
         {"counts", "at_least", "at_most", "where", "proves"}},
    };
    static const char *const WORDS[] = {"within", "never", "always", "order", "counts", NULL};
    if (!tree_expect(node, TREE_MAPPING, "a claim", error)) {
        return false;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(FORMS); i++) {
        if (tree_get(node, FORMS[i].word) == NULL) {
            continue;
        }
        Claim *claim = plan_claim_new(FORMS[i].kind);
        g_ptr_array_add(scenario->claims, claim);
        claim->place = node->place;
        if (!tree_expect_keys(node, FORMS[i].keys, error) || !FORMS[i].parse(node, claim, error)) {
            return false;
        }
        const TreeNode *proves = tree_get(node, "proves");
        g_strfreev(claim->proves);
        claim->proves = proves == NULL ? g_strdupv(scenario->proves) : tree_texts(proves, error);
        return claim->proves != NULL;
    }
    const char *meant = node->count == 0 ? NULL : tree_did_you_mean(node->children[0]->key, WORDS);
    if (meant != NULL) {
        return tree_refuse_key(node->children[0], error,
                               "unknown claim \"%s\", did you mean \"%s\"?", node->children[0]->key,
                               meant);
    }
    return tree_refuse(node, error, "a claim is one of within, never, always, order, counts");
}

bool then_parse(Scenario *scenario, const TreeNode *then, GError **error)
{
    if (!tree_expect(then, TREE_SEQUENCE, "a list of claims", error)) {
        return false;
    }
    if (then->count < 1 || then->count > PLAN_CLAIMS_MAX / 2) {
        return tree_refuse(then, error, "expected 1 to %d claims, found %zu", PLAN_CLAIMS_MAX / 2,
                           then->count);
    }
    for (size_t i = 0; i < then->count; i++) {
        if (!parse_claim(scenario, then->children[i], error)) {
            return false;
        }
    }
    return true;
}
