/* SPDX-License-Identifier: MIT */
#include "vdevice/firmware/drivers/hashacc.h"

#include "vdevice/contract/memory_map.h"
#include "vdevice/contract/regs.h"
#include "vdevice/firmware/base/mmio.h"
#include "vdevice/firmware/drivers/cpu.h"

#define HASHACC_BLOCKS_MAX 32768u

Status hashacc_compress(uint32_t state[8], const void *source, uint32_t blocks)
{
    if (blocks == 0 || blocks > HASHACC_BLOCKS_MAX) {
        return status_error(STATUS_CR_FAILED);
    }
    for (uint32_t i = 0; i < 8; i++) {
        mmio_write(HASHACC_BASE, HASHACC_STATE + 4 * i, state[i]);
    }
    mmio_write(HASHACC_BASE, HASHACC_STATUS, UINT32_MAX);
    mmio_write(HASHACC_BASE, HASHACC_SOURCE, (uint32_t)(uintptr_t)source);
    mmio_write(HASHACC_BASE, HASHACC_BLOCKS, blocks);
    mmio_write(HASHACC_BASE, HASHACC_IRQ_ENABLE, 1);
    /* The block reads memory behind the compiler's back. */
    __asm volatile("dsb" ::: "memory");
    mmio_write(HASHACC_BASE, HASHACC_START, 1);
    while ((mmio_read(HASHACC_BASE, HASHACC_STATUS) & REG_MASK(HASHACC_STATUS_BUSY)) != 0) {
        (void)cpu_sleep(CPU_LINE(HASHACC_IRQ));
    }
    uint32_t status = mmio_read(HASHACC_BASE, HASHACC_STATUS);
    mmio_write(HASHACC_BASE, HASHACC_IRQ_ENABLE, 0);
    mmio_write(HASHACC_BASE, HASHACC_STATUS, UINT32_MAX);
    if ((status & REG_MASK(HASHACC_STATUS_ERROR)) != 0 ||
        (status & REG_MASK(HASHACC_STATUS_DONE)) == 0) {
        return status_error(STATUS_CR_FAILED);
    }
    for (uint32_t i = 0; i < 8; i++) {
        state[i] = mmio_read(HASHACC_BASE, HASHACC_STATE + 4 * i);
    }
    return status_ok();
}
