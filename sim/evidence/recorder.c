/* SPDX-License-Identifier: MIT */

/*
 * Events in memory, linked by a hash chain over their stored lines.
 *
 * E1  seq runs 1, 2, 3 without a gap.
 * E2  Time never goes backwards.
 * E3  The chain starts as the digest of nothing; a link is SHA-256(head before, line, line feed).
 * E4  Fields are those events.def lists for the kind.
 */

#include "sim/evidence/recorder.h"

#include <string.h>

struct Recorder {
    GPtrArray *events;     /* of Event */
    GHashTable *artefacts; /* name -> GByteArray */
    Digest head;
    VTime latest;
    RecorderListener listener;
    void *listener_data;
};

static void artefact_free(void *artefact)
{
    g_byte_array_unref(artefact);
}

Recorder *recorder_new(void)
{
    Recorder *recorder = g_new0(Recorder, 1);
    recorder->events = g_ptr_array_new_with_free_func((GDestroyNotify)event_free);
    recorder->artefacts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, artefact_free);
    recorder->head = digest_of("", 0); /* E3 */
    return recorder;
}

void recorder_free(Recorder *recorder)
{
    if (recorder == NULL) {
        return;
    }
    g_ptr_array_unref(recorder->events);
    g_hash_table_unref(recorder->artefacts);
    g_free(recorder);
}

uint64_t recorder_record(Recorder *recorder, VTime at, const char *source, EventKind kind,
                         const EventField *fields)
{
    g_assert(at >= recorder->latest); /* E2 */
    for (size_t i = 0; fields != NULL && fields[i].kind != EVENT_VALUE_END; i++) {
        if (!event_kind_has_field(kind, fields[i].key)) { /* E4 */
            g_error("event %s has no field \"%s\" in events.def", event_kind_name(kind),
                    fields[i].key);
        }
    }
    recorder->latest = at;
    uint64_t seq = recorder->events->len + 1; /* E1 */
    Event *event = event_new(seq, at, source, kind, fields);
    g_autofree char *line = event_to_line(event);
    size_t length = strlen(line);
    line[length] = '\n'; /* For the chain; the terminating zero is not needed. */
    recorder->head = digest_chain(&recorder->head, line, length + 1); /* E3 */
    g_ptr_array_add(recorder->events, event);
    if (recorder->listener != NULL) {
        recorder->listener(event, recorder->listener_data);
    }
    return seq;
}

void recorder_listen(Recorder *recorder, RecorderListener listener, void *user_data)
{
    recorder->listener = listener;
    recorder->listener_data = user_data;
}

const GPtrArray *recorder_events(const Recorder *recorder)
{
    return recorder->events;
}

GByteArray *recorder_artefact(Recorder *recorder, const char *name)
{
    GByteArray *artefact = g_hash_table_lookup(recorder->artefacts, name);
    if (artefact == NULL) {
        g_assert(strchr(name, '/') == NULL && name[0] != '.');
        artefact = g_byte_array_new();
        g_hash_table_insert(recorder->artefacts, g_strdup(name), artefact);
    }
    return artefact;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

const char **recorder_artefact_names(const Recorder *recorder)
{
    guint count = 0;
    const char **names = (const char **)g_hash_table_get_keys_as_array(recorder->artefacts, &count);
    /* Sorted, so that no hash order ever shows. */
    qsort(names, count, sizeof names[0], by_name);
    return names;
}

Digest recorder_chain_head(const Recorder *recorder)
{
    return recorder->head;
}
