/* SPDX-License-Identifier: MIT */
#include "vdevice/firmware/app/exchange.h"

#include <stdbool.h>
#include <string.h>

#include "vdevice/contract/cloud_api.h"
#include "vdevice/contract/image.h"
#include "vdevice/firmware/app/report.h"
#include "vdevice/firmware/app/supervisor.h"
#include "vdevice/firmware/app/tls_port.h"
#include "vdevice/firmware/base/bytes.h"
#include "vdevice/firmware/core/http_response.h"

#define EXCHANGE_REQUEST_BYTES_MAX (CLOUD_REPORT_BYTES_MAX + 256u)

enum {
    HTTP_OK = 200,
    HTTP_NO_CONTENT = 204,
    HTTP_PARTIAL = 206,
};

typedef enum ExchangePhase {
    EXCHANGE_REPORT,
    EXCHANGE_MANIFEST,
    EXCHANGE_IMAGE,
    EXCHANGE_FINAL_REPORT,
    EXCHANGE_OVER,
} ExchangePhase;

typedef enum ExchangeStage {
    EXCHANGE_SENDING,
    EXCHANGE_HEAD,
    EXCHANGE_BODY,
} ExchangeStage;

typedef struct Exchange {
    ExchangePhase phase;
    ExchangeStage stage;
    char request[EXCHANGE_REQUEST_BYTES_MAX];
    size_t request_bytes;
    size_t request_sent;
    HttpResponse response;
    uint32_t body_taken;
    uint32_t body_skipped; /* of a 200: what we have already */
    ImageHeader manifest;
    SupervisorFacts reported;
    uint8_t piece[EXCHANGE_PIECE_BYTES];
} Exchange;

static Exchange exchange;

/* Requests. */

static ByteWriter exchange_request(const char *method_and_path)
{
    ByteWriter writer = bytes_writer(exchange.request, sizeof(exchange.request));
    bytes_put_text(&writer, method_and_path);
    bytes_put_text(&writer, " HTTP/1.1\r\nHost: " CLOUD_HOST "\r\n");
    return writer;
}

static Status exchange_send(const ByteWriter *writer, ExchangePhase phase)
{
    if (writer->failed) {
        return status_error(STATUS_HT_LENGTH);
    }
    exchange.phase = phase;
    exchange.stage = EXCHANGE_SENDING;
    exchange.request_bytes = writer->at;
    exchange.request_sent = 0;
    exchange.body_taken = 0;
    exchange.body_skipped = 0;
    http_response_init(&exchange.response);
    return status_ok();
}

static Status exchange_ask_report(ExchangePhase phase)
{
    char body[CLOUD_REPORT_BYTES_MAX];
    uint64_t seconds;
    TRY(supervisor_time(&seconds));
    TRY(supervisor_report_begin());
    supervisor_facts(&exchange.reported);
    size_t body_bytes = report_write(&exchange.reported, seconds, body, sizeof(body));
    if (body_bytes == 0) {
        return status_error(STATUS_HT_LENGTH);
    }
    ByteWriter writer = exchange_request("POST " CLOUD_PATH_REPORT);
    bytes_put_text(&writer, phase == EXCHANGE_FINAL_REPORT ? "Connection: close\r\n" : "");
    bytes_put_text(&writer, "Content-Type: application/json\r\nContent-Length: ");
    bytes_put_decimal(&writer, body_bytes);
    bytes_put_text(&writer, "\r\n\r\n");
    bytes_put(&writer, body, body_bytes);
    return exchange_send(&writer, phase);
}

static Status exchange_ask_manifest(void)
{
    ByteWriter writer = exchange_request("GET " CLOUD_PATH_MANIFEST);
    bytes_put_text(&writer, "\r\n");
    return exchange_send(&writer, EXCHANGE_MANIFEST);
}

static Status exchange_ask_image(void)
{
    ByteWriter writer = exchange_request("GET " CLOUD_PATH_IMAGE);
    bytes_put_text(&writer, "Range: bytes=");
    bytes_put_decimal(&writer, supervisor_update_position());
    bytes_put_text(&writer, "-\r\n\r\n");
    return exchange_send(&writer, EXCHANGE_IMAGE);
}

/* Responses: whether the head fits the question. */

static Status exchange_judge_image_head(void)
{
    const HttpResponse *response = &exchange.response;
    uint32_t position = supervisor_update_position();
    uint32_t total = exchange.manifest.payload_bytes;
    if (response->status == HTTP_OK) {
        exchange.body_skipped = position;
        return response->length == total ? status_ok() : status_error(STATUS_HT_LENGTH);
    }
    if (response->status != HTTP_PARTIAL) {
        return status_error(STATUS_HT_STATUS);
    }
    bool fits = response->has_range && response->range_first == position &&
                response->range_last >= position && response->range_last < total &&
                response->range_total == total &&
                response->length == response->range_last - position + 1;
    return fits ? status_ok() : status_error(STATUS_HT_LENGTH);
}

static Status exchange_judge_head(void)
{
    const HttpResponse *response = &exchange.response;
    if (exchange.phase == EXCHANGE_IMAGE) {
        return exchange_judge_image_head();
    }
    if (response->status == HTTP_NO_CONTENT) {
        return status_ok();
    }
    if (exchange.phase != EXCHANGE_MANIFEST || response->status != HTTP_OK) {
        return status_error(STATUS_HT_STATUS);
    }
    return response->length == IMAGE_HEADER_BYTES ? status_ok() : status_error(STATUS_HT_LENGTH);
}

/* What follows when a response is complete. */

