/* SPDX-License-Identifier: MIT */

/*
 * Do the lab's stations read strictly what a hostile device sends, and answer by the book?
 *
 * Frames, the firewall, names, time: everything that parses frames, and needs no device.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <glib.h>

#include "sim/world/firewall.h"
#include "sim/world/frame.h"
#include "sim/world/peers/dns.h"
#include "sim/world/peers/malform.h"
#include "sim/world/peers/ntp.h"

static const FrameStation DEVICE = {{{2, 0, 0, 0, 0, 9}}, FRAME_IPV4(192, 168, 77, 20)};
static const FrameStation SERVER = {{{2, 0, 0, 0, 0, 1}}, FRAME_IPV4(192, 168, 77, 2)};

typedef struct Fixture {
    Queue *queue;
    Recorder *recorder;
    Prng root;
    uint8_t reply[FRAME_BYTES_MAX];
    size_t reply_bytes;
} Fixture;

static void keep_reply(const uint8_t *frame, size_t bytes, void *user_data)
{
    Fixture *fixture = user_data;
    memcpy(fixture->reply, frame, bytes);
    fixture->reply_bytes = bytes;
}

static void open_fixture(Fixture *fixture)
{
    memset(fixture, 0, sizeof *fixture);
    fixture->queue = queue_new();
    fixture->recorder = recorder_new();
    fixture->root = prng_new(3);
}

static void close_fixture(Fixture *fixture)
{
    recorder_free(fixture->recorder);
    queue_free(fixture->queue);
}

/* --- Frames ------------------------------------------------------------------------------------
 */

static void test_frame__reads_back_what_it_writes(void **state)
{
    (void)state;
    uint8_t frame[FRAME_BYTES_MAX];
    FrameUdp udp;
    FrameEcho echo;
    FrameArp arp = {.is_request = true, .sender = DEVICE, .target = SERVER};
    FrameArp read;
    size_t bytes = frame_write_udp(frame, DEVICE, 68, SERVER, 67, (const uint8_t *)"hello", 5);
    assert_true(frame_read_udp(frame, bytes, &udp));
    assert_int_equal(udp.from_port, 68);
    assert_int_equal(udp.to_port, 67);
    assert_int_equal(udp.payload_bytes, 5);
    assert_memory_equal(udp.payload, "hello", 5);
    assert_int_equal(udp.ipv4.from, DEVICE.address);
    bytes = frame_write_echo(frame, DEVICE, SERVER, true, 7, 8, (const uint8_t *)"abc", 3);
    assert_true(frame_read_echo(frame, bytes, &echo));
    assert_true(echo.is_request && echo.identifier == 7 && echo.sequence == 8);
    bytes = frame_write_arp(frame, FRAME_MAC_BROADCAST, &arp);
    assert_true(frame_read_arp(frame, bytes, &read));
    assert_int_equal(read.target.address, SERVER.address);
}

