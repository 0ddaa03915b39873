/* SPDX-License-Identifier: MIT */

/*
 * From YAML to a checked scenario, and from that to plans.
 *
 * Y1  Every word is either understood or refused with its place; nothing is ignored.
 * Y2  `given` is said in actions too: links and peers become actions at 0s marked `given`, which
 * come first and are no faults. So the world knows one way only in which things are set. Y3  At
 * most one action is swept. The reference plan leaves it out.
 */

#include "sim/scenario/scenario.h"

#include <string.h>

#include "sim/scenario/reading.h"

/* 2027-01-01 00:00:00 UTC: a day on which all certificates of the lab are good. */
#define EPOCH_SECONDS_DEFAULT      1798761600
#define LIMIT_DEFAULT              (3600 * VTIME_S)
#define BOOT_HOLD                  (2 * VTIME_S)
#define INSTRUCTION_POINTS_DEFAULT 100
#define SWEEP_COUNT_MAX            100000

struct Scenario {
    Tree *tree;
    char *id;
    char *title;
    char **proves;
    char **waives; /* standing invariants that do not apply here */
    uint64_t seed;
    GPtrArray *devices; /* of DeviceSetup */
    GPtrArray *actions; /* of Action; given ones first; the swept one is not among them */
    GPtrArray *claims;  /* of Claim, without the standing ones */
    Action *swept;      /* or NULL */
    Sweep sweep;
    Pattern *sweep_after;
    Pattern *sweep_until;
    Pattern *until;
    VTime until_at;
    VTime until_delay;
    VTime limit;
    uint64_t epoch_seconds;
    bool end_early;
    bool record_nvm;
};

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

/* given */

static bool parse_device(Scenario *scenario, const char *name, const TreeNode *node, GError **error)
{
    static const char *const KEYS[] = {"image", "image_b",    "state", "bolt",
                                       "door",  "battery_mv", "clock", NULL};
    static const char *const STATES[] = {"initialized", "new", NULL};
    static const char *const BOLTS[] = {"locked", "unlocked", NULL};
    static const char *const DOORS[] = {"closed", "open", NULL};
    static const char *const CLOCKS[] = {"valid", "invalid", NULL};
    if (!tree_expect_keys(node, KEYS, error)) {
        return false;
    }
    const TreeNode *image = tree_require(node, "image", error);
    const char *image_name = NULL;
    if (image == NULL || !reading_name(image, &image_name, error)) {
        return false;
    }
    DeviceSetup *device = plan_device_new(name);
    g_ptr_array_add(scenario->devices, device);
    device->image = g_strdup(image_name);
    const TreeNode *image_b = tree_get(node, "image_b");
    if (image_b != NULL) {
        if (!reading_name(image_b, &image_name, error)) {
            return false;
        }
        device->image_b = g_strdup(image_name);
    }
    const struct {
        const char *key;
        const char *const *words;
        bool *when_second;
    } choices[] = {
        {"state", STATES, &device->initialized},
        {"bolt", BOLTS, &device->unlocked},
        {"door", DOORS, &device->door_open},
        {"clock", CLOCKS, &device->clock_valid},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(choices); i++) {
        const TreeNode *choice = tree_get(node, choices[i].key);
        size_t index = 0;
        if (choice == NULL) {
            continue;
        }
        if (!tree_choice(choice, choices[i].words, &index, error)) {
            return false;
        }
        /* The first word is what plan_device_new gives. */
        *choices[i].when_second = index == 0 ? *choices[i].when_second : !*choices[i].when_second;
    }
    const TreeNode *battery = tree_get(node, "battery_mv");
    return battery == NULL || tree_integer(battery, 0, 10000, &device->battery_mv, error);
}

