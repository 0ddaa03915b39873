/* SPDX-License-Identifier: MIT */
/* Which answers about the time are believed? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "vdevice/firmware/app/sntp.h"
#include "vdevice/firmware/base/bytes.h"

static const uint8_t nonce[SNTP_NONCE_BYTES] = {1, 2, 3, 4, 5, 6, 7, 8};

enum {
    ORIGINATE = 24,
    TRANSMIT = 40,
};

#define SECONDS_1900_OF_2026 3976214400u /* 2026-01-01 */
#define SECONDS_1970_OF_2026 1767225600u

static void good_answer(uint8_t packet[SNTP_PACKET_BYTES])
{
    memset(packet, 0, SNTP_PACKET_BYTES);
    packet[0] = 4 << 3 | 4;
    packet[1] = 2;
    memcpy(packet + ORIGINATE, nonce, sizeof(nonce));
    bytes_store_u32be(packet + TRANSMIT, SECONDS_1900_OF_2026);
}

static void test_sntp__asks_as_a_client_with_the_nonce_as_its_time(void **state)
{
    (void)state;
    uint8_t packet[SNTP_PACKET_BYTES];
    sntp_ask(nonce, packet);
    assert_int_equal(packet[0], 4 << 3 | 3);
    assert_memory_equal(packet + TRANSMIT, nonce, sizeof(nonce));
}

static void test_sntp__counts_from_1970(void **state)
{
    (void)state;
    uint8_t packet[SNTP_PACKET_BYTES];
    uint64_t seconds = 0;
    good_answer(packet);
    assert_true(status_is_ok(sntp_judge(packet, sizeof(packet), nonce, &seconds)));
    assert_int_equal(seconds, SECONDS_1970_OF_2026);
}

static void test_sntp__goes_on_after_2036(void **state)
{
    (void)state;
    uint8_t packet[SNTP_PACKET_BYTES];
    uint64_t seconds = 0;
    good_answer(packet);
    bytes_store_u32be(packet + TRANSMIT, 1);
    assert_true(status_is_ok(sntp_judge(packet, sizeof(packet), nonce, &seconds)));
    assert_int_equal(seconds, UINT64_C(2085978497)); /* 2036-02-07T06:28:17Z */
}

static void test_sntp__refuses_what_is_not_as_it_must_be(void **state)
{
    (void)state;
    static const struct {
        size_t at;
        uint8_t value;
    } changes[] = {
        {0, 4 << 3 | 3},          /* a client */
        {0, 4 << 3 | 5},          /* a broadcast */
        {0, 2 << 3 | 4},          /* version 2 */
        {0, 5 << 3 | 4},          /* version 5 */
        {0, 3 << 6 | 4 << 3 | 4}, /* its clock is not set */
        {1, 0},                   /* kiss of death */
        {1, 16},                  /* not synchronized */
        {ORIGINATE, 0},           /* not an answer to us */
        {ORIGINATE + 7, 0},
    };
    for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
        uint8_t packet[SNTP_PACKET_BYTES];
        uint64_t seconds = 7;
        good_answer(packet);
        packet[changes[i].at] = changes[i].value;
        assert_true(status_is(sntp_judge(packet, sizeof(packet), nonce, &seconds), STATUS_NE_TIME));
        assert_int_equal(seconds, 7);
    }
}

static void test_sntp__refuses_a_short_answer_and_one_without_time(void **state)
{
    (void)state;
    uint8_t packet[SNTP_PACKET_BYTES];
    uint64_t seconds = 7;
    good_answer(packet);
    for (size_t bytes = 0; bytes < sizeof(packet); bytes++) {
        assert_false(status_is_ok(sntp_judge(packet, bytes, nonce, &seconds)));
    }
    bytes_store_u32be(packet + TRANSMIT, 0);
    assert_false(status_is_ok(sntp_judge(packet, sizeof(packet), nonce, &seconds)));
    assert_int_equal(seconds, 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sntp__asks_as_a_client_with_the_nonce_as_its_time),
        cmocka_unit_test(test_sntp__counts_from_1970),
        cmocka_unit_test(test_sntp__goes_on_after_2036),
        cmocka_unit_test(test_sntp__refuses_what_is_not_as_it_must_be),
        cmocka_unit_test(test_sntp__refuses_a_short_answer_and_one_without_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