/* No single changed bit of header or payload may pass, but in the address of the Ethernet frame. */
static void test_frame__refuses_every_flipped_bit_of_a_udp_packet(void **state)
{
    (void)state;
    uint8_t frame[FRAME_BYTES_MAX];
    FrameUdp udp;
    size_t bytes = frame_write_udp(frame, DEVICE, 68, SERVER, 67, (const uint8_t *)"hello!", 6);
    for (size_t bit = 12 * 8; bit < bytes * 8; bit++) {
        frame[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        assert_false(frame_read_udp(frame, bytes, &udp));
        frame[bit / 8] ^= (uint8_t)(1u << (bit % 8));
    }
    for (size_t cut = 0; cut < bytes; cut++) {
        assert_false(frame_read_udp(frame, cut, &udp));
    }
    assert_true(frame_read_udp(frame, bytes, &udp));
}

/* --- The firewall ------------------------------------------------------------------------------
 */

static Firewall make_firewall(void)
{
    Firewall firewall = {.router = {{{0x52, 0x55, 192, 168, 77, 1}}, FRAME_IPV4(192, 168, 77, 1)},
                         .network = FRAME_IPV4(192, 168, 77, 0),
                         .mask = FRAME_IPV4(255, 255, 255, 0),
                         .service_count = 1};
    firewall.services[0] =
        (FirewallService){FRAME_IPV4(203, 0, 113, 10), 443, FRAME_IPV4(192, 168, 77, 200)};
    return firewall;
}

/* A segment of a device's to an address and port behind the router. */
static size_t write_segment(uint8_t *frame, const Firewall *firewall, uint32_t to, uint16_t port,
                            uint8_t flags)
{
    uint8_t segment[FRAME_TCP_BYTES + 4] = {0xc0, 0x00};
    FrameStation server = {firewall->router.mac, to};
    frame_put16(segment + 2, port);
    segment[12] = 0x50;
    segment[13] = flags;
    memcpy(segment + FRAME_TCP_BYTES, "data", 4);
    uint32_t pseudo = frame_pseudo_sum(DEVICE.address, to, FRAME_PROTOCOL_TCP, sizeof segment);
    frame_put16(segment + 16, frame_checksum(segment, sizeof segment, pseudo));
    return frame_write_ipv4(frame, DEVICE, server, FRAME_PROTOCOL_TCP, segment, sizeof segment);
}

static bool is_sound_segment(const uint8_t *frame, size_t bytes, uint32_t *ret_from,
                             uint32_t *ret_to)
{
    FrameIpv4 ipv4;
    if (!frame_read_ipv4(frame, bytes, &ipv4)) {
        return false;
    }
    *ret_from = ipv4.from;
    *ret_to = ipv4.to;
    uint32_t pseudo = frame_pseudo_sum(ipv4.from, ipv4.to, FRAME_PROTOCOL_TCP, ipv4.payload_bytes);
    return frame_checksum(ipv4.payload, ipv4.payload_bytes, pseudo) == 0;
}

static void test_firewall__translates_a_segment_to_a_service_and_back(void **state)
{
    (void)state;
    const Firewall firewall = make_firewall();
    uint8_t frame[FRAME_BYTES_MAX];
    FirewallFlow flow;
    uint32_t from = 0;
    uint32_t to = 0;
    size_t bytes = write_segment(frame, &firewall, FRAME_IPV4(203, 0, 113, 10), 443, 2);
    assert_true(firewall_admit(&firewall, frame, bytes, &flow));
    assert_true(flow.is_service);
    assert_int_equal(flow.client, DEVICE.address);
    assert_true(is_sound_segment(frame, bytes, &from, &to));
    assert_int_equal(to, FRAME_IPV4(192, 168, 77, 200));

    FrameStation inside = {firewall.router.mac, FRAME_IPV4(192, 168, 77, 200)};
    uint8_t segment[FRAME_TCP_BYTES] = {0x01, 0xbb, 0xc0, 0x00};
    segment[12] = 0x50;
    uint32_t pseudo =
        frame_pseudo_sum(inside.address, DEVICE.address, FRAME_PROTOCOL_TCP, sizeof segment);
    frame_put16(segment + 16, frame_checksum(segment, sizeof segment, pseudo));
    bytes = frame_write_ipv4(frame, inside, DEVICE, FRAME_PROTOCOL_TCP, segment, sizeof segment);
    firewall_release(&firewall, frame, bytes);
    assert_true(is_sound_segment(frame, bytes, &from, &to));
    assert_int_equal(from, FRAME_IPV4(203, 0, 113, 10));
}

static void test_firewall__turns_away_everything_else(void **state)
{
    (void)state;
    const Firewall firewall = make_firewall();
    uint8_t frame[FRAME_BYTES_MAX];
    FirewallFlow flow;
    const struct {
        uint32_t to;
        uint16_t port;
        uint8_t flags;
    } segments[] = {
        {FRAME_IPV4(203, 0, 113, 10), 444, 2},    /* another port */
        {FRAME_IPV4(203, 0, 113, 11), 443, 2},    /* another address */
        {FRAME_IPV4(127, 0, 0, 1), 443, 2},       /* the host's own */
        {FRAME_IPV4(192, 168, 77, 1), 22, 2},     /* the router */
        {FRAME_IPV4(192, 168, 77, 200), 443, 2},  /* the inside address itself */
        {FRAME_IPV4(203, 0, 113, 10), 443, 0x22}, /* urgent */
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(segments); i++) {
        size_t bytes =
            write_segment(frame, &firewall, segments[i].to, segments[i].port, segments[i].flags);
        assert_false(firewall_admit(&firewall, frame, bytes, &flow));
    }
    FrameStation router = firewall.router;
    size_t bytes = frame_write_udp(frame, DEVICE, 5353, router, 53, (const uint8_t *)"x", 1);
    assert_false(firewall_admit(&firewall, frame, bytes, &flow));
    bytes = frame_write_udp(frame, DEVICE, 68, router, 69, (const uint8_t *)"x", 1);
    assert_false(firewall_admit(&firewall, frame, bytes, &flow));
    FrameArp arp = {.is_request = true, .sender = DEVICE, .target = SERVER};
    bytes = frame_write_arp(frame, FRAME_MAC_BROADCAST, &arp);
    assert_false(firewall_admit(&firewall, frame, bytes, &flow)); /* not about the router */
    arp.target.address = router.address;
    bytes = frame_write_arp(frame, FRAME_MAC_BROADCAST, &arp);
    assert_true(firewall_admit(&firewall, frame, bytes, &flow));
    bytes = write_segment(frame, &firewall, FRAME_IPV4(203, 0, 113, 10), 443, 2);
    frame[5] ^= 1; /* to another station */
    assert_false(firewall_admit(&firewall, frame, bytes, &flow));
}

/* --- Names -------------------------------------------------------------------------------------
 */

static const uint8_t QUESTION[] = {0x12, 0x34, 0x01, 0, 0,   1,   0,   0,   0, 0, 0, 0, 4, 't',
                                   'i',  'm',  'e',  4, 't', 'e', 's', 't', 0, 0, 1, 0, 1};

static Dns *make_dns(Fixture *fixture)
{
    Dns *dns =
        dns_new(SERVER, fixture->queue, fixture->recorder, &fixture->root, keep_reply, fixture);
    dns_add(dns, (DnsRecord){"time.test", FRAME_IPV4(192, 168, 77, 3)});
    dns_set_spoof(dns, FRAME_IPV4(6, 6, 6, 6));
    return dns;
}

static void ask_dns(Fixture *fixture, Dns *dns, const uint8_t *message, size_t bytes)
{
    uint8_t frame[FRAME_BYTES_MAX];
    fixture->reply_bytes = 0;
    size_t frame_bytes = frame_write_udp(frame, DEVICE, 40000, SERVER, DNS_PORT, message, bytes);
    dns_input(dns, frame, frame_bytes);
}

/* The answer's code, and the address if there is one. */
static unsigned read_dns(const Fixture *fixture, uint32_t *ret_address)
{
    FrameUdp udp;
    assert_true(frame_read_udp(fixture->reply, fixture->reply_bytes, &udp));
    assert_int_equal(udp.to_port, 40000);
    assert_int_equal(frame_get16(udp.payload), 0x1234);
    *ret_address =
        frame_get16(udp.payload + 6) == 0 ? 0 : frame_get32(udp.payload + udp.payload_bytes - 4);
    return udp.payload[3] & 0xf;
}

static void test_dns__answers_in_every_mode(void **state)
{
    (void)state;
    Fixture fixture;
    open_fixture(&fixture);
    Dns *dns = make_dns(&fixture);
    const struct {
        DnsMode mode;
        unsigned code;
        uint32_t address;
    } answers[] = {{DNS_MODE_NORMAL, 0, FRAME_IPV4(192, 168, 77, 3)},
                   {DNS_MODE_SERVFAIL, 2, 0},
                   {DNS_MODE_NXDOMAIN, 3, 0},
                   {DNS_MODE_SPOOF, 0, FRAME_IPV4(6, 6, 6, 6)}};
    uint32_t address = 0;
    for (unsigned i = 0; i < G_N_ELEMENTS(answers); i++) {
        dns_set_mode(dns, answers[i].mode, NULL);
        ask_dns(&fixture, dns, QUESTION, sizeof QUESTION);
        assert_int_equal(read_dns(&fixture, &address), answers[i].code);
        assert_int_equal(address, answers[i].address);
    }
    dns_set_mode(dns, DNS_MODE_SILENT, NULL);
    ask_dns(&fixture, dns, QUESTION, sizeof QUESTION);
    assert_int_equal(fixture.reply_bytes, 0);
    assert_int_equal(recorder_events(fixture.recorder)->len, G_N_ELEMENTS(answers) + 1);
    dns_free(dns);
    close_fixture(&fixture);
}

static void test_dns__ignores_what_is_no_question(void **state)
{
    (void)state;
    Fixture fixture;
    open_fixture(&fixture);
    Dns *dns = make_dns(&fixture);
    const struct {
        size_t at;
        uint8_t value;
    } changes[] = {{2, 0x81},  /* a response */
                   {2, 0x29},  /* another operation */
                   {5, 2},     /* two questions */
                   {7, 1},     /* an answer */
                   {12, 0xc0}, /* a pointer */
                   {12, 64},   /* a label too long */
                   {17, 63},   /* a label past the end */
                   {14, 0xff}, /* no letter */
                   {26, 3}};   /* another class */
    for (unsigned i = 0; i < G_N_ELEMENTS(changes); i++) {
        uint8_t message[sizeof QUESTION];
        memcpy(message, QUESTION, sizeof message);
        message[changes[i].at] = changes[i].value;
        ask_dns(&fixture, dns, message, sizeof message);
        assert_int_equal(fixture.reply_bytes, 0);
    }
    for (size_t bytes = 0; bytes < sizeof QUESTION; bytes++) {
        ask_dns(&fixture, dns, QUESTION, bytes);
        assert_int_equal(fixture.reply_bytes, 0);
    }
    assert_int_equal(recorder_events(fixture.recorder)->len, 0);
    dns_free(dns);
    close_fixture(&fixture);
}

static void test_dns__garbage_is_never_the_right_answer_for_long(void **state)
{
    (void)state;
    Fixture fixture;
    open_fixture(&fixture);
    Dns *dns = make_dns(&fixture);
    ask_dns(&fixture, dns, QUESTION, sizeof QUESTION);
    uint8_t right[FRAME_BYTES_MAX];
    size_t right_bytes = fixture.reply_bytes;
    memcpy(right, fixture.reply, right_bytes);
    dns_set_mode(dns, DNS_MODE_GARBAGE, NULL);
    unsigned same = 0;
    for (unsigned i = 0; i < 500; i++) {
        ask_dns(&fixture, dns, QUESTION, sizeof QUESTION);
        assert_true(fixture.reply_bytes >= FRAME_ETHER_BYTES + FRAME_IPV4_BYTES + FRAME_UDP_BYTES);
        same +=
            fixture.reply_bytes == right_bytes && memcmp(right, fixture.reply, right_bytes) == 0;
    }
    assert_true(same < 5);
    dns_free(dns);
    close_fixture(&fixture);
}

/* --- Time --------------------------------------------------------------------------------------
 */

static void do_nothing(void *user_data)
{
    (void)user_data;
}

static void ask_ntp(Fixture *fixture, Ntp *ntp, uint8_t first, size_t bytes)
{
    uint8_t packet[100] = {first};
    uint8_t frame[FRAME_BYTES_MAX];
    frame_put32(packet + 40, 0xfeedbeef);
    frame_put32(packet + 44, 0x12345678);
    fixture->reply_bytes = 0;
    ntp_input(ntp, frame, frame_write_udp(frame, DEVICE, 50000, SERVER, NTP_PORT, packet, bytes));
}

static void test_ntp__tells_calendar_time_to_whom_it_asked(void **state)
{
    (void)state;
    Fixture fixture;
    open_fixture(&fixture);
    Ntp *ntp = ntp_new(SERVER, 1767225600, fixture.queue, fixture.recorder, keep_reply, &fixture);
    queue_add(fixture.queue, 90 * VTIME_S + VTIME_S / 2, do_nothing, NULL);
    queue_pop(fixture.queue);
    ask_ntp(&fixture, ntp, 0x23, NTP_PACKET_BYTES);
    FrameUdp udp;
    assert_true(frame_read_udp(fixture.reply, fixture.reply_bytes, &udp));
    assert_int_equal(udp.payload[0], 0x24);
    assert_int_equal(udp.payload[1], 1);
    assert_int_equal(frame_get32(udp.payload + 24), 0xfeedbeef);
    assert_int_equal(frame_get32(udp.payload + 40),
                     (uint32_t)(UINT64_C(1767225690) + UINT64_C(2208988800)));
    assert_int_equal(frame_get32(udp.payload + 44), 0x80000000);

    ntp_set_mode(ntp, NTP_MODE_WRONG, -3600 * VTIME_S, NULL);
    ask_ntp(&fixture, ntp, 0x23, NTP_PACKET_BYTES);
    assert_true(frame_read_udp(fixture.reply, fixture.reply_bytes, &udp));
    assert_int_equal(frame_get32(udp.payload + 40),
                     (uint32_t)(UINT64_C(1767222090) + UINT64_C(2208988800)));
    ntp_set_mode(ntp, NTP_MODE_FORGED, 0, NULL);
    ask_ntp(&fixture, ntp, 0x23, NTP_PACKET_BYTES);
    assert_true(frame_read_udp(fixture.reply, fixture.reply_bytes, &udp));
    assert_int_not_equal(frame_get32(udp.payload + 24), 0xfeedbeef);
    ntp_free(ntp);
    close_fixture(&fixture);
}

static void test_ntp__ignores_what_is_no_request(void **state)
{
    (void)state;
    Fixture fixture;
    open_fixture(&fixture);
    Ntp *ntp = ntp_new(SERVER, 0, fixture.queue, fixture.recorder, keep_reply, &fixture);
    const struct {
        uint8_t first;
        size_t bytes;
        bool answered;
    } requests[] = {{0x1b, 48, true},  {0x23, 48, true},  {0x13, 48, false}, {0x2b, 48, false},
                    {0x24, 48, false}, {0x23, 47, false}, {0x23, 49, false}, {0x23, 0, false}};
    for (unsigned i = 0; i < G_N_ELEMENTS(requests); i++) {
        ask_ntp(&fixture, ntp, requests[i].first, requests[i].bytes);
        assert_int_equal(fixture.reply_bytes > 0, requests[i].answered);
    }
    ntp_free(ntp);
    close_fixture(&fixture);
}

/* --- Malformed frames --------------------------------------------------------------------------
 */

static void test_malform__makes_frames_of_every_layer_that_fit_and_differ(void **state)
{
    (void)state;
    const MalformScene scene = {.attacker = {{{2, 0, 0, 0, 0, 66}}, FRAME_IPV4(192, 168, 77, 66)},
                                .target = DEVICE,
                                .router = {{{2, 0, 0, 0, 0, 2}}, FRAME_IPV4(192, 168, 77, 1)},
                                .name_server = SERVER,
                                .target_port = 51000,
                                .dhcp_transaction = 0x01020304};
    for (MalformLayer layer = MALFORM_LAYER_ETHERNET; layer <= MALFORM_LAYERS; layer++) {
        Prng prng = prng_new(layer);
        Prng again = prng;
        g_autoptr(GHashTable) rules = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        unsigned parsed = 0;
        for (unsigned i = 0; i < 2000; i++) {
            uint8_t frame[FRAME_BYTES_MAX];
            uint8_t same[FRAME_BYTES_MAX];
            char named[MALFORM_RULES_CHARS];
            size_t bytes = malform_make(&prng, layer, &scene, frame, named);
            assert_in_range(bytes, FRAME_BYTES_MIN, FRAME_BYTES_MAX);
            assert_int_equal(malform_make(&again, layer, &scene, same, named), bytes);
            assert_memory_equal(frame, same, bytes);
            g_hash_table_add(rules, g_strdup(named));
            FrameIpv4 ipv4;
            parsed += frame_read_ipv4(frame, bytes, &ipv4);
        }
        assert_true(g_hash_table_size(rules) > 50);
        if (layer >= MALFORM_LAYER_UDP && layer < MALFORM_LAYERS) {
            assert_in_range(parsed, 200, 1990); /* much gets past IP, much does not */
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_frame__reads_back_what_it_writes),
        cmocka_unit_test(test_frame__refuses_every_flipped_bit_of_a_udp_packet),
        cmocka_unit_test(test_firewall__translates_a_segment_to_a_service_and_back),
        cmocka_unit_test(test_firewall__turns_away_everything_else),
        cmocka_unit_test(test_dns__answers_in_every_mode),
        cmocka_unit_test(test_dns__ignores_what_is_no_question),
        cmocka_unit_test(test_dns__garbage_is_never_the_right_answer_for_long),
        cmocka_unit_test(test_ntp__tells_calendar_time_to_whom_it_asked),
        cmocka_unit_test(test_ntp__ignores_what_is_no_request),
        cmocka_unit_test(test_malform__makes_frames_of_every_layer_that_fit_and_differ),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
