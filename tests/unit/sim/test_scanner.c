/* SPDX-License-Identifier: MIT */

/* Is a secret found in every form it may leak in, and only there? */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <glib.h>

#include "sim/base/prng.h"
#include "sim/world/scanner.h"

#define SECRET_BYTES 32

typedef struct Finding {
    unsigned count;
    const char *form;
    const char *where;
    size_t offset;
} Finding;

static void found(const char *where, const char *name, const char *form, size_t offset,
                  void *user_data)
{
    Finding *finding = user_data;
    assert_string_equal(name, "huk");
    finding->count++;
    finding->form = form;
    finding->where = where;
    finding->offset = offset;
}

static void draw_secret(uint8_t secret[SECRET_BYTES])
{
    Prng draw = prng_new(3);
    prng_fill(&draw, secret, SECRET_BYTES);
}

static Scanner *scanner_for(Finding *finding)
{
    uint8_t secret[SECRET_BYTES];
    draw_secret(secret);
    memset(finding, 0, sizeof(*finding));
    Scanner *scanner = scanner_new(found, finding);
    scanner_add(scanner, "huk", secret, sizeof(secret));
    return scanner;
}

static void test_scanner__finds_a_secret_as_it_is(void **state)
{
    (void)state;
    Finding finding;
    uint8_t frame[200] = {0};
    g_autoptr(Scanner) scanner = scanner_for(&finding);
    draw_secret(frame + 168);
    scanner_look(scanner, "frame", frame, sizeof(frame));
    assert_int_equal(finding.count, 1);
    assert_string_equal(finding.form, "raw");
    assert_int_equal(finding.offset, 168);
}

static void test_scanner__finds_nothing_where_one_byte_is_missing(void **state)
{
    (void)state;
    Finding finding;
    uint8_t frame[200] = {0};
    g_autoptr(Scanner) scanner = scanner_for(&finding);
    draw_secret(frame + 168);
    scanner_look(scanner, "frame", frame, sizeof(frame) - 1);
    frame[170] ^= 1;
    scanner_look(scanner, "frame", frame, sizeof(frame));
    assert_int_equal(finding.count, 0);
}

static void test_scanner__finds_hexadecimal_of_either_case(void **state)
{
    (void)state;
    Finding finding;
    uint8_t secret[SECRET_BYTES];
    draw_secret(secret);
    for (unsigned upper = 0; upper < 2; upper++) {
        g_autoptr(Scanner) scanner = scanner_for(&finding);
        g_autoptr(GString) text = g_string_new("key=");
        for (unsigned i = 0; i < SECRET_BYTES; i++) {
            g_string_append_printf(text, upper != 0 ? "%02X" : "%02x", secret[i]);
        }
        scanner_look(scanner, "uart", (const uint8_t *)text->str, text->len);
        assert_int_equal(finding.count, 1);
        assert_string_equal(finding.form, "hex");
    }
}

static void test_scanner__finds_base64_at_every_alignment(void **state)
{
    (void)state;
    Finding finding;
    for (size_t before = 0; before < 7; before++) {
        uint8_t plain[64] = "before:";
        g_autoptr(Scanner) scanner = scanner_for(&finding);
        draw_secret(plain + before);
        memcpy(plain + before + SECRET_BYTES, "after", 5);
        g_autofree char *text = g_base64_encode(plain, before + SECRET_BYTES + 5);
        scanner_look(scanner, "frame", (const uint8_t *)text, strlen(text));
        assert_int_equal(finding.count, 1);
        assert_string_equal(finding.form, "base64");
    }
}

static void test_scanner__finds_a_secret_split_over_pieces_of_a_stream(void **state)
{
    (void)state;
    Finding finding;
    uint8_t secret[SECRET_BYTES];
    g_autoptr(Scanner) scanner = scanner_for(&finding);
    draw_secret(secret);
    for (unsigned i = 0; i < SECRET_BYTES; i++) {
        scanner_stream(scanner, "uart", secret + i, 1);
    }
    assert_int_equal(finding.count, 1);
    assert_string_equal(finding.where, "uart");
}

static void test_scanner__tells_each_place_and_form_once(void **state)
{
    (void)state;
    Finding finding;
    uint8_t secret[SECRET_BYTES];
    g_autoptr(Scanner) scanner = scanner_for(&finding);
    draw_secret(secret);
    scanner_look(scanner, "frame", secret, sizeof(secret));
    scanner_look(scanner, "frame", secret, sizeof(secret));
    assert_int_equal(finding.count, 1);
    scanner_look(scanner, "flash", secret, sizeof(secret));
    assert_int_equal(finding.count, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scanner__finds_a_secret_as_it_is),
        cmocka_unit_test(test_scanner__finds_nothing_where_one_byte_is_missing),
        cmocka_unit_test(test_scanner__finds_hexadecimal_of_either_case),
        cmocka_unit_test(test_scanner__finds_base64_at_every_alignment),
        cmocka_unit_test(test_scanner__finds_a_secret_split_over_pieces_of_a_stream),
        cmocka_unit_test(test_scanner__tells_each_place_and_form_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
