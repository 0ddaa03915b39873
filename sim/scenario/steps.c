/* SPDX-License-Identifier: MIT */

/*
 * `when`: what is done, step by step: a trigger and one verb.
 *
 * S1  At most one step is swept. The reference plan leaves it out; each point puts it in once.
 */

#include "sim/scenario/steps.h"

#include <string.h>

#include "sim/scenario/given.h"
#include "sim/scenario/reading.h"

#define INSTRUCTION_POINTS_DEFAULT 100
#define SWEEP_COUNT_MAX            100000

static const char *const STEP_KEYS[] = {"at",    "after", "where",  "nth", "delay",
                                        "until", "sweep", "target", NULL};

/* Finds the one verb of a step. */
static const TreeNode *find_verb(const TreeNode *step, Verb *ret_verb, GError **error)
{
    const TreeNode *found = NULL;
    for (size_t i = 0; i < step->count; i++) {
        const TreeNode *child = step->children[i];
        if (g_strv_contains(STEP_KEYS, child->key)) {
            continue;
        }
        const char *const *names = plan_verb_names();
        size_t verb = 0;
        while (names[verb] != NULL && strcmp(names[verb], child->key) != 0) {
            verb++;
        }
        if (names[verb] == NULL) {
            const char *meant = tree_did_you_mean(child->key, names);
            meant = meant == NULL ? tree_did_you_mean(child->key, STEP_KEYS) : meant;
            if (meant != NULL) {
                tree_refuse_key(child, error, "unknown verb \"%s\", did you mean \"%s\"?",
                                child->key, meant);
            } else {
                tree_refuse_key(child, error,
                                "unknown verb \"%s\"; `lockstep explain verbs` lists them",
                                child->key);
            }
            return NULL;
        }
        if (found != NULL) {
            tree_refuse_key(child, error, "one verb per step; this one already has \"%s\"",
                            found->key);
            return NULL;
        }
        found = child;
        *ret_verb = (Verb)verb;
    }
    if (found == NULL) {
        tree_refuse(step, error, "a step needs a verb");
    }
    return found;
}

static bool parse_nth(const TreeNode *node, uint32_t *ret_nth, GError **error)
{
    if (node->kind == TREE_SCALAR && strcmp(node->text, "every") == 0) {
        *ret_nth = 0;
        return true;
    }
    int64_t nth = 0;
    if (!tree_integer(node, 1, 1000000, &nth, error)) {
        return false;
    }
    *ret_nth = (uint32_t)nth;
    return true;
}

static bool parse_trigger(const TreeNode *step, Action *action, GError **error)
{
    const TreeNode *at = tree_get(step, "at");
    const TreeNode *after = tree_get(step, "after");
    const TreeNode *where = tree_get(step, "where");
    const TreeNode *nth = tree_get(step, "nth");
    const TreeNode *delay = tree_get(step, "delay");
    if ((at == NULL) == (after == NULL)) {
        return tree_refuse(step, error, "a step needs either \"at\" or \"after\"");
    }
    if (at != NULL) {
        const TreeNode *extra = where != NULL ? where : nth != NULL ? nth : delay;
        if (extra != NULL) {
            return tree_refuse_key(extra, error, "\"%s\" goes with \"after\", not with \"at\"",
                                   extra->key);
        }
        return tree_duration(at, &action->at, error) &&
               (action->at >= 0 || tree_refuse(at, error, "a time cannot be negative"));
    }
    action->after = reading_pattern(after, error);
    if (action->after == NULL || (where != NULL && !reading_where(where, action->after, error)) ||
        (nth != NULL && !parse_nth(nth, &action->nth, error)) ||
        (delay != NULL && !tree_duration(delay, &action->delay, error))) {
        return false;
    }
    return action->delay >= 0 || tree_refuse(delay, error, "a delay cannot be negative");
}

