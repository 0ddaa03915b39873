/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * CRC-32 of IEEE 802.3 (reflected, initial and final value all ones), as every stored record of the
 * contract uses it. It finds torn writes; it is no protection against anybody.
 */

#include <stddef.h>
#include <stdint.h>

uint32_t crc32_of(const void *bytes, size_t count);

/* Goes on from the CRC of what came before; start with 0. */
uint32_t crc32_add(uint32_t crc, const void *bytes, size_t count);
