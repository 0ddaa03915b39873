/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What the ROM tells the application about this boot: one record at the start of SRAM.
 *
 * The ROM writes it just before it jumps; the application copies it at once and treats it as read
 * only. `crc32` is over the words before it. The application's linker script keeps the first
 * BOOT_RECORD_BYTES of SRAM free.
 */

#include <stdint.h>

#define BOOT_RECORD_MAGIC 0x54424f4fu
#define BOOT_RECORD_BYTES 64u

typedef struct BootRecord {
    uint32_t magic;
    uint32_t slot;             /* 0 is A, 1 is B */
    uint32_t version;          /* of the image started */
    uint32_t security_counter; /* the OTP counter as it stands */
    uint32_t journal_state; /* JOURNAL_...: TRIAL asks the application to test itself and confirm */
    uint32_t attempts;      /* of a trial, this one included */
    uint32_t reset_cause;   /* POWER_RESET_CAUSE_... as read by the ROM */
    uint32_t other_slot_status; /* Status code of verifying the other slot; 0 when it was not looked
                                   at */
    uint32_t revert_reason;     /* Status code, when journal_state is REVERTED */
    uint32_t release_sequence;  /* of the image started */
    uint32_t reserved[5];
    uint32_t crc32;
} BootRecord;

_Static_assert(sizeof(BootRecord) == BOOT_RECORD_BYTES, "layout shared by ROM and application");
