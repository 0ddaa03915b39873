/* SPDX-License-Identifier: MIT */
/* Does the console carry whole lines out and bytes in? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "tests/machine/bench.h"
#include "vdevice/contract/hostlink.h"
#include "vdevice/contract/memory_map.h"
#include "vdevice/contract/regs.h"

#define DATA           (UART_BASE + UART_DATA)
#define STATUS         (UART_BASE + UART_STATUS)
#define IRQ_ENABLE     (UART_BASE + UART_IRQ_ENABLE)
#define READY          REG_MASK(UART_STATUS_RX_READY)
#define LINE_BYTES_MAX 256
#define QUEUE_BYTES    64

static void send(Bench *bench, const char *text)
{
    for (; *text; text++) {
        bench_write(bench, DATA, (uint8_t)*text);
    }
}

static void expect_line(Bench *bench, const char *text)
{
    BenchCall call;

    assert_true(bench_take_call(bench, &call));
    assert_int_equal(call.type, HOSTLINK_UART_SENT);
    assert_int_equal(call.bytes, strlen(text));
    assert_memory_equal(call.body, text, call.bytes);
}

static void test_uart__sends_a_line_with_its_line_feed(void **state)
{
    send(*state, "hello");
    bench_expect_silence(*state);
    send(*state, "\n");
    expect_line(*state, "hello\n");
    bench_expect_silence(*state);
}

static void test_uart__sends_a_long_line_in_pieces(void **state)
{
    BenchCall call;

    for (int i = 0; i < LINE_BYTES_MAX - 1; i++) {
        bench_write(*state, DATA, 'x');
    }
    bench_expect_silence(*state);
    bench_write(*state, DATA, 'y');
    assert_true(bench_take_call(*state, &call));
    assert_int_equal(call.bytes, LINE_BYTES_MAX);
    assert_int_equal(call.body[LINE_BYTES_MAX - 1], 'y');
    send(*state, "z\n");
    expect_line(*state, "z\n");
}

static void test_uart__sends_the_low_byte_only(void **state)
{
    bench_write(*state, DATA, 0xabcdef41);
    bench_write(*state, DATA, 0xffffff0a);
    expect_line(*state, "A\n");
}

static void test_uart__last_words_come_before_a_reset_and_a_loss_of_power(void **state)
{
    send(*state, "dying");
    bench_write(*state, POWER_BASE + POWER_RESET, POWER_RESET_MAGIC);
    bench_settle(*state);
    expect_line(*state, "dying");
    bench_expect_call(*state, HOSTLINK_RESET, POWER_RESET_CAUSE_SOFTWARE);
    send(*state, "again");
    bench_power_off(*state);
    expect_line(*state, "again");
}

static void test_uart__received_bytes_come_once_and_in_order(void **state)
{
    assert_int_equal(bench_read(*state, STATUS), 0);
    assert_int_equal(bench_read(*state, DATA), 0);
    assert_true(bench_order(*state, HOSTLINK_UART_BYTES, "ab", 2));
    assert_true(bench_order(*state, HOSTLINK_UART_BYTES, "\xff", 1));
    assert_int_equal(bench_read(*state, STATUS), READY);
    assert_int_equal(bench_read(*state, DATA), 'a');
    assert_int_equal(bench_read(*state, DATA), 'b');
    assert_int_equal(bench_read(*state, DATA), 0xff);
    assert_int_equal(bench_read(*state, STATUS), 0);
}

static void test_uart__queue_takes_sixty_four_bytes_and_loses_the_rest(void **state)
{
    uint8_t bytes[QUEUE_BYTES];

    for (uint8_t i = 0; i < QUEUE_BYTES; i++) {
        bytes[i] = (uint8_t)(i + 1);
    }
    assert_true(bench_order(*state, HOSTLINK_UART_BYTES, bytes, QUEUE_BYTES - 1));
    assert_true(bench_order(*state, HOSTLINK_UART_BYTES, "AB", 2));
    for (uint8_t i = 0; i < QUEUE_BYTES - 1; i++) {
        assert_int_equal(bench_read(*state, DATA), i + 1);
    }
    assert_int_equal(bench_read(*state, DATA), 'A');
    assert_int_equal(bench_read(*state, DATA), 0);
}

static void test_uart__orders_of_no_or_too_many_bytes_are_refused(void **state)
{
    uint8_t bytes[QUEUE_BYTES + 1] = {0};

    assert_false(bench_order(*state, HOSTLINK_UART_BYTES, bytes, 0));
    assert_false(bench_order(*state, HOSTLINK_UART_BYTES, bytes, sizeof(bytes)));
    assert_int_equal(bench_read(*state, STATUS), 0);
}

static void test_uart__line_follows_waiting_bytes_while_enabled(void **state)
{
    bench_write(*state, IRQ_ENABLE, 0xffffffff);
    assert_int_equal(bench_read(*state, IRQ_ENABLE), 1);
    assert_false(bench_irq(*state, UART_IRQ));
    assert_true(bench_order(*state, HOSTLINK_UART_BYTES, "a", 1));
    assert_int_equal(bench_read(*state, STATUS), READY);
    assert_true(bench_irq(*state, UART_IRQ));
    assert_int_equal(bench_read(*state, DATA), 'a');
    assert_false(bench_irq(*state, UART_IRQ));
}

static void test_uart__reset_empties_the_queue(void **state)
{
    bench_write(*state, IRQ_ENABLE, 1);
    assert_true(bench_order(*state, HOSTLINK_UART_BYTES, "a", 1));
    bench_reset(*state);
    assert_int_equal(bench_read(*state, STATUS), 0);
    assert_int_equal(bench_read(*state, IRQ_ENABLE), 0);
    assert_false(bench_irq(*state, UART_IRQ));
}

static void test_uart__hears_nothing_without_power(void **state)
{
    bench_power_off(*state);
    assert_true(bench_order(*state, HOSTLINK_UART_BYTES, "a", 1));
    bench_power_on(*state, 0);
    assert_int_equal(bench_read(*state, STATUS), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH_TEST(test_uart__sends_a_line_with_its_line_feed),
        BENCH_TEST(test_uart__sends_a_long_line_in_pieces),
        BENCH_TEST(test_uart__sends_the_low_byte_only),
        BENCH_TEST(test_uart__last_words_come_before_a_reset_and_a_loss_of_power),
        BENCH_TEST(test_uart__received_bytes_come_once_and_in_order),
        BENCH_TEST(test_uart__queue_takes_sixty_four_bytes_and_loses_the_rest),
        BENCH_TEST(test_uart__orders_of_no_or_too_many_bytes_are_refused),
        BENCH_TEST(test_uart__line_follows_waiting_bytes_while_enabled),
        BENCH_TEST(test_uart__reset_empties_the_queue),
        BENCH_TEST(test_uart__hears_nothing_without_power),
    };

    return cmocka_run_group_tests_name("uart", tests, NULL, NULL);
}
