/* SPDX-License-Identifier: MIT */

/*
 * Explore finds what is wrong, minimize makes it short, replay brings it back and shows it.
 *
 * Every test starts build/lockstep the way a user does, with firmware that carries a seeded defect.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/system/shell.h"

#define LOCKSTEP  "build/lockstep"
#define EDGES_MIN 5000 /* an update with all its cryptography has more; noise would have less */

/* The first file that `path`, a pattern of the shell, names. */
static char *find_file(const char *folder, const char *path)
{
    g_auto(Shell) shell = shell_run("ls -1 '%s'/%s", folder, path);
    shell_expect(&shell, 0);
    shell.out[strcspn(shell.out, "\n")] = '\0';
    return g_strdup(shell.out);
}

static unsigned lines_under_when(const char *path)
{
    g_autofree char *text = NULL;
    assert_true(g_file_get_contents(path, &text, NULL, NULL));
    const char *when = strstr(text, "\nwhen:\n");
    const char *then = strstr(text, "\nthen:\n");
    assert_true(when != NULL && then > when);
    unsigned lines = 0;
    for (const char *at = when + strlen("\nwhen:\n"); at <= then; at++) {
        lines += *at == '\n' ? 1 : 0;
    }
    return lines;
}

/* The scenario fails with that defect, and passes without. */
static void expect_mended(const char *path, const char *defect, const char *folder)
{
    g_auto(Shell) fails = shell_run(LOCKSTEP " check '%s' --defect %s"
                                             " --jobs 1 --progress none --out '%s/a'",
                                    path, defect, folder);
    shell_expect(&fails, 1);
    g_auto(Shell) passes =
        shell_run(LOCKSTEP " check '%s' --jobs 1 --progress none --out '%s/b'", path, folder);
    shell_expect(&passes, 0);
}

static void test_minimize__gives_a_short_scenario_that_passes_when_mended(void **state)
{
    (void)state;
    g_autofree char *folder = shell_folder();
    g_auto(Shell) shell = shell_run(LOCKSTEP " minimize 5.9-resilience/power-cut-while-bolt-moves"
                                             " --defect finishes-movement-at-start --out '%s'",
                                    folder);
    shell_expect(&shell, 0);
    g_autofree char *path = find_file(folder, "minimized/*.yaml");
    assert_true(lines_under_when(path) <= 4);
    expect_mended(path, "finishes-movement-at-start", folder);
    shell_remove(folder);
}

static void test_minimize__turns_a_crash_state_into_a_loss_of_power(void **state)
{
    (void)state;
    g_autofree char *folder = shell_folder();
    g_auto(Shell) sweep = shell_run(LOCKSTEP " sweep 5.9-resilience/power-cut-at-the-switch"
                                             " --defect trusts-torn-journal --max-fail 1"
                                             " --no-canary --progress none --out '%s'",
                                    folder);
    shell_expect(&sweep, 1);
    const char *found = strstr(sweep.out, "@boot#");
    assert_non_null(found);
    g_autofree char *point = g_strndup(found, strcspn(found, "+"));
    g_auto(Shell) shell = shell_run(LOCKSTEP " minimize '5.9-resilience/power-cut-at-the-switch"
                                             "%s+defect=trusts-torn-journal' --out '%s'",
                                    point, folder);
    shell_expect(&shell, 0);
    g_autofree char *path = find_file(folder, "minimized/*.yaml");
    assert_int_equal(lines_under_when(path), 2);
    expect_mended(path, "trusts-torn-journal", folder);
    shell_remove(folder);
}

static void test_minimize__refuses_a_run_that_does_not_fail(void **state)
{
    (void)state;
    g_autofree char *folder = shell_folder();
    g_auto(Shell) shell =
        shell_run(LOCKSTEP " minimize 5.6-attack-surface/debug-port-closed --out '%s'", folder);
    shell_expect(&shell, 64);
    assert_non_null(strstr(shell.err, "nothing to minimize"));
    shell_remove(folder);
}

static void test_explore__finds_a_burned_counter_and_says_how_to_shorten_it(void **state)
{
    (void)state;
    g_autofree char *folder = shell_folder();
    g_auto(Shell) shell = shell_run(LOCKSTEP " explore --seed 3 --max-runs 4 --jobs 1"
                                             " --defect burns-counter-on-trial --out '%s'",
                                    folder);
    shell_expect(&shell, 1);
    assert_non_null(strstr(shell.out, "the security counter is raised"));
    const char *minimize = strstr(shell.out, "\nminimize: ");
    assert_non_null(minimize);
    assert_non_null(strstr(shell.out, "canary locks-itself-at-start: caught"));
    g_autofree char *command = g_strdup(minimize + strlen("\nminimize: "));
    command[strcspn(command, "\n")] = '\0';
    g_auto(Shell) shorter = shell_run("%s", command);
    shell_expect(&shorter, 0);
    g_autofree char *path = find_file(folder, "minimized/*.yaml");
    assert_true(lines_under_when(path) <= 10);
    shell_remove(folder);
}

static void test_explore__does_the_same_with_any_number_of_jobs(void **state)
{
    (void)state;
    char *all[2];
    for (int jobs = 1; jobs <= 2; jobs++) {
        g_autofree char *folder = shell_folder();
        g_auto(Shell) shell = shell_run(
            LOCKSTEP " explore --seed 5 --max-runs 6 --max-fail 0 -v --jobs %d"
                     " --out '%s' | grep -A999 '^scenario:' | grep -v -e ' runs in ' -e ' --out '",
            jobs, folder);
        all[jobs - 1] = g_strdup(shell.out);
        assert_non_null(strstr(shell.out, "scenario: explore/5-0"));
        const char *seen = strstr(shell.out, " mutated; ");
        assert_non_null(seen);
        assert_true(strtoul(seen + strlen(" mutated; "), NULL, 10) > EDGES_MIN);
        shell_remove(folder);
    }
    assert_string_equal(all[0], all[1]);
    g_free(all[0]);
    g_free(all[1]);
}

static void test_replay__writes_waves(void **state)
{
    (void)state;
    g_autofree char *folder = shell_folder();
    g_auto(Shell) shell = shell_run(
        LOCKSTEP " replay 5.6-attack-surface/debug-port-closed --times 1 --trace vcd --out '%s'",
        folder);
    shell_expect(&shell, 0);
    g_autofree char *dump = find_file(folder, "trace/*.vcd");
    g_autofree char *save = find_file(folder, "trace/*.gtkw");
    g_autofree char *text = NULL;
    assert_true(g_file_get_contents(dump, &text, NULL, NULL));
    assert_non_null(strstr(text, "$enddefinitions $end"));
    assert_non_null(strstr(text, "sAPP_STARTED "));
    shell_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_minimize__gives_a_short_scenario_that_passes_when_mended),
        cmocka_unit_test(test_minimize__turns_a_crash_state_into_a_loss_of_power),
        cmocka_unit_test(test_minimize__refuses_a_run_that_does_not_fail),
        cmocka_unit_test(test_explore__finds_a_burned_counter_and_says_how_to_shorten_it),
        cmocka_unit_test(test_explore__does_the_same_with_any_number_of_jobs),
        cmocka_unit_test(test_replay__writes_waves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
