/* SPDX-License-Identifier: MIT */
/* Does the hash accelerator compute SHA-256, in its time, over what it may read? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "tests/machine/bench.h"
#include "vdevice/contract/hostlink.h"
#include "vdevice/contract/memory_map.h"
#include "vdevice/contract/regs.h"

#define STATUS     (HASHACC_BASE + HASHACC_STATUS)
#define SOURCE     (HASHACC_BASE + HASHACC_SOURCE)
#define BLOCKS     (HASHACC_BASE + HASHACC_BLOCKS)
#define START      (HASHACC_BASE + HASHACC_START)
#define IRQ_ENABLE (HASHACC_BASE + HASHACC_IRQ_ENABLE)
#define STATE      (HASHACC_BASE + HASHACC_STATE)

#define BUSY  REG_MASK(HASHACC_STATUS_BUSY)
#define DONE  REG_MASK(HASHACC_STATUS_DONE)
#define ERROR REG_MASK(HASHACC_STATUS_ERROR)

#define BLOCK_BYTES      64u
#define OPERATION_NS_MIN 1000

/* H(0) of FIPS 180-4, 5.3.3. */
static const uint32_t initial_state[8] = {
    0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
};

static void put_state(Bench *bench, const uint32_t state[8])
{
    for (uint32_t i = 0; i < 8; i++) {
        bench_write(bench, STATE + 4 * i, state[i]);
    }
}

static void assert_state(Bench *bench, const uint32_t state[8])
{
    for (uint32_t i = 0; i < 8; i++) {
        assert_int_equal(bench_read(bench, STATE + 4 * i), state[i]);
    }
}

static void start(Bench *bench, uint32_t source, uint32_t blocks)
{
    bench_write(bench, SOURCE, source);
    bench_write(bench, BLOCKS, blocks);
    bench_write(bench, START, 1);
}

/* Runs over memory that is padded already. */
static void run(Bench *bench, uint32_t source, uint32_t blocks)
{
    start(bench, source, blocks);
    assert_int_equal(bench_read(bench, STATUS), BUSY);
    bench_step(bench, (int64_t)blocks * BLOCK_BYTES + OPERATION_NS_MIN);
    assert_int_equal(bench_read(bench, STATUS), DONE);
}

/* Writes `text` with the padding of FIPS 180-4, 5.1.1, to `address`; returns the blocks. */
static uint32_t put_padded(Bench *bench, uint32_t address, const char *text, uint64_t bits_before)
{
    uint8_t bytes[256] = {0};
    uint32_t length = (uint32_t)strlen(text);
    uint32_t blocks = (length + 9 + BLOCK_BYTES - 1) / BLOCK_BYTES;
    uint64_t bits = bits_before + length * 8u;

    memcpy(bytes, text, length);
    bytes[length] = 0x80;
    for (uint32_t i = 0; i < 8; i++) {
        bytes[blocks * BLOCK_BYTES - 1 - i] = (uint8_t)(bits >> (8 * i));
    }
    bench_write_bytes(bench, address, bytes, blocks * BLOCK_BYTES);
    return blocks;
}

static void assert_refused(Bench *bench, uint32_t source, uint32_t blocks)
{
    start(bench, source, blocks);
    assert_int_equal(bench_read(bench, STATUS), DONE | ERROR);
    bench_write(bench, STATUS, DONE | ERROR);
}

static void assert_accepted(Bench *bench, uint32_t source, uint32_t blocks)
{
    start(bench, source, blocks);
    assert_int_equal(bench_read(bench, STATUS), BUSY);
    bench_step(bench, (int64_t)blocks * BLOCK_BYTES + OPERATION_NS_MIN);
    assert_int_equal(bench_read(bench, STATUS), DONE);
    bench_write(bench, STATUS, DONE);
}

/* NIST's example values for SHA-256: one block, two blocks, the empty message. */
static void test_hashacc__computes_the_published_examples(void **state)
{
    static const struct {
        const char *text;
        uint32_t digest[8];
    } examples[] = {
        {"abc",
         {0xba7816bf, 0x8f01cfea, 0x414140de, 0x5dae2223, 0xb00361a3, 0x96177a9c, 0xb410ff61,
          0xf20015ad}},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         {0x248d6a61, 0xd20638b8, 0xe5c02693, 0x0c3e6039, 0xa33ce459, 0x64ff2167, 0xf6ecedd4,
          0x19db06c1}},
        {"",
         {0xe3b0c442, 0x98fc1c14, 0x9afbf4c8, 0x996fb924, 0x27ae41e4, 0x649b934c, 0xa495991b,
          0x7852b855}},
    };

    for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
        uint32_t blocks = put_padded(*state, SRAM_BASE, examples[i].text, 0);

        put_state(*state, initial_state);
        run(*state, SRAM_BASE, blocks);
        assert_state(*state, examples[i].digest);
    }
}