static bool parse_devices(Scenario *scenario, const TreeNode *given, GError **error)
{
    const TreeNode *one = tree_get(given, "device");
    const TreeNode *many = tree_get(given, "devices");
    if ((one == NULL) == (many == NULL)) {
        return tree_refuse_key(given, error, "given needs either \"device\" or \"devices\"");
    }
    if (one != NULL) {
        return parse_device(scenario, "lock", one, error);
    }
    if (!tree_expect(many, TREE_MAPPING, "a mapping of devices", error)) {
        return false;
    }
    if (many->count < 1 || many->count > PLAN_DEVICES_MAX) {
        return tree_refuse(many, error, "expected 1 to %d devices, found %zu", PLAN_DEVICES_MAX,
                           many->count);
    }
    for (size_t i = 0; i < many->count; i++) {
        if (!parse_device(scenario, many->children[i]->key, many->children[i], error)) {
            return false;
        }
    }
    return true;
}

/* The first device: what actions are about unless they say otherwise. */
static const char *first_device(const Scenario *scenario)
{
    return ((const DeviceSetup *)g_ptr_array_index(scenario->devices, 0))->name;
}

static bool has_device(const Scenario *scenario, const char *name)
{
    for (guint i = 0; i < scenario->devices->len; i++) {
        if (strcmp(((const DeviceSetup *)g_ptr_array_index(scenario->devices, i))->name, name) ==
            0) {
            return true;
        }
    }
    return false;
}

static Action *add_given(Scenario *scenario, Verb verb, const TreeNode *node)
{
    Action *action = plan_action_new(verb, first_device(scenario));
    action->given = true; /* Y2 */
    action->place = node->place;
    g_ptr_array_add(scenario->actions, action);
    return action;
}

static bool check_link(const Scenario *scenario, const TreeNode *place, const char *link,
                       GError **error)
{
    if (strcmp(link, "uplink") == 0 || has_device(scenario, link)) {
        return true;
    }
    return tree_refuse_key(place, error,
                           "no link is called \"%s\"; there is uplink, and one per device", link);
}

static bool parse_links(Scenario *scenario, const TreeNode *links, GError **error)
{
    if (!tree_expect(links, TREE_MAPPING, "a mapping of links", error)) {
        return false;
    }
    for (size_t i = 0; i < links->count; i++) {
        const TreeNode *link = links->children[i];
        Action *action = add_given(scenario, VERB_SET_LINK, link);
        if (!check_link(scenario, link, link->key, error) ||
            !reading_arguments(link, action, error)) {
            return false;
        }
        reading_set_argument(action, "link", link->key);
    }
    return true;
}

static bool parse_updates(Scenario *scenario, const TreeNode *updates, GError **error)
{
    static const char *const KEYS[] = {"serves", "certificate", NULL};
    if (!tree_expect_keys(updates, KEYS, error)) {
        return false;
    }
    const TreeNode *serves = tree_get(updates, "serves");
    const char *image = NULL;
    if (serves != NULL) {
        if (!reading_name(serves, &image, error)) {
            return false;
        }
        reading_set_argument(add_given(scenario, VERB_SERVE, serves), "image", image);
    }
    static const char *const CERTIFICATES[] = {"good",       "expired",  "not_yet_valid",
                                               "wrong_name", "wrong_ca", NULL};
    const TreeNode *certificate = tree_get(updates, "certificate");
    size_t which = 0;
    if (certificate != NULL) {
        if (!tree_choice(certificate, CERTIFICATES, &which, error)) {
            return false;
        }
        reading_set_argument(add_given(scenario, VERB_SERVER_CERTIFICATE, certificate), "which",
                             CERTIFICATES[which]);
    }
    return true;
}

static bool parse_peers(Scenario *scenario, const TreeNode *peers, GError **error)
{
    static const char *const KEYS[] = {"updates", "dns", "ntp", NULL};
    if (!tree_expect_keys(peers, KEYS, error)) {
        return false;
    }
    const TreeNode *updates = tree_get(peers, "updates");
    if (updates != NULL && !parse_updates(scenario, updates, error)) {
        return false;
    }
    const TreeNode *dns = tree_get(peers, "dns");
    if (dns != NULL && !reading_arguments(dns, add_given(scenario, VERB_DNS_BEHAVES, dns), error)) {
        return false;
    }
    const TreeNode *ntp = tree_get(peers, "ntp");
    return ntp == NULL || reading_arguments(ntp, add_given(scenario, VERB_NTP_BEHAVES, ntp), error);
}

