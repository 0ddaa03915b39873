/* SPDX-License-Identifier: MIT */
/*
 * Cryptography by mbedTLS: the same bytes as crypto_accel.c gives, without the accelerators. The
 * only firmware file outside app/ that includes mbedTLS's headers.
 */
#include "vdevice/firmware/base/crypto.h"

#include <string.h>

#include <mbedtls/ecdsa.h>
#include <mbedtls/ecp.h>
#include <mbedtls/sha256.h>

#include "vdevice/firmware/base/bytes.h"
#include "vdevice/firmware/base/derive.h"

_Static_assert(sizeof(mbedtls_sha256_context) <= sizeof(CryptoSha256), "fits the seam's storage");

/* mbedTLS answers 0 for success. */
static Status crypto_result(int result)
{
    return result == 0 ? status_ok() : status_error(STATUS_CR_FAILED);
}

void crypto_sha256_init(CryptoSha256 *hash)
{
    mbedtls_sha256_context context;
    mbedtls_sha256_init(&context);
    (void)mbedtls_sha256_starts(&context, 0);
    memcpy(hash->words, &context, sizeof context);
}

Status crypto_sha256_add(CryptoSha256 *hash, const void *bytes, size_t count)
{
    mbedtls_sha256_context context;
    memcpy(&context, hash->words, sizeof context);
    TRY(crypto_result(mbedtls_sha256_update(&context, bytes, count)));
    memcpy(hash->words, &context, sizeof context);
    return status_ok();
}

Status crypto_sha256_finish(CryptoSha256 *hash, uint8_t ret_digest[CRYPTO_SHA256_BYTES])
{
    mbedtls_sha256_context context;
    memcpy(&context, hash->words, sizeof context);
    Status status = crypto_result(mbedtls_sha256_finish(&context, ret_digest));
    bytes_clear_secret(&context, sizeof context);
    bytes_clear_secret(hash, sizeof *hash);
    return status;
}

Status crypto_sha256(const void *bytes, size_t count, uint8_t ret_digest[CRYPTO_SHA256_BYTES])
{
    CryptoSha256 hash;
    crypto_sha256_init(&hash);
    TRY(crypto_sha256_add(&hash, bytes, count));
    return crypto_sha256_finish(&hash, ret_digest);
}

/* Everything one operation on the curve needs, cleared together whatever happens. */
typedef struct SoftCurve {
    mbedtls_ecp_group group;
    mbedtls_ecp_point point;
    mbedtls_ecp_point product;
    mbedtls_mpi scalar;
    mbedtls_mpi r;
    mbedtls_mpi s;
} SoftCurve;

static Status crypto_curve_open(SoftCurve *curve)
{
    mbedtls_ecp_group_init(&curve->group);
    mbedtls_ecp_point_init(&curve->point);
    mbedtls_ecp_point_init(&curve->product);
    mbedtls_mpi_init(&curve->scalar);
    mbedtls_mpi_init(&curve->r);
    mbedtls_mpi_init(&curve->s);
    return crypto_result(mbedtls_ecp_group_load(&curve->group, MBEDTLS_ECP_DP_SECP256R1));
}

static void crypto_curve_close(SoftCurve *curve)
{
    mbedtls_ecp_group_free(&curve->group);
    mbedtls_ecp_point_free(&curve->point);
    mbedtls_ecp_point_free(&curve->product);
    mbedtls_mpi_free(&curve->scalar);
    mbedtls_mpi_free(&curve->r);
    mbedtls_mpi_free(&curve->s);
}

static Status crypto_read_number(mbedtls_mpi *number, const uint8_t *bytes)
{
    return crypto_result(mbedtls_mpi_read_binary(number, bytes, CRYPTO_P256_SCALAR_BYTES));
}

static Status crypto_write_number(const mbedtls_mpi *number, uint8_t *bytes)
{
    return crypto_result(mbedtls_mpi_write_binary(number, bytes, CRYPTO_P256_SCALAR_BYTES));
}

/* Reads X, Y and refuses what is not on the curve. */
static Status crypto_read_point(SoftCurve *curve, const uint8_t *bytes)
{
    uint8_t encoded[1 + CRYPTO_P256_POINT_BYTES] = {0x04}; /* uncompressed (SEC 1, 2.3.3) */
    memcpy(encoded + 1, bytes, CRYPTO_P256_POINT_BYTES);
    TRY(crypto_result(
        mbedtls_ecp_point_read_binary(&curve->group, &curve->point, encoded, sizeof encoded)));
    return crypto_result(mbedtls_ecp_check_pubkey(&curve->group, &curve->point));
}

/*
 * Numbers for mbedTLS's blinding, drawn from the scalar itself: they never leave the computation,
 * and no random source is needed for it.
 */
typedef struct SoftBlinding {
    uint8_t key[32];
    uint32_t count;
} SoftBlinding;

static int crypto_blind(void *user_data, unsigned char *bytes, size_t count)
{
    SoftBlinding *blinding = user_data;
    for (size_t i = 0; i < count; i += CRYPTO_SHA256_BYTES) {
        uint8_t drawn[CRYPTO_SHA256_BYTES];
        blinding->count++;
        if (!status_is_ok(derive_hmac(blinding->key, sizeof blinding->key, &blinding->count,
                                      sizeof blinding->count, drawn))) {
            return MBEDTLS_ERR_ECP_RANDOM_FAILED;
        }
        memcpy(bytes + i, drawn, count - i < sizeof drawn ? count - i : sizeof drawn);
    }
    return 0;
}

