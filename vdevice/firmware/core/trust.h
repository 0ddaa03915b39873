/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What the fuses say: accepted keys, the security counter, the life cycle.
 *
 * The counter is unary over four words: it is the number of ones, so a torn burn can only have made
 * part of the step, never a larger one, and is finished at the next boot.
 */

#include "vdevice/firmware/core/image_rules.h"

/* Reads the fuses anew. */
void trust_read(ImageTrust *ret_trust);

/* The number of ones in the counter words. */
uint32_t trust_counter(void);

/* Raises the counter to `counter`; does nothing when it is there already. */
FALLIBLE Status trust_raise_counter(uint32_t counter);
