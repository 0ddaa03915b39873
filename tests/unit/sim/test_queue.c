/* SPDX-License-Identifier: MIT */

/* Does everything happen in order of time, and at equal times in order of asking? */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <glib.h>

#include "sim/base/prng.h"
#include "sim/world/queue.h"

typedef struct Note {
    GString *log;
    Queue *queue;
    char letter;
    VTime again; /* puts itself in once more, this much later; 0: not */
} Note;

static void note_write(void *user_data)
{
    Note *note = user_data;
    g_string_append_c(note->log, note->letter);
    if (note->again > 0) {
        queue_add(note->queue, queue_now(note->queue) + note->again, note_write, note);
        note->again = 0;
    }
}

static void test_queue__takes_the_earliest_first(void **state)
{
    (void)state;
    g_autoptr(GString) log = g_string_new(NULL);
    Queue *queue = queue_new();
    Note a = {log, queue, 'a', 0}, b = {log, queue, 'b', 0}, c = {log, queue, 'c', 0};
    queue_add(queue, 30, note_write, &c);
    queue_add(queue, 10, note_write, &a);
    queue_add(queue, 20, note_write, &b);
    assert_int_equal(queue_next(queue), 10);
    while (queue_pop(queue)) {
    }
    assert_string_equal(log->str, "abc");
    assert_int_equal(queue_now(queue), 30);
    assert_int_equal(queue_next(queue), VTIME_NEVER);
    queue_free(queue);
}

static void test_queue__keeps_the_order_of_asking_at_one_instant(void **state)
{
    (void)state;
    g_autoptr(GString) log = g_string_new(NULL);
    Queue *queue = queue_new();
    Note notes[26];
    for (int i = 0; i < 26; i++) {
        notes[i] = (Note){log, queue, (char)('a' + i), 0};
        queue_add(queue, 5, note_write, &notes[i]);
    }
    while (queue_pop(queue)) {
    }
    assert_string_equal(log->str, "abcdefghijklmnopqrstuvwxyz");
    queue_free(queue);
}

static void test_queue__takes_the_past_as_now(void **state)
{
    (void)state;
    g_autoptr(GString) log = g_string_new(NULL);
    Queue *queue = queue_new();
    Note a = {log, queue, 'a', 0}, b = {log, queue, 'b', 0}, c = {log, queue, 'c', 0};
    queue_add(queue, 10, note_write, &a);
    queue_add(queue, 10, note_write, &b);
    queue_pop(queue);
    queue_add(queue, 3, note_write, &c); /* behind b, which waits already */
    while (queue_pop(queue)) {
    }
    assert_string_equal(log->str, "abc");
    assert_int_equal(queue_now(queue), 10);
    queue_free(queue);
}

static void test_queue__forgets_what_is_removed(void **state)
{
    (void)state;
    g_autoptr(GString) log = g_string_new(NULL);
    Queue *queue = queue_new();
    Note a = {log, queue, 'a', 0}, b = {log, queue, 'b', 0};
    QueueTicket ticket = queue_add(queue, 10, note_write, &a);
    queue_add(queue, 20, note_write, &b);
    assert_true(queue_remove(queue, ticket));
    assert_false(queue_remove(queue, ticket));
    assert_false(queue_remove(queue, QUEUE_TICKET_NONE));
    assert_int_equal(queue_count(queue), 1);
    while (queue_pop(queue)) {
    }
    assert_string_equal(log->str, "b");
    queue_free(queue);
}

static void test_queue__lets_an_entry_put_in_another(void **state)
{
    (void)state;
    g_autoptr(GString) log = g_string_new(NULL);
    Queue *queue = queue_new();
    Note a = {log, queue, 'a', 7};
    queue_add(queue, 10, note_write, &a);
    while (queue_pop(queue)) {
    }
    assert_string_equal(log->str, "aa");
    assert_int_equal(queue_now(queue), 17);
    queue_free(queue);
}

static void check_time(void *user_data)
{
    VTime *last = user_data;
    (*last)++;
}

static void test_queue__stays_in_order_under_random_use(void **state)
{
    (void)state;
    Prng draw = prng_new(7);
    Queue *queue = queue_new();
    VTime runs = 0;
    VTime before = 0;
    QueueTicket tickets[64] = {0};
    VTime expected = 0;
    for (int i = 0; i < 20000; i++) {
        unsigned place = (unsigned)prng_below(&draw, 64);
        uint64_t choice = prng_below(&draw, 4);
        if (choice == 0) {
            expected -= queue_remove(queue, tickets[place]) ? 1 : 0;
        } else if (choice == 1) {
            queue_pop(queue);
            assert_true(queue_now(queue) >= before);
            before = queue_now(queue);
        } else {
            tickets[place] =
                queue_add(queue, before + (VTime)prng_below(&draw, 100), check_time, &runs);
            expected++;
        }
    }
    while (queue_pop(queue)) {
        assert_true(queue_now(queue) >= before);
        before = queue_now(queue);
    }
    assert_int_equal(runs, expected);
    queue_free(queue);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_queue__takes_the_earliest_first),
        cmocka_unit_test(test_queue__keeps_the_order_of_asking_at_one_instant),
        cmocka_unit_test(test_queue__takes_the_past_as_now),
        cmocka_unit_test(test_queue__forgets_what_is_removed),
        cmocka_unit_test(test_queue__lets_an_entry_put_in_another),
        cmocka_unit_test(test_queue__stays_in_order_under_random_use),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
