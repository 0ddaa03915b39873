/* SPDX-License-Identifier: MIT */
/*
 * Is a machine that was taken back to where it was saved the machine that was saved?
 *
 * Each test makes a run from the start to a loss of power, once without a SAVE: all calls, and the
 * memories at the end, make its digest. Then the run is made again with a SAVE in it, and
 * taken back to that several times. The digest must be the same each time.
 */
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

#define US            UINT64_C(1000)
#define MS            UINT64_C(1000000)
#define COUNT(array)  (sizeof(array) / sizeof((array)[0]))
#define STEP_NS       (137 * US) /* a horizon every so often */
#define CALLS_MAX     3000       /* then the power is cut: some programs never stop talking */
#define MEMORIES      4
#define NO_SAVE       UINT64_MAX
#define RESTORES_LAST UINT32_MAX /* only when the power is lost */

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

/* What a run is: the same story, the same run. */
typedef struct Story {
    uint32_t trial;
    uint64_t seed; /* of a hostile program; 0: none */
    uint32_t when; /* HOSTLINK_CUT_... */
    uint64_t at;
    uint32_t torn;
    bool stirred; /* the world does something at each horizon */
    bool watched; /* operations are observed, too */
    bool told;    /* reads are counted, and told; the one of that number, if any, goes wrong */
    uint64_t misread;
    uint64_t step_ns; /* between horizons; 0: STEP_NS */
} Story;

static uint64_t next_horizon(const Story *story, uint64_t time)
{
    uint64_t step_ns = story->step_ns ? story->step_ns : STEP_NS;

    return (time / step_ns + 1) * step_ns;
}

#define READS (HOSTLINK_OBSERVE_READS | HOSTLINK_OBSERVE_REREADS)

static void begin(Lab *lab, const Story *story)
{
    lab_observe(lab, story->told ? HOSTLINK_OBSERVE_PROGRESS | READS : 0);
    if (story->seed) {
        lab_begin_hostile(lab, story->seed);
    } else {
        lab_begin_trial(lab, story->trial);
    }
    lab_cut(lab, story->when, story->at, story->torn);
    if (story->watched) {
        lab_order_word(lab, HOSTLINK_OBSERVE,
                       HOSTLINK_OBSERVE_NVM | HOSTLINK_OBSERVE_PROGRESS |
                           (story->told ? READS : 0));
    }
    if (story->misread) {
        const HostlinkReadFault fault = {
            .at = story->misread, .seed = 3, .kind = HOSTLINK_READ_BIT};

        lab_order(lab, HOSTLINK_READ_FAULT, &fault, sizeof(fault));
    }
}

/* What the world does depends on nothing but the time. */
static void stir(Lab *lab, uint64_t time)
{
    uint64_t turn = time / STEP_NS;
    uint32_t value = (uint32_t)turn;
    uint8_t frame[NIC_FRAME_BYTES_MAX];

    memset(frame, (int)value, sizeof(frame));
    switch (turn % 13) {
    case 0:
        lab_order_word(lab, HOSTLINK_KEY, '0' + value % 10);
        break;
    case 1:
        lab_order_word(lab, HOSTLINK_DOOR, value / 13 % 2);
        break;
    case 2:
        lab_order_word(lab, HOSTLINK_BOLT_SET, value * 7 % 1000);
        break;
    case 3:
        lab_order(lab, HOSTLINK_PROBE, NULL, 0);
        break;
    case 4:
        lab_order_word(lab, HOSTLINK_BATTERY, 4000 + value % 1000);
        break;
    case 5:
        lab_order(lab, HOSTLINK_UART_BYTES, "bytes", 5);
        break;
    case 6:
        lab_order_word(lab, HOSTLINK_LINK, value / 13 % 4 != 0);
        break;
    default:
        lab_order(lab, HOSTLINK_FRAME, frame, NIC_FRAME_BYTES_MIN + value * 31 % 1500);
        break;
    }
}

