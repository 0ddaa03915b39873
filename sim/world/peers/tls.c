/* SPDX-License-Identifier: MIT */

/*
 * mbedTLS 3.6 on a seed and a virtual clock.
 *
 * T1  Whatever mbedTLS draws comes from the stream of the session (or certificate) being served,
 * and what time it asks is the queue's: `enter` says whose turn it is, before every call that may
 *     draw or ask.
 * T2  A handshake is told exactly once: completed, refused_by_client (it sent an alert),
 *     refused_by_server (we did), or broken (the connection went away).
 * T3  Secrets are in the capture before any frame that needs them: they are written while the
 *     message that they protect is being made.
 */

#define MBEDTLS_ALLOW_PRIVATE_ACCESS /* the number of a received alert is told nowhere else */

#include "sim/world/peers/tls.h"

#include <assert.h>
#include <string.h>

#include <mbedtls/ecdsa.h>
#include <mbedtls/error.h>
#include <mbedtls/pk.h>
#include <mbedtls/platform.h>
#include <mbedtls/ssl.h>
#include <mbedtls/x509_crt.h>
#include <psa/crypto.h>

#define DAY_SECONDS  INT64_C(86400)
#define YEAR_SECONDS (365 * DAY_SECONDS)

#define CERTIFICATE_BYTES_MAX 1024u
#define CLIENT_CHARS          65u
#define SECRET_BYTES_MAX      64u
#define PUBLIC_POINT_BYTES    65u /* 0x04, X, Y */

/* Records as small devices like them; also how finely a body is cut when a server stalls. */
#define RECORD_BYTES_MAX 4096u

/* A certificate and its key, made when first shown. */
typedef struct Identity {
    bool made;
    mbedtls_x509_crt certificate;
    mbedtls_pk_context key;
    mbedtls_ssl_config config;
} Identity;

struct Tls {
    TlsSettings settings;
    char *name;
    Prng prng;
    mbedtls_pk_context authority_key;
    mbedtls_x509_crt authority;
    mbedtls_x509_crt factory;
    Identity identities[TLS_CERTIFICATES];
    TlsCertificate shown;
    unsigned sessions;
};

struct TlsSession {
    Tls *tls;
    const char *source;
    TlsSend send;
    void *user_data;
    mbedtls_ssl_context ssl;
    Prng prng;
    GByteArray *input;
    TlsState state;
    bool told; /* T2 */
    char client[CLIENT_CHARS];
};

/* Whose turn it is (T1); see the header for why this is not in a struct of ours. */
static struct {
    Prng *prng;
    mbedtls_time_t now;
} turn;

G_DEFINE_QUARK(lockstep - tls - error - quark, tls_error)

/* --- What mbedTLS is given -------------------------------------------------------------------- */

static int draw(void *context, unsigned char *output, size_t bytes)
{
    (void)context;
    assert(turn.prng != NULL); /* T1 */
    prng_fill(turn.prng, output, bytes);
    return 0;
}

/* The random source of PSA, by the name that mbedTLS links to. */
psa_status_t mbedtls_psa_external_get_random(mbedtls_psa_external_random_context_t *context,
                                             uint8_t *output, size_t output_size,
                                             size_t *output_length)
{
    (void)context;
    draw(NULL, output, output_size);
    *output_length = output_size;
    return PSA_SUCCESS;
}

static mbedtls_time_t tell_time(mbedtls_time_t *ret_time)
{
    if (ret_time != NULL) {
        *ret_time = turn.now;
    }
    return turn.now;
}

static void enter(const Tls *tls, Prng *prng)
{
    turn.prng = prng;
    turn.now = (mbedtls_time_t)tls->settings.epoch_seconds +
               (mbedtls_time_t)(queue_now(tls->settings.queue) / VTIME_S);
}

static void leave(void)
{
    turn.prng = NULL;
}

/* --- Identities ------------------------------------------------------------------------------- */

static void date_text(int64_t seconds, char text[16])
{
    g_autoptr(GDateTime) date = g_date_time_new_from_unix_utc(seconds);
    g_autofree char *made = g_date_time_format(date, "%Y%m%d%H%M%S");
    g_strlcpy(text, made, 16);
}

/* What a certificate says, before it is signed. */
typedef struct Draft {
    const char *host;
    const char *issuer;
    mbedtls_pk_context *issuer_key;
    mbedtls_pk_context *key;
    int64_t from;
    int64_t until;
} Draft;

