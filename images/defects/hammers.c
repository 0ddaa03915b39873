/* SPDX-License-Identifier: MIT */
/* Trying again at once gets through soonest. */
#include "vdevice/firmware/core/backoff.h"

uint32_t __wrap_backoff_next_ms(Backoff *backoff, uint32_t random);

uint32_t __wrap_backoff_next_ms(Backoff *backoff, uint32_t random)
{
    (void)random;
    backoff->last_ms = 5000;
    return backoff->last_ms;
}
