/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * All bytes from and to the outside go through these two bounded cursors.
 *
 * A cursor that is asked for more than there is fails, stays failed, and from then on gives zeros
 * and takes nothing; so a parser reads a whole message straight down and asks once, at the end,
 * whether it was all there. A cursor borrows its memory. Integers are little-endian unless the name
 * says otherwise.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct ByteReader {
    const uint8_t *bytes;
    size_t count;
    size_t at;
    bool failed;
} ByteReader;

typedef struct ByteWriter {
    uint8_t *bytes;
    size_t capacity;
    size_t at;
    bool failed;
} ByteWriter;

ByteReader bytes_reader_from(const void *bytes, size_t count);

size_t bytes_left(const ByteReader *reader);

/* Not failed, and nothing left over. */
bool bytes_all_read(const ByteReader *reader);

uint8_t bytes_get_u8(ByteReader *reader);
uint16_t bytes_get_u16(ByteReader *reader);
uint16_t bytes_get_u16be(ByteReader *reader);
uint32_t bytes_get_u32(ByteReader *reader);
uint32_t bytes_get_u32be(ByteReader *reader);
uint64_t bytes_get_u64(ByteReader *reader);

/* The next `count` bytes in place, or NULL. */
const uint8_t *bytes_get(ByteReader *reader, size_t count);

ByteWriter bytes_writer(void *bytes, size_t capacity);

void bytes_put_u8(ByteWriter *writer, uint8_t value);
void bytes_put_u16(ByteWriter *writer, uint16_t value);
void bytes_put_u16be(ByteWriter *writer, uint16_t value);
void bytes_put_u32(ByteWriter *writer, uint32_t value);
void bytes_put_u32be(ByteWriter *writer, uint32_t value);
void bytes_put_u64(ByteWriter *writer, uint64_t value);
void bytes_put(ByteWriter *writer, const void *bytes, size_t count);

/* A zero-terminated string without its zero. */
void bytes_put_text(ByteWriter *writer, const char *text);
void bytes_put_decimal(ByteWriter *writer, uint64_t value);
void bytes_put_hex(ByteWriter *writer, const void *bytes, size_t count);
void bytes_put_hex32(ByteWriter *writer, uint32_t value);

/* Big-endian words where a reader would be too much ceremony. */
uint32_t bytes_load_u32be(const uint8_t *bytes);
void bytes_store_u32be(uint8_t *bytes, uint32_t value);

/* Compares in a time that depends on `count` only. */
bool bytes_equal_secret(const void *a, const void *b, size_t count);

/* Overwrites with zeros; the compiler cannot leave it out. */
void bytes_clear_secret(void *bytes, size_t count);

/* All bytes have the value `byte`. */
bool bytes_all(const void *bytes, size_t count, uint8_t byte);
