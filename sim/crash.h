/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Runs that begin with what a loss of power has left.
 *
 * A *source* is a scenario's clean run with its operation log and the memories it began with; from
 * it any crash state can be made again, so a point's name is all that is needed:
 *
 *     boot#137:prefix.12           cut in operation 137, torn after 12 units; boot from what is
 * left boot#137:prefix.12,2:half.0  and in that boot's operation 2 once more live#137:prefix.12 the
 * same state, with the network and the scenario's own claims
 *
 * A *boot* run has no network and ends as soon as the application or the recovery runs; a *live*
 * run goes on to the scenario's end. Both have the scenario's standing claims; a boot run those of
 * its `within` claims that ask for a boot, a live run all of `within`, `never` and `always`.
 *
 * A source caches the memory it made last; going along the log is cheap, going back is a copy. It
 * belongs to one thread and dies with its owner.
 */

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

#include "sim/lab.h"
#include "sim/scenario/sweep.h"
#include "sim/world/crash.h"

#define CRASH_DEPTH_MAX 2u

typedef struct CrashPlace {
    uint64_t operation;
    CrashTear tear;
} CrashPlace;

typedef struct CrashPoint {
    bool live;
    unsigned depth; /* of `places`, from 1 */
    CrashPlace places[CRASH_DEPTH_MAX];
} CrashPoint;

typedef struct CrashSource CrashSource;

/* Reads "boot#..." or "live#...". False when it is none. */
bool crash_point_parse(const char *text, CrashPoint *ret_point);

/* The same, and says what was expected. */
bool crash_point_require(const char *text, CrashPoint *ret_point, GError **error);
char *crash_point_print(const CrashPoint *point);

/*
 * Runs `scenario` cleanly and takes its log. With `out` the run's bundle is kept there. The window
 * is that of `sweep`, if it is given, otherwise the scenario's own, otherwise the whole run. A
 * scenario that does not itself sweep its first device's flash operations has a reference run
 * (sweep.h) for its clean one, and its runs keep only the claims of an imposed fault. Fails when
 * the clean run ends in an error of the lab, or something but the device changed flash meanwhile.
 */
CrashSource *crash_source_new(Lab *lab, const char *scenario, const Sweep *sweep,
                              const char *defect, uint64_t seed, const char *out,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;

/*
 * The same from the bundle an earlier clean run has left in `out`, without a run. Fails when there
 * is none, or none of that plan.
 */
CrashSource *crash_source_load(Lab *lab, const char *scenario, const Sweep *sweep,
                               const char *defect, uint64_t seed, const char *out,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The id of a scenario's clean run. */
char *crash_source_clean_id(const Scenario *scenario, const char *defect, uint64_t seed);
void crash_source_free(CrashSource *source);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CrashSource, crash_source_free)

/* The operations within the scenario's window: an array of CrashOperation of the source's. */
const GArray *crash_source_operations(const CrashSource *source);
const Plan *crash_source_plan(const CrashSource *source);
const RunResult *crash_source_result(const CrashSource *source);

/* Takes the clean run's result out; nobody may ask for it afterwards. */
RunResult *crash_source_take_result(CrashSource *source);

/* The version the clean run began with. */
const char *crash_source_version(const CrashSource *source);

/* The id of a run at a point; the caller frees it. */
char *crash_source_run_id(const CrashSource *source, const CrashPoint *point);

/*
 * The operations of the boot from a first-level state, by running it once more if it is not the
 * last one asked for. The array is the source's, good until the next call.
 */
const GArray *crash_source_recovery(CrashSource *source, Lab *lab, const CrashPlace *place,
                                    GError **error);

/*
 * The same from a log that is known already, as crash_source_log prints it, without a run. Good as
 * above.
 */
const GArray *crash_source_adopt(CrashSource *source, const CrashPlace *place, const char *log,
                                 GError **error);

/* The log a run has left with `recorder`, in one line without quotes; the caller's. */
char *crash_source_log(Recorder *recorder);

/*
 * The memory at a point, torn. The source's, good until the next call for another. `ret_changed` is
 * how many bits the last torn operation changed.
 */
CrashMemory *crash_source_memory(CrashSource *source, Lab *lab, const CrashPoint *point,
                                 uint32_t *ret_changed, GError **error);

/*
 * The plan of the run at a point. Without `copies` it refers to the source's memory and must be
 * used before the next is made.
 */
Plan *crash_source_point(CrashSource *source, Lab *lab, const CrashPoint *point, bool copies,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

/*
 * The plan of a run from a crash state (`run->crash`), but from the very start: the scenario with
 * all its claims, and real losses of power that leave what the point says.
 */
Plan *crash_plan_from_start(Lab *lab, const SweepRun *run,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The plan that gets to a first-level point the long way: from the very start, by a real cut. */
Plan *crash_source_long_way(CrashSource *source, const CrashPoint *point,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;
