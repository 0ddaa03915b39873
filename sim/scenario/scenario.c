/* SPDX-License-Identifier: MIT */

/*
 * From YAML to a checked scenario, and from that to plans.
 *
 * Y1  Every word is either understood or refused with its place; nothing is ignored.
 * Y2  A plan is all there is to a run: what was drawn, filled in, or read from a file is in it.
 * Y3  The world learns of the claims only how long it must go on.
 * Y4  Claims keep their numbers, whatever a point leaves out of them.
 */

#include "sim/scenario/scenario.h"

#include <string.h>

#include "sim/scenario/given.h"
#include "sim/scenario/parts.h"
#include "sim/scenario/reading.h"
#include "sim/scenario/steps.h"
#include "sim/scenario/then.h"

/* 2027-01-01 00:00:00 UTC: a day on which all certificates of the lab are good. */
#define EPOCH_SECONDS_DEFAULT 1798761600
#define LIMIT_DEFAULT         (3600 * VTIME_S)
#define BOOT_HOLD             (2 * VTIME_S)
#define IMPOSED_OUTAGE        "200ms"

void scenario_free(Scenario *scenario)
{
    if (scenario == NULL) {
        return;
    }
    tree_free(scenario->tree);
    g_free(scenario->id);
    g_free(scenario->title);
    g_strfreev(scenario->proves);
    g_strfreev(scenario->waives);
    g_ptr_array_unref(scenario->devices);
    g_ptr_array_unref(scenario->actions);
    g_ptr_array_unref(scenario->claims);
    plan_action_free(scenario->swept);
    pattern_free(scenario->sweep_after);
    pattern_free(scenario->sweep_until);
    pattern_free(scenario->until);
    g_free(scenario);
}

/* The whole file. */

static bool parse_until(Scenario *scenario, const TreeNode *until, GError **error)
{
    static const char *const KEYS[] = {"at", "after", "where", "delay", NULL};
    if (until->kind == TREE_SCALAR) {
        if (vtime_parse(until->text, &scenario->until_at) && scenario->until_at >= 0) {
            return true;
        }
        scenario->until_at = VTIME_NEVER;
        scenario->until = reading_pattern(until, error);
        return scenario->until != NULL;
    }
    if (!tree_expect_keys(until, KEYS, error)) {
        return false;
    }
    const TreeNode *at = tree_get(until, "at");
    const TreeNode *after = tree_get(until, "after");
    const TreeNode *where = tree_get(until, "where");
    const TreeNode *delay = tree_get(until, "delay");
    if (at == NULL && after == NULL) {
        return tree_refuse(until, error, "until needs \"at\" or \"after\"");
    }
    if (at != NULL && !tree_duration(at, &scenario->until_at, error)) {
        return false;
    }
    if (after != NULL) {
        scenario->until = reading_pattern(after, error);
        if (scenario->until == NULL ||
            (where != NULL && !reading_where(where, scenario->until, error)) ||
            (delay != NULL && !tree_duration(delay, &scenario->until_delay, error))) {
            return false;
        }
    }
    if (scenario->until_at < 0 || scenario->until_delay < 0) {
        return tree_refuse(until, error, "a time cannot be negative");
    }
    return true;
}

/* The comment lines at the top of the file, joined, without the licence line. */
static char *read_title(const char *bytes, gsize count)
{
    g_autofree char *text = g_strndup(bytes, count);
    g_auto(GStrv) lines = g_strsplit(text, "\n", 32);
    GString *title = g_string_new(NULL);
    for (size_t i = 0; lines[i] != NULL && lines[i][0] == '#'; i++) {
        char *line = g_strstrip(lines[i] + 1);
        if (line[0] == '\0' || g_str_has_prefix(line, "SPDX-")) {
            continue;
        }
        g_string_append_printf(title, "%s%s", title->len == 0 ? "" : " ", line);
    }
    return g_string_free(title, FALSE);
}

