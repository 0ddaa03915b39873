/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The network of one world, whole: links, switch, router, services and neighbours behind one door.
 *
 *     lock  lock2  dns  ntp  attacker          each on a link of its own, named after it
 *       \     |    |    |    /
 *             switch ------- uplink --- router (libslirp) --- updates  impostor
 *
 * The world attaches its devices, hands over what they send and is called back for what arrives;
 * the network does the rest through the queue. Verbs of the timeline that are about the network are
 * done here. What peers see is recorded as events, and every frame goes to the capture.
 *
 * Everything but the plan, settings, queue and recorder belongs to the network.
 *
 * Making it fails when keys or images are missing or the host gives no socket. A verb fails when it
 * names what is not there.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <glib.h>

#include "sim/base/prng.h"
#include "sim/base/vtime.h"
#include "sim/evidence/recorder.h"
#include "sim/scenario/plan.h"
#include "sim/world/queue.h"
#include "sim/world/world.h"

typedef struct Network Network;

#define NETWORK_ERROR (network_error_quark())
GQuark network_error_quark(void);

typedef enum NetworkError {
    NETWORK_ERROR_PLAN, /* a verb, link or image that is not there */
    NETWORK_ERROR_HOST, /* keys, files, sockets */
} NetworkError;

/* The home and the Internet, in host order. */
#define NETWORK_LAN      0xc0a84d00u /* 192.168.77.0/24 */
#define NETWORK_LAN_MASK 0xffffff00u
#define NETWORK_ROUTER   0xc0a84d01u /* .1 */
#define NETWORK_DNS      0xc0a84d02u /* .2 */
#define NETWORK_NTP      0xc0a84d03u /* .3 */
#define NETWORK_LEASES   0xc0a84d14u /* .20 and on, by DHCP */
#define NETWORK_ATTACKER 0xc0a84d42u /* .66 */
#define NETWORK_INSIDE   0xc0a84dc8u /* .200 and on, seen by nobody */
#define NETWORK_UPDATES  0xcb00710au /* 203.0.113.10 */
#define NETWORK_IMPOSTOR 0xc6336442u /* 198.51.100.66: where a spoofed name leads */

/* Called when a frame arrives at a device, from a queue entry. */
typedef void (*NetworkDeliver)(const uint8_t *frame, size_t bytes, void *user_data);

/* Builds the network that `timeline` asks for. */
Network *network_new(const Timeline *timeline, const WorldSettings *settings, Queue *queue,
                     Recorder *recorder, const Prng *root, GError **error);
void network_free(Network *network);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Network, network_free)

/* Plugs a device in, and gives its port. `name` names its link. */
unsigned network_attach(Network *network, const char *name, const uint8_t mac[6],
                        NetworkDeliver deliver, void *user_data);

/* A device has sent a frame, now. */
void network_send(Network *network, unsigned port, const uint8_t *frame, size_t bytes);

/* How many frames have been sent on a device's link, in both directions. */
uint64_t network_frames(const Network *network, unsigned port);

/* Is this a verb that the network does? */
bool network_knows(Verb verb);

/*
 * Does an action of the timeline, now. If it is a fault and not `given`, what it does is recorded
 * as `fault.took_effect` the first time and counted; that it was injected is for the caller to say.
 */
G_GNUC_WARN_UNUSED_RESULT
bool network_act(Network *network, const Action *action, GError **error);

/* The argument of an action that has been done, `fault_frame`, has changed: its fault follows. */
G_GNUC_WARN_UNUSED_RESULT
bool network_aim(Network *network, const Action *action, GError **error);

/* To be called in a new process after a fork: from now on nothing is shared with the old one. */
G_GNUC_WARN_UNUSED_RESULT
bool network_part(Network *network, GError **error);

/* No frame gets from one device to another sooner than this, now or later. */
VTime network_lookahead(const Network *network);

/* Closes the books: counts of each link become events, and the capture an artefact. */
G_GNUC_WARN_UNUSED_RESULT
bool network_close(Network *network, GError **error);
