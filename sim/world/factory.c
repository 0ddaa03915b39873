/* SPDX-License-Identifier: MIT */

#include "sim/world/factory.h"

#include <string.h>

#include "tools/mkdevice.h"

/* Leaves of the fuses only what a ROM needs to start a signed image. */
static void factory_strip(FactoryMint *mint)
{
    uint8_t digests[OTP_KEY_DIGESTS * 32];
    memcpy(digests, mint->otp + OTP_KEY_DIGEST_WORD * 4, sizeof(digests));
    memset(mint->otp, 0, sizeof(mint->otp));
    memcpy(mint->otp + OTP_KEY_DIGEST_WORD * 4, digests, sizeof(digests));
    memset(mint->record, 0xff, sizeof(mint->record));
    mint->pin[0] = '\0';
}

static FactorySecret factory_secret(const char *name, const uint8_t bytes[32])
{
    FactorySecret secret = {.name = name};
    memcpy(secret.bytes, bytes, sizeof(secret.bytes));
    return secret;
}

bool factory_mint(const char *name, const Prng *root, bool provisioned, uint32_t security_counter,
                  FactoryMint *ret_mint, GError **error)
{
    MintedDevice minted;
    g_autofree char *stream = g_strdup_printf("factory/%s", name);
    Prng draw = prng_fork(root, stream);
    MintOptions options = MINT_OPTIONS_DEFAULT;
    options.security_counter = security_counter;
    if (!mkdevice_mint(prng_u64(&draw), options, &minted, error)) {
        return false;
    }
    memset(ret_mint, 0, sizeof(*ret_mint));
    ret_mint->provisioned = provisioned;
    memcpy(ret_mint->record, minted.factory, sizeof(ret_mint->record));
    memcpy(ret_mint->otp, minted.otp, sizeof(ret_mint->otp));
    memcpy(ret_mint->mac, minted.mac, sizeof(ret_mint->mac));
    memcpy(ret_mint->pin, minted.pin, sizeof(ret_mint->pin));
    ret_mint->secrets[0] = factory_secret("huk", minted.huk);
    ret_mint->secrets[1] = factory_secret("tls_private_key", minted.tls_key);
    ret_mint->secrets[2] = factory_secret("pin_key", minted.pin_key);
    ret_mint->secrets[3] = factory_secret("tls_key_seed", minted.tls_label_key);
    if (!provisioned) {
        factory_strip(ret_mint);
    }
    return true;
}

void factory_add_secrets(const FactoryMint *mint, Scanner *scanner)
{
    if (!mint->provisioned) {
        return;
    }
    scanner_add(scanner, "pin", (const uint8_t *)mint->pin, strlen(mint->pin));
    for (unsigned i = 0; i < FACTORY_SECRETS; i++) {
        scanner_add(scanner, mint->secrets[i].name, mint->secrets[i].bytes,
                    sizeof(mint->secrets[i].bytes));
    }
}
