/* SPDX-License-Identifier: MIT */
#include "vdevice/firmware/app/tls_p256.h"

#include <string.h>

#include "p256-m/p256-m.h"

#include "vdevice/firmware/app/supervisor.h"
#include "vdevice/firmware/base/bytes.h"
#include "vdevice/firmware/base/crypto.h"
#include "vdevice/firmware/base/derive.h"

/* A scalar drawn at random is out of range once in 2^32 draws. */
#define TLS_P256_DRAWS_MAX 4

/* Any valid scalar that nobody draws by chance: it stands for the key that never comes here. */
const uint8_t tls_p256_device_key[CRYPTO_P256_SCALAR_BYTES] = "the key of the lock, kept inside";

static int tls_p256_code(Status status, int failure)
{
    return status_is_ok(status) ? P256_SUCCESS : failure;
}

int p256_gen_keypair(uint8_t priv[32], uint8_t pub[64])
{
    for (int i = 0; i < TLS_P256_DRAWS_MAX; i++) {
        if (!status_is_ok(supervisor_random(priv, CRYPTO_P256_SCALAR_BYTES))) {
            break;
        }
        if (derive_scalar_is_valid(priv)) {
            return tls_p256_code(supervisor_p256_public(priv, pub), P256_RANDOM_FAILED);
        }
    }
    bytes_clear_secret(priv, CRYPTO_P256_SCALAR_BYTES);
    return P256_RANDOM_FAILED;
}

int p256_ecdh_shared_secret(uint8_t secret[32], const uint8_t priv[32], const uint8_t pub[64])
{
    uint8_t point[CRYPTO_P256_POINT_BYTES];
    Status status = supervisor_p256_multiply(priv, pub, point);
    if (status_is_ok(status)) {
        memcpy(secret, point, CRYPTO_P256_SCALAR_BYTES);
    }
    bytes_clear_secret(point, sizeof(point));
    return tls_p256_code(status, P256_INVALID_PUBKEY);
}

int p256_ecdsa_sign(uint8_t sig[64], const uint8_t priv[32], const uint8_t *hash, size_t hlen)
{
    if (hlen != CRYPTO_SHA256_BYTES ||
        memcmp(priv, tls_p256_device_key, sizeof(tls_p256_device_key)) != 0) {
        return P256_INVALID_PRIVKEY;
    }
    return tls_p256_code(supervisor_sign(hash, sig), P256_RANDOM_FAILED);
}

int p256_ecdsa_verify(const uint8_t sig[64], const uint8_t pub[64], const uint8_t *hash,
                      size_t hlen)
{
    if (hlen != CRYPTO_SHA256_BYTES) {
        return P256_INVALID_SIGNATURE;
    }
    return tls_p256_code(supervisor_p256_verify(pub, hash, sig), P256_INVALID_SIGNATURE);
}

int p256_validate_pubkey(const uint8_t pub[64])
{
    /* Here only what costs nothing: the accelerator refuses a point off the curve whenever it is
     * given one. */
    return bytes_all(pub, CRYPTO_P256_POINT_BYTES, 0) ? P256_INVALID_PUBKEY : P256_SUCCESS;
}

int p256_validate_privkey(const uint8_t priv[32])
{
    return derive_scalar_is_valid(priv) ? P256_SUCCESS : P256_INVALID_PRIVKEY;
}

int p256_public_from_private(uint8_t pub[64], const uint8_t priv[32])
{
    return tls_p256_code(supervisor_p256_public(priv, pub), P256_INVALID_PRIVKEY);
}
