/* SPDX-License-Identifier: MIT */

#include "sim/evidence/event.h"

#include <stdlib.h>
#include <string.h>

#include "sim/base/canon.h"

static const struct {
    const char *name;
    const char *fields;
    const char *prose;
} KINDS[EVENT_KINDS] = {
#define EVENT(name, kind, fields, prose) [EVENT_##name] = {kind, fields, prose},
#include "sim/evidence/events.def"
#undef EVENT
};

static const char *const KIND_NAMES[EVENT_KINDS + 1] = {
#define EVENT(name, kind, fields, prose) kind,
#include "sim/evidence/events.def"
#undef EVENT
    NULL,
};

static int by_key(const void *a, const void *b)
{
    return strcmp(((const EventField *)a)->key, ((const EventField *)b)->key);
}

Event *event_new(uint64_t seq, VTime at, const char *source, EventKind kind,
                 const EventField *fields)
{
    size_t count = 0;
    while (fields != NULL && fields[count].kind != EVENT_VALUE_END) {
        count++;
    }
    g_assert(count <= EVENT_FIELDS_MAX && (size_t)kind < EVENT_KINDS);
    Event *event = g_malloc(sizeof(Event) + count * sizeof(EventField));
    *event = (Event){.seq = seq,
                     .at = at,
                     .source = g_intern_string(source),
                     .kind = kind,
                     .field_count = count};
    for (size_t i = 0; i < count; i++) {
        event->fields[i] = fields[i];
        event->fields[i].key = g_intern_string(fields[i].key);
        if (fields[i].kind == EVENT_VALUE_TEXT) {
            /* What is no UTF-8 would not survive being stored. */
            event->fields[i].text =
                g_utf8_make_valid(fields[i].text == NULL ? "" : fields[i].text, -1);
        } else {
            event->fields[i].text = NULL;
        }
    }
    qsort(event->fields, count, sizeof(EventField), by_key);
    return event;
}

void event_free(Event *event)
{
    if (event == NULL) {
        return;
    }
    for (size_t i = 0; i < event->field_count; i++) {
        g_free((char *)event->fields[i].text);
    }
    g_free(event);
}

const EventField *event_field(const Event *event, const char *key)
{
    for (size_t i = 0; i < event->field_count; i++) {
        if (strcmp(event->fields[i].key, key) == 0) {
            return &event->fields[i];
        }
    }
    return NULL;
}

int64_t event_integer(const Event *event, const char *key, int64_t otherwise)
{
    const EventField *field = event_field(event, key);
    return field == NULL || field->kind == EVENT_VALUE_TEXT ? otherwise : field->integer;
}

const char *event_text(const Event *event, const char *key)
{
    const EventField *field = event_field(event, key);
    return field == NULL ? NULL : field->text;
}

const char *event_kind_name(EventKind kind)
{
    return KINDS[kind].name;
}

const char *event_kind_prose(EventKind kind)
{
    return KINDS[kind].prose;
}

const char *const *event_kind_names(void)
{
    return KIND_NAMES;
}

bool event_kind_parse(const char *name, EventKind *ret_kind)
{
    for (int kind = 0; kind < EVENT_KINDS; kind++) {
        if (strcmp(KIND_NAMES[kind], name) == 0) {
            *ret_kind = (EventKind)kind;
            return true;
        }
    }
    return false;
}

char **event_kind_fields(EventKind kind)
{
    return g_strsplit(KINDS[kind].fields, " ", 0);
}

bool event_kind_has_field(EventKind kind, const char *key)
{
    size_t length = strlen(key);
    const char *at = KINDS[kind].fields;
    while (length > 0 && (at = strstr(at, key)) != NULL) {
        bool starts = at == KINDS[kind].fields || at[-1] == ' ';
        if (starts && (at[length] == ' ' || at[length] == '\0')) {
            return true;
        }
        at += length;
    }
    return false;
}

/* The stored form. */

char *event_to_line(const Event *event)
{
    g_autoptr(Canon) canon = canon_new();
    canon_begin_object(canon);
    canon_member_integer(canon, "at", event->at);
    canon_key(canon, "fields");
    canon_begin_object(canon);
    for (size_t i = 0; i < event->field_count; i++) {
        const EventField *field = &event->fields[i];
        canon_key(canon, field->key);
        if (field->kind == EVENT_VALUE_TEXT) {
            canon_text(canon, field->text);
        } else if (field->kind == EVENT_VALUE_TRUTH) {
            canon_truth(canon, field->integer != 0);
        } else {
            canon_integer(canon, field->integer);
        }
    }
    canon_end_object(canon);
    canon_member_text(canon, "kind", event_kind_name(event->kind));
    canon_member_integer(canon, "seq", (int64_t)event->seq);
    canon_member_text(canon, "source", event->source);
    canon_end_object(canon);
    return canon_finish(canon);
}