/* Writes a certificate and parses it again into `ret_certificate`. Cannot fail but by a bug. */
static void issue(const Draft *draft, Prng *prng, mbedtls_x509_crt *ret_certificate)
{
    mbedtls_x509write_cert writer;
    mbedtls_x509write_crt_init(&writer);
    mbedtls_x509write_crt_set_version(&writer, MBEDTLS_X509_CRT_VERSION_3);
    mbedtls_x509write_crt_set_md_alg(&writer, MBEDTLS_MD_SHA256);
    mbedtls_x509write_crt_set_subject_key(&writer, draft->key);
    mbedtls_x509write_crt_set_issuer_key(&writer, draft->issuer_key);

    uint8_t serial[8];
    prng_fill(prng, serial, sizeof serial);
    serial[0] = (uint8_t)((serial[0] & 0x3f) | 0x40); /* positive, and of one length */
    char from[16];
    char until[16];
    date_text(draft->from, from);
    date_text(draft->until, until);
    g_autofree char *subject = g_strdup_printf("CN=%s", draft->host);
    mbedtls_x509_san_list name = {.node = {.type = MBEDTLS_X509_SAN_DNS_NAME}};
    name.node.san.unstructured_name.p = (unsigned char *)(uintptr_t)draft->host;
    name.node.san.unstructured_name.len = strlen(draft->host);

    int failed = mbedtls_x509write_crt_set_serial_raw(&writer, serial, sizeof serial);
    failed |= mbedtls_x509write_crt_set_validity(&writer, from, until);
    failed |= mbedtls_x509write_crt_set_subject_name(&writer, subject);
    failed |= mbedtls_x509write_crt_set_issuer_name(&writer, draft->issuer);
    failed |= mbedtls_x509write_crt_set_basic_constraints(&writer, 0, -1);
    failed |= mbedtls_x509write_crt_set_key_usage(&writer, MBEDTLS_X509_KU_DIGITAL_SIGNATURE);
    failed |= mbedtls_x509write_crt_set_subject_alternative_name(&writer, &name);
    assert(failed == 0);
    uint8_t der[CERTIFICATE_BYTES_MAX];
    int bytes = mbedtls_x509write_crt_der(&writer, der, sizeof der, draw, NULL);
    assert(bytes > 0);
    /* mbedTLS writes from the end of the buffer. */
    failed = mbedtls_x509_crt_parse_der(ret_certificate, der + sizeof der - bytes, (size_t)bytes);
    assert(failed == 0);
    mbedtls_x509write_crt_free(&writer);
}

static void make_key(mbedtls_pk_context *key)
{
    int failed = mbedtls_pk_setup(key, mbedtls_pk_info_from_type(MBEDTLS_PK_ECKEY));
    failed |= mbedtls_ecp_gen_key(MBEDTLS_ECP_DP_SECP256R1, mbedtls_pk_ec(*key), draw, NULL);
    assert(failed == 0);
}

static void configure(Tls *tls, Identity *identity)
{
    static const int suites[] = {MBEDTLS_TLS1_3_CHACHA20_POLY1305_SHA256,
                                 MBEDTLS_TLS1_3_AES_128_GCM_SHA256, 0};
    static const uint16_t groups[] = {MBEDTLS_SSL_IANA_TLS_GROUP_SECP256R1,
                                      MBEDTLS_SSL_IANA_TLS_GROUP_NONE};
    mbedtls_ssl_config *config = &identity->config;
    int failed = mbedtls_ssl_config_defaults(
        config, MBEDTLS_SSL_IS_SERVER, MBEDTLS_SSL_TRANSPORT_STREAM, MBEDTLS_SSL_PRESET_DEFAULT);
    mbedtls_ssl_conf_min_tls_version(config, MBEDTLS_SSL_VERSION_TLS1_3);
    mbedtls_ssl_conf_max_tls_version(config, MBEDTLS_SSL_VERSION_TLS1_3);
    mbedtls_ssl_conf_tls13_key_exchange_modes(config,
                                              MBEDTLS_SSL_TLS1_3_KEY_EXCHANGE_MODE_EPHEMERAL);
    mbedtls_ssl_conf_ciphersuites(config, suites);
    mbedtls_ssl_conf_groups(config, groups);
    mbedtls_ssl_conf_rng(config, draw, NULL);
    mbedtls_ssl_conf_authmode(config, MBEDTLS_SSL_VERIFY_REQUIRED);
    mbedtls_ssl_conf_ca_chain(config, &tls->factory, NULL);
    failed |= mbedtls_ssl_conf_own_cert(config, &identity->certificate, &identity->key);
    assert(failed == 0);
}

