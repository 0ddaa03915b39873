/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The lock's network: an address from DHCP, names from DNS, one TCP connection, one UDP exchange.
 *
 * It is a pump. `net_port_poll` takes the frames that have come in, gives lwIP the time, and
 * returns; nothing here waits. Between polls the owner sleeps until `net_port_deadline`. lwIP's own
 * timers run only while they are needed: with nothing connected, nothing being resolved and the
 * address bound, one deadline a minute is left, for the lease. Whoever uses the network says so
 * with `net_port_set_active`; the address resolution and TCP clocks are caught up after a pause.
 *
 * There is one stream and one datagram exchange at a time, which is all that the session needs, so
 * both are without a handle. Received bytes stay in lwIP's buffers, and close the TCP window, until
 * they are read. All memory is lwIP's static pools.
 *
 * Failures of the network are states to be read, not errors: a stream FAILED, a name ABSENT. Frames
 * are the outside world's; whatever is in them changes nothing but those states. No TCP port
 * listens.
 *
 * This file alone includes lwIP.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NET_PORT_NEVER UINT64_MAX

/* What became of a name. */
typedef enum NetPortName {
    NET_PORT_NAME_WAITING,
    NET_PORT_NAME_FOUND,
    NET_PORT_NAME_ABSENT, /* no such name, or nobody answered */
} NetPortName;

/* How far the stream is. */
typedef enum NetPortStream {
    NET_PORT_STREAM_CLOSED,
    NET_PORT_STREAM_CONNECTING,
    NET_PORT_STREAM_OPEN,
    NET_PORT_STREAM_ENDED, /* the peer will send no more; what it sent can still be read */
    NET_PORT_STREAM_FAILED,
} NetPortStream;

/* An IPv4 address in network byte order, as it stands in memory. 0 is none. */
typedef uint32_t NetPortAddress;

/* Starts the interface with this station address, and DHCP. */
void net_port_start(const uint8_t mac[6], uint64_t now_us);

/* Takes waiting frames and runs what is due. True if any frame came in. */
bool net_port_poll(uint64_t now_us);

/* When `net_port_poll` must run next, even without a frame; NET_PORT_NEVER if only a frame matters.
 */
uint64_t net_port_deadline(void);

/* Says whether somebody is using the network now. Who begins asks anew where the neighbours are. */
void net_port_set_active(bool active, uint64_t now_us);

bool net_port_link_is_up(void);

/* True while DHCP has given us an address. */
bool net_port_has_address(void);

/* Starts asking for `name`, which must stay in place until the answer. */
void net_port_resolve(const char *name);

/* What became of it; `*ret_address` is set when FOUND. */
NetPortName net_port_resolved(NetPortAddress *ret_address);

/* Opens the stream. Whatever stream there was is aborted first. */
void net_port_connect(NetPortAddress address, uint16_t port);

NetPortStream net_port_stream(void);

/* Takes up to `bytes_max` received bytes. Zero means none just now: see `net_port_stream` for why.
 */
size_t net_port_read(uint8_t *buffer, size_t bytes_max);

/* Hands over up to `bytes` bytes for sending; returns how many were taken. */
size_t net_port_write(const uint8_t *buffer, size_t bytes);

/* Ends the stream in order: what was written is still sent, then FIN. */
void net_port_close(void);

/* True when everything written has been acknowledged by the peer, or there is no stream. */
bool net_port_is_flushed(void);

/* Opens the datagram exchange with `address` and `port`, from a port drawn at random. */
bool net_port_datagram_open(NetPortAddress address, uint16_t port);

bool net_port_datagram_send(const uint8_t *buffer, size_t bytes);

/* Takes a datagram that came from the peer; zero if there is none. Longer ones are cut off. */
size_t net_port_datagram_receive(uint8_t *buffer, size_t bytes_max);

void net_port_datagram_close(void);

/* A random word for lwIP (identifiers, ports, sequence numbers). */
uint32_t net_port_random(void);
