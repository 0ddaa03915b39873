/* SPDX-License-Identifier: MIT */

/*
 * The memory's cursor: `base` is the memory before operation `next` of the log; `shown` is where it
 * is torn. A second level has a memory and a log of its own, kept for one first-level place.
 */

#include "sim/crash.h"

#include <string.h>

#include "sim/evidence/bundle.h"
#include "sim/scenario/reading.h"
#include "sim/scenario/sweep.h"
#include "sim/world/world.h"

#define OUTAGE         (200 * VTIME_MS) /* how long the power stays away */
#define BOOT_AFTERWARD (2 * VTIME_MS)   /* how long a boot run goes on after the application runs */
#define BOOT_LIMIT     (25 * VTIME_S)
#define DECAY_EARLY    (3 * VTIME_MS) /* while the ROM verifies */
#define DECAY_LATE     (8 * VTIME_MS) /* when the application starts */

typedef struct Cursor {
    GArray *operations; /* of CrashOperation, all of the log */
    CrashMemory *start;
    CrashMemory *memory; /* start and `next` operations more */
    guint next;
    bool torn;
} Cursor;

struct CrashSource {
    Plan *plan;
    bool imposed; /* the scenario does not say that it is to be swept so */
    RunResult *result;
    char *version;
    GPtrArray *events; /* of the clean run: only bolt.moved and power.on, as Event */
    Cursor first;
    GArray *window; /* of CrashOperation */
    CrashPlace second_of;
    Cursor second; /* operations NULL: none yet */
};

/* Points. */

static bool parse_place(const char *text, CrashPlace *ret_place)
{
    g_auto(GStrv) parts = g_strsplit(text, ":", 2);
    guint64 number = 0;
    if (g_strv_length(parts) != 2 ||
        !g_ascii_string_to_unsigned(parts[0], 10, 1, G_MAXUINT32, &number, NULL)) {
        return false;
    }
    ret_place->operation = number;
    return crash_tear_parse(parts[1], &ret_place->tear);
}

bool crash_point_parse(const char *text, CrashPoint *ret_point)
{
    CrashPoint point = {.live = g_str_has_prefix(text, "live#")};
    if (!point.live && !g_str_has_prefix(text, "boot#")) {
        return false;
    }
    g_auto(GStrv) places = g_strsplit(text + strlen("boot#"), ",", CRASH_DEPTH_MAX + 1);
    point.depth = g_strv_length(places);
    if (point.depth == 0 || point.depth > CRASH_DEPTH_MAX) {
        return false;
    }
    for (unsigned i = 0; i < point.depth; i++) {
        if (!parse_place(places[i], &point.places[i])) {
            return false;
        }
    }
    *ret_point = point;
    return true;
}

bool crash_point_require(const char *text, CrashPoint *ret_point, GError **error)
{
    if (crash_point_parse(text, ret_point)) {
        return true;
    }
    g_set_error(error, LAB_ERROR, LAB_ERROR_INPUT,
                "error: \"%s\" is no crash state; expected boot#N:TEAR or live#N:TEAR", text);
    return false;
}

char *crash_point_print(const CrashPoint *point)
{
    GString *text = g_string_new(point->live ? "live#" : "boot#");
    for (unsigned i = 0; i < point->depth; i++) {
        char tear[CRASH_TEAR_NAME_BYTES];
        crash_tear_print(point->places[i].tear, tear);
        g_string_append_printf(text, "%s%" G_GUINT64_FORMAT ":%s", i == 0 ? "" : ",",
                               point->places[i].operation, tear);
    }
    return g_string_free(text, FALSE);
}

/* Cursors. */

static void cursor_clear(Cursor *cursor)
{
    g_clear_pointer(&cursor->operations, g_array_unref);
    g_clear_pointer(&cursor->start, crash_memory_free);
    g_clear_pointer(&cursor->memory, crash_memory_free);
}

static const CrashOperation *cursor_operation(const Cursor *cursor, guint index)
{
    return &g_array_index(cursor->operations, CrashOperation, index);
}