static Identity *identity_of(Tls *tls, TlsCertificate which)
{
    Identity *identity = &tls->identities[which];
    if (identity->made) {
        return identity;
    }
    g_autofree char *name = g_strdup_printf("certificate/%d", (int)which);
    Prng prng = prng_fork(&tls->prng, name);
    enter(tls, &prng);
    identity->made = true;
    mbedtls_x509_crt_init(&identity->certificate);
    mbedtls_pk_init(&identity->key);
    mbedtls_ssl_config_init(&identity->config);
    make_key(&identity->key);

    int64_t epoch = (int64_t)tls->settings.epoch_seconds;
    char issuer[256];
    int length = mbedtls_x509_dn_gets(issuer, sizeof issuer, &tls->authority.subject);
    assert(length > 0);
    mbedtls_pk_context stranger;
    mbedtls_pk_init(&stranger);
    Draft draft = {.host = tls->settings.host,
                   .issuer = issuer,
                   .issuer_key = &tls->authority_key,
                   .key = &identity->key,
                   .from = epoch - YEAR_SECONDS,
                   .until = epoch + 10 * YEAR_SECONDS};
    switch (which) {
    case TLS_CERTIFICATE_GOOD:
    case TLS_CERTIFICATES:
        break;
    case TLS_CERTIFICATE_EXPIRED:
        draft.until = epoch - DAY_SECONDS;
        break;
    case TLS_CERTIFICATE_NOT_YET_VALID:
        draft.from = epoch + YEAR_SECONDS;
        break;
    case TLS_CERTIFICATE_WRONG_NAME:
        draft.host = "downloads.lockstep.test";
        break;
    case TLS_CERTIFICATE_WRONG_CA:
        make_key(&stranger); /* under the right issuer's name */
        draft.issuer_key = &stranger;
        break;
    }
    issue(&draft, &prng, &identity->certificate);
    configure(tls, identity);
    mbedtls_pk_free(&stranger);
    leave();
    return identity;
}

static bool loaded(int code, const char *path, GError **error)
{
    if (code == 0) {
        return true;
    }
    char text[128];
    mbedtls_strerror(code, text, sizeof text);
    g_set_error(error, TLS_ERROR, TLS_ERROR_KEYS, "%s: %s", path, text);
    return false;
}

static bool load_keys(Tls *tls, GError **error)
{
    const char *folder = tls->settings.keys_path;
    g_autofree char *key = g_build_filename(folder, TLS_FILE_SERVICE_KEY, NULL);
    g_autofree char *service = g_build_filename(folder, TLS_FILE_SERVICE_CERTIFICATE, NULL);
    g_autofree char *factory = g_build_filename(folder, TLS_FILE_FACTORY_CERTIFICATE, NULL);
    return loaded(mbedtls_pk_parse_keyfile(&tls->authority_key, key, NULL, draw, NULL), key,
                  error) &&
           loaded(mbedtls_x509_crt_parse_file(&tls->authority, service), service, error) &&
           loaded(mbedtls_x509_crt_parse_file(&tls->factory, factory), factory, error);
}

Tls *tls_new(const TlsSettings *settings, const Prng *root, GError **error)
{
    Tls *tls = g_new0(Tls, 1);
    tls->settings = *settings;
    g_autofree char *name = g_strdup_printf("tls/%s", settings->peer);
    tls->prng = prng_fork(root, name);
    mbedtls_pk_init(&tls->authority_key);
    mbedtls_x509_crt_init(&tls->authority);
    mbedtls_x509_crt_init(&tls->factory);
    mbedtls_platform_set_time(tell_time);
    Prng prng = prng_fork(&tls->prng, "keys");
    enter(tls, &prng);
    bool ready = psa_crypto_init() == PSA_SUCCESS;
    assert(ready);
    bool ok = load_keys(tls, error);
    leave();
    if (!ok) {
        tls_free(tls);
        return NULL;
    }
    return tls;
}

