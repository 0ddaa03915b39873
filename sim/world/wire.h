/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The wire is the lab's reading and writing of hostlink messages, and nothing else: no socket, no
 * process, no state.
 *
 * The machine on the other end is hostile. A call is taken apart only after its length and every
 * field with a closed range have been checked; what does not fit is an error whose text says which
 * message and why. The checks are pure functions over bytes, so a fuzzer can own them.
 *
 * A WireCall points into the bytes it was parsed from and lives no longer than they do.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <glib.h>

#include "vdevice/contract/hostlink.h"

#define WIRE_ERROR (wire_error_quark())
GQuark wire_error_quark(void);

typedef enum WireError {
    WIRE_ERROR_MALFORMED,
} WireError;

/* One call, checked. Which member counts follows from `type`. */
typedef struct WireCall {
    uint32_t type; /* HOSTLINK_HELLO to HOSTLINK_READ_FAULTED */
    uint64_t time;
    uint64_t instructions;
    const uint8_t *body;
    size_t body_bytes;

    uint32_t word;            /* every call whose body is a HostlinkWord */
    HostlinkHello hello;      /* HELLO */
    HostlinkNvmOperation nvm; /* NVM_STARTED, NVM_DONE */
    HostlinkPowerLost lost;   /* POWER_LOST */
    HostlinkRead read;        /* REREAD, READ_FAULTED */
    uint64_t idle_until;      /* HORIZON: when the machine would next do something by itself */
    const uint8_t *bytes;     /* FRAME_SENT, UART_SENT, CONTENT; NVM_STARTED: the data */
    size_t byte_count;
} WireCall;

/* The name of a call's type for messages; "unknown" if there is none. */
const char *wire_call_name(uint32_t type);

/* Checks that a call with this header may be read at all: a known type and a length it can have. */
G_GNUC_WARN_UNUSED_RESULT
bool wire_check_header(const HostlinkHeader *header, GError **error);

/* Takes a whole call apart. `body` must hold `header->body_bytes`. */
G_GNUC_WARN_UNUSED_RESULT
bool wire_parse(const HostlinkHeader *header, const uint8_t *body, WireCall *ret_call,
                GError **error);

/* Appends one order to `orders`. The body may be NULL when `body_bytes` is 0. */
void wire_append(GByteArray *orders, uint32_t type, const void *body, size_t body_bytes);

/* Appends an order whose body is one word. */
void wire_append_word(GByteArray *orders, uint32_t type, uint32_t value);

/* Appends WRITE or DAMAGE: a range, then its bytes. */
void wire_append_range(GByteArray *orders, uint32_t type, uint32_t space, uint32_t offset,
                       const uint8_t *bytes, uint32_t byte_count);
