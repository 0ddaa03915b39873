/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The keys and certificate authorities of the lab's imaginary supplier. They are worthless: each
 * private key is computed from its name, so everybody has them and every build has the same.
 *
 *   image        signs images; its digest is in the fuses
 *   second       signs images; its digest is in the fuses' second place
 *   stranger     signs images; no lock has its digest
 *   factory_ca   signs device certificates
 *   service_ca   signs the service's certificates; every lock trusts it
 *   stranger_ca  signs certificates; no lock trusts it
 *
 * `keys_write_all` puts them into a folder as `<name>.key.pem`, and for authorities
 * `<name>.crt.pem` and `.crt.der`, for image keys `<name>.pub.pem`. Nothing reads them back but
 * people, openssl and the lab's servers: who needs a key here asks for it by name.
 *
 * Failures are `KEYS_ERROR`.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <glib.h>

#define KEYS_ERROR keys_error_quark()
GQuark keys_error_quark(void);

typedef enum KeysError {
    KEYS_ERROR_CRYPTO, /* the library refused */
    KEYS_ERROR_FILE,   /* a file cannot be written */
} KeysError;

#define KEYS_SCALAR_BYTES          32u
#define KEYS_POINT_BYTES           64u
#define KEYS_SIGNATURE_BYTES       64u
#define KEYS_CERTIFICATE_BYTES_MAX 1024u

typedef struct KeysPair {
    uint8_t scalar[KEYS_SCALAR_BYTES]; /* private, big-endian */
    uint8_t point[KEYS_POINT_BYTES];   /* public, X then Y */
} KeysPair;

typedef struct KeysCertificate {
    uint8_t der[KEYS_CERTIFICATE_BYTES_MAX];
    size_t bytes;
} KeysCertificate;

/* The key of that name; every name has one. */
bool keys_named(const char *name, KeysPair *ret_pair, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The pair of a given private key. */
bool keys_of_scalar(const uint8_t scalar[KEYS_SCALAR_BYTES], KeysPair *ret_pair,
                    GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Signs a SHA-256 digest: r, s. The same each time (RFC 6979). */
bool keys_sign(const KeysPair *pair, const uint8_t digest[32],
               uint8_t ret_signature[KEYS_SIGNATURE_BYTES],
               GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* What a certificate is to say. */
typedef struct KeysRequest {
    const char *common_name;
    const char *issuer;     /* name of the authority that signs; NULL: itself */
    const char *host;       /* subject alternative name, or NULL */
    const char *not_before; /* "20260101000000", UTC */
    const char *not_after;
    bool authority;
    uint8_t serial[16]; /* of the certificate; the first bit is cleared */
} KeysRequest;

#define KEYS_NOT_BEFORE "20250101000000"
#define KEYS_NOT_AFTER  "20491231235959"

/* Issues a certificate for `subject`, signed by the authority or, if none, by itself. */
bool keys_issue(const KeysPair *subject, const KeysRequest *request,
                KeysCertificate *ret_certificate, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The certificate of the authority of that name. */
bool keys_authority(const char *name, KeysCertificate *ret_certificate,
                    GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The same certificate as text; the caller frees it. */
char *keys_certificate_pem(const KeysCertificate *certificate);

/* Writes every key above into `folder`, which is made if needed. */
bool keys_write_all(const char *folder, GError **error) G_GNUC_WARN_UNUSED_RESULT;
