/* SPDX-License-Identifier: MIT */

#include "sim/scenario/sweep.h"

#include <stdlib.h>
#include <string.h>

#include "sim/base/prng.h"

#define RUN_ID_CHARS_MAX 512

static const char *const TORN_STATES[] = {
    "nothing", "prefix", "random", "half", "weak", "complete", NULL,
};

static const char *const FRAME_FATES[] = {
    "lose", "corrupt", "duplicate", "delay", "hold", NULL,
};

static const char *const NOTHING[] = {NULL};

const char *const *sweep_hows(SweepAxis axis)
{
    return axis == SWEEP_NVM_OPERATION ? TORN_STATES : axis == SWEEP_FRAME ? FRAME_FATES : NOTHING;
}

/* When the window opens and closes, as times, so that what happens at its edges is inside. */
static void find_window(const Sweep *sweep, const GPtrArray *events, VTime *ret_from,
                        VTime *ret_until)
{
    bool open = sweep->after == NULL;
    *ret_from = open ? 0 : VTIME_NEVER;
    *ret_until = VTIME_NEVER;
    for (guint i = 0; i < events->len; i++) {
        const Event *event = g_ptr_array_index(events, i);
        if (!open && pattern_matches(sweep->after, event)) {
            open = true;
            *ret_from = event->at;
        } else if (open && sweep->until != NULL && pattern_matches(sweep->until, event)) {
            *ret_until = event->at;
            return;
        }
    }
}

/* Adds the points of one operation or frame: one word, or each. */
static void add_hows(const Sweep *sweep, const Prng *root, uint64_t number, bool every_how,
                     GArray *points)
{
    const char *const *hows = sweep_hows(sweep->axis);
    /* Named by what is torn or lost, so that one axis does not change the other's draws. */
    g_autofree char *stream = g_strdup_printf(
        "sweep/%s/%" G_GUINT64_FORMAT, sweep->axis == SWEEP_FRAME ? "frame" : "torn", number);
    Prng prng = prng_fork(root, stream);
    const char *drawn = hows[prng_below(&prng, g_strv_length((char **)hows))];
    bool each = every_how || strcmp(sweep->how, "each") == 0;
    const char *one = strcmp(sweep->how, "drawn") == 0 ? drawn : sweep->how;
    for (size_t i = 0; hows[i] != NULL; i++) {
        if (each || strcmp(hows[i], one) == 0) {
            SweepPoint point = {.axis = sweep->axis, .number = number};
            g_strlcpy(point.how, hows[i], sizeof point.how);
            g_array_append_val(points, point);
        }
    }
}

static int by_number(const void *a, const void *b)
{
    uint64_t first = ((const SweepPoint *)a)->number;
    uint64_t second = ((const SweepPoint *)b)->number;
    return first < second ? -1 : first > second ? 1 : 0;
}

/* Draws instructions evenly between the first and the last seen in the window. */
static void add_instructions(const Sweep *sweep, const Prng *root, uint64_t first, uint64_t last,
                             GArray *points)
{
    if (first >= last) {
        return;
    }
    Prng prng = prng_fork(root, "sweep/instruction");
    for (uint32_t i = 0; i < sweep->count; i++) {
        SweepPoint point = {.axis = SWEEP_INSTRUCTION,
                            .number = first + prng_below(&prng, last - first)};
        g_array_append_val(points, point);
    }
    g_array_sort(points, by_number);
}

/* The frames of the target's own cable, all or `count` evenly drawn ones. */
static void add_frames(const Sweep *sweep, const Prng *root, uint64_t frames, bool every_how,
                       GArray *points)
{
    Prng prng = prng_fork(root, "sweep/frames");
    uint64_t wanted = sweep->count == 0 || every_how ? frames : MIN(sweep->count, frames);
    /* Each frame is taken with the chance that makes the rest come out right. */
    for (uint64_t number = 1; number <= frames && points->len < SWEEP_POINTS_MAX; number++) {
        if (prng_below(&prng, frames - number + 1) < wanted) {
            add_hows(sweep, root, number, every_how, points);
            wanted--;
        }
    }
}

