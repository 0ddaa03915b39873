/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A plan: one run, fully resolved. What will be done (Timeline) and what is claimed of it (Claims).
 *
 * Nothing is left to decide: a sweep's point is chosen, defaults are filled in, images are loaded
 * and their digests are part of the plan. A plan is stored as canonical JSON; its SHA-256 is the
 * plan id. The world is given the Timeline and never sees a claim; the judge is given the Claims
 * and never sees a world.
 *
 * A Plan owns everything it points to and does not change once made, except by whoever makes it.
 */

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

#include "sim/base/canon.h"
#include "sim/base/digest.h"
#include "sim/base/prng.h"
#include "sim/base/tree.h"
#include "sim/base/vtime.h"
#include "sim/evidence/pattern.h"

#define PLAN_FORMAT          1
#define PLAN_ACTIONS_MAX     1000
#define PLAN_CLAIMS_MAX      200
#define PLAN_DEVICES_MAX     8
#define PLAN_IMAGE_BYTES_MAX (2u << 20)

typedef enum VerbFault {
    VERB_FAULT_NONE, /* not a fault at all */
    VERB_FAULT_POWER,
    VERB_FAULT_WEAR,
    VERB_FAULT_NETWORK,
    VERB_FAULT_DNS,
    VERB_FAULT_CLOCK,
    VERB_FAULT_SERVER,
    VERB_FAULT_ROLLBACK,
    VERB_FAULT_TAMPER,
    VERB_FAULT_MALFORMED,
    VERB_FAULT_MECHANICS,
    VERB_FAULT_ATTACK,
    VERB_FAULT_MISREAD,
    VERB_FAULTS
} VerbFault;

typedef enum Verb {
#define VERB(name, text, fault, prose) VERB_##name,
#define ARGUMENT(verb, key, type, otherwise, prose)
#include "sim/scenario/verbs.def"
#undef VERB
#undef ARGUMENT
    VERBS
} Verb;

/* The invariants a claim may name; how each is judged is the judge's business. */
typedef enum Invariant {
#define INVARIANT(name, standing, proves, prose) INVARIANT_##name,
#include "sim/scenario/invariants.def"
#undef INVARIANT
    INVARIANTS
} Invariant;

typedef enum ArgumentKind {
    ARGUMENT_DURATION,
    ARGUMENT_OFFSET, /* a duration that may be negative */
    ARGUMENT_INTEGER,
    ARGUMENT_RATIO,
    ARGUMENT_TRUTH,
    ARGUMENT_TEXT,   /* a name: letters, digits, and any of . _ + - */
    ARGUMENT_KEYS,   /* keys of the keypad */
    ARGUMENT_IMAGE,  /* the name of an image */
    ARGUMENT_CHOICE, /* one of the words in verbs.def */
} ArgumentKind;

typedef struct Argument {
    const char *key; /* static, from verbs.def */
    ArgumentKind kind;
    int64_t integer; /* DURATION, OFFSET, INTEGER, TRUTH; CHOICE: place among the words, from 0 */
    Ratio ratio;
    char *text; /* TEXT, KEYS, IMAGE, CHOICE: the word */
} Argument;

/*
 * One thing to be done. Starts at world time `at`, or, if `after` is not NULL, `delay` after the
 * `nth` event that matches (0: after each of them).
 */
typedef struct Action {
    uint32_t number; /* from 1; events about its fault carry it as `action` */
    Verb verb;
    char *target; /* the device it is about; always filled in */
    VTime at;
    Pattern *after;
    uint32_t nth;
    VTime delay;
    GPtrArray *arguments; /* of Argument; absent ones are left out */
    bool given;           /* part of the initial state, not of the story: not counted as a fault */
    TreePlace place;
} Action;

/* How a device is when the world begins. It is switched on by an action. */
#define PLAN_JOURNAL_MAX 128 /* records: one of the journal's two sectors, full */

typedef struct DeviceSetup {
    char *name;    /* "lock", "lock2": the source of its events, and what its secrets fork from */
    char *image;   /* in slot A, confirmed */
    char *image_b; /* in slot B, or NULL */
    bool initialized; /* provisioned: factory record, fuses, PIN */
    bool unlocked;    /* the bolt */
    bool door_open;
    bool clock_valid; /* the RTC's cell is good */
    int64_t battery_mv;
    int64_t journal; /* records that the boot journal holds already, all of what is in slot A */
} DeviceSetup;

/* A file the run needs: an image by its recipe's name, or "rom". */
typedef struct ImageFile {
    char *name;
    char *path;    /* not part of the plan's identity; the digest is */
    GBytes *bytes; /* NULL in a plan read back from a bundle */
    Digest digest;
} ImageFile;

/* After each event like `after`, the run goes on for `delay`, or until an event like `release`. */
typedef struct Hold {
    Pattern *after;
    VTime delay;
    Pattern *release; /* NULL: the whole delay */
} Hold;

/*
 * All the world ever sees. The run ends at the first of: `until_at`; `until_delay` after the first
 * event like `until`; the verb end_run; `limit`. If neither `until` nor `until_at` is given, it
 * also ends when every action has started and no hold is left.
 */
