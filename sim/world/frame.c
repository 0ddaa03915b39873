/* SPDX-License-Identifier: MIT */

/*
 * Layouts, as byte offsets. Ethernet: to 0, from 6, type 12, payload 14. ARP (RFC 826): hardware 0,
 * protocol 2, lengths 4 and 5, operation 6, sender 8 and 14, target 18 and 24. IPv4 (RFC 791):
 * version and header words 0, total length 2, identification 4, flags and offset 6, time to live 8,
 * protocol 9, checksum 10, from 12, to 16. UDP (RFC 768): ports 0 and 2, length 4, checksum 6. ICMP
 * echo (RFC 792): type 0, code 1, checksum 2, identifier 4, sequence 6, payload 8.
 */

#include "sim/world/frame.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define ARP_HARDWARE_ETHERNET 1u
#define ARP_REQUEST           1u
#define ARP_REPLY             2u
#define IPV4_VERSION_WORDS    0x45u   /* version 4, five words: no options */
#define IPV4_FRAGMENT_MASK    0x3fffu /* more fragments, or not the first */
#define IPV4_TIME_TO_LIVE     64u
#define ICMP_ECHO_REPLY       0u
#define ICMP_ECHO_REQUEST     8u
#define ICMP_ECHO_BYTES       8u

const FrameMac FRAME_MAC_BROADCAST = {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};

uint16_t frame_get16(const uint8_t *bytes)
{
    return (uint16_t)((uint16_t)(bytes[0] << 8) | bytes[1]);
}

uint32_t frame_get32(const uint8_t *bytes)
{
    return ((uint32_t)frame_get16(bytes) << 16) | frame_get16(bytes + 2);
}

void frame_put16(uint8_t *bytes, uint16_t value)
{
    bytes[0] = (uint8_t)(value >> 8);
    bytes[1] = (uint8_t)value;
}

void frame_put32(uint8_t *bytes, uint32_t value)
{
    frame_put16(bytes, (uint16_t)(value >> 16));
    frame_put16(bytes + 2, (uint16_t)value);
}

static FrameMac mac_at(const uint8_t *bytes)
{
    FrameMac mac;
    memcpy(mac.bytes, bytes, FRAME_MAC_BYTES);
    return mac;
}

bool frame_mac_equal(FrameMac a, FrameMac b)
{
    return memcmp(a.bytes, b.bytes, FRAME_MAC_BYTES) == 0;
}

bool frame_mac_is_group(FrameMac mac)
{
    return (mac.bytes[0] & 1) != 0;
}

FrameMac frame_to(const uint8_t *frame)
{
    return mac_at(frame);
}

FrameMac frame_from(const uint8_t *frame)
{
    return mac_at(frame + 6);
}

uint16_t frame_ethertype(const uint8_t *frame)
{
    return frame_get16(frame + 12);
}

char *frame_address_text(uint32_t address, char text[FRAME_ADDRESS_CHARS])
{
    snprintf(text, FRAME_ADDRESS_CHARS, "%u.%u.%u.%u", address >> 24, (address >> 16) & 0xff,
             (address >> 8) & 0xff, address & 0xff);
    return text;
}

char *frame_mac_text(FrameMac mac, char text[FRAME_MAC_CHARS])
{
    snprintf(text, FRAME_MAC_CHARS, "%02x:%02x:%02x:%02x:%02x:%02x", mac.bytes[0], mac.bytes[1],
             mac.bytes[2], mac.bytes[3], mac.bytes[4], mac.bytes[5]);
    return text;
}

