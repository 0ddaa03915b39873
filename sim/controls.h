/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Negative controls: a judge that has never said FAIL has not been tested.
 *
 * Each seeded defect names the scenarios that must notice it. A defect is *killed* when a run with
 * it is FAIL; the same run with the compliant firmware must then be PASS, or the kill was a *false
 * alarm*. Sweeps are tried point by point until the first FAIL. Several defects are tried at once,
 * each in a worker.
 */

#include <signal.h>
#include <stdbool.h>

#include <glib.h>

#include "sim/lab.h"

typedef struct ControlResult {
    char *defect;
    bool killed;
    bool false_alarm;
    char *run_id; /* that killed it, or the last one tried */
    Verdict verdict;
    char *reason;
    int64_t runs;
} ControlResult;

typedef struct ControlsSettings {
    char *const *only; /* names, or NULL for all */
    unsigned jobs;
    const char *out; /* bundles of the kills */
    const volatile sig_atomic_t *interrupts;
} ControlsSettings;

typedef void (*ControlsListener)(const ControlResult *result, void *user_data);

/* Tries the defects. Returns an array of ControlResult in the order of their names. */
GPtrArray *controls_run(Lab *lab, const ControlsSettings *settings, ControlsListener listener,
                        void *user_data, GError **error) G_GNUC_WARN_UNUSED_RESULT;
