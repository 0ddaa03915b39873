/* SPDX-License-Identifier: MIT */
/* Do machine and lab advance in lockstep: every stop exact, every run repeatable, no guest too
   wild? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/machine/lab.h"
#include "tests/machine/lockstep_rom.h"
#include "vdevice/contract/memory_map.h"
#include "vdevice/contract/regs.h"

#define MS           UINT64_C(1000000)
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* A horizon that falls now between, now upon the trial's own wake-ups. */
#define STEP_NS UINT64_C(100000)

static int setup(void **state)
{
    *state = lab_open(LAB_PLAIN);
    return 0;
}

static int teardown(void **state)
{
    lab_close(*state);
    return 0;
}

#define LAB_TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

/* Takes the power away between two trials. */
static void end_trial(Lab *lab)
{
    lab_cut(lab, HOSTLINK_CUT_NOW, 0, HOSTLINK_TORN_NOTHING);
    lab_run_until(lab, HOSTLINK_POWER_LOST);
}

/* Waits until the trial shows a value other than the reset cause it starts with. */
static uint32_t shown(Lab *lab)
{
    LabCall call = lab_run_until(lab, HOSTLINK_PROGRESS);

    return lab_word(&call) - LOCKSTEP_ROM_SHOWS;
}

static HostlinkPowerLost power_lost(const LabCall *call)
{
    HostlinkPowerLost lost;

    assert_int_equal(call->type, HOSTLINK_POWER_LOST);
    assert_int_equal(call->bytes, sizeof(lost));
    memcpy(&lost, call->body, sizeof(lost));
    return lost;
}

/* Runs the ticking trial to its end with a horizon every STEP_NS. Returns the digest. */
static uint64_t run_ticks(Lab *lab)
{
    LabCall call;

    lab_begin_trial(lab, LOCKSTEP_ROM_TICKS);
    lab_run(lab, STEP_NS);
    do {
        call = lab_next(lab);
        lab_run(lab, (call.time / STEP_NS + 1) * STEP_NS);
    } while (call.type != HOSTLINK_PROGRESS ||
             lab_word(&call) != LOCKSTEP_ROM_SHOWS + LOCKSTEP_ROM_TICK_COUNT - 1);
    lab_next(lab);
    end_trial(lab);
    return lab_digest(lab);
}

static void test_lockstep__repeats_a_run_in_one_process(void **state)
{
    Lab *lab = *state;
    uint64_t first = run_ticks(lab);

    assert_true(lab_calls(lab) > 2 * LOCKSTEP_ROM_TICK_COUNT);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(run_ticks(lab), first);
    }
}

static void test_lockstep__repeats_a_run_after_others(void **state)
{
    Lab *lab = *state;
    Lab *fresh = lab_open(LAB_PLAIN);
    uint64_t first = run_ticks(fresh);

    lab_close(fresh);
    for (uint32_t trial = LOCKSTEP_ROM_OPERATIONS; trial <= LOCKSTEP_ROM_SPEAK; trial++) {
        lab_begin_trial(lab, trial);
        lab_cut(lab, HOSTLINK_CUT_AT_TIME, 60 * MS, HOSTLINK_TORN_RANDOM);
        lab_run_until(lab, HOSTLINK_POWER_LOST);
    }
    assert_int_equal(run_ticks(lab), first);
}

static void test_lockstep__repeats_a_run_while_the_main_loop_is_kept_awake(void **state)
{
    Lab *lab = *state;
    uint64_t first = run_ticks(lab);

    lab_disturb(lab);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(run_ticks(lab), first);
    }
}

/* The negative control of the test above: without the guard the same disturbance is seen, soon or
 * late: two threads must meet. */
static void test_lockstep__does_not_repeat_a_run_without_the_guard(void **state)
{
    Lab *lab = lab_open(LAB_UNGUARDED);
    uint64_t first = run_ticks(*state);
    int different = 0;

    lab_disturb(lab);
    for (int i = 0; i < 1000 && !different; i++) {
        different += run_ticks(lab) != first;
    }
    lab_close(lab);
    assert_true(different > 0);
}

