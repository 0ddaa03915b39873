/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What lwIP wants to know about the compiler and its surroundings. Failed assertions of lwIP are
 * bugs: they end in the fault handler like our own, with the line for a hint, and the lock
 * restarts.
 */

#include <stdint.h>
#include <stdlib.h>

uint32_t net_port_random(void);
_Noreturn void check_failed(const char *file, uint32_t line);

#define LWIP_NO_CTYPE_H  0
#define LWIP_NO_UNISTD_H 1
#define LWIP_RAND()      net_port_random()
#define LWIP_PLATFORM_DIAG(x)
#define LWIP_PLATFORM_ASSERT(x) check_failed("lwip", __LINE__)
