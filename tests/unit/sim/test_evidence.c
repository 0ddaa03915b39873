/* SPDX-License-Identifier: MIT */

/* Is evidence kept as it was recorded, and is every change to it noticed? */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <glib.h>

#include <glib/gstdio.h>

#include "sim/evidence/bundle.h"
#include "sim/evidence/pattern.h"

static Recorder *record_some(void)
{
    Recorder *recorder = recorder_new();
    RECORD(recorder, 0, "lab", EVENT_RUN_STARTED, EVENT_TEXT("seed", "1"));
    RECORD(recorder, 5, "lock", EVENT_POWER_ON, EVENT_INTEGER("boot", 1));
    RECORD(recorder, 9, "lock", EVENT_UART_LINE,
           EVENT_TEXT("text", "a \"quoted\" \\ line\x01\xff"));
    RECORD(recorder, 9, "lock", EVENT_BOOT_SLOT_STARTED, EVENT_TEXT("version", "1.0.0"),
           EVENT_TRUTH("valid", true), EVENT_TEXT("slot", "A"));
    RECORD(recorder, 12, "user", EVENT_USER_BUTTON);
    g_byte_array_append(recorder_artefact(recorder, RECORDER_UART), (const guint8 *)"boot\n", 5);
    return recorder;
}

static char *make_folder(void)
{
    char *folder = g_dir_make_tmp(NULL, NULL);
    assert_non_null(folder);
    return folder;
}

static void remove_folder(const char *folder)
{
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    const char *name = NULL;
    while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
        g_autofree char *path = g_build_filename(folder, name, NULL);
        g_remove(path);
    }
    g_rmdir(folder);
}

static void test_event__survives_being_stored(void **state)
{
    (void)state;
    g_autoptr(Recorder) recorder = record_some();
    const GPtrArray *events = recorder_events(recorder);
    for (guint i = 0; i < events->len; i++) {
        g_autofree char *line = event_to_line(g_ptr_array_index(events, i));
        g_autoptr(Event) again = event_from_line(line, strlen(line));
        assert_non_null(again);
        g_autofree char *line_again = event_to_line(again);
        assert_string_equal(line, line_again);
    }
}

static void test_event__refuses_lines_that_are_not_canonical(void **state)
{
    (void)state;
    static const char *const BAD[] = {
        "",
        "{}",
        "{\"at\":0,\"fields\":{},\"kind\":\"no.such\",\"seq\":1,\"source\":\"lab\"}",
        "{\"at\":-1,\"fields\":{},\"kind\":\"user.button\",\"seq\":1,\"source\":\"lab\"}",
        "{\"at\":0,\"fields\":{},\"kind\":\"user.button\",\"seq\":0,\"source\":\"lab\"}",
        "{\"at\":00,\"fields\":{},\"kind\":\"user.button\",\"seq\":1,\"source\":\"lab\"}",
        "{\"at\":0, \"fields\":{},\"kind\":\"user.button\",\"seq\":1,\"source\":\"lab\"}",
        "{\"at\":0,\"fields\":{\"x\":1},\"kind\":\"user.button\",\"seq\":1,\"source\":\"lab\"}",
        "{\"at\":0,\"fields\":{\"kind\":1,\"bytes\":2},\"kind\":\"nvm.operation\",\"seq\":1,"
        "\"source\":\"lab\"}",
        "{\"at\":0,\"fields\":{},\"kind\":\"user.button\",\"seq\":1,\"source\":\"lab\"}x",
    };
    for (size_t i = 0; i < G_N_ELEMENTS(BAD); i++) {
        assert_null(event_from_line(BAD[i], strlen(BAD[i])));
    }
    static const char GOOD[] =
        "{\"at\":0,\"fields\":{},\"kind\":\"user.button\",\"seq\":1,\"source\":\"lab\"}";
    g_autoptr(Event) event = event_from_line(GOOD, strlen(GOOD));
    assert_non_null(event);
}

