/* SPDX-License-Identifier: MIT */

/*
 * Plans stored and read back.
 *
 * The stored form, canonical JSON, says everything that decides a run, in the scenario's own words
 * (durations "200ms", ratios "1/100"), so that one reader serves both. The same plan always has the
 * same text; `plan_from_json` of it gives a plan with the same text again, bytes of images apart.
 */

#include "sim/scenario/plan.h"

#include <string.h>

#include "sim/scenario/reading.h"

static const char *const CLAIM_NAMES[CLAIM_KINDS + 1] = {
    "within", "never", "always", "order", "counts", NULL,
};

/* Storing. */

static void write_time(Canon *canon, const char *key, VTime time)
{
    char text[VTIME_TEXT_BYTES];
    canon_member_text(canon, key, time == VTIME_NEVER ? NULL : vtime_print(time, text));
}

static void write_pattern(Canon *canon, const char *key, const Pattern *pattern)
{
    if (pattern != NULL) {
        canon_key(canon, key);
        pattern_write(pattern, canon);
    }
}

static void write_argument(Canon *canon, const Argument *argument)
{
    switch (argument->kind) {
    case ARGUMENT_DURATION:
    case ARGUMENT_OFFSET:
        write_time(canon, argument->key, argument->integer);
        break;
    case ARGUMENT_INTEGER:
        canon_member_integer(canon, argument->key, argument->integer);
        break;
    case ARGUMENT_TRUTH:
        canon_member_truth(canon, argument->key, argument->integer != 0);
        break;
    case ARGUMENT_RATIO: {
        g_autofree char *ratio =
            g_strdup_printf("%u/%u", argument->ratio.numerator, argument->ratio.denominator);
        canon_member_text(canon, argument->key, ratio);
        break;
    }
    case ARGUMENT_TEXT:
    case ARGUMENT_KEYS:
    case ARGUMENT_IMAGE:
    case ARGUMENT_CHOICE:
        canon_member_text(canon, argument->key, argument->text);
        break;
    }
}

static void write_action(Canon *canon, const Action *action)
{
    canon_begin_object(canon);
    canon_member_integer(canon, "number", action->number);
    canon_member_text(canon, "verb", plan_verb_name(action->verb));
    canon_member_text(canon, "target", action->target);
    canon_member_truth(canon, "given", action->given);
    canon_member_integer(canon, "line", action->place.line);
    if (action->after == NULL) {
        write_time(canon, "at", action->at);
    } else {
        write_pattern(canon, "after", action->after);
        canon_member_integer(canon, "nth", action->nth);
        write_time(canon, "delay", action->delay);
    }
    canon_key(canon, "arguments");
    canon_begin_object(canon);
    for (guint i = 0; i < action->arguments->len; i++) {
        write_argument(canon, g_ptr_array_index(action->arguments, i));
    }
    canon_end_object(canon);
    canon_end_object(canon);
}

static void write_claim(Canon *canon, const Claim *claim)
{
    canon_begin_object(canon);
    canon_member_integer(canon, "number", claim->number);
    canon_member_text(canon, "kind", CLAIM_NAMES[claim->kind]);
    canon_member_truth(canon, "standing", claim->standing);
    canon_member_texts(canon, "proves", claim->proves);
    canon_member_text(canon, "sentence", claim->sentence);
    canon_member_integer(canon, "line", claim->place.line);
    write_pattern(canon, "after", claim->after);
    write_pattern(canon, "expect", claim->expect);
    write_pattern(canon, "until", claim->until);
    if (claim->kind == CLAIM_WITHIN) {
        write_time(canon, "duration", claim->duration);
    }
    if (claim->kind == CLAIM_ORDER) {
        canon_key(canon, "patterns");
        canon_begin_array(canon);
        for (guint i = 0; i < claim->patterns->len; i++) {
            pattern_write(g_ptr_array_index(claim->patterns, i), canon);
        }
        canon_end_array(canon);
    }
    if (claim->invariant != NULL) {
        canon_member_text(canon, "invariant", claim->invariant);
    }
    if (claim->kind == CLAIM_COUNTS) {
        canon_member_integer(canon, "at_least", claim->at_least);
        canon_member_integer(canon, "at_most", claim->at_most);
    }
    canon_end_object(canon);
}

