/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * An assessment as one HTML file: opens by double click, offline, readable with scripts and styles
 * off.
 *
 * Tables, details and inline SVG; a light and a dark look by the reader's own setting. The same
 * assessment and evidence give the same bytes: there is no date in it, and times are virtual.
 */

#include "sim/verdict/assessment.h"

/*
 * The page. `program` is how the command is called; `out` is the folder the page goes to, below
 * which the bundles of featured runs are read for their pictures. A bundle that does not open is
 * left out.
 */
char *html_text(const Assessment *assessment, const char *program, const char *out);
