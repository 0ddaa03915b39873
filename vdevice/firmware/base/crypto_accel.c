/* SPDX-License-Identifier: MIT */
/*
 * Cryptography by the chip's accelerators. The hash block compresses; padding and part blocks are
 * done here. Operands in flash, ROM and SRAM are hashed where they are.
 */
#include "vdevice/firmware/base/crypto.h"

#include <string.h>

#include "vdevice/firmware/base/bytes.h"
#include "vdevice/firmware/base/derive.h"
#include "vdevice/firmware/drivers/hashacc.h"
#include "vdevice/firmware/drivers/pka.h"

/* How this implementation uses a CryptoSha256. */
typedef struct AccelHash {
    uint32_t state[8];
    uint64_t bytes; /* added so far */
    uint8_t block[CRYPTO_SHA256_BLOCK];
} AccelHash;

_Static_assert(sizeof(AccelHash) <= sizeof(CryptoSha256), "fits the seam's storage");

/* Initial hash value of SHA-256 (FIPS 180-4, 5.3.3). */
static const uint32_t crypto_initial_state[8] = {
    0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
};

static AccelHash crypto_load(const CryptoSha256 *hash)
{
    AccelHash state;
    memcpy(&state, hash->words, sizeof state);
    return state;
}

static void crypto_keep(CryptoSha256 *hash, const AccelHash *state)
{
    memcpy(hash->words, state, sizeof *state);
}

void crypto_sha256_init(CryptoSha256 *hash)
{
    AccelHash state = {.bytes = 0};
    memcpy(state.state, crypto_initial_state, sizeof state.state);
    crypto_keep(hash, &state);
}

Status crypto_sha256_add(CryptoSha256 *hash, const void *bytes, size_t count)
{
    AccelHash state = crypto_load(hash);
    const uint8_t *from = bytes;
    size_t held = (size_t)(state.bytes % CRYPTO_SHA256_BLOCK);
    state.bytes += count;
    if (held > 0) {
        size_t room = CRYPTO_SHA256_BLOCK - held;
        size_t part = count < room ? count : room;
        memcpy(state.block + held, from, part);
        from += part;
        count -= part;
        if (part == room) {
            TRY(hashacc_compress(state.state, state.block, 1));
        }
    }
    if (count >= CRYPTO_SHA256_BLOCK) {
        uint32_t blocks = (uint32_t)(count / CRYPTO_SHA256_BLOCK);
        TRY(hashacc_compress(state.state, from, blocks));
        from += (size_t)blocks * CRYPTO_SHA256_BLOCK;
        count -= (size_t)blocks * CRYPTO_SHA256_BLOCK;
    }
    if (count > 0) {
        memcpy(state.block, from, count);
    }
    crypto_keep(hash, &state);
    return status_ok();
}

Status crypto_sha256_finish(CryptoSha256 *hash, uint8_t ret_digest[CRYPTO_SHA256_BYTES])
{
    AccelHash state = crypto_load(hash);
    size_t held = (size_t)(state.bytes % CRYPTO_SHA256_BLOCK);
    uint64_t bits = state.bytes * 8;
    state.block[held++] = 0x80;
    if (held > CRYPTO_SHA256_BLOCK - 8) {
        memset(state.block + held, 0, CRYPTO_SHA256_BLOCK - held);
        TRY(hashacc_compress(state.state, state.block, 1));
        held = 0;
    }
    memset(state.block + held, 0, CRYPTO_SHA256_BLOCK - 8 - held);
    bytes_store_u32be(state.block + CRYPTO_SHA256_BLOCK - 8, (uint32_t)(bits >> 32));
    bytes_store_u32be(state.block + CRYPTO_SHA256_BLOCK - 4, (uint32_t)bits);
    TRY(hashacc_compress(state.state, state.block, 1));
    for (size_t i = 0; i < 8; i++) {
        bytes_store_u32be(ret_digest + 4 * i, state.state[i]);
    }
    bytes_clear_secret(hash, sizeof *hash);
    bytes_clear_secret(&state, sizeof state);
    return status_ok();
}

Status crypto_sha256(const void *bytes, size_t count, uint8_t ret_digest[CRYPTO_SHA256_BYTES])
{
    CryptoSha256 hash;
    crypto_sha256_init(&hash);
    TRY(crypto_sha256_add(&hash, bytes, count));
    return crypto_sha256_finish(&hash, ret_digest);
}

Status crypto_p256_public(const uint8_t scalar[CRYPTO_P256_SCALAR_BYTES],
                          uint8_t ret_point[CRYPTO_P256_POINT_BYTES])
{
    return pka_multiply_base(scalar, ret_point);
}

Status crypto_p256_multiply(const uint8_t scalar[CRYPTO_P256_SCALAR_BYTES],
                            const uint8_t point[CRYPTO_P256_POINT_BYTES],
                            uint8_t ret_point[CRYPTO_P256_POINT_BYTES])
{
    return pka_multiply(scalar, point, ret_point);
}

Status crypto_p256_sign(const uint8_t scalar[CRYPTO_P256_SCALAR_BYTES],
                        const uint8_t hash[CRYPTO_SHA256_BYTES],
                        uint8_t ret_signature[CRYPTO_P256_POINT_BYTES])
{
    uint8_t nonce[CRYPTO_P256_SCALAR_BYTES];
    TRY(derive_nonce(scalar, hash, nonce));
    Status status = pka_sign(scalar, nonce, hash, ret_signature);
    bytes_clear_secret(nonce, sizeof nonce);
    return status;
}

Status crypto_p256_verify(const uint8_t point[CRYPTO_P256_POINT_BYTES],
                          const uint8_t hash[CRYPTO_SHA256_BYTES],
                          const uint8_t signature[CRYPTO_P256_POINT_BYTES])
{
    return pka_verify(point, hash, signature);
}

void crypto_clear(void)
{
    pka_clear();
}
