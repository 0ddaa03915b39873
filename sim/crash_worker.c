/* SPDX-License-Identifier: MIT */

/*
 * The comparison of a boot from a state that was worked out with one that was come by the long way:
 *
 *   P1  Events of the device itself, from the power-on after the loss to the application's start,
 * of the kinds in COMPARED, with all fields but those that count from the machine's beginning
 *       (instructions, boot, number); times count from that power-on.
 *   P2  Flash and fuses as they are when both runs end, a fixed time after the application's start.
 */

#include "sim/crash_worker.h"

#include <string.h>

#include "sim/base/bytes.h"
#include "sim/workers.h"
#include "sim/world/nvm.h"
#include "sim/world/world.h"

static const EventKind COMPARED[] = {
    EVENT_POWER_ON,          EVENT_DEVICE_RESET,     EVENT_DEVICE_PROGRESS, EVENT_DEVICE_STATUS,
    EVENT_BOOT_SLOT_STARTED, EVENT_BOOT_COMPLETED,   EVENT_BOOT_RECOVERY,   EVENT_UART_LINE,
    EVENT_NVM_OPERATION,     EVENT_JOURNAL_RECORDED, EVENT_COUNTER_RAISED,  EVENT_UPDATE_STAGED,
    EVENT_UPDATE_TRIAL,      EVENT_UPDATE_CONFIRMED, EVENT_UPDATE_REVERTED, EVENT_MOTOR_DRIVEN,
    EVENT_BOLT_MOVED,        EVENT_LEDS_CHANGED,     EVENT_BUZZER_CHANGED,
};

static SweepingOutcome outcome_of(const CrashWorker *worker, const GPtrArray *events)
{
    SweepingOutcome outcome = SWEEPING_BRICK;
    for (guint i = 0; i < events->len; i++) {
        const Event *event = g_ptr_array_index(events, i);
        if (event->kind == EVENT_BOOT_COMPLETED) {
            const char *version = event_text(event, "version");
            outcome = g_strcmp0(version, crash_source_version(worker->source)) == 0 ? SWEEPING_OLD
                                                                                    : SWEEPING_NEW;
        } else if (event->kind == EVENT_BOOT_RECOVERY) {
            outcome = SWEEPING_RECOVERY;
        }
    }
    return outcome;
}

/* Lines. The members come in the order of their names, the first four without escapes. */

static char *member(const char *line, const char *key)
{
    g_autofree char *start = g_strdup_printf("\"%s\":\"", key);
    const char *from = line == NULL ? NULL : strstr(line, start);
    const char *end = from == NULL ? NULL : strchr(from + strlen(start), '"');
    return end == NULL ? NULL
                       : g_strndup(from + strlen(start), (gsize)(end - from) - strlen(start));
}

static void answer(const CrashWorker *worker, const char *ask, const char *point,
                   const CrashAnswer *said, const char *words)
{
    g_autoptr(Canon) canon = canon_new();
    g_autofree char *clean = g_strdelimit(g_strdup(words), "\"\\\t\n", '\'');
    canon_begin_object(canon);
    canon_member_text(canon, "answer", clean);
    canon_member_text(canon, "ask", ask);
    canon_member_text(canon, "point", point);
    if (said != NULL && said->log != NULL) {
        canon_member_text(canon, "log", said->log);
    }
    if (said != NULL && said->verdict != VERDICT_PASS) {
        canon_key(canon, "result");
        result_write(said->result, canon);
    }
    canon_end_object(canon);
    g_autofree char *line = canon_finish(canon);
    g_autoptr(GError) error = NULL;
    if (worker->ledger != NULL && !ledger_add(worker->ledger, line, &error)) {
        g_error("%s", error->message);
    }
    workers_say(line);
}

char *crash_worker_question(const char *line)
{
    g_autofree char *ask = member(line, "ask");
    g_autofree char *point = member(line, "point");
    return ask == NULL || point == NULL ? NULL : g_strdup_printf("%s %s", ask, point);
}

char *crash_worker_comparison(const char *line)
{
    char *words = member(line, "answer");
    return words == NULL ? g_strdup("the worker died") : words;
}

/* "PASS old DIGEST" */
static bool parse_words(const char *line, CrashAnswer *answer)
{
    g_autofree char *text = member(line, "answer");
    g_auto(GStrv) words = g_strsplit(text == NULL ? "" : text, " ", 3);
    bool known = g_strv_length(words) == 3 && verdict_parse(words[0], &answer->verdict) &&
                 strlen(words[2]) < sizeof answer->digest;
    bool found = false;
    for (int i = 0; known && i < SWEEPING_OUTCOMES; i++) {
        if (strcmp(words[1], sweeping_outcome_name((SweepingOutcome)i)) == 0) {
            answer->outcome = (SweepingOutcome)i;
            found = true;
        }
    }
    if (found) {
        g_strlcpy(answer->digest, words[2], sizeof answer->digest);
    }
    return found;
}

