/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What the factory puts into a lock: OTP words (memory_map.h) and one factory record in flash.
 *
 * Secrets never stand in flash. The hardware unique key (HUK, 32 random bytes in OTP) is the root;
 * software derives keys from it and then locks it until the next reset:
 *
 *   key(label)  = HMAC-SHA256(HUK, label)                 label without its terminating zero
 *   TLS private key d = first of HMAC-SHA256(key(PROVISIONING_LABEL_TLS), one byte i), i = 0, 1,
 * ..., taken as a big-endian number, with 0 < d < n of P-256 PIN verifier =
 * HMAC-SHA256(key(PROVISIONING_LABEL_PIN), PBKDF2-HMAC-SHA256(PIN digits as ASCII, salt,
 * iterations, 32 bytes))
 *
 * The factory computes d from the HUK it has just fused, issues a certificate for its public key
 * and forgets both. The certificate names the device id in its subject's common name, as 32
 * lower-case hex digits. The first PIN is on the label in the box; the record holds only its
 * verifier.
 *
 * The record starts at FACTORY_OFFSET; everything behind `trust_der` to the end of the region is
 * ones.
 */

#include <stdint.h>

#define FACTORY_MAGIC                   0x54434146u /* "FACT" */
#define FACTORY_RECORD_VERSION          1u
#define FACTORY_CERTIFICATE_BYTES_MAX   1024u
#define FACTORY_TRUST_BYTES_MAX         1024u
#define PROVISIONING_LABEL_TLS          "lockstep tls key"
#define PROVISIONING_LABEL_PIN          "lockstep pin key"
#define PROVISIONING_PIN_ITERATIONS     256u
#define PROVISIONING_PIN_DIGITS_MIN     6u
#define PROVISIONING_PIN_DIGITS_MAX     12u
#define PROVISIONING_PIN_SALT_BYTES     16u
#define PROVISIONING_PIN_VERIFIER_BYTES 32u

typedef struct FactoryRecord {
    uint32_t magic;             /* FACTORY_MAGIC */
    uint32_t record_version;    /* FACTORY_RECORD_VERSION */
    uint32_t certificate_bytes; /* device certificate, DER */
    uint32_t trust_bytes; /* the certificate authority the device trusts its service by, DER */
    uint32_t pin_iterations;
    uint8_t pin_salt[PROVISIONING_PIN_SALT_BYTES];
    uint8_t pin_verifier[PROVISIONING_PIN_VERIFIER_BYTES];
    uint8_t certificate_der[FACTORY_CERTIFICATE_BYTES_MAX]; /* unused bytes are ones */
    uint8_t trust_der[FACTORY_TRUST_BYTES_MAX];
    uint32_t crc32; /* CRC-32 (IEEE 802.3, reflected) of all bytes before it */
} FactoryRecord;

_Static_assert(sizeof(FactoryRecord) == 2120, "layout shared by factory and application");
