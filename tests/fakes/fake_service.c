/* SPDX-License-Identifier: MIT */
#include "tests/fakes/fake_service.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vdevice/firmware/app/tls_port.h"

enum {
    RESPONSE_BYTES = 16384,
};

typedef struct Response {
    uint8_t bytes[RESPONSE_BYTES];
    size_t count;
} Response;

FakeService fake_service;
static Response responses[FAKE_SERVICE_REQUESTS_MAX];
static size_t response_count;
static size_t response_index;
static size_t response_at;
static size_t request_at;
static uint64_t trickled_us;

void fake_service_reset(void)
{
    memset(&fake_service, 0, sizeof(fake_service));
    fake_service.piece = SIZE_MAX;
    fake_service.offer = status_ok();
    fake_service.finish = status_ok();
    fake_service.random = status_ok();
    fake_service.handshake = status_ok();
    fake_service.set_time = status_ok();
    fake_service.noted = status_ok();
    fake_service.seconds = 1800000000u;
    fake_service.facts.last_status = STATUS_OK;
    snprintf(fake_service.facts.bolt, sizeof(fake_service.facts.bolt), "locked");
    response_count = 0;
    response_index = 0;
    response_at = 0;
    request_at = 0;
    trickled_us = 0;
}

void fake_service_respond(const char *head, const void *body, size_t body_bytes)
{
    Response *response = &responses[response_count++];
    size_t head_bytes = strlen(head);
    assert(head_bytes + body_bytes <= RESPONSE_BYTES);
    memcpy(response->bytes, head, head_bytes);
    if (body_bytes > 0) {
        memcpy(response->bytes + head_bytes, body, body_bytes);
    }
    response->count = head_bytes + body_bytes;
}

/* tls_port.h */

Status tls_port_start(const SupervisorCertificates *certificates)
{
    (void)certificates;
    return status_ok();
}

Status tls_port_open(const char *host)
{
    (void)host;
    fake_service.opened++;
    request_at = 0;
    return status_ok();
}

TlsPortStep tls_port_handshake(Status *ret_status)
{
    *ret_status = fake_service.handshake;
    return status_is_ok(fake_service.handshake) ? TLS_PORT_STEP_DONE : TLS_PORT_STEP_FAILED;
}

static bool request_is_whole(const char *request)
{
    const char *blank = strstr(request, "\r\n\r\n");
    if (blank == NULL) {
        return false;
    }
    const char *length = strstr(request, "Content-Length: ");
    size_t want = length != NULL ? strtoul(length + strlen("Content-Length: "), NULL, 10) : 0;
    return strlen(blank + 4) >= want;
}

TlsPortStep tls_port_write(const void *buffer, size_t count, size_t *ret_count, Status *ret_status)
{
    (void)ret_status;
    char *request = fake_service.requests[fake_service.request_count];
    size_t taken = count < fake_service.piece ? count : fake_service.piece;
    assert(request_at + taken < FAKE_SERVICE_REQUEST_BYTES);
    memcpy(request + request_at, buffer, taken);
    request_at += taken;
    request[request_at] = '\0';
    *ret_count = taken;
    if (request_is_whole(request)) {
        fake_service.request_count++;
        request_at = 0;
    }
    return TLS_PORT_STEP_DONE;
}

TlsPortStep tls_port_read(void *buffer, size_t bytes_max, size_t *ret_count, Status *ret_status)
{
    (void)ret_status;
    bool answered = response_index < response_count && response_index < fake_service.request_count;
    if (!answered) {
        return fake_service.closes ? TLS_PORT_STEP_ENDED : TLS_PORT_STEP_WAITING;
    }
    if (fake_service.trickle_us != NULL) {
        if (*fake_service.trickle_us == trickled_us) {
            return TLS_PORT_STEP_WAITING;
        }
        trickled_us = *fake_service.trickle_us;
        fake_service.piece = 1;
    }
    Response *response = &responses[response_index];
    size_t left = response->count - response_at;
    size_t count = left < bytes_max ? left : bytes_max;
    count = count < fake_service.piece ? count : fake_service.piece;
    memcpy(buffer, response->bytes + response_at, count);
    response_at += count;
    if (response_at == response->count) {
        response_index++;
        response_at = 0;
    }
    *ret_count = count;
    return TLS_PORT_STEP_DONE;
}

void tls_port_close(void)
{
}

/* supervisor.h, as far as the unprivileged half uses it. */

Status supervisor_random(void *ret_bytes, size_t count)
{
    static uint8_t next = 1;
    uint8_t *bytes = ret_bytes;
    for (size_t i = 0; status_is_ok(fake_service.random) && i < count; i++) {
        bytes[i] = (uint8_t)(next++ * 37u);
    }
    return fake_service.random;
}

Status supervisor_time(uint64_t *ret_seconds)
{
    if (fake_service.seconds == 0) {
        return status_error(STATUS_NE_TIME);
    }
    *ret_seconds = fake_service.seconds;
    return status_ok();
}

Status supervisor_set_time(uint64_t seconds)
{
    if (status_is_ok(fake_service.set_time)) {
        fake_service.seconds = seconds;
        fake_service.time_set = seconds;
    }
    return fake_service.set_time;
}

void supervisor_facts(SupervisorFacts *ret_facts)
{
    *ret_facts = fake_service.facts;
}

Status supervisor_update_offer(const ImageHeader *header)
{
    (void)header;
    fake_service.offers++;
    return fake_service.offer;
}

uint32_t supervisor_update_position(void)
{
    return (uint32_t)fake_service.image_bytes;
}

Status supervisor_update_write(const void *bytes, size_t count)
{
    assert(count > 0 && count <= SUPERVISOR_WRITE_MAX);
    assert(fake_service.image_bytes + count <= FAKE_SERVICE_IMAGE_BYTES);
    memcpy(fake_service.image + fake_service.image_bytes, bytes, count);
    fake_service.image_bytes += count;
    if (count > fake_service.largest_write) {
        fake_service.largest_write = count;
    }
    return status_ok();
}

Status supervisor_update_finish(void)
{
    fake_service.finishes++;
    return fake_service.finish;
}

void supervisor_update_pause(void)
{
    fake_service.pauses++;
}

Status supervisor_report_begin(void)
{
    fake_service.reports_begun++;
    fake_service.facts.report_sequence++;
    return status_ok();
}

void supervisor_report_sent(const SupervisorFacts *facts)
{
    (void)facts;
    fake_service.reports_sent++;
}

void supervisor_note(Status status)
{
    fake_service.notes++;
    fake_service.noted = status;
}

void supervisor_set_connected(bool connected)
{
    fake_service.connected = connected;
}

void supervisor_log(const char *line)
{
    (void)line;
}

void supervisor_show_progress(Progress progress)
{
    (void)progress;
}
