/* SPDX-License-Identifier: MIT */
/* Is a response head read as RFC 9112 says, in any pieces, and is nothing else taken for one? */
#include "tests/unit/firmware/unit.h"

#include <string.h>

#include "vdevice/contract/cloud_api.h"
#include "vdevice/firmware/core/http_response.h"

/* Feeds `text` in pieces of `piece` bytes and stops where the head ends. */
static Status feed(HttpResponse *response, const char *text, size_t piece, size_t *ret_taken)
{
    size_t count = strlen(text);
    size_t at = 0;
    http_response_init(response);
    while (at < count && !response->done) {
        size_t part = count - at < piece ? count - at : piece;
        size_t taken = 0;
        TRY(http_response_feed(response, text + at, part, &taken));
        at += taken;
    }
    *ret_taken = at;
    return status_ok();
}

static void test_http_response__is_the_same_in_any_pieces(void **state)
{
    (void)state;
    static const char text[] = "HTTP/1.1 206 Partial Content\r\nServer: x\r\n"
                               "content-LENGTH: 900\r\nContent-Range: bytes 100-999/1000\r\n"
                               "Connection: Close\r\n\r\nbody";
    for (size_t piece = 1; piece < sizeof text; piece++) {
        HttpResponse response;
        size_t taken;
        assert_ok(feed(&response, text, piece, &taken));
        assert_true(response.done && response.close);
        assert_int_equal(taken, sizeof text - 1 - strlen("body"));
        assert_int_equal(response.status, 206);
        assert_int_equal(response.length, 900);
        assert_int_equal(response.range_first, 100);
        assert_int_equal(response.range_total, 1000);
    }
}

typedef struct HeadCase {
    const char *text;
    StatusCode expected;
} HeadCase;

static void test_http_response__refuses_what_is_malformed(void **state)
{
    (void)state;
    static const HeadCase cases[] = {
        {"HTTP/1.1 204 No Content\r\n\r\n", STATUS_OK},
        {"HTTP/1.1 204\r\n\r\n", STATUS_OK},
        {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", STATUS_OK},
        {"HTTP/1.1 200 OK\r\nContent-Length:5 \r\n\r\n", STATUS_OK},
        {"HTTP/1.1 404 No\r\nContent-Length: 4294967295\r\n\r\n", STATUS_OK},
        {"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", STATUS_HT_FORM},
        {"HTTP/1.1 99 OK\r\n\r\n", STATUS_HT_FORM},
        {"HTTP/1.1 100 Continue\r\n\r\n", STATUS_HT_FORM},
        {"HTTP/1.1 2000 OK\r\n\r\n", STATUS_HT_FORM},
        {"HTTP/1.1 20x OK\r\n\r\n", STATUS_HT_FORM},
        {"\r\n", STATUS_HT_FORM},
        {"HTTP/1.1 200 OK\n\n", STATUS_HT_FORM},
        {"HTTP/1.1 200 OK\r\rContent", STATUS_HT_FORM},
        {"HTTP/1.1 200 OK\r\n folded\r\n", STATUS_HT_FORM},
        {"HTTP/1.1 200 OK\r\nno colon\r\n", STATUS_HT_FORM},
        {"HTTP/1.1 200 OK\r\n: no name\r\n", STATUS_HT_FORM},
        {"HTTP/1.1 200 OK\r\nName : x\r\n", STATUS_HT_FORM},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n", STATUS_HT_FORM},
        {"HTTP/1.1 200 OK\r\nX: \x01\r\n", STATUS_HT_FORM},
        {"HTTP/1.1 200 OK\r\n\r\n", STATUS_HT_LENGTH},
        {"HTTP/1.1 204 OK\r\nContent-Length: 1\r\n\r\n", STATUS_HT_LENGTH},
        {"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n", STATUS_HT_LENGTH},
        {"HTTP/1.1 200 OK\r\nContent-Length: 4294967296\r\n", STATUS_HT_LENGTH},
        {"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n", STATUS_HT_LENGTH},
        {"HTTP/1.1 200 OK\r\nContent-Length: 5x\r\n", STATUS_HT_LENGTH},
        {"HTTP/1.1 200 OK\r\nContent-Length:\r\n", STATUS_HT_LENGTH},
        {"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n", STATUS_HT_LENGTH},
        {"HTTP/1.1 206 P\r\nContent-Length: 5\r\n\r\n", STATUS_HT_LENGTH},
        {"HTTP/1.1 206 P\r\nContent-Length: 5\r\nContent-Range: bytes 0-5/9\r\n\r\n",
         STATUS_HT_LENGTH},
        {"HTTP/1.1 206 P\r\nContent-Range: bytes 5-4/9\r\n", STATUS_HT_LENGTH},
        {"HTTP/1.1 206 P\r\nContent-Range: bytes 0-9/9\r\n", STATUS_HT_LENGTH},
        {"HTTP/1.1 206 P\r\nContent-Range: bytes 0-4/*\r\n", STATUS_HT_LENGTH},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        for (size_t piece = 1; piece < 80; piece += 26) {
            HttpResponse response;
            size_t taken;
            Status status = feed(&response, cases[i].text, piece, &taken);
            if (status.code != (uint32_t)cases[i].expected) {
                print_error("case %zu: %s\n", i, cases[i].text);
            }
            assert_status(status, cases[i].expected);
        }
    }
}

static void test_http_response__has_an_end(void **state)
{
    (void)state;
    char text[CLOUD_HEAD_BYTES_MAX + 64] = "HTTP/1.1 200 OK\r\n";
    for (size_t at = strlen(text); at < CLOUD_HEAD_BYTES_MAX; at += strlen("X: y\r\n")) {
        memcpy(text + at, "X: y\r\n", sizeof "X: y\r\n");
    }
    HttpResponse response;
    size_t taken;
    assert_status(feed(&response, text, 100, &taken), STATUS_HT_FORM);

    char line[HTTP_RESPONSE_LINE_BYTES_MAX + 64] = "HTTP/1.1 200 ";
    memset(line + strlen(line), 'x', HTTP_RESPONSE_LINE_BYTES_MAX);
    assert_status(feed(&response, line, 100, &taken), STATUS_HT_FORM);
}

static void test_http_response__survives_random_bytes(void **state)
{
    (void)state;
    uint32_t random = 1;
    for (uint32_t round = 0; round < 20000; round++) {
        char text[200] =
            "HTTP/1.1 206 X\r\nContent-Length: 12\r\nContent-Range: bytes 0-11/20\r\n\r\n";
        for (uint32_t i = 0; i < 1 + round % 4; i++) {
            random = random * 1664525u + 1013904223u;
            text[(random >> 8) % 70] = (char)(random >> 24);
        }
        HttpResponse response;
        size_t taken;
        http_response_init(&response);
        if (status_is_ok(http_response_feed(&response, text, sizeof text, &taken))) {
            assert_true(taken <= sizeof text);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_http_response__is_the_same_in_any_pieces),
        cmocka_unit_test(test_http_response__refuses_what_is_malformed),
        cmocka_unit_test(test_http_response__has_an_end),
        cmocka_unit_test(test_http_response__survives_random_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
