/* SPDX-License-Identifier: MIT */

/* Do the plain values of the lab (times, streams, bytes, digests, canonical JSON) mean one thing
 * only? */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <glib.h>

#include "sim/base/bytes.h"
#include "sim/base/canon.h"
#include "sim/base/digest.h"
#include "sim/base/prng.h"
#include "sim/base/vtime.h"

static void test_vtime__reads_what_has_a_unit(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        VTime time;
    } GOOD[] = {
        {"0s", 0},
        {"1ns", 1},
        {"200ms", 200 * VTIME_MS},
        {"1.5s", 1500 * VTIME_MS},
        {"-5s", -5 * VTIME_S},
        {"2h", 7200 * VTIME_S},
        {"1.000000001s", VTIME_S + 1},
        {"0.5us", 500},
        {"106751d", INT64_C(106751) * 86400 * VTIME_S},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(GOOD); i++) {
        VTime time = -1;
        assert_true(vtime_parse(GOOD[i].text, &time));
        assert_int_equal(time, GOOD[i].time);
    }
}

static void test_vtime__refuses_everything_else_and_leaves_the_result_alone(void **state)
{
    (void)state;
    static const char *const BAD[] = {
        "",    "5",    "s",       "5 s",           "5sec",
        "1.s", ".5s",  "0.5ns",   "--5s",          "+5s",
        "5S",  "1e3s", "106752d", "0.0000000001s", "99999999999999999999s",
        "5s "};
    for (size_t i = 0; i < G_N_ELEMENTS(BAD); i++) {
        VTime time = 4711;
        assert_false(vtime_parse(BAD[i], &time));
        assert_int_equal(time, 4711);
    }
}

static void test_vtime__prints_what_it_reads_again(void **state)
{
    (void)state;
    Prng prng = prng_new(7);
    for (int i = 0; i < 2000; i++) {
        VTime time = (VTime)(prng_u64(&prng) >> prng_between(&prng, 2, 62));
        char text[VTIME_TEXT_BYTES];
        VTime again = -1;
        assert_true(vtime_parse(vtime_print(time, text), &again));
        assert_int_equal(again, time);
    }
    char text[VTIME_TEXT_BYTES];
    assert_string_equal(vtime_print(1500 * VTIME_MS, text), "1.5s");
    assert_string_equal(vtime_print(7200 * VTIME_S, text), "2h");
    assert_string_equal(vtime_print(90 * VTIME_S, text), "90s");
    assert_string_equal(vtime_print(-40 * VTIME_MS, text), "-40ms");
}

static void test_vtime__adds_up_to_never_and_no_further(void **state)
{
    (void)state;
    assert_int_equal(vtime_add(VTIME_NEVER - 1, 1), VTIME_NEVER);
    assert_int_equal(vtime_add(VTIME_NEVER - 1, 2), VTIME_NEVER);
    assert_int_equal(vtime_add(VTIME_NEVER, VTIME_NEVER), VTIME_NEVER);
    assert_int_equal(vtime_add(1, 2), 3);
}

static void test_prng__gives_the_same_stream_for_the_same_seed_and_name(void **state)
{
    (void)state;
    Prng root = prng_new(42);
    Prng a = prng_fork(&root, "link/uplink/loss");
    (void)prng_u64(&root); /* Drawing from the root changes no child. */
    Prng b = prng_fork(&root, "link/uplink/loss");
    for (int i = 0; i < 100; i++) {
        assert_true(prng_u64(&a) == prng_u64(&b));
    }
}

static void test_prng__gives_other_streams_for_other_names_and_seeds(void **state)
{
    (void)state;
    Prng root = prng_new(42);
    Prng other = prng_new(43);
    Prng streams[] = {prng_fork(&root, "a"), prng_fork(&root, "b"), prng_fork(&root, "ab"),
                      prng_fork(&other, "a"), prng_fork(&root, "")};
    uint64_t first[G_N_ELEMENTS(streams)];
    for (size_t i = 0; i < G_N_ELEMENTS(streams); i++) {
        first[i] = prng_u64(&streams[i]);
        for (size_t j = 0; j < i; j++) {
            assert_true(first[i] != first[j]);
        }
    }
}

static void test_prng__stays_within_its_bounds_and_reaches_them(void **state)
{
    (void)state;
    Prng prng = prng_new(1);
    bool seen[7] = {false};
    for (int i = 0; i < 1000; i++) {
        int64_t drawn = prng_between(&prng, -3, 3);
        assert_true(drawn >= -3 && drawn <= 3);
        seen[drawn + 3] = true;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(seen); i++) {
        assert_true(seen[i]);
    }
    assert_int_equal(prng_below(&prng, 1), 0);
}

static void test_prng__takes_ratios_at_their_word(void **state)
{
    (void)state;
    Prng prng = prng_new(9);
    int hits = 0;
    for (int i = 0; i < 10000; i++) {
        assert_false(prng_chance(&prng, (Ratio){0, 1}));
        assert_false(prng_chance(&prng, (Ratio){0, 0}));
        assert_true(prng_chance(&prng, (Ratio){1, 1}));
        hits += prng_chance(&prng, (Ratio){1, 10}) ? 1 : 0;
    }
    assert_true(hits > 850 && hits < 1150);
}

static void test_bytes__reads_zeros_and_says_so_past_the_end(void **state)
{
    (void)state;
    static const uint8_t BYTES[] = {1, 2, 3, 4, 5};
    BytesReader reader = bytes_reader(BYTES, sizeof BYTES);
    assert_int_equal(bytes_read_le32(&reader), 0x04030201);
    assert_false(reader.failed);
    assert_int_equal(bytes_read_be16(&reader), 0);
    assert_true(reader.failed);
    assert_int_equal(bytes_read_u8(&reader), 0); /* Failed once, failed for good. */
}