static void write_device(Canon *canon, const DeviceSetup *device)
{
    canon_begin_object(canon);
    canon_member_text(canon, "name", device->name);
    canon_member_text(canon, "image", device->image);
    canon_member_text(canon, "image_b", device->image_b);
    canon_member_truth(canon, "initialized", device->initialized);
    canon_member_truth(canon, "unlocked", device->unlocked);
    canon_member_truth(canon, "door_open", device->door_open);
    canon_member_truth(canon, "clock_valid", device->clock_valid);
    canon_member_integer(canon, "battery_mv", device->battery_mv);
    if (device->journal > 0) {
        canon_member_integer(canon, "journal", device->journal);
    }
    canon_end_object(canon);
}

static void write_timeline(Canon *canon, const Timeline *timeline)
{
    canon_begin_object(canon);
    g_autofree char *seed = g_strdup_printf("%" G_GUINT64_FORMAT, timeline->seed);
    canon_member_text(canon, "seed", seed);
    canon_member_integer(canon, "epoch_seconds", (int64_t)timeline->epoch_seconds);
    canon_member_truth(canon, "record_nvm", timeline->record_nvm);
    if (timeline->record_calls) {
        canon_member_truth(canon, "record_calls", true);
    }
    if (timeline->record_reads) {
        canon_member_truth(canon, "record_reads", true);
    }
    write_time(canon, "limit", timeline->limit);
    write_time(canon, "until_at", timeline->until_at);
    write_time(canon, "until_delay", timeline->until_delay);
    write_pattern(canon, "until", timeline->until);
    canon_key(canon, "devices");
    canon_begin_array(canon);
    for (guint i = 0; i < timeline->devices->len; i++) {
        write_device(canon, g_ptr_array_index(timeline->devices, i));
    }
    canon_end_array(canon);
    canon_key(canon, "actions");
    canon_begin_array(canon);
    for (guint i = 0; i < timeline->actions->len; i++) {
        write_action(canon, g_ptr_array_index(timeline->actions, i));
    }
    canon_end_array(canon);
    canon_key(canon, "holds");
    canon_begin_array(canon);
    for (guint i = 0; i < timeline->holds->len; i++) {
        const Hold *hold = g_ptr_array_index(timeline->holds, i);
        canon_begin_object(canon);
        write_pattern(canon, "after", hold->after);
        write_time(canon, "delay", hold->delay);
        write_pattern(canon, "release", hold->release);
        canon_end_object(canon);
    }
    canon_end_array(canon);
    canon_key(canon, "images");
    canon_begin_array(canon);
    for (guint i = 0; i < timeline->images->len; i++) {
        const ImageFile *image = g_ptr_array_index(timeline->images, i);
        char hex[DIGEST_TEXT_BYTES];
        canon_begin_object(canon);
        canon_member_text(canon, "name", image->name);
        canon_member_text(canon, "sha256", digest_print(&image->digest, hex));
        canon_end_object(canon);
    }
    canon_end_array(canon);
    canon_end_object(canon);
}

char *plan_to_json(const Plan *plan)
{
    g_autoptr(Canon) canon = canon_new();
    canon_begin_object(canon);
    canon_member_integer(canon, "format", PLAN_FORMAT);
    canon_member_text(canon, "run_id", plan->run_id);
    canon_member_text(canon, "scenario", plan->scenario);
    canon_member_text(canon, "defect", plan->defect);
    canon_member_texts(canon, "proves", plan->proves);
    if (plan->imposed > 0) {
        canon_member_integer(canon, "imposed", plan->imposed);
    }
    canon_key(canon, "timeline");
    write_timeline(canon, plan->timeline);
    canon_key(canon, "claims");
    canon_begin_array(canon);
    for (guint i = 0; i < plan->claims->len; i++) {
        write_claim(canon, g_ptr_array_index(plan->claims, i));
    }
    canon_end_array(canon);
    canon_end_object(canon);
    return canon_finish(canon);
}

