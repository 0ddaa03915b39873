/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * TLS 1.3 as the lab's services speak it: mutual, in memory, and the same every time.
 *
 * A Tls is one service's identity: its certificate (one of several, good and bad, minted from the
 * seed when first shown), the authority that must have signed a device's certificate, and where
 * secrets and events go. A TlsSession is one connection: feed it what came from the device, read
 * the plain text, write plain text; what is to be sent comes out of a callback.
 *
 * Randomness comes from the seed and the session's number, calendar time from the queue. Each
 * handshake ends in one event `tls.handshake`; its secrets go to the capture as they are made.
 *
 * Making a Tls fails when keys are missing or do not parse. In a session nothing fails: what the
 * device does wrong ends the session, and is an event.
 *
 * mbedTLS keeps its random source and its clock in globals of the process; the only file-scope
 * state of the lab is in tls.c, and points at the session being served.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <glib.h>

#include "sim/base/prng.h"
#include "sim/evidence/recorder.h"
#include "sim/world/pcapng.h"
#include "sim/world/queue.h"

typedef struct Tls Tls;
typedef struct TlsSession TlsSession;

#define TLS_ERROR (tls_error_quark())
GQuark tls_error_quark(void);

typedef enum TlsError {
    TLS_ERROR_KEYS, /* a key or certificate is missing or does not parse */
} TlsError;

/* Files in the folder of keys, PEM or DER. */
#define TLS_FILE_SERVICE_KEY "service_ca.key.pem"
#define TLS_FILE_SERVICE_CERTIFICATE                                                               \
    "service_ca.crt.pem"                                  /* what devices trust their service by   \
                                                           */
#define TLS_FILE_FACTORY_CERTIFICATE "factory_ca.crt.pem" /* who signs devices' certificates */
#define TLS_FILE_IMAGE_KEY           "image.key.pem"      /* signs the images that devices accept */
#define TLS_FILE_STRANGER_KEY        "stranger.key.pem"   /* a key that no device accepts */

typedef enum TlsCertificate {
    TLS_CERTIFICATE_GOOD,
    TLS_CERTIFICATE_EXPIRED,       /* since the day before the epoch */
    TLS_CERTIFICATE_NOT_YET_VALID, /* until a year after the epoch */
    TLS_CERTIFICATE_WRONG_NAME,
    TLS_CERTIFICATE_WRONG_CA, /* all is right but who signed it */
    TLS_CERTIFICATES
} TlsCertificate;

/* What a service is; copied, but for the pointers. */
typedef struct TlsSettings {
    const char *peer;      /* its name in events */
    const char *host;      /* the name in its certificate */
    const char *keys_path; /* folder */
    uint64_t epoch_seconds;
    const Queue *queue;
    Recorder *recorder;
    Pcapng *capture;
} TlsSettings;

Tls *tls_new(const TlsSettings *settings, const Prng *root, GError **error);
void tls_free(Tls *tls);

/* Which certificate the sessions to come will show. */
void tls_set_certificate(Tls *tls, TlsCertificate which);

typedef void (*TlsSend)(const uint8_t *bytes, size_t count, void *user_data);

/* Begins a session, which must end before its Tls. `source` (static) is who its event is about. */
TlsSession *tls_session_new(Tls *tls, const char *source, TlsSend send, void *user_data);
void tls_session_free(TlsSession *session);

typedef enum TlsState {
    TLS_STATE_HANDSHAKE,
    TLS_STATE_OPEN,
    TLS_STATE_CLOSED, /* by the device, in order */
    TLS_STATE_FAILED, /* nothing more can be read or written */
} TlsState;

/* Takes bytes from the device, and goes on as far as they allow. */
void tls_session_input(TlsSession *session, const uint8_t *bytes, size_t count);

/* The connection under the session has ended. A handshake that was not over is broken. */
void tls_session_cut(TlsSession *session);

TlsState tls_session_state(const TlsSession *session);

/* The device's certificate's common name; empty before the handshake is over. */
const char *tls_session_client(const TlsSession *session);

/* Reads plain text; 0 when there is none for now, or ever (see the state). */
size_t tls_session_read(TlsSession *session, uint8_t *bytes, size_t count);

/* Sends plain text, if the session is open. */
void tls_session_write(TlsSession *session, const uint8_t *bytes, size_t count);

/* Says that nothing more will be sent. */
void tls_session_close(TlsSession *session);

/*
 * Lets somebody else in this process use mbedTLS, on a stream of theirs and at the instant of
 * `queue`, until given back with NULL. For a device that is faked in a test.
 */
void tls_lend(Prng *prng, uint64_t epoch_seconds, const Queue *queue);

#define TLS_KEY_BYTES       64u
#define TLS_SIGNATURE_BYTES 64u

/*
 * Reads the P-256 key in `file` of the folder `keys_path`, and gives its public key (X, Y).
 * For images that are signed soundly and should still be refused.
 */
G_GNUC_WARN_UNUSED_RESULT
bool tls_public_key(const char *keys_path, const char *file, uint8_t ret_key[TLS_KEY_BYTES],
                    GError **error);

/* Signs `digest` (SHA-256) with that key: (r, s), by RFC 6979, so the same every time. */
G_GNUC_WARN_UNUSED_RESULT
bool tls_sign(const char *keys_path, const char *file, const uint8_t digest[32],
              uint8_t ret_signature[TLS_SIGNATURE_BYTES], GError **error);
