/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The head of an HTTP/1.1 response, taken byte by byte as it comes.
 *
 * Feed it until it is DONE; what follows is body. It is strict: a version other than HTTP/1.1, a
 * head over CLOUD_HEAD_BYTES_MAX, a name with odd characters, a line folded, Content-Length
 * missing where a body may follow, twice, or not a number, or any Transfer-Encoding ends it with
 * STATUS_HT_FORM or STATUS_HT_LENGTH. Fields it does not know are skipped. It keeps no text and
 * needs no memory but itself.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vdevice/firmware/base/status.h"

#define HTTP_RESPONSE_LINE_BYTES_MAX 256u

typedef struct HttpResponse {
    uint32_t status; /* 200, 204, 206, ... */
    bool has_length;
    uint32_t length; /* Content-Length; 0 for 204 */
    bool has_range;  /* Content-Range was there: bytes first-last/total */
    uint32_t range_first;
    uint32_t range_last;
    uint32_t range_total;
    bool close;          /* Connection: close */
    bool done;           /* the head is complete */
    uint32_t head_bytes; /* taken so far */
    uint32_t line_bytes;
    char line[HTTP_RESPONSE_LINE_BYTES_MAX];
} HttpResponse;

void http_response_init(HttpResponse *response);

/* Takes bytes up to the end of the head at most; `*ret_taken` says how many. */
FALLIBLE Status http_response_feed(HttpResponse *response, const void *bytes, size_t count,
                                   size_t *ret_taken);
