/* SPDX-License-Identifier: MIT */
/* Any certificate of the right authority will do, whoever it was made for. */
#include "mbedtls/ssl.h"

int __real_mbedtls_ssl_set_hostname(mbedtls_ssl_context *ssl, const char *hostname);
int __wrap_mbedtls_ssl_set_hostname(mbedtls_ssl_context *ssl, const char *hostname);

int __wrap_mbedtls_ssl_set_hostname(mbedtls_ssl_context *ssl, const char *hostname)
{
    (void)hostname;
    return __real_mbedtls_ssl_set_hostname(ssl, NULL);
}
