/* SPDX-License-Identifier: MIT */

/*
 *   P1  Equal sweep, seed and events give equal points, in the order of their numbers.
 *
 *   P2  What is drawn for one operation or frame does not depend on which others are taken.
 */

#include "sim/scenario/sweep.h"

#include <stdlib.h>
#include <string.h>

#include "sim/base/prng.h"
#include "sim/base/tree.h"

#define RUN_ID_CHARS_MAX 512

static const char *const AXIS_NAMES[] = {
    [SWEEP_NONE] = NULL,
    [SWEEP_NVM_OPERATION] = "nvm.operation",
    [SWEEP_INSTRUCTION] = "instruction",
    [SWEEP_FRAME] = "frame",
    [SWEEP_CALL] = "call",
    [SWEEP_WEAR] = "wear",
    [SWEEP_READ] = "read",
    NULL,
};

/* As run ids say it. */
static const char *const AXIS_WORDS[] = {
    [SWEEP_NONE] = NULL,           [SWEEP_NVM_OPERATION] = "nvm.op",
    [SWEEP_INSTRUCTION] = "instr", [SWEEP_FRAME] = "frame",
    [SWEEP_CALL] = "call",         [SWEEP_WEAR] = "wear",
    [SWEEP_READ] = "read",
};

static const char *const TORN_STATES[] = {
    "nothing", "prefix", "random", "half", "weak", "complete", NULL,
};

static const char *const FRAME_FATES[] = {
    "lose", "corrupt", "duplicate", "delay", "hold", NULL,
};

static const char *const WORN_CELLS[] = {
    "bit", "bits", NULL, /* one of them, or many */
};

static const char *const MISREADINGS[] = {
    "ones",
    "zeros",
    "bit",
    NULL,
};

static const char *const NOTHING[] = {NULL};

const char *sweep_axis_name(SweepAxis axis)
{
    return AXIS_NAMES[axis];
}

const char *const *sweep_axis_names(void)
{
    return AXIS_NAMES + 1;
}

SweepAxis sweep_axis_at(size_t index)
{
    return (SweepAxis)(index + 1);
}

const char *const *sweep_hows(SweepAxis axis)
{
    return axis == SWEEP_NVM_OPERATION ? TORN_STATES
           : axis == SWEEP_WEAR        ? WORN_CELLS
           : axis == SWEEP_FRAME       ? FRAME_FATES
           : axis == SWEEP_READ        ? MISREADINGS
                                       : NOTHING;
}

Verb sweep_verb(SweepAxis axis)
{
    return axis == SWEEP_FRAME  ? VERB_FAULT_FRAME
           : axis == SWEEP_WEAR ? VERB_WEAR_FLASH
           : axis == SWEEP_READ ? VERB_MISREAD
                                : VERB_CUT_POWER;
}

/* The part of the run that is swept. */
typedef struct Window {
    const char *target;
    VTime from; /* VTIME_NEVER: it never opened */
    VTime until;
} Window;

/* When the window opens and closes, as times, so that what happens at its edges is inside. */
static Window find_window(const Sweep *sweep, const GPtrArray *events)
{
    bool open = sweep->after == NULL;
    Window window = {.target = sweep->target, .from = open ? 0 : VTIME_NEVER, .until = VTIME_NEVER};
    for (guint i = 0; i < events->len; i++) {
        const Event *event = g_ptr_array_index(events, i);
        if (!open && pattern_matches(sweep->after, event)) {
            open = true;
            window.from = event->at;
        } else if (open && sweep->until != NULL && pattern_matches(sweep->until, event)) {
            window.until = event->at;
            break;
        }
    }
    return window;
}

/* The numbers of the operations or calls in the window, as their events have them. */
static void add_seen(const Window *window, EventKind kind, const GPtrArray *events, GArray *numbers)
{
    for (guint i = 0; i < events->len; i++) {
        const Event *event = g_ptr_array_index(events, i);
        if (event->kind == kind && event->at >= window->from && event->at <= window->until &&
            strcmp(event->source, window->target) == 0) {
            uint64_t number = (uint64_t)event_integer(event, "number", 0);
            g_array_append_val(numbers, number);
        }
    }
}

