/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A recipe: what an image's header is to say, who signs it, and what is broken about it.
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
 * A Recipe is a plain value. What is wrong with a file is told with its line and column
 * (sim/base/tree.h); input is hostile and bounded there.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <glib.h>

/* In the order in which they are done. */
typedef enum RecipeDamage {
    RECIPE_DAMAGE_PRODUCT,
    RECIPE_DAMAGE_ADDRESS,
    RECIPE_DAMAGE_VECTOR,
    RECIPE_DAMAGE_DIGEST,
    RECIPE_DAMAGE_MAGIC,
    RECIPE_DAMAGE_HEADER,
    RECIPE_DAMAGE_PAYLOAD,
    RECIPE_DAMAGE_SIGNATURE,
    RECIPE_DAMAGE_LENGTH,
    RECIPE_DAMAGE_TRUNCATE,
    RECIPE_DAMAGES,
} RecipeDamage;

typedef struct Recipe {
    char name[64];
    uint32_t version;
    uint32_t security_counter;
    uint32_t release_sequence;
    uint32_t product;
    const char *key; /* as keys_named takes it; static */
    bool damage[RECIPE_DAMAGES];
} Recipe;

/* Reads a recipe; its name must be the file's. */
bool recipe_load(const char *path, Recipe *ret_recipe, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The same of bytes in memory; `path` stands for the file. */
bool recipe_parse(const char *path, const void *bytes, size_t count, Recipe *ret_recipe,
                  GError **error) G_GNUC_WARN_UNUSED_RESULT;
