/* SPDX-License-Identifier: MIT */

/*
 * Does a campaign lose nothing: killed at random moments and resumed, stopped by ^C, or divided
 * into shards, does it come to what it comes to undisturbed, without a finished run made again and
 * without a process left behind?
 *
 * The moments are drawn from RESUME_SEED (1), which is printed; RESUME_KILLS says how often a
 * campaign is killed (5).
 */

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <glib.h>

#include "tests/system/shell.h"

#define LOCKSTEP "build/lockstep"
#define SWITCH   "5.9-resilience/power-cut-at-the-switch"
#define FLAGS    " --progress none --jobs 2"
#define CHECK    "check " SWITCH " 5.6-attack-surface/debug-port-closed" FLAGS
#define SWEEP    "sweep " SWITCH " --depth 2" FLAGS
#define EXPLORE  "explore --seed 1 --max-runs 32 --max-fail 0 --jobs 2"

#define KILLS         5
#define GONE_MS       5000
#define WAIT_MS       60000 /* for the first results on a busy host */
#define RESULTS_BYTES 1000
#define AT_ONCE_US    (10 * G_USEC_PER_SEC)

static unsigned seed_of(const char *name, unsigned otherwise)
{
    const char *text = g_getenv(name);
    return text == NULL ? otherwise : (unsigned)strtoul(text, NULL, 10);
}

/* Starts the lab in the background; its processes can be told by the mark in their environment. */
static pid_t start(const char *mark, const char *format, ...) G_GNUC_PRINTF(2, 3);
static pid_t start(const char *mark, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *words = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_autofree char *command = g_strdup_printf("exec " LOCKSTEP " %s", words);
    pid_t pid = fork();
    if (pid == 0) {
        g_setenv("LOCKSTEP_TEST_MARK", mark, TRUE);
        if (freopen("/dev/null", "w", stdout) == NULL ||
            freopen("/dev/null", "w", stderr) == NULL) {
            _exit(126);
        }
        execl("/bin/sh", "sh", "-c", command, (char *)NULL);
        _exit(127);
    }
    return pid;
}

/* How many processes have the mark. */
static unsigned marked(const char *mark)
{
    g_autofree char *wanted = g_strdup_printf("LOCKSTEP_TEST_MARK=%s", mark);
    g_autoptr(GDir) dir = g_dir_open("/proc", 0, NULL);
    const char *name = NULL;
    unsigned count = 0;
    while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
        g_autofree char *path = g_build_filename("/proc", name, "environ", NULL);
        g_autofree char *text = NULL;
        gsize bytes = 0;
        if (g_ascii_isdigit(name[0]) && g_file_get_contents(path, &text, &bytes, NULL) &&
            bytes > 0 && memmem(text, bytes, wanted, strlen(wanted) + 1) != NULL) {
            count++;
        }
    }
    return count;
}

/* Fails unless all processes with the mark go by themselves, soon. */
static void expect_gone(const char *mark)
{
    unsigned left = marked(mark);
    for (int waited = 0; left > 0 && waited < GONE_MS; waited += 20) {
        g_usleep(20 * 1000);
        left = marked(mark);
    }
    if (left > 0) {
        fail_msg("%u processes are left behind", left);
    }
}

/* Fails if something is twice in a ledger: a finished run was made again. Gives how many there are.
 */
static unsigned expect_once(const char *folder, const char *file, const char *const *keys)
{
    g_autofree char *path = g_build_filename(folder, file, NULL);
    g_autofree char *text = NULL;
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    if (!g_file_get_contents(path, &text, NULL, NULL)) {
        return 0;
    }
    g_auto(GStrv) lines = g_strsplit(text, "\n", 0);
    for (size_t i = 1; lines[0] != NULL && lines[i] != NULL && lines[i + 1] != NULL; i++) {
        GString *name = g_string_new(NULL);
        for (const char *const *key = keys; *key != NULL; key++) {
            const char *at = strstr(lines[i], *key);
            g_string_append_len(
                name, at == NULL ? "" : at,
                at == NULL ? 0 : (gssize)strcspn(at + strlen(*key), "\"") + (gssize)strlen(*key));
        }
        if (!g_hash_table_add(seen, g_string_free(name, FALSE))) {
            fail_msg("%s: made again: %.200s", path, lines[i]);
        }
    }
    return g_hash_table_size(seen);
}

