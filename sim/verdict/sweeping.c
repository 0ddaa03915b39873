/* SPDX-License-Identifier: MIT */

#include "sim/verdict/sweeping.h"

#include <string.h>

const char *sweeping_outcome_name(SweepingOutcome outcome)
{
    static const char *const NAMES[SWEEPING_OUTCOMES] = {"old", "new", "recovery", "brick"};
    return NAMES[outcome];
}

void sweeping_crash_free(SweepingCrash *crash)
{
    if (crash != NULL) {
        g_free(crash->scenario);
        g_free(crash->defect);
        g_free(crash->note);
        g_free(crash);
    }
}

void sweeping_canary_free(SweepingCanary *canary)
{
    if (canary != NULL) {
        g_free(canary->axis);
        g_free(canary->defect);
        g_free(canary->scenario);
        g_free(canary->reason);
        g_free(canary);
    }
}

/* For people. */

#define U64 "%" G_GUINT64_FORMAT

char *sweeping_crash_text(const SweepingCrash *crash)
{
    GString *text = g_string_new(NULL);
    for (unsigned i = 0; i < SWEEPING_LEVELS_MAX && crash->levels[i].points > 0; i++) {
        const SweepingLevel *level = &crash->levels[i];
        g_string_append_printf(text,
                               "depth %u: " U64 " operations → " U64 " states (" U64
                               " changed a bit) → " U64 " distinct, %s" U64 " booted\n",
                               i + 1, level->operations, level->points, level->effective,
                               level->distinct, level->booted == level->distinct ? "all " : "ONLY ",
                               level->booted);
    }
    g_string_append_printf(text, "outcomes: ");
    for (int i = 0; i < SWEEPING_OUTCOMES; i++) {
        g_string_append_printf(text, "%s" U64 " %s", i == 0 ? "" : ", ", crash->outcomes[i],
                               sweeping_outcome_name((SweepingOutcome)i));
    }
    g_string_append_printf(text,
                           "; " U64 " PASS, " U64 " FAIL, " U64 " INCONCLUSIVE, " U64 " ERROR\n",
                           crash->verdicts[VERDICT_PASS], crash->verdicts[VERDICT_FAIL],
                           crash->verdicts[VERDICT_INCONCLUSIVE], crash->verdicts[VERDICT_ERROR]);
    g_string_append_printf(text,
                           "booted again: " U64 ", " U64 " different; live to the end: " U64
                           ", " U64 " not PASS; the long way: " U64 ", " U64 " different\n",
                           crash->again, crash->again_different, crash->live, crash->live_bad,
                           crash->long_way, crash->long_way_different);
    return g_string_free(text, FALSE);
}

char *sweeping_canary_text(const SweepingCanary *canary)
{
    return g_strdup_printf("canary: %s %s (%s)%s%s", canary->defect,
                           canary->caught ? "caught" : "NOT CAUGHT", canary->axis,
                           canary->reason == NULL ? "" : ": ",
                           canary->reason == NULL ? "" : canary->reason);
}

/* Storing. */

typedef struct Number {
    const char *key;
    size_t offset; /* of a uint64_t */
} Number;

static const Number LEVEL_NUMBERS[] = {
    {"operations", offsetof(SweepingLevel, operations)},
    {"points", offsetof(SweepingLevel, points)},
    {"effective", offsetof(SweepingLevel, effective)},
    {"distinct", offsetof(SweepingLevel, distinct)},
    {"booted", offsetof(SweepingLevel, booted)},
};

static const Number CRASH_NUMBERS[] = {
    {"seed", offsetof(SweepingCrash, seed)},
    {"again", offsetof(SweepingCrash, again)},
    {"again_different", offsetof(SweepingCrash, again_different)},
    {"live", offsetof(SweepingCrash, live)},
    {"live_not_pass", offsetof(SweepingCrash, live_bad)},
    {"long_way", offsetof(SweepingCrash, long_way)},
    {"long_way_different", offsetof(SweepingCrash, long_way_different)},
};

static void write_numbers(Canon *canon, const void *from, const Number *numbers, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint64_t value = 0;
        memcpy(&value, (const char *)from + numbers[i].offset, sizeof value);
        canon_member_integer(canon, numbers[i].key, (int64_t)value);
    }
}

static bool read_numbers(const TreeNode *node, void *into, const Number *numbers, size_t count,
                         GError **error)
{
    for (size_t i = 0; i < count; i++) {
        int64_t value = 0;
        if (!tree_require_integer(node, numbers[i].key, 0, INT64_MAX, &value, error)) {
            return false;
        }
        memcpy((char *)into + numbers[i].offset, &value, sizeof value);
    }
    return true;
}

