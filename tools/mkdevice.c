/* SPDX-License-Identifier: MIT */
#include "tools/mkdevice.h"

#include <stddef.h>
#include <string.h>

#include "tools/keys.h"
#include "vdevice/firmware/base/crc32.h"
#include "vdevice/firmware/base/crypto.h"
#include "vdevice/firmware/base/derive.h"

/* Thirty-two bytes of the device `seed` for one purpose. */
static Status mkdevice_draw(uint64_t seed, const char *purpose, uint8_t ret_bytes[32])
{
    uint8_t key[8];
    for (size_t i = 0; i < sizeof key; i++) {
        key[i] = (uint8_t)(seed >> (8 * i));
    }
    g_autofree char *label = g_strconcat("lockstep device ", purpose, NULL);
    return derive_hmac(key, sizeof key, label, strlen(label), ret_bytes);
}

/* Identity, address, PIN and keys. */
static Status mkdevice_draw_all(uint64_t seed, MintedDevice *device)
{
    uint8_t drawn[32];
    TRY(mkdevice_draw(seed, "id", drawn));
    memcpy(device->id, drawn, sizeof device->id);
    for (size_t i = 0; i < sizeof device->id; i++) {
        g_snprintf(device->id_hex + 2 * i, 3, "%02x", device->id[i]);
    }
    TRY(mkdevice_draw(seed, "mac", drawn));
    memcpy(device->mac, drawn, sizeof device->mac);
    device->mac[0] =
        (uint8_t)((device->mac[0] & 0xfc) | 0x02); /* locally administered, one station */
    TRY(mkdevice_draw(seed, "pin", drawn));
    for (size_t i = 0; i < MKDEVICE_PIN_DIGITS; i++) {
        uint32_t word = ((uint32_t)drawn[4 * i] << 24) | ((uint32_t)drawn[4 * i + 1] << 16) |
                        ((uint32_t)drawn[4 * i + 2] << 8) | drawn[4 * i + 3];
        device->pin[i] = (char)('0' + word % 10);
    }
    TRY(mkdevice_draw(seed, "huk", device->huk));
    TRY(derive_key(device->huk, PROVISIONING_LABEL_TLS, device->tls_label_key));
    TRY(derive_key(device->huk, PROVISIONING_LABEL_PIN, device->pin_key));
    return derive_tls_scalar(device->huk, device->tls_key);
}

static void mkdevice_put_word(MintedDevice *device, uint32_t index, uint32_t word)
{
    for (size_t i = 0; i < 4; i++) {
        device->otp[4 * index + i] = (uint8_t)(word >> (8 * i));
    }
}

/* The fuses (memory_map.h). */
static bool mkdevice_fuse(MintedDevice *device, MintOptions options, GError **error)
{
    static const char *const signers[OTP_KEY_DIGESTS] = {"image", "second"};
    mkdevice_put_word(device, OTP_LIFE_CYCLE_WORD, options.life_cycle);
    memcpy(device->otp + 4 * OTP_DEVICE_ID_WORD, device->id, sizeof device->id);
    memcpy(device->otp + 4 * OTP_MAC_WORD, device->mac, sizeof device->mac);
    memcpy(device->otp + 4 * OTP_HUK_WORD, device->huk, sizeof device->huk);
    for (uint32_t i = 0; i < OTP_KEY_DIGESTS; i++) {
        KeysPair pair;
        uint8_t digest[32];
        if (!keys_named(signers[i], &pair, error)) {
            return false;
        }
        Status status = crypto_sha256(pair.point, sizeof pair.point, digest);
        if (!status_is_ok(status)) {
            g_set_error_literal(error, KEYS_ERROR, KEYS_ERROR_CRYPTO, status_text(status));
            return false;
        }
        memcpy(device->otp + 4 * OTP_KEY_DIGEST_WORD + i * sizeof digest, digest, sizeof digest);
    }
    for (uint32_t i = 0; i < OTP_SECURITY_COUNTER_WORDS; i++) {
        uint32_t ones = options.security_counter > 32 * i ? options.security_counter - 32 * i : 0;
        mkdevice_put_word(device, OTP_SECURITY_COUNTER_WORD + i,
                          ones >= 32 ? UINT32_MAX : (UINT32_C(1) << ones) - 1);
    }
    return true;
}

/* The certificates of the factory record. */
static bool mkdevice_certify(const MintedDevice *device, FactoryRecord *record, GError **error)
{
    KeysPair pair;
    KeysCertificate certificate;
    KeysCertificate trust;
    KeysRequest request = {
        .common_name = device->id_hex,
        .issuer = "factory_ca",
        .not_before = KEYS_NOT_BEFORE,
        .not_after = KEYS_NOT_AFTER,
    };
    memcpy(request.serial, device->id, sizeof request.serial);
    request.serial[0] |= 0x40; /* never a leading zero */
    if (!keys_of_scalar(device->tls_key, &pair, error) ||
        !keys_issue(&pair, &request, &certificate, error) ||
        !keys_authority("service_ca", &trust, error)) {
        return false;
    }
    record->certificate_bytes = (uint32_t)certificate.bytes;
    memcpy(record->certificate_der, certificate.der, certificate.bytes);
    record->trust_bytes = (uint32_t)trust.bytes;
    memcpy(record->trust_der, trust.der, trust.bytes);
    return true;
}

bool mkdevice_mint(uint64_t seed, MintOptions options, MintedDevice *ret_device, GError **error)
{
    MintedDevice device = {.id = {0}};
    FactoryRecord record;
    memset(&record, 0xff, sizeof record);
    memset(device.factory, 0xff, sizeof device.factory);
    uint8_t salt[32];
    Status status = mkdevice_draw_all(seed, &device);
    if (status_is_ok(status)) {
        status = mkdevice_draw(seed, "salt", salt);
    }
    if (status_is_ok(status)) {
        memcpy(record.pin_salt, salt, sizeof record.pin_salt);
        status =
            derive_pin_verifier(device.pin_key, device.pin, strlen(device.pin), record.pin_salt,
                                PROVISIONING_PIN_ITERATIONS, record.pin_verifier);
    }
    if (!status_is_ok(status)) {
        g_set_error_literal(error, KEYS_ERROR, KEYS_ERROR_CRYPTO, status_text(status));
        return false;
    }
    record.magic = FACTORY_MAGIC;
    record.record_version = FACTORY_RECORD_VERSION;
    record.pin_iterations = PROVISIONING_PIN_ITERATIONS;
    if (!mkdevice_certify(&device, &record, error) || !mkdevice_fuse(&device, options, error)) {
        return false;
    }
    record.crc32 = crc32_of(&record, offsetof(FactoryRecord, crc32));
    memcpy(device.factory, &record, sizeof record);
    *ret_device = device;
    return true;
}
