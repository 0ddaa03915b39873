/* SPDX-License-Identifier: MIT */
#include "vdevice/firmware/drivers/privilege.h"

#include <stdint.h>

#include "vdevice/firmware/base/mmio.h"

/* Armv8-M Architecture Reference Manual, D1.2: VTOR and SHPR2. */
#define PRIVILEGE_SCB_BASE    0xe000ed00u
#define PRIVILEGE_SCB_VTOR    0x08u
#define PRIVILEGE_SCB_SHPR2   0x1cu
#define PRIVILEGE_SVCALL_LAST 0xff000000u

void privilege_set_vectors(const void *vectors)
{
    mmio_write(PRIVILEGE_SCB_BASE, PRIVILEGE_SCB_VTOR, (uint32_t)(uintptr_t)vectors);
    mmio_write(PRIVILEGE_SCB_BASE, PRIVILEGE_SCB_SHPR2, PRIVILEGE_SVCALL_LAST);
    __asm volatile("dsb\n\tisb" ::: "memory");
}

_Noreturn void privilege_drop(const void *limit, const void *top, void (*unprivileged)(void))
{
    /* CONTROL: SPSEL (bit 1) and nPRIV (bit 0). */
    __asm volatile("msr psplim, %0\n\t"
                   "msr psp, %1\n\t"
                   "cpsie i\n\t"
                   "movs r3, #3\n\t"
                   "msr control, r3\n\t"
                   "isb\n\t"
                   "bx %2\n\t"
                   :
                   : "r"(limit), "r"(top), "r"(unprivileged)
                   : "r3", "memory");
    __builtin_unreachable();
}
