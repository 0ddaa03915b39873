/* SPDX-License-Identifier: MIT */
/* Does the key accelerator compute on P-256, refuse what is unfit, and keep its secrets? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/machine/bench.h"
#include "vdevice/contract/hostlink.h"
#include "vdevice/contract/memory_map.h"
#include "vdevice/contract/regs.h"

#define STATUS     (PKA_BASE + PKA_STATUS)
#define COMMAND    (PKA_BASE + PKA_COMMAND)
#define RESULT     (PKA_BASE + PKA_RESULT)
#define IRQ_ENABLE (PKA_BASE + PKA_IRQ_ENABLE)

#define BUSY    REG_MASK(PKA_STATUS_BUSY)
#define DONE    REG_MASK(PKA_STATUS_DONE)
#define INVALID REG_MASK(PKA_STATUS_INVALID)

#define MULTIPLY_NS  4000000
#define VERIFY_NS    6000000
#define NUMBER_BYTES 32

/* P-256 (FIPS 186, D.1.2.3): base point, its negative, order of the group, prime of the field. */
#define GX           "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
#define GY           "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"
#define GY_NEGATIVE  "b01cbd1c01e58065711814b583f061e9d431cca994cea1313449bf97c840ae0a"
#define ORDER        "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"
#define ORDER_LESS_1 "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632550"
#define PRIME        "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff"
#define ONES         "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
#define ZERO         "0000000000000000000000000000000000000000000000000000000000000000"
#define ONE          "0000000000000000000000000000000000000000000000000000000000000001"
#define TWO          "0000000000000000000000000000000000000000000000000000000000000002"
#define G2X          "7cf27b188d034f7e8a52380304b51ac3c08969e277f21b35a60b48fc47669978"
#define G2Y          "07775510db8ed040293d9ac69f7430dbba7dade63ce982299e04b79d227873d1"

/* RFC 6979, A.2.5: key pair, and message "sample" with SHA-256. */
#define KEY          "c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721"
#define KEY_X        "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
#define KEY_Y        "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299"
#define SAMPLE_HASH  "af2bdbe1aa9b6ec1e2ade1d694f41fc71a831d0268e9891562113d8a62add1bf"
#define SAMPLE_NONCE "a6e3c57dd01abe90086538398355dd4c3b17aa873382b0f24d6129493d8aad60"
#define SAMPLE_R     "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
#define SAMPLE_S     "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8"
/* The same with message "test". */
#define TEST_HASH  "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
#define TEST_NONCE "d16b6ae827f17175e040871a1c7ec3500192c4c92677336ec2537acaee0008e0"
#define TEST_R     "f1abb023518351cd71d881567b1ea663ed3efcf6c5132b354f28d3b0b7d38367"
#define TEST_S     "019f4113742a2b14bd25926b49c649155f267e60d3814b4c0cc84250e46f0083"

/* Writes a big-endian number, given in hexadecimal, to the operand that starts at `reg`. */
static void put(Bench *bench, uint32_t reg, const char *hex)
{
    for (uint32_t i = 0; i < NUMBER_BYTES; i += 4) {
        uint32_t word = 0;

        for (uint32_t j = 0; j < 4; j++) {
            unsigned byte = 0;

            assert_int_equal(sscanf(hex + 2 * (i + j), "%2x", &byte), 1);
            word |= (uint32_t)byte << (8 * j);
        }
        bench_write(bench, PKA_BASE + reg + i, word);
    }
}

static void assert_number(Bench *bench, uint32_t reg, const char *hex)
{
    char found[2 * NUMBER_BYTES + 1];

    for (uint32_t i = 0; i < NUMBER_BYTES; i += 4) {
        uint32_t word = bench_read(bench, PKA_BASE + reg + i);

        snprintf(found + 2 * i, 9, "%02x%02x%02x%02x", word & 0xff, word >> 8 & 0xff,
                 word >> 16 & 0xff, word >> 24);
    }
    assert_string_equal(found, hex);
}

