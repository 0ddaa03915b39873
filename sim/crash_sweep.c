/* SPDX-License-Identifier: MIT */

/*
 *   S1  A state is booted under the name of the first point that leaves it, in the order of the
 * log; answers are dealt with in the order of the questions, whoever answered first. S2  A result
 * is on file before it counts. S3  Shares are chosen by place in that order, so a campaign chooses
 * the same ones again.
 *
 *     enumerate ─► boot depth 1 ─► recovery logs ─► boot depth 2 ─► again, live, long way
 */

#include "sim/crash_sweep.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sim/crash_atlas.h"
#include "sim/workers.h"
#include "sim/world/nvm.h"

#define BATCH        16u
#define WAIT_MS      250
#define SYNC_US      G_USEC_PER_SEC
#define BAD_MAX      100u
#define AGAIN_ONE_IN 100u
#define LIVE_MAX     100u
#define LONG_WAY_MAX 24u
#define POINT_CHARS  96u
#define UNBOOTED     UINT8_MAX

typedef struct State {
    Digest memory;
    CrashPlace places[CRASH_DEPTH_MAX];
    uint32_t operations;
    uint8_t depth;
    uint8_t verdict; /* UNBOOTED until then */
    uint8_t outcome;
    char digest[DIGEST_TEXT_BYTES];
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
    GHashTable *past;  /* run id -> line, from an earlier execution */
    FILE *file;
    int64_t synced_us;
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

/* The state with that digest, made new if it is. Keeps S1. */
static State *find_state(Sweeper *sweeper, const Digest *digest, const CrashPoint *point)
{
    State *state = g_hash_table_lookup(sweeper->known, digest);
    if (state == NULL) {
        state = g_new0(State, 1);
        state->memory = *digest;
        state->depth = (uint8_t)point->depth;
        state->verdict = UNBOOTED;
        memcpy(state->places, point->places, sizeof state->places);
        g_ptr_array_add(sweeper->states, state);
        g_hash_table_insert(sweeper->known, &state->memory, state);
        sweeper->result->levels[point->depth - 1].distinct++;
    }
    return state;
}

static bool enumerate(Sweeper *sweeper, GError **error)
{
    const GArray *operations = crash_source_operations(sweeper->source);
    CrashSweepLevel *level = &sweeper->result->levels[0];
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
            const State *state = find_state(sweeper, &digest, &point);
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

static char *file_path(const Sweeper *sweeper, const char *suffix)
{
    return g_strdup_printf(
        "%s/sweeps/%s%s%s%s", sweeper->settings->out, crash_source_plan(sweeper->source)->scenario,
        sweeper->settings->defect == NULL ? "" : "+defect=",
        sweeper->settings->defect == NULL ? "" : sweeper->settings->defect, suffix);
}

/* What the results depend on: another build or another setting gives others. */
static char *heading(const Sweeper *sweeper)
{
    g_autofree char *json = plan_to_json(crash_source_plan(sweeper->source));
    g_autofree char *lab = lab_digest(sweeper->worker.lab);
    Digest plan = plan_id(json);
    Digest digest = digest_chain(&plan, lab, strlen(lab));
    char hex[DIGEST_TEXT_BYTES];
    return g_strdup_printf("{\"sweep\":\"%s\"}", digest_print(&digest, hex));
}

static void read_past(Sweeper *sweeper, const char *path, const char *head)
{
    g_autofree char *text = NULL;
    if (!g_file_get_contents(path, &text, NULL, NULL)) {
        return;
    }
    g_auto(GStrv) lines = g_strsplit(text, "\n", 0);
    /* A last line without its end is as if it were not there. */
    for (size_t i = 1; lines[0] != NULL && strcmp(lines[0], head) == 0 && lines[i] != NULL &&
                       lines[i + 1] != NULL;
         i++) {
        g_auto(GStrv) words = g_strsplit(lines[i], "\"", 0);
        /* {"answer":"ANSWER","run_id":"ID",...: the answer has no quote in a line that is PASS. */
        if (g_strv_length(words) > 8 && strcmp(words[1], "answer") == 0) {
            g_hash_table_replace(sweeper->past, g_strdup(words[7]), g_strdup(words[3]));
        }
    }
}

static bool open_file(Sweeper *sweeper, GError **error)
{
    if (sweeper->settings->out == NULL) {
        return true;
    }
    g_autofree char *path = file_path(sweeper, ".jsonl");
    g_autofree char *folder = g_path_get_dirname(path);
    g_autofree char *head = heading(sweeper);
    if (sweeper->settings->resume) {
        read_past(sweeper, path, head);
    }
    g_mkdir_with_parents(folder, 0755);
    bool goes_on = g_hash_table_size(sweeper->past) > 0;
    sweeper->file = fopen(path, goes_on ? "a" : "w");
    if (sweeper->file == NULL) {
        g_set_error(error, LAB_ERROR, LAB_ERROR_INPUT, "%s: error: cannot be written", path);
        return false;
    }
    fprintf(sweeper->file, "%s%s\n", goes_on ? "\n" : "", goes_on ? "" : head);
    return true;
}

/* Keeps S2. Only what is PASS is taken from here again; the rest is run anew, with its evidence. */
static void write_line(Sweeper *sweeper, const State *state, const CrashAnswer *answer)
{
    if (sweeper->file == NULL) {
        return;
    }
    CrashPoint point = point_of(state, false);
    g_autofree char *run_id = crash_source_run_id(sweeper->source, &point);
    char hex[DIGEST_TEXT_BYTES];
    if (answer->verdict == VERDICT_PASS) {
        fprintf(sweeper->file, "{\"answer\":\"%d %d %u %s\",\"run_id\":\"%s\",\"state\":\"%s\"}\n",
                (int)answer->verdict, (int)answer->outcome, answer->operations, answer->digest,
                run_id, digest_print(&state->memory, hex));
    } else {
        g_autoptr(Canon) canon = canon_new();
        result_write(answer->result, canon);
        g_autofree char *json = canon_finish(canon);
        fprintf(sweeper->file, "{\"result\":%s,\"state\":\"%s\"}\n", json,
                digest_print(&state->memory, hex));
    }
    fflush(sweeper->file);
    int64_t now = g_get_monotonic_time();
    if (now - sweeper->synced_us > SYNC_US) {
        fdatasync(fileno(sweeper->file));
        sweeper->synced_us = now;
    }
}

/* Takes what an earlier execution has found of a state. */
static bool take_past(Sweeper *sweeper, State *state)
{
    CrashPoint point = point_of(state, false);
    g_autofree char *run_id = crash_source_run_id(sweeper->source, &point);
    const char *line = g_hash_table_lookup(sweeper->past, run_id);
    unsigned verdict = 0;
    unsigned outcome = 0;
    unsigned operations = 0;
    char digest[DIGEST_TEXT_BYTES] = "";
    if (line == NULL ||
        sscanf(line, "%u %u %u %64s", &verdict, &outcome, &operations, digest) != 4 ||
        verdict >= VERDICTS || outcome >= CRASH_OUTCOMES) {
        return false;
    }
    state->verdict = (uint8_t)verdict;
    state->outcome = (uint8_t)outcome;
    state->operations = operations;
    g_strlcpy(state->digest, digest, sizeof state->digest);
    sweeper->result->resumed++;
    return true;
}

/* Asking. */

typedef struct Question {
    char *text;
    guint first; /* into the list of states asked about */
    guint count;
} Question;

typedef void (*Answered)(Sweeper *sweeper, const GPtrArray *asked, const Question *question,
                         char **answers);

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

static GArray *make_questions(const Sweeper *sweeper, const GPtrArray *asked, const char *verb,
                              bool live, guint batch)
{
    GArray *questions = g_array_new(FALSE, FALSE, sizeof(Question));
    g_array_set_clear_func(questions, question_clear);
    (void)sweeper;
    for (guint first = 0; first < asked->len; first += batch) {
        Question question = {.first = first, .count = MIN(batch, asked->len - first)};
        GString *text = g_string_new(verb);
        for (guint i = 0; i < question.count; i++) {
            CrashPoint point = point_of(g_ptr_array_index(asked, first + i), live);
            g_autofree char *name = crash_point_print(&point);
            g_string_append_printf(text, "%s%s", i == 0 ? " " : ";", name);
        }
        question.text = g_string_free(text, FALSE);
        g_array_append_val(questions, question);
    }
    return questions;
}

static bool is_interrupted(const Sweeper *sweeper)
{
    const volatile sig_atomic_t *interrupts = sweeper->settings->interrupts;
    return interrupts != NULL && *interrupts > 0;
}

/* Asks about all states in `asked`; answers are taken in order (S1). */
static void ask(Sweeper *sweeper, const GPtrArray *asked, const char *verb, bool live, guint batch,
                const char *phase, Answered answered)
{
    g_autoptr(GArray) questions = make_questions(sweeper, asked, verb, live, batch);
    g_autofree char **replies = g_new0(char *, questions->len + 1);
    g_autofree bool *replied = g_new0(bool, questions->len + 1);
    guint sent = 0;
    guint taken = 0;
    while (taken < questions->len) {
        sweeper->stopping = sweeper->stopping || is_interrupted(sweeper);
        while (
            !sweeper->stopping && sent < questions->len &&
            workers_send(sweeper->workers, g_array_index(questions, Question, sent).text, sent)) {
            sent++;
        }
        if (taken == sent && sweeper->stopping) {
            break;
        }
        unsigned tag = 0;
        char *reply = NULL;
        if (workers_wait(sweeper->workers, WAIT_MS, &tag, &reply)) {
            replies[tag] = reply;
            replied[tag] = true;
        }
        for (; taken < sent && replied[taken]; taken++) {
            g_auto(GStrv) answers =
                g_strsplit(replies[taken] == NULL ? "" : replies[taken], "\x1e", 0);
            const Question *question = &g_array_index(questions, Question, taken);
            answered(sweeper, asked, question, answers);
            g_clear_pointer(&replies[taken], g_free);
        }
        tell(sweeper, phase, taken < questions->len ? taken * batch : asked->len, asked->len);
    }
}

static void keep_bad(Sweeper *sweeper, RunResult *take_result)
{
    sweeper->result->verdict = verdict_join(sweeper->result->verdict, take_result->verdict);
    if (sweeper->result->bad->len < BAD_MAX) {
        g_ptr_array_add(sweeper->result->bad, take_result);
    } else {
        result_free(take_result);
    }
}

/* The answer at `index`, NULL if a worker died over it. */
static const char *answer_at(char **answers, guint index)
{
    for (guint i = 0; i < index; i++) {
        if (answers[i] == NULL) {
            return NULL;
        }
    }
    return answers[index];
}

static CrashAnswer parse_answer(const Sweeper *sweeper, const State *state, bool live,
                                const char *text)
{
    CrashPoint point = point_of(state, live);
    CrashAnswer answer;
    g_autofree char *run_id = crash_source_run_id(sweeper->source, &point);
    crash_worker_answer_parse(text, run_id, crash_source_plan(sweeper->source)->scenario, &answer);
    return answer;
}

static void booted(Sweeper *sweeper, const GPtrArray *asked, const Question *question,
                   char **answers)
{
    for (guint i = 0; i < question->count; i++) {
        State *state = g_ptr_array_index(asked, question->first + i);
        CrashAnswer answer = parse_answer(sweeper, state, false, answer_at(answers, i));
        write_line(sweeper, state, &answer);
        state->verdict = (uint8_t)answer.verdict;
        state->outcome = (uint8_t)answer.outcome;
        state->operations = answer.operations;
        g_strlcpy(state->digest, answer.digest, sizeof state->digest);
        if (answer.result != NULL) {
            keep_bad(sweeper, answer.result);
        }
    }
    unsigned fail_max = sweeper->settings->fail_max;
    sweeper->stopping =
        sweeper->stopping || (fail_max > 0 && sweeper->result->bad->len >= fail_max);
}

static void recovered(Sweeper *sweeper, const GPtrArray *asked, const Question *question,
                      char **answers)
{
    const State *first = g_ptr_array_index(asked, question->first);
    CrashSweepLevel *level = &sweeper->result->levels[1];
    level->operations += first->operations;
    for (size_t i = 0; answers[i] != NULL; i++) {
        g_auto(GStrv) fields = g_strsplit(answers[i], "\t", 3);
        g_autofree char *text = g_strdup_printf("boot#%s", fields[0] == NULL ? "" : fields[0]);
        CrashPoint point;
        Digest digest;
        if (g_strv_length(fields) != 3 || !crash_point_parse(text, &point) ||
            !digest_parse(fields[1], &digest)) {
            sweeper->result->verdict = VERDICT_ERROR;
            g_free(sweeper->result->note);
            sweeper->result->note = g_strdup("a boot could not be made again for its operations");
            return;
        }
        CrashPoint second = {.depth = 2, .places = {first->places[0], point.places[0]}};
        level->points++;
        level->effective += strcmp(fields[2], "0") != 0 ? 1 : 0;
        find_state(sweeper, &digest, &second);
    }
}

static void booted_again(Sweeper *sweeper, const GPtrArray *asked, const Question *question,
                         char **answers)
{
    for (guint i = 0; i < question->count; i++) {
        const State *state = g_ptr_array_index(asked, question->first + i);
        CrashAnswer answer = parse_answer(sweeper, state, false, answer_at(answers, i));
        sweeper->result->again++;
        if (strcmp(answer.digest, state->digest) != 0) {
            sweeper->result->again_different++;
        }
        result_free(answer.result);
    }
}

static void lived(Sweeper *sweeper, const GPtrArray *asked, const Question *question,
                  char **answers)
{
    for (guint i = 0; i < question->count; i++) {
        const State *state = g_ptr_array_index(asked, question->first + i);
        CrashAnswer answer = parse_answer(sweeper, state, true, answer_at(answers, i));
        sweeper->result->live++;
        sweeper->result->live_bad += answer.verdict == VERDICT_PASS ? 0 : 1;
        if (answer.result != NULL) {
            keep_bad(sweeper, answer.result);
        }
    }
}

static void went_round(Sweeper *sweeper, const GPtrArray *asked, const Question *question,
                       char **answers)
{
    const State *state = g_ptr_array_index(asked, question->first);
    CrashSweepResult *result = sweeper->result;
    result->long_way++;
    if (answers[0] == NULL || !g_str_has_prefix(answers[0], "same\t")) {
        CrashPoint point = point_of(state, false);
        g_autofree char *name = crash_point_print(&point);
        result->long_way_different++;
        if (result->note == NULL) {
            const char *why = answers[0] == NULL ? "no answer" : answers[0];
            result->note = g_strdup_printf("%s, from the very start: %s", name, why);
        }
    }
}

/* Phases. */

/* About `most` of the first-level states, or one in so many of all, evenly. Keeps S3. */
static GPtrArray *share(const Sweeper *sweeper, guint one_in, bool first_level)
{
    GPtrArray *list = g_ptr_array_new();
    for (guint i = one_in / 2; i < sweeper->states->len; i += one_in) {
        State *state = state_at(sweeper, i);
        if (state->verdict == VERDICT_PASS && (!first_level || state->depth == 1)) {
            g_ptr_array_add(list, state);
        }
    }
    return list;
}

static void boot_all(Sweeper *sweeper)
{
    g_autoptr(GPtrArray) asked = g_ptr_array_new();
    int64_t started = g_get_monotonic_time();
    for (guint i = 0; i < sweeper->states->len; i++) {
        State *state = state_at(sweeper, i);
        if (state->verdict == UNBOOTED && !take_past(sweeper, state)) {
            g_ptr_array_add(asked, state);
        }
    }
    ask(sweeper, asked, "boot", false, BATCH, "boot", booted);
    sweeper->result->boots_us += g_get_monotonic_time() - started;
}

static void recover_all(Sweeper *sweeper)
{
    g_autoptr(GPtrArray) asked = g_ptr_array_new();
    for (guint i = 0; i < sweeper->states->len; i++) {
        State *state = state_at(sweeper, i);
        if (state->verdict != UNBOOTED && state->depth == 1 && state->operations > 0) {
            g_ptr_array_add(asked, state);
        }
    }
    ask(sweeper, asked, "recovery", false, 1, "recovery", recovered);
}

static void sample(Sweeper *sweeper)
{
    guint count = sweeper->states->len;
    guint first_level = MAX(sweeper->result->levels[0].distinct, 1);
    g_autoptr(GPtrArray) again = share(sweeper, MIN(AGAIN_ONE_IN, MAX(count, 1)), false);
    ask(sweeper, again, "boot", false, BATCH, "again", booted_again);
    g_autoptr(GPtrArray) live = share(sweeper, (first_level + LIVE_MAX - 1) / LIVE_MAX, true);
    ask(sweeper, live, "boot", true, 1, "live", lived);
    g_autoptr(GPtrArray) around =
        share(sweeper, (first_level + LONG_WAY_MAX - 1) / LONG_WAY_MAX, true);
    ask(sweeper, around, "compare", false, 1, "long way", went_round);
}

static void count_up(Sweeper *sweeper)
{
    CrashSweepResult *result = sweeper->result;
    for (guint i = 0; i < sweeper->states->len; i++) {
        const State *state = state_at(sweeper, i);
        if (state->verdict != UNBOOTED) {
            result->levels[state->depth - 1].booted++;
            result->verdicts[state->verdict]++;
            result->outcomes[state->outcome]++;
        }
    }
    result->interrupted = sweeper->stopping;
    if (result->again_different > 0 || result->long_way_different > 0) {
        result->verdict = VERDICT_ERROR;
    }
    if (result->levels[0].booted == 0) {
        result->verdict = verdict_join(result->verdict, VERDICT_INCONCLUSIVE);
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
    g_autofree char *text = crash_sweep_text(sweeper->result);
    g_autofree char *page = crash_atlas_page(sweeper->source, sweeper->cells, text);
    return g_file_set_contents(lines_path, lines, -1, error) &&
           g_file_set_contents(page_path, page, -1, error);
}

static void sweeper_clear(Sweeper *sweeper)
{
    crash_source_free(sweeper->source);
    g_hash_table_unref(sweeper->known);
    g_hash_table_unref(sweeper->past);
    g_ptr_array_unref(sweeper->states);
    g_array_unref(sweeper->cells);
    if (sweeper->file != NULL) {
        fclose(sweeper->file);
    }
}

static void work(Sweeper *sweeper)
{
    lab_rest(sweeper->worker.lab); /* A machine has one owner: the workers start their own. */
    fflush(NULL);
    sweeper->workers = workers_new(sweeper->settings->jobs, crash_worker_serve, &sweeper->worker);
    boot_all(sweeper);
    if (sweeper->settings->depth > 1 && !sweeper->stopping) {
        recover_all(sweeper);
        boot_all(sweeper);
    }
    if (sweeper->settings->samples && !sweeper->stopping) {
        sample(sweeper);
    }
    workers_free(sweeper->workers, sweeper->stopping);
}

CrashSweepResult *crash_sweep_run(Lab *lab, const CrashSweepSettings *settings, GError **error)
{
    Sweeper sweeper = {
        .settings = settings,
        .result = g_new0(CrashSweepResult, 1),
        .states = g_ptr_array_new_with_free_func(g_free),
        .known = g_hash_table_new(digest_hash, digest_same),
        .cells = g_array_new(FALSE, FALSE, sizeof(CrashCell)),
        .past = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free),
        .started_us = g_get_monotonic_time(),
    };
    g_autoptr(CrashSweepResult) result = sweeper.result;
    result->verdict = VERDICT_PASS;
    result->bad = g_ptr_array_new_with_free_func((GDestroyNotify)result_free);
    sweeper.source = crash_source_new(lab, settings->scenario, settings->defect, settings->seed,
                                      settings->out, error);
    sweeper.worker = (CrashWorker){.lab = lab,
                                   .source = sweeper.source,
                                   .out = settings->out,
                                   .every_unit = settings->every_unit,
                                   .draws = settings->draws};
    bool well = sweeper.source != NULL && enumerate(&sweeper, error) && open_file(&sweeper, error);
    if (well) {
        const RunResult *clean = crash_source_result(sweeper.source);
        result->verdict = verdict_join(result->verdict, clean->verdict);
        work(&sweeper);
        count_up(&sweeper);
        well = write_atlas(&sweeper, error);
    }
    sweeper_clear(&sweeper);
    return well ? g_steal_pointer(&result) : NULL;
}

void crash_sweep_result_free(CrashSweepResult *result)
{
    if (result != NULL) {
        g_ptr_array_unref(result->bad);
        g_free(result->note);
        g_free(result);
    }
}

bool crash_sweep_fits(const Scenario *scenario)
{
    return scenario_sweep(scenario)->axis == SWEEP_NVM_OPERATION;
}

char *crash_sweep_text(const CrashSweepResult *result)
{
    GString *text = g_string_new(NULL);
    for (unsigned i = 0; i < CRASH_DEPTH_MAX && result->levels[i].points > 0; i++) {
        const CrashSweepLevel *level = &result->levels[i];
        g_string_append_printf(
            text,
            "depth %u: %u operations → %" G_GUINT64_FORMAT " states (%" G_GUINT64_FORMAT
            " changed a bit) → %u distinct, %s%u booted\n",
            i + 1, level->operations, level->points, level->effective, level->distinct,
            level->booted == level->distinct ? "all " : "ONLY ", level->booted);
    }
    g_string_append_printf(text, "outcomes: %u old, %u new, %u recovery, %u brick; ",
                           result->outcomes[CRASH_OLD], result->outcomes[CRASH_NEW],
                           result->outcomes[CRASH_RECOVERY], result->outcomes[CRASH_BRICK]);
    g_string_append_printf(text, "%u PASS, %u FAIL, %u INCONCLUSIVE, %u ERROR\n",
                           result->verdicts[VERDICT_PASS], result->verdicts[VERDICT_FAIL],
                           result->verdicts[VERDICT_INCONCLUSIVE], result->verdicts[VERDICT_ERROR]);
    g_string_append_printf(text,
                           "booted again: %u, %u different; live to the end: %u, %u not PASS; "
                           "the long way: %u, %u different\n",
                           result->again, result->again_different, result->live, result->live_bad,
                           result->long_way, result->long_way_different);
    return g_string_free(text, FALSE);
}
