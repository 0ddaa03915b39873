/* SPDX-License-Identifier: MIT */
/*
 * A boot ROM that tries every word of every peripheral page and notes what faults, for test_bus.c.
 *
 * Boot after boot, by the reset cause: at power-on it walks the pages and then asks for a reset
 * with SYSRESETREQ; after that reset it locks up on purpose; after the lockup it shows DONE and
 * sleeps. What it found waits in SRAM (bus_rom.h), which resets leave alone.
 */
#include <stdint.h>

#include "tests/machine/bus_rom.h"
#include "vdevice/contract/memory_map.h"
#include "vdevice/contract/regs.h"

#define BUS_ROM_STACK_TOP   (SRAM_BASE + SRAM_BYTES)
#define BUS_ROM_AIRCR       (*(volatile uint32_t *)0xe000ed0cu)
#define BUS_ROM_SYSRESETREQ 0x05fa0004u

#define FOUND ((volatile BusFound *)SRAM_BASE)

/* Outside of FOUND, so that walking costs the results nothing. */
#define FAULTS (*(volatile uint32_t *)(SRAM_BASE + 0x10000u))

static uint32_t bus_rom_word(uint32_t address)
{
    return *(volatile uint32_t *)address;
}

/*
 * Taken for every fault: counts it and goes on behind the access, all of which are four bytes long.
 * The program counter is the seventh word of the frame on the stack.
 */
__attribute__((naked)) static void bus_rom_fault(void)
{
    __asm__ volatile("ldr r0, [sp, #24]\n"
                     "adds r0, #4\n"
                     "str r0, [sp, #24]\n"
                     "ldr r1, =%c0\n"
                     "ldr r0, [r1]\n"
                     "adds r0, #1\n"
                     "str r0, [r1]\n"
                     "bx lr\n"
                     ".ltorg\n"
                     :
                     : "i"(SRAM_BASE + 0x10000u));
}

#define BUS_ROM_ACCESS(name, instruction)                                                          \
    static int bus_rom_##name(uint32_t address, uint32_t value)                                    \
    {                                                                                              \
        uint32_t before = FAULTS;                                                                  \
                                                                                                   \
        __asm__ volatile(instruction ".w %0, [%1]\n"                                               \
                                     "dsb\n"                                                       \
                         : "+r"(value)                                                             \
                         : "r"(address)                                                            \
                         : "memory");                                                              \
        return FAULTS != before;                                                                   \
    }

BUS_ROM_ACCESS(load_word, "ldr")
BUS_ROM_ACCESS(load_half, "ldrh")
BUS_ROM_ACCESS(load_byte, "ldrb")
BUS_ROM_ACCESS(store_word, "str")
BUS_ROM_ACCESS(store_half, "strh")
BUS_ROM_ACCESS(store_byte, "strb")

static void bus_rom_walk(void)
{
    for (uint32_t page = 0; page < BUS_PAGES; page++) {
        for (uint32_t word = 0; word < PERIPHERAL_BYTES / 4u; word++) {
            uint32_t address = FLASH_CTRL_BASE + page * PERIPHERAL_BYTES + word * 4u;
            uint32_t bit = 1u << (word % 32u);
            /* A wrong FEED would end the walk. */
            uint32_t value = address == WATCHDOG_BASE + WATCHDOG_FEED ? WATCHDOG_FEED_MAGIC : 0;

            if (bus_rom_load_word(address, 0)) {
                FOUND->load_faults[page][word / 32u] |= bit;
            }
            if (bus_rom_store_word(address, value)) {
                FOUND->store_faults[page][word / 32u] |= bit;
            }
            FOUND->odd_successes += !bus_rom_load_word(address + 1u, 0);
            FOUND->odd_successes += !bus_rom_store_word(address + 2u, 0);
            FOUND->odd_successes += !bus_rom_load_half(address, 0);
            FOUND->odd_successes += !bus_rom_load_byte(address + 1u, 0);
            FOUND->odd_successes += !bus_rom_store_half(address + 2u, 0);
            FOUND->odd_successes += !bus_rom_store_byte(address + 3u, 0);
        }
    }
    FOUND->rom_store_faulted = (uint32_t)bus_rom_store_word(ROM_BASE + ROM_BYTES - 4u, 1);
    FOUND->rom_after_store = bus_rom_word(ROM_BASE + ROM_BYTES - 4u);
    FOUND->flash_store_faulted = (uint32_t)bus_rom_store_word(FLASH_BASE, 0);
    FOUND->flash_after_store = bus_rom_word(FLASH_BASE);
    FOUND->window_load_faulted = (uint32_t)bus_rom_load_word(WINDOW_BASE, 0);
    FOUND->nowhere_load_faulted = (uint32_t)bus_rom_load_word(0x60000000u, 0);
    FOUND->walks++;
}

static void bus_rom_start(void)
{
    switch (bus_rom_word(POWER_BASE + POWER_RESET_CAUSE)) {
    case POWER_RESET_CAUSE_POWER_ON:
        for (uint32_t i = 0; i < sizeof(BusFound) / 4u; i++) {
            ((volatile uint32_t *)FOUND)[i] = 0;
        }
        bus_rom_walk();
        BUS_ROM_AIRCR = BUS_ROM_SYSRESETREQ;
        break;
    case POWER_RESET_CAUSE_SOFTWARE:
        /* An exception that cannot stack its frame, in a handler that cannot either. */
        __asm__ volatile("msr msp, %0\n"
                         "udf #0\n"
                         :
                         : "r"(0x60000000u));
        break;
    case POWER_RESET_CAUSE_LOCKUP:
        *(volatile uint32_t *)(POWER_BASE + POWER_PROGRESS) = BUS_ROM_DONE;
        break;
    default:
        break;
    }
    for (;;) {
        __asm__ volatile("wfi");
    }
}

__attribute__((section(".vectors"), used)) static const uintptr_t bus_rom_vectors[] = {
    BUS_ROM_STACK_TOP,        (uintptr_t)bus_rom_start, (uintptr_t)bus_rom_fault,
    (uintptr_t)bus_rom_fault, (uintptr_t)bus_rom_fault, (uintptr_t)bus_rom_fault,
    (uintptr_t)bus_rom_fault,
};
