/* SPDX-License-Identifier: MIT */
#pragma once

/* The random source. A stuck source is a failure that every caller must meet by refusing to go on.
 */

#include <stddef.h>

#include "vdevice/firmware/base/status.h"

FALLIBLE Status trng_read(void *ret_bytes, size_t count);
