/* SPDX-License-Identifier: MIT */

/*
 * X1  A round is chosen before it runs, from the seed and from what the rounds before it have
 *     shown.
 * X2  Results of a round are taken in the order it was chosen in, not in that of their arrival.
 * X3  The clock on the wall is read between rounds only.
 * X4  A result is in the ledger before anybody hears of it. Resuming chooses the same rounds again
 *     and takes from the ledger what is there.
 *
 * A request to a worker is "KEEP RUN_ID"; a reply is the map of edges in hexadecimal, then
 * {"features":[...],"result":{...}}. A line of the ledger is the request, the numbers of those
 * edges that no round before had executed, and the same JSON, with tabs between.
 */

#include "sim/explore.h"

#include <stdio.h>
#include <string.h>

#include "sim/base/canon.h"
#include "sim/ledger.h"
#include "sim/scenario/schedule.h"
#include "sim/workers.h"
#include "vdevice/contract/hostlink.h"

#define CANARY_REASON plan_invariant_prose(INVARIANT_bolt_moves_only_when_authorised)
#define WAIT_MS       250
#define EDGES_CHARS   (2 * HOSTLINK_EDGES_BYTES)
#define FRESH_CHANCE  ((Ratio){1, 2})

typedef struct Job {
    char *id; /* of the schedule */
    bool again;
    RunResult *result;
    GArray *features; /* of uint32_t */
    uint8_t edges[HOSTLINK_EDGES_BYTES];
} Job;

typedef struct Explorer {
    Lab *lab;
    const ExploreSettings *settings;
    const ExploreListener *listener;
    ExploreReport *report;
    Workers *workers;
    GPtrArray *parents;                  /* of char *: ids */
    GHashTable *seen;                    /* features */
    GHashTable *reasons;                 /* of failures */
    uint8_t edges[HOSTLINK_EDGES_BYTES]; /* seen; in a worker: of the run under way */
    Ledger *ledger;
    GHashTable *past; /* request -> what followed it in the ledger of an earlier execution */
    Prng draw;
    uint64_t fresh;    /* number of the next fresh schedule */
    uint64_t mutation; /* number of the next mutation */
} Explorer;

/* What a run has shown. */

static uint32_t hash_text(uint32_t hash, const char *text)
{
    for (size_t i = 0; text != NULL && text[i] != '\0'; i++) {
        hash = (hash ^ (uint8_t)text[i]) * 16777619u; /* FNV-1a */
    }
    return (hash ^ '|') * 16777619u;
}

/* The words of an event, without what is merely a count, a time or an address. */
static uint32_t summary(const Event *event)
{
    static const char *const NUMBERS[] = {"code", "attempts", "reason", "status", "value", NULL};
    uint32_t hash = hash_text(2166136261u, event_kind_name(event->kind));
    for (size_t i = 0; i < event->field_count; i++) {
        const EventField *field = &event->fields[i];
        bool word = field->kind == EVENT_VALUE_TEXT && event->kind != EVENT_UART_LINE &&
                    strlen(field->text) < 24 && strcmp(field->key, "client_id") != 0 &&
                    strcmp(field->key, "range") != 0;
        bool number = field->kind == EVENT_VALUE_TRUTH || g_strv_contains(NUMBERS, field->key);
        if (word) {
            hash = hash_text(hash_text(hash, field->key), field->text);
        } else if (number && field->kind != EVENT_VALUE_TEXT) {
            g_autofree char *text = g_strdup_printf("%" G_GINT64_FORMAT, field->integer);
            hash = hash_text(hash_text(hash, field->key), text);
        }
    }
    return hash;
}

/* Whether an event is a step of the story that the lock itself takes. */
static bool is_step(EventKind kind)
{
    switch ((int)kind) {
    case EVENT_POWER_LOST:
    case EVENT_DEVICE_RESET:
    case EVENT_BOOT_SLOT_STARTED:
    case EVENT_BOOT_RECOVERY:
    case EVENT_JOURNAL_RECORDED:
    case EVENT_COUNTER_RAISED:
    case EVENT_UPDATE_STAGING_STARTED:
    case EVENT_TLS_HANDSHAKE:
    case EVENT_DOWNLOAD_STARTED:
    case EVENT_DOWNLOAD_FINISHED:
    case EVENT_MOTOR_DRIVEN:
    case EVENT_BOLT_STALLED:
    case EVENT_DEVICE_STATUS:
        return true;
    default:
        return false;
    }
}

