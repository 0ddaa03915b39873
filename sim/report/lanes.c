/* SPDX-License-Identifier: MIT */

#include "sim/report/lanes.h"

#include <string.h>

#include "sim/evidence/event.h"
#include "sim/report/markup.h"

#define WIDTH       960
#define LEFT        80
#define RIGHT       14
#define LANE_HEIGHT 26
#define BAR_HEIGHT  14
#define MARKS_MAX   400 /* per lane: more would only be a smear */
#define TICKS       6

typedef enum Lane {
    LANE_POWER,
    LANE_FIRMWARE,
    LANE_UPDATE,
    LANE_BOLT,
    LANE_NETWORK,
    LANE_FAULTS,
    LANES
} Lane;

static const char *const LANE_NAMES[LANES] = {"power", "firmware", "update",
                                              "bolt",  "network",  "faults"};

/* A lane that is in one state from some moment on. */
typedef struct State {
    VTime since;
    const char *name; /* NULL: nothing to show */
    const char *color;
} State;

typedef struct Picture {
    GString *page;
    VTime end;
    State states[LANES];
    unsigned marks[LANES];
} Picture;

static int x_of(const Picture *picture, VTime at)
{
    return LEFT + (int)((__int128)at * (WIDTH - LEFT - RIGHT) / picture->end);
}

static int y_of(Lane lane)
{
    return 8 + (int)lane * LANE_HEIGHT;
}

/* Draws what a lane has been since it last changed. */
static void close_state(Picture *picture, Lane lane, VTime until)
{
    State *state = &picture->states[lane];
    if (state->name == NULL || until < state->since) {
        return;
    }
    int from = x_of(picture, state->since);
    int width = MAX(x_of(picture, until) - from, 1);
    char text[VTIME_TEXT_BYTES];
    markup_add(picture->page,
               "<g><rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"2\" fill=\"%s\" "
               "fill-opacity=\"0.8\"/><title>%s: ",
               from, y_of(lane) + 4, width, BAR_HEIGHT, state->color, LANE_NAMES[lane]);
    markup_text(picture->page, state->name);
    markup_add(picture->page, ", from %s</title>", vtime_print(state->since, text));
    if (width > (int)(strlen(state->name) * 7 + 8)) {
        markup_add(picture->page, "<text x=\"%d\" y=\"%d\" font-size=\"10\" fill=\"#ffffff\">",
                   from + 4, y_of(lane) + 15);
        markup_text(picture->page, state->name);
        markup_add(picture->page, "</text>");
    }
    markup_add(picture->page, "</g>\n");
}

static void set_state(Picture *picture, Lane lane, VTime at, const char *name, const char *color)
{
    close_state(picture, lane, at);
    picture->states[lane] = (State){.since = at, .name = name, .color = color};
}

static void add_mark(Picture *picture, Lane lane, const Event *event, const char *color)
{
    if (picture->marks[lane]++ >= MARKS_MAX) {
        return;
    }
    char text[VTIME_TEXT_BYTES];
    markup_add(picture->page,
               "<g><rect x=\"%d\" y=\"%d\" width=\"2\" height=\"%d\" fill=\"%s\"/><title>event "
               "%" G_GUINT64_FORMAT " at %s: %s",
               x_of(picture, event->at), y_of(lane) + 2, BAR_HEIGHT + 4, color, event->seq,
               vtime_print(event->at, text), event_kind_name(event->kind));
    for (size_t i = 0; i < event->field_count; i++) {
        const EventField *field = &event->fields[i];
        markup_add(picture->page, " %s=", field->key);
        if (field->kind == EVENT_VALUE_TEXT) {
            markup_text(picture->page, field->text);
        } else {
            markup_add(picture->page, "%" G_GINT64_FORMAT, field->integer);
        }
    }
    markup_add(picture->page, "</title></g>\n");
}

static void show_bolt(Picture *picture, VTime at, const char *state)
{
    const char *color = g_strcmp0(state, "locked") == 0     ? "#3f6fb0"
                        : g_strcmp0(state, "unlocked") == 0 ? "#b07d1a"
                                                            : "#7a7f87";
    set_state(picture, LANE_BOLT, at, state, color);
}

