/* SPDX-License-Identifier: MIT */

#include "sim/commands/assess.h"

#include <stdio.h>
#include <string.h>

#include "sim/campaign.h"
#include "sim/canary.h"
#include "sim/commands/outcome.h"
#include "sim/commands/terminal.h"
#include "sim/crash_sweep.h"
#include "sim/report/text.h"

#define SECOND_COUNT_DEFAULT 2
#define CRASH_DRAWS          4
#define CRASH_DRAWS_EACH     32

/* What both ways take from the flags. */

static bool parse_shard(const char *text, unsigned *ret_shard, unsigned *ret_shards)
{
    g_auto(GStrv) parts = g_strsplit(text, "/", 2);
    guint64 shard = 0;
    guint64 shards = 0;
    if (g_strv_length(parts) != 2 ||
        !g_ascii_string_to_unsigned(parts[1], 10, 1, 1000000, &shards, NULL) ||
        !g_ascii_string_to_unsigned(parts[0], 10, 1, shards, &shard, NULL)) {
        return false;
    }
    *ret_shard = (unsigned)shard;
    *ret_shards = (unsigned)shards;
    return true;
}

static bool fill_settings(const Options *options, CampaignSettings *settings, GError **error)
{
    *settings = (CampaignSettings){
        .defect = options->defect,
        .jobs = (unsigned)options->jobs,
        .fail_max = (unsigned)MAX(options->fail_max, 0),
        .every_torn = options->every_torn,
        .keep_all = options->keep_all,
        .resume = options->resume,
        .shard = 1,
        .shards = 1,
        .out = options->out,
        .version = options->version,
        .interrupts = options->interrupts,
        .has_seed = options->seed != NULL,
    };
    if (!options_seed(options, &settings->seed)) {
        return options_refuse(error, "--seed %s: expected a whole number", options->seed);
    }
    if (options->shard != NULL &&
        !parse_shard(options->shard, &settings->shard, &settings->shards)) {
        return options_refuse(error, "--shard %s: expected M/N with M from 1 to N", options->shard);
    }
    return true;
}

static CanarySettings canary_settings(const Options *options)
{
    return (CanarySettings){
        .jobs = (unsigned)options->jobs,
        .resume = options->resume,
        .out = options->out,
        .version = options->version,
        .interrupts = options->interrupts,
    };
}

static bool wants_canaries(const Options *options)
{
    return !options->no_canary && options->defect == NULL && !options->gdb;
}

/* The listener of a campaign. */

static void on_planned(const char *plan_id, uint32_t scenarios, uint32_t jobs, void *user_data)
{
    const Options *options = user_data;
    (void)jobs;
    if (options->json) {
        return;
    }
    printf("lockstep %s  plan %.*s  seed %s%s%s  %u scenario%s  %d jobs\n", options->version,
           DIGEST_SHORT_CHARS, plan_id, options->seed == NULL ? "of each scenario" : options->seed,
           options->defect == NULL ? "" : "  defect ",
           options->defect == NULL ? "" : options->defect, scenarios, scenarios == 1 ? "" : "s",
           options->jobs);
    fflush(stdout);
}

static void draw_bar(const Options *options, const CampaignProgress *progress)
{
    int64_t per_s =
        progress->wall_us == 0 ? 0 : (int64_t)progress->done * 10000000 / progress->wall_us;
    int64_t left_s = per_s == 0 ? 0 : (int64_t)(progress->planned - progress->done) * 10 / per_s;
    terminal_bar(options,
                 "%u/%u runs  ✔%u ✖%u ?%u !%u  %" G_GINT64_FORMAT ".%" G_GINT64_FORMAT
                 "/s  %" G_GINT64_FORMAT ":%02d left  %.60s",
                 progress->done, progress->planned, progress->counts[VERDICT_PASS],
                 progress->counts[VERDICT_FAIL], progress->counts[VERDICT_INCONCLUSIVE],
                 progress->counts[VERDICT_ERROR], per_s / 10, per_s % 10, left_s / 60,
                 (int)(left_s % 60), progress->current == NULL ? "" : progress->current);
}