static int by_number(const void *a, const void *b)
{
    uint32_t first = *(const uint32_t *)a;
    uint32_t second = *(const uint32_t *)b;
    return first < second ? -1 : first > second ? 1 : 0;
}

static void sort_once(GArray *features)
{
    guint kept = 0;
    g_array_sort(features, by_number);
    for (guint i = 0; i < features->len; i++) {
        uint32_t feature = g_array_index(features, uint32_t, i);
        if (kept == 0 || g_array_index(features, uint32_t, kept - 1) != feature) {
            g_array_index(features, uint32_t, kept++) = feature;
        }
    }
    g_array_set_size(features, kept);
}

GArray *explore_features(const GPtrArray *events)
{
    GArray *features = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    uint32_t before = 0;
    uint32_t journal = 2166136261u;
    for (guint i = 0; i < events->len; i++) {
        const Event *event = g_ptr_array_index(events, i);
        uint32_t one = summary(event);
        g_array_append_val(features, one);
        if (event->kind == EVENT_JOURNAL_RECORDED) {
            /* The whole sequence so far, not only the last pair. */
            journal = hash_text(hash_text(journal, event_text(event, "state")),
                                event_text(event, "slot"));
            g_array_append_val(features, journal);
        }
        if (is_step(event->kind)) {
            uint32_t pair = before * 31 + one;
            g_array_append_val(features, pair);
            before = one;
        }
    }
    sort_once(features);
    return features;
}

/* Working. */

static char *edges_print(const uint8_t *edges)
{
    static const char DIGITS[] = "0123456789abcdef";
    char *text = g_malloc(EDGES_CHARS + 1);
    for (size_t i = 0; i < HOSTLINK_EDGES_BYTES; i++) {
        text[2 * i] = DIGITS[edges[i] >> 4];
        text[2 * i + 1] = DIGITS[edges[i] & 15];
    }
    text[EDGES_CHARS] = '\0';
    return text;
}

static bool edges_parse(const char *text, uint8_t *ret_edges)
{
    for (size_t i = 0; i < EDGES_CHARS; i += 2) {
        int high = g_ascii_xdigit_value(text[i]);
        int low = high < 0 ? -1 : g_ascii_xdigit_value(text[i + 1]);
        if (low < 0) {
            return false;
        }
        ret_edges[i / 2] = (uint8_t)(high * 16 + low);
    }
    return true;
}

static char *reply_of(const RunResult *result, const GArray *features, const uint8_t *edges)
{
    g_autofree char *map = edges_print(edges);
    g_autoptr(Canon) canon = canon_new();
    canon_begin_object(canon);
    canon_key(canon, "features");
    canon_begin_array(canon);
    for (guint i = 0; i < features->len; i++) {
        canon_integer(canon, g_array_index(features, uint32_t, i));
    }
    canon_end_array(canon);
    canon_key(canon, "result");
    result_write(result, canon);
    canon_end_object(canon);
    g_autofree char *json = canon_finish(canon);
    return g_strconcat(map, json, NULL);
}

/* Makes the run and leaves the edges it executed. */
static RunResult *execute(Explorer *explorer, const Plan *plan, LabKeep keep, Recorder *recorder)
{
    world_pool_count_edges(lab_pool(explorer->lab, plan->defect), explorer->edges);
    return lab_execute_plan(explorer->lab, plan, explorer->settings->out, keep, recorder);
}

static char *serve(const char *request, void *user_data)
{
    Explorer *explorer = user_data;
    if (request == NULL) {
        lab_close(explorer->lab);
        return NULL;
    }
    LabKeep keep = (LabKeep)(request[0] - '0');
    memset(explorer->edges, 0, sizeof(explorer->edges));
    g_autoptr(GError) error = NULL;
    g_autoptr(Recorder) recorder = recorder_new();
    g_autoptr(Plan) plan = lab_plan(explorer->lab, request + 2, &error);
    g_autoptr(RunResult) result = plan == NULL
                                      ? result_new_error(request + 2, "explore", error->message)
                                      : execute(explorer, plan, keep, recorder);
    g_autoptr(GArray) features = explore_features(recorder_events(recorder));
    return reply_of(result, features, explorer->edges);
}

