/* SPDX-License-Identifier: MIT */
#include "vdevice/firmware/drivers/rtc.h"

#include "vdevice/contract/memory_map.h"
#include "vdevice/contract/regs.h"
#include "vdevice/firmware/base/mmio.h"

bool rtc_get(uint64_t *ret_seconds)
{
    if ((mmio_read(RTC_BASE, RTC_STATUS) & REG_MASK(RTC_STATUS_VALID)) == 0) {
        return false;
    }
    uint32_t low = mmio_read(RTC_BASE, RTC_SECONDS_LOW);
    *ret_seconds = ((uint64_t)mmio_read(RTC_BASE, RTC_SECONDS_HIGH) << 32) | low;
    return true;
}

void rtc_set(uint64_t seconds)
{
    mmio_write(RTC_BASE, RTC_SECONDS_HIGH, (uint32_t)(seconds >> 32));
    mmio_write(RTC_BASE, RTC_SECONDS_LOW, (uint32_t)seconds);
}
