/* SPDX-License-Identifier: MIT */
/* What goes well is done again after the same time, always. */
#include "vdevice/firmware/core/backoff.h"

uint32_t __wrap_backoff_jitter_ms(uint32_t period_ms, uint32_t random);

uint32_t __wrap_backoff_jitter_ms(uint32_t period_ms, uint32_t random)
{
    (void)random;
    return period_ms;
}