/* The same of operations that change anything: where nothing is to change, nothing can stay. */
static void add_changing(const Window *window, const GPtrArray *events, GArray *numbers)
{
    g_autoptr(GPtrArray) changing = g_ptr_array_new();
    for (guint i = 0; i < events->len; i++) {
        Event *event = g_ptr_array_index(events, i);
        if (event_integer(event, "bits", 0) > 0) {
            g_ptr_array_add(changing, event);
        }
    }
    add_seen(window, EVENT_NVM_OPERATION, changing, numbers);
}

/* Whether a misread of that kind would give what is there anyway: "0x" and digits, all one. */
static bool reads_the_same(const char *how, const char *value)
{
    const char *digits = value + strlen("0x");
    return (strcmp(how, "ones") == 0 && digits[strspn(digits, "f")] == '\0') ||
           (strcmp(how, "zeros") == 0 && digits[strspn(digits, "0")] == '\0');
}

/* Takes out the points that would change nothing. */
static void drop_ineffective(const GPtrArray *events, GArray *points)
{
    g_autoptr(GHashTable) values = g_hash_table_new(g_int64_hash, g_int64_equal);
    g_autoptr(GArray) numbers = g_array_sized_new(FALSE, FALSE, sizeof(int64_t), events->len);
    for (guint i = 0; i < events->len; i++) {
        Event *event = g_ptr_array_index(events, i);
        int64_t number = event_integer(event, "number", 0);
        if (event->kind == EVENT_READ_REPEATED) {
            g_array_append_val(numbers, number);
            g_hash_table_insert(values, &g_array_index(numbers, int64_t, numbers->len - 1),
                                (void *)event_text(event, "value"));
        }
    }
    for (guint i = points->len; i > 0; i--) {
        const SweepPoint *point = &g_array_index(points, SweepPoint, i - 1);
        const char *value = g_hash_table_lookup(values, &point->number);
        if (value != NULL && reads_the_same(point->how, value)) {
            g_array_remove_index(points, i - 1);
        }
    }
}

/* The numbers of all frames that the target's own cable has carried. */
static void add_frames(const char *target, const GPtrArray *events, GArray *numbers)
{
    uint64_t frames = 0;
    for (guint i = 0; i < events->len; i++) {
        const Event *event = g_ptr_array_index(events, i);
        if (event->kind == EVENT_LINK_CLOSED && g_strcmp0(event_text(event, "link"), target) == 0) {
            frames = (uint64_t)MAX(event_integer(event, "frames", 0), 0);
        }
    }
    for (uint64_t number = 1; number <= frames; number++) {
        g_array_append_val(numbers, number);
    }
}

/* The instructions executed at the window's edges, as far as the device has told in passing. */
static void find_instructions(const Window *window, const GPtrArray *events, uint64_t *ret_first,
                              uint64_t *ret_last)
{
    bool closed = false;
    *ret_first = 0;
    *ret_last = 0;
    for (guint i = 0; i < events->len && window->from != VTIME_NEVER; i++) {
        const Event *event = g_ptr_array_index(events, i);
        int64_t instructions = event_integer(event, "instructions", -1);
        if (instructions < 0 || strcmp(event->source, window->target) != 0) {
            continue;
        }
        if (event->at <= window->from) {
            *ret_first = (uint64_t)instructions;
        }
        if (event->at <= window->until || !closed) {
            *ret_last = (uint64_t)instructions;
        }
        closed = closed || event->at >= window->until;
    }
    *ret_first = MAX(*ret_first, 1);
}

/* Choosing. */

static SweepPoint point_at(SweepAxis axis, uint64_t number, const char *how)
{
    SweepPoint point;
    memset(&point, 0, sizeof point); /* Points are compared as bytes. */
    point.axis = axis;
    point.number = number;
    g_strlcpy(point.how, how, sizeof point.how);
    return point;
}

