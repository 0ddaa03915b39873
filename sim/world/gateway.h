/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The home router: DHCP, default route and NAT, by libslirp on the virtual clock.
 *
 * Towards the home it is one more station on the switch. Behind it is an Internet of the lab's own
 * services, each at a public address and port and nowhere else: a firewall of ours stands before
 * libslirp and lets in only ARP for the router, DHCP, echo requests to the router, and TCP to a
 * service. Nothing a device sends can reach the host.
 *
 * A service hears of each connection as a GatewayStream: bytes in order, both ways. What is written
 * to a stream waits here without limit and goes out as the device takes it. After each frame the
 * router is pumped until nothing moves, and its own wish to be called again is one more entry of
 * the queue, so equal frames at equal times give equal frames back.
 *
 * The gateway owns the streams. A service's user pointer must outlive the gateway. `send` is called
 * from within `gateway_input` and from queue entries.
 *
 * Adding a service fails when the host gives no socket. Later trouble with a socket of the lab's
 * own making is a bug, and asserts.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <glib.h>

#include "sim/world/frame.h"
#include "sim/world/queue.h"

typedef struct Gateway Gateway;
typedef struct GatewayStream GatewayStream;

#define GATEWAY_ERROR (gateway_error_quark())
GQuark gateway_error_quark(void);

typedef enum GatewayError {
    GATEWAY_ERROR_HOST, /* no socket, no temporary folder */
} GatewayError;

#define GATEWAY_SERVICES_MAX 8u

/* More connections at a time than any home has; the next are not answered. */
#define GATEWAY_STREAMS_MAX 64u

/* The addresses of the home network, in host order. */
typedef struct GatewayAddresses {
    uint32_t network;
    uint32_t mask;
    uint32_t router;
    uint32_t name_server; /* announced by DHCP, never answered for */
    uint32_t first_lease;
    uint32_t first_inside; /* GATEWAY_SERVICES_MAX addresses that nobody else may have */
} GatewayAddresses;

/* Somebody to whom connections come. Each call may write to, finish or reset the stream. */
typedef struct GatewayService {
    /* A device has connected. What it gives is the `session` of the later calls. */
    void *(*opened)(GatewayStream *stream, void *user_data);
    void (*received)(void *session, const uint8_t *bytes, size_t count);
    /* The device will send no more. */
    void (*ended)(void *session);
    /* The stream is gone, whoever ended it, and must not be touched again. Always called, once. */
    void (*closed)(void *session);
} GatewayService;

typedef void (*GatewaySend)(const uint8_t *frame, size_t bytes, void *user_data);

Gateway *gateway_new(const GatewayAddresses *addresses, Queue *queue, GatewaySend send,
                     void *user_data);

/* Closes every stream (their services hear of it) and frees the gateway. */
void gateway_free(Gateway *gateway);

/* Puts `service` at a public address and port. */
G_GNUC_WARN_UNUSED_RESULT
bool gateway_add_service(Gateway *gateway, uint32_t address, uint16_t port,
                         const GatewayService *service, void *user_data, GError **error);

/* The router's own address on the wire. */
FrameMac gateway_mac(const Gateway *gateway);

/* A frame has arrived at the router. */
void gateway_input(Gateway *gateway, const uint8_t *frame, size_t bytes);

/*
 * To be called in a new process after a fork, outside of any call into the gateway: gives every
 * connection sockets of its own in the state of the shared ones, which stay as they are.
 */
G_GNUC_WARN_UNUSED_RESULT
bool gateway_part(Gateway *gateway, GError **error);

/* How many frames the firewall has turned away. */
uint64_t gateway_refused(const Gateway *gateway);

/* Adds bytes to what the device is sent. After `finish` or `reset` they are dropped. */
void gateway_stream_write(GatewayStream *stream, const uint8_t *bytes, size_t count);

/* Lets the stream end once all that was written has gone out. */
void gateway_stream_finish(GatewayStream *stream);

/* Breaks the connection at once; the device gets a reset, and what has not gone out never does. */
void gateway_stream_reset(GatewayStream *stream);

/* How many written bytes have not yet been taken by the router. */
size_t gateway_stream_waiting(const GatewayStream *stream);

/* Who connected, as far as the router sees: the home address and port. */
uint32_t gateway_stream_client(const GatewayStream *stream);
