/* SPDX-License-Identifier: MIT */
#include "tests/hostlane/lane_flash.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vdevice/firmware/drivers/flash.h"
#include "vdevice/firmware/drivers/otp.h"

#define LANE_SECTOR_PAGES (FLASH_SECTOR_BYTES / FLASH_PAGE_BYTES)
#define LANE_OTP_SEED     UINT64_C(0x07f0)
#define LANE_WEAK_SEED    UINT64_C(0x7765616b00000000)

typedef struct LaneMemory {
    uint8_t flash[FLASH_BYTES];
    uint32_t otp[OTP_WORDS];
} LaneMemory;

static struct {
    LaneMemory now;
    LaneMemory base;
    uint8_t weak[FLASH_BYTES];
    bool weak_any;
    bool differs[LANE_SECTORS]; /* from the base, maybe */
    uint16_t differing[LANE_SECTORS];
    uint32_t differing_count;
    bool recent[LANE_SECTORS]; /* touched since the last keep or return */
    uint16_t recents[LANE_SECTORS];
    uint32_t recent_count;
    const LaneShot *at; /* where the last keep or return was */
    bool at_known;
    LaneKey pages[LANE_PAGES];
    LaneKey sum; /* of all pages */
    uint32_t operations;
    uint32_t cut_operation;
    LaneTorn torn;
    void (*before)(const LaneOperation *operation, void *user_data);
    void *before_data;
    LaneOperation operation; /* inside `before` */
    const uint8_t *whole;
    uint32_t otp_bits;
    jmp_buf jump;
} lane;

static uint64_t lane_mix(uint64_t x)
{
    x ^= x >> 32;
    x *= UINT64_C(0xd6e8feb86659fd93);
    x ^= x >> 29;
    x *= UINT64_C(0x9e3779b97f4a7c15);
    return x ^ (x >> 32);
}

LaneKey lane_flash_hash(uint64_t seed, const void *bytes, uint32_t count)
{
    const uint8_t *from = bytes;
    uint64_t a = lane_mix(seed + UINT64_C(0x9ae16a3b2f90404f));
    uint64_t b = lane_mix(seed ^ UINT64_C(0xc949c7defebfd5a1));
    for (uint32_t i = 0; i < count; i += 8) {
        uint64_t word;
        memcpy(&word, from + i, sizeof word);
        a = (a ^ word) * UINT64_C(0x9e3779b97f4a7c15);
        a ^= a >> 31;
        b = (b + word) * UINT64_C(0xc2b2ae3d27d4eb4f);
        b ^= b >> 29;
    }
    return (LaneKey){.a = lane_mix(a), .b = lane_mix(b)};
}

static LaneKey lane_page_key(uint32_t page, const uint8_t *bytes, const uint8_t *weak)
{
    static const uint8_t none[FLASH_PAGE_BYTES];
    LaneKey key = lane_flash_hash(page, bytes, FLASH_PAGE_BYTES);
    if (weak != NULL && memcmp(weak, none, sizeof none) != 0) {
        LaneKey more = lane_flash_hash(LANE_WEAK_SEED + page, weak, FLASH_PAGE_BYTES);
        key.a += more.a;
        key.b += more.b;
    }
    return key;
}

static void lane_rekey_page(uint32_t page)
{
    uint32_t offset = page * FLASH_PAGE_BYTES;
    LaneKey key =
        lane_page_key(page, lane.now.flash + offset, lane.weak_any ? lane.weak + offset : NULL);
    lane.sum.a += key.a - lane.pages[page].a;
    lane.sum.b += key.b - lane.pages[page].b;
    lane.pages[page] = key;
}

static void lane_rekey(uint32_t offset, uint32_t count)
{
    uint32_t end = (offset + count + FLASH_PAGE_BYTES - 1) / FLASH_PAGE_BYTES;
    for (uint32_t page = offset / FLASH_PAGE_BYTES; page < end; page++) {
        lane_rekey_page(page);
    }
}

static void lane_touch_sector(uint32_t sector)
{
    if (!lane.differs[sector]) {
        lane.differs[sector] = true;
        lane.differing[lane.differing_count++] = (uint16_t)sector;
    }
    if (!lane.recent[sector]) {
        lane.recent[sector] = true;
        lane.recents[lane.recent_count++] = (uint16_t)sector;
    }
}

