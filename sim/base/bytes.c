/* SPDX-License-Identifier: MIT */

#include "sim/base/bytes.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

BytesReader bytes_reader(const void *bytes, size_t count)
{
    return (BytesReader){.at = bytes, .left = count};
}

const uint8_t *bytes_read_span(BytesReader *reader, size_t count)
{
    if (reader->failed || reader->left < count) {
        reader->failed = true;
        return NULL;
    }
    const uint8_t *span = reader->at;
    reader->at += count;
    reader->left -= count;
    return span;
}

static uint64_t read_little(BytesReader *reader, size_t count)
{
    const uint8_t *span = bytes_read_span(reader, count);
    uint64_t value = 0;
    for (size_t i = 0; span != NULL && i < count; i++) {
        value |= (uint64_t)span[i] << (8 * i);
    }
    return value;
}

static uint64_t read_big(BytesReader *reader, size_t count)
{
    const uint8_t *span = bytes_read_span(reader, count);
    uint64_t value = 0;
    for (size_t i = 0; span != NULL && i < count; i++) {
        value = (value << 8) | span[i];
    }
    return value;
}

uint8_t bytes_read_u8(BytesReader *reader)
{
    return (uint8_t)read_little(reader, 1);
}

uint16_t bytes_read_le16(BytesReader *reader)
{
    return (uint16_t)read_little(reader, 2);
}

uint32_t bytes_read_le32(BytesReader *reader)
{
    return (uint32_t)read_little(reader, 4);
}

uint64_t bytes_read_le64(BytesReader *reader)
{
    return read_little(reader, 8);
}

uint16_t bytes_read_be16(BytesReader *reader)
{
    return (uint16_t)read_big(reader, 2);
}

uint32_t bytes_read_be32(BytesReader *reader)
{
    return (uint32_t)read_big(reader, 4);
}

void bytes_read_copy(BytesReader *reader, void *into, size_t count)
{
    const uint8_t *span = bytes_read_span(reader, count);
    if (span == NULL) {
        memset(into, 0, count);
        return;
    }
    memcpy(into, span, count);
}

static void write_little(GByteArray *bytes, uint64_t value, guint count)
{
    for (guint i = 0; i < count; i++) {
        bytes_write_u8(bytes, (uint8_t)(value >> (8 * i)));
    }
}

static void write_big(GByteArray *bytes, uint64_t value, guint count)
{
    for (guint i = count; i-- > 0;) {
        bytes_write_u8(bytes, (uint8_t)(value >> (8 * i)));
    }
}

void bytes_write_u8(GByteArray *bytes, uint8_t value)
{
    g_byte_array_append(bytes, &value, 1);
}

void bytes_write_le16(GByteArray *bytes, uint16_t value)
{
    write_little(bytes, value, 2);
}

void bytes_write_le32(GByteArray *bytes, uint32_t value)
{
    write_little(bytes, value, 4);
}

void bytes_write_le64(GByteArray *bytes, uint64_t value)
{
    write_little(bytes, value, 8);
}

void bytes_write_be16(GByteArray *bytes, uint16_t value)
{
    write_big(bytes, value, 2);
}

void bytes_write_be32(GByteArray *bytes, uint32_t value)
{
    write_big(bytes, value, 4);
}

void bytes_write_span(GByteArray *bytes, const void *span, size_t count)
{
    g_assert(count <= G_MAXUINT);
    if (count > 0) {
        g_byte_array_append(bytes, span, (guint)count);
    }
}

bool bytes_send(int fd, const void *bytes, size_t count)
{
    const uint8_t *at = bytes;
    while (count > 0) {
        ssize_t sent = send(fd, at, count, MSG_NOSIGNAL);
        if (sent < 0 && errno != EINTR) {
            return false;
        }
        at += MAX(sent, 0);
        count -= (size_t)MAX(sent, 0);
    }
    return true;
}

char *bytes_to_hex(const void *bytes, size_t count)
{
    static const char DIGITS[] = "0123456789abcdef";
    const uint8_t *at = bytes;
    char *hex = g_malloc(2 * count + 1);
    for (size_t i = 0; i < count; i++) {
        hex[2 * i] = DIGITS[at[i] >> 4];
        hex[2 * i + 1] = DIGITS[at[i] & 15];
    }
    hex[2 * count] = '\0';
    return hex;
}

bool bytes_from_hex(const char *hex, void *ret_bytes, size_t count)
{
    if (strlen(hex) != 2 * count) {
        return false;
    }
    for (size_t i = 0; i < 2 * count; i++) {
        if (!g_ascii_isxdigit(hex[i])) {
            return false;
        }
    }
    uint8_t *into = ret_bytes;
    for (size_t i = 0; i < count; i++) {
        into[i] =
            (uint8_t)(g_ascii_xdigit_value(hex[2 * i]) << 4 | g_ascii_xdigit_value(hex[2 * i + 1]));
    }
    return true;
}
