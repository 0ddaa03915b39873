/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The factory: what one device is given before it is sold, made from the world's seed.
 *
 * The same seed and name give the same fuses, factory record, PIN and certificate. The secrets are
 * kept here so that the lab can look for them where they should not be; nobody else keeps them.
 *
 * Fails when the keys of the certificate authorities are not where they should be.
 */

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

#include "sim/base/prng.h"
#include "sim/world/scanner.h"
#include "vdevice/contract/memory_map.h"
#include "vdevice/contract/provisioning.h"

#define FACTORY_ERROR (factory_error_quark())
GQuark factory_error_quark(void);

typedef enum FactoryError {
    FACTORY_ERROR_KEYS,
} FactoryError;

typedef struct FactoryMint {
    uint8_t factory[sizeof(FactoryRecord)];
    uint8_t otp[OTP_WORDS * 4];
    uint8_t mac[6];
    char pin[PROVISIONING_PIN_DIGITS_MAX + 1];
} FactoryMint;

/*
 * Makes the device called `name`. One that is not `initialized` has its key digests fused and
 * nothing else: no identity, no record, no PIN.
 */
G_GNUC_WARN_UNUSED_RESULT
bool factory_mint(const char *name, const Prng *root, const char *keys_path, bool initialized,
                  FactoryMint *ret_mint, GError **error);

/* Tells a scanner what must never be seen of this device. */
void factory_add_secrets(const FactoryMint *mint, Scanner *scanner);
