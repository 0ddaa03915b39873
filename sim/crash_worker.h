/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What a worker of a crash sweep is asked, and answers; one line each way.
 *
 *     boot POINT;POINT...   boot (or live) runs                one answer per point
 *     recovery POINT        the tears of that boot's own operations  one answer per tear
 *     compare POINT         the same the long way, from the very start  one answer
 *
 * Answers are separated by a record separator, their fields by tabs; no field has either.
 */

#include <glib.h>

#include "sim/crash.h"

#define CRASH_RECORD '\x1e'

/* How a boot ended. */
typedef enum CrashOutcome {
    CRASH_OLD,      /* the application of the clean run's first boot */
    CRASH_NEW,      /* another one that the lab has found signed */
    CRASH_RECOVERY, /* the ROM's recovery */
    CRASH_BRICK,    /* nothing started */
    CRASH_OUTCOMES
} CrashOutcome;

const char *crash_worker_outcome_name(CrashOutcome outcome);

typedef struct CrashAnswer {
    Verdict verdict;
    CrashOutcome outcome;
    uint32_t operations; /* of the boot itself, in the journal, the store and the fuses */
    char digest[DIGEST_TEXT_BYTES];
    RunResult *result; /* when the verdict is not PASS */
} CrashAnswer;

typedef struct CrashWorker {
    Lab *lab;
    CrashSource *source;
    const char *out;
    bool every_unit;
    uint32_t draws;
    uint32_t kept; /* runs that were not PASS and left their bundles; no more than 100 do */
} CrashWorker;

/* Answers a request; NULL says that no more will come. */
char *crash_worker_serve(const char *request, void *worker);

/* Reads one answer to "boot". A worker that died has none: NULL gives ERROR. */
void crash_worker_answer_parse(const char *text, const char *run_id, const char *scenario,
                               CrashAnswer *ret_answer);
