/* SPDX-License-Identifier: MIT */
#include "vdevice/firmware/drivers/lockmech.h"

#include "vdevice/contract/memory_map.h"
#include "vdevice/contract/regs.h"
#include "vdevice/firmware/base/mmio.h"

LockmechSensors lockmech_read(void)
{
    uint32_t status = mmio_read(LOCKMECH_BASE, LOCKMECH_STATUS);
    return (LockmechSensors){
        .position = mmio_read(LOCKMECH_BASE, LOCKMECH_POSITION),
        .extended = (status & REG_MASK(LOCKMECH_STATUS_EXTENDED)) != 0,
        .retracted = (status & REG_MASK(LOCKMECH_STATUS_RETRACTED)) != 0,
        .door_closed = (status & REG_MASK(LOCKMECH_STATUS_DOOR_CLOSED)) != 0,
        .stalled = (status & REG_MASK(LOCKMECH_STATUS_STALLED)) != 0,
    };
}

void lockmech_drive(uint32_t drive)
{
    if (mmio_read(LOCKMECH_BASE, LOCKMECH_DRIVE) != drive) {
        mmio_write(LOCKMECH_BASE, LOCKMECH_DRIVE, drive);
    }
}

uint32_t lockmech_take_events(void)
{
    uint32_t events = mmio_read(LOCKMECH_BASE, LOCKMECH_EVENTS);
    mmio_write(LOCKMECH_BASE, LOCKMECH_EVENTS, events);
    return events;
}

void lockmech_listen(uint32_t event_bits)
{
    mmio_write(LOCKMECH_BASE, LOCKMECH_IRQ_ENABLE, event_bits);
}
