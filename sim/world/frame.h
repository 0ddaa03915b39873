/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Reading and writing the frames of a home network: Ethernet, ARP, IPv4, UDP, ICMP echo.
 *
 * A frame is plain bytes, destination address first, without the check sequence. Reading is strict:
 * a view is only made of a frame whose every length, version and checksum is right, since whatever
 * comes from a device is hostile; what does not parse is nobody's. Views point into the frame.
 *
 * Addresses are numbers in host order (192.168.77.1 is 0xc0a84d01). Writing needs a buffer of
 * FRAME_BYTES_MAX and gives the length; payloads too long for one frame are a bug of the caller.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FRAME_BYTES_MIN      14u
#define FRAME_BYTES_MAX      1514u
#define FRAME_MAC_BYTES      6u
#define FRAME_ETHER_BYTES    14u
#define FRAME_IPV4_BYTES     20u
#define FRAME_UDP_BYTES      8u
#define FRAME_TCP_BYTES      20u
#define FRAME_ARP_BYTES      28u
#define FRAME_ETHERTYPE_IPV4 0x0800u
#define FRAME_ETHERTYPE_ARP  0x0806u
#define FRAME_PROTOCOL_ICMP  1u
#define FRAME_PROTOCOL_TCP   6u
#define FRAME_PROTOCOL_UDP   17u

#define FRAME_IPV4(a, b, c, d)                                                                     \
    (((uint32_t)(a) << 24) | ((uint32_t)(b) << 16) | ((uint32_t)(c) << 8) | (uint32_t)(d))

typedef struct FrameMac {
    uint8_t bytes[FRAME_MAC_BYTES];
} FrameMac;

/* A station of the network, as it stands in frames. */
typedef struct FrameStation {
    FrameMac mac;
    uint32_t address;
} FrameStation;

typedef struct FrameArp {
    bool is_request; /* else it is a reply */
    FrameStation sender;
    FrameStation target;
} FrameArp;

/* A whole, unfragmented IPv4 packet. */
typedef struct FrameIpv4 {
    FrameMac from_mac;
    FrameMac to_mac;
    uint32_t from;
    uint32_t to;
    uint8_t protocol;
    const uint8_t *payload;
    size_t payload_bytes;
} FrameIpv4;

typedef struct FrameUdp {
    FrameIpv4 ipv4;
    uint16_t from_port;
    uint16_t to_port;
    const uint8_t *payload;
    size_t payload_bytes;
} FrameUdp;

/* An ICMP echo request or reply. */
typedef struct FrameEcho {
    FrameIpv4 ipv4;
    bool is_request;
    uint16_t identifier;
    uint16_t sequence;
    const uint8_t *payload;
    size_t payload_bytes;
} FrameEcho;

uint16_t frame_get16(const uint8_t *bytes);
uint32_t frame_get32(const uint8_t *bytes);
void frame_put16(uint8_t *bytes, uint16_t value);
void frame_put32(uint8_t *bytes, uint32_t value);

bool frame_mac_equal(FrameMac a, FrameMac b);
bool frame_mac_is_group(FrameMac mac);
FrameMac frame_to(const uint8_t *frame);
FrameMac frame_from(const uint8_t *frame);
uint16_t frame_ethertype(const uint8_t *frame);
extern const FrameMac FRAME_MAC_BROADCAST;

/* Writes an address in dotted form into `text`, and gives `text`. */
#define FRAME_ADDRESS_CHARS 16u
char *frame_address_text(uint32_t address, char text[FRAME_ADDRESS_CHARS]);
#define FRAME_MAC_CHARS 18u
char *frame_mac_text(FrameMac mac, char text[FRAME_MAC_CHARS]);

/* The Internet checksum (RFC 1071) of `bytes`, starting from the ones' complement sum `start`. */
uint16_t frame_checksum(const uint8_t *bytes, size_t count, uint32_t start);

/* The sum over the pseudo-header of UDP and TCP, to start `frame_checksum` from. */
uint32_t frame_pseudo_sum(uint32_t from, uint32_t to, uint8_t protocol, size_t bytes);

/* Each is true if `frame` is exactly that, and fills the view. */
bool frame_read_arp(const uint8_t *frame, size_t bytes, FrameArp *ret_arp);
bool frame_read_ipv4(const uint8_t *frame, size_t bytes, FrameIpv4 *ret_ipv4);
bool frame_read_udp(const uint8_t *frame, size_t bytes, FrameUdp *ret_udp);
bool frame_read_echo(const uint8_t *frame, size_t bytes, FrameEcho *ret_echo);

/* Each writes a whole frame with right lengths and checksums, and gives its bytes. */
size_t frame_write_arp(uint8_t *frame, FrameMac to, const FrameArp *arp);
size_t frame_write_ipv4(uint8_t *frame, FrameStation from, FrameStation to, uint8_t protocol,
                        const uint8_t *payload, size_t payload_bytes);
size_t frame_write_udp(uint8_t *frame, FrameStation from, uint16_t from_port, FrameStation to,
                       uint16_t to_port, const uint8_t *payload, size_t payload_bytes);
size_t frame_write_echo(uint8_t *frame, FrameStation from, FrameStation to, bool is_request,
                        uint16_t identifier, uint16_t sequence, const uint8_t *payload,
                        size_t payload_bytes);
