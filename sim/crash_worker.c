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

#include <stdio.h>
#include <string.h>

#include "sim/base/bytes.h"
#include "sim/world/nvm.h"
#include "sim/world/world.h"

#define KEPT_MAX 100u

static const EventKind COMPARED[] = {
    EVENT_POWER_ON,          EVENT_DEVICE_RESET,     EVENT_DEVICE_PROGRESS, EVENT_DEVICE_STATUS,
    EVENT_BOOT_SLOT_STARTED, EVENT_BOOT_COMPLETED,   EVENT_BOOT_RECOVERY,   EVENT_UART_LINE,
    EVENT_NVM_OPERATION,     EVENT_JOURNAL_RECORDED, EVENT_COUNTER_RAISED,  EVENT_UPDATE_STAGED,
    EVENT_UPDATE_TRIAL,      EVENT_UPDATE_CONFIRMED, EVENT_UPDATE_REVERTED, EVENT_MOTOR_DRIVEN,
    EVENT_BOLT_MOVED,        EVENT_LEDS_CHANGED,     EVENT_BUZZER_CHANGED,
};

const char *crash_worker_outcome_name(CrashOutcome outcome)
{
    static const char *const NAMES[CRASH_OUTCOMES] = {"old", "new", "recovery", "brick"};
    return NAMES[outcome];
}

static CrashOutcome outcome_of(const CrashWorker *worker, const GPtrArray *events)
{
    CrashOutcome outcome = CRASH_BRICK;
    for (guint i = 0; i < events->len; i++) {
        const Event *event = g_ptr_array_index(events, i);
        if (event->kind == EVENT_BOOT_COMPLETED) {
            const char *version = event_text(event, "version");
            outcome = g_strcmp0(version, crash_source_version(worker->source)) == 0 ? CRASH_OLD
                                                                                    : CRASH_NEW;
        } else if (event->kind == EVENT_BOOT_RECOVERY) {
            outcome = CRASH_RECOVERY;
        }
    }
    return outcome;
}

/* The boot's own operations that a second loss of power could tear. */
static uint32_t operations_of(const GPtrArray *events)
{
    uint32_t count = 0;
    for (guint i = 0; i < events->len; i++) {
        const Event *event = g_ptr_array_index(events, i);
        count += event->kind == EVENT_NVM_OPERATION ? 1 : 0;
    }
    return count;
}

static void write_answer(GString *reply, const CrashAnswer *answer)
{
    g_string_append_printf(reply, "%d\t%d\t%u\t%s\t", (int)answer->verdict, (int)answer->outcome,
                           answer->operations, answer->digest);
    if (answer->verdict == VERDICT_PASS) {
        g_string_append(reply, "-");
        return;
    }
    g_autoptr(Canon) canon = canon_new();
    result_write(answer->result, canon);
    g_autofree char *json = canon_finish(canon);
    g_string_append(reply, json);
}

void crash_worker_answer_parse(const char *text, const char *run_id, const char *scenario,
                               CrashAnswer *ret_answer)
{
    g_auto(GStrv) fields = g_strsplit(text == NULL ? "" : text, "\t", 5);
    *ret_answer = (CrashAnswer){.verdict = VERDICT_ERROR, .outcome = CRASH_BRICK};
    guint64 numbers[3] = {0};
    static const guint64 MOST[3] = {VERDICTS - 1, CRASH_OUTCOMES - 1, UINT32_MAX};
    bool well = g_strv_length(fields) == 5;
    for (size_t i = 0; well && i < 3; i++) {
        well = g_ascii_string_to_unsigned(fields[i], 10, 0, MOST[i], &numbers[i], NULL);
    }
    if (!well) {
        ret_answer->result = result_new_error(run_id, scenario, "the worker died");
        return;
    }
    ret_answer->verdict = (Verdict)numbers[0];
    ret_answer->outcome = (CrashOutcome)numbers[1];
    ret_answer->operations = (uint32_t)numbers[2];
    g_strlcpy(ret_answer->digest, fields[3], sizeof ret_answer->digest);
    if (ret_answer->verdict != VERDICT_PASS) {
        g_autoptr(GError) error = NULL;
        g_autoptr(Tree) tree = tree_parse("answer", fields[4], strlen(fields[4]), true, &error);
        ret_answer->result = tree == NULL ? NULL : result_read(tree_root(tree), &error);
        if (ret_answer->result == NULL) {
            ret_answer->verdict = VERDICT_ERROR;
            ret_answer->result = result_new_error(run_id, scenario, error->message);
        }
    }
}

