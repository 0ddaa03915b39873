/* SPDX-License-Identifier: MIT */
#include "vdevice/firmware/drivers/startup.h"

#include <stdint.h>

#include "vdevice/contract/memory_map.h"

#define STARTUP_EXCEPTIONS 16u

/* Given by the linker script. */
extern uint32_t startup_stack_top;
extern uint32_t startup_stack_limit;
extern const uint32_t startup_data_load;
extern uint32_t startup_data_start;
extern uint32_t startup_data_end;
extern uint32_t startup_bss_start;
extern uint32_t startup_bss_end;

_Noreturn void startup_reset(void);

/*
 * The first instructions: a stack limit, so that an overflow faults instead of eating the data
 * under the stack; then memory as C wants it.
 */
_Noreturn void startup_reset(void)
{
    __asm volatile("cpsid i\n\tmsr msplim, %0" ::"r"(&startup_stack_limit) : "memory");
    const uint32_t *from = &startup_data_load;
    for (uint32_t *to = &startup_data_start; to < &startup_data_end; to++) {
        *to = *from++;
    }
    for (uint32_t *to = &startup_bss_start; to < &startup_bss_end; to++) {
        *to = 0;
    }
    startup_main();
}

typedef void (*StartupVector)(void);

typedef struct StartupVectors {
    uint32_t *stack;
    StartupVector exceptions[STARTUP_EXCEPTIONS - 1 + CPU_IRQ_COUNT];
} StartupVectors;

__attribute__((section(".vectors"), used)) static const StartupVectors startup_vectors = {
    .stack = &startup_stack_top,
    .exceptions =
        {
            [0] = startup_reset,
            [1 ... STARTUP_EXCEPTIONS - 2 + CPU_IRQ_COUNT] = startup_fault,
        },
};
