/* SPDX-License-Identifier: MIT */

#include "sim/world/tally.h"

#include <stdbool.h>

#include <glib.h>

struct Tally {
    uint32_t action;
    const char *kind;
    const char *source;
    const Queue *queue;
    Recorder *recorder;
    uint64_t effects;
    bool ended;
};

Tally *tally_new(uint32_t action, const char *kind, const char *source, const Queue *queue,
                 Recorder *recorder)
{
    Tally *tally = g_new0(Tally, 1);
    tally->action = action;
    tally->kind = kind;
    tally->source = source;
    tally->queue = queue;
    tally->recorder = recorder;
    return tally;
}

void tally_free(Tally *tally)
{
    if (tally != NULL) {
        tally_end(tally);
        g_free(tally);
    }
}

void tally_count(Tally *tally, const char *detail)
{
    if (tally == NULL) {
        return;
    }
    tally->effects++;
    if (tally->effects == 1 && !tally->ended) {
        RECORD(tally->recorder, queue_now(tally->queue), tally->source, EVENT_FAULT_TOOK_EFFECT,
               EVENT_INTEGER("action", tally->action), EVENT_TEXT("kind", tally->kind),
               EVENT_TEXT("detail", detail), EVENT_INTEGER("count", 1));
    }
}

void tally_end(Tally *tally)
{
    if (tally == NULL || tally->ended) {
        return;
    }
    tally->ended = true;
    RECORD(tally->recorder, queue_now(tally->queue), tally->source, EVENT_FAULT_ENDED,
           EVENT_INTEGER("action", tally->action), EVENT_TEXT("kind", tally->kind),
           EVENT_INTEGER("count", tally->effects));
}

uint32_t tally_action(const Tally *tally)
{
    return tally == NULL ? 0 : tally->action;
}

uint64_t tally_effects(const Tally *tally)
{
    return tally == NULL ? 0 : tally->effects;
}
