/* SPDX-License-Identifier: MIT */
/*
 * mkimage: makes a signed image out of a recipe.
 *
 *   mkimage RECIPE PAYLOAD IMAGE
 *
 * A recipe says what the header is to say, who signs it, and what is broken about it:
 *
 *   image: app-1.1.0            must equal the file's name
 *   version: 1.1.0
 *   security_counter: 2
 *   release_sequence: 2
 *   key: image                  image, second or stranger (tools/keys.h); default image
 *   product: 0x314b5453         default IMAGE_PRODUCT_ID
 *   damage: [payload]           from the list below; default none
 *
 * Damage before signing, so that the signature is good: `product` (another product's), `address`
 * (another load address), `vector` (an entry point outside the image), `digest` (not the
 * payload's). After signing: `magic`, `header`, `payload`, `signature` (one bit each), `length`
 * (four bytes more than there are), `truncate` (the last 256 bytes are missing).
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

#include "sim/base/tree.h"
#include "tools/keys.h"
#include "vdevice/contract/image.h"
#include "vdevice/contract/memory_map.h"
#include "vdevice/firmware/base/crypto.h"

#define MKIMAGE_EXIT_CANNOT    3
#define MKIMAGE_EXIT_USAGE     64
#define MKIMAGE_TRAILER_BYTES  32u
#define MKIMAGE_TRUNCATE_BYTES 256u

/* In the order in which they are done. */
typedef enum Damage {
    DAMAGE_PRODUCT,
    DAMAGE_ADDRESS,
    DAMAGE_VECTOR,
    DAMAGE_DIGEST,
    DAMAGE_MAGIC,
    DAMAGE_HEADER,
    DAMAGE_PAYLOAD,
    DAMAGE_SIGNATURE,
    DAMAGE_LENGTH,
    DAMAGE_TRUNCATE,
    DAMAGES,
} Damage;

static const char *const damage_names[] = {"product", "address",  "vector",  "digest",
                                           "magic",   "header",   "payload", "signature",
                                           "length",  "truncate", NULL};
static const char *const key_names[] = {"image", "second", "stranger", NULL};
static const char *const recipe_keys[] = {
    "image", "version", "security_counter", "release_sequence", "key", "product", "damage", NULL};

typedef struct Recipe {
    char name[64];
    uint32_t version;
    uint32_t security_counter;
    uint32_t release_sequence;
    uint32_t product;
    const char *key;
    bool damage[DAMAGES];
} Recipe;

/* "1.2.0" */
static bool mkimage_parse_version(const TreeNode *node, uint32_t *ret_version, GError **error)
{
    const char *text;
    if (!tree_text(node, &text, error)) {
        return false;
    }
    g_auto(GStrv) parts = g_strsplit(text, ".", -1);
    static const uint64_t limits[3] = {255, 255, 65535};
    uint64_t numbers[3];
    bool good = g_strv_length(parts) == 3;
    for (size_t i = 0; good && i < 3; i++) {
        good = g_ascii_string_to_unsigned(parts[i], 10, 0, limits[i], &numbers[i], NULL);
    }
    if (!good) {
        return tree_refuse(node, error, "a version is three numbers, as 1.2.0, not \"%s\"", text);
    }
    *ret_version = IMAGE_VERSION(numbers[0], numbers[1], numbers[2]);
    return true;
}

static bool mkimage_parse_number(const TreeNode *recipe, const char *key, int64_t low, int64_t high,
                                 uint32_t *ret_number, GError **error)
{
    const TreeNode *node = tree_require(recipe, key, error);
    int64_t number;
    if (node == NULL || !tree_integer(node, low, high, &number, error)) {
        return false;
    }
    *ret_number = (uint32_t)number;
    return true;
}

static bool mkimage_parse_damage(const TreeNode *node, Recipe *recipe, GError **error)
{
    if (node == NULL) {
        return true;
    }
    if (!tree_expect(node, TREE_SEQUENCE, "a list of damages", error)) {
        return false;
    }
    for (size_t i = 0; i < node->count; i++) {
        size_t damage;
        if (!tree_choice(node->children[i], damage_names, &damage, error)) {
            return false;
        }
        recipe->damage[damage] = true;
    }
    return true;
}