/* Makes the campaign undisturbed; returns how long that takes. */
static int undisturbed_ms(const char *folder, const char *command)
{
    gint64 started = g_get_monotonic_time();
    g_auto(Shell) whole = shell_run(LOCKSTEP " %s --out '%s'", command, folder);
    shell_expect(&whole, 0);
    return (int)((g_get_monotonic_time() - started) / 1000);
}

/* Kills the campaign again and again, always resuming, and lets it come to its end. */
static void disturb(const char *folder, const char *command, int takes_ms, const char *file,
                    const char *const *keys)
{
    unsigned seed = seed_of("RESUME_SEED", 1);
    unsigned kills = seed_of("RESUME_KILLS", KILLS);
    g_autoptr(GRand) draw = g_rand_new_with_seed(seed);
    unsigned before = 0;
    print_message("%s: seed %u, moments", command, seed);
    for (unsigned i = 0; i < kills; i++) {
        g_autofree char *mark = g_strdup_printf("%s-%u", folder, i);
        int moment = g_rand_int_range(draw, 50, MAX(takes_ms * 3 / (int)MAX(kills, 1), 100));
        pid_t pid = start(mark, "%s --resume --out '%s'", command, folder);
        g_usleep((gulong)moment * 1000);
        kill(pid, SIGKILL);
        assert_int_equal(waitpid(pid, NULL, 0), pid);
        expect_gone(mark);
        unsigned now = expect_once(folder, file, keys);
        print_message(" %d ms (%u done)", moment, now);
        assert_true(now >= before);
        before = now;
    }
    print_message("\n");
    g_auto(Shell) last = shell_run(LOCKSTEP " %s --resume --out '%s'", command, folder);
    shell_expect(&last, 0);
}

static void expect_same(const char *folder, const char *first, const char *second,
                        const char *const *files)
{
    for (; *files != NULL; files++) {
        g_auto(Shell) compare =
            shell_run("cd '%s' && cmp '%s/%s' '%s/%s'", folder, first, *files, second, *files);
        shell_expect(&compare, 0);
    }
}

static const char *const CHECK_FILES[] = {"verdict.json", "junit.xml", "results.jsonl",
                                          "report.html", NULL};
static const char *const SWEEP_FILES[] = {"verdict.json",
                                          "junit.xml",
                                          "report.html",
                                          "sweeps/" SWITCH ".jsonl",
                                          "sweeps/" SWITCH ".atlas.jsonl",
                                          "sweeps/" SWITCH ".atlas.html",
                                          NULL};
static const char *const CHECK_KEYS[] = {"\"run_id\":\"", NULL};
static const char *const SWEEP_KEYS[] = {"\"ask\":\"", "\"point\":\"", NULL};

/* Undisturbed, disturbed and in three shards. */

static void test_resume__a_killed_check_ends_as_if_it_had_not_been(void **state)
{
    (void)state;
    g_autofree char *folder = shell_folder();
    g_autofree char *part = g_build_filename(folder, "part", NULL);
    g_autofree char *undisturbed = g_build_filename(folder, "whole", NULL);
    int takes_ms = undisturbed_ms(undisturbed, CHECK);
    disturb(part, CHECK, takes_ms, "results.jsonl", CHECK_KEYS);
    expect_same(folder, "whole", "part", CHECK_FILES);
    for (int i = 1; i <= 3; i++) {
        g_auto(Shell) shard = shell_run(
            LOCKSTEP " " CHECK " --no-canary --shard %d/3 --out '%s/shard%d'", i, folder, i);
        shell_expect(&shard, 0);
    }
    g_auto(Shell) plain =
        shell_run(LOCKSTEP " " CHECK " --no-canary --resume --out '%s/whole'", folder);
    shell_expect(&plain, 0);
    g_auto(Shell) merge =
        shell_run(LOCKSTEP " merge '%s/shard2' '%s/shard3' '%s/shard1' --out '%s/merged'", folder,
                  folder, folder, folder);
    shell_expect(&merge, 0);
    expect_same(folder, "whole", "merged", CHECK_FILES);
    g_auto(Shell) few =
        shell_run(LOCKSTEP " merge '%s/shard2' '%s/shard3' --out '%s/few'", folder, folder, folder);
    shell_expect(&few, 64);
    shell_remove(folder);
}