/* Orders that must leave nothing behind, when a restore follows. */
static void spoil(Lab *lab, const Story *story, bool powered)
{
    const HostlinkReadFault fault = {.at = 0};
    uint8_t body[sizeof(HostlinkRange) + 64] = {0};
    const HostlinkRange range = {
        .space = HOSTLINK_SPACE_FLASH, .offset = LOCKSTEP_ROM_TRIAL_OFFSET, .bytes = 64};

    memcpy(body, &range, sizeof(range));
    memset(body + sizeof(range), 0x5a, 64);
    lab_order(lab, HOSTLINK_DAMAGE, body, sizeof(body));
    lab_order_word(lab, HOSTLINK_TRNG_FAULT, 1);
    if (story->told) {
        lab_order(lab, HOSTLINK_READ_FAULT, &fault, sizeof(fault));
    }
    lab_order_word(lab, HOSTLINK_OBSERVE, story->told && powered ? READS : 0);
    lab_order(lab, HOSTLINK_PROBE, NULL, 0);
    if (powered) {
        lab_cut(lab, HOSTLINK_CUT_NOW, 0, HOSTLINK_TORN_RANDOM);
        lab_order(lab, HOSTLINK_SAVE, NULL, 0); /* too late to replace what is kept */
    } else {
        lab_order_word(lab, HOSTLINK_BOLT_SET, 333);
        lab_power_on(lab);
    }
}

static void look_at_memories(Lab *lab)
{
    static uint8_t bytes[FLASH_BYTES];

    lab_look(lab, HOSTLINK_SPACE_FLASH, 0, bytes, FLASH_BYTES);
    lab_look(lab, HOSTLINK_SPACE_OTP, 0, bytes, OTP_WORDS * 4);
    lab_look(lab, HOSTLINK_SPACE_SRAM, 0, bytes, SRAM_BYTES);
    lab_look(lab, HOSTLINK_SPACE_EDGES, 0, bytes, HOSTLINK_EDGES_BYTES);
}

/*
 * Makes the run of `story`, with a SAVE in the reply to the call that comes after `save_at` others;
 * takes it back to that `restores` times, each after `restore_after` more calls, or at the latest
 * when the power is lost. Returns the digest.
 */
static uint64_t make_run(Lab *lab, const Story *story, uint64_t save_at, uint32_t restores,
                         uint32_t restore_after)
{
    uint64_t saved_calls = NO_SAVE;
    uint64_t saved_time = 0;
    uint64_t saved_instructions = 0;

    begin(lab, story);
    lab_run(lab, next_horizon(story, 0));
    for (;;) {
        LabCall call = lab_next(lab);
        bool over = call.type == HOSTLINK_POWER_LOST;

        if (call.type == HOSTLINK_SAVED) {
            if (saved_calls == NO_SAVE) {
                saved_calls = lab_calls(lab);
                saved_time = call.time;
                saved_instructions = call.instructions;
            }
            assert_int_equal(lab_calls(lab), saved_calls);
            assert_int_equal(call.time, saved_time);
            assert_int_equal(call.instructions, saved_instructions);
        } else if (saved_calls != NO_SAVE && restores > 0 &&
                   (over || lab_calls(lab) - saved_calls >= restore_after)) {
            spoil(lab, story, !over);
            lab_restore(lab);
            restores--;
            continue;
        }
        if (over) {
            look_at_memories(lab);
            return lab_digest(lab);
        }
        if (story->stirred && call.type == HOSTLINK_HORIZON) {
            stir(lab, call.time);
        }
        if (lab_calls(lab) == CALLS_MAX) {
            lab_cut(lab, HOSTLINK_CUT_NOW, 0, HOSTLINK_TORN_RANDOM);
        }
        if (call.type != HOSTLINK_SAVED && lab_calls(lab) == save_at) {
            lab_order(lab, HOSTLINK_SAVE, NULL, 0);
        }
        lab_run(lab, next_horizon(story, call.time));
    }
}

/* Makes the run with a SAVE at each `stride`th of its calls; with a SAVE only, restored twice at
   its end, and after a few calls. */
static void assert_can_be_taken_back(Lab *lab, const Story *story, uint64_t stride)
{
    uint64_t digest = make_run(lab, story, NO_SAVE, 0, 0);
    uint64_t calls = lab_calls(lab) - MEMORIES;

    for (uint64_t at = 1; at < calls; at += stride) {
        const struct {
            uint32_t restores;
            uint32_t after;
        } ways[] = {{0, 0}, {2, RESTORES_LAST}, {2, 1 + (uint32_t)(at / stride % 7)}};

        for (size_t i = 0; i < COUNT(ways); i++) {
            if (make_run(lab, story, at, ways[i].restores, ways[i].after) != digest) {
                fail_msg("trial %u, seed %u: saved after %u calls, restored %u times: differs",
                         story->trial, (unsigned)story->seed, (unsigned)at, ways[i].restores);
            }
        }
    }
}

