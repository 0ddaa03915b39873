/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The attacker's machine on the home network: it can send any frame, and knows how to break them.
 *
 * It answers ARP and echo for its own address like any station, and otherwise does what it is told:
 * ping somebody, pour malformed frames over somebody, or pretend to be the router. Malformed frames
 * are valid ones of the layer asked for, of the kind the target would take for its own, damaged by
 * the rules in malform.h with a seeded draw; they leave one by one.
 *
 * Echo requests end in an event: `ping.answered` with the round trip, or `ping.lost` after
 * LANHOST_PING_NS. A ping asks for the target's hardware address first, as one must.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/base/prng.h"
#include "sim/evidence/recorder.h"
#include "sim/world/frame.h"
#include "sim/world/peers/malform.h"
#include "sim/world/queue.h"
#include "sim/world/tally.h"

typedef struct Lanhost Lanhost;

#define LANHOST_PING_NS      1000000000 /* then it is lost */
#define LANHOST_SPOOF_GAP_NS 1000000000

typedef void (*LanhostSend)(const uint8_t *frame, size_t bytes, void *user_data);

Lanhost *lanhost_new(FrameStation station, Queue *queue, Recorder *recorder, const Prng *root,
                     LanhostSend send, void *user_data);
void lanhost_free(Lanhost *lanhost);

/* A frame has arrived at the attacker's machine. */
void lanhost_input(Lanhost *lanhost, const uint8_t *frame, size_t bytes);

/* Sends an echo request to `target`; the outcome is an event that carries `number`. */
void lanhost_ping(Lanhost *lanhost, uint32_t target, unsigned number);

/* Sends `count` malformed frames of `layer`, `spacing` apart, and then says so with an event. */
void lanhost_send_malformed(Lanhost *lanhost, MalformLayer layer, unsigned count, VTime spacing,
                            const MalformScene *scene, Tally *tally);

/*
 * Tells everybody once a second, for `duration`, that the `router`'s address is here, and passes
 * nothing on. Each frame that comes here instead counts on `tally`.
 */
void lanhost_spoof_router(Lanhost *lanhost, uint32_t router, VTime duration, Tally *tally);
