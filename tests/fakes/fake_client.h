/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A device without a machine: lwIP and mbedTLS on the host, on the world's queue, doing what the
 * lock's cloud session does, for tests of the network alone.
 *
 * It gets an address by DHCP, then asks when told to: a name, the time, a page over TLS. Each
 * request is a session of its own. One client per process, since lwIP keeps its state in globals.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <glib.h>

#include "sim/base/prng.h"
#include "sim/world/queue.h"
#include "tools/mkdevice.h"

typedef void (*FakeClientSend)(const uint8_t *frame, size_t bytes, void *user_data);

typedef struct FakeClientSettings {
    const MintedDevice *mint;
    uint64_t epoch_seconds; /* it has the right time from the start */
    Queue *queue;
    FakeClientSend send;
    void *user_data;
} FakeClientSettings;

typedef enum FakeClientOutcome {
    FAKE_CLIENT_NONE, /* still at it */
    FAKE_CLIENT_DONE,
    FAKE_CLIENT_NO_NAME,
    FAKE_CLIENT_NO_CONNECTION,
    FAKE_CLIENT_NO_TRUST, /* the certificate is refused */
    FAKE_CLIENT_RESET,
    FAKE_CLIENT_TRUNCATED, /* ended in order, with too few bytes */
} FakeClientOutcome;

typedef struct FakeClientReply {
    FakeClientOutcome outcome;
    GByteArray *bytes; /* head and body as they came */
    unsigned status;
    size_t body_from;      /* where the body begins in `bytes` */
    uint32_t verify_flags; /* mbedTLS's reasons to refuse the certificate */
} FakeClientReply;

void fake_client_start(const FakeClientSettings *settings, const Prng *root);
void fake_client_stop(void);

/* A frame has arrived. Shaped as a NetworkDeliver. */
void fake_client_input(const uint8_t *frame, size_t bytes, void *user_data);

bool fake_client_has_address(void);

/* Begins a request, all of it but the name's address; the reply grows as virtual time goes on. */
void fake_client_ask(const char *host, const char *request_head, const void *body,
                     size_t body_bytes);
const FakeClientReply *fake_client_reply(void);

/* Asks for the time of `host`; what came back in seconds since 1900, or 0. */
void fake_client_ask_time(const char *host);
uint32_t fake_client_time(void);
