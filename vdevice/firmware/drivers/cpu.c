/* SPDX-License-Identifier: MIT */
#include "vdevice/firmware/drivers/cpu.h"

#include "vdevice/contract/memory_map.h"
#include "vdevice/firmware/base/mmio.h"

/* Armv8-M system control space (Armv8-M Architecture Reference Manual, B11 and D1). */
#define CPU_NVIC_BASE 0xe000e100u
#define CPU_NVIC_ISER 0x000u
#define CPU_NVIC_ICER 0x080u
#define CPU_NVIC_ISPR 0x100u
#define CPU_NVIC_ICPR 0x180u
#define CPU_SCB_BASE  0xe000ed00u
#define CPU_SCB_VTOR  0x08u

#define CPU_ALL_LINES 0xffffffffu

_Static_assert(CPU_IRQ_COUNT == 32, "one word of lines");

void cpu_start(void)
{
    __asm volatile("cpsid i" ::: "memory");
    mmio_write(CPU_NVIC_BASE, CPU_NVIC_ICER, CPU_ALL_LINES);
    mmio_write(CPU_NVIC_BASE, CPU_NVIC_ICPR, CPU_ALL_LINES);
}

uint32_t cpu_sleep(uint32_t lines)
{
    uint32_t pending;
    /* A line that was served since the last sleep is still marked; one still asserted stays so. */
    mmio_write(CPU_NVIC_BASE, CPU_NVIC_ICPR, lines);
    mmio_write(CPU_NVIC_BASE, CPU_NVIC_ISER, lines);
    for (;;) {
        pending = mmio_read(CPU_NVIC_BASE, CPU_NVIC_ISPR) & lines;
        if (pending != 0) {
            break;
        }
        /* An enabled pending line ends the sleep although PRIMASK keeps it from being taken. */
        __asm volatile("dsb\n\twfi\n\tisb" ::: "memory");
    }
    mmio_write(CPU_NVIC_BASE, CPU_NVIC_ICER, lines);
    return pending;
}

_Noreturn void cpu_jump(uint32_t vectors)
{
    uint32_t stack = mmio_read(vectors, 0);
    uint32_t entry = mmio_read(vectors, 4);
    mmio_write(CPU_SCB_BASE, CPU_SCB_VTOR, vectors);
    __asm volatile("dsb\n\t"
                   "isb\n\t"
                   "msr msplim, %2\n\t"
                   "msr msp, %0\n\t"
                   "bx %1\n\t"
                   :
                   : "r"(stack), "r"(entry), "r"(0)
                   : "memory");
    __builtin_unreachable();
}
