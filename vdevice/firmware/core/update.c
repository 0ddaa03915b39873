/* SPDX-License-Identifier: MIT */
/*
 * Staging a release in the slot that is not running.
 *
 * U1  Nothing is written for a header that has not passed every rule.
 * U2  While its payload is incomplete a slot has no header: the first sector is erased first, the
 *     header page is programmed last.
 * U3  What STORE_DOWNLOAD says is in flash was programmed and read back before it was said. What
 *     lies behind it is erased again, whatever it looks like.
 * U4  The journal says STAGED only for a slot that image_check_slot has passed, as the ROM will.
 * U5  The running slot is never written (the ROM has locked it, too).
 *
 * Slot bytes: the header page, then the payload; payload byte p is slot byte IMAGE_HEADER_BYTES +
 * p. Progress is kept in slot bytes, whole sectors.
 */
#include "vdevice/firmware/core/update.h"

#include <string.h>

#include "vdevice/firmware/base/bytes.h"
#include "vdevice/firmware/base/check.h"
#include "vdevice/firmware/base/crypto.h"
#include "vdevice/firmware/core/image.h"
#include "vdevice/firmware/core/slots.h"
#include "vdevice/firmware/core/trust.h"
#include "vdevice/firmware/core/update_rules.h"
#include "vdevice/firmware/drivers/flash.h"

/* The release whose trial failed, and which revert said so. */
typedef struct UpdateTried {
    uint32_t release_sequence;
    uint32_t journal_sequence;
} UpdateTried;

static UpdateTried update_tried(const Store *store)
{
    UpdateTried tried;
    if (!status_is_ok(store_get(store, STORE_TRIED_SEQUENCE, &tried, sizeof tried))) {
        return (UpdateTried){.release_sequence = 0};
    }
    return tried;
}

/* After a revert, once: the other slot still holds the image that used up its trials. */
static Status update_note_tried(const Update *update)
{
    const JournalRecord *current = &update->journal->current;
    if (current->state != JOURNAL_REVERTED || current->reason != (uint32_t)STATUS_BT_TRIALS ||
        update_tried(update->store).journal_sequence == current->sequence) {
        return status_ok();
    }
    ImageHeader header;
    slots_read_header(slots_other(update->running_slot), &header);
    bool formed = status_is_ok(image_rules_form(&header));
    UpdateTried tried = {
        .release_sequence = formed ? header.release_sequence : 0,
        .journal_sequence = current->sequence,
    };
    return store_put(update->store, STORE_TRIED_SEQUENCE, &tried, sizeof tried);
}

Status update_init(Update *update, Journal *journal, Store *store, const BootRecord *boot)
{
    *update = (Update){
        .journal = journal,
        .store = store,
        .running_slot = boot->slot,
        .running_version = boot->version,
        .running_sequence = boot->release_sequence,
        .state = UPDATE_IDLE,
        .slot = slots_other(boot->slot),
    };
    if (journal->current.state == JOURNAL_STAGED) {
        update->state = UPDATE_STAGED;
    }
    trust_read(&update->trust);
    return update_note_tried(update);
}

/* Slot bytes of a whole image. */
static uint32_t update_end(const Update *update)
{
    return IMAGE_HEADER_BYTES + update->header.payload_bytes;
}

/* Slot bytes that a cut-off download of the same image has left for sure; 0 when none (U3). */
static uint32_t update_resumable(const Update *update)
{
    UpdateProgress progress;
    if (!status_is_ok(store_get(update->store, STORE_DOWNLOAD, &progress, sizeof progress)) ||
        memcmp(progress.header_sha256, update->header_sha256, sizeof progress.header_sha256) != 0 ||
        progress.position % FLASH_SECTOR_BYTES != 0 || progress.position >= update_end(update)) {
        return 0;
    }
    const uint8_t *page = flash_at(slots_offset(update->slot));
    return bytes_all(page, IMAGE_HEADER_BYTES, 0xff) ? progress.position : 0; /* U2 */
}

/* Sets up for receiving, from the start or from where it was. */
static Status update_begin(Update *update)
{
    uint32_t done = update_resumable(update);
    if (done == 0) {
        TRY(store_remove(update->store, STORE_DOWNLOAD));
        TRY(flash_erase(slots_offset(update->slot))); /* U2 */
        update->position = 0;
        update->erased_end = FLASH_SECTOR_BYTES;
    } else {
        update->position = done - IMAGE_HEADER_BYTES;
        update->erased_end = done;
    }
    update->buffered = 0;
    update->state = UPDATE_RECEIVING;
    return status_ok();
}

/* Whether the release is wanted; notes it as seen when it is the newest so far. */
static Status update_judge(Update *update, const ImageHeader *header)
{
    TRY(image_check_header(header, &update->trust));
    uint32_t newest = store_get_u32(update->store, STORE_NEWEST_SEQUENCE, 0);
    TRY(update_rules_replay(header, newest));
    if (header->release_sequence > newest) {
        TRY(store_put_u32(update->store, STORE_NEWEST_SEQUENCE, header->release_sequence));
    }
    TRY(update_rules_newer(header, update->running_version, update->running_sequence));
    return update_rules_tried(header, update_tried(update->store).release_sequence);
}

