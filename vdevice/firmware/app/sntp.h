/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The time from the network: the question and the judgement of the answer (RFC 4330, client mode).
 *
 * The request carries a random transmit timestamp in place of our time; the answer must give it
 * back as its originate timestamp, so that nobody who does not see the request can answer it. Where
 * the answer came from is checked by the connected datagram exchange of net_port.h, and how far
 * back it may go by the supervisor.
 */

#include <stddef.h>
#include <stdint.h>

#include "vdevice/firmware/base/status.h"

#define SNTP_PACKET_BYTES 48u
#define SNTP_NONCE_BYTES  8u

/* Writes the request. */
void sntp_ask(const uint8_t nonce[SNTP_NONCE_BYTES], uint8_t ret_packet[SNTP_PACKET_BYTES]);

/* Seconds since 1970 out of an answer; STATUS_NE_TIME if anything about it is not as it must be. */
FALLIBLE Status sntp_judge(const uint8_t *packet, size_t bytes,
                           const uint8_t nonce[SNTP_NONCE_BYTES], uint64_t *ret_seconds);