/* `scalar` times `point`, or times the base point when it is NULL. */
static Status crypto_multiply(SoftCurve *curve, const uint8_t *scalar, const uint8_t *point,
                              uint8_t *ret_point)
{
    SoftBlinding blinding = {.count = 0};
    memcpy(blinding.key, scalar, sizeof blinding.key);
    if (!derive_scalar_is_valid(scalar)) {
        return status_error(STATUS_CR_FAILED);
    }
    TRY(crypto_read_number(&curve->scalar, scalar));
    const mbedtls_ecp_point *factor = &curve->group.G;
    if (point != NULL) {
        TRY(crypto_read_point(curve, point));
        factor = &curve->point;
    }
    TRY(crypto_result(mbedtls_ecp_mul(&curve->group, &curve->product, &curve->scalar, factor,
                                      crypto_blind, &blinding)));
    uint8_t encoded[1 + CRYPTO_P256_POINT_BYTES];
    size_t encoded_bytes;
    TRY(crypto_result(mbedtls_ecp_point_write_binary(&curve->group, &curve->product,
                                                     MBEDTLS_ECP_PF_UNCOMPRESSED, &encoded_bytes,
                                                     encoded, sizeof encoded)));
    memcpy(ret_point, encoded + 1, CRYPTO_P256_POINT_BYTES);
    return status_ok();
}

Status crypto_p256_public(const uint8_t scalar[CRYPTO_P256_SCALAR_BYTES],
                          uint8_t ret_point[CRYPTO_P256_POINT_BYTES])
{
    SoftCurve curve;
    Status status = crypto_curve_open(&curve);
    if (status_is_ok(status)) {
        status = crypto_multiply(&curve, scalar, NULL, ret_point);
    }
    crypto_curve_close(&curve);
    return status;
}

Status crypto_p256_multiply(const uint8_t scalar[CRYPTO_P256_SCALAR_BYTES],
                            const uint8_t point[CRYPTO_P256_POINT_BYTES],
                            uint8_t ret_point[CRYPTO_P256_POINT_BYTES])
{
    SoftCurve curve;
    Status status = crypto_curve_open(&curve);
    if (status_is_ok(status)) {
        status = crypto_multiply(&curve, scalar, point, ret_point);
    }
    crypto_curve_close(&curve);
    return status;
}

static Status crypto_sign(SoftCurve *curve, const uint8_t *scalar, const uint8_t *hash,
                          uint8_t *ret_signature)
{
    SoftBlinding blinding = {.count = 0};
    memcpy(blinding.key, scalar, sizeof blinding.key);
    if (!derive_scalar_is_valid(scalar)) {
        return status_error(STATUS_CR_FAILED);
    }
    TRY(crypto_read_number(&curve->scalar, scalar));
    TRY(crypto_result(mbedtls_ecdsa_sign_det_ext(&curve->group, &curve->r, &curve->s,
                                                 &curve->scalar, hash, CRYPTO_SHA256_BYTES,
                                                 MBEDTLS_MD_SHA256, crypto_blind, &blinding)));
    uint8_t signature[CRYPTO_P256_POINT_BYTES];
    TRY(crypto_write_number(&curve->r, signature));
    TRY(crypto_write_number(&curve->s, signature + CRYPTO_P256_SCALAR_BYTES));
    memcpy(ret_signature, signature, sizeof signature);
    return status_ok();
}

Status crypto_p256_sign(const uint8_t scalar[CRYPTO_P256_SCALAR_BYTES],
                        const uint8_t hash[CRYPTO_SHA256_BYTES],
                        uint8_t ret_signature[CRYPTO_P256_POINT_BYTES])
{
    SoftCurve curve;
    Status status = crypto_curve_open(&curve);
    if (status_is_ok(status)) {
        status = crypto_sign(&curve, scalar, hash, ret_signature);
    }
    crypto_curve_close(&curve);
    return status;
}

static Status crypto_verify(SoftCurve *curve, const uint8_t *point, const uint8_t *hash,
                            const uint8_t *signature)
{
    TRY(crypto_read_point(curve, point));
    TRY(crypto_read_number(&curve->r, signature));
    TRY(crypto_read_number(&curve->s, signature + CRYPTO_P256_SCALAR_BYTES));
    int result = mbedtls_ecdsa_verify(&curve->group, hash, CRYPTO_SHA256_BYTES, &curve->point,
                                      &curve->r, &curve->s);
    if (result == MBEDTLS_ERR_ECP_VERIFY_FAILED) {
        return status_error(STATUS_CR_MISMATCH);
    }
    return crypto_result(result);
}

Status crypto_p256_verify(const uint8_t point[CRYPTO_P256_POINT_BYTES],
                          const uint8_t hash[CRYPTO_SHA256_BYTES],
                          const uint8_t signature[CRYPTO_P256_POINT_BYTES])
{
    SoftCurve curve;
    Status status = crypto_curve_open(&curve);
    if (status_is_ok(status)) {
        status = crypto_verify(&curve, point, hash, signature);
    }
    crypto_curve_close(&curve);
    return status;
}

void crypto_clear(void)
{
    /* Nothing is kept between calls. */
}
