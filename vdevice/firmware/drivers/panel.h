/* SPDX-License-Identifier: MIT */
#pragma once

/* Keypad, inside button, LEDs, buzzer. */

#include <stdbool.h>
#include <stdint.h>

/* The oldest key not yet taken: '0' to '9', '*', '#', 'B' for the inside button; 0 when none. */
char panel_take_key(void);

/* Bits made with REG_MASK(PANEL_LEDS_...). */
void panel_set_leds(uint32_t led_bits);

/* 0 is silence. */
void panel_set_buzzer(uint32_t hz);

/* Lets a key wake `cpu_sleep` on PANEL_IRQ. */
void panel_listen(bool on);
