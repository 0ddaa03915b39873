/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The name server of the home network: a station that answers A queries from a short list.
 *
 * It reads strictly (one question, class IN, plain labels, RFC 1035 limits) and ignores what does
 * not parse. How it answers is its mode. Each query read is an event `dns.asked`.
 *
 * Frames go out by `send`, at once; the names in the list are the caller's and outlive it.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/base/prng.h"
#include "sim/evidence/recorder.h"
#include "sim/world/frame.h"
#include "sim/world/queue.h"
#include "sim/world/tally.h"

typedef struct Dns Dns;

typedef enum DnsMode {
    DNS_MODE_NORMAL,
    DNS_MODE_SILENT,
    DNS_MODE_SERVFAIL,
    DNS_MODE_NXDOMAIN,
    DNS_MODE_SPOOF,   /* every name leads to the spoof address */
    DNS_MODE_GARBAGE, /* the right answer with seeded damage: the parser's food */
} DnsMode;

typedef struct DnsRecord {
    const char *name; /* lower case, no final dot */
    uint32_t address;
} DnsRecord;

#define DNS_PORT        53u
#define DNS_TTL_SECONDS 300u
#define DNS_RECORDS_MAX 8u

typedef void (*DnsSend)(const uint8_t *frame, size_t bytes, void *user_data);

Dns *dns_new(FrameStation station, const Queue *queue, Recorder *recorder, const Prng *root,
             DnsSend send, void *user_data);
void dns_free(Dns *dns);

void dns_add(Dns *dns, DnsRecord record);
void dns_set_mode(Dns *dns, DnsMode mode, Tally *tally);
void dns_set_spoof(Dns *dns, uint32_t address);

/* A frame has arrived at the name server. */
void dns_input(Dns *dns, const uint8_t *frame, size_t bytes);
