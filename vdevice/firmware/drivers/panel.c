/* SPDX-License-Identifier: MIT */
#include "vdevice/firmware/drivers/panel.h"

#include "vdevice/contract/memory_map.h"
#include "vdevice/contract/regs.h"
#include "vdevice/firmware/base/mmio.h"

char panel_take_key(void)
{
    return (char)mmio_read(PANEL_BASE, PANEL_KEY);
}

void panel_set_leds(uint32_t led_bits)
{
    if (mmio_read(PANEL_BASE, PANEL_LEDS) != led_bits) {
        mmio_write(PANEL_BASE, PANEL_LEDS, led_bits);
    }
}

void panel_set_buzzer(uint32_t hz)
{
    if (mmio_read(PANEL_BASE, PANEL_BUZZER_HZ) != hz) {
        mmio_write(PANEL_BASE, PANEL_BUZZER_HZ, hz);
    }
}

void panel_listen(bool on)
{
    mmio_write(PANEL_BASE, PANEL_IRQ_ENABLE, on ? REG_MASK(PANEL_IRQ_ENABLE_KEY_READY) : 0);
}
