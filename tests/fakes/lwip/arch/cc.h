/* SPDX-License-Identifier: MIT */
#pragma once

/* What lwIP wants to know of the compiler and of its surroundings: the host, under a test. */

#include <stdint.h>
#include <stdlib.h>

#define LWIP_PLATFORM_DIAG(message)                                                                \
    do {                                                                                           \
    } while (0)
#define LWIP_PLATFORM_ASSERT(message) abort()

/* From the client's own stream (fake_client.c). */
uint32_t fake_client_random(void);
#define LWIP_RAND() fake_client_random()
