/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The service as the lock's exchange meets it, and the privileged half behind the supervisor.
 *
 * A test queues responses; each becomes readable, in pieces of `piece` bytes, once one more request
 * has been written whole. What the lock asked and what it handed on is kept for looking at. There
 * is one of it; `fake_service_reset` makes it as new.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vdevice/firmware/app/supervisor.h"

enum {
    FAKE_SERVICE_REQUESTS_MAX = 16,
    FAKE_SERVICE_REQUEST_BYTES = 1024,
    FAKE_SERVICE_IMAGE_BYTES = 8192,
};

typedef struct FakeService {
    /* Set by the test. */
    size_t piece;               /* most bytes given per read */
    const uint64_t *trickle_us; /* if set: one byte, whenever this clock has moved on */
    bool closes;                /* after the last response: an end, not silence */
    Status offer;               /* what the supervisor says to a manifest */
    Status finish;              /* and to a complete image */
    Status random;
    Status handshake; /* OK, or what the handshake fails with */
    uint64_t seconds; /* the RTC; 0: not set */
    Status set_time;
    SupervisorFacts facts;

    /* Looked at by the test. */
    char requests[FAKE_SERVICE_REQUESTS_MAX][FAKE_SERVICE_REQUEST_BYTES];
    size_t request_count;
    uint8_t image[FAKE_SERVICE_IMAGE_BYTES];
    size_t image_bytes; /* also the position, so a test can set it for a resumed download */
    size_t largest_write;
    uint32_t offers;
    uint32_t finishes;
    uint32_t pauses;
    uint32_t reports_begun;
    uint32_t reports_sent;
    uint32_t opened;
    uint32_t notes;
    Status noted; /* the last one */
    bool connected;
    uint64_t time_set;
} FakeService;

extern FakeService fake_service;

void fake_service_reset(void);

/* Queues a response, given in parts: a head as text and a body. */
void fake_service_respond(const char *head, const void *body, size_t body_bytes);
