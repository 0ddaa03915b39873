/* SPDX-License-Identifier: MIT */
#pragma once

/* The gate of the chip's debug interface. */

#include <stdbool.h>

bool debugport_is_open(void);

/* Closes it until the next reset. */
void debugport_close(void);

/* A probe has asked since reset. */
bool debugport_was_attempted(void);