/* Moves to the operation of that number and tears it; NULL when the log has none. */
static CrashMemory *cursor_show(Cursor *cursor, const CrashPlace *place, uint32_t *ret_changed)
{
    guint index = 0;
    while (index < cursor->operations->len &&
           cursor_operation(cursor, index)->number != place->operation) {
        index++;
    }
    if (index == cursor->operations->len) {
        return NULL;
    }
    if (cursor->torn) {
        crash_memory_mend(cursor->memory);
    }
    if (cursor->memory == NULL || index < cursor->next) {
        crash_memory_free(cursor->memory);
        cursor->memory = crash_memory_copy(cursor->start);
        cursor->next = 0;
    }
    for (; cursor->next < index; cursor->next++) {
        crash_memory_apply(cursor->memory, cursor_operation(cursor, cursor->next));
    }
    *ret_changed = crash_memory_tear(cursor->memory, cursor_operation(cursor, index), place->tear);
    cursor->torn = true;
    return cursor->memory;
}

/* The source. */

static bool lab_says(GError **error, const char *why)
{
    g_set_error(error, LAB_ERROR, LAB_ERROR_INPUT, "error: %s", why);
    return false;
}

static bool take_log(CrashSource *source, Recorder *recorder, GError **error)
{
    const GByteArray *log = recorder_artefact(recorder, "nvm.log");
    const GByteArray *flash = recorder_artefact(recorder, "flash-start.bin");
    const GByteArray *otp = recorder_artefact(recorder, "otp-start.bin");
    const GByteArray *last = recorder_artefact(recorder, RECORDER_FLASH);
    if (flash->len != FLASH_BYTES || otp->len != OTP_WORDS * 4 || last->len != FLASH_BYTES) {
        return lab_says(error, "the clean run has left no memories");
    }
    source->first.operations = crash_log_parse((const char *)log->data, log->len, error);
    if (source->first.operations == NULL) {
        return false;
    }
    source->first.start = crash_memory_new(flash->data, otp->data);
    (void)crash_memory_digest(source->first.start); /* Copies inherit what is known. */
    g_autoptr(CrashMemory) memory = crash_memory_copy(source->first.start);
    for (guint i = 0; i < source->first.operations->len; i++) {
        crash_memory_apply(memory, cursor_operation(&source->first, i));
    }
    if (memcmp(crash_memory_flash(memory), last->data, FLASH_BYTES) != 0) {
        return lab_says(error, "the clean run's log does not lead to the flash it has left");
    }
    return true;
}

/* The operations the scenario sweeps. */
static void take_window(CrashSource *source, const Sweep *sweep, const GPtrArray *events)
{
    g_autoptr(GArray) points =
        sweep_points(sweep, source->plan->timeline->seed, events, false, NULL);
    source->window = g_array_new(FALSE, FALSE, sizeof(CrashOperation));
    guint at = 0;
    for (guint i = 0; points != NULL && i < points->len; i++) {
        uint64_t number = g_array_index(points, SweepPoint, i).number;
        while (at < source->first.operations->len &&
               cursor_operation(&source->first, at)->number < number) {
            at++;
        }
        if (at < source->first.operations->len &&
            cursor_operation(&source->first, at)->number == number) {
            g_array_append_vals(source->window, cursor_operation(&source->first, at++), 1);
        }
    }
    const char *name = ((const DeviceSetup *)source->plan->timeline->devices->pdata[0])->name;
    for (guint i = 0; i < events->len; i++) {
        const Event *event = g_ptr_array_index(events, i);
        if (event->kind == EVENT_BOOT_COMPLETED && source->version == NULL) {
            source->version = g_strdup(event_text(event, "version"));
        }
        if (event->kind == EVENT_POWER_ON && strcmp(event->source, name) == 0) {
            g_ptr_array_add(source->events,
                            event_new(event->seq, event->at, event->source, event->kind, NULL));
        }
        if (event->kind == EVENT_BOLT_MOVED && strcmp(event->source, name) == 0) {
            g_ptr_array_add(
                source->events,
                event_new(event->seq, event->at, event->source, event->kind,
                          (const EventField[]){EVENT_TEXT("state", event_text(event, "state")),
                                               EVENT_END}));
        }
    }
}

/* Whether the scenario itself says that its flash operations are to be swept. */
static bool sweeps_itself(const Scenario *scenario)
{
    return scenario_sweep(scenario)->axis == SWEEP_NVM_OPERATION;
}