void tls_free(Tls *tls)
{
    if (tls == NULL) {
        return;
    }
    for (unsigned i = 0; i < TLS_CERTIFICATES; i++) {
        if (tls->identities[i].made) {
            mbedtls_ssl_config_free(&tls->identities[i].config);
            mbedtls_x509_crt_free(&tls->identities[i].certificate);
            mbedtls_pk_free(&tls->identities[i].key);
        }
    }
    mbedtls_x509_crt_free(&tls->factory);
    mbedtls_x509_crt_free(&tls->authority);
    mbedtls_pk_free(&tls->authority_key);
    g_free(tls);
}

void tls_set_certificate(Tls *tls, TlsCertificate which)
{
    tls->shown = which;
}

/* --- Sessions --------------------------------------------------------------------------------- */

static int send_record(void *context, const unsigned char *bytes, size_t count)
{
    const TlsSession *session = context;
    session->send(bytes, count, session->user_data);
    return (int)count;
}

static int receive_record(void *context, unsigned char *bytes, size_t count)
{
    TlsSession *session = context;
    size_t taken = MIN(count, session->input->len);
    if (taken == 0) {
        return MBEDTLS_ERR_SSL_WANT_READ;
    }
    memcpy(bytes, session->input->data, taken);
    g_byte_array_remove_range(session->input, 0, (guint)taken);
    return (int)taken;
}

static const char *secret_label(mbedtls_ssl_key_export_type type)
{
    switch (type) {
    case MBEDTLS_SSL_KEY_EXPORT_TLS1_3_CLIENT_HANDSHAKE_TRAFFIC_SECRET:
        return "CLIENT_HANDSHAKE_TRAFFIC_SECRET";
    case MBEDTLS_SSL_KEY_EXPORT_TLS1_3_SERVER_HANDSHAKE_TRAFFIC_SECRET:
        return "SERVER_HANDSHAKE_TRAFFIC_SECRET";
    case MBEDTLS_SSL_KEY_EXPORT_TLS1_3_CLIENT_APPLICATION_TRAFFIC_SECRET:
        return "CLIENT_TRAFFIC_SECRET_0";
    case MBEDTLS_SSL_KEY_EXPORT_TLS1_3_SERVER_APPLICATION_TRAFFIC_SECRET:
        return "SERVER_TRAFFIC_SECRET_0";
    case MBEDTLS_SSL_KEY_EXPORT_TLS12_MASTER_SECRET:
    case MBEDTLS_SSL_KEY_EXPORT_TLS1_3_CLIENT_EARLY_SECRET:
    case MBEDTLS_SSL_KEY_EXPORT_TLS1_3_EARLY_EXPORTER_SECRET:
        break;
    }
    return NULL;
}

static void append_hex(GString *text, const uint8_t *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        g_string_append_printf(text, "%02x", bytes[i]);
    }
}

static void export_secret(void *context, mbedtls_ssl_key_export_type type,
                          const unsigned char *secret, size_t secret_bytes,
                          const unsigned char client_random[32],
                          const unsigned char server_random[32], mbedtls_tls_prf_types prf)
{
    (void)server_random;
    (void)prf;
    const TlsSession *session = context;
    const char *label = secret_label(type);
    if (label == NULL || session->tls->settings.capture == NULL) {
        return;
    }
    g_autoptr(GString) line = g_string_new(label);
    g_string_append_c(line, ' ');
    append_hex(line, client_random, 32);
    g_string_append_c(line, ' ');
    append_hex(line, secret, MIN(secret_bytes, SECRET_BYTES_MAX));
    g_string_append_c(line, '\n');
    pcapng_add_secrets(session->tls->settings.capture, line->str); /* keeps T3 */
}

TlsSession *tls_session_new(Tls *tls, const char *source, TlsSend send, void *user_data)
{
    const Identity *identity = identity_of(tls, tls->shown);
    TlsSession *session = g_new0(TlsSession, 1);
    session->tls = tls;
    session->source = source;
    session->send = send;
    session->user_data = user_data;
    session->input = g_byte_array_new();
    g_autofree char *name = g_strdup_printf("session/%u", ++tls->sessions);
    session->prng = prng_fork(&tls->prng, name);
    enter(tls, &session->prng);
    mbedtls_ssl_init(&session->ssl);
    int failed = mbedtls_ssl_setup(&session->ssl, &identity->config);
    assert(failed == 0);
    mbedtls_ssl_set_bio(&session->ssl, session, send_record, receive_record, NULL);
    mbedtls_ssl_set_export_keys_cb(&session->ssl, export_secret, session);
    leave();
    return session;
}