static void test_restore__takes_back_a_processor_that_sleeps_and_wakes(void **state)
{
    const Story story = {
        .trial = LOCKSTEP_ROM_TICKS, .when = HOSTLINK_CUT_AT_TIME, .at = 20 * MS, .stirred = true};

    assert_can_be_taken_back(*state, &story, 7);
}

static void test_restore__takes_back_flash_and_fuse_operations(void **state)
{
    const Story story = {.trial = LOCKSTEP_ROM_OPERATIONS,
                         .when = HOSTLINK_CUT_AT_TIME,
                         .at = 60 * MS,
                         .watched = true,
                         .step_ns = 2 * MS};

    assert_can_be_taken_back(*state, &story, 3);
}

static void test_restore__takes_back_an_operation_that_tears(void **state)
{
    for (uint32_t torn = HOSTLINK_TORN_NOTHING; torn <= HOSTLINK_TORN_COMPLETE; torn++) {
        for (uint64_t operation = 2; operation <= 5; operation++) {
            const Story story = {.trial = LOCKSTEP_ROM_OPERATIONS,
                                 .when = HOSTLINK_CUT_AT_NVM,
                                 .at = operation,
                                 .torn = torn,
                                 .watched = true,
                                 .step_ns = 3 * MS};

            assert_can_be_taken_back(*state, &story, 7);
        }
    }
}

static void test_restore__takes_back_frames(void **state)
{
    const Story story = {
        .trial = LOCKSTEP_ROM_ECHO, .when = HOSTLINK_CUT_AT_TIME, .at = 12 * MS, .stirred = true};

    assert_can_be_taken_back(*state, &story, 5);
}

static void test_restore__takes_back_every_context_of_the_processor(void **state)
{
    const Story story = {.trial = LOCKSTEP_ROM_CONTEXTS, .when = HOSTLINK_CUT_AT_TIME, .at = MS};

    assert_can_be_taken_back(*state, &story, 1);
}

static void test_restore__takes_back_code_that_changes(void **state)
{
    static const uint32_t trials[] = {LOCKSTEP_ROM_SRAM_CODE, LOCKSTEP_ROM_REWRITE};

    for (size_t i = 0; i < COUNT(trials); i++) {
        const Story story = {
            .trial = trials[i], .when = HOSTLINK_CUT_AT_TIME, .at = 2 * MS, .watched = true};

        assert_can_be_taken_back(*state, &story, 1);
    }
}

/* The motor's call is answered by a restore: the bolt's, of the same write, must not follow. */
static void test_restore__takes_back_a_write_that_has_more_to_say(void **state)
{
    const Story story = {.trial = LOCKSTEP_ROM_DRIVE, .when = HOSTLINK_CUT_AT_TIME, .at = 2 * MS};

    assert_can_be_taken_back(*state, &story, 1);
}

static void test_restore__takes_back_resets_and_faults(void **state)
{
    static const uint32_t trials[] = {LOCKSTEP_ROM_LOCKUP,        LOCKSTEP_ROM_LOCKUP_MASKED,
                                      LOCKSTEP_ROM_RESET_REQUEST, LOCKSTEP_ROM_STORE_FLASH,
                                      LOCKSTEP_ROM_READ_WINDOW,   LOCKSTEP_ROM_WRAP,
                                      LOCKSTEP_ROM_SPEAK,         LOCKSTEP_ROM_SPIN};

    for (size_t i = 0; i < COUNT(trials); i++) {
        const Story story = {
            .trial = trials[i], .when = HOSTLINK_CUT_AT_TIME, .at = MS, .stirred = true};

        assert_can_be_taken_back(*state, &story, 1);
    }
}

static void test_restore__takes_back_a_run_cut_at_an_instruction(void **state)
{
    for (uint64_t at = 300; at < 600; at += 51) {
        const Story story = {
            .trial = LOCKSTEP_ROM_CONTEXTS, .when = HOSTLINK_CUT_AT_INSTRUCTION, .at = at};

        assert_can_be_taken_back(*state, &story, 4);
    }
}

static void test_restore__takes_back_any_program(void **state)
{
    for (uint64_t seed = 1; seed <= 40; seed++) {
        const Story story = {.seed = seed,
                             .when = HOSTLINK_CUT_AT_TIME,
                             .at = MS / 2,
                             .torn = HOSTLINK_TORN_RANDOM,
                             .stirred = true,
                             .step_ns = 7 * US};

        assert_can_be_taken_back(*state, &story, 29);
    }
}

