/* SPDX-License-Identifier: MIT */
/* The lines of a reply are copied for the log, into room for the longest one ever seen in the
 * laboratory. */
#include "vdevice/firmware/core/http_response.h"

#define LINE_BYTES 56u

Status __real_http_response_feed(HttpResponse *response, const void *bytes, size_t count,
                                 size_t *ret_taken);
Status __wrap_http_response_feed(HttpResponse *response, const void *bytes, size_t count,
                                 size_t *ret_taken);

Status __wrap_http_response_feed(HttpResponse *response, const void *bytes, size_t count,
                                 size_t *ret_taken)
{
    char line[LINE_BYTES];
    volatile char *to = line;
    const char *from = bytes;
    size_t at = 0;
    for (size_t i = 0; i < count && !response->done; i++) {
        to[at++] = from[i];
        if (from[i] == '\n') {
            if (at <= 2) {
                break; /* the head ends with an empty line */
            }
            at = 0;
        }
    }
    return __real_http_response_feed(response, bytes, count, ret_taken);
}
