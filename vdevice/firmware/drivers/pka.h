/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The public-key accelerator for P-256. Operands and results are 32 bytes, big-endian; points are
 * X then Y. STATUS_CR_FAILED when the block calls the operands unfit.
 */

#include <stdint.h>

#include "vdevice/firmware/base/status.h"

FALLIBLE Status pka_multiply(const uint8_t scalar[32], const uint8_t point[64],
                             uint8_t ret_point[64]);
FALLIBLE Status pka_multiply_base(const uint8_t scalar[32], uint8_t ret_point[64]);
FALLIBLE Status pka_sign(const uint8_t scalar[32], const uint8_t nonce[32], const uint8_t hash[32],
                         uint8_t ret_signature[64]);

/* OK only when the block said GOOD twice; STATUS_CR_MISMATCH otherwise. */
FALLIBLE Status pka_verify(const uint8_t point[64], const uint8_t hash[32],
                           const uint8_t signature[64]);

/* Zeroes the operand memory. */
void pka_clear(void);
