/* SPDX-License-Identifier: MIT */
/* The store's records carry a checksum that is always the same: a torn one passes for whole. */
#include "vdevice/firmware/base/crc32.h"

uint32_t __wrap_crc32_add(uint32_t crc, const void *bytes, size_t count);

uint32_t __wrap_crc32_add(uint32_t crc, const void *bytes, size_t count)
{
    (void)crc;
    (void)bytes;
    (void)count;
    return 0x5a5a5a5au;
}