char *crash_source_clean_id(const Scenario *scenario, const char *defect, uint64_t seed)
{
    const SweepPoint reference = {.axis = SWEEP_NVM_OPERATION};
    return sweep_run_id(scenario_id(scenario), sweeps_itself(scenario) ? NULL : &reference, defect,
                        seed);
}

/* What is swept: what is asked for, or what the scenario says, or all of it. */
static Sweep choose_sweep(const Scenario *scenario, const Sweep *asked)
{
    Sweep whole = {.axis = SWEEP_NVM_OPERATION, .how = "nothing"};
    Sweep sweep = asked != NULL             ? *asked
                  : sweeps_itself(scenario) ? *scenario_sweep(scenario)
                                            : whole;
    g_strlcpy(sweep.target, scenario_target(scenario), sizeof sweep.target);
    return sweep;
}

/* A source with its plan and nothing else. */
static CrashSource *begin_source(Lab *lab, const char *scenario_name, const Sweep *asked,
                                 const char *defect, uint64_t seed, Sweep *ret_sweep,
                                 GError **error)
{
    const Scenario *scenario = lab_scenario(lab, scenario_name, error);
    if (scenario == NULL) {
        return NULL;
    }
    g_autoptr(CrashSource) source = g_new0(CrashSource, 1);
    g_autofree char *run_id = crash_source_clean_id(scenario, defect, seed);
    source->events = g_ptr_array_new_with_free_func((GDestroyNotify)event_free);
    source->imposed = !sweeps_itself(scenario);
    source->plan = lab_plan(lab, run_id, error);
    if (source->plan == NULL) {
        return NULL;
    }
    const DeviceSetup *device = source->plan->timeline->devices->pdata[0];
    *ret_sweep = choose_sweep(scenario, asked);
    if (strcmp(ret_sweep->target, device->name) != 0) {
        lab_says(error, "crash states are those of the first device, and another one is swept");
        return NULL;
    }
    return g_steal_pointer(&source);
}

CrashSource *crash_source_new(Lab *lab, const char *scenario_name, const Sweep *asked,
                              const char *defect, uint64_t seed, const char *out, GError **error)
{
    Sweep sweep;
    g_autoptr(CrashSource) source =
        begin_source(lab, scenario_name, asked, defect, seed, &sweep, error);
    if (source == NULL) {
        return NULL;
    }
    g_autoptr(Recorder) recorder = recorder_new();
    source->result = lab_execute_plan(lab, source->plan, out,
                                      out == NULL ? LAB_KEEP_NONE : LAB_KEEP_ALWAYS, recorder);
    if (source->result->verdict == VERDICT_ERROR) {
        lab_says(error, source->result->reason);
        return NULL;
    }
    if (!take_log(source, recorder, error)) {
        return NULL;
    }
    take_window(source, &sweep, recorder_events(recorder));
    return g_steal_pointer(&source);
}

/* Reads the artefacts a source needs back from a bundle, whose seals have been looked at. */
static bool read_artefacts(const char *path, Recorder *recorder, GError **error)
{
    static const char *const NAMES[] = {"nvm.log", "flash-start.bin", "otp-start.bin",
                                        RECORDER_FLASH};
    for (size_t i = 0; i < G_N_ELEMENTS(NAMES); i++) {
        g_autofree char *file = g_build_filename(path, NAMES[i], NULL);
        g_autofree char *bytes = NULL;
        gsize count = 0;
        if (!g_file_get_contents(file, &bytes, &count, error)) {
            return false;
        }
        g_byte_array_append(recorder_artefact(recorder, NAMES[i]), (const guint8 *)bytes,
                            (guint)count);
    }
    return true;
}

