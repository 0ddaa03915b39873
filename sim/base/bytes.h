/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Bounded reading and writing of bytes that came from, or go, outside.
 *
 * A BytesReader is a cursor over bytes it does not own. Reading past the end sets `failed`, gives
 * zeros, and never touches memory outside; so a parser reads a whole message straight down and asks
 * once, at the end, whether it was all there.
 *
 * Writing appends to a GByteArray, which cannot fail. Sending fails only with the other end.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <glib.h>

typedef struct BytesReader {
    const uint8_t *at;
    size_t left;
    bool failed; /* something was asked for that was not there */
} BytesReader;

/* Starts reading `count` bytes, which must outlive the reader. */
BytesReader bytes_reader(const void *bytes, size_t count);

uint8_t bytes_read_u8(BytesReader *reader);
uint16_t bytes_read_le16(BytesReader *reader);
uint32_t bytes_read_le32(BytesReader *reader);
uint64_t bytes_read_le64(BytesReader *reader);
uint16_t bytes_read_be16(BytesReader *reader);
uint32_t bytes_read_be32(BytesReader *reader);

/* Takes the next `count` bytes without copying; NULL, and failed, when there are fewer. */
const uint8_t *bytes_read_span(BytesReader *reader, size_t count);

/* Copies the next `count` bytes to `into`; zeros, and failed, when there are fewer. */
void bytes_read_copy(BytesReader *reader, void *into, size_t count);

void bytes_write_u8(GByteArray *bytes, uint8_t value);
void bytes_write_le16(GByteArray *bytes, uint16_t value);
void bytes_write_le32(GByteArray *bytes, uint32_t value);
void bytes_write_le64(GByteArray *bytes, uint64_t value);
void bytes_write_be16(GByteArray *bytes, uint16_t value);
void bytes_write_be32(GByteArray *bytes, uint32_t value);
void bytes_write_span(GByteArray *bytes, const void *span, size_t count);

/* Sends them all to the socket `fd`; false, with errno set, when the other end takes no more. */
bool bytes_send(int fd, const void *bytes, size_t count) G_GNUC_WARN_UNUSED_RESULT;

/* Gives `count` bytes as lower-case hexadecimal. */
char *bytes_to_hex(const void *bytes, size_t count);

/* Reads exactly `count` bytes of lower- or upper-case hexadecimal; false on anything else. */
bool bytes_from_hex(const char *hex, void *ret_bytes, size_t count);
