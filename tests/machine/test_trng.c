/* SPDX-License-Identifier: MIT */
/* Is the TRNG a stream that follows from the plan's seed alone, and does it fail in the open? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/machine/bench.h"
#include "vdevice/contract/hostlink.h"
#include "vdevice/contract/memory_map.h"
#include "vdevice/contract/regs.h"

#define STATUS (TRNG_BASE + TRNG_STATUS)
#define DATA   (TRNG_BASE + TRNG_DATA)
#define READY  REG_MASK(TRNG_STATUS_READY)
#define FAULT  REG_MASK(TRNG_STATUS_FAULT)

/* A new device of that seed, powered on. */
static void begin(Bench *bench, uint64_t seed)
{
    const HostlinkBegin new_device = {.trng_seed = seed, .battery_mv = 6000};

    bench_begin(bench, &new_device);
}

static void test_trng__is_ready_and_gives_a_fresh_word_at_each_read(void **state)
{
    Bench *bench = *state;
    uint32_t first = bench_read(bench, DATA);

    assert_int_equal(bench_read(bench, STATUS), READY);
    assert_int_not_equal(bench_read(bench, DATA), first);
}

/* xoshiro256** seeded by SplitMix64(0): the upper halves, computed independently. */
static void test_trng__stream_is_the_documented_one(void **state)
{
    Bench *bench = *state;

    begin(bench, 0);
    assert_int_equal(bench_read(bench, DATA), 0x99ec5f36u);
    assert_int_equal(bench_read(bench, DATA), 0xbf6e1f78u);
}

static void test_trng__same_seed_gives_the_same_stream(void **state)
{
    Bench *bench = *state;
    uint32_t words[16];

    begin(bench, 42);
    for (size_t i = 0; i < 16; i++) {
        words[i] = bench_read(bench, DATA);
    }
    begin(bench, 42);
    for (size_t i = 0; i < 16; i++) {
        assert_int_equal(bench_read(bench, DATA), words[i]);
    }
}

static void test_trng__neighbouring_seeds_give_different_streams(void **state)
{
    Bench *bench = *state;
    uint32_t of_42;

    begin(bench, 42);
    of_42 = bench_read(bench, DATA);
    begin(bench, 43);
    assert_int_not_equal(bench_read(bench, DATA), of_42);
}

static void test_trng__stuck_source_shows_fault_and_gives_zeros(void **state)
{
    Bench *bench = *state;

    bench_order_word(bench, HOSTLINK_TRNG_FAULT, 1);
    assert_int_equal(bench_read(bench, STATUS), FAULT);
    assert_int_equal(bench_read(bench, DATA), 0);
    assert_int_equal(bench_read(bench, DATA), 0);
}

static void test_trng__stream_goes_on_where_it_got_stuck(void **state)
{
    Bench *bench = *state;
    uint32_t second;

    begin(bench, 7);
    (void)bench_read(bench, DATA);
    second = bench_read(bench, DATA);

    begin(bench, 7);
    (void)bench_read(bench, DATA);
    bench_order_word(bench, HOSTLINK_TRNG_FAULT, 1);
    (void)bench_read(bench, DATA);
    bench_order_word(bench, HOSTLINK_TRNG_FAULT, 0);
    assert_int_equal(bench_read(bench, STATUS), READY);
    assert_int_equal(bench_read(bench, DATA), second);
}

static void test_trng__reset_neither_rewinds_nor_mends_it(void **state)
{
    Bench *bench = *state;
    uint32_t first;

    begin(bench, 7);
    first = bench_read(bench, DATA);
    bench_reset(bench);
    assert_int_not_equal(bench_read(bench, DATA), first);
    bench_order_word(bench, HOSTLINK_TRNG_FAULT, 1);
    bench_reset(bench);
    assert_int_equal(bench_read(bench, STATUS), FAULT);
    bench_power_cycle(bench, 0);
    assert_int_equal(bench_read(bench, STATUS), FAULT);
}

static void test_trng__new_device_works_again(void **state)
{
    Bench *bench = *state;

    bench_order_word(bench, HOSTLINK_TRNG_FAULT, 1);
    begin(bench, 1);
    assert_int_equal(bench_read(bench, STATUS), READY);
    assert_int_not_equal(bench_read(bench, DATA), 0);
}

static void test_trng__ignores_writes(void **state)
{
    Bench *bench = *state;

    bench_write(bench, STATUS, 0xffffffff);
    bench_write(bench, DATA, 0xffffffff);
    assert_int_equal(bench_read(bench, STATUS), READY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH_TEST(test_trng__is_ready_and_gives_a_fresh_word_at_each_read),
        BENCH_TEST(test_trng__stream_is_the_documented_one),
        BENCH_TEST(test_trng__same_seed_gives_the_same_stream),
        BENCH_TEST(test_trng__neighbouring_seeds_give_different_streams),
        BENCH_TEST(test_trng__stuck_source_shows_fault_and_gives_zeros),
        BENCH_TEST(test_trng__stream_goes_on_where_it_got_stuck),
        BENCH_TEST(test_trng__reset_neither_rewinds_nor_mends_it),
        BENCH_TEST(test_trng__new_device_works_again),
        BENCH_TEST(test_trng__ignores_writes),
    };

    return cmocka_run_group_tests_name("trng", tests, NULL, NULL);
}