CrashSource *crash_source_load(Lab *lab, const char *scenario_name, const Sweep *asked,
                               const char *defect, uint64_t seed, const char *out, GError **error)
{
    Sweep sweep;
    g_autoptr(CrashSource) source =
        begin_source(lab, scenario_name, asked, defect, seed, &sweep, error);
    if (source == NULL) {
        return NULL;
    }
    g_autofree char *below = lab_bundle_path(source->plan->run_id);
    g_autofree char *path = g_build_filename(out, below, NULL);
    g_autofree char *json = plan_to_json(source->plan);
    g_autoptr(Bundle) bundle = bundle_open(path, error);
    g_autoptr(Recorder) recorder = recorder_new();
    if (bundle == NULL) {
        return NULL;
    }
    if (strcmp(bundle->plan_json, json) != 0) {
        lab_says(error, "the plan has changed");
        return NULL;
    }
    g_autoptr(Plan) stored = NULL;
    source->result = lab_judge(path, &stored, error);
    if (source->result == NULL || !read_artefacts(path, recorder, error) ||
        !take_log(source, recorder, error)) {
        return NULL;
    }
    source->result->bundle = g_steal_pointer(&below);
    take_window(source, &sweep, bundle->events);
    return g_steal_pointer(&source);
}

RunResult *crash_source_take_result(CrashSource *source)
{
    return g_steal_pointer(&source->result);
}

void crash_source_free(CrashSource *source)
{
    if (source != NULL) {
        cursor_clear(&source->first);
        cursor_clear(&source->second);
        g_clear_pointer(&source->window, g_array_unref);
        g_clear_pointer(&source->events, g_ptr_array_unref);
        g_free(source->version);
        plan_free(source->plan);
        result_free(source->result);
        g_free(source);
    }
}

const GArray *crash_source_operations(const CrashSource *source)
{
    return source->window;
}

const Plan *crash_source_plan(const CrashSource *source)
{
    return source->plan;
}

const RunResult *crash_source_result(const CrashSource *source)
{
    return source->result;
}

const char *crash_source_version(const CrashSource *source)
{
    return source->version;
}

char *crash_source_run_id(const CrashSource *source, const CrashPoint *point)
{
    g_autofree char *text = crash_point_print(point);
    return g_strdup_printf("%s@%s%s%s+seed=%" G_GUINT64_FORMAT, source->plan->scenario, text,
                           source->plan->defect == NULL ? "" : "+defect=",
                           source->plan->defect == NULL ? "" : source->plan->defect,
                           source->plan->timeline->seed);
}

char *crash_source_log(Recorder *recorder)
{
    const GByteArray *log = recorder_artefact(recorder, "nvm.log");
    GString *text = g_string_new_len((const char *)log->data, (gssize)log->len);
    return g_strdelimit(g_string_free(text, FALSE), "\n", ';');
}

/* Whether the second level's memory is that of the place already. */
static bool stands_at(const CrashSource *source, const CrashPlace *place)
{
    return source->second.operations != NULL &&
           memcmp(&source->second_of, place, sizeof *place) == 0;
}

const GArray *crash_source_adopt(CrashSource *source, const CrashPlace *place, const char *log,
                                 GError **error)
{
    Cursor *second = &source->second;
    uint32_t changed = 0;
    if (stands_at(source, place)) {
        return second->operations;
    }
    const CrashMemory *torn = cursor_show(&source->first, place, &changed);
    if (torn == NULL) {
        lab_says(error, "the run has no operation of that number");
        return NULL;
    }
    g_autofree char *text = g_strdelimit(g_strdup(log), ";", '\n');
    cursor_clear(second);
    *second = (Cursor){.start = crash_memory_copy(torn)};
    crash_memory_settle(second->start);
    second->operations = crash_log_parse(text, strlen(text), error);
    source->second_of = *place;
    return second->operations;
}

const GArray *crash_source_recovery(CrashSource *source, Lab *lab, const CrashPlace *place,
                                    GError **error)
{
    CrashPoint point = {.depth = 1, .places = {*place}};
    if (stands_at(source, place)) {
        return source->second.operations;
    }
    g_autoptr(Recorder) recorder = recorder_new();
    g_autoptr(Plan) plan = crash_source_point(source, lab, &point, false, error);
    if (plan == NULL) {
        return NULL;
    }
    g_autoptr(RunResult) result = lab_execute_plan(lab, plan, NULL, LAB_KEEP_NONE, recorder);
    if (result->verdict == VERDICT_ERROR) {
        lab_says(error, result->reason);
        return NULL;
    }
    g_autofree char *log = crash_source_log(recorder);
    return crash_source_adopt(source, place, log, error);
}

