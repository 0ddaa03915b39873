/* SPDX-License-Identifier: MIT */
#include "vdevice/firmware/drivers/flash.h"

#include <string.h>

#include "vdevice/contract/regs.h"
#include "vdevice/firmware/base/mmio.h"
#include "vdevice/firmware/drivers/cpu.h"

#define FLASH_ERASES_MAX 2u

const uint8_t *flash_at(uint32_t offset)
{
    return (const uint8_t *)(uintptr_t)(FLASH_BASE + offset);
}

void flash_read(uint32_t offset, void *ret_bytes, size_t count)
{
    const volatile uint8_t *from = flash_at(offset);
    uint8_t *to = ret_bytes;
    size_t i = 0;
    if (offset % 4 == 0 && (uintptr_t)to % 4 == 0) {
        for (; i + 4 <= count; i += 4) {
            uint32_t word = *(const volatile uint32_t *)(uintptr_t)(FLASH_BASE + offset + i);
            memcpy(to + i, &word, 4);
        }
    }
    for (; i < count; i++) {
        to[i] = from[i];
    }
}

/* What the controller says about an operation that has ended. */
static Status flash_result(uint32_t status)
{
    if ((status & REG_MASK(FLASH_CTRL_STATUS_ERROR_KEY)) != 0) {
        return status_error(STATUS_FL_KEY);
    }
    if ((status & REG_MASK(FLASH_CTRL_STATUS_ERROR_RANGE)) != 0) {
        return status_error(STATUS_FL_RANGE);
    }
    if ((status & REG_MASK(FLASH_CTRL_STATUS_ERROR_PROTECTED)) != 0) {
        return status_error(STATUS_FL_PROTECTED);
    }
    if ((status & REG_MASK(FLASH_CTRL_STATUS_ERROR_PROGRAM)) != 0) {
        return status_error(STATUS_FL_PROGRAM);
    }
    if ((status & REG_MASK(FLASH_CTRL_STATUS_ERROR_BUSY)) != 0 ||
        (status & REG_MASK(FLASH_CTRL_STATUS_DONE)) == 0) {
        return status_error(STATUS_FL_TIMEOUT);
    }
    return status_ok();
}

/* Starts a command whose operands are set, sleeps until it has ended, and clears STATUS. */
static Status flash_run(uint32_t command)
{
    mmio_write(FLASH_CTRL_BASE, FLASH_CTRL_STATUS, UINT32_MAX);
    mmio_write(FLASH_CTRL_BASE, FLASH_CTRL_IRQ_ENABLE, REG_MASK(FLASH_CTRL_IRQ_ENABLE_DONE));
    mmio_write(FLASH_CTRL_BASE, FLASH_CTRL_KEY, FLASH_CTRL_KEY_MAGIC);
    mmio_write(FLASH_CTRL_BASE, FLASH_CTRL_COMMAND, command);
    while ((mmio_read(FLASH_CTRL_BASE, FLASH_CTRL_STATUS) & REG_MASK(FLASH_CTRL_STATUS_BUSY)) !=
           0) {
        (void)cpu_sleep(CPU_LINE(FLASH_CTRL_IRQ));
    }
    uint32_t status = mmio_read(FLASH_CTRL_BASE, FLASH_CTRL_STATUS);
    mmio_write(FLASH_CTRL_BASE, FLASH_CTRL_IRQ_ENABLE, 0);
    mmio_write(FLASH_CTRL_BASE, FLASH_CTRL_STATUS, UINT32_MAX);
    return flash_result(status);
}

Status flash_program(uint32_t offset, const void *bytes, size_t count)
{
    if (count == 0 || count > FLASH_PAGE_BYTES ||
        offset % FLASH_PAGE_BYTES + count > FLASH_PAGE_BYTES) {
        return status_error(STATUS_FL_RANGE);
    }
    const uint8_t *from = bytes;
    for (size_t i = 0; i < count; i += 4) {
        uint32_t word = UINT32_MAX;
        memcpy(&word, from + i, count - i < 4 ? count - i : 4);
        mmio_write(FLASH_CTRL_BASE, FLASH_CTRL_PAGE_BUFFER + (uint32_t)i, word);
    }
    mmio_write(FLASH_CTRL_BASE, FLASH_CTRL_ADDRESS, offset);
    mmio_write(FLASH_CTRL_BASE, FLASH_CTRL_LENGTH, (uint32_t)count);
    TRY(flash_run(FLASH_CTRL_COMMAND_PROGRAM));
    if (memcmp(flash_at(offset), bytes, count) != 0) {
        return status_error(STATUS_FL_VERIFY);
    }
    return status_ok();
}

/* Erases once; whether every cell followed. */
static Status flash_erase_once(uint32_t offset, bool *ret_blank)
{
    mmio_write(FLASH_CTRL_BASE, FLASH_CTRL_ADDRESS, offset);
    TRY(flash_run(FLASH_CTRL_COMMAND_ERASE));
    const volatile uint32_t *words = (const volatile uint32_t *)(uintptr_t)(FLASH_BASE + offset);
    uint32_t all = UINT32_MAX;
    for (size_t i = 0; i < FLASH_SECTOR_BYTES / 4; i++) {
        all &= words[i];
    }
    *ret_blank = all == UINT32_MAX;
    return status_ok();
}

Status flash_erase(uint32_t offset)
{
    bool blank = false;
    for (unsigned i = 0; i < FLASH_ERASES_MAX && !blank; i++) {
        TRY(flash_erase_once(offset, &blank)); /* worn cells may follow the second time */
    }
    return blank ? status_ok() : status_error(STATUS_FL_VERIFY);
}

void flash_set_window(uint32_t slot_offset)
{
    mmio_write(FLASH_CTRL_BASE, FLASH_CTRL_WINDOW, slot_offset);
}

void flash_lock(uint32_t lock_bits)
{
    mmio_write(FLASH_CTRL_BASE, FLASH_CTRL_LOCK, lock_bits);
}
