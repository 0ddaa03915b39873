/* SPDX-License-Identifier: MIT */

/*
 * Two kinds of rule. A *field rule* puts a telling value into a field at a fixed place. A *shape
 * rule* is a function that changes the frame's structure: cuts, fragments, options, whole messages.
 *
 * M1  A frame never leaves the buffer: every rule keeps FRAME_BYTES_MIN <= bytes <=
 * FRAME_BYTES_MAX. M2  Rules see only the draft and draw only from its generator.
 */

#include "sim/world/peers/malform.h"

#include <assert.h>
#include <string.h>

#include <glib.h>

#define NETWORK_OFFSET   FRAME_ETHER_BYTES
#define TRANSPORT_OFFSET (FRAME_ETHER_BYTES + FRAME_IPV4_BYTES)
#define UDP_PAYLOAD      (TRANSPORT_OFFSET + FRAME_UDP_BYTES)
#define TCP_PAYLOAD      (TRANSPORT_OFFSET + FRAME_TCP_BYTES)

#define PORT_DNS         53u
#define PORT_DHCP_SERVER 67u
#define PORT_DHCP_CLIENT 68u

#define DHCP_OPTIONS 236u /* the cookie; options follow it */
#define DNS_HEADER   12u
#define RULES_MAX    3u
#define VALUES_MAX   8u

typedef struct Draft {
    Prng *prng;
    const MalformScene *scene;
    uint8_t *frame;
    size_t bytes;
} Draft;

typedef struct FieldRule {
    MalformLayer layer;
    const char *name;
    size_t offset;
    unsigned width;
    unsigned count;
    uint32_t values[VALUES_MAX];
} FieldRule;

typedef struct ShapeRule {
    MalformLayer layer;
    const char *name;
    void (*apply)(Draft *draft);
} ShapeRule;

static const char *const layer_names[MALFORM_LAYERS] = {"ethernet", "arp",  "ip", "udp",
                                                        "tcp",      "dhcp", "dns"};

bool malform_layer_of(const char *name, MalformLayer *ret_layer)
{
    for (unsigned i = 0; i < MALFORM_LAYERS; i++) {
        if (strcmp(name, layer_names[i]) == 0) {
            *ret_layer = (MalformLayer)i;
            return true;
        }
    }
    return false;
}

const char *malform_layer_name(MalformLayer layer)
{
    assert(layer < MALFORM_LAYERS);
    return layer_names[layer];
}

static uint64_t below(Draft *draft, uint64_t bound)
{
    return prng_below(draft->prng, bound);
}

static uint16_t some_port(Draft *draft)
{
    static const uint16_t ports[] = {53, 67, 68, 80, 123, 443, 5353, 0};
    uint64_t pick = below(draft, 12);
    if (pick < 6 && draft->scene->target_port != 0) {
        return draft->scene->target_port;
    }
    return pick < 10 ? ports[below(draft, G_N_ELEMENTS(ports))] : (uint16_t)prng_u64(draft->prng);
}

/* --- Field rules ------------------------------------------------------------------------------ */