typedef struct Timeline {
    uint64_t seed;
    uint64_t epoch_seconds; /* calendar time, Unix, at world time 0 */
    GPtrArray *devices;     /* of DeviceSetup, at least one */
    GPtrArray *actions;     /* of Action */
    GPtrArray *images;      /* of ImageFile, sorted by name */
    GPtrArray *holds;       /* of Hold */
    Pattern *until;
    VTime until_delay;
    VTime until_at; /* VTIME_NEVER: not said */
    VTime limit;
    bool record_nvm;   /* write nvm.operation events */
    bool record_calls; /* write device.call events */
    bool record_reads; /* write read.repeated events */
} Timeline;

typedef enum ClaimKind {
    CLAIM_WITHIN, /* after each `after`, an `expect` no later than `duration` */
    CLAIM_NEVER,  /* no `expect` between an `after` (or the start) and an `until` (or the end) */
    CLAIM_ALWAYS, /* the invariant called `invariant` holds */
    CLAIM_ORDER,  /* the first of each of `patterns` come in this order */
    CLAIM_COUNTS, /* between `at_least` and `at_most` events like `expect` */
    CLAIM_KINDS
} ClaimKind;

/* One sentence to be judged. Only the judge sees it. */
typedef struct Claim {
    uint32_t number; /* from 1 */
    ClaimKind kind;
    bool standing;  /* watched in every run; having nothing to watch is no shame */
    char **proves;  /* provision and test-case ids */
    char *sentence; /* for people */
    VTime duration;
    Pattern *after;
    Pattern *expect;
    Pattern *until;
    GPtrArray *patterns; /* of Pattern */
    char *invariant;     /* of CLAIM_ALWAYS */
    int64_t at_least;
    int64_t at_most; /* INT64_MAX: no limit */
    TreePlace place;
} Claim;

typedef struct Plan {
    char *run_id;   /* 5.9-resilience/power-cut@nvm.op#137:prefix+seed=42 */
    char *scenario; /* 5.9-resilience/power-cut */
    char *defect;   /* the seeded defect the images carry, or NULL */
    char **proves;
    Timeline *timeline;
    GPtrArray *claims; /* of Claim */
    /* The first action that a sweep from outside has put in; 0: none. What comes before it is the
     * scenario's own story, whose faults may now miss their moment. */
    uint32_t imposed;
} Plan;

Plan *plan_new(void);
void plan_free(Plan *plan);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Plan, plan_free)

/* The canonical JSON of a plan, and its digest, the plan id. */
char *plan_to_json(const Plan *plan);
Digest plan_id(const char *plan_json);

/* Reads a stored plan. Its images have digests but no bytes, so it can be judged but not run. */
Plan *plan_from_json(const char *name, const char *json, gsize bytes,
                     GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The image of that name; a timeline holds all the images its actions name. */
const ImageFile *plan_image(const Timeline *timeline, const char *name);

/* The device of that name, or NULL. */
const DeviceSetup *plan_device(const Timeline *timeline, const char *name);

Action *plan_action_new(Verb verb, const char *target);
void plan_action_free(Action *action);
Action *plan_action_copy(const Action *action);

/* The argument called `key` if it was given or has a default; NULL if absent. Unknown keys assert.
 */
const Argument *plan_argument(const Action *action, const char *key);

/* Its value; absent ones give 0, false, NULL and 0/1. */
VTime plan_duration(const Action *action, const char *key);
int64_t plan_integer(const Action *action, const char *key);
bool plan_truth(const Action *action, const char *key);
Ratio plan_ratio(const Action *action, const char *key);
const char *plan_text(const Action *action, const char *key);

/* One argument a verb takes, as verbs.def has it. */
typedef struct ArgumentRule {
    Verb verb;
    const char *key;
    ArgumentKind kind;
    const char *otherwise; /* the default's text; NULL when there is none */
    bool required;
    const char *prose;
} ArgumentRule;

/* Verbs, as verbs.def has them. */
const char *plan_verb_name(Verb verb);
const char *const *plan_verb_names(void);
const char *plan_verb_prose(Verb verb);
VerbFault plan_verb_fault(Verb verb);
const char *plan_fault_name(VerbFault fault);

/* Invariants, as invariants.def has them. */
const char *const *plan_invariant_names(void);
bool plan_invariant_parse(const char *name, Invariant *ret_invariant);
const char *plan_invariant_prose(Invariant invariant);
bool plan_invariant_is_standing(Invariant invariant);

/* The ids a standing invariant counts for, with spaces between them. */
const char *plan_invariant_proves(Invariant invariant);

/* The rules of all arguments, in the order of verbs.def, ending with a NULL key. */
const ArgumentRule *plan_argument_rules(void);

void plan_argument_free(Argument *argument);
Claim *plan_claim_new(ClaimKind kind);
void plan_claim_free(Claim *claim);
Claim *plan_claim_copy(const Claim *claim);
DeviceSetup *plan_device_new(const char *name);
void plan_device_free(DeviceSetup *device);
DeviceSetup *plan_device_copy(const DeviceSetup *device);
Hold *plan_hold_new(const Pattern *after, VTime delay, const Pattern *release);
void plan_hold_free(Hold *hold);
ImageFile *plan_image_new(const char *name);
void plan_image_free(ImageFile *image);
