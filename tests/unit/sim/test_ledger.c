/* SPDX-License-Identifier: MIT */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <glib/gstdio.h>

#include "sim/ledger.h"

#define HEADING "{\"lab\":\"one\"}"

typedef struct Place {
    char *folder;
    char *path;
} Place;

static Place place(void)
{
    Place at = {.folder = g_dir_make_tmp(NULL, NULL)};
    at.path = g_build_filename(at.folder, "results.jsonl", NULL);
    return at;
}

static void leave(Place *at)
{
    g_unlink(at->path);
    g_rmdir(at->folder);
    g_free(at->path);
    g_free(at->folder);
}

static void note(const char *line, void *lines)
{
    g_ptr_array_add(lines, g_strdup(line));
}

/* Opens it, and what is there joined by commas; the caller's. */
static char *open_and_read(const char *path, const char *heading, Ledger **ret_ledger)
{
    g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GError) error = NULL;
    *ret_ledger = ledger_open(path, heading, true, note, lines, &error);
    assert_null(error);
    assert_non_null(*ret_ledger);
    g_ptr_array_add(lines, NULL);
    return g_strjoinv(",", (char **)lines->pdata);
}

static void add(Ledger *ledger, const char *line)
{
    assert_true(ledger_add(ledger, line, NULL));
}

static void test_ledger__gives_back_what_was_added(void **state)
{
    (void)state;
    Place at = place();
    Ledger *ledger = NULL;
    g_autofree char *none = open_and_read(at.path, HEADING, &ledger);
    assert_string_equal(none, "");
    add(ledger, "one");
    add(ledger, "two");
    ledger_close(ledger);
    g_autofree char *both = open_and_read(at.path, HEADING, &ledger);
    assert_string_equal(both, "one,two");
    ledger_close(ledger);
    leave(&at);
}

/* A kill may cut the last line anywhere: what was whole stays, and what comes next is whole. */
static void test_ledger__survives_a_cut_at_every_byte(void **state)
{
    (void)state;
    static const char WHOLE[] = HEADING "\n{\"run_id\":\"a\"}\n{\"run_id\":\"b\"}\n";
    const size_t first = sizeof HEADING;
    const size_t second = first + strlen("{\"run_id\":\"a\"}\n");
    for (size_t bytes = 0; bytes < sizeof WHOLE; bytes++) {
        Place at = place();
        Ledger *ledger = NULL;
        assert_true(g_file_set_contents(at.path, WHOLE, (gssize)bytes, NULL));
        g_autofree char *kept = open_and_read(at.path, HEADING, &ledger);
        const char *expected = bytes < second             ? ""
                               : bytes < sizeof WHOLE - 1 ? "{\"run_id\":\"a\"}"
                                                          : "{\"run_id\":\"a\"},{\"run_id\":\"b\"}";
        assert_string_equal(kept, expected);
        add(ledger, "next");
        ledger_close(ledger);
        g_autofree char *then = open_and_read(at.path, HEADING, &ledger);
        g_autofree char *wanted =
            g_strdup_printf("%s%snext", expected, expected[0] == '\0' ? "" : ",");
        assert_string_equal(then, wanted);
        ledger_close(ledger);
        leave(&at);
    }
}

static void test_ledger__forgets_what_stands_under_another_heading(void **state)
{
    (void)state;
    Place at = place();
    Ledger *ledger = NULL;
    g_free(open_and_read(at.path, HEADING, &ledger));
    add(ledger, "one");
    ledger_close(ledger);
    g_autofree char *other = open_and_read(at.path, "{\"lab\":\"two\"}", &ledger);
    assert_string_equal(other, "");
    ledger_close(ledger);
    leave(&at);
}

static void test_ledger__takes_whole_lines_of_several_processes(void **state)
{
    (void)state;
    Place at = place();
    Ledger *ledger = NULL;
    g_free(open_and_read(at.path, HEADING, &ledger));
    g_autofree char *line = g_strnfill(3000, 'x');
    pid_t children[4];
    for (size_t i = 0; i < G_N_ELEMENTS(children); i++) {
        children[i] = fork();
        if (children[i] == 0) {
            for (int n = 0; n < 200; n++) {
                if (!ledger_add(ledger, line, NULL)) {
                    _exit(1);
                }
            }
            _exit(0);
        }
    }
    for (size_t i = 0; i < G_N_ELEMENTS(children); i++) {
        int status = 0;
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_int_equal(status, 0);
    }
    ledger_close(ledger);
    g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
    assert_true(ledger_read(at.path, HEADING, note, lines));
    assert_int_equal(lines->len, 4 * 200);
    for (guint i = 0; i < lines->len; i++) {
        assert_string_equal(g_ptr_array_index(lines, i), line);
    }
    leave(&at);
}

/* Who resumes at once waits until the last process of the killed one is gone. */
static void test_ledger__waits_for_whoever_still_holds_it(void **state)
{
    (void)state;
    Place at = place();
    Ledger *ledger = NULL;
    g_free(open_and_read(at.path, HEADING, &ledger));
    pid_t child = fork();
    if (child == 0) {
        g_usleep(300 * 1000);
        _exit(ledger_add(ledger, "late", NULL) ? 0 : 1);
    }
    ledger_close(ledger);
    g_autofree char *seen = open_and_read(at.path, HEADING, &ledger);
    assert_string_equal(seen, "late");
    ledger_close(ledger);
    waitpid(child, NULL, 0);
    leave(&at);
}

static void test_ledger__settles_into_the_order_it_is_told(void **state)
{
    (void)state;
    Place at = place();
    Ledger *ledger = NULL;
    g_free(open_and_read(at.path, HEADING, &ledger));
    add(ledger, "b");
    add(ledger, "a");
    assert_true(ledger_settle(ledger, (char *[]){"a", "b", NULL}, NULL));
    ledger_close(ledger);
    g_autofree char *text = NULL;
    assert_true(g_file_get_contents(at.path, &text, NULL, NULL));
    assert_string_equal(text, HEADING "\na\nb\n");
    leave(&at);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ledger__gives_back_what_was_added),
        cmocka_unit_test(test_ledger__survives_a_cut_at_every_byte),
        cmocka_unit_test(test_ledger__forgets_what_stands_under_another_heading),
        cmocka_unit_test(test_ledger__takes_whole_lines_of_several_processes),
        cmocka_unit_test(test_ledger__waits_for_whoever_still_holds_it),
        cmocka_unit_test(test_ledger__settles_into_the_order_it_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
