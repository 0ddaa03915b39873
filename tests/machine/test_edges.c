/* SPDX-License-Identifier: MIT */
/* Is the map of control-flow edges what was executed, and nothing of how it was executed? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/machine/lab.h"
#include "tests/machine/lockstep_rom.h"
#include "vdevice/contract/memory_map.h"

#define MS             UINT64_C(1000000)
#define INSTRUCTION_NS (UINT64_C(1) << CPU_ICOUNT_SHIFT)
#define HOSTILE_SEEDS  60

typedef struct Map {
    uint8_t bits[HOSTLINK_EDGES_BYTES];
} Map;

static int setup(void **state)
{
    *state = lab_open(LAB_EDGES);
    return 0;
}

static int teardown(void **state)
{
    lab_close(*state);
    return 0;
}

#define EDGES_TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

static unsigned edge_count(const Map *map)
{
    unsigned count = 0;

    for (size_t i = 0; i < sizeof(map->bits); i++) {
        count += (unsigned)__builtin_popcount(map->bits[i]);
    }
    return count;
}

/* How many edges of `map` are not in `other`. */
static unsigned edges_beyond(const Map *map, const Map *other)
{
    unsigned count = 0;

    for (size_t i = 0; i < sizeof(map->bits); i++) {
        count += (unsigned)__builtin_popcount((unsigned)(map->bits[i] & ~other->bits[i]));
    }
    return count;
}

/* Whether the device will do nothing more by itself. */
static bool is_at_rest(const LabCall *call)
{
    HostlinkHorizon horizon = {0};

    if (call->type == HOSTLINK_HORIZON) {
        memcpy(&horizon, call->body, sizeof(horizon));
    }
    return call->type == HOSTLINK_SLEEP_FOREVER || horizon.idle_until == HOSTLINK_NEVER;
}

/* Lets the device run, calling at least every `step`, until it rests or has lost its power. */
static void run_out(Lab *lab, uint64_t step, Map *ret_map)
{
    LabCall call = {.type = HOSTLINK_HELLO};
    uint64_t time = 0;

    while (call.type != HOSTLINK_POWER_LOST) {
        if (is_at_rest(&call)) {
            lab_cut(lab, HOSTLINK_CUT_NOW, 0, HOSTLINK_TORN_NOTHING);
        }
        lab_run(lab, step == HOSTLINK_NEVER ? HOSTLINK_NEVER : (time / step + 1) * step);
        call = lab_next(lab);
        time = call.time;
    }
    lab_look(lab, HOSTLINK_SPACE_EDGES, 0, ret_map->bits, sizeof(ret_map->bits));
}

/* The map of the first `instructions` of a trial. */
static void map_trial(Lab *lab, uint32_t trial, uint64_t instructions, uint64_t step, Map *ret_map)
{
    lab_begin_trial(lab, trial);
    lab_cut(lab, HOSTLINK_CUT_AT_INSTRUCTION, instructions, HOSTLINK_TORN_NOTHING);
    run_out(lab, step, ret_map);
}

static uint64_t draw(uint64_t *random)
{
    *random = *random * UINT64_C(6364136223846793005) + 1442695040888963407u;
    return *random >> 33;
}

/* Branches of all kinds among anything at all. */
static uint16_t draw_code(uint64_t *random)
{
    switch (draw(random) % 8) {
    case 0:
        return (uint16_t)(0xd000 | (draw(random) & 0xdff)); /* b<cond> */
    case 1:
        return (uint16_t)(0xb100 | (draw(random) & 0xbff)); /* cbz, cbnz and neighbours */
    case 2:
        return (uint16_t)(0x4700 | (draw(random) & 0xf8)); /* bx, blx */
    case 3:
        return (uint16_t)(0xbf00 | (draw(random) & 0xff)); /* it, hints */
    default:
        return (uint16_t)draw(random);
    }
}

static uint32_t draw_address(uint64_t *random)
{
    static const uint32_t bases[] = {FLASH_BASE + LOCKSTEP_ROM_CODE_OFFSET, SRAM_BASE, ROM_BASE};

    return bases[draw(random) % 3] + (uint32_t)(draw(random) % LOCKSTEP_ROM_CODE_BYTES);
}