/* Standing invariants that make no sense here, in the open: the report shows what was waived. */
static bool parse_waives(Scenario *scenario, const TreeNode *node, GError **error)
{
    scenario->waives = node == NULL ? g_new0(char *, 1) : tree_texts(node, error);
    if (scenario->waives == NULL) {
        return false;
    }
    for (size_t i = 0; node != NULL && i < MAX(node->count, 1); i++) {
        const TreeNode *name = node->kind == TREE_SCALAR ? node : node->children[i];
        size_t index = 0;
        if ((node->kind == TREE_SCALAR || node->count > 0) &&
            !tree_choice(name, plan_invariant_names(), &index, error)) {
            return false;
        }
    }
    return true;
}

static bool parse_head(Scenario *scenario, const TreeNode *root, const char *id, GError **error)
{
    static const char *const KEYS[] = {"scenario", "proves", "waives", "seed", "given",
                                       "when",     "then",   "until",  NULL};
    if (!tree_expect(root, TREE_MAPPING, "a scenario: a mapping with scenario, given, when, then",
                     error) ||
        !tree_expect_keys(root, KEYS, error)) {
        return false;
    }
    const TreeNode *name = tree_require(root, "scenario", error);
    const char *said = NULL;
    if (name == NULL || !tree_text(name, &said, error)) {
        return false;
    }
    if (id != NULL && strcmp(said, id) != 0) {
        return tree_refuse(name, error, "the id must equal the path: expected \"%s\", found \"%s\"",
                           id, said);
    }
    if (said[0] == '\0' || strlen(said) > 128 || strpbrk(said, "@+# \t\n") != NULL) {
        return tree_refuse(name, error, "an id has no spaces and none of @ + #");
    }
    scenario->id = g_strdup(said);
    const TreeNode *proves = tree_require(root, "proves", error);
    scenario->proves = proves == NULL ? NULL : tree_texts(proves, error);
    if (scenario->proves == NULL) {
        return false;
    }
    if (scenario->proves[0] == NULL) {
        return tree_refuse(proves, error, "proves names no provision");
    }
    if (!parse_waives(scenario, tree_get(root, "waives"), error)) {
        return false;
    }
    const TreeNode *seed = tree_get(root, "seed");
    int64_t value = 1;
    if (seed != NULL && !tree_integer(seed, 0, INT64_MAX, &value, error)) {
        return false;
    }
    scenario->seed = (uint64_t)value;
    return true;
}

static bool parse_body(Scenario *scenario, const TreeNode *root, GError **error)
{
    const TreeNode *given = tree_require(root, "given", error);
    if (given == NULL || !given_parse(scenario, given, error)) {
        return false;
    }
    const TreeNode *when = tree_require(root, "when", error);
    if (when == NULL || !steps_parse(scenario, when, error)) {
        return false;
    }
    const TreeNode *then = tree_require(root, "then", error);
    if (then == NULL || !then_parse(scenario, then, error)) {
        return false;
    }
    const TreeNode *until = tree_get(root, "until");
    return until == NULL || parse_until(scenario, until, error);
}

static Scenario *parse_tree(Tree *take_tree, const char *id, GError **error)
{
    g_autoptr(Scenario) scenario = g_new0(Scenario, 1);
    scenario->tree = take_tree;
    scenario->devices = g_ptr_array_new_with_free_func((GDestroyNotify)plan_device_free);
    scenario->actions = g_ptr_array_new_with_free_func((GDestroyNotify)plan_action_free);
    scenario->claims = g_ptr_array_new_with_free_func((GDestroyNotify)plan_claim_free);
    scenario->until_at = VTIME_NEVER;
    scenario->limit = LIMIT_DEFAULT;
    scenario->epoch_seconds = EPOCH_SECONDS_DEFAULT;
    const TreeNode *root = tree_root(take_tree);
    if (!parse_head(scenario, root, id, error) || !parse_body(scenario, root, error)) {
        return NULL;
    }
    return g_steal_pointer(&scenario);
}