static uint32_t run(Bench *bench, uint32_t command)
{
    int64_t duration = command == PKA_COMMAND_ECDSA_VERIFY ? VERIFY_NS : MULTIPLY_NS;

    bench_write(bench, COMMAND, command);
    assert_int_equal(bench_read(bench, STATUS), BUSY);
    bench_step(bench, duration);
    return bench_read(bench, STATUS);
}

static void put_signature(Bench *bench, const char *hash, const char *r, const char *s)
{
    put(bench, PKA_H, hash);
    put(bench, PKA_R, r);
    put(bench, PKA_S, s);
}

static void put_sample(Bench *bench)
{
    put(bench, PKA_PX, KEY_X);
    put(bench, PKA_PY, KEY_Y);
    put_signature(bench, SAMPLE_HASH, SAMPLE_R, SAMPLE_S);
}

static void assert_verdict(Bench *bench, uint32_t verdict)
{
    assert_int_equal(run(bench, PKA_COMMAND_ECDSA_VERIFY), DONE);
    assert_int_equal(bench_read(bench, RESULT), verdict);
}

static void test_pka__multiplies_the_base_point(void **state)
{
    static const struct {
        const char *k;
        const char *x;
        const char *y;
    } products[] = {
        {ONE, GX, GY},
        {TWO, G2X, G2Y},
        {ORDER_LESS_1, GX, GY_NEGATIVE},
        {KEY, KEY_X, KEY_Y},
    };

    for (size_t i = 0; i < sizeof(products) / sizeof(products[0]); i++) {
        put(*state, PKA_K, products[i].k);
        assert_int_equal(run(*state, PKA_COMMAND_MULTIPLY_BASE), DONE);
        assert_number(*state, PKA_QX, products[i].x);
        assert_number(*state, PKA_QY, products[i].y);
    }
}

static void test_pka__multiplies_any_point(void **state)
{
    static const struct {
        const char *k;
        const char *x;
        const char *y;
    } products[] = {
        {ONE, GX, GY},
        {TWO, G2X, G2Y},
        {ORDER_LESS_1, GX, GY_NEGATIVE},
        {KEY, KEY_X, KEY_Y},
    };

    put(*state, PKA_PX, GX);
    put(*state, PKA_PY, GY);
    for (size_t i = 0; i < sizeof(products) / sizeof(products[0]); i++) {
        put(*state, PKA_K, products[i].k);
        assert_int_equal(run(*state, PKA_COMMAND_MULTIPLY), DONE);
        assert_number(*state, PKA_QX, products[i].x);
        assert_number(*state, PKA_QY, products[i].y);
    }
}

/* NIST CAVP, ECC CDH primitive, P-256, count 0. */
static void test_pka__agrees_on_the_published_shared_secret(void **state)
{
    put(*state, PKA_K, "7d7dc5f71eb29ddaf80d6214632eeae03d9058af1fb6d22ed80badb62bc1a534");
    put(*state, PKA_PX, "700c48f77f56584c5cc632ca65640db91b6bacce3a4df6b42ce7cc838833d287");
    put(*state, PKA_PY, "db71e509e3fd9b060ddb20ba5c51dcc5948d46fbf640dfe0441782cab85fa4ac");
    assert_int_equal(run(*state, PKA_COMMAND_MULTIPLY), DONE);
    assert_number(*state, PKA_QX,
                  "46fc62106420ff012e54a434fbdd2d25ccc5852060561e68040dd7778997bd7b");
}

static void test_pka__signs_as_published(void **state)
{
    put(*state, PKA_K, KEY);
    put(*state, PKA_PX, SAMPLE_NONCE);
    put(*state, PKA_H, SAMPLE_HASH);
    assert_int_equal(run(*state, PKA_COMMAND_ECDSA_SIGN), DONE);
    assert_number(*state, PKA_R, SAMPLE_R);
    assert_number(*state, PKA_S, SAMPLE_S);

    put(*state, PKA_PX, TEST_NONCE);
    put(*state, PKA_H, TEST_HASH);
    assert_int_equal(run(*state, PKA_COMMAND_ECDSA_SIGN), DONE);
    assert_number(*state, PKA_R, TEST_R);
    assert_number(*state, PKA_S, TEST_S);
}

