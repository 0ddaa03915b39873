/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The lab's own arithmetic on what the device signs and derives: SHA-256, HMAC, PBKDF2, P-256.
 *
 * It deliberately uses another library than the firmware does, so that an error in one is not
 * repeated by its witness. Pure functions; nothing is kept. Keeper of nettle's headers on the host.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SIGNATURE_DIGEST_BYTES 32u
#define SIGNATURE_KEY_BYTES    64u /* X, Y or r, s: big-endian */

void signature_sha256(const uint8_t *bytes, size_t byte_count,
                      uint8_t ret_digest[SIGNATURE_DIGEST_BYTES]);

void signature_hmac(const uint8_t *key, size_t key_bytes, const uint8_t *bytes, size_t byte_count,
                    uint8_t ret_tag[SIGNATURE_DIGEST_BYTES]);

/* True when `signature` (r, s) over `digest` is right for `public_key` (X, Y) on P-256. */
bool signature_is_good(const uint8_t public_key[SIGNATURE_KEY_BYTES],
                       const uint8_t digest[SIGNATURE_DIGEST_BYTES],
                       const uint8_t signature[SIGNATURE_KEY_BYTES]);
