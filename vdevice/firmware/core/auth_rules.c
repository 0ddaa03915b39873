/* SPDX-License-Identifier: MIT */
#include "vdevice/firmware/core/auth_rules.h"

#include "vdevice/contract/provisioning.h"
#include "vdevice/firmware/base/bytes.h"
#include "vdevice/firmware/core/auth.h"

bool auth_rules_form(const char *digits, size_t count)
{
    if (count < PROVISIONING_PIN_DIGITS_MIN || count > PROVISIONING_PIN_DIGITS_MAX) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (digits[i] < '0' || digits[i] > '9') {
            return false;
        }
    }
    return true;
}

uint32_t auth_rules_wait_seconds(uint32_t wrong)
{
    if (wrong < AUTH_FREE_ATTEMPTS) {
        return 0;
    }
    uint32_t seconds = AUTH_WAIT_SECONDS_MIN;
    for (uint32_t i = AUTH_FREE_ATTEMPTS; i < wrong && seconds < AUTH_WAIT_SECONDS_MAX; i++) {
        seconds *= 2;
    }
    return seconds < AUTH_WAIT_SECONDS_MAX ? seconds : AUTH_WAIT_SECONDS_MAX;
}

bool auth_rules_match(const uint8_t expected[32], const uint8_t actual[32])
{
    return bytes_equal_secret(expected, actual, 32);
}
