/* SPDX-License-Identifier: MIT */

#include "sim/verdict/catalogue.h"

#include <string.h>

static void test_case_free(void *test_case)
{
    TestCase *at = test_case;
    g_free(at->id);
    g_free(at->kind);
    g_strfreev(at->units);
    g_free(at);
}

static void provision_free(void *provision)
{
    Provision *at = provision;
    g_free(at->id);
    g_free(at->title);
    g_free(at->status_code);
    g_strfreev(at->conditions);
    g_strfreev(at->features);
    g_free(at->kind);
    g_free(at->standard);
    g_free(at->clause);
    g_free(at->clause_title);
    g_ptr_array_unref(at->test_cases);
    g_free(at);
}

void catalogue_free(Catalogue *catalogue)
{
    if (catalogue != NULL) {
        g_ptr_array_unref(catalogue->provisions);
        g_strfreev(catalogue->ids);
        g_free(catalogue);
    }
}

static bool require_text(const TreeNode *mapping, const char *key, char **ret_text, GError **error)
{
    const TreeNode *node = tree_require(mapping, key, error);
    const char *text = NULL;
    if (node == NULL || !tree_text(node, &text, error)) {
        return false;
    }
    *ret_text = g_strdup(text);
    return true;
}

/* A list whose every word must be a key of `known`. */
static bool require_words(const TreeNode *mapping, const char *key, const TreeNode *known,
                          char ***ret_words, GError **error)
{
    const TreeNode *node = tree_require(mapping, key, error);
    *ret_words = node == NULL ? NULL : tree_texts(node, error);
    if (*ret_words == NULL) {
        return false;
    }
    for (char **word = *ret_words; known != NULL && *word != NULL; word++) {
        if (tree_get(known, *word) == NULL) {
            return tree_refuse(node, error, "\"%s\" is not explained under \"%s\"", *word,
                               known->key);
        }
    }
    return true;
}

static bool read_test_cases(const TreeNode *list, Provision *provision, GError **error)
{
    static const char *const KEYS[] = {"id", "kind", "units", NULL};
    static const char *const KINDS[] = {"conceptual", "functional", "mixed", NULL};
    if (list == NULL || !tree_expect(list, TREE_SEQUENCE, "a list of test cases", error)) {
        return false;
    }
    for (size_t i = 0; i < list->count; i++) {
        const TreeNode *node = list->children[i];
        TestCase *test_case = g_new0(TestCase, 1);
        g_ptr_array_add(provision->test_cases, test_case);
        size_t kind = 0;
        const TreeNode *kind_node =
            tree_expect_keys(node, KEYS, error) ? tree_require(node, "kind", error) : NULL;
        if (kind_node == NULL || !tree_choice(kind_node, KINDS, &kind, error) ||
            !require_text(node, "id", &test_case->id, error) ||
            !require_words(node, "units", NULL, &test_case->units, error)) {
            return false;
        }
        test_case->kind = g_strdup(KINDS[kind]);
        if (!g_str_has_prefix(test_case->id, provision->id)) {
            return tree_refuse(node, error, "test case %s does not belong to provision %s",
                               test_case->id, provision->id);
        }
    }
    return true;
}

static bool read_provision(const TreeNode *root, const TreeNode *node, Provision *provision,
                           GError **error)
{
    static const char *const KEYS[] = {"id",         "title",      "status_code",
                                       "obligation", "features",   "conditions",
                                       "kind",       "test_cases", NULL};
    static const char *const OBLIGATIONS[] = {"R", "M", NULL};
    static const char *const KINDS[] = {"simulator", "document", "both", NULL};
    if (!tree_expect_keys(node, KEYS, error)) {
        return false;
    }
    const TreeNode *obligation = tree_require(node, "obligation", error);
    size_t mandatory = 0;
    size_t kind = 0;
    if (obligation == NULL || !tree_choice(obligation, OBLIGATIONS, &mandatory, error) ||
        !require_text(node, "id", &provision->id, error) ||
        !require_text(node, "title", &provision->title, error) ||
        !require_text(node, "status_code", &provision->status_code, error) ||
        !require_text(root, "standard", &provision->standard, error) ||
        !require_words(node, "features", tree_get(root, "features"), &provision->features, error) ||
        !require_words(node, "conditions", tree_get(root, "conditions"), &provision->conditions,
                       error)) {
        return false;
    }
    const TreeNode *kind_node = tree_require(node, "kind", error);
    if (kind_node == NULL || !tree_choice(kind_node, KINDS, &kind, error) ||
        !read_test_cases(tree_require(node, "test_cases", error), provision, error)) {
        return false;
    }
    provision->mandatory = mandatory == 1;
    provision->kind = g_strdup(KINDS[kind]);
    /* The clause is the longest of those listed that the id starts with. */
    const TreeNode *clauses = tree_get(root, "clauses");
    for (size_t i = 0; clauses != NULL && i < clauses->count; i++) {
        const TreeNode *clause = clauses->children[i];
        g_autofree char *prefix = g_strdup_printf("%s-", clause->key);
        if (g_str_has_prefix(provision->id, prefix) && clause->text != NULL) {
            g_free(provision->clause);
            g_free(provision->clause_title);
            provision->clause = g_strdup(clause->key);
            provision->clause_title = g_strdup(clause->text);
        }
    }
    return provision->clause != NULL ||
           tree_refuse(node, error, "provision %s is in none of the clauses", provision->id);
}

