/* SPDX-License-Identifier: MIT */

/*
 * Does the lab behave as a command should: exit codes, places of mistakes, evidence that can be
 * judged again, a run that comes back, and no harm from being killed?
 *
 * Every test starts build/lockstep the way a user does.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <json-glib/json-glib.h>

#include "tests/system/shell.h"

#define LOCKSTEP "build/lockstep"
#define QUICK    "5.6-attack-surface/debug-port-closed"
#define BUNDLE   "runs/" QUICK "+seed=1"

static const char SCENARIO[] = "# SPDX-License-Identifier: MIT\n"
                               "# A scenario for the command line's own tests.\n"
                               "scenario: own/quick\n"
                               "proves: [5.9-2]\n"
                               "given:\n"
                               "  device: { image: app-1.0.0 }\n"
                               "when:\n"
                               "  - at: 0s\n"
                               "    power_on: {}\n"
                               "then:\n"
                               "  - %s\n"
                               "until: 1s\n";

/* Writes own/quick.yaml with one claim into the folder. */
static void write_scenario(const char *folder, const char *claim)
{
    g_autofree char *text = g_strdup_printf(SCENARIO, claim);
    shell_write(folder, "own/quick.yaml", text, strlen(text));
}

static Shell check_claim(const char *folder, const char *claim)
{
    write_scenario(folder, claim);
    return shell_run(LOCKSTEP " check '%s/own/quick.yaml' --jobs 1 --progress none --out '%s/out'",
                     folder, folder);
}

static void expect_claim(const char *claim, int code)
{
    g_autofree char *folder = shell_folder();
    g_auto(Shell) shell = check_claim(folder, claim);
    shell_expect(&shell, code);
    shell_remove(folder);
}

static void test_command_line__says_0_when_all_claims_hold(void **state)
{
    (void)state;
    expect_claim("{ within: 500ms, expect: boot.completed }", 0);
}

static void test_command_line__says_1_when_a_claim_fails(void **state)
{
    (void)state;
    expect_claim("{ never: boot.completed }", 1);
}

static void test_command_line__says_2_when_the_evidence_decides_nothing(void **state)
{
    (void)state;
    expect_claim("{ within: 1s, after: update.confirmed, expect: boot.completed }", 2);
    expect_claim("{ within: 1h, expect: update.confirmed }", 2);
}

static void test_command_line__says_3_when_the_lab_itself_is_broken(void **state)
{
    (void)state;
    g_autofree char *folder = shell_folder();
    g_auto(Shell) shell = shell_run(
        LOCKSTEP " check " QUICK " --machine /bin/false --jobs 1 --progress none --out '%s'",
        folder);
    shell_expect(&shell, 3);
    assert_non_null(strstr(shell.out, "1 ERROR"));
    assert_null(strstr(shell.err, "CRITICAL"));
    shell_remove(folder);
}

static void test_command_line__says_4_when_nothing_is_selected(void **state)
{
    (void)state;
    g_auto(Shell) shell = shell_run(LOCKSTEP " check --filter 'no-such-*'");
    shell_expect(&shell, 4);
}

static void test_command_line__says_64_when_it_is_not_understood(void **state)
{
    (void)state;
    static const char *const WRONG[] = {
        "frobnicate",
        "check --no-such-flag",
        "check --jobs none",
        "check --seed -1",
        "check --shard 3/2",
        "check --progress sometimes",
        "check 5.3-updates/no-such-scenario",
        "check --defect no-such-defect " QUICK,
        "plan",
        "plan '" QUICK "@nvm.op#0:prefix+seed=1'",
        "plan '" QUICK "@nvm.op#1:sideways+seed=1'",
        "run",
        "judge",
        "judge /no/such/bundle",
        "replay",
        "replay 'a b c'",
        "list everything",
        "explain no-such-word",
    };
    for (size_t i = 0; i < G_N_ELEMENTS(WRONG); i++) {
        g_auto(Shell) shell = shell_run(LOCKSTEP " %s", WRONG[i]);
        if (shell.code != 64 || shell.err[0] == '\0') {
            fail_msg("lockstep %s: exit code %d, said \"%s\"", WRONG[i], shell.code, shell.err);
        }
    }
}

