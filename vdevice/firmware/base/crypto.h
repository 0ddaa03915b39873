/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The seam to cryptography: SHA-256, and signatures and scalar multiplication on P-256.
 *
 * Two implementations stand behind it and the linker chooses: `crypto_accel.c` uses the chip's hash
 * and public-key accelerators (the ROM, the application), `crypto_soft.c` uses mbedTLS (the second
 * ROM build, the host). `derive.h`, common to both, builds the keyed functions on the hash.
 * Both give the same bytes for the same operands, signatures included: the nonce of a signature
 * comes from key and hash (RFC 6979), never from a random source that may be stuck.
 *
 * Keys are 64 bytes X, Y; signatures 64 bytes r, s; scalars 32 bytes; all big-endian.
 *
 * A call fails with STATUS_CR_FAILED when its operands are unfit or the hardware says so, and
 * STATUS_CR_MISMATCH when a signature is well formed and wrong. Outputs are untouched on failure.
 */

#include <stddef.h>
#include <stdint.h>

#include "vdevice/firmware/base/status.h"

#define CRYPTO_SHA256_BYTES      32u
#define CRYPTO_SHA256_BLOCK      64u
#define CRYPTO_P256_SCALAR_BYTES 32u
#define CRYPTO_P256_POINT_BYTES  64u

/* A hash in progress. May be copied: the copy goes on from the same place. */
typedef struct CryptoSha256 {
    uint32_t words[32];
} CryptoSha256;

void crypto_sha256_init(CryptoSha256 *hash);
FALLIBLE Status crypto_sha256_add(CryptoSha256 *hash, const void *bytes, size_t count);

/* Ends the hash; `hash` must be set up anew before its next use. */
FALLIBLE Status crypto_sha256_finish(CryptoSha256 *hash, uint8_t ret_digest[CRYPTO_SHA256_BYTES]);

FALLIBLE Status crypto_sha256(const void *bytes, size_t count,
                              uint8_t ret_digest[CRYPTO_SHA256_BYTES]);

/* The public key of a private one: `scalar` times the base point. */
FALLIBLE Status crypto_p256_public(const uint8_t scalar[CRYPTO_P256_SCALAR_BYTES],
                                   uint8_t ret_point[CRYPTO_P256_POINT_BYTES]);

/* `scalar` times `point`; the shared secret of ECDH is the first half of the result. */
FALLIBLE Status crypto_p256_multiply(const uint8_t scalar[CRYPTO_P256_SCALAR_BYTES],
                                     const uint8_t point[CRYPTO_P256_POINT_BYTES],
                                     uint8_t ret_point[CRYPTO_P256_POINT_BYTES]);

FALLIBLE Status crypto_p256_sign(const uint8_t scalar[CRYPTO_P256_SCALAR_BYTES],
                                 const uint8_t hash[CRYPTO_SHA256_BYTES],
                                 uint8_t ret_signature[CRYPTO_P256_POINT_BYTES]);

FALLIBLE Status crypto_p256_verify(const uint8_t point[CRYPTO_P256_POINT_BYTES],
                                   const uint8_t hash[CRYPTO_SHA256_BYTES],
                                   const uint8_t signature[CRYPTO_P256_POINT_BYTES]);

/* Forgets operands and results that the implementation may still hold. */
void crypto_clear(void);