static bool read_file(const char *path, Catalogue *catalogue, GHashTable *ids, GError **error)
{
    static const char *const KEYS[] = {"standard", "assessment", "features", "conditions",
                                       "clauses",  "provisions", NULL};
    g_autoptr(Tree) tree = tree_load(path, error);
    if (tree == NULL || !tree_expect_keys(tree_root(tree), KEYS, error)) {
        return false;
    }
    const TreeNode *root = tree_root(tree);
    const TreeNode *list = tree_require(root, "provisions", error);
    if (list == NULL || !tree_expect(list, TREE_SEQUENCE, "a list of provisions", error)) {
        return false;
    }
    for (size_t i = 0; i < list->count; i++) {
        Provision *provision = g_new0(Provision, 1);
        provision->test_cases = g_ptr_array_new_with_free_func(test_case_free);
        g_ptr_array_add(catalogue->provisions, provision);
        if (!read_provision(root, list->children[i], provision, error)) {
            return false;
        }
        if (!g_hash_table_add(ids, provision->id)) {
            return tree_refuse(list->children[i], error, "provision %s stands twice",
                               provision->id);
        }
    }
    return true;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The names of the YAML files in a folder, sorted. */
static GPtrArray *list_files(const char *folder, GError **error)
{
    g_autoptr(GError) cause = NULL;
    g_autoptr(GDir) dir = g_dir_open(folder, 0, &cause);
    if (dir == NULL) {
        g_set_error(error, TREE_ERROR, TREE_ERROR_UNREADABLE, "%s:1:1: error: %s", folder,
                    cause->message);
        return NULL;
    }
    GPtrArray *files = g_ptr_array_new_with_free_func(g_free);
    const char *name = NULL;
    while ((name = g_dir_read_name(dir)) != NULL) {
        if (g_str_has_suffix(name, ".yaml")) {
            g_ptr_array_add(files, g_build_filename(folder, name, NULL));
        }
    }
    g_ptr_array_sort(files, by_text);
    return files;
}

Catalogue *catalogue_load(const char *folder, GError **error)
{
    g_autoptr(GPtrArray) files = list_files(folder, error);
    if (files == NULL) {
        return NULL;
    }
    g_autoptr(Catalogue) catalogue = g_new0(Catalogue, 1);
    catalogue->provisions = g_ptr_array_new_with_free_func(provision_free);
    g_autoptr(GHashTable) ids = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint i = 0; i < files->len; i++) {
        if (!read_file(g_ptr_array_index(files, i), catalogue, ids, error)) {
            return NULL;
        }
    }
    GPtrArray *all = g_ptr_array_new();
    for (guint i = 0; i < catalogue->provisions->len; i++) {
        const Provision *provision = g_ptr_array_index(catalogue->provisions, i);
        g_ptr_array_add(all, g_strdup(provision->id));
        for (guint j = 0; j < provision->test_cases->len; j++) {
            const TestCase *test_case = g_ptr_array_index(provision->test_cases, j);
            g_ptr_array_add(all, g_strdup(test_case->id));
        }
    }
    g_ptr_array_add(all, NULL);
    catalogue->ids = (char **)g_ptr_array_free(all, FALSE);
    return g_steal_pointer(&catalogue);
}

const Provision *catalogue_find(const Catalogue *catalogue, const char *id)
{
    for (guint i = 0; i < catalogue->provisions->len; i++) {
        const Provision *provision = g_ptr_array_index(catalogue->provisions, i);
        if (strcmp(provision->id, id) == 0) {
            return provision;
        }
        for (guint j = 0; j < provision->test_cases->len; j++) {
            const TestCase *test_case = g_ptr_array_index(provision->test_cases, j);
            if (strcmp(test_case->id, id) == 0) {
                return provision;
            }
        }
    }
    return NULL;
}
