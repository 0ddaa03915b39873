/* SPDX-License-Identifier: MIT */
/* Does the watchdog bite exactly when it should, and only then? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/machine/bench.h"
#include "vdevice/contract/hostlink.h"
#include "vdevice/contract/memory_map.h"
#include "vdevice/contract/regs.h"

#define PERIOD_MS    (WATCHDOG_BASE + WATCHDOG_PERIOD_MS)
#define START        (WATCHDOG_BASE + WATCHDOG_START)
#define FEED         (WATCHDOG_BASE + WATCHDOG_FEED)
#define STATUS       (WATCHDOG_BASE + WATCHDOG_STATUS)
#define REMAINING_MS (WATCHDOG_BASE + WATCHDOG_REMAINING_MS)
#define RUNNING      REG_MASK(WATCHDOG_STATUS_RUNNING)

static void start(Bench *bench, uint32_t period_ms)
{
    bench_write(bench, PERIOD_MS, period_ms);
    bench_write(bench, START, WATCHDOG_START_MAGIC);
    assert_int_equal(bench_read(bench, STATUS), RUNNING);
}

static void expect_bitten(Bench *bench)
{
    bench_settle(bench);
    bench_expect_call(bench, HOSTLINK_RESET, POWER_RESET_CAUSE_WATCHDOG);
    assert_int_equal(bench_read(bench, STATUS), 0);
    assert_int_equal(bench_read(bench, POWER_BASE + POWER_RESET_CAUSE), POWER_RESET_CAUSE_WATCHDOG);
}

static void test_watchdog__rests_after_reset(void **state)
{
    assert_int_equal(bench_read(*state, STATUS), 0);
    assert_int_equal(bench_read(*state, PERIOD_MS), 0);
    assert_int_equal(bench_read(*state, REMAINING_MS), 0);
    bench_step(*state, 3600 * (int64_t)BENCH_S);
    bench_expect_silence(*state);
}

static void test_watchdog__resets_at_the_end_of_its_period_and_not_before(void **state)
{
    start(*state, 10);
    bench_step(*state, 10 * BENCH_MS - 1);
    bench_expect_silence(*state);
    assert_int_equal(bench_read(*state, STATUS), RUNNING);
    bench_step(*state, 1);
    expect_bitten(*state);
}

static void test_watchdog__feeding_starts_the_period_anew(void **state)
{
    start(*state, 10);
    bench_step(*state, 10 * BENCH_MS - 1);
    bench_write(*state, FEED, WATCHDOG_FEED_MAGIC);
    bench_step(*state, 10 * BENCH_MS - 1);
    bench_expect_silence(*state);
    bench_step(*state, 1);
    expect_bitten(*state);
}

static void test_watchdog__wrong_feed_resets_at_once(void **state)
{
    start(*state, 600000);
    bench_write(*state, FEED, WATCHDOG_FEED_MAGIC + 1);
    expect_bitten(*state);
}

static void test_watchdog__wrong_feed_resets_even_at_rest(void **state)
{
    bench_write(*state, FEED, 0);
    expect_bitten(*state);
}

static void test_watchdog__right_feed_at_rest_does_nothing(void **state)
{
    bench_write(*state, PERIOD_MS, 10);
    bench_write(*state, FEED, WATCHDOG_FEED_MAGIC);
    assert_int_equal(bench_read(*state, STATUS), 0);
    bench_step(*state, BENCH_S);
    bench_expect_silence(*state);
}

static void test_watchdog__does_not_start_without_period_or_magic(void **state)
{
    bench_write(*state, START, WATCHDOG_START_MAGIC);
    assert_int_equal(bench_read(*state, STATUS), 0);
    bench_write(*state, PERIOD_MS, 10);
    bench_write(*state, START, WATCHDOG_START_MAGIC ^ 1);
    assert_int_equal(bench_read(*state, STATUS), 0);
}

static void test_watchdog__takes_periods_in_range_only(void **state)
{
    bench_write(*state, PERIOD_MS, 1);
    assert_int_equal(bench_read(*state, PERIOD_MS), 1);
    bench_write(*state, PERIOD_MS, 600000);
    assert_int_equal(bench_read(*state, PERIOD_MS), 600000);
    bench_write(*state, PERIOD_MS, 600001);
    assert_int_equal(bench_read(*state, PERIOD_MS), 600000);
    bench_write(*state, PERIOD_MS, 0);
    assert_int_equal(bench_read(*state, PERIOD_MS), 600000);
    bench_write(*state, PERIOD_MS, UINT32_MAX);
    assert_int_equal(bench_read(*state, PERIOD_MS), 600000);
}

static void test_watchdog__new_period_holds_from_the_next_feed(void **state)
{
    start(*state, 10);
    bench_write(*state, PERIOD_MS, 1000);
    bench_step(*state, 10 * BENCH_MS - 1);
    bench_write(*state, FEED, WATCHDOG_FEED_MAGIC);
    bench_step(*state, 1000 * BENCH_MS - 1);
    bench_expect_silence(*state);
    bench_step(*state, 1);
    expect_bitten(*state);
}

static void test_watchdog__new_period_does_not_postpone_the_running_one(void **state)
{
    start(*state, 10);
    bench_write(*state, PERIOD_MS, 1000);
    bench_step(*state, 10 * BENCH_MS);
    expect_bitten(*state);
}

static void test_watchdog__starting_again_is_not_feeding(void **state)
{
    start(*state, 10);
    bench_step(*state, 9 * BENCH_MS);
    bench_write(*state, START, WATCHDOG_START_MAGIC);
    bench_step(*state, 1 * BENCH_MS);
    expect_bitten(*state);
}

static void test_watchdog__remaining_time_is_rounded_up(void **state)
{
    start(*state, 10);
    assert_int_equal(bench_read(*state, REMAINING_MS), 10);
    bench_step(*state, 1);
    assert_int_equal(bench_read(*state, REMAINING_MS), 10);
    bench_step(*state, BENCH_MS - 1);
    assert_int_equal(bench_read(*state, REMAINING_MS), 9);
    bench_step(*state, 9 * BENCH_MS - 1);
    assert_int_equal(bench_read(*state, REMAINING_MS), 1);
}

static void test_watchdog__any_reset_stops_it(void **state)
{
    start(*state, 10);
    bench_reset(*state);
    assert_int_equal(bench_read(*state, STATUS), 0);
    assert_int_equal(bench_read(*state, PERIOD_MS), 0);
    bench_step(*state, BENCH_S);
    bench_expect_silence(*state);
    start(*state, 10);
    bench_power_cycle(*state, 0);
    assert_int_equal(bench_read(*state, STATUS), 0);
    bench_step(*state, BENCH_S);
    bench_expect_silence(*state);
}

static void test_watchdog__read_only_registers_ignore_writes(void **state)
{
    start(*state, 10);
    bench_write(*state, STATUS, 0);
    bench_write(*state, REMAINING_MS, 0xffffffff);
    assert_int_equal(bench_read(*state, STATUS), RUNNING);
    assert_int_equal(bench_read(*state, REMAINING_MS), 10);
    assert_int_equal(bench_read(*state, START), 0);
    assert_int_equal(bench_read(*state, FEED), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH_TEST(test_watchdog__rests_after_reset),
        BENCH_TEST(test_watchdog__resets_at_the_end_of_its_period_and_not_before),
        BENCH_TEST(test_watchdog__feeding_starts_the_period_anew),
        BENCH_TEST(test_watchdog__wrong_feed_resets_at_once),
        BENCH_TEST(test_watchdog__wrong_feed_resets_even_at_rest),
        BENCH_TEST(test_watchdog__right_feed_at_rest_does_nothing),
        BENCH_TEST(test_watchdog__does_not_start_without_period_or_magic),
        BENCH_TEST(test_watchdog__takes_periods_in_range_only),
        BENCH_TEST(test_watchdog__new_period_holds_from_the_next_feed),
        BENCH_TEST(test_watchdog__new_period_does_not_postpone_the_running_one),
        BENCH_TEST(test_watchdog__starting_again_is_not_feeding),
        BENCH_TEST(test_watchdog__remaining_time_is_rounded_up),
        BENCH_TEST(test_watchdog__any_reset_stops_it),
        BENCH_TEST(test_watchdog__read_only_registers_ignore_writes),
    };

    return cmocka_run_group_tests_name("watchdog", tests, NULL, NULL);
}