static bool read_result(const char *json, Job *job, GError **error)
{
    g_autoptr(Tree) tree = tree_parse("reply", json, strlen(json), true, error);
    const TreeNode *features =
        tree == NULL ? NULL : tree_require(tree_root(tree), "features", error);
    const TreeNode *result =
        features == NULL ? NULL : tree_require(tree_root(tree), "result", error);
    job->result = result == NULL ? NULL : result_read(result, error);
    for (size_t i = 0; job->result != NULL && i < features->count; i++) {
        int64_t number = 0;
        if (!tree_integer(features->children[i], 0, UINT32_MAX, &number, error)) {
            return false;
        }
        uint32_t feature = (uint32_t)number;
        g_array_append_val(job->features, feature);
    }
    return job->result != NULL;
}

static bool read_reply(const char *line, Job *job, GError **error)
{
    if (!edges_parse(line, job->edges)) {
        g_set_error(error, LAB_ERROR, LAB_ERROR_INPUT, "the worker's map of edges is cut short");
        return false;
    }
    return read_result(line + EDGES_CHARS, job, error);
}

static void fail_campaign(ExploreReport *report, char *take_reason)
{
    report->verdict = VERDICT_ERROR;
    g_free(report->reason);
    report->reason = take_reason;
}

/* Keeps X4. An ERROR is not kept: the run is to be made again. */
static void enter(Explorer *explorer, const Job *job, const char *request, const char *json)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GString) line = g_string_new(request);
    g_string_append_c(line, '\t');
    for (unsigned edge = 0; edge < HOSTLINK_EDGES_BYTES * 8; edge++) {
        unsigned bit = 1u << edge % 8;
        if ((job->edges[edge / 8] & ~explorer->edges[edge / 8] & bit) != 0) {
            g_string_append_printf(line, "%u ", edge);
        }
    }
    g_string_append_printf(line, "\t%s", json);
    if (job->result->verdict != VERDICT_ERROR && !ledger_add(explorer->ledger, line->str, &error)) {
        fail_campaign(explorer->report, g_strdup(error->message));
    }
}

static void take_reply(Explorer *explorer, Job *job, const char *request, const char *line)
{
    const char *run_id = request + 2;
    g_autoptr(GError) error = NULL;
    if (line == NULL || !read_reply(line, job, &error)) {
        result_free(job->result);
        job->result =
            result_new_error(run_id, job->id, line == NULL ? "the worker died" : error->message);
        return;
    }
    enter(explorer, job, request, line + EDGES_CHARS);
}

static void read_past(const char *line, void *user_data)
{
    Explorer *explorer = user_data;
    const char *tab = strchr(line, '\t');
    if (tab != NULL) {
        g_hash_table_replace(explorer->past, g_strndup(line, (gsize)(tab - line)),
                             g_strdup(tab + 1));
    }
}

/* Takes a result from the ledger; false if it is not there. */
static bool take_past(Explorer *explorer, Job *job, const char *request)
{
    const char *line = g_hash_table_lookup(explorer->past, request);
    const char *json = line == NULL ? NULL : strchr(line, '\t');
    if (json == NULL || !read_result(json + 1, job, NULL)) {
        return false;
    }
    for (const char *at = line; at < json;) {
        char *end = NULL;
        guint64 edge = g_ascii_strtoull(at, &end, 10);
        if (end == at) {
            break;
        }
        edge %= HOSTLINK_EDGES_BYTES * 8;
        job->edges[edge / 8] |= (uint8_t)(1u << edge % 8);
        at = end;
    }
    return true;
}

static void job_free(void *job)
{
    Job *at = job;
    g_free(at->id);
    result_free(at->result);
    g_array_unref(at->features);
    g_free(at);
}

static void add_job(GPtrArray *jobs, const char *id, bool again)
{
    Job *job = g_new0(Job, 1);
    job->id = g_strdup(id);
    job->again = again;
    job->features = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    g_ptr_array_add(jobs, job);
}

/* Without the seed, which the schedule brings along. */
static char *run_id_of(const char *id, const char *defect)
{
    return g_strdup_printf("%s%s%s", id,
                           defect == NULL ? "" : "+defect=", defect == NULL ? "" : defect);
}