static void test_lockstep__cuts_at_every_instruction_asked_for(void **state)
{
    Lab *lab = *state;

    for (uint64_t at = 0; at < 400; at++) {
        LabCall call;

        lab_begin_trial(lab, LOCKSTEP_ROM_OPERATIONS);
        lab_cut(lab, HOSTLINK_CUT_AT_INSTRUCTION, at, HOSTLINK_TORN_NOTHING);
        call = lab_run_until(lab, HOSTLINK_POWER_LOST);
        assert_int_equal(call.instructions, at);
    }
}

static void test_lockstep__counts_no_instruction_while_asleep(void **state)
{
    Lab *lab = *state;
    LabCall call;
    uint64_t asleep;

    lab_begin_trial(lab, LOCKSTEP_ROM_SPEAK);
    asleep = lab_run_until(lab, HOSTLINK_SLEEP_FOREVER).instructions;
    lab_cut(lab, HOSTLINK_CUT_AT_INSTRUCTION, asleep + 1, HOSTLINK_TORN_NOTHING);
    lab_run(lab, 3600000 * MS);
    call = lab_next(lab);
    assert_int_equal(call.type, HOSTLINK_HORIZON);
    assert_int_equal(call.time, 3600000 * MS);
    assert_int_equal(call.instructions, asleep);
    end_trial(lab);
}

static void test_lockstep__cuts_at_a_time_to_the_instruction(void **state)
{
    Lab *lab = *state;
    uint64_t period = UINT64_C(1) << CPU_ICOUNT_SHIFT;

    for (uint64_t at = 10 * period; at < 14 * period; at++) {
        LabCall call;

        lab_begin_trial(lab, LOCKSTEP_ROM_SPIN);
        lab_cut(lab, HOSTLINK_CUT_AT_TIME, at, HOSTLINK_TORN_NOTHING);
        call = lab_run_until(lab, HOSTLINK_POWER_LOST);
        assert_int_equal(call.time, (at + period - 1) / period * period);
    }
}

static void test_lockstep__cuts_at_a_time_while_asleep_exactly(void **state)
{
    Lab *lab = *state;
    LabCall call;

    lab_begin_trial(lab, LOCKSTEP_ROM_SPEAK);
    lab_cut(lab, HOSTLINK_CUT_AT_TIME, 12345677, HOSTLINK_TORN_NOTHING);
    call = lab_run_until(lab, HOSTLINK_POWER_LOST);
    assert_int_equal(call.time, 12345677);
}

static void test_lockstep__a_later_cut_replaces_an_armed_one(void **state)
{
    Lab *lab = *state;
    LabCall call;

    lab_begin_trial(lab, LOCKSTEP_ROM_SPIN);
    lab_cut(lab, HOSTLINK_CUT_AT_INSTRUCTION, 50, HOSTLINK_TORN_NOTHING);
    lab_cut(lab, HOSTLINK_CUT_AT_TIME, MS, HOSTLINK_TORN_NOTHING);
    lab_cut(lab, HOSTLINK_CUT_DISARM, 0, HOSTLINK_TORN_NOTHING);
    lab_order_word(lab, HOSTLINK_OBSERVE, 0);
    lab_run(lab, 2 * MS);
    call = lab_next(lab);
    assert_int_equal(call.type, HOSTLINK_HORIZON);
    end_trial(lab);
}

/* --- Torn operations -------------------------------------------------------------------------- */

