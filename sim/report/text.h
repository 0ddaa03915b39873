/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * An assessment as text for a terminal: a line per provision, the findings, and the counts.
 *
 * Never colour alone: each verdict has a sign, a word and a colour. The text is the caller's to
 * print and to free.
 */

#include <stdbool.h>

#include <glib.h>

#include "sim/verdict/assessment.h"

/* "✔ PASS", in colour if wanted; `width` pads the visible part. */
char *text_verdict(Verdict verdict, bool color);

/* A line per provision; those without a scenario are gathered by clause as gaps. */
char *text_provisions(const Assessment *assessment, bool color);

/* The first few runs that are not PASS, with reason and citations. */
char *text_findings(const Assessment *assessment, bool color);

/* One line of counts: runs by verdict, faults, provisions judged, gaps. */
char *text_counts(const Assessment *assessment);

/* What became of each claim of one run. */
char *text_run(const RunResult *result, const Plan *plan, bool color);
