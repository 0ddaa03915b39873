/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What a command leaves when its runs are made: files in the output folder, the last lines on the
 * terminal, and an exit code.
 *
 * Whoever is killed while a file is written leaves the old one or the new one.
 */

#include "sim/commands/command.h"
#include "sim/scenario/plan.h"
#include "sim/verdict/assessment.h"

/* Writes a file below `folder`, or at `name` itself if that is NULL. */
bool outcome_write_text(const char *folder, const char *name, const char *text,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Writes junit.xml, here and where --junit says, and report.html. */
bool outcome_write_reports(const Options *options, const Assessment *assessment,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Provisions, findings, counts; how to go on, and how to have the first failure again. */
void outcome_print_summary(const Options *options, const Assessment *assessment);

/*
 * Writes everything down and says so, with the summary if it is to be `full`. Returns the exit code
 * of the whole.
 */
int outcome_conclude(const Options *options, const Assessment *assessment, bool full);

/* What to type to have a run once more. */
void outcome_print_reproduce(const Options *options, const char *run_id);

/* What became of each claim of one run, and of the run. */
void outcome_print_run(const Options *options, const RunResult *result, const Plan *plan);

/* The exit code of a verdict. */
int outcome_exit(Verdict verdict);
