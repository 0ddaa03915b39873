/* SPDX-License-Identifier: MIT */

/*
 * Can a device break the lab by what it sends over the network?
 *
 * The input is a series of pieces, each one length byte and so many bytes; what its first byte says
 * decides who gets it. Segments for the router are given headers and checksums that let them in, so
 * that libslirp and the streams behind it are reached, and the queue runs on between pieces.
 */

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <glib.h>

#include "sim/world/gateway.h"
#include "sim/world/peers/cloud_report.h"
#include "sim/world/peers/dns.h"
#include "sim/world/peers/http.h"
#include "sim/world/peers/ntp.h"

#define ADDRESS_DEVICE  FRAME_IPV4(192, 168, 77, 20)
#define ADDRESS_ROUTER  FRAME_IPV4(192, 168, 77, 1)
#define ADDRESS_SERVICE FRAME_IPV4(203, 0, 113, 10)
#define STREAM_ANSWER   3000u
#define POPS_MAX        50u

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

typedef struct Fixture {
    Queue *queue;
    Recorder *recorder;
    Gateway *gateway;
    Dns *dns;
    Ntp *ntp;
    FrameStation device;
    FrameStation server;
} Fixture;

static void drop_frame(const uint8_t *frame, size_t bytes, void *user_data)
{
    (void)frame;
    (void)user_data;
    if (bytes < FRAME_BYTES_MIN || bytes > FRAME_BYTES_MAX) {
        abort();
    }
}

static void *opened(GatewayStream *stream, void *user_data)
{
    (void)user_data;
    return stream;
}

/* A service that answers, ends and resets, as the device's bytes have it. */
static void received(void *session, const uint8_t *bytes, size_t count)
{
    static const uint8_t answer[STREAM_ANSWER];
    gateway_stream_write(session, answer, sizeof answer);
    if (bytes[count - 1] == 1) {
        gateway_stream_finish(session);
    } else if (bytes[count - 1] == 2) {
        gateway_stream_reset(session);
    }
}

static void ended(void *session)
{
    gateway_stream_finish(session);
}

static void closed(void *session)
{
    (void)session;
}

static const GatewayService SERVICE = {opened, received, ended, closed};

static void run_on(Fixture *fixture)
{
    for (unsigned i = 0; i < POPS_MAX && queue_pop(fixture->queue); i++) {
    }
}

/* A segment to the service whose header, from the sequence number on, is the input. */
static void send_segment(Fixture *fixture, const uint8_t *bytes, size_t count)
{
    uint8_t segment[FRAME_TCP_BYTES + 256] = {0xc0};
    uint8_t frame[FRAME_BYTES_MAX];
    if (count < FRAME_TCP_BYTES - 4) {
        return;
    }
    memcpy(segment + 4, bytes, count);
    segment[1] = bytes[0] & 3; /* few ports, so that segments meet */
    frame_put16(segment + 2, 443);
    if ((segment[12] & 1) == 0) {
        segment[12] = 0x50;
    }
    size_t segment_bytes = count + 4;
    FrameStation router = {gateway_mac(fixture->gateway), ADDRESS_SERVICE};
    frame_put16(segment + 16, 0);
    uint32_t pseudo =
        frame_pseudo_sum(ADDRESS_DEVICE, ADDRESS_SERVICE, FRAME_PROTOCOL_TCP, segment_bytes);
    frame_put16(segment + 16, frame_checksum(segment, segment_bytes, pseudo));
    size_t frame_bytes = frame_write_ipv4(frame, fixture->device, router, FRAME_PROTOCOL_TCP,
                                          segment, segment_bytes);
    gateway_input(fixture->gateway, frame, frame_bytes);
}

static void send_raw(Fixture *fixture, const uint8_t *bytes, size_t count)
{
    uint8_t frame[FRAME_BYTES_MAX] = {0};
    memcpy(frame, gateway_mac(fixture->gateway).bytes, FRAME_MAC_BYTES);
    memcpy(frame + 6, fixture->device.mac.bytes, FRAME_MAC_BYTES);
    memcpy(frame + 12, bytes, count);
    size_t frame_bytes = MAX(count + 12, FRAME_BYTES_MIN);
    gateway_input(fixture->gateway, frame, frame_bytes);
    dns_input(fixture->dns, frame, frame_bytes);
    ntp_input(fixture->ntp, frame, frame_bytes);
}

static void send_datagram(Fixture *fixture, const uint8_t *bytes, size_t count)
{
    static const uint16_t ports[] = {53, 123, 67, 67};
    uint8_t frame[FRAME_BYTES_MAX];
    uint16_t port = ports[bytes[0] & 3];
    FrameStation to =
        port == 67 ? (FrameStation){FRAME_MAC_BROADCAST, 0xffffffff} : fixture->server;
    size_t frame_bytes =
        frame_write_udp(frame, fixture->device, 68, to, port, bytes + 1, count - 1);
    gateway_input(fixture->gateway, frame, frame_bytes);
    dns_input(fixture->dns, frame, frame_bytes);
    ntp_input(fixture->ntp, frame, frame_bytes);
}

static void send_piece(Fixture *fixture, const uint8_t *bytes, size_t count)
{
    HttpRequest request;
    CloudReport report;
    switch (bytes[0] & 7) {
    case 0:
    case 1:
    case 2:
        send_segment(fixture, bytes + 1, count - 1);
        break;
    case 3:
        send_raw(fixture, bytes + 1, count - 1);
        break;
    case 4:
        if (count > 1) {
            send_datagram(fixture, bytes + 1, count - 1);
        }
        break;
    case 5:
        (void)http_read(bytes + 1, count - 1, &request);
        break;
    case 6:
        (void)cloud_report_read(bytes + 1, count - 1, &report);
        break;
    default:
        run_on(fixture);
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    static const GatewayAddresses addresses = {.network = FRAME_IPV4(192, 168, 77, 0),
                                               .mask = 0xffffff00,
                                               .router = ADDRESS_ROUTER,
                                               .name_server = FRAME_IPV4(192, 168, 77, 2),
                                               .first_lease = ADDRESS_DEVICE,
                                               .first_inside = FRAME_IPV4(192, 168, 77, 200)};
    Fixture fixture = {.queue = queue_new(),
                       .recorder = recorder_new(),
                       .device = {{{2, 0, 0, 0, 0, 9}}, ADDRESS_DEVICE},
                       .server = {{{2, 0, 0, 0, 0, 2}}, FRAME_IPV4(192, 168, 77, 2)}};
    Prng root = prng_new(1);
    g_autoptr(GError) error = NULL;
    fixture.gateway = gateway_new(&addresses, fixture.queue, drop_frame, NULL);
    if (!gateway_add_service(fixture.gateway, ADDRESS_SERVICE, 443, &SERVICE, NULL, &error)) {
        abort();
    }
    fixture.dns = dns_new(fixture.server, fixture.queue, fixture.recorder, &root, drop_frame, NULL);
    fixture.ntp = ntp_new(fixture.server, 0, fixture.queue, fixture.recorder, drop_frame, NULL);
    while (count > 1) {
        size_t piece = MIN((size_t)bytes[0], count - 1);
        if (piece > 0) {
            send_piece(&fixture, bytes + 1, piece);
        }
        bytes += piece + 1;
        count -= piece + 1;
    }
    run_on(&fixture);
    gateway_free(fixture.gateway);
    dns_free(fixture.dns);
    ntp_free(fixture.ntp);
    recorder_free(fixture.recorder);
    queue_free(fixture.queue);
    return 0;
}
