/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The crash-point atlas: every point of a sweep as a cell, coloured and signed by its verdict.
 *
 * A column is an operation (or an instruction), a row a torn state. Each cell's title is its run
 * id, which is what brings the run back.
 */

#include <glib.h>

#include "sim/verdict/assessment.h"

/* Appends the atlas of a scenario's runs to `page`; nothing if it has no points. */
void atlas_svg(GString *page, const Assessment *assessment, const ScenarioSummary *scenario);
