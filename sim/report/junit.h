/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * An assessment as JUnit XML, for whatever runs the tests of other people's projects.
 *
 * A suite is a scenario, a case is a run, named by its run id, so names are unique everywhere. FAIL
 * is a failure; INCONCLUSIVE and ERROR are errors; each carries the reason and the command that
 * repeats it. A sweep of thousands of passing runs is shortened to one case that says so.
 * A sweep of crash states and the canaries are suites of their own. Provisions without a scenario
 * are a suite of their own, as skipped cases.
 */

#include "sim/verdict/assessment.h"

/* The XML text; `program` is how the command is called. */
char *junit_text(const Assessment *assessment, const char *program);
