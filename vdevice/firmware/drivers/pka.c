/* SPDX-License-Identifier: MIT */
#include "vdevice/firmware/drivers/pka.h"

#include <string.h>

#include "vdevice/contract/memory_map.h"
#include "vdevice/contract/regs.h"
#include "vdevice/firmware/base/mmio.h"
#include "vdevice/firmware/drivers/cpu.h"

#define PKA_NUMBER_BYTES 32u

static void pka_put(uint32_t operand, const uint8_t *bytes)
{
    for (uint32_t i = 0; i < PKA_NUMBER_BYTES; i += 4) {
        uint32_t word;
        memcpy(&word, bytes + i, 4);
        mmio_write(PKA_BASE, operand + i, word);
    }
}

static void pka_get(uint32_t operand, uint8_t *ret_bytes)
{
    for (uint32_t i = 0; i < PKA_NUMBER_BYTES; i += 4) {
        uint32_t word = mmio_read(PKA_BASE, operand + i);
        memcpy(ret_bytes + i, &word, 4);
    }
}

static Status pka_run(uint32_t command)
{
    mmio_write(PKA_BASE, PKA_STATUS, UINT32_MAX);
    mmio_write(PKA_BASE, PKA_IRQ_ENABLE, 1);
    mmio_write(PKA_BASE, PKA_COMMAND, command);
    while ((mmio_read(PKA_BASE, PKA_STATUS) & REG_MASK(PKA_STATUS_BUSY)) != 0) {
        (void)cpu_sleep(CPU_LINE(PKA_IRQ));
    }
    uint32_t status = mmio_read(PKA_BASE, PKA_STATUS);
    mmio_write(PKA_BASE, PKA_IRQ_ENABLE, 0);
    mmio_write(PKA_BASE, PKA_STATUS, UINT32_MAX);
    if ((status & REG_MASK(PKA_STATUS_INVALID)) != 0 || (status & REG_MASK(PKA_STATUS_DONE)) == 0) {
        return status_error(STATUS_CR_FAILED);
    }
    return status_ok();
}

Status pka_multiply(const uint8_t scalar[32], const uint8_t point[64], uint8_t ret_point[64])
{
    pka_put(PKA_K, scalar);
    pka_put(PKA_PX, point);
    pka_put(PKA_PY, point + PKA_NUMBER_BYTES);
    TRY(pka_run(PKA_COMMAND_MULTIPLY));
    pka_get(PKA_QX, ret_point);
    pka_get(PKA_QY, ret_point + PKA_NUMBER_BYTES);
    return status_ok();
}

Status pka_multiply_base(const uint8_t scalar[32], uint8_t ret_point[64])
{
    pka_put(PKA_K, scalar);
    TRY(pka_run(PKA_COMMAND_MULTIPLY_BASE));
    pka_get(PKA_QX, ret_point);
    pka_get(PKA_QY, ret_point + PKA_NUMBER_BYTES);
    return status_ok();
}

Status pka_sign(const uint8_t scalar[32], const uint8_t nonce[32], const uint8_t hash[32],
                uint8_t ret_signature[64])
{
    pka_put(PKA_K, scalar);
    pka_put(PKA_PX, nonce);
    pka_put(PKA_H, hash);
    TRY(pka_run(PKA_COMMAND_ECDSA_SIGN));
    pka_get(PKA_R, ret_signature);
    pka_get(PKA_S, ret_signature + PKA_NUMBER_BYTES);
    return status_ok();
}

Status pka_verify(const uint8_t point[64], const uint8_t hash[32], const uint8_t signature[64])
{
    pka_put(PKA_PX, point);
    pka_put(PKA_PY, point + PKA_NUMBER_BYTES);
    pka_put(PKA_H, hash);
    pka_put(PKA_R, signature);
    pka_put(PKA_S, signature + PKA_NUMBER_BYTES);
    TRY(pka_run(PKA_COMMAND_ECDSA_VERIFY));
    if (mmio_read(PKA_BASE, PKA_RESULT) != PKA_RESULT_GOOD) {
        return status_error(STATUS_CR_MISMATCH);
    }
    if (mmio_read(PKA_BASE, PKA_RESULT) != PKA_RESULT_GOOD) {
        return status_error(STATUS_CR_MISMATCH);
    }
    return status_ok();
}

void pka_clear(void)
{
    mmio_write(PKA_BASE, PKA_COMMAND, PKA_COMMAND_CLEAR);
    mmio_write(PKA_BASE, PKA_STATUS, UINT32_MAX);
}
