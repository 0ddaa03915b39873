/* SPDX-License-Identifier: MIT */

/* Does every request get its answer, even when the worker dies of it? */

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <glib.h>

#include "sim/workers.h"

#define WAIT_MS 5000

/* Answers with the request and its own process id; dies of "die"; counts up to "three" first. */
static char *serve(const char *request, void *user_data)
{
    const char *prefix = user_data;
    if (request == NULL) {
        return NULL;
    }
    if (strcmp(request, "die") == 0) {
        raise(SIGKILL);
    }
    if (strcmp(request, "three") == 0) {
        workers_say("one");
        workers_say("two");
    }
    return g_strdup_printf("%s%s %d", prefix, request, (int)getpid());
}

static void test_workers__answer_each_request_under_its_tag(void **state)
{
    (void)state;
    Workers *workers = workers_new(3, serve, (void *)"re:");
    bool seen[30] = {false};
    unsigned sent = 0;
    for (unsigned done = 0; done < G_N_ELEMENTS(seen);) {
        g_autofree char *request = g_strdup_printf("%u", sent);
        if (sent < G_N_ELEMENTS(seen) && workers_send(workers, request, sent)) {
            sent++;
            continue;
        }
        unsigned tag = 0;
        g_autofree char *reply = NULL;
        if (!workers_wait(workers, WAIT_MS, &tag, &reply)) {
            continue;
        }
        g_autofree char *expected = g_strdup_printf("re:%u ", tag);
        assert_true(g_str_has_prefix(reply, expected));
        assert_false(seen[tag]);
        seen[tag] = true;
        done++;
    }
    assert_int_equal(workers_busy(workers), 0);
    workers_free(workers, false);
}

static void test_workers__refuse_more_than_they_can_carry(void **state)
{
    (void)state;
    Workers *workers = workers_new(2, serve, (void *)"");
    assert_true(workers_send(workers, "a", 1));
    assert_true(workers_send(workers, "b", 2));
    assert_false(workers_send(workers, "c", 3));
    assert_int_equal(workers_busy(workers), 2);
    workers_free(workers, true);
}

static void test_workers__that_die_take_only_their_own_request_with_them(void **state)
{
    (void)state;
    Workers *workers = workers_new(1, serve, (void *)"");
    unsigned tag = 0;
    char *reply = NULL;
    assert_true(workers_send(workers, "die", 7));
    while (!workers_wait(workers, WAIT_MS, &tag, &reply)) {
    }
    assert_int_equal(tag, 7);
    assert_null(reply);
    assert_int_equal(workers_busy(workers), 0);
    assert_true(workers_send(workers, "still here", 8));
    while (!workers_wait(workers, WAIT_MS, &tag, &reply)) {
    }
    assert_int_equal(tag, 8);
    assert_true(g_str_has_prefix(reply, "still here "));
    g_free(reply);
    workers_free(workers, false);
}

static void test_workers__say_more_than_one_thing_and_are_busy_until_the_last(void **state)
{
    (void)state;
    Workers *workers = workers_new(1, serve, (void *)"re:");
    static const char *const EXPECTED[] = {"one", "two", "re:three "};
    assert_true(workers_send(workers, "three", 9));
    for (size_t i = 0; i < G_N_ELEMENTS(EXPECTED);) {
        unsigned tag = 0;
        g_autofree char *reply = NULL;
        assert_int_equal(workers_busy(workers), 1);
        if (workers_wait(workers, WAIT_MS, &tag, &reply)) {
            assert_int_equal(tag, 9);
            assert_true(g_str_has_prefix(reply, EXPECTED[i]));
            i++;
        }
    }
    assert_int_equal(workers_busy(workers), 0);
    workers_free(workers, false);
}

static void test_workers__wait_no_longer_than_asked(void **state)
{
    (void)state;
    Workers *workers = workers_new(1, serve, (void *)"");
    unsigned tag = 0;
    char *reply = NULL;
    assert_false(workers_wait(workers, 1, &tag, &reply));
    workers_free(workers, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_workers__answer_each_request_under_its_tag),
        cmocka_unit_test(test_workers__refuse_more_than_they_can_carry),
        cmocka_unit_test(test_workers__that_die_take_only_their_own_request_with_them),
        cmocka_unit_test(test_workers__say_more_than_one_thing_and_are_busy_until_the_last),
        cmocka_unit_test(test_workers__wait_no_longer_than_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
