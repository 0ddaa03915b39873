/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What a drawn story is made of: its steps, and how each kind of step is drawn.
 *
 * A *feature* is a kind of thing that happens (the power goes in the n-th flash operation; a PIN is
 * entered around an event of the update). A *step* is one such thing with everything about it
 * drawn: one action, or a few that belong together and move together. A *theme* says what a story
 * is mostly about, so that some stories look hard at one thing instead of a little at everything.
 *
 * Steps belong to their story. Drawing takes everything from the generator it is given, and cannot
 * fail.
 */

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

#include "sim/base/prng.h"
#include "sim/scenario/plan.h"

typedef enum Feature {
    FEATURE_CUT_AT_TIME,
    FEATURE_CUT_AT_EVENT,
    FEATURE_CUT_AT_OPERATION,
    FEATURE_CUT_AT_INSTRUCTION,
    FEATURE_CUT_AGAIN, /* right after something that matters, and again while recovering */
    FEATURE_WEAR,      /* an operation ends, and bits that were to change have not */
    FEATURE_LINK,
    FEATURE_FRAME,
    FEATURE_CABLE,
    FEATURE_DNS,
    FEATURE_NTP,
    FEATURE_MALFORMED,
    FEATURE_SERVER,
    FEATURE_CERTIFICATE,
    FEATURE_TAMPER,
    FEATURE_MUTATE,
    FEATURE_OLDER,
    FEATURE_RIGHT_PIN,
    FEATURE_RACE, /* the right PIN around an event of the update */
    FEATURE_WRONG_PIN,
    FEATURE_LOCKOUT, /* so many wrong ones that the right one must wait */
    FEATURE_KEYS,
    FEATURE_BUTTON,
    FEATURE_HAND,
    FEATURE_DOOR,
    FEATURE_JAM,
    FEATURE_BATTERY,
    FEATURE_TRNG,
    FEATURE_PROBE,
    FEATURE_JOURNAL,
    FEATURE_STORE,
    FEATURE_SLOT,    /* may rightly be the end of the lock */
    FEATURE_HEADER,  /* so may this: bits of a header change under its reader's eyes */
    FEATURE_RESTORE, /* and this */
    FEATURES
} Feature;

typedef enum Theme {
    THEME_ANYTHING,
    THEME_POWER,   /* losses of power around the records of the update */
    THEME_WEAR,    /* worn cells where the update is recorded */
    THEME_RACE,    /* somebody at the lock while it updates */
    THEME_LENGTHS, /* lies about lengths, bursts of frames, headers that change */
    THEME_DAMAGE,  /* flash that is not what it was, where it is about to be believed */
    THEME_OUTAGE,  /* two locks, and a service that fails for hours */
    THEMES
} Theme;

/* One thing that happens in the first phase. */
typedef struct Step {
    Feature feature;
    GPtrArray *actions; /* of Action: what belongs together */
} Step;

typedef struct Story {
    Theme theme;
    GPtrArray *steps; /* of Step */
    VTime faults_end;
    bool unlocked;
    bool clock_invalid;
    bool bad_release; /* the first release fails its self-test */
    int64_t delay_ms; /* of the uplink */
    int64_t rate;     /* of the uplink, in bytes a second; 0: no limit */
    int64_t journal;  /* records that the boot journal holds from the start */
} Story;

#define DRAWN_OLD_IMAGE   "app-1.0.0"
#define DRAWN_NEW_IMAGE   "app-1.1.0"
#define DRAWN_BAD_IMAGE   "app-1.1.0+fails-self-test"
#define DRAWN_FRESH_IMAGE "app-1.2.0"
#define DRAWN_STEPS_MAX   12

/* So many records in the journal, and that one of the first update is the first of a sector. */
#define DRAWN_TURNS_AT_TRIAL   (PLAN_JOURNAL_MAX - 1)
#define DRAWN_TURNS_AT_CONFIRM (PLAN_JOURNAL_MAX - 2)

void drawn_step_free(void *step);

/* Draws one step of `feature` and adds it, unless the story has enough of that kind. */
void drawn_add_step(Prng *prng, Story *story, Feature feature);

/* Whether the story has a step of a feature from `first` to `last`. */
bool drawn_has(const Story *story, Feature first, Feature last);

/* Moves a step a little earlier or later. */
void drawn_nudge(Prng *prng, const Story *story, Step *step);

/* An action with the defaults of its verb, at time 0, at the device "lock"; and its arguments. */
Action *drawn_action(Verb verb);
void drawn_set_text(Action *action, const char *key, const char *text);
void drawn_set_number(Action *action, const char *key, int64_t number);
void drawn_set_time(Action *action, const char *key, int64_t milliseconds);

/* Adds to `pattern` that `key` must be one of `first` and `second`, which may be NULL. */
void drawn_accept(Pattern *pattern, const char *key, const char *first, const char *second);
