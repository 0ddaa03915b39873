/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The lab as files: where scenarios, catalogue, images and the machine are, and how one run is made
 * of them.
 *
 * A Lab knows its scenarios by id and loads each once, when first asked for. `lab_execute` is the
 * whole way of one run, from its id to its result: plan, world, evidence, verdict. It keeps nothing
 * but the device processes of its pools, so it may be called for any number of runs, in any worker.
 *
 * What the user gave wrongly (no such scenario, a mistake in a file) is an error of LAB_ERROR,
 * TREE_ERROR or BUNDLE_ERROR; what the lab itself cannot do makes a result of ERROR.
 */

#include <stdbool.h>

#include <glib.h>

#include "sim/evidence/recorder.h"
#include "sim/scenario/scenario.h"
#include "sim/verdict/catalogue.h"
#include "sim/verdict/result.h"
#include "sim/world/world.h"

#define LAB_ERROR lab_error_quark()
GQuark lab_error_quark(void);

typedef enum LabError {
    LAB_ERROR_INPUT, /* what was asked for does not exist, or is not what it should be */
} LabError;

/* Folders and files, relative to where the lab is started. */
typedef struct LabPaths {
    const char *scenarios; /* scenarios */
    const char *images;    /* build/images */
    const char *defects;   /* images/defects */
    const char *rom;       /* build/firmware/rom.bin */
    const char *machine;   /* build/qemu-system-arm */
    const char *keys;      /* build/keys */
    unsigned wall_timeout_s;
    unsigned gdb_port; /* 0: no debugger */
} LabPaths;

/* A seeded defect, as its recipe says it. */
typedef struct Defect {
    char *name;
    char *says;       /* what is wrong, in a sentence */
    char **programs;  /* rom, app */
    char **scenarios; /* each must FAIL */
    char **proves;
} Defect;

typedef struct Lab Lab;

/* Opens the lab: reads the catalogue and the names of the scenarios. `paths` are the caller's. */
Lab *lab_open(const LabPaths *paths, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void lab_close(Lab *lab);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Lab, lab_close)

/* Ends the device processes; the next run starts its own. To be called before forking. */
void lab_rest(Lab *lab);

const LabPaths *lab_paths(const Lab *lab);
const Catalogue *lab_catalogue(const Lab *lab);

/* The digest of the binaries that make a run, ROM and images apart: this program and the machine.
 */
char *lab_digest(const Lab *lab);

/* The ids of all scenarios, sorted; ends with NULL. */
char *const *lab_scenario_ids(const Lab *lab);

/*
 * The scenario of that id, in that file if `id` ends in .yaml, or drawn if it is one of
 * explore's. The lab owns it; a drawn one goes when the next is asked for.
 */
const Scenario *lab_scenario(Lab *lab, const char *id, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/*
 * Takes in a scenario that is in no file, in place of an earlier one of that id, which must not
 * be in use any more.
 */
const Scenario *lab_add_scenario(Lab *lab, Scenario *take_scenario, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* All seeded defects, sorted by name: an array of Defect that the caller frees. */
GPtrArray *lab_defects(const Lab *lab, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Refuses a defect no image or ROM has been built with. */
bool lab_check_defect(const Lab *lab, const char *defect, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The plan of a run id. */
Plan *lab_plan(Lab *lab, const char *run_id, GError **error) G_GNUC_WARN_UNUSED_RESULT;

typedef enum LabKeep {
    LAB_KEEP_NONE,
    LAB_KEEP_UNLESS_PASS,
    LAB_KEEP_ALWAYS,
} LabKeep;

/*
 * Makes one run and judges it. With `out`, its bundle goes to the folder lab_bundle_path gives.
 * Fails only if there is no such run; everything that goes wrong later is the result's ERROR.
 */
RunResult *lab_execute(Lab *lab, const char *run_id, const char *out, LabKeep keep,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The same for a plan with its images, as lab_plan gives; its evidence stays with `recorder`. */
RunResult *lab_execute_plan(Lab *lab, const Plan *plan, const char *out, LabKeep keep,
                            Recorder *recorder) G_GNUC_WARN_UNUSED_RESULT;

/*
 * The second half of that: judges what a world has left with `recorder`, and keeps it if wanted.
 * `failure` is why the world failed, or NULL.
 */
RunResult *lab_conclude(Lab *lab, const Plan *plan, const char *out, LabKeep keep,
                        const Recorder *recorder,
                        const GError *failure) G_GNUC_WARN_UNUSED_RESULT;

/* The device processes for plans with that defect, or NULL for none; the lab's. */
DevicePool *lab_pool(Lab *lab, const char *defect);

/* The folder of a run's bundle, relative to the output folder. */
char *lab_bundle_path(const char *run_id);

/* Judges a stored bundle. */
RunResult *lab_judge(const char *path, Plan **ret_plan, GError **error) G_GNUC_WARN_UNUSED_RESULT;
