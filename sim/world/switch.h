/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The switch of the home network: it learns which station is behind which port.
 *
 * A frame to a known station leaves by that station's port; one to an unknown station or to a group
 * leaves by all ports but the one it came in by. The table holds SWITCH_STATIONS_MAX entries; a new
 * one then takes the place of the oldest, as real switches do when somebody floods them.
 *
 * Each port is the switch's end of one link; the links outlive the switch. The switch is where the
 * capture listens: each frame is written once, when it comes in, on the interface of that port.
 *
 * Nothing fails here. A frame that is no Ethernet frame, or comes from a group address, is dropped.
 */

#include "sim/world/link.h"
#include "sim/world/pcapng.h"
#include "sim/world/queue.h"

#define SWITCH_PORTS_MAX    16u
#define SWITCH_STATIONS_MAX 64u

typedef struct Switch Switch;

Switch *switch_new(const Queue *queue, Pcapng *capture);
void switch_free(Switch *lan);

/* Plugs the switch's end of `link` into the next free port. */
void switch_plug(Switch *lan, Link *link);
