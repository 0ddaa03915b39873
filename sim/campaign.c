/* SPDX-License-Identifier: MIT */

/*
 * K1  Jobs are numbered in the order of the plan, by scenario and then by point, and listed so.
 * K2  Every result is in results.jsonl before anybody hears of it.
 * K3  A job is sent once, or, if a worker dies over a batch, once more alone. A worker that dies
 *     makes the result of the job it had alone ERROR.
 * K4  One run in REPEAT_SHARE, and always the first of all, is made twice by its worker. If the
 *     evidence differs, the run is ERROR: a lab that cannot repeat itself has no verdicts to give.
 * K5  A run that is made twice is made from the start the second time, however it was made first.
 * K6  Jobs with two faults are added when all with one have a result, in the order of those.
 *
 * A request to a worker is "KA RUN_ID", K being a digit of LabKeep and A whether to make the run
 * again; a reply is a result. Points of one sweep go in batches, separated by tabs, and are made as
 * branches of one run; the results are said one by one, and the reply at the end is empty. A run
 * that is to give second faults also says "@RUN_ID RUN_ID..." before its result: itself and them.
 */

#include "sim/campaign.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "sim/branches.h"
#include "sim/evidence/bundle.h"
#include "sim/ledger.h"
#include "sim/workers.h"

#define WAIT_MS      250
#define REPEAT_SHARE 20
#define BATCH_MAX    64 /* runs that part from one trunk */
#define BATCH_MIN    8  /* fewer are not worth one */

typedef struct Job {
    char *run_id;
    unsigned scenario; /* place among the campaign's scenarios */
    bool reference;    /* its evidence gives the points of a sweep */
    SweepPoint point;
    char **seconds; /* the runs with a second fault, if it is to give them */
    RunResult *result;
} Job;

/* One scenario of the campaign. */
typedef struct Entry {
    const Scenario *scenario;
    ScenarioSummary *summary;
    Sweep sweep;
    SweepPoint reference; /* the point of the reference run; axis SWEEP_NONE: none */
    uint64_t seed;
    uint32_t open;   /* jobs without a result */
    uint32_t points; /* of its sweep, in this shard */
    bool same;       /* its reference run is as an earlier execution made it */
    uint32_t counts[VERDICTS];
    int64_t started_us;
} Entry;

typedef struct Campaign {
    Lab *lab;
    const CampaignSettings *settings;
    const CampaignListener *listener;
    Assessment *assessment;
    GArray *entries;    /* of Entry */
    GPtrArray *jobs;    /* of Job, in the order they came up */
    guint next;         /* job to be sent */
    GArray *orphans;    /* of guint: jobs of batches whose worker has died, to be sent alone (K3) */
    GPtrArray *batches; /* of GArray of guint, the jobs, by the tag they were sent under */
    Branches *branches; /* in a worker */
    GHashTable *past;   /* run id -> RunResult, from an earlier execution */
    GHashTable *givers; /* run id -> its line about second faults, from now or earlier */
    Ledger *results;
    GError *error; /* of the ledger's; stops everything */
    Workers *workers;
    CampaignProgress progress;
    int64_t started_us;
    unsigned level; /* 0: one fault; 1: looking for second ones; 2: two faults */
    bool stopping;
    bool enough;          /* failures: what runs is not waited for */
    volatile bool *leave; /* shared with the workers: begin no further run of a batch */
} Campaign;

static void job_free(void *job)
{
    Job *at = job;
    g_free(at->run_id);
    g_strfreev(at->seconds);
    result_free(at->result);
    g_free(at);
}

static Entry *entry_at(Campaign *campaign, guint index)
{
    return &g_array_index(campaign->entries, Entry, index);
}

static Job *add_job(Campaign *campaign, guint entry, const SweepPoint *point)
{
    Job *job = g_new0(Job, 1);
    Entry *at = entry_at(campaign, entry);
    job->run_id =
        sweep_run_id(scenario_id(at->scenario), point, campaign->settings->defect, at->seed);
    job->scenario = entry;
    job->point = *point;
    g_ptr_array_add(campaign->jobs, job);
    at->open++;
    campaign->progress.planned++;
    return job;
}

/* Whether a job is to say which runs with a second fault follow from it. */
static bool gives_seconds(const SweepPoint *point)
{
    return point->second.axis != SWEEP_NONE && point->second.number == 0;
}

