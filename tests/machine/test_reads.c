/* SPDX-License-Identifier: MIT */
/* Are reads counted without being changed, told when they fetch again, and changed when ordered? */
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

#define US              UINT64_C(1000)
#define MS              UINT64_C(1000000)
#define COUNT(array)    (sizeof(array) / sizeof((array)[0]))
#define READS           (HOSTLINK_OBSERVE_PROGRESS | HOSTLINK_OBSERVE_READS)
#define REREADS         (READS | HOSTLINK_OBSERVE_REREADS)
#define STEP_NS         (137 * US)
#define CALLS_MAX       3000
#define SHOWN_MAX       64
#define TOLD_MAX        64
#define SEED            UINT64_C(0x5eed)
#define SEED_BIT(bytes) ((uint32_t)(draw(SEED) % (8 * (bytes))))

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

static void end_trial(Lab *lab)
{
    lab_cut(lab, HOSTLINK_CUT_NOW, 0, HOSTLINK_TORN_NOTHING);
    lab_run_until(lab, HOSTLINK_POWER_LOST);
}

/* SplitMix64. */
static uint64_t draw(uint64_t state)
{
    uint64_t z = state + UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static uint8_t datum(uint32_t i)
{
    return (uint8_t)draw(i);
}

static uint64_t data_value(uint32_t offset, uint32_t bytes)
{
    uint64_t value = 0;

    for (uint32_t i = bytes; i-- > 0;) {
        value = value << 8 | datum(offset - LOCKSTEP_ROM_DATA_OFFSET + i);
    }
    return value;
}

/* A new device with that trial and the data that it reads, powered on. */
static void begin_reading(Lab *lab, uint32_t trial)
{
    uint8_t bytes[LOCKSTEP_ROM_DATA_BYTES];

    for (uint32_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = datum(i);
    }
    lab_begin(lab, false);
    lab_write(lab, HOSTLINK_SPACE_FLASH, LOCKSTEP_ROM_TRIAL_OFFSET, &trial, sizeof(trial));
    lab_write(lab, HOSTLINK_SPACE_FLASH, LOCKSTEP_ROM_DATA_OFFSET, bytes, sizeof(bytes));
    lab_power_on(lab);
}

static void order_fault(Lab *lab, uint64_t at, uint32_t kind)
{
    const HostlinkReadFault fault = {.at = at, .seed = SEED, .kind = kind};

    lab_order(lab, HOSTLINK_READ_FAULT, &fault, sizeof(fault));
}

static HostlinkRead read_of(const LabCall *call)
{
    HostlinkRead read;

    assert_int_equal(call->bytes, sizeof(read));
    memcpy(&read, call->body, sizeof(read));
    return read;
}

static uint64_t wrong(uint64_t value, uint32_t bytes, uint32_t kind)
{
    switch (kind) {
    case HOSTLINK_READ_ZEROS:
        return 0;
    case HOSTLINK_READ_ONES:
        return UINT64_MAX >> (64 - 8 * bytes);
    default:
        return value ^ UINT64_C(1) << SEED_BIT(bytes);
    }
}

/* --- Counting, and going wrong once ------------------------------------------------------------
 */

/* What LOCKSTEP_ROM_READS reads, after the trial's own number. */
static const struct {
    uint32_t at; /* in the data */
    uint32_t bytes;
    uint32_t shown; /* which of the values shown it is part of */
    uint32_t shift; /* where in it, in bits */
    bool by_accelerator;
} reads[] = {
    {1, 1, 0, 0, false},   {2, 2, 1, 0, false},   {4, 4, 3, 0, false},   {9, 1, 4, 0, false},
    {10, 1, 4, 8, false},  {11, 1, 4, 16, false}, {12, 1, 4, 24, false}, {16, 8, 5, 0, false},
    {20, 4, 7, 0, false},  {24, 4, 8, 0, false},  {32, 4, 9, 0, false},  {36, 4, 10, 0, false},
    {40, 4, 11, 0, false}, {45, 1, 12, 0, false}, {46, 1, 12, 8, false}, {64, 8, 13, 0, true},
    {72, 8, 13, 0, true},  {80, 8, 13, 0, true},  {88, 8, 13, 0, true},  {96, 8, 13, 0, true},
    {104, 8, 13, 0, true}, {112, 8, 13, 0, true}, {120, 8, 13, 0, true}, {131, 8, 14, 0, true},
    {139, 8, 14, 0, true}, {147, 8, 14, 0, true}, {155, 8, 14, 0, true}, {163, 8, 14, 0, true},
    {171, 8, 14, 0, true}, {179, 8, 14, 0, true}, {187, 8, 14, 0, true},
};

#define READS_FIRST 2u /* number of the first of these */
#define READS_SHOWN 15u
#define READS_PC    2u /* shown */

typedef struct Story {
    uint32_t shown[SHOWN_MAX];
    uint64_t times[SHOWN_MAX];
    uint32_t shown_count;
    HostlinkRead faulted;
    uint32_t faulted_count;
} Story;

/* Runs to where the program sleeps. */
static Story run_reads(Lab *lab, uint64_t fault_at, uint32_t kind)
{
    Story story = {.shown_count = 0};

    begin_reading(lab, LOCKSTEP_ROM_READS);
    if (fault_at > 0) {
        order_fault(lab, fault_at, kind);
    }
    for (;;) {
        LabCall call;

        lab_run(lab, HOSTLINK_NEVER);
        call = lab_next(lab);
        if (call.type == HOSTLINK_SLEEP_FOREVER) {
            break;
        }
        if (call.type == HOSTLINK_READ_FAULTED) {
            story.faulted = read_of(&call);
            story.faulted_count++;
        } else {
            assert_int_equal(call.type, HOSTLINK_PROGRESS);
            assert_true(story.shown_count < SHOWN_MAX);
            story.shown[story.shown_count] = lab_word(&call) - LOCKSTEP_ROM_SHOWS;
            story.times[story.shown_count++] = call.time;
        }
    }
    end_trial(lab);
    /* The first shows the cause of the reset. */
    memmove(story.shown, story.shown + 1, sizeof(story.shown) - sizeof(story.shown[0]));
    memmove(story.times, story.times + 1, sizeof(story.times) - sizeof(story.times[0]));
    story.shown_count--;
    return story;
}

static void assert_one_read_is_wrong(const Story *story, const Story *right, size_t i,
                                     uint32_t kind)
{
    const uint32_t offset = LOCKSTEP_ROM_DATA_OFFSET + reads[i].at;
    const uint64_t value = data_value(offset, reads[i].bytes);
    const uint64_t given = wrong(value, reads[i].bytes, kind);
    const uint64_t change = (value ^ given) << reads[i].shift;

    assert_int_equal(story->faulted_count, 1);
    assert_int_equal(story->faulted.number, READS_FIRST + i);
    assert_int_equal(story->faulted.source, HOSTLINK_READ_FLASH);
    assert_int_equal(story->faulted.offset, offset);
    assert_int_equal(story->faulted.bytes, reads[i].bytes);
    assert_int_equal(story->faulted.value, value);
    assert_int_equal(story->faulted.given, given);
    assert_int_equal(story->faulted.pc == 0, reads[i].by_accelerator);
    for (uint32_t j = 0; j < READS_SHOWN; j++) {
        uint32_t expected = right->shown[j];

        assert_int_equal(story->times[j], right->times[j]);
        if (reads[i].by_accelerator && j >= reads[i].shown) {
            assert_int_not_equal(story->shown[j], expected);
            continue;
        }
        if (j == reads[i].shown) {
            expected ^= (uint32_t)change;
        } else if (j == reads[i].shown + 1 && reads[i].bytes == 8) {
            expected ^= (uint32_t)(change >> 32);
        }
        assert_int_equal(story->shown[j], expected);
    }
}

static void test_reads__gives_what_is_there_and_says_nothing(void **state)
{
    Lab *lab = *state;
    Story plain = run_reads(lab, 0, 0);
    Story counted;

    lab_observe(lab, READS);
    counted = run_reads(lab, 0, 0);
    assert_int_equal(plain.shown_count, READS_SHOWN);
    assert_memory_equal(&plain, &counted, sizeof(plain));
    assert_int_equal(counted.shown[3], data_value(LOCKSTEP_ROM_DATA_OFFSET + 4, 4));
    assert_int_equal(counted.shown[4], data_value(LOCKSTEP_ROM_DATA_OFFSET + 9, 4));
}

static void test_reads__one_goes_wrong_by_its_number_and_only_once(void **state)
{
    Lab *lab = *state;
    Story right;

    lab_observe(lab, READS);
    right = run_reads(lab, 0, 0);
    for (size_t i = 0; i < COUNT(reads); i++) {
        for (uint32_t kind = HOSTLINK_READ_ZEROS; kind <= HOSTLINK_READ_BIT; kind++) {
            Story story = run_reads(lab, READS_FIRST + i, kind);

            assert_one_read_is_wrong(&story, &right, i, kind);
            if (i == 2) {
                assert_int_equal(story.faulted.pc, story.shown[READS_PC]);
            }
        }
    }
}

static void test_reads__knows_the_instruction_while_edges_are_marked(void **state)
{
    Lab *lab = lab_open(LAB_EDGES);
    Story story;

    (void)state;
    lab_observe(lab, READS);
    story = run_reads(lab, READS_FIRST + 2, HOSTLINK_READ_ONES);
    assert_int_equal(story.faulted.pc, story.shown[READS_PC]);
    lab_close(lab);
}

static void test_reads__a_fault_after_the_last_never_strikes(void **state)
{
    Lab *lab = *state;
    Story right;
    Story story;

    lab_observe(lab, READS);
    right = run_reads(lab, 0, 0);
    story = run_reads(lab, READS_FIRST + COUNT(reads), HOSTLINK_READ_ONES);
    assert_memory_equal(&story, &right, sizeof(right));
}

/* --- Reading again ------------------------------------------------------------------------------
 */

typedef struct Told {
    uint32_t stage; /* LOCKSTEP_ROM_AGAIN_... */
    HostlinkRead read;
} Told;

typedef struct Tale {
    Told told[TOLD_MAX];
    uint32_t count;
} Tale;

static void hear(Lab *lab, Tale *tale)
{
    uint32_t stage = 0;

    for (;;) {
        LabCall call;

        lab_run(lab, HOSTLINK_NEVER);
        call = lab_next(lab);
        if (call.type == HOSTLINK_SLEEP_FOREVER) {
            return;
        }
        if (call.type == HOSTLINK_PROGRESS) {
            stage = lab_word(&call) - LOCKSTEP_ROM_SHOWS;
        } else if (call.type == HOSTLINK_REREAD) {
            assert_true(tale->count < TOLD_MAX);
            tale->told[tale->count++] = (Told){stage, read_of(&call)};
        }
    }
}

static void assert_told_again(const Tale *tale)
{
    static const struct {
        uint32_t stage;
        uint32_t at;
        uint32_t bytes;
    } expected[] = {
        {LOCKSTEP_ROM_AGAIN_WORD, 0, 4},    {LOCKSTEP_ROM_AGAIN_WORD, 0, 4},
        {LOCKSTEP_ROM_AGAIN_SERIES, 16, 1}, {LOCKSTEP_ROM_AGAIN_SERIES, 17, 1},
        {LOCKSTEP_ROM_AGAIN_SERIES, 18, 1}, {LOCKSTEP_ROM_AGAIN_SERIES, 19, 1},
        {LOCKSTEP_ROM_AGAIN_SERIES, 20, 1}, {LOCKSTEP_ROM_AGAIN_SERIES, 21, 1},
        {LOCKSTEP_ROM_AGAIN_SERIES, 16, 1}, {LOCKSTEP_ROM_AGAIN_SERIES, 17, 1},
        {LOCKSTEP_ROM_AGAIN_SERIES, 18, 1}, {LOCKSTEP_ROM_AGAIN_SERIES, 19, 1},
        {LOCKSTEP_ROM_AGAIN_SERIES, 20, 1}, {LOCKSTEP_ROM_AGAIN_SERIES, 21, 1},
        {LOCKSTEP_ROM_AGAIN_CHANGED, 0, 4}, {LOCKSTEP_ROM_AGAIN_HASH, 0, 8},
        {LOCKSTEP_ROM_AGAIN_HASH, 16, 8},   {LOCKSTEP_ROM_AGAIN_HASHES, 0, 8},
        {LOCKSTEP_ROM_AGAIN_HASHES, 8, 8},  {LOCKSTEP_ROM_AGAIN_HASHES, 16, 8},
        {LOCKSTEP_ROM_AGAIN_HASHES, 24, 8}, {LOCKSTEP_ROM_AGAIN_HASHES, 32, 8},
        {LOCKSTEP_ROM_AGAIN_HASHES, 40, 8}, {LOCKSTEP_ROM_AGAIN_HASHES, 48, 8},
        {LOCKSTEP_ROM_AGAIN_HASHES, 56, 8},
    };

    for (size_t i = 0; i < COUNT(expected) && i < tale->count; i++) {
        const Told *told = &tale->told[i];

        assert_int_equal(told->stage, expected[i].stage);
        assert_int_equal(told->read.source, HOSTLINK_READ_FLASH);
        assert_int_equal(told->read.offset, LOCKSTEP_ROM_DATA_OFFSET + expected[i].at);
        assert_int_equal(told->read.bytes, expected[i].bytes);
        assert_int_equal(told->read.given, told->read.value);
        assert_int_equal(told->read.pc == 0, expected[i].bytes == 8);
        assert_true(i == 0 || told->read.number > told[-1].read.number);
    }
    assert_int_equal(tale->count, COUNT(expected));
}

static void test_reads__tells_of_each_way_to_read_again_once(void **state)
{
    Lab *lab = *state;

    lab_observe(lab, REREADS);
    for (int i = 0; i < 2; i++) { /* BEGIN forgets what was told, and counts from 1 */
        Tale tale = {.count = 0};

        begin_reading(lab, LOCKSTEP_ROM_READS_AGAIN);
        hear(lab, &tale);
        assert_told_again(&tale);
        /* The trial's number, the first word, and then the loop. */
        assert_int_equal(tale.told[0].read.number, 3);
        assert_int_equal(tale.told[1].read.number, 4);
        end_trial(lab);
    }
}

static void test_reads__knows_nothing_of_what_was_read_before_a_loss_of_power(void **state)
{
    Lab *lab = *state;
    Tale tale = {.count = 0};

    lab_observe(lab, REREADS);
    begin_reading(lab, LOCKSTEP_ROM_SPEAK);
    hear(lab, &tale);
    end_trial(lab);
    lab_power_on(lab);
    hear(lab, &tale);
    assert_int_equal(tale.count, 0);
    end_trial(lab);
}

static void test_reads__remembers_over_a_reset(void **state)
{
    Lab *lab = *state;
    Tale tale = {.count = 0};

    lab_observe(lab, REREADS);
    begin_reading(lab, LOCKSTEP_ROM_RESET_REQUEST);
    hear(lab, &tale);
    assert_int_equal(tale.count, 1);
    assert_int_equal(tale.told[0].read.number, 2);
    assert_int_equal(tale.told[0].read.offset, LOCKSTEP_ROM_TRIAL_OFFSET);
    end_trial(lab);
}

static void test_reads__does_not_tell_unless_asked(void **state)
{
    Lab *lab = *state;
    Tale tale = {.count = 0};

    lab_observe(lab, READS);
    begin_reading(lab, LOCKSTEP_ROM_READS_AGAIN);
    hear(lab, &tale);
    assert_int_equal(tale.count, 0);
    end_trial(lab);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        LAB_TEST(test_reads__gives_what_is_there_and_says_nothing),
        LAB_TEST(test_reads__one_goes_wrong_by_its_number_and_only_once),
        cmocka_unit_test(test_reads__knows_the_instruction_while_edges_are_marked),
        LAB_TEST(test_reads__a_fault_after_the_last_never_strikes),
        LAB_TEST(test_reads__tells_of_each_way_to_read_again_once),
        LAB_TEST(test_reads__knows_nothing_of_what_was_read_before_a_loss_of_power),
        LAB_TEST(test_reads__remembers_over_a_reset),
        LAB_TEST(test_reads__does_not_tell_unless_asked),
    };

    return cmocka_run_group_tests_name("reads", tests, NULL, NULL);
}
