/* SPDX-License-Identifier: MIT */
#include "tests/fakes/fake_flash.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vdevice/firmware/drivers/flash.h"
#include "vdevice/firmware/drivers/otp.h"

#define FAKE_SECTORS (FLASH_BYTES / FLASH_SECTOR_BYTES)

typedef struct FakeMemory {
    uint8_t flash[FLASH_BYTES];
    uint32_t otp[OTP_WORDS];
} FakeMemory;

typedef struct FakeFlash {
    FakeMemory now;
    FakeMemory saved;
    uint8_t weak[FLASH_BYTES]; /* bits that will flip back */
    bool weak_any;
    bool touched[FAKE_SECTORS]; /* since the last save */
    uint32_t wear[FAKE_SECTORS];
    uint32_t operations;
    uint32_t cut_operation; /* 0: none */
    FakeTorn torn;
    bool broken;
    uint32_t forbidden_offset;
    uint32_t forbidden_bytes;
    jmp_buf jump;
} FakeFlash;

static FakeFlash fake;

static void fake_forget_weak(void)
{
    if (fake.weak_any) {
        memset(fake.weak, 0, sizeof fake.weak);
        fake.weak_any = false;
    }
}

static void fake_touch(uint32_t offset, uint32_t count)
{
    for (uint32_t i = offset / FLASH_SECTOR_BYTES; i * FLASH_SECTOR_BYTES < offset + count; i++) {
        fake.touched[i] = true;
    }
}

FakeTorn fake_flash_torn(uint32_t index)
{
    static const FakeTorn states[FAKE_TORN_STATES] = {
        {.kind = HOSTLINK_TORN_NOTHING},
        {.kind = HOSTLINK_TORN_PREFIX, .units = 1},
        {.kind = HOSTLINK_TORN_PREFIX, .units = 2},
        {.kind = HOSTLINK_TORN_PREFIX, .units = 5},
        {.kind = HOSTLINK_TORN_PREFIX, .units = 1000},
        {.kind = HOSTLINK_TORN_RANDOM, .seed = 1},
        {.kind = HOSTLINK_TORN_RANDOM, .seed = 2},
        {.kind = HOSTLINK_TORN_RANDOM, .seed = 3},
        {.kind = HOSTLINK_TORN_HALF, .seed = 4},
        {.kind = HOSTLINK_TORN_WEAK, .seed = 5},
        {.kind = HOSTLINK_TORN_WEAK, .seed = 6},
        {.kind = HOSTLINK_TORN_COMPLETE},
    };
    return states[index % FAKE_TORN_STATES];
}

void fake_flash_blank(void)
{
    memset(fake.now.flash, 0xff, sizeof fake.now.flash);
    memset(fake.now.otp, 0, sizeof fake.now.otp);
    memset(fake.wear, 0, sizeof fake.wear);
    fake_forget_weak();
    fake.broken = false;
    fake.forbidden_bytes = 0;
    fake_flash_number();
}

void fake_flash_save(void)
{
    fake.saved = fake.now;
    memset(fake.touched, 0, sizeof fake.touched);
}

void fake_flash_restore(void)
{
    for (uint32_t i = 0; i < FAKE_SECTORS; i++) {
        if (fake.touched[i]) {
            uint32_t at = i * FLASH_SECTOR_BYTES;
            memcpy(fake.now.flash + at, fake.saved.flash + at, FLASH_SECTOR_BYTES);
            fake.touched[i] = false;
        }
    }
    memcpy(fake.now.otp, fake.saved.otp, sizeof fake.now.otp);
    fake_forget_weak();
    fake_flash_number();
}

void fake_flash_number(void)
{
    fake.operations = 0;
    fake.cut_operation = 0;
}

uint32_t fake_flash_operations(void)
{
    return fake.operations;
}

void fake_flash_cut_at(uint32_t operation, FakeTorn torn)
{
    fake.cut_operation = operation;
    fake.torn = torn;
}

void fake_flash_decay(void)
{
    for (uint32_t i = 0; fake.weak_any && i < FLASH_BYTES; i++) {
        if (fake.weak[i] != 0) {
            fake.now.flash[i] ^= fake.weak[i];
            fake_touch(i, 1);
        }
    }
    fake_forget_weak();
}

void fake_flash_rot(uint32_t offset, uint32_t bit)
{
    fake.now.flash[offset] ^= (uint8_t)(1u << bit);
    fake_touch(offset, 1);
}

uint32_t fake_flash_wear(uint32_t offset)
{
    return fake.wear[offset / FLASH_SECTOR_BYTES];
}

void fake_flash_put(uint32_t offset, const void *bytes, uint32_t count)
{
    memcpy(fake.now.flash + offset, bytes, count);
    fake_touch(offset, count);
}

void fake_flash_put_otp(uint32_t index, const void *bytes, uint32_t count)
{
    memcpy(&fake.now.otp[index], bytes, count);
}

void fake_flash_break(bool broken)
{
    fake.broken = broken;
}

void fake_flash_forbid(uint32_t offset, uint32_t bytes)
{
    fake.forbidden_offset = offset;
    fake.forbidden_bytes = bytes;
}

bool fake_flash_run(void (*act)(void *user_data), void *user_data)
{
    if (setjmp(fake.jump) != 0) {
        fake_flash_number();
        return false;
    }
    act(user_data);
    fake_flash_number();
    return true;
}

