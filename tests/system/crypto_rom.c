/* SPDX-License-Identifier: MIT */
/*
 * A ROM that does sums: every function of base/crypto.h over drawn operands, each result as a line
 * of hex digits on the console. Linked once with crypto_accel.c and once with crypto_soft.c by
 * firmware.mk; test_rom.c compares what the two say.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "vdevice/firmware/base/check.h"
#include "vdevice/firmware/base/crypto.h"
#include "vdevice/firmware/base/derive.h"
#include "vdevice/firmware/drivers/cpu.h"
#include "vdevice/firmware/drivers/startup.h"
#include "vdevice/firmware/drivers/uart.h"

#define CRYPTO_ROM_ROUNDS    3u
#define CRYPTO_ROM_HASH_STEP 13u
#define CRYPTO_ROM_BYTES     300u

typedef struct CryptoRom {
    uint32_t random;
    uint8_t message[CRYPTO_ROM_BYTES];
} CryptoRom;

static CryptoRom crypto_rom;

static _Noreturn void crypto_rom_stop(const char *why)
{
    uart_put(why);
    uart_end();
    for (;;) {
        (void)cpu_sleep(0);
    }
}

_Noreturn void startup_fault(void)
{
    crypto_rom_stop("fault");
}

_Noreturn void check_failed(const char *file, uint32_t line)
{
    (void)file;
    (void)line;
    crypto_rom_stop("check failed");
}

static void crypto_rom_draw(uint8_t *ret_bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        crypto_rom.random = crypto_rom.random * 1664525u + 1013904223u;
        ret_bytes[i] = (uint8_t)(crypto_rom.random >> 24);
    }
}

/* "what: status hex" */
static void crypto_rom_say(const char *what, Status status, const uint8_t *bytes, size_t count)
{
    static const char digits[] = "0123456789abcdef";
    uart_put(what);
    uart_put(": ");
    uart_put_hex(status.code);
    uart_put(" ");
    for (size_t i = 0; status_is_ok(status) && i < count; i++) {
        char pair[3] = {digits[bytes[i] >> 4], digits[bytes[i] & 15], '\0'};
        uart_put(pair);
    }
    uart_end();
}

/* Hashes of every length in steps, in one piece and in two, from ROM and from SRAM. */
static void crypto_rom_hash(void)
{
    uint8_t digest[CRYPTO_SHA256_BYTES];
    for (size_t count = 0; count <= CRYPTO_ROM_BYTES; count += CRYPTO_ROM_HASH_STEP) {
        CryptoSha256 hash;
        crypto_sha256_init(&hash);
        Status status = crypto_sha256_add(&hash, crypto_rom.message, count / 3);
        if (status_is_ok(status)) {
            status = crypto_sha256_add(&hash, crypto_rom.message + count / 3, count - count / 3);
        }
        if (status_is_ok(status)) {
            status = crypto_sha256_finish(&hash, digest);
        }
        crypto_rom_say("sha256", status, digest, sizeof digest);
    }
    Status stretched = derive_pbkdf2("12345678", 8, crypto_rom.message, 16, 20, digest);
    crypto_rom_say("pbkdf2", stretched, digest, sizeof digest);
}

static void crypto_rom_curve(void)
{
    uint8_t scalar[32];
    uint8_t other[32];
    uint8_t hash[32];
    uint8_t point[64];
    uint8_t product[64];
    uint8_t signature[64];
    crypto_rom_draw(scalar, sizeof scalar);
    crypto_rom_draw(other, sizeof other);
    crypto_rom_draw(hash, sizeof hash);
    scalar[0] &= 0x7f; /* under the order */
    other[0] &= 0x7f;
    crypto_rom_say("public", crypto_p256_public(scalar, point), point, sizeof point);
    crypto_rom_say("multiply", crypto_p256_multiply(other, point, product), product,
                   sizeof product);
    crypto_rom_say("sign", crypto_p256_sign(scalar, hash, signature), signature, sizeof signature);
    crypto_rom_say("verify", crypto_p256_verify(point, hash, signature), NULL, 0);
    signature[40] ^= 4;
    crypto_rom_say("verify bad", crypto_p256_verify(point, hash, signature), NULL, 0);
    memset(signature, 0, sizeof signature);
    crypto_rom_say("verify zero", crypto_p256_verify(point, hash, signature), NULL, 0);
    point[3] ^= 1;
    crypto_rom_say("multiply off", crypto_p256_multiply(other, point, product), product,
                   sizeof product);
}

/* Scalars at the ends of their range. */
static void crypto_rom_limits(void)
{
    static const uint8_t order_tail[16] = {0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84,
                                           0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51};
    uint8_t scalar[32] = {0};
    uint8_t point[64];
    crypto_rom_say("zero", crypto_p256_public(scalar, point), point, sizeof point);
    scalar[31] = 1;
    crypto_rom_say("one", crypto_p256_public(scalar, point), point, sizeof point);
    memset(scalar, 0xff, 16);
    memset(scalar + 4, 0, 4);
    memcpy(scalar + 16, order_tail, sizeof order_tail);
    crypto_rom_say("order", crypto_p256_public(scalar, point), point, sizeof point);
    scalar[31]--;
    crypto_rom_say("order less one", crypto_p256_public(scalar, point), point, sizeof point);
}

_Noreturn void startup_main(void)
{
    cpu_start();
    crypto_rom.random = 1;
    crypto_rom_draw(crypto_rom.message, sizeof crypto_rom.message);
    crypto_rom_hash();
    for (uint32_t i = 0; i < CRYPTO_ROM_ROUNDS; i++) {
        crypto_rom_curve();
    }
    crypto_rom_limits();
    crypto_rom_stop("done");
}