Digest plan_id(const char *plan_json)
{
    return digest_of(plan_json, strlen(plan_json));
}

/* Reading back. Each reader takes the node of an object and fills what it is given. */

typedef struct Source {
    const TreeNode *object;
    GError **error;
    bool failed; /* the error is set */
} Source;

/* The member called `key`, or NULL if it is null or absent; absent fails if `needed`. */
static const TreeNode *member(Source *source, const char *key, bool needed)
{
    if (source->failed) {
        return NULL;
    }
    const TreeNode *node = tree_get(source->object, key);
    if (tree_is_null(node) && needed) {
        tree_refuse(source->object, source->error, "\"%s\" is missing", key);
        source->failed = true;
    }
    return tree_is_null(node) ? NULL : node;
}

static char *member_text(Source *source, const char *key, bool needed)
{
    const TreeNode *node = member(source, key, needed);
    const char *text = NULL;
    if (node != NULL && !tree_text(node, &text, source->error)) {
        source->failed = true;
    }
    return g_strdup(text);
}

static int64_t member_integer(Source *source, const char *key, int64_t low, int64_t high)
{
    const TreeNode *node = member(source, key, true);
    int64_t value = low;
    if (node != NULL && !tree_integer(node, low, high, &value, source->error)) {
        source->failed = true;
    }
    return value;
}

static bool member_truth(Source *source, const char *key)
{
    const TreeNode *node = member(source, key, true);
    bool value = false;
    if (node != NULL && !tree_truth(node, &value, source->error)) {
        source->failed = true;
    }
    return value;
}

/* One that is written only when it is true. */
static bool member_flag(Source *source, const char *key)
{
    return member(source, key, false) != NULL && member_truth(source, key);
}

static VTime member_time(Source *source, const char *key)
{
    const TreeNode *node = member(source, key, false);
    VTime time = VTIME_NEVER;
    if (node == NULL) {
        return time;
    }
    if (!tree_duration(node, &time, source->error)) {
        source->failed = true;
    } else if (time < 0) {
        source->failed = true;
        tree_refuse(node, source->error, "a time cannot be negative here");
    }
    return time;
}

static Pattern *member_pattern(Source *source, const char *key)
{
    const TreeNode *node = member(source, key, false);
    Pattern *pattern = node == NULL ? NULL : reading_pattern(node, source->error);
    source->failed = source->failed || (node != NULL && pattern == NULL);
    return pattern;
}

static char **member_texts(Source *source, const char *key)
{
    const TreeNode *node = member(source, key, true);
    char **texts = node == NULL ? NULL : tree_texts(node, source->error);
    source->failed = source->failed || texts == NULL;
    return texts == NULL ? g_new0(char *, 1) : texts;
}

/* Calls `read` for every element of the list `key`. */
static void each(Source *source, const char *key, size_t count_max,
                 void (*read)(Source *element, Plan *plan), Plan *plan)
{
    const TreeNode *list = member(source, key, true);
    if (list == NULL) {
        return;
    }
    if (!tree_expect(list, TREE_SEQUENCE, "a list", source->error)) {
        source->failed = true;
        return;
    }
    if (list->count > count_max) {
        source->failed = true;
        tree_refuse(list, source->error, "more than %zu entries", count_max);
        return;
    }
    for (size_t i = 0; i < list->count && !source->failed; i++) {
        Source element = {.object = list->children[i], .error = source->error};
        if (!tree_expect(element.object, TREE_MAPPING, "an object", source->error)) {
            source->failed = true;
            return;
        }
        read(&element, plan);
        source->failed = element.failed;
    }
}

static void read_device(Source *source, Plan *plan)
{
    DeviceSetup *device = plan_device_new(NULL);
    g_ptr_array_add(plan->timeline->devices, device);
    device->name = member_text(source, "name", true);
    device->image = member_text(source, "image", false);
    device->image_b = member_text(source, "image_b", false);
    device->initialized = member_truth(source, "initialized");
    device->unlocked = member_truth(source, "unlocked");
    device->door_open = member_truth(source, "door_open");
    device->clock_valid = member_truth(source, "clock_valid");
    device->battery_mv = member_integer(source, "battery_mv", 0, 100000);
    if (member(source, "journal", false) != NULL) {
        device->journal = member_integer(source, "journal", 0, PLAN_JOURNAL_MAX);
    }
}