/* What is wrong with a scenario, and where the message must point. */
static void test_command_line__points_at_what_is_wrong_in_a_scenario(void **state)
{
    (void)state;
    static const struct {
        const char *claim;
        const char *says;
    } CASES[] = {
        {"{ never: boot.complete }",
         ":11:14: error: unknown event \"boot.complete\", did you mean"},
        {"{ nevver: boot.completed }",
         ":11:7: error: unknown claim \"nevver\", did you mean \"never\""},
        {"{ within: soon, expect: boot.completed }", ":11:15: error: expected a duration"},
        {"{ within: 1s, expect: boot.completed, colour: red }",
         ":11:43: error: unknown key \"colour\""},
        {"{ counts: boot.completed }", ":11:5: error: counts needs"},
        {"{ always: well }", ":11:15: error:"},
        {"{ never: boot.completed, where: { versoin: 1 } }",
         ":11:39: error: unknown key \"versoin\""},
        {"never", ":11:5: error: expected a claim"},
        {"{ never: [boot.completed] }", ":11:14: error:"},
        {"{ never: boot.completed", "error:"},
    };
    g_autofree char *folder = shell_folder();
    for (size_t i = 0; i < G_N_ELEMENTS(CASES); i++) {
        g_auto(Shell) shell = check_claim(folder, CASES[i].claim);
        g_autofree char *file = g_strdup_printf("%s/own/quick.yaml:", folder);
        if (shell.code != 64 || strstr(shell.err, CASES[i].says) == NULL ||
            strstr(shell.err, file) == NULL) {
            fail_msg("%s: exit code %d, said \"%s\"", CASES[i].claim, shell.code, shell.err);
        }
    }
    shell_remove(folder);
}

static bool has_place(const char *text, const char *path)
{
    const char *at = strstr(text, path);
    unsigned line = 0;
    unsigned column = 0;
    return at != NULL && sscanf(at + strlen(path), ":%u:%u:", &line, &column) == 2 && line > 0 &&
           column > 0;
}

static void expect_refused(const char *path, const Shell *shell)
{
    if (shell->code != 64 || !has_place(shell->err, path)) {
        fail_msg("exit code %d, said \"%s\", expected \"%s:LINE:COLUMN: ...\"", shell->code,
                 shell->err, path);
    }
}

/* A file cut off at every place, and one that is not text, are refused with a place. */
static void test_command_line__refuses_scenarios_cut_off_or_binary(void **state)
{
    (void)state;
    g_autofree char *folder = shell_folder();
    g_autofree char *path = g_build_filename(folder, "own/quick.yaml", NULL);
    g_autofree char *whole = g_strdup_printf(SCENARIO, "{ within: 1s, expect: boot.completed }");
    gsize claims = (gsize)(strstr(whole, "then:") - whole);
    for (gsize bytes = 0; bytes < claims; bytes += 17) {
        shell_write(folder, "own/quick.yaml", whole, bytes);
        g_auto(Shell) shell = shell_run(LOCKSTEP " plan '%s'", path);
        expect_refused(path, &shell);
    }
    uint8_t noise[4096];
    for (size_t i = 0; i < sizeof noise; i++) {
        noise[i] = (uint8_t)(i * 167u + (i >> 3));
    }
    shell_write(folder, "own/quick.yaml", noise, sizeof noise);
    g_auto(Shell) shell = shell_run(LOCKSTEP " plan '%s'", path);
    expect_refused(path, &shell);
    shell_remove(folder);
}

static void test_command_line__refuses_images_that_are_none(void **state)
{
    (void)state;
    g_autofree char *folder = shell_folder();
    g_autofree char *path = g_build_filename(folder, "app-1.0.0.img", NULL);
    g_autofree char *whole = NULL;
    gsize bytes = 0;
    assert_true(g_file_get_contents("build/images/app-1.0.0.img", &whole, &bytes, NULL));
    const gsize cuts[] = {0, 1, 255, 256, 300, bytes - 1};
    for (size_t i = 0; i < G_N_ELEMENTS(cuts); i++) {
        shell_write(folder, "app-1.0.0.img", whole, cuts[i]);
        g_auto(Shell) shell = shell_run(LOCKSTEP " plan " QUICK " --images '%s'", folder);
        expect_refused(path, &shell);
    }
    memset(whole, 0x5a, bytes);
    shell_write(folder, "app-1.0.0.img", whole, bytes);
    g_auto(Shell) shell = shell_run(LOCKSTEP " plan " QUICK " --images '%s'", folder);
    expect_refused(path, &shell);
    shell_remove(folder);
}

static void test_command_line__refuses_recipes_of_defects_that_are_none(void **state)
{
    (void)state;
    static const char *const WRONG[] = {
        "",
        "defect: other\nsays: x\nprograms: [rom]\nwraps: [f]\nsource: f.c\nscenario: a\n",
        "defect: own\nsays: x\nprograms: [rom]\nwraps: [f]\nsource: f.c\nscenario: a\ncolour: "
        "red\n",
        "defect: [own]\nsays: x\nprograms: [rom]\nwraps: [f]\nsource: f.c\nscenario: a\n",
        "defect: own\nsays: x\nprograms: [rom\n",
        "\x01\x02\xff\xfe",
    };
    g_autofree char *folder = shell_folder();
    g_autofree char *path = g_build_filename(folder, "own.yaml", NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(WRONG); i++) {
        shell_write(folder, "own.yaml", WRONG[i], strlen(WRONG[i]));
        g_auto(Shell) shell = shell_run(LOCKSTEP " list defects --defects '%s'", folder);
        expect_refused(path, &shell);
    }
    shell_remove(folder);
}

