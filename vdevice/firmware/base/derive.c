/* SPDX-License-Identifier: MIT */
#include "vdevice/firmware/base/derive.h"

#include <string.h>

#include "vdevice/contract/provisioning.h"
#include "vdevice/firmware/base/bytes.h"

/* The order n of P-256 (SEC 2, 2.4.2). */
static const uint8_t derive_order[CRYPTO_P256_SCALAR_BYTES] = {
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
};

/* Tries before giving up on a draw that misses [1, n-1] with a chance of 2^-32 each. */
#define DERIVE_DRAWS_MAX 8u

/* Starts a hash with the key, padded and masked with `mask`. */
static Status derive_pad(CryptoSha256 *hash, const uint8_t block[CRYPTO_SHA256_BLOCK], uint8_t mask)
{
    uint8_t padded[CRYPTO_SHA256_BLOCK];
    for (size_t i = 0; i < sizeof padded; i++) {
        padded[i] = block[i] ^ mask;
    }
    crypto_sha256_init(hash);
    Status status = crypto_sha256_add(hash, padded, sizeof padded);
    bytes_clear_secret(padded, sizeof padded);
    return status;
}

Status derive_hmac_init(DeriveHmac *hmac, const void *key, size_t key_bytes)
{
    uint8_t block[CRYPTO_SHA256_BLOCK] = {0};
    if (key_bytes > sizeof block) {
        TRY(crypto_sha256(key, key_bytes, block));
    } else if (key_bytes > 0) {
        memcpy(block, key, key_bytes);
    }
    TRY(derive_pad(&hmac->inner, block, 0x36));
    TRY(derive_pad(&hmac->outer, block, 0x5c));
    bytes_clear_secret(block, sizeof block);
    return status_ok();
}

Status derive_hmac_add(DeriveHmac *hmac, const void *bytes, size_t count)
{
    return crypto_sha256_add(&hmac->inner, bytes, count);
}

Status derive_hmac_finish(DeriveHmac *hmac, uint8_t ret_mac[CRYPTO_SHA256_BYTES])
{
    uint8_t digest[CRYPTO_SHA256_BYTES];
    TRY(crypto_sha256_finish(&hmac->inner, digest));
    TRY(crypto_sha256_add(&hmac->outer, digest, sizeof digest));
    return crypto_sha256_finish(&hmac->outer, ret_mac);
}

Status derive_hmac(const void *key, size_t key_bytes, const void *bytes, size_t count,
                   uint8_t ret_mac[CRYPTO_SHA256_BYTES])
{
    DeriveHmac hmac;
    TRY(derive_hmac_init(&hmac, key, key_bytes));
    TRY(derive_hmac_add(&hmac, bytes, count));
    return derive_hmac_finish(&hmac, ret_mac);
}

Status derive_pbkdf2(const void *password, size_t password_bytes, const void *salt,
                     size_t salt_bytes, uint32_t iterations, uint8_t ret_key[CRYPTO_SHA256_BYTES])
{
    static const uint8_t first_block[4] = {0, 0, 0, 1};
    uint8_t sum[CRYPTO_SHA256_BYTES];
    uint8_t last[CRYPTO_SHA256_BYTES];
    DeriveHmac keyed;
    TRY(derive_hmac_init(&keyed, password, password_bytes));
    DeriveHmac hmac = keyed;
    TRY(derive_hmac_add(&hmac, salt, salt_bytes));
    TRY(derive_hmac_add(&hmac, first_block, sizeof first_block));
    TRY(derive_hmac_finish(&hmac, last));
    memcpy(sum, last, sizeof sum);
    for (uint32_t i = 1; i < iterations; i++) {
        hmac = keyed;
        TRY(derive_hmac_add(&hmac, last, sizeof last));
        TRY(derive_hmac_finish(&hmac, last));
        for (size_t j = 0; j < sizeof sum; j++) {
            sum[j] ^= last[j];
        }
    }
    memcpy(ret_key, sum, sizeof sum);
    bytes_clear_secret(sum, sizeof sum);
    bytes_clear_secret(last, sizeof last);
    bytes_clear_secret(&keyed, sizeof keyed);
    return status_ok();
}

Status derive_key(const uint8_t huk[32], const char *label, uint8_t ret_key[32])
{
    return derive_hmac(huk, 32, label, strlen(label), ret_key);
}

bool derive_scalar_is_valid(const uint8_t scalar[CRYPTO_P256_SCALAR_BYTES])
{
    /* Subtracts n and keeps the borrow: the same work for every scalar. */
    uint32_t borrow = 0;
    uint32_t any = 0;
    for (size_t i = CRYPTO_P256_SCALAR_BYTES; i-- > 0;) {
        uint32_t difference = (uint32_t)scalar[i] - derive_order[i] - borrow;
        borrow = (difference >> 8) & 1u;
        any |= scalar[i];
    }
    return any != 0 && borrow == 1;
}