/* Runs all jobs; false if interrupted before the last was done. */
static bool run_jobs(Explorer *explorer, GPtrArray *jobs, const char *defect, LabKeep keep)
{
    const volatile sig_atomic_t *interrupts = explorer->settings->interrupts;
    g_autoptr(GPtrArray) requests = g_ptr_array_new_with_free_func(g_free);
    guint next = 0;
    for (guint i = 0; i < jobs->len; i++) {
        const Job *job = g_ptr_array_index(jobs, i);
        g_autofree char *run_id = run_id_of(job->id, defect);
        g_ptr_array_add(requests,
                        g_strdup_printf("%d %s", (int)(job->again ? LAB_KEEP_NONE : keep), run_id));
    }
    while (next < jobs->len || workers_busy(explorer->workers) > 0) {
        bool stop = interrupts != NULL && *interrupts > 0;
        if (stop && (workers_busy(explorer->workers) == 0 || *interrupts > 1)) {
            return false;
        }
        if (!stop && next < jobs->len) {
            const char *request = g_ptr_array_index(requests, next);
            if (take_past(explorer, g_ptr_array_index(jobs, next), request) ||
                workers_send(explorer->workers, request, next)) {
                next++;
                continue;
            }
        }
        unsigned tag = 0;
        g_autofree char *reply = NULL;
        if (workers_wait(explorer->workers, WAIT_MS, &tag, &reply)) {
            take_reply(explorer, g_ptr_array_index(jobs, tag), g_ptr_array_index(requests, tag),
                       reply);
        }
    }
    return true;
}

/* Choosing. */

/* A mutation of a parent, or a fresh schedule; the caller's. */
static char *choose(Explorer *explorer)
{
    bool fresh = prng_chance(&explorer->draw, FRESH_CHANCE) || explorer->parents->len == 0;
    if (!fresh) {
        /* Younger parents first, more often than not. */
        uint64_t a = prng_below(&explorer->draw, explorer->parents->len);
        uint64_t b = prng_below(&explorer->draw, explorer->parents->len);
        const char *parent = g_ptr_array_index(explorer->parents, (guint)MAX(a, b));
        g_autofree char *id = schedule_mutated_id(parent, explorer->mutation++);
        if (schedule_depth(id) <= SCHEDULE_DEPTH_MAX) {
            return g_steal_pointer(&id);
        }
    }
    explorer->report->fresh++;
    return schedule_fresh_id(explorer->settings->seed, explorer->fresh++);
}

static GPtrArray *choose_round(Explorer *explorer)
{
    GPtrArray *jobs = g_ptr_array_new_with_free_func(job_free);
    unsigned left = explorer->settings->runs_max == 0
                        ? EXPLORE_ROUND
                        : MIN(EXPLORE_ROUND, explorer->settings->runs_max - explorer->report->runs);
    for (unsigned i = 0; i < left; i++) {
        g_autofree char *id = choose(explorer);
        add_job(jobs, id, false);
        if (i % EXPLORE_AGAIN == 0) {
            add_job(jobs, id, true);
        }
    }
    return jobs;
}

/* Taking results. */

static char *reason_of(const RunResult *result)
{
    GString *reason = g_string_new(NULL);
    for (const char *at = result->reason; at != NULL && *at != '\0'; at++) {
        if (!g_ascii_isdigit(*at)) {
            g_string_append_c(reason, *at);
        }
    }
    return g_string_free(reason, FALSE);
}

static void keep_scenario(const Explorer *explorer, const Job *job, const char *text)
{
    g_autofree char *below = g_strdup_printf("%s.yaml", job->id);
    g_autofree char *path = g_build_filename(explorer->settings->out, below, NULL);
    g_autofree char *folder = g_path_get_dirname(path);
    /* A convenience: the bundle is the evidence, and the name alone brings the run back. */
    if (g_mkdir_with_parents(folder, 0755) == 0) {
        g_file_set_contents(path, text, -1, NULL);
    }
}

/* Whether no claim was left undecided: then it was only that a fault never met its moment. */
static bool is_idle(const RunResult *result)
{
    bool idle = result->verdict == VERDICT_INCONCLUSIVE;
    for (guint i = 0; i < result->claims->len; i++) {
        const ClaimResult *claim = g_ptr_array_index(result->claims, i);
        idle = idle && claim->verdict == VERDICT_PASS;
    }
    return idle;
}