CrashMemory *crash_source_memory(CrashSource *source, Lab *lab, const CrashPoint *point,
                                 uint32_t *ret_changed, GError **error)
{
    const CrashPlace *last = &point->places[point->depth - 1];
    if (point->depth > 1 && crash_source_recovery(source, lab, &point->places[0], error) == NULL) {
        return NULL;
    }
    CrashMemory *memory =
        cursor_show(point->depth > 1 ? &source->second : &source->first, last, ret_changed);
    if (memory == NULL) {
        lab_says(error, "the run has no operation of that number");
    }
    return memory;
}

/* Plans. */

static void add_bytes(Timeline *timeline, const char *name, GBytes *take_bytes,
                      const Digest *digest)
{
    ImageFile *image = plan_image_new(name);
    image->bytes = take_bytes;
    image->digest = *digest;
    g_ptr_array_add(timeline->images, image);
}

static int by_image_name(const void *a, const void *b)
{
    return strcmp((*(const ImageFile *const *)a)->name, (*(const ImageFile *const *)b)->name);
}

static void add_weak(Timeline *timeline, const CrashMemory *memory, const CrashTear *tear)
{
    WorldWeak weak = {.decay = tear->value % 2 == 0 ? DECAY_EARLY : DECAY_LATE};
    const uint8_t *mask = crash_memory_weak(memory, &weak.offset);
    if (mask != NULL) {
        memcpy(weak.mask, mask, sizeof(weak.mask));
        Digest digest = digest_of(&weak, sizeof(weak));
        add_bytes(timeline, WORLD_STATE_WEAK, g_bytes_new(&weak, sizeof(weak)), &digest);
    }
}

/* The state itself. Flash has the digest of the whole state, which is a tree's (world/crash.h). */
static void add_state(Timeline *timeline, CrashMemory *memory, const CrashTear *tear, bool copies)
{
    const uint8_t *flash = crash_memory_flash(memory);
    const uint8_t *otp = crash_memory_otp(memory);
    Digest whole = crash_memory_digest(memory);
    Digest fuses = digest_of(otp, OTP_WORDS * 4);
    add_bytes(timeline, WORLD_STATE_FLASH,
              copies ? g_bytes_new(flash, FLASH_BYTES) : g_bytes_new_static(flash, FLASH_BYTES),
              &whole);
    add_bytes(timeline, WORLD_STATE_OTP, g_bytes_new(otp, OTP_WORDS * 4), &fuses);
    add_weak(timeline, memory, tear);
    g_ptr_array_sort(timeline->images, by_image_name);
}

static void copy_images(const Timeline *from, Timeline *to)
{
    for (guint i = 0; i < from->images->len; i++) {
        const ImageFile *image = g_ptr_array_index(from->images, i);
        ImageFile *copy = plan_image_new(image->name);
        copy->path = g_strdup(image->path);
        copy->bytes = image->bytes == NULL ? NULL : g_bytes_ref(image->bytes);
        copy->digest = image->digest;
        g_ptr_array_add(to->images, copy);
    }
}

static bool keeps_claim(const Claim *claim, bool live)
{
    switch (claim->kind) {
    case CLAIM_ALWAYS:
    case CLAIM_NEVER:
        return true;
    case CLAIM_WITHIN:
        return live || claim->expect->kind == EVENT_BOOT_COMPLETED;
    case CLAIM_ORDER:
    case CLAIM_COUNTS:
    case CLAIM_KINDS:
        return false;
    }
    return false;
}

static void copy_claims(const Plan *from, bool live, bool imposed, Plan *to)
{
    for (guint i = 0; i < from->claims->len; i++) {
        const Claim *claim = g_ptr_array_index(from->claims, i);
        if (keeps_claim(claim, live)) {
            Claim *copy = plan_claim_copy(claim); /* with its number */
            /* What it waits for may have come before the power went. */
            copy->standing = copy->standing || copy->after != NULL || imposed;
            g_ptr_array_add(to->claims, copy);
        }
    }
}

/* When the power comes back, in the time of the clean run. */
static VTime returns_at(const CrashSource *source, const CrashPoint *point)
{
    VTime at = 0;
    for (guint i = 0; i < source->first.operations->len; i++) {
        const CrashOperation *operation = cursor_operation(&source->first, i);
        at = operation->number == point->places[0].operation ? operation->at : at;
    }
    return at + (VTime)point->depth * OUTAGE;
}

