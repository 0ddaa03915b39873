/* SPDX-License-Identifier: MIT */
/* Does the clock keep calendar time through everything but an empty cell? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/machine/bench.h"
#include "vdevice/contract/hostlink.h"
#include "vdevice/contract/memory_map.h"
#include "vdevice/contract/regs.h"

#define LOW    (RTC_BASE + RTC_SECONDS_LOW)
#define HIGH   (RTC_BASE + RTC_SECONDS_HIGH)
#define STATUS (RTC_BASE + RTC_STATUS)
#define VALID  REG_MASK(RTC_STATUS_VALID)

#define SOME_TIME 1795305600u

static uint64_t seconds(Bench *bench)
{
    uint64_t low = bench_read(bench, LOW);

    return (uint64_t)bench_read(bench, HIGH) << 32 | low;
}

static void begin(Bench *bench, bool cell, uint64_t at)
{
    const HostlinkBegin new_device = {
        .battery_mv = 6000, .wall_clock_cell = cell, .rtc_seconds = at};

    bench_begin(bench, &new_device);
}

static void test_rtc__shows_the_time_of_its_cell(void **state)
{
    begin(*state, true, SOME_TIME);
    assert_int_equal(bench_read(*state, STATUS), VALID);
    assert_int_equal(seconds(*state), SOME_TIME);
}

static void test_rtc__is_not_valid_after_an_empty_cell(void **state)
{
    begin(*state, false, SOME_TIME);
    assert_int_equal(bench_read(*state, STATUS), 0);
    assert_int_equal(seconds(*state), 0);
}

static void test_rtc__counts_at_the_full_second_and_not_before(void **state)
{
    begin(*state, true, SOME_TIME);
    bench_step(*state, BENCH_S - 1);
    assert_int_equal(seconds(*state), SOME_TIME);
    bench_step(*state, 1);
    assert_int_equal(seconds(*state), SOME_TIME + 1);
}

static void test_rtc__carries_into_the_high_word(void **state)
{
    begin(*state, true, UINT32_MAX);
    assert_int_equal(seconds(*state), UINT32_MAX);
    bench_step(*state, BENCH_S);
    assert_true(seconds(*state) == UINT64_C(0x100000000));
}

static void test_rtc__high_word_is_the_one_latched_with_the_low_word(void **state)
{
    begin(*state, true, UINT32_MAX);
    assert_int_equal(bench_read(*state, LOW), UINT32_MAX);
    bench_step(*state, BENCH_S);
    assert_int_equal(bench_read(*state, HIGH), 0);
    assert_int_equal(bench_read(*state, LOW), 0);
    assert_int_equal(bench_read(*state, HIGH), 1);
}

static void test_rtc__is_set_by_writing_the_low_word_last(void **state)
{
    begin(*state, false, 0);
    bench_write(*state, HIGH, 2);
    assert_int_equal(seconds(*state), 0);
    assert_int_equal(bench_read(*state, STATUS), 0);
    bench_write(*state, LOW, 5);
    assert_int_equal(bench_read(*state, STATUS), VALID);
    assert_true(seconds(*state) == UINT64_C(0x200000005));
}

static void test_rtc__setting_starts_a_new_second(void **state)
{
    begin(*state, true, SOME_TIME);
    bench_step(*state, BENCH_S / 2);
    bench_write(*state, LOW, 100);
    bench_step(*state, BENCH_S - 1);
    assert_int_equal(seconds(*state), 100);
    bench_step(*state, 1);
    assert_int_equal(seconds(*state), 101);
}

static void test_rtc__reset_keeps_time_and_forgets_a_held_high_word(void **state)
{
    begin(*state, true, SOME_TIME);
    bench_write(*state, HIGH, 7);
    bench_step(*state, 3 * (int64_t)BENCH_S);
    bench_reset(*state);
    assert_int_equal(bench_read(*state, STATUS), VALID);
    assert_int_equal(seconds(*state), SOME_TIME + 3);
    bench_write(*state, LOW, 1);
    assert_int_equal(seconds(*state), 1);
}

static void test_rtc__counts_while_the_power_is_off(void **state)
{
    begin(*state, true, SOME_TIME);
    bench_power_cycle(*state, 3600 * (uint64_t)BENCH_S);
    assert_int_equal(bench_read(*state, STATUS), VALID);
    assert_int_equal(seconds(*state), SOME_TIME + 3600);
}

static void test_rtc__parts_of_seconds_without_power_add_up(void **state)
{
    begin(*state, true, SOME_TIME);
    bench_power_cycle(*state, BENCH_S / 2);
    assert_int_equal(seconds(*state), SOME_TIME);
    bench_power_cycle(*state, BENCH_S / 2 - 1);
    assert_int_equal(seconds(*state), SOME_TIME);
    bench_step(*state, 1);
    assert_int_equal(seconds(*state), SOME_TIME + 1);
}

static void test_rtc__setting_forgets_the_time_without_power(void **state)
{
    begin(*state, true, SOME_TIME);
    bench_power_cycle(*state, 5 * (uint64_t)BENCH_S + BENCH_S / 2);
    bench_write(*state, LOW, 100);
    assert_int_equal(seconds(*state), 100);
    bench_step(*state, BENCH_S - 1);
    assert_int_equal(seconds(*state), 100);
}

static void test_rtc__outlives_absurd_times(void **state)
{
    begin(*state, true, UINT64_MAX);
    assert_true(seconds(*state) == UINT64_MAX);
    bench_step(*state, BENCH_S);
    assert_true(seconds(*state) == 0);
    bench_power_cycle(*state, UINT64_MAX);
    assert_true(seconds(*state) == UINT64_MAX / BENCH_S);
}

static void test_rtc__ignores_writes_to_status(void **state)
{
    begin(*state, false, 0);
    bench_write(*state, STATUS, 0xffffffff);
    assert_int_equal(bench_read(*state, STATUS), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH_TEST(test_rtc__shows_the_time_of_its_cell),
        BENCH_TEST(test_rtc__is_not_valid_after_an_empty_cell),
        BENCH_TEST(test_rtc__counts_at_the_full_second_and_not_before),
        BENCH_TEST(test_rtc__carries_into_the_high_word),
        BENCH_TEST(test_rtc__high_word_is_the_one_latched_with_the_low_word),
        BENCH_TEST(test_rtc__is_set_by_writing_the_low_word_last),
        BENCH_TEST(test_rtc__setting_starts_a_new_second),
        BENCH_TEST(test_rtc__reset_keeps_time_and_forgets_a_held_high_word),
        BENCH_TEST(test_rtc__counts_while_the_power_is_off),
        BENCH_TEST(test_rtc__parts_of_seconds_without_power_add_up),
        BENCH_TEST(test_rtc__setting_forgets_the_time_without_power),
        BENCH_TEST(test_rtc__outlives_absurd_times),
        BENCH_TEST(test_rtc__ignores_writes_to_status),
    };

    return cmocka_run_group_tests_name("rtc", tests, NULL, NULL);
}
