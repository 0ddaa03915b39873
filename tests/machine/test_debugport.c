/* SPDX-License-Identifier: MIT */
/* Does the life cycle, and nothing else, decide who may attach? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/machine/bench.h"
#include "vdevice/contract/hostlink.h"
#include "vdevice/contract/memory_map.h"
#include "vdevice/contract/regs.h"

#define STATUS    (DEBUGPORT_BASE + DEBUGPORT_STATUS)
#define CLOSE     (DEBUGPORT_BASE + DEBUGPORT_CLOSE)
#define OPEN      REG_MASK(DEBUGPORT_STATUS_OPEN)
#define ATTEMPTED REG_MASK(DEBUGPORT_STATUS_ATTEMPTED)

static void probe(Bench *bench)
{
    assert_true(bench_order(bench, HOSTLINK_PROBE, NULL, 0));
}

/* Powers the device off, sets the fuses of the life cycle, and powers it on. */
static void boot_in(Bench *bench, uint32_t life_cycle)
{
    bench_power_off(bench);
    assert_true(bench_put(bench, HOSTLINK_SPACE_OTP, OTP_LIFE_CYCLE_WORD * 4,
                          (const uint8_t *)&life_cycle, sizeof(life_cycle)));
    bench_power_on(bench, 0);
    bench_forget_calls(bench);
}

static void test_debugport__blank_device_is_open(void **state)
{
    assert_int_equal(bench_read(*state, STATUS), OPEN);
    probe(*state);
    bench_expect_call(*state, HOSTLINK_DEBUG_RESULT, 1);
    assert_int_equal(bench_read(*state, STATUS), OPEN | ATTEMPTED);
}

static void test_debugport__secured_device_is_shut(void **state)
{
    boot_in(*state, LIFE_CYCLE_SECURED);
    assert_int_equal(bench_read(*state, STATUS), 0);
    probe(*state);
    bench_expect_call(*state, HOSTLINK_DEBUG_RESULT, 0);
    assert_int_equal(bench_read(*state, STATUS), ATTEMPTED);
}

static void test_debugport__returned_device_is_open(void **state)
{
    boot_in(*state, LIFE_CYCLE_RETURNED);
    assert_int_equal(bench_read(*state, STATUS), OPEN);
}

static void test_debugport__any_other_pattern_of_fuses_is_shut(void **state)
{
    const uint32_t patterns[] = {2, 4, 5, 7, 0x80000000, 0xfffffffc, UINT32_MAX};

    for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
        boot_in(*state, patterns[i]);
        assert_int_equal(bench_read(*state, STATUS), 0);
        probe(*state);
        bench_expect_call(*state, HOSTLINK_DEBUG_RESULT, 0);
    }
}

static void test_debugport__software_closes_it_until_reset(void **state)
{
    bench_write(*state, CLOSE, DEBUGPORT_CLOSE_MAGIC);
    assert_int_equal(bench_read(*state, STATUS), 0);
    probe(*state);
    bench_expect_call(*state, HOSTLINK_DEBUG_RESULT, 0);
    bench_reset(*state);
    assert_int_equal(bench_read(*state, STATUS), OPEN);
}

static void test_debugport__only_the_magic_closes_and_nothing_opens(void **state)
{
    bench_write(*state, CLOSE, DEBUGPORT_CLOSE_MAGIC ^ 0x80000000);
    bench_write(*state, CLOSE, 0);
    assert_int_equal(bench_read(*state, STATUS), OPEN);
    boot_in(*state, LIFE_CYCLE_SECURED);
    bench_write(*state, STATUS, OPEN);
    bench_write(*state, CLOSE, 1);
    assert_int_equal(bench_read(*state, STATUS), 0);
}

static void test_debugport__fuses_count_from_the_next_reset(void **state)
{
    const uint8_t mask = LIFE_CYCLE_SECURED;

    assert_true(bench_damage(*state, HOSTLINK_SPACE_OTP, OTP_LIFE_CYCLE_WORD * 4, &mask, 1));
    assert_int_equal(bench_read(*state, STATUS), OPEN);
    bench_reset(*state);
    assert_int_equal(bench_read(*state, STATUS), 0);
}

static void test_debugport__reset_forgets_attempts(void **state)
{
    probe(*state);
    bench_reset(*state);
    assert_int_equal(bench_read(*state, STATUS), OPEN);
}

static void test_debugport__nobody_attaches_without_power(void **state)
{
    bench_power_off(*state);
    bench_forget_calls(*state);
    probe(*state);
    bench_expect_call(*state, HOSTLINK_DEBUG_RESULT, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH_TEST(test_debugport__blank_device_is_open),
        BENCH_TEST(test_debugport__secured_device_is_shut),
        BENCH_TEST(test_debugport__returned_device_is_open),
        BENCH_TEST(test_debugport__any_other_pattern_of_fuses_is_shut),
        BENCH_TEST(test_debugport__software_closes_it_until_reset),
        BENCH_TEST(test_debugport__only_the_magic_closes_and_nothing_opens),
        BENCH_TEST(test_debugport__fuses_count_from_the_next_reset),
        BENCH_TEST(test_debugport__reset_forgets_attempts),
        BENCH_TEST(test_debugport__nobody_attaches_without_power),
    };

    return cmocka_run_group_tests_name("debugport", tests, NULL, NULL);
}