/* The map of a program that nobody has written. */
static void map_hostile(Lab *lab, uint64_t seed, uint64_t step, Map *ret_map)
{
    const uint32_t trial = LOCKSTEP_ROM_HOSTILE;
    uint16_t code[LOCKSTEP_ROM_CODE_BYTES / 2];
    uint32_t table[LOCKSTEP_ROM_TABLE_WORDS];
    uint64_t random = seed * UINT64_C(0x9e3779b97f4a7c15);

    for (size_t i = 0; i < sizeof(code) / sizeof(code[0]); i++) {
        code[i] = draw_code(&random);
    }
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        table[i] = draw_address(&random);
    }
    lab_begin(lab, false);
    lab_write(lab, HOSTLINK_SPACE_FLASH, LOCKSTEP_ROM_TRIAL_OFFSET, &trial, sizeof(trial));
    lab_write(lab, HOSTLINK_SPACE_FLASH, LOCKSTEP_ROM_CODE_OFFSET, code, sizeof(code));
    lab_write(lab, HOSTLINK_SPACE_FLASH, LOCKSTEP_ROM_TABLE_OFFSET, table, sizeof(table));
    lab_power_on(lab);
    lab_cut(lab, HOSTLINK_CUT_AT_TIME, MS / 20, HOSTLINK_TORN_NOTHING);
    lab_order_word(lab, HOSTLINK_OBSERVE, 0);
    run_out(lab, step, ret_map);
}

static void test_edges__are_all_zero_when_switched_off(void **state)
{
    Lab *plain = lab_open(LAB_PLAIN);
    Map map;

    (void)state;
    map_trial(plain, LOCKSTEP_ROM_OPERATIONS, 400, HOSTLINK_NEVER, &map);
    lab_close(plain);
    assert_int_equal(edge_count(&map), 0);
}

static void test_edges__change_nothing_that_the_lab_is_told(void **state)
{
    Lab *labs[] = {lab_open(LAB_PLAIN), *state};
    uint64_t digests[2];

    for (int i = 0; i < 2; i++) {
        lab_begin_trial(labs[i], LOCKSTEP_ROM_TICKS);
        lab_cut(labs[i], HOSTLINK_CUT_AT_TIME, 300 * MS, HOSTLINK_TORN_NOTHING);
        lab_run_until(labs[i], HOSTLINK_POWER_LOST);
        assert_true(lab_calls(labs[i]) > 100);
        digests[i] = lab_digest(labs[i]);
    }
    lab_close(labs[0]);
    assert_int_equal(digests[0], digests[1]);
}

static void test_edges__are_cleared_by_begin(void **state)
{
    Lab *lab = *state;
    Map map;

    map_trial(lab, LOCKSTEP_ROM_TICKS, 4000, HOSTLINK_NEVER, &map);
    assert_true(edge_count(&map) > 0);
    lab_begin(lab, false);
    lab_look(lab, HOSTLINK_SPACE_EDGES, 0, map.bits, sizeof(map.bits));
    assert_int_equal(edge_count(&map), 0);
    map_trial(lab, LOCKSTEP_ROM_TICKS, 0, HOSTLINK_NEVER, &map);
    assert_int_equal(edge_count(&map), 0);
}

/* A loop of one instruction: the way in and the way back, and nothing more. */
static void test_edges__of_a_tight_loop_do_not_grow(void **state)
{
    Lab *lab = *state;
    Map early;
    Map late;

    map_trial(lab, LOCKSTEP_ROM_SPIN, 200, HOSTLINK_NEVER, &early);
    map_trial(lab, LOCKSTEP_ROM_SPIN, 200000, HOSTLINK_NEVER, &late);
    assert_true(edge_count(&early) > 1);
    assert_memory_equal(&early, &late, sizeof(early));
}

static void test_edges__differ_where_the_paths_do(void **state)
{
    static const uint32_t trials[] = {LOCKSTEP_ROM_TICKS, LOCKSTEP_ROM_OPERATIONS,
                                      LOCKSTEP_ROM_SPEAK, LOCKSTEP_ROM_REWRITE,
                                      LOCKSTEP_ROM_STORE_FLASH};
    enum {
        TRIALS = sizeof(trials) / sizeof(trials[0])
    };
    Map maps[TRIALS];

    for (int i = 0; i < TRIALS; i++) {
        map_trial(*state, trials[i], 300, 100 * MS, &maps[i]);
        for (int other = 0; other < i; other++) {
            assert_true(edges_beyond(&maps[i], &maps[other]) > 0);
            assert_true(edges_beyond(&maps[other], &maps[i]) > 0);
        }
    }
}