static void on_finished(const RunResult *result, const CampaignProgress *progress, void *user_data)
{
    (void)result;
    draw_bar(user_data, progress);
}

static void on_waiting(const CampaignProgress *progress, void *user_data)
{
    draw_bar(user_data, progress);
}

static void on_scenario(const char *id, const uint32_t counts[VERDICTS], int64_t wall_us,
                        void *user_data)
{
    const Options *options = user_data;
    if (options->json || g_strcmp0(options->progress, "none") == 0) {
        return;
    }
    Verdict verdict = VERDICT_PASS;
    uint32_t runs = 0;
    for (int i = 0; i < VERDICTS; i++) {
        verdict = counts[i] > 0 ? verdict_join(verdict, (Verdict)i) : verdict;
        runs += counts[i];
    }
    terminal_clear_bar(options);
    g_autofree char *word = text_verdict(verdict, options->use_color);
    printf("%s %-52s %5u run%s %4" G_GINT64_FORMAT ".%01d s", word, id, runs, runs == 1 ? " " : "s",
           wall_us / G_USEC_PER_SEC, (int)(wall_us % G_USEC_PER_SEC / 100000));
    if (runs > 1 && counts[VERDICT_PASS] < runs) {
        printf("  %u PASS %u FAIL %u INCONCLUSIVE %u ERROR", counts[VERDICT_PASS],
               counts[VERDICT_FAIL], counts[VERDICT_INCONCLUSIVE], counts[VERDICT_ERROR]);
    }
    putchar('\n');
    fflush(stdout);
}

/* Whether the axis is swept: by what is imposed, or by one of the scenarios. */
static bool sweeps(Lab *lab, char *const *scenarios, const Sweep *sweep, SweepAxis axis)
{
    bool swept = sweep != NULL && sweep->axis == axis;
    for (char *const *id = scenarios; sweep == NULL && *id != NULL; id++) {
        const Scenario *scenario = lab_scenario(lab, *id, NULL);
        swept = swept || (scenario != NULL && scenario_sweep(scenario)->axis == axis);
    }
    return swept;
}

/* The canary of each axis that is swept: an array of SweepingCanary. */
static GPtrArray *try_canaries(Lab *lab, const Options *options, char *const *scenarios,
                               const Sweep *sweep)
{
    GPtrArray *canaries = g_ptr_array_new_with_free_func((GDestroyNotify)sweeping_canary_free);
    const CanarySettings settings = canary_settings(options);
    for (size_t i = 0; wants_canaries(options) && sweep_axis_names()[i] != NULL; i++) {
        SweepAxis axis = sweep_axis_at(i);
        SweepingCanary *canary = *options->interrupts == 0 && sweeps(lab, scenarios, sweep, axis)
                                     ? canary_try(lab, axis, &settings)
                                     : NULL;
        if (canary != NULL && (canary->caught || *options->interrupts == 0)) {
            g_ptr_array_add(canaries, canary);
        } else {
            sweeping_canary_free(canary);
        }
    }
    return canaries;
}

/* A second fault's axis, and how many of them. */
static bool fill_second(const Options *options, CampaignSettings *settings, GError **error)
{
    if (options->second == NULL) {
        return options->second_count == 0 ||
               options_refuse(error, "--second-count goes with --second");
    }
    if (!options_axis("--second", options->second, &settings->second, error)) {
        return false;
    }
    if (sweep_verb(settings->second) != VERB_CUT_POWER || options->second_count < 0) {
        return options_refuse(error, "--second is nvm.operation, instruction or call, and "
                                     "--second-count a whole number");
    }
    settings->second_count =
        options->second_count == 0 ? SECOND_COUNT_DEFAULT : (uint32_t)options->second_count;
    return true;
}

