/* SPDX-License-Identifier: MIT */

/*
 * What `crypto_soft.c` needs of mbedTLS and no more: SHA-256, and ECDSA on P-256 with deterministic
 * nonces (MBEDTLS_CONFIG_FILE of the software build of the ROM and of the unit tests).
 */

#define MBEDTLS_SHA256_C
#define MBEDTLS_MD_C
#define MBEDTLS_HMAC_DRBG_C
#define MBEDTLS_BIGNUM_C
#define MBEDTLS_ASN1_PARSE_C
#define MBEDTLS_ASN1_WRITE_C
#define MBEDTLS_ECP_C
#define MBEDTLS_ECP_DP_SECP256R1_ENABLED
#define MBEDTLS_ECP_NIST_OPTIM
#define MBEDTLS_ECDSA_C
#define MBEDTLS_ECDSA_DETERMINISTIC
#define MBEDTLS_HAVE_ASM
