/* SPDX-License-Identifier: MIT */
#include "vdevice/firmware/app/tls_port.h"

#include <string.h>
#include <time.h>

#include "mbedtls/memory_buffer_alloc.h"
#include "mbedtls/net_sockets.h"
#include "mbedtls/pk.h"
#include "mbedtls/platform.h"
#include "mbedtls/platform_time.h"
#include "mbedtls/platform_util.h"
#include "mbedtls/psa_util.h"
#include "mbedtls/ssl.h"
#include "mbedtls/ssl_ciphersuites.h"
#include "mbedtls/x509_crt.h"
#include "psa/crypto.h"

#include "vdevice/firmware/app/net_port.h"
#include "vdevice/firmware/app/tls_p256.h"

typedef struct TlsPort {
    mbedtls_ssl_config config;
    mbedtls_x509_crt trust;
    mbedtls_x509_crt certificate;
    mbedtls_pk_context key;
    mbedtls_ssl_context ssl;
    bool open;
    _Alignas(8) uint8_t arena[TLS_PORT_ARENA_BYTES];
} TlsPort;

static TlsPort tls_port;

static const int tls_port_suites[] = {
    MBEDTLS_TLS1_3_CHACHA20_POLY1305_SHA256,
    MBEDTLS_TLS1_3_AES_128_GCM_SHA256,
    0,
};

static const uint16_t tls_port_groups[] = {MBEDTLS_SSL_IANA_TLS_GROUP_SECP256R1,
                                           MBEDTLS_SSL_IANA_TLS_GROUP_NONE};

static const uint16_t tls_port_signatures[] = {MBEDTLS_TLS1_3_SIG_ECDSA_SECP256R1_SHA256,
                                               MBEDTLS_TLS1_3_SIG_NONE};

static const mbedtls_x509_crt_profile tls_port_profile = {
    .allowed_mds = MBEDTLS_X509_ID_FLAG(MBEDTLS_MD_SHA256),
    .allowed_pks = MBEDTLS_X509_ID_FLAG(MBEDTLS_PK_ECKEY) | MBEDTLS_X509_ID_FLAG(MBEDTLS_PK_ECDSA),
    .allowed_curves = MBEDTLS_X509_ID_FLAG(MBEDTLS_ECP_DP_SECP256R1),
    .rsa_min_bitlen = 0,
};

/* What mbedTLS asks of its platform. */

psa_status_t mbedtls_psa_external_get_random(mbedtls_psa_external_random_context_t *context,
                                             uint8_t *output, size_t output_size,
                                             size_t *output_length)
{
    (void)context;
    for (size_t at = 0; at < output_size; at += SUPERVISOR_RANDOM_MAX) {
        size_t left = output_size - at;
        size_t count = left < SUPERVISOR_RANDOM_MAX ? left : SUPERVISOR_RANDOM_MAX;
        if (!status_is_ok(supervisor_random(output + at, count))) {
            return PSA_ERROR_INSUFFICIENT_ENTROPY;
        }
    }
    *output_length = output_size;
    return PSA_SUCCESS;
}

static mbedtls_time_t tls_port_time(mbedtls_time_t *ret_time)
{
    uint64_t seconds = 0;
    if (!status_is_ok(supervisor_time(&seconds))) {
        seconds = 0; /* no certificate is valid then */
    }
    if (ret_time != NULL) {
        *ret_time = (mbedtls_time_t)seconds;
    }
    return (mbedtls_time_t)seconds;
}

mbedtls_ms_time_t mbedtls_ms_time(void)
{
    return (mbedtls_ms_time_t)(supervisor_now() / 1000u);
}

struct tm *mbedtls_platform_gmtime_r(const mbedtls_time_t *tt, struct tm *tm_buf)
{
    time_t seconds = (time_t)*tt;
    return gmtime_r(&seconds, tm_buf);
}

static int tls_port_random(void *context, unsigned char *bytes, size_t count)
{
    (void)context;
    size_t drawn = 0;
    psa_status_t status = mbedtls_psa_external_get_random(NULL, bytes, count, &drawn);
    return status == PSA_SUCCESS ? 0 : MBEDTLS_ERR_SSL_NO_RNG;
}

