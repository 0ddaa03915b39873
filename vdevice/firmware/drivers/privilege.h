/* SPDX-License-Identifier: MIT */
#pragma once

/* The two levels of the processor: handlers are privileged, the thread can be made not to be. */

/* Takes exceptions through `vectors` (aligned to 256 bytes), the supervisor call last of all. */
void privilege_set_vectors(const void *vectors);

/*
 * Lets the thread go on in `unprivileged`, without privileges, on the stack between `limit` and
 * `top`, and with interrupts unmasked. The stack used so far is the handlers' from now on, from its
 * top.
 */
_Noreturn void privilege_drop(const void *limit, const void *top, void (*unprivileged)(void));
