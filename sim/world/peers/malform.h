/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Makes malformed frames: a valid frame of one layer, then damage that knows the layer's structure.
 *
 * A valid frame is built for the scene (the target would accept it, or at least look at it), and
 * one to three rules of the layer are applied: lengths that lie, offsets outside, fragments that
 * overlap or never end, options that loop or overrun, compression that points to itself, counts
 * without records, wrong and right checksums, runts and truncations, random bytes. Checksums above
 * the damage are mended half of the time, so that the damage gets past them.
 *
 * Pure: the frame is a function of the layer, the scene and the generator's state.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/base/prng.h"
#include "sim/world/frame.h"

typedef enum MalformLayer {
    MALFORM_LAYER_ETHERNET,
    MALFORM_LAYER_ARP,
    MALFORM_LAYER_IP,
    MALFORM_LAYER_UDP,
    MALFORM_LAYER_TCP,
    MALFORM_LAYER_DHCP,
    MALFORM_LAYER_DNS,
    MALFORM_LAYERS, /* how many; as a layer to draw from: any */
} MalformLayer;

/* Who is who, for frames that look as if they belonged. */
typedef struct MalformScene {
    FrameStation attacker;
    FrameStation target;
    FrameStation router;
    FrameStation name_server;
    uint16_t target_port;      /* a UDP or TCP port that the target has used last, or 0 */
    uint32_t dhcp_transaction; /* the target's last, overheard; or 0 */
} MalformScene;

/* The layer called `name` ("ethernet" ... "dns", "any"); false if there is none. */
bool malform_layer_of(const char *name, MalformLayer *ret_layer);
const char *malform_layer_name(MalformLayer layer);

/*
 * Writes a malformed frame into `frame` (FRAME_BYTES_MAX) and gives its bytes, at least
 * FRAME_BYTES_MIN. `ret_rules` names the rules applied, for the event; it needs 96 characters.
 */
#define MALFORM_RULES_CHARS 96u
size_t malform_make(Prng *prng, MalformLayer layer, const MalformScene *scene, uint8_t *frame,
                    char ret_rules[MALFORM_RULES_CHARS]);