/* A fresh random word of the tear. */
static uint32_t fake_draw(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(*state >> 32);
}

/* Leaves `count` bytes torn between `old` and `whole`. */
static void fake_tear(uint8_t *bytes, uint32_t offset, const uint8_t *old, const uint8_t *whole,
                      uint32_t count)
{
    uint64_t state = fake.torn.seed;
    uint32_t half = count / 2 / FLASH_PROGRAM_UNIT_BYTES * FLASH_PROGRAM_UNIT_BYTES;
    memcpy(bytes, old, count);
    switch (fake.torn.kind) {
    case HOSTLINK_TORN_PREFIX: {
        uint32_t done = fake.torn.units * FLASH_PROGRAM_UNIT_BYTES;
        memcpy(bytes, whole, done < count ? done : count);
        break;
    }
    case HOSTLINK_TORN_RANDOM:
        for (uint32_t i = 0; i < count; i++) {
            bytes[i] = (uint8_t)(old[i] ^ ((old[i] ^ whole[i]) & (uint8_t)fake_draw(&state)));
        }
        break;
    case HOSTLINK_TORN_HALF:
        memcpy(bytes, whole, half);
        for (uint32_t i = half; count == FLASH_SECTOR_BYTES && i < count; i++) {
            bytes[i] = (uint8_t)(old[i] | (uint8_t)fake_draw(&state));
        }
        break;
    case HOSTLINK_TORN_WEAK:
        memcpy(bytes, whole, count);
        fake.weak_any = true;
        for (uint32_t i = 0; i < count; i++) {
            uint8_t mask = 0;
            for (uint32_t bit = 0; bit < 8; bit++) {
                mask |= (uint8_t)((fake_draw(&state) % 10 == 0 ? 1u : 0u) << bit);
            }
            fake.weak[offset + i] |= (uint8_t)(mask & (old[i] ^ whole[i]));
        }
        break;
    case HOSTLINK_TORN_COMPLETE:
        memcpy(bytes, whole, count);
        break;
    default: /* HOSTLINK_TORN_NOTHING */
        break;
    }
}

static void fake_refuse(const char *what, uint32_t offset)
{
    fprintf(stderr, "fake flash: %s at 0x%x\n", what, (unsigned)offset);
    abort();
}

/* Does an operation that turns the bytes at `offset` into `whole`, or cuts it. */
static Status fake_operate(uint32_t offset, const uint8_t *whole, uint32_t count)
{
    uint8_t old[FLASH_SECTOR_BYTES];
    uint8_t *bytes = fake.now.flash + offset;
    if (offset < fake.forbidden_offset + fake.forbidden_bytes &&
        fake.forbidden_offset < offset + count) {
        fake_refuse("forbidden range touched", offset);
    }
    if (fake.broken) {
        return status_error(STATUS_FL_VERIFY);
    }
    fake.operations++;
    fake_touch(offset, count);
    memcpy(old, bytes, count);
    memcpy(bytes, whole, count);
    for (uint32_t i = 0; fake.weak_any && i < count; i++) {
        /* What is driven again is firm again: all bits of an erase, the zeros of a program. */
        fake.weak[offset + i] &= count == FLASH_SECTOR_BYTES ? 0 : whole[i];
    }
    if (fake.operations == fake.cut_operation) {
        fake_tear(bytes, offset, old, whole, count);
        longjmp(fake.jump, 1);
    }
    return status_ok();
}

const uint8_t *flash_at(uint32_t offset)
{
    return fake.now.flash + offset;
}

void flash_read(uint32_t offset, void *ret_bytes, size_t count)
{
    if (offset > FLASH_BYTES || count > FLASH_BYTES - offset) {
        fake_refuse("read outside", offset);
    }
    memcpy(ret_bytes, fake.now.flash + offset, count);
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
        whole[i] = fake.now.flash[offset + i] & from[i];
        if (whole[i] != from[i]) {
            return status_error(STATUS_FL_PROGRAM);
        }
    }
    return fake_operate(offset, whole, (uint32_t)count);
}

Status flash_erase(uint32_t offset)
{
    if (offset % FLASH_SECTOR_BYTES != 0 || offset >= FLASH_BYTES) {
        return status_error(STATUS_FL_RANGE);
    }
    uint8_t whole[FLASH_SECTOR_BYTES];
    memset(whole, 0xff, sizeof whole);
    fake.wear[offset / FLASH_SECTOR_BYTES]++;
    return fake_operate(offset, whole, sizeof whole);
}

uint32_t otp_word(uint32_t index)
{
    return fake.now.otp[index];
}

void otp_read(uint32_t index, void *ret_bytes, size_t count)
{
    memcpy(ret_bytes, &fake.now.otp[index], count);
}

Status otp_program(uint32_t index, uint32_t bits)
{
    if (fake.broken) {
        return status_error(STATUS_OT_FAILED);
    }
    fake.operations++;
    if (fake.operations == fake.cut_operation) {
        uint64_t state = fake.torn.seed + fake.torn.kind;
        fake.now.otp[index] |= bits & fake_draw(&state);
        longjmp(fake.jump, 1);
    }
    fake.now.otp[index] |= bits;
    return status_ok();
}
