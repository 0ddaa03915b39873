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
 * Points are plain values.
 */

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

#include "sim/evidence/pattern.h"

typedef enum SweepAxis {
    SWEEP_NONE,
    SWEEP_NVM_OPERATION, /* cut at each NVM operation seen, in one or every torn state */
    SWEEP_INSTRUCTION,   /* cut at so many seeded instructions within the window */
    SWEEP_FRAME,         /* do something to each frame of a device's conversation */
} SweepAxis;

#define SWEEP_POINTS_MAX 2000000

/* One point. */
typedef struct SweepPoint {
    SweepAxis axis;
    uint64_t number; /* of the operation, the instruction, or the frame */
    char how[16];    /* nvm.operation: the torn state; frame: what becomes of it; otherwise empty */
} SweepPoint;

/* What is swept, as the scenario says it. */
typedef struct Sweep {
    SweepAxis axis;
    uint32_t count;       /* instruction, frame: so many of them; frame: 0 is all */
    char how[16];         /* nvm.operation, frame: a word, or "each", or "drawn" */
    char target[64];      /* the device */
    const Pattern *after; /* NULL: from the start */
    const Pattern *until; /* NULL: to the end */
} Sweep;

/* What can become of a point of that axis, ending with NULL: torn states, or fates of a frame. */
const char *const *sweep_hows(SweepAxis axis);

/*
 * The points the events of the reference run give, in order: an array of SweepPoint. `every_how`
 * takes each word at each point, and every point, whatever the sweep says.
 */
GArray *sweep_points(const Sweep *sweep, uint64_t seed, const GPtrArray *events, bool every_how);

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
