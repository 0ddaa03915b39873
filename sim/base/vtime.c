/* SPDX-License-Identifier: MIT */

#include "sim/base/vtime.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define VTIME_DECIMALS_MAX 9

static const struct {
    const char *name;
    VTime ns;
} UNITS[] = {
    {"ns", 1},
    {"us", VTIME_US},
    {"ms", VTIME_MS},
    {"s", VTIME_S},
    {"min", 60 * VTIME_S},
    {"h", 3600 * VTIME_S},
    {"d", 86400 * VTIME_S},
};

#define UNIT_COUNT (sizeof(UNITS) / sizeof(UNITS[0]))

VTime vtime_add(VTime a, VTime b)
{
    assert(a >= 0 && b >= 0);
    return a > VTIME_NEVER - b ? VTIME_NEVER : a + b;
}

/* Reads digits into `value`; the count of digits, or -1 when they do not fit. */
static int read_digits(const char **text, uint64_t *value)
{
    int count = 0;
    while (**text >= '0' && **text <= '9') {
        uint64_t digit = (uint64_t)(**text - '0');
        if (*value > (UINT64_MAX - digit) / 10) {
            return -1;
        }
        *value = *value * 10 + digit;
        (*text)++;
        count++;
    }
    return count;
}

bool vtime_parse(const char *text, VTime *ret_time)
{
    bool negative = *text == '-';
    text += negative ? 1 : 0;
    uint64_t whole = 0;
    if (read_digits(&text, &whole) < 1) {
        return false;
    }
    uint64_t fraction = 0;
    uint64_t scale = 1;
    if (*text == '.') {
        text++;
        int decimals = read_digits(&text, &fraction);
        if (decimals < 1 || decimals > VTIME_DECIMALS_MAX) {
            return false;
        }
        for (int i = 0; i < decimals; i++) {
            scale *= 10;
        }
    }
    for (size_t i = 0; i < UNIT_COUNT; i++) {
        if (strcmp(text, UNITS[i].name) != 0) {
            continue;
        }
        /* In 128 bits, where nine decimals of a day cannot overflow. */
        unsigned __int128 ns = (unsigned __int128)whole * (uint64_t)UNITS[i].ns;
        unsigned __int128 part = (unsigned __int128)fraction * (uint64_t)UNITS[i].ns;
        if (part % scale != 0) {
            return false;
        }
        ns += part / scale;
        if (ns >= (unsigned __int128)VTIME_NEVER) {
            return false;
        }
        *ret_time = negative ? -(VTime)ns : (VTime)ns;
        return true;
    }
    return false;
}

const char *vtime_print(VTime time, char text[VTIME_TEXT_BYTES])
{
    if (time == VTIME_NEVER) {
        snprintf(text, VTIME_TEXT_BYTES, "never");
        return text;
    }
    if (time == 0) {
        snprintf(text, VTIME_TEXT_BYTES, "0s");
        return text;
    }
    const char *sign = time < 0 ? "-" : "";
    uint64_t ns = time < 0 ? 0 - (uint64_t)time : (uint64_t)time;
    /* Days and hours only when they come out whole; nobody reads 1.000277 h. */
    for (size_t i = UNIT_COUNT; i-- > 0;) {
        uint64_t unit = (uint64_t)UNITS[i].ns;
        if (ns < unit || (unit > (uint64_t)VTIME_S && ns % unit != 0)) {
            continue;
        }
        int written = snprintf(text, VTIME_TEXT_BYTES, "%s%" PRIu64, sign, ns / unit);
        char *end = text + written;
        uint64_t rest = ns % unit;
        if (rest != 0) {
            *end++ = '.';
            while (rest != 0) {
                unit /= 10;
                *end++ = (char)('0' + rest / unit);
                rest %= unit;
            }
        }
        snprintf(end, (size_t)(text + VTIME_TEXT_BYTES - end), "%s", UNITS[i].name);
        return text;
    }
    assert(false);
    return text;
}
