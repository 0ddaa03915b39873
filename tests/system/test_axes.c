/* SPDX-License-Identifier: MIT */

/*
 * Can any scenario be swept over any axis from the command line, does every run come back by its
 * name alone, and do second faults come after all first ones?
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/system/shell.h"

#define LOCKSTEP "build/lockstep"
#define STORY    "5.6-attack-surface/debug-port-closed"

/* Sweeps STORY with these flags; the text of its results is the caller's. */
static char *sweep(const char *folder, const char *flags, const char *runs)
{
    g_auto(Shell) shell = shell_run(
        LOCKSTEP " sweep " STORY " %s --no-canary --progress none --out '%s'", flags, folder);
    shell_expect(&shell, 0);
    if (strstr(shell.out, runs) == NULL) {
        fail_msg("expected \"%s\" in:\n%s", runs, shell.out);
    }
    g_autofree char *path = g_build_filename(folder, "results.jsonl", NULL);
    char *results = NULL;
    assert_true(g_file_get_contents(path, &results, NULL, NULL));
    return results;
}

static void expect_replay(const char *folder, const char *point)
{
    g_auto(Shell) shell =
        shell_run(LOCKSTEP " replay '" STORY "@%s+seed=1' --out '%s'", point, folder);
    shell_expect(&shell, 0);
    if (strstr(shell.out, "also as recorded") == NULL) {
        fail_msg("%s is not as recorded:\n%s", point, shell.out);
    }
}

static void expect_point(const char *results, const char *point)
{
    g_autofree char *id = g_strdup_printf("\"" STORY "@%s+seed=1\"", point);
    if (strstr(results, id) == NULL) {
        fail_msg("there is no run %s", id);
    }
}

static void test_axes__every_nth_call_of_any_scenario_comes_back_by_its_name(void **state)
{
    (void)state;
    g_autofree char *folder = shell_folder();
    g_autofree char *results =
        sweep(folder, "--axis call --every 3 --until boot.completed", "PASS");
    expect_point(results, "call");
    expect_point(results, "call#1");
    expect_point(results, "call#4");
    assert_null(strstr(results, "call#2+"));
    expect_replay(folder, "call#4");
    expect_replay(folder, "call");
    shell_remove(folder);
}

static void test_axes__every_nth_instruction_between_two_events(void **state)
{
    (void)state;
    g_autofree char *folder = shell_folder();
    g_autofree char *results =
        sweep(folder,
              "--axis instruction --every 10000 --after boot.slot_started "
              "--until '{ event: boot.completed, where: { version: 1.0.0 } }'",
              "PASS");
    expect_point(results, "instr");
    assert_non_null(strstr(results, "@instr#"));
    shell_remove(folder);
}

static void test_axes__frames_and_operations_of_any_scenario(void **state)
{
    (void)state;
    g_autofree char *folder = shell_folder();
    g_autofree char *frames =
        sweep(folder, "--axis frame --count 2 --how each", "11 runs: 11 PASS");
    assert_non_null(strstr(frames, ":hold+seed=1"));
    g_autofree char *operations =
        sweep(folder, "--axis nvm.operation --how half --count 2", "3 runs: 3 PASS");
    assert_non_null(strstr(operations, ":half+seed=1"));
    shell_remove(folder);
}

static void test_axes__reads_of_any_scenario(void **state)
{
    (void)state;
    g_autofree char *folder = shell_folder();
    g_autofree char *results = sweep(folder, "--axis read --count 4 --how bit", "5 runs: 5 PASS");
    const char *point = strstr(results, "@read#");
    assert_non_null(point);
    g_autofree char *text = g_strndup(point + 1, strcspn(point, "+") - 1);
    expect_replay(folder, text);
    shell_remove(folder);
}

static void test_axes__crash_states_of_any_scenario(void **state)
{
    (void)state;
    g_autofree char *folder = shell_folder();
    g_auto(Shell) swept = shell_run(
        LOCKSTEP " sweep " STORY " --axis nvm.operation --no-canary --progress none --out '%s'",
        folder);
    shell_expect(&swept, 0);
    assert_non_null(strstr(swept.out, "depth 1: "));
    assert_null(strstr(swept.out, "ONLY"));
    /* The story has a loss of power of its own, and the long way goes round that, too. */
    assert_non_null(strstr(swept.out, ", 0 different\n"));
    g_auto(Shell) replay = shell_run(
        LOCKSTEP " replay '" STORY "@boot#4:prefix.3+seed=1' --times 2 --out '%s'", folder);
    shell_expect(&replay, 0);
    assert_non_null(strstr(replay.out, "2 of 2 digests are the same"));
    shell_remove(folder);
}

