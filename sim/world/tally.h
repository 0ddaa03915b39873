/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A tally counts how often one fault of the timeline has really touched something.
 *
 * A fault that was injected and met nobody has tested nothing; the judge must be able to tell. So
 * whoever applies a fault holds its tally and counts each effect. The first becomes an event
 * `fault.took_effect`, the end of the fault an event `fault.ended` with the count.
 *
 * A tally belongs to whoever made it and outlives those who count on it. A NULL tally counts
 * nothing: conditions that are given, not injected, have none.
 */

#include <stdint.h>

#include "sim/evidence/recorder.h"
#include "sim/world/queue.h"

typedef struct Tally Tally;

/* Makes the tally of action number `action`, whose class of fault is `kind` (a static text). */
Tally *tally_new(uint32_t action, const char *kind, const char *source, const Queue *queue,
                 Recorder *recorder);

/* Ends the fault, if it has not ended, and frees the tally. */
void tally_free(Tally *tally);

/* One more effect; `detail` says which, for the event. */
void tally_count(Tally *tally, const char *detail);

/* The fault is over. Effects after that (of what was in flight) still count but tell nobody. */
void tally_end(Tally *tally);

/* The action it counts for; 0 for a NULL tally. */
uint32_t tally_action(const Tally *tally);

uint64_t tally_effects(const Tally *tally);
