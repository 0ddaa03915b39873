/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * An event: one thing that happened, as the lab saw it. The atom of evidence.
 *
 * `seq` counts from 1 within a run and is how verdicts cite evidence; `at` is world time; `source`
 * says who it is about; the kinds and their fields are closed by `events.def`. A stored event is
 * one line of canonical JSON:
 *
 *     {"at":12,"fields":{"bolt":0,"reason":"cut"},"kind":"power.lost","seq":17,"source":"lock"}
 *
 * An Event owns its fields and is immutable once made. Reading a line is strict: what is not
 * exactly what the writer would have written is refused, for stored evidence is hostile input.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <glib.h>

#include "sim/base/vtime.h"

#define EVENT_FIELDS_MAX     16
#define EVENT_LINE_BYTES_MAX 8192

typedef enum EventKind {
#define EVENT(name, kind, fields, prose) EVENT_##name,
#include "sim/evidence/events.def"
#undef EVENT
    EVENT_KINDS
} EventKind;

typedef enum EventValueKind {
    EVENT_VALUE_END, /* closes a list of fields */
    EVENT_VALUE_INTEGER,
    EVENT_VALUE_TEXT,
    EVENT_VALUE_TRUTH,
} EventValueKind;

typedef struct EventField {
    const char *key; /* one of those events.def lists for the kind */
    EventValueKind kind;
    int64_t integer; /* INTEGER, and TRUTH as 0 or 1 */
    const char *text;
} EventField;

/* Fields as they are written at the place where something happens. */
#define EVENT_INTEGER(name, value)                                                                 \
    ((EventField){.key = (name), .kind = EVENT_VALUE_INTEGER, .integer = (int64_t)(value)})
#define EVENT_TEXT(name, value)                                                                    \
    ((EventField){.key = (name), .kind = EVENT_VALUE_TEXT, .text = (value)})
#define EVENT_TRUTH(name, value)                                                                   \
    ((EventField){.key = (name), .kind = EVENT_VALUE_TRUTH, .integer = (value) ? 1 : 0})
#define EVENT_END ((EventField){.key = NULL, .kind = EVENT_VALUE_END})

typedef struct Event {
    uint64_t seq;
    VTime at;
    const char *source; /* interned */
    EventKind kind;
    size_t field_count;
    EventField fields[]; /* sorted by key */
} Event;

/* Makes an event. `fields` ends with EVENT_END and is copied; NULL means none. */
Event *event_new(uint64_t seq, VTime at, const char *source, EventKind kind,
                 const EventField *fields);
void event_free(Event *event);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Event, event_free)

/* The field called `key`, or NULL. */
const EventField *event_field(const Event *event, const char *key);

/* The value of an integer or truth field, or `otherwise`. */
int64_t event_integer(const Event *event, const char *key, int64_t otherwise);

/* The value of a text field, or NULL. */
const char *event_text(const Event *event, const char *key);

/* The kind's name, "power.lost". */
const char *event_kind_name(EventKind kind);

/* The kind's sentence. */
const char *event_kind_prose(EventKind kind);

/* Finds a kind by name. */
bool event_kind_parse(const char *name, EventKind *ret_kind);

/* All names of kinds, ending with NULL. */
const char *const *event_kind_names(void);

/* Whether events of `kind` may carry `key`. */
bool event_kind_has_field(EventKind kind, const char *key);

/* The keys events of `kind` may carry, as a list ending with NULL that the caller frees. */
char **event_kind_fields(EventKind kind);

/* The line that is stored, without a line feed. */
char *event_to_line(const Event *event);

/* Reads a stored line; NULL if it is not exactly canonical. */
Event *event_from_line(const char *line, size_t bytes);