/* The word for what becomes of a point: one of the axis's own, "drawn", or "each". */
static bool parse_how(Scenario *scenario, const TreeNode *node, GError **error)
{
    g_autoptr(GPtrArray) words = g_ptr_array_new();
    g_ptr_array_add(words, (void *)"drawn");
    g_ptr_array_add(words, (void *)"each");
    for (const char *const *how = sweep_hows(scenario->sweep.axis); *how != NULL; how++) {
        g_ptr_array_add(words, (void *)*how);
    }
    g_ptr_array_add(words, NULL);
    size_t index = 0;
    if (!tree_choice(node, (const char *const *)words->pdata, &index, error)) {
        return false;
    }
    g_strlcpy(scenario->sweep.how, words->pdata[index], sizeof scenario->sweep.how);
    return true;
}

/* How many of the points are taken: all, so many, or each so-many-th. */
static bool parse_share(Sweep *sweep, const TreeNode *node, GError **error)
{
    const TreeNode *count = tree_get(node, "count");
    const TreeNode *every = tree_get(node, "every");
    int64_t drawn = 0;
    int64_t step = 0;
    if (count != NULL && every != NULL) {
        return tree_refuse_key(every, error, "\"every\" and \"count\" do not go together");
    }
    if ((count != NULL && !tree_integer(count, 1, SWEEP_COUNT_MAX, &drawn, error)) ||
        (every != NULL && !tree_integer(every, 1, UINT32_MAX, &step, error))) {
        return false;
    }
    bool neither = count == NULL && every == NULL;
    sweep->count = (uint32_t)drawn;
    sweep->every = (uint32_t)step;
    if (neither && sweep->axis == SWEEP_INSTRUCTION) {
        sweep->count = INSTRUCTION_POINTS_DEFAULT;
    }
    return true;
}

static bool parse_sweep_node(Scenario *scenario, const TreeNode *node, GError **error)
{
    static const char *const KEYS[] = {"axis", "count", "every", "torn", "kind", NULL};
    const TreeNode *axis_node = node;
    Sweep *sweep = &scenario->sweep;
    if (node->kind != TREE_SCALAR) {
        if (!tree_expect_keys(node, KEYS, error)) {
            return false;
        }
        axis_node = tree_require(node, "axis", error);
    }
    size_t axis = 0;
    if (axis_node == NULL || !tree_choice(axis_node, sweep_axis_names(), &axis, error)) {
        return false;
    }
    sweep->axis = sweep_axis_at(axis);
    g_strlcpy(sweep->how, "drawn", sizeof sweep->how);
    const TreeNode *torn = tree_get(node, "torn");
    const TreeNode *kind = tree_get(node, "kind");
    if (torn != NULL && sweep->axis != SWEEP_NVM_OPERATION) {
        return tree_refuse_key(torn, error, "\"torn\" goes with the axis nvm.operation");
    }
    if (kind != NULL && sweep->axis != SWEEP_FRAME && sweep->axis != SWEEP_WEAR &&
        sweep->axis != SWEEP_READ) {
        return tree_refuse_key(kind, error, "\"kind\" goes with the axes frame, wear and read");
    }
    const TreeNode *how = torn != NULL ? torn : kind;
    return parse_share(sweep, node, error) && (how == NULL || parse_how(scenario, how, error));
}

