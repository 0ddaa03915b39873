/* SPDX-License-Identifier: MIT */
/* Waits double up to the limit, as the textbook has it; the jitter was on the next page. */
#include "vdevice/contract/cloud_api.h"
#include "vdevice/firmware/core/backoff.h"

uint32_t __wrap_backoff_next_ms(Backoff *backoff, uint32_t random);

uint32_t __wrap_backoff_next_ms(Backoff *backoff, uint32_t random)
{
    (void)random;
    uint32_t first = CLOUD_BACKOFF_SECONDS_MIN * 1000u;
    uint32_t limit = CLOUD_BACKOFF_SECONDS_MAX * 1000u;
    uint32_t next = backoff->last_ms == 0 ? first : 2 * backoff->last_ms;
    backoff->last_ms = next < limit ? next : limit;
    return backoff->last_ms;
}
