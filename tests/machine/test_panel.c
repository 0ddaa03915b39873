/* SPDX-License-Identifier: MIT */
/* Do keys arrive once and in order, and do lights and sounds show outside? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/machine/bench.h"
#include "vdevice/contract/hostlink.h"
#include "vdevice/contract/memory_map.h"
#include "vdevice/contract/regs.h"

#define KEY        (PANEL_BASE + PANEL_KEY)
#define STATUS     (PANEL_BASE + PANEL_STATUS)
#define LEDS       (PANEL_BASE + PANEL_LEDS)
#define BUZZER_HZ  (PANEL_BASE + PANEL_BUZZER_HZ)
#define IRQ_ENABLE (PANEL_BASE + PANEL_IRQ_ENABLE)
#define READY      REG_MASK(PANEL_STATUS_KEY_READY)
#define LOST       REG_MASK(PANEL_STATUS_KEY_LOST)
#define QUEUE_KEYS 16

static void press(Bench *bench, char key)
{
    bench_order_word(bench, HOSTLINK_KEY, (uint32_t)key);
}

static void test_panel__empty_queue_reads_zero(void **state)
{
    assert_int_equal(bench_read(*state, STATUS), 0);
    assert_int_equal(bench_read(*state, KEY), 0);
}

static void test_panel__keys_come_once_and_in_order(void **state)
{
    press(*state, '1');
    press(*state, '#');
    press(*state, 'B');
    assert_int_equal(bench_read(*state, STATUS), READY);
    assert_int_equal(bench_read(*state, KEY), '1');
    assert_int_equal(bench_read(*state, KEY), '#');
    assert_int_equal(bench_read(*state, STATUS), READY);
    assert_int_equal(bench_read(*state, KEY), 'B');
    assert_int_equal(bench_read(*state, STATUS), 0);
    assert_int_equal(bench_read(*state, KEY), 0);
}

static void test_panel__sixteen_keys_wait_and_the_next_is_lost(void **state)
{
    for (char i = 0; i < QUEUE_KEYS; i++) {
        press(*state, (char)('0' + i % 10));
    }
    assert_int_equal(bench_read(*state, STATUS), READY);
    press(*state, '*');
    assert_int_equal(bench_read(*state, STATUS), READY | LOST);
    for (char i = 0; i < QUEUE_KEYS; i++) {
        assert_int_equal(bench_read(*state, KEY), '0' + i % 10);
    }
    assert_int_equal(bench_read(*state, KEY), 0);
    assert_int_equal(bench_read(*state, STATUS), LOST);
}

static void test_panel__key_lost_is_cleared_by_writing_it_alone(void **state)
{
    for (int i = 0; i <= QUEUE_KEYS; i++) {
        press(*state, '5');
    }
    bench_write(*state, STATUS, READY);
    assert_int_equal(bench_read(*state, STATUS), READY | LOST);
    bench_write(*state, STATUS, LOST);
    assert_int_equal(bench_read(*state, STATUS), READY);
}

static void test_panel__keys_it_does_not_have_are_not_felt(void **state)
{
    const uint32_t codes[] = {0, 1, 'A', 'b', '/', ':', 0x80, 0x131, UINT32_MAX};

    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        bench_order_word(*state, HOSTLINK_KEY, codes[i]);
    }
    assert_int_equal(bench_read(*state, STATUS), 0);
}

static void test_panel__line_follows_waiting_keys_while_enabled(void **state)
{
    press(*state, '1');
    assert_false(bench_irq(*state, PANEL_IRQ));
    bench_write(*state, IRQ_ENABLE, 1);
    assert_true(bench_irq(*state, PANEL_IRQ));
    assert_int_equal(bench_read(*state, KEY), '1');
    assert_false(bench_irq(*state, PANEL_IRQ));
    press(*state, '2');
    assert_int_equal(bench_read(*state, STATUS), READY);
    assert_true(bench_irq(*state, PANEL_IRQ));
    bench_write(*state, IRQ_ENABLE, 0);
    assert_false(bench_irq(*state, PANEL_IRQ));
}

static void test_panel__interrupt_enable_keeps_its_own_bit_only(void **state)
{
    bench_write(*state, IRQ_ENABLE, 0xffffffff);
    assert_int_equal(bench_read(*state, IRQ_ENABLE), 1);
}

static void test_panel__leds_are_called_out_when_they_change(void **state)
{
    bench_write(*state, LEDS, REG_MASK(PANEL_LEDS_GREEN));
    bench_expect_call(*state, HOSTLINK_LEDS, 1);
    bench_write(*state, LEDS, REG_MASK(PANEL_LEDS_GREEN));
    bench_expect_silence(*state);
    bench_write(*state, LEDS, 0xffffffff);
    bench_expect_call(*state, HOSTLINK_LEDS, 7);
    assert_int_equal(bench_read(*state, LEDS), 7);
}

static void test_panel__buzzer_is_called_out_when_it_changes(void **state)
{
    bench_write(*state, BUZZER_HZ, 10000);
    bench_expect_call(*state, HOSTLINK_BUZZER, 10000);
    bench_write(*state, BUZZER_HZ, 10001);
    bench_expect_silence(*state);
    assert_int_equal(bench_read(*state, BUZZER_HZ), 10000);
    bench_write(*state, BUZZER_HZ, 0);
    bench_expect_call(*state, HOSTLINK_BUZZER, 0);
    bench_write(*state, BUZZER_HZ, 0);
    bench_expect_silence(*state);
}

static void test_panel__reset_darkens_silences_and_forgets_keys(void **state)
{
    Bench *bench = *state;

    press(bench, '1');
    bench_write(bench, IRQ_ENABLE, 1);
    bench_write(bench, LEDS, 2);
    bench_write(bench, BUZZER_HZ, 440);
    bench_forget_calls(bench);
    bench_write(bench, POWER_BASE + POWER_RESET, POWER_RESET_MAGIC);
    bench_settle(bench);
    bench_expect_call(bench, HOSTLINK_LEDS, 0);
    bench_expect_call(bench, HOSTLINK_BUZZER, 0);
    bench_expect_call(bench, HOSTLINK_RESET, POWER_RESET_CAUSE_SOFTWARE);
    bench_expect_silence(bench);
    assert_int_equal(bench_read(bench, STATUS), 0);
    assert_int_equal(bench_read(bench, LEDS), 0);
    assert_int_equal(bench_read(bench, BUZZER_HZ), 0);
    assert_int_equal(bench_read(bench, IRQ_ENABLE), 0);
    assert_false(bench_irq(bench, PANEL_IRQ));
}

static void test_panel__feels_nothing_without_power(void **state)
{
    bench_power_off(*state);
    press(*state, '1');
    bench_power_on(*state, 0);
    assert_int_equal(bench_read(*state, STATUS), 0);
}

static void test_panel__reading_ignores_writes(void **state)
{
    bench_write(*state, KEY, '1');
    assert_int_equal(bench_read(*state, STATUS), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH_TEST(test_panel__empty_queue_reads_zero),
        BENCH_TEST(test_panel__keys_come_once_and_in_order),
        BENCH_TEST(test_panel__sixteen_keys_wait_and_the_next_is_lost),
        BENCH_TEST(test_panel__key_lost_is_cleared_by_writing_it_alone),
        BENCH_TEST(test_panel__keys_it_does_not_have_are_not_felt),
        BENCH_TEST(test_panel__line_follows_waiting_keys_while_enabled),
        BENCH_TEST(test_panel__interrupt_enable_keeps_its_own_bit_only),
        BENCH_TEST(test_panel__leds_are_called_out_when_they_change),
        BENCH_TEST(test_panel__buzzer_is_called_out_when_it_changes),
        BENCH_TEST(test_panel__reset_darkens_silences_and_forgets_keys),
        BENCH_TEST(test_panel__feels_nothing_without_power),
        BENCH_TEST(test_panel__reading_ignores_writes),
    };

    return cmocka_run_group_tests_name("panel", tests, NULL, NULL);
}
