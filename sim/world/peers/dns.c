/* SPDX-License-Identifier: MIT */

/*
 * Messages (RFC 1035, section 4.1), as byte offsets: identifier 0, flags 2, counts of questions 4,
 * answers 6, authorities 8, additionals 10, then the question at 12: labels, type, class. The
 * answer follows it: a pointer to the name (0xc00c), type, class, time to live u32, length,
 * address.
 */

#include "sim/world/peers/dns.h"

#include <assert.h>
#include <string.h>

#include <glib.h>

#include "sim/world/peers/station.h"

#define HEADER_BYTES      12u
#define QUESTION_TAIL     4u /* type and class */
#define ANSWER_BYTES      16u
#define NAME_CHARS_MAX    254u
#define LABEL_CHARS_MAX   63u
#define TYPE_A            1u
#define CLASS_IN          1u
#define FLAGS_ASK_MASK    0xf800u /* response bit and operation: both must be zero */
#define FLAGS_ANSWER      0x8180u /* a response, recursion desired and available */
#define CODE_OK           0u
#define CODE_SERVFAIL     2u
#define CODE_NXDOMAIN     3u
#define POINTER_TO_NAME   0xc00cu
#define MESSAGE_BYTES_MAX 512u

typedef struct Question {
    uint16_t identifier;
    uint16_t type;
    char name[NAME_CHARS_MAX + 1];
    const uint8_t *bytes; /* labels, type and class, as asked */
    size_t byte_count;
} Question;

struct Dns {
    FrameStation station;
    const Queue *queue;
    Recorder *recorder;
    Prng garbage;
    DnsSend send;
    void *user_data;
    DnsRecord records[DNS_RECORDS_MAX];
    unsigned record_count;
    DnsMode mode;
    Tally *tally;
    uint32_t spoof;
};

Dns *dns_new(FrameStation station, const Queue *queue, Recorder *recorder, const Prng *root,
             DnsSend send, void *user_data)
{
    Dns *dns = g_new0(Dns, 1);
    dns->station = station;
    dns->queue = queue;
    dns->recorder = recorder;
    dns->garbage = prng_fork(root, "dns/garbage");
    dns->send = send;
    dns->user_data = user_data;
    return dns;
}

void dns_free(Dns *dns)
{
    g_free(dns);
}

void dns_add(Dns *dns, DnsRecord record)
{
    assert(dns->record_count < DNS_RECORDS_MAX);
    dns->records[dns->record_count++] = record;
}

void dns_set_mode(Dns *dns, DnsMode mode, Tally *tally)
{
    dns->mode = mode;
    dns->tally = tally;
}

void dns_set_spoof(Dns *dns, uint32_t address)
{
    dns->spoof = address;
}

/* Reads labels into dotted lower case. Gives the bytes they took, with the root; 0 if malformed. */
static size_t read_name(const uint8_t *bytes, size_t count, char name[NAME_CHARS_MAX + 1])
{
    size_t at = 0;
    size_t length = 0;
    while (at < count && bytes[at] != 0) {
        size_t label = bytes[at++];
        if (label > LABEL_CHARS_MAX || label > count - at || length + label + 1 > NAME_CHARS_MAX) {
            return 0;
        }
        if (length > 0) {
            name[length++] = '.';
        }
        for (size_t i = 0; i < label; i++) {
            char c = g_ascii_tolower((char)bytes[at++]);
            if (!g_ascii_isalnum(c) && c != '-' && c != '_') {
                return 0;
            }
            name[length++] = c;
        }
    }
    if (at == count || length == 0) {
        return 0;
    }
    name[length] = '\0';
    return at + 1;
}

static bool read_question(const uint8_t *message, size_t bytes, Question *question)
{
    if (bytes < HEADER_BYTES || bytes > MESSAGE_BYTES_MAX ||
        (frame_get16(message + 2) & FLAGS_ASK_MASK) != 0 || frame_get16(message + 4) != 1 ||
        frame_get16(message + 6) != 0 || frame_get16(message + 8) != 0 ||
        frame_get16(message + 10) != 0) {
        return false;
    }
    question->identifier = frame_get16(message);
    question->bytes = message + HEADER_BYTES;
    question->byte_count = bytes - HEADER_BYTES;
    size_t name_bytes = read_name(question->bytes, question->byte_count, question->name);
    if (name_bytes == 0 || question->byte_count != name_bytes + QUESTION_TAIL ||
        frame_get16(question->bytes + name_bytes + 2) != CLASS_IN) {
        return false;
    }
    question->type = frame_get16(question->bytes + name_bytes);
    return true;
}

static bool look_up(const Dns *dns, const Question *question, uint32_t *ret_address)
{
    for (unsigned i = 0; i < dns->record_count; i++) {
        if (strcmp(dns->records[i].name, question->name) == 0) {
            *ret_address = dns->records[i].address;
            return true;
        }
    }
    return false;
}