/* Cuts in the second program of the trial. Returns what the loss reported, and the bytes then. */
static HostlinkPowerLost tear_program(Lab *lab, uint32_t torn, uint64_t *ret_time,
                                      uint8_t ret_bytes[LOCKSTEP_ROM_PROGRAM_BYTES])
{
    HostlinkPowerLost lost;
    LabCall call;

    lab_begin_trial(lab, LOCKSTEP_ROM_OPERATIONS);
    lab_order_word(lab, HOSTLINK_OBSERVE, HOSTLINK_OBSERVE_NVM);
    lab_cut(lab, HOSTLINK_CUT_AT_NVM, 2, torn);
    do {
        call = lab_run_until(lab, HOSTLINK_NVM_STARTED);
    } while (call.body[0] != 2);
    *ret_time = call.time;
    call = lab_run_until(lab, HOSTLINK_POWER_LOST);
    *ret_time = call.time - *ret_time;
    lost = power_lost(&call);
    lab_look(lab, HOSTLINK_SPACE_FLASH, LOCKSTEP_ROM_PROGRAM_OFFSET + LOCKSTEP_ROM_PROGRAM_BYTES,
             ret_bytes, LOCKSTEP_ROM_PROGRAM_BYTES);
    return lost;
}

static void expect_words(const uint8_t bytes[LOCKSTEP_ROM_PROGRAM_BYTES], uint32_t low,
                         uint32_t high)
{
    uint32_t words[2];

    memcpy(words, bytes, sizeof(words));
    assert_int_equal(words[0], low);
    assert_int_equal(words[1], high);
}

static void test_lockstep__tears_a_program_as_declared(void **state)
{
    const uint32_t low = LOCKSTEP_ROM_WORD + 1;
    Lab *lab = *state;
    uint8_t bytes[LOCKSTEP_ROM_PROGRAM_BYTES];
    HostlinkPowerLost lost;
    uint64_t time;

    lost = tear_program(lab, HOSTLINK_TORN_NOTHING, &time, bytes);
    assert_int_equal(time, 0);
    assert_int_equal(lost.nvm_operations, 2);
    assert_int_equal(lost.torn_operation, 1);
    assert_int_equal(lost.changed_bits, 0);
    expect_words(bytes, 0xffffffff, 0xffffffff);

    lost = tear_program(lab, HOSTLINK_TORN_PREFIX, &time, bytes);
    assert_int_equal(time, FLASH_PROGRAM_NS / 2);
    assert_int_equal(lost.torn, HOSTLINK_TORN_PREFIX);
    assert_int_equal(lost.changed_bits, 32 - __builtin_popcount(low));
    expect_words(bytes, low, 0xffffffff);

    lost = tear_program(lab, HOSTLINK_TORN_HALF, &time, bytes);
    expect_words(bytes, low, 0xffffffff);

    lost = tear_program(lab, HOSTLINK_TORN_COMPLETE, &time, bytes);
    assert_int_equal(time, FLASH_PROGRAM_NS);
    assert_int_equal(lost.torn_operation, 1);
    assert_int_equal(lost.changed_bits, 32);
    expect_words(bytes, low, ~low);
}

static void test_lockstep__tears_random_bits_by_the_seed(void **state)
{
    const uint32_t low = LOCKSTEP_ROM_WORD + 1;
    Lab *lab = *state;
    uint8_t bytes[LOCKSTEP_ROM_PROGRAM_BYTES];
    uint8_t again[LOCKSTEP_ROM_PROGRAM_BYTES];
    HostlinkPowerLost lost;
    uint32_t words[2];
    uint64_t time;

    lost = tear_program(lab, HOSTLINK_TORN_RANDOM, &time, bytes);
    tear_program(lab, HOSTLINK_TORN_RANDOM, &time, again);
    assert_memory_equal(bytes, again, sizeof(bytes));
    memcpy(words, bytes, sizeof(words));
    assert_int_equal(words[0] & low, low);
    assert_int_equal(words[1] & ~low, ~low);
    assert_in_range(lost.changed_bits, 1, 31);
    assert_int_equal(__builtin_popcount(words[0]) + __builtin_popcount(words[1]),
                     64 - (int)lost.changed_bits);
}