/* NIST's long example, in three pieces: 1,000,000 times the letter a. */
static void test_hashacc__goes_on_from_the_state_it_is_given(void **state)
{
    static const uint32_t digest[8] = {
        0xcdc76e5c, 0x9914fb92, 0x81a1c7e2, 0x84d73e67,
        0xf1809a48, 0xa497200e, 0x046d39cc, 0xc7112cd0,
    };
    const uint32_t padding = SRAM_BASE + 0x70000;

    bench_fill(*state, SRAM_BASE, 'a', 6000 * BLOCK_BYTES);
    put_state(*state, initial_state);
    run(*state, SRAM_BASE, 6000);
    run(*state, SRAM_BASE, 6000);
    run(*state, SRAM_BASE, 3625);
    run(*state, padding, put_padded(*state, padding, "", 8000000));
    assert_state(*state, digest);
}

static void test_hashacc__reads_from_any_alignment(void **state)
{
    static const uint32_t digest[8] = {
        0xba7816bf, 0x8f01cfea, 0x414140de, 0x5dae2223,
        0xb00361a3, 0x96177a9c, 0xb410ff61, 0xf20015ad,
    };

    for (uint32_t offset = 1; offset < 4; offset++) {
        put_padded(*state, SRAM_BASE + offset, "abc", 0);
        put_state(*state, initial_state);
        run(*state, SRAM_BASE + offset, 1);
        assert_state(*state, digest);
    }
}

static void test_hashacc__takes_a_nanosecond_a_byte(void **state)
{
    start(*state, SRAM_BASE, 100);
    bench_step(*state, 100 * BLOCK_BYTES - 1);
    assert_int_equal(bench_read(*state, STATUS), BUSY);
    bench_step(*state, 1);
    assert_int_equal(bench_read(*state, STATUS), DONE);
}

static void test_hashacc__takes_a_microsecond_at_least(void **state)
{
    start(*state, SRAM_BASE, 1);
    bench_step(*state, OPERATION_NS_MIN - 1);
    assert_int_equal(bench_read(*state, STATUS), BUSY);
    bench_step(*state, 1);
    assert_int_equal(bench_read(*state, STATUS), DONE);
}

static void test_hashacc__refuses_counts_out_of_range(void **state)
{
    assert_refused(*state, FLASH_BASE, 0);
    assert_refused(*state, FLASH_BASE, 32769);
    assert_refused(*state, FLASH_BASE, UINT32_MAX);
    assert_accepted(*state, FLASH_BASE, 32768);
}

static void test_hashacc__reads_the_memories_to_their_very_ends(void **state)
{
    static const struct {
        uint32_t base;
        uint32_t bytes;
    } memories[] = {
        {ROM_BASE, ROM_BYTES},
        {FLASH_BASE, FLASH_BYTES},
        {WINDOW_BASE, WINDOW_BYTES},
        {SRAM_BASE, SRAM_BYTES},
    };

    bench_write(*state, FLASH_CTRL_BASE + FLASH_CTRL_WINDOW, SLOT_A_OFFSET);
    for (size_t i = 0; i < sizeof(memories) / sizeof(memories[0]); i++) {
        uint32_t last = memories[i].base + memories[i].bytes - BLOCK_BYTES;

        assert_accepted(*state, memories[i].base, 1);
        assert_accepted(*state, last, 1);
        assert_refused(*state, last + 1, 1);
        assert_refused(*state, memories[i].base - 1, 1);
        assert_accepted(*state, memories[i].base, memories[i].bytes / BLOCK_BYTES);
        assert_refused(*state, memories[i].base, memories[i].bytes / BLOCK_BYTES + 1);
    }
}

static void test_hashacc__refuses_what_is_not_memory(void **state)
{
    assert_refused(*state, FLASH_CTRL_BASE, 1);
    assert_refused(*state, OTP_BASE + OTP_WORD, 1);
    assert_refused(*state, NIC_RX_BUFFER_BASE, 1);
    assert_refused(*state, 0xe000e000, 1);
    assert_refused(*state, 0xffffffff, 1);
    assert_refused(*state, 0xffffffc0, 32768);
}

static void test_hashacc__start_is_ignored_while_busy(void **state)
{
    start(*state, SRAM_BASE, 100);
    bench_step(*state, 10);
    start(*state, 0xffffffff, 0);
    assert_int_equal(bench_read(*state, STATUS), BUSY);
    bench_step(*state, 100 * BLOCK_BYTES - 10);
    assert_int_equal(bench_read(*state, STATUS), DONE);
}