static void test_restore__takes_back_what_has_been_read(void **state)
{
    static const uint32_t trials[] = {LOCKSTEP_ROM_OPERATIONS,  LOCKSTEP_ROM_REWRITE,
                                      LOCKSTEP_ROM_ECHO,        LOCKSTEP_ROM_RESET_REQUEST,
                                      LOCKSTEP_ROM_READS_AGAIN, LOCKSTEP_ROM_READS_FRAMES,
                                      LOCKSTEP_ROM_STORE_FLASH};

    for (size_t i = 0; i < COUNT(trials); i++) {
        const Story story = {.trial = trials[i],
                             .when = HOSTLINK_CUT_AT_TIME,
                             .at = 2 * MS,
                             .stirred = true,
                             .watched = i % 2,
                             .told = true,
                             .misread = 9 * i};

        assert_can_be_taken_back(*state, &story, 5);
    }
}

static void test_restore__takes_back_what_any_program_has_read(void **state)
{
    for (uint64_t seed = 1; seed <= 20; seed++) {
        const Story story = {.seed = seed,
                             .when = HOSTLINK_CUT_AT_TIME,
                             .at = MS / 4,
                             .torn = HOSTLINK_TORN_RANDOM,
                             .stirred = true,
                             .told = true,
                             .misread = 100 * seed,
                             .step_ns = 7 * US};

        assert_can_be_taken_back(*state, &story, 97);
    }
}

static void test_restore__takes_back_a_hundred_times(void **state)
{
    const Story story = {
        .trial = LOCKSTEP_ROM_TICKS, .when = HOSTLINK_CUT_AT_TIME, .at = 5 * MS, .stirred = true};
    Lab *lab = *state;
    uint64_t digest = make_run(lab, &story, NO_SAVE, 0, 0);

    assert_int_equal(make_run(lab, &story, 20, 100, RESTORES_LAST), digest);
    assert_int_equal(make_run(lab, &story, 20, 100, 3), digest);
}

static void test_restore__takes_back_the_map_of_edges(void **state)
{
    Lab *lab = lab_open(LAB_EDGES);
    const Story contexts = {
        .trial = LOCKSTEP_ROM_CONTEXTS, .when = HOSTLINK_CUT_AT_TIME, .at = MS / 10};
    const Story hostile = {.seed = 7, .when = HOSTLINK_CUT_AT_TIME, .at = MS / 10, .step_ns = US};

    (void)state;
    assert_can_be_taken_back(lab, &contexts, 5);
    assert_can_be_taken_back(lab, &hostile, 7);
    lab_close(lab);
}

/* --- Saving and restoring at a call -------------------------------------------------------------
 */

static LabCall save(Lab *lab)
{
    LabCall call;

    lab_order(lab, HOSTLINK_SAVE, NULL, 0);
    lab_run(lab, HOSTLINK_NEVER);
    call = lab_next(lab);
    assert_int_equal(call.type, HOSTLINK_SAVED);
    return call;
}

static LabCall restore(Lab *lab)
{
    LabCall call;

    lab_restore(lab);
    call = lab_next(lab);
    assert_int_equal(call.type, HOSTLINK_SAVED);
    return call;
}

/* --- Code in flash, which changes and changes back ----------------------------------------------
 */

#define FUNCTIONS   5
#define SPEAKING    (FUNCTIONS - 1)
#define CODE_BYTES  10
#define CODE_ROUNDS 40 /* more contents than a machine may remember of a sector */

/* A function that returns one byte, `value` of its code. */
typedef struct Function {
    uint32_t offset;
    uint32_t value;
    uint8_t code[CODE_BYTES];
} Function;

static const Function functions[FUNCTIONS] = {
    {LOCKSTEP_ROM_FUNCTION_ARRAY, 0, {0, 0x20, 0x70, 0x47}}, /* movs r0, #n; bx lr */
    {LOCKSTEP_ROM_FUNCTION_SLOT_A, 0, {0, 0x20, 0x70, 0x47}},
    {LOCKSTEP_ROM_FUNCTION_SLOT_B, 0, {0, 0x20, 0x70, 0x47}},
    {LOCKSTEP_ROM_FUNCTION_ACROSS, 2, {0x40, 0xf2, 0, 0, 0x70, 0x47}}, /* movw r0, #n; bx lr */
    /* str r1, [r0]; b 1f; nop; 1: movs r0, #n; bx lr */
    {LOCKSTEP_ROM_FUNCTION_SPEAKING, 6, {1, 0x60, 0, 0xe0, 0, 0xbf, 0, 0x20, 0x70, 0x47}},
};

