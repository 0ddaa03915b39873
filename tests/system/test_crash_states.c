/* SPDX-License-Identifier: MIT */

/*
 * Does the crash-state engine, with the real machine and firmware, say the same as real cuts,
 * twice, with any number of jobs and after a kill -9, and does it find a lock that is broken?
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <glib.h>

#include "tests/system/shell.h"

#define LOCKSTEP "build/lockstep"
#define SCENARIO "5.9-resilience/power-cut-at-the-switch"
#define SWEEP    LOCKSTEP " sweep " SCENARIO " --progress none"

static void test_crash_states__are_what_real_cuts_leave(void **state)
{
    (void)state;
    g_autofree char *folder = shell_folder();
    g_auto(Shell) sweep = shell_run(SWEEP " --out '%s'", folder);
    shell_expect(&sweep, 0);
    assert_non_null(strstr(sweep.out, "canary: trusts-torn-journal caught"));
    assert_non_null(strstr(sweep.out, "booted again: "));
    assert_non_null(strstr(sweep.out, "the long way: 24, 0 different"));
    assert_null(strstr(sweep.out, "ONLY"));
    shell_remove(folder);
}

static void test_crash_states__find_a_defect_and_bring_it_back(void **state)
{
    (void)state;
    g_autofree char *folder = shell_folder();
    g_auto(Shell) sweep =
        shell_run(SWEEP " --defect trusts-torn-journal --max-fail 1 --out '%s'", folder);
    shell_expect(&sweep, 1);
    const char *from = strstr(sweep.out, "replay '");
    assert_non_null(from);
    from += strlen("replay '");
    const char *end = strchr(from, '\'');
    assert_non_null(end);
    g_autofree char *run_id = g_strndup(from, (gsize)(end - from));
    g_auto(Shell) replay = shell_run(LOCKSTEP " replay '%s' --times 2 --out '%s'", run_id, folder);
    shell_expect(&replay, 1);
    assert_non_null(strstr(replay.out, "digests are the same"));
    shell_remove(folder);
}

static void test_crash_states__of_a_killed_sweep_end_as_if_it_had_not_been(void **state)
{
    (void)state;
    g_autofree char *folder = shell_folder();
    g_auto(Shell) whole =
        shell_run(SWEEP " --no-canary --depth 2 --jobs 2 --out '%s/whole'", folder);
    shell_expect(&whole, 0);
    for (int i = 0; i < 3; i++) {
        g_auto(Shell) killed = shell_run("timeout -s KILL %d " SWEEP
                                         " --no-canary --depth 2 --jobs 2 --resume --out '%s/part'",
                                         i + 1, folder);
        assert_int_not_equal(killed.code, 64);
    }
    g_auto(Shell) last =
        shell_run(SWEEP " --no-canary --depth 2 --jobs 1 --resume --out '%s/part'", folder);
    shell_expect(&last, 0);
    g_auto(Shell) compare =
        shell_run("cd '%s' && cmp whole/sweeps/" SCENARIO ".atlas.jsonl part/sweeps/" SCENARIO
                  ".atlas.jsonl && grep -h answer whole/sweeps/" SCENARIO ".jsonl | sort > w && "
                  "grep -h answer part/sweeps/" SCENARIO ".jsonl | sort -u > p && cmp w p",
                  folder);
    shell_expect(&compare, 0);
    shell_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_crash_states__are_what_real_cuts_leave),
        cmocka_unit_test(test_crash_states__find_a_defect_and_bring_it_back),
        cmocka_unit_test(test_crash_states__of_a_killed_sweep_end_as_if_it_had_not_been),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
