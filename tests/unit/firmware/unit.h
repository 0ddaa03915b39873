/* SPDX-License-Identifier: MIT */
#pragma once

/* What every unit test of the firmware includes: cmocka and what it wants before it. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "vdevice/firmware/base/status.h"

#define assert_status(status, expected) assert_int_equal((status).code, (uint32_t)(expected))
#define assert_ok(status)               assert_status(status, STATUS_OK)
