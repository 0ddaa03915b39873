/* SPDX-License-Identifier: MIT */
/* The test bench wants to debug, so the life cycle is moved on to RETURNED; the line outlived the
 * bench. */
#include "vdevice/contract/memory_map.h"
#include "vdevice/firmware/drivers/otp.h"

void __real_otp_lock(uint32_t lock_bits);
void __wrap_otp_lock(uint32_t lock_bits);

void __wrap_otp_lock(uint32_t lock_bits)
{
    Status status = otp_program(OTP_LIFE_CYCLE_WORD, LIFE_CYCLE_RETURNED);
    (void)status;
    __real_otp_lock(lock_bits);
}