/* Whether the bolt stood open when the power went; one between its ends counts as where it was. */
static bool unlocked_at(const CrashSource *source, VTime at)
{
    const DeviceSetup *device = source->plan->timeline->devices->pdata[0];
    bool unlocked = device->unlocked;
    for (guint i = 0; i < source->events->len; i++) {
        const Event *event = g_ptr_array_index(source->events, i);
        const char *state = event_text(event, "state");
        if (event->at <= at && g_strcmp0(state, "unlocked") == 0) {
            unlocked = true;
        } else if (event->at <= at && g_strcmp0(state, "locked") == 0) {
            unlocked = false;
        }
    }
    return unlocked;
}

/* How often the device had been given power by then. */
static unsigned boots_until(const CrashSource *source, VTime at)
{
    unsigned boots = 0;
    for (guint i = 0; i < source->events->len; i++) {
        const Event *event = g_ptr_array_index(source->events, i);
        boots += event->kind == EVENT_POWER_ON && event->at <= at ? 1 : 0;
    }
    return boots;
}

static void add_actions(const Timeline *from, bool live, VTime power_on, Timeline *to)
{
    for (guint i = 0; live && i < from->actions->len; i++) {
        const Action *action = g_ptr_array_index(from->actions, i);
        if (action->given) {
            g_ptr_array_add(to->actions, plan_action_copy(action));
        }
    }
    for (guint i = 0; i < to->devices->len; i++) {
        const DeviceSetup *device = g_ptr_array_index(to->devices, i);
        Action *action = plan_action_new(VERB_POWER_ON, device->name);
        action->at = power_on;
        g_ptr_array_add(to->actions, action);
    }
    for (guint i = 0; i < to->actions->len; i++) {
        ((Action *)g_ptr_array_index(to->actions, i))->number = i + 1;
    }
}

static void set_end(const Timeline *from, bool live, Timeline *to)
{
    if (!live) {
        to->until = pattern_new(EVENT_BOOT_COMPLETED);
        to->until_delay = BOOT_AFTERWARD;
        to->until_at = VTIME_NEVER;
        to->limit = BOOT_LIMIT;
        return;
    }
    to->until = pattern_copy(from->until);
    to->until_delay = from->until_delay;
    to->until_at = from->until_at;
    to->limit = from->limit;
    for (guint i = 0; i < from->holds->len; i++) {
        const Hold *hold = g_ptr_array_index(from->holds, i);
        g_ptr_array_add(to->holds, plan_hold_new(hold->after, hold->delay, hold->release));
    }
}

Plan *crash_source_point(CrashSource *source, Lab *lab, const CrashPoint *point, bool copies,
                         GError **error)
{
    const Timeline *from = source->plan->timeline;
    uint32_t changed = 0;
    CrashMemory *memory = crash_source_memory(source, lab, point, &changed, error);
    if (memory == NULL) {
        return NULL;
    }
    Plan *plan = plan_new();
    Timeline *timeline = plan->timeline;
    VTime back = returns_at(source, point);
    plan->run_id = crash_source_run_id(source, point);
    plan->scenario = g_strdup(source->plan->scenario);
    plan->defect = g_strdup(source->plan->defect);
    g_strfreev(plan->proves);
    plan->proves = g_strdupv(source->plan->proves);
    timeline->seed = from->seed;
    timeline->epoch_seconds = from->epoch_seconds + (uint64_t)(back / VTIME_S);
    timeline->record_nvm = !point->live;
    for (guint i = 0; i < from->devices->len && (point->live || i == 0); i++) {
        g_ptr_array_add(timeline->devices, plan_device_copy(g_ptr_array_index(from->devices, i)));
    }
    ((DeviceSetup *)timeline->devices->pdata[0])->unlocked = unlocked_at(source, back - OUTAGE);
    add_actions(from, point->live, back % VTIME_S, timeline);
    copy_images(from, timeline);
    add_state(timeline, memory, &point->places[point->depth - 1].tear, copies);
    set_end(from, point->live, timeline);
    copy_claims(source->plan, point->live && !source->imposed, source->imposed, plan);
    return plan;
}