static void test_lockstep__weak_bits_flip_back_after_the_decay(void **state)
{
    const uint32_t low = LOCKSTEP_ROM_WORD + 1;
    const uint32_t idle = 0;
    Lab *lab = *state;
    uint8_t bytes[LOCKSTEP_ROM_PROGRAM_BYTES];
    uint32_t words[2];
    uint64_t time;
    uint64_t lost_at;
    LabCall call;

    tear_program(lab, HOSTLINK_TORN_WEAK, &time, bytes);
    expect_words(bytes, low, ~low);
    lab_write(lab, HOSTLINK_SPACE_FLASH, LOCKSTEP_ROM_TRIAL_OFFSET, &idle, sizeof(idle));
    lab_power_on(lab);
    lab_run(lab, 1);
    call = lab_next(lab); /* at once: the time of the loss */
    lost_at = call.time / 1000 * 1000;
    lab_run(lab, call.time + 999000);
    call = lab_next(lab);
    lab_look(lab, HOSTLINK_SPACE_FLASH, LOCKSTEP_ROM_PROGRAM_OFFSET + LOCKSTEP_ROM_PROGRAM_BYTES,
             bytes, sizeof(bytes));
    expect_words(bytes, low, ~low);
    lab_run(lab, lost_at + 1002000);
    lab_next(lab);
    lab_look(lab, HOSTLINK_SPACE_FLASH, LOCKSTEP_ROM_PROGRAM_OFFSET + LOCKSTEP_ROM_PROGRAM_BYTES,
             bytes, sizeof(bytes));
    memcpy(words, bytes, sizeof(words));
    assert_true(words[0] != low || words[1] != ~low);
    assert_int_equal(words[0] & low, low);
    assert_int_equal(words[1] & ~low, ~low);
    end_trial(lab);
}

static void test_lockstep__tears_an_erase_by_units(void **state)
{
    Lab *lab = *state;
    uint8_t old[FLASH_SECTOR_BYTES];
    uint8_t now[FLASH_SECTOR_BYTES];
    const uint32_t trial = LOCKSTEP_ROM_OPERATIONS;
    HostlinkPowerLost lost;
    LabCall call;

    memset(old, 0, sizeof(old));
    lab_begin(lab, false);
    lab_write(lab, HOSTLINK_SPACE_FLASH, LOCKSTEP_ROM_TRIAL_OFFSET, &trial, sizeof(trial));
    lab_write(lab, HOSTLINK_SPACE_FLASH, LOCKSTEP_ROM_ERASE_OFFSET, old, sizeof(old));
    lab_power_on(lab);
    lab_cut(lab, HOSTLINK_CUT_AT_NVM, 4, HOSTLINK_TORN_HALF);
    call = lab_run_until(lab, HOSTLINK_POWER_LOST);
    lost = power_lost(&call);
    lab_look(lab, HOSTLINK_SPACE_FLASH, LOCKSTEP_ROM_ERASE_OFFSET, now, sizeof(now));
    memset(old, 0xff, sizeof(old));
    assert_memory_equal(now, old, sizeof(now) / 2);
    assert_memory_not_equal(now + sizeof(now) / 2, old, sizeof(now) / 2);
    assert_in_range(lost.changed_bits, sizeof(now) * 5, sizeof(now) * 7);
}