Assessment *assess_campaign(Lab *lab, Options *options, char *const *scenarios, bool sweeps_only,
                            const Sweep *imposed, GError **error)
{
    CampaignSettings settings;
    if (!fill_settings(options, &settings, error) || !fill_second(options, &settings, error)) {
        return NULL;
    }
    settings.scenarios = scenarios;
    settings.sweeps_only = sweeps_only;
    settings.sweep = imposed;
    CampaignListener listener = {on_planned, on_finished, on_scenario, on_waiting, options};
    g_autoptr(GPtrArray) canaries = try_canaries(lab, options, scenarios, imposed);
    Assessment *assessment = campaign_run(lab, &settings, &listener, error);
    terminal_clear_bar(options);
    while (assessment != NULL && canaries->len > 0) {
        g_ptr_array_add(assessment->canaries, g_ptr_array_steal_index(canaries, 0));
    }
    if (assessment != NULL) {
        assessment_roll_up(assessment);
    }
    return assessment;
}

/* Crash states. */

static void on_crash_progress(const CrashSweepProgress *progress, void *user_data)
{
    const Options *options = user_data;
    terminal_bar(options, "%s %u/%u  %u not PASS  %" G_GINT64_FORMAT " s", progress->phase,
                 progress->done, progress->planned, progress->bad,
                 progress->wall_us / G_USEC_PER_SEC);
}

static CrashSweepSettings crash_settings(Options *options, const char *scenario, uint64_t seed,
                                         const CampaignSettings *settings)
{
    bool each = g_strcmp0(options->torn, "each") == 0;
    return (CrashSweepSettings){
        .scenario = scenario,
        .defect = options->defect,
        .seed = settings->has_seed ? settings->seed : seed,
        .jobs = settings->jobs,
        .depth = (unsigned)CLAMP(options->depth, 1, (int)CRASH_DEPTH_MAX),
        .every_unit = each,
        .draws = each ? CRASH_DRAWS_EACH : CRASH_DRAWS,
        .fail_max = settings->fail_max,
        .samples = options->defect == NULL,
        .resume = settings->resume,
        .shard = settings->shard,
        .shards = settings->shards,
        .out = settings->out,
        .interrupts = options->interrupts,
        .progress = on_crash_progress,
        .user_data = options,
    };
}

static void print_crash(const Options *options, const char *id, const CrashSweepResult *result)
{
    const SweepingCrash *summary = result->summary;
    g_autofree char *text = sweeping_crash_text(summary);
    g_autofree char *word = text_verdict(summary->verdict, options->use_color);
    g_autofree char *atlas = crash_sweep_file(options->out, id, options->defect, ".atlas.html");
    int64_t per_s =
        result->boots_us > 0 ? (int64_t)result->booted * G_USEC_PER_SEC / result->boots_us : 0;
    printf("%s %s\n%s%" G_GINT64_FORMAT " states booted per second\n", word, id, text, per_s);
    if (result->resumed > 0) {
        printf("%u runs taken from an earlier execution, %u made now\n", result->resumed,
               result->made);
    }
    if (summary->note != NULL) {
        printf("%s\n", summary->note);
    }
    for (guint i = 0; i < result->bad->len && i < 10; i++) {
        const RunResult *bad = g_ptr_array_index(result->bad, i);
        g_autofree char *verdict = text_verdict(bad->verdict, options->use_color);
        printf("  %s %s  %s\n", verdict, bad->run_id, bad->reason == NULL ? "" : bad->reason);
    }
    if (result->bad->len > 0) {
        outcome_print_reproduce(options,
                                ((const RunResult *)g_ptr_array_index(result->bad, 0))->run_id);
    }
    printf("atlas: %s\n", atlas);
    fflush(stdout);
}