/* One instruction more is one edge more at most, and never one fewer. */
static void test_edges__come_one_by_one(void **state)
{
    Map before = {{0}};
    unsigned grown = 0;

    for (uint64_t at = 1; at < 300; at++) {
        Map map;

        map_trial(*state, LOCKSTEP_ROM_OPERATIONS, at, HOSTLINK_NEVER, &map);
        assert_int_equal(edges_beyond(&before, &map), 0);
        assert_true(edges_beyond(&map, &before) <= 1);
        grown += edges_beyond(&map, &before);
        before = map;
    }
    assert_true(grown > 10);
}

static void test_edges__do_not_depend_on_how_the_code_was_cut_up(void **state)
{
    static const uint32_t trials[] = {LOCKSTEP_ROM_TICKS, LOCKSTEP_ROM_OPERATIONS,
                                      LOCKSTEP_ROM_REWRITE};
    static const uint64_t steps[] = {INSTRUCTION_NS, 3 * INSTRUCTION_NS, 7777, 100000};

    for (size_t i = 0; i < sizeof(trials) / sizeof(trials[0]); i++) {
        Map whole;

        map_trial(*state, trials[i], 3000, 100 * MS, &whole);
        for (size_t step = 0; step < sizeof(steps) / sizeof(steps[0]); step++) {
            /* One call an instruction is slow while the processor sleeps. */
            uint64_t instructions = steps[step] < 1000 ? 120 : 3000;
            Map cut_up;
            Map same;

            map_trial(*state, trials[i], instructions, steps[step], &cut_up);
            map_trial(*state, trials[i], instructions, 100 * MS, &same);
            assert_memory_equal(&cut_up, &same, sizeof(same));
            assert_int_equal(edges_beyond(&cut_up, &whole), 0);
        }
    }
}

static void test_edges__do_not_depend_on_what_ran_before(void **state)
{
    Lab *fresh = lab_open(LAB_EDGES);
    Map first;
    Map again;

    for (uint64_t seed = 1; seed <= 20; seed++) {
        map_hostile(*state, seed, HOSTLINK_NEVER, &first);
    }
    for (uint32_t trial = LOCKSTEP_ROM_TICKS; trial <= LOCKSTEP_ROM_SPEAK; trial++) {
        map_trial(fresh, trial, 2000, 100 * MS, &first);
        map_trial(*state, trial, 2000, 100 * MS, &again);
        assert_memory_equal(&first, &again, sizeof(first));
    }
    lab_close(fresh);
}

static void test_edges__of_any_program_repeat(void **state)
{
    static const uint64_t steps[] = {HOSTLINK_NEVER, 8 * INSTRUCTION_NS, 12345};
    unsigned most = 0;

    for (uint64_t seed = 1; seed <= HOSTILE_SEEDS; seed++) {
        Map first;

        map_hostile(*state, seed, 50000, &first);
        most = edge_count(&first) > most ? edge_count(&first) : most;
        for (size_t step = 0; step < sizeof(steps) / sizeof(steps[0]); step++) {
            Map again;

            map_hostile(*state, seed, steps[step], &again);
            if (memcmp(&first, &again, sizeof(first)) != 0) {
                fail_msg("seed %u: %u edges, or %u with another horizon", (unsigned)seed,
                         edge_count(&first), edge_count(&again));
            }
        }
    }
    assert_true(most > 30);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        EDGES_TEST(test_edges__are_all_zero_when_switched_off),
        EDGES_TEST(test_edges__change_nothing_that_the_lab_is_told),
        EDGES_TEST(test_edges__are_cleared_by_begin),
        EDGES_TEST(test_edges__of_a_tight_loop_do_not_grow),
        EDGES_TEST(test_edges__differ_where_the_paths_do),
        EDGES_TEST(test_edges__come_one_by_one),
        EDGES_TEST(test_edges__do_not_depend_on_how_the_code_was_cut_up),
        EDGES_TEST(test_edges__do_not_depend_on_what_ran_before),
        EDGES_TEST(test_edges__of_any_program_repeat),
    };

    return cmocka_run_group_tests_name("edges", tests, NULL, NULL);
}