static void begin_calls(Lab *lab)
{
    const uint32_t trial = LOCKSTEP_ROM_FUNCTIONS;

    lab_begin(lab, false);
    lab_write(lab, HOSTLINK_SPACE_FLASH, LOCKSTEP_ROM_TRIAL_OFFSET, &trial, sizeof(trial));
    for (size_t i = 0; i < FUNCTIONS; i++) {
        lab_write(lab, HOSTLINK_SPACE_FLASH, functions[i].offset, functions[i].code, CODE_BYTES);
    }
    lab_power_on(lab);
    lab_run_until(lab, HOSTLINK_PROGRESS); /* the cause of the reset */
    lab_run(lab, HOSTLINK_NEVER);
}

/* Lets a function return something else from its next call on: `*value` and then that. */
static void rewrite(Lab *lab, size_t function, uint8_t *value, uint8_t with)
{
    uint8_t body[sizeof(HostlinkRange) + 1];
    const HostlinkRange range = {.space = HOSTLINK_SPACE_FLASH,
                                 .offset = functions[function].offset + functions[function].value,
                                 .bytes = 1};

    memcpy(body, &range, sizeof(range));
    body[sizeof(range)] = *value ^ with;
    lab_order(lab, HOSTLINK_DAMAGE, body, sizeof(body));
    *value = with;
}

/* Hears what the functions return in a round of calls. With `speaks`, the last one is rewritten
   between its own call to the lab and its end. */
static void assert_round_returns(Lab *lab, uint8_t values[FUNCTIONS], const uint8_t *speaks)
{
    for (size_t i = 0; i < FUNCTIONS; i++) {
        LabCall call = lab_next(lab);

        if (i == SPEAKING) {
            assert_int_equal(lab_word(&call), LOCKSTEP_ROM_SHOWS + LOCKSTEP_ROM_FUNCTION_SPEAKS);
            if (speaks) {
                rewrite(lab, SPEAKING, &values[SPEAKING], *speaks);
            }
            lab_run(lab, HOSTLINK_NEVER);
            call = lab_next(lab);
        }
        assert_int_equal(call.type, HOSTLINK_PROGRESS);
        assert_int_equal(lab_word(&call), LOCKSTEP_ROM_SHOWS + values[i]);
        if (i + 1 < FUNCTIONS) {
            lab_run(lab, HOSTLINK_NEVER);
        }
    }
}

static void end_calls(Lab *lab)
{
    lab_cut(lab, HOSTLINK_CUT_NOW, 0, HOSTLINK_TORN_NOTHING);
    lab_run_until(lab, HOSTLINK_POWER_LOST);
}

/* Whatever was there before, what is executed is what flash holds: after each change of one of the
   functions alone or of all, after it is taken back, and after the same change is made again. */
static void test_restore__executes_what_is_in_flash(void **state)
{
    Lab *lab = *state;
    uint8_t kept[FUNCTIONS] = {0};
    uint8_t values[FUNCTIONS];

    begin_calls(lab);
    assert_round_returns(lab, kept, NULL);
    save(lab);
    for (uint32_t round = 0; round < CODE_ROUNDS; round++) {
        memcpy(values, kept, sizeof(values));
        for (uint32_t time = 0; time < 3; time++) {
            for (size_t i = 0; i < FUNCTIONS; i++) {
                if (round % (FUNCTIONS + 1) == i || round % (FUNCTIONS + 1) == FUNCTIONS) {
                    rewrite(lab, i, &values[i], (uint8_t)(1 + (round + i) * (1 + time % 2)));
                }
            }
            lab_run(lab, HOSTLINK_NEVER);
            assert_round_returns(lab, values, NULL);
        }
        restore(lab);
        lab_run(lab, HOSTLINK_NEVER);
        assert_round_returns(lab, kept, NULL);
        if (round % 7 == 6) { /* what is kept may itself be something that was there before */
            for (size_t i = 0; i < FUNCTIONS; i++) {
                rewrite(lab, i, &kept[i], values[i]);
            }
            save(lab);
        }
    }
    end_calls(lab);
}

