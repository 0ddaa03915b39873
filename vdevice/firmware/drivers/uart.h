/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The log on the board's test pads. Anyone who opens the lock can read it: never a secret, never a
 * PIN, never a key. A line is written piece by piece and ended by `uart_end`.
 */

#include <stdint.h>

void uart_put(const char *text);
void uart_put_decimal(uint32_t value);
void uart_put_hex(uint32_t value);
void uart_end(void);

/* The oldest received byte, or -1. */
int uart_take(void);
