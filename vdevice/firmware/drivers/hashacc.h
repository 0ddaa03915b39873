/* SPDX-License-Identifier: MIT */
#pragma once

/* The SHA-256 accelerator: compresses whole blocks, from flash, ROM or SRAM. */

#include <stdint.h>

#include "vdevice/firmware/base/status.h"

/* Replaces the eight words of `state` by the state after `blocks` blocks of 64 bytes. */
FALLIBLE Status hashacc_compress(uint32_t state[8], const void *source, uint32_t blocks);