/* Adds the points of one number: one word, or each. Keeps P2. */
static void add_hows(const Sweep *sweep, const Prng *root, uint64_t number, bool every_how,
                     GArray *points)
{
    const char *const *hows = sweep_hows(sweep->axis);
    if (hows[0] == NULL) {
        SweepPoint point = point_at(sweep->axis, number, "");
        g_array_append_val(points, point);
        return;
    }
    /* Named by what is torn or lost, so that one axis does not change the other's draws. */
    g_autofree char *stream = g_strdup_printf("sweep/%s/%" G_GUINT64_FORMAT,
                                              sweep->axis == SWEEP_FRAME  ? "frame"
                                              : sweep->axis == SWEEP_WEAR ? "worn"
                                              : sweep->axis == SWEEP_READ ? "misread"
                                                                          : "torn",
                                              number);
    Prng prng = prng_fork(root, stream);
    const char *drawn = hows[prng_below(&prng, g_strv_length((char **)hows))];
    bool each = every_how || strcmp(sweep->how, "each") == 0;
    const char *one = strcmp(sweep->how, "drawn") == 0 ? drawn : sweep->how;
    for (size_t i = 0; hows[i] != NULL; i++) {
        if (each || strcmp(hows[i], one) == 0) {
            SweepPoint point = point_at(sweep->axis, number, hows[i]);
            g_array_append_val(points, point);
        }
    }
}

static bool refuse_many(const Sweep *sweep, uint64_t count, GError **error)
{
    if (count <= SWEEP_POINTS_MAX) {
        return true;
    }
    g_set_error(error, TREE_ERROR, TREE_ERROR_INPUT,
                "error: the sweep over %s has %" G_GUINT64_FORMAT " points, more than %d: narrow "
                "its window, or take a count of them or every so-many-th",
                sweep_axis_name(sweep->axis), count, SWEEP_POINTS_MAX);
    return false;
}

/* All the numbers, or those the sweep takes of them. */
static bool add_numbers(const Sweep *sweep, const Prng *root, const GArray *numbers, bool every_how,
                        GArray *points, GError **error)
{
    Prng prng = prng_fork(root, sweep->axis == SWEEP_FRAME ? "sweep/frames" : "sweep/numbers");
    bool draws = sweep->count > 0 && !every_how;
    guint step = every_how || draws ? 1 : MAX(sweep->every, 1);
    guint wanted = draws ? MIN(sweep->count, numbers->len) : (numbers->len + step - 1) / step;
    bool each = every_how || strcmp(sweep->how, "each") == 0;
    guint words = g_strv_length((char **)sweep_hows(sweep->axis));
    if (!refuse_many(sweep, (uint64_t)wanted * (each ? MAX(words, 1) : 1), error)) {
        return false;
    }
    for (guint i = 0; i < numbers->len; i += step) {
        /* Each is taken with the chance that makes the rest come out right. */
        if (!draws || prng_below(&prng, numbers->len - i) < wanted) {
            add_hows(sweep, root, g_array_index(numbers, uint64_t, i), every_how, points);
            wanted--;
        }
    }
    return true;
}

static int by_number(const void *a, const void *b)
{
    uint64_t first = ((const SweepPoint *)a)->number;
    uint64_t second = ((const SweepPoint *)b)->number;
    return first < second ? -1 : first > second ? 1 : 0;
}

/* Each so-many-th instruction between the edges, or so many drawn evenly. */
static bool add_instructions(const Sweep *sweep, const Prng *root, uint64_t first, uint64_t last,
                             GArray *points, GError **error)
{
    if (first >= last) {
        return true;
    }
    Prng prng = prng_fork(root, "sweep/instruction");
    uint64_t step = MAX(sweep->every, 1);
    bool draws = sweep->count > 0;
    uint64_t count = draws ? sweep->count : (last - first) / step + 1;
    if (!refuse_many(sweep, count, error)) {
        return false;
    }
    for (uint64_t i = 0; i < count; i++) {
        uint64_t number = first + (draws ? prng_below(&prng, last - first) : i * step);
        SweepPoint point = point_at(SWEEP_INSTRUCTION, number, "");
        g_array_append_val(points, point);
    }
    g_array_sort(points, by_number);
    return true;
}

