/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What an assessment says of its sweeps, beside their runs: how many crash states there were and
 * what became of them, and whether the canaries were caught.
 *
 * A sweep of crash states boots tens of thousands of them; the assessment keeps the clean run and
 * those that did not pass, and a SweepingCrash counts the rest. A canary is a seeded defect that
 * the campaign's sweeps had to find before anybody believes that there is none; one that was not
 * found makes the campaign an ERROR.
 *
 * Plain values that own their texts.
 */

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

#include "sim/base/canon.h"
#include "sim/base/tree.h"
#include "sim/verdict/verdict.h"

#define SWEEPING_LEVELS_MAX 2u

/* How a boot from a crash state ended. */
typedef enum SweepingOutcome {
    SWEEPING_OLD,      /* the application of the clean run's first boot */
    SWEEPING_NEW,      /* another one that the lab has found signed */
    SWEEPING_RECOVERY, /* the ROM's recovery */
    SWEEPING_BRICK,    /* nothing started */
    SWEEPING_OUTCOMES
} SweepingOutcome;

const char *sweeping_outcome_name(SweepingOutcome outcome);

/* So many losses of power in a row. */
typedef struct SweepingLevel {
    uint64_t operations; /* that could be torn */
    uint64_t points;     /* asked for */
    uint64_t effective;  /* of those, how many changed a bit of an operation */
    uint64_t distinct;
    uint64_t booted;
} SweepingLevel;

typedef struct SweepingCrash {
    char *scenario;
    char *defect; /* or NULL */
    uint64_t seed;
    uint32_t depth;
    bool every_unit;
    SweepingLevel levels[SWEEPING_LEVELS_MAX];
    uint64_t outcomes[SWEEPING_OUTCOMES];
    uint64_t verdicts[VERDICTS];
    uint64_t again; /* booted twice */
    uint64_t again_different;
    uint64_t live; /* gone on to the end of the scenario */
    uint64_t live_bad;
    uint64_t long_way; /* come by a real cut, too */
    uint64_t long_way_different;
    bool interrupted;
    char *note; /* what was wrong with the lab, or NULL */
    Verdict verdict;
} SweepingCrash;

typedef struct SweepingCanary {
    char *axis; /* what was swept for it */
    char *defect;
    char *scenario;
    bool caught;
    char *reason; /* why not, or NULL */
} SweepingCanary;

void sweeping_crash_free(SweepingCrash *crash);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SweepingCrash, sweeping_crash_free)
void sweeping_canary_free(SweepingCanary *canary);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SweepingCanary, sweeping_canary_free)

/* In a few lines for people. */
char *sweeping_crash_text(const SweepingCrash *crash);

/* In one line, without its end. */
char *sweeping_canary_text(const SweepingCanary *canary);

/* The stored forms. */
void sweeping_crash_write(const SweepingCrash *crash, Canon *canon);
void sweeping_canary_write(const SweepingCanary *canary, Canon *canon);
SweepingCrash *sweeping_crash_read(const TreeNode *node, GError **error) G_GNUC_WARN_UNUSED_RESULT;
SweepingCanary *sweeping_canary_read(const TreeNode *node,
                                     GError **error) G_GNUC_WARN_UNUSED_RESULT;