Scenario *scenario_parse(const char *name, const char *id, const void *bytes, gsize count,
                         GError **error)
{
    Tree *tree = tree_parse(name, bytes, count, false, error);
    Scenario *scenario = tree == NULL ? NULL : parse_tree(tree, id, error);
    if (scenario != NULL) {
        scenario->title = read_title(bytes, count);
    }
    return scenario;
}

Scenario *scenario_load(const char *folder, const char *id, GError **error)
{
    g_autofree char *file = g_strdup_printf("%s.yaml", id);
    g_autofree char *path = g_build_filename(folder, file, NULL);
    g_autoptr(GError) cause = NULL;
    g_autofree char *bytes = NULL;
    gsize count = 0;
    if (!g_file_get_contents(path, &bytes, &count, &cause)) {
        g_set_error(error, TREE_ERROR, TREE_ERROR_UNREADABLE, "%s:1:1: error: %s", path,
                    cause->message);
        return NULL;
    }
    return scenario_parse(path, id, bytes, count, error);
}

/* Asking. */

const char *scenario_id(const Scenario *scenario)
{
    return scenario->id;
}

const char *scenario_title(const Scenario *scenario)
{
    return scenario->title;
}

char *const *scenario_proves(const Scenario *scenario)
{
    return scenario->proves;
}

char **scenario_all_proves(const Scenario *scenario)
{
    GPtrArray *ids = g_ptr_array_new();
    for (guint i = 0; i < scenario->claims->len; i++) {
        const Claim *claim = g_ptr_array_index(scenario->claims, i);
        for (char **id = claim->proves; *id != NULL; id++) {
            g_ptr_array_add(ids, g_strdup(*id));
        }
    }
    g_ptr_array_add(ids, NULL);
    return (char **)g_ptr_array_free(ids, FALSE);
}

uint64_t scenario_seed(const Scenario *scenario)
{
    return scenario->seed;
}

const Sweep *scenario_sweep(const Scenario *scenario)
{
    return &scenario->sweep;
}

const char *scenario_target(const Scenario *scenario)
{
    return scenario->swept != NULL ? scenario->swept->target : given_first_device(scenario);
}

GArray *scenario_faults(const Scenario *scenario)
{
    bool seen[VERB_FAULTS] = {false};
    for (guint i = 0; i < scenario->actions->len; i++) {
        const Action *action = g_ptr_array_index(scenario->actions, i);
        seen[plan_verb_fault(action->verb)] |= !action->given;
    }
    if (scenario->swept != NULL) {
        seen[plan_verb_fault(scenario->swept->verb)] = true;
    }
    GArray *faults = g_array_new(FALSE, FALSE, sizeof(VerbFault));
    for (int i = VERB_FAULT_NONE + 1; i < VERB_FAULTS; i++) {
        if (seen[i]) {
            VerbFault fault = (VerbFault)i;
            g_array_append_val(faults, fault);
        }
    }
    return faults;
}

static bool check_ids(const TreeNode *node, const char *const *known, GError **error)
{
    size_t count = node->kind == TREE_SCALAR ? 1 : node->count;
    for (size_t i = 0; i < count; i++) {
        const TreeNode *id = node->kind == TREE_SCALAR ? node : node->children[i];
        if (g_strv_contains(known, id->text)) {
            continue;
        }
        const char *meant = tree_did_you_mean(id->text, known);
        return tree_refuse(id, error, "no catalogue has \"%s\"%s%s%s", id->text,
                           meant == NULL ? "" : ", did you mean \"", meant == NULL ? "" : meant,
                           meant == NULL ? "" : "\"?");
    }
    return true;
}

bool scenario_check_proves(const Scenario *scenario, const char *const *known, GError **error)
{
    const TreeNode *root = tree_root(scenario->tree);
    if (!check_ids(tree_get(root, "proves"), known, error)) {
        return false;
    }
    const TreeNode *then = tree_get(root, "then");
    for (size_t i = 0; i < then->count; i++) {
        const TreeNode *proves = tree_get(then->children[i], "proves");
        if (proves != NULL && !check_ids(proves, known, error)) {
            return false;
        }
    }
    return true;
}