static bool parse_date(Scenario *scenario, const TreeNode *node, GError **error)
{
    const char *text = NULL;
    if (!tree_text(node, &text, error)) {
        return false;
    }
    g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
    g_autofree char *iso = g_strdup_printf("%sT00:00:00Z", text);
    g_autoptr(GDateTime) date = strlen(text) == 10 ? g_date_time_new_from_iso8601(iso, utc) : NULL;
    if (date == NULL || g_date_time_to_unix(date) < 0) {
        return tree_refuse(node, error, "expected a date such as 2027-01-31, found \"%s\"", text);
    }
    scenario->epoch_seconds = (uint64_t)g_date_time_to_unix(date);
    return true;
}

static bool parse_given(Scenario *scenario, const TreeNode *given, GError **error)
{
    static const char *const KEYS[] = {"device", "devices", "links",  "peers", "date",
                                       "limit",  "end",     "record", NULL};
    static const char *const ENDS[] = {"full", "early", NULL};
    static const char *const RECORDS[] = {"events", "nvm", NULL};
    if (!tree_expect_keys(given, KEYS, error) || !parse_devices(scenario, given, error)) {
        return false;
    }
    const TreeNode *links = tree_get(given, "links");
    const TreeNode *peers = tree_get(given, "peers");
    const TreeNode *date = tree_get(given, "date");
    const TreeNode *limit = tree_get(given, "limit");
    if ((links != NULL && !parse_links(scenario, links, error)) ||
        (peers != NULL && !parse_peers(scenario, peers, error)) ||
        (date != NULL && !parse_date(scenario, date, error)) ||
        (limit != NULL && !tree_duration(limit, &scenario->limit, error))) {
        return false;
    }
    if (scenario->limit <= 0) {
        return tree_refuse(limit, error, "the limit must be more than nothing");
    }
    const TreeNode *end = tree_get(given, "end");
    const TreeNode *record = tree_get(given, "record");
    size_t end_index = 0;
    size_t record_index = 0;
    if ((end != NULL && !tree_choice(end, ENDS, &end_index, error)) ||
        (record != NULL && !tree_choice(record, RECORDS, &record_index, error))) {
        return false;
    }
    scenario->end_early = end_index == 1;
    scenario->record_nvm = record_index == 1;
    return true;
}

/* when */

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

static const SweepAxis AXES[] = {SWEEP_NVM_OPERATION, SWEEP_INSTRUCTION, SWEEP_FRAME};
static const char *const AXIS_NAMES[] = {"nvm.operation", "instruction", "frame", NULL};

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

static bool parse_sweep_node(Scenario *scenario, const TreeNode *node, GError **error)
{
    static const char *const KEYS[] = {"axis", "count", "torn", "kind", NULL};
    const TreeNode *axis_node = node;
    Sweep *sweep = &scenario->sweep;
    if (node->kind != TREE_SCALAR) {
        if (!tree_expect_keys(node, KEYS, error)) {
            return false;
        }
        axis_node = tree_require(node, "axis", error);
    }
    size_t axis = 0;
    if (axis_node == NULL || !tree_choice(axis_node, AXIS_NAMES, &axis, error)) {
        return false;
    }
    sweep->axis = AXES[axis];
    g_strlcpy(sweep->how, "drawn", sizeof sweep->how);
    const TreeNode *count = tree_get(node, "count");
    const TreeNode *torn = tree_get(node, "torn");
    const TreeNode *kind = tree_get(node, "kind");
    if (count != NULL && sweep->axis == SWEEP_NVM_OPERATION) {
        return tree_refuse_key(count, error, "\"count\" goes with the axes instruction and frame");
    }
    if (torn != NULL && sweep->axis != SWEEP_NVM_OPERATION) {
        return tree_refuse_key(torn, error, "\"torn\" goes with the axis nvm.operation");
    }
    if (kind != NULL && sweep->axis != SWEEP_FRAME) {
        return tree_refuse_key(kind, error, "\"kind\" goes with the axis frame");
    }
    int64_t points = sweep->axis == SWEEP_INSTRUCTION ? INSTRUCTION_POINTS_DEFAULT : 0;
    const TreeNode *how = torn != NULL ? torn : kind;
    if ((count != NULL && !tree_integer(count, 1, SWEEP_COUNT_MAX, &points, error)) ||
        (how != NULL && !parse_how(scenario, how, error))) {
        return false;
    }
    sweep->count = (uint32_t)points;
    return true;
}