/* What is swept of a scenario: what is imposed, or what it says itself. */
static void choose_sweep(const Campaign *campaign, Entry *entry)
{
    const Sweep *imposed = campaign->settings->sweep;
    entry->sweep = imposed != NULL ? *imposed : *scenario_sweep(entry->scenario);
    if (imposed != NULL) {
        const Sweep *own = scenario_sweep(entry->scenario);
        g_strlcpy(entry->sweep.target, scenario_target(entry->scenario),
                  sizeof entry->sweep.target);
        /* Its own fault is put in on its own axis, and its claims are about its own window. */
        if (own->axis == imposed->axis && imposed->after == NULL && imposed->until == NULL) {
            entry->sweep.after = own->after;
            entry->sweep.until = own->until;
        }
        entry->reference.axis = imposed->axis;
    }
}

/* Planning. */

static bool in_shard(const Campaign *campaign, uint64_t index)
{
    return index % campaign->settings->shards == campaign->settings->shard - 1;
}

/* Takes one scenario in; its first plan gives the claims and counts for the campaign's plan id. */
static bool add_entry(Campaign *campaign, const char *id, Digest *chain, GError **error)
{
    const CampaignSettings *settings = campaign->settings;
    const Scenario *scenario = lab_scenario(campaign->lab, id, error);
    if (scenario == NULL) {
        return false;
    }
    Entry entry = {.scenario = scenario,
                   .seed = settings->has_seed ? settings->seed : scenario_seed(scenario)};
    choose_sweep(campaign, &entry);
    bool sweeps = entry.sweep.axis != SWEEP_NONE;
    if (settings->sweeps_only && !sweeps) {
        return true;
    }
    g_autofree char *run_id =
        sweep_run_id(scenario_id(scenario), &entry.reference, settings->defect, entry.seed);
    g_autoptr(Plan) plan = lab_plan(campaign->lab, run_id, error);
    if (plan == NULL) {
        return false;
    }
    g_autofree char *json = plan_to_json(plan);
    *chain = digest_chain(chain, json, strlen(json));
    g_autofree char *file =
        g_strdup_printf("%s/%s.yaml", lab_paths(campaign->lab)->scenarios, scenario_id(scenario));
    entry.summary = assessment_add_scenario(campaign->assessment, plan, scenario_title(scenario),
                                            g_str_has_suffix(id, ".yaml") ? id : file);
    g_array_append_val(campaign->entries, entry);
    guint index = campaign->entries->len - 1;
    if (sweeps || in_shard(campaign, index)) {
        add_job(campaign, index, &entry.reference)->reference = sweeps;
    }
    return true;
}

static bool plan_all(Campaign *campaign, GError **error)
{
    Digest chain = digest_of("", 0);
    for (char *const *id = campaign->settings->scenarios; *id != NULL; id++) {
        if (!add_entry(campaign, *id, &chain, error)) {
            return false;
        }
    }
    char hex[DIGEST_TEXT_BYTES];
    campaign->assessment->plan_id = g_strdup(digest_print(&chain, hex));
    campaign->assessment->lab = lab_digest(campaign->lab);
    campaign->assessment->defect = g_strdup(campaign->settings->defect);
    if (campaign->settings->shards > 1) {
        campaign->assessment->shard =
            g_strdup_printf("%u/%u", campaign->settings->shard, campaign->settings->shards);
    }
    campaign->assessment->seed =
        campaign->settings->has_seed
            ? g_strdup_printf("%" G_GUINT64_FORMAT, campaign->settings->seed)
            : g_strdup("scenario");
    return true;
}

/* The points of a sweep, from the bundle its reference run left. False, with why, if they cannot be
 * told. */
static bool add_points(Campaign *campaign, const Job *job, GError **error)
{
    Entry *entry = entry_at(campaign, job->scenario);
    g_autofree char *below = lab_bundle_path(job->run_id);
    g_autofree char *path = g_build_filename(campaign->settings->out, below, NULL);
    g_autoptr(Bundle) bundle = bundle_open(path, error);
    g_autoptr(GArray) points = bundle == NULL
                                   ? NULL
                                   : sweep_points(&entry->sweep, entry->seed, bundle->events,
                                                  campaign->settings->every_torn, error);
    if (points == NULL) {
        return false;
    }
    entry->summary->operations = points->len;
    for (guint i = 0; i < points->len; i++) {
        if (in_shard(campaign, i)) {
            add_job(campaign, job->scenario, &g_array_index(points, SweepPoint, i));
            entry->points++;
        }
    }
    return true;
}

