/* SPDX-License-Identifier: MIT */
#include "vdevice/firmware/base/bytes.h"

#include <string.h>

ByteReader bytes_reader_from(const void *bytes, size_t count)
{
    return (ByteReader){.bytes = bytes, .count = count};
}

size_t bytes_left(const ByteReader *reader)
{
    return reader->failed ? 0 : reader->count - reader->at;
}

bool bytes_all_read(const ByteReader *reader)
{
    return !reader->failed && reader->at == reader->count;
}

const uint8_t *bytes_get(ByteReader *reader, size_t count)
{
    if (reader->failed || count > reader->count - reader->at) {
        reader->failed = true;
        return NULL;
    }
    const uint8_t *found = reader->bytes + reader->at;
    reader->at += count;
    return found;
}

uint8_t bytes_get_u8(ByteReader *reader)
{
    const uint8_t *found = bytes_get(reader, 1);
    return found == NULL ? 0 : found[0];
}

uint16_t bytes_get_u16(ByteReader *reader)
{
    const uint8_t *found = bytes_get(reader, 2);
    uint32_t value = found == NULL ? 0 : found[0] | (uint32_t)found[1] << 8;
    return (uint16_t)value;
}

uint16_t bytes_get_u16be(ByteReader *reader)
{
    uint32_t value = bytes_get_u16(reader);
    return (uint16_t)((value << 8) | (value >> 8));
}

uint32_t bytes_get_u32(ByteReader *reader)
{
    const uint8_t *found = bytes_get(reader, 4);
    return found == NULL ? 0
                         : found[0] | (uint32_t)found[1] << 8 | (uint32_t)found[2] << 16 |
                               (uint32_t)found[3] << 24;
}

uint32_t bytes_get_u32be(ByteReader *reader)
{
    const uint8_t *found = bytes_get(reader, 4);
    return found == NULL ? 0 : bytes_load_u32be(found);
}

uint64_t bytes_get_u64(ByteReader *reader)
{
    const uint8_t *found = bytes_get(reader, 8);
    uint64_t value = 0;
    for (size_t i = 8; found != NULL && i-- > 0;) {
        value = (value << 8) | found[i];
    }
    return value;
}

ByteWriter bytes_writer(void *bytes, size_t capacity)
{
    return (ByteWriter){.bytes = bytes, .capacity = capacity};
}

void bytes_put(ByteWriter *writer, const void *bytes, size_t count)
{
    if (writer->failed || count > writer->capacity - writer->at) {
        writer->failed = true;
        return;
    }
    if (count > 0) {
        memcpy(writer->bytes + writer->at, bytes, count);
    }
    writer->at += count;
}

static void bytes_put_little(ByteWriter *writer, uint64_t value, size_t count)
{
    uint8_t bytes[8];
    for (size_t i = 0; i < count; i++) {
        bytes[i] = (uint8_t)(value >> (8 * i));
    }
    bytes_put(writer, bytes, count);
}

void bytes_put_u8(ByteWriter *writer, uint8_t value)
{
    bytes_put(writer, &value, 1);
}

void bytes_put_u16(ByteWriter *writer, uint16_t value)
{
    bytes_put_little(writer, value, 2);
}

void bytes_put_u16be(ByteWriter *writer, uint16_t value)
{
    uint8_t bytes[2] = {(uint8_t)(value >> 8), (uint8_t)value};
    bytes_put(writer, bytes, sizeof bytes);
}

void bytes_put_u32(ByteWriter *writer, uint32_t value)
{
    bytes_put_little(writer, value, 4);
}

void bytes_put_u32be(ByteWriter *writer, uint32_t value)
{
    uint8_t bytes[4];
    bytes_store_u32be(bytes, value);
    bytes_put(writer, bytes, sizeof bytes);
}

void bytes_put_u64(ByteWriter *writer, uint64_t value)
{
    bytes_put_little(writer, value, 8);
}

void bytes_put_text(ByteWriter *writer, const char *text)
{
    bytes_put(writer, text, strlen(text));
}

void bytes_put_decimal(ByteWriter *writer, uint64_t value)
{
    uint8_t digits[20];
    size_t at = sizeof digits;
    do {
        digits[--at] = (uint8_t)('0' + value % 10);
        value /= 10;
    } while (value != 0);
    bytes_put(writer, digits + at, sizeof digits - at);
}

void bytes_put_hex(ByteWriter *writer, const void *bytes, size_t count)
{
    static const char digits[] = "0123456789abcdef";
    const uint8_t *from = bytes;
    for (size_t i = 0; i < count; i++) {
        bytes_put_u8(writer, (uint8_t)digits[from[i] >> 4]);
        bytes_put_u8(writer, (uint8_t)digits[from[i] & 15]);
    }
}

void bytes_put_hex32(ByteWriter *writer, uint32_t value)
{
    uint8_t bytes[4];
    bytes_store_u32be(bytes, value);
    bytes_put_hex(writer, bytes, sizeof bytes);
}

uint32_t bytes_load_u32be(const uint8_t *bytes)
{
    return ((uint32_t)bytes[0] << 24) | ((uint32_t)bytes[1] << 16) | ((uint32_t)bytes[2] << 8) |
           bytes[3];
}

void bytes_store_u32be(uint8_t *bytes, uint32_t value)
{
    bytes[0] = (uint8_t)(value >> 24);
    bytes[1] = (uint8_t)(value >> 16);
    bytes[2] = (uint8_t)(value >> 8);
    bytes[3] = (uint8_t)value;
}

bool bytes_equal_secret(const void *a, const void *b, size_t count)
{
    const volatile uint8_t *left = a;
    const volatile uint8_t *right = b;
    uint32_t difference = 0;
    for (size_t i = 0; i < count; i++) {
        difference |= (uint32_t)left[i] ^ (uint32_t)right[i];
    }
    return difference == 0;
}

void bytes_clear_secret(void *bytes, size_t count)
{
    volatile uint8_t *to = bytes;
    for (size_t i = 0; i < count; i++) {
        to[i] = 0;
    }
}

bool bytes_all(const void *bytes, size_t count, uint8_t byte)
{
    const uint8_t *from = bytes;
    const uint32_t words = byte * UINT32_C(0x01010101);
    for (; count >= sizeof words; from += sizeof words, count -= sizeof words) {
        uint32_t word;
        memcpy(&word, from, sizeof word);
        if (word != words) {
            return false;
        }
    }
    for (; count > 0; from++, count--) {
        if (*from != byte) {
            return false;
        }
    }
    return true;
}
