/* SPDX-License-Identifier: MIT */
/*
 * mint: the factory from the command line.
 *
 *   mint keys FOLDER                      writes the supplier's worthless keys
 *   mint device SEED FOLDER [SLOT_A]      writes flash.bin, otp.bin and device.json; SLOT_A is an
 * image
 *
 * Exit codes: 0 done, 3 cannot, 64 usage.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <glib.h>

#include "tools/keys.h"
#include "tools/mkdevice.h"

#define MINT_EXIT_CANNOT 3
#define MINT_EXIT_USAGE  64

static bool mint_write(const char *folder, const char *name, const void *bytes, size_t count,
                       GError **error)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);
    return g_file_set_contents(path, bytes, (gssize)count, error);
}

/* For people and scripts; secrets included, since the lab must know them. */
static char *mint_describe(const MintedDevice *device)
{
    const FactoryRecord *record = (const FactoryRecord *)(const void *)device->factory;
    KeysCertificate certificate = {.bytes = record->certificate_bytes};
    memcpy(certificate.der, record->certificate_der, record->certificate_bytes);
    g_autofree char *pem = keys_certificate_pem(&certificate);
    g_autofree char *escaped = g_strescape(pem, NULL);
    const uint8_t *mac = device->mac;
    return g_strdup_printf("{\n"
                           "  \"id\": \"%s\",\n"
                           "  \"pin\": \"%s\",\n"
                           "  \"mac\": \"%02x:%02x:%02x:%02x:%02x:%02x\",\n"
                           "  \"certificate\": \"%s\"\n"
                           "}\n",
                           device->id_hex, device->pin, mac[0], mac[1], mac[2], mac[3], mac[4],
                           mac[5], escaped);
}

static bool mint_device(uint64_t seed, const char *folder, const char *image, GError **error)
{
    MintedDevice device;
    g_autofree uint8_t *flash = g_malloc(FLASH_BYTES);
    memset(flash, 0xff, FLASH_BYTES);
    if (!mkdevice_mint(seed, MINT_OPTIONS_DEFAULT, &device, error)) {
        return false;
    }
    memcpy(flash + FACTORY_OFFSET, device.factory, sizeof device.factory);
    if (image != NULL) {
        g_autofree char *bytes = NULL;
        size_t count;
        if (!g_file_get_contents(image, &bytes, &count, error)) {
            return false;
        }
        memcpy(flash + SLOT_A_OFFSET, bytes, MIN(count, SLOT_BYTES));
    }
    g_autofree char *json = mint_describe(&device);
    if (g_mkdir_with_parents(folder, 0755) != 0) {
        g_set_error(error, KEYS_ERROR, KEYS_ERROR_FILE, "%s: cannot be made", folder);
        return false;
    }
    return mint_write(folder, "flash.bin", flash, FLASH_BYTES, error) &&
           mint_write(folder, "otp.bin", device.otp, sizeof device.otp, error) &&
           mint_write(folder, "device.json", json, strlen(json), error);
}

int main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    bool done = false;
    if (argc == 3 && strcmp(argv[1], "keys") == 0) {
        done = keys_write_all(argv[2], &error);
    } else if ((argc == 4 || argc == 5) && strcmp(argv[1], "device") == 0) {
        uint64_t seed;
        if (!g_ascii_string_to_unsigned(argv[2], 10, 0, UINT64_MAX, &seed, &error)) {
            fprintf(stderr, "mint: %s\n", error->message);
            return MINT_EXIT_USAGE;
        }
        done = mint_device(seed, argv[3], argc == 5 ? argv[4] : NULL, &error);
    } else {
        fputs("usage: mint keys FOLDER | mint device SEED FOLDER [SLOT_A]\n", stderr);
        return MINT_EXIT_USAGE;
    }
    if (!done) {
        fprintf(stderr, "mint: %s\n", error->message);
        return MINT_EXIT_CANNOT;
    }
    return EXIT_SUCCESS;
}