/* After all runs with one fault: those that passed are made again, to give second ones (K6). */
static void add_askers(Campaign *campaign)
{
    guint count = campaign->jobs->len;
    for (guint i = 0; i < count; i++) {
        const Job *job = g_ptr_array_index(campaign->jobs, i);
        if (!job->reference && job->point.axis != SWEEP_NONE &&
            job->result->verdict == VERDICT_PASS) {
            SweepPoint point = job->point;
            point.second.axis = campaign->settings->second;
            add_job(campaign, job->scenario, &point);
        }
    }
}

/* After those: the runs with two faults (K6). */
static void add_seconds(Campaign *campaign)
{
    guint count = campaign->jobs->len;
    for (guint i = 0; i < count; i++) {
        const Job *job = g_ptr_array_index(campaign->jobs, i);
        for (char **id = job->seconds; id != NULL && *id != NULL; id++) {
            g_auto(SweepRun) run = {.scenario = NULL};
            if (sweep_parse_run_id(*id, &run)) {
                add_job(campaign, job->scenario, &run.point);
            }
        }
    }
}

/* Goes on to the next level when there is nothing left to do on this one; false at the end. */
static bool next_level(Campaign *campaign)
{
    if (campaign->settings->second == SWEEP_NONE || campaign->level == 2) {
        return false;
    }
    if (campaign->level == 0) {
        add_askers(campaign);
    } else {
        add_seconds(campaign);
    }
    campaign->level++;
    return true;
}

/* Results. */

static void write_result(Campaign *campaign, const RunResult *result)
{
    g_autoptr(Canon) canon = canon_new();
    result_write(result, canon);
    g_autofree char *json = canon_finish(canon);
    if (campaign->error == NULL &&
        !ledger_add(campaign->results, json, &campaign->error)) { /* K2 */
        campaign->stopping = true;
    }
}

static void tell_scenario(Campaign *campaign, const Entry *entry)
{
    campaign->listener->scenario(scenario_id(entry->scenario), entry->counts,
                                 g_get_monotonic_time() - entry->started_us,
                                 campaign->listener->user_data);
}

static void take_result(Campaign *campaign, Job *job, RunResult *take_result, bool from_past)
{
    Entry *entry = entry_at(campaign, job->scenario);
    g_autoptr(GError) error = NULL;
    if (job->reference && take_result->verdict != VERDICT_ERROR &&
        !add_points(campaign, job, &error)) {
        result_free(take_result);
        take_result = result_new_error(job->run_id, scenario_id(entry->scenario), error->message);
    }
    job->result = take_result;
    if (!from_past) {
        write_result(campaign, take_result);
    }
    campaign->progress.done++;
    campaign->progress.counts[take_result->verdict]++;
    campaign->progress.running = campaign->workers == NULL ? 0 : workers_busy(campaign->workers);
    campaign->progress.wall_us = g_get_monotonic_time() - campaign->started_us;
    entry->counts[take_result->verdict]++;
    entry->open--;
    campaign->listener->finished(take_result, &campaign->progress, campaign->listener->user_data);
    if (entry->open == 0 && campaign->settings->second == SWEEP_NONE) {
        tell_scenario(campaign, entry);
    }
    uint32_t bad = campaign->progress.done - campaign->progress.counts[VERDICT_PASS];
    if (campaign->settings->fail_max > 0 && bad >= campaign->settings->fail_max) {
        campaign->stopping = true;
        campaign->enough = true;
    }
}

/*
 * A run that gives second faults leaves a line before its result:
 * {"count":2,"run_id":"...","seconds":["...","..."]}. False when this is none.
 */
static bool take_giver(const char *line, const Tree *tree, GHashTable *givers)
{
    const TreeNode *id = tree == NULL ? NULL : tree_get(tree_root(tree), "run_id");
    const TreeNode *seconds = tree == NULL ? NULL : tree_get(tree_root(tree), "seconds");
    const char *name = NULL;
    if (seconds == NULL || id == NULL || !tree_text(id, &name, NULL)) {
        return false;
    }
    g_hash_table_replace(givers, g_strdup(name), g_strdup(line));
    return true;
}

static void take_giver_line(const char *line, void *givers)
{
    g_autoptr(Tree) tree = strstr(line, "\"seconds\":") == NULL
                               ? NULL
                               : tree_parse("results.jsonl", line, strlen(line), true, NULL);
    (void)take_giver(line, tree, givers);
}

/* The runs that follow from a job, if an earlier execution has found them; the caller's. */
static char **find_seconds(const Campaign *campaign, const Job *job)
{
    const char *line = g_hash_table_lookup(campaign->givers, job->run_id);
    g_autoptr(Tree) tree =
        line == NULL ? NULL : tree_parse("results.jsonl", line, strlen(line), true, NULL);
    const TreeNode *count = tree == NULL ? NULL : tree_get(tree_root(tree), "count");
    int64_t number = 0;
    if (count == NULL || !tree_integer(count, 0, UINT32_MAX, &number, NULL) ||
        number != (int64_t)campaign->settings->second_count) {
        return NULL;
    }
    return tree_texts(tree_get(tree_root(tree), "seconds"), NULL);
}