static void test_lockstep__numbers_flash_and_fuse_operations_together(void **state)
{
    static const uint32_t kinds[] = {HOSTLINK_NVM_PROGRAM, HOSTLINK_NVM_PROGRAM,
                                     HOSTLINK_NVM_PROGRAM, HOSTLINK_NVM_ERASE, HOSTLINK_NVM_OTP};
    Lab *lab = *state;
    uint32_t fuses;

    lab_begin_trial(lab, LOCKSTEP_ROM_OPERATIONS);
    lab_order_word(lab, HOSTLINK_OBSERVE, HOSTLINK_OBSERVE_NVM);
    for (uint32_t i = 0; i < COUNT(kinds); i++) {
        HostlinkNvmOperation started;
        HostlinkNvmOperation done;
        LabCall call = lab_run_until(lab, HOSTLINK_NVM_STARTED);

        memcpy(&started, call.body, sizeof(started));
        assert_int_equal(started.number, i + 1);
        assert_int_equal(started.kind, kinds[i]);
        call = lab_run_until(lab, HOSTLINK_NVM_DONE);
        memcpy(&done, call.body, sizeof(done));
        assert_memory_equal(&started, &done, sizeof(done));
    }
    lab_look(lab, HOSTLINK_SPACE_OTP, LOCKSTEP_ROM_FUSE_WORD * 4, &fuses, sizeof(fuses));
    assert_int_equal(fuses, LOCKSTEP_ROM_FUSES);
    end_trial(lab);
}

static void test_lockstep__keeps_flash_and_fuses_over_begin_only_when_told(void **state)
{
    Lab *lab = *state;
    uint32_t fuses;
    uint32_t word;

    for (int keep = 1; keep >= 0; keep--) {
        lab_begin_trial(lab, LOCKSTEP_ROM_OPERATIONS);
        lab_run_until(lab, HOSTLINK_SLEEP_FOREVER);
        end_trial(lab);
        lab_begin(lab, keep);
        lab_look(lab, HOSTLINK_SPACE_OTP, LOCKSTEP_ROM_FUSE_WORD * 4, &fuses, sizeof(fuses));
        lab_look(lab, HOSTLINK_SPACE_FLASH, LOCKSTEP_ROM_PROGRAM_OFFSET, &word, sizeof(word));
        assert_int_equal(fuses, keep ? LOCKSTEP_ROM_FUSES : 0);
        assert_int_equal(word, keep ? LOCKSTEP_ROM_WORD : 0xffffffff);
    }
}

/* --- Resets and faults ------------------------------------------------------------------------ */

static void test_lockstep__resets_with_the_right_cause(void **state)
{
    static const struct {
        uint32_t trial;
        uint32_t cause;
    } cases[] = {
        {LOCKSTEP_ROM_LOCKUP, POWER_RESET_CAUSE_LOCKUP},
        {LOCKSTEP_ROM_LOCKUP_MASKED, POWER_RESET_CAUSE_LOCKUP},
        {LOCKSTEP_ROM_RESET_REQUEST, POWER_RESET_CAUSE_SOFTWARE},
    };
    Lab *lab = *state;

    for (size_t i = 0; i < COUNT(cases); i++) {
        LabCall call;

        lab_begin_trial(lab, cases[i].trial);
        call = lab_run_until(lab, HOSTLINK_RESET);
        assert_int_equal(lab_word(&call), cases[i].cause);
        assert_int_equal(shown(lab), cases[i].cause);
        end_trial(lab);
    }
}

static void test_lockstep__a_cut_in_the_reply_to_a_reset_comes_first(void **state)
{
    Lab *lab = *state;
    LabCall call;

    lab_begin_trial(lab, LOCKSTEP_ROM_RESET_REQUEST);
    call = lab_run_until(lab, HOSTLINK_RESET);
    lab_cut(lab, HOSTLINK_CUT_NOW, 0, HOSTLINK_TORN_NOTHING);
    lab_run(lab, HOSTLINK_NEVER);
    call = lab_next(lab);
    assert_int_equal(call.type, HOSTLINK_POWER_LOST);
}

static void test_lockstep__faults_where_nothing_may_be_accessed(void **state)
{
    static const uint32_t trials[] = {LOCKSTEP_ROM_STORE_FLASH, LOCKSTEP_ROM_READ_WINDOW,
                                      LOCKSTEP_ROM_WRAP, LOCKSTEP_ROM_STORE_WINDOW,
                                      LOCKSTEP_ROM_CLOSED_WINDOW};
    Lab *lab = *state;

    for (size_t i = 0; i < COUNT(trials); i++) {
        lab_begin_trial(lab, trials[i]);
        assert_int_equal(shown(lab), POWER_RESET_CAUSE_POWER_ON);
        assert_int_equal(shown(lab), trials[i]);
        end_trial(lab);
    }
}