static void lane_touch(uint32_t offset, uint32_t count)
{
    for (uint32_t i = offset / FLASH_SECTOR_BYTES; i * FLASH_SECTOR_BYTES < offset + count; i++) {
        lane_touch_sector(i);
    }
}

static void lane_forget_recent(void)
{
    for (uint32_t i = 0; i < lane.recent_count; i++) {
        lane.recent[lane.recents[i]] = false;
    }
    lane.recent_count = 0;
}

void lane_flash_blank(void)
{
    memset(lane.now.flash, 0xff, sizeof lane.now.flash);
    memset(lane.now.otp, 0, sizeof lane.now.otp);
    memset(lane.weak, 0, sizeof lane.weak);
    lane.weak_any = false;
    lane_flash_settle();
    lane_flash_number();
}

void lane_flash_settle(void)
{
    lane.base = lane.now;
    memset(lane.differs, 0, sizeof lane.differs);
    lane.differing_count = 0;
    lane_forget_recent();
    lane.at = NULL;
    lane.at_known = true;
    lane_rekey(0, FLASH_BYTES);
}

void lane_flash_put(uint32_t offset, const void *bytes, uint32_t count)
{
    memcpy(lane.now.flash + offset, bytes, count);
    lane_touch(offset, count);
    lane_rekey(offset, count);
}

void lane_flash_put_otp(uint32_t index, const void *bytes, uint32_t count)
{
    memcpy(&lane.now.otp[index], bytes, count);
}

void lane_flash_keep(LaneShot *shot)
{
    if (lane.differing_count > LANE_SHOT_SECTORS) {
        fprintf(stderr, "host lane: %u sectors differ from the base\n", lane.differing_count);
        abort();
    }
    shot->count = lane.differing_count;
    shot->weak_any = lane.weak_any;
    memcpy(shot->otp, lane.now.otp, sizeof shot->otp);
    for (uint32_t i = 0; i < shot->count; i++) {
        uint32_t offset = lane.differing[i] * FLASH_SECTOR_BYTES;
        shot->sectors[i] = lane.differing[i];
        memcpy(shot->bytes[i], lane.now.flash + offset, FLASH_SECTOR_BYTES);
        if (lane.weak_any) {
            memcpy(shot->weak[i], lane.weak + offset, FLASH_SECTOR_BYTES);
        }
    }
    lane_forget_recent();
    lane.at = shot;
    lane.at_known = true;
}

/* The sector as `shot` has it, or the base. */
static void lane_fetch_sector(const LaneShot *shot, uint32_t sector)
{
    uint32_t offset = sector * FLASH_SECTOR_BYTES;
    const uint8_t *from = lane.base.flash + offset;
    const uint8_t *weak = NULL;
    for (uint32_t i = 0; shot != NULL && i < shot->count; i++) {
        if (shot->sectors[i] == sector) {
            from = shot->bytes[i];
            weak = shot->weak_any ? shot->weak[i] : NULL;
        }
    }
    memcpy(lane.now.flash + offset, from, FLASH_SECTOR_BYTES);
    if (weak != NULL) {
        memcpy(lane.weak + offset, weak, FLASH_SECTOR_BYTES);
    } else if (lane.weak_any) {
        memset(lane.weak + offset, 0, FLASH_SECTOR_BYTES);
    }
}

void lane_flash_return(const LaneShot *shot)
{
    bool quick = lane.at_known && lane.at == shot;
    bool weak_any = shot != NULL && shot->weak_any;
    uint16_t sectors[LANE_SECTORS];
    for (uint32_t i = 0; !quick && shot != NULL && i < shot->count; i++) {
        lane_touch_sector(shot->sectors[i]);
    }
    uint32_t count = quick ? lane.recent_count : lane.differing_count;
    memcpy(sectors, quick ? lane.recents : lane.differing, count * sizeof sectors[0]);
    for (uint32_t i = 0; i < count; i++) {
        lane_fetch_sector(shot, sectors[i]);
    }
    lane.weak_any |= weak_any;
    for (uint32_t i = 0; i < count; i++) {
        lane_rekey(sectors[i] * FLASH_SECTOR_BYTES, FLASH_SECTOR_BYTES);
    }
    lane.weak_any = weak_any;
    memcpy(lane.now.otp, shot == NULL ? lane.base.otp : shot->otp, sizeof lane.now.otp);
    for (uint32_t i = 0; i < lane.differing_count; i++) {
        lane.differs[lane.differing[i]] = false;
    }
    lane.differing_count = 0;
    lane_forget_recent();
    for (uint32_t i = 0; shot != NULL && i < shot->count; i++) {
        lane_touch_sector(shot->sectors[i]);
    }
    lane_forget_recent();
    lane.at = shot;
    lane.at_known = true;
    lane_flash_number();
}

