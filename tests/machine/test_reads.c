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
#define TOLD_MAX        512
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

/* How many reads have been counted. */
static uint64_t count_of(Lab *lab)
{
    uint64_t count;

    lab_look(lab, HOSTLINK_SPACE_READS, 0, &count, sizeof(count));
    return count;
}

/* What LOCKSTEP_ROM_READS_AGAIN reads again, in series of `count`. */
static const struct {
    uint32_t stage;
    uint32_t at; /* in the data */
    uint32_t bytes;
    uint32_t count;
} agains[] = {
    {LOCKSTEP_ROM_AGAIN_WORD, 0, 4, 1},    {LOCKSTEP_ROM_AGAIN_WORD, 0, 4, 1},
    {LOCKSTEP_ROM_AGAIN_SERIES, 16, 1, 6}, {LOCKSTEP_ROM_AGAIN_SERIES, 16, 1, 6},
    {LOCKSTEP_ROM_AGAIN_CHANGED, 0, 4, 1}, {LOCKSTEP_ROM_AGAIN_HASH, 0, 8, 1},
    {LOCKSTEP_ROM_AGAIN_HASH, 16, 8, 1},   {LOCKSTEP_ROM_AGAIN_HASHES, 0, 8, 8},
    {LOCKSTEP_ROM_AGAIN_LONG, 0, 8, 1},    {LOCKSTEP_ROM_AGAIN_LONG, 64, 8, 16 - 8},
};

/* The trial's number; words; bytes; words after the program, the change; three hashes of a block;
   a word; three hashes of a sector. */
#define AGAIN_READS (1 + 1 + 3 + 6 + 2 * 6 + 2 + 1 + 3 * 8 + 1 + 3 * FLASH_SECTOR_BYTES / 8)

static void assert_told_again(const Tale *tale)
{
    uint32_t n = 0;

    for (size_t i = 0; i < COUNT(agains); i++) {
        for (uint32_t j = 0; j < agains[i].count; j++, n++) {
            const Told *told = &tale->told[n];

            assert_true(n < tale->count);
            assert_int_equal(told->stage, agains[i].stage);
            assert_int_equal(told->read.source, HOSTLINK_READ_FLASH);
            assert_int_equal(told->read.offset,
                             LOCKSTEP_ROM_DATA_OFFSET + agains[i].at + j * agains[i].bytes);
            assert_int_equal(told->read.bytes, agains[i].bytes);
            assert_int_equal(told->read.given, told->read.value);
            assert_int_equal(told->read.pc == 0, agains[i].bytes == 8);
            assert_true(n == 0 || told->read.number > told[-1].read.number);
        }
    }
    assert_int_equal(tale->count, n);
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
        assert_int_equal(count_of(lab), AGAIN_READS);
        end_trial(lab);
    }
}

static void test_reads__does_not_tell_unless_asked(void **state)
{
    Lab *lab = *state;
    Tale tale = {.count = 0};

    lab_observe(lab, READS);
    begin_reading(lab, LOCKSTEP_ROM_READS_AGAIN);
    hear(lab, &tale);
    assert_int_equal(tale.count, 0);
    assert_int_equal(count_of(lab), AGAIN_READS);
    end_trial(lab);
}

