/* SPDX-License-Identifier: MIT */
/* Guests' PINs have hours of the day, so no PIN is looked at before the time is known. */
#include "vdevice/firmware/core/auth.h"
#include "vdevice/firmware/drivers/rtc.h"

Status __real_auth_check_pin(Auth *auth, const char *digits, size_t count, uint64_t now_us);
Status __wrap_auth_check_pin(Auth *auth, const char *digits, size_t count, uint64_t now_us);

Status __wrap_auth_check_pin(Auth *auth, const char *digits, size_t count, uint64_t now_us)
{
    uint64_t seconds;
    if (!rtc_get(&seconds)) {
        return status_error(STATUS_NE_TIME);
    }
    return __real_auth_check_pin(auth, digits, count, now_us);
}
