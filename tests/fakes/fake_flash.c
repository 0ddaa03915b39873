/* SPDX-License-Identifier: MIT */
#include "tests/fakes/fake_flash.h"

#include <setjmp.h>
#include <string.h>

typedef struct FakeFlash {
    NorMemory saved;
    uint8_t weak[FLASH_BYTES]; /* bits that will flip back */
    bool weak_any;
    bool touched[NOR_SECTORS]; /* since the last save */
    uint32_t wear[NOR_SECTORS];
    uint32_t operations;
    uint32_t cut_operation; /* 0: none */
    NorTorn torn;
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

NorTorn fake_flash_torn(uint32_t index)
{
    static const NorTorn states[FAKE_TORN_STATES] = {
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
    nor_blank();
    memset(fake.wear, 0, sizeof fake.wear);
    fake_forget_weak();
    fake.broken = false;
    fake.forbidden_bytes = 0;
    fake_flash_number();
}

void fake_flash_save(void)
{
    fake.saved = nor;
    memset(fake.touched, 0, sizeof fake.touched);
}

void fake_flash_restore(void)
{
    for (uint32_t i = 0; i < NOR_SECTORS; i++) {
        if (fake.touched[i]) {
            uint32_t at = i * FLASH_SECTOR_BYTES;
            memcpy(nor.flash + at, fake.saved.flash + at, FLASH_SECTOR_BYTES);
            fake.touched[i] = false;
        }
    }
    memcpy(nor.otp, fake.saved.otp, sizeof nor.otp);
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

void fake_flash_cut_at(uint32_t operation, NorTorn torn)
{
    fake.cut_operation = operation;
    fake.torn = torn;
}

void fake_flash_decay(void)
{
    for (uint32_t i = 0; fake.weak_any && i < FLASH_BYTES; i++) {
        if (fake.weak[i] != 0) {
            nor.flash[i] ^= fake.weak[i];
            fake_touch(i, 1);
        }
    }
    fake_forget_weak();
}

void fake_flash_rot(uint32_t offset, uint32_t bit)
{
    nor.flash[offset] ^= (uint8_t)(1u << bit);
    fake_touch(offset, 1);
}

uint32_t fake_flash_wear(uint32_t offset)
{
    return fake.wear[offset / FLASH_SECTOR_BYTES];
}

void nor_put(uint32_t offset, const void *bytes, uint32_t count)
{
    memcpy(nor.flash + offset, bytes, count);
    fake_touch(offset, count);
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

/* Counts an operation; true when it is to be cut. */
static bool fake_begin(void)
{
    fake.operations++;
    return fake.operations == fake.cut_operation;
}

Status nor_operate(uint32_t kind, uint32_t offset, const uint8_t *whole, uint32_t count)
{
    uint8_t *bytes = nor.flash + offset;
    fake.wear[offset / FLASH_SECTOR_BYTES] += kind == HOSTLINK_NVM_ERASE ? 1 : 0;
    if (offset < fake.forbidden_offset + fake.forbidden_bytes &&
        fake.forbidden_offset < offset + count) {
        nor_refuse("forbidden range touched", offset);
    }
    if (fake.broken) {
        return status_error(STATUS_FL_VERIFY);
    }
    bool cut = fake_begin();
    fake_touch(offset, count);
    if (fake.weak_any) {
        nor_firm(kind, whole, fake.weak + offset, count);
    }
    if (cut) {
        fake.weak_any |= fake.torn.kind == HOSTLINK_TORN_WEAK;
        nor_tear(fake.torn, bytes, whole, fake.weak + offset, count);
        longjmp(fake.jump, 1);
    }
    memcpy(bytes, whole, count);
    return status_ok();
}

Status nor_burn(uint32_t index, uint32_t bits)
{
    if (fake.broken) {
        return status_error(STATUS_OT_FAILED);
    }
    if (fake_begin()) {
        nor.otp[index] = nor_tear_fuses(fake.torn, nor.otp[index], bits);
        longjmp(fake.jump, 1);
    }
    nor.otp[index] |= bits;
    return status_ok();
}