/* Takes in the edges of a run; true if there was a new one. */
static bool learn_edges(Explorer *explorer, const Job *job)
{
    unsigned news = 0;
    for (size_t i = 0; i < sizeof(explorer->edges); i++) {
        for (unsigned fresh = job->edges[i] & ~explorer->edges[i] & 0xffu; fresh != 0;
             fresh &= fresh - 1) {
            news++;
        }
        explorer->edges[i] |= job->edges[i];
    }
    explorer->report->edges += news;
    return news > 0;
}

static void learn(Explorer *explorer, const Job *job)
{
    bool edges = learn_edges(explorer, job);
    bool news = false;
    for (guint i = 0; i < job->features->len; i++) {
        news = g_hash_table_add(explorer->seen,
                                GUINT_TO_POINTER(g_array_index(job->features, uint32_t, i))) ||
               news;
    }
    explorer->report->edge_parents += edges && !news ? 1 : 0;
    if (edges || news) {
        g_ptr_array_add(explorer->parents, g_strdup(job->id));
    }
    explorer->report->features = g_hash_table_size(explorer->seen);
    explorer->report->parents = explorer->parents->len;
}

static void take_again(ExploreReport *report, const Job *job, const Job *before)
{
    report->again++;
    if (before->result != NULL && (strcmp(job->result->digest, before->result->digest) != 0 ||
                                   memcmp(job->edges, before->edges, sizeof(job->edges)) != 0)) {
        report->differences++;
        fail_campaign(report, g_strdup_printf("%s was not the same when run again", job->id));
    }
}

static void take_job(Explorer *explorer, const Job *job)
{
    ExploreReport *report = explorer->report;
    Verdict verdict = job->result->verdict;
    g_autofree char *text = schedule_text(job->id);
    bool first = false;
    report->runs++;
    report->counts[verdict]++;
    report->idle += is_idle(job->result) ? 1 : 0;
    if (verdict == VERDICT_FAIL || verdict == VERDICT_ERROR) {
        char *reason = reason_of(job->result);
        first = g_hash_table_add(explorer->reasons, reason);
        keep_scenario(explorer, job, text);
    }
    if (verdict == VERDICT_ERROR) {
        fail_campaign(report, g_strdup_printf("%s: %s", job->id, job->result->reason));
    }
    report->verdict =
        verdict == VERDICT_FAIL ? verdict_join(report->verdict, verdict) : report->verdict;
    explorer->listener->finished(job->result, text, first, explorer->listener->user_data);
    learn(explorer, job);
}

static void take_round(Explorer *explorer, GPtrArray *jobs)
{
    for (guint i = 0; i < jobs->len; i++) { /* X2 */
        Job *job = g_ptr_array_index(jobs, i);
        if (job->result == NULL) {
            continue;
        }
        if (job->again) {
            take_again(explorer->report, job, g_ptr_array_index(jobs, i - 1));
            continue;
        }
        guint reasons = g_hash_table_size(explorer->reasons);
        take_job(explorer, job);
        if (g_hash_table_size(explorer->reasons) > reasons) {
            g_ptr_array_add(explorer->report->failures, job->result);
        }
    }
    /* The results that are kept are the report's now. */
    for (guint i = 0; i < jobs->len; i++) {
        Job *job = g_ptr_array_index(jobs, i);
        if (g_ptr_array_find(explorer->report->failures, job->result, NULL)) {
            job->result = NULL;
        }
    }
}

static bool is_over(const Explorer *explorer, int64_t started_us)
{
    const ExploreSettings *settings = explorer->settings;
    ExploreReport *report = explorer->report;
    report->wall_us = settings->clock_us() - started_us; /* X3 */
    return (settings->interrupts != NULL && *settings->interrupts > 0) ||
           report->verdict == VERDICT_ERROR ||
           (settings->runs_max > 0 && report->runs >= settings->runs_max) ||
           (settings->fail_max > 0 && report->failures->len >= settings->fail_max) ||
           (settings->wall_us > 0 && report->wall_us >= settings->wall_us);
}