static void test_bytes__writes_what_it_reads(void **state)
{
    (void)state;
    GByteArray *bytes = g_byte_array_new();
    bytes_write_le64(bytes, 0x0123456789abcdef);
    bytes_write_be32(bytes, 0xdeadbeef);
    bytes_write_le16(bytes, 0x1234);
    BytesReader reader = bytes_reader(bytes->data, bytes->len);
    assert_true(bytes_read_le64(&reader) == 0x0123456789abcdef);
    assert_int_equal(bytes_read_be32(&reader), 0xdeadbeef);
    assert_int_equal(bytes_read_le16(&reader), 0x1234);
    assert_int_equal(reader.left, 0);
    assert_false(reader.failed);
    g_byte_array_unref(bytes);
}

static void test_bytes__sends_all_or_says_that_nobody_takes_it(void **state)
{
    (void)state;
    static const char BYTES[300000];
    int ends[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    pid_t pid = fork();
    if (pid == 0) {
        _exit(bytes_send(ends[1], BYTES, sizeof BYTES) ? 0 : 1);
    }
    close(ends[1]);
    static char taken[sizeof BYTES + 1];
    size_t count = 0;
    ssize_t got = 0;
    while ((got = read(ends[0], taken + count, sizeof taken - count)) > 0) {
        count += (size_t)got;
    }
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_int_equal(count, sizeof BYTES); /* More than a socket holds at once. */
    close(ends[0]);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    close(ends[0]);
    assert_false(bytes_send(ends[1], BYTES, 1));
    assert_int_equal(errno, EPIPE);
    close(ends[1]);
}

static void test_bytes__takes_exact_hexadecimal_only(void **state)
{
    (void)state;
    uint8_t bytes[2] = {7, 7};
    assert_true(bytes_from_hex("0aFf", bytes, 2));
    assert_int_equal(bytes[0], 0x0a);
    assert_int_equal(bytes[1], 0xff);
    assert_false(bytes_from_hex("0af", bytes, 2));
    assert_false(bytes_from_hex("0aff0", bytes, 2));
    assert_false(bytes_from_hex("0xff", bytes, 2));
    g_autofree char *hex = bytes_to_hex(bytes, 2);
    assert_string_equal(hex, "0aff");
}

static void test_digest__is_sha256(void **state)
{
    (void)state;
    char text[DIGEST_TEXT_BYTES];
    Digest digest = digest_of("abc", 3);
    assert_string_equal(digest_print(&digest, text),
                        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    Digest again;
    assert_true(digest_parse(text, &again));
    assert_true(digest_is_equal(&digest, &again));
    text[0] = 'g';
    assert_false(digest_parse(text, &again));
}

static void test_digest__chains_depend_on_every_link(void **state)
{
    (void)state;
    Digest start = digest_of("", 0);
    Digest a = digest_chain(&start, "a", 1);
    Digest ab = digest_chain(&a, "b", 1);
    Digest b = digest_chain(&start, "b", 1);
    Digest ba = digest_chain(&b, "a", 1);
    assert_false(digest_is_equal(&ab, &ba));
}

static void test_canon__sorts_keys_and_spells_values_one_way(void **state)
{
    (void)state;
    g_autoptr(Canon) canon = canon_new();
    canon_begin_object(canon);
    canon_member_text(canon, "b", "q\"\\\n\t\x01ä");
    canon_member_integer(canon, "a", INT64_MIN);
    canon_member_truth(canon, "B", true);
    canon_key(canon, "ab");
    canon_begin_array(canon);
    canon_text(canon, NULL);
    canon_begin_object(canon);
    canon_end_object(canon);
    canon_end_array(canon);
    canon_end_object(canon);
    g_autofree char *json = canon_finish(canon);
    assert_string_equal(json, "{\"B\":true,\"a\":-9223372036854775808,\"ab\":[null,{}],"
                              "\"b\":\"q\\\"\\\\\\u000a\\u0009\\u0001ä\"}");
}

static void test_canon__makes_text_of_what_is_none(void **state)
{
    (void)state;
    g_autoptr(Canon) canon = canon_new();
    canon_text(canon, "a\xff"
                      "b");
    g_autofree char *json = canon_finish(canon);
    assert_string_equal(json, "\"a\xef\xbf\xbd"
                              "b\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vtime__reads_what_has_a_unit),
        cmocka_unit_test(test_vtime__refuses_everything_else_and_leaves_the_result_alone),
        cmocka_unit_test(test_vtime__prints_what_it_reads_again),
        cmocka_unit_test(test_vtime__adds_up_to_never_and_no_further),
        cmocka_unit_test(test_prng__gives_the_same_stream_for_the_same_seed_and_name),
        cmocka_unit_test(test_prng__gives_other_streams_for_other_names_and_seeds),
        cmocka_unit_test(test_prng__stays_within_its_bounds_and_reaches_them),
        cmocka_unit_test(test_prng__takes_ratios_at_their_word),
        cmocka_unit_test(test_bytes__reads_zeros_and_says_so_past_the_end),
        cmocka_unit_test(test_bytes__writes_what_it_reads),
        cmocka_unit_test(test_bytes__sends_all_or_says_that_nobody_takes_it),
        cmocka_unit_test(test_bytes__takes_exact_hexadecimal_only),
        cmocka_unit_test(test_digest__is_sha256),
        cmocka_unit_test(test_digest__chains_depend_on_every_link),
        cmocka_unit_test(test_canon__sorts_keys_and_spells_values_one_way),
        cmocka_unit_test(test_canon__makes_text_of_what_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
