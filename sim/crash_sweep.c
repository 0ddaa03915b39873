/* SPDX-License-Identifier: MIT */

/*
 *   S1  A state is booted under the name of the first point that leaves it, in the order of the
 *       log; answers are dealt with in the order of the questions, whoever answered first.
 *   S2  A result is on file before it counts.
 *   S3  Shares are chosen by digest, or by place among the first-level states, which every shard
 *       knows all of: every campaign over the same states chooses the same ones.
 *   S4  The name S1 gives a state is the one it has in the shard which that name belongs to.
 *
 *     enumerate ─► boot depth 1 ─► enumerate from the logs ─► boot depth 2 ─► again, live, long way
 */

#include "sim/crash_sweep.h"

#include <stdio.h>
#include <string.h>

#include "sim/crash_atlas.h"
#include "sim/evidence/bundle.h"
#include "sim/workers.h"
#include "sim/world/nvm.h"

#define BATCH        16u
#define WAIT_MS      250
#define BAD_MAX      100u
#define AGAIN_ONE_IN 100u
#define LIVE_MAX     100u
#define LONG_WAY_MAX 24u
#define UNBOOTED     UINT8_MAX
#define CLEAN        "clean"

typedef struct State {
    Digest memory;
    CrashPlace places[CRASH_DEPTH_MAX];
    char *log;                  /* of a first-level boot's own operations, or NULL; owned */
    const struct State *before; /* of a second-level state: what the first loss had left */
    uint8_t depth;
    uint8_t verdict; /* UNBOOTED until then */
    uint8_t outcome;
    bool elsewhere; /* another shard's */
    Digest digest;  /* of its evidence */
} State;

typedef struct Sweeper {
    const CrashSweepSettings *settings;
    CrashSweepResult *result;
    CrashSource *source;
    CrashWorker worker;
    Workers *workers;
    GPtrArray *states; /* of State */
    GHashTable *known; /* Digest -> State */
    GArray *cells;     /* of CrashCell, depth 1 */
    GHashTable *past;  /* question -> line, from an earlier execution */
    GPtrArray *used;   /* of char *, with `only_past`: its lines that answered something */
    Ledger *ledger;
    bool missing; /* something was asked for that only the past was to answer */
    int64_t started_us;
    bool stopping;
} Sweeper;

static guint digest_hash(gconstpointer digest)
{
    guint hash = 0;
    memcpy(&hash, digest, sizeof hash);
    return hash;
}

static gboolean digest_same(gconstpointer a, gconstpointer b)
{
    return memcmp(a, b, DIGEST_BYTES) == 0;
}

static State *state_at(const Sweeper *sweeper, guint index)
{
    return g_ptr_array_index(sweeper->states, index);
}

static CrashPoint point_of(const State *state, bool live)
{
    CrashPoint point = {.live = live, .depth = state->depth};
    memcpy(point.places, state->places, sizeof point.places);
    return point;
}

static void state_free(void *state)
{
    g_free(((State *)state)->log);
    g_free(state);
}

static SweepingLevel *level_of(const Sweeper *sweeper, unsigned depth)
{
    return &sweeper->result->summary->levels[depth - 1];
}

/* Whether a first-level state belongs to another shard. */
static bool is_elsewhere(const Sweeper *sweeper, const Digest *digest)
{
    uint32_t number = 0;
    memcpy(&number, digest->bytes + 4, sizeof number);
    return GUINT32_FROM_LE(number) % sweeper->settings->shards != sweeper->settings->shard - 1;
}

/* The state with that digest, made new if it is. Keeps S1. */
static State *find_state(Sweeper *sweeper, const Digest *digest, const CrashPoint *point,
                         const State *before)
{
    State *state = g_hash_table_lookup(sweeper->known, digest);
    if (state == NULL) {
        state = g_new0(State, 1);
        state->memory = *digest;
        state->depth = (uint8_t)point->depth;
        state->verdict = UNBOOTED;
        state->before = before;
        memcpy(state->places, point->places, sizeof state->places);
        g_ptr_array_add(sweeper->states, state);
        g_hash_table_insert(sweeper->known, &state->memory, state);
        state->elsewhere = point->depth == 1 && is_elsewhere(sweeper, digest);
        level_of(sweeper, point->depth)->distinct += state->elsewhere ? 0 : 1;
    }
    return state;
}

