/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * SHA-256, by which the lab names plans, images and evidence.
 *
 * A Digest is a plain value of 32 bytes; people see it as 64 lower-case hexadecimal digits, or the
 * first 12 where a line is short. Only reading a file can fail.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <glib.h>

#define DIGEST_BYTES       32
#define DIGEST_TEXT_BYTES  (2 * DIGEST_BYTES + 1)
#define DIGEST_SHORT_CHARS 12

typedef struct Digest {
    uint8_t bytes[DIGEST_BYTES];
} Digest;

/* Digests `count` bytes. */
Digest digest_of(const void *bytes, size_t count);

/* Digests the 32 bytes of `before` and then `count` bytes: one link of a chain. */
Digest digest_chain(const Digest *before, const void *bytes, size_t count);

/* Digests a whole file. */
bool digest_of_file(const char *path, Digest *ret_digest, GError **error) G_GNUC_WARN_UNUSED_RESULT;

bool digest_is_equal(const Digest *a, const Digest *b);

/* Writes the hexadecimal text and returns `text`. */
const char *digest_print(const Digest *digest, char text[DIGEST_TEXT_BYTES]);

/* Reads 64 hexadecimal digits; false on anything else. */
bool digest_parse(const char *text, Digest *ret_digest);
