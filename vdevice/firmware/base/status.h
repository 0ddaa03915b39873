/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What a firmware function has to say about how it went.
 *
 * A `Status` is a struct of one word, so that it cannot be taken for a number, dropped, or tested
 * as a truth value by accident. OK is 0x0739, not zero: memory that was never written, or a
 * register that reads as zero, does not look like success. Codes come from contract/status.def and
 * are never renumbered, because the ROM that shows them is immutable.
 *
 * Put FALLIBLE before every declaration that returns one; the compiler then refuses a caller that
 * ignores it. Hand failures on with TRY, the only control-flow macro of the tree.
 *
 *     FALLIBLE Status slot_clear(uint32_t slot)
 *     {
 *         TRY(flash_erase(slots_offset(slot)));
 *         return status_ok();
 *     }
 */

#include <stdbool.h>
#include <stdint.h>

typedef struct Status {
    uint32_t code;
} Status;

#define FALLIBLE __attribute__((warn_unused_result))

/* The two letters of each module in status.def, as the upper half of its codes. */
typedef enum StatusModule {
    STATUS_MODULE_IM = ('I' << 8) | 'M',
    STATUS_MODULE_BT = ('B' << 8) | 'T',
    STATUS_MODULE_FL = ('F' << 8) | 'L',
    STATUS_MODULE_OT = ('O' << 8) | 'T',
    STATUS_MODULE_TR = ('T' << 8) | 'R',
    STATUS_MODULE_CR = ('C' << 8) | 'R',
    STATUS_MODULE_ST = ('S' << 8) | 'T',
    STATUS_MODULE_AU = ('A' << 8) | 'U',
    STATUS_MODULE_LM = ('L' << 8) | 'M',
    STATUS_MODULE_NE = ('N' << 8) | 'E',
    STATUS_MODULE_HT = ('H' << 8) | 'T',
    STATUS_MODULE_PV = ('P' << 8) | 'V',
    STATUS_MODULE_UP = ('U' << 8) | 'P',
    STATUS_MODULE_BG = ('B' << 8) | 'G',
} StatusModule;

/* STATUS_OK, and STATUS_<module>_<name> for every line of status.def. */
typedef enum StatusCode {
    STATUS_OK = 0x0739,
#define STATUS(module, name, number, text)                                                         \
    STATUS_##module##_##name = ((int)STATUS_MODULE_##module << 16) | (number),
#include "vdevice/contract/status.def"
#undef STATUS
} StatusCode;

/* Success. */
static inline Status status_ok(void)
{
    return (Status){STATUS_OK};
}

/* The Status of a code that was stored. */
static inline Status status_from_code(uint32_t code)
{
    return (Status){code};
}

/* A failure. */
static inline Status status_error(StatusCode code)
{
    return (Status){(uint32_t)code};
}

static inline bool status_is_ok(Status status)
{
    return status.code == (uint32_t)STATUS_OK;
}

static inline bool status_is(Status status, StatusCode code)
{
    return status.code == (uint32_t)code;
}

/* One line for people; "unknown status" when the code is not in the list. */
const char *status_text(Status status);

#define TRY(expr)                                                                                  \
    do {                                                                                           \
        Status try_status_ = (expr);                                                               \
        if (!status_is_ok(try_status_)) {                                                          \
            return try_status_;                                                                    \
        }                                                                                          \
    } while (false)