static void test_pka__accepts_published_signatures(void **state)
{
    put_sample(*state);
    assert_verdict(*state, PKA_RESULT_GOOD);
    put_signature(*state, TEST_HASH, TEST_R, TEST_S);
    assert_verdict(*state, PKA_RESULT_GOOD);
}

static void test_pka__rejects_a_signature_changed_in_any_part(void **state)
{
    put_sample(*state);
    put(*state, PKA_H, TEST_HASH);
    assert_verdict(*state, PKA_RESULT_BAD);
    put_signature(*state, SAMPLE_HASH, TEST_R, SAMPLE_S);
    assert_verdict(*state, PKA_RESULT_BAD);
    put_signature(*state, SAMPLE_HASH, SAMPLE_R, TEST_S);
    assert_verdict(*state, PKA_RESULT_BAD);
    put_signature(*state, SAMPLE_HASH, SAMPLE_S, SAMPLE_R);
    assert_verdict(*state, PKA_RESULT_BAD);
    put_sample(*state);
    put(*state, PKA_PX, GX);
    put(*state, PKA_PY, GY);
    assert_verdict(*state, PKA_RESULT_BAD);
}

static void test_pka__rejects_signature_numbers_out_of_range(void **state)
{
    static const char *const numbers[] = {ZERO, ORDER, ONES};

    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        put_sample(*state);
        put(*state, PKA_R, numbers[i]);
        assert_verdict(*state, PKA_RESULT_BAD);
        put_sample(*state);
        put(*state, PKA_S, numbers[i]);
        assert_verdict(*state, PKA_RESULT_BAD);
    }
}

static void test_pka__refuses_unfit_scalars(void **state)
{
    static const char *const scalars[] = {ZERO, ORDER, ONES};
    static const uint32_t commands[] = {PKA_COMMAND_MULTIPLY, PKA_COMMAND_MULTIPLY_BASE,
                                        PKA_COMMAND_ECDSA_SIGN};

    put(*state, PKA_PX, GX);
    put(*state, PKA_PY, GY);
    for (size_t i = 0; i < sizeof(scalars) / sizeof(scalars[0]); i++) {
        for (size_t j = 0; j < sizeof(commands) / sizeof(commands[0]); j++) {
            put(*state, PKA_K, scalars[i]);
            assert_int_equal(run(*state, commands[j]), DONE | INVALID);
        }
    }
    assert_number(*state, PKA_QX, ZERO);
    assert_number(*state, PKA_R, ZERO);
    assert_number(*state, PKA_S, ZERO);
}

static void test_pka__refuses_points_off_the_curve(void **state)
{
    static const struct {
        const char *x;
        const char *y;
    } points[] = {
        {ZERO, ZERO}, {GX, GX}, {GX, ZERO}, {PRIME, GY}, {ONES, ONES}, {GY, GX},
    };

    put(*state, PKA_K, ONE);
    put_signature(*state, SAMPLE_HASH, SAMPLE_R, SAMPLE_S);
    for (size_t i = 0; i < sizeof(points) / sizeof(points[0]); i++) {
        put(*state, PKA_PX, points[i].x);
        put(*state, PKA_PY, points[i].y);
        assert_int_equal(run(*state, PKA_COMMAND_MULTIPLY), DONE | INVALID);
        assert_int_equal(run(*state, PKA_COMMAND_ECDSA_VERIFY), DONE | INVALID);
        assert_int_equal(bench_read(*state, RESULT), 0);
    }
    assert_number(*state, PKA_QX, ZERO);
}

static void test_pka__refuses_unfit_nonces(void **state)
{
    static const char *const nonces[] = {ZERO, ORDER, ONES};

    put(*state, PKA_K, KEY);
    put(*state, PKA_H, SAMPLE_HASH);
    for (size_t i = 0; i < sizeof(nonces) / sizeof(nonces[0]); i++) {
        put(*state, PKA_PX, nonces[i]);
        assert_int_equal(run(*state, PKA_COMMAND_ECDSA_SIGN), DONE | INVALID);
    }
}