/* Planning. */

/* The file of an image, the defect's first. */
static char *image_path(const ScenarioOptions *options, const char *name)
{
    if (options->defect != NULL) {
        g_autofree char *file = g_strdup_printf("%s+%s.img", name, options->defect);
        char *path = g_build_filename(options->images_folder, file, NULL);
        if (g_file_test(path, G_FILE_TEST_IS_REGULAR)) {
            return path;
        }
        g_free(path);
    }
    g_autofree char *file = g_strdup_printf("%s.img", name);
    return g_build_filename(options->images_folder, file, NULL);
}

static char *rom_path(const ScenarioOptions *options)
{
    if (options->defect != NULL && g_str_has_suffix(options->rom_path, ".bin")) {
        g_autofree char *stem = g_strndup(options->rom_path, strlen(options->rom_path) - 4);
        char *path = g_strdup_printf("%s+%s.bin", stem, options->defect);
        if (g_file_test(path, G_FILE_TEST_IS_REGULAR)) {
            return path;
        }
        g_free(path);
    }
    return g_strdup(options->rom_path);
}

/* Reads a file, or takes it as it was when it was first read. */
static GBytes *read_image(const ScenarioOptions *options, const char *path, GError **error)
{
    GBytes *known = options->images == NULL ? NULL : g_hash_table_lookup(options->images, path);
    if (known != NULL) {
        return g_bytes_ref(known);
    }
    g_autoptr(GError) cause = NULL;
    char *bytes = NULL;
    gsize count = 0;
    if (!g_file_get_contents(path, &bytes, &count, &cause)) {
        g_set_error(error, TREE_ERROR, TREE_ERROR_UNREADABLE, "%s:1:1: error: %s", path,
                    cause->message);
        return NULL;
    }
    GBytes *read = g_bytes_new_take(bytes, count);
    if (options->images != NULL) {
        g_hash_table_insert(options->images, g_strdup(path), g_bytes_ref(read));
    }
    return read;
}

static bool add_image(Plan *plan, const ScenarioOptions *options, const char *name, char *take_path,
                      GError **error)
{
    ImageFile *image = plan_image_new(name);
    image->path = take_path;
    g_ptr_array_add(plan->timeline->images, image);
    if (take_path == NULL) {
        return true;
    }
    image->bytes = read_image(options, take_path, error);
    if (image->bytes == NULL) {
        return false;
    }
    gsize count = 0;
    const void *bytes = g_bytes_get_data(image->bytes, &count);
    image->digest = digest_of(bytes, count);
    if (count == 0 || count > PLAN_IMAGE_BYTES_MAX) {
        g_set_error(error, TREE_ERROR, TREE_ERROR_INPUT,
                    "%s:1:1: error: expected an image of 1 to %u bytes, found %" G_GSIZE_FORMAT,
                    take_path, PLAN_IMAGE_BYTES_MAX, count);
        return false;
    }
    return true;
}

static bool add_named_image(Plan *plan, const ScenarioOptions *options, const char *name,
                            GError **error)
{
    if (name == NULL || strcmp(name, "none") == 0 || plan_image(plan->timeline, name) != NULL) {
        return true;
    }
    return add_image(plan, options, name,
                     options->images_folder == NULL ? NULL : image_path(options, name), error);
}

static int by_image_name(const void *a, const void *b)
{
    const ImageFile *const *first = a;
    const ImageFile *const *second = b;
    return strcmp((*first)->name, (*second)->name);
}