void crash_worker_answer_parse(const char *line, const char *run_id, const char *scenario,
                               CrashAnswer *ret_answer)
{
    *ret_answer = (CrashAnswer){.outcome = SWEEPING_BRICK};
    if (!parse_words(line, ret_answer)) {
        *ret_answer = (CrashAnswer){.verdict = VERDICT_ERROR, .outcome = SWEEPING_BRICK};
        ret_answer->result = result_new_error(run_id, scenario, "the worker died");
        return;
    }
    const char *result = strstr(line, "\"result\":");
    if (ret_answer->verdict == VERDICT_PASS) {
        ret_answer->log = member(line, "log");
        return;
    }
    g_autoptr(GError) error = NULL;
    g_autofree char *head =
        result == NULL ? g_strdup(line) : g_strndup(line, (gsize)(result - line));
    g_autoptr(Tree) tree = tree_parse("answer", line, strlen(line), true, &error);
    const TreeNode *node = tree == NULL ? NULL : tree_require(tree_root(tree), "result", &error);
    ret_answer->log = member(head, "log");
    ret_answer->result = node == NULL ? NULL : result_read(node, &error);
    if (ret_answer->result == NULL) {
        ret_answer->verdict = VERDICT_ERROR;
        ret_answer->result = result_new_error(run_id, scenario, error->message);
    }
}

/* Booting. */

static void boot(CrashWorker *worker, const char *ask, const char *text, const CrashPoint *point)
{
    CrashAnswer said = {.outcome = SWEEPING_BRICK};
    g_autoptr(GError) error = NULL;
    g_autoptr(Recorder) recorder = recorder_new();
    g_autoptr(Plan) plan =
        point == NULL ? NULL
                      : crash_source_point(worker->source, worker->lab, point, false, &error);
    if (plan != NULL) {
        bool keeps = worker->out != NULL && worker->kept < CRASH_KEPT_MAX;
        said.result = lab_execute_plan(worker->lab, plan, worker->out,
                                       keeps ? LAB_KEEP_UNLESS_PASS : LAB_KEEP_NONE, recorder);
        worker->kept += said.result->verdict == VERDICT_PASS ? 0 : 1;
        said.outcome = outcome_of(worker, recorder_events(recorder));
        said.log = plan->timeline->record_nvm ? crash_source_log(recorder) : NULL;
        g_strlcpy(said.digest, said.result->digest, sizeof said.digest);
        if (said.log != NULL && said.log[0] == '\0') {
            g_clear_pointer(&said.log, g_free);
        }
    } else {
        said.result = result_new_error(text, crash_source_plan(worker->source)->scenario,
                                       error == NULL ? "no such point" : error->message);
    }
    said.verdict = said.result->verdict;
    /* Which bundles stay is for the campaign to say. */
    g_clear_pointer(&said.result->bundle, g_free);
    g_autofree char *words =
        g_strdup_printf("%s %s %s", verdict_name(said.verdict), sweeping_outcome_name(said.outcome),
                        said.digest[0] == '\0' ? "-" : said.digest);
    answer(worker, ask, text, &said, words);
    result_free(said.result);
    g_free(said.log);
}

/* The long way. */

static bool is_compared(const Event *event)
{
    for (size_t i = 0; i < G_N_ELEMENTS(COMPARED); i++) {
        if (event->kind == COMPARED[i]) {
            return true;
        }
    }
    return false;
}

static void write_compared(const Event *event, VTime since, GString *text)
{
    g_string_append_printf(text, "%" G_GINT64_FORMAT " %s", event->at - since,
                           event_kind_name(event->kind));
    for (size_t i = 0; i < event->field_count; i++) {
        const EventField *field = &event->fields[i];
        if (strcmp(field->key, "instructions") == 0 || strcmp(field->key, "boot") == 0 ||
            strcmp(field->key, "number") == 0) {
            continue;
        }
        if (field->kind == EVENT_VALUE_TEXT) {
            g_string_append_printf(text, " %s=%s", field->key, field->text);
        } else {
            g_string_append_printf(text, " %s=%" G_GINT64_FORMAT, field->key, field->integer);
        }
    }
    g_string_append_c(text, '\n');
}

/* P1 of a run: from its `power_on`th power-on. */
static char *project(const GPtrArray *events, const char *device, unsigned power_on)
{
    GString *text = g_string_new(NULL);
    VTime since = VTIME_NEVER;
    unsigned count = 0;
    for (guint i = 0; i < events->len; i++) {
        const Event *event = g_ptr_array_index(events, i);
        if (strcmp(event->source, device) != 0) {
            continue;
        }
        if (event->kind == EVENT_POWER_ON && ++count == power_on) {
            since = event->at;
        }
        if (since != VTIME_NEVER && is_compared(event)) {
            write_compared(event, since, text);
        }
        if (since != VTIME_NEVER && event->kind == EVENT_BOOT_COMPLETED) {
            break;
        }
    }
    return g_string_free(text, FALSE);
}

