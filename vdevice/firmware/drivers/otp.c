/* SPDX-License-Identifier: MIT */
#include "vdevice/firmware/drivers/otp.h"

#include <string.h>

#include "vdevice/contract/regs.h"
#include "vdevice/firmware/base/mmio.h"

uint32_t otp_word(uint32_t index)
{
    return index < OTP_WORDS ? mmio_read(OTP_BASE, OTP_WORD + 4 * index) : 0;
}

void otp_read(uint32_t index, void *ret_bytes, size_t count)
{
    uint8_t *to = ret_bytes;
    for (size_t i = 0; i < count; i += 4) {
        uint32_t word = otp_word(index + (uint32_t)(i / 4));
        memcpy(to + i, &word, count - i < 4 ? count - i : 4);
    }
}

Status otp_program(uint32_t index, uint32_t bits)
{
    if (index >= OTP_WORDS) {
        return status_error(STATUS_OT_FAILED);
    }
    mmio_write(OTP_BASE, OTP_STATUS, UINT32_MAX);
    mmio_write(OTP_BASE, OTP_INDEX, index);
    mmio_write(OTP_BASE, OTP_DATA, bits);
    mmio_write(OTP_BASE, OTP_KEY, OTP_KEY_MAGIC);
    mmio_write(OTP_BASE, OTP_COMMAND, OTP_COMMAND_PROGRAM);
    /* The block has no interrupt. A fuse takes 0.1 ms and is burned a few times in a life. */
    while ((mmio_read(OTP_BASE, OTP_STATUS) & REG_MASK(OTP_STATUS_BUSY)) != 0) {
    }
    mmio_write(OTP_BASE, OTP_STATUS, UINT32_MAX);
    if ((otp_word(index) & bits) != bits) {
        return status_error(STATUS_OT_FAILED);
    }
    return status_ok();
}

void otp_lock(uint32_t lock_bits)
{
    mmio_write(OTP_BASE, OTP_LOCK, lock_bits);
}
