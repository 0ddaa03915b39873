/* SPDX-License-Identifier: MIT */

#include "sim/world/firewall.h"

#define PORT_DHCP_SERVER 67u
#define PORT_DHCP_CLIENT 68u
#define BROADCAST        0xffffffffu
#define TCP_SYN          0x02u
#define TCP_ACK          0x10u
#define TCP_URGENT       0x20u
#define TCP_CHECKSUM     16u
#define IPV4_CHECKSUM    10u
#define IPV4_FROM        12u
#define IPV4_TO          16u

/* Replaces the checksum at `bytes` by what it is when one address takes the place of another. */
static void adjust_checksum(uint8_t *bytes, uint32_t old, uint32_t new)
{
    uint32_t sum = (uint16_t)~frame_get16(bytes);
    sum += (uint16_t) ~(old >> 16) + (uint32_t)(uint16_t)~old;
    sum += (new >> 16) + (new & 0xffff);
    while (sum >> 16 != 0) {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    frame_put16(bytes, (uint16_t)~sum);
}

/* Puts `address` at `offset` of the packet, from or to, of a frame with a whole TCP header. */
static void translate(uint8_t *frame, size_t offset, uint32_t address)
{
    uint8_t *packet = frame + FRAME_ETHER_BYTES;
    uint32_t old = frame_get32(packet + offset);
    adjust_checksum(packet + IPV4_CHECKSUM, old, address);
    adjust_checksum(packet + FRAME_IPV4_BYTES + TCP_CHECKSUM, old, address);
    frame_put32(packet + offset, address);
}

static bool is_home(const Firewall *firewall, uint32_t address)
{
    uint32_t host = address & ~firewall->mask;
    if ((address & firewall->mask) != firewall->network || host == 0 || host == ~firewall->mask ||
        address == firewall->router.address) {
        return false;
    }
    for (unsigned i = 0; i < firewall->service_count; i++) {
        if (address == firewall->services[i].inside) {
            return false;
        }
    }
    return true;
}

static bool admit_arp(const Firewall *firewall, const FrameArp *arp)
{
    return is_home(firewall, arp->sender.address) && !frame_mac_is_group(arp->sender.mac) &&
           (arp->target.address == firewall->router.address ||
            arp->target.address == arp->sender.address);
}

static bool admit_tcp(const Firewall *firewall, const FrameIpv4 *ipv4, FirewallFlow *flow)
{
    const uint8_t *segment = ipv4->payload;
    if (ipv4->payload_bytes < FRAME_TCP_BYTES || !is_home(firewall, ipv4->from)) {
        return false;
    }
    size_t header_bytes = (size_t)(segment[12] >> 4) * 4;
    uint32_t pseudo =
        frame_pseudo_sum(ipv4->from, ipv4->to, FRAME_PROTOCOL_TCP, ipv4->payload_bytes);
    if (header_bytes < FRAME_TCP_BYTES || header_bytes > ipv4->payload_bytes ||
        (segment[13] & TCP_URGENT) != 0 ||
        frame_checksum(segment, ipv4->payload_bytes, pseudo) != 0) {
        return false;
    }
    flow->opens = (segment[13] & (TCP_SYN | TCP_ACK)) == TCP_SYN;
    flow->client = ipv4->from;
    flow->client_port = frame_get16(segment);
    uint16_t port = frame_get16(segment + 2);
    for (unsigned i = 0; i < firewall->service_count; i++) {
        if (firewall->services[i].address == ipv4->to && firewall->services[i].port == port) {
            flow->is_service = true;
            flow->service = i;
            return true;
        }
    }
    return false;
}

static bool admit_udp(const Firewall *firewall, const uint8_t *frame, size_t bytes)
{
    FrameUdp udp;
    return frame_read_udp(frame, bytes, &udp) && udp.to_port == PORT_DHCP_SERVER &&
           udp.from_port == PORT_DHCP_CLIENT &&
           (udp.ipv4.to == BROADCAST || udp.ipv4.to == firewall->router.address) &&
           (udp.ipv4.from == 0 || is_home(firewall, udp.ipv4.from));
}

static bool admit_echo(const Firewall *firewall, const uint8_t *frame, size_t bytes)
{
    FrameEcho echo;
    return frame_read_echo(frame, bytes, &echo) && echo.is_request &&
           echo.ipv4.to == firewall->router.address && is_home(firewall, echo.ipv4.from);
}

bool firewall_admit(const Firewall *firewall, uint8_t *frame, size_t bytes, FirewallFlow *ret_flow)
{
    FirewallFlow flow = {.is_service = false};
    FrameArp arp;
    FrameIpv4 ipv4;
    bool admitted = false;
    if (bytes < FRAME_BYTES_MIN || (!frame_mac_equal(frame_to(frame), firewall->router.mac) &&
                                    !frame_mac_equal(frame_to(frame), FRAME_MAC_BROADCAST))) {
        return false;
    }
    if (frame_read_arp(frame, bytes, &arp)) {
        admitted = admit_arp(firewall, &arp);
    } else if (frame_read_ipv4(frame, bytes, &ipv4)) {
        admitted = (ipv4.protocol == FRAME_PROTOCOL_TCP && admit_tcp(firewall, &ipv4, &flow)) ||
                   (ipv4.protocol == FRAME_PROTOCOL_UDP && admit_udp(firewall, frame, bytes)) ||
                   (ipv4.protocol == FRAME_PROTOCOL_ICMP && admit_echo(firewall, frame, bytes));
    }
    if (admitted) {
        if (flow.is_service) {
            translate(frame, IPV4_TO, firewall->services[flow.service].inside);
        }
        *ret_flow = flow;
    }
    return admitted;
}

void firewall_release(const Firewall *firewall, uint8_t *frame, size_t bytes)
{
    FrameIpv4 ipv4;
    if (!frame_read_ipv4(frame, bytes, &ipv4) || ipv4.protocol != FRAME_PROTOCOL_TCP ||
        ipv4.payload_bytes < FRAME_TCP_BYTES) {
        return;
    }
    for (unsigned i = 0; i < firewall->service_count; i++) {
        if (firewall->services[i].inside == ipv4.from) {
            translate(frame, IPV4_FROM, firewall->services[i].address);
            return;
        }
    }
}