/* The name must be the file's, so that a list of names is a list of files. */
static bool mkimage_parse_name(const TreeNode *root, const char *path, Recipe *recipe,
                               GError **error)
{
    const TreeNode *node = tree_require(root, "image", error);
    const char *name;
    if (node == NULL || !tree_text(node, &name, error)) {
        return false;
    }
    g_autofree char *file = g_path_get_basename(path);
    g_autofree char *wanted = g_strconcat(name, ".yaml", NULL);
    if (strcmp(file, wanted) != 0 || strlen(name) >= sizeof recipe->name) {
        return tree_refuse(node, error, "the image is called \"%s\" but the file \"%s\"", name,
                           file);
    }
    g_strlcpy(recipe->name, name, sizeof recipe->name);
    return true;
}

static bool mkimage_parse(const char *path, Recipe *ret_recipe, GError **error)
{
    g_autoptr(Tree) tree = tree_load(path, error);
    if (tree == NULL) {
        return false;
    }
    const TreeNode *root = tree_root(tree);
    Recipe recipe = {.product = IMAGE_PRODUCT_ID, .key = key_names[0]};
    if (!tree_expect(root, TREE_MAPPING, "a recipe", error) ||
        !tree_expect_keys(root, recipe_keys, error) ||
        !mkimage_parse_name(root, path, &recipe, error)) {
        return false;
    }
    const TreeNode *version = tree_require(root, "version", error);
    if (version == NULL || !mkimage_parse_version(version, &recipe.version, error) ||
        !mkimage_parse_number(root, "security_counter", 0, SECURITY_COUNTER_MAX,
                              &recipe.security_counter, error) ||
        !mkimage_parse_number(root, "release_sequence", 1, UINT32_MAX, &recipe.release_sequence,
                              error)) {
        return false;
    }
    const TreeNode *key = tree_get(root, "key");
    size_t index = 0;
    if (key != NULL && !tree_choice(key, key_names, &index, error)) {
        return false;
    }
    recipe.key = key_names[index];
    if (tree_get(root, "product") != NULL &&
        !mkimage_parse_number(root, "product", 0, UINT32_MAX, &recipe.product, error)) {
        return false;
    }
    if (!mkimage_parse_damage(tree_get(root, "damage"), &recipe, error)) {
        return false;
    }
    *ret_recipe = recipe;
    return true;
}

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
        .product_id = recipe->product ^ (recipe->damage[DAMAGE_PRODUCT] ? 1u : 0u),
        .version = recipe->version,
        .security_counter = recipe->security_counter,
        .release_sequence = recipe->release_sequence,
        .payload_bytes = payload->len,
        .load_address = WINDOW_BASE + IMAGE_HEADER_BYTES +
                        (recipe->damage[DAMAGE_ADDRESS] ? FLASH_SECTOR_BYTES : 0u),
    };
    if (recipe->damage[DAMAGE_VECTOR]) {
        static const uint8_t entry[4] = {0x01, 0x00, 0x00, 0x20}; /* in SRAM */
        memcpy(payload->data + 4, entry, sizeof entry);
    }
    memcpy(header->public_key, pair->point, sizeof header->public_key);
    Status status = crypto_sha256(payload->data, payload->len, header->payload_sha256);
    if (!status_is_ok(status)) {
        g_set_error_literal(error, KEYS_ERROR, KEYS_ERROR_CRYPTO, status_text(status));
        return false;
    }
    if (recipe->damage[DAMAGE_DIGEST]) {
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
    if (recipe->damage[DAMAGE_MAGIC]) {
        header->magic ^= 1;
    }
    if (recipe->damage[DAMAGE_HEADER]) {
        header->version ^= 1;
    }
    if (recipe->damage[DAMAGE_PAYLOAD]) {
        payload->data[payload->len / 2] ^= 1;
    }
    if (recipe->damage[DAMAGE_SIGNATURE]) {
        header->signature[0] ^= 1;
    }
    if (recipe->damage[DAMAGE_LENGTH]) {
        header->payload_bytes += 4;
    }
    if (recipe->damage[DAMAGE_TRUNCATE]) {
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
    if (!mkimage_parse(argv[1], &recipe, &error)) {
        fprintf(stderr, "%s\n", error->message);
        return MKIMAGE_EXIT_USAGE;
    }
    if (!mkimage_make(&recipe, argv[2], argv[3], &error)) {
        fprintf(stderr, "mkimage: %s\n", error->message);
        return MKIMAGE_EXIT_CANNOT;
    }
    return EXIT_SUCCESS;
}
