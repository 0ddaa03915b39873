/* SPDX-License-Identifier: MIT */
#include "vdevice/firmware/drivers/debugport.h"

#include "vdevice/contract/memory_map.h"
#include "vdevice/contract/regs.h"
#include "vdevice/firmware/base/mmio.h"

bool debugport_is_open(void)
{
    uint32_t status = mmio_read(DEBUGPORT_BASE, DEBUGPORT_STATUS);
    return (status & REG_MASK(DEBUGPORT_STATUS_OPEN)) != 0;
}

void debugport_close(void)
{
    mmio_write(DEBUGPORT_BASE, DEBUGPORT_CLOSE, DEBUGPORT_CLOSE_MAGIC);
}

bool debugport_was_attempted(void)
{
    uint32_t status = mmio_read(DEBUGPORT_BASE, DEBUGPORT_STATUS);
    return (status & REG_MASK(DEBUGPORT_STATUS_ATTEMPTED)) != 0;
}