static void test_resume__a_killed_sweep_ends_as_if_it_had_not_been(void **state)
{
    (void)state;
    g_autofree char *folder = shell_folder();
    g_autofree char *part = g_build_filename(folder, "part", NULL);
    g_autofree char *undisturbed = g_build_filename(folder, "whole", NULL);
    int takes_ms = undisturbed_ms(undisturbed, SWEEP " --no-canary");
    disturb(part, SWEEP " --no-canary", takes_ms, "sweeps/" SWITCH ".jsonl", SWEEP_KEYS);
    expect_same(folder, "whole", "part", SWEEP_FILES);
    for (int i = 1; i <= 2; i++) {
        g_auto(Shell) shard = shell_run(
            LOCKSTEP " " SWEEP " --no-canary --shard %d/2 --out '%s/shard%d'", i, folder, i);
        shell_expect(&shard, 0);
    }
    g_auto(Shell) merge = shell_run(
        LOCKSTEP " merge '%s/shard2' '%s/shard1' --json --out '%s/merged'", folder, folder, folder);
    shell_expect(&merge, 0);
    expect_same(folder, "whole", "merged", SWEEP_FILES);
    shell_remove(folder);
}

/* What a round chooses depends on all before it: the same runs, that showed the same news. */
static void test_resume__a_killed_exploration_ends_as_if_it_had_not_been(void **state)
{
    (void)state;
    static const char *const LEDGER[] = {"explore.ledger", NULL};
    static const char *const WHOLE_REQUEST[] = {"", NULL};
    g_autofree char *folder = shell_folder();
    g_autofree char *part = g_build_filename(folder, "part", NULL);
    g_autofree char *undisturbed = g_build_filename(folder, "whole", NULL);
    int takes_ms = undisturbed_ms(undisturbed, EXPLORE);
    disturb(part, EXPLORE, takes_ms, LEDGER[0], WHOLE_REQUEST);
    g_auto(Shell) sorted = shell_run("cd '%s' && sort -o whole/explore.ledger whole/explore.ledger "
                                     "&& sort -o part/explore.ledger part/explore.ledger",
                                     folder);
    shell_expect(&sorted, 0);
    expect_same(folder, "whole", "part", LEDGER);
    shell_remove(folder);
}

/* A failing sweep keeps its failures over a kill, and they stay the same ones. */
static void test_resume__a_finished_failure_is_not_made_again(void **state)
{
    (void)state;
    static const char FAILING[] =
        LOCKSTEP " sweep " SWITCH " --defect trusts-torn-journal --jobs 2 --progress none";
    g_autofree char *folder = shell_folder();
    g_auto(Shell) whole = shell_run("%s --out '%s/whole'", FAILING, folder);
    shell_expect(&whole, 1);
    g_auto(Shell) part =
        shell_run("cp -r '%s/whole' '%s/part' && cd '%s/part/sweeps/5.9-resilience' "
                  "&& rm -f *.atlas.* ../../verdict.json && sed -i '20,$d' *.jsonl && "
                  "grep -c '\"ask\":\"boot\"' *.jsonl",
                  folder, folder, folder);
    shell_expect(&part, 0);
    g_auto(Shell) again = shell_run("%s --resume --out '%s/part'", FAILING, folder);
    shell_expect(&again, 1);
    g_autofree char *taken = g_strdup_printf("\n%d runs taken from an earlier execution",
                                             (int)g_ascii_strtoll(part.out, NULL, 10));
    assert_true((int)g_ascii_strtoll(part.out, NULL, 10) > 0);
    assert_non_null(strstr(again.out, taken));
    g_auto(Shell) compare =
        shell_run("cd '%s' && cmp whole/verdict.json part/verdict.json", folder);
    shell_expect(&compare, 0);
    shell_remove(folder);
}

/* A last line cut off anywhere is as if it were not there (every byte: test_ledger). */
static void test_resume__a_torn_last_line_costs_one_run(void **state)
{
    (void)state;
    static const char QUICK[] =
        LOCKSTEP " check 5.6-attack-surface/debug-port-closed --jobs 1 --progress none";
    g_autofree char *folder = shell_folder();
    g_auto(Shell) whole = shell_run("%s --out '%s/whole'", QUICK, folder);
    shell_expect(&whole, 0);
    for (int bytes = 1; bytes < 1200; bytes += 293) {
        g_auto(Shell) torn = shell_run("cd '%s' && rm -rf part && cp -r whole part && "
                                       "truncate -s -%d part/results.jsonl",
                                       folder, bytes);
        shell_expect(&torn, 0);
        g_auto(Shell) again = shell_run("%s --resume --out '%s/part'", QUICK, folder);
        shell_expect(&again, 0);
        expect_same(folder, "whole", "part", CHECK_FILES);
    }
    shell_remove(folder);
}