/* A line an earlier execution has left. What was the lab's own fault is tried again. */
static void take_line(const char *line, void *user_data)
{
    Campaign *campaign = user_data;
    g_autoptr(Tree) tree = tree_parse("results.jsonl", line, strlen(line), true, NULL);
    if (take_giver(line, tree, campaign->givers)) {
        return;
    }
    RunResult *result = tree == NULL ? NULL : result_read(tree_root(tree), NULL);
    if (result != NULL && result->verdict != VERDICT_ERROR) {
        g_hash_table_replace(campaign->past, result->run_id, result);
    } else {
        result_free(result);
    }
}

/* Whether the plan of a run is still the one its result came from. */
static bool is_same_plan(Campaign *campaign, const RunResult *past)
{
    g_autoptr(Plan) plan = lab_plan(campaign->lab, past->run_id, NULL);
    if (plan == NULL) {
        return false;
    }
    g_autofree char *json = plan_to_json(plan);
    Digest id = plan_id(json);
    char hex[DIGEST_TEXT_BYTES];
    return strcmp(digest_print(&id, hex), past->plan_id) == 0;
}

/* Whether the evidence is there from which a reference run's points come. */
static bool has_bundle(const Campaign *campaign, const char *run_id)
{
    g_autofree char *below = lab_bundle_path(run_id);
    g_autofree char *path = g_build_filename(campaign->settings->out, below, NULL);
    g_autoptr(Bundle) bundle = bundle_open(path, NULL);
    return bundle != NULL;
}

/*
 * The earlier result of a job, if its plan is still the same; the caller's. A point's plan is its
 * reference run's with the point filled in.
 */
static RunResult *find_past(Campaign *campaign, Job *job)
{
    Entry *entry = entry_at(campaign, job->scenario);
    if (gives_seconds(&job->point)) {
        job->seconds = find_seconds(campaign, job);
        if (job->seconds == NULL) {
            g_hash_table_remove(campaign->past, job->run_id); /* It had more to say. */
        }
    }
    RunResult *past = g_hash_table_lookup(campaign->past, job->run_id);
    bool point = entry->sweep.axis != SWEEP_NONE && !job->reference;
    bool same = past != NULL && (point ? entry->same : is_same_plan(campaign, past));
    entry->same = entry->same || (same && job->reference);
    if (!same || (job->reference && !has_bundle(campaign, job->run_id))) {
        return NULL;
    }
    g_hash_table_steal(campaign->past, job->run_id);
    return past;
}

static Ledger *open_ledger(const Assessment *assessment, const char *out, bool resume,
                           Campaign *campaign, GError **error)
{
    g_autofree char *path = g_build_filename(out, "results.jsonl", NULL);
    g_autofree char *heading = g_strdup_printf("{\"lab\":\"%s\"}", assessment->lab);
    return ledger_open(path, heading, resume, take_line, campaign, error);
}

static bool open_results(Campaign *campaign, GError **error)
{
    campaign->results = open_ledger(campaign->assessment, campaign->settings->out,
                                    campaign->settings->resume, campaign, error);
    return campaign->results != NULL;
}

static char *line_of(const RunResult *result)
{
    g_autoptr(Canon) canon = canon_new();
    result_write(result, canon);
    return canon_finish(canon);
}

static void add_lines(GPtrArray *lines, const RunResult *result, GHashTable *givers)
{
    const char *giver = g_hash_table_lookup(givers, result->run_id);
    if (giver != NULL) {
        g_ptr_array_add(lines, g_strdup(giver));
    }
    g_ptr_array_add(lines, line_of(result));
}

bool campaign_write_results(const Assessment *assessment, char *const *shards, const char *out,
                            GError **error)
{
    g_autoptr(Ledger) ledger = open_ledger(assessment, out, false, NULL, error);
    g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GHashTable) givers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    for (; *shards != NULL; shards++) {
        g_autofree char *path = g_build_filename(*shards, "results.jsonl", NULL);
        (void)ledger_read(path, NULL, take_giver_line, givers);
    }
    for (guint i = 0; i < assessment->runs->len; i++) {
        add_lines(lines, g_ptr_array_index(assessment->runs, i), givers);
    }
    g_ptr_array_add(lines, NULL);
    return ledger != NULL && ledger_settle(ledger, (char *const *)lines->pdata, error);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Puts the file in the order of the plan, and what this campaign did not ask for behind it. */