static bool enumerate(Sweeper *sweeper, GError **error)
{
    const GArray *operations = crash_source_operations(sweeper->source);
    SweepingLevel *level = level_of(sweeper, 1);
    for (guint i = 0; i < operations->len; i++) {
        const CrashOperation *operation = &g_array_index(operations, CrashOperation, i);
        const char *region = nvm_region(operation->kind, operation->offset);
        if (sweeper->settings->only_journal && strcmp(region, "journal") != 0) {
            continue;
        }
        g_autoptr(GArray) tears =
            crash_tears(operation, sweeper->settings->every_unit, sweeper->settings->draws);
        level->operations++;
        for (guint t = 0; t < tears->len; t++) {
            CrashPoint point = {
                .depth = 1, .places = {{operation->number, g_array_index(tears, CrashTear, t)}}};
            uint32_t changed = 0;
            CrashMemory *memory =
                crash_source_memory(sweeper->source, sweeper->worker.lab, &point, &changed, error);
            if (memory == NULL) {
                return false;
            }
            Digest digest = crash_memory_digest(memory);
            level->points++;
            level->effective += changed > 0 ? 1 : 0;
            const State *state = find_state(sweeper, &digest, &point, NULL);
            CrashCell cell = {
                .place = point.places[0],
                .offset = operation->offset,
                .region = region,
                .changed_bits = changed,
                .shown_by = state->places[0],
                .verdict = &state->verdict,
                .outcome = &state->outcome,
            };
            g_array_append_val(sweeper->cells, cell);
        }
    }
    return true;
}

/* The file of results. */

char *crash_sweep_file(const char *out, const char *scenario, const char *defect,
                       const char *suffix)
{
    return g_strdup_printf("%s/sweeps/%s%s%s%s", out, scenario,
                           defect == NULL ? "" : "+defect=", defect == NULL ? "" : defect, suffix);
}

static char *file_path(const Sweeper *sweeper, const char *suffix)
{
    return crash_sweep_file(sweeper->settings->out, sweeper->settings->scenario,
                            sweeper->settings->defect, suffix);
}

/* The run id of the clean run; NULL without such a scenario. */
static char *clean_id(const Sweeper *sweeper, GError **error)
{
    const CrashSweepSettings *settings = sweeper->settings;
    const Scenario *scenario = lab_scenario(sweeper->worker.lab, settings->scenario, error);
    return scenario == NULL ? NULL
                            : crash_source_clean_id(scenario, settings->defect, settings->seed);
}

/* What the results depend on: another build or another plan gives others. NULL without a plan. */
static char *heading(const Sweeper *sweeper, GError **error)
{
    g_autofree char *id = clean_id(sweeper, error);
    g_autoptr(Plan) plan = id == NULL ? NULL : lab_plan(sweeper->worker.lab, id, error);
    if (plan == NULL) {
        return NULL;
    }
    g_autofree char *json = plan_to_json(plan);
    g_autofree char *lab = lab_digest(sweeper->worker.lab);
    Digest plan_digest = plan_id(json);
    Digest digest = digest_chain(&plan_digest, lab, strlen(lab));
    char hex[DIGEST_TEXT_BYTES];
    return g_strdup_printf("{\"sweep\":\"%s\"}", digest_print(&digest, hex));
}

/* A line an earlier execution has left. What was the lab's own fault is tried again. */
static void take_line(const char *line, void *user_data)
{
    Sweeper *sweeper = user_data;
    char *question = crash_worker_question(line);
    if (question == NULL || strstr(line, "{\"answer\":\"ERROR") != NULL ||
        strstr(line, "{\"answer\":\"error") != NULL) {
        g_free(question);
        return;
    }
    g_hash_table_replace(sweeper->past, question, g_strdup(line));
}