static void test_event__knows_the_fields_of_its_kinds(void **state)
{
    (void)state;
    assert_true(event_kind_has_field(EVENT_POWER_LOST, "torn"));
    assert_true(event_kind_has_field(EVENT_POWER_LOST, "torn_operation"));
    assert_false(event_kind_has_field(EVENT_POWER_LOST, "torn_"));
    assert_false(event_kind_has_field(EVENT_USER_BUTTON, ""));
    EventKind kind = EVENT_KINDS;
    assert_true(event_kind_parse("power.lost", &kind));
    assert_int_equal(kind, EVENT_POWER_LOST);
    assert_false(event_kind_parse("power", &kind));
}

static void test_pattern__matches_kind_source_and_fields(void **state)
{
    (void)state;
    g_autoptr(Recorder) recorder = record_some();
    const Event *event = g_ptr_array_index(recorder_events(recorder), 3);
    g_autoptr(Pattern) pattern = pattern_new(EVENT_BOOT_SLOT_STARTED);
    assert_true(pattern_matches(pattern, event));
    const char *versions[] = {"1.1.0", "1.0.0", NULL};
    pattern_add(pattern, "version", (char *const *)versions);
    const char *truths[] = {"true", NULL};
    pattern_add(pattern, "valid", (char *const *)truths);
    assert_true(pattern_matches(pattern, event));
    g_autoptr(Pattern) copy = pattern_copy(pattern);
    assert_true(pattern_matches(copy, event));
    copy->source = g_strdup("lock2");
    assert_false(pattern_matches(copy, event));
    const char *absent[] = {"0", NULL};
    pattern_add(pattern, "boot", (char *const *)absent);
    assert_false(pattern_matches(pattern, event));
}

static void test_recorder__numbers_events_and_tells_its_listener(void **state)
{
    (void)state;
    g_autoptr(Recorder) recorder = record_some();
    const GPtrArray *events = recorder_events(recorder);
    assert_int_equal(events->len, 5);
    for (guint i = 0; i < events->len; i++) {
        assert_int_equal(((const Event *)g_ptr_array_index(events, i))->seq, i + 1);
    }
}

static void test_recorder__chain_depends_on_every_event(void **state)
{
    (void)state;
    g_autoptr(Recorder) a = record_some();
    g_autoptr(Recorder) b = record_some();
    Digest head_a = recorder_chain_head(a);
    Digest head_b = recorder_chain_head(b);
    assert_true(digest_is_equal(&head_a, &head_b));
    RECORD(b, 12, "user", EVENT_USER_BUTTON);
    head_b = recorder_chain_head(b);
    assert_false(digest_is_equal(&head_a, &head_b));
}

static void test_bundle__opens_as_it_was_written(void **state)
{
    (void)state;
    g_autofree char *folder = make_folder();
    g_autoptr(Recorder) recorder = record_some();
    g_autoptr(GError) error = NULL;
    assert_true(bundle_write(folder, "{\"plan\":1}", recorder, "{\"host\":1}", &error));
    g_autoptr(Bundle) bundle = bundle_open(folder, &error);
    assert_non_null(bundle);
    assert_string_equal(bundle->plan_json, "{\"plan\":1}");
    assert_int_equal(bundle->events->len, 5);
    Digest digest = bundle_digest("{\"plan\":1}", recorder);
    assert_true(digest_is_equal(&digest, &bundle->digest));
    remove_folder(folder);
}

static void test_bundle__digest_leaves_the_host_out(void **state)
{
    (void)state;
    g_autofree char *folder = make_folder();
    g_autoptr(Recorder) recorder = record_some();
    assert_true(bundle_write(folder, "{}", recorder, "{\"host\":1}", NULL));
    g_autofree char *host = g_build_filename(folder, "host.json", NULL);
    assert_true(g_file_set_contents(host, "{\"host\":2}", -1, NULL));
    g_autoptr(Bundle) bundle = bundle_open(folder, NULL);
    assert_non_null(bundle);
    remove_folder(folder);
}