static void boot(CrashWorker *worker, const char *text, GString *reply)
{
    CrashPoint point;
    CrashAnswer answer = {.outcome = CRASH_BRICK};
    g_autoptr(GError) error = NULL;
    g_autoptr(Recorder) recorder = recorder_new();
    g_autoptr(Plan) plan = NULL;
    if (crash_point_parse(text, &point)) {
        plan = crash_source_point(worker->source, worker->lab, &point, false, &error);
    }
    if (plan != NULL) {
        bool keeps = worker->out != NULL && worker->kept < KEPT_MAX;
        answer.result = lab_execute_plan(worker->lab, plan, worker->out,
                                         keeps ? LAB_KEEP_UNLESS_PASS : LAB_KEEP_NONE, recorder);
        worker->kept += answer.result->verdict == VERDICT_PASS ? 0 : 1;
        answer.outcome = outcome_of(worker, recorder_events(recorder));
        answer.operations = operations_of(recorder_events(recorder));
        g_strlcpy(answer.digest, answer.result->digest, sizeof answer.digest);
    } else {
        answer.result = result_new_error(text, crash_source_plan(worker->source)->scenario,
                                         error == NULL ? "no such point" : error->message);
    }
    answer.verdict = answer.result->verdict;
    write_answer(reply, &answer);
    result_free(answer.result);
}

static void recovery(CrashWorker *worker, const char *text, GString *reply)
{
    CrashPoint point;
    g_autoptr(GError) error = NULL;
    if (!crash_point_parse(text, &point)) {
        return;
    }
    const GArray *log =
        crash_source_recovery(worker->source, worker->lab, &point.places[0], &error);
    for (guint i = 0; log != NULL && i < log->len; i++) {
        const CrashOperation *operation = &g_array_index(log, CrashOperation, i);
        g_autoptr(GArray) tears = crash_tears(operation, worker->every_unit, worker->draws);
        for (guint t = 0; t < tears->len; t++) {
            CrashTear tear = g_array_index(tears, CrashTear, t);
            CrashPoint second = {.depth = 2,
                                 .places = {point.places[0], {operation->number, tear}}};
            uint32_t changed = 0;
            CrashMemory *memory =
                crash_source_memory(worker->source, worker->lab, &second, &changed, &error);
            if (memory == NULL) {
                return;
            }
            Digest digest = crash_memory_digest(memory);
            char hex[DIGEST_TEXT_BYTES];
            char name[CRASH_TEAR_NAME_BYTES];
            crash_tear_print(tear, name);
            g_string_append_printf(reply, "%s%" G_GUINT64_FORMAT ":%s\t%s\t%u",
                                   reply->len == 0 ? "" : "\x1e", operation->number, name,
                                   digest_print(&digest, hex), changed);
        }
    }
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

static void compare(CrashWorker *worker, const char *text, GString *reply)
{
    CrashPoint point;
    g_autoptr(GError) error = NULL;
    g_autoptr(Recorder) quick = recorder_new();
    g_autoptr(Recorder) slow = recorder_new();
    if (!crash_point_parse(text, &point)) {
        g_string_append(reply, "error\tno such point");
        return;
    }
    g_autoptr(Plan) plan = crash_source_point(worker->source, worker->lab, &point, true, &error);
    g_autoptr(Plan) around =
        plan == NULL ? NULL : crash_source_long_way(worker->source, &point, &error);
    if (around == NULL) {
        g_string_append_printf(reply, "error\t%s", error->message);
        return;
    }
    const char *device = ((const DeviceSetup *)plan->timeline->devices->pdata[0])->name;
    g_autoptr(RunResult) first = lab_execute_plan(worker->lab, plan, NULL, LAB_KEEP_NONE, quick);
    g_autoptr(RunResult) second = lab_execute_plan(worker->lab, around, NULL, LAB_KEEP_NONE, slow);
    if (first->verdict == VERDICT_ERROR || second->verdict == VERDICT_ERROR) {
        g_string_append_printf(reply, "error\t%s",
                               first->verdict == VERDICT_ERROR ? first->reason : second->reason);
        return;
    }
    g_autofree char *a = project(recorder_events(quick), device, 1);
    g_autofree char *b = project(recorder_events(slow), device, 2);
    const ImageFile *state = plan_image(plan->timeline, WORLD_STATE_FLASH);
    g_autofree uint8_t *flash = g_memdup2(g_bytes_get_data(state->bytes, NULL), FLASH_BYTES);
    if (strcmp(a, b) != 0) {
        g_autofree char *where = first_difference(a, b);
        g_string_append_printf(reply, "different\t%s", where);
    } else if (!same_memories(quick, flash, slow)) {
        g_string_append(reply, "different\tthe memories they end with differ");
    } else {
        g_string_append(reply, "same\t");
    }
}

char *crash_worker_serve(const char *request, void *user_data)
{
    CrashWorker *worker = user_data;
    GString *reply = g_string_new(NULL);
    if (request == NULL) {
        lab_rest(worker->lab);
    } else if (g_str_has_prefix(request, "boot ")) {
        g_auto(GStrv) points = g_strsplit(request + strlen("boot "), ";", 0);
        for (size_t i = 0; points[i] != NULL; i++) {
            if (i > 0) {
                g_string_append_c(reply, CRASH_RECORD);
            }
            boot(worker, points[i], reply);
        }
    } else if (g_str_has_prefix(request, "recovery ")) {
        recovery(worker, request + strlen("recovery "), reply);
    } else if (g_str_has_prefix(request, "compare ")) {
        compare(worker, request + strlen("compare "), reply);
    }
    return g_string_free(reply, FALSE);
}