LaneKey lane_flash_key(void)
{
    LaneKey otp = lane_flash_hash(LANE_OTP_SEED, lane.now.otp, sizeof lane.now.otp);
    return (LaneKey){.a = lane.sum.a + otp.a, .b = lane.sum.b + otp.b};
}

void lane_flash_number(void)
{
    lane.operations = 0;
    lane.cut_operation = 0;
    lane.before = NULL;
}

void lane_flash_cut_at(uint32_t operation, LaneTorn torn)
{
    lane.cut_operation = operation;
    lane.torn = torn;
}

void lane_flash_watch(void (*before)(const LaneOperation *operation, void *user_data),
                      void *user_data)
{
    lane.before = before;
    lane.before_data = user_data;
}

bool lane_flash_run(void (*act)(void *user_data), void *user_data)
{
    if (setjmp(lane.jump) != 0) {
        lane_flash_number();
        return false;
    }
    act(user_data);
    lane_flash_number();
    return true;
}

void lane_flash_decay(void)
{
    for (uint32_t i = 0; lane.weak_any && i < lane.differing_count; i++) {
        uint32_t offset = lane.differing[i] * FLASH_SECTOR_BYTES;
        bool any = false;
        for (uint32_t at = 0; at < FLASH_SECTOR_BYTES; at++) {
            any |= lane.weak[offset + at] != 0;
            lane.now.flash[offset + at] ^= lane.weak[offset + at];
            lane.weak[offset + at] = 0;
        }
        if (any) {
            lane_touch(offset, FLASH_SECTOR_BYTES);
            lane_rekey(offset, FLASH_SECTOR_BYTES);
        }
    }
    lane.weak_any = false;
}

bool lane_flash_is_weak(void)
{
    return lane.weak_any;
}

const uint32_t *lane_flash_otp(void)
{
    return lane.now.otp;
}

static uint32_t lane_draw(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(*state >> 32);
}