/* As scenarios say it. */
static const char *torn_word(const CrashTear *tear)
{
    static const char *const WORDS[] = {
        [HOSTLINK_TORN_NOTHING] = "nothing", [HOSTLINK_TORN_PREFIX] = "prefix",
        [HOSTLINK_TORN_RANDOM] = "random",   [HOSTLINK_TORN_HALF] = "half",
        [HOSTLINK_TORN_WEAK] = "weak",       [HOSTLINK_TORN_COMPLETE] = "complete",
    };
    return WORDS[tear->torn];
}

/* Has the cut, which is at its operation, leave exactly what the place says. */
static void set_tear(Action *cut, const CrashPlace *place)
{
    g_autofree char *units = g_strdup_printf("%u", place->tear.value);
    g_autofree char *draw =
        g_strdup_printf("%" G_GUINT64_FORMAT, crash_tear_seed(place->operation, place->tear));
    reading_set_argument(cut, "torn", torn_word(&place->tear));
    reading_set_argument(cut, "units", units);
    reading_set_argument(cut, "draw", draw);
    reading_set_argument(cut, "decay", place->tear.value % 2 == 0 ? "3ms" : "8ms");
}

Plan *crash_plan_from_start(Lab *lab, const SweepRun *run, GError **error)
{
    CrashPoint point;
    const Scenario *scenario = lab_scenario(lab, run->scenario, error);
    if (scenario == NULL || !crash_point_require(run->crash, &point, error)) {
        return NULL;
    }
    uint64_t seed = run->has_seed ? run->seed : scenario_seed(scenario);
    const CrashPlace *places = point.places;
    SweepPoint sweep = {.axis = SWEEP_NVM_OPERATION, .number = places[0].operation};
    g_strlcpy(sweep.how, torn_word(&places[0].tear), sizeof sweep.how);
    if (point.depth == 2) {
        /* The device numbers on, whatever happens to its power. */
        sweep.second.axis = SWEEP_NVM_OPERATION;
        sweep.second.number = places[0].operation + places[1].operation;
        g_strlcpy(sweep.second.how, torn_word(&places[1].tear), sizeof sweep.second.how);
    }
    g_autofree char *id = sweep_run_id(run->scenario, &sweep, run->defect, seed);
    Plan *plan = lab_plan(lab, id, error);
    for (unsigned i = 0; plan != NULL && i < point.depth; i++) {
        const GPtrArray *actions = plan->timeline->actions;
        set_tear(g_ptr_array_index(actions, actions->len - point.depth + i), &places[i]);
    }
    return plan;
}

Plan *crash_source_long_way(CrashSource *source, const CrashPoint *point, GError **error)
{
    const CrashPlace *place = &point->places[0];
    if (point->depth != 1) {
        lab_says(error, "only a first loss of power can be had the long way");
        return NULL;
    }
    g_autofree char *json = plan_to_json(source->plan);
    g_autoptr(Plan) plan = plan_from_json("plan", json, strlen(json), error);
    if (plan == NULL) {
        return NULL;
    }
    g_ptr_array_set_size(plan->timeline->images, 0);
    copy_images(source->plan->timeline, plan->timeline);
    Action *cut = plan_action_new(VERB_CUT_POWER,
                                  ((const DeviceSetup *)plan->timeline->devices->pdata[0])->name);
    g_autofree char *number = g_strdup_printf("%" G_GUINT64_FORMAT, place->operation);
    reading_set_argument(cut, "at_operation", number);
    reading_set_argument(cut, "for", "200ms");
    set_tear(cut, place);
    cut->number = plan->timeline->actions->len + 1;
    g_ptr_array_add(plan->timeline->actions, cut);
    /* Until the application runs again: for the second time, if the story has no loss of its own.
     */
    g_autofree char *boot =
        g_strdup_printf("%u", boots_until(source, returns_at(source, point) - OUTAGE) + 1);
    pattern_free(plan->timeline->until);
    plan->timeline->until = pattern_new(EVENT_BOOT_COMPLETED);
    pattern_add(plan->timeline->until, "boot", (char *[]){boot, NULL});
    plan->timeline->until_delay = BOOT_AFTERWARD;
    g_autofree char *id = crash_source_run_id(source, point);
    g_free(plan->run_id);
    plan->run_id = g_strdup_printf("%s~", id);
    return g_steal_pointer(&plan);
}