static size_t write_answer(uint8_t *message, const Question *question, unsigned code,
                           const uint32_t *address)
{
    memset(message, 0, HEADER_BYTES);
    frame_put16(message, question->identifier);
    frame_put16(message + 2, (uint16_t)(FLAGS_ANSWER | code));
    frame_put16(message + 4, 1);
    frame_put16(message + 6, address != NULL ? 1 : 0);
    memcpy(message + HEADER_BYTES, question->bytes, question->byte_count);
    size_t bytes = HEADER_BYTES + question->byte_count;
    if (address != NULL) {
        uint8_t *answer = message + bytes;
        frame_put16(answer, POINTER_TO_NAME);
        frame_put16(answer + 2, TYPE_A);
        frame_put16(answer + 4, CLASS_IN);
        frame_put32(answer + 6, DNS_TTL_SECONDS);
        frame_put16(answer + 10, 4);
        frame_put32(answer + 12, *address);
        bytes += ANSWER_BYTES;
    }
    return bytes;
}

/* Damages an answer in one seeded place that a parser must watch. Gives the bytes left. */
static size_t spoil(Dns *dns, uint8_t *message, size_t bytes, const Question *question)
{
    uint8_t *answer = message + HEADER_BYTES + question->byte_count;
    uint16_t draw = (uint16_t)prng_u64(&dns->garbage);
    switch (prng_below(&dns->garbage, 6)) {
    case 0: /* cut short */
        return 1 + (size_t)prng_below(&dns->garbage, bytes - 1);
    case 1: /* more records than there are */
        frame_put16(message + 4 + 2 * (draw % 4), draw);
        return bytes;
    case 2: /* a name that points at itself */
        frame_put16(answer, (uint16_t)(0xc000 | (answer - message)));
        return bytes;
    case 3: /* a name that points outside */
        frame_put16(answer, (uint16_t)(0xc000 | draw));
        return bytes;
    case 4: /* a length that lies */
        frame_put16(answer + 10, draw);
        return bytes;
    default: /* anything but the identifier */
        prng_fill(&dns->garbage, message + 2, bytes - 2);
        return bytes;
    }
}

/* Decides and writes what `question` gets; 0 bytes for nothing. `told` is for the event. */
static size_t answer_question(Dns *dns, const Question *question, uint8_t *message,
                              char told[FRAME_ADDRESS_CHARS])
{
    uint32_t address = 0;
    bool known = look_up(dns, question, &address);
    switch (dns->mode) {
    case DNS_MODE_SILENT:
        tally_count(dns->tally, "silent");
        g_strlcpy(told, "none", FRAME_ADDRESS_CHARS);
        return 0;
    case DNS_MODE_SERVFAIL:
        tally_count(dns->tally, "servfail");
        g_strlcpy(told, "servfail", FRAME_ADDRESS_CHARS);
        return write_answer(message, question, CODE_SERVFAIL, NULL);
    case DNS_MODE_NXDOMAIN:
        tally_count(dns->tally, "nxdomain");
        known = false;
        break;
    case DNS_MODE_SPOOF:
        tally_count(dns->tally, "spoof");
        known = true;
        address = dns->spoof;
        break;
    case DNS_MODE_NORMAL:
    case DNS_MODE_GARBAGE:
        break;
    }
    if (!known) {
        g_strlcpy(told, "nxdomain", FRAME_ADDRESS_CHARS);
        return write_answer(message, question, CODE_NXDOMAIN, NULL);
    }
    if (question->type != TYPE_A) {
        g_strlcpy(told, "none", FRAME_ADDRESS_CHARS);
        return write_answer(message, question, CODE_OK, NULL);
    }
    frame_address_text(address, told);
    size_t bytes = write_answer(message, question, CODE_OK, &address);
    if (dns->mode == DNS_MODE_GARBAGE) {
        tally_count(dns->tally, "garbage");
        bytes = spoil(dns, message, bytes, question);
    }
    return bytes;
}

void dns_input(Dns *dns, const uint8_t *frame, size_t bytes)
{
    uint8_t reply[FRAME_BYTES_MAX];
    FrameUdp udp;
    if (!frame_read_udp(frame, bytes, &udp)) {
        size_t reply_bytes = station_answer(&dns->station, frame, bytes, reply);
        if (reply_bytes > 0) {
            dns->send(reply, reply_bytes, dns->user_data);
        }
        return;
    }
    Question question;
    if (udp.ipv4.to != dns->station.address || udp.to_port != DNS_PORT ||
        !frame_mac_equal(udp.ipv4.to_mac, dns->station.mac) ||
        !read_question(udp.payload, udp.payload_bytes, &question)) {
        return;
    }
    uint8_t message[MESSAGE_BYTES_MAX + ANSWER_BYTES];
    char told[FRAME_ADDRESS_CHARS];
    size_t message_bytes = answer_question(dns, &question, message, told);
    RECORD(dns->recorder, queue_now(dns->queue), "dns", EVENT_DNS_ASKED,
           EVENT_TEXT("name", question.name), EVENT_TEXT("answer", told));
    if (message_bytes > 0) {
        FrameStation asker = {udp.ipv4.from_mac, udp.ipv4.from};
        size_t reply_bytes = frame_write_udp(reply, dns->station, DNS_PORT, asker, udp.from_port,
                                             message, message_bytes);
        dns->send(reply, reply_bytes, dns->user_data);
    }
}
