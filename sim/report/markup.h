/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Writing HTML and SVG: text is always escaped, here and nowhere else.
 *
 * Everything appends to a GString. Colours of verdicts are chosen to be told apart by the
 * colour-blind and to stand on light and dark alike; no meaning is ever in the colour alone.
 */

#include <glib.h>

#include "sim/base/vtime.h"
#include "sim/verdict/verdict.h"

/* Appends markup; each %s must be escaped already or be our own. */
void markup_add(GString *page, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* Appends text, escaped. NULL appends nothing. */
void markup_text(GString *page, const char *text);

/* Appends `text` as part of a URL's path, percent-encoded. */
void markup_path(GString *page, const char *text);

/* Appends a badge: sign and word in a span of the verdict's class. */
void markup_verdict(GString *page, Verdict verdict);

/* Colour and sign of a verdict. */
const char *markup_color(Verdict verdict);
const char *markup_sign(Verdict verdict);

/* Appends a run id as the id of an element or a reference to one: "run-" and letters, digits,
 * dashes. */
void markup_anchor(GString *page, const char *run_id);