/* Makes the evidence of a quick run in the folder; its path is for the caller to free. */
static char *make_bundle(const char *folder)
{
    g_auto(Shell) shell = shell_run(LOCKSTEP " run " QUICK " --out '%s'", folder);
    shell_expect(&shell, 0);
    return g_build_filename(folder, BUNDLE, NULL);
}

static JsonNode *read_json(const char *text, gssize bytes)
{
    g_autoptr(JsonParser) parser = json_parser_new_immutable();
    g_autoptr(GError) error = NULL;
    if (!json_parser_load_from_data(parser, text, bytes, &error)) {
        fail_msg("not JSON: %s: %.200s", error->message, text);
    }
    return json_node_ref(json_parser_get_root(parser));
}

static const char *member(JsonNode *node, const char *key)
{
    return json_object_get_string_member(json_node_get_object(node), key);
}

static void test_command_line__judges_stored_evidence_as_it_did_at_first(void **state)
{
    (void)state;
    g_autofree char *folder = shell_folder();
    g_auto(Shell) check =
        shell_run(LOCKSTEP " check " QUICK " --jobs 1 --progress none --out '%s'", folder);
    shell_expect(&check, 0);
    g_auto(Shell) judge = shell_run(LOCKSTEP " judge '%s/" BUNDLE "' --json", folder);
    shell_expect(&judge, 0);
    g_autofree char *stored_path = g_build_filename(folder, BUNDLE, "verdict.json", NULL);
    g_autofree char *stored_text = NULL;
    assert_true(g_file_get_contents(stored_path, &stored_text, NULL, NULL));
    g_autoptr(JsonNode) again = read_json(judge.out, -1);
    g_autoptr(JsonNode) stored = read_json(stored_text, -1);
    assert_string_equal(member(again, "verdict"), "PASS");
    assert_string_equal(member(again, "verdict"), member(stored, "verdict"));
    assert_string_equal(member(again, "digest"), member(stored, "digest"));
    assert_string_equal(member(again, "plan_id"), member(stored, "plan_id"));
    shell_remove(folder);
}

/* Changing one byte anywhere, adding or removing a line: whatever was sealed stays sealed. */
static void test_command_line__refuses_evidence_that_was_changed(void **state)
{
    (void)state;
    static const char *const SPOILS[] = {
        "sed -i '0,/debug/s//bugde/' '%s/events.jsonl'",
        "sed -i '$d' '%s/events.jsonl'",
        "sed -i '3p' '%s/events.jsonl'",
        "sed -i 's/never/order/' '%s/plan.json'",
        "printf x >> '%s/uart.log'",
        "printf x >> '%s/net.pcapng'",
        "rm '%s/flash.bin'",
        "sed -i '0,/a/s//b/' '%s/manifest.json'",
        ": > '%s/manifest.json'",
        "head -c 999 /bin/sh > '%s/events.jsonl'",
    };
    g_autofree char *folder = shell_folder();
    g_autofree char *bundle = make_bundle(folder);
    for (size_t i = 0; i < G_N_ELEMENTS(SPOILS); i++) {
        g_autofree char *spoiled = g_strdup_printf("%s/spoiled", folder);
        g_auto(Shell) copy = shell_run("rm -rf '%s' && cp -r '%s' '%s'", spoiled, bundle, spoiled);
        shell_expect(&copy, 0);
        g_autofree char *command = g_strdup(SPOILS[i]);
        char *at = strstr(command, "%s");
        *at = '\0';
        g_auto(Shell) spoil = shell_run("%s%s%s", command, spoiled, at + 2);
        shell_expect(&spoil, 0);
        g_auto(Shell) judge = shell_run(LOCKSTEP " judge '%s'", spoiled);
        if (judge.code != 64 || strstr(judge.err, spoiled) == NULL) {
            fail_msg("after %s: exit code %d, said \"%s\"", SPOILS[i], judge.code, judge.err);
        }
    }
    shell_remove(folder);
}

static void test_command_line__replays_a_run_to_the_same_digest(void **state)
{
    (void)state;
    g_autofree char *folder = shell_folder();
    g_autofree char *bundle = make_bundle(folder);
    g_auto(Shell) shell =
        shell_run(LOCKSTEP " replay '" QUICK "+seed=1' --times 3 --out '%s'", folder);
    shell_expect(&shell, 0);
    assert_non_null(strstr(shell.out, "digests are the same"));
    shell_remove(folder);
}

