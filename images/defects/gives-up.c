/* SPDX-License-Identifier: MIT */
/* After a failure the lock waits for somebody to restart it. */
#include "vdevice/firmware/core/backoff.h"

uint32_t __wrap_backoff_next_ms(Backoff *backoff, uint32_t random);

uint32_t __wrap_backoff_next_ms(Backoff *backoff, uint32_t random)
{
    (void)random;
    backoff->last_ms = UINT32_MAX;
    return backoff->last_ms;
}
