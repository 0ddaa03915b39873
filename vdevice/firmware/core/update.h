/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Taking an update: judge its manifest, write it into the slot that is not running, stage it.
 *
 *            update_offer (judged)          update_finish (verified)          next boots
 *   IDLE ───────────────────────► RECEIVING ───────────────────────► STAGED ──────────► trial
 *     ▲                               │ connection or power lost:
 *     └──────── update_pause ─────────┘ offer the same manifest again; it goes on where it was
 *
 * The position that `update_position` gives is what to ask the server for (`Range: bytes=N-`); it
 * is remembered in the store once per sector, so a cut costs at most one sector of download. Bytes
 * go to flash page by page as they come; `update_write` sleeps 45 ms when it must erase a sector.
 * The slot's header page is programmed last, after the whole payload has been read back and its
 * digest found right; the journal says STAGED only when the slot verifies as the ROM will verify
 * it.
 *
 * A refusal is a Status of the IM group; no slot has been touched then. After any other failure
 * the Update is IDLE and the manifest may be offered again.
 *
 *     TRY(update_offer(&update, &header));
 *     ... GET the image from update_position(&update) ...
 *     for each piece: TRY(update_write(&update, piece, count));
 *     TRY(update_finish(&update));          then reset when idle
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vdevice/contract/boot_record.h"
#include "vdevice/contract/image.h"
#include "vdevice/firmware/base/status.h"
#include "vdevice/firmware/core/image_rules.h"
#include "vdevice/firmware/core/journal.h"
#include "vdevice/firmware/core/store.h"

typedef enum UpdateState {
    UPDATE_IDLE = 1,
    UPDATE_RECEIVING,
    UPDATE_STAGED,
} UpdateState;

/* What STORE_DOWNLOAD holds: whose payload is in the other slot, and how much of it for sure. */
typedef struct UpdateProgress {
    uint8_t header_sha256[32];
    uint32_t position; /* whole sectors of the slot */
} UpdateProgress;

typedef struct Update {
    Journal *journal;
    Store *store;
    ImageTrust trust;
    uint32_t running_slot;
    uint32_t running_version;
    uint32_t running_sequence;
    UpdateState state;
    ImageHeader header; /* RECEIVING: the manifest taken */
    uint8_t header_sha256[32];
    uint32_t slot;       /* where it goes */
    uint32_t position;   /* payload bytes taken, buffered ones included */
    uint32_t erased_end; /* slot bytes up to here are erased or programmed for this image */
    uint32_t buffered;   /* bytes in `page` not programmed yet */
    uint8_t page[FLASH_PAGE_BYTES];
} Update;

/*
 * Sets up from what the ROM said. `journal` and `store` must be open and outlive the Update. Notes
 * a release whose trial has just failed, so that it is never taken again.
 */
FALLIBLE Status update_init(Update *update, Journal *journal, Store *store, const BootRecord *boot);

/*
 * Judges a manifest. STATUS_IM_NOT_NEWER when it is not newer than what runs (the normal answer
 * when there is no update); STATUS_IM_REPLAY, _ROLLBACK, _TRIED, _SIGNATURE ... when it must not be
 * taken; STATUS_UP_STATE while a trial is not confirmed, or something is staged or being received.
 */
FALLIBLE Status update_offer(Update *update, const ImageHeader *header);

/* The first payload byte still wanted. */
uint32_t update_position(const Update *update);

/* Payload bytes still wanted. */
uint32_t update_left(const Update *update);

/* Takes the next bytes of the payload. STATUS_UP_LENGTH, and nothing taken, if they are too many.
 */
FALLIBLE Status update_write(Update *update, const void *bytes, size_t count);

/* Verifies, writes the header page, stages. STATUS_UP_LENGTH when bytes are missing. */
FALLIBLE Status update_finish(Update *update);

/* The connection is gone: back to IDLE, keeping what is in flash for the next offer. */
void update_pause(Update *update);

/* The running image has passed its self-test: records CONFIRMED. No effect unless on trial. */
FALLIBLE Status update_confirm(Update *update);

/* The running image is on trial and not yet confirmed. */
bool update_on_trial(const Update *update);