void sweeping_crash_write(const SweepingCrash *crash, Canon *canon)
{
    canon_begin_object(canon);
    canon_member_text(canon, "scenario", crash->scenario);
    canon_member_text(canon, "defect", crash->defect);
    canon_member_integer(canon, "depth", crash->depth);
    canon_member_text(canon, "torn", crash->every_unit ? "each" : "pages");
    canon_member_truth(canon, "interrupted", crash->interrupted);
    canon_member_text(canon, "note", crash->note);
    canon_member_text(canon, "verdict", verdict_name(crash->verdict));
    write_numbers(canon, crash, CRASH_NUMBERS, G_N_ELEMENTS(CRASH_NUMBERS));
    canon_key(canon, "levels");
    canon_begin_array(canon);
    for (unsigned i = 0; i < SWEEPING_LEVELS_MAX && i < crash->depth; i++) {
        canon_begin_object(canon);
        write_numbers(canon, &crash->levels[i], LEVEL_NUMBERS, G_N_ELEMENTS(LEVEL_NUMBERS));
        canon_end_object(canon);
    }
    canon_end_array(canon);
    canon_key(canon, "outcomes");
    canon_begin_object(canon);
    for (int i = 0; i < SWEEPING_OUTCOMES; i++) {
        canon_member_integer(canon, sweeping_outcome_name((SweepingOutcome)i),
                             (int64_t)crash->outcomes[i]);
    }
    canon_end_object(canon);
    canon_key(canon, "verdicts");
    canon_begin_object(canon);
    for (int i = 0; i < VERDICTS; i++) {
        canon_member_integer(canon, verdict_name((Verdict)i), (int64_t)crash->verdicts[i]);
    }
    canon_end_object(canon);
    canon_end_object(canon);
}

void sweeping_canary_write(const SweepingCanary *canary, Canon *canon)
{
    canon_begin_object(canon);
    canon_member_text(canon, "axis", canary->axis);
    canon_member_text(canon, "defect", canary->defect);
    canon_member_text(canon, "scenario", canary->scenario);
    canon_member_truth(canon, "caught", canary->caught);
    canon_member_text(canon, "reason", canary->reason);
    canon_end_object(canon);
}

/* Reading back. */

static bool read_count(const TreeNode *object, const char *key, uint64_t *ret_count, GError **error)
{
    const TreeNode *node = tree_get(object, key);
    int64_t value = 0;
    if (node != NULL && !tree_integer(node, 0, INT64_MAX, &value, error)) {
        return false;
    }
    *ret_count = (uint64_t)value;
    return true;
}

static bool read_levels(const TreeNode *node, SweepingCrash *crash, GError **error)
{
    const TreeNode *levels = tree_require(node, "levels", error);
    if (levels == NULL || !tree_expect(levels, TREE_SEQUENCE, "a list of levels", error)) {
        return false;
    }
    for (size_t i = 0; i < levels->count && i < SWEEPING_LEVELS_MAX; i++) {
        if (!read_numbers(levels->children[i], &crash->levels[i], LEVEL_NUMBERS,
                          G_N_ELEMENTS(LEVEL_NUMBERS), error)) {
            return false;
        }
    }
    return true;
}

static bool read_tables(const TreeNode *node, SweepingCrash *crash, GError **error)
{
    const TreeNode *outcomes = tree_require(node, "outcomes", error);
    const TreeNode *verdicts = outcomes == NULL ? NULL : tree_require(node, "verdicts", error);
    if (verdicts == NULL || !tree_expect(outcomes, TREE_MAPPING, "counts by outcome", error) ||
        !tree_expect(verdicts, TREE_MAPPING, "counts by verdict", error)) {
        return false;
    }
    for (int i = 0; i < SWEEPING_OUTCOMES; i++) {
        if (!read_count(outcomes, sweeping_outcome_name((SweepingOutcome)i), &crash->outcomes[i],
                        error)) {
            return false;
        }
    }
    for (int i = 0; i < VERDICTS; i++) {
        if (!read_count(verdicts, verdict_name((Verdict)i), &crash->verdicts[i], error)) {
            return false;
        }
    }
    return true;
}

SweepingCrash *sweeping_crash_read(const TreeNode *node, GError **error)
{
    g_autoptr(SweepingCrash) crash = g_new0(SweepingCrash, 1);
    g_autofree char *torn = NULL;
    g_autofree char *verdict = NULL;
    uint64_t depth = 0;
    if (!tree_expect(node, TREE_MAPPING, "a sweep of crash states", error) ||
        !tree_require_text(node, "scenario", &crash->scenario, error) ||
        !tree_require_text(node, "defect", &crash->defect, error) ||
        !tree_require_text(node, "torn", &torn, error) ||
        !tree_require_text(node, "note", &crash->note, error) ||
        !tree_require_text(node, "verdict", &verdict, error) ||
        !read_count(node, "depth", &depth, error) ||
        !tree_require_truth(node, "interrupted", &crash->interrupted, error) ||
        !read_numbers(node, crash, CRASH_NUMBERS, G_N_ELEMENTS(CRASH_NUMBERS), error) ||
        !read_levels(node, crash, error) || !read_tables(node, crash, error)) {
        return NULL;
    }
    if (crash->scenario == NULL || depth > SWEEPING_LEVELS_MAX || verdict == NULL ||
        !verdict_parse(verdict, &crash->verdict)) {
        tree_refuse(node, error, "not a sweep of crash states");
        return NULL;
    }
    crash->depth = (uint32_t)depth;
    crash->every_unit = g_strcmp0(torn, "each") == 0;
    return g_steal_pointer(&crash);
}

SweepingCanary *sweeping_canary_read(const TreeNode *node, GError **error)
{
    g_autoptr(SweepingCanary) canary = g_new0(SweepingCanary, 1);
    if (!tree_expect(node, TREE_MAPPING, "a canary", error) ||
        !tree_require_text(node, "axis", &canary->axis, error) ||
        !tree_require_text(node, "defect", &canary->defect, error) ||
        !tree_require_text(node, "scenario", &canary->scenario, error) ||
        !tree_require_text(node, "reason", &canary->reason, error) ||
        !tree_require_truth(node, "caught", &canary->caught, error)) {
        return NULL;
    }
    return g_steal_pointer(&canary);
}