/* Flips one bit of one file and expects the bundle not to open, and to name the file. */
static void expect_noticed(const char *folder, const char *name, gsize at)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);
    g_autofree char *content = NULL;
    gsize bytes = 0;
    assert_true(g_file_get_contents(path, &content, &bytes, NULL));
    content[at % bytes] = (char)(content[at % bytes] ^ 1);
    assert_true(g_file_set_contents(path, content, (gssize)bytes, NULL));
    g_autoptr(GError) error = NULL;
    g_autoptr(Bundle) bundle = bundle_open(folder, &error);
    assert_null(bundle);
    assert_non_null(strstr(error->message, ": error: "));
    content[at % bytes] = (char)(content[at % bytes] ^ 1);
    assert_true(g_file_set_contents(path, content, (gssize)bytes, NULL));
}

static void test_bundle__notices_any_changed_bit(void **state)
{
    (void)state;
    g_autofree char *folder = make_folder();
    g_autoptr(Recorder) recorder = record_some();
    assert_true(bundle_write(folder, "{\"plan\":1}", recorder, NULL, NULL));
    for (gsize at = 0; at < 700; at += 7) {
        expect_noticed(folder, "events.jsonl", at);
        expect_noticed(folder, "plan.json", at);
        expect_noticed(folder, "uart.log", at);
    }
    g_autoptr(Bundle) bundle = bundle_open(folder, NULL);
    assert_non_null(bundle);
    remove_folder(folder);
}

static void test_bundle__refuses_what_is_none(void **state)
{
    (void)state;
    g_autofree char *folder = make_folder();
    g_autoptr(GError) error = NULL;
    assert_null(bundle_open(folder, &error));
    assert_true(g_error_matches(error, BUNDLE_ERROR, BUNDLE_ERROR_SEAL));
    g_clear_error(&error);
    g_autofree char *manifest = g_build_filename(folder, "manifest.json", NULL);
    assert_true(g_file_set_contents(
        manifest, "{\"format\":1,\"files\":{\"../x\":{\"bytes\":0,\"sha256\":\"", -1, NULL));
    assert_null(bundle_open(folder, &error));
    g_clear_error(&error);
    assert_null(bundle_open("/nonexistent", &error));
    remove_folder(folder);
}

static void test_bundle__never_reads_outside_its_folder(void **state)
{
    (void)state;
    g_autofree char *folder = make_folder();
    g_autofree char *manifest = g_build_filename(folder, "manifest.json", NULL);
    Digest empty = digest_of("", 0);
    char hex[DIGEST_TEXT_BYTES];
    g_autofree char *json = g_strdup_printf("{\"chain_head\":\"%s\",\"events\":0,\"files\":{\"../"
                                            "../etc/hostname\":{\"bytes\":1,\"sha256\":"
                                            "\"%s\"}},\"format\":1}",
                                            digest_print(&empty, hex), hex);
    assert_true(g_file_set_contents(manifest, json, -1, NULL));
    g_autoptr(GError) error = NULL;
    assert_null(bundle_open(folder, &error));
    assert_non_null(strstr(error->message, "not the name of a file in this folder"));
    remove_folder(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_event__survives_being_stored),
        cmocka_unit_test(test_event__refuses_lines_that_are_not_canonical),
        cmocka_unit_test(test_event__knows_the_fields_of_its_kinds),
        cmocka_unit_test(test_pattern__matches_kind_source_and_fields),
        cmocka_unit_test(test_recorder__numbers_events_and_tells_its_listener),
        cmocka_unit_test(test_recorder__chain_depends_on_every_event),
        cmocka_unit_test(test_bundle__opens_as_it_was_written),
        cmocka_unit_test(test_bundle__digest_leaves_the_host_out),
        cmocka_unit_test(test_bundle__notices_any_changed_bit),
        cmocka_unit_test(test_bundle__refuses_what_is_none),
        cmocka_unit_test(test_bundle__never_reads_outside_its_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
