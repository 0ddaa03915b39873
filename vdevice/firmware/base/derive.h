/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What is built on a hash: HMAC (RFC 2104), PBKDF2 (RFC 8018), the nonce of a deterministic
 * signature (RFC 6979), and the key derivations of contract/provisioning.h.
 */

#include <stddef.h>
#include <stdint.h>

#include "vdevice/firmware/base/crypto.h"

typedef struct DeriveHmac {
    CryptoSha256 inner; /* with what was added so far */
    CryptoSha256 outer; /* with the padded key only */
} DeriveHmac;

FALLIBLE Status derive_hmac_init(DeriveHmac *hmac, const void *key, size_t key_bytes);
FALLIBLE Status derive_hmac_add(DeriveHmac *hmac, const void *bytes, size_t count);
FALLIBLE Status derive_hmac_finish(DeriveHmac *hmac, uint8_t ret_mac[CRYPTO_SHA256_BYTES]);

FALLIBLE Status derive_hmac(const void *key, size_t key_bytes, const void *bytes, size_t count,
                            uint8_t ret_mac[CRYPTO_SHA256_BYTES]);

/* PBKDF2-HMAC-SHA256 with one block of output. */
FALLIBLE Status derive_pbkdf2(const void *password, size_t password_bytes, const void *salt,
                              size_t salt_bytes, uint32_t iterations,
                              uint8_t ret_key[CRYPTO_SHA256_BYTES]);

/* A provisioning key: HMAC of `label` under the hardware unique key. */
FALLIBLE Status derive_key(const uint8_t huk[32], const char *label, uint8_t ret_key[32]);

/* The private key of the device's TLS certificate (provisioning.h). */
FALLIBLE Status derive_tls_scalar(const uint8_t huk[32],
                                  uint8_t ret_scalar[CRYPTO_P256_SCALAR_BYTES]);

/* The PIN verifier of provisioning.h under the PIN key, itself `derive_key` of its label. */
FALLIBLE Status derive_pin_verifier(const uint8_t pin_key[32], const void *digits,
                                    size_t digit_count, const uint8_t salt[16], uint32_t iterations,
                                    uint8_t ret_verifier[32]);

/* The first nonce of RFC 6979 for P-256 and SHA-256. */
FALLIBLE Status derive_nonce(const uint8_t scalar[CRYPTO_P256_SCALAR_BYTES],
                             const uint8_t hash[CRYPTO_SHA256_BYTES],
                             uint8_t ret_nonce[CRYPTO_P256_SCALAR_BYTES]);

/* 0 < scalar < n of P-256. */
bool derive_scalar_is_valid(const uint8_t scalar[CRYPTO_P256_SCALAR_BYTES]);