/* With key 1 and nonce 1, s = hash + r; this hash makes it zero, and no retry would mend that. */
static void test_pka__refuses_a_nonce_that_makes_s_zero(void **state)
{
    put(*state, PKA_K, ONE);
    put(*state, PKA_PX, ONE);
    put(*state, PKA_H, "94e82e0c1ed3bdb90743191a9c5bbf0d45e37d2c792c6ae3ff18917d23ca62bb");
    assert_int_equal(run(*state, PKA_COMMAND_ECDSA_SIGN), DONE | INVALID);
    assert_number(*state, PKA_R, ZERO);
    assert_number(*state, PKA_S, ZERO);
}

static void test_pka__unknown_commands_end_at_once(void **state)
{
    static const uint32_t commands[] = {0, 6, 0x80000001, UINT32_MAX};

    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        bench_write(*state, COMMAND, commands[i]);
        assert_int_equal(bench_read(*state, STATUS), DONE | INVALID);
        bench_write(*state, STATUS, DONE | INVALID);
        assert_int_equal(bench_read(*state, STATUS), 0);
    }
}

static void test_pka__results_appear_at_the_end_and_not_before(void **state)
{
    put(*state, PKA_K, ONE);
    bench_write(*state, COMMAND, PKA_COMMAND_MULTIPLY_BASE);
    bench_step(*state, MULTIPLY_NS - 1);
    assert_int_equal(bench_read(*state, STATUS), BUSY);
    assert_number(*state, PKA_QX, ZERO);
    bench_step(*state, 1);
    assert_int_equal(bench_read(*state, STATUS), DONE);
    assert_number(*state, PKA_QX, GX);

    put_sample(*state);
    bench_write(*state, COMMAND, PKA_COMMAND_ECDSA_VERIFY);
    bench_step(*state, VERIFY_NS - 1);
    assert_int_equal(bench_read(*state, STATUS), BUSY);
    assert_int_equal(bench_read(*state, RESULT), 0);
    bench_step(*state, 1);
    assert_int_equal(bench_read(*state, RESULT), PKA_RESULT_GOOD);
}

static void test_pka__verdict_is_gone_with_the_next_command(void **state)
{
    put_sample(*state);
    assert_verdict(*state, PKA_RESULT_GOOD);
    bench_write(*state, COMMAND, PKA_COMMAND_ECDSA_VERIFY);
    assert_int_equal(bench_read(*state, RESULT), 0);
    bench_step(*state, VERIFY_NS);
    assert_int_equal(bench_read(*state, RESULT), PKA_RESULT_GOOD);
    bench_write(*state, RESULT, PKA_RESULT_BAD);
    assert_int_equal(bench_read(*state, RESULT), PKA_RESULT_GOOD);
    bench_write(*state, COMMAND, 77);
    assert_int_equal(bench_read(*state, RESULT), 0);
}

static void test_pka__commands_and_operands_are_ignored_while_busy(void **state)
{
    put_sample(*state);
    bench_write(*state, COMMAND, PKA_COMMAND_ECDSA_VERIFY);
    put(*state, PKA_H, ZERO);
    put(*state, PKA_PX, ONES);
    bench_write(*state, COMMAND, PKA_COMMAND_CLEAR);
    assert_number(*state, PKA_H, SAMPLE_HASH);
    bench_step(*state, VERIFY_NS);
    assert_int_equal(bench_read(*state, RESULT), PKA_RESULT_GOOD);
}

static void test_pka__scalar_never_comes_out(void **state)
{
    put(*state, PKA_K, KEY);
    assert_number(*state, PKA_K, ZERO);
    assert_int_equal(run(*state, PKA_COMMAND_MULTIPLY_BASE), DONE);
    assert_number(*state, PKA_K, ZERO);
    assert_number(*state, PKA_QX, KEY_X);
}

