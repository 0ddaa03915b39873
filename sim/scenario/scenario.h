/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A scenario: what an author wrote in one YAML file, checked, with the place of every word.
 *
 * The file's path below the scenarios folder, without `.yaml`, is its id, and the file says it too.
 * `given` is how the world begins, `when` what is done, `then` what is claimed. A scenario may have
 * one swept action: the reference plan leaves it out, runs, and its evidence gives the points
 * (sweep.h); each point then gives one plan.
 *
 * A point on another axis, or in a scenario that sweeps nothing, is *imposed*: the axis's own fault
 * is put in at the end of the story. Such a plan keeps of the claims what must hold whatever
 * happens: `always`, `never`, and a `within` that asks for a boot; the story's own faults need not
 * meet their moment any more, and where the story or a claim waits for a fault, it is one of these.
 *
 * A Scenario is immutable. Everything an author can get wrong is found while parsing, before
 * anything runs, with file, line, column and, where a word is close to a known one, a suggestion.
 *
 *     scenario_load -> scenario_plan (reference) -> world -> sweep_points -> scenario_plan (each)
 */

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

#include "sim/scenario/plan.h"
#include "sim/scenario/sweep.h"

typedef struct Scenario Scenario;

/* What a plan needs beside the scenario. */
typedef struct ScenarioOptions {
    const char *images_folder; /* where NAME.img are; NULL: the plan names images without digests */
    const char *rom_path;      /* NULL: the plan names no ROM */
    const char *defect;        /* NAME+DEFECT.img (and rom+DEFECT.bin) are taken first; or NULL */
    uint64_t seed;
    bool has_seed;           /* otherwise the scenario's own */
    const SweepPoint *point; /* NULL: the reference run, or the only one */
    GHashTable *images;      /* path -> GBytes: files read before are taken as they were; or NULL */
} ScenarioOptions;

/* Reads the scenario `id` below `folder`. */
Scenario *scenario_load(const char *folder, const char *id,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Parses bytes as the scenario `id`, or as whatever it says it is for NULL; `name` is for messages.
 */
Scenario *scenario_parse(const char *name, const char *id, const void *bytes, gsize count,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

void scenario_free(Scenario *scenario);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Scenario, scenario_free)

const char *scenario_id(const Scenario *scenario);

/* The comment the file begins with, as one line of prose. */
const char *scenario_title(const Scenario *scenario);

char *const *scenario_proves(const Scenario *scenario);

/* Those of every claim, too; a list ending with NULL that the caller frees. */
char **scenario_all_proves(const Scenario *scenario);

uint64_t scenario_seed(const Scenario *scenario);

/* What is swept; axis SWEEP_NONE when nothing is. */
const Sweep *scenario_sweep(const Scenario *scenario);

/* The device that an imposed fault is done to: the one that is swept, or the first. */
const char *scenario_target(const Scenario *scenario);

/* The faults its actions are, without repeats and in the order of VerbFault. */
GArray *scenario_faults(const Scenario *scenario);

/* Refuses ids in any `proves` that are not in `known` (ends with NULL). */
bool scenario_check_proves(const Scenario *scenario, const char *const *known,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Resolves one run. Fails when an image cannot be read. */
Plan *scenario_plan(const Scenario *scenario, const ScenarioOptions *options,
                    GError **error) G_GNUC_WARN_UNUSED_RESULT;
