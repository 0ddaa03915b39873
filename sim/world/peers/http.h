/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Reads HTTP/1.1 requests, strictly, and only as much of the language as the cloud API has.
 *
 * A request is a head of at most HTTP_HEAD_BYTES_MAX and a body counted by Content-Length. Bytes
 * that are not a request, or could be read in two ways (two lengths, folded lines, bare line
 * feeds), are malformed; a service then answers 400 and hangs up. Pure; nothing is owned.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HTTP_HEAD_BYTES_MAX 2048u
#define HTTP_METHOD_CHARS   8u
#define HTTP_PATH_CHARS     64u

typedef enum HttpResult {
    HTTP_RESULT_WHOLE,
    HTTP_RESULT_MORE, /* what is there is the beginning of a request */
    HTTP_RESULT_MALFORMED,
} HttpResult;

typedef struct HttpRequest {
    char method[HTTP_METHOD_CHARS];
    char path[HTTP_PATH_CHARS];
    bool has_host;
    bool has_range;
    uint64_t range_from; /* of `bytes=N-` */
    bool close;          /* the last of its session */
    size_t head_bytes;
    size_t body_bytes; /* behind the head; they may not all be there yet */
} HttpRequest;

/* Reads the head at the start of `bytes`. */
HttpResult http_read(const uint8_t *bytes, size_t count, HttpRequest *ret_request);

/* The phrase that goes with a status code. */
const char *http_reason(unsigned status);
