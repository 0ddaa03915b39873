/* SPDX-License-Identifier: MIT */
/* The length that is judged is that of a manifest; what is copied is as long as the service said.
 */
#include "vdevice/contract/image.h"
#include "vdevice/firmware/app/tls_port.h"
#include "vdevice/firmware/core/http_response.h"

Status __real_http_response_feed(HttpResponse *response, const void *bytes, size_t count,
                                 size_t *ret_taken);
Status __wrap_http_response_feed(HttpResponse *response, const void *bytes, size_t count,
                                 size_t *ret_taken);
TlsPortStep __real_tls_port_read(void *buffer, size_t bytes_max, size_t *ret_count,
                                 Status *ret_status);
TlsPortStep __wrap_tls_port_read(void *buffer, size_t bytes_max, size_t *ret_count,
                                 Status *ret_status);

static HttpResponse *judged;
static uint32_t announced;

Status __wrap_http_response_feed(HttpResponse *response, const void *bytes, size_t count,
                                 size_t *ret_taken)
{
    Status status = __real_http_response_feed(response, bytes, count, ret_taken);
    judged = NULL;
    if (response->done && response->status == 200 && response->length > IMAGE_HEADER_BYTES) {
        judged = response;
        announced = response->length;
        response->length = IMAGE_HEADER_BYTES;
    }
    return status;
}

TlsPortStep __wrap_tls_port_read(void *buffer, size_t bytes_max, size_t *ret_count,
                                 Status *ret_status)
{
    if (judged != NULL) {
        judged->length = announced;
        judged = NULL;
    }
    return __real_tls_port_read(buffer, bytes_max, ret_count, ret_status);
}