static void read_action(Source *source, Plan *plan)
{
    const TreeNode *verb_node = member(source, "verb", true);
    size_t verb = 0;
    if (verb_node == NULL || !tree_choice(verb_node, plan_verb_names(), &verb, source->error)) {
        source->failed = true;
        return;
    }
    Action *action = plan_action_new((Verb)verb, NULL);
    g_ptr_array_add(plan->timeline->actions, action);
    action->target = member_text(source, "target", true);
    action->number = (uint32_t)member_integer(source, "number", 1, PLAN_ACTIONS_MAX);
    action->given = member_truth(source, "given");
    action->place.line = (int)member_integer(source, "line", 0, INT32_MAX);
    action->after = member_pattern(source, "after");
    if (action->after == NULL) {
        action->at = member_time(source, "at");
    } else {
        action->nth = (uint32_t)member_integer(source, "nth", 0, UINT32_MAX);
        action->delay = member_time(source, "delay");
    }
    const TreeNode *arguments = member(source, "arguments", true);
    if (arguments != NULL && !reading_arguments(arguments, action, source->error)) {
        source->failed = true;
    }
}

static void read_hold(Source *source, Plan *plan)
{
    Hold *hold = g_new0(Hold, 1);
    g_ptr_array_add(plan->timeline->holds, hold);
    hold->after = member_pattern(source, "after");
    hold->delay = member_time(source, "delay");
    hold->release = member_pattern(source, "release");
    if (!source->failed && hold->after == NULL) {
        (void)member(source, "after", true);
    }
}

static void read_image(Source *source, Plan *plan)
{
    ImageFile *image = g_new0(ImageFile, 1);
    g_ptr_array_add(plan->timeline->images, image);
    image->name = member_text(source, "name", true);
    g_autofree char *hex = member_text(source, "sha256", true);
    if (!source->failed && !digest_parse(hex, &image->digest)) {
        source->failed = true;
        tree_refuse(tree_get(source->object, "sha256"), source->error,
                    "expected 64 hexadecimal digits");
    }
}

static void read_order(Source *source, Claim *claim)
{
    const TreeNode *list = member(source, "patterns", true);
    if (list == NULL || !tree_expect(list, TREE_SEQUENCE, "a list of patterns", source->error)) {
        source->failed = true;
        return;
    }
    for (size_t i = 0; i < list->count; i++) {
        Pattern *pattern = reading_pattern(list->children[i], source->error);
        if (pattern == NULL) {
            source->failed = true;
            return;
        }
        g_ptr_array_add(claim->patterns, pattern);
    }
}

static void read_claim(Source *source, Plan *plan)
{
    const TreeNode *kind_node = member(source, "kind", true);
    size_t kind = 0;
    if (kind_node == NULL || !tree_choice(kind_node, CLAIM_NAMES, &kind, source->error)) {
        source->failed = true;
        return;
    }
    Claim *claim = plan_claim_new((ClaimKind)kind);
    g_ptr_array_add(plan->claims, claim);
    g_strfreev(claim->proves);
    claim->proves = member_texts(source, "proves");
    claim->number = (uint32_t)member_integer(source, "number", 1, UINT32_MAX);
    claim->standing = member_truth(source, "standing");
    claim->sentence = member_text(source, "sentence", true);
    claim->place.line = (int)member_integer(source, "line", 0, INT32_MAX);
    claim->after = member_pattern(source, "after");
    claim->expect = member_pattern(source, "expect");
    claim->until = member_pattern(source, "until");
    claim->invariant = member_text(source, "invariant", claim->kind == CLAIM_ALWAYS);
    Invariant invariant = INVARIANTS;
    if (!source->failed && claim->invariant != NULL &&
        !plan_invariant_parse(claim->invariant, &invariant)) {
        source->failed = true;
        tree_refuse(tree_get(source->object, "invariant"), source->error,
                    "unknown invariant \"%s\"", claim->invariant);
    }
    bool needs_expect =
        claim->kind == CLAIM_WITHIN || claim->kind == CLAIM_NEVER || claim->kind == CLAIM_COUNTS;
    if (needs_expect && claim->expect == NULL) {
        (void)member(source, "expect", true);
    }
    if (claim->kind == CLAIM_WITHIN) {
        claim->duration = member_time(source, "duration");
        (void)member(source, "after", true);
    } else if (claim->kind == CLAIM_ORDER) {
        read_order(source, claim);
    } else if (claim->kind == CLAIM_COUNTS) {
        claim->at_least = member_integer(source, "at_least", 0, INT64_MAX);
        claim->at_most = member_integer(source, "at_most", 0, INT64_MAX);
    }
}

