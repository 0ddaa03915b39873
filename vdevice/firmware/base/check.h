/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * CHECK is the firmware's assert: it is never compiled out.
 *
 * A failed check is a bug of ours. `check_failed` is given by each program (rom, app, and the fakes
 * of the host tests): it shows STATUS_BG_CHECK on the progress port and resets; it does not return.
 */

#include <stdbool.h>
#include <stdint.h>

_Noreturn void check_failed(const char *file, uint32_t line);

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            check_failed(__FILE__, (uint32_t)__LINE__);                                            \
        }                                                                                          \
    } while (false)