static bool settle_results(Campaign *campaign, GError **error)
{
    g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
    guint count = 0;
    g_autofree const char **others =
        (const char **)g_hash_table_get_keys_as_array(campaign->past, &count);
    qsort(others, count, sizeof *others, by_name);
    for (guint i = 0; i < campaign->assessment->runs->len + count; i++) {
        bool other = i >= campaign->assessment->runs->len;
        const RunResult *result =
            other ? g_hash_table_lookup(campaign->past, others[i - campaign->assessment->runs->len])
                  : g_ptr_array_index(campaign->assessment->runs, i);
        add_lines(lines, result, campaign->givers);
    }
    g_ptr_array_add(lines, NULL);
    return ledger_settle(campaign->results, (char *const *)lines->pdata, error);
}

/* Working. */

/* Makes a run once more and compares (K4). Takes the first result and gives the one that counts. */
static RunResult *make_again(Lab *lab, RunResult *take_first)
{
    g_autoptr(RunResult) first = take_first;
    g_autoptr(RunResult) again = lab_execute(lab, first->run_id, NULL, LAB_KEEP_NONE, NULL);
    if (again == NULL || strcmp(again->digest, first->digest) != 0) {
        g_autofree char *reason = g_strdup_printf(
            "made again, the run left other evidence: %.*s, then %.*s", DIGEST_SHORT_CHARS,
            first->digest, DIGEST_SHORT_CHARS, again == NULL ? "none" : again->digest);
        RunResult *broken = result_new_error(first->run_id, first->scenario, reason);
        broken->bundle = g_strdup(first->bundle);
        return broken;
    }
    first->repeated = true;
    return g_steal_pointer(&first);
}

/* A run of a request. */
typedef struct Wanted {
    bool again;
    BranchRun run;
} Wanted;

static void say(const RunResult *result)
{
    g_autoptr(Canon) canon = canon_new();
    result_write(result, canon);
    g_autofree char *json = canon_finish(canon);
    workers_say(json);
}

typedef struct Batch {
    Campaign *campaign;
    GArray *wanted; /* of Wanted */
} Batch;

/* What has to be made again waits until the machine is free. */
static bool take_branch(BranchRun *run, void *user_data)
{
    const Batch *batch = user_data;
    const GArray *wanted = batch->wanted;
    for (guint i = 0; i < wanted->len; i++) {
        const Wanted *at = &g_array_index(wanted, Wanted, i);
        if (strcmp(at->run.run_id, run->run_id) == 0 && !at->again) {
            say(run->result);
        }
    }
    return !*batch->campaign->leave;
}

/* Makes the runs of a batch as branches, as many as will go, and says those that are ready. */
static void make_branches(Campaign *campaign, GArray *wanted)
{
    g_autofree BranchRun *runs = g_new0(BranchRun, wanted->len);
    for (guint i = 0; i < wanted->len; i++) {
        runs[i] = g_array_index(wanted, Wanted, i).run;
    }
    Batch batch = {.campaign = campaign, .wanted = wanted};
    (void)branches_make(campaign->branches, runs, wanted->len, campaign->settings->out, take_branch,
                        &batch);
    for (guint i = 0; i < wanted->len; i++) {
        g_array_index(wanted, Wanted, i).run.result = runs[i].result;
    }
}

static void say_seconds(const Plan *plan, const SweepRun *run, const GArray *points)
{
    g_autoptr(GString) line = g_string_new(NULL);
    g_string_printf(line, "@%s", plan->run_id);
    for (guint i = 0; i < points->len; i++) {
        g_autofree char *id = sweep_run_id(run->scenario, &g_array_index(points, SweepPoint, i),
                                           run->defect, plan->timeline->seed);
        g_string_append_printf(line, " %s", id);
    }
    workers_say(line->str);
}

/* Makes a run with one fault and says which with a second one follow from it. */
static RunResult *look_for_seconds(Campaign *campaign, const SweepRun *run, const char *run_id,
                                   GError **error)
{
    g_autoptr(Plan) plan = lab_plan(campaign->lab, run_id, error);
    if (plan == NULL) {
        return NULL;
    }
    g_autoptr(Recorder) recorder = recorder_new();
    g_autoptr(RunResult) result =
        lab_execute_plan(campaign->lab, plan, NULL, LAB_KEEP_NONE, recorder);
    const GPtrArray *actions = plan->timeline->actions;
    const Action *first = g_ptr_array_index(actions, actions->len - 1);
    g_autoptr(GArray) points = sweep_second_points(
        &run->point, first->target, first->number, campaign->settings->second_count,
        plan->timeline->seed, recorder_events(recorder), error);
    if (points == NULL) {
        return NULL;
    }
    say_seconds(plan, run, points);
    return g_steal_pointer(&result);
}