/* Shows an event about the device. */
static void show_device(Picture *picture, const Event *event)
{
    switch ((int)event->kind) {
    case EVENT_POWER_ON:
        set_state(picture, LANE_POWER, event->at, "on", "#4d7f4f");
        break;
    case EVENT_POWER_LOST:
        set_state(picture, LANE_POWER, event->at, NULL, NULL);
        set_state(picture, LANE_FIRMWARE, event->at, NULL, NULL);
        add_mark(picture, LANE_POWER, event, "#c4413a");
        break;
    case EVENT_DEVICE_RESET:
        set_state(picture, LANE_FIRMWARE, event->at, NULL, NULL);
        add_mark(picture, LANE_FIRMWARE, event, "#b07d1a");
        break;
    case EVENT_BOOT_SLOT_STARTED:
        set_state(picture, LANE_FIRMWARE, event->at, event_text(event, "version"),
                  g_strcmp0(event_text(event, "slot"), "B") == 0 ? "#5b6cb8" : "#2f7f99");
        break;
    case EVENT_BOOT_RECOVERY:
        set_state(picture, LANE_FIRMWARE, event->at, "recovery", "#c4413a");
        break;
    case EVENT_UPDATE_STAGING_STARTED:
        set_state(picture, LANE_UPDATE, event->at, "staging", "#b07d1a");
        break;
    case EVENT_UPDATE_STAGED:
        set_state(picture, LANE_UPDATE, event->at, "staged", "#9a6a2f");
        break;
    case EVENT_UPDATE_TRIAL:
        set_state(picture, LANE_UPDATE, event->at, "trial", "#8a5bb5");
        break;
    case EVENT_UPDATE_CONFIRMED:
        set_state(picture, LANE_UPDATE, event->at, "confirmed", "#2b8a6e");
        break;
    case EVENT_UPDATE_REVERTED:
        set_state(picture, LANE_UPDATE, event->at, "reverted", "#c4413a");
        break;
    case EVENT_BOLT_MOVED:
        show_bolt(picture, event->at, event_text(event, "state"));
        break;
    default:
        break;
    }
}

/* Shows an event whoever it is about. */
static void show_any(Picture *picture, const Event *event)
{
    switch ((int)event->kind) {
    case EVENT_DNS_ASKED:
    case EVENT_NTP_ASKED:
    case EVENT_TLS_HANDSHAKE:
    case EVENT_HTTP_REQUEST:
    case EVENT_REPORT_RECEIVED:
    case EVENT_PING_ANSWERED:
        add_mark(picture, LANE_NETWORK, event, "#2f7f99");
        break;
    case EVENT_PING_LOST:
        add_mark(picture, LANE_NETWORK, event, "#c4413a");
        break;
    case EVENT_FAULT_INJECTED:
        add_mark(picture, LANE_FAULTS, event, "#b07d1a");
        break;
    case EVENT_FAULT_TOOK_EFFECT:
    case EVENT_SERVER_FAULT:
    case EVENT_MALFORMED_SENT:
        add_mark(picture, LANE_FAULTS, event, "#c4413a");
        break;
    case EVENT_FAULT_ENDED:
        add_mark(picture, LANE_FAULTS, event, "#7a7f87");
        break;
    default:
        break;
    }
}

static void add_axis(Picture *picture)
{
    int bottom = y_of(LANES) + 2;
    for (int lane = 0; lane < LANES; lane++) {
        markup_add(picture->page,
                   "<text x=\"%d\" y=\"%d\" font-size=\"11\" text-anchor=\"end\" "
                   "fill=\"currentColor\">%s</text><line x1=\"%d\" x2=\"%d\" y1=\"%d\" y2=\"%d\" "
                   "stroke=\"currentColor\" stroke-opacity=\"0.15\"/>\n",
                   LEFT - 8, y_of((Lane)lane) + 15, LANE_NAMES[lane], LEFT, WIDTH - RIGHT,
                   y_of((Lane)lane) + LANE_HEIGHT - 3, y_of((Lane)lane) + LANE_HEIGHT - 3);
    }
    for (int tick = 0; tick <= TICKS; tick++) {
        VTime at = picture->end / TICKS * tick;
        /* Rounded: nobody reads nanoseconds off an axis. */
        VTime step = picture->end > 20 * VTIME_S ? VTIME_S : 10 * VTIME_MS;
        char text[VTIME_TEXT_BYTES];
        markup_add(picture->page,
                   "<text x=\"%d\" y=\"%d\" font-size=\"10\" text-anchor=\"%s\" "
                   "fill=\"currentColor\">%s</text>\n",
                   x_of(picture, at), bottom + 12,
                   tick == 0       ? "start"
                   : tick == TICKS ? "end"
                                   : "middle",
                   vtime_print(at / step * step, text));
    }
}

void lanes_svg(GString *page, const GPtrArray *events, const char *device, bool unlocked)
{
    if (events->len == 0) {
        return;
    }
    const Event *last = g_ptr_array_index(events, events->len - 1);
    Picture picture = {.page = page, .end = MAX(last->at, 1)};
    int height = y_of(LANES) + 22;
    markup_add(page,
               "<svg viewBox=\"0 0 %d %d\" width=\"100%%\" role=\"img\" "
               "aria-label=\"Timeline of the run\" font-family=\"system-ui, sans-serif\">\n",
               WIDTH, height);
    add_axis(&picture);
    show_bolt(&picture, 0, unlocked ? "unlocked" : "locked");
    for (guint i = 0; i < events->len; i++) {
        const Event *event = g_ptr_array_index(events, i);
        if (strcmp(event->source, device) == 0) {
            show_device(&picture, event);
        }
        show_any(&picture, event);
    }
    for (int lane = 0; lane < LANES; lane++) {
        close_state(&picture, (Lane)lane, picture.end);
    }
    markup_add(page, "</svg>\n");
}