void tls_session_free(TlsSession *session)
{
    if (session == NULL) {
        return;
    }
    enter(session->tls, &session->prng);
    mbedtls_ssl_free(&session->ssl);
    leave();
    g_byte_array_unref(session->input);
    g_free(session);
}

/* Copies the common name of the device's certificate, if it has a plain one. */
static void note_client(TlsSession *session)
{
    const mbedtls_x509_crt *peer = mbedtls_ssl_get_peer_cert(&session->ssl);
    if (peer == NULL) {
        return;
    }
    for (const mbedtls_x509_name *name = &peer->subject; name != NULL; name = name->next) {
        static const uint8_t common_name[] = {0x55, 0x04, 0x03};
        if (name->oid.len == sizeof common_name &&
            memcmp(name->oid.p, common_name, sizeof common_name) == 0 &&
            name->val.len < sizeof session->client) {
            for (size_t i = 0; i < name->val.len; i++) {
                char c = (char)name->val.p[i];
                session->client[i] = g_ascii_isalnum(c) || c == '-' || c == '.' ? c : '?';
            }
            session->client[name->val.len] = '\0';
        }
    }
}

static void tell_handshake(TlsSession *session, const char *outcome, int alert)
{
    if (session->told) {
        return;
    }
    session->told = true; /* keeps T2 */
    const TlsSettings *settings = &session->tls->settings;
    bool completed = session->state == TLS_STATE_OPEN;
    const char *suite = completed ? mbedtls_ssl_get_ciphersuite(&session->ssl) : "";
    const char *version = completed ? mbedtls_ssl_get_version(&session->ssl) : "";
    RECORD(settings->recorder, queue_now(settings->queue), session->source, EVENT_TLS_HANDSHAKE,
           EVENT_TEXT("peer", settings->peer), EVENT_TEXT("outcome", outcome),
           EVENT_TEXT("version", version), EVENT_TEXT("suite", suite),
           EVENT_TEXT("client_id", session->client), EVENT_INTEGER("alert", alert));
}

/*
 * The alert that `bytes` end in, if it is a fatal one in the clear; 0 if not. A client that refuses
 * the server's certificate may not have turned on its encryption yet, and mbedTLS as a server then
 * calls the alert a bad record.
 */
static int plain_alert(const uint8_t *bytes, size_t count)
{
    static const uint8_t fatal_alert[] = {0x15, 0x03, 0x03, 0x00, 0x02, 0x02};
    const size_t record_bytes = sizeof fatal_alert + 1;
    if (count < record_bytes ||
        memcmp(bytes + count - record_bytes, fatal_alert, sizeof fatal_alert) != 0) {
        return 0;
    }
    return bytes[count - 1];
}

/* Something ended the handshake or the session; sorts out who. */
static void fail(TlsSession *session, int code, const uint8_t *bytes, size_t count)
{
    int alert = plain_alert(bytes, count);
    if (code == MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE && session->ssl.in_msg != NULL) {
        alert = session->ssl.in_msg[1];
    }
    bool alerted = code == MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE || alert != 0;
    session->state = TLS_STATE_FAILED;
    tell_handshake(session, alerted ? "refused_by_client" : "refused_by_server", alert);
}

void tls_session_input(TlsSession *session, const uint8_t *bytes, size_t count)
{
    if (session->state == TLS_STATE_FAILED) {
        return;
    }
    g_byte_array_append(session->input, bytes, (guint)count);
    if (session->state != TLS_STATE_HANDSHAKE) {
        return;
    }
    enter(session->tls, &session->prng);
    int code = mbedtls_ssl_handshake(&session->ssl);
    if (code == 0) {
        session->state = TLS_STATE_OPEN;
        note_client(session);
        tell_handshake(session, "completed", 0);
    } else if (code != MBEDTLS_ERR_SSL_WANT_READ && code != MBEDTLS_ERR_SSL_WANT_WRITE) {
        fail(session, code, bytes, count);
    }
    leave();
}

void tls_session_cut(TlsSession *session)
{
    if (session->state == TLS_STATE_HANDSHAKE) {
        session->state = TLS_STATE_FAILED;
        tell_handshake(session, "broken", 0);
    }
}

TlsState tls_session_state(const TlsSession *session)
{
    return session->state;
}

const char *tls_session_client(const TlsSession *session)
{
    return session->client;
}

