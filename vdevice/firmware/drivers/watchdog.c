/* SPDX-License-Identifier: MIT */
#include "vdevice/firmware/drivers/watchdog.h"

#include "vdevice/contract/memory_map.h"
#include "vdevice/contract/regs.h"
#include "vdevice/firmware/base/mmio.h"

void watchdog_start(uint32_t period_ms)
{
    mmio_write(WATCHDOG_BASE, WATCHDOG_PERIOD_MS, period_ms);
    mmio_write(WATCHDOG_BASE, WATCHDOG_START, WATCHDOG_START_MAGIC);
    watchdog_feed();
}

void watchdog_feed(void)
{
    mmio_write(WATCHDOG_BASE, WATCHDOG_FEED, WATCHDOG_FEED_MAGIC);
}
