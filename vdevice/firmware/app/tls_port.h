/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * TLS 1.3 to the service, over the stream of net_port.h: both sides show certificates.
 *
 * The server's must chain to the factory's trust certificate, be valid at the lock's time, and name
 * the host; signatures and key exchange are P-256 only. The lock answers with its device
 * certificate; the private key stays behind the supervisor. TLS_CHACHA20_POLY1305_SHA256 is offered
 * first, because it is the cheap one without an AES engine, then TLS_AES_128_GCM_SHA256.
 *
 * A pump, like the network: no call waits, and a step of the handshake holds at most two operations
 * of the key accelerator (some 10 ms). There is one connection. mbedTLS allocates from one static
 * arena, TLS_PORT_ARENA_BYTES, and never from anywhere else.
 *
 * A connection fails with STATUS_NE_CERTIFICATE when the server is not who it should be (or its
 * certificate not of this time), STATUS_NE_TLS for all else in a handshake, and STATUS_NE_CLOSED
 * when it ends before its time. After a failure only `tls_port_close` helps.
 *
 * This file and tls_p256.c alone include mbedTLS.
 */

#include <stddef.h>
#include <stdint.h>

#include "vdevice/firmware/app/supervisor.h"
#include "vdevice/firmware/base/status.h"

#define TLS_PORT_ARENA_BYTES 36864u

/* How a step went. */
typedef enum TlsPortStep {
    TLS_PORT_STEP_DONE,    /* the handshake is complete, or bytes were moved */
    TLS_PORT_STEP_AGAIN,   /* call again at once */
    TLS_PORT_STEP_WAITING, /* for the peer */
    TLS_PORT_STEP_ENDED,   /* the peer has closed in order */
    TLS_PORT_STEP_FAILED,  /* see `ret_status` */
} TlsPortStep;

/* Prepares keys and certificates, once. `certificates` is copied. */
FALLIBLE Status tls_port_start(const SupervisorCertificates *certificates);

/* Begins a connection to `host` over the open stream. */
FALLIBLE Status tls_port_open(const char *host);

TlsPortStep tls_port_handshake(Status *ret_status);

/* Takes up to `bytes_max` bytes. DONE: `*ret_count` of them. */
TlsPortStep tls_port_read(void *buffer, size_t bytes_max, size_t *ret_count, Status *ret_status);

/* Sends up to `count` bytes. DONE: `*ret_count` of them are on their way. */
TlsPortStep tls_port_write(const void *buffer, size_t count, size_t *ret_count, Status *ret_status);

/* Says goodbye if that is still possible and forgets the connection; the stream is left as it is.
 */
void tls_port_close(void);
