/* SPDX-License-Identifier: MIT */

/*
 * SplitMix64 spreads seeds and names, xoshiro256** (Blackman and Vigna, 2018) draws. Names are
 * folded in with FNV-1a, twice from different offsets, so that two names give one stream with a
 * chance of 2^-128.
 */

#include "sim/base/prng.h"

#include <assert.h>

#define FNV_PRIME 0x100000001b3u

static uint64_t splitmix(uint64_t *state)
{
    *state += 0x9e3779b97f4a7c15u;
    uint64_t z = *state;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static Prng from_identity(uint64_t first, uint64_t second)
{
    Prng prng = {.identity = {first, second}};
    uint64_t a = first;
    uint64_t b = second;
    for (int i = 0; i < 4; i++) {
        prng.state[i] = splitmix(&a) ^ splitmix(&b) * 0xff51afd7ed558ccdu;
    }
    if ((prng.state[0] | prng.state[1] | prng.state[2] | prng.state[3]) == 0) {
        prng.state[0] = 1; /* The one state xoshiro cannot leave. */
    }
    return prng;
}

Prng prng_new(uint64_t seed)
{
    uint64_t state = seed;
    uint64_t first = splitmix(&state);
    return from_identity(first, splitmix(&state));
}

Prng prng_fork(const Prng *parent, const char *name)
{
    uint64_t first = parent->identity[0] ^ 0xcbf29ce484222325u;
    uint64_t second = parent->identity[1] ^ 0x6c62272e07bb0142u;
    for (const char *at = name; *at != '\0'; at++) {
        first = (first ^ (uint8_t)*at) * FNV_PRIME;
        second = (second ^ (uint8_t)*at) * FNV_PRIME;
        second ^= second >> 29;
    }
    return from_identity(splitmix(&first), splitmix(&second));
}

static uint64_t rotate(uint64_t value, int by)
{
    return (value << by) | (value >> (64 - by));
}

uint64_t prng_u64(Prng *prng)
{
    uint64_t *s = prng->state;
    uint64_t drawn = rotate(s[1] * 5, 7) * 9;
    uint64_t shifted = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= shifted;
    s[3] = rotate(s[3], 45);
    return drawn;
}

uint64_t prng_below(Prng *prng, uint64_t bound)
{
    assert(bound != 0);
    /* Refuse the uneven tail, so that no value is likelier than another. */
    uint64_t tail = (0 - bound) % bound;
    uint64_t drawn = prng_u64(prng);
    while (drawn < tail) {
        drawn = prng_u64(prng);
    }
    return drawn % bound;
}

int64_t prng_between(Prng *prng, int64_t low, int64_t high)
{
    assert(low <= high);
    uint64_t span = (uint64_t)high - (uint64_t)low;
    uint64_t drawn = span == UINT64_MAX ? prng_u64(prng) : prng_below(prng, span + 1);
    return (int64_t)((uint64_t)low + drawn);
}

bool prng_chance(Prng *prng, Ratio ratio)
{
    uint64_t drawn = prng_u64(prng);
    if (ratio.denominator == 0) {
        return false;
    }
    return drawn % ratio.denominator < ratio.numerator;
}

void prng_fill(Prng *prng, uint8_t *bytes, size_t count)
{
    for (size_t i = 0; i < count;) {
        uint64_t drawn = prng_u64(prng);
        for (int part = 0; part < 8 && i < count; part++, i++) {
            bytes[i] = (uint8_t)(drawn >> (8 * part));
        }
    }
}
