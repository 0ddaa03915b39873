/* SPDX-License-Identifier: MIT */
#include "vdevice/firmware/core/slots.h"

#include "vdevice/contract/regs.h"
#include "vdevice/firmware/base/check.h"
#include "vdevice/firmware/drivers/flash.h"

uint32_t slots_offset(uint32_t slot)
{
    CHECK(slot < SLOTS_COUNT);
    return slot == 0 ? SLOT_A_OFFSET : SLOT_B_OFFSET;
}

uint32_t slots_other(uint32_t slot)
{
    CHECK(slot < SLOTS_COUNT);
    return slot ^ 1u;
}

char slots_letter(uint32_t slot)
{
    CHECK(slot < SLOTS_COUNT);
    return slot == 0 ? 'A' : 'B';
}

uint32_t slots_lock_bit(uint32_t slot)
{
    CHECK(slot < SLOTS_COUNT);
    return slot == 0 ? REG_MASK(FLASH_CTRL_LOCK_SLOT_A) : REG_MASK(FLASH_CTRL_LOCK_SLOT_B);
}

void slots_read_header(uint32_t slot, ImageHeader *ret_header)
{
    flash_read(slots_offset(slot), ret_header, sizeof *ret_header);
}