static void read_timeline(Source *source, Plan *plan)
{
    Timeline *timeline = plan->timeline;
    g_autofree char *seed = member_text(source, "seed", true);
    guint64 value = 0;
    if (!source->failed && !g_ascii_string_to_unsigned(seed, 10, 0, G_MAXUINT64, &value, NULL)) {
        source->failed = true;
        tree_refuse(tree_get(source->object, "seed"), source->error, "expected a seed");
    }
    timeline->seed = value;
    timeline->epoch_seconds = (uint64_t)member_integer(source, "epoch_seconds", 0, INT64_MAX);
    timeline->record_nvm = member_truth(source, "record_nvm");
    timeline->record_calls = member_flag(source, "record_calls");
    timeline->record_reads = member_flag(source, "record_reads");
    timeline->limit = member_time(source, "limit");
    timeline->until_at = member_time(source, "until_at");
    timeline->until_delay = member_time(source, "until_delay");
    timeline->until = member_pattern(source, "until");
    each(source, "devices", PLAN_DEVICES_MAX, read_device, plan);
    each(source, "actions", PLAN_ACTIONS_MAX, read_action, plan);
    each(source, "holds", PLAN_CLAIMS_MAX, read_hold, plan);
    each(source, "images", PLAN_ACTIONS_MAX, read_image, plan);
}

Plan *plan_from_json(const char *name, const char *json, gsize bytes, GError **error)
{
    g_autoptr(Tree) tree = tree_parse(name, json, bytes, true, error);
    if (tree == NULL || !tree_expect(tree_root(tree), TREE_MAPPING, "a plan", error)) {
        return NULL;
    }
    g_autoptr(Plan) plan = plan_new();
    Source source = {.object = tree_root(tree), .error = error};
    (void)member_integer(&source, "format", PLAN_FORMAT, PLAN_FORMAT);
    plan->run_id = member_text(&source, "run_id", true);
    plan->scenario = member_text(&source, "scenario", true);
    plan->defect = member_text(&source, "defect", false);
    g_strfreev(plan->proves);
    plan->proves = member_texts(&source, "proves");
    if (member(&source, "imposed", false) != NULL) {
        plan->imposed = (uint32_t)member_integer(&source, "imposed", 1, PLAN_ACTIONS_MAX);
    }
    const TreeNode *timeline = member(&source, "timeline", true);
    if (timeline != NULL) {
        if (!tree_expect(timeline, TREE_MAPPING, "an object", error)) {
            return NULL;
        }
        Source inner = {.object = timeline, .error = error};
        read_timeline(&inner, plan);
        source.failed = inner.failed;
    }
    each(&source, "claims", PLAN_CLAIMS_MAX, read_claim, plan);
    if (source.failed) {
        return NULL;
    }
    /* What is not the canonical text of a plan is not a plan: nothing may hide in it. */
    g_autofree char *again = plan_to_json(plan);
    if (strlen(again) != bytes || memcmp(again, json, bytes) != 0) {
        g_set_error(error, TREE_ERROR, TREE_ERROR_INPUT,
                    "%s:1:1: error: not a plan in its canonical form", name);
        return NULL;
    }
    return g_steal_pointer(&plan);
}
