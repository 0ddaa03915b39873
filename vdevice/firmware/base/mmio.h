/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Register access: aligned 32-bit words, each read and write done once and in program order.
 *
 * Only drivers/ includes this. Offsets and fields come from contract/regs.h.
 */

#include <stdint.h>

static inline uint32_t mmio_read(uint32_t base, uint32_t offset)
{
    return *(const volatile uint32_t *)(uintptr_t)(base + offset);
}

static inline void mmio_write(uint32_t base, uint32_t offset, uint32_t word)
{
    *(volatile uint32_t *)(uintptr_t)(base + offset) = word;
}
