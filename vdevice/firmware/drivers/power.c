/* SPDX-License-Identifier: MIT */
#include "vdevice/firmware/drivers/power.h"

#include "vdevice/contract/memory_map.h"
#include "vdevice/contract/regs.h"
#include "vdevice/firmware/base/mmio.h"

uint32_t power_reset_cause(void)
{
    return mmio_read(POWER_BASE, POWER_RESET_CAUSE);
}

_Noreturn void power_reset(void)
{
    mmio_write(POWER_BASE, POWER_RESET, POWER_RESET_MAGIC);
    for (;;) {
        /* The reset comes at the next instruction; if it did not, the watchdog would. */
        __asm volatile("wfi");
    }
}

uint32_t power_battery_mv(void)
{
    return mmio_read(POWER_BASE, POWER_BATTERY_MV);
}

bool power_take_brownout(void)
{
    uint32_t warned = mmio_read(POWER_BASE, POWER_STATUS) & REG_MASK(POWER_STATUS_BROWNOUT);
    mmio_write(POWER_BASE, POWER_STATUS, warned);
    return warned != 0;
}

void power_listen(bool on)
{
    mmio_write(POWER_BASE, POWER_IRQ_ENABLE, on ? REG_MASK(POWER_IRQ_ENABLE_BROWNOUT) : 0);
}

void power_show_progress(Progress progress)
{
    mmio_write(POWER_BASE, POWER_PROGRESS, (uint32_t)progress);
}

void power_show_status(Status status)
{
    mmio_write(POWER_BASE, POWER_PROGRESS, status.code);
}