/* The result of a run that may have been made as a branch, or not at all so far. */
static RunResult *make(Campaign *campaign, Wanted *wanted)
{
    g_autoptr(GError) error = NULL;
    g_auto(SweepRun) asked = {.scenario = NULL};
    RunResult *result = wanted->run.result;
    if (result == NULL && sweep_parse_run_id(wanted->run.run_id, &asked) &&
        gives_seconds(&asked.point)) {
        result = look_for_seconds(campaign, &asked, wanted->run.run_id, &error);
    } else if (result == NULL) {
        result = lab_execute(campaign->lab, wanted->run.run_id, campaign->settings->out,
                             wanted->run.keep, &error);
    }
    if (result == NULL) {
        g_auto(SweepRun) run = {.scenario = NULL};
        bool known = sweep_parse_run_id(wanted->run.run_id, &run);
        return result_new_error(wanted->run.run_id, known ? run.scenario : "?", error->message);
    }
    return wanted->again && result->verdict != VERDICT_ERROR ? make_again(campaign->lab, result)
                                                             : result;
}

static char *serve(const char *request, void *user_data)
{
    Campaign *campaign = user_data;
    if (request == NULL) {
        branches_free(campaign->branches);
        lab_close(campaign->lab);
        return NULL;
    }
    g_auto(GStrv) parts = g_strsplit(request, "\t", -1);
    g_autoptr(GArray) wanted = g_array_new(FALSE, TRUE, sizeof(Wanted));
    for (char **part = parts; *part != NULL; part++) {
        Wanted one = {
            .again = (*part)[1] == '1',
            .run = {.run_id = *part + 3, .keep = (LabKeep)((*part)[0] - '0')},
        };
        g_array_append_val(wanted, one);
    }
    if (wanted->len > 1) {
        campaign->branches =
            campaign->branches == NULL ? branches_new(campaign->lab) : campaign->branches;
        make_branches(campaign, wanted);
    }
    for (guint i = 0; i < wanted->len; i++) {
        Wanted *at = &g_array_index(wanted, Wanted, i);
        bool said = at->run.result != NULL && !at->again;
        if (!said && i > 0 && *campaign->leave) {
            result_free(at->run.result);
            continue;
        }
        g_autoptr(RunResult) result = said ? at->run.result : make(campaign, at);
        if (!said) {
            say(result);
        }
    }
    return g_strdup("");
}

/* Puts a job into the request. */
static void ask_for(Campaign *campaign, guint index, GString *request, GArray *batch)
{
    const Job *job = g_ptr_array_index(campaign->jobs, index);
    const Entry *entry = entry_at(campaign, job->scenario);
    bool sweeps = entry->sweep.axis != SWEEP_NONE;
    LabKeep keep = !sweeps || job->reference || campaign->settings->keep_all ? LAB_KEEP_ALWAYS
                                                                             : LAB_KEEP_UNLESS_PASS;
    /* Which runs are repeated depends on their names alone, not on who runs them or when. */
    Digest name = digest_of(job->run_id, strlen(job->run_id));
    bool first = index == 0 && job->scenario == 0; /* the same run in every shard that has it */
    bool again = first || name.bytes[0] % REPEAT_SHARE == 0;
    g_string_append_printf(request, "%s%d%d %s", request->len == 0 ? "" : "\t", (int)keep,
                           again ? 1 : 0, job->run_id);
    g_array_append_val(batch, index);
}

/* How many jobs may go with one: all workers are to have some of a sweep, and more than once. */
static guint batch_of(Campaign *campaign, const Job *job)
{
    const Entry *entry = entry_at(campaign, job->scenario);
    guint share = entry->points / (2 * MAX(campaign->settings->jobs, 1));
    return job->reference || gives_seconds(&job->point) || share < BATCH_MIN
               ? 1
               : MIN(share, BATCH_MAX);
}

/* The next jobs, as one request; empty when there are none just now. Takes results from the past.
 */
