/* SPDX-License-Identifier: MIT */

/*
 * The four functions of memory that the compiler, lwIP and mbedTLS call most, a word at a time.
 *
 * picolibc's take one byte at a time when built for size; clearing and copying was more than half
 * of all instructions of an update. These are linked in their place. The processor reads and writes
 * words at any address of normal memory; registers and frame buffers are never copied with these.
 */

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* A word that may stand anywhere and be part of anything. */
typedef uint32_t MemoryWord __attribute__((may_alias, aligned(1)));

/* Without this the compiler would see what the loops do, and call the function that they are in. */
#define MEMORY_PLAIN_LOOPS __attribute__((optimize("no-tree-loop-distribute-patterns")))

MEMORY_PLAIN_LOOPS void *memset(void *to, int value, size_t count)
{
    uint8_t *at = to;
    uint32_t word = (uint8_t)value * UINT32_C(0x01010101);
    for (; count >= 16; count -= 16, at += 16) {
        MemoryWord *words = (MemoryWord *)(void *)at;
        words[0] = word;
        words[1] = word;
        words[2] = word;
        words[3] = word;
    }
    for (; count >= 4; count -= 4, at += 4) {
        *(MemoryWord *)(void *)at = word;
    }
    for (; count > 0; count--) {
        *at++ = (uint8_t)value;
    }
    return to;
}

/* Copies upwards: right if `to` is not inside what is still to be read. */
MEMORY_PLAIN_LOOPS static void memory_copy_up(uint8_t *to, const uint8_t *from, size_t count)
{
    for (; count >= 16; count -= 16, to += 16, from += 16) {
        MemoryWord *words = (MemoryWord *)(void *)to;
        const MemoryWord *source = (const MemoryWord *)(const void *)from;
        words[0] = source[0];
        words[1] = source[1];
        words[2] = source[2];
        words[3] = source[3];
    }
    for (; count >= 4; count -= 4, to += 4, from += 4) {
        *(MemoryWord *)(void *)to = *(const MemoryWord *)(const void *)from;
    }
    for (; count > 0; count--) {
        *to++ = *from++;
    }
}

void *memcpy(void *restrict to, const void *restrict from, size_t count)
{
    memory_copy_up(to, from, count);
    return to;
}

MEMORY_PLAIN_LOOPS void *memmove(void *to, const void *from, size_t count)
{
    uint8_t *at = to;
    const uint8_t *source = from;
    if ((uintptr_t)at - (uintptr_t)source >= count) {
        memory_copy_up(at, source, count);
        return to;
    }
    while (count > 0) {
        count--;
        at[count] = source[count];
    }
    return to;
}

MEMORY_PLAIN_LOOPS int memcmp(const void *a, const void *b, size_t count)
{
    const uint8_t *left = a;
    const uint8_t *right = b;
    while (count >= 4 &&
           *(const MemoryWord *)(const void *)left == *(const MemoryWord *)(const void *)right) {
        left += 4;
        right += 4;
        count -= 4;
    }
    for (; count > 0; count--, left++, right++) {
        if (*left != *right) {
            return *left - *right;
        }
    }
    return 0;
}
