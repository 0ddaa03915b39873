/* SPDX-License-Identifier: MIT */
#include "vdevice/firmware/app/supervisor.h"

#include <string.h>

#include "vdevice/firmware/app/supervisor_call.h"
#include "vdevice/firmware/base/bytes.h"

/* The unprivileged side: puts the operands where the handler looks for them (r0 to r3) and knocks.
 */
static uint32_t supervisor_call(SupervisorCall call, const void *in, void *out, uint32_t number)
{
    register uint32_t r0 __asm("r0") = (uint32_t)call;
    register uint32_t r1 __asm("r1") = (uint32_t)(uintptr_t)in;
    register uint32_t r2 __asm("r2") = (uint32_t)(uintptr_t)out;
    register uint32_t r3 __asm("r3") = number;
    __asm volatile("svc #0" : "+r"(r0) : "r"(r1), "r"(r2), "r"(r3) : "memory");
    return r0;
}

static Status supervisor_ask(SupervisorCall call, const void *in, void *out, uint32_t number)
{
    return status_from_code(supervisor_call(call, in, out, number));
}

uint64_t supervisor_now(void)
{
    uint64_t now_us = 0;
    (void)supervisor_call(SUPERVISOR_CALL_NOW, NULL, &now_us, 0);
    return now_us;
}

void supervisor_turn(uint64_t deadline_us)
{
    (void)supervisor_call(SUPERVISOR_CALL_TURN, &deadline_us, NULL, 0);
}

Status supervisor_random(void *ret_bytes, size_t count)
{
    return supervisor_ask(SUPERVISOR_CALL_RANDOM, NULL, ret_bytes, (uint32_t)count);
}

Status supervisor_p256_public(const uint8_t scalar[32], uint8_t ret_point[64])
{
    return supervisor_ask(SUPERVISOR_CALL_P256_PUBLIC, scalar, ret_point, 0);
}

Status supervisor_p256_multiply(const uint8_t scalar[32], const uint8_t point[64],
                                uint8_t ret_point[64])
{
    SupervisorPoints points = {0};
    memcpy(points.scalar, scalar, sizeof(points.scalar));
    memcpy(points.point, point, sizeof(points.point));
    Status status = supervisor_ask(SUPERVISOR_CALL_P256_MULTIPLY, &points, ret_point, 0);
    bytes_clear_secret(&points, sizeof(points));
    return status;
}

Status supervisor_p256_verify(const uint8_t point[64], const uint8_t hash[32],
                              const uint8_t signature[64])
{
    SupervisorPoints points;
    memcpy(points.scalar, hash, sizeof(points.scalar));
    memcpy(points.point, point, sizeof(points.point));
    memcpy(points.signature, signature, sizeof(points.signature));
    return supervisor_ask(SUPERVISOR_CALL_P256_VERIFY, &points, NULL, 0);
}

Status supervisor_sign(const uint8_t hash[32], uint8_t ret_signature[64])
{
    return supervisor_ask(SUPERVISOR_CALL_SIGN, hash, ret_signature, 0);
}

Status supervisor_time(uint64_t *ret_seconds)
{
    return supervisor_ask(SUPERVISOR_CALL_TIME, NULL, ret_seconds, 0);
}

Status supervisor_set_time(uint64_t seconds)
{
    return supervisor_ask(SUPERVISOR_CALL_SET_TIME, &seconds, NULL, 0);
}

void supervisor_facts(SupervisorFacts *ret_facts)
{
    (void)supervisor_call(SUPERVISOR_CALL_FACTS, NULL, ret_facts, 0);
}

void supervisor_certificates(SupervisorCertificates *ret_certificates)
{
    (void)supervisor_call(SUPERVISOR_CALL_CERTIFICATES, NULL, ret_certificates, 0);
}

void supervisor_ready(Status outcome)
{
    (void)supervisor_call(SUPERVISOR_CALL_READY, NULL, NULL, outcome.code);
}

Status supervisor_update_offer(const ImageHeader *header)
{
    return supervisor_ask(SUPERVISOR_CALL_UPDATE_OFFER, header, NULL, 0);
}

uint32_t supervisor_update_position(void)
{
    return supervisor_call(SUPERVISOR_CALL_UPDATE_POSITION, NULL, NULL, 0);
}

Status supervisor_update_write(const void *bytes, size_t count)
{
    return supervisor_ask(SUPERVISOR_CALL_UPDATE_WRITE, bytes, NULL, (uint32_t)count);
}

Status supervisor_update_finish(void)
{
    return supervisor_ask(SUPERVISOR_CALL_UPDATE_FINISH, NULL, NULL, 0);
}

void supervisor_update_pause(void)
{
    (void)supervisor_call(SUPERVISOR_CALL_UPDATE_PAUSE, NULL, NULL, 0);
}

Status supervisor_report_begin(void)
{
    return supervisor_ask(SUPERVISOR_CALL_REPORT_BEGIN, NULL, NULL, 0);
}

void supervisor_report_sent(const SupervisorFacts *facts)
{
    (void)supervisor_call(SUPERVISOR_CALL_REPORT_SENT, facts, NULL, 0);
}

void supervisor_note(Status status)
{
    (void)supervisor_call(SUPERVISOR_CALL_NOTE, NULL, NULL, status.code);
}

void supervisor_set_connected(bool connected)
{
    (void)supervisor_call(SUPERVISOR_CALL_SET_CONNECTED, NULL, NULL, connected ? 1 : 0);
}

void supervisor_log(const char *line)
{
    size_t count = strlen(line);
    (void)supervisor_call(SUPERVISOR_CALL_LOG, line, NULL,
                          (uint32_t)(count < SUPERVISOR_LOG_MAX ? count : SUPERVISOR_LOG_MAX));
}

void supervisor_show_progress(Progress progress)
{
    (void)supervisor_call(SUPERVISOR_CALL_SHOW_PROGRESS, NULL, NULL, (uint32_t)progress);
}
