/* SPDX-License-Identifier: MIT */
#include "tools/recipe.h"

#include <string.h>

#include "sim/base/tree.h"
#include "vdevice/contract/image.h"
#include "vdevice/contract/memory_map.h"

static const char *const recipe_damages[] = {"product", "address",  "vector",  "digest",
                                             "magic",   "header",   "payload", "signature",
                                             "length",  "truncate", NULL};
static const char *const recipe_signers[] = {"image", "second", "stranger", NULL};
static const char *const recipe_keys[] = {
    "image", "version", "security_counter", "release_sequence", "key", "product", "damage", NULL};

/* "1.2.0" */
static bool recipe_read_version(const TreeNode *node, uint32_t *ret_version, GError **error)
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

static bool recipe_read_number(const TreeNode *recipe, const char *key, int64_t low, int64_t high,
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

static bool recipe_read_damage(const TreeNode *node, Recipe *recipe, GError **error)
{
    if (node == NULL) {
        return true;
    }
    if (!tree_expect(node, TREE_SEQUENCE, "a list of damages", error)) {
        return false;
    }
    for (size_t i = 0; i < node->count; i++) {
        size_t damage;
        if (!tree_choice(node->children[i], recipe_damages, &damage, error)) {
            return false;
        }
        recipe->damage[damage] = true;
    }
    return true;
}

/* The name must be the file's, so that a list of names is a list of files. */
static bool recipe_read_name(const TreeNode *root, const char *path, Recipe *recipe, GError **error)
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

static bool recipe_read(const Tree *tree, const char *path, Recipe *ret_recipe, GError **error)
{
    const TreeNode *root = tree_root(tree);
    Recipe recipe = {.product = IMAGE_PRODUCT_ID, .key = recipe_signers[0]};
    if (!tree_expect(root, TREE_MAPPING, "a recipe", error) ||
        !tree_expect_keys(root, recipe_keys, error) ||
        !recipe_read_name(root, path, &recipe, error)) {
        return false;
    }
    const TreeNode *version = tree_require(root, "version", error);
    if (version == NULL || !recipe_read_version(version, &recipe.version, error) ||
        !recipe_read_number(root, "security_counter", 0, SECURITY_COUNTER_MAX,
                            &recipe.security_counter, error) ||
        !recipe_read_number(root, "release_sequence", 1, UINT32_MAX, &recipe.release_sequence,
                            error)) {
        return false;
    }
    const TreeNode *key = tree_get(root, "key");
    size_t index = 0;
    if (key != NULL && !tree_choice(key, recipe_signers, &index, error)) {
        return false;
    }
    recipe.key = recipe_signers[index];
    if (tree_get(root, "product") != NULL &&
        !recipe_read_number(root, "product", 0, UINT32_MAX, &recipe.product, error)) {
        return false;
    }
    if (!recipe_read_damage(tree_get(root, "damage"), &recipe, error)) {
        return false;
    }
    *ret_recipe = recipe;
    return true;
}

bool recipe_load(const char *path, Recipe *ret_recipe, GError **error)
{
    g_autoptr(Tree) tree = tree_load(path, error);
    return tree != NULL && recipe_read(tree, path, ret_recipe, error);
}

bool recipe_parse(const char *path, const void *bytes, size_t count, Recipe *ret_recipe,
                  GError **error)
{
    g_autoptr(Tree) tree = tree_parse(path, bytes, count, false, error);
    return tree != NULL && recipe_read(tree, path, ret_recipe, error);
}
