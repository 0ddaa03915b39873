/* SPDX-License-Identifier: MIT */
/* Do bytes, checksums and cryptography give what their standards say? */
#include "tests/unit/firmware/unit.h"

#include <stdlib.h>
#include <string.h>

#include "vdevice/firmware/base/bytes.h"
#include "vdevice/firmware/base/crc32.h"
#include "vdevice/firmware/base/crypto.h"
#include "vdevice/firmware/base/derive.h"

/* Compares with a string of hex digits. */
static void assert_hex(const uint8_t *bytes, size_t count, const char *expected)
{
    char text[200];
    ByteWriter writer = bytes_writer(text, sizeof text - 1);
    bytes_put_hex(&writer, bytes, count);
    text[writer.at] = '\0';
    assert_string_equal(text, expected);
}

static void from_hex(const char *text, uint8_t *ret_bytes)
{
    for (size_t i = 0; text[2 * i] != '\0'; i++) {
        char pair[3] = {text[2 * i], text[2 * i + 1], '\0'};
        ret_bytes[i] = (uint8_t)strtoul(pair, NULL, 16);
    }
}

static void test_crc32__is_that_of_ieee_802_3(void **state)
{
    (void)state;
    assert_int_equal(crc32_of("123456789", 9), 0xcbf43926);
    assert_int_equal(crc32_add(crc32_of("1234", 4), "56789", 5), 0xcbf43926);
    assert_int_equal(crc32_of("", 0), 0);
}

static void test_bytes__gives_zeros_for_ever_after_the_end(void **state)
{
    (void)state;
    static const uint8_t bytes[] = {1, 2, 3, 4, 5, 6};
    ByteReader reader = bytes_reader_from(bytes, sizeof bytes);
    assert_int_equal(bytes_get_u32(&reader), 0x04030201);
    assert_int_equal(bytes_left(&reader), 2);
    assert_int_equal(bytes_get_u32(&reader), 0);
    assert_true(reader.failed);
    assert_int_equal(bytes_get_u8(&reader), 0);
    assert_false(bytes_all_read(&reader));
    reader = bytes_reader_from(bytes, sizeof bytes);
    assert_int_equal(bytes_get_u32be(&reader), 0x01020304);
    assert_int_equal(bytes_get_u16be(&reader), 0x0506);
    assert_true(bytes_all_read(&reader));
    assert_null(bytes_get(&reader, SIZE_MAX));
}

static void test_bytes__writes_nothing_past_its_room(void **state)
{
    (void)state;
    char text[8] = "xxxxxxx";
    ByteWriter writer = bytes_writer(text, 4);
    bytes_put_decimal(&writer, 120);
    bytes_put_u16(&writer, 0x4141);
    assert_true(writer.failed);
    assert_memory_equal(text, "120xxxx", 7);
    bytes_put_u8(&writer, 'A');
    assert_memory_equal(text, "120xxxx", 7);
    char number[24];
    writer = bytes_writer(number, sizeof number);
    bytes_put_decimal(&writer, UINT64_MAX);
    assert_memory_equal(number, "18446744073709551615", 20);
}

