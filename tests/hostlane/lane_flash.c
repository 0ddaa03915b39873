/* SPDX-License-Identifier: MIT */
#include "tests/hostlane/lane_flash.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LANE_OTP_SEED  UINT64_C(0x07f0)
#define LANE_WEAK_SEED UINT64_C(0x7765616b00000000)

static struct {
    NorMemory base;
    uint8_t weak[FLASH_BYTES];
    bool weak_any;
    bool differs[NOR_SECTORS]; /* from the base, maybe */
    uint16_t differing[NOR_SECTORS];
    uint32_t differing_count;
    bool recent[NOR_SECTORS]; /* touched since the last keep or return */
    uint16_t recents[NOR_SECTORS];
    uint32_t recent_count;
    const LaneShot *at; /* where the last keep or return was */
    bool at_known;
    LaneKey pages[LANE_PAGES];
    LaneKey sum; /* of all pages */
    uint32_t operations;
    uint32_t cut_operation;
    NorTorn torn;
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
        lane_page_key(page, nor.flash + offset, lane.weak_any ? lane.weak + offset : NULL);
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
    nor_blank();
    memset(lane.weak, 0, sizeof lane.weak);
    lane.weak_any = false;
    lane_flash_settle();
    lane_flash_number();
}

void lane_flash_settle(void)
{
    lane.base = nor;
    memset(lane.differs, 0, sizeof lane.differs);
    lane.differing_count = 0;
    lane_forget_recent();
    lane.at = NULL;
    lane.at_known = true;
    lane_rekey(0, FLASH_BYTES);
}

void nor_put(uint32_t offset, const void *bytes, uint32_t count)
{
    memcpy(nor.flash + offset, bytes, count);
    lane_touch(offset, count);
    lane_rekey(offset, count);
}

void lane_flash_keep(LaneShot *shot)
{
    if (lane.differing_count > LANE_SHOT_SECTORS) {
        fprintf(stderr, "host lane: %u sectors differ from the base\n", lane.differing_count);
        abort();
    }
    shot->count = lane.differing_count;
    shot->weak_any = lane.weak_any;
    memcpy(shot->otp, nor.otp, sizeof shot->otp);
    for (uint32_t i = 0; i < shot->count; i++) {
        uint32_t offset = lane.differing[i] * FLASH_SECTOR_BYTES;
        shot->sectors[i] = lane.differing[i];
        memcpy(shot->bytes[i], nor.flash + offset, FLASH_SECTOR_BYTES);
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
    memcpy(nor.flash + offset, from, FLASH_SECTOR_BYTES);
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
    uint16_t sectors[NOR_SECTORS];
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
    memcpy(nor.otp, shot == NULL ? lane.base.otp : shot->otp, sizeof nor.otp);
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
    LaneKey otp = lane_flash_hash(LANE_OTP_SEED, nor.otp, sizeof nor.otp);
    return (LaneKey){.a = lane.sum.a + otp.a, .b = lane.sum.b + otp.b};
}

void lane_flash_number(void)
{
    lane.operations = 0;
    lane.cut_operation = 0;
    lane.before = NULL;
}

void lane_flash_cut_at(uint32_t operation, NorTorn torn)
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
            nor.flash[offset + at] ^= lane.weak[offset + at];
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

LaneKey lane_flash_torn_key(NorTorn torn)
{
    static uint8_t bytes[FLASH_SECTOR_BYTES];
    static uint8_t weak[FLASH_SECTOR_BYTES];
    const LaneOperation *operation = &lane.operation;
    LaneKey key = lane_flash_key();
    if (operation->kind == HOSTLINK_NVM_OTP) {
        uint32_t *word = &nor.otp[operation->offset / 4];
        uint32_t old = *word;
        *word = nor_tear_fuses(torn, old, lane.otp_bits);
        key = lane_flash_key();
        *word = old;
        return key;
    }
    uint32_t first = operation->offset / FLASH_PAGE_BYTES;
    uint32_t start = first * FLASH_PAGE_BYTES;
    uint32_t span = operation->kind == HOSTLINK_NVM_ERASE ? FLASH_SECTOR_BYTES : FLASH_PAGE_BYTES;
    bool use_weak = lane.weak_any || torn.kind == HOSTLINK_TORN_WEAK;
    memcpy(bytes, nor.flash + start, span);
    if (use_weak) {
        memcpy(weak, lane.weak + start, span);
        nor_firm(operation->kind, lane.whole, weak + (operation->offset - start), operation->bytes);
    }
    nor_tear(torn, bytes + (operation->offset - start), lane.whole,
             weak + (operation->offset - start), operation->bytes);
    for (uint32_t i = 0; i < span / FLASH_PAGE_BYTES; i++) {
        uint32_t at = i * FLASH_PAGE_BYTES;
        LaneKey page = lane_page_key(first + i, bytes + at, use_weak ? weak + at : NULL);
        key.a += page.a - lane.pages[first + i].a;
        key.b += page.b - lane.pages[first + i].b;
    }
    return key;
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

Status nor_operate(uint32_t kind, uint32_t offset, const uint8_t *whole, uint32_t count)
{
    uint8_t *bytes = nor.flash + offset;
    bool cut = lane_begin(kind, offset, count, whole);
    lane_touch(offset, count);
    if (lane.weak_any) {
        nor_firm(kind, whole, lane.weak + offset, count);
    }
    if (!cut) {
        memcpy(bytes, whole, count);
        lane_rekey(offset, count);
        return status_ok();
    }
    lane.weak_any |= lane.torn.kind == HOSTLINK_TORN_WEAK;
    nor_tear(lane.torn, bytes, whole, lane.weak + offset, count);
    lane_rekey(offset, count);
    longjmp(lane.jump, 1);
}

Status nor_burn(uint32_t index, uint32_t bits)
{
    lane.otp_bits = bits;
    uint32_t *word = &nor.otp[index];
    if (lane_begin(HOSTLINK_NVM_OTP, 4 * index, 4, NULL)) {
        *word = nor_tear_fuses(lane.torn, *word, bits);
        longjmp(lane.jump, 1);
    }
    *word |= bits;
    return status_ok();
}
