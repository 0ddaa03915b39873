/* SPDX-License-Identifier: MIT */
/* Does the device know why it started and how its battery is, and does reset reset? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/machine/bench.h"
#include "vdevice/contract/hostlink.h"
#include "vdevice/contract/memory_map.h"
#include "vdevice/contract/regs.h"

#define RESET_CAUSE (POWER_BASE + POWER_RESET_CAUSE)
#define RESET       (POWER_BASE + POWER_RESET)
#define BATTERY_MV  (POWER_BASE + POWER_BATTERY_MV)
#define STATUS      (POWER_BASE + POWER_STATUS)
#define IRQ_ENABLE  (POWER_BASE + POWER_IRQ_ENABLE)
#define PROGRESS    (POWER_BASE + POWER_PROGRESS)
#define BROWNOUT    REG_MASK(POWER_STATUS_BROWNOUT)

static void test_power__starts_with_cause_power_on_and_a_new_battery(void **state)
{
    assert_int_equal(bench_read(*state, RESET_CAUSE), POWER_RESET_CAUSE_POWER_ON);
    assert_int_equal(bench_read(*state, BATTERY_MV), 6000);
    assert_int_equal(bench_read(*state, STATUS), 0);
}

static void test_power__software_reset_wants_its_magic(void **state)
{
    bench_write(*state, RESET, POWER_RESET_MAGIC + 1);
    bench_write(*state, RESET, 0);
    bench_settle(*state);
    bench_expect_silence(*state);
    bench_write(*state, RESET, POWER_RESET_MAGIC);
    bench_settle(*state);
    bench_expect_call(*state, HOSTLINK_RESET, POWER_RESET_CAUSE_SOFTWARE);
    assert_int_equal(bench_read(*state, RESET_CAUSE), POWER_RESET_CAUSE_SOFTWARE);
}

static void test_power__cause_is_that_of_the_last_reset(void **state)
{
    bench_reset(*state);
    bench_write(*state, WATCHDOG_BASE + WATCHDOG_FEED, 0);
    bench_settle(*state);
    assert_int_equal(bench_read(*state, RESET_CAUSE), POWER_RESET_CAUSE_WATCHDOG);
    bench_reset(*state);
    assert_int_equal(bench_read(*state, RESET_CAUSE), POWER_RESET_CAUSE_SOFTWARE);
    bench_power_cycle(*state, 0);
    assert_int_equal(bench_read(*state, RESET_CAUSE), POWER_RESET_CAUSE_POWER_ON);
}

static void test_power__sram_outlives_a_reset_but_not_a_loss_of_power(void **state)
{
    bench_write(*state, SRAM_BASE + 0x1000, 0x12345678);
    bench_reset(*state);
    assert_int_equal(bench_read(*state, SRAM_BASE + 0x1000), 0x12345678);
    bench_power_cycle(*state, 0);
    assert_int_not_equal(bench_read(*state, SRAM_BASE + 0x1000), 0x12345678);
}

static void test_power__battery_is_the_labs(void **state)
{
    bench_order_word(*state, HOSTLINK_BATTERY, 5000);
    assert_int_equal(bench_read(*state, BATTERY_MV), 5000);
    bench_write(*state, BATTERY_MV, 6000);
    assert_int_equal(bench_read(*state, BATTERY_MV), 5000);
    bench_reset(*state);
    assert_int_equal(bench_read(*state, BATTERY_MV), 5000);
}

static void test_power__brownout_is_below_its_threshold_and_not_at_it(void **state)
{
    bench_order_word(*state, HOSTLINK_BATTERY, POWER_BROWNOUT_MV);
    assert_int_equal(bench_read(*state, STATUS), 0);
    bench_order_word(*state, HOSTLINK_BATTERY, POWER_BROWNOUT_MV - 1);
    assert_int_equal(bench_read(*state, STATUS), BROWNOUT);
    bench_write(*state, STATUS, BROWNOUT);
    assert_int_equal(bench_read(*state, STATUS), 0);
}

static void test_power__brownout_stays_until_cleared(void **state)
{
    bench_order_word(*state, HOSTLINK_BATTERY, 0);
    bench_order_word(*state, HOSTLINK_BATTERY, 6000);
    assert_int_equal(bench_read(*state, STATUS), BROWNOUT);
    bench_write(*state, STATUS, ~BROWNOUT);
    assert_int_equal(bench_read(*state, STATUS), BROWNOUT);
}

static void test_power__line_follows_brownout_while_enabled(void **state)
{
    bench_write(*state, IRQ_ENABLE, 0xffffffff);
    assert_int_equal(bench_read(*state, IRQ_ENABLE), 1);
    assert_false(bench_irq(*state, POWER_IRQ));
    bench_order_word(*state, HOSTLINK_BATTERY, 4000);
    assert_int_equal(bench_read(*state, STATUS), BROWNOUT);
    assert_true(bench_irq(*state, POWER_IRQ));
    bench_write(*state, STATUS, BROWNOUT);
    assert_false(bench_irq(*state, POWER_IRQ));
}

static void test_power__progress_is_called_out_at_each_write(void **state)
{
    bench_write(*state, PROGRESS, 0x20);
    bench_expect_call(*state, HOSTLINK_PROGRESS, 0x20);
    bench_write(*state, PROGRESS, 0x20);
    bench_expect_call(*state, HOSTLINK_PROGRESS, 0x20);
    assert_int_equal(bench_read(*state, PROGRESS), 0x20);
    bench_order_word(*state, HOSTLINK_OBSERVE, 0);
    bench_write(*state, PROGRESS, 0x21);
    bench_expect_silence(*state);
    bench_reset(*state);
    assert_int_equal(bench_read(*state, PROGRESS), 0);
}

static void test_power__cause_ignores_writes(void **state)
{
    bench_write(*state, RESET_CAUSE, POWER_RESET_CAUSE_WATCHDOG);
    assert_int_equal(bench_read(*state, RESET_CAUSE), POWER_RESET_CAUSE_POWER_ON);
    assert_int_equal(bench_read(*state, RESET), 0);
}

static void test_power__lab_cannot_power_on_twice_or_begin_under_power(void **state)
{
    const HostlinkPowerOn on = {0};
    const HostlinkBegin begin = {0};

    assert_false(bench_order(*state, HOSTLINK_POWER_ON, &on, sizeof(on)));
    assert_false(bench_order(*state, HOSTLINK_BEGIN, &begin, sizeof(begin)));
    bench_power_off(*state);
    assert_true(bench_order(*state, HOSTLINK_BEGIN, &begin, sizeof(begin)));
    assert_true(bench_order(*state, HOSTLINK_POWER_ON, &on, sizeof(on)));
    assert_false(bench_order(*state, HOSTLINK_POWER_ON, &on, sizeof(on)));
}

static void test_power__orders_against_the_contract_are_refused(void **state)
{
    const uint8_t bytes[64] = {0};

    assert_false(bench_order(*state, 0, bytes, 0));
    assert_false(bench_order(*state, 100, bytes, 8));
    assert_false(bench_order(*state, HOSTLINK_BOLT_SET + 1, bytes, 8));
    assert_false(bench_order(*state, UINT32_MAX, bytes, 8));
    assert_false(bench_order(*state, HOSTLINK_KEY, bytes, 7));
    assert_false(bench_order(*state, HOSTLINK_KEY, bytes, 9));
    assert_false(bench_order(*state, HOSTLINK_PROBE, bytes, 1));
    assert_false(bench_order(*state, HOSTLINK_FRAME, bytes, NIC_FRAME_BYTES_MIN - 1));
    assert_false(bench_order(*state, HOSTLINK_CUT, bytes, sizeof(HostlinkCut) - 1));
    assert_false(bench_order(*state, HOSTLINK_READ, bytes, sizeof(HostlinkRange)));
}

static void test_power__cut_comes_at_its_time_and_not_before(void **state)
{
    const HostlinkCut cut = {.when = HOSTLINK_CUT_AT_TIME, .at = BENCH_MS};
    BenchCall call;

    assert_true(bench_order(*state, HOSTLINK_CUT, &cut, sizeof(cut)));
    bench_step(*state, BENCH_MS - 1);
    bench_expect_silence(*state);
    bench_step(*state, 1);
    bench_settle(*state);
    assert_true(bench_take_call(*state, &call));
    assert_int_equal(call.type, HOSTLINK_POWER_LOST);
}

static void test_power__disarmed_cut_does_not_come(void **state)
{
    const HostlinkCut cut = {.when = HOSTLINK_CUT_AT_TIME, .at = BENCH_MS};
    const HostlinkCut disarm = {.when = HOSTLINK_CUT_DISARM};

    assert_true(bench_order(*state, HOSTLINK_CUT, &cut, sizeof(cut)));
    assert_true(bench_order(*state, HOSTLINK_CUT, &disarm, sizeof(disarm)));
    bench_step(*state, BENCH_S);
    bench_expect_silence(*state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH_TEST(test_power__starts_with_cause_power_on_and_a_new_battery),
        BENCH_TEST(test_power__software_reset_wants_its_magic),
        BENCH_TEST(test_power__cause_is_that_of_the_last_reset),
        BENCH_TEST(test_power__sram_outlives_a_reset_but_not_a_loss_of_power),
        BENCH_TEST(test_power__battery_is_the_labs),
        BENCH_TEST(test_power__brownout_is_below_its_threshold_and_not_at_it),
        BENCH_TEST(test_power__brownout_stays_until_cleared),
        BENCH_TEST(test_power__line_follows_brownout_while_enabled),
        BENCH_TEST(test_power__progress_is_called_out_at_each_write),
        BENCH_TEST(test_power__cause_ignores_writes),
        BENCH_TEST(test_power__lab_cannot_power_on_twice_or_begin_under_power),
        BENCH_TEST(test_power__orders_against_the_contract_are_refused),
        BENCH_TEST(test_power__cut_comes_at_its_time_and_not_before),
        BENCH_TEST(test_power__disarmed_cut_does_not_come),
    };

    return cmocka_run_group_tests_name("power", tests, NULL, NULL);
}