uint16_t frame_checksum(const uint8_t *bytes, size_t count, uint32_t start)
{
    uint64_t sum = start;
    for (size_t i = 0; i + 1 < count; i += 2) {
        sum += frame_get16(bytes + i);
    }
    if (count % 2 != 0) {
        sum += (uint64_t)bytes[count - 1] << 8;
    }
    while (sum >> 16 != 0) {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return (uint16_t)~sum;
}

uint32_t frame_pseudo_sum(uint32_t from, uint32_t to, uint8_t protocol, size_t bytes)
{
    return (from >> 16) + (from & 0xffff) + (to >> 16) + (to & 0xffff) + protocol + (uint32_t)bytes;
}

bool frame_read_arp(const uint8_t *frame, size_t bytes, FrameArp *ret_arp)
{
    if (bytes < FRAME_ETHER_BYTES + FRAME_ARP_BYTES || bytes > FRAME_BYTES_MAX ||
        frame_ethertype(frame) != FRAME_ETHERTYPE_ARP) {
        return false;
    }
    const uint8_t *arp = frame + FRAME_ETHER_BYTES;
    uint16_t operation = frame_get16(arp + 6);
    if (frame_get16(arp) != ARP_HARDWARE_ETHERNET || frame_get16(arp + 2) != FRAME_ETHERTYPE_IPV4 ||
        arp[4] != FRAME_MAC_BYTES || arp[5] != 4 ||
        (operation != ARP_REQUEST && operation != ARP_REPLY)) {
        return false;
    }
    ret_arp->is_request = operation == ARP_REQUEST;
    ret_arp->sender = (FrameStation){mac_at(arp + 8), frame_get32(arp + 14)};
    ret_arp->target = (FrameStation){mac_at(arp + 18), frame_get32(arp + 24)};
    return true;
}

bool frame_read_ipv4(const uint8_t *frame, size_t bytes, FrameIpv4 *ret_ipv4)
{
    if (bytes < FRAME_ETHER_BYTES + FRAME_IPV4_BYTES || bytes > FRAME_BYTES_MAX ||
        frame_ethertype(frame) != FRAME_ETHERTYPE_IPV4) {
        return false;
    }
    const uint8_t *packet = frame + FRAME_ETHER_BYTES;
    size_t total = frame_get16(packet + 2);
    if (packet[0] != IPV4_VERSION_WORDS || total < FRAME_IPV4_BYTES ||
        total > bytes - FRAME_ETHER_BYTES || (frame_get16(packet + 6) & IPV4_FRAGMENT_MASK) != 0 ||
        frame_checksum(packet, FRAME_IPV4_BYTES, 0) != 0) {
        return false;
    }
    *ret_ipv4 = (FrameIpv4){.from_mac = frame_from(frame),
                            .to_mac = frame_to(frame),
                            .from = frame_get32(packet + 12),
                            .to = frame_get32(packet + 16),
                            .protocol = packet[9],
                            .payload = packet + FRAME_IPV4_BYTES,
                            .payload_bytes = total - FRAME_IPV4_BYTES};
    return true;
}

bool frame_read_udp(const uint8_t *frame, size_t bytes, FrameUdp *ret_udp)
{
    FrameIpv4 ipv4;
    if (!frame_read_ipv4(frame, bytes, &ipv4) || ipv4.protocol != FRAME_PROTOCOL_UDP ||
        ipv4.payload_bytes < FRAME_UDP_BYTES ||
        frame_get16(ipv4.payload + 4) != ipv4.payload_bytes) {
        return false;
    }
    /* A checksum of zero means that there is none. */
    uint32_t pseudo = frame_pseudo_sum(ipv4.from, ipv4.to, ipv4.protocol, ipv4.payload_bytes);
    if (frame_get16(ipv4.payload + 6) != 0 &&
        frame_checksum(ipv4.payload, ipv4.payload_bytes, pseudo) != 0) {
        return false;
    }
    *ret_udp = (FrameUdp){.ipv4 = ipv4,
                          .from_port = frame_get16(ipv4.payload),
                          .to_port = frame_get16(ipv4.payload + 2),
                          .payload = ipv4.payload + FRAME_UDP_BYTES,
                          .payload_bytes = ipv4.payload_bytes - FRAME_UDP_BYTES};
    return true;
}

bool frame_read_echo(const uint8_t *frame, size_t bytes, FrameEcho *ret_echo)
{
    FrameIpv4 ipv4;
    if (!frame_read_ipv4(frame, bytes, &ipv4) || ipv4.protocol != FRAME_PROTOCOL_ICMP ||
        ipv4.payload_bytes < ICMP_ECHO_BYTES || ipv4.payload[1] != 0 ||
        (ipv4.payload[0] != ICMP_ECHO_REQUEST && ipv4.payload[0] != ICMP_ECHO_REPLY) ||
        frame_checksum(ipv4.payload, ipv4.payload_bytes, 0) != 0) {
        return false;
    }
    *ret_echo = (FrameEcho){.ipv4 = ipv4,
                            .is_request = ipv4.payload[0] == ICMP_ECHO_REQUEST,
                            .identifier = frame_get16(ipv4.payload + 4),
                            .sequence = frame_get16(ipv4.payload + 6),
                            .payload = ipv4.payload + ICMP_ECHO_BYTES,
                            .payload_bytes = ipv4.payload_bytes - ICMP_ECHO_BYTES};
    return true;
}

static void write_ether(uint8_t *frame, FrameMac to, FrameMac from, uint16_t ethertype)
{
    memcpy(frame, to.bytes, FRAME_MAC_BYTES);
    memcpy(frame + 6, from.bytes, FRAME_MAC_BYTES);
    frame_put16(frame + 12, ethertype);
}

size_t frame_write_arp(uint8_t *frame, FrameMac to, const FrameArp *arp)
{
    write_ether(frame, to, arp->sender.mac, FRAME_ETHERTYPE_ARP);
    uint8_t *body = frame + FRAME_ETHER_BYTES;
    frame_put16(body, ARP_HARDWARE_ETHERNET);
    frame_put16(body + 2, FRAME_ETHERTYPE_IPV4);
    body[4] = FRAME_MAC_BYTES;
    body[5] = 4;
    frame_put16(body + 6, arp->is_request ? ARP_REQUEST : ARP_REPLY);
    memcpy(body + 8, arp->sender.mac.bytes, FRAME_MAC_BYTES);
    frame_put32(body + 14, arp->sender.address);
    memcpy(body + 18, arp->target.mac.bytes, FRAME_MAC_BYTES);
    frame_put32(body + 24, arp->target.address);
    return FRAME_ETHER_BYTES + FRAME_ARP_BYTES;
}

/* Writes both headers around a payload that is in its place already. */
static size_t write_ipv4_headers(uint8_t *frame, FrameStation from, FrameStation to,
                                 uint8_t protocol, size_t payload_bytes)
{
    size_t total = FRAME_IPV4_BYTES + payload_bytes;
    assert(FRAME_ETHER_BYTES + total <= FRAME_BYTES_MAX);
    write_ether(frame, to.mac, from.mac, FRAME_ETHERTYPE_IPV4);
    uint8_t *packet = frame + FRAME_ETHER_BYTES;
    memset(packet, 0, FRAME_IPV4_BYTES);
    packet[0] = IPV4_VERSION_WORDS;
    frame_put16(packet + 2, (uint16_t)total);
    packet[8] = IPV4_TIME_TO_LIVE;
    packet[9] = protocol;
    frame_put32(packet + 12, from.address);
    frame_put32(packet + 16, to.address);
    frame_put16(packet + 10, frame_checksum(packet, FRAME_IPV4_BYTES, 0));
    return FRAME_ETHER_BYTES + total;
}

size_t frame_write_ipv4(uint8_t *frame, FrameStation from, FrameStation to, uint8_t protocol,
                        const uint8_t *payload, size_t payload_bytes)
{
    assert(FRAME_ETHER_BYTES + FRAME_IPV4_BYTES + payload_bytes <= FRAME_BYTES_MAX);
    if (payload_bytes > 0) {
        memmove(frame + FRAME_ETHER_BYTES + FRAME_IPV4_BYTES, payload, payload_bytes);
    }
    return write_ipv4_headers(frame, from, to, protocol, payload_bytes);
}

size_t frame_write_udp(uint8_t *frame, FrameStation from, uint16_t from_port, FrameStation to,
                       uint16_t to_port, const uint8_t *payload, size_t payload_bytes)
{
    size_t udp_bytes = FRAME_UDP_BYTES + payload_bytes;
    assert(FRAME_ETHER_BYTES + FRAME_IPV4_BYTES + udp_bytes <= FRAME_BYTES_MAX);
    uint8_t *udp = frame + FRAME_ETHER_BYTES + FRAME_IPV4_BYTES;
    if (payload_bytes > 0) {
        memmove(udp + FRAME_UDP_BYTES, payload, payload_bytes);
    }
    frame_put16(udp, from_port);
    frame_put16(udp + 2, to_port);
    frame_put16(udp + 4, (uint16_t)udp_bytes);
    frame_put16(udp + 6, 0);
    uint32_t pseudo = frame_pseudo_sum(from.address, to.address, FRAME_PROTOCOL_UDP, udp_bytes);
    uint16_t checksum = frame_checksum(udp, udp_bytes, pseudo);
    frame_put16(udp + 6, checksum == 0 ? 0xffff : checksum);
    return write_ipv4_headers(frame, from, to, FRAME_PROTOCOL_UDP, udp_bytes);
}

size_t frame_write_echo(uint8_t *frame, FrameStation from, FrameStation to, bool is_request,
                        uint16_t identifier, uint16_t sequence, const uint8_t *payload,
                        size_t payload_bytes)
{
    size_t icmp_bytes = ICMP_ECHO_BYTES + payload_bytes;
    assert(FRAME_ETHER_BYTES + FRAME_IPV4_BYTES + icmp_bytes <= FRAME_BYTES_MAX);
    uint8_t *icmp = frame + FRAME_ETHER_BYTES + FRAME_IPV4_BYTES;
    if (payload_bytes > 0) {
        memmove(icmp + ICMP_ECHO_BYTES, payload, payload_bytes);
    }
    icmp[0] = is_request ? ICMP_ECHO_REQUEST : ICMP_ECHO_REPLY;
    icmp[1] = 0;
    frame_put16(icmp + 2, 0);
    frame_put16(icmp + 4, identifier);
    frame_put16(icmp + 6, sequence);
    frame_put16(icmp + 2, frame_checksum(icmp, icmp_bytes, 0));
    return write_ipv4_headers(frame, from, to, FRAME_PROTOCOL_ICMP, icmp_bytes);
}