static void test_reads__counts_nothing_unless_asked(void **state)
{
    Lab *lab = *state;
    Tale tale = {.count = 0};

    lab_observe(lab, REREADS);
    begin_reading(lab, LOCKSTEP_ROM_READS_AGAIN);
    hear(lab, &tale);
    end_trial(lab);
    lab_observe(lab, 0); /* as BEGIN leaves it */
    tale.count = 0;
    begin_reading(lab, LOCKSTEP_ROM_READS_AGAIN);
    hear(lab, &tale);
    assert_int_equal(tale.count, 0);
    assert_int_equal(count_of(lab), 0);
    end_trial(lab);
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
    assert_int_equal(count_of(lab), 2); /* the count goes on */
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

/* A function in flash, at its own address: `loads` loads from where the argument points, each with
   a program counter of its own. */
static void begin_loads(Lab *lab, uint32_t loads)
{
    static uint16_t code[2 * HOSTLINK_REREADS_MAX];
    const uint32_t trial = LOCKSTEP_ROM_CALLS_FLASH;
    const uint32_t value = 0x5a;

    assert_true(loads + 2 <= COUNT(code));
    for (uint32_t i = 0; i < loads; i++) {
        code[i] = 0x6801; /* ldr r1, [r0] */
    }
    code[loads] = 0x0008;     /* movs r0, r1 */
    code[loads + 1] = 0x4770; /* bx lr */
    lab_begin(lab, false);
    lab_write(lab, HOSTLINK_SPACE_FLASH, LOCKSTEP_ROM_TRIAL_OFFSET, &trial, sizeof(trial));
    lab_write(lab, HOSTLINK_SPACE_FLASH, LOCKSTEP_ROM_DATA_OFFSET, &value, sizeof(value));
    lab_write(lab, HOSTLINK_SPACE_FLASH, LOCKSTEP_ROM_CODE_OFFSET, code, sizeof(code));
    lab_power_on(lab);
}

static void test_reads__instructions_are_no_reads_and_calls_come_to_an_end(void **state)
{
    const uint32_t loads = HOSTLINK_REREADS_MAX + 500;
    Lab *lab = *state;
    uint64_t end[2];

    for (int observed = 0; observed < 2; observed++) {
        uint32_t told = 0;
        LabCall call;

        lab_observe(lab, observed ? REREADS : 0);
        begin_loads(lab, loads);
        lab_run_until(lab, HOSTLINK_PROGRESS);
        for (;;) {
            lab_run(lab, HOSTLINK_NEVER);
            call = lab_next(lab);
            if (call.type != HOSTLINK_REREAD) {
                break;
            }
            told++;
            assert_int_equal(read_of(&call).number, 2 + told);
            assert_int_equal(read_of(&call).pc, FLASH_BASE + LOCKSTEP_ROM_CODE_OFFSET + 2 * told);
        }
        assert_int_equal(lab_word(&call), LOCKSTEP_ROM_SHOWS + 0x5a);
        end[observed] = call.instructions;
        assert_int_equal(told, observed ? HOSTLINK_REREADS_MAX : 0);
        assert_int_equal(count_of(lab), observed ? 1 + loads : 0);
        end_trial(lab);
    }
    assert_int_equal(end[0], end[1]);
}

/* --- Frames -------------------------------------------------------------------------------------
 */

static void order_frame(Lab *lab, uint32_t bytes, uint8_t seed)
{
    uint8_t frame[NIC_FRAME_BYTES_MAX];

    for (uint32_t i = 0; i < bytes; i++) {
        frame[i] = (uint8_t)(seed + i);
    }
    lab_order(lab, HOSTLINK_FRAME, frame, bytes);
}

/* Lets the program read two frames that came together and one more; `ret_shown` takes five each. */
static void run_frames(Lab *lab, uint64_t fault_at, Tale *tale, uint32_t *ret_shown,
                       HostlinkRead *ret_faulted)
{
    uint32_t shown = 0;
    int sleeps = 0;

    begin_reading(lab, LOCKSTEP_ROM_READS_FRAMES);
    if (fault_at > 0) {
        order_fault(lab, fault_at, HOSTLINK_READ_ONES);
    }
    lab_run_until(lab, HOSTLINK_PROGRESS);
    for (;;) {
        LabCall call;

        lab_run(lab, HOSTLINK_NEVER);
        call = lab_next(lab);
        if (call.type == HOSTLINK_SLEEP_FOREVER) {
            if (sleeps == 2) {
                break;
            }
            order_frame(lab, 100, 0x10);
            if (sleeps++ == 0) {
                order_frame(lab, 64, 0x20);
            }
        } else if (call.type == HOSTLINK_REREAD) {
            assert_true(tale->count < TOLD_MAX);
            tale->told[tale->count++].read = read_of(&call);
        } else if (call.type == HOSTLINK_READ_FAULTED) {
            *ret_faulted = read_of(&call);
        } else {
            assert_int_equal(call.type, HOSTLINK_PROGRESS);
            ret_shown[shown++] = lab_word(&call) - LOCKSTEP_ROM_SHOWS;
        }
    }
    assert_int_equal(shown, 15);
    end_trial(lab);
}

static void test_reads__a_frame_is_new_until_it_has_been_read(void **state)
{
    static const uint32_t expected[15] = {100, 100, 0x13121110, 0x11, 0x01ee0304,
                                          64,  64,  0x23222120, 0x21, 0x01ee0304,
                                          100, 100, 0x13121110, 0x11, 0x01ee0304};
    Lab *lab = *state;
    uint32_t shown[15];
    Tale tale = {.count = 0};

    run_frames(lab, 0, &tale, shown, NULL);
    assert_memory_equal(shown, expected, sizeof(shown));
    lab_observe(lab, REREADS);
    run_frames(lab, 0, &tale, shown, NULL);
    assert_memory_equal(shown, expected, sizeof(shown));
    /* The length, and the byte of the word, again; once: what is stored there is new as well. */
    assert_int_equal(tale.count, 2);
    assert_int_equal(tale.told[0].read.number, 3);
    assert_int_equal(tale.told[0].read.source, HOSTLINK_READ_NIC_LENGTH);
    assert_int_equal(tale.told[0].read.offset, 0);
    assert_int_equal(tale.told[0].read.bytes, 4);
    assert_int_equal(tale.told[0].read.value, 100);
    assert_int_equal(tale.told[1].read.number, 5);
    assert_int_equal(tale.told[1].read.source, HOSTLINK_READ_NIC_BUFFER);
    assert_int_equal(tale.told[1].read.offset, 1);
    assert_int_equal(tale.told[1].read.bytes, 1);
    assert_int_equal(tale.told[1].read.value, 0x11);
}

static void test_reads__what_was_received_goes_wrong(void **state)
{
    static const uint32_t sources[5] = {HOSTLINK_READ_NIC_LENGTH, HOSTLINK_READ_NIC_LENGTH,
                                        HOSTLINK_READ_NIC_BUFFER, HOSTLINK_READ_NIC_BUFFER,
                                        HOSTLINK_READ_NIC_BUFFER};
    Lab *lab = *state;
    uint32_t right[15];
    Tale tale = {.count = 0};

    lab_observe(lab, READS);
    run_frames(lab, 0, &tale, right, NULL);
    for (uint32_t i = 0; i < COUNT(right); i++) {
        HostlinkRead faulted = {0};
        uint32_t shown[15];

        run_frames(lab, 2 + i, &tale, shown, &faulted);
        assert_int_equal(faulted.number, 2 + i);
        assert_int_equal(faulted.source, sources[i % 5]);
        assert_int_equal(faulted.value, right[i]);
        for (uint32_t j = 0; j < COUNT(right); j++) {
            assert_int_equal(shown[j], j != i ? right[j] : i % 5 == 3 ? 0xff : UINT32_MAX);
        }
    }
    assert_int_equal(tale.count, 0);
}

/* --- Nothing else is different ------------------------------------------------------------------
 */

static uint64_t fold(uint64_t digest, const void *bytes, size_t count)
{
    const uint8_t *at = bytes;

    /* FNV-1a. */
    for (size_t i = 0; i < count; i++) {
        digest = (digest ^ at[i]) * UINT64_C(0x100000001b3);
    }
    return digest;
}

/* Everything that a run says and leaves, but for what it reads. */
static uint64_t run_of(Lab *lab, uint32_t trial, uint64_t seed)
{
    static uint8_t memory[FLASH_BYTES];
    uint64_t digest = UINT64_C(0xcbf29ce484222325);
    uint64_t calls = 0;
    uint64_t next = STEP_NS;

    if (seed > 0) {
        lab_begin_hostile(lab, seed);
    } else {
        begin_reading(lab, trial);
    }
    lab_cut(lab, HOSTLINK_CUT_AT_TIME, 3 * MS, HOSTLINK_TORN_RANDOM);
    lab_run(lab, next);
    for (;;) {
        LabCall call = lab_next(lab);

        if (call.type != HOSTLINK_REREAD) {
            next = (call.time / STEP_NS + 1) * STEP_NS;
            digest = fold(digest, &call.type, sizeof(call.type));
            digest = fold(digest, &call.time, sizeof(call.time));
            digest = fold(digest, &call.instructions, sizeof(call.instructions));
            digest = fold(digest, call.body, call.bytes);
            calls++;
        }
        if (call.type == HOSTLINK_POWER_LOST) {
            break;
        }
        if (call.type == HOSTLINK_HORIZON) {
            order_frame(lab, 60 + (uint32_t)(call.time / STEP_NS % 900), 0);
        }
        if (calls == CALLS_MAX) {
            lab_cut(lab, HOSTLINK_CUT_NOW, 0, HOSTLINK_TORN_RANDOM);
        }
        lab_run(lab, next);
    }
    lab_look(lab, HOSTLINK_SPACE_FLASH, 0, memory, FLASH_BYTES);
    digest = fold(digest, memory, FLASH_BYTES);
    lab_look(lab, HOSTLINK_SPACE_SRAM, 0, memory, SRAM_BYTES);
    digest = fold(digest, memory, SRAM_BYTES);
    lab_look(lab, HOSTLINK_SPACE_EDGES, 0, memory, HOSTLINK_EDGES_BYTES);
    return fold(digest, memory, HOSTLINK_EDGES_BYTES);
}

static void assert_same_run(Lab *lab, uint32_t trial, uint64_t seed)
{
    uint64_t digest;

    lab_observe(lab, 0);
    digest = run_of(lab, trial, seed);
    lab_observe(lab, READS);
    if (run_of(lab, trial, seed) != digest) {
        fail_msg("trial %u, seed %u: differs when counted", trial, (unsigned)seed);
    }
    lab_observe(lab, REREADS);
    if (run_of(lab, trial, seed) != digest) {
        fail_msg("trial %u, seed %u: differs when told", trial, (unsigned)seed);
    }
}

static void test_reads__counting_changes_no_trial(void **state)
{
    for (uint32_t trial = LOCKSTEP_ROM_TICKS; trial <= LOCKSTEP_ROM_CALLS_FLASH; trial++) {
        if (trial != LOCKSTEP_ROM_HOSTILE) {
            assert_same_run(*state, trial, 0);
        }
    }
}

static void test_reads__counting_changes_no_program(void **state)
{
    for (uint64_t seed = 1; seed <= 30; seed++) {
        assert_same_run(*state, 0, seed);
    }
}

static void test_reads__counting_changes_no_edge(void **state)
{
    Lab *lab = lab_open(LAB_EDGES);

    (void)state;
    for (uint32_t trial = LOCKSTEP_ROM_CONTEXTS; trial <= LOCKSTEP_ROM_CALLS_FLASH; trial++) {
        assert_same_run(lab, trial, 0);
    }
    for (uint64_t seed = 1; seed <= 10; seed++) {
        assert_same_run(lab, 0, seed);
    }
    lab_close(lab);
}

static void test_reads__who_looks_from_outside_does_not_count(void **state)
{
    Lab *lab = *state;
    uint64_t digest;
    uint64_t count;

    lab_observe(lab, REREADS);
    digest = run_of(lab, LOCKSTEP_ROM_ECHO, 0);
    count = count_of(lab);
    assert_true(count > 100);
    lab_disturb(lab);
    for (int i = 0; i < 20; i++) {
        assert_int_equal(run_of(lab, LOCKSTEP_ROM_ECHO, 0), digest);
        assert_int_equal(count_of(lab), count);
    }
}

/* --- Orders in the middle of a read -------------------------------------------------------------
 */

/* Lets LOCKSTEP_ROM_READS_AGAIN run to its first call of a read, which shows nothing else. */
static HostlinkRead begin_and_hear_one(Lab *lab, uint64_t *ret_instructions)
{
    LabCall call;

    lab_observe(lab, REREADS);
    begin_reading(lab, LOCKSTEP_ROM_READS_AGAIN);
    call = lab_run_until(lab, HOSTLINK_REREAD);
    *ret_instructions = call.instructions;
    return read_of(&call);
}

static void test_reads__the_power_goes_after_the_instruction_that_reads(void **state)
{
    Lab *lab = *state;
    uint64_t instructions;
    LabCall call;

    begin_and_hear_one(lab, &instructions);
    lab_cut(lab, HOSTLINK_CUT_NOW, 0, HOSTLINK_TORN_NOTHING);
    lab_run(lab, HOSTLINK_NEVER);
    call = lab_next(lab);
    assert_int_equal(call.type, HOSTLINK_POWER_LOST);
    assert_int_equal(call.instructions, instructions);
}

static void test_reads__what_is_told_can_still_go_wrong(void **state)
{
    Lab *lab = *state;
    uint64_t instructions;
    HostlinkRead told = begin_and_hear_one(lab, &instructions);
    HostlinkRead faulted;
    LabCall call;

    order_fault(lab, told.number, HOSTLINK_READ_ZEROS);
    lab_run(lab, HOSTLINK_NEVER);
    call = lab_next(lab);
    assert_int_equal(call.type, HOSTLINK_READ_FAULTED);
    assert_int_equal(call.instructions, instructions);
    faulted = read_of(&call);
    assert_int_equal(faulted.given, 0);
    faulted.given = faulted.value;
    assert_memory_equal(&faulted, &told, sizeof(told));
    end_trial(lab);
}

static void test_reads__says_nothing_when_nothing_is_wrong(void **state)
{
    Lab *lab = *state;
    LabCall call;

    /* All ones, where the sixth word of an erased sector is told as such anyway. */
    lab_observe(lab, READS);
    lab_begin(lab, false);
    lab_power_on(lab);
    order_fault(lab, 1, HOSTLINK_READ_ONES); /* of the trial's number: none */
    lab_run(lab, HOSTLINK_NEVER);
    call = lab_next(lab);
    assert_int_equal(call.type, HOSTLINK_PROGRESS);
    lab_run(lab, HOSTLINK_NEVER);
    assert_int_equal(lab_next(lab).type, HOSTLINK_SLEEP_FOREVER);
    assert_int_equal(count_of(lab), 1);
    end_trial(lab);
}

static void test_reads__damage_comes_after_the_read_that_is_told(void **state)
{
    const HostlinkRange range = {
        .space = HOSTLINK_SPACE_FLASH, .offset = LOCKSTEP_ROM_DATA_OFFSET, .bytes = 4};
    uint8_t body[sizeof(range) + 4];
    Lab *lab = *state;
    uint64_t instructions;
    HostlinkRead told = begin_and_hear_one(lab, &instructions);
    HostlinkRead next;
    LabCall call;

    memcpy(body, &range, sizeof(range));
    memset(body + sizeof(range), 0xff, 4);
    order_fault(lab, told.number + 2, HOSTLINK_READ_ZEROS);
    lab_order(lab, HOSTLINK_DAMAGE, body, sizeof(body));
    lab_run(lab, HOSTLINK_NEVER);
    /* The next is the first of what is there now; the one after is a second again. */
    call = lab_next(lab);
    assert_int_equal(call.type, HOSTLINK_REREAD);
    next = read_of(&call);
    assert_int_equal(next.number, told.number + 2);
    assert_int_equal(next.value, ~told.value & UINT32_MAX);
    end_trial(lab);
}

/* --- Saving, and orders that break the contract -------------------------------------------------
 */

static void test_reads__a_restore_brings_back_what_is_observed(void **state)
{
    Lab *lab = *state;
    Tale first = {.count = 0};
    Tale second = {.count = 0};
    LabCall call;

    lab_observe(lab, REREADS);
    begin_reading(lab, LOCKSTEP_ROM_READS_AGAIN);
    lab_run_until(lab, HOSTLINK_PROGRESS);
    lab_run_until(lab, HOSTLINK_REREAD);
    order_fault(lab, 20, HOSTLINK_READ_BIT);
    lab_order(lab, HOSTLINK_SAVE, NULL, 0);
    hear(lab, &first);
    assert_int_equal(first.told[0].read.number, 4); /* 3 was told before */
    for (int i = 0; i < 2; i++) {
        /* Without counting, after a loss of power, before the restore. */
        end_trial(lab);
        lab_order_word(lab, HOSTLINK_OBSERVE, HOSTLINK_OBSERVE_PROGRESS);
        lab_power_on(lab);
        hear(lab, &second);
        assert_int_equal(second.count, 0);
        lab_restore(lab);
        call = lab_next(lab);
        assert_int_equal(call.type, HOSTLINK_SAVED);
        assert_int_equal(count_of(lab), 3);
        hear(lab, &second);
        assert_int_equal(second.count, first.count);
        for (uint32_t j = 0; j < first.count; j++) {
            assert_memory_equal(&second.told[j], &first.told[j], sizeof(first.told[j]));
        }
        assert_int_equal(count_of(lab), AGAIN_READS);
        second.count = 0;
    }
    end_trial(lab);
}

static void assert_ends(Lab *lab)
{
    lab_run(lab, HOSTLINK_NEVER);
    assert_int_equal(lab_wait_exit(lab), 3);
}

static void test_reads__ends_the_machine_if_a_fault_meets_no_count(void **state)
{
    Lab *lab = lab_open(LAB_PLAIN);

    (void)state;
    begin_reading(lab, LOCKSTEP_ROM_SPEAK);
    order_fault(lab, 1, HOSTLINK_READ_ONES);
    assert_ends(lab);
}

static void test_reads__ends_the_machine_if_a_fault_is_of_no_kind(void **state)
{
    static const uint32_t kinds[] = {0, HOSTLINK_READ_BIT + 1, 9, UINT32_MAX};

    (void)state;
    for (size_t i = 0; i < COUNT(kinds); i++) {
        Lab *lab = lab_open(LAB_PLAIN);

        lab_observe(lab, READS);
        begin_reading(lab, LOCKSTEP_ROM_SPEAK);
        order_fault(lab, 1, kinds[i]);
        assert_ends(lab);
    }
}

static void test_reads__ends_the_machine_if_a_fault_is_short_or_long(void **state)
{
    const uint8_t body[sizeof(HostlinkReadFault) + 1] = {0};

    (void)state;
    for (size_t bytes = sizeof(body) - 2; bytes <= sizeof(body); bytes += 2) {
        Lab *lab = lab_open(LAB_PLAIN);

        lab_observe(lab, READS);
        begin_reading(lab, LOCKSTEP_ROM_SPEAK);
        lab_order(lab, HOSTLINK_READ_FAULT, body, bytes);
        assert_ends(lab);
    }
}

static void test_reads__ends_the_machine_if_it_is_to_count_with_the_power_on(void **state)
{
    static const struct {
        uint32_t before;
        uint32_t after;
    } changes[] = {
        {HOSTLINK_OBSERVE_PROGRESS, READS},
        {READS, HOSTLINK_OBSERVE_PROGRESS},
        {HOSTLINK_OBSERVE_PROGRESS, REREADS},
        {READS, REREADS},
        {REREADS, READS},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(changes); i++) {
        Lab *lab = lab_open(LAB_PLAIN);

        lab_observe(lab, changes[i].before);
        begin_reading(lab, LOCKSTEP_ROM_SPEAK);
        lab_order_word(lab, HOSTLINK_OBSERVE, changes[i].after);
        assert_ends(lab);
    }
}

static void test_reads__ends_the_machine_if_it_is_to_tell_without_counting(void **state)
{
    Lab *lab = lab_open(LAB_PLAIN);

    (void)state;
    lab_observe(lab, HOSTLINK_OBSERVE_REREADS);
    begin_reading(lab, LOCKSTEP_ROM_SPEAK);
    assert_ends(lab);
}

static void test_reads__other_observations_may_change_with_the_power_on(void **state)
{
    Lab *lab = *state;
    Tale tale = {.count = 0};

    lab_observe(lab, READS);
    begin_reading(lab, LOCKSTEP_ROM_SPEAK);
    lab_order_word(lab, HOSTLINK_OBSERVE, HOSTLINK_OBSERVE_NVM | HOSTLINK_OBSERVE_READS);
    order_fault(lab, 0, 0); /* none */
    hear(lab, &tale);
    assert_int_equal(count_of(lab), 1);
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
        LAB_TEST(test_reads__does_not_tell_unless_asked),
        LAB_TEST(test_reads__counts_nothing_unless_asked),
        LAB_TEST(test_reads__knows_nothing_of_what_was_read_before_a_loss_of_power),
        LAB_TEST(test_reads__remembers_over_a_reset),
        LAB_TEST(test_reads__instructions_are_no_reads_and_calls_come_to_an_end),
        LAB_TEST(test_reads__a_frame_is_new_until_it_has_been_read),
        LAB_TEST(test_reads__what_was_received_goes_wrong),
        LAB_TEST(test_reads__counting_changes_no_trial),
        LAB_TEST(test_reads__counting_changes_no_program),
        cmocka_unit_test(test_reads__counting_changes_no_edge),
        LAB_TEST(test_reads__who_looks_from_outside_does_not_count),
        LAB_TEST(test_reads__the_power_goes_after_the_instruction_that_reads),
        LAB_TEST(test_reads__what_is_told_can_still_go_wrong),
        LAB_TEST(test_reads__says_nothing_when_nothing_is_wrong),
        LAB_TEST(test_reads__damage_comes_after_the_read_that_is_told),
        LAB_TEST(test_reads__a_restore_brings_back_what_is_observed),
        cmocka_unit_test(test_reads__ends_the_machine_if_a_fault_meets_no_count),
        cmocka_unit_test(test_reads__ends_the_machine_if_a_fault_is_of_no_kind),
        cmocka_unit_test(test_reads__ends_the_machine_if_a_fault_is_short_or_long),
        cmocka_unit_test(test_reads__ends_the_machine_if_it_is_to_count_with_the_power_on),
        cmocka_unit_test(test_reads__ends_the_machine_if_it_is_to_tell_without_counting),
        LAB_TEST(test_reads__other_observations_may_change_with_the_power_on),
    };

    return cmocka_run_group_tests_name("reads", tests, NULL, NULL);
}
