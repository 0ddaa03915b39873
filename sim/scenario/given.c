/* SPDX-License-Identifier: MIT */

/*
 * `given`: how the world begins.
 *
 * G1  Links and peers are said in actions: they become actions at 0s marked `given`, which come
 * first and are no faults. So the world knows one way only in which things are set.
 */

#include "sim/scenario/given.h"

#include <string.h>

#include "sim/scenario/reading.h"

static bool parse_device(Scenario *scenario, const char *name, const TreeNode *node, GError **error)
{
    static const char *const KEYS[] = {"image",      "image_b", "state",   "bolt", "door",
                                       "battery_mv", "clock",   "journal", NULL};
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
    const TreeNode *journal = tree_get(node, "journal");
    return (battery == NULL || tree_integer(battery, 0, 10000, &device->battery_mv, error)) &&
           (journal == NULL || tree_integer(journal, 0, PLAN_JOURNAL_MAX, &device->journal, error));
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

const char *given_first_device(const Scenario *scenario)
{
    return ((const DeviceSetup *)g_ptr_array_index(scenario->devices, 0))->name;
}

bool given_has_device(const Scenario *scenario, const char *name)
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
    Action *action = plan_action_new(verb, given_first_device(scenario));
    action->given = true; /* G1 */
    action->place = node->place;
    g_ptr_array_add(scenario->actions, action);
    return action;
}

bool given_check_link(const Scenario *scenario, const TreeNode *place, const char *link,
                      GError **error)
{
    if (strcmp(link, "uplink") == 0 || given_has_device(scenario, link)) {
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
        if (!given_check_link(scenario, link, link->key, error) ||
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

bool given_parse(Scenario *scenario, const TreeNode *given, GError **error)
{
    static const char *const KEYS[] = {"device", "devices", "links",  "peers", "date",
                                       "limit",  "end",     "record", NULL};
    static const char *const ENDS[] = {"full", "early", NULL};
    static const char *const RECORDS[] = {"events", "nvm", "calls", "reads", NULL};
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
    scenario->record_calls = record_index == 2;
    scenario->record_reads = record_index == 3;
    return true;
}