static bool add_images(Plan *plan, const ScenarioOptions *options, GError **error)
{
    const Timeline *timeline = plan->timeline;
    for (guint i = 0; i < timeline->devices->len; i++) {
        const DeviceSetup *device = g_ptr_array_index(timeline->devices, i);
        if (!add_named_image(plan, options, device->image, error) ||
            !add_named_image(plan, options, device->image_b, error)) {
            return false;
        }
    }
    for (guint i = 0; i < timeline->actions->len; i++) {
        const Action *action = g_ptr_array_index(timeline->actions, i);
        for (guint j = 0; j < action->arguments->len; j++) {
            const Argument *argument = g_ptr_array_index(action->arguments, j);
            if (argument->kind == ARGUMENT_IMAGE &&
                !add_named_image(plan, options, argument->text, error)) {
                return false;
            }
        }
    }
    if (options->rom_path != NULL && !add_image(plan, options, "rom", rom_path(options), error)) {
        return false;
    }
    g_ptr_array_sort(timeline->images, by_image_name);
    return true;
}

/* Aims an action at a place. The number counts from the start, so it is armed at once. */
static void aim(Action *action, const SweepPlace *place)
{
    static const char *const KEYS[] = {
        [SWEEP_NVM_OPERATION] = "at_operation",
        [SWEEP_INSTRUCTION] = "at_instruction",
        [SWEEP_FRAME] = "frame",
        [SWEEP_CALL] = "at_call",
        [SWEEP_WEAR] = "at_operation",
        [SWEEP_READ] = "at_read",
    };
    g_clear_pointer(&action->after, pattern_free);
    action->at = 0;
    action->nth = 1;
    action->delay = 0;
    g_autofree char *number = g_strdup_printf("%" G_GUINT64_FORMAT, place->number);
    reading_set_argument(action, KEYS[place->axis], number);
    if (place->axis == SWEEP_WEAR) {
        reading_set_argument(action, "bits", strcmp(place->how, "bit") == 0 ? "1" : "40");
    } else if (place->how[0] != '\0') {
        reading_set_argument(action, place->axis == SWEEP_NVM_OPERATION ? "torn" : "kind",
                             place->how);
    }
}

/* What a place means where the scenario does not say it. */
static Action *imposed_action(const Scenario *scenario, const SweepPlace *place)
{
    Verb verb = sweep_verb(place->axis);
    Action *action = plan_action_new(verb, scenario_target(scenario));
    reading_set_defaults(action);
    if (verb == VERB_CUT_POWER) {
        reading_set_argument(action, "for", IMPOSED_OUTAGE);
    }
    aim(action, place);
    return action;
}

/* The axis whose points the run is to give; SWEEP_NONE when it is none's. */
static SweepAxis asked_axis(const Scenario *scenario, const SweepPoint *point)
{
    if (point == NULL) {
        return scenario->sweep.axis;
    }
    return point->number == 0          ? point->axis
           : point->second.number == 0 ? point->second.axis
                                       : SWEEP_NONE;
}

/* Puts the faults of a point in, if they have a number, and says whether the first is imposed. */
static void add_point(const Scenario *scenario, const SweepPoint *point, Plan *plan)
{
    GPtrArray *actions = plan->timeline->actions;
    SweepPlace first = {.axis = point->axis, .number = point->number};
    memcpy(first.how, point->how, sizeof first.how);
    if (first.number == 0) {
        return;
    }
    uint32_t number = actions->len + 1;
    if (first.axis == scenario->sweep.axis) {
        Action *action = plan_action_copy(scenario->swept);
        aim(action, &first);
        g_ptr_array_add(actions, action);
    } else {
        plan->imposed = number;
        g_ptr_array_add(actions, imposed_action(scenario, &first));
    }
    if (point->second.axis == SWEEP_NONE || point->second.number == 0) {
        return;
    }
    Action *second = imposed_action(scenario, &point->second);
    g_autofree char *of_first = g_strdup_printf("%u", number);
    second->after = pattern_new(EVENT_FAULT_TOOK_EFFECT);
    pattern_add(second->after, "action", (char *[]){of_first, NULL});
    g_ptr_array_add(actions, second);
}

