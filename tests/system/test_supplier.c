/* SPDX-License-Identifier: MIT */

/*
 * Do the supplier's tools say where a recipe is wrong, and make the same things each time?
 *
 *   test_supplier BUILD
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>

#include <cmocka.h>
#include <glib.h>
#include <glib/gstdio.h>

#include "tools/keys.h"
#include "tools/mkdevice.h"
#include "vdevice/contract/image.h"
#include "vdevice/firmware/base/crypto.h"

#define EXIT_USAGE 64

static const char *build;
static char *folder;

/* Runs mkimage over a recipe of that text; returns its exit code and what it said. */
static int mkimage(const void *text, size_t count, char **ret_said)
{
    g_autofree char *tool = g_build_filename(build, "mkimage", NULL);
    g_autofree char *recipe = g_build_filename(folder, "it.yaml", NULL);
    g_autofree char *payload = g_build_filename(build, "firmware/app.bin", NULL);
    g_autofree char *image = g_build_filename(folder, "it.img", NULL);
    char *argv[] = {tool, recipe, payload, image, NULL};
    int status = 0;
    assert_true(g_file_set_contents(recipe, text, (gssize)count, NULL));
    assert_true(
        g_spawn_sync(NULL, argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, NULL, ret_said, &status, NULL));
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

#define RECIPE_HEAD  "image: it\nversion: 1.1.0\n"
#define RECIPE_WHOLE RECIPE_HEAD "security_counter: 2\nrelease_sequence: 2\n"

typedef struct RecipeCase {
    const char *text;
    const char *place; /* line:column, where it must point */
} RecipeCase;

static void test_mkimage__points_at_what_is_wrong(void **state)
{
    (void)state;
    static const RecipeCase cases[] = {
        {"image: other\nversion: 1.1.0\n", ":1:8:"},
        {"image: it\nversion: 1.1\n", ":2:10:"},
        {"image: it\nversion: 1.1.65536\n", ":2:10:"},
        {"image: it\nversion: [1, 1]\n", ":2:"},
        {RECIPE_HEAD "security_counter: 129\nrelease_sequence: 2\n", ":3:19:"},
        {RECIPE_HEAD "security_counter: two\nrelease_sequence: 2\n", ":3:19:"},
        {RECIPE_HEAD "security_counter: 2\nrelease_sequence: 0\n", ":4:19:"},
        {RECIPE_HEAD "security_counter: 2\n", ":1:1:"},
        {RECIPE_WHOLE "colour: blue\n", ":5:1:"},
        {RECIPE_WHOLE "key: mine\n", ":5:6:"},
        {RECIPE_WHOLE "damage: payload\n", ":5:9:"},
        {RECIPE_WHOLE "damage: [payload, everything]\n", ":5:19:"},
        {RECIPE_WHOLE "damage: [payload\n", ":"},
        {"- a list\n", ":1:"},
        {"", ":"},
        {"\x7f"
         "ELF\x01\x02\x03",
         ":1:"},
        {"image: {", ":"},
        {"image: &a [*a]\n", ":1:"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *said = NULL;
        int code = mkimage(cases[i].text, strlen(cases[i].text), &said);
        g_autofree char *start = g_strdup_printf("%s/it.yaml%s", folder, cases[i].place);
        if (code != EXIT_USAGE || !g_str_has_prefix(said, start)) {
            print_error("case %zu: code %d, said: %s\n", i, code, said);
        }
        assert_int_equal(code, EXIT_USAGE);
        assert_true(g_str_has_prefix(said, start));
    }
}

static void test_mkimage__refuses_a_recipe_cut_off_anywhere_or_not_text(void **state)
{
    (void)state;
    static const char text[] = RECIPE_WHOLE "key: image\n";
    for (size_t count = 0; count < strlen("image: it\nversion: 1.1.0\nsecurity_counter: 2");
         count++) {
        g_autofree char *said = NULL;
        assert_int_equal(mkimage(text, count, &said), EXIT_USAGE);
    }
    static const uint8_t binary[] = {0x00, 0xff, 0xfe, 0x80, 0x00, 0x41};
    g_autofree char *said = NULL;
    assert_int_equal(mkimage(binary, sizeof binary, &said), EXIT_USAGE);
}

static void test_mkimage__signs_what_the_header_says(void **state)
{
    (void)state;
    g_autofree char *said = NULL;
    g_autofree char *path = g_build_filename(folder, "it.img", NULL);
    g_autofree char *first = NULL;
    g_autofree char *second = NULL;
    gsize first_bytes;
    gsize second_bytes;
    assert_int_equal(mkimage(RECIPE_WHOLE, strlen(RECIPE_WHOLE), &said), 0);
    assert_true(g_file_get_contents(path, &first, &first_bytes, NULL));
    assert_int_equal(mkimage(RECIPE_WHOLE, strlen(RECIPE_WHOLE), &said), 0);
    assert_true(g_file_get_contents(path, &second, &second_bytes, NULL));
    assert_int_equal(first_bytes, second_bytes);
    assert_memory_equal(first, second, first_bytes);

    ImageHeader header;
    uint8_t digest[32];
    KeysPair pair;
    memcpy(&header, first, sizeof header);
    assert_int_equal(header.version, IMAGE_VERSION(1, 1, 0));
    assert_int_equal(header.security_counter, 2);
    assert_int_equal(header.payload_bytes, first_bytes - sizeof header);
    assert_true(status_is_ok(crypto_sha256(first + sizeof header, header.payload_bytes, digest)));
    assert_memory_equal(digest, header.payload_sha256, sizeof digest);
    assert_true(keys_named("image", &pair, NULL));
    assert_memory_equal(pair.point, header.public_key, sizeof pair.point);
    assert_true(status_is_ok(crypto_sha256(&header, IMAGE_SIGNED_BYTES, digest)));
    assert_true(status_is_ok(crypto_p256_verify(pair.point, digest, header.signature)));
}

static void test_mkdevice__gives_each_seed_one_device(void **state)
{
    (void)state;
    MintedDevice first;
    MintedDevice again;
    MintedDevice other;
    assert_true(mkdevice_mint(7, MINT_OPTIONS_DEFAULT, &first, NULL));
    assert_true(mkdevice_mint(7, MINT_OPTIONS_DEFAULT, &again, NULL));
    assert_true(mkdevice_mint(8, MINT_OPTIONS_DEFAULT, &other, NULL));
    assert_memory_equal(first.factory, again.factory, sizeof first.factory);
    assert_memory_equal(first.otp, again.otp, sizeof first.otp);
    assert_string_equal(first.pin, again.pin);
    assert_memory_not_equal(first.huk, other.huk, sizeof first.huk);
    assert_memory_not_equal(first.mac, other.mac, sizeof first.mac);
    assert_string_not_equal(first.pin, other.pin);
    assert_string_not_equal(first.id_hex, other.id_hex);
    assert_int_equal(strlen(first.pin), MKDEVICE_PIN_DIGITS);
    assert_int_equal(first.mac[0] & 3, 2);
}

/* Whether the first 8 bytes of `secret` stand anywhere in `bytes`. */
static bool contains(const uint8_t *bytes, size_t count, const void *secret)
{
    for (size_t at = 0; at + 8 <= count; at++) {
        if (memcmp(bytes + at, secret, 8) == 0) {
            return true;
        }
    }
    return false;
}

static void test_mkdevice__puts_no_secret_into_flash(void **state)
{
    (void)state;
    MintedDevice device;
    assert_true(mkdevice_mint(7, MINT_OPTIONS_DEFAULT, &device, NULL));
    size_t count = sizeof device.factory;
    assert_false(contains(device.factory, count, device.huk));
    assert_false(contains(device.factory, count, device.tls_key));
    assert_false(contains(device.factory, count, device.pin_key));
    assert_false(contains(device.factory, count, device.tls_label_key));
    assert_false(contains(device.factory, count, device.pin));
    assert_true(contains(device.otp, sizeof device.otp, device.huk));
}

/* Real tools agree: openssl verifies the chain of a device's certificate. */
static void test_mkdevice__issues_what_openssl_verifies(void **state)
{
    (void)state;
    MintedDevice device;
    assert_true(mkdevice_mint(7, MINT_OPTIONS_DEFAULT, &device, NULL));
    const FactoryRecord *record = (const FactoryRecord *)(const void *)device.factory;
    KeysCertificate certificate = {.bytes = record->certificate_bytes};
    memcpy(certificate.der, record->certificate_der, certificate.bytes);
    g_autofree char *pem = keys_certificate_pem(&certificate);
    g_autofree char *path = g_build_filename(folder, "device.pem", NULL);
    g_autofree char *authority = g_build_filename(build, "keys/factory_ca.crt.pem", NULL);
    g_autofree char *stranger = g_build_filename(build, "keys/stranger_ca.crt.pem", NULL);
    assert_true(g_file_set_contents(path, pem, -1, NULL));
    for (int i = 0; i < 2; i++) {
        char *argv[] = {(char[]){"openssl"},
                        (char[]){"verify"},
                        (char[]){"-CAfile"},
                        i == 0 ? authority : stranger,
                        path,
                        NULL};
        int status = 0;
        assert_true(g_spawn_sync(NULL, argv, NULL,
                                 G_SPAWN_SEARCH_PATH | G_SPAWN_STDOUT_TO_DEV_NULL |
                                     G_SPAWN_STDERR_TO_DEV_NULL,
                                 NULL, NULL, NULL, NULL, &status, NULL));
        assert_int_equal(status == 0, i == 0);
    }
}

static int set_up(void **state)
{
    (void)state;
    folder = g_dir_make_tmp(NULL, NULL);
    return folder == NULL ? -1 : 0;
}

static int tear_down(void **state)
{
    (void)state;
    static const char *const files[] = {"it.yaml", "it.img", "device.pem"};
    for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
        g_autofree char *path = g_build_filename(folder, files[i], NULL);
        (void)g_unlink(path);
    }
    (void)g_rmdir(folder);
    g_free(folder);
    return 0;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mkimage__points_at_what_is_wrong),
        cmocka_unit_test(test_mkimage__refuses_a_recipe_cut_off_anywhere_or_not_text),
        cmocka_unit_test(test_mkimage__signs_what_the_header_says),
        cmocka_unit_test(test_mkdevice__gives_each_seed_one_device),
        cmocka_unit_test(test_mkdevice__puts_no_secret_into_flash),
        cmocka_unit_test(test_mkdevice__issues_what_openssl_verifies),
    };
    if (argc != 2) {
        print_error("usage: test_supplier BUILD\n");
        return EXIT_USAGE;
    }
    build = argv[1];
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