static int tls_port_send(void *context, const unsigned char *bytes, size_t count)
{
    (void)context;
    size_t sent = net_port_write(bytes, count);
    if (sent > 0) {
        return (int)sent;
    }
    return net_port_stream() == NET_PORT_STREAM_OPEN ? MBEDTLS_ERR_SSL_WANT_WRITE
                                                     : MBEDTLS_ERR_NET_CONN_RESET;
}

static int tls_port_receive(void *context, unsigned char *bytes, size_t count)
{
    (void)context;
    size_t received = net_port_read(bytes, count);
    if (received > 0) {
        return (int)received;
    }
    switch (net_port_stream()) {
    case NET_PORT_STREAM_OPEN:
        return MBEDTLS_ERR_SSL_WANT_READ;
    case NET_PORT_STREAM_ENDED:
        return 0;
    case NET_PORT_STREAM_CLOSED:
    case NET_PORT_STREAM_CONNECTING:
    case NET_PORT_STREAM_FAILED:
        break;
    }
    return MBEDTLS_ERR_NET_CONN_RESET;
}

/* Puts the reference to the device's key where mbedTLS expects a private key. */
static bool tls_port_reference_key(void)
{
    psa_key_attributes_t attributes = PSA_KEY_ATTRIBUTES_INIT;
    psa_key_id_t id;
    psa_set_key_usage_flags(&attributes, PSA_KEY_USAGE_SIGN_HASH);
    psa_set_key_algorithm(&attributes, PSA_ALG_ECDSA(PSA_ALG_SHA_256));
    psa_set_key_type(&attributes, PSA_KEY_TYPE_ECC_KEY_PAIR(PSA_ECC_FAMILY_SECP_R1));
    psa_set_key_bits(&attributes, 256);
    if (psa_import_key(&attributes, tls_p256_device_key, sizeof(tls_p256_device_key), &id) !=
        PSA_SUCCESS) {
        return false;
    }
    mbedtls_pk_init(&tls_port.key);
    return mbedtls_pk_setup_opaque(&tls_port.key, id) == 0;
}

static bool tls_port_configure(void)
{
    mbedtls_ssl_config *config = &tls_port.config;
    mbedtls_ssl_config_init(config);
    if (mbedtls_ssl_config_defaults(config, MBEDTLS_SSL_IS_CLIENT, MBEDTLS_SSL_TRANSPORT_STREAM,
                                    MBEDTLS_SSL_PRESET_DEFAULT) != 0) {
        return false;
    }
    mbedtls_ssl_conf_min_tls_version(config, MBEDTLS_SSL_VERSION_TLS1_3);
    mbedtls_ssl_conf_max_tls_version(config, MBEDTLS_SSL_VERSION_TLS1_3);
    mbedtls_ssl_conf_authmode(config, MBEDTLS_SSL_VERIFY_REQUIRED);
    mbedtls_ssl_conf_ciphersuites(config, tls_port_suites);
    mbedtls_ssl_conf_groups(config, tls_port_groups);
    mbedtls_ssl_conf_sig_algs(config, tls_port_signatures);
    mbedtls_ssl_conf_cert_profile(config, &tls_port_profile);
    mbedtls_ssl_conf_rng(config, tls_port_random, NULL);
    mbedtls_ssl_conf_ca_chain(config, &tls_port.trust, NULL);
    return mbedtls_ssl_conf_own_cert(config, &tls_port.certificate, &tls_port.key) == 0;
}

Status tls_port_start(const SupervisorCertificates *certificates)
{
    mbedtls_memory_buffer_alloc_init(tls_port.arena, sizeof(tls_port.arena));
    (void)mbedtls_platform_set_time(tls_port_time);
    mbedtls_x509_crt_init(&tls_port.trust);
    mbedtls_x509_crt_init(&tls_port.certificate);
    if (psa_crypto_init() != PSA_SUCCESS) {
        return status_error(STATUS_CR_FAILED);
    }
    if (mbedtls_x509_crt_parse_der(&tls_port.trust, certificates->trust_der,
                                   certificates->trust_bytes) != 0 ||
        mbedtls_x509_crt_parse_der(&tls_port.certificate, certificates->certificate_der,
                                   certificates->certificate_bytes) != 0) {
        return status_error(STATUS_PV_FORM);
    }
    if (!tls_port_reference_key() || !tls_port_configure()) {
        return status_error(STATUS_CR_FAILED);
    }
    return status_ok();
}