static bool claims_invariant(const Plan *plan, const char *name)
{
    for (guint i = 0; i < plan->claims->len; i++) {
        const Claim *claim = g_ptr_array_index(plan->claims, i);
        if (g_strcmp0(claim->invariant, name) == 0) {
            return true;
        }
    }
    return false;
}

static void add_claims(const Scenario *scenario, Plan *plan)
{
    for (guint i = 0; i < scenario->claims->len; i++) {
        g_ptr_array_add(plan->claims, plan_claim_copy(g_ptr_array_index(scenario->claims, i)));
    }
    for (int i = 0; i < INVARIANTS; i++) {
        Invariant invariant = (Invariant)i;
        const char *name = plan_invariant_names()[i];
        if (!plan_invariant_is_standing(invariant) || claims_invariant(plan, name) ||
            g_strv_contains((const char *const *)scenario->waives, name)) {
            continue;
        }
        Claim *claim = plan_claim_new(CLAIM_ALWAYS);
        claim->standing = true;
        claim->invariant = g_strdup(name);
        claim->sentence = g_strdup_printf("always: %s", plan_invariant_prose(invariant));
        g_strfreev(claim->proves);
        claim->proves = g_strsplit(plan_invariant_proves(invariant), " ", 0);
        g_ptr_array_add(plan->claims, claim);
    }
    for (guint i = 0; i < plan->claims->len; i++) {
        ((Claim *)g_ptr_array_index(plan->claims, i))->number = i + 1;
    }
}

/* How long the world must go on so that every claim can be judged (Y3). */
static void add_holds(const Scenario *scenario, Plan *plan)
{
    g_autoptr(Pattern) power_on = pattern_new(EVENT_POWER_ON);
    g_ptr_array_add(plan->timeline->holds, plan_hold_new(power_on, BOOT_HOLD, NULL));
    for (guint i = 0; i < scenario->claims->len; i++) {
        const Claim *claim = g_ptr_array_index(scenario->claims, i);
        if (claim->kind == CLAIM_WITHIN) {
            g_ptr_array_add(plan->timeline->holds,
                            plan_hold_new(claim->after, claim->duration,
                                          scenario->end_early ? claim->expect : NULL));
        }
    }
}

/* A pattern about any fault is one about the story's own. */
static void leave_imposed_out(Pattern *pattern, char *const *own)
{
    if (pattern == NULL ||
        (pattern->kind != EVENT_FAULT_INJECTED && pattern->kind != EVENT_FAULT_TOOK_EFFECT &&
         pattern->kind != EVENT_FAULT_ENDED)) {
        return;
    }
    for (guint i = 0; i < pattern->where->len; i++) {
        if (strcmp(((const PatternField *)g_ptr_array_index(pattern->where, i))->key, "action") ==
            0) {
            return;
        }
    }
    pattern_add(pattern, "action", own);
}

/* Lets the story and its claims go on as if what is imposed were nobody's fault. */
static void keep_story_apart(Plan *plan)
{
    Timeline *timeline = plan->timeline;
    g_autoptr(GPtrArray) own = g_ptr_array_new_with_free_func(g_free);
    for (uint32_t number = 1; number < plan->imposed; number++) {
        g_ptr_array_add(own, g_strdup_printf("%u", number));
    }
    g_ptr_array_add(own, NULL);
    char *const *numbers = (char *const *)own->pdata;
    for (guint i = 0; i + 1 < plan->imposed; i++) {
        leave_imposed_out(((Action *)g_ptr_array_index(timeline->actions, i))->after, numbers);
    }
    for (guint i = 0; i < plan->claims->len; i++) {
        Claim *claim = g_ptr_array_index(plan->claims, i);
        leave_imposed_out(claim->after, numbers);
        leave_imposed_out(claim->expect, numbers);
        leave_imposed_out(claim->until, numbers);
    }
    for (guint i = 0; i < timeline->holds->len; i++) {
        leave_imposed_out(((Hold *)g_ptr_array_index(timeline->holds, i))->after, numbers);
    }
    leave_imposed_out(timeline->until, numbers);
}