/* The points of all results, in their order, each with a space before it; the caller's. */
static char *points_of(const char *results)
{
    GString *points = g_string_new(NULL);
    g_auto(GStrv) lines = g_strsplit(results, "\n", 0);
    for (char **line = lines; *line != NULL; line++) {
        const char *id = strstr(*line, "\"run_id\":\"" STORY "@");
        if (g_str_has_prefix(*line, "{\"bundle\"") && id != NULL) {
            id += strlen("\"run_id\":\"" STORY "@");
            g_string_append_printf(points, " %.*s", (int)strcspn(id, "+"), id);
        }
    }
    return g_string_free(points, FALSE);
}

static void test_axes__second_faults_come_when_all_first_ones_have_passed(void **state)
{
    (void)state;
    g_autofree char *folder = shell_folder();
    g_autofree char *results =
        sweep(folder, "--axis call --count 3 --second instruction --jobs 2", "13 runs: 13 PASS");
    g_autofree char *points = points_of(results);
    /* The reference, three points, the same three to see what follows, and two for each. */
    assert_true(g_regex_match_simple(
        "^ call( call#\\d+){3}( call#\\d+,instr){3}( call#\\d+,instr#\\d+){6}$", points, 0, 0));
    expect_replay(folder, strrchr(points, ' ') + 1);
    g_autofree char *again_folder = shell_folder();
    g_autofree char *again = sweep(
        again_folder, "--axis call --count 3 --second instruction --jobs 1", "13 runs: 13 PASS");
    assert_string_equal(again, results);
    shell_remove(again_folder);
    shell_remove(folder);
}

static void expect_refusal(const char *flags, int code, const char *message)
{
    g_autofree char *folder = shell_folder();
    g_auto(Shell) shell = shell_run(
        LOCKSTEP " sweep 5.3-updates/update-happy-path %s --no-canary --progress none --out '%s'",
        flags, folder);
    shell_expect(&shell, code);
    if (strstr(shell.err, message) == NULL && strstr(shell.out, message) == NULL) {
        fail_msg("expected \"%s\" of %s, found:\n%s%s", message, flags, shell.out, shell.err);
    }
    shell_remove(folder);
}

static void test_axes__refuses_what_makes_no_sense(void **state)
{
    (void)state;
    expect_refusal("--axis cal", 64, "--axis knows no \"cal\", did you mean \"call\"?");
    expect_refusal("--every 3", 64, "go with --axis");
    expect_refusal("--axis call --every 3 --count 3", 64, "do not go together");
    expect_refusal("--axis call --how half", 64, "on the axis call there are each, drawn");
    expect_refusal("--axis frame --how half", 64, "lose, corrupt, duplicate, delay, hold");
    expect_refusal("--axis frame --after boot.completed", 64, "takes the whole run");
    expect_refusal("--axis call --after boot.complete", 64,
                   "--after:1:1: error: unknown event \"boot.complete\", did you mean");
    expect_refusal("--axis call --until '{ event: boot.completed, were: 1 }'", 64,
                   "--until:1:26: error: unknown key \"were\"");
    expect_refusal("--axis call --second frame", 64, "--second is nvm.operation");
    expect_refusal("--axis call --second-count 3", 64, "--second-count goes with --second");
}

static void test_axes__says_when_there_are_too_many_points(void **state)
{
    (void)state;
    expect_refusal("--axis instruction --every 1 --after boot.completed", 3,
                   "points, more than 1000000: narrow its window");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_axes__every_nth_call_of_any_scenario_comes_back_by_its_name),
        cmocka_unit_test(test_axes__every_nth_instruction_between_two_events),
        cmocka_unit_test(test_axes__frames_and_operations_of_any_scenario),
        cmocka_unit_test(test_axes__reads_of_any_scenario),
        cmocka_unit_test(test_axes__crash_states_of_any_scenario),
        cmocka_unit_test(test_axes__second_faults_come_when_all_first_ones_have_passed),
        cmocka_unit_test(test_axes__refuses_what_makes_no_sense),
        cmocka_unit_test(test_axes__says_when_there_are_too_many_points),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
