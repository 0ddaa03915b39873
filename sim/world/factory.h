/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The factory: what one device is given before it is sold, made from the world's seed.
 *
 * The same seed and name give the same fuses, factory record, PIN and certificate. The secrets are
 * kept here so that the lab can look for them where they should not be; nobody else keeps them.
 *
 * Fails only when the cryptographic library does.
 */

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

#include "sim/base/prng.h"
#include "sim/world/scanner.h"
#include "vdevice/contract/memory_map.h"
#include "vdevice/contract/provisioning.h"

#define FACTORY_SECRETS 4u

/* Something of which no trace may be seen outside the device. */
typedef struct FactorySecret {
    const char *name;
    uint8_t bytes[32];
} FactorySecret;

typedef struct FactoryMint {
    bool provisioned;
    uint8_t record[FACTORY_BYTES]; /* what stands at FACTORY_OFFSET */
    uint8_t otp[OTP_WORDS * 4];
    uint8_t mac[6];
    char pin[PROVISIONING_PIN_DIGITS_MAX + 1]; /* as printed on the label; empty without one */
    FactorySecret secrets[FACTORY_SECRETS];    /* beside the PIN */
} FactoryMint;

/*
 * Makes the device called `name`, with `security_counter` fused as the image it is sold with asks.
 * One that is not to be `provisioned` has the digests of the image
 * keys fused and nothing else: no identity, no record, no PIN, and its debug port is open.
 */
G_GNUC_WARN_UNUSED_RESULT
bool factory_mint(const char *name, const Prng *root, bool provisioned, uint32_t security_counter,
                  FactoryMint *ret_mint, GError **error);

/* Tells a scanner what must never be seen of this device. */
void factory_add_secrets(const FactoryMint *mint, Scanner *scanner);