/* Whether what the event says stays so without power: it is about what is in flash or fuses. */
static bool is_lasting(EventKind kind)
{
    static const EventKind LASTING[] = {
        EVENT_UPDATE_STAGED,   EVENT_UPDATE_TRIAL,     EVENT_UPDATE_CONFIRMED,
        EVENT_UPDATE_REVERTED, EVENT_JOURNAL_RECORDED, EVENT_COUNTER_RAISED,
    };
    for (size_t i = 0; i < G_N_ELEMENTS(LASTING); i++) {
        if (LASTING[i] == kind) {
            return true;
        }
    }
    return false;
}

/* Whether a claim must hold whatever a fault from outside does to the story. */
static bool is_unconditional(const Claim *claim)
{
    switch (claim->kind) {
    case CLAIM_ALWAYS:
        return true;
    case CLAIM_NEVER:
        return claim->after == NULL ? claim->until == NULL : is_lasting(claim->after->kind);
    case CLAIM_WITHIN:
        return claim->expect->kind == EVENT_BOOT_COMPLETED && claim->after->kind == EVENT_POWER_ON;
    case CLAIM_ORDER:
    case CLAIM_COUNTS:
    case CLAIM_KINDS:
        break;
    }
    return false;
}

static void drop_conditional_claims(Plan *plan)
{
    for (guint i = plan->claims->len; i > 0; i--) {
        Claim *claim = g_ptr_array_index(plan->claims, i - 1);
        if (is_unconditional(claim)) {
            claim->standing = true; /* What it waits for may never come now. */
        } else {
            g_ptr_array_remove_index(plan->claims, i - 1);
        }
    }
}

Plan *scenario_plan(const Scenario *scenario, const ScenarioOptions *options, GError **error)
{
    const SweepPoint *point = options->point;
    g_autoptr(Plan) plan = plan_new();
    Timeline *timeline = plan->timeline;
    timeline->seed = options->has_seed ? options->seed : scenario->seed;
    plan->run_id = sweep_run_id(scenario->id, point, options->defect, timeline->seed);
    plan->scenario = g_strdup(scenario->id);
    plan->defect = g_strdup(options->defect);
    g_strfreev(plan->proves);
    plan->proves = g_strdupv(scenario->proves);
    for (guint i = 0; i < scenario->devices->len; i++) {
        g_ptr_array_add(timeline->devices,
                        plan_device_copy(g_ptr_array_index(scenario->devices, i)));
    }
    for (guint i = 0; i < scenario->actions->len; i++) {
        g_ptr_array_add(timeline->actions,
                        plan_action_copy(g_ptr_array_index(scenario->actions, i)));
    }
    if (point != NULL) {
        add_point(scenario, point, plan);
    }
    for (guint i = 0; i < timeline->actions->len; i++) {
        ((Action *)g_ptr_array_index(timeline->actions, i))->number = i + 1;
    }
    timeline->epoch_seconds = scenario->epoch_seconds;
    timeline->until = pattern_copy(scenario->until);
    timeline->until_at = scenario->until_at;
    timeline->until_delay = scenario->until_delay;
    timeline->limit = scenario->limit;
    SweepAxis asked = asked_axis(scenario, point);
    timeline->record_nvm =
        scenario->record_nvm || asked == SWEEP_NVM_OPERATION || asked == SWEEP_WEAR;
    timeline->record_calls =
        scenario->record_calls || asked == SWEEP_CALL || asked == SWEEP_INSTRUCTION;
    timeline->record_reads = scenario->record_reads || asked == SWEEP_READ;
    add_claims(scenario, plan);
    add_holds(scenario, plan);
    if (plan->imposed > 0) {
        drop_conditional_claims(plan);
        keep_story_apart(plan);
    }
    return add_images(plan, options, error) ? g_steal_pointer(&plan) : NULL;
}
