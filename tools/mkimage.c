/* SPDX-License-Identifier: MIT */
/*
 * mkimage: makes a signed image out of a recipe.
 *
 *   mkimage RECIPE PAYLOAD IMAGE
 *
 * What a recipe may say is in tools/recipe.h.
 *
 * The payload is the application, padded to a multiple of 16, and a line that names the release, so
 * that no two releases have the same digest. The layout is contract/image.h.
 *
 * Exit codes: 0 done, 3 cannot, 64 usage or a bad recipe (file:line:column: what is wrong).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <glib.h>

#include "tools/keys.h"
#include "tools/recipe.h"
#include "vdevice/contract/image.h"
#include "vdevice/contract/memory_map.h"
#include "vdevice/firmware/base/crypto.h"

#define MKIMAGE_EXIT_CANNOT    3
#define MKIMAGE_EXIT_USAGE     64
#define MKIMAGE_TRAILER_BYTES  32u
#define MKIMAGE_TRUNCATE_BYTES 256u

/* Application, padding, and the line that names the release. */
static bool mkimage_load_payload(const Recipe *recipe, const char *path, GByteArray *payload,
                                 GError **error)
{
    g_autofree char *bytes = NULL;
    size_t count;
    if (!g_file_get_contents(path, &bytes, &count, error)) {
        return false;
    }
    if (count < IMAGE_PAYLOAD_BYTES_MIN ||
        count > IMAGE_PAYLOAD_BYTES_MAX - MKIMAGE_TRAILER_BYTES - 16) {
        g_set_error(error, KEYS_ERROR, KEYS_ERROR_FILE, "%s: %zu bytes do not fit a slot", path,
                    count);
        return false;
    }
    uint8_t padding[16];
    uint8_t trailer[MKIMAGE_TRAILER_BYTES] = {0};
    memset(padding, 0xff, sizeof padding);
    g_byte_array_append(payload, (const uint8_t *)bytes, (guint)count);
    g_byte_array_append(payload, padding, (guint)((16 - count % 16) % 16));
    g_snprintf((char *)trailer, sizeof trailer, "lockstep %s", recipe->name);
    g_byte_array_append(payload, trailer, sizeof trailer);
    return true;
}

/* The header up to its public key, and the damage that is signed. */
static bool mkimage_fill(const Recipe *recipe, GByteArray *payload, const KeysPair *pair,
                         ImageHeader *header, GError **error)
{
    *header = (ImageHeader){
        .magic = IMAGE_MAGIC,
        .header_version = IMAGE_HEADER_VERSION,
        .header_bytes = IMAGE_HEADER_BYTES,
        .product_id = recipe->product ^ (recipe->damage[RECIPE_DAMAGE_PRODUCT] ? 1u : 0u),
        .version = recipe->version,
        .security_counter = recipe->security_counter,
        .release_sequence = recipe->release_sequence,
        .payload_bytes = payload->len,
        .load_address = WINDOW_BASE + IMAGE_HEADER_BYTES +
                        (recipe->damage[RECIPE_DAMAGE_ADDRESS] ? FLASH_SECTOR_BYTES : 0u),
    };
    if (recipe->damage[RECIPE_DAMAGE_VECTOR]) {
        static const uint8_t entry[4] = {0x01, 0x00, 0x00, 0x20}; /* in SRAM */
        memcpy(payload->data + 4, entry, sizeof entry);
    }
    memcpy(header->public_key, pair->point, sizeof header->public_key);
    Status status = crypto_sha256(payload->data, payload->len, header->payload_sha256);
    if (!status_is_ok(status)) {
        g_set_error_literal(error, KEYS_ERROR, KEYS_ERROR_CRYPTO, status_text(status));
        return false;
    }
    if (recipe->damage[RECIPE_DAMAGE_DIGEST]) {
        header->payload_sha256[0] ^= 1;
    }
    return true;
}

static bool mkimage_sign(const KeysPair *pair, ImageHeader *header, GError **error)
{
    uint8_t digest[CRYPTO_SHA256_BYTES];
    Status status = crypto_sha256(header, IMAGE_SIGNED_BYTES, digest);
    if (!status_is_ok(status)) {
        g_set_error_literal(error, KEYS_ERROR, KEYS_ERROR_CRYPTO, status_text(status));
        return false;
    }
    return keys_sign(pair, digest, header->signature, error);
}

/* The damage that the signature does not cover. */
static void mkimage_damage(const Recipe *recipe, ImageHeader *header, GByteArray *payload)
{
    if (recipe->damage[RECIPE_DAMAGE_MAGIC]) {
        header->magic ^= 1;
    }
    if (recipe->damage[RECIPE_DAMAGE_HEADER]) {
        header->version ^= 1;
    }
    if (recipe->damage[RECIPE_DAMAGE_PAYLOAD]) {
        payload->data[payload->len / 2] ^= 1;
    }
    if (recipe->damage[RECIPE_DAMAGE_SIGNATURE]) {
        header->signature[0] ^= 1;
    }
    if (recipe->damage[RECIPE_DAMAGE_LENGTH]) {
        header->payload_bytes += 4;
    }
    if (recipe->damage[RECIPE_DAMAGE_TRUNCATE]) {
        g_byte_array_set_size(payload, payload->len - MKIMAGE_TRUNCATE_BYTES);
    }
}

static bool mkimage_make(const Recipe *recipe, const char *payload_path, const char *image_path,
                         GError **error)
{
    g_autoptr(GByteArray) payload = g_byte_array_new();
    g_autoptr(GByteArray) image = g_byte_array_new();
    KeysPair pair;
    ImageHeader header;
    if (!mkimage_load_payload(recipe, payload_path, payload, error) ||
        !keys_named(recipe->key, &pair, error) ||
        !mkimage_fill(recipe, payload, &pair, &header, error) ||
        !mkimage_sign(&pair, &header, error)) {
        return false;
    }
    mkimage_damage(recipe, &header, payload);
    g_byte_array_append(image, (const uint8_t *)&header, sizeof header);
    g_byte_array_append(image, payload->data, payload->len);
    return g_file_set_contents(image_path, (const char *)image->data, (gssize)image->len, error);
}

int main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    Recipe recipe;
    if (argc != 4) {
        fputs("usage: mkimage RECIPE PAYLOAD IMAGE\n", stderr);
        return MKIMAGE_EXIT_USAGE;
    }
    if (!recipe_load(argv[1], &recipe, &error)) {
        fprintf(stderr, "%s\n", error->message);
        return MKIMAGE_EXIT_USAGE;
    }
    if (!mkimage_make(&recipe, argv[2], argv[3], &error)) {
        fprintf(stderr, "mkimage: %s\n", error->message);
        return MKIMAGE_EXIT_CANNOT;
    }
    return EXIT_SUCCESS;
}
