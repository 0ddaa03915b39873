/* SPDX-License-Identifier: MIT */

/* Does the update service read requests and reports strictly, and spoil replies for certain? */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <glib.h>

#include "sim/world/peers/cloud_report.h"
#include "sim/world/peers/http.h"
#include "sim/world/peers/mutate.h"
#include "vdevice/contract/image.h"

static HttpResult read_text(const char *text, HttpRequest *request)
{
    return http_read((const uint8_t *)text, strlen(text), request);
}

static void test_http__reads_what_a_device_asks(void **state)
{
    (void)state;
    HttpRequest request;
    assert_int_equal(read_text("GET /v1/image HTTP/1.1\r\nHost: h\r\nRange: bytes=1234-\r\n"
                               "connection: close\r\n\r\n",
                               &request),
                     HTTP_RESULT_WHOLE);
    assert_string_equal(request.method, "GET");
    assert_string_equal(request.path, "/v1/image");
    assert_true(request.has_range && request.close);
    assert_int_equal(request.range_from, 1234);
    assert_int_equal(request.body_bytes, 0);
    assert_int_equal(
        read_text("POST /r HTTP/1.1\r\nHost: h\r\nContent-Length: 17\r\n\r\nxx", &request),
        HTTP_RESULT_WHOLE);
    assert_int_equal(request.body_bytes, 17);
    assert_false(request.close);
}

static void test_http__waits_for_the_rest(void **state)
{
    (void)state;
    static const char text[] = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
    HttpRequest request;
    for (size_t count = 0; count < sizeof text - 1; count++) {
        assert_int_equal(http_read((const uint8_t *)text, count, &request), HTTP_RESULT_MORE);
    }
    assert_int_equal(read_text(text, &request), HTTP_RESULT_WHOLE);
}

static void test_http__refuses_what_is_ambiguous_or_none(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "\r\n\r\n",
        "GET / HTTP/1.0\r\nHost: h\r\n\r\n",
        "GET  / HTTP/1.1\r\nHost: h\r\n\r\n",
        "GET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: h\r\nHost: g\r\n\r\n",
        "GET / HTTP/1.1\nHost: h\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: h\r\n folded\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: h\r\nno colon\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 12345678901\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: h\r\nContent-Length:\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: h\r\nRange: bytes=1-2\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: h\r\nRange: bytes=-\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: h\r\nRange: lines=1-\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: h\001\r\n\r\n",
        "METHODTOOLONG / HTTP/1.1\r\nHost: h\r\n\r\n",
    };
    HttpRequest request;
    for (unsigned i = 0; i < G_N_ELEMENTS(texts); i++) {
        assert_int_equal(read_text(texts[i], &request), HTTP_RESULT_MALFORMED);
    }
    g_autofree char *long_line = g_strnfill(HTTP_HEAD_BYTES_MAX, 'a');
    assert_int_equal(read_text(long_line, &request), HTTP_RESULT_MALFORMED);
    long_line[HTTP_HEAD_BYTES_MAX - 1] = '\0';
    assert_int_equal(read_text(long_line, &request), HTTP_RESULT_MORE);
}

#define REPORT                                                                                     \
    "{\"device\":\"0a\",\"sequence\":12,\"time\":1767225700,\"version\":\"1.2.0\",\"slot\":\"A\"," \
    "\"boot\":\"confirmed\",\"reset\":\"power_on\",\"bolt\":\"locked\",\"update\":\"none\","       \
    "\"status\":\"00000739\"}"

static bool read_report(const char *text, CloudReport *report)
{
    return cloud_report_read((const uint8_t *)text, strlen(text), report);
}

static void test_cloud_report__reads_a_report_in_any_order_of_keys(void **state)
{
    (void)state;
    CloudReport report;
    assert_true(read_report(REPORT, &report));
    assert_string_equal(report.version, "1.2.0");
    assert_string_equal(report.status, "00000739");
    assert_int_equal(report.sequence, 12);
    assert_true(read_report("{ \"time\" : -5, \"sequence\":1,\"status\":\"\",\"device\":\"\",\n"
                            "\"version\":\"\",\"slot\":\"\",\"boot\":\"\",\"reset\":\"\","
                            "\"bolt\":\"\",\"update\":\"\"} ",
                            &report));
    assert_int_equal(report.time, -5);
}

static void test_cloud_report__refuses_every_cut_and_every_oddity(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "{}",
        "[]",
        REPORT "x",
        REPORT REPORT,
        "{\"device\":\"a\",\"device\":\"a\"}",
        "{\"unknown\":1}",
        "{\"sequence\":\"1\"}",
        "{\"device\":\"\\u0041\"}",
    };
    CloudReport report;
    for (unsigned i = 0; i < G_N_ELEMENTS(texts); i++) {
        assert_false(read_report(texts[i], &report));
    }
    for (size_t bytes = 0; bytes < sizeof REPORT - 1; bytes++) {
        assert_false(cloud_report_read((const uint8_t *)REPORT, bytes, &report));
    }
}

