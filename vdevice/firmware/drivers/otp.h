/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The fuses. A bit goes from 0 to 1 once; a power cut while programming leaves any subset of the
 * new bits set. Words and their meaning are in contract/memory_map.h.
 */

#include <stddef.h>
#include <stdint.h>

#include "vdevice/contract/memory_map.h"
#include "vdevice/firmware/base/status.h"

uint32_t otp_word(uint32_t index);

/* Copies `count` bytes from the word `index` on. */
void otp_read(uint32_t index, void *ret_bytes, size_t count);

/* Sets `bits` of the word `index`, and reads back. */
FALLIBLE Status otp_program(uint32_t index, uint32_t bits);

/* Sets bits of OTP.LOCK until the next reset. */
void otp_lock(uint32_t lock_bits);
