/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The privileged side of supervisor.h: memory protection, the supervisor call, the fault handler.
 *
 * `door_open` draws the line between the halves and drops privileges for good; what runs afterwards
 * in thread mode can come back only through `door_call`, which looks every operand up in a table
 * before anything is done with it.
 */

#include <stdint.h>

/* Switches protection on and goes on in `unprivileged`, without privileges and on its own stack. */
_Noreturn void door_open(void (*unprivileged)(void));

/* The body of the SVC handler: operands and result are in the caller's saved r0 to r3. */
void door_call(uint32_t saved[8]);