static bool open_file(Sweeper *sweeper, GError **error)
{
    if (sweeper->settings->out == NULL) {
        return true;
    }
    g_autofree char *path = file_path(sweeper, ".jsonl");
    g_autofree char *head = heading(sweeper, error);
    sweeper->ledger = head == NULL ? NULL
                                   : ledger_open(path, head, sweeper->settings->resume, take_line,
                                                 sweeper, error);
    sweeper->worker.ledger = sweeper->ledger;
    return sweeper->ledger != NULL;
}

/* The clean run, from an earlier execution if that has finished it. */
static bool open_source(Sweeper *sweeper, GError **error)
{
    const CrashSweepSettings *settings = sweeper->settings;
    char *past = g_hash_table_lookup(sweeper->past, CLEAN " " CLEAN);
    Lab *lab = sweeper->worker.lab;
    if (past != NULL) {
        sweeper->source = crash_source_load(lab, settings->scenario, settings->sweep,
                                            settings->defect, settings->seed, settings->out, NULL);
    }
    if (sweeper->source == NULL && settings->only_past) {
        g_set_error(error, LAB_ERROR, LAB_ERROR_INPUT, "error: the clean run of %s is missing",
                    settings->scenario);
        return false;
    }
    if (sweeper->source != NULL) {
        if (settings->only_past) {
            g_ptr_array_add(sweeper->used, g_strdup(past));
        }
        g_hash_table_remove(sweeper->past, CLEAN " " CLEAN);
        return true;
    }
    sweeper->source = crash_source_new(lab, settings->scenario, settings->sweep, settings->defect,
                                       settings->seed, settings->out, error);
    if (sweeper->source == NULL || sweeper->ledger == NULL) {
        return sweeper->source != NULL;
    }
    g_autofree char *line =
        g_strdup_printf("{\"answer\":\"%s %s\",\"ask\":\"" CLEAN "\",\"point\":\"" CLEAN "\"}",
                        verdict_name(crash_source_result(sweeper->source)->verdict),
                        crash_source_result(sweeper->source)->digest);
    return ledger_add(sweeper->ledger, line, error);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* A later answer to the same question replaces an earlier one. */
static void collect_line(const char *line, void *lines)
{
    char *question = crash_worker_question(line);
    if (question != NULL) {
        g_hash_table_replace(lines, question, g_strdup(line));
    }
}

/* Leaves the lines sorted, whatever order they came in; from the past alone, those that counted. */
static bool settle_file(Sweeper *sweeper, GError **error)
{
    if (sweeper->ledger == NULL || sweeper->result->summary->interrupted) {
        return true;
    }
    g_autoptr(GHashTable) found = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    g_autoptr(GPtrArray) lines = g_ptr_array_new();
    g_autofree char *path = file_path(sweeper, ".jsonl");
    if (!sweeper->settings->only_past) {
        ledger_read(path, NULL, collect_line, found);
    }
    GHashTableIter iter;
    gpointer line = NULL;
    g_hash_table_iter_init(&iter, found);
    while (g_hash_table_iter_next(&iter, NULL, &line)) {
        g_ptr_array_add(lines, line);
    }
    for (guint i = 0; i < sweeper->used->len; i++) {
        g_ptr_array_add(lines, g_ptr_array_index(sweeper->used, i));
    }
    g_ptr_array_sort(lines, by_text);
    g_ptr_array_add(lines, NULL);
    return ledger_settle(sweeper->ledger, (char *const *)lines->pdata, error);
}

/* Asking. */

/* Points that go to a worker together. */
typedef struct Question {
    char *text;
    guint first; /* into the places of those asked about */
    guint count;
    guint heard; /* so many of them have an answer */
} Question;

/* A list of states, what is known of each, and who is asked about the rest. */
typedef struct Asking {
    const GPtrArray *states;
    char **lines; /* the answer to each; NULL as long as there is none */
    bool *done;
    GArray *places;    /* of guint: those states the past says nothing of */
    GArray *questions; /* of Question, about them */
} Asking;

/* What is asked about each state of a list. */
typedef struct Inquiry {
    const char *ask;   /* as crash_worker.h has it */
    const char *phase; /* for people */
    bool live;
    guint batch;
    void (*answered)(Sweeper *sweeper, State *state, const char *line);
} Inquiry;

static void question_clear(gpointer question)
{
    g_free(((Question *)question)->text);
}

static void tell(const Sweeper *sweeper, const char *phase, uint32_t done, uint32_t planned)
{
    if (sweeper->settings->progress != NULL) {
        CrashSweepProgress progress = {
            .phase = phase,
            .done = done,
            .planned = planned,
            .bad = sweeper->result->bad->len,
            .wall_us = g_get_monotonic_time() - sweeper->started_us,
        };
        sweeper->settings->progress(&progress, sweeper->settings->user_data);
    }
}

/* Batches share their first loss of power. */
static void make_questions(Asking *asking, const Inquiry *inquiry)
{
    const GArray *places = asking->places;
    for (guint at = 0; at < places->len;) {
        const State *first = asking->states->pdata[g_array_index(places, guint, at)];
        Question question = {.first = at};
        GString *text = g_string_new(inquiry->ask);
        for (; question.count < inquiry->batch && at < places->len; at++) {
            const State *state = asking->states->pdata[g_array_index(places, guint, at)];
            if (state->before != first->before) {
                break;
            }
            CrashPoint point = point_of(state, inquiry->live);
            g_autofree char *name = crash_point_print(&point);
            g_string_append_printf(text, "%s%s", question.count++ == 0 ? " " : ";", name);
        }
        if (first->before != NULL) {
            g_string_append_printf(text, "\t%s", first->before->log);
        }
        question.text = g_string_free(text, FALSE);
        g_array_append_val(asking->questions, question);
    }
}

static bool is_interrupted(const Sweeper *sweeper, int times)
{
    const volatile sig_atomic_t *interrupts = sweeper->settings->interrupts;
    return interrupts != NULL && *interrupts >= times;
}

/* Takes down what a worker says; the end of its reply settles the question. */
static void hear(Sweeper *sweeper, Asking *asking)
{
    unsigned tag = 0;
    char *reply = NULL;
    if (!workers_wait(sweeper->workers, WAIT_MS, &tag, &reply)) {
        return;
    }
    Question *question = &g_array_index(asking->questions, Question, tag);
    bool over = reply == NULL || reply[0] == '\0';
    guint end = over ? question->count : MIN(question->heard + 1, question->count);
    for (; question->heard < end; question->heard++) {
        guint place = g_array_index(asking->places, guint, question->first + question->heard);
        asking->done[place] = true;
        asking->lines[place] = over ? NULL : g_steal_pointer(&reply);
    }
    g_free(reply);
}

/* What an earlier execution has found; the caller's. */
static char *take_past(Sweeper *sweeper, const State *state, const Inquiry *inquiry)
{
    CrashPoint point = point_of(state, inquiry->live);
    g_autofree char *name = crash_point_print(&point);
    g_autofree char *question = g_strdup_printf("%s %s", inquiry->ask, name);
    gpointer key = NULL;
    gpointer line = NULL;
    if (!g_hash_table_steal_extended(sweeper->past, question, &key, &line)) {
        return NULL;
    }
    g_free(key);
    sweeper->result->resumed++;
    if (sweeper->settings->only_past) {
        g_ptr_array_add(sweeper->used, g_strdup(line));
    }
    return line;
}

static void ask_past(Sweeper *sweeper, Asking *asking, const Inquiry *inquiry)
{
    for (guint i = 0; i < asking->states->len; i++) {
        asking->lines[i] = take_past(sweeper, g_ptr_array_index(asking->states, i), inquiry);
        asking->done[i] = asking->lines[i] != NULL;
        if (!asking->done[i]) {
            g_array_append_val(asking->places, i);
        }
    }
}

/* Keeps S1. */
static void take_answers(Sweeper *sweeper, Asking *asking, const Inquiry *inquiry, guint *at)
{
    for (; *at < asking->states->len && asking->done[*at]; (*at)++) {
        inquiry->answered(sweeper, g_ptr_array_index(asking->states, *at), asking->lines[*at]);
        g_clear_pointer(&asking->lines[*at], g_free);
    }
    tell(sweeper, inquiry->phase, *at, asking->states->len);
}

static void ask_workers(Sweeper *sweeper, Asking *asking, const Inquiry *inquiry)
{
    guint sent = 0;
    guint at = 0;
    const GArray *questions = asking->questions;
    take_answers(sweeper, asking, inquiry, &at);
    /* The end of each reply, too: or the next questions would get it. */
    while ((at < asking->states->len || workers_busy(sweeper->workers) > 0) &&
           !is_interrupted(sweeper, 2)) {
        sweeper->stopping = sweeper->stopping || is_interrupted(sweeper, 1);
        while (
            !sweeper->stopping && sent < questions->len &&
            workers_send(sweeper->workers, g_array_index(questions, Question, sent).text, sent)) {
            sent++;
        }
        if (workers_busy(sweeper->workers) == 0 && sweeper->stopping) {
            break;
        }
        hear(sweeper, asking);
        take_answers(sweeper, asking, inquiry, &at);
    }
    sweeper->stopping = sweeper->stopping || at < asking->states->len;
    /* What has been answered behind a gap counts, too. */
    for (; at < asking->states->len; at++) {
        if (asking->done[at]) {
            inquiry->answered(sweeper, g_ptr_array_index(asking->states, at), asking->lines[at]);
            g_clear_pointer(&asking->lines[at], g_free);
        }
    }
}

/* Asks about all states, the past first. */
static void ask(Sweeper *sweeper, const GPtrArray *states, const Inquiry *inquiry)
{
    Asking asking = {
        .states = states,
        .lines = g_new0(char *, states->len + 1),
        .done = g_new0(bool, states->len + 1),
        .places = g_array_new(FALSE, FALSE, sizeof(guint)),
        .questions = g_array_new(FALSE, TRUE, sizeof(Question)),
    };
    g_array_set_clear_func(asking.questions, question_clear);
    ask_past(sweeper, &asking, inquiry);
    if (sweeper->settings->only_past) {
        sweeper->missing = sweeper->missing || asking.places->len > 0;
        for (guint at = 0; at < states->len; at++) {
            if (asking.done[at]) {
                inquiry->answered(sweeper, g_ptr_array_index(states, at), asking.lines[at]);
                g_clear_pointer(&asking.lines[at], g_free);
            }
        }
    } else {
        make_questions(&asking, inquiry);
        ask_workers(sweeper, &asking, inquiry);
        for (guint i = 0; i < asking.questions->len; i++) {
            sweeper->result->made += g_array_index(asking.questions, Question, i).heard;
        }
    }
    g_free(asking.lines);
    g_free(asking.done);
    g_array_unref(asking.places);
    g_array_unref(asking.questions);
}

/*
 * Keeps the first bad results. Each worker has kept the bundles of its first ones, so those of the
 * first of all are there; the others go, for which they are depends on the number of jobs.
 */
static void keep_bad(Sweeper *sweeper, RunResult *take_result)
{
    SweepingCrash *summary = sweeper->result->summary;
    summary->verdict = verdict_join(summary->verdict, take_result->verdict);
    g_autofree char *below = lab_bundle_path(take_result->run_id);
    g_autofree char *path = sweeper->settings->out == NULL
                                ? NULL
                                : g_build_filename(sweeper->settings->out, below, NULL);
    bool there = path != NULL && g_file_test(path, G_FILE_TEST_IS_DIR);
    if (sweeper->result->bad->len < BAD_MAX) {
        g_ptr_array_add(sweeper->result->bad, take_result);
        take_result->bundle = there ? g_steal_pointer(&below) : NULL;
        return;
    }
    if (there) {
        bundle_remove(path);
    }
    result_free(take_result);
}

static CrashAnswer parse_answer(const Sweeper *sweeper, const State *state, bool live,
                                const char *line)
{
    CrashPoint point = point_of(state, live);
    CrashAnswer answer;
    g_autofree char *run_id = crash_source_run_id(sweeper->source, &point);
    crash_worker_answer_parse(line, run_id, crash_source_plan(sweeper->source)->scenario, &answer);
    return answer;
}

static void booted(Sweeper *sweeper, State *state, const char *line)
{
    CrashAnswer answer = parse_answer(sweeper, state, false, line);
    state->verdict = (uint8_t)answer.verdict;
    state->outcome = (uint8_t)answer.outcome;
    (void)digest_parse(answer.digest, &state->digest);
    if (state->depth == 1 && sweeper->settings->depth > 1) {
        state->log = g_steal_pointer(&answer.log);
    }
    g_free(answer.log);
    if (answer.result != NULL) {
        keep_bad(sweeper, answer.result);
    }
    unsigned fail_max = sweeper->settings->fail_max;
    sweeper->stopping =
        sweeper->stopping || (fail_max > 0 && sweeper->result->bad->len >= fail_max);
}

static void booted_again(Sweeper *sweeper, State *state, const char *line)
{
    CrashAnswer answer = parse_answer(sweeper, state, false, line);
    char hex[DIGEST_TEXT_BYTES];
    sweeper->result->summary->again++;
    if (strcmp(answer.digest, digest_print(&state->digest, hex)) != 0) {
        sweeper->result->summary->again_different++;
    }
    result_free(answer.result);
    g_free(answer.log);
}

static void lived(Sweeper *sweeper, State *state, const char *line)
{
    CrashAnswer answer = parse_answer(sweeper, state, true, line);
    sweeper->result->summary->live++;
    sweeper->result->summary->live_bad += answer.verdict == VERDICT_PASS ? 0 : 1;
    if (answer.result != NULL) {
        keep_bad(sweeper, answer.result);
    }
    g_free(answer.log);
}

static void went_round(Sweeper *sweeper, State *state, const char *line)
{
    SweepingCrash *summary = sweeper->result->summary;
    g_autofree char *words = crash_worker_comparison(line);
    summary->long_way++;
    if (strcmp(words, "same") != 0) {
        CrashPoint point = point_of(state, false);
        g_autofree char *name = crash_point_print(&point);
        summary->long_way_different++;
        if (summary->note == NULL) {
            summary->note = g_strdup_printf("%s, from the very start: %s", name, words);
        }
    }
}

static const Inquiry BOOT = {"boot", "boot", false, BATCH, booted};
static const Inquiry AGAIN = {"again", "again", false, BATCH, booted_again};
static const Inquiry LIVE = {"boot", "live", true, 1, lived};
static const Inquiry LONG_WAY = {"compare", "long way", false, 1, went_round};

/* Phases. */

/* About `most` of the first-level states, evenly: those of them that are this shard's. Keeps S3. */
static GPtrArray *first_level_share(const Sweeper *sweeper, guint first_level, guint most)
{
    GPtrArray *list = g_ptr_array_new();
    guint one_in = MAX((first_level + most - 1) / most, 1);
    for (guint i = one_in / 2; i < first_level; i += one_in) {
        State *state = state_at(sweeper, i);
        if (state->verdict == VERDICT_PASS) {
            g_ptr_array_add(list, state);
        }
    }
    return list;
}

/* One state in so many, and always the first. Keeps S3. */
static GPtrArray *share(const Sweeper *sweeper)
{
    GPtrArray *list = g_ptr_array_new();
    for (guint i = 0; i < sweeper->states->len; i++) {
        State *state = state_at(sweeper, i);
        uint32_t number = 0;
        memcpy(&number, state->memory.bytes, sizeof number);
        if (state->verdict == VERDICT_PASS &&
            (i == 0 || GUINT32_FROM_LE(number) % AGAIN_ONE_IN == 0)) {
            g_ptr_array_add(list, state);
        }
    }
    return list;
}

static void boot_all(Sweeper *sweeper)
{
    g_autoptr(GPtrArray) states = g_ptr_array_new();
    int64_t started = g_get_monotonic_time();
    uint32_t made = sweeper->result->made;
    for (guint i = 0; i < sweeper->states->len; i++) {
        State *state = state_at(sweeper, i);
        if (state->verdict == UNBOOTED && !state->elsewhere) {
            g_ptr_array_add(states, state);
        }
    }
    ask(sweeper, states, &BOOT);
    sweeper->result->booted += sweeper->result->made - made;
    sweeper->result->boots_us += g_get_monotonic_time() - started;
}

/* The tears of one first-level boot's own operations. */
static void add_second(Sweeper *sweeper, const State *first)
{
    g_autoptr(GError) error = NULL;
    SweepingLevel *level = level_of(sweeper, 2);
    const GArray *log = crash_source_adopt(sweeper->source, &first->places[0], first->log, &error);
    for (guint i = 0; log != NULL && i < log->len; i++) {
        const CrashOperation *operation = &g_array_index(log, CrashOperation, i);
        g_autoptr(GArray) tears =
            crash_tears(operation, sweeper->settings->every_unit, sweeper->settings->draws);
        level->operations++;
        for (guint t = 0; t < tears->len; t++) {
            CrashPoint second = {
                .depth = 2,
                .places = {first->places[0],
                           {operation->number, g_array_index(tears, CrashTear, t)}}};
            uint32_t changed = 0;
            CrashMemory *memory = crash_source_memory(sweeper->source, sweeper->worker.lab, &second,
                                                      &changed, &error);
            if (memory == NULL) {
                break;
            }
            Digest digest = crash_memory_digest(memory);
            level->points++;
            level->effective += changed > 0 ? 1 : 0;
            find_state(sweeper, &digest, &second, first);
        }
    }
    if (error != NULL) {
        SweepingCrash *summary = sweeper->result->summary;
        summary->verdict = VERDICT_ERROR;
        g_free(summary->note);
        summary->note = g_strdup(error->message);
    }
}

static void enumerate_second(Sweeper *sweeper)
{
    guint first_level = sweeper->states->len;
    for (guint i = 0; i < first_level; i++) {
        const State *state = state_at(sweeper, i);
        if (state->log != NULL) {
            add_second(sweeper, state);
        }
    }
}

static void sample(Sweeper *sweeper, guint first_level)
{
    const struct {
        const Inquiry *inquiry;
        GPtrArray *states;
    } shares[] = {
        {&AGAIN, share(sweeper)},
        {&LIVE, first_level_share(sweeper, first_level, LIVE_MAX)},
        {&LONG_WAY, first_level_share(sweeper, first_level, LONG_WAY_MAX)},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(shares); i++) {
        if (!sweeper->stopping) {
            ask(sweeper, shares[i].states, shares[i].inquiry);
        }
        g_ptr_array_unref(shares[i].states);
    }
}

static void count_up(Sweeper *sweeper)
{
    SweepingCrash *summary = sweeper->result->summary;
    for (guint i = 0; i < sweeper->states->len; i++) {
        const State *state = state_at(sweeper, i);
        if (state->verdict != UNBOOTED) {
            level_of(sweeper, state->depth)->booted++;
            summary->verdicts[state->verdict]++;
            summary->outcomes[state->outcome]++;
        }
    }
    summary->interrupted = sweeper->stopping || sweeper->missing;
    if (summary->again_different > 0 || summary->long_way_different > 0) {
        summary->verdict = VERDICT_ERROR;
    }
    if (summary->interrupted ||
        (summary->levels[0].booted == 0 && sweeper->settings->shards == 1)) {
        summary->verdict = verdict_join(summary->verdict, VERDICT_INCONCLUSIVE);
    }
}

static bool write_atlas(Sweeper *sweeper, GError **error)
{
    if (sweeper->settings->out == NULL) {
        return true;
    }
    g_autofree char *lines_path = file_path(sweeper, ".atlas.jsonl");
    g_autofree char *page_path = file_path(sweeper, ".atlas.html");
    g_autofree char *lines = crash_atlas_lines(sweeper->source, sweeper->cells);
    g_autofree char *text = sweeping_crash_text(sweeper->result->summary);
    g_autofree char *page = crash_atlas_page(sweeper->source, sweeper->cells, text);
    return g_file_set_contents(lines_path, lines, -1, error) &&
           g_file_set_contents(page_path, page, -1, error);
}

static void sweeper_clear(Sweeper *sweeper)
{
    crash_source_free(sweeper->source);
    g_hash_table_unref(sweeper->known);
    g_hash_table_unref(sweeper->past);
    g_ptr_array_unref(sweeper->used);
    g_ptr_array_unref(sweeper->states);
    g_array_unref(sweeper->cells);
    ledger_close(sweeper->ledger);
}

static void work(Sweeper *sweeper)
{
    guint first_level = sweeper->states->len;
    lab_rest(sweeper->worker.lab); /* A machine has one owner: the workers start their own. */
    fflush(NULL);
    if (!sweeper->settings->only_past) {
        sweeper->workers =
            workers_new(sweeper->settings->jobs, crash_worker_serve, &sweeper->worker);
    }
    boot_all(sweeper);
    if (sweeper->settings->depth > 1 && !sweeper->stopping) {
        enumerate_second(sweeper);
        boot_all(sweeper);
    }
    if (sweeper->settings->samples && !sweeper->stopping) {
        sample(sweeper, first_level);
    }
    workers_free(sweeper->workers, sweeper->stopping);
}

static SweepingCrash *begin_summary(const CrashSweepSettings *settings)
{
    SweepingCrash *summary = g_new0(SweepingCrash, 1);
    summary->scenario = g_strdup(settings->scenario);
    summary->defect = g_strdup(settings->defect);
    summary->seed = settings->seed;
    summary->depth = settings->depth;
    summary->every_unit = settings->every_unit;
    summary->verdict = VERDICT_PASS;
    return summary;
}

CrashSweepResult *crash_sweep_run(Lab *lab, const CrashSweepSettings *settings, GError **error)
{
    Sweeper sweeper = {
        .settings = settings,
        .result = g_new0(CrashSweepResult, 1),
        .states = g_ptr_array_new_with_free_func(state_free),
        .known = g_hash_table_new(digest_hash, digest_same),
        .cells = g_array_new(FALSE, FALSE, sizeof(CrashCell)),
        .past = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free),
        .used = g_ptr_array_new_with_free_func(g_free),
        .started_us = g_get_monotonic_time(),
    };
    g_autoptr(CrashSweepResult) result = sweeper.result;
    result->summary = begin_summary(settings);
    result->bad = g_ptr_array_new_with_free_func((GDestroyNotify)result_free);
    sweeper.worker = (CrashWorker){.lab = lab, .out = settings->out};
    bool well = open_file(&sweeper, error) && open_source(&sweeper, error);
    sweeper.worker.source = sweeper.source;
    well = well && enumerate(&sweeper, error);
    if (well) {
        result->clean = crash_source_take_result(sweeper.source);
        result->summary->verdict = result->clean->verdict;
        work(&sweeper);
        count_up(&sweeper);
        well = settle_file(&sweeper, error) && write_atlas(&sweeper, error);
    }
    sweeper_clear(&sweeper);
    return well ? g_steal_pointer(&result) : NULL;
}

void crash_sweep_result_free(CrashSweepResult *result)
{
    if (result != NULL) {
        sweeping_crash_free(result->summary);
        result_free(result->clean);
        g_ptr_array_unref(result->bad);
        g_free(result);
    }
}

bool crash_sweep_fits(const Scenario *scenario)
{
    return scenario_sweep(scenario)->axis == SWEEP_NVM_OPERATION;
}
