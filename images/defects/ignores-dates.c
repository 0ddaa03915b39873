/* SPDX-License-Identifier: MIT */
/* Clocks of small devices are wrong so often that dates in certificates were better left alone. */
#include "mbedtls/x509_crt.h"

typedef int (*Verify)(void *, mbedtls_x509_crt *, int, uint32_t *);

int __real_mbedtls_x509_crt_verify_restartable(mbedtls_x509_crt *crt, mbedtls_x509_crt *trust_ca,
                                               mbedtls_x509_crl *ca_crl,
                                               const mbedtls_x509_crt_profile *profile,
                                               const char *cn, uint32_t *flags, Verify verify,
                                               void *verify_data,
                                               mbedtls_x509_crt_restart_ctx *restart);
int __wrap_mbedtls_x509_crt_verify_restartable(mbedtls_x509_crt *crt, mbedtls_x509_crt *trust_ca,
                                               mbedtls_x509_crl *ca_crl,
                                               const mbedtls_x509_crt_profile *profile,
                                               const char *cn, uint32_t *flags, Verify verify,
                                               void *verify_data,
                                               mbedtls_x509_crt_restart_ctx *restart);

int __wrap_mbedtls_x509_crt_verify_restartable(mbedtls_x509_crt *crt, mbedtls_x509_crt *trust_ca,
                                               mbedtls_x509_crl *ca_crl,
                                               const mbedtls_x509_crt_profile *profile,
                                               const char *cn, uint32_t *flags, Verify verify,
                                               void *verify_data,
                                               mbedtls_x509_crt_restart_ctx *restart)
{
    int outcome = __real_mbedtls_x509_crt_verify_restartable(crt, trust_ca, ca_crl, profile, cn,
                                                             flags, verify, verify_data, restart);
    *flags &= ~(uint32_t)(MBEDTLS_X509_BADCERT_EXPIRED | MBEDTLS_X509_BADCERT_FUTURE);
    return *flags == 0 ? 0 : outcome;
}
