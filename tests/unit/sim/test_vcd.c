/* SPDX-License-Identifier: MIT */

/* Waves, read back by a small reader of Value Change Dumps. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sim/evidence/recorder.h"
#include "sim/report/vcd.h"

static const char *const DEVICES[] = {"lock", "lock2", NULL};

typedef struct Waves {
    GHashTable *codes;  /* "lock.power" -> code */
    GHashTable *values; /* code -> last value up to `until` */
} Waves;

/* Reads a dump up to the instant `until`; what is not a dump fails the test. */
static void read_waves(const char *dump, gint64 until, Waves *waves)
{
    g_auto(GStrv) lines = g_strsplit(dump, "\n", 0);
    g_autofree char *scope = NULL;
    gint64 at = -1;
    bool past = false;
    waves->codes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    waves->values = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    for (char **line = lines; *line != NULL; line++) {
        g_auto(GStrv) words = g_strsplit(*line, " ", 0);
        if (g_str_has_prefix(*line, "$scope")) {
            g_free(scope);
            scope = g_strdup(words[2]);
        } else if (g_str_has_prefix(*line, "$var")) {
            assert_int_equal(g_strv_length(words), 6);
            assert_string_equal(words[5], "$end");
            char *name = g_strdup_printf("%s.%s", scope, words[4]);
            assert_false(g_hash_table_contains(waves->values, words[3]));
            g_hash_table_insert(waves->values, g_strdup(words[3]), g_strdup("undefined"));
            assert_true(g_hash_table_insert(waves->codes, name, g_strdup(words[3])));
        } else if (line[0][0] == '#') {
            gint64 next = g_ascii_strtoll(*line + 1, NULL, 10);
            assert_true(next > at);
            at = next;
            past = at > until;
        } else if (line[0][0] == 's' || line[0][0] == 'b') {
            assert_int_equal(g_strv_length(words), 2);
            assert_true(g_hash_table_contains(waves->values, words[1]));
            if (!past) {
                g_hash_table_replace(waves->values, g_strdup(words[1]), g_strdup(words[0] + 1));
            }
        } else if (line[0][0] == '0' || line[0][0] == '1') {
            assert_true(g_hash_table_contains(waves->values, *line + 1));
            if (!past) {
                g_hash_table_replace(waves->values, g_strdup(*line + 1), g_strndup(*line, 1));
            }
        } else {
            assert_true(line[0][0] == '$' || line[0][0] == '\0');
        }
    }
}

static void expect(const char *dump, gint64 at, const char *name, const char *value)
{
    Waves waves;
    read_waves(dump, at, &waves);
    const char *code = g_hash_table_lookup(waves.codes, name);
    assert_non_null(code);
    assert_string_equal(g_hash_table_lookup(waves.values, code), value);
    g_hash_table_unref(waves.codes);
    g_hash_table_unref(waves.values);
}

static char *dump_of_a_story(void)
{
    g_autoptr(Recorder) recorder = recorder_new();
    RECORD(recorder, 0, "lab", EVENT_RUN_STARTED);
    RECORD(recorder, 10, "lock", EVENT_POWER_ON, EVENT_INTEGER("boot", 1));
    RECORD(recorder, 20, "lock", EVENT_BOOT_SLOT_STARTED, EVENT_TEXT("slot", "B"),
           EVENT_TEXT("version", "1.1.0"), EVENT_TRUTH("trial", true));
    RECORD(recorder, 30, "lock", EVENT_NVM_OPERATION, EVENT_INTEGER("number", 5),
           EVENT_TEXT("region", "slot a"));
    RECORD(recorder, 40, "lock2", EVENT_LINK_CHANGED, EVENT_TEXT("link", "lock2"),
           EVENT_TRUTH("partitioned", true));
    RECORD(recorder, 50, "lock", EVENT_FAULT_INJECTED, EVENT_INTEGER("action", 1),
           EVENT_TEXT("detail", "cut_power"));
    RECORD(recorder, 60, "lock", EVENT_POWER_LOST, EVENT_TEXT("reason", "cut"),
           EVENT_INTEGER("operation", 6));
    RECORD(recorder, 99, "lab", EVENT_RUN_ENDED, EVENT_TEXT("reason", "until"));
    return vcd_text(DEVICES, recorder_events(recorder));
}

static void test_vcd__shows_each_change_at_its_time(void **state)
{
    (void)state;
    g_autofree char *dump = dump_of_a_story();
    expect(dump, 9, "lock.power", "0");
    expect(dump, 10, "lock.power", "1");
    expect(dump, 59, "lock.power", "1");
    expect(dump, 60, "lock.power", "0");
    expect(dump, 59, "lock.version", "1.1.0");
    expect(dump, 59, "lock.trial", "1");
    expect(dump, 29, "lock.flash_operation", "0");
    expect(dump, 30, "lock.flash_operation", "101");
    expect(dump, 60, "lock.flash_operation", "110");
    expect(dump, 30, "lock.flash_region", "slot_a");
    expect(dump, 39, "lock2.link", "1");
    expect(dump, 40, "lock2.link", "0");
    expect(dump, 40, "lock.link", "1");
    expect(dump, 50, "lab.faults_injected", "1");
    expect(dump, 50, "lab.last_fault", "cut_power");
}

static void test_vcd__of_nothing_still_has_every_value(void **state)
{
    (void)state;
    g_autoptr(GPtrArray) events = g_ptr_array_new();
    g_autofree char *dump = vcd_text(DEVICES, events);
    Waves waves;
    read_waves(dump, G_MAXINT64, &waves);
    GHashTableIter iterator;
    gpointer value = NULL;
    unsigned count = 0;
    g_hash_table_iter_init(&iterator, waves.values);
    while (g_hash_table_iter_next(&iterator, NULL, &value)) {
        assert_string_not_equal(value, "undefined");
        count++;
    }
    assert_true(count > 30);
    g_hash_table_unref(waves.codes);
    g_hash_table_unref(waves.values);
}

static void test_vcd__save_file_names_only_what_the_dump_has(void **state)
{
    (void)state;
    g_autofree char *dump = dump_of_a_story();
    g_autofree char *save = vcd_save_text(DEVICES, "x.vcd");
    g_auto(GStrv) lines = g_strsplit(save, "\n", 0);
    unsigned count = 0;
    Waves waves;
    read_waves(dump, 0, &waves);
    for (char **line = lines; *line != NULL; line++) {
        if (strchr("[@-", line[0][0]) != NULL) {
            continue;
        }
        g_autofree char *name = g_strndup(*line, strcspn(*line, "["));
        assert_true(g_hash_table_contains(waves.codes, name));
        count++;
    }
    assert_int_equal(count, g_hash_table_size(waves.codes));
    g_hash_table_unref(waves.codes);
    g_hash_table_unref(waves.values);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vcd__shows_each_change_at_its_time),
        cmocka_unit_test(test_vcd__of_nothing_still_has_every_value),
        cmocka_unit_test(test_vcd__save_file_names_only_what_the_dump_has),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
