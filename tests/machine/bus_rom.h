/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What bus_rom.c leaves at the start of SRAM for test_bus.c: which words of the peripheral pages
 * fault, a bit each, lowest first.
 */

#include <stdint.h>

#include "vdevice/contract/memory_map.h"

#define BUS_PAGES    14u /* from FLASH_CTRL_BASE on */
#define BUS_ROM_DONE 0x444f4e45u

typedef struct BusFound {
    uint32_t load_faults[BUS_PAGES][PERIPHERAL_BYTES / 4u / 32u];
    uint32_t store_faults[BUS_PAGES][PERIPHERAL_BYTES / 4u / 32u];
    uint32_t odd_successes; /* of accesses narrower than a word, or not aligned */
    uint32_t rom_store_faulted;
    uint32_t rom_after_store;
    uint32_t flash_store_faulted;
    uint32_t flash_after_store;
    uint32_t window_load_faulted; /* before WINDOW is set */
    uint32_t nowhere_load_faulted;
    uint32_t walks;
} BusFound;

_Static_assert(sizeof(BusFound) <= 4096, "one CONTENT call carries it");
