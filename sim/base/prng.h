/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Seeded random numbers that a run can draw again: the same seed and name, the same stream.
 *
 * Think of a tree. The root is a seed; `prng_fork` makes a child by *name*, and a child depends on
 * its path of names alone, never on how often anybody has drawn. So a new consumer with a new name
 * disturbs no other, and the order in which consumers are made does not matter (rule W3).
 *
 * A Prng is a plain value; copy it to remember a place in the stream. Not for secrets.
 *
 *     Prng loss = prng_fork(&root, "link/uplink/loss");
 *     if (prng_chance(&loss, conditions.loss)) { ... }
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct Prng {
    uint64_t identity[2]; /* what children are made from; never changes */
    uint64_t state[4];    /* xoshiro256** */
} Prng;

/* A probability as a fraction, for floats would not be the same everywhere. 0/0 is never. */
typedef struct Ratio {
    uint32_t numerator;
    uint32_t denominator;
} Ratio;

/* Makes the root of a tree. */
Prng prng_new(uint64_t seed);

/* Makes the child called `name`. */
Prng prng_fork(const Prng *parent, const char *name);

/* Draws 64 bits. */
uint64_t prng_u64(Prng *prng);

/* Draws evenly from 0 to `bound` - 1. `bound` must not be 0. */
uint64_t prng_below(Prng *prng, uint64_t bound);

/* Draws evenly from `low` to `high`, both included. */
int64_t prng_between(Prng *prng, int64_t low, int64_t high);

/* Is true with probability `ratio`. Draws once, whatever the ratio. */
bool prng_chance(Prng *prng, Ratio ratio);

/* Fills `bytes` with random bytes. */
void prng_fill(Prng *prng, uint8_t *bytes, size_t count);