/* P2: whether both runs end with the same memories. `flash` is the state the short one began with.
 */
static bool same_memories(Recorder *quick, uint8_t *flash, Recorder *slow)
{
    const GByteArray *changes = recorder_artefact(quick, WORLD_FLASH_CHANGES);
    const GByteArray *otp = recorder_artefact(quick, RECORDER_OTP);
    const GByteArray *slow_flash = recorder_artefact(slow, RECORDER_FLASH);
    const GByteArray *slow_otp = recorder_artefact(slow, RECORDER_OTP);
    BytesReader reader = bytes_reader(changes->data, changes->len);
    for (guint i = 0; i < changes->len / (FLASH_SECTOR_BYTES + 4); i++) {
        uint32_t offset = bytes_read_le32(&reader);
        if (offset > FLASH_BYTES - FLASH_SECTOR_BYTES) {
            return false;
        }
        bytes_read_copy(&reader, flash + offset, FLASH_SECTOR_BYTES);
    }
    return slow_flash->len == FLASH_BYTES && memcmp(slow_flash->data, flash, FLASH_BYTES) == 0 &&
           slow_otp->len == otp->len && memcmp(slow_otp->data, otp->data, otp->len) == 0;
}

/* Where two texts part, as one line. */
static char *first_difference(const char *a, const char *b)
{
    g_auto(GStrv) first = g_strsplit(a, "\n", 0);
    g_auto(GStrv) second = g_strsplit(b, "\n", 0);
    for (size_t i = 0; first[i] != NULL && second[i] != NULL; i++) {
        if (strcmp(first[i], second[i]) != 0) {
            return g_strdup_printf("\"%s\" but the long way \"%s\"", first[i], second[i]);
        }
    }
    return g_strdup("one goes on longer");
}

/* What differs, "same" if nothing does; the caller's. */
static char *compare(CrashWorker *worker, const CrashPoint *point)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Recorder) quick = recorder_new();
    g_autoptr(Recorder) slow = recorder_new();
    g_autoptr(Plan) plan = crash_source_point(worker->source, worker->lab, point, true, &error);
    g_autoptr(Plan) around =
        plan == NULL ? NULL : crash_source_long_way(worker->source, point, &error);
    if (around == NULL) {
        return g_strdup_printf("error: %s", error->message);
    }
    const char *device = ((const DeviceSetup *)plan->timeline->devices->pdata[0])->name;
    g_autoptr(RunResult) first = lab_execute_plan(worker->lab, plan, NULL, LAB_KEEP_NONE, quick);
    g_autoptr(RunResult) second = lab_execute_plan(worker->lab, around, NULL, LAB_KEEP_NONE, slow);
    if (first->verdict == VERDICT_ERROR || second->verdict == VERDICT_ERROR) {
        return g_strdup_printf("error: %s",
                               first->verdict == VERDICT_ERROR ? first->reason : second->reason);
    }
    g_autofree char *a = project(recorder_events(quick), device, 1);
    g_autofree char *b = project(recorder_events(slow), device, 2);
    const ImageFile *state = plan_image(plan->timeline, WORLD_STATE_FLASH);
    g_autofree uint8_t *flash = g_memdup2(g_bytes_get_data(state->bytes, NULL), FLASH_BYTES);
    if (strcmp(a, b) != 0) {
        return first_difference(a, b);
    }
    return g_strdup(same_memories(quick, flash, slow) ? "same"
                                                      : "the memories they end with differ");
}

/* Answers one point of a request. */
static void serve_point(CrashWorker *worker, const char *ask, const char *text, const char *log)
{
    CrashPoint point;
    g_autoptr(GError) error = NULL;
    bool known = crash_point_parse(text, &point);
    bool ready =
        known && (log == NULL || point.depth == 1 ||
                  crash_source_adopt(worker->source, &point.places[0], log, &error) != NULL);
    if (strcmp(ask, "compare") == 0) {
        g_autofree char *words = ready ? compare(worker, &point) : g_strdup("error: no such point");
        answer(worker, ask, text, NULL, words);
    } else {
        boot(worker, ask, text, ready ? &point : NULL);
    }
}

char *crash_worker_serve(const char *request, void *user_data)
{
    CrashWorker *worker = user_data;
    if (request == NULL) {
        lab_rest(worker->lab);
        return NULL;
    }
    g_auto(GStrv) parts = g_strsplit(request, "\t", 2);
    g_auto(GStrv) words = g_strsplit(parts[0], " ", 2);
    g_auto(GStrv) points = g_strsplit(words[1] == NULL ? "" : words[1], ";", 0);
    for (size_t i = 0; points[i] != NULL; i++) {
        serve_point(worker, words[0], points[i], parts[1]);
    }
    return g_strdup("");
}
