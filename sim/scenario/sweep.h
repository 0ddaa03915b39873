/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A sweep: the points at which a scenario's swept action is to happen, one run each.
 *
 * The reference run leaves the action out; its events, between the action's `after` and `until`,
 * give the points. A point has a text, "nvm.op#137:prefix" or "instr#123456", which is part of the
 * run's id, and brings that one run back without the reference run:
 *
 *     5.9-resilience/power-cut-during-update@nvm.op#137:prefix+seed=42
 *     5.3-updates/happy-path+defect=accepts-older+seed=1
 *
 * All numbers count since the run began. A point on an axis that the scenario does not sweep by
 * itself puts the axis's own fault into it, so any scenario can be swept from outside. A point may
 * have a second fault, "instr#123456,call#17", which is armed when the first has taken effect.
 * Without a number, "call" or "instr#123456,call", it is the run whose events give the points of
 * that (second) axis.
 *
 * Points are plain values.
 */

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

#include "sim/base/vtime.h"
#include "sim/evidence/pattern.h"
#include "sim/scenario/plan.h"

typedef enum SweepAxis {
    SWEEP_NONE,
    SWEEP_NVM_OPERATION, /* cut at each NVM operation seen, in one or every torn state */
    SWEEP_INSTRUCTION,   /* cut at so many seeded instructions within the window */
    SWEEP_FRAME,         /* do something to each frame of a device's conversation */
    SWEEP_CALL,          /* cut right after each call-out: each visible act of the device */
    SWEEP_WEAR,          /* wear out cells for each NVM operation that changes any */
    SWEEP_READ,          /* misread what is read again, each place in the program once */
} SweepAxis;

#define SWEEP_POINTS_MAX 1000000 /* of one sweep; more is a mistake, and an error */
#define SWEEP_RECOVERY   VTIME_S /* second faults come this long after the first took effect */

/* One fault on an axis. */
typedef struct SweepPlace {
    SweepAxis axis;
    uint64_t number; /* of the operation, instruction, frame, call or read; 0: give its points */
    char how[16];    /* one of sweep_hows(axis); empty if it has none */
} SweepPlace;

/* One point: a fault, and perhaps a second one. */
typedef struct SweepPoint {
    SweepAxis axis;
    uint64_t number;
    char how[16];
    SweepPlace second; /* axis SWEEP_NONE: none */
} SweepPoint;

/* What is swept, as the scenario says it. */
typedef struct Sweep {
    SweepAxis axis;
    uint32_t count;  /* so many of them, evenly drawn; 0: see every */
    uint32_t every;  /* the first and each so-many-th; 0: as 1 */
    char how[16];    /* one of sweep_hows(axis), or "each", or "drawn" */
    char target[64]; /* the device */
    const Pattern *after; /* NULL: from the start */
    const Pattern *until; /* NULL: to the end */
} Sweep;

/* As scenarios and the command line have it, "nvm.operation"; NULL for SWEEP_NONE. */
const char *sweep_axis_name(SweepAxis axis);

/* Those names, ending with NULL, and back: the axis at an index among them. */
const char *const *sweep_axis_names(void);
SweepAxis sweep_axis_at(size_t index);

/* What is done at a point of that axis. */
Verb sweep_verb(SweepAxis axis);

/* What can become of a point of that axis, ending with NULL: torn states, fates of a frame, ... */
const char *const *sweep_hows(SweepAxis axis);

/*
 * The points the events of the reference run give, in order: an array of SweepPoint. `every_how`
 * takes each word at each point, and every frame and call, whatever the sweep says. More than
 * SWEEP_POINTS_MAX are an error.
 *
 * A window's edges are inside. On the axis instruction it goes from the device's last call before
 * `after` is seen (which is `after` itself, if the device did it) to its first one with `until`.
 */
GArray *sweep_points(const Sweep *sweep, uint64_t seed, const GPtrArray *events, bool every_how,
                     GError **error) G_GNUC_WARN_UNUSED_RESULT;

/*
 * The points of a second fault on `axis`, in the SWEEP_RECOVERY after the first took effect: at
 * most `count` of them, drawn by `seed` and the first. `events` are those of the run at `first`,
 * whose second place has that axis and no number; `action` is what caused the first.
 */
GArray *sweep_second_points(const SweepPoint *first, const char *target, uint32_t action,
                            uint32_t count, uint64_t seed, const GPtrArray *events,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Parts of a run id. `defect` is NULL for the compliant firmware; axis SWEEP_NONE is no point. */
typedef struct SweepRun {
    char *scenario;
    SweepPoint point;
    char *crash; /* behind "@", "boot#..." or "live#...", for a run from a crash state; or NULL */
    char *defect;
    uint64_t seed;
    bool has_seed;
} SweepRun;

/* Puts a run id together. */
char *sweep_run_id(const char *scenario, const SweepPoint *point, const char *defect,
                   uint64_t seed);

/* Takes a run id apart; false when it is none. */
bool sweep_parse_run_id(const char *run_id, SweepRun *ret_run);

void sweep_run_clear(SweepRun *run);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(SweepRun, sweep_run_clear)