GArray *sweep_points(const Sweep *sweep, uint64_t seed, const GPtrArray *events, bool every_how)
{
    GArray *points = g_array_new(FALSE, FALSE, sizeof(SweepPoint));
    Prng root = prng_new(seed);
    VTime from = 0;
    VTime until = 0;
    find_window(sweep, events, &from, &until);
    uint64_t first = UINT64_MAX;
    uint64_t last = 0;
    uint64_t frames = 0;
    for (guint i = 0; i < events->len && points->len < SWEEP_POINTS_MAX; i++) {
        const Event *event = g_ptr_array_index(events, i);
        if (event->kind == EVENT_LINK_CLOSED &&
            g_strcmp0(event_text(event, "link"), sweep->target) == 0) {
            frames = (uint64_t)MAX(event_integer(event, "frames", 0), 0);
        }
        if (event->at < from || event->at > until || strcmp(event->source, sweep->target) != 0) {
            continue;
        }
        if (sweep->axis == SWEEP_NVM_OPERATION && event->kind == EVENT_NVM_OPERATION) {
            add_hows(sweep, &root, (uint64_t)event_integer(event, "number", 0), every_how, points);
        }
        int64_t instructions = event_integer(event, "instructions", -1);
        if (instructions >= 0) {
            first = MIN(first, (uint64_t)instructions);
            last = MAX(last, (uint64_t)instructions);
        }
    }
    if (sweep->axis == SWEEP_INSTRUCTION) {
        add_instructions(sweep, &root, first, last, points);
    } else if (sweep->axis == SWEEP_FRAME) {
        add_frames(sweep, &root, frames, every_how, points);
    }
    return points;
}

/* Run ids. */

char *sweep_run_id(const char *scenario, const SweepPoint *point, const char *defect, uint64_t seed)
{
    GString *id = g_string_new(scenario);
    if (point != NULL && point->axis == SWEEP_NVM_OPERATION) {
        g_string_append_printf(id, "@nvm.op#%" G_GUINT64_FORMAT ":%s", point->number, point->how);
    } else if (point != NULL && point->axis == SWEEP_FRAME) {
        g_string_append_printf(id, "@frame#%" G_GUINT64_FORMAT ":%s", point->number, point->how);
    } else if (point != NULL && point->axis == SWEEP_INSTRUCTION) {
        g_string_append_printf(id, "@instr#%" G_GUINT64_FORMAT, point->number);
    }
    if (defect != NULL) {
        g_string_append_printf(id, "+defect=%s", defect);
    }
    g_string_append_printf(id, "+seed=%" G_GUINT64_FORMAT, seed);
    return g_string_free(id, FALSE);
}

static bool parse_point(const char *text, SweepPoint *ret_point)
{
    static const struct {
        const char *prefix;
        SweepAxis axis;
    } AXES[] = {
        {"nvm.op#", SWEEP_NVM_OPERATION},
        {"frame#", SWEEP_FRAME},
        {"instr#", SWEEP_INSTRUCTION},
    };
    SweepPoint point = {.axis = SWEEP_NONE};
    for (size_t i = 0; i < G_N_ELEMENTS(AXES); i++) {
        if (!g_str_has_prefix(text, AXES[i].prefix)) {
            continue;
        }
        g_auto(GStrv) parts = g_strsplit(text + strlen(AXES[i].prefix), ":", 2);
        const char *const *hows = sweep_hows(AXES[i].axis);
        guint64 value = 0;
        if (parts[0] == NULL ||
            !g_ascii_string_to_unsigned(parts[0], 10, 1, G_MAXUINT64, &value, NULL) ||
            (hows[0] != NULL) != (parts[1] != NULL) ||
            (parts[1] != NULL && !g_strv_contains(hows, parts[1]))) {
            return false;
        }
        point.axis = AXES[i].axis;
        point.number = value;
        g_strlcpy(point.how, parts[1] == NULL ? "" : parts[1], sizeof point.how);
        *ret_point = point;
        return true;
    }
    return false;
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
