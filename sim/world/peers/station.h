/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What every decent station does: it answers ARP requests and echo requests for its own address.
 *
 * Pure: a frame in, perhaps a frame out. Malformed frames, and frames for others, get no answer.
 */

#include <stddef.h>
#include <stdint.h>

#include "sim/world/frame.h"

/* Writes `station`'s answer to `frame` into `reply` (FRAME_BYTES_MAX); 0 bytes if it has none. */
size_t station_answer(const FrameStation *station, const uint8_t *frame, size_t bytes,
                      uint8_t *reply);
