/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The boot journal: which slot to boot and how far an update has come, safe against power loss.
 *
 * Two sectors at JOURNAL_OFFSET, written in turn. A sector starts empty (ones) and takes records
 * one behind another, each JOURNAL_RECORD_BYTES long and programmed in one operation; 128 records
 * fill a sector. The current state is the valid record with the highest sequence number, over both
 * sectors. A record is valid when its magic and CRC-32 are right; anything else that is not all
 * ones is a torn record: it is skipped, and never written over. When a sector is full, the other
 * one is erased and takes the next record, so the newest record outlives the erase.
 *
 * An all-ones journal means: nothing was ever recorded; slot A, if good, is the confirmed one.
 *
 * Transitions (who writes them):
 *
 *   CONFIRMED(x) --app stages--> STAGED(y) --rom, before the jump--> TRIAL(y, attempt 1..3)
 *   TRIAL(y) --app, self-test passed--> CONFIRMED(y)
 *   TRIAL(y, 3) --rom, next boot--> REVERTED(x)    y's image is never tried again
 *   STAGED(y) --rom, y not good--> REVERTED(x)
 *   REVERTED(x) behaves as CONFIRMED(x); the app reports it once.
 *   STAGED/TRIAL(y) --app abandons--> CONFIRMED(x)
 */

#include <stdint.h>

#define JOURNAL_MAGIC        0x4c4e524au /* "JRNL" */
#define JOURNAL_RECORD_BYTES 32u
#define JOURNAL_TRIALS_MAX   3u

enum {
    JOURNAL_CONFIRMED = 0x434f4e46, /* "CONF": boot this slot */
    JOURNAL_STAGED = 0x53544147,    /* "STAG": a verified image waits in this slot */
    JOURNAL_TRIAL = 0x5452494c, /* "TRIL": this slot has been started `attempts` times on trial */
    JOURNAL_REVERTED = 0x52455654, /* "REVT": back to this slot; the other one failed its trial */
};

typedef struct JournalRecord {
    uint32_t magic;    /* JOURNAL_MAGIC */
    uint32_t sequence; /* 1 for the first record ever, then one more each */
    uint32_t state;    /* JOURNAL_CONFIRMED ... */
    uint32_t slot;     /* 0 is A, 1 is B */
    uint32_t version;  /* of the image in `slot` */
    uint32_t attempts; /* TRIAL: 1 to JOURNAL_TRIALS_MAX; otherwise 0 */
    uint32_t reason;   /* REVERTED: the Status code that led here; otherwise 0 */
    uint32_t crc32;    /* CRC-32 (IEEE 802.3, reflected) of the seven words before it */
} JournalRecord;

_Static_assert(sizeof(JournalRecord) == JOURNAL_RECORD_BYTES, "records tile a sector");