static GArray *gather(Campaign *campaign, GString *request)
{
    GArray *batch = g_array_new(FALSE, FALSE, sizeof(guint));
    if (campaign->orphans->len > 0) {
        ask_for(campaign, g_array_index(campaign->orphans, guint, 0), request, batch);
        g_array_remove_index(campaign->orphans, 0);
        return batch;
    }
    while (campaign->next < campaign->jobs->len) {
        Job *job = g_ptr_array_index(campaign->jobs, campaign->next);
        Entry *entry = entry_at(campaign, job->scenario);
        const Job *first = batch->len == 0
                               ? job
                               : g_ptr_array_index(campaign->jobs, g_array_index(batch, guint, 0));
        if (batch->len > 0 &&
            (first->scenario != job->scenario || batch->len >= batch_of(campaign, job))) {
            break;
        }
        if (entry->started_us == 0) {
            entry->started_us = g_get_monotonic_time();
        }
        RunResult *past = find_past(campaign, job);
        if (past != NULL) {
            campaign->next++;
            take_result(campaign, job, past, true);
            continue;
        }
        ask_for(campaign, campaign->next++, request, batch);
        campaign->progress.current = job->run_id;
        if (batch_of(campaign, job) == 1) {
            break;
        }
    }
    return batch;
}

/* Sends the next jobs if a worker is free; false when there is nothing to send just now. */
static bool send_next(Campaign *campaign)
{
    if (campaign->stopping || workers_busy(campaign->workers) >= campaign->settings->jobs) {
        return false;
    }
    g_autoptr(GString) request = g_string_new(NULL);
    GArray *batch = gather(campaign, request);
    if (batch->len == 0) {
        g_array_unref(batch);
        return false;
    }
    g_ptr_array_add(campaign->batches, batch);
    return workers_send(campaign->workers, request->str, campaign->batches->len - 1);
}

/* The worker is done with a batch, or has died over it: what has no result now (K3). */
static void settle(Campaign *campaign, const GArray *batch, bool died)
{
    for (guint i = 0; i < batch->len; i++) {
        guint index = g_array_index(batch, guint, i);
        Job *job = g_ptr_array_index(campaign->jobs, index);
        if (job->result != NULL || (campaign->stopping && !died)) {
            continue;
        }
        if (died && batch->len > 1) {
            g_array_append_val(campaign->orphans, index);
            continue;
        }
        const char *scenario = scenario_id(entry_at(campaign, job->scenario)->scenario);
        const char *reason = died ? "the worker died" : "the worker gave no result";
        take_result(campaign, job, result_new_error(job->run_id, scenario, reason), false);
    }
}

/* Keeps what a job has given, before its result comes (K2). */
static void write_giver(Campaign *campaign, const Job *job)
{
    g_autoptr(Canon) canon = canon_new();
    canon_begin_object(canon);
    canon_member_integer(canon, "count", campaign->settings->second_count);
    canon_member_text(canon, "run_id", job->run_id);
    canon_member_texts(canon, "seconds", job->seconds);
    canon_end_object(canon);
    char *line = canon_finish(canon);
    if (campaign->error == NULL && !ledger_add(campaign->results, line, &campaign->error)) {
        campaign->stopping = true;
    }
    g_hash_table_replace(campaign->givers, g_strdup(job->run_id), line);
}

/* The runs with a second fault that a job has given. */
static void take_seconds(Campaign *campaign, const GArray *batch, const char *line)
{
    g_auto(GStrv) ids = g_strsplit(line, " ", 0);
    for (guint i = 0; ids[0] != NULL && i < batch->len; i++) {
        Job *job = g_ptr_array_index(campaign->jobs, g_array_index(batch, guint, i));
        if (job->seconds == NULL && strcmp(job->run_id, ids[0]) == 0) {
            job->seconds = g_strdupv(ids + 1);
            write_giver(campaign, job);
        }
    }
}

/* A result of one of the batch's jobs: it says which. */
static void take_reply(Campaign *campaign, const GArray *batch, const char *reply)
{
    if (reply[0] == '@') {
        take_seconds(campaign, batch, reply + 1);
        return;
    }
    g_autoptr(Tree) tree = tree_parse("reply", reply, strlen(reply), true, NULL);
    g_autoptr(RunResult) result = tree == NULL ? NULL : result_read(tree_root(tree), NULL);
    for (guint i = 0; result != NULL && i < batch->len; i++) {
        Job *job = g_ptr_array_index(campaign->jobs, g_array_index(batch, guint, i));
        if (job->result == NULL && strcmp(job->run_id, result->run_id) == 0) {
            take_result(campaign, job, g_steal_pointer(&result), false);
        }
    }
}

