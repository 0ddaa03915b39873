/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The time server: a station that answers SNTP version 4 requests (RFC 4330) with calendar time.
 *
 * Calendar time is the epoch plus virtual time. Requests are read strictly: 48 bytes, client mode,
 * version 3 or 4. How it answers is its mode. Each request read is an event `ntp.asked`.
 */

#include <stddef.h>
#include <stdint.h>

#include "sim/evidence/recorder.h"
#include "sim/world/frame.h"
#include "sim/world/queue.h"
#include "sim/world/tally.h"

typedef struct Ntp Ntp;

typedef enum NtpMode {
    NTP_MODE_NORMAL,
    NTP_MODE_SILENT,
    NTP_MODE_WRONG,  /* off by the given offset */
    NTP_MODE_KISS,   /* stratum 0, code RATE: go away */
    NTP_MODE_FORGED, /* an answer to a question never asked: a wrong originate time */
} NtpMode;

#define NTP_PORT         123u
#define NTP_PACKET_BYTES 48u

typedef void (*NtpSend)(const uint8_t *frame, size_t bytes, void *user_data);

/* `epoch_seconds` after 1970 is the calendar time at virtual time zero. */
Ntp *ntp_new(FrameStation station, uint64_t epoch_seconds, const Queue *queue, Recorder *recorder,
             NtpSend send, void *user_data);
void ntp_free(Ntp *ntp);

/* `offset` is for NTP_MODE_WRONG. */
void ntp_set_mode(Ntp *ntp, NtpMode mode, VTime offset, Tally *tally);

/* A frame has arrived at the time server. */
void ntp_input(Ntp *ntp, const uint8_t *frame, size_t bytes);
