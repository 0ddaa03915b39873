/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The lock's conversation with its service, from nothing to closed, over and over.
 *
 *   IDLE ─► ADDRESS ─► TIME_NAME ─► TIME_ASK ─► NAME ─► CONNECT ─► HANDSHAKE ─► EXCHANGE ─┐
 *     ▲        └── the time was taken lately ─────┘                                       │
 *     │                                                                                   │
 *     └── wait: the next check, or the back-off ◄── CLOSE ◄── done, or any failure ◄──────┘
 *
 * Every state but IDLE has a limit to its waiting; whatever fails leads to IDLE and a wait with
 * decorrelated jitter (core/backoff.h). A session that ends well is followed by the next after
 * CLOUD_CHECK_SECONDS, with jitter. The first one after a reset, and the first one after the cable
 * came back, begin after a short random time, so that a street of locks does not come back as one.
 *
 * One connection carries the report, the manifest and, if it is wanted, the image from where an
 * earlier session had to leave off; then a second report, that the update is staged. The session
 * judges no image: it hands header and payload to the supervisor. Images arrive in pieces small
 * enough that the keypad is served in between.
 *
 * Nothing fails out of here: failures become the status of the next report.
 */

#include <stdbool.h>
#include <stdint.h>

#include "vdevice/firmware/base/status.h"

/* Plans the first session. `tls` is how TLS started: if not well, there will be no session. */
void session_start(Status tls, uint64_t now_us);

/* Goes on as far as it can without waiting. True if it wants to go on at once. */
bool session_poll(uint64_t now_us);

/* When `session_poll` must run next, even if nothing arrives. */
uint64_t session_deadline(void);