static void work(Campaign *campaign)
{
    const volatile sig_atomic_t *interrupts = campaign->settings->interrupts;
    for (;;) {
        campaign->stopping = campaign->stopping || (interrupts != NULL && *interrupts > 0);
        *campaign->leave = campaign->stopping;
        while (send_next(campaign)) {
        }
        if (workers_busy(campaign->workers) == 0 &&
            (campaign->stopping ||
             (campaign->next >= campaign->jobs->len && campaign->orphans->len == 0))) {
            if (campaign->stopping || !next_level(campaign)) {
                return;
            }
            continue;
        }
        if (campaign->enough || (interrupts != NULL && *interrupts > 1)) {
            return;
        }
        unsigned tag = 0;
        g_autofree char *reply = NULL;
        if (!workers_wait(campaign->workers, WAIT_MS, &tag, &reply)) {
            campaign->progress.wall_us = g_get_monotonic_time() - campaign->started_us;
            campaign->progress.running = workers_busy(campaign->workers);
            campaign->listener->waiting(&campaign->progress, campaign->listener->user_data);
            continue;
        }
        const GArray *batch = g_ptr_array_index(campaign->batches, tag);
        if (reply == NULL || reply[0] == '\0') {
            settle(campaign, batch, reply == NULL);
        } else {
            take_reply(campaign, batch, reply);
        }
    }
}

static int by_scenario(const void *a, const void *b)
{
    const Job *const *first = a;
    const Job *const *second = b;
    return (*first)->scenario < (*second)->scenario   ? -1
           : (*first)->scenario > (*second)->scenario ? 1
                                                      : 0;
}

/* Puts the results where they belong (K1). */
static void collect(Campaign *campaign)
{
    /* GLib's sort is stable, so jobs of one scenario keep the order they came up in. */
    g_ptr_array_sort(campaign->jobs, by_scenario);
    for (guint i = 0; i < campaign->jobs->len; i++) {
        Job *job = g_ptr_array_index(campaign->jobs, i);
        if (job->result == NULL) {
            campaign->assessment->interrupted = true;
        } else {
            g_ptr_array_add(campaign->assessment->runs, g_steal_pointer(&job->result));
        }
    }
    assessment_roll_up(campaign->assessment);
}

static void campaign_clear(Campaign *campaign)
{
    g_array_unref(campaign->entries);
    g_ptr_array_unref(campaign->jobs);
    g_ptr_array_unref(campaign->batches);
    g_array_unref(campaign->orphans);
    g_hash_table_unref(campaign->past);
    g_hash_table_unref(campaign->givers);
    ledger_close(campaign->results);
    g_clear_error(&campaign->error);
}

Assessment *campaign_run(Lab *lab, const CampaignSettings *settings,
                         const CampaignListener *listener, GError **error)
{
    Campaign campaign = {
        .lab = lab,
        .settings = settings,
        .listener = listener,
        .assessment = assessment_new(lab_catalogue(lab), settings->version),
        .entries = g_array_new(FALSE, TRUE, sizeof(Entry)),
        .jobs = g_ptr_array_new_with_free_func(job_free),
        .batches = g_ptr_array_new_with_free_func((GDestroyNotify)g_array_unref),
        .orphans = g_array_new(FALSE, FALSE, sizeof(guint)),
        .past = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)result_free),
        .givers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free),
    };
    if (!plan_all(&campaign, error) || !open_results(&campaign, error)) {
        campaign_clear(&campaign);
        assessment_free(campaign.assessment);
        return NULL;
    }
    listener->planned(campaign.assessment->plan_id, campaign.entries->len, campaign.jobs->len,
                      listener->user_data);
    campaign.started_us = g_get_monotonic_time();
    campaign.leave = mmap(NULL, sizeof *campaign.leave, PROT_READ | PROT_WRITE,
                          MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    g_assert(campaign.leave != MAP_FAILED);
    fflush(NULL); /* Or the children would write it again. */
    campaign.workers = workers_new(settings->jobs, serve, &campaign);
    work(&campaign);
    for (guint i = 0; settings->second != SWEEP_NONE && i < campaign.entries->len; i++) {
        tell_scenario(&campaign, entry_at(&campaign, i));
    }
    bool at_once = campaign.enough || (settings->interrupts != NULL && *settings->interrupts > 1);
    workers_free(campaign.workers, at_once);
    munmap((void *)campaign.leave, sizeof *campaign.leave);
    collect(&campaign);
    bool well = campaign.error == NULL;
    if (!well) {
        g_propagate_error(error, g_steal_pointer(&campaign.error));
    } else if (!campaign.assessment->interrupted) {
        well = settle_results(&campaign, error);
    }
    campaign_clear(&campaign);
    if (!well) {
        assessment_free(campaign.assessment);
        return NULL;
    }
    return campaign.assessment;
}
