/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A NOR flash and fuses in memory behind drivers/flash.h and drivers/otp.h: what reads give, what
 * may be programmed, and what an operation leaves that is cut.
 *
 * What it is to do an operation is up to one of two, chosen by the linker: fake_flash.h counts wear
 * and fails when told, lane_flash.h is fast. Each defines the three functions named last. The torn
 * states are those of contract/hostlink.h.
 */

#include <stdint.h>

#include "vdevice/contract/hostlink.h"
#include "vdevice/contract/memory_map.h"
#include "vdevice/firmware/base/status.h"

#define NOR_SECTORS (FLASH_BYTES / FLASH_SECTOR_BYTES)

typedef struct NorMemory {
    uint8_t flash[FLASH_BYTES];
    uint32_t otp[OTP_WORDS];
} NorMemory;

typedef struct NorTorn {
    uint32_t kind; /* HOSTLINK_TORN_... */
    uint32_t units;
    uint64_t seed;
    bool late; /* lane_flash's, of WEAK: bits flip after the application has run, not before */
} NorTorn;

/* What is there now. */
extern NorMemory nor;

/* All ones, no fuse burned. */
void nor_blank(void);

/* The next flash_read over the byte at `offset` gives all its bits wrong. */
void nor_misread(uint32_t offset);

/* Leaves `bytes`, which hold the old content, torn on the way to `whole`; weak bits are noted. */
void nor_tear(NorTorn torn, uint8_t *bytes, const uint8_t *whole, uint8_t *weak, uint32_t count);

/* What a torn burn of `bits` makes of a word of fuses. */
uint32_t nor_tear_fuses(NorTorn torn, uint32_t old, uint32_t bits);

/* What is driven again is firm again: all bits of an erase, the zeros of a program. */
void nor_firm(uint32_t kind, const uint8_t *whole, uint8_t *weak, uint32_t count);

/* Ends the program: nobody may ask for that. */
_Noreturn void nor_refuse(const char *what, uint32_t offset);

/* Writes fuses without counting, as the factory does. */
void nor_put_otp(uint32_t index, const void *bytes, uint32_t count);

/* By whoever stands on this. The same for flash. */
void nor_put(uint32_t offset, const void *bytes, uint32_t count);

/* Does the operation of that HOSTLINK_NVM_... that turns the bytes at `offset` into `whole`. */
Status nor_operate(uint32_t kind, uint32_t offset, const uint8_t *whole, uint32_t count);

/* Burns the `bits` of a word. */
Status nor_burn(uint32_t index, uint32_t bits);