static bool add_points(const Sweep *sweep, const Window *window, const Prng *root,
                       const GPtrArray *events, bool every_how, GArray *points, GError **error)
{
    g_autoptr(GArray) numbers = g_array_new(FALSE, FALSE, sizeof(uint64_t));
    uint64_t first = 0;
    uint64_t last = 0;
    switch (sweep->axis) {
    case SWEEP_NONE:
        break;
    case SWEEP_INSTRUCTION:
        find_instructions(window, events, &first, &last);
        return add_instructions(sweep, root, first, last, points, error);
    case SWEEP_NVM_OPERATION:
        add_seen(window, EVENT_NVM_OPERATION, events, numbers);
        break;
    case SWEEP_WEAR:
        add_changing(window, events, numbers);
        break;
    case SWEEP_READ:
        add_seen(window, EVENT_READ_REPEATED, events, numbers);
        if (!add_numbers(sweep, root, numbers, every_how, points, error)) {
            return false;
        }
        drop_ineffective(events, points);
        return true;
    case SWEEP_CALL:
        add_seen(window, EVENT_DEVICE_CALL, events, numbers);
        break;
    case SWEEP_FRAME:
        add_frames(window->target, events, numbers);
        break;
    }
    return add_numbers(sweep, root, numbers, every_how, points, error);
}

GArray *sweep_points(const Sweep *sweep, uint64_t seed, const GPtrArray *events, bool every_how,
                     GError **error)
{
    g_autoptr(GArray) points = g_array_new(FALSE, FALSE, sizeof(SweepPoint));
    Prng root = prng_new(seed);
    Window window = find_window(sweep, events);
    return add_points(sweep, &window, &root, events, every_how, points, error)
               ? g_steal_pointer(&points)
               : NULL;
}

/* From the first fault's effect to so long after the power came back, or after the effect if it
 * never went. */
static Window find_recovery(const char *target, uint32_t action, const GPtrArray *events)
{
    Window window = {.target = target, .from = VTIME_NEVER};
    for (guint i = 0; i < events->len; i++) {
        const Event *event = g_ptr_array_index(events, i);
        bool open = window.from != VTIME_NEVER;
        if (!open && event->kind == EVENT_FAULT_TOOK_EFFECT &&
            event_integer(event, "action", 0) == action) {
            window.from = event->at + 1; /* What it was done at is no recovery. */
            window.until = vtime_add(event->at, SWEEP_RECOVERY);
        } else if (open && event->kind == EVENT_POWER_ON && strcmp(event->source, target) == 0) {
            window.until = vtime_add(event->at, SWEEP_RECOVERY);
            break;
        }
    }
    return window;
}

GArray *sweep_second_points(const SweepPoint *first, const char *target, uint32_t action,
                            uint32_t count, uint64_t seed, const GPtrArray *events, GError **error)
{
    g_autoptr(GArray) points = g_array_new(FALSE, FALSE, sizeof(SweepPoint));
    Sweep sweep = {.axis = first->second.axis, .count = count, .how = "drawn"};
    g_autofree char *name = sweep_run_id("", first, NULL, seed);
    Prng seeded = prng_new(seed);
    Prng root = prng_fork(&seeded, name);
    Window window = find_recovery(target, action, events);
    if (!add_points(&sweep, &window, &root, events, false, points, error)) {
        return NULL;
    }
    for (guint i = 0; i < points->len; i++) {
        SweepPoint *point = &g_array_index(points, SweepPoint, i);
        SweepPlace second = point_at(SWEEP_NONE, 0, "").second;
        second.axis = point->axis;
        second.number = point->number;
        memcpy(second.how, point->how, sizeof second.how);
        *point = *first;
        point->second = second;
    }
    return g_steal_pointer(&points);
}

/* Run ids. */

static void append_place(GString *id, SweepAxis axis, uint64_t number, const char *how)
{
    g_string_append(id, AXIS_WORDS[axis]);
    if (number > 0) {
        g_string_append_printf(id, "#%" G_GUINT64_FORMAT "%s%s", number, how[0] == '\0' ? "" : ":",
                               how);
    }
}

char *sweep_run_id(const char *scenario, const SweepPoint *point, const char *defect, uint64_t seed)
{
    GString *id = g_string_new(scenario);
    if (point != NULL && point->axis != SWEEP_NONE) {
        g_string_append_c(id, '@');
        append_place(id, point->axis, point->number, point->how);
        if (point->second.axis != SWEEP_NONE) {
            g_string_append_c(id, ',');
            append_place(id, point->second.axis, point->second.number, point->second.how);
        }
    }
    if (defect != NULL) {
        g_string_append_printf(id, "+defect=%s", defect);
    }
    g_string_append_printf(id, "+seed=%" G_GUINT64_FORMAT, seed);
    return g_string_free(id, FALSE);
}