/* Puts one sweep of crash states into the assessment: the clean run, and what did not pass. */
static bool add_crash(Lab *lab, Assessment *assessment, CrashSweepResult *result, Digest *chain,
                      GError **error)
{
    g_autofree char *id = g_strdup(result->clean->run_id);
    g_autoptr(Plan) plan = lab_plan(lab, id, error);
    const Scenario *scenario = plan == NULL ? NULL : lab_scenario(lab, plan->scenario, error);
    if (scenario == NULL) {
        return false;
    }
    g_autofree char *json = plan_to_json(plan);
    g_autofree char *file =
        g_strdup_printf("%s/%s.yaml", lab_paths(lab)->scenarios, plan->scenario);
    *chain = digest_chain(chain, json, strlen(json));
    ScenarioSummary *summary =
        assessment_add_scenario(assessment, plan, scenario_title(scenario), file);
    summary->operations = result->summary->levels[0].operations;
    g_ptr_array_add(assessment->runs, g_steal_pointer(&result->clean));
    while (result->bad->len > 0) {
        g_ptr_array_add(assessment->runs, g_ptr_array_steal_index(result->bad, 0));
    }
    g_ptr_array_add(assessment->crashes, g_steal_pointer(&result->summary));
    return true;
}

static Assessment *begin_assessment(Lab *lab, const Options *options,
                                    const CampaignSettings *settings)
{
    Assessment *assessment = assessment_new(lab_catalogue(lab), options->version);
    assessment->lab = lab_digest(lab);
    assessment->seed = g_strdup(options->seed == NULL ? "scenario" : options->seed);
    assessment->defect = g_strdup(options->defect);
    if (settings->shards > 1) {
        assessment->shard = g_strdup_printf("%u/%u", settings->shard, settings->shards);
    }
    return assessment;
}

static void try_crash_canary(Lab *lab, const Options *options, Assessment *assessment)
{
    const CanarySettings settings = canary_settings(options);
    SweepingCanary *canary = canary_try_crash(lab, &settings);
    terminal_clear_bar(options);
    if (!canary->caught && *options->interrupts > 0) {
        assessment->interrupted = true;
        sweeping_canary_free(canary);
        return;
    }
    g_autofree char *text = sweeping_canary_text(canary);
    if (!options->json) {
        printf("%s\n", text);
        fflush(stdout);
    }
    g_ptr_array_add(assessment->canaries, canary);
}

Assessment *assess_crashes(Lab *lab, Options *options, const GPtrArray *scenarios,
                           const Sweep *imposed, bool only_past, GError **error)
{
    CampaignSettings settings;
    if (!fill_settings(options, &settings, error)) {
        return NULL;
    }
    g_autoptr(Assessment) assessment = begin_assessment(lab, options, &settings);
    Digest chain = digest_of("", 0);
    if (wants_canaries(options) && !only_past) {
        try_crash_canary(lab, options, assessment);
    }
    for (guint i = 0; i < scenarios->len; i++) {
        const Scenario *scenario = g_ptr_array_index(scenarios, i);
        if (*options->interrupts > 0) {
            assessment->interrupted = true;
            break;
        }
        CrashSweepSettings sweep =
            crash_settings(options, scenario_id(scenario), scenario_seed(scenario), &settings);
        sweep.sweep = imposed;
        sweep.only_past = only_past;
        sweep.resume = sweep.resume || only_past;
        g_autoptr(CrashSweepResult) result = crash_sweep_run(lab, &sweep, error);
        terminal_clear_bar(options);
        if (result == NULL) {
            return NULL;
        }
        if (!options->json) {
            print_crash(options, sweep.scenario, result);
        }
        if (!add_crash(lab, assessment, result, &chain, error)) {
            return NULL;
        }
    }
    char hex[DIGEST_TEXT_BYTES];
    assessment->plan_id = g_strdup(digest_print(&chain, hex));
    assessment_roll_up(assessment);
    return g_steal_pointer(&assessment);
}
