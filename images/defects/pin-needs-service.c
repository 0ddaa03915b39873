/* SPDX-License-Identifier: MIT */
/* PINs are honoured only while the service has been heard of within the hour, so that it could have
 * withdrawn them. */
#include "vdevice/firmware/app/device.h"
#include "vdevice/firmware/core/auth.h"

#define HEARD_US_MAX UINT64_C(3600000000)

void __real_device_report_sent(const SupervisorFacts *facts);
void __wrap_device_report_sent(const SupervisorFacts *facts);
Status __real_auth_check_pin(Auth *auth, const char *digits, size_t count, uint64_t now_us);
Status __wrap_auth_check_pin(Auth *auth, const char *digits, size_t count, uint64_t now_us);

static uint64_t heard_us;

void __wrap_device_report_sent(const SupervisorFacts *facts)
{
    heard_us = device_now();
    __real_device_report_sent(facts);
}

Status __wrap_auth_check_pin(Auth *auth, const char *digits, size_t count, uint64_t now_us)
{
    if (now_us - heard_us > HEARD_US_MAX) {
        return status_error(STATUS_NE_TIMEOUT);
    }
    return __real_auth_check_pin(auth, digits, count, now_us);
}
