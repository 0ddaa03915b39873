/* SPDX-License-Identifier: MIT */
/* When a sector of the store is full the next one is made empty, and the full one with it, before
 * its records have been copied; they are still in memory, until the power goes. */
#include "vdevice/contract/memory_map.h"
#include "vdevice/firmware/drivers/flash.h"

Status __real_flash_program(uint32_t offset, const void *bytes, size_t count);
Status __wrap_flash_program(uint32_t offset, const void *bytes, size_t count);

/* Stands for that: the first record of a sector is written when the sector before is empty again,
 * and what was there is put back at once. */
Status __wrap_flash_program(uint32_t offset, const void *bytes, size_t count)
{
    static uint8_t kept[FLASH_SECTOR_BYTES];
    uint32_t old = offset - FLASH_SECTOR_BYTES;
    bool first = offset > STORE_OFFSET && offset < STORE_OFFSET + STORE_BYTES &&
                 offset % FLASH_SECTOR_BYTES == 0;
    if (!first) {
        return __real_flash_program(offset, bytes, count);
    }
    flash_read(old, kept, sizeof(kept));
    TRY(flash_erase(old));
    Status status = __real_flash_program(offset, bytes, count);
    for (uint32_t at = 0; at < sizeof(kept); at += FLASH_PAGE_BYTES) {
        TRY(__real_flash_program(old + at, kept + at, FLASH_PAGE_BYTES));
    }
    return status;
}
