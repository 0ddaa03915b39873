/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The router's rules: what may come in from the home, and how public addresses become inside ones.
 *
 * libslirp, left to itself, opens host sockets for whatever a device asks for, and can forward only
 * addresses of the home network. So nothing reaches it but what these rules admit: ARP about the
 * router, DHCP, echo requests to the router, and sound TCP segments to one of the services. Such a
 * segment's public address is replaced by the service's inside address on the way in, and put back
 * on the way out; checksums are adjusted (RFC 1624), so a wrong one stays wrong.
 *
 * Pure functions over frames and a table. Nothing fails; what is not admitted is dropped.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/world/frame.h"

#define FIREWALL_SERVICES_MAX 8u

typedef struct FirewallService {
    uint32_t address; /* as the world knows it */
    uint16_t port;
    uint32_t inside; /* as libslirp knows it */
} FirewallService;

typedef struct Firewall {
    FrameStation router;
    uint32_t network;
    uint32_t mask;
    FirewallService services[FIREWALL_SERVICES_MAX];
    unsigned service_count;
} Firewall;

typedef struct FirewallFlow {
    bool is_service;  /* a segment to a service, now with its inside address */
    bool opens;       /* its first one */
    unsigned service; /* which */
    uint32_t client;
    uint16_t client_port;
} FirewallFlow;

/* Is `frame` let in? If so it is translated in place, and `ret_flow` says what it belongs to. */
bool firewall_admit(const Firewall *firewall, uint8_t *frame, size_t bytes, FirewallFlow *ret_flow);

/* Translates a frame on its way to the home, in place. */
void firewall_release(const Firewall *firewall, uint8_t *frame, size_t bytes);
