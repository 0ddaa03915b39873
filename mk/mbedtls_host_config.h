/* SPDX-License-Identifier: MIT */

/*
 * How the lab and the tools want mbedTLS: its own defaults, less what would let the host leak in.
 *
 * Read after mbedTLS's default configuration (MBEDTLS_USER_CONFIG_FILE), so it only says the
 * differences. Randomness of PSA comes from `mbedtls_psa_external_get_random` and calendar time
 * from whoever calls `mbedtls_platform_set_time`: equal runs stay equal.
 */

#define MBEDTLS_PSA_CRYPTO_EXTERNAL_RNG
#define MBEDTLS_PLATFORM_TIME_ALT

/* Tickets would be stamped with the host's clock, and the lock wants none. */
#undef MBEDTLS_SSL_SESSION_TICKETS

/* The lab's transport is memory; no host sockets, no host timers, no keys kept in host files. */
#undef MBEDTLS_NET_C
#undef MBEDTLS_TIMING_C
#undef MBEDTLS_PSA_ITS_FILE_C
#undef MBEDTLS_PSA_CRYPTO_STORAGE_C

#undef MBEDTLS_SELF_TEST
