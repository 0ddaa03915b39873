/* SPDX-License-Identifier: MIT */
#include "tools/keys.h"

#include <errno.h>
#include <string.h>

#include <mbedtls/ecp.h>
#include <mbedtls/pk.h>
#include <mbedtls/x509_crt.h>

#include "vdevice/firmware/base/crypto.h"
#include "vdevice/firmware/base/derive.h"

#define KEYS_PREFIX "lockstep worthless key: "

G_DEFINE_QUARK(keys - error - quark, keys_error)

static bool keys_fail(GError **error, const char *what, int code)
{
    g_set_error(error, KEYS_ERROR, KEYS_ERROR_CRYPTO, "%s: cryptographic library says -0x%04x",
                what, (unsigned)-code);
    return false;
}

static bool keys_status(Status status, const char *what, GError **error)
{
    if (status_is_ok(status)) {
        return true;
    }
    g_set_error(error, KEYS_ERROR, KEYS_ERROR_CRYPTO, "%s: %s", what, status_text(status));
    return false;
}

bool keys_of_scalar(const uint8_t scalar[KEYS_SCALAR_BYTES], KeysPair *ret_pair, GError **error)
{
    KeysPair pair;
    memcpy(pair.scalar, scalar, sizeof pair.scalar);
    if (!keys_status(crypto_p256_public(scalar, pair.point), "public key", error)) {
        return false;
    }
    *ret_pair = pair;
    return true;
}

bool keys_named(const char *name, KeysPair *ret_pair, GError **error)
{
    uint8_t scalar[KEYS_SCALAR_BYTES];
    g_autofree char *label = g_strconcat(KEYS_PREFIX, name, NULL);
    if (!keys_status(crypto_sha256(label, strlen(label), scalar), name, error)) {
        return false;
    }
    return keys_of_scalar(scalar, ret_pair, error);
}

bool keys_sign(const KeysPair *pair, const uint8_t digest[32],
               uint8_t ret_signature[KEYS_SIGNATURE_BYTES], GError **error)
{
    return keys_status(crypto_p256_sign(pair->scalar, digest, ret_signature), "signature", error);
}

/*
 * Blinding numbers for the library's elliptic curve code. They cancel out of every result, so they
 * may be anything, and are the same each time.
 */
static int keys_blind(void *user_data, unsigned char *bytes, size_t count)
{
    uint64_t *state = user_data;
    for (size_t i = 0; i < count; i++) {
        *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        bytes[i] = (unsigned char)(*state >> 56);
    }
    return 0;
}

/* A library key of a pair; the caller frees it, whatever happens. */
static bool keys_load(const KeysPair *pair, mbedtls_pk_context *key, GError **error)
{
    uint64_t blinding = 0;
    int code = mbedtls_pk_setup(key, mbedtls_pk_info_from_type(MBEDTLS_PK_ECKEY));
    if (code == 0) {
        code = mbedtls_ecp_read_key(MBEDTLS_ECP_DP_SECP256R1, mbedtls_pk_ec(*key), pair->scalar,
                                    KEYS_SCALAR_BYTES);
    }
    if (code == 0) {
        code = mbedtls_ecp_keypair_calc_public(mbedtls_pk_ec(*key), keys_blind, &blinding);
    }
    return code == 0 ? true : keys_fail(error, "key", code);
}

/* The extensions: what kind of certificate it is, and for which host. */
static int keys_extend(mbedtls_x509write_cert *writer, const KeysRequest *request)
{
    int code = mbedtls_x509write_crt_set_basic_constraints(writer, request->authority ? 1 : 0,
                                                           request->authority ? 0 : -1);
    unsigned usage = request->authority ? MBEDTLS_X509_KU_KEY_CERT_SIGN | MBEDTLS_X509_KU_CRL_SIGN
                                        : MBEDTLS_X509_KU_DIGITAL_SIGNATURE;
    if (code == 0) {
        code = mbedtls_x509write_crt_set_key_usage(writer, usage);
    }
    if (code == 0 && request->host != NULL) {
        mbedtls_x509_san_list names = {.next = NULL};
        names.node.type = MBEDTLS_X509_SAN_DNS_NAME;
        names.node.san.unstructured_name.p = (unsigned char *)(uintptr_t)request->host;
        names.node.san.unstructured_name.len = strlen(request->host);
        code = mbedtls_x509write_crt_set_subject_alternative_name(writer, &names);
    }
    return code;
}

/* Fills the writer and writes; `issuer` is the key that signs. */
static int keys_write_certificate(mbedtls_x509write_cert *writer, const KeysRequest *request,
                                  KeysCertificate *ret_certificate)
{
    const char *issuer = request->issuer != NULL ? request->issuer : request->common_name;
    g_autofree char *subject_name = g_strdup_printf("O=Lockstep lab,CN=%s", request->common_name);
    g_autofree char *issuer_name = g_strdup_printf("O=Lockstep lab,CN=%s", issuer);
    uint8_t serial[sizeof request->serial];
    memcpy(serial, request->serial, sizeof serial);
    serial[0] &= 0x7f;
    mbedtls_x509write_crt_set_md_alg(writer, MBEDTLS_MD_SHA256);
    int code = mbedtls_x509write_crt_set_subject_name(writer, subject_name);
    if (code == 0) {
        code = mbedtls_x509write_crt_set_issuer_name(writer, issuer_name);
    }
    if (code == 0) {
        code = mbedtls_x509write_crt_set_serial_raw(writer, serial, sizeof serial);
    }
    if (code == 0) {
        code = mbedtls_x509write_crt_set_validity(writer, request->not_before, request->not_after);
    }
    if (code == 0) {
        code = keys_extend(writer, request);
    }
    if (code != 0) {
        return code;
    }
    uint8_t buffer[KEYS_CERTIFICATE_BYTES_MAX];
    uint64_t blinding = 0;
    int bytes = mbedtls_x509write_crt_der(writer, buffer, sizeof buffer, keys_blind, &blinding);
    if (bytes < 0) {
        return bytes;
    }
    /* The library writes at the end of the buffer. */
    memcpy(ret_certificate->der, buffer + sizeof buffer - bytes, (size_t)bytes);
    ret_certificate->bytes = (size_t)bytes;
    return 0;
}