/* Looks for the canary with fresh schedules, as the campaign will look for what is not known. */
static void catch_canary(Explorer *explorer)
{
    ExploreReport *report = explorer->report;
    bool whole = true;
    for (uint64_t n = 0;
         whole && report->canary == NULL && report->canary_runs < EXPLORE_CANARY_RUNS;) {
        g_autoptr(GPtrArray) jobs = g_ptr_array_new_with_free_func(job_free);
        for (unsigned i = 0; i < EXPLORE_ROUND; i++) {
            g_autofree char *id = schedule_fresh_id(explorer->settings->seed, n++);
            add_job(jobs, id, false);
        }
        whole = run_jobs(explorer, jobs, EXPLORE_CANARY, LAB_KEEP_NONE);
        for (guint i = 0; i < jobs->len && report->canary == NULL; i++) {
            const Job *job = g_ptr_array_index(jobs, i);
            report->canary_runs++;
            /* Not just any FAIL: the one it is there for. */
            if (job->result != NULL && job->result->verdict == VERDICT_FAIL &&
                strstr(job->result->reason, CANARY_REASON) != NULL) {
                report->canary = g_strdup(job->result->run_id);
            }
        }
    }
    if (whole && report->canary == NULL) {
        fail_campaign(report, g_strdup_printf("the canary %s was not caught in %u runs",
                                              EXPLORE_CANARY, report->canary_runs));
    }
}

/* Opens the ledger: its heading is all that the results depend on, firmware and lab included. */
static bool open_ledger(Explorer *explorer, GError **error)
{
    const ExploreSettings *settings = explorer->settings;
    g_autofree char *id = schedule_fresh_id(settings->seed, 0);
    g_autofree char *run_id = run_id_of(id, settings->defect);
    g_autoptr(Plan) plan = lab_plan(explorer->lab, run_id, error);
    if (plan == NULL) {
        return false;
    }
    g_autofree char *json = plan_to_json(plan);
    g_autofree char *lab = lab_digest(explorer->lab);
    g_autofree char *path = g_build_filename(settings->out, "explore.ledger", NULL);
    char hex[DIGEST_TEXT_BYTES];
    Digest digest = plan_id(json);
    g_autofree char *heading =
        g_strdup_printf("explore %s lab %s plan %s", run_id, lab, digest_print(&digest, hex));
    explorer->ledger = ledger_open(path, heading, settings->resume, read_past, explorer, error);
    return explorer->ledger != NULL;
}

static void explorer_clear(Explorer *explorer)
{
    ledger_close(explorer->ledger);
    g_hash_table_unref(explorer->past);
    g_ptr_array_unref(explorer->parents);
    g_hash_table_unref(explorer->seen);
    g_hash_table_unref(explorer->reasons);
}

ExploreReport *explore_run(Lab *lab, const ExploreSettings *settings,
                           const ExploreListener *listener, GError **error)
{
    if (!lab_check_defect(lab, EXPLORE_CANARY, error) ||
        (settings->defect != NULL && !lab_check_defect(lab, settings->defect, error))) {
        return NULL;
    }
    Prng root = prng_new(settings->seed);
    ExploreReport *report = g_new0(ExploreReport, 1);
    report->failures = g_ptr_array_new_with_free_func((GDestroyNotify)result_free);
    Explorer explorer = {
        .lab = lab,
        .settings = settings,
        .listener = listener,
        .report = report,
        .parents = g_ptr_array_new_with_free_func(g_free),
        .seen = g_hash_table_new(NULL, NULL),
        .reasons = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
        .past = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free),
        .draw = prng_fork(&root, "explore"),
    };
    if (!open_ledger(&explorer, error)) {
        explorer_clear(&explorer);
        explore_report_free(report);
        return NULL;
    }
    int64_t started_us = settings->clock_us();
    fflush(NULL); /* Or the children would write it again. */
    explorer.workers = workers_new(settings->jobs, serve, &explorer);
    catch_canary(&explorer);
    while (!is_over(&explorer, started_us)) {
        g_autoptr(GPtrArray) jobs = choose_round(&explorer); /* X1 */
        run_jobs(&explorer, jobs, settings->defect, LAB_KEEP_UNLESS_PASS);
        take_round(&explorer, jobs);
        listener->round(report, listener->user_data);
    }
    workers_free(explorer.workers, settings->interrupts != NULL && *settings->interrupts > 1);
    explorer_clear(&explorer);
    return report;
}

void explore_report_free(ExploreReport *report)
{
    if (report != NULL) {
        g_free(report->canary);
        g_free(report->reason);
        g_ptr_array_unref(report->failures);
        g_free(report);
    }
}
