/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * One run as a picture: power, firmware, update, bolt, network and faults as lanes over one time
 * axis.
 *
 * Inline SVG without scripts or styles, coloured by attributes, so that it shows where styles are
 * forbidden. Every mark has a title with its event's number, time and kind.
 */

#include <stdbool.h>

#include <glib.h>

/* Appends the picture of a run's events about `device`, whose bolt began `unlocked` or not. */
void lanes_svg(GString *page, const GPtrArray *events, const char *device, bool unlocked);
