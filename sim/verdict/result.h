/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The result of one run: its verdict, with what is needed to find, repeat and explain it.
 *
 * Small on purpose, for a campaign keeps one per run: claims that are plain PASS are counted, not
 * listed. A stored result is a canonical JSON object; workers send it to the campaign as one line.
 */

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

#include "sim/base/canon.h"
#include "sim/base/digest.h"
#include "sim/base/tree.h"
#include "sim/verdict/verdict.h"

/* A claim as a report shows it. */
typedef struct ClaimResult {
    uint32_t number;
    Verdict verdict;
    uint32_t occasions;
    char *reason;
    GArray *cites; /* of uint64_t */
} ClaimResult;

typedef struct RunResult {
    char *run_id;
    char *scenario;
    Verdict verdict;
    char *reason; /* NULL for PASS */
    char plan_id[DIGEST_TEXT_BYTES];
    char digest[DIGEST_TEXT_BYTES]; /* of the bundle; empty for ERROR */
    VTime ended;
    int64_t event_count;
    bool repeated;     /* made twice, and the evidence was the same */
    char *bundle;      /* folder below the output folder, or NULL when not kept */
    GPtrArray *claims; /* of ClaimResult, one per claim; empty for ERROR */
    uint32_t asked[VERB_FAULTS];
    uint32_t effective[VERB_FAULTS];
} RunResult;

/* Makes a result from a verdict. Digest and bundle are left for the caller to fill in. */
RunResult *result_new(const Plan *plan, const RunVerdict *verdict, const GPtrArray *events);

/* Makes the result of a run that came to nothing by the lab's own fault. */
RunResult *result_new_error(const char *run_id, const char *scenario, const char *reason);

void result_free(RunResult *result);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RunResult, result_free)

/* Writes the result as an object. */
void result_write(const RunResult *result, Canon *canon);

/* Reads a stored result. */
RunResult *result_read(const TreeNode *node, GError **error) G_GNUC_WARN_UNUSED_RESULT;