static Status exchange_after_manifest(void)
{
    if (exchange.response.status == HTTP_NO_CONTENT) {
        exchange.phase = EXCHANGE_OVER;
        return status_ok();
    }
    Status offer = supervisor_update_offer(&exchange.manifest);
    if (status_is_ok(offer)) {
        supervisor_log("update: taking it");
        return exchange_ask_image();
    }
    if (status_is(offer, STATUS_IM_NOT_NEWER) || status_is(offer, STATUS_UP_STATE)) {
        exchange.phase = EXCHANGE_OVER;
        return status_ok();
    }
    supervisor_note(offer);
    return exchange_ask_report(EXCHANGE_FINAL_REPORT);
}

static Status exchange_after_image(void)
{
    if (supervisor_update_position() < exchange.manifest.payload_bytes) {
        return exchange_ask_image(); /* the server gave a part of the rest; each time it is more
                                        than nothing */
    }
    Status finish = supervisor_update_finish();
    if (status_is_ok(finish)) {
        supervisor_log("update: staged");
    } else {
        supervisor_note(finish);
    }
    return exchange_ask_report(EXCHANGE_FINAL_REPORT);
}

static Status exchange_after_response(void)
{
    bool more = exchange.phase == EXCHANGE_REPORT || exchange.phase == EXCHANGE_IMAGE;
    if (exchange.response.close && more) {
        return status_error(STATUS_NE_CLOSED);
    }
    switch (exchange.phase) {
    case EXCHANGE_REPORT:
        supervisor_report_sent(&exchange.reported);
        return exchange_ask_manifest();
    case EXCHANGE_MANIFEST:
        return exchange_after_manifest();
    case EXCHANGE_IMAGE:
        return exchange_after_image();
    case EXCHANGE_FINAL_REPORT:
        supervisor_report_sent(&exchange.reported);
        exchange.phase = EXCHANGE_OVER;
        break;
    case EXCHANGE_OVER:
        break;
    }
    return status_ok();
}

/* Takes bytes of the body; they are at most what is left of it. */
static Status exchange_take_body(const uint8_t *bytes, size_t count)
{
    uint32_t at = exchange.body_taken;
    exchange.body_taken += (uint32_t)count;
    if (exchange.phase == EXCHANGE_MANIFEST) {
        memcpy((uint8_t *)&exchange.manifest + at, bytes, count);
        return status_ok();
    }
    size_t skip = 0;
    if (at < exchange.body_skipped) {
        skip = exchange.body_skipped - at < count ? exchange.body_skipped - at : count;
    }
    return skip < count ? supervisor_update_write(bytes + skip, count - skip) : status_ok();
}

static Status exchange_take(const uint8_t *bytes, size_t count)
{
    size_t at = 0;
    if (exchange.stage == EXCHANGE_HEAD) {
        TRY(http_response_feed(&exchange.response, bytes, count, &at));
        if (!exchange.response.done) {
            return status_ok();
        }
        TRY(exchange_judge_head());
        exchange.stage = EXCHANGE_BODY;
    }
    size_t left = exchange.response.length - exchange.body_taken;
    if (count - at > left) {
        return status_error(STATUS_HT_LENGTH); /* nobody asked for more than one response */
    }
    if (count > at) {
        TRY(exchange_take_body(bytes + at, count - at));
    }
    return exchange.body_taken == exchange.response.length ? exchange_after_response()
                                                           : status_ok();
}

static ExchangeStep exchange_fail(Status status, Status *ret_status)
{
    *ret_status = status;
    return EXCHANGE_STEP_FAILED;
}

static ExchangeStep exchange_moved(TlsPortStep step, Status *ret_status)
{
    if (step == TLS_PORT_STEP_ENDED) {
        return exchange_fail(status_error(STATUS_NE_CLOSED), ret_status);
    }
    return step == TLS_PORT_STEP_FAILED ? EXCHANGE_STEP_FAILED : EXCHANGE_STEP_WAITING;
}

static ExchangeStep exchange_poll_sending(Status *ret_status)
{
    size_t sent = 0;
    TlsPortStep step =
        tls_port_write(exchange.request + exchange.request_sent,
                       exchange.request_bytes - exchange.request_sent, &sent, ret_status);
    if (step != TLS_PORT_STEP_DONE) {
        return exchange_moved(step, ret_status);
    }
    exchange.request_sent += sent;
    if (exchange.request_sent == exchange.request_bytes) {
        exchange.stage = EXCHANGE_HEAD;
    }
    return EXCHANGE_STEP_AGAIN;
}

static ExchangeStep exchange_poll_receiving(Status *ret_status)
{
    size_t count = 0;
    TlsPortStep step = tls_port_read(exchange.piece, sizeof(exchange.piece), &count, ret_status);
    if (step != TLS_PORT_STEP_DONE) {
        return exchange_moved(step, ret_status);
    }
    Status status = exchange_take(exchange.piece, count);
    return status_is_ok(status) ? EXCHANGE_STEP_AGAIN : exchange_fail(status, ret_status);
}

void exchange_start(void)
{
    exchange.phase = EXCHANGE_REPORT;
    exchange.stage = EXCHANGE_SENDING;
    exchange.request_bytes = 0;
}

ExchangeStep exchange_poll(Status *ret_status)
{
    if (exchange.phase == EXCHANGE_OVER) {
        return EXCHANGE_STEP_DONE;
    }
    if (exchange.request_bytes == 0) {
        Status status = exchange_ask_report(EXCHANGE_REPORT);
        return status_is_ok(status) ? EXCHANGE_STEP_AGAIN : exchange_fail(status, ret_status);
    }
    return exchange.stage == EXCHANGE_SENDING ? exchange_poll_sending(ret_status)
                                              : exchange_poll_receiving(ret_status);
}
