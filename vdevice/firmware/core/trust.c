/* SPDX-License-Identifier: MIT */
#include "vdevice/firmware/core/trust.h"

#include "vdevice/firmware/drivers/otp.h"

static uint32_t trust_ones(uint32_t word)
{
    uint32_t count = 0;
    for (; word != 0; word &= word - 1) {
        count++;
    }
    return count;
}

uint32_t trust_counter(void)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < OTP_SECURITY_COUNTER_WORDS; i++) {
        count += trust_ones(otp_word(OTP_SECURITY_COUNTER_WORD + i));
    }
    return count;
}

void trust_read(ImageTrust *ret_trust)
{
    for (uint32_t i = 0; i < OTP_KEY_DIGESTS; i++) {
        uint32_t words = (uint32_t)sizeof ret_trust->key_digests[i] / 4;
        otp_read(OTP_KEY_DIGEST_WORD + i * words, ret_trust->key_digests[i],
                 sizeof ret_trust->key_digests[i]);
    }
    ret_trust->security_counter = trust_counter();
}

Status trust_raise_counter(uint32_t counter)
{
    if (counter > SECURITY_COUNTER_MAX) {
        return status_error(STATUS_OT_RANGE);
    }
    uint32_t count = trust_counter();
    for (uint32_t i = 0; i < OTP_SECURITY_COUNTER_WORDS && count < counter; i++) {
        uint32_t index = OTP_SECURITY_COUNTER_WORD + i;
        uint32_t word = otp_word(index);
        uint32_t bits = 0;
        for (uint32_t bit = 1; bit != 0 && count < counter; bit <<= 1) {
            if ((word & bit) == 0) {
                bits |= bit;
                count++;
            }
        }
        if (bits != 0) {
            TRY(otp_program(index, bits));
        }
    }
    return trust_counter() >= counter ? status_ok() : status_error(STATUS_OT_FAILED);
}
