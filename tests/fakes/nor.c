/* SPDX-License-Identifier: MIT */
#include "tests/fakes/nor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vdevice/firmware/drivers/flash.h"
#include "vdevice/firmware/drivers/otp.h"

NorMemory nor;
static uint32_t misread_at = UINT32_MAX;

void nor_blank(void)
{
    memset(nor.flash, 0xff, sizeof nor.flash);
    memset(nor.otp, 0, sizeof nor.otp);
}

static uint32_t nor_draw(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(*state >> 32);
}

void nor_tear(NorTorn torn, uint8_t *bytes, const uint8_t *whole, uint8_t *weak, uint32_t count)
{
    uint64_t state = torn.seed;
    uint32_t half = count / 2 / FLASH_PROGRAM_UNIT_BYTES * FLASH_PROGRAM_UNIT_BYTES;
    uint32_t done = torn.units * FLASH_PROGRAM_UNIT_BYTES;
    switch (torn.kind) {
    case HOSTLINK_TORN_PREFIX:
        memcpy(bytes, whole, done < count ? done : count);
        break;
    case HOSTLINK_TORN_RANDOM:
        for (uint32_t i = 0; i < count; i++) {
            bytes[i] ^= (uint8_t)((bytes[i] ^ whole[i]) & (uint8_t)nor_draw(&state));
        }
        break;
    case HOSTLINK_TORN_HALF:
        memcpy(bytes, whole, half);
        for (uint32_t i = half; count == FLASH_SECTOR_BYTES && i < count; i++) {
            bytes[i] |= (uint8_t)nor_draw(&state);
        }
        break;
    case HOSTLINK_TORN_WEAK:
        for (uint32_t i = 0; i < count; i++) {
            uint8_t mask = 0;
            for (uint32_t bit = 0; bytes[i] != whole[i] && bit < 8; bit++) {
                mask |= (uint8_t)((nor_draw(&state) % 10 == 0 ? 1u : 0u) << bit);
            }
            weak[i] |= (uint8_t)(mask & (bytes[i] ^ whole[i]));
            bytes[i] = whole[i];
        }
        break;
    case HOSTLINK_TORN_COMPLETE:
        memcpy(bytes, whole, count);
        break;
    default: /* HOSTLINK_TORN_NOTHING */
        break;
    }
}

uint32_t nor_tear_fuses(NorTorn torn, uint32_t old, uint32_t bits)
{
    uint64_t state = torn.seed;
    if (torn.kind == HOSTLINK_TORN_NOTHING) {
        return old;
    }
    return torn.kind == HOSTLINK_TORN_COMPLETE ? old | bits : old | (bits & nor_draw(&state));
}

void nor_firm(uint32_t kind, const uint8_t *whole, uint8_t *weak, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        weak[i] &= kind == HOSTLINK_NVM_ERASE ? 0 : whole[i];
    }
}

void nor_refuse(const char *what, uint32_t offset)
{
    fprintf(stderr, "NOR in memory: %s at 0x%x\n", what, (unsigned)offset);
    abort();
}

void nor_put_otp(uint32_t index, const void *bytes, uint32_t count)
{
    memcpy(&nor.otp[index], bytes, count);
}

/* drivers/flash.h and drivers/otp.h */

void nor_misread(uint32_t offset)
{
    misread_at = offset;
}

const uint8_t *flash_at(uint32_t offset)
{
    return nor.flash + offset;
}

void flash_read(uint32_t offset, void *ret_bytes, size_t count)
{
    if (offset > FLASH_BYTES || count > FLASH_BYTES - offset) {
        nor_refuse("read outside", offset);
    }
    memcpy(ret_bytes, nor.flash + offset, count);
    if (misread_at >= offset && misread_at - offset < count) {
        ((uint8_t *)ret_bytes)[misread_at - offset] ^= 0xff;
        misread_at = UINT32_MAX;
    }
}

Status flash_program(uint32_t offset, const void *bytes, size_t count)
{
    if (count == 0 || offset % FLASH_PAGE_BYTES + count > FLASH_PAGE_BYTES ||
        offset + count > FLASH_BYTES) {
        return status_error(STATUS_FL_RANGE);
    }
    uint8_t whole[FLASH_PAGE_BYTES];
    const uint8_t *from = bytes;
    for (size_t i = 0; i < count; i++) {
        whole[i] = nor.flash[offset + i] & from[i];
        if (whole[i] != from[i]) {
            return status_error(STATUS_FL_PROGRAM);
        }
    }
    return nor_operate(HOSTLINK_NVM_PROGRAM, offset, whole, (uint32_t)count);
}

Status flash_erase(uint32_t offset)
{
    if (offset % FLASH_SECTOR_BYTES != 0 || offset >= FLASH_BYTES) {
        return status_error(STATUS_FL_RANGE);
    }
    uint8_t whole[FLASH_SECTOR_BYTES];
    memset(whole, 0xff, sizeof whole);
    return nor_operate(HOSTLINK_NVM_ERASE, offset, whole, sizeof whole);
}

uint32_t otp_word(uint32_t index)
{
    return nor.otp[index];
}

void otp_read(uint32_t index, void *ret_bytes, size_t count)
{
    memcpy(ret_bytes, &nor.otp[index], count);
}

Status otp_program(uint32_t index, uint32_t bits)
{
    return nor_burn(index, bits);
}
