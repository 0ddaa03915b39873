/* SPDX-License-Identifier: MIT */

/*
 * `merge`: the shards of a campaign or a sweep, joined to what it gives without them.
 */

#include <string.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "sim/campaign.h"
#include "sim/commands/assess.h"
#include "sim/commands/outcome.h"
#include "sim/commands/terminal.h"
#include "sim/crash_sweep.h"
#include "sim/evidence/bundle.h"
#include "sim/ledger.h"
#include "sim/verdict/shards.h"

/* Copies the files of a folder that has no folders in it, or links them. */
static void copy_files(const char *from, const char *to)
{
    g_autoptr(GDir) dir = g_dir_open(from, 0, NULL);
    const char *name = NULL;
    g_mkdir_with_parents(to, 0755);
    while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
        g_autofree char *source = g_build_filename(from, name, NULL);
        g_autofree char *target = g_build_filename(to, name, NULL);
        g_autofree char *bytes = NULL;
        gsize count = 0;
        (void)g_unlink(target);
        if (link(source, target) != 0 && g_file_get_contents(source, &bytes, &count, NULL)) {
            (void)g_file_set_contents(target, bytes, (gssize)count, NULL);
        }
    }
}

static void keep_line(const char *line, void *lines)
{
    g_ptr_array_add(lines, g_strdup(line));
}

/* Puts the ledgers of a sweep of crash states together, under the heading they share. */
static bool merge_ledgers(const Options *options, const SweepingCrash *crash, GError **error)
{
    g_autofree char *heading = NULL;
    g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
    for (char **word = options->words; *word != NULL; word++) {
        g_autofree char *path = crash_sweep_file(*word, crash->scenario, crash->defect, ".jsonl");
        g_autofree char *text = NULL;
        if (!g_file_get_contents(path, &text, NULL, error)) {
            return false;
        }
        text[strcspn(text, "\n")] = '\0';
        heading = heading == NULL ? g_strdup(text) : heading;
        if (!ledger_read(path, heading, keep_line, lines)) {
            g_set_error(error, LAB_ERROR, LAB_ERROR_INPUT,
                        "%s:1:1: error: made from another plan or by another build", path);
            return false;
        }
    }
    g_autofree char *path =
        crash_sweep_file(options->out, crash->scenario, crash->defect, ".jsonl");
    g_autoptr(Ledger) ledger = ledger_open(path, heading, false, NULL, NULL, error);
    g_ptr_array_add(lines, NULL);
    return ledger != NULL && ledger_settle(ledger, (char *const *)lines->pdata, error);
}

/* Reads the shards and brings their bundles along. */
static GPtrArray *read_shards(Lab *lab, const Options *options, GHashTable *bundles, GError **error)
{
    g_autoptr(GPtrArray) shards = g_ptr_array_new_with_free_func((GDestroyNotify)assessment_free);
    for (char **word = options->words; *word != NULL; word++) {
        g_autofree char *path = g_build_filename(*word, "verdict.json", NULL);
        Assessment *shard = assessment_from_json(lab_catalogue(lab), path, error);
        if (shard == NULL) {
            return NULL;
        }
        g_ptr_array_add(shards, shard);
        for (guint i = 0; i < shard->runs->len; i++) {
            const RunResult *run = g_ptr_array_index(shard->runs, i);
            if (run->bundle != NULL) {
                g_autofree char *from = g_build_filename(*word, run->bundle, NULL);
                g_autofree char *to = g_build_filename(options->out, run->bundle, NULL);
                copy_files(from, to);
                g_hash_table_add(bundles, g_strdup(run->bundle));
            }
        }
    }
    return g_steal_pointer(&shards);
}

/* The sweeps of crash states of all shards, worked out again; NULL without an error for none. */
static Assessment *merge_crashes(Lab *lab, Options *options, const Assessment *shard,
                                 GError **error)
{
    g_autoptr(GPtrArray) scenarios = g_ptr_array_new();
    for (guint i = 0; i < shard->crashes->len; i++) {
        const SweepingCrash *crash = g_ptr_array_index(shard->crashes, i);
        const Scenario *scenario = lab_scenario(lab, crash->scenario, error);
        if (scenario == NULL || !merge_ledgers(options, crash, error)) {
            return NULL;
        }
        g_ptr_array_add(scenarios, (void *)scenario);
        options->depth = (int)crash->depth;
        g_free(options->torn);
        options->torn = g_strdup(crash->every_unit ? "each" : "pages");
    }
    g_free(options->defect);
    g_free(options->seed);
    options->defect = g_strdup(shard->defect);
    options->seed = g_strcmp0(shard->seed, "scenario") == 0 ? NULL : g_strdup(shard->seed);
    return scenarios->len == 0 ? NULL : assess_crashes(lab, options, scenarios, NULL, true, error);
}

/* Bundles that the shards kept and the whole does not. */
static void drop_bundles(const Options *options, const Assessment *whole, GHashTable *bundles)
{
    for (guint i = 0; i < whole->runs->len; i++) {
        const RunResult *run = g_ptr_array_index(whole->runs, i);
        if (run->bundle != NULL) {
            g_hash_table_remove(bundles, run->bundle);
        }
    }
    GHashTableIter iter;
    gpointer bundle = NULL;
    g_hash_table_iter_init(&iter, bundles);
    while (g_hash_table_iter_next(&iter, &bundle, NULL)) {
        g_autofree char *path = g_build_filename(options->out, bundle, NULL);
        bundle_remove(path);
    }
}

int command_merge(Lab *lab, Options *options)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GHashTable) bundles = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    if (options->words == NULL ||
        g_strv_contains((const char *const *)options->words, options->out)) {
        return terminal_misuse("name the output folders of all shards, and another one with --out");
    }
    g_autoptr(GPtrArray) shards = read_shards(lab, options, bundles, &error);
    g_autoptr(Assessment) rest = shards == NULL ? NULL : shards_merge(shards, &error);
    if (rest == NULL) {
        return terminal_complain(error);
    }
    const Assessment *shard = g_ptr_array_index(shards, 0);
    g_autofree char *digest = lab_digest(lab);
    if (shard->crashes->len > 0 && g_strcmp0(digest, shard->lab) != 0) {
        return terminal_misuse("the shards were made by another build");
    }
    g_autoptr(Assessment) whole = merge_crashes(lab, options, shard, &error);
    if (error != NULL || (rest->runs->len > 0 &&
                          !campaign_write_results(rest, options->words, options->out, &error))) {
        return terminal_complain(error);
    }
    g_autofree char *plan_id = g_strdup(rest->plan_id);
    bool full = rest->scenarios->len > 0;
    if (whole == NULL) {
        whole = g_steal_pointer(&rest);
    } else {
        assessment_join(whole, g_steal_pointer(&rest));
    }
    g_free(whole->plan_id);
    whole->plan_id = g_steal_pointer(&plan_id);
    drop_bundles(options, whole, bundles);
    return outcome_conclude(options, whole, full);
}
