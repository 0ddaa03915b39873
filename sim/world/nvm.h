/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What the lab knows to stand in a device's flash and fuses, without asking the device.
 *
 * Think of a second copy of the two memories, brought along by the operations the machine reports.
 * An operation is *pending* between its start and its end; only the end changes the copy. When
 * power is lost in the middle, what the torn operation left must be read from the machine and put
 * back here with `nvm_put_flash` or `nvm_put_otp`. At the end of a run the copy is compared with
 * the truth.
 *
 * From the copy the lab reads, as an independent witness, what the device must live by: the boot
 * journal's current record and whether a slot holds an image that its key, digest and counter
 * allow.
 *
 * Plain memory owned by its device; nothing here fails.
 */

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

#include "vdevice/contract/boot_journal.h"
#include "vdevice/contract/hostlink.h"
#include "vdevice/contract/image.h"
#include "vdevice/contract/memory_map.h"

/* A flash operation and a fuse operation may run at once. */
#define NVM_PENDING_MAX 2u

#define NVM_SECTORS (FLASH_BYTES / FLASH_SECTOR_BYTES)

typedef struct NvmPending {
    HostlinkNvmOperation operation; /* number 0: none */
    uint8_t data[FLASH_PAGE_BYTES];
    GBytes *outcome; /* what it will leave, where the cells are worn; or NULL */
} NvmPending;

/* What the lab itself finds in a slot. */
typedef struct NvmImage {
    bool present;   /* the header's magic is there */
    bool is_signed; /* key, signature and digest are right */
    bool allowed;   /* signed, for this product, and not under the fuse counter */
    uint32_t version;
    uint32_t security_counter;
    uint32_t release_sequence;
    const char *why; /* a word for the first thing wrong; "" when allowed */
} NvmImage;

typedef struct Nvm {
    uint8_t flash[FLASH_BYTES];
    uint8_t otp[OTP_WORDS * 4];
    NvmPending pending[NVM_PENDING_MAX];
    bool touched[NVM_SECTORS]; /* since `nvm_new` or `nvm_forget_touched` */
    NvmImage image[2];
    bool image_known[2];
    uint64_t operations; /* the number of the last one that was accepted */
} Nvm;

/* Makes the memories of a blank device: flash all ones, fuses all zero. */
Nvm *nvm_new(void);
void nvm_free(Nvm *nvm);

/* As new again. */
void nvm_clear(Nvm *nvm);

void nvm_put_flash(Nvm *nvm, uint32_t offset, const uint8_t *bytes, uint32_t byte_count);
void nvm_put_otp(Nvm *nvm, uint32_t offset, const uint8_t *bytes, uint32_t byte_count);

/* An operation starts. False when the machine reports more at once than the chip can run. */
bool nvm_start(Nvm *nvm, const HostlinkNvmOperation *operation, const uint8_t *data);

/* How many bits a pending operation will change. */
unsigned nvm_changes(const Nvm *nvm, const HostlinkNvmOperation *operation);

/* An operation ends, and its range changes. False when it never started. */
bool nvm_finish(Nvm *nvm, const HostlinkNvmOperation *operation);

/* Says that a pending operation leaves `bytes` and nothing else. Returns how many bits differ from
 * what it should leave. */
unsigned nvm_expect(Nvm *nvm, const HostlinkNvmOperation *operation, const uint8_t *bytes);

/* Takes one pending operation out; false when there is none. */
bool nvm_take_pending(Nvm *nvm, HostlinkNvmOperation *ret_operation);

/* The part of the layout an operation falls in: "journal", "slot_a", ... "otp". */
const char *nvm_region(uint32_t kind, uint32_t offset);

/* The journal's current record. False when nothing valid was ever recorded. */
bool nvm_journal(const Nvm *nvm, JournalRecord *ret_record);

/* The journal record that covers the flash offset, if it is whole and its checksum right. */
bool nvm_journal_record_at(const Nvm *nvm, uint32_t offset, JournalRecord *ret_record);

/* Makes a record whole: its magic and its checksum. */
void nvm_seal_journal_record(JournalRecord *record);

/* Which slot the journal says is the one to fall back on: 0 is A. */
unsigned nvm_confirmed_slot(const Nvm *nvm);

/* The counter of the signed image that the journal has as confirmed; -1 while there is none. */
int nvm_confirmed_counter(Nvm *nvm);

/* What is in slot 0 (A) or 1 (B). Cached until the slot or the fuses change. */
const NvmImage *nvm_image(Nvm *nvm, unsigned slot);

/* The fuses' security counter. */
unsigned nvm_security_counter(const Nvm *nvm);