Status tls_port_open(const char *host)
{
    tls_port_close();
    mbedtls_ssl_init(&tls_port.ssl);
    tls_port.open = true;
    if (mbedtls_ssl_setup(&tls_port.ssl, &tls_port.config) != 0 ||
        mbedtls_ssl_set_hostname(&tls_port.ssl, host) != 0) {
        tls_port_close();
        return status_error(STATUS_NE_TLS);
    }
    mbedtls_ssl_set_bio(&tls_port.ssl, NULL, tls_port_send, tls_port_receive, NULL);
    return status_ok();
}

static Status tls_port_handshake_status(int error)
{
    uint32_t flags = mbedtls_ssl_get_verify_result(&tls_port.ssl);
    bool judged = flags != 0 && flags != UINT32_MAX;
    if (judged || error == MBEDTLS_ERR_X509_CERT_VERIFY_FAILED) {
        return status_error(STATUS_NE_CERTIFICATE);
    }
    if (error == MBEDTLS_ERR_SSL_CONN_EOF || error == MBEDTLS_ERR_NET_CONN_RESET) {
        return status_error(STATUS_NE_CLOSED);
    }
    return status_error(STATUS_NE_TLS);
}

TlsPortStep tls_port_handshake(Status *ret_status)
{
    int outcome = mbedtls_ssl_handshake_step(&tls_port.ssl);
    if (outcome == MBEDTLS_ERR_SSL_WANT_READ || outcome == MBEDTLS_ERR_SSL_WANT_WRITE) {
        return TLS_PORT_STEP_WAITING;
    }
    if (outcome != 0) {
        *ret_status = tls_port_handshake_status(outcome);
        return TLS_PORT_STEP_FAILED;
    }
    return mbedtls_ssl_is_handshake_over(&tls_port.ssl) ? TLS_PORT_STEP_DONE : TLS_PORT_STEP_AGAIN;
}

/* Reads and writes end alike. */
static TlsPortStep tls_port_moved(int outcome, size_t *ret_count, Status *ret_status)
{
    if (outcome > 0) {
        *ret_count = (size_t)outcome;
        return TLS_PORT_STEP_DONE;
    }
    if (outcome == MBEDTLS_ERR_SSL_WANT_READ || outcome == MBEDTLS_ERR_SSL_WANT_WRITE) {
        return TLS_PORT_STEP_WAITING;
    }
    if (outcome == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY) {
        return TLS_PORT_STEP_ENDED;
    }
    bool lost = outcome == 0 || outcome == MBEDTLS_ERR_SSL_CONN_EOF ||
                outcome == MBEDTLS_ERR_NET_CONN_RESET;
    *ret_status = status_error(lost ? STATUS_NE_CLOSED : STATUS_NE_TLS);
    return TLS_PORT_STEP_FAILED;
}

TlsPortStep tls_port_read(void *buffer, size_t bytes_max, size_t *ret_count, Status *ret_status)
{
    return tls_port_moved(mbedtls_ssl_read(&tls_port.ssl, buffer, bytes_max), ret_count,
                          ret_status);
}

TlsPortStep tls_port_write(const void *buffer, size_t count, size_t *ret_count, Status *ret_status)
{
    return tls_port_moved(mbedtls_ssl_write(&tls_port.ssl, buffer, count), ret_count, ret_status);
}

void tls_port_close(void)
{
    if (!tls_port.open) {
        return;
    }
    if (mbedtls_ssl_is_handshake_over(&tls_port.ssl)) {
        (void)mbedtls_ssl_close_notify(&tls_port.ssl);
    }
    mbedtls_ssl_free(&tls_port.ssl);
    tls_port.open = false;
}