static void test_pka__results_are_read_only(void **state)
{
    put(*state, PKA_QX, ONES);
    put(*state, PKA_QY, ONES);
    assert_number(*state, PKA_QX, ZERO);
    assert_number(*state, PKA_QY, ZERO);
}

static void test_pka__clear_forgets_everything_at_once(void **state)
{
    put_sample(*state);
    put(*state, PKA_K, KEY);
    assert_int_equal(run(*state, PKA_COMMAND_MULTIPLY_BASE), DONE);
    bench_write(*state, COMMAND, PKA_COMMAND_CLEAR);
    assert_int_equal(bench_read(*state, STATUS), DONE);
    for (uint32_t reg = PKA_K; reg <= PKA_QY; reg += NUMBER_BYTES) {
        assert_number(*state, reg, ZERO);
    }
    assert_int_equal(run(*state, PKA_COMMAND_MULTIPLY_BASE), DONE | INVALID);
}

static void test_pka__line_follows_done_while_enabled(void **state)
{
    bench_write(*state, IRQ_ENABLE, 0xffffffff);
    assert_int_equal(bench_read(*state, IRQ_ENABLE), 1);
    put(*state, PKA_K, ONE);
    bench_write(*state, COMMAND, PKA_COMMAND_MULTIPLY_BASE);
    bench_step(*state, MULTIPLY_NS - 1);
    assert_false(bench_irq(*state, PKA_IRQ));
    bench_step(*state, 1);
    assert_true(bench_irq(*state, PKA_IRQ));
    bench_write(*state, STATUS, BUSY);
    assert_true(bench_irq(*state, PKA_IRQ));
    bench_write(*state, STATUS, DONE);
    assert_false(bench_irq(*state, PKA_IRQ));
}

static void test_pka__reset_forgets_everything_and_abandons(void **state)
{
    put_sample(*state);
    put(*state, PKA_K, KEY);
    bench_write(*state, IRQ_ENABLE, 1);
    bench_write(*state, COMMAND, PKA_COMMAND_MULTIPLY_BASE);
    bench_reset(*state);
    assert_int_equal(bench_read(*state, STATUS), 0);
    assert_int_equal(bench_read(*state, IRQ_ENABLE), 0);
    bench_step(*state, BENCH_S);
    assert_int_equal(bench_read(*state, STATUS), 0);
    assert_number(*state, PKA_PX, ZERO);
    assert_number(*state, PKA_QX, ZERO);
    assert_int_equal(run(*state, PKA_COMMAND_MULTIPLY_BASE), DONE | INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH_TEST(test_pka__multiplies_the_base_point),
        BENCH_TEST(test_pka__multiplies_any_point),
        BENCH_TEST(test_pka__agrees_on_the_published_shared_secret),
        BENCH_TEST(test_pka__signs_as_published),
        BENCH_TEST(test_pka__accepts_published_signatures),
        BENCH_TEST(test_pka__rejects_a_signature_changed_in_any_part),
        BENCH_TEST(test_pka__rejects_signature_numbers_out_of_range),
        BENCH_TEST(test_pka__refuses_unfit_scalars),
        BENCH_TEST(test_pka__refuses_points_off_the_curve),
        BENCH_TEST(test_pka__refuses_unfit_nonces),
        BENCH_TEST(test_pka__refuses_a_nonce_that_makes_s_zero),
        BENCH_TEST(test_pka__unknown_commands_end_at_once),
        BENCH_TEST(test_pka__results_appear_at_the_end_and_not_before),
        BENCH_TEST(test_pka__verdict_is_gone_with_the_next_command),
        BENCH_TEST(test_pka__commands_and_operands_are_ignored_while_busy),
        BENCH_TEST(test_pka__scalar_never_comes_out),
        BENCH_TEST(test_pka__results_are_read_only),
        BENCH_TEST(test_pka__clear_forgets_everything_at_once),
        BENCH_TEST(test_pka__line_follows_done_while_enabled),
        BENCH_TEST(test_pka__reset_forgets_everything_and_abandons),
    };

    return cmocka_run_group_tests_name("pka", tests, NULL, NULL);
}