/* Reads "nvm.op#137:prefix", "call#17", or "call" alone. */
static bool parse_place(const char *text, SweepPlace *ret_place)
{
    g_auto(GStrv) parts = g_strsplit(text, "#", 2);
    for (size_t i = SWEEP_NONE + 1; i < G_N_ELEMENTS(AXIS_WORDS); i++) {
        if (g_strcmp0(parts[0], AXIS_WORDS[i]) != 0) {
            continue;
        }
        ret_place->axis = (SweepAxis)i;
        if (parts[1] == NULL) {
            return true;
        }
        g_auto(GStrv) value = g_strsplit(parts[1], ":", 2);
        const char *const *hows = sweep_hows(ret_place->axis);
        guint64 number = 0;
        if (value[0] == NULL ||
            !g_ascii_string_to_unsigned(value[0], 10, 1, G_MAXUINT64, &number, NULL) ||
            (hows[0] != NULL) != (value[1] != NULL) ||
            (value[1] != NULL && !g_strv_contains(hows, value[1]))) {
            return false;
        }
        ret_place->number = number;
        g_strlcpy(ret_place->how, value[1] == NULL ? "" : value[1], sizeof ret_place->how);
        return true;
    }
    return false;
}

/* One place, or two with a comma between them; a second one is a loss of power. */
static bool parse_point(const char *text, SweepPoint *ret_point)
{
    g_auto(GStrv) places = g_strsplit(text, ",", 2);
    SweepPlace first = {.axis = SWEEP_NONE};
    SweepPoint point = point_at(SWEEP_NONE, 0, "");
    if (places[0] == NULL || !parse_place(places[0], &first)) {
        return false;
    }
    point = point_at(first.axis, first.number, first.how);
    if (places[1] != NULL && (first.number == 0 || !parse_place(places[1], &point.second) ||
                              sweep_verb(point.second.axis) != VERB_CUT_POWER)) {
        return false;
    }
    *ret_point = point;
    return true;
}

/* Whether a point is one of crash states: its own module reads it further. */
static bool is_crash(const char *text)
{
    return (g_str_has_prefix(text, "boot#") || g_str_has_prefix(text, "live#")) &&
           text[strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789#:.,")] == '\0';
}

bool sweep_parse_run_id(const char *run_id, SweepRun *ret_run)
{
    if (strlen(run_id) > RUN_ID_CHARS_MAX) {
        return false;
    }
    g_auto(GStrv) parts = g_strsplit(run_id, "+", 0);
    if (parts[0] == NULL) {
        return false;
    }
    g_auto(SweepRun) run = {.scenario = NULL};
    g_auto(GStrv) where = g_strsplit(parts[0], "@", 2);
    run.scenario = g_strdup(where[0]);
    if (where[0] == NULL || where[0][0] == '\0' ||
        (where[1] != NULL && !is_crash(where[1]) && !parse_point(where[1], &run.point))) {
        return false;
    }
    run.crash = where[1] != NULL && is_crash(where[1]) ? g_strdup(where[1]) : NULL;
    for (size_t i = 1; parts[i] != NULL; i++) {
        guint64 seed = 0;
        if (g_str_has_prefix(parts[i], "defect=") && run.defect == NULL) {
            run.defect = g_strdup(parts[i] + strlen("defect="));
        } else if (g_str_has_prefix(parts[i], "seed=") && !run.has_seed &&
                   g_ascii_string_to_unsigned(parts[i] + strlen("seed="), 10, 0, G_MAXUINT64, &seed,
                                              NULL)) {
            run.seed = seed;
            run.has_seed = true;
        } else {
            return false;
        }
    }
    *ret_run = run;
    run = (SweepRun){.scenario = NULL};
    return true;
}

void sweep_run_clear(SweepRun *run)
{
    g_clear_pointer(&run->scenario, g_free);
    g_clear_pointer(&run->crash, g_free);
    g_clear_pointer(&run->defect, g_free);
}
