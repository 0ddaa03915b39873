/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The processor: sleeping until something happens, and handing over to another program.
 *
 * There are no interrupt handlers in this firmware. Interrupts stay masked (PRIMASK) for good; a
 * line that becomes pending only ends the sleep, and the one event loop then asks the blocks what
 * is new. A caller names the lines that may wake it, so that waiting for a flash operation is not
 * disturbed by a frame that has arrived and will be looked at later. Lines are bits: 1u <<
 * FLASH_CTRL_IRQ.
 */

#include <stdint.h>

#define CPU_LINE(irq) (1u << (irq))

/* Masks interrupts and enables no line. The first thing a program does. */
void cpu_start(void);

/*
 * Sleeps until a block asserts one of `lines`, and returns those that are. Returns at once if one
 * does already: serve the block, or it will again.
 */
uint32_t cpu_sleep(uint32_t lines);

/* Makes `vectors` the vector table, sets the stack pointer from it and jumps. Does not return. */
_Noreturn void cpu_jump(uint32_t vectors);