size_t tls_session_read(TlsSession *session, uint8_t *bytes, size_t count)
{
    if (session->state != TLS_STATE_OPEN) {
        return 0;
    }
    enter(session->tls, &session->prng);
    int code = mbedtls_ssl_read(&session->ssl, bytes, count);
    leave();
    if (code > 0) {
        return (size_t)code;
    }
    if (code == 0 || code == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY) {
        session->state = TLS_STATE_CLOSED;
    } else if (code != MBEDTLS_ERR_SSL_WANT_READ && code != MBEDTLS_ERR_SSL_WANT_WRITE) {
        session->state = TLS_STATE_FAILED;
    }
    return 0;
}

void tls_session_write(TlsSession *session, const uint8_t *bytes, size_t count)
{
    enter(session->tls, &session->prng);
    while (count > 0 && session->state == TLS_STATE_OPEN) {
        int written = mbedtls_ssl_write(&session->ssl, bytes, MIN(count, RECORD_BYTES_MAX));
        if (written <= 0) {
            session->state = TLS_STATE_FAILED;
            break;
        }
        bytes += written;
        count -= (size_t)written;
    }
    leave();
}

void tls_session_close(TlsSession *session)
{
    if (session->state == TLS_STATE_OPEN || session->state == TLS_STATE_CLOSED) {
        enter(session->tls, &session->prng);
        int code = mbedtls_ssl_close_notify(&session->ssl);
        assert(code == 0);
        leave();
    }
}

/* --- Others ----------------------------------------------------------------------------------- */

void tls_lend(Prng *prng, uint64_t epoch_seconds, const Queue *queue)
{
    turn.prng = prng;
    turn.now = prng == NULL
                   ? 0
                   : (mbedtls_time_t)epoch_seconds + (mbedtls_time_t)(queue_now(queue) / VTIME_S);
}

/* Loads a key pair, which the caller frees in any case. What is drawn meanwhile only blinds. */
static bool load_pair(const char *keys_path, const char *file, mbedtls_pk_context *pair,
                      GError **error)
{
    mbedtls_pk_init(pair);
    g_autofree char *path = g_build_filename(keys_path, file, NULL);
    return loaded(mbedtls_pk_parse_keyfile(pair, path, NULL, draw, NULL), path, error);
}

bool tls_public_key(const char *keys_path, const char *file, uint8_t ret_key[TLS_KEY_BYTES],
                    GError **error)
{
    Prng blinding = prng_new(0);
    mbedtls_pk_context pair;
    turn.prng = &blinding;
    bool ok = load_pair(keys_path, file, &pair, error);
    if (ok) {
        const mbedtls_ecp_keypair *ec = mbedtls_pk_ec(pair);
        uint8_t point[PUBLIC_POINT_BYTES];
        size_t bytes = 0;
        int failed = mbedtls_ecp_point_write_binary(&ec->grp, &ec->Q, MBEDTLS_ECP_PF_UNCOMPRESSED,
                                                    &bytes, point, sizeof point);
        assert(failed == 0 && bytes == sizeof point);
        memcpy(ret_key, point + 1, TLS_KEY_BYTES);
    }
    mbedtls_pk_free(&pair);
    leave();
    return ok;
}

bool tls_sign(const char *keys_path, const char *file, const uint8_t digest[32],
              uint8_t ret_signature[TLS_SIGNATURE_BYTES], GError **error)
{
    Prng blinding = prng_new(0);
    mbedtls_pk_context pair;
    turn.prng = &blinding;
    bool ok = load_pair(keys_path, file, &pair, error);
    if (ok) {
        mbedtls_ecp_keypair *ec = mbedtls_pk_ec(pair);
        mbedtls_mpi r;
        mbedtls_mpi s;
        mbedtls_mpi_init(&r);
        mbedtls_mpi_init(&s);
        int failed = mbedtls_ecdsa_sign_det_ext(&ec->grp, &r, &s, &ec->d, digest, 32,
                                                MBEDTLS_MD_SHA256, draw, NULL);
        failed |= mbedtls_mpi_write_binary(&r, ret_signature, 32);
        failed |= mbedtls_mpi_write_binary(&s, ret_signature + 32, 32);
        assert(failed == 0);
        mbedtls_mpi_free(&r);
        mbedtls_mpi_free(&s);
    }
    mbedtls_pk_free(&pair);
    leave();
    return ok;
}