static void test_hashacc__range_is_the_one_at_start(void **state)
{
    static const uint32_t digest[8] = {
        0xba7816bf, 0x8f01cfea, 0x414140de, 0x5dae2223,
        0xb00361a3, 0x96177a9c, 0xb410ff61, 0xf20015ad,
    };

    put_padded(*state, SRAM_BASE, "abc", 0);
    put_state(*state, initial_state);
    start(*state, SRAM_BASE, 1);
    bench_write(*state, SOURCE, 0xf0000000);
    bench_write(*state, BLOCKS, 32768);
    bench_step(*state, OPERATION_NS_MIN);
    assert_int_equal(bench_read(*state, STATUS), DONE);
    assert_state(*state, digest);
}

static void test_hashacc__state_cannot_be_written_while_busy(void **state)
{
    static const uint32_t digest[8] = {
        0xba7816bf, 0x8f01cfea, 0x414140de, 0x5dae2223,
        0xb00361a3, 0x96177a9c, 0xb410ff61, 0xf20015ad,
    };

    put_padded(*state, SRAM_BASE, "abc", 0);
    put_state(*state, initial_state);
    start(*state, SRAM_BASE, 1);
    bench_write(*state, STATE, 0);
    assert_int_equal(bench_read(*state, STATE), initial_state[0]);
    bench_step(*state, OPERATION_NS_MIN);
    assert_state(*state, digest);
}

static void test_hashacc__busy_is_not_clearable_and_done_is(void **state)
{
    start(*state, SRAM_BASE, 1);
    bench_write(*state, STATUS, 0xffffffff);
    assert_int_equal(bench_read(*state, STATUS), BUSY);
    bench_step(*state, OPERATION_NS_MIN);
    bench_write(*state, STATUS, DONE);
    assert_int_equal(bench_read(*state, STATUS), 0);
}

static void test_hashacc__line_follows_done_while_enabled(void **state)
{
    bench_write(*state, IRQ_ENABLE, 0xffffffff);
    assert_int_equal(bench_read(*state, IRQ_ENABLE), 1);
    start(*state, SRAM_BASE, 1);
    bench_step(*state, OPERATION_NS_MIN - 1);
    assert_false(bench_irq(*state, HASHACC_IRQ));
    bench_step(*state, 1);
    assert_true(bench_irq(*state, HASHACC_IRQ));
    bench_write(*state, STATUS, DONE);
    assert_false(bench_irq(*state, HASHACC_IRQ));
    start(*state, 0xffffffff, 1);
    assert_int_equal(bench_read(*state, STATUS), DONE | ERROR);
    assert_true(bench_irq(*state, HASHACC_IRQ));
    bench_write(*state, IRQ_ENABLE, 0);
    assert_false(bench_irq(*state, HASHACC_IRQ));
}

static void test_hashacc__reset_abandons_and_zeroes(void **state)
{
    put_state(*state, initial_state);
    bench_write(*state, IRQ_ENABLE, 1);
    start(*state, SRAM_BASE, 100);
    bench_reset(*state);
    assert_int_equal(bench_read(*state, STATUS), 0);
    assert_int_equal(bench_read(*state, SOURCE), 0);
    assert_int_equal(bench_read(*state, BLOCKS), 0);
    assert_int_equal(bench_read(*state, IRQ_ENABLE), 0);
    assert_int_equal(bench_read(*state, STATE), 0);
    bench_step(*state, BENCH_S);
    assert_int_equal(bench_read(*state, STATUS), 0);
    assert_false(bench_irq(*state, HASHACC_IRQ));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH_TEST(test_hashacc__computes_the_published_examples),
        BENCH_TEST(test_hashacc__goes_on_from_the_state_it_is_given),
        BENCH_TEST(test_hashacc__reads_from_any_alignment),
        BENCH_TEST(test_hashacc__takes_a_nanosecond_a_byte),
        BENCH_TEST(test_hashacc__takes_a_microsecond_at_least),
        BENCH_TEST(test_hashacc__refuses_counts_out_of_range),
        BENCH_TEST(test_hashacc__reads_the_memories_to_their_very_ends),
        BENCH_TEST(test_hashacc__refuses_what_is_not_memory),
        BENCH_TEST(test_hashacc__start_is_ignored_while_busy),
        BENCH_TEST(test_hashacc__range_is_the_one_at_start),
        BENCH_TEST(test_hashacc__state_cannot_be_written_while_busy),
        BENCH_TEST(test_hashacc__busy_is_not_clearable_and_done_is),
        BENCH_TEST(test_hashacc__line_follows_done_while_enabled),
        BENCH_TEST(test_hashacc__reset_abandons_and_zeroes),
    };

    return cmocka_run_group_tests_name("hashacc", tests, NULL, NULL);
}
