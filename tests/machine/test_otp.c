/* SPDX-License-Identifier: MIT */
/* Do fuses blow once, under key and lock, and stay? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "tests/machine/bench.h"
#include "vdevice/contract/hostlink.h"
#include "vdevice/contract/memory_map.h"
#include "vdevice/contract/regs.h"

#define STATUS  (OTP_BASE + OTP_STATUS)
#define KEY     (OTP_BASE + OTP_KEY)
#define COMMAND (OTP_BASE + OTP_COMMAND)
#define INDEX   (OTP_BASE + OTP_INDEX)
#define DATA    (OTP_BASE + OTP_DATA)
#define LOCK    (OTP_BASE + OTP_LOCK)

#define BUSY         REG_MASK(OTP_STATUS_BUSY)
#define DONE         REG_MASK(OTP_STATUS_DONE)
#define ERROR_KEY    REG_MASK(OTP_STATUS_ERROR_KEY)
#define ERROR_RANGE  REG_MASK(OTP_STATUS_ERROR_RANGE)
#define ERROR_LOCKED REG_MASK(OTP_STATUS_ERROR_LOCKED)
#define ERROR_BUSY   REG_MASK(OTP_STATUS_ERROR_BUSY)

#define FREE_WORD 100u

static uint32_t word(Bench *bench, uint32_t index)
{
    return bench_read(bench, OTP_BASE + OTP_WORD + 4 * index);
}

static void command(Bench *bench, uint32_t index, uint32_t bits)
{
    bench_write(bench, INDEX, index);
    bench_write(bench, DATA, bits);
    bench_write(bench, KEY, OTP_KEY_MAGIC);
    bench_write(bench, COMMAND, OTP_COMMAND_PROGRAM);
}

static uint32_t program(Bench *bench, uint32_t index, uint32_t bits)
{
    command(bench, index, bits);
    bench_step(bench, OTP_PROGRAM_NS);
    return bench_read(bench, STATUS);
}

static void test_otp__is_all_zero_when_new(void **state)
{
    for (uint32_t i = 0; i < OTP_WORDS; i++) {
        assert_int_equal(word(*state, i), 0);
    }
}

static void test_otp__bits_are_set_when_the_time_is_over_and_not_before(void **state)
{
    command(*state, FREE_WORD, 0x5);
    assert_int_equal(bench_read(*state, STATUS), BUSY);
    bench_step(*state, OTP_PROGRAM_NS - 1);
    assert_int_equal(bench_read(*state, STATUS), BUSY);
    assert_int_equal(word(*state, FREE_WORD), 0);
    bench_step(*state, 1);
    assert_int_equal(bench_read(*state, STATUS), DONE);
    assert_int_equal(word(*state, FREE_WORD), 0x5);
    assert_int_equal(word(*state, FREE_WORD - 1), 0);
    assert_int_equal(word(*state, FREE_WORD + 1), 0);
}

static void test_otp__bits_add_up_and_never_go_back(void **state)
{
    assert_int_equal(program(*state, FREE_WORD, 0x5), DONE);
    assert_int_equal(program(*state, FREE_WORD, 0x2), DONE);
    assert_int_equal(word(*state, FREE_WORD), 0x7);
    assert_int_equal(program(*state, FREE_WORD, 0), DONE);
    assert_int_equal(word(*state, FREE_WORD), 0x7);
}

static void test_otp__programs_its_last_word_and_none_behind_it(void **state)
{
    static const uint32_t outside[] = {OTP_WORDS, 0x100000ff, UINT32_MAX};

    assert_int_equal(program(*state, OTP_WORDS - 1, 1), DONE);
    assert_int_equal(word(*state, OTP_WORDS - 1), 1);
    for (size_t i = 0; i < sizeof(outside) / sizeof(outside[0]); i++) {
        bench_write(*state, STATUS, DONE | ERROR_RANGE);
        command(*state, outside[i], 1);
        assert_int_equal(bench_read(*state, STATUS), DONE | ERROR_RANGE);
    }
}

static void test_otp__command_wants_its_key_and_must_be_one(void **state)
{
    bench_write(*state, INDEX, FREE_WORD);
    bench_write(*state, DATA, 1);
    bench_write(*state, COMMAND, OTP_COMMAND_PROGRAM);
    assert_int_equal(bench_read(*state, STATUS), DONE | ERROR_KEY);
    bench_write(*state, STATUS, DONE | ERROR_KEY);
    bench_write(*state, KEY, OTP_KEY_MAGIC + 1);
    bench_write(*state, COMMAND, OTP_COMMAND_PROGRAM);
    assert_int_equal(bench_read(*state, STATUS), DONE | ERROR_KEY);
    bench_write(*state, STATUS, DONE | ERROR_KEY);
    bench_write(*state, KEY, OTP_KEY_MAGIC);
    bench_write(*state, COMMAND, 2);
    assert_int_equal(bench_read(*state, STATUS), DONE | ERROR_KEY);
    bench_write(*state, STATUS, DONE | ERROR_KEY);
    bench_write(*state, COMMAND, OTP_COMMAND_PROGRAM);
    assert_int_equal(bench_read(*state, STATUS), DONE | ERROR_KEY);
    bench_step(*state, BENCH_S);
    assert_int_equal(word(*state, FREE_WORD), 0);
}

static void test_otp__command_while_busy_is_noted_and_ignored(void **state)
{
    command(*state, FREE_WORD, 1);
    command(*state, FREE_WORD + 1, 1);
    assert_int_equal(bench_read(*state, STATUS), BUSY | ERROR_BUSY);
    bench_step(*state, OTP_PROGRAM_NS);
    assert_int_equal(bench_read(*state, STATUS), DONE | ERROR_BUSY);
    assert_int_equal(word(*state, FREE_WORD), 1);
    assert_int_equal(word(*state, FREE_WORD + 1), 0);
}

static void test_otp__fuses_cannot_be_written_directly(void **state)
{
    bench_write(*state, OTP_BASE + OTP_WORD + 4 * FREE_WORD, 0xffffffff);
    assert_int_equal(word(*state, FREE_WORD), 0);
}

static void test_otp__locked_counter_leaves_the_rest_programmable(void **state)
{
    const uint32_t first = OTP_SECURITY_COUNTER_WORD;
    const uint32_t behind = first + OTP_SECURITY_COUNTER_WORDS;

    bench_write(*state, LOCK, REG_MASK(OTP_LOCK_COUNTER));
    assert_int_equal(program(*state, first, 1), DONE | ERROR_LOCKED);
    assert_int_equal(program(*state, behind - 1, 1) & ERROR_LOCKED, ERROR_LOCKED);
    assert_int_equal(program(*state, first - 1, 1), DONE);
    assert_int_equal(program(*state, behind, 1), DONE);
    assert_int_equal(word(*state, first), 0);
}

static void test_otp__locked_rest_leaves_the_counter_programmable(void **state)
{
    const uint32_t first = OTP_SECURITY_COUNTER_WORD;
    const uint32_t behind = first + OTP_SECURITY_COUNTER_WORDS;

    bench_write(*state, LOCK, REG_MASK(OTP_LOCK_REST));
    assert_int_equal(program(*state, OTP_LIFE_CYCLE_WORD, 2), DONE | ERROR_LOCKED);
    bench_write(*state, STATUS, DONE | ERROR_LOCKED);
    assert_int_equal(program(*state, first - 1, 1), DONE | ERROR_LOCKED);
    bench_write(*state, STATUS, DONE | ERROR_LOCKED);
    assert_int_equal(program(*state, behind, 1), DONE | ERROR_LOCKED);
    assert_int_equal(program(*state, first, 1), DONE);
    assert_int_equal(program(*state, behind - 1, 1), DONE);
}

static void test_otp__locks_are_sticky_until_reset(void **state)
{
    bench_write(*state, LOCK, 0xffffffff);
    assert_int_equal(bench_read(*state, LOCK), 7);
    bench_write(*state, LOCK, 0);
    assert_int_equal(bench_read(*state, LOCK), 7);
    bench_reset(*state);
    assert_int_equal(bench_read(*state, LOCK), 0);
}

static void test_otp__hardware_key_cannot_be_read_once_locked(void **state)
{
    const uint32_t last = OTP_HUK_WORD + OTP_HUK_WORDS - 1;

    assert_int_equal(program(*state, OTP_HUK_WORD - 1, 0x11111111), DONE);
    assert_int_equal(program(*state, OTP_HUK_WORD, 0x22222222), DONE);
    assert_int_equal(program(*state, last, 0x33333333), DONE);
    assert_int_equal(program(*state, last + 1, 0x44444444), DONE);
    assert_int_equal(word(*state, OTP_HUK_WORD), 0x22222222);
    bench_write(*state, LOCK, REG_MASK(OTP_LOCK_HUK_READ));
    assert_int_equal(word(*state, OTP_HUK_WORD), 0);
    assert_int_equal(word(*state, last), 0);
    assert_int_equal(word(*state, OTP_HUK_WORD - 1), 0x11111111);
    assert_int_equal(word(*state, last + 1), 0x44444444);
    bench_reset(*state);
    assert_int_equal(word(*state, OTP_HUK_WORD), 0x22222222);
}

static void test_otp__hardware_key_is_gone_from_a_returned_device(void **state)
{
    assert_int_equal(program(*state, OTP_HUK_WORD, 0x22222222), DONE);
    assert_int_equal(program(*state, OTP_LIFE_CYCLE_WORD, LIFE_CYCLE_SECURED), DONE);
    assert_int_equal(word(*state, OTP_HUK_WORD), 0x22222222);
    assert_int_equal(program(*state, OTP_LIFE_CYCLE_WORD, LIFE_CYCLE_RETURNED), DONE);
    assert_int_equal(word(*state, OTP_HUK_WORD), 0);
}

static void test_otp__shares_the_numbering_of_flash(void **state)
{
    HostlinkNvmOperation operation;
    BenchCall call;

    bench_write(*state, FLASH_CTRL_BASE + FLASH_CTRL_KEY, FLASH_CTRL_KEY_MAGIC);
    bench_write(*state, FLASH_CTRL_BASE + FLASH_CTRL_COMMAND, FLASH_CTRL_COMMAND_ERASE);
    command(*state, FREE_WORD, 0x80);
    assert_true(bench_take_call(*state, &call));
    assert_true(bench_take_call(*state, &call));
    assert_int_equal(call.type, HOSTLINK_NVM_STARTED);
    memcpy(&operation, call.body, sizeof(operation));
    assert_int_equal(operation.number, 2);
    assert_int_equal(operation.kind, HOSTLINK_NVM_OTP);
    assert_int_equal(operation.offset, 4 * FREE_WORD);
    assert_int_equal(operation.bytes, 4);
}

static void test_otp__cut_leaves_a_subset_of_the_new_bits_and_all_old_ones(void **state)
{
    const HostlinkCut cut = {
        .when = HOSTLINK_CUT_AT_NVM, .torn = HOSTLINK_TORN_RANDOM, .at = 2, .seed = 3};
    uint32_t left;

    assert_int_equal(program(*state, FREE_WORD, 0x0000ffff), DONE);
    assert_true(bench_order(*state, HOSTLINK_CUT, &cut, sizeof(cut)));
    command(*state, FREE_WORD, 0x00ffff00);
    bench_step(*state, OTP_PROGRAM_NS / 2);
    bench_settle(*state);
    bench_power_on(*state, 0);
    left = word(*state, FREE_WORD);
    assert_int_equal(left & 0xff00ffff, 0x0000ffff);
    assert_int_not_equal(left & 0x00ff0000, 0x00ff0000);
    assert_int_not_equal(left & 0x00ff0000, 0);
}

static void test_otp__outlives_reset_and_power(void **state)
{
    assert_int_equal(program(*state, FREE_WORD, 0xcafe), DONE);
    bench_reset(*state);
    bench_power_cycle(*state, BENCH_S);
    assert_int_equal(word(*state, FREE_WORD), 0xcafe);
    assert_int_equal(bench_read(*state, STATUS), 0);
    assert_int_equal(bench_read(*state, INDEX), 0);
    assert_int_equal(bench_read(*state, DATA), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH_TEST(test_otp__is_all_zero_when_new),
        BENCH_TEST(test_otp__bits_are_set_when_the_time_is_over_and_not_before),
        BENCH_TEST(test_otp__bits_add_up_and_never_go_back),
        BENCH_TEST(test_otp__programs_its_last_word_and_none_behind_it),
        BENCH_TEST(test_otp__command_wants_its_key_and_must_be_one),
        BENCH_TEST(test_otp__command_while_busy_is_noted_and_ignored),
        BENCH_TEST(test_otp__fuses_cannot_be_written_directly),
        BENCH_TEST(test_otp__locked_counter_leaves_the_rest_programmable),
        BENCH_TEST(test_otp__locked_rest_leaves_the_counter_programmable),
        BENCH_TEST(test_otp__locks_are_sticky_until_reset),
        BENCH_TEST(test_otp__hardware_key_cannot_be_read_once_locked),
        BENCH_TEST(test_otp__hardware_key_is_gone_from_a_returned_device),
        BENCH_TEST(test_otp__shares_the_numbering_of_flash),
        BENCH_TEST(test_otp__cut_leaves_a_subset_of_the_new_bits_and_all_old_ones),
        BENCH_TEST(test_otp__outlives_reset_and_power),
    };

    return cmocka_run_group_tests_name("otp", tests, NULL, NULL);
}
