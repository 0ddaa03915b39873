/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * How long to wait before trying the service again: decorrelated jitter (contract/cloud_api.h).
 *
 * Each wait is drawn evenly from [MIN, min(MAX, 3 x the last wait)], so waits grow with an outage
 * and a street full of locks does not come back in the same second. The random word comes from the
 * caller.
 */

#include <stdint.h>

typedef struct Backoff {
    uint32_t last_ms; /* 0: no failure since the last success */
} Backoff;

void backoff_reset(Backoff *backoff);

/* The wait after one more failure, in milliseconds. */
uint32_t backoff_next_ms(Backoff *backoff, uint32_t random);

/* `period_ms` moved by up to a quarter either way: for what is done regularly. */
uint32_t backoff_jitter_ms(uint32_t period_ms, uint32_t random);
