/* SPDX-License-Identifier: MIT */
#include "vdevice/firmware/core/backoff.h"

#include "vdevice/contract/cloud_api.h"

#define BACKOFF_MIN_MS (CLOUD_BACKOFF_SECONDS_MIN * 1000u)
#define BACKOFF_MAX_MS (CLOUD_BACKOFF_SECONDS_MAX * 1000u)

/* Spreads a random word evenly over `low` to `high`, both included. */
static uint32_t backoff_draw(uint32_t low, uint32_t high, uint32_t random)
{
    return low + (uint32_t)(((uint64_t)random * (high - low + 1u)) >> 32);
}

void backoff_reset(Backoff *backoff)
{
    backoff->last_ms = 0;
}

uint32_t backoff_next_ms(Backoff *backoff, uint32_t random)
{
    uint32_t last = backoff->last_ms < BACKOFF_MIN_MS ? BACKOFF_MIN_MS : backoff->last_ms;
    uint32_t high = last > BACKOFF_MAX_MS / 3 ? BACKOFF_MAX_MS : 3 * last;
    backoff->last_ms = backoff_draw(BACKOFF_MIN_MS, high, random);
    return backoff->last_ms;
}

uint32_t backoff_jitter_ms(uint32_t period_ms, uint32_t random)
{
    uint32_t quarter = period_ms / 4;
    return backoff_draw(period_ms - quarter, period_ms + quarter, random);
}