static void test_mutate__always_changes_something(void **state)
{
    (void)state;
    static const char head[] = "HTTP/1.1 206 Partial Content\r\nContent-Length: 300\r\n"
                               "Content-Range: bytes 0-299/300\r\nConnection: close\r\n\r\n";
    Prng prng = prng_new(9);
    Prng same = prng;
    for (unsigned i = 0; i < 3000; i++) {
        uint8_t header[IMAGE_HEADER_BYTES] = {0};
        uint8_t again[IMAGE_HEADER_BYTES] = {0};
        const uint8_t before[IMAGE_HEADER_BYTES] = {0};
        mutate_header(&prng, header);
        mutate_header(&same, again);
        assert_memory_not_equal(header, before, sizeof before);
        assert_memory_equal(header, again, sizeof again);
        mutate_payload(&prng, header, 1 + i % IMAGE_HEADER_BYTES);
        mutate_payload(&same, again, 1 + i % IMAGE_HEADER_BYTES);
        assert_memory_equal(header, again, sizeof again);

        g_autoptr(GByteArray) text = g_byte_array_new();
        g_byte_array_append(text, (const uint8_t *)head, sizeof head - 1);
        mutate_reply_head(&prng, text);
        assert_true(text->len != sizeof head - 1 || memcmp(text->data, head, text->len) != 0);
        g_autoptr(GByteArray) text_again = g_byte_array_new();
        g_byte_array_append(text_again, (const uint8_t *)head, sizeof head - 1);
        mutate_reply_head(&same, text_again);
        assert_int_equal(text->len, text_again->len);

        g_autoptr(GByteArray) body = g_byte_array_new();
        g_byte_array_set_size(body, i % 300);
        memset(body->data != NULL ? body->data : header, 7, body->len);
        g_autofree uint8_t *old = g_memdup2(body->data, body->len);
        mutate_reply_body(&prng, body);
        assert_true(body->len != i % 300 || memcmp(body->data, old, body->len) != 0);
        g_autoptr(GByteArray) body_again = g_byte_array_new();
        g_byte_array_append(body_again, old, i % 300);
        mutate_reply_body(&same, body_again);
        assert_int_equal(body->len, body_again->len);
    }
}

static void test_mutate__tampers_in_one_place(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        size_t from; /* what changes lies within [from, to) */
        size_t to;
    } places[] = {
        {"header", G_STRUCT_OFFSET(ImageHeader, version),
         G_STRUCT_OFFSET(ImageHeader, version) + 4},
        {"payload", IMAGE_HEADER_BYTES, IMAGE_HEADER_BYTES + 1000},
        {"signature", G_STRUCT_OFFSET(ImageHeader, signature), IMAGE_HEADER_BYTES},
        {"length", G_STRUCT_OFFSET(ImageHeader, payload_bytes),
         G_STRUCT_OFFSET(ImageHeader, payload_bytes) + 4},
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(places); i++) {
        uint8_t original[IMAGE_HEADER_BYTES + 1000];
        Prng prng = prng_new(i);
        prng_fill(&prng, original, sizeof original);
        g_autoptr(GByteArray) image = g_byte_array_new();
        g_byte_array_append(image, original, sizeof original);
        MutateTamper where;
        assert_true(mutate_tamper_of(places[i].name, &where));
        g_autoptr(GError) error = NULL;
        assert_true(mutate_tamper(&prng, where, "no keys needed", image, &error));
        unsigned changed = 0;
        for (size_t at = 0; at < sizeof original; at++) {
            if (image->data[at] != original[at]) {
                assert_in_range(at, places[i].from, places[i].to - 1);
                changed++;
            }
        }
        assert_true(changed > 0);
    }
    MutateTamper where;
    assert_false(mutate_tamper_of("nowhere", &where));
}

static void test_mutate__says_which_key_is_missing(void **state)
{
    (void)state;
    g_autoptr(GByteArray) image = g_byte_array_new();
    g_byte_array_set_size(image, IMAGE_HEADER_BYTES + 10);
    Prng prng = prng_new(1);
    g_autoptr(GError) error = NULL;
    assert_false(mutate_tamper(&prng, MUTATE_TAMPER_KEY, "no/such/folder", image, &error));
    assert_non_null(strstr(error->message, "no/such/folder/stranger.key.pem"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_http__reads_what_a_device_asks),
        cmocka_unit_test(test_http__waits_for_the_rest),
        cmocka_unit_test(test_http__refuses_what_is_ambiguous_or_none),
        cmocka_unit_test(test_cloud_report__reads_a_report_in_any_order_of_keys),
        cmocka_unit_test(test_cloud_report__refuses_every_cut_and_every_oddity),
        cmocka_unit_test(test_mutate__always_changes_something),
        cmocka_unit_test(test_mutate__tampers_in_one_place),
        cmocka_unit_test(test_mutate__says_which_key_is_missing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