Status derive_tls_scalar(const uint8_t huk[32], uint8_t ret_scalar[CRYPTO_P256_SCALAR_BYTES])
{
    uint8_t key[32];
    TRY(derive_key(huk, PROVISIONING_LABEL_TLS, key));
    for (uint8_t i = 0; i < DERIVE_DRAWS_MAX; i++) {
        uint8_t scalar[CRYPTO_P256_SCALAR_BYTES];
        TRY(derive_hmac(key, sizeof key, &i, 1, scalar));
        if (derive_scalar_is_valid(scalar)) {
            memcpy(ret_scalar, scalar, sizeof scalar);
            bytes_clear_secret(scalar, sizeof scalar);
            bytes_clear_secret(key, sizeof key);
            return status_ok();
        }
    }
    return status_error(STATUS_CR_FAILED);
}

Status derive_pin_verifier(const uint8_t pin_key[32], const void *digits, size_t digit_count,
                           const uint8_t salt[16], uint32_t iterations, uint8_t ret_verifier[32])
{
    uint8_t stretched[CRYPTO_SHA256_BYTES];
    TRY(derive_pbkdf2(digits, digit_count, salt, PROVISIONING_PIN_SALT_BYTES, iterations,
                      stretched));
    Status status = derive_hmac(pin_key, 32, stretched, sizeof stretched, ret_verifier);
    bytes_clear_secret(stretched, sizeof stretched);
    return status;
}

/* A hash as a number under n (RFC 6979, 2.3.4: bits2octets); n is over 2^255, so one step does. */
static void derive_reduce(const uint8_t hash[CRYPTO_SHA256_BYTES],
                          uint8_t ret_reduced[CRYPTO_P256_SCALAR_BYTES])
{
    uint8_t reduced[CRYPTO_P256_SCALAR_BYTES];
    uint32_t borrow = 0;
    for (size_t i = sizeof reduced; i-- > 0;) {
        uint32_t difference = (uint32_t)hash[i] - derive_order[i] - borrow;
        borrow = (difference >> 8) & 1u;
        reduced[i] = (uint8_t)difference;
    }
    memcpy(ret_reduced, borrow == 1 ? hash : reduced, sizeof reduced);
}

/* K = HMAC(K, V || byte || scalar || hash), V = HMAC(K, V): steps d to g of RFC 6979, 3.2. */
static Status derive_nonce_step(uint8_t key[32], uint8_t value[32], uint8_t byte,
                                const uint8_t *scalar, const uint8_t *reduced)
{
    DeriveHmac hmac;
    TRY(derive_hmac_init(&hmac, key, 32));
    TRY(derive_hmac_add(&hmac, value, 32));
    TRY(derive_hmac_add(&hmac, &byte, 1));
    if (scalar != NULL) {
        TRY(derive_hmac_add(&hmac, scalar, CRYPTO_P256_SCALAR_BYTES));
        TRY(derive_hmac_add(&hmac, reduced, CRYPTO_P256_SCALAR_BYTES));
    }
    TRY(derive_hmac_finish(&hmac, key));
    return derive_hmac(key, 32, value, 32, value);
}

Status derive_nonce(const uint8_t scalar[CRYPTO_P256_SCALAR_BYTES],
                    const uint8_t hash[CRYPTO_SHA256_BYTES],
                    uint8_t ret_nonce[CRYPTO_P256_SCALAR_BYTES])
{
    uint8_t reduced[CRYPTO_P256_SCALAR_BYTES];
    uint8_t key[32];
    uint8_t value[32];
    derive_reduce(hash, reduced);
    memset(key, 0, sizeof key);
    memset(value, 1, sizeof value);
    TRY(derive_nonce_step(key, value, 0, scalar, reduced));
    TRY(derive_nonce_step(key, value, 1, scalar, reduced));
    for (uint32_t i = 0; i < DERIVE_DRAWS_MAX; i++) {
        TRY(derive_hmac(key, sizeof key, value, sizeof value, value));
        if (derive_scalar_is_valid(value)) {
            memcpy(ret_nonce, value, sizeof value);
            bytes_clear_secret(key, sizeof key);
            bytes_clear_secret(value, sizeof value);
            return status_ok();
        }
        TRY(derive_nonce_step(key, value, 0, NULL, NULL));
    }
    return status_error(STATUS_CR_FAILED);
}
