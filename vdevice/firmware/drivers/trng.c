/* SPDX-License-Identifier: MIT */
#include "vdevice/firmware/drivers/trng.h"

#include <stdint.h>
#include <string.h>

#include "vdevice/contract/memory_map.h"
#include "vdevice/contract/regs.h"
#include "vdevice/firmware/base/mmio.h"

/* A source that works is ready within a few reads. */
#define TRNG_READS_MAX 1000u

static Status trng_word(uint32_t *ret_word)
{
    for (uint32_t i = 0; i < TRNG_READS_MAX; i++) {
        uint32_t status = mmio_read(TRNG_BASE, TRNG_STATUS);
        if ((status & REG_MASK(TRNG_STATUS_FAULT)) != 0) {
            break;
        }
        if ((status & REG_MASK(TRNG_STATUS_READY)) != 0) {
            *ret_word = mmio_read(TRNG_BASE, TRNG_DATA);
            return status_ok();
        }
    }
    return status_error(STATUS_TR_FAULT);
}

Status trng_read(void *ret_bytes, size_t count)
{
    uint8_t *to = ret_bytes;
    for (size_t i = 0; i < count; i += 4) {
        uint32_t word;
        TRY(trng_word(&word));
        memcpy(to + i, &word, count - i < 4 ? count - i : 4);
    }
    return status_ok();
}
