/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The factory: makes a lock out of a seed.
 *
 * What a device is (identity, hardware key, PIN, certificate) is computed from the seed alone, so a
 * seed names a device: equal seeds give equal bytes, and different seeds different secrets. The
 * layouts are contract/provisioning.h and contract/memory_map.h. The lab keeps the secrets to
 * look for them where they must not be.
 *
 * Failures are handed on from tools/keys.h.
 */

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

#include "vdevice/contract/memory_map.h"
#include "vdevice/contract/provisioning.h"

#define MKDEVICE_PIN_DIGITS 8u

typedef struct MintOptions {
    uint32_t security_counter; /* burned already at the factory */
    uint32_t life_cycle;       /* LIFE_CYCLE_...; a device that is used is SECURED */
} MintOptions;

#define MINT_OPTIONS_DEFAULT ((MintOptions){.life_cycle = LIFE_CYCLE_SECURED})

typedef struct MintedDevice {
    uint8_t factory[FACTORY_BYTES]; /* what stands at FACTORY_OFFSET; everything else is ones */
    uint8_t otp[OTP_WORDS * 4];
    uint8_t id[OTP_DEVICE_ID_BYTES];
    char id_hex[2 * OTP_DEVICE_ID_BYTES + 1]; /* the certificate's common name */
    uint8_t mac[6];
    char pin[PROVISIONING_PIN_DIGITS_MAX + 1]; /* as printed on the label */
    uint8_t huk[32];
    uint8_t tls_key[32];       /* the private key of the device certificate */
    uint8_t pin_key[32];       /* HMAC(HUK, PROVISIONING_LABEL_PIN) */
    uint8_t tls_label_key[32]; /* HMAC(HUK, PROVISIONING_LABEL_TLS) */
} MintedDevice;

bool mkdevice_mint(uint64_t seed, MintOptions options, MintedDevice *ret_device,
                   GError **error) G_GNUC_WARN_UNUSED_RESULT;
