/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The recorder: where everything that happens in a run is written down, once, in order.
 *
 * Events go in at the end and are never changed; each is linked to the one before by a hash chain.
 * Beside the events a run leaves *artefacts*, named blobs that grow (`net.pcapng`, `uart.log`) or
 * are put down once (`flash.bin`, `otp.bin`). All stays in memory until somebody asks for a bundle
 * on disk, for most runs of a sweep keep only their digest. Same events, same artefacts, same
 * digest.
 *
 * The recorder copies what it is given. One listener may look at each event just after it is
 * recorded; the world uses this to start actions "after" something. A listener may record events.
 *
 * Recording cannot fail: fields not in `events.def`, or time going backwards, are bugs (assert).
 *
 *     RECORD(recorder, now, "lock", EVENT_POWER_LOST, EVENT_TEXT("reason", "cut"),
 *            EVENT_INTEGER("bolt", 0));
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <glib.h>

#include "sim/base/digest.h"
#include "sim/base/vtime.h"
#include "sim/evidence/event.h"

/* Names of artefacts. Others are allowed; these are the ones readers know. */
#define RECORDER_UART   "uart.log"
#define RECORDER_PCAPNG "net.pcapng"
#define RECORDER_FLASH  "flash.bin"
#define RECORDER_OTP    "otp.bin"

typedef struct Recorder Recorder;

typedef void (*RecorderListener)(const Event *event, void *user_data);

Recorder *recorder_new(void);
void recorder_free(Recorder *recorder);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Recorder, recorder_free)

/* Writes down one event and returns its number. `fields` ends with EVENT_END, or is NULL. */
uint64_t recorder_record(Recorder *recorder, VTime at, const char *source, EventKind kind,
                         const EventField *fields);

/* The same with the fields, if any, as arguments. */
#define RECORD(recorder, at, source, kind, ...)                                                    \
    recorder_record((recorder), (at), (source), (kind),                                            \
                    (const EventField[]){__VA_ARGS__ __VA_OPT__(, ) EVENT_END})

/* Calls `listener` after each event from now on; NULL stops it. */
void recorder_listen(Recorder *recorder, RecorderListener listener, void *user_data);

/* All events so far, as `const Event *`; lives as long as the recorder and grows under the caller.
 */
const GPtrArray *recorder_events(const Recorder *recorder);

/* The artefact called `name`, made empty if it is new, for appending to. */
GByteArray *recorder_artefact(Recorder *recorder, const char *name);

/* The names of all artefacts, sorted; a list ending with NULL that the caller frees, names not. */
const char **recorder_artefact_names(const Recorder *recorder);

/* The head of the hash chain: over every event so far. */
Digest recorder_chain_head(const Recorder *recorder);