#define FIELD(layer, name, base, offset, width, ...)                                               \
    {                                                                                              \
        MALFORM_LAYER_##layer, name, (base) + (offset), width,                                     \
            sizeof((const uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t),                            \
        {                                                                                          \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }

static const FieldRule field_rules[] = {
    FIELD(ETHERNET, "type", 0, 12, 2, 0, 46, 0x5ff, 0x600, 0x8100, 0x86dd, 0x88a8, 0xffff),
    FIELD(ETHERNET, "to", 0, 0, 4, 0xffffffff, 0x01005e00, 0x33330000, 0),
    FIELD(ETHERNET, "from", 0, 6, 4, 0xffffffff, 0, 0x01005e00),
    FIELD(ARP, "hardware", NETWORK_OFFSET, 0, 2, 0, 6, 0xffff),
    FIELD(ARP, "protocol", NETWORK_OFFSET, 2, 2, 0, 0x86dd, 0xffff),
    FIELD(ARP, "hardware_bytes", NETWORK_OFFSET, 4, 1, 0, 1, 5, 7, 16, 255),
    FIELD(ARP, "protocol_bytes", NETWORK_OFFSET, 5, 1, 0, 1, 3, 5, 16, 255),
    FIELD(ARP, "operation", NETWORK_OFFSET, 6, 2, 0, 3, 8, 0xff00, 0xffff),
    FIELD(ARP, "sender", NETWORK_OFFSET, 14, 4, 0, 0xffffffff, 0x7f000001, 0xe0000001),
    FIELD(ARP, "sender_hardware", NETWORK_OFFSET, 8, 4, 0, 0xffffffff, 0x01005e00),
    FIELD(IP, "version_words", NETWORK_OFFSET, 0, 1, 0x00, 0x05, 0x40, 0x44, 0x46, 0x4f, 0x65,
          0xff),
    FIELD(IP, "total", NETWORK_OFFSET, 2, 2, 0, 1, 19, 20, 21, 0x05dd, 0x7fff, 0xffff),
    FIELD(IP, "fragment", NETWORK_OFFSET, 6, 2, 0x2000, 0x1fff, 0x3fff, 0x0001, 0x8000, 0x4001,
          0xffff),
    FIELD(IP, "time_to_live", NETWORK_OFFSET, 8, 1, 0, 1, 255),
    FIELD(IP, "protocol", NETWORK_OFFSET, 9, 1, 0, 2, 4, 41, 50, 58, 132, 255),
    FIELD(IP, "checksum", NETWORK_OFFSET, 10, 2, 0, 0xffff),
    FIELD(IP, "from", NETWORK_OFFSET, 12, 4, 0, 0xffffffff, 0x7f000001, 0xe0000001, 0xf0000000),
    FIELD(IP, "to", NETWORK_OFFSET, 16, 4, 0, 0xffffffff, 0x7f000001, 0xe0000001, 0xf0000000),
    FIELD(UDP, "from_port", TRANSPORT_OFFSET, 0, 2, 0, 53, 67, 123, 0xffff),
    FIELD(UDP, "to_port", TRANSPORT_OFFSET, 2, 2, 0, 1, 68, 0xffff),
    FIELD(UDP, "length", TRANSPORT_OFFSET, 4, 2, 0, 1, 7, 8, 9, 0x05dc, 0x7fff, 0xffff),
    FIELD(UDP, "checksum", TRANSPORT_OFFSET, 6, 2, 0, 1, 0xffff),
    FIELD(TCP, "from_port", TRANSPORT_OFFSET, 0, 2, 0, 443, 0xffff),
    FIELD(TCP, "sequence", TRANSPORT_OFFSET, 4, 4, 0, 1, 0x7fffffff, 0x80000000, 0xffffffff),
    FIELD(TCP, "acknowledged", TRANSPORT_OFFSET, 8, 4, 0, 1, 0x7fffffff, 0xffffffff),
    FIELD(TCP, "header_words", TRANSPORT_OFFSET, 12, 1, 0x00, 0x10, 0x40, 0x60, 0xa0, 0xf0, 0xff),
    FIELD(TCP, "flags", TRANSPORT_OFFSET, 13, 1, 0x00, 0x03, 0x06, 0x14, 0x29, 0x3f, 0xff),
    FIELD(TCP, "window", TRANSPORT_OFFSET, 14, 2, 0, 1, 0xffff),
    FIELD(TCP, "checksum", TRANSPORT_OFFSET, 16, 2, 0, 0xffff),
    FIELD(TCP, "urgent", TRANSPORT_OFFSET, 18, 2, 1, 0x7fff, 0xffff),
    FIELD(DHCP, "operation", UDP_PAYLOAD, 0, 1, 0, 1, 3, 255),
    FIELD(DHCP, "hardware_type", UDP_PAYLOAD, 1, 1, 0, 6, 255),
    FIELD(DHCP, "hardware_bytes", UDP_PAYLOAD, 2, 1, 0, 1, 16, 17, 255),
    FIELD(DHCP, "transaction", UDP_PAYLOAD, 4, 4, 0, 0xffffffff),
    FIELD(DHCP, "your_address", UDP_PAYLOAD, 16, 4, 0, 0xffffffff, 0x7f000001, 0xe0000001),
    FIELD(DHCP, "cookie", UDP_PAYLOAD, 236, 4, 0, 0xffffffff, 0x63825362),
    FIELD(DNS, "flags", UDP_PAYLOAD, 2, 2, 0x0000, 0x8000, 0x8003, 0x8200, 0xf980, 0xffff),
    FIELD(DNS, "questions", UDP_PAYLOAD, 4, 2, 0, 2, 0xffff),
    FIELD(DNS, "answers", UDP_PAYLOAD, 6, 2, 0, 2, 255, 0xffff),
    FIELD(DNS, "authorities", UDP_PAYLOAD, 8, 2, 1, 0xffff),
    FIELD(DNS, "additionals", UDP_PAYLOAD, 10, 2, 1, 0xffff),
};

static void apply_field(Draft *draft, const FieldRule *rule)
{
    if (rule->offset + rule->width > draft->bytes) {
        return;
    }
    uint32_t value = below(draft, 4) == 0 ? (uint32_t)prng_u64(draft->prng)
                                          : rule->values[below(draft, rule->count)];
    uint8_t *field = draft->frame + rule->offset;
    if (rule->width == 1) {
        field[0] = (uint8_t)value;
    } else if (rule->width == 2) {
        frame_put16(field, (uint16_t)value);
    } else {
        frame_put32(field, value);
    }
}

/* --- Shape rules ------------------------------------------------------------------------------ */

static void cut_short(Draft *draft)
{
    draft->bytes = FRAME_BYTES_MIN + (size_t)below(draft, draft->bytes - FRAME_BYTES_MIN + 1);
}

static void stretch(Draft *draft)
{
    size_t more = (size_t)below(draft, FRAME_BYTES_MAX - draft->bytes + 1);
    prng_fill(draft->prng, draft->frame + draft->bytes, more);
    draft->bytes += more;
}

static void scatter(Draft *draft)
{
    size_t changes = 1 + (size_t)below(draft, 16);
    for (size_t i = 0; i < changes && draft->bytes > FRAME_BYTES_MIN; i++) {
        size_t at = FRAME_BYTES_MIN + (size_t)below(draft, draft->bytes - FRAME_BYTES_MIN);
        draft->frame[at] = (uint8_t)prng_u64(draft->prng);
    }
}

/* Puts `count` bytes at `offset`, pushing the rest back. False if there is no room (M1). */
static bool insert(Draft *draft, size_t offset, const uint8_t *bytes, size_t count)
{
    if (offset > draft->bytes || count > FRAME_BYTES_MAX - draft->bytes) {
        return false;
    }
    memmove(draft->frame + offset + count, draft->frame + offset, draft->bytes - offset);
    memcpy(draft->frame + offset, bytes, count);
    draft->bytes += count;
    return true;
}

static void tag_again_and_again(Draft *draft)
{
    static const uint8_t tag[4] = {0x81, 0x00, 0x00, 0x01};
    size_t tags = 1 + (size_t)below(draft, 30);
    for (size_t i = 0; i < tags; i++) {
        (void)insert(draft, 12, tag, sizeof tag);
    }
}

static void come_from_target(Draft *draft)
{
    memcpy(draft->frame + 6, draft->scene->target.mac.bytes, FRAME_MAC_BYTES);
    if (draft->bytes >= TRANSPORT_OFFSET) {
        frame_put32(draft->frame + NETWORK_OFFSET + 12, draft->scene->target.address);
    }
}

static void claim_target_address(Draft *draft)
{
    frame_put32(draft->frame + NETWORK_OFFSET + 14, draft->scene->target.address);
}

/* Fills `options` (a multiple of four bytes) with options that lie about themselves. */
static void lying_options(Draft *draft, uint8_t *options, size_t count)
{
    static const uint8_t kinds[] = {2, 3, 4, 5, 7, 8, 68, 131, 137, 148, 253, 255};
    static const uint8_t lengths[] = {0, 1, 2, 3, 4, 10, 40, 255};
    prng_fill(draft->prng, options, count);
    for (size_t at = 0; at + 2 <= count; at += 2 + (size_t)below(draft, 4)) {
        options[at] = kinds[below(draft, G_N_ELEMENTS(kinds))];
        options[at + 1] = lengths[below(draft, G_N_ELEMENTS(lengths))];
    }
}

static void lie_in_ip_options(Draft *draft)
{
    uint8_t options[40];
    size_t words = 1 + (size_t)below(draft, 10);
    lying_options(draft, options, words * 4);
    if (draft->bytes >= TRANSPORT_OFFSET && insert(draft, TRANSPORT_OFFSET, options, words * 4)) {
        uint8_t *packet = draft->frame + NETWORK_OFFSET;
        packet[0] = (uint8_t)(0x40 | (5 + words));
        frame_put16(packet + 2, (uint16_t)(frame_get16(packet + 2) + words * 4));
    }
}

static void lie_in_tcp_options(Draft *draft)
{
    uint8_t options[40];
    size_t words = 1 + (size_t)below(draft, 10);
    lying_options(draft, options, words * 4);
    if (draft->bytes >= TCP_PAYLOAD && insert(draft, TCP_PAYLOAD, options, words * 4)) {
        uint8_t *packet = draft->frame + NETWORK_OFFSET;
        draft->frame[TRANSPORT_OFFSET + 12] = (uint8_t)((5 + words) << 4);
        frame_put16(packet + 2, (uint16_t)(frame_get16(packet + 2) + words * 4));
    }
}

/* One of the fragments of a packet whose pieces overlap, or never are all there. */
static void fragment(Draft *draft)
{
    if (draft->bytes < TRANSPORT_OFFSET) {
        return;
    }
    uint8_t *packet = draft->frame + NETWORK_OFFSET;
    uint16_t offset = (uint16_t)below(draft, below(draft, 2) == 0 ? 4 : 0x2000);
    uint16_t more = below(draft, 4) == 0 ? 0 : 0x2000;
    frame_put16(packet + 4, (uint16_t)below(draft, 3)); /* few packets, so that pieces meet */
    frame_put16(packet + 6, (uint16_t)(offset | more));
}

static void write_noise_options(Draft *draft)
{
    size_t options = UDP_PAYLOAD + DHCP_OPTIONS + 4;
    if (draft->bytes <= options) {
        return;
    }
    static const uint8_t codes[] = {1, 3, 6, 12, 15, 50, 51, 52, 53, 54, 58, 59, 61, 255};
    static const uint8_t lengths[] = {0, 1, 3, 4, 5, 8, 64, 254, 255};
    for (size_t at = options; at + 2 <= draft->bytes; at += 2 + (size_t)below(draft, 6)) {
        draft->frame[at] = codes[below(draft, G_N_ELEMENTS(codes))];
        draft->frame[at + 1] = lengths[below(draft, G_N_ELEMENTS(lengths))];
    }
}

/* The options say that they go on in `file` and `sname`, which say that they go on, too. */
static void overload_options(Draft *draft)
{
    static const uint8_t overload[] = {52, 1, 3};
    if (draft->bytes < UDP_PAYLOAD + DHCP_OPTIONS + 8) {
        return;
    }
    memcpy(draft->frame + UDP_PAYLOAD + DHCP_OPTIONS + 4, overload, sizeof overload);
    memcpy(draft->frame + UDP_PAYLOAD + 44, overload, sizeof overload);
    memcpy(draft->frame + UDP_PAYLOAD + 108, overload, sizeof overload);
}

static void drop_end_option(Draft *draft)
{
    for (size_t at = UDP_PAYLOAD + DHCP_OPTIONS + 4; at < draft->bytes; at++) {
        if (draft->frame[at] == 255) {
            draft->frame[at] = 1;
        }
    }
}

/* Any place in the message becomes a pointer: to itself, before it, behind it, outside. */
static void point_astray(Draft *draft)
{
    if (draft->bytes < UDP_PAYLOAD + DNS_HEADER + 2) {
        return;
    }
    size_t message_bytes = draft->bytes - UDP_PAYLOAD;
    size_t at = DNS_HEADER + (size_t)below(draft, message_bytes - DNS_HEADER - 1);
    const size_t targets[] = {at, DNS_HEADER, at + 2, message_bytes, 0x3fff, at - 1};
    size_t to = targets[below(draft, G_N_ELEMENTS(targets))];
    frame_put16(draft->frame + UDP_PAYLOAD + at, (uint16_t)(0xc000 | (to & 0x3fff)));
}

static void stretch_label(Draft *draft)
{
    static const uint8_t lengths[] = {0, 1, 63, 64, 0x80, 0xbf, 0xff};
    if (draft->bytes > UDP_PAYLOAD + DNS_HEADER) {
        size_t span = draft->bytes - UDP_PAYLOAD - DNS_HEADER;
        draft->frame[UDP_PAYLOAD + DNS_HEADER + below(draft, MIN(span, 12))] =
            lengths[below(draft, G_N_ELEMENTS(lengths))];
    }
}

/* The answer's length field is the last but four bytes of a message as we build it. */
static void lie_in_record_length(Draft *draft)
{
    static const uint16_t lengths[] = {0, 1, 3, 5, 16, 0x7fff, 0xffff};
    if (draft->bytes > UDP_PAYLOAD + DNS_HEADER + 6) {
        frame_put16(draft->frame + draft->bytes - 6, lengths[below(draft, G_N_ELEMENTS(lengths))]);
    }
}

#define SHAPE(layer, name, apply)                                                                  \
    {                                                                                              \
        MALFORM_LAYER_##layer, name, apply                                                         \
    }

static const ShapeRule shape_rules[] = {
    SHAPE(ETHERNET, "cut_short", cut_short),
    SHAPE(ETHERNET, "stretch", stretch),
    SHAPE(ETHERNET, "tags", tag_again_and_again),
    SHAPE(ETHERNET, "scatter", scatter),
    SHAPE(ARP, "cut_short", cut_short),
    SHAPE(ARP, "scatter", scatter),
    SHAPE(ARP, "conflict", claim_target_address),
    SHAPE(IP, "cut_short", cut_short),
    SHAPE(IP, "stretch", stretch),
    SHAPE(IP, "options", lie_in_ip_options),
    SHAPE(IP, "fragment", fragment),
    SHAPE(IP, "land", come_from_target),
    SHAPE(UDP, "cut_short", cut_short),
    SHAPE(UDP, "stretch", stretch),
    SHAPE(UDP, "scatter", scatter),
    SHAPE(UDP, "fragment", fragment),
    SHAPE(TCP, "cut_short", cut_short),
    SHAPE(TCP, "options", lie_in_tcp_options),
    SHAPE(TCP, "scatter", scatter),
    SHAPE(TCP, "land", come_from_target),
    SHAPE(DHCP, "cut_short", cut_short),
    SHAPE(DHCP, "options", write_noise_options),
    SHAPE(DHCP, "overload", overload_options),
    SHAPE(DHCP, "no_end", drop_end_option),
    SHAPE(DHCP, "scatter", scatter),
    SHAPE(DNS, "cut_short", cut_short),
    SHAPE(DNS, "pointer", point_astray),
    SHAPE(DNS, "label", stretch_label),
    SHAPE(DNS, "record_length", lie_in_record_length),
    SHAPE(DNS, "scatter", scatter),
};

/* --- Valid frames to begin with --------------------------------------------------------------- */

static void build_arp(Draft *draft)
{
    const MalformScene *scene = draft->scene;
    FrameArp arp = {
        .is_request = below(draft, 2) == 0, .sender = scene->attacker, .target = scene->target};
    draft->bytes = frame_write_arp(draft->frame, scene->target.mac, &arp);
}

static void build_udp(Draft *draft)
{
    uint8_t payload[64];
    size_t bytes = (size_t)below(draft, sizeof payload + 1);
    prng_fill(draft->prng, payload, bytes);
    draft->bytes = frame_write_udp(draft->frame, draft->scene->attacker, some_port(draft),
                                   draft->scene->target, some_port(draft), payload, bytes);
}

static void build_ip(Draft *draft)
{
    uint8_t payload[64];
    size_t bytes = (size_t)below(draft, sizeof payload + 1);
    prng_fill(draft->prng, payload, bytes);
    if (below(draft, 2) == 0) {
        draft->bytes = frame_write_echo(draft->frame, draft->scene->attacker, draft->scene->target,
                                        true, 0xfade, 1, payload, bytes);
    } else {
        build_udp(draft);
    }
}

static void build_tcp(Draft *draft)
{
    static const uint8_t flags[] = {0x02, 0x10, 0x12, 0x18, 0x04, 0x11};
    uint8_t segment[FRAME_TCP_BYTES + 64] = {0};
    size_t bytes = FRAME_TCP_BYTES + (size_t)below(draft, 65);
    frame_put16(segment, some_port(draft));
    frame_put16(segment + 2, some_port(draft));
    frame_put32(segment + 4, (uint32_t)prng_u64(draft->prng));
    frame_put32(segment + 8, (uint32_t)prng_u64(draft->prng));
    segment[12] = 0x50;
    segment[13] = flags[below(draft, G_N_ELEMENTS(flags))];
    frame_put16(segment + 14, 4096);
    prng_fill(draft->prng, segment + FRAME_TCP_BYTES, bytes - FRAME_TCP_BYTES);
    uint32_t pseudo = frame_pseudo_sum(draft->scene->attacker.address, draft->scene->target.address,
                                       FRAME_PROTOCOL_TCP, bytes);
    frame_put16(segment + 16, frame_checksum(segment, bytes, pseudo));
    draft->bytes = frame_write_ipv4(draft->frame, draft->scene->attacker, draft->scene->target,
                                    FRAME_PROTOCOL_TCP, segment, bytes);
}

static void build_dhcp(Draft *draft)
{
    const MalformScene *scene = draft->scene;
    static const uint8_t types[] = {2, 5, 6}; /* OFFER, ACK, NAK */
    uint8_t message[300] = {2, 1, FRAME_MAC_BYTES, 0};
    uint32_t transaction =
        scene->dhcp_transaction != 0 ? scene->dhcp_transaction : (uint32_t)prng_u64(draft->prng);
    frame_put32(message + 4, transaction);
    frame_put32(message + 16, scene->target.address);
    frame_put32(message + 20, scene->router.address);
    memcpy(message + 28, scene->target.mac.bytes, FRAME_MAC_BYTES);
    frame_put32(message + DHCP_OPTIONS, 0x63825363);
    uint8_t *options = message + DHCP_OPTIONS + 4;
    const uint8_t fixed[] = {53,  1,   types[below(draft, G_N_ELEMENTS(types))],
                             1,   4,   255,
                             255, 255, 0,
                             51,  4,   0,
                             0,   14,  16,
                             54,  4};
    memcpy(options, fixed, sizeof fixed);
    frame_put32(options + sizeof fixed, scene->router.address);
    options[sizeof fixed + 4] = 255;
    FrameStation server = {scene->attacker.mac, scene->router.address};
    draft->bytes = frame_write_udp(draft->frame, server, PORT_DHCP_SERVER, scene->target,
                                   PORT_DHCP_CLIENT, message, sizeof message);
}

static void build_dns(Draft *draft)
{
    const MalformScene *scene = draft->scene;
    static const uint8_t question[] = "\x07updates\x08lockstep\x04test\0\0\x01\0"; /* and class 1 */
    static const uint8_t answer[] = {0xc0, 0x0c, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4};
    uint8_t message[128] = {0};
    frame_put16(message, (uint16_t)prng_u64(draft->prng));
    frame_put16(message + 2, 0x8180);
    frame_put16(message + 4, 1);
    frame_put16(message + 6, 1);
    size_t bytes = DNS_HEADER;
    memcpy(message + bytes, question, sizeof question - 1);
    bytes += sizeof question - 1;
    message[bytes++] = 1;
    memcpy(message + bytes, answer, sizeof answer);
    bytes += sizeof answer;
    frame_put32(message + bytes, scene->attacker.address);
    bytes += 4;
    FrameStation server = {scene->attacker.mac, scene->name_server.address};
    draft->bytes = frame_write_udp(draft->frame, server, PORT_DNS, scene->target,
                                   scene->target_port != 0 ? scene->target_port : some_port(draft),
                                   message, bytes);
}

static void build(Draft *draft, MalformLayer layer)
{
    switch (layer) {
    case MALFORM_LAYER_ETHERNET:
        if (below(draft, 2) == 0) {
            build_arp(draft);
        } else {
            build_ip(draft);
        }
        break;
    case MALFORM_LAYER_ARP:
        build_arp(draft);
        break;
    case MALFORM_LAYER_IP:
        build_ip(draft);
        break;
    case MALFORM_LAYER_UDP:
        build_udp(draft);
        break;
    case MALFORM_LAYER_TCP:
        build_tcp(draft);
        break;
    case MALFORM_LAYER_DHCP:
        build_dhcp(draft);
        break;
    case MALFORM_LAYER_DNS:
    case MALFORM_LAYERS:
        build_dns(draft);
        break;
    }
}

/* --- Checksums, mended as far as the damage leaves a place for them --------------------------- */

static void mend_transport(Draft *draft, size_t offset, size_t bytes)
{
    uint8_t *packet = draft->frame + NETWORK_OFFSET;
    uint8_t *segment = draft->frame + offset;
    uint8_t protocol = packet[9];
    size_t place;
    size_t least;
    if (protocol == FRAME_PROTOCOL_TCP) {
        place = 16;
        least = FRAME_TCP_BYTES;
    } else if (protocol == FRAME_PROTOCOL_UDP) {
        place = 6;
        least = FRAME_UDP_BYTES;
    } else if (protocol == FRAME_PROTOCOL_ICMP) {
        place = 2;
        least = 4;
    } else {
        return;
    }
    if (bytes < least) {
        return;
    }
    uint32_t pseudo =
        protocol == FRAME_PROTOCOL_ICMP
            ? 0
            : frame_pseudo_sum(frame_get32(packet + 12), frame_get32(packet + 16), protocol, bytes);
    frame_put16(segment + place, 0);
    frame_put16(segment + place, frame_checksum(segment, bytes, pseudo));
}

static void mend(Draft *draft)
{
    uint8_t *packet = draft->frame + NETWORK_OFFSET;
    if (draft->bytes < TRANSPORT_OFFSET || frame_ethertype(draft->frame) != FRAME_ETHERTYPE_IPV4) {
        return;
    }
    size_t header_bytes = (size_t)(packet[0] & 0xf) * 4;
    size_t there = draft->bytes - NETWORK_OFFSET;
    size_t total = MIN(frame_get16(packet + 2), there);
    if (header_bytes >= FRAME_IPV4_BYTES && header_bytes <= total) {
        mend_transport(draft, NETWORK_OFFSET + header_bytes, total - header_bytes);
        frame_put16(packet + 10, 0);
        frame_put16(packet + 10, frame_checksum(packet, header_bytes, 0));
    }
}

/* Applies one rule of the layer, and gives its name. */
static const char *apply_rule(Draft *draft, MalformLayer layer)
{
    const FieldRule *fields[G_N_ELEMENTS(field_rules)];
    const ShapeRule *shapes[G_N_ELEMENTS(shape_rules)];
    size_t field_count = 0;
    size_t shape_count = 0;
    for (size_t i = 0; i < G_N_ELEMENTS(field_rules); i++) {
        if (field_rules[i].layer == layer) {
            fields[field_count++] = &field_rules[i];
        }
    }
    for (size_t i = 0; i < G_N_ELEMENTS(shape_rules); i++) {
        if (shape_rules[i].layer == layer) {
            shapes[shape_count++] = &shape_rules[i];
        }
    }
    size_t pick = (size_t)below(draft, field_count + shape_count);
    if (pick < field_count) {
        apply_field(draft, fields[pick]);
        return fields[pick]->name;
    }
    shapes[pick - field_count]->apply(draft);
    return shapes[pick - field_count]->name;
}

size_t malform_make(Prng *prng, MalformLayer layer, const MalformScene *scene, uint8_t *frame,
                    char ret_rules[MALFORM_RULES_CHARS])
{
    Draft draft = {.prng = prng, .scene = scene, .frame = frame};
    if (layer == MALFORM_LAYERS) {
        layer = (MalformLayer)below(&draft, MALFORM_LAYERS);
    }
    build(&draft, layer);
    g_strlcpy(ret_rules, layer_names[layer], MALFORM_RULES_CHARS);
    size_t rules = 1 + (size_t)below(&draft, RULES_MAX);
    for (size_t i = 0; i < rules; i++) {
        g_strlcat(ret_rules, i == 0 ? ":" : "+", MALFORM_RULES_CHARS);
        g_strlcat(ret_rules, apply_rule(&draft, layer), MALFORM_RULES_CHARS);
    }
    if (below(&draft, 2) == 0) {
        mend(&draft);
    }
    assert(draft.bytes >= FRAME_BYTES_MIN && draft.bytes <= FRAME_BYTES_MAX); /* M1 */
    return draft.bytes;
}
