/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What a worker of a crash sweep is asked, and answers.
 *
 * A request is ASK and points, separated by semicolons; if the points are second losses of power,
 * behind a tab the log of the boot after the first one, which they have in common.
 *
 *     boot POINT;POINT...     boots, or live runs
 *     again POINT;POINT...    the same, to be compared with the first time
 *     compare POINT           the same the long way, from the very start
 *
 * Each answer is a line, which goes into the campaign's ledger before anybody hears of it; so
 * whatever was finished stays finished, whoever is killed:
 *
 *     {"answer":"PASS old DIGEST","ask":"boot","log":"...","point":"boot#137:prefix.12"}
 *
 * with a member "result" behind it if it is not PASS. The log is that of the boot's own operations,
 * which a second loss of power could tear. The answer to "compare" is "same" or what differs.
 */

#include <glib.h>

#include "sim/crash.h"
#include "sim/ledger.h"
#include "sim/verdict/sweeping.h"

/* Each worker keeps the bundles of so many runs that were not PASS, its first ones. */
#define CRASH_KEPT_MAX 100u

typedef struct CrashAnswer {
    Verdict verdict;
    SweepingOutcome outcome;
    char digest[DIGEST_TEXT_BYTES];
    char *log;         /* NULL when the boot did nothing that could be torn */
    RunResult *result; /* when the verdict is not PASS */
} CrashAnswer;

typedef struct CrashWorker {
    Lab *lab;
    CrashSource *source;
    Ledger *ledger; /* or NULL */
    const char *out;
    uint32_t
        kept; /* runs that were not PASS and left their bundles; no more than CRASH_KEPT_MAX do */
} CrashWorker;

/* Answers a request, line by line; NULL says that no more will come. */
char *crash_worker_serve(const char *request, void *worker);

/* Which question a line answers: "ASK POINT"; NULL when it is no answer. The caller's. */
char *crash_worker_question(const char *line);

/* Reads a line that answers "boot" or "again". A worker that died has none: NULL gives ERROR. */
void crash_worker_answer_parse(const char *line, const char *run_id, const char *scenario,
                               CrashAnswer *ret_answer);

/* Reads a line that answers "compare": what it says; the caller's. */
char *crash_worker_comparison(const char *line);