bool keys_issue(const KeysPair *subject, const KeysRequest *request,
                KeysCertificate *ret_certificate, GError **error)
{
    KeysPair signer = *subject;
    if (request->issuer != NULL && !keys_named(request->issuer, &signer, error)) {
        return false;
    }
    mbedtls_pk_context subject_key;
    mbedtls_pk_context signer_key;
    mbedtls_x509write_cert writer;
    mbedtls_pk_init(&subject_key);
    mbedtls_pk_init(&signer_key);
    mbedtls_x509write_crt_init(&writer);
    KeysCertificate certificate = {.bytes = 0};
    bool good = keys_load(subject, &subject_key, error) && keys_load(&signer, &signer_key, error);
    if (good) {
        mbedtls_x509write_crt_set_subject_key(&writer, &subject_key);
        mbedtls_x509write_crt_set_issuer_key(&writer, &signer_key);
        int code = keys_write_certificate(&writer, request, &certificate);
        good = code == 0 ? true : keys_fail(error, request->common_name, code);
    }
    mbedtls_x509write_crt_free(&writer);
    mbedtls_pk_free(&signer_key);
    mbedtls_pk_free(&subject_key);
    if (good) {
        *ret_certificate = certificate;
    }
    return good;
}

bool keys_authority(const char *name, KeysCertificate *ret_certificate, GError **error)
{
    KeysPair pair;
    if (!keys_named(name, &pair, error)) {
        return false;
    }
    KeysRequest request = {
        .common_name = name,
        .not_before = KEYS_NOT_BEFORE,
        .not_after = KEYS_NOT_AFTER,
        .authority = true,
        .serial = {1},
    };
    return keys_issue(&pair, &request, ret_certificate, error);
}

static bool keys_write_file(const char *folder, const char *name, const char *ending,
                            const void *bytes, size_t count, GError **error)
{
    g_autofree char *file = g_strconcat(name, ending, NULL);
    g_autofree char *path = g_build_filename(folder, file, NULL);
    return g_file_set_contents(path, bytes, (gssize)count, error);
}

/* <name>.key.pem and, for keys that sign images, <name>.pub.pem. */
static bool keys_write_pair(const char *folder, const char *name, bool public_too, GError **error)
{
    KeysPair pair;
    mbedtls_pk_context key;
    mbedtls_pk_init(&key);
    bool good = keys_named(name, &pair, error) && keys_load(&pair, &key, error);
    unsigned char pem[1024];
    if (good) {
        int code = mbedtls_pk_write_key_pem(&key, pem, sizeof pem);
        good = code == 0
                   ? keys_write_file(folder, name, ".key.pem", pem, strlen((char *)pem), error)
                   : keys_fail(error, name, code);
    }
    if (good && public_too) {
        int code = mbedtls_pk_write_pubkey_pem(&key, pem, sizeof pem);
        good = code == 0
                   ? keys_write_file(folder, name, ".pub.pem", pem, strlen((char *)pem), error)
                   : keys_fail(error, name, code);
    }
    mbedtls_pk_free(&key);
    return good;
}

char *keys_certificate_pem(const KeysCertificate *certificate)
{
    g_autofree char *text = g_base64_encode(certificate->der, certificate->bytes);
    GString *pem = g_string_new("-----BEGIN CERTIFICATE-----\n");
    for (size_t at = 0; at < strlen(text); at += 64) {
        g_string_append_printf(pem, "%.64s\n", text + at);
    }
    g_string_append(pem, "-----END CERTIFICATE-----\n");
    return g_string_free(pem, FALSE);
}

static bool keys_write_authority(const char *folder, const char *name, GError **error)
{
    KeysCertificate certificate;
    if (!keys_write_pair(folder, name, false, error) ||
        !keys_authority(name, &certificate, error)) {
        return false;
    }
    g_autofree char *pem = keys_certificate_pem(&certificate);
    return keys_write_file(folder, name, ".crt.der", certificate.der, certificate.bytes, error) &&
           keys_write_file(folder, name, ".crt.pem", pem, strlen(pem), error);
}

bool keys_write_all(const char *folder, GError **error)
{
    static const char *const signers[] = {"image", "second", "stranger"};
    static const char *const authorities[] = {"factory_ca", "service_ca", "stranger_ca"};
    static const char notice[] =
        "These keys are worthless: each is computed from its name and published with the project.\n"
        "Never use one for anything but this lab.\n";
    if (g_mkdir_with_parents(folder, 0755) != 0) {
        g_set_error(error, KEYS_ERROR, KEYS_ERROR_FILE, "%s: %s", folder, g_strerror(errno));
        return false;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(signers); i++) {
        if (!keys_write_pair(folder, signers[i], true, error)) {
            return false;
        }
    }
    for (size_t i = 0; i < G_N_ELEMENTS(authorities); i++) {
        if (!keys_write_authority(folder, authorities[i], error)) {
            return false;
        }
    }
    return keys_write_file(folder, "WORTHLESS", ".txt", notice, strlen(notice), error);
}