Status update_offer(Update *update, const ImageHeader *header)
{
    uint32_t state = update->journal->current.state;
    if (update->state != UPDATE_IDLE || (state != JOURNAL_CONFIRMED && state != JOURNAL_REVERTED)) {
        return status_error(STATUS_UP_STATE);
    }
    trust_read(&update->trust);
    ImageHeader copy = *header;
    TRY(update_judge(update, &copy)); /* U1 */
    update->header = copy;
    TRY(crypto_sha256(&copy, sizeof copy, update->header_sha256));
    return update_begin(update);
}

uint32_t update_position(const Update *update)
{
    return update->position;
}

uint32_t update_left(const Update *update)
{
    return update->header.payload_bytes - update->position;
}

/* Says in the store how far the slot is written, at the end of each sector but the last. */
static Status update_keep_progress(const Update *update, uint32_t written)
{
    if (written % FLASH_SECTOR_BYTES != 0 || written >= update_end(update)) {
        return status_ok();
    }
    UpdateProgress progress = {.position = written};
    memcpy(progress.header_sha256, update->header_sha256, sizeof progress.header_sha256);
    return store_put(update->store, STORE_DOWNLOAD, &progress, sizeof progress);
}

/* Programs what is buffered: a whole page, or the last part of one. */
static Status update_flush(Update *update)
{
    if (update->buffered == 0) {
        return status_ok();
    }
    uint32_t at = IMAGE_HEADER_BYTES + update->position - update->buffered;
    CHECK(update->slot != update->running_slot); /* U5 */
    CHECK(at % FLASH_PAGE_BYTES == 0 && at + update->buffered <= SLOT_BYTES);
    uint32_t offset = slots_offset(update->slot);
    if (at >= update->erased_end) {
        TRY(flash_erase(offset + at));
        update->erased_end = at + FLASH_SECTOR_BYTES;
    }
    TRY(flash_program(offset + at, update->page, update->buffered));
    uint32_t written = at + update->buffered;
    update->buffered = 0;
    return update_keep_progress(update, written);
}

Status update_write(Update *update, const void *bytes, size_t count)
{
    if (update->state != UPDATE_RECEIVING) {
        return status_error(STATUS_UP_STATE);
    }
    if (count > update_left(update)) {
        return status_error(STATUS_UP_LENGTH);
    }
    const uint8_t *from = bytes;
    while (count > 0) {
        size_t room = FLASH_PAGE_BYTES - update->buffered;
        size_t part = count < room ? count : room;
        memcpy(update->page + update->buffered, from, part);
        update->buffered += (uint32_t)part;
        update->position += (uint32_t)part;
        from += part;
        count -= part;
        if (update->buffered == FLASH_PAGE_BYTES) {
            Status status = update_flush(update);
            if (!status_is_ok(status)) {
                update_pause(update);
                return status;
            }
        }
    }
    return status_ok();
}

/* Everything between the last byte and STAGED. */
static Status update_stage(Update *update)
{
    TRY(update_flush(update));
    Status payload = image_check_payload(&update->header, update->slot);
    if (!status_is_ok(payload)) {
        TRY(store_remove(update->store, STORE_DOWNLOAD)); /* all of it must come again */
        return payload;
    }
    TRY(flash_program(slots_offset(update->slot), &update->header, sizeof update->header)); /* U2 */
    ImageHeader checked;
    trust_read(&update->trust);
    TRY(image_check_slot(update->slot, &update->trust, &checked)); /* U4 */
    return journal_append(update->journal, JOURNAL_STAGED, update->slot, checked.version, 0,
                          status_ok());
}

Status update_finish(Update *update)
{
    if (update->state != UPDATE_RECEIVING) {
        return status_error(STATUS_UP_STATE);
    }
    if (update_left(update) != 0) {
        update_pause(update);
        return status_error(STATUS_UP_LENGTH);
    }
    Status status = update_stage(update);
    update->state = status_is_ok(status) ? UPDATE_STAGED : UPDATE_IDLE;
    return status;
}

void update_pause(Update *update)
{
    if (update->state == UPDATE_RECEIVING) {
        update->state = UPDATE_IDLE;
        update->buffered = 0;
    }
}

bool update_on_trial(const Update *update)
{
    const JournalRecord *current = &update->journal->current;
    return current->state == JOURNAL_TRIAL && current->slot == update->running_slot;
}

Status update_confirm(Update *update)
{
    if (!update_on_trial(update)) {
        return status_ok();
    }
    return journal_append(update->journal, JOURNAL_CONFIRMED, update->running_slot,
                          update->running_version, 0, status_ok());
}
