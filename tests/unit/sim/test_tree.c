/* SPDX-License-Identifier: MIT */

/* Does every mistake in a file come back with its place, and is everything else refused by a limit?
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <glib.h>

#include "sim/base/tree.h"

static Tree *parse(const char *text, GError **error)
{
    return tree_parse("x.yaml", text, strlen(text), false, error);
}

static void expect_error(const char *text, const char *message)
{
    g_autoptr(GError) error = NULL;
    Tree *tree = parse(text, &error);
    assert_null(tree);
    assert_non_null(error);
    if (!g_str_has_prefix(error->message, message)) {
        fail_msg("expected \"%s\", found \"%s\"", message, error->message);
    }
}

static void test_tree__keeps_structure_and_places(void **state)
{
    (void)state;
    g_autoptr(Tree) tree = parse("a: 1\nb:\n  - x\n  - {c: 'y z'}\n", NULL);
    assert_non_null(tree);
    const TreeNode *root = tree_root(tree);
    assert_int_equal(root->kind, TREE_MAPPING);
    assert_int_equal(root->count, 2);
    const TreeNode *list = tree_get(root, "b");
    assert_int_equal(list->kind, TREE_SEQUENCE);
    assert_int_equal(list->count, 2);
    const TreeNode *inner = tree_get(list->children[1], "c");
    assert_string_equal(inner->text, "y z");
    assert_true(inner->quoted);
    assert_int_equal(inner->place.line, 4);
    assert_int_equal(inner->place.column, 9);
    assert_int_equal(inner->key_place.column, 6);
    assert_null(tree_get(root, "c"));
}

static void test_tree__refuses_what_is_not_well_formed(void **state)
{
    (void)state;
    expect_error("", "x.yaml:1:1: error: the file is empty");
    expect_error("a: [1\nb", "x.yaml:");
    expect_error("a: 1\na: 2\n", "x.yaml:2:1: error: key \"a\" stands twice");
    expect_error("a: &x 1\nb: *x\n", "x.yaml:1:");
    expect_error("a: !!int 1\n", "x.yaml:1:");
    expect_error("a: 1\n---\nb: 2\n", "x.yaml:2:1: error: a second document");
    expect_error("? [a, b]\n: c\n", "x.yaml:1:3: error: a key must be a plain word");
    expect_error("a: \xff\n", "x.yaml:1:4: error: not a text file: byte 0xff");
}

static void test_tree__refuses_nul_bytes(void **state)
{
    (void)state;
    g_autoptr(GError) error = NULL;
    assert_null(tree_parse("x.yaml", "a: b\0c", 6, false, &error));
    assert_true(g_str_has_prefix(error->message, "x.yaml:1:5: error: not a text file"));
    g_clear_error(&error);
    assert_null(tree_parse("x.yaml", "a: \"b\\0c\"", 9, false, &error));
    assert_true(g_str_has_prefix(error->message, "x.yaml:1:4: error: text holds a NUL"));
}

static void test_tree__allows_so_many_levels_and_no_more(void **state)
{
    (void)state;
    for (int levels = TREE_DEPTH_MAX; levels <= TREE_DEPTH_MAX + 1; levels++) {
        g_autoptr(GString) text = g_string_new(NULL);
        for (int i = 0; i < levels; i++) {
            g_string_append_c(text, '[');
        }
        for (int i = 0; i < levels; i++) {
            g_string_append_c(text, ']');
        }
        g_autoptr(Tree) tree = parse(text->str, NULL);
        assert_int_equal(tree != NULL, levels == TREE_DEPTH_MAX);
    }
}

static void test_tree__allows_so_many_bytes_and_entries_and_no_more(void **state)
{
    (void)state;
    g_autofree char *long_text = g_strnfill(TREE_YAML_BYTES_MAX + 1, '#');
    assert_null(tree_parse("x", long_text, TREE_YAML_BYTES_MAX + 1, false, NULL));
    g_autoptr(GString) many = g_string_new("[");
    for (int i = 0; i < TREE_YAML_NODES_MAX; i++) {
        g_string_append(many, "a,");
    }
    g_string_append(many, "a]");
    g_autoptr(GError) error = NULL;
    assert_null(parse(many->str, &error));
    assert_non_null(strstr(error->message, "too many entries"));
}

static void test_tree__points_at_the_mistake(void **state)
{
    (void)state;
    static const char *const KNOWN[] = {"cut_power", "power_on", NULL};
    g_autoptr(Tree) tree = parse("ok: 1\nstep:\n    cut_powr: {}\n", NULL);
    g_autoptr(GError) error = NULL;
    assert_false(tree_expect_keys(tree_get(tree_root(tree), "step"), KNOWN, &error));
    assert_string_equal(error->message,
                        "x.yaml:3:5: error: unknown key \"cut_powr\", did you mean \"cut_power\"?\n"
                        "        cut_powr: {}\n"
                        "        ^");
}

static void test_tree__suggests_only_what_is_close(void **state)
{
    (void)state;
    static const char *const KNOWN[] = {"within", "never", "always", "order", NULL};
    assert_string_equal(tree_did_you_mean("withn", KNOWN), "within");
    assert_string_equal(tree_did_you_mean("wihtin", KNOWN), "within");
    assert_string_equal(tree_did_you_mean("nevr", KNOWN), "never");
    assert_null(tree_did_you_mean("sometimes", KNOWN));
    assert_null(tree_did_you_mean("", KNOWN));
}

static void test_tree__reads_scalars_strictly(void **state)
{
    (void)state;
    g_autoptr(Tree) tree =
        parse("i: 12\nq: '12'\nt: true\nd: 200ms\nn: 200\nr: 1/100\nx: 3/2\nw: b\n", NULL);
    const TreeNode *root = tree_root(tree);
    static const char *const WORDS[] = {"a", "b", NULL};
    int64_t integer = 0;
    bool truth = false;
    VTime time = 0;
    Ratio ratio = {0, 0};
    size_t index = 0;
    g_autoptr(GError) error = NULL;
    assert_true(tree_integer(tree_get(root, "i"), 12, 12, &integer, NULL));
    assert_false(tree_integer(tree_get(root, "i"), 0, 11, &integer, NULL));
    assert_false(tree_integer(tree_get(root, "i"), 13, 20, &integer, NULL));
    assert_false(tree_integer(tree_get(root, "q"), 0, 99, &integer, NULL));
    assert_true(tree_truth(tree_get(root, "t"), &truth, NULL) && truth);
    assert_false(tree_truth(tree_get(root, "i"), &truth, NULL));
    assert_true(tree_duration(tree_get(root, "d"), &time, NULL));
    assert_int_equal(time, 200 * VTIME_MS);
    assert_false(tree_duration(tree_get(root, "n"), &time, &error));
    assert_non_null(strstr(error->message, "needs a unit"));
    assert_true(tree_ratio(tree_get(root, "r"), &ratio, NULL));
    assert_int_equal(ratio.denominator, 100);
    assert_false(tree_ratio(tree_get(root, "x"), &ratio, NULL));
    assert_true(tree_choice(tree_get(root, "w"), WORDS, &index, NULL));
    assert_int_equal(index, 1);
    assert_false(tree_choice(tree_get(root, "t"), WORDS, &index, NULL));
}

static void test_tree__reads_json_strictly(void **state)
{
    (void)state;
    static const char GOOD[] = "{\"a\":[1,\"x\"],\"b\":null}";
    g_autoptr(Tree) tree = tree_parse("x.json", GOOD, strlen(GOOD), true, NULL);
    assert_non_null(tree);
    assert_true(tree_get(tree_root(tree), "a")->children[1]->quoted);
    static const char BAD[] = "{a: 1}";
    assert_null(tree_parse("x.json", BAD, strlen(BAD), true, NULL));
}

static void test_tree__says_why_a_file_cannot_be_read(void **state)
{
    (void)state;
    g_autoptr(GError) error = NULL;
    assert_null(tree_load("/nonexistent/x.yaml", &error));
    assert_true(g_error_matches(error, TREE_ERROR, TREE_ERROR_UNREADABLE));
    assert_true(g_str_has_prefix(error->message, "/nonexistent/x.yaml:1:1: error: "));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tree__keeps_structure_and_places),
        cmocka_unit_test(test_tree__refuses_what_is_not_well_formed),
        cmocka_unit_test(test_tree__refuses_nul_bytes),
        cmocka_unit_test(test_tree__allows_so_many_levels_and_no_more),
        cmocka_unit_test(test_tree__allows_so_many_bytes_and_entries_and_no_more),
        cmocka_unit_test(test_tree__points_at_the_mistake),
        cmocka_unit_test(test_tree__suggests_only_what_is_close),
        cmocka_unit_test(test_tree__reads_scalars_strictly),
        cmocka_unit_test(test_tree__reads_json_strictly),
        cmocka_unit_test(test_tree__says_why_a_file_cannot_be_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