/* Makes `action` the swept one. Takes it. */
static bool parse_swept(Scenario *scenario, const TreeNode *step, const TreeNode *sweep,
                        Action *take_action, GError **error)
{
    if (scenario->swept != NULL) {
        plan_action_free(take_action);
        return tree_refuse_key(sweep, error, "a scenario sweeps one action only"); /* S1 */
    }
    scenario->swept = take_action;
    const TreeNode *until = tree_get(step, "until");
    if (until != NULL) {
        scenario->sweep_until = reading_pattern(until, error);
        if (scenario->sweep_until == NULL) {
            return false;
        }
    }
    scenario->sweep_after = pattern_copy(take_action->after);
    scenario->sweep.after = scenario->sweep_after;
    scenario->sweep.until = scenario->sweep_until;
    g_strlcpy(scenario->sweep.target, take_action->target, sizeof scenario->sweep.target);
    if (!parse_sweep_node(scenario, sweep, error)) {
        return false;
    }
    bool frames = scenario->sweep.axis == SWEEP_FRAME;
    Verb verb = sweep_verb(scenario->sweep.axis);
    if (take_action->verb != verb) {
        return tree_refuse_key(sweep, error, "only %s can be swept over that axis",
                               plan_verb_name(verb));
    }
    if (frames && (until != NULL || take_action->after != NULL)) {
        return tree_refuse_key(sweep, error, "the axis frame takes the whole run: say \"at: 0s\"");
    }
    return true;
}

static bool check_action(const Scenario *scenario, const TreeNode *place, const Action *action,
                         bool swept, GError **error)
{
    switch ((int)action->verb) {
    case VERB_FAULT_FRAME:
        if (!swept &&
            (plan_argument(action, "frame") == NULL || plan_argument(action, "kind") == NULL)) {
            return tree_refuse_key(place, error,
                                   "fault_frame needs \"frame\" and \"kind\", unless it is swept");
        }
        return true;
    case VERB_MISREAD:
        if (!swept && plan_argument(action, "at_read") == NULL) {
            return tree_refuse_key(place, error, "misread needs \"at_read\", unless it is swept");
        }
        return true;
    case VERB_SET_LINK:
        return given_check_link(scenario, place, plan_text(action, "link"), error);
    case VERB_ENTER_PIN:
        if ((strcmp(plan_text(action, "which"), "text") == 0) !=
            (plan_text(action, "text") != NULL)) {
            return tree_refuse_key(place, error, "`which: text` and `text` go together");
        }
        return true;
    default:
        return true;
    }
}

static bool parse_step(Scenario *scenario, const TreeNode *step, GError **error)
{
    if (!tree_expect(step, TREE_MAPPING, "a step: a trigger and a verb", error)) {
        return false;
    }
    Verb verb = VERBS;
    const TreeNode *verb_node = find_verb(step, &verb, error);
    if (verb_node == NULL) {
        return false;
    }
    const char *target = given_first_device(scenario);
    const TreeNode *target_node = tree_get(step, "target");
    if (target_node != NULL &&
        (!tree_text(target_node, &target, error) ||
         (!given_has_device(scenario, target) &&
          !tree_refuse(target_node, error, "no device is called \"%s\"", target)))) {
        return false;
    }
    const TreeNode *sweep = tree_get(step, "sweep");
    Action *action = plan_action_new(verb, target);
    action->place = verb_node->key_place;
    if (!parse_trigger(step, action, error) || !reading_arguments(verb_node, action, error) ||
        !check_action(scenario, verb_node, action, sweep != NULL, error)) {
        plan_action_free(action);
        return false;
    }
    if (sweep != NULL) {
        return parse_swept(scenario, step, sweep, action, error);
    }
    g_ptr_array_add(scenario->actions, action);
    const TreeNode *until = tree_get(step, "until");
    return until == NULL || tree_refuse_key(until, error, "\"until\" goes with \"sweep\"");
}

bool steps_parse(Scenario *scenario, const TreeNode *when, GError **error)
{
    if (!tree_expect(when, TREE_SEQUENCE, "a list of steps", error)) {
        return false;
    }
    if (when->count < 1 || when->count > PLAN_ACTIONS_MAX / 2) {
        return tree_refuse(when, error, "expected 1 to %d steps, found %zu", PLAN_ACTIONS_MAX / 2,
                           when->count);
    }
    for (size_t i = 0; i < when->count; i++) {
        if (!parse_step(scenario, when->children[i], error)) {
            return false;
        }
    }
    return true;
}
