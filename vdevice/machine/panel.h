/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lockstep front panel: keypad, inside button, LEDs, buzzer.
 *
 * Registers: vdevice/contract/regs/panel.def. Keys pressed wait in a queue; reading KEY takes one.
 * A key that is none of the panel's, or comes without power, is not felt.
 *
 * QEMU interface:
 *  + sysbus MMIO region 0: the registers, one page
 *  + sysbus IRQ 0: high while STATUS.KEY_READY and IRQ_ENABLE.KEY_READY are set
 *  + hostlink: the order HOSTLINK_KEY; the calls HOSTLINK_LEDS and HOSTLINK_BUZZER when LEDS or
 *    BUZZER_HZ change, also by a reset with the power on
 *
 * Every reset empties the queue and returns all registers to zero.
 */
#ifndef LOCKSTEP_PANEL_H
#define LOCKSTEP_PANEL_H

#include "hw/sysbus.h"
#include "qom/object.h"

#define TYPE_LOCKSTEP_PANEL "lockstep-panel"
OBJECT_DECLARE_SIMPLE_TYPE(PanelState, LOCKSTEP_PANEL)

#define PANEL_KEYS_MAX 16
#define PANEL_BUZZER_HZ_MAX 10000

struct PanelState {
    SysBusDevice parent_obj;

    MemoryRegion mmio;
    qemu_irq irq;

    uint8_t keys[PANEL_KEYS_MAX]; /* oldest first */
    uint32_t key_count;
    bool key_lost;
    uint32_t leds;
    uint32_t buzzer_hz;
    uint32_t irq_enable;

    /* Calls not made yet. */
    bool leds_call_due;
    bool buzzer_call_due;
};

#endif
