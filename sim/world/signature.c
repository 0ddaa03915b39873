/* SPDX-License-Identifier: MIT */

#include "sim/world/signature.h"

#include <gmp.h>
#include <nettle/dsa.h>
#include <nettle/ecc-curve.h>
#include <nettle/ecc.h>
#include <nettle/ecdsa.h>
#include <nettle/hmac.h>
#include <nettle/sha2.h>

void signature_sha256(const uint8_t *bytes, size_t byte_count,
                      uint8_t ret_digest[SIGNATURE_DIGEST_BYTES])
{
    struct sha256_ctx context;
    sha256_init(&context);
    sha256_update(&context, byte_count, bytes);
    sha256_digest(&context, SIGNATURE_DIGEST_BYTES, ret_digest);
}

void signature_hmac(const uint8_t *key, size_t key_bytes, const uint8_t *bytes, size_t byte_count,
                    uint8_t ret_tag[SIGNATURE_DIGEST_BYTES])
{
    struct hmac_sha256_ctx context;
    hmac_sha256_set_key(&context, key_bytes, key);
    hmac_sha256_update(&context, byte_count, bytes);
    hmac_sha256_digest(&context, SIGNATURE_DIGEST_BYTES, ret_tag);
}

/* Reads a big-endian number of half a key. */
static void signature_import(mpz_t ret_number, const uint8_t *bytes)
{
    mpz_import(ret_number, SIGNATURE_KEY_BYTES / 2, 1, 1, 1, 0, bytes);
}

bool signature_is_good(const uint8_t public_key[SIGNATURE_KEY_BYTES],
                       const uint8_t digest[SIGNATURE_DIGEST_BYTES],
                       const uint8_t signature[SIGNATURE_KEY_BYTES])
{
    mpz_t x, y;
    struct ecc_point point;
    struct dsa_signature pair;
    mpz_init(x);
    mpz_init(y);
    ecc_point_init(&point, nettle_get_secp_256r1());
    dsa_signature_init(&pair);
    signature_import(x, public_key);
    signature_import(y, public_key + SIGNATURE_KEY_BYTES / 2);
    signature_import(pair.r, signature);
    signature_import(pair.s, signature + SIGNATURE_KEY_BYTES / 2);
    bool good = ecc_point_set(&point, x, y) == 1 &&
                ecdsa_verify(&point, SIGNATURE_DIGEST_BYTES, digest, &pair) == 1;
    dsa_signature_clear(&pair);
    ecc_point_clear(&point);
    mpz_clear(y);
    mpz_clear(x);
    return good;
}
