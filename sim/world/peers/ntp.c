/* SPDX-License-Identifier: MIT */

/*
 * Packets (RFC 4330, section 4), as byte offsets: leap, version and mode 0, stratum 1, poll 2,
 * precision 3, root delay 4, dispersion 8, reference 12, then four 64-bit times: of the reference
 * 16, of origin 24, received 32, sent 40. Times are seconds since 1900 and a binary fraction.
 */

#include "sim/world/peers/ntp.h"

#include <string.h>

#include <glib.h>

#include "sim/world/peers/station.h"

#define SECONDS_1900_TO_1970 UINT64_C(2208988800)

#define MODE_CLIENT     3u
#define MODE_SERVER     4u
#define PRECISION       0xecu /* 2^-20 seconds */
#define STRATUM_PRIMARY 1u
#define REFERENCE_LOCAL 0x4c4f434cu /* "LOCL" */
#define REFERENCE_RATE  0x52415445u /* "RATE" */

struct Ntp {
    FrameStation station;
    uint64_t epoch_seconds;
    const Queue *queue;
    Recorder *recorder;
    NtpSend send;
    void *user_data;
    NtpMode mode;
    VTime offset;
    Tally *tally;
};

Ntp *ntp_new(FrameStation station, uint64_t epoch_seconds, const Queue *queue, Recorder *recorder,
             NtpSend send, void *user_data)
{
    Ntp *ntp = g_new0(Ntp, 1);
    ntp->station = station;
    ntp->epoch_seconds = epoch_seconds;
    ntp->queue = queue;
    ntp->recorder = recorder;
    ntp->send = send;
    ntp->user_data = user_data;
    return ntp;
}

void ntp_free(Ntp *ntp)
{
    g_free(ntp);
}

void ntp_set_mode(Ntp *ntp, NtpMode mode, VTime offset, Tally *tally)
{
    ntp->mode = mode;
    ntp->offset = mode == NTP_MODE_WRONG ? offset : 0;
    ntp->tally = tally;
}

/* Writes the calendar time `at` nanoseconds after the epoch. Wraps with NTP's eras, as it should.
 */
static void put_time(const Ntp *ntp, uint8_t *bytes, VTime at)
{
    int64_t seconds = at / VTIME_S;
    int64_t rest = at % VTIME_S;
    if (rest < 0) {
        seconds--;
        rest += VTIME_S;
    }
    uint64_t total = ntp->epoch_seconds + SECONDS_1900_TO_1970 + (uint64_t)seconds;
    frame_put32(bytes, (uint32_t)total);
    frame_put32(bytes + 4, (uint32_t)(((uint64_t)rest << 32) / (uint64_t)VTIME_S));
}

static void write_reply(const Ntp *ntp, const uint8_t *request, uint8_t *reply)
{
    VTime now = queue_now(ntp->queue) + ntp->offset;
    memset(reply, 0, NTP_PACKET_BYTES);
    reply[0] = (uint8_t)((request[0] & 0x38) | MODE_SERVER);
    reply[1] = (uint8_t)(ntp->mode == NTP_MODE_KISS ? 0 : STRATUM_PRIMARY);
    reply[2] = request[2];
    reply[3] = PRECISION;
    frame_put32(reply + 12, ntp->mode == NTP_MODE_KISS ? REFERENCE_RATE : REFERENCE_LOCAL);
    put_time(ntp, reply + 16, now);
    memcpy(reply + 24, request + 40, 8);
    put_time(ntp, reply + 32, now);
    put_time(ntp, reply + 40, now);
    if (ntp->mode == NTP_MODE_FORGED) {
        reply[24] ^= 0x80;
    }
}

static bool is_request(const Ntp *ntp, const FrameUdp *udp)
{
    if (udp->ipv4.to != ntp->station.address || udp->to_port != NTP_PORT ||
        !frame_mac_equal(udp->ipv4.to_mac, ntp->station.mac) ||
        udp->payload_bytes != NTP_PACKET_BYTES) {
        return false;
    }
    unsigned version = (udp->payload[0] >> 3) & 7;
    return (udp->payload[0] & 7) == MODE_CLIENT && (version == 3 || version == 4);
}

void ntp_input(Ntp *ntp, const uint8_t *frame, size_t bytes)
{
    uint8_t reply[FRAME_BYTES_MAX];
    FrameUdp udp;
    if (!frame_read_udp(frame, bytes, &udp)) {
        size_t reply_bytes = station_answer(&ntp->station, frame, bytes, reply);
        if (reply_bytes > 0) {
            ntp->send(reply, reply_bytes, ntp->user_data);
        }
        return;
    }
    if (!is_request(ntp, &udp)) {
        return;
    }
    bool answered = ntp->mode != NTP_MODE_SILENT;
    RECORD(ntp->recorder, queue_now(ntp->queue), "ntp", EVENT_NTP_ASKED,
           EVENT_TRUTH("answered", answered), EVENT_INTEGER("offset", ntp->offset));
    if (ntp->mode != NTP_MODE_NORMAL) {
        tally_count(ntp->tally, answered ? "wrong" : "silent");
    }
    if (answered) {
        uint8_t packet[NTP_PACKET_BYTES];
        write_reply(ntp, udp.payload, packet);
        FrameStation asker = {udp.ipv4.from_mac, udp.ipv4.from};
        size_t reply_bytes = frame_write_udp(reply, ntp->station, NTP_PORT, asker, udp.from_port,
                                             packet, sizeof packet);
        ntp->send(reply, reply_bytes, ntp->user_data);
    }
}