static void test_command_line__fails_the_lock_that_carries_a_defect(void **state)
{
    (void)state;
    g_autofree char *folder = shell_folder();
    g_auto(Shell) check =
        shell_run(LOCKSTEP " check 5.3-updates/lower-counter-offered --defect "
                           "accepts-lower-counter --jobs 1 --progress none --out '%s'",
                  folder);
    shell_expect(&check, 1);
    assert_non_null(strstr(check.out, "reproduce: "));
    g_auto(Shell) defects = shell_run(
        LOCKSTEP
        " defects accepts-lower-counter opens-for-bench --jobs 1 --progress none --out '%s'",
        folder);
    shell_expect(&defects, 0);
    assert_non_null(strstr(defects.out, "killed 2 of 2, false alarms 0"));
    shell_remove(folder);
}

static void test_command_line__lists_as_json_what_it_lists_as_text(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        guint least;
        const char *key;
    } LISTS[] = {
        {"provisions", 78, "id"},
        {"scenarios", 40, "id"},
        {"defects", 50, "defect"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(LISTS); i++) {
        g_auto(Shell) text = shell_run(LOCKSTEP " list %s", LISTS[i].what);
        g_auto(Shell) json = shell_run(LOCKSTEP " list %s --json", LISTS[i].what);
        shell_expect(&text, 0);
        shell_expect(&json, 0);
        g_autoptr(JsonNode) root = read_json(json.out, -1);
        assert_true(JSON_NODE_HOLDS_ARRAY(root));
        JsonArray *rows = json_node_get_array(root);
        assert_true(json_array_get_length(rows) >= LISTS[i].least);
        for (guint row = 0; row < json_array_get_length(rows); row++) {
            JsonObject *object = json_array_get_object_element(rows, row);
            const char *id = json_object_get_string_member_with_default(
                object, LISTS[i].key,
                json_object_get_string_member_with_default(object, "name", ""));
            assert_true(id[0] != '\0');
            assert_non_null(strstr(text.out, id));
        }
    }
}

static void test_command_line__is_none_the_worse_for_being_killed(void **state)
{
    (void)state;
    g_autofree char *folder = shell_folder();
    for (int i = 1; i <= 5; i++) {
        g_auto(Shell) killed = shell_run(
            "setsid -w sh -c 'echo $$ > \"%s/session\"; exec timeout -s KILL 0.%d " LOCKSTEP
            " check 5.9-resilience/outage-of-hours " QUICK
            " --jobs 2 --progress none --out \"%s/out\"'",
            folder, i, folder);
        assert_int_not_equal(killed.code, 64);
    }
    g_auto(Shell) after = shell_run(
        LOCKSTEP " check " QUICK " --jobs 1 --progress none --resume --out '%s/out'", folder);
    shell_expect(&after, 0);
    g_auto(Shell) judge = shell_run(LOCKSTEP " judge '%s/out/" BUNDLE "'", folder);
    shell_expect(&judge, 0);
    g_auto(Shell) strays = shell_run("sleep 2; pgrep -s $(cat '%s/session') || true", folder);
    assert_string_equal(strays.out, "");
    shell_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_command_line__says_0_when_all_claims_hold),
        cmocka_unit_test(test_command_line__says_1_when_a_claim_fails),
        cmocka_unit_test(test_command_line__says_2_when_the_evidence_decides_nothing),
        cmocka_unit_test(test_command_line__says_3_when_the_lab_itself_is_broken),
        cmocka_unit_test(test_command_line__says_4_when_nothing_is_selected),
        cmocka_unit_test(test_command_line__says_64_when_it_is_not_understood),
        cmocka_unit_test(test_command_line__points_at_what_is_wrong_in_a_scenario),
        cmocka_unit_test(test_command_line__refuses_scenarios_cut_off_or_binary),
        cmocka_unit_test(test_command_line__refuses_images_that_are_none),
        cmocka_unit_test(test_command_line__refuses_recipes_of_defects_that_are_none),
        cmocka_unit_test(test_command_line__judges_stored_evidence_as_it_did_at_first),
        cmocka_unit_test(test_command_line__refuses_evidence_that_was_changed),
        cmocka_unit_test(test_command_line__replays_a_run_to_the_same_digest),
        cmocka_unit_test(test_command_line__fails_the_lock_that_carries_a_defect),
        cmocka_unit_test(test_command_line__lists_as_json_what_it_lists_as_text),
        cmocka_unit_test(test_command_line__is_none_the_worse_for_being_killed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
