/* SPDX-License-Identifier: MIT */
#pragma once

/* The two places an image can be in: A is 0, B is 1. */

#include <stdint.h>

#include "vdevice/contract/image.h"
#include "vdevice/contract/memory_map.h"
#include "vdevice/firmware/base/status.h"

#define SLOTS_COUNT 2u

/* Flash offset of the slot's header. */
uint32_t slots_offset(uint32_t slot);

uint32_t slots_other(uint32_t slot);

/* 'A' or 'B'. */
char slots_letter(uint32_t slot);

/* The bit of FLASH_CTRL.LOCK that protects it. */
uint32_t slots_lock_bit(uint32_t slot);

/* Reads the slot's header anew, whatever it holds. */
void slots_read_header(uint32_t slot, ImageHeader *ret_header);
