/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Numbers for what the sectors of flash hold.
 *
 *  K1  A sector has a number only while it holds what was remembered under that number.
 *  K2  Code is translated, looked up and chained to within one page only under the number of its
 *      first byte. An instruction may end in the next sector: what a number stands for does, too.
 *  K3  Chains are followed without a look-up. So cells that change while code is executed (the lab
 *      damages some in its reply to a call) take the code with them, as QEMU has it; at any
 *      other time the next block is looked up.
 */
#include "qemu/osdep.h"
#include "exec/memory.h"
#include "exec/ram_addr.h"
#include "hw/core/cpu.h"
#include "contents.h"
#include "vdevice/contract/memory_map.h"

#define CONTENTS_SECTORS   (FLASH_BYTES / FLASH_SECTOR_BYTES)
#define CONTENTS_TAIL      2 /* how far an instruction reaches into the next sector */
#define CONTENTS_KNOWN_MAX 8 /* of one sector; then the oldest is forgotten, its code with it */

typedef struct ContentsKnown {
    uint32_t number; /* 0: none */
    uint8_t bytes[FLASH_SECTOR_BYTES + CONTENTS_TAIL];
} ContentsKnown;

typedef struct ContentsSector {
    uint32_t number; /* 0: to be found out */
    uint32_t next;   /* of `known`, to be used next */
    ContentsKnown *known[CONTENTS_KNOWN_MAX];
} ContentsSector;

static struct {
    MemoryRegion *memory;
    const uint8_t *cells;
    uint32_t window;
    uint32_t last_number;
    ContentsSector sectors[CONTENTS_SECTORS];
} contents;

void contents_init(MemoryRegion *memory)
{
    contents.memory = memory;
    contents.cells = memory_region_get_ram_ptr(memory);
}

static void contents_lose(uint32_t offset, uint32_t bytes)
{
    uint32_t first = (offset - MIN(offset, CONTENTS_TAIL)) / FLASH_SECTOR_BYTES;
    uint32_t last = (offset + bytes - 1) / FLASH_SECTOR_BYTES;

    for (uint32_t i = first; i <= last; i++) {
        contents.sectors[i].number = 0;
    }
}

void contents_changed(uint32_t offset, uint32_t bytes)
{
    contents_lose(offset, bytes);
    if (first_cpu && first_cpu->running) {
        memory_region_flush_rom_device(contents.memory, offset, bytes); /* K3 */
    } else {
        /* The same for whoever else keeps account of changes. */
        cpu_physical_memory_set_dirty_range(memory_region_get_ram_addr(contents.memory) + offset,
                                            bytes,
                                            memory_region_get_dirty_log_mask(contents.memory) &
                                                ~(1 << DIRTY_MEMORY_CODE));
    }
}

void contents_show(uint32_t offset)
{
    contents.window = offset;
}

void contents_forget(ram_addr_t first, ram_addr_t last)
{
    ram_addr_t start;

    if (!contents.memory) {
        return;
    }
    start = memory_region_get_ram_addr(contents.memory);
    if (last >= start && first < start + FLASH_BYTES) {
        first = MAX(first, start);
        last = MIN(last, start + FLASH_BYTES - 1);
        contents_lose(first - start, last - first + 1);
    }
}

/* Finds out which contents those of a sector are, or gives them a number. */
static uint32_t contents_identify(uint32_t index)
{
    ContentsSector *sector = &contents.sectors[index];
    const uint8_t *cells = contents.cells + index * FLASH_SECTOR_BYTES;
    uint32_t bytes = index + 1 < CONTENTS_SECTORS ? FLASH_SECTOR_BYTES + CONTENTS_TAIL
                                                  : FLASH_SECTOR_BYTES;
    ContentsKnown **known;

    for (uint32_t i = 0; i < CONTENTS_KNOWN_MAX && sector->known[i]; i++) {
        if (!memcmp(sector->known[i]->bytes, cells, bytes)) {
            sector->number = sector->known[i]->number;
            return sector->number;
        }
    }
    known = &sector->known[sector->next];
    sector->next = (sector->next + 1) % CONTENTS_KNOWN_MAX;
    if (!*known) {
        *known = g_new(ContentsKnown, 1);
    }
    memcpy((*known)->bytes, cells, bytes);
    assert(contents.last_number < UINT32_MAX);
    (*known)->number = ++contents.last_number;
    sector->number = (*known)->number;
    return sector->number;
}

uint32_t contents_at(vaddr address)
{
    vaddr offset = address - FLASH_BASE;
    uint32_t number;

    if (offset >= FLASH_BYTES) {
        offset = address - WINDOW_BASE;
        if (offset >= WINDOW_BYTES || !contents.window) {
            return 0;
        }
        offset += contents.window;
    }
    number = contents.sectors[offset / FLASH_SECTOR_BYTES].number;
    return number ? number : contents_identify(offset / FLASH_SECTOR_BYTES);
}