static void test_lockstep__executes_what_flash_holds_now(void **state)
{
    Lab *lab = *state;

    for (int i = 0; i < 2; i++) {
        lab_begin_trial(lab, LOCKSTEP_ROM_REWRITE);
        assert_int_equal(shown(lab), POWER_RESET_CAUSE_POWER_ON);
        assert_int_equal(shown(lab), 7);
        assert_int_equal(shown(lab), 3);
        end_trial(lab);
    }
}

/* --- Traffic ---------------------------------------------------------------------------------- */

static void test_lockstep__sends_a_started_line_when_the_processor_sleeps(void **state)
{
    Lab *lab = *state;
    LabCall call;

    lab_begin_trial(lab, LOCKSTEP_ROM_SPEAK);
    call = lab_run_until(lab, HOSTLINK_UART_SENT);
    assert_int_equal(call.bytes, 2);
    assert_memory_equal(call.body, "hi", 2);
    end_trial(lab);
}

static void test_lockstep__says_how_long_it_will_idle(void **state)
{
    Lab *lab = *state;
    HostlinkHorizon horizon;
    LabCall call;

    lab_begin_trial(lab, LOCKSTEP_ROM_SPEAK);
    lab_run_until(lab, HOSTLINK_SLEEP_FOREVER);
    lab_cut(lab, HOSTLINK_CUT_AT_TIME, 9 * MS, HOSTLINK_TORN_NOTHING);
    lab_run(lab, 5 * MS);
    call = lab_next(lab);
    assert_int_equal(call.type, HOSTLINK_HORIZON);
    memcpy(&horizon, call.body, sizeof(horizon));
    assert_int_equal(call.time, 5 * MS);
    assert_int_equal(horizon.idle_until, 9 * MS);
    end_trial(lab);

    lab_begin_trial(lab, LOCKSTEP_ROM_SPIN);
    lab_order_word(lab, HOSTLINK_OBSERVE, 0);
    lab_run(lab, 5 * MS);
    call = lab_next(lab);
    memcpy(&horizon, call.body, sizeof(horizon));
    assert_int_equal(horizon.idle_until, call.time);
    end_trial(lab);
}

static void test_lockstep__echoes_frames_that_come_in_replies(void **state)
{
    Lab *lab = *state;
    uint8_t frame[NIC_FRAME_BYTES_MAX];

    lab_begin_trial(lab, LOCKSTEP_ROM_ECHO);
    lab_run_until(lab, HOSTLINK_SLEEP_FOREVER);
    for (uint32_t bytes = NIC_FRAME_BYTES_MIN; bytes <= NIC_FRAME_BYTES_MAX; bytes += 94) {
        LabCall call;

        memset(frame, (int)bytes, sizeof(frame));
        lab_order(lab, HOSTLINK_FRAME, frame, bytes);
        call = lab_run_until(lab, HOSTLINK_FRAME_SENT);
        assert_int_equal(call.bytes, bytes);
        assert_memory_equal(call.body, frame, bytes);
    }
    end_trial(lab);
}

/* --- Hostile ends ----------------------------------------------------------------------------- */

static void test_lockstep__survives_any_program(void **state)
{
    Lab *lab = *state;
    uint64_t first = 0;

    for (uint64_t seed = 1; seed <= 100; seed++) {
        for (int again = 0; again < 2; again++) {
            LabCall call;

            lab_begin_hostile(lab, seed);
            lab_cut(lab, HOSTLINK_CUT_AT_TIME, MS / 2, HOSTLINK_TORN_RANDOM);
            do {
                if (lab_calls(lab) > 2000) {
                    lab_cut(lab, HOSTLINK_CUT_NOW, 0, HOSTLINK_TORN_RANDOM);
                }
                lab_run(lab, HOSTLINK_NEVER);
                call = lab_next(lab);
            } while (call.type != HOSTLINK_POWER_LOST);
            if (!again) {
                first = lab_digest(lab);
            }
        }
        if (lab_digest(lab) != first) {
            fail_msg("seed %d does not repeat", (int)seed);
        }
    }
}

