/* SPDX-License-Identifier: MIT */
#include "vdevice/firmware/drivers/timer.h"

#include "vdevice/contract/memory_map.h"
#include "vdevice/contract/regs.h"
#include "vdevice/firmware/base/mmio.h"

uint64_t timer_now_us(void)
{
    uint32_t low = mmio_read(TIMER_BASE, TIMER_NOW_LOW);
    return ((uint64_t)mmio_read(TIMER_BASE, TIMER_NOW_HIGH) << 32) | low;
}

void timer_set_alarm(uint64_t at_us)
{
    mmio_write(TIMER_BASE, TIMER_STATUS, UINT32_MAX);
    mmio_write(TIMER_BASE, TIMER_ALARM_HIGH, (uint32_t)(at_us >> 32));
    mmio_write(TIMER_BASE, TIMER_ALARM_LOW, (uint32_t)at_us);
    mmio_write(TIMER_BASE, TIMER_IRQ_ENABLE, 1);
}

void timer_clear_alarm(void)
{
    mmio_write(TIMER_BASE, TIMER_IRQ_ENABLE, 0);
    mmio_write(TIMER_BASE, TIMER_STATUS, UINT32_MAX);
}
