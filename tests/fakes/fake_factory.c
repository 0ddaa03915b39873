/* SPDX-License-Identifier: MIT */

/* A factory without certificates, in place of sim/world/factory.c: a PIN, an address, no keys. */

#include <string.h>

#include "sim/world/factory.h"

bool factory_mint(const char *name, const Prng *root, bool provisioned, uint32_t security_counter,
                  FactoryMint *ret_mint, GError **error)
{
    (void)root;
    (void)security_counter;
    (void)error;
    memset(ret_mint, 0, sizeof(*ret_mint));
    ret_mint->provisioned = provisioned;
    memset(ret_mint->record, 0x5a, sizeof(ret_mint->record));
    ret_mint->mac[0] = 2;
    ret_mint->mac[5] = (uint8_t)strlen(name);
    g_strlcpy(ret_mint->pin, "271828", sizeof(ret_mint->pin));
    return true;
}

void factory_add_secrets(const FactoryMint *mint, Scanner *scanner)
{
    scanner_add(scanner, "pin", (const uint8_t *)mint->pin, strlen(mint->pin));
}