/* Makes `action` the swept one. Takes it. */
static bool parse_swept(Scenario *scenario, const TreeNode *step, const TreeNode *sweep,
                        Action *take_action, GError **error)
{
    if (scenario->swept != NULL) {
        plan_action_free(take_action);
        return tree_refuse_key(sweep, error, "a scenario sweeps one action only"); /* Y3 */
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
    if (take_action->verb != (frames ? VERB_FAULT_FRAME : VERB_CUT_POWER)) {
        return tree_refuse_key(sweep, error, "only %s can be swept over that axis",
                               plan_verb_name(frames ? VERB_FAULT_FRAME : VERB_CUT_POWER));
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
    case VERB_SET_LINK:
        return check_link(scenario, place, plan_text(action, "link"), error);
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
    const char *target = first_device(scenario);
    const TreeNode *target_node = tree_get(step, "target");
    if (target_node != NULL &&
        (!tree_text(target_node, &target, error) ||
         (!has_device(scenario, target) &&
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

static bool parse_when(Scenario *scenario, const TreeNode *when, GError **error)
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

/* then */

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

static bool parse_then(Scenario *scenario, const TreeNode *then, GError **error)
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
    if (given == NULL || !parse_given(scenario, given, error)) {
        return false;
    }
    const TreeNode *when = tree_require(root, "when", error);
    if (when == NULL || !parse_when(scenario, when, error)) {
        return false;
    }
    const TreeNode *then = tree_require(root, "then", error);
    if (then == NULL || !parse_then(scenario, then, error)) {
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

/* The swept action at its point. The number counts from the start, so it is armed at once. */
static Action *action_at_point(const Scenario *scenario, const SweepPoint *point)
{
    Action *action = plan_action_copy(scenario->swept);
    g_clear_pointer(&action->after, pattern_free);
    action->at = 0;
    action->nth = 1;
    action->delay = 0;
    g_autofree char *number = g_strdup_printf("%" G_GUINT64_FORMAT, point->number);
    if (point->axis == SWEEP_FRAME) {
        reading_set_argument(action, "frame", number);
        reading_set_argument(action, "kind", point->how);
    } else if (point->axis == SWEEP_NVM_OPERATION) {
        reading_set_argument(action, "at_operation", number);
        reading_set_argument(action, "torn", point->how);
    } else {
        reading_set_argument(action, "at_instruction", number);
    }
    return action;
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

/* How long the world must go on so that every claim can be judged; it learns no more than that. */
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

Plan *scenario_plan(const Scenario *scenario, const ScenarioOptions *options, GError **error)
{
    const SweepPoint *point = options->point;
    g_assert(point == NULL || scenario->swept != NULL);
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
        g_ptr_array_add(timeline->actions, action_at_point(scenario, point));
    }
    for (guint i = 0; i < timeline->actions->len; i++) {
        ((Action *)g_ptr_array_index(timeline->actions, i))->number = i + 1;
    }
    timeline->epoch_seconds = scenario->epoch_seconds;
    timeline->until = pattern_copy(scenario->until);
    timeline->until_at = scenario->until_at;
    timeline->until_delay = scenario->until_delay;
    timeline->limit = scenario->limit;
    bool reference = point == NULL && scenario->sweep.axis == SWEEP_NVM_OPERATION;
    timeline->record_nvm = scenario->record_nvm || reference;
    add_claims(scenario, plan);
    add_holds(scenario, plan);
    return add_images(plan, options, error) ? g_steal_pointer(&plan) : NULL;
}