/* The block after the call to the lab was found long ago and is jumped to without a look-up. */
static void test_restore__executes_what_is_in_flash_from_the_next_instruction_on(void **state)
{
    static const uint8_t speaks[] = {3, 9, 3, 9, 0, 9};
    Lab *lab = *state;
    uint8_t values[FUNCTIONS] = {0};

    begin_calls(lab);
    for (int i = 0; i < 3; i++) {
        assert_round_returns(lab, values, NULL);
        lab_run(lab, HOSTLINK_NEVER);
    }
    for (size_t i = 0; i < COUNT(speaks); i++) {
        for (int n = 0; n < 3; n++) {
            assert_round_returns(lab, values, n == 0 ? &speaks[i] : NULL);
            lab_run(lab, HOSTLINK_NEVER);
        }
    }
    lab_next(lab);
    end_calls(lab);
}

/* --- What is kept, and until when ---------------------------------------------------------------
 */

static void test_restore__goes_back_to_the_latest_save(void **state)
{
    Lab *lab = *state;
    LabCall first;
    LabCall second;
    LabCall call;

    lab_begin_trial(lab, LOCKSTEP_ROM_TICKS);
    lab_run_until(lab, HOSTLINK_PROGRESS);
    first = save(lab);
    for (int i = 0; i < 5; i++) {
        lab_run_until(lab, HOSTLINK_PROGRESS);
    }
    second = save(lab);
    assert_true(second.time > first.time);
    lab_cut(lab, HOSTLINK_CUT_NOW, 0, HOSTLINK_TORN_NOTHING);
    lab_run_until(lab, HOSTLINK_POWER_LOST);
    call = restore(lab);
    assert_int_equal(call.time, second.time);
    call = lab_run_until(lab, HOSTLINK_PROGRESS);
    assert_int_equal(lab_word(&call), LOCKSTEP_ROM_SHOWS + 5);
    lab_cut(lab, HOSTLINK_CUT_NOW, 0, HOSTLINK_TORN_NOTHING);
    lab_run_until(lab, HOSTLINK_POWER_LOST);
}

static void test_restore__brings_power_back_with_a_cut_still_armed(void **state)
{
    Lab *lab = *state;
    LabCall call;

    lab_begin_trial(lab, LOCKSTEP_ROM_SPEAK);
    lab_run_until(lab, HOSTLINK_SLEEP_FOREVER);
    lab_cut(lab, HOSTLINK_CUT_AT_TIME, 50 * MS, HOSTLINK_TORN_NOTHING);
    save(lab);
    lab_cut(lab, HOSTLINK_CUT_NOW, 0, HOSTLINK_TORN_NOTHING);
    call = lab_run_until(lab, HOSTLINK_POWER_LOST);
    assert_true(call.time < 50 * MS);
    restore(lab);
    call = lab_run_until(lab, HOSTLINK_POWER_LOST);
    assert_int_equal(call.time, 50 * MS);
}

static void test_restore__a_save_dies_with_the_power(void **state)
{
    Lab *lab = *state;
    LabCall call;

    lab_begin_trial(lab, LOCKSTEP_ROM_SPEAK);
    lab_run_until(lab, HOSTLINK_SLEEP_FOREVER);
    lab_order(lab, HOSTLINK_SAVE, NULL, 0);
    lab_cut(lab, HOSTLINK_CUT_NOW, 0, HOSTLINK_TORN_NOTHING);
    lab_run(lab, HOSTLINK_NEVER);
    call = lab_next(lab);
    assert_int_equal(call.type, HOSTLINK_POWER_LOST);
    lab_power_on(lab);
    lab_run(lab, HOSTLINK_NEVER);
    call = lab_next(lab);
    assert_int_equal(call.type, HOSTLINK_PROGRESS);
    lab_cut(lab, HOSTLINK_CUT_NOW, 0, HOSTLINK_TORN_NOTHING);
    lab_run_until(lab, HOSTLINK_POWER_LOST);
}