/* Leaves `bytes`, which hold the old content, torn on the way to `whole`; weak bits are noted. */
static void lane_tear(LaneTorn torn, uint8_t *bytes, const uint8_t *whole, uint8_t *weak,
                      uint32_t count)
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
            bytes[i] ^= (uint8_t)((bytes[i] ^ whole[i]) & (uint8_t)lane_draw(&state));
        }
        break;
    case HOSTLINK_TORN_HALF:
        memcpy(bytes, whole, half);
        for (uint32_t i = half; count == FLASH_SECTOR_BYTES && i < count; i++) {
            bytes[i] |= (uint8_t)lane_draw(&state);
        }
        break;
    case HOSTLINK_TORN_WEAK:
        for (uint32_t i = 0; i < count; i++) {
            uint8_t mask = 0;
            for (uint32_t bit = 0; bytes[i] != whole[i] && bit < 8; bit++) {
                mask |= (uint8_t)((lane_draw(&state) % 10 == 0 ? 1u : 0u) << bit);
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

static uint32_t lane_torn_fuses(LaneTorn torn, uint32_t old, uint32_t bits)
{
    uint64_t state = torn.seed;
    if (torn.kind == HOSTLINK_TORN_NOTHING) {
        return old;
    }
    return torn.kind == HOSTLINK_TORN_COMPLETE ? old | bits : old | (bits & lane_draw(&state));
}

LaneKey lane_flash_torn_key(LaneTorn torn)
{
    static uint8_t bytes[FLASH_SECTOR_BYTES];
    static uint8_t weak[FLASH_SECTOR_BYTES];
    const LaneOperation *operation = &lane.operation;
    LaneKey key = lane_flash_key();
    if (operation->kind == HOSTLINK_NVM_OTP) {
        uint32_t *word = &lane.now.otp[operation->offset / 4];
        uint32_t old = *word;
        *word = lane_torn_fuses(torn, old, lane.otp_bits);
        key = lane_flash_key();
        *word = old;
        return key;
    }
    uint32_t first = operation->offset / FLASH_PAGE_BYTES;
    uint32_t start = first * FLASH_PAGE_BYTES;
    uint32_t span = operation->kind == HOSTLINK_NVM_ERASE ? FLASH_SECTOR_BYTES : FLASH_PAGE_BYTES;
    bool use_weak = lane.weak_any || torn.kind == HOSTLINK_TORN_WEAK;
    memcpy(bytes, lane.now.flash + start, span);
    if (use_weak) {
        memcpy(weak, lane.weak + start, span);
        for (uint32_t i = 0; i < operation->bytes; i++) {
            weak[operation->offset - start + i] &=
                operation->kind == HOSTLINK_NVM_ERASE ? 0 : lane.whole[i];
        }
    }
    lane_tear(torn, bytes + (operation->offset - start), lane.whole,
              weak + (operation->offset - start), operation->bytes);
    for (uint32_t i = 0; i < span / FLASH_PAGE_BYTES; i++) {
        uint32_t at = i * FLASH_PAGE_BYTES;
        LaneKey page = lane_page_key(first + i, bytes + at, use_weak ? weak + at : NULL);
        key.a += page.a - lane.pages[first + i].a;
        key.b += page.b - lane.pages[first + i].b;
    }
    return key;
}

static void lane_refuse(const char *what, uint32_t offset)
{
    fprintf(stderr, "host lane: %s at 0x%x\n", what, (unsigned)offset);
    abort();
}

/* Counts an operation and tells who watches; true when it is to be cut. */
static bool lane_begin(uint32_t kind, uint32_t offset, uint32_t bytes, const uint8_t *whole)
{
    lane.operations++;
    if (lane.before != NULL) {
        lane.operation = (LaneOperation){
            .number = lane.operations, .kind = kind, .offset = offset, .bytes = bytes};
        lane.whole = whole;
        lane.before(&lane.operation, lane.before_data);
    }
    return lane.operations == lane.cut_operation;
}

static Status lane_operate(uint32_t kind, uint32_t offset, const uint8_t *whole, uint32_t count)
{
    uint8_t *bytes = lane.now.flash + offset;
    bool cut = lane_begin(kind, offset, count, whole);
    lane_touch(offset, count);
    for (uint32_t i = 0; lane.weak_any && i < count; i++) {
        /* What is driven again is firm again: all bits of an erase, the zeros of a program. */
        lane.weak[offset + i] &= kind == HOSTLINK_NVM_ERASE ? 0 : whole[i];
    }
    if (!cut) {
        memcpy(bytes, whole, count);
        lane_rekey(offset, count);
        return status_ok();
    }
    lane.weak_any |= lane.torn.kind == HOSTLINK_TORN_WEAK;
    lane_tear(lane.torn, bytes, whole, lane.weak + offset, count);
    lane_rekey(offset, count);
    longjmp(lane.jump, 1);
}

/* drivers/flash.h and drivers/otp.h */

const uint8_t *flash_at(uint32_t offset)
{
    return lane.now.flash + offset;
}

void flash_read(uint32_t offset, void *ret_bytes, size_t count)
{
    if (offset > FLASH_BYTES || count > FLASH_BYTES - offset) {
        lane_refuse("read outside", offset);
    }
    memcpy(ret_bytes, lane.now.flash + offset, count);
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
        whole[i] = lane.now.flash[offset + i] & from[i];
        if (whole[i] != from[i]) {
            return status_error(STATUS_FL_PROGRAM);
        }
    }
    return lane_operate(HOSTLINK_NVM_PROGRAM, offset, whole, (uint32_t)count);
}

Status flash_erase(uint32_t offset)
{
    if (offset % FLASH_SECTOR_BYTES != 0 || offset >= FLASH_BYTES) {
        return status_error(STATUS_FL_RANGE);
    }
    uint8_t whole[FLASH_SECTOR_BYTES];
    memset(whole, 0xff, sizeof whole);
    return lane_operate(HOSTLINK_NVM_ERASE, offset, whole, sizeof whole);
}

uint32_t otp_word(uint32_t index)
{
    return lane.now.otp[index];
}

void otp_read(uint32_t index, void *ret_bytes, size_t count)
{
    memcpy(ret_bytes, &lane.now.otp[index], count);
}

Status otp_program(uint32_t index, uint32_t bits)
{
    lane.otp_bits = bits;
    uint32_t *word = &lane.now.otp[index];
    if (lane_begin(HOSTLINK_NVM_OTP, 4 * index, 4, NULL)) {
        *word = lane_torn_fuses(lane.torn, *word, bits);
        longjmp(lane.jump, 1);
    }
    *word |= bits;
    return status_ok();
}