/* A cursor over one line; `failed` once anything was not as expected. */
typedef struct Line {
    const char *at;
    const char *end;
    bool failed;
} Line;

static bool next_is(Line *line, const char *literal)
{
    size_t length = strlen(literal);
    if (line->failed || (size_t)(line->end - line->at) < length ||
        memcmp(line->at, literal, length) != 0) {
        return false;
    }
    line->at += length;
    return true;
}

static void expect(Line *line, const char *literal)
{
    if (!next_is(line, literal)) {
        line->failed = true;
    }
}

static int64_t read_integer(Line *line)
{
    char digits[24];
    size_t count = 0;
    while (line->at < line->end && count < sizeof digits - 1 &&
           (g_ascii_isdigit(*line->at) || (count == 0 && *line->at == '-'))) {
        digits[count++] = *line->at++;
    }
    digits[count] = '\0';
    gint64 value = 0;
    if (!g_ascii_string_to_signed(digits, 10, G_MININT64, G_MAXINT64, &value, NULL)) {
        line->failed = true;
    }
    return value;
}

/* Reads a string into `into`; escapes are undone. */
static void read_text(Line *line, GString *into)
{
    g_string_truncate(into, 0);
    expect(line, "\"");
    while (!line->failed && line->at < line->end && *line->at != '"') {
        char byte = *line->at++;
        if (byte != '\\') {
            g_string_append_c(into, byte);
            continue;
        }
        if (next_is(line, "u00") && line->end - line->at >= 2 && g_ascii_isxdigit(line->at[0]) &&
            g_ascii_isxdigit(line->at[1])) {
            int code = g_ascii_xdigit_value(line->at[0]) * 16 + g_ascii_xdigit_value(line->at[1]);
            line->failed = code == 0;
            g_string_append_c(into, (char)code);
            line->at += 2;
        } else if (line->at < line->end && (*line->at == '"' || *line->at == '\\')) {
            g_string_append_c(into, *line->at++);
        } else {
            line->failed = true;
        }
    }
    expect(line, "\"");
}

static void read_value(Line *line, EventField *ret_field, GString *scratch)
{
    if (next_is(line, "true")) {
        *ret_field = EVENT_TRUTH(ret_field->key, true);
    } else if (next_is(line, "false")) {
        *ret_field = EVENT_TRUTH(ret_field->key, false);
    } else if (line->at < line->end && *line->at == '"') {
        read_text(line, scratch);
        *ret_field = EVENT_TEXT(ret_field->key, scratch->str);
    } else {
        *ret_field = EVENT_INTEGER(ret_field->key, read_integer(line));
    }
}

Event *event_from_line(const char *text, size_t bytes)
{
    if (bytes > EVENT_LINE_BYTES_MAX || memchr(text, '\0', bytes) != NULL) {
        return NULL;
    }
    Line line = {.at = text, .end = text + bytes};
    EventField fields[EVENT_FIELDS_MAX + 1];
    GString *texts[EVENT_FIELDS_MAX];
    char *keys[EVENT_FIELDS_MAX];
    size_t count = 0;
    g_autoptr(GString) scratch = g_string_new(NULL);
    expect(&line, "{\"at\":");
    VTime at = read_integer(&line);
    expect(&line, ",\"fields\":{");
    while (!line.failed && !next_is(&line, "}") && count < EVENT_FIELDS_MAX) {
        if (count > 0) {
            expect(&line, ",");
        }
        read_text(&line, scratch);
        keys[count] = g_strdup(scratch->str);
        texts[count] = g_string_new(NULL);
        expect(&line, ":");
        fields[count].key = keys[count];
        read_value(&line, &fields[count], texts[count]);
        count++;
    }
    if (count == EVENT_FIELDS_MAX) {
        expect(&line, "}");
    }
    fields[count] = EVENT_END;
    expect(&line, ",\"kind\":");
    read_text(&line, scratch);
    EventKind kind = EVENT_KINDS;
    bool good = event_kind_parse(scratch->str, &kind);
    expect(&line, ",\"seq\":");
    int64_t seq = read_integer(&line);
    expect(&line, ",\"source\":");
    read_text(&line, scratch);
    expect(&line, "}");
    good = good && !line.failed && line.at == line.end && seq > 0 && at >= 0 && scratch->len < 64;
    for (size_t i = 0; good && i < count; i++) {
        good = event_kind_has_field(kind, keys[i]);
    }
    g_autoptr(Event) event = NULL;
    if (good) {
        event = event_new((uint64_t)seq, at, scratch->str, kind, fields);
        /* The strict test: written again, it is the same line. */
        g_autofree char *again = event_to_line(event);
        good = strlen(again) == bytes && memcmp(again, text, bytes) == 0;
    }
    for (size_t i = 0; i < count; i++) {
        g_string_free(texts[i], TRUE);
        g_free(keys[i]);
    }
    return good ? g_steal_pointer(&event) : NULL;
}
