/* SPDX-License-Identifier: MIT */
/* Does the microsecond count run, latch and alarm to the nanosecond? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/machine/bench.h"
#include "vdevice/contract/hostlink.h"
#include "vdevice/contract/memory_map.h"
#include "vdevice/contract/regs.h"

#define NOW_LOW    (TIMER_BASE + TIMER_NOW_LOW)
#define NOW_HIGH   (TIMER_BASE + TIMER_NOW_HIGH)
#define ALARM_LOW  (TIMER_BASE + TIMER_ALARM_LOW)
#define ALARM_HIGH (TIMER_BASE + TIMER_ALARM_HIGH)
#define STATUS     (TIMER_BASE + TIMER_STATUS)
#define IRQ_ENABLE (TIMER_BASE + TIMER_IRQ_ENABLE)
#define FIRED      REG_MASK(TIMER_STATUS_FIRED)
#define ARMED      REG_MASK(TIMER_STATUS_ARMED)

static void arm(Bench *bench, uint64_t at_us)
{
    bench_write(bench, ALARM_HIGH, (uint32_t)(at_us >> 32));
    bench_write(bench, ALARM_LOW, (uint32_t)at_us);
}

static void test_timer__counts_whole_microseconds(void **state)
{
    assert_int_equal(bench_read(*state, NOW_LOW), 0);
    bench_step(*state, BENCH_US - 1);
    assert_int_equal(bench_read(*state, NOW_LOW), 0);
    bench_step(*state, 1);
    assert_int_equal(bench_read(*state, NOW_LOW), 1);
    bench_step(*state, BENCH_S);
    assert_int_equal(bench_read(*state, NOW_LOW), 1000001);
}

static void test_timer__high_word_is_the_one_latched_with_the_low_word(void **state)
{
    bench_step(*state, ((int64_t)1 << 32) * BENCH_US - 1);
    assert_int_equal(bench_read(*state, NOW_LOW), UINT32_MAX);
    bench_step(*state, 1);
    assert_int_equal(bench_read(*state, NOW_HIGH), 0);
    assert_int_equal(bench_read(*state, NOW_LOW), 0);
    assert_int_equal(bench_read(*state, NOW_HIGH), 1);
}

static void test_timer__alarm_comes_when_now_reaches_it_and_not_before(void **state)
{
    bench_write(*state, IRQ_ENABLE, 1);
    arm(*state, 100);
    assert_int_equal(bench_read(*state, STATUS), ARMED);
    bench_step(*state, 100 * BENCH_US - 1);
    assert_int_equal(bench_read(*state, STATUS), ARMED);
    assert_false(bench_irq(*state, TIMER_IRQ));
    bench_step(*state, 1);
    assert_int_equal(bench_read(*state, STATUS), FIRED);
    assert_true(bench_irq(*state, TIMER_IRQ));
    bench_write(*state, STATUS, FIRED);
    assert_int_equal(bench_read(*state, STATUS), 0);
    assert_false(bench_irq(*state, TIMER_IRQ));
}

static void test_timer__alarm_not_in_the_future_comes_at_once(void **state)
{
    arm(*state, 0);
    assert_int_equal(bench_read(*state, STATUS), FIRED);
    bench_write(*state, STATUS, FIRED);
    bench_step(*state, 7 * BENCH_US);
    arm(*state, 7);
    assert_int_equal(bench_read(*state, STATUS), FIRED);
    bench_write(*state, STATUS, FIRED);
    arm(*state, 8);
    assert_int_equal(bench_read(*state, STATUS), ARMED);
}

static void test_timer__disarmed_alarm_does_not_come(void **state)
{
    arm(*state, 100);
    bench_write(*state, STATUS, ARMED);
    assert_int_equal(bench_read(*state, STATUS), 0);
    bench_step(*state, BENCH_S);
    assert_int_equal(bench_read(*state, STATUS), 0);
}

static void test_timer__new_alarm_replaces_the_old_one(void **state)
{
    arm(*state, 100);
    arm(*state, 200);
    bench_step(*state, 200 * BENCH_US - 1);
    assert_int_equal(bench_read(*state, STATUS), ARMED);
    bench_step(*state, 1);
    assert_int_equal(bench_read(*state, STATUS), FIRED);
}

static void test_timer__high_word_alone_arms_nothing(void **state)
{
    bench_write(*state, ALARM_HIGH, 0);
    assert_int_equal(bench_read(*state, STATUS), 0);
    bench_step(*state, BENCH_S);
    assert_int_equal(bench_read(*state, STATUS), 0);
}

static void test_timer__alarm_beyond_the_low_word_comes_too(void **state)
{
    const int64_t at_us = ((int64_t)1 << 32) + 5;

    arm(*state, (uint64_t)at_us);
    bench_step(*state, at_us * BENCH_US - 1);
    assert_int_equal(bench_read(*state, STATUS), ARMED);
    bench_step(*state, 1);
    assert_int_equal(bench_read(*state, STATUS), FIRED);
}

static void test_timer__alarm_at_the_end_of_time_stays_armed(void **state)
{
    arm(*state, UINT64_MAX);
    bench_step(*state, 3600 * (int64_t)BENCH_S);
    assert_int_equal(bench_read(*state, STATUS), ARMED);
    assert_int_equal(bench_read(*state, ALARM_LOW), UINT32_MAX);
    assert_int_equal(bench_read(*state, ALARM_HIGH), UINT32_MAX);
}

static void test_timer__reset_starts_at_zero_without_alarm(void **state)
{
    bench_step(*state, 5 * BENCH_US + 500);
    bench_write(*state, IRQ_ENABLE, 1);
    arm(*state, 100);
    bench_reset(*state);
    assert_int_equal(bench_read(*state, NOW_LOW), 0);
    assert_int_equal(bench_read(*state, STATUS), 0);
    assert_int_equal(bench_read(*state, ALARM_LOW), 0);
    assert_int_equal(bench_read(*state, IRQ_ENABLE), 0);
    bench_step(*state, BENCH_US);
    assert_int_equal(bench_read(*state, NOW_LOW), 1);
    bench_step(*state, BENCH_S);
    assert_int_equal(bench_read(*state, STATUS), 0);
}

static void test_timer__count_ignores_writes(void **state)
{
    bench_write(*state, NOW_LOW, 77);
    bench_write(*state, NOW_HIGH, 77);
    assert_int_equal(bench_read(*state, NOW_LOW), 0);
    assert_int_equal(bench_read(*state, NOW_HIGH), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH_TEST(test_timer__counts_whole_microseconds),
        BENCH_TEST(test_timer__high_word_is_the_one_latched_with_the_low_word),
        BENCH_TEST(test_timer__alarm_comes_when_now_reaches_it_and_not_before),
        BENCH_TEST(test_timer__alarm_not_in_the_future_comes_at_once),
        BENCH_TEST(test_timer__disarmed_alarm_does_not_come),
        BENCH_TEST(test_timer__new_alarm_replaces_the_old_one),
        BENCH_TEST(test_timer__high_word_alone_arms_nothing),
        BENCH_TEST(test_timer__alarm_beyond_the_low_word_comes_too),
        BENCH_TEST(test_timer__alarm_at_the_end_of_time_stays_armed),
        BENCH_TEST(test_timer__reset_starts_at_zero_without_alarm),
        BENCH_TEST(test_timer__count_ignores_writes),
    };

    return cmocka_run_group_tests_name("timer", tests, NULL, NULL);
}
