/* SPDX-License-Identifier: MIT */

/*
 * The format (draft-ietf-opsawg-pcapng), little-endian. Every block is: type u32, total bytes u32,
 * body padded to four bytes, total bytes again. Bodies:
 *
 *   section header, 0x0a0d0d0a:  magic 0x1a2b3c4d, version 1.0 as two u16, section length -1 as
 *                                u64, options: application 4
 *   interface, 1:                link type u16 (1: Ethernet), reserved u16, snap length u32 (0: no
 *                                limit), options: name 2, time resolution 9 (9: nanoseconds)
 *   enhanced packet, 6:          interface u32, time u32 (high), u32 (low), captured u32, original
 *                                u32, the frame padded, options: comment 1, flags 2
 *   decryption secrets, 10:      secrets type u32 0x544c534b ("TLSK"), bytes u32, the text padded
 *
 * An option is: code u16, bytes u16, value padded to four; code 0 ends the list.
 */

#include "sim/world/pcapng.h"

#include <assert.h>
#include <string.h>

#include "sim/base/bytes.h"

#define BLOCK_SECTION   0x0a0d0d0au
#define BLOCK_INTERFACE 1u
#define BLOCK_PACKET    6u
#define BLOCK_SECRETS   10u

#define SECTION_MAGIC       0x1a2b3c4du
#define LINK_TYPE_ETHERNET  1u
#define SECRETS_TLS_KEY_LOG 0x544c534bu

#define OPTION_END         0u
#define OPTION_COMMENT     1u
#define OPTION_NAME        2u /* of an interface */
#define OPTION_FLAGS       2u /* of a packet */
#define OPTION_RESOLUTION  9u
#define OPTION_APPLICATION 4u

#define COMMENT_CHARS_MAX 200u

struct Pcapng {
    GByteArray *into;
    uint64_t epoch_seconds;
    unsigned interfaces;
    uint64_t frames;
};

static void write_padding(GByteArray *into, size_t start)
{
    while ((into->len - start) % 4 != 0) {
        bytes_write_u8(into, 0);
    }
}

/* Begins a block, and gives the place that `end_block` needs. */
static size_t begin_block(Pcapng *capture, uint32_t type)
{
    size_t start = capture->into->len;
    bytes_write_le32(capture->into, type);
    bytes_write_le32(capture->into, 0);
    return start;
}

static void end_block(Pcapng *capture, size_t start)
{
    GByteArray *into = capture->into;
    write_padding(into, start);
    uint32_t bytes = (uint32_t)(into->len - start) + 4;
    bytes_write_le32(into, bytes);
    for (unsigned i = 0; i < 4; i++) {
        into->data[start + 4 + i] = (uint8_t)(bytes >> (8 * i));
    }
}

static void write_option(Pcapng *capture, uint16_t code, const void *value, size_t bytes)
{
    bytes_write_le16(capture->into, code);
    bytes_write_le16(capture->into, (uint16_t)bytes);
    size_t start = capture->into->len;
    bytes_write_span(capture->into, value, bytes);
    write_padding(capture->into, start);
}

static void end_options(Pcapng *capture)
{
    bytes_write_le32(capture->into, OPTION_END);
}

Pcapng *pcapng_new(GByteArray *into, uint64_t epoch_seconds)
{
    Pcapng *capture = g_new0(Pcapng, 1);
    capture->into = into;
    capture->epoch_seconds = epoch_seconds;
    size_t start = begin_block(capture, BLOCK_SECTION);
    bytes_write_le32(into, SECTION_MAGIC);
    bytes_write_le16(into, 1);
    bytes_write_le16(into, 0);
    bytes_write_le64(into, UINT64_MAX);
    static const char application[] = "Lockstep";
    write_option(capture, OPTION_APPLICATION, application, sizeof application - 1);
    end_options(capture);
    end_block(capture, start);
    return capture;
}

void pcapng_free(Pcapng *capture)
{
    g_free(capture);
}

unsigned pcapng_add_interface(Pcapng *capture, const char *name)
{
    static const uint8_t nanoseconds = 9;
    size_t start = begin_block(capture, BLOCK_INTERFACE);
    bytes_write_le16(capture->into, LINK_TYPE_ETHERNET);
    bytes_write_le16(capture->into, 0);
    bytes_write_le32(capture->into, 0);
    write_option(capture, OPTION_NAME, name, strlen(name));
    write_option(capture, OPTION_RESOLUTION, &nanoseconds, 1);
    end_options(capture);
    end_block(capture, start);
    return capture->interfaces++;
}

void pcapng_add_frame(Pcapng *capture, unsigned interface, VTime at, PcapngDirection direction,
                      const uint8_t *frame, size_t bytes, const char *comment)
{
    assert(interface < capture->interfaces);
    GByteArray *into = capture->into;
    uint64_t time = capture->epoch_seconds * (uint64_t)VTIME_S + (uint64_t)at;
    size_t start = begin_block(capture, BLOCK_PACKET);
    bytes_write_le32(into, interface);
    bytes_write_le32(into, (uint32_t)(time >> 32));
    bytes_write_le32(into, (uint32_t)time);
    bytes_write_le32(into, (uint32_t)bytes);
    bytes_write_le32(into, (uint32_t)bytes);
    size_t body = into->len;
    bytes_write_span(into, frame, bytes);
    write_padding(into, body);
    if (comment != NULL) {
        write_option(capture, OPTION_COMMENT, comment, MIN(strlen(comment), COMMENT_CHARS_MAX));
    }
    const uint8_t flags[4] = {(uint8_t)direction, 0, 0, 0};
    write_option(capture, OPTION_FLAGS, flags, sizeof flags);
    end_options(capture);
    end_block(capture, start);
    capture->frames++;
}

void pcapng_add_secrets(Pcapng *capture, const char *key_log)
{
    size_t bytes = strlen(key_log);
    size_t start = begin_block(capture, BLOCK_SECRETS);
    bytes_write_le32(capture->into, SECRETS_TLS_KEY_LOG);
    bytes_write_le32(capture->into, (uint32_t)bytes);
    bytes_write_span(capture->into, key_log, bytes);
    end_block(capture, start);
}

uint64_t pcapng_frames(const Pcapng *capture)
{
    return capture->frames;
}
