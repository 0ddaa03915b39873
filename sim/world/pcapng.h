/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Writes a packet capture in pcapng: named interfaces, virtual time, fault comments, TLS secrets.
 *
 * Times are virtual, in nanoseconds, counted from the calendar instant that the world's zero stands
 * for. Secrets (lines of the NSS key log) become Decryption Secrets Blocks and stand before the
 * frames that need them, so that tshark decrypts without being told anything. The format is the
 * IETF draft's, little-endian; byte offsets are in pcapng.c.
 *
 * The capture is appended to an array that the caller owns. Nothing fails.
 */

#include <stddef.h>
#include <stdint.h>

#include <glib.h>

#include "sim/base/vtime.h"

typedef struct Pcapng Pcapng;

typedef enum PcapngDirection {
    PCAPNG_DIRECTION_UNKNOWN = 0,
    PCAPNG_DIRECTION_INBOUND = 1,  /* into the switch */
    PCAPNG_DIRECTION_OUTBOUND = 2, /* out of the switch; only written when a fault befell it */
} PcapngDirection;

/* Starts a capture in `into`, whose time zero is `epoch_seconds` after 1970. */
Pcapng *pcapng_new(GByteArray *into, uint64_t epoch_seconds);
void pcapng_free(Pcapng *capture);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Pcapng, pcapng_free)

/* Adds an interface and gives its number. */
unsigned pcapng_add_interface(Pcapng *capture, const char *name);

/* Writes one frame. `comment` may be NULL. */
void pcapng_add_frame(Pcapng *capture, unsigned interface, VTime at, PcapngDirection direction,
                      const uint8_t *frame, size_t bytes, const char *comment);

/* Writes TLS secrets: one or more lines of the NSS key log, each with its line feed. */
void pcapng_add_secrets(Pcapng *capture, const char *key_log);

/* How many frames were written. */
uint64_t pcapng_frames(const Pcapng *capture);
