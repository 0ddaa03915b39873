/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Telling: a drawn story as the text of a scenario, with what may be claimed of it.
 *
 * A story has two phases. While faults last, what must never happen must not happen. Then
 * everything is mended, a fresh release is offered, and within a bounded time the lock must run it,
 * confirmed, say so, and open to its PIN. Where a fault may rightly end a lock's life (an old copy
 * of the flash written back, an image damaged in its slot) the second phase claims nothing. A story
 * of an outage is told of two locks and claims how they wait and come back.
 *
 * The text is the caller's. Telling cannot fail.
 */

#include "sim/scenario/drawn.h"

char *telling_text(const Story *story, const char *id, uint64_t seed);
