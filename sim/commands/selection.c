/* SPDX-License-Identifier: MIT */

#include "sim/commands/selection.h"

#include <string.h>

static bool is_selected(const Options *options, const char *id)
{
    bool matches = options->filters == NULL;
    for (char **glob = options->filters; glob != NULL && *glob != NULL; glob++) {
        matches = matches || g_pattern_match_simple(*glob, id);
    }
    return matches;
}

static bool proves_wanted(Lab *lab, const Options *options, const char *id, bool *ret_proves,
                          GError **error)
{
    *ret_proves = options->provisions == NULL;
    if (options->provisions == NULL) {
        return true;
    }
    const Scenario *scenario = lab_scenario(lab, id, error);
    if (scenario == NULL) {
        return false;
    }
    g_auto(GStrv) proves = scenario_all_proves(scenario);
    for (char **wanted = options->provisions; *wanted != NULL; wanted++) {
        const Provision *provision = catalogue_find(lab_catalogue(lab), *wanted);
        if (provision == NULL) {
            return options_refuse(error, "no catalogue has \"%s\"", *wanted);
        }
        for (char **id_proved = proves; *id_proved != NULL; id_proved++) {
            *ret_proves =
                *ret_proves || catalogue_find(lab_catalogue(lab), *id_proved) == provision;
        }
    }
    return true;
}

/* Adds the ids one word of the command line means: an id, a file, a folder, or a glob. */
static bool add_word(Lab *lab, const char *word, GPtrArray *ids, GError **error)
{
    char *const *all = lab_scenario_ids(lab);
    g_autofree char *folder = g_strdup_printf("%s%s", word, g_str_has_suffix(word, "/") ? "" : "/");
    bool glob = strpbrk(word, "*?") != NULL;
    guint before = ids->len;
    if (!g_str_has_suffix(word, ".yaml") && !g_strv_contains((const char *const *)all, word)) {
        for (; *all != NULL; all++) {
            if (g_str_has_prefix(*all, folder) || (glob && g_pattern_match_simple(word, *all))) {
                g_ptr_array_add(ids, *all);
            }
        }
        if (ids->len > before || glob) {
            return true;
        }
    }
    const Scenario *scenario = lab_scenario(lab, word, error);
    if (scenario != NULL) {
        g_ptr_array_add(ids, g_str_has_suffix(word, ".yaml") ? (char *)word
                                                             : (char *)scenario_id(scenario));
    }
    return scenario != NULL;
}

GPtrArray *selection_of(Lab *lab, const Options *options, char *const *words, GError **error)
{
    g_autoptr(GPtrArray) named = g_ptr_array_new();
    for (char *const *word = words; word != NULL && *word != NULL; word++) {
        if (!add_word(lab, *word, named, error)) {
            return NULL;
        }
    }
    for (char *const *id = lab_scenario_ids(lab);
         (words == NULL || words[0] == NULL) && *id != NULL; id++) {
        g_ptr_array_add(named, *id);
    }
    g_autoptr(GPtrArray) selected = g_ptr_array_new();
    for (guint i = 0; i < named->len; i++) {
        const char *id = g_ptr_array_index(named, i);
        bool proves = false;
        if (!is_selected(options, id)) {
            continue;
        }
        if (!proves_wanted(lab, options, id, &proves, error)) {
            return NULL;
        }
        if (proves && !g_ptr_array_find_with_equal_func(selected, id, g_str_equal, NULL)) {
            g_ptr_array_add(selected, (void *)id);
        }
    }
    g_ptr_array_add(selected, NULL);
    return g_steal_pointer(&selected);
}