/* FIPS 180-4 examples, and every way of cutting a message in two. */
static void test_crypto__hashes_as_fips_180_says(void **state)
{
    (void)state;
    uint8_t digest[32];
    assert_ok(crypto_sha256("abc", 3, digest));
    assert_hex(digest, 32, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_ok(crypto_sha256("", 0, digest));
    assert_hex(digest, 32, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    uint8_t message[200];
    memset(message, 'a', sizeof message);
    for (size_t count = 0; count < sizeof message; count += 11) {
        assert_ok(crypto_sha256(message, count, digest));
        for (size_t first = 0; first <= count; first++) {
            CryptoSha256 hash;
            uint8_t again[32];
            crypto_sha256_init(&hash);
            assert_ok(crypto_sha256_add(&hash, message, first));
            assert_ok(crypto_sha256_add(&hash, message + first, count - first));
            assert_ok(crypto_sha256_finish(&hash, again));
            assert_memory_equal(again, digest, 32);
        }
    }
}

/* RFC 4231, test cases 2 and 6. */
static void test_derive__authenticates_as_rfc_4231_says(void **state)
{
    (void)state;
    uint8_t mac[32];
    assert_ok(derive_hmac("Jefe", 4, "what do ya want for nothing?", 28, mac));
    assert_hex(mac, 32, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    uint8_t key[131];
    memset(key, 0xaa, sizeof key);
    static const char text[] = "Test Using Larger Than Block-Size Key - Hash Key First";
    assert_ok(derive_hmac(key, sizeof key, text, strlen(text), mac));
    assert_hex(mac, 32, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

/* RFC 7914, section 11 (first 32 bytes of the first example). */
static void test_derive__stretches_as_pbkdf2(void **state)
{
    (void)state;
    uint8_t key[32];
    assert_ok(derive_pbkdf2("passwd", 6, "salt", 4, 1, key));
    assert_hex(key, 32, "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc");
    assert_ok(derive_pbkdf2("Password", 8, "NaCl", 4, 80000, key));
    assert_hex(key, 32, "4ddcd8f60b98be21830cee5ef22701f9641a4418d04c0414aeff08876b34ab56");
}

/* RFC 6979, A.2.5, with SHA-256: key, nonce, signatures of "sample" and "test". */
static void test_crypto__signs_as_rfc_6979_says(void **state)
{
    (void)state;
    uint8_t scalar[32];
    uint8_t point[64];
    uint8_t digest[32];
    uint8_t nonce[32];
    uint8_t signature[64];
    from_hex("c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721", scalar);
    assert_ok(crypto_p256_public(scalar, point));
    assert_hex(point, 64,
               "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
               "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299");
    assert_ok(crypto_sha256("sample", 6, digest));
    assert_ok(derive_nonce(scalar, digest, nonce));
    assert_hex(nonce, 32, "a6e3c57dd01abe90086538398355dd4c3b17aa873382b0f24d6129493d8aad60");
    assert_ok(crypto_p256_sign(scalar, digest, signature));
    assert_hex(signature, 64,
               "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
               "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8");
    assert_ok(crypto_p256_verify(point, digest, signature));
    for (size_t i = 0; i < 64; i += 9) {
        signature[i] ^= 1;
        assert_status(crypto_p256_verify(point, digest, signature), STATUS_CR_MISMATCH);
        signature[i] ^= 1;
    }
    digest[31] ^= 1;
    assert_status(crypto_p256_verify(point, digest, signature), STATUS_CR_MISMATCH);
    point[5] ^= 1;
    assert_status(crypto_p256_verify(point, digest, signature), STATUS_CR_FAILED);
}

static void test_derive__knows_the_range_of_a_scalar(void **state)
{
    (void)state;
    uint8_t scalar[32] = {0};
    assert_false(derive_scalar_is_valid(scalar));
    scalar[31] = 1;
    assert_true(derive_scalar_is_valid(scalar));
    from_hex("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551", scalar);
    assert_false(derive_scalar_is_valid(scalar));
    scalar[31]--;
    assert_true(derive_scalar_is_valid(scalar));
    memset(scalar, 0xff, sizeof scalar);
    assert_false(derive_scalar_is_valid(scalar));
}

static void test_crypto__agrees_on_a_shared_secret(void **state)
{
    (void)state;
    uint8_t a[32] = {5};
    uint8_t b[32] = {6};
    uint8_t public_a[64];
    uint8_t public_b[64];
    uint8_t secret_a[64];
    uint8_t secret_b[64];
    assert_ok(crypto_p256_public(a, public_a));
    assert_ok(crypto_p256_public(b, public_b));
    assert_ok(crypto_p256_multiply(a, public_b, secret_a));
    assert_ok(crypto_p256_multiply(b, public_a, secret_b));
    assert_memory_equal(secret_a, secret_b, 64);
    public_b[63] ^= 1;
    assert_status(crypto_p256_multiply(a, public_b, secret_a), STATUS_CR_FAILED);
}

static void test_status__has_a_text_for_every_code(void **state)
{
    (void)state;
    assert_string_equal(status_text(status_ok()), "ok");
    assert_string_equal(status_text(status_error(STATUS_AU_WRONG)), "wrong PIN");
    assert_string_equal(status_text(status_from_code(0)), "unknown status");
    assert_int_equal(STATUS_IM_MAGIC, 0x494d0001);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_crc32__is_that_of_ieee_802_3),
        cmocka_unit_test(test_bytes__gives_zeros_for_ever_after_the_end),
        cmocka_unit_test(test_bytes__writes_nothing_past_its_room),
        cmocka_unit_test(test_crypto__hashes_as_fips_180_says),
        cmocka_unit_test(test_derive__authenticates_as_rfc_4231_says),
        cmocka_unit_test(test_derive__stretches_as_pbkdf2),
        cmocka_unit_test(test_crypto__signs_as_rfc_6979_says),
        cmocka_unit_test(test_derive__knows_the_range_of_a_scalar),
        cmocka_unit_test(test_crypto__agrees_on_a_shared_secret),
        cmocka_unit_test(test_status__has_a_text_for_every_code),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