static void test_restore__keeps_the_state_that_a_reset_leaves(void **state)
{
    Lab *lab = *state;
    LabCall call;

    lab_begin_trial(lab, LOCKSTEP_ROM_RESET_REQUEST);
    lab_run_until(lab, HOSTLINK_RESET);
    save(lab);
    for (int i = 0; i < 2; i++) {
        call = lab_run_until(lab, HOSTLINK_PROGRESS);
        assert_int_equal(lab_word(&call), LOCKSTEP_ROM_SHOWS + POWER_RESET_CAUSE_SOFTWARE);
        restore(lab);
    }
    lab_cut(lab, HOSTLINK_CUT_NOW, 0, HOSTLINK_TORN_NOTHING);
    lab_run_until(lab, HOSTLINK_POWER_LOST);
}

static void test_restore__ends_the_machine_if_nothing_is_kept(void **state)
{
    Lab *lab = lab_open(LAB_PLAIN);

    (void)state;
    lab_begin_trial(lab, LOCKSTEP_ROM_TICKS);
    lab_restore(lab);
    assert_int_equal(lab_wait_exit(lab), 3);
}

static void test_restore__ends_the_machine_after_a_begin(void **state)
{
    Lab *lab = lab_open(LAB_PLAIN);

    (void)state;
    lab_begin_trial(lab, LOCKSTEP_ROM_TICKS);
    save(lab);
    lab_cut(lab, HOSTLINK_CUT_NOW, 0, HOSTLINK_TORN_NOTHING);
    lab_run_until(lab, HOSTLINK_POWER_LOST);
    lab_begin_trial(lab, LOCKSTEP_ROM_TICKS);
    lab_restore(lab);
    assert_int_equal(lab_wait_exit(lab), 3);
}

static void test_restore__ends_the_machine_if_there_is_no_power_to_save(void **state)
{
    Lab *lab = lab_open(LAB_PLAIN);

    (void)state;
    lab_begin(lab, false);
    lab_order(lab, HOSTLINK_SAVE, NULL, 0);
    lab_power_on(lab);
    lab_run(lab, HOSTLINK_NEVER);
    assert_int_equal(lab_wait_exit(lab), 3);
}

static void test_restore__ends_the_machine_if_an_order_has_a_body(void **state)
{
    static const uint32_t orders[] = {HOSTLINK_SAVE, HOSTLINK_RESTORE};

    (void)state;
    for (size_t i = 0; i < COUNT(orders); i++) {
        Lab *lab = lab_open(LAB_PLAIN);

        lab_begin_trial(lab, LOCKSTEP_ROM_TICKS);
        save(lab);
        lab_order_word(lab, orders[i], 0);
        lab_run(lab, HOSTLINK_NEVER);
        assert_int_equal(lab_wait_exit(lab), 3);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        LAB_TEST(test_restore__takes_back_a_processor_that_sleeps_and_wakes),
        LAB_TEST(test_restore__takes_back_flash_and_fuse_operations),
        LAB_TEST(test_restore__takes_back_an_operation_that_tears),
        LAB_TEST(test_restore__takes_back_frames),
        LAB_TEST(test_restore__takes_back_every_context_of_the_processor),
        LAB_TEST(test_restore__takes_back_code_that_changes),
        LAB_TEST(test_restore__takes_back_a_write_that_has_more_to_say),
        LAB_TEST(test_restore__takes_back_resets_and_faults),
        LAB_TEST(test_restore__takes_back_a_run_cut_at_an_instruction),
        LAB_TEST(test_restore__takes_back_any_program),
        LAB_TEST(test_restore__takes_back_what_has_been_read),
        LAB_TEST(test_restore__takes_back_what_any_program_has_read),
        LAB_TEST(test_restore__takes_back_a_hundred_times),
        cmocka_unit_test(test_restore__takes_back_the_map_of_edges),
        LAB_TEST(test_restore__executes_what_is_in_flash),
        LAB_TEST(test_restore__executes_what_is_in_flash_from_the_next_instruction_on),
        LAB_TEST(test_restore__goes_back_to_the_latest_save),
        LAB_TEST(test_restore__brings_power_back_with_a_cut_still_armed),
        LAB_TEST(test_restore__a_save_dies_with_the_power),
        LAB_TEST(test_restore__keeps_the_state_that_a_reset_leaves),
        cmocka_unit_test(test_restore__ends_the_machine_if_nothing_is_kept),
        cmocka_unit_test(test_restore__ends_the_machine_after_a_begin),
        cmocka_unit_test(test_restore__ends_the_machine_if_there_is_no_power_to_save),
        cmocka_unit_test(test_restore__ends_the_machine_if_an_order_has_a_body),
    };

    return cmocka_run_group_tests_name("restore", tests, NULL, NULL);
}
