/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A scenario: what an author wrote in one YAML file, checked, with the place of every word.
 *
 * The file's path below the scenarios folder, without `.yaml`, is its id, and the file says it too.
 * `given` is how the world begins, `when` what is done, `then` what is claimed. A scenario may have one
 * swept action: the reference plan leaves it out, runs, and its evidence gives the points; each
 * point then gives one plan (`scenario_plan` with that point).
 *
 * A Scenario owns its Tree and is immutable. Everything an author can get wrong is found while parsing,
 * before anything runs, with file, line, column and, where a word is close to a known one, a suggestion.
 *
 *     scenario_load -> scenario_plan (reference) -> world -> scenario_points -> scenario_plan (each)
 */

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

#include "sim/scenario/plan.h"

typedef enum SweepAxis {
    SWEEP_NONE,
    SWEEP_NVM_OPERATION, /* cut at each NVM operation seen, in one or every torn state */
    SWEEP_INSTRUCTION,   /* cut at `count` seeded instructions within the window */
} SweepAxis;

/* One point of a sweep. Text form: "nvm.op#137:prefix", "instr#123456". */
typedef struct SweepPoint {
    SweepAxis axis;
    uint64_t number; /* of the operation or the instruction */
    char torn[16];   /* nvm.operation: the torn state's word */
} SweepPoint;

typedef struct Scenario Scenario;

/* What a plan needs beside the scenario. */
typedef struct ScenarioOptions {
    const char *images_folder; /* where NAME.img are; with a defect, NAME+DEFECT.img comes first */
    const char *rom_path;      /* NULL: the plan names no ROM */
    const char *defect;        /* NULL: the compliant images */
    uint64_t seed;
    bool has_seed;             /* otherwise the scenario's own */
    const SweepPoint *point;   /* NULL: the reference run */
} ScenarioOptions;

/* Reads the scenario `id` below `folder`. */
Scenario *scenario_load(const char *folder, const char *id, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Parses bytes as the scenario `id`; `name` stands for the file in messages. */
Scenario *scenario_parse(const char *name, const char *id, const void *bytes, gsize count,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

void scenario_free(Scenario *scenario);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Scenario, scenario_free)

const char *scenario_id(const Scenario *scenario);
const char *scenario_title(const Scenario *scenario);
char *const *scenario_proves(const Scenario *scenario);
uint64_t scenario_seed(const Scenario *scenario);
SweepAxis scenario_sweep(const Scenario *scenario);

/* Resolves one run. Fails when an image is missing or is not one. */
Plan *scenario_plan(const Scenario *scenario, const ScenarioOptions *options, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/*
 * The points of the sweep, from the events of its reference run, in order: an array of SweepPoint.
 * `every_torn` takes each torn state at each operation; otherwise one is drawn per operation.
 */
GArray *scenario_points(const Scenario *scenario, uint64_t seed, const GPtrArray *events,
                        bool every_torn);

/* The id of one run, and back. `ret_path` and `ret_defect` are for the caller to free. */
char *scenario_run_id(const char *id, const SweepPoint *point, const char *defect, uint64_t seed);
bool scenario_parse_run_id(const char *run_id, char **ret_path, SweepPoint *ret_point,
                           char **ret_defect, uint64_t *ret_seed, bool *ret_has_seed);

/* The names of the invariants a claim may name, ending with NULL, and what each says. */
const char *const *scenario_invariants(void);
const char *scenario_invariant_prose(const char *name);