static void expect_break(uint32_t type, const void *body, size_t bytes)
{
    Lab *lab = lab_open(LAB_PLAIN);

    lab_order(lab, type, body, bytes);
    lab_run(lab, HOSTLINK_NEVER);
    assert_int_equal(lab_wait_exit(lab), 3);
}

static void test_lockstep__ends_when_the_lab_breaks_the_contract(void **state)
{
    const HostlinkRange outside = {
        .space = HOSTLINK_SPACE_FLASH, .offset = FLASH_BYTES - 4, .bytes = 8};
    const HostlinkRange nowhere = {.space = 99, .offset = 0, .bytes = 4};
    const HostlinkRange bodiless = {.space = HOSTLINK_SPACE_FLASH, .offset = 0, .bytes = 4};
    uint8_t zeros[64] = {0};

    (void)state;
    expect_break(HOSTLINK_RUN, zeros, 8);      /* with the power off */
    expect_break(HOSTLINK_POWER_ON, zeros, 8); /* before BEGIN */
    expect_break(HOSTLINK_BEGIN, zeros, 3);    /* too short */
    expect_break(HOSTLINK_KEY, zeros, 64);     /* too long */
    expect_break(9999, zeros, 0);              /* no such order */
    expect_break(HOSTLINK_READ, &outside, sizeof(outside));
    expect_break(HOSTLINK_READ, &nowhere, sizeof(nowhere));
    expect_break(HOSTLINK_WRITE, &bodiless, sizeof(bodiless));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        LAB_TEST(test_lockstep__repeats_a_run_in_one_process),
        LAB_TEST(test_lockstep__repeats_a_run_after_others),
        LAB_TEST(test_lockstep__repeats_a_run_while_the_main_loop_is_kept_awake),
        LAB_TEST(test_lockstep__does_not_repeat_a_run_without_the_guard),
        LAB_TEST(test_lockstep__cuts_at_every_instruction_asked_for),
        LAB_TEST(test_lockstep__counts_no_instruction_while_asleep),
        LAB_TEST(test_lockstep__cuts_at_a_time_to_the_instruction),
        LAB_TEST(test_lockstep__cuts_at_a_time_while_asleep_exactly),
        LAB_TEST(test_lockstep__a_later_cut_replaces_an_armed_one),
        LAB_TEST(test_lockstep__tears_a_program_as_declared),
        LAB_TEST(test_lockstep__tears_random_bits_by_the_seed),
        LAB_TEST(test_lockstep__weak_bits_flip_back_after_the_decay),
        LAB_TEST(test_lockstep__tears_an_erase_by_units),
        LAB_TEST(test_lockstep__numbers_flash_and_fuse_operations_together),
        LAB_TEST(test_lockstep__keeps_flash_and_fuses_over_begin_only_when_told),
        LAB_TEST(test_lockstep__resets_with_the_right_cause),
        LAB_TEST(test_lockstep__a_cut_in_the_reply_to_a_reset_comes_first),
        LAB_TEST(test_lockstep__faults_where_nothing_may_be_accessed),
        LAB_TEST(test_lockstep__executes_what_flash_holds_now),
        LAB_TEST(test_lockstep__sends_a_started_line_when_the_processor_sleeps),
        LAB_TEST(test_lockstep__says_how_long_it_will_idle),
        LAB_TEST(test_lockstep__echoes_frames_that_come_in_replies),
        LAB_TEST(test_lockstep__survives_any_program),
        cmocka_unit_test(test_lockstep__ends_when_the_lab_breaks_the_contract),
    };

    return cmocka_run_group_tests_name("lockstep", tests, NULL, NULL);
}
