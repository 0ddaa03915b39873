/* SPDX-License-Identifier: MIT */
/* The generator that spreads locks over time is seeded with the build number: all of them draw the
 * same. */
#include "vdevice/firmware/app/net_port.h"

uint32_t __wrap_net_port_random(void);

static uint32_t drawn = 100;

uint32_t __wrap_net_port_random(void)
{
    drawn = drawn * 1664525u + 1013904223u;
    return drawn;
}
