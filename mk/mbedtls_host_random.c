/* SPDX-License-Identifier: MIT */

/*
 * What PSA draws from in a program that brought no generator of its own: nothing.
 *
 * This is the last member of the host's libmbedcrypto.a, so the linker takes it only where nobody
 * else defines the function. The lab's TLS (sim/world/peers/tls.c) does; tools that only hash and
 * sign never ask, and one that does must notice.
 */

#include <psa/crypto.h>

psa_status_t mbedtls_psa_external_get_random(mbedtls_psa_external_random_context_t *context,
                                             uint8_t *output, size_t output_size,
                                             size_t *output_length)
{
    (void)context;
    (void)output;
    (void)output_size;
    *output_length = 0;
    return PSA_ERROR_INSUFFICIENT_ENTROPY;
}
