/* SPDX-License-Identifier: MIT */
/* What do lock and service say to each other, and what does the lock not put up with? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/fakes/fake_service.h"
#include "vdevice/firmware/app/exchange.h"

#define TAKEN    "HTTP/1.1 204 No Content\r\n\r\n"
#define MANIFEST "HTTP/1.1 200 OK\r\nContent-Length: 256\r\n\r\n"
#define IMAGE                                                                                      \
    "HTTP/1.1 206 Partial Content\r\nContent-Length: %d\r\nContent-Range: bytes %d-%d/%d\r\n\r\n"

enum {
    PAYLOAD_BYTES = 5000,
    POLLS_MAX = 100000,
};

static ImageHeader manifest;
static uint8_t payload[PAYLOAD_BYTES];

static int set_up(void **state)
{
    (void)state;
    fake_service_reset();
    manifest = (ImageHeader){.payload_bytes = PAYLOAD_BYTES};
    for (size_t i = 0; i < PAYLOAD_BYTES; i++) {
        payload[i] = (uint8_t)(i * 7u + i / 256u);
    }
    exchange_start();
    return 0;
}

static ExchangeStep run(Status *ret_status)
{
    for (int i = 0; i < POLLS_MAX; i++) {
        ExchangeStep step = exchange_poll(ret_status);
        if (step != EXCHANGE_STEP_AGAIN) {
            return step;
        }
    }
    fail_msg("the exchange does not end");
    return EXCHANGE_STEP_FAILED;
}

static void assert_done(void)
{
    Status status = status_ok();
    assert_int_equal(run(&status), EXCHANGE_STEP_DONE);
}

static void assert_fails(StatusCode expected)
{
    Status status = status_ok();
    assert_int_equal(run(&status), EXCHANGE_STEP_FAILED);
    assert_true(status_is(status, expected));
}

static void respond_image(int first, int last, int total)
{
    char head[160];
    snprintf(head, sizeof(head), IMAGE, last - first + 1, first, last, total);
    fake_service_respond(head, payload + first, (size_t)(last - first + 1));
}

static void test_exchange__reports_then_asks_for_the_manifest(void **state)
{
    (void)state;
    fake_service_respond(TAKEN, NULL, 0);
    fake_service_respond(TAKEN, NULL, 0);
    assert_done();
    assert_int_equal(fake_service.request_count, 2);
    static const char start[] = "POST /v1/report HTTP/1.1\r\nHost: updates.lockstep.test\r\n";
    assert_memory_equal(fake_service.requests[0], start, strlen(start));
    assert_string_equal(fake_service.requests[1],
                        "GET /v1/manifest HTTP/1.1\r\nHost: updates.lockstep.test\r\n\r\n");
    assert_int_equal(fake_service.reports_begun, 1);
    assert_int_equal(fake_service.reports_sent, 1);
    assert_int_equal(fake_service.offers, 0);
}

static void test_exchange__ends_quietly_when_nothing_is_newer(void **state)
{
    (void)state;
    fake_service.offer = status_error(STATUS_IM_NOT_NEWER);
    fake_service_respond(TAKEN, NULL, 0);
    fake_service_respond(MANIFEST, &manifest, sizeof(manifest));
    assert_done();
    assert_int_equal(fake_service.offers, 1);
    assert_int_equal(fake_service.notes, 0);
    assert_int_equal(fake_service.request_count, 2);
}

static void test_exchange__reports_a_refusal_at_once(void **state)
{
    (void)state;
    fake_service.offer = status_error(STATUS_IM_SIGNATURE);
    fake_service_respond(TAKEN, NULL, 0);
    fake_service_respond(MANIFEST, &manifest, sizeof(manifest));
    fake_service_respond(TAKEN, NULL, 0);
    assert_done();
    assert_true(status_is(fake_service.noted, STATUS_IM_SIGNATURE));
    assert_int_equal(fake_service.reports_sent, 2);
    assert_non_null(strstr(fake_service.requests[2], "\r\nConnection: close\r\n"));
}

static void test_exchange__takes_an_image_in_any_pieces(void **state)
{
    static const size_t pieces[] = {1, 7, 1000, SIZE_MAX};
    for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
        set_up(state);
        fake_service.piece = pieces[i];
        fake_service_respond(TAKEN, NULL, 0);
        fake_service_respond(MANIFEST, &manifest, sizeof(manifest));
        respond_image(0, PAYLOAD_BYTES - 1, PAYLOAD_BYTES);
        fake_service_respond(TAKEN, NULL, 0);
        assert_done();
        assert_non_null(strstr(fake_service.requests[2], "\r\nRange: bytes=0-\r\n"));
        assert_int_equal(fake_service.image_bytes, PAYLOAD_BYTES);
        assert_memory_equal(fake_service.image, payload, PAYLOAD_BYTES);
        assert_true(fake_service.largest_write <= EXCHANGE_PIECE_BYTES);
        assert_int_equal(fake_service.finishes, 1);
        assert_int_equal(fake_service.reports_sent, 2);
    }
}

static void test_exchange__goes_on_where_it_had_to_leave_off(void **state)
{
    (void)state;
    memcpy(fake_service.image, payload, 1234);
    fake_service.image_bytes = 1234;
    fake_service_respond(TAKEN, NULL, 0);
    fake_service_respond(MANIFEST, &manifest, sizeof(manifest));
    respond_image(1234, PAYLOAD_BYTES - 1, PAYLOAD_BYTES);
    fake_service_respond(TAKEN, NULL, 0);
    assert_done();
    assert_non_null(strstr(fake_service.requests[2], "\r\nRange: bytes=1234-\r\n"));
    assert_memory_equal(fake_service.image, payload, PAYLOAD_BYTES);
}

static void test_exchange__skips_what_it_has_when_given_everything(void **state)
{
    (void)state;
    memcpy(fake_service.image, payload, 1234);
    fake_service.image_bytes = 1234;
    fake_service_respond(TAKEN, NULL, 0);
    fake_service_respond(MANIFEST, &manifest, sizeof(manifest));
    fake_service_respond("HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n", payload, PAYLOAD_BYTES);
    fake_service_respond(TAKEN, NULL, 0);
    assert_done();
    assert_int_equal(fake_service.image_bytes, PAYLOAD_BYTES);
    assert_memory_equal(fake_service.image, payload, PAYLOAD_BYTES);
}

static void test_exchange__asks_again_for_the_rest_of_a_part(void **state)
{
    (void)state;
    fake_service_respond(TAKEN, NULL, 0);
    fake_service_respond(MANIFEST, &manifest, sizeof(manifest));
    respond_image(0, 1999, PAYLOAD_BYTES);
    respond_image(2000, PAYLOAD_BYTES - 1, PAYLOAD_BYTES);
    fake_service_respond(TAKEN, NULL, 0);
    assert_done();
    assert_non_null(strstr(fake_service.requests[3], "\r\nRange: bytes=2000-\r\n"));
    assert_memory_equal(fake_service.image, payload, PAYLOAD_BYTES);
}

static void test_exchange__refuses_a_range_it_did_not_ask_for(void **state)
{
    static const char *const heads[] = {
        "HTTP/1.1 206 P\r\nContent-Length: 4999\r\nContent-Range: bytes 1-4999/5000\r\n\r\n",
        "HTTP/1.1 206 P\r\nContent-Length: 5000\r\nContent-Range: bytes 0-4999/5001\r\n\r\n",
        "HTTP/1.1 206 P\r\nContent-Length: 5001\r\nContent-Range: bytes 0-5000/5000\r\n\r\n",
        "HTTP/1.1 206 P\r\nContent-Length: 4999\r\nContent-Range: bytes 0-4999/5000\r\n\r\n",
        "HTTP/1.1 206 P\r\nContent-Length: 5001\r\nContent-Range: bytes 0-4999/5000\r\n\r\n",
        "HTTP/1.1 206 P\r\nContent-Length: 5000\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 4999\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 4294967295\r\n\r\n",
    };
    for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
        set_up(state);
        fake_service_respond(TAKEN, NULL, 0);
        fake_service_respond(MANIFEST, &manifest, sizeof(manifest));
        fake_service_respond(heads[i], payload, PAYLOAD_BYTES);
        Status status = status_ok();
        assert_int_equal(run(&status), EXCHANGE_STEP_FAILED);
        assert_int_equal(fake_service.image_bytes, 0);
        assert_int_equal(fake_service.finishes, 0);
    }
}

static void test_exchange__refuses_a_status_it_did_not_ask_for(void **state)
{
    static const char *const heads[] = {
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n",
    };
    for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
        set_up(state);
        fake_service_respond(heads[i], NULL, 0);
        assert_fails(STATUS_HT_STATUS);
        assert_int_equal(fake_service.reports_sent, 0);
    }
}

static void test_exchange__refuses_a_manifest_of_another_size(void **state)
{
    static const char *const heads[] = {
        "HTTP/1.1 200 OK\r\nContent-Length: 255\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 257\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    };
    for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
        set_up(state);
        fake_service_respond(TAKEN, NULL, 0);
        fake_service_respond(heads[i], payload, 257);
        assert_fails(STATUS_HT_LENGTH);
        assert_int_equal(fake_service.offers, 0);
    }
}

static void test_exchange__refuses_bytes_behind_a_response(void **state)
{
    (void)state;
    fake_service_respond(TAKEN "x", NULL, 0);
    assert_fails(STATUS_HT_LENGTH);
}

static void test_exchange__fails_when_the_peer_ends_in_the_middle(void **state)
{
    (void)state;
    fake_service.closes = true;
    fake_service_respond(TAKEN, NULL, 0);
    fake_service_respond(MANIFEST, &manifest, 100);
    assert_fails(STATUS_NE_CLOSED);
    assert_int_equal(fake_service.offers, 0);
}

static void test_exchange__waits_for_a_silent_peer(void **state)
{
    (void)state;
    Status status = status_ok();
    assert_int_equal(run(&status), EXCHANGE_STEP_WAITING);
    assert_int_equal(fake_service.request_count, 1);
}

static void test_exchange__reports_nothing_without_a_time(void **state)
{
    (void)state;
    fake_service.seconds = 0;
    assert_fails(STATUS_NE_TIME);
    assert_int_equal(fake_service.request_count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_exchange__reports_then_asks_for_the_manifest, set_up),
        cmocka_unit_test_setup(test_exchange__ends_quietly_when_nothing_is_newer, set_up),
        cmocka_unit_test_setup(test_exchange__reports_a_refusal_at_once, set_up),
        cmocka_unit_test_setup(test_exchange__takes_an_image_in_any_pieces, set_up),
        cmocka_unit_test_setup(test_exchange__goes_on_where_it_had_to_leave_off, set_up),
        cmocka_unit_test_setup(test_exchange__skips_what_it_has_when_given_everything, set_up),
        cmocka_unit_test_setup(test_exchange__asks_again_for_the_rest_of_a_part, set_up),
        cmocka_unit_test_setup(test_exchange__refuses_a_range_it_did_not_ask_for, set_up),
        cmocka_unit_test_setup(test_exchange__refuses_a_status_it_did_not_ask_for, set_up),
        cmocka_unit_test_setup(test_exchange__refuses_a_manifest_of_another_size, set_up),
        cmocka_unit_test_setup(test_exchange__refuses_bytes_behind_a_response, set_up),
        cmocka_unit_test_setup(test_exchange__fails_when_the_peer_ends_in_the_middle, set_up),
        cmocka_unit_test_setup(test_exchange__waits_for_a_silent_peer, set_up),
        cmocka_unit_test_setup(test_exchange__reports_nothing_without_a_time, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