/* Waits until a campaign has finished a few runs. */
static void wait_for_results(const char *folder, const char *file)
{
    g_autofree char *path = g_build_filename(folder, "out", file, NULL);
    for (int waited = 0; waited < WAIT_MS; waited += 50) {
        g_autofree char *text = NULL;
        if (g_file_get_contents(path, &text, NULL, NULL) && strlen(text) > RESULTS_BYTES) {
            return;
        }
        g_usleep(50 * 1000);
    }
    fail_msg("nothing was finished in time");
}

/* Interrupts a campaign so often, and gives what it said; the caller's. */
static char *interrupt(const char *folder, const char *command, const char *file, int times)
{
    g_autofree char *out = g_build_filename(folder, "said", NULL);
    char *said = NULL;
    pid_t pid = start(folder, "%s --out '%s/out' >'%s'", command, folder, out);
    wait_for_results(folder, file);
    for (int i = 0; i < times; i++) {
        kill(pid, SIGINT);
        g_usleep(100 * 1000);
    }
    int status = 0;
    gint64 asked = g_get_monotonic_time();
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 2);
    assert_true(times == 1 || g_get_monotonic_time() - asked < AT_ONCE_US);
    expect_gone(folder);
    g_auto(Shell) stored = shell_run("grep -q '\"interrupted\":true' '%s/out/verdict.json' && "
                                     "grep -q '\"judged\":\"INCONCLUSIVE\"' '%s/out/verdict.json'",
                                     folder, folder);
    shell_expect(&stored, 0);
    assert_true(g_file_get_contents(out, &said, NULL, NULL));
    return said;
}

static void test_resume__an_interrupted_campaign_says_so_and_how_to_go_on(void **state)
{
    (void)state;
    static const struct {
        const char *command;
        const char *file;
    } CASES[] = {
        {"check 5.9-resilience/power-cut-at-random-instructions --no-canary" FLAGS,
         "results.jsonl"},
        {"sweep 5.9-resilience/power-cut-during-update --no-canary" FLAGS,
         "sweeps/5.9-resilience/power-cut-during-update.jsonl"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(CASES); i++) {
        for (int times = 1; times <= 2; times++) {
            g_autofree char *folder = shell_folder();
            g_autofree char *said = interrupt(folder, CASES[i].command, CASES[i].file, times);
            g_autofree char *go_on = g_strdup_printf(
                "go on with: " LOCKSTEP " %s --out %s/out --resume\n", CASES[i].command, folder);
            if (strstr(said, go_on) == NULL) {
                fail_msg("expected \"%s\" in: %s", go_on, said);
            }
            shell_remove(folder);
        }
    }
}

/* Without the canary's firmware nothing can be believed. */
static void test_resume__a_canary_that_is_not_caught_is_an_error(void **state)
{
    (void)state;
    static const char *const COMMANDS[] = {"check " SWITCH FLAGS, "sweep " SWITCH FLAGS};
    g_autofree char *folder = shell_folder();
    g_auto(Shell) images =
        shell_run("mkdir '%s/images' && ln -s \"$PWD\"/build/images/app-1.?.0.img '%s/images' && "
                  "mkdir '%s/rom' && ln -s \"$PWD\"/build/firmware/rom.bin '%s/rom'",
                  folder, folder, folder, folder);
    shell_expect(&images, 0);
    for (size_t i = 0; i < G_N_ELEMENTS(COMMANDS); i++) {
        g_auto(Shell) shell =
            shell_run(LOCKSTEP " %s --images '%s/images' --rom '%s/rom/rom.bin' --out '%s/out%zu'",
                      COMMANDS[i], folder, folder, folder, i);
        shell_expect(&shell, 3);
        assert_non_null(strstr(shell.out, "canary: trusts-torn-journal NOT CAUGHT"));
        g_auto(Shell) junit = shell_run("grep -q 'testsuite name=\"canaries\" tests=\"1\" "
                                        "failures=\"0\" errors=\"1\"' '%s/out%zu/junit.xml'",
                                        folder, i);
        shell_expect(&junit, 0);
    }
    shell_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_resume__a_killed_check_ends_as_if_it_had_not_been),
        cmocka_unit_test(test_resume__a_killed_sweep_ends_as_if_it_had_not_been),
        cmocka_unit_test(test_resume__a_killed_exploration_ends_as_if_it_had_not_been),
        cmocka_unit_test(test_resume__a_finished_failure_is_not_made_again),
        cmocka_unit_test(test_resume__a_torn_last_line_costs_one_run),
        cmocka_unit_test(test_resume__an_interrupted_campaign_says_so_and_how_to_go_on),
        cmocka_unit_test(test_resume__a_canary_that_is_not_caught_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
