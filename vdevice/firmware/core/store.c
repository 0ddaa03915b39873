/* SPDX-License-Identifier: MIT */
/*
 * A log of records over a ring of sectors.
 *
 * A record stands at a multiple of 16 bytes, inside one page, and is programmed in one operation:
 *
 *   0  u16 magic    "ST"
 *   2  u8  key
 *   3  u8  value_bytes; 0: the key was removed
 *   4  u32 sequence
 *   8  u32 crc32    of all of the record but this word
 *  12  the value
 *
 * S1  A key's value is its valid record with the highest sequence number, wherever it stands.
 * S2  A record goes into a place that reads as all ones, behind everything else in its sector.
 * S3  A sector is erased only when no key's newest record is in it, and in the same call as its
 *     first record is written: what merely looks empty may be the torn end of an erase.
 * S4  When a sector is started, the newest records of all other keys are copied into it. All of
 *     them fit in half a sector, so the other half is there for what comes.
 * S5  The newest record of all is written again at each start: had power been lost while it was
 *     written, it might read right now and wrong later.
 * S6  A record that cannot be read back is written again behind that place: one worn cell costs a
 *     place, not what was to be kept.
 * S7  A record is taken for torn only if it was read so twice: one misread loses none.
 *
 *   position fits      store_put ──► programmed
 *   sector full        store_put ──► next sector without newest records erased (S3),
 *                                    the others copied (S4), then programmed
 */
#include "vdevice/firmware/core/store.h"

#include <stdbool.h>
#include <string.h>

#include "vdevice/firmware/base/bytes.h"
#include "vdevice/firmware/base/check.h"
#include "vdevice/firmware/base/crc32.h"
#include "vdevice/firmware/drivers/flash.h"

#define STORE_SECTORS    (STORE_BYTES / FLASH_SECTOR_BYTES)
#define STORE_ALIGN      16u
#define STORE_HEAD_BYTES 12u
#define STORE_CRC_OFFSET 8u
#define STORE_MAGIC      0x5453u
#define STORE_PLACES_MAX 3u /* tried for one record */
#define STORE_RECORD_BYTES_MAX                                                                     \
    ((STORE_HEAD_BYTES + STORE_VALUE_BYTES_MAX + STORE_ALIGN - 1) / STORE_ALIGN * STORE_ALIGN)

_Static_assert(STORE_KEYS *STORE_RECORD_BYTES_MAX <= FLASH_SECTOR_BYTES / 2, "S4");
_Static_assert(FLASH_PAGE_BYTES % STORE_RECORD_BYTES_MAX == 0, "records fit their page");

/* A record as read from, or made for, flash. */
typedef struct StoreRecord {
    uint8_t bytes[STORE_RECORD_BYTES_MAX];
    uint32_t key;
    uint32_t value_bytes;
    uint32_t sequence;
} StoreRecord;

static uint32_t store_sector_offset(uint32_t sector)
{
    return STORE_OFFSET + sector * FLASH_SECTOR_BYTES;
}

static uint32_t store_sector_of(uint32_t offset)
{
    return (offset - STORE_OFFSET) / FLASH_SECTOR_BYTES;
}

static uint32_t store_space(uint32_t value_bytes)
{
    return (STORE_HEAD_BYTES + value_bytes + STORE_ALIGN - 1) / STORE_ALIGN * STORE_ALIGN;
}

static uint32_t store_crc(const uint8_t *record, uint32_t value_bytes)
{
    uint32_t crc = crc32_of(record, STORE_CRC_OFFSET);
    return crc32_add(crc, record + STORE_HEAD_BYTES, value_bytes);
}

/* The record at `offset`; false when it is none, or torn, or was misread. */
static bool store_read_once(uint32_t offset, StoreRecord *ret_record)
{
    StoreRecord *record = ret_record;
    flash_read(offset, record->bytes, STORE_HEAD_BYTES);
    ByteReader reader = bytes_reader_from(record->bytes, STORE_HEAD_BYTES);
    uint16_t magic = bytes_get_u16(&reader);
    record->key = bytes_get_u8(&reader);
    record->value_bytes = bytes_get_u8(&reader);
    record->sequence = bytes_get_u32(&reader);
    uint32_t crc = bytes_get_u32(&reader);
    if (magic != STORE_MAGIC || record->key >= STORE_KEYS ||
        record->value_bytes > STORE_VALUE_BYTES_MAX || record->sequence == 0 ||
        offset % FLASH_PAGE_BYTES + store_space(record->value_bytes) > FLASH_PAGE_BYTES) {
        return false;
    }
    flash_read(offset + STORE_HEAD_BYTES, record->bytes + STORE_HEAD_BYTES, record->value_bytes);
    return store_crc(record->bytes, record->value_bytes) == crc;
}

/* The record at `offset`; false when it is none, or torn. Keeps S7. */
static bool store_read(uint32_t offset, StoreRecord *ret_record)
{
    return store_read_once(offset, ret_record) || store_read_once(offset, ret_record);
}

/* Whether nothing was written at a place since its sector was erased. */
static bool store_is_blank(uint32_t offset)
{
    return bytes_all(flash_at(offset), STORE_ALIGN, 0xff);
}

/* Finds the records of one sector (S1). */
static void store_scan(Store *store, uint32_t sector)
{
    uint32_t step;
    for (uint32_t at = 0; at < FLASH_SECTOR_BYTES; at += step) {
        uint32_t offset = store_sector_offset(sector) + at;
        StoreRecord record;
        step = STORE_ALIGN;
        if (store_is_blank(offset) || !store_read(offset, &record)) {
            continue;
        }
        step = store_space(record.value_bytes);
        StoreEntry *entry = &store->entries[record.key];
        if (record.sequence > entry->sequence) {
            *entry = (StoreEntry){.sequence = record.sequence, .offset = offset};
        }
        if (record.sequence > store->sequence) {
            store->sequence = record.sequence;
            store->sector = sector;
        }
    }
}

/* The place behind everything that stands in `sector` (S2). */
static uint32_t store_find_free(uint32_t sector)
{
    uint32_t at = FLASH_SECTOR_BYTES;
    while (at > 0 && store_is_blank(store_sector_offset(sector) + at - STORE_ALIGN)) {
        at -= STORE_ALIGN;
    }
    return at;
}

/* Where `space` bytes can go in the current sector; FLASH_SECTOR_BYTES when nowhere. */
static uint32_t store_place(const Store *store, uint32_t space)
{
    uint32_t at = store->position;
    if (at % FLASH_PAGE_BYTES + space > FLASH_PAGE_BYTES) {
        at += FLASH_PAGE_BYTES - at % FLASH_PAGE_BYTES;
    }
    return at + space > FLASH_SECTOR_BYTES ? FLASH_SECTOR_BYTES : at;
}

/* Writes a record into the current sector, where it must fit, once. */
static Status store_append_here(Store *store, uint32_t key, const uint8_t *value,
                                uint32_t value_bytes)
{
    uint8_t bytes[STORE_RECORD_BYTES_MAX];
    uint32_t at = store_place(store, store_space(value_bytes));
    CHECK(at < FLASH_SECTOR_BYTES);
    ByteWriter writer = bytes_writer(bytes, sizeof bytes);
    bytes_put_u16(&writer, STORE_MAGIC);
    bytes_put_u8(&writer, (uint8_t)key);
    bytes_put_u8(&writer, (uint8_t)value_bytes);
    bytes_put_u32(&writer, store->sequence + 1);
    bytes_put_u32(&writer, 0);
    bytes_put(&writer, value, value_bytes);
    CHECK(!writer.failed);
    size_t count = writer.at;
    writer.at = STORE_CRC_OFFSET;
    bytes_put_u32(&writer, store_crc(bytes, value_bytes));

    /* Whatever comes of it, this place and this number are used up (S2). */
    uint32_t offset = store_sector_offset(store->sector) + at;
    store->position = at + store_space(value_bytes);
    store->sequence++;
    TRY(flash_program(offset, bytes, count));
    store->entries[key] = (StoreEntry){.sequence = store->sequence, .offset = offset};
    return status_ok();
}

/* The same, and again in the places behind it as long as that is all that is wrong (S6). */
static Status store_append(Store *store, uint32_t key, const uint8_t *value, uint32_t value_bytes)
{
    Status status = store_append_here(store, key, value, value_bytes);
    for (uint32_t i = 1; i < STORE_PLACES_MAX && status_is(status, STATUS_FL_VERIFY) &&
                         store_place(store, store_space(value_bytes)) < FLASH_SECTOR_BYTES;
         i++) {
        status = store_append_here(store, key, value, value_bytes);
    }
    return status;
}

/* Writes the newest record of `key` again, in the current sector. */
static Status store_copy(Store *store, uint32_t key)
{
    StoreRecord record;
    if (!store_read(store->entries[key].offset, &record)) {
        store->entries[key] = (StoreEntry){.sequence = 0};
        return status_ok();
    }
    return store_append(store, key, record.bytes + STORE_HEAD_BYTES, record.value_bytes);
}

static bool store_sector_is_needed(const Store *store, uint32_t sector)
{
    for (uint32_t key = 0; key < STORE_KEYS; key++) {
        const StoreEntry *entry = &store->entries[key];
        if (entry->sequence != 0 && store_sector_of(entry->offset) == sector) {
            return true;
        }
    }
    return false;
}

/* Starts the next sector that holds nothing newest, and gathers everything in it (S3, S4). */
static Status store_turn(Store *store)
{
    uint32_t next = (store->sector + 1) % STORE_SECTORS;
    for (uint32_t i = 0; i < STORE_SECTORS && store_sector_is_needed(store, next); i++) {
        next = (next + 1) % STORE_SECTORS;
    }
    if (store_sector_is_needed(store, next)) {
        return status_error(STATUS_ST_FULL);
    }
    TRY(flash_erase(store_sector_offset(next)));
    store->sector = next;
    store->position = 0;
    for (uint32_t key = 0; key < STORE_KEYS; key++) {
        if (store->entries[key].sequence != 0) {
            TRY(store_copy(store, key));
        }
    }
    return status_ok();
}

/* Makes sure that a record with `value_bytes` fits in the current sector. */
static Status store_make_room(Store *store, uint32_t value_bytes)
{
    if (store_place(store, store_space(value_bytes)) < FLASH_SECTOR_BYTES) {
        return status_ok();
    }
    return store_turn(store);
}

/* The key written last; STORE_KEYS when there is none. */
static uint32_t store_newest_key(const Store *store)
{
    for (uint32_t key = 0; key < STORE_KEYS; key++) {
        if (store->sequence != 0 && store->entries[key].sequence == store->sequence) {
            return key;
        }
    }
    return STORE_KEYS;
}

Status store_open(Store *ret_store)
{
    Store store = {.sector = STORE_SECTORS - 1, .position = FLASH_SECTOR_BYTES};
    for (uint32_t sector = 0; sector < STORE_SECTORS; sector++) {
        store_scan(&store, sector);
    }
    if (store.sequence != 0) {
        store.position = store_find_free(store.sector);
    }
    uint32_t newest = store_newest_key(&store);
    if (newest < STORE_KEYS) {
        TRY(store_make_room(&store, STORE_VALUE_BYTES_MAX));
        TRY(store_copy(&store, newest)); /* S5 */
    }
    for (uint32_t key = 0; key < STORE_KEYS; key++) {
        const StoreEntry *entry = &store.entries[key];
        if (entry->sequence != 0 && store_sector_of(entry->offset) != store.sector) {
            TRY(store_make_room(&store, STORE_VALUE_BYTES_MAX));
            if (store_sector_of(entry->offset) != store.sector) {
                TRY(store_copy(&store, key)); /* finishes an S4 that was cut off */
            }
        }
    }
    *ret_store = store;
    return status_ok();
}

Status store_put(Store *store, StoreKey key, const void *value, size_t count)
{
    CHECK((uint32_t)key < STORE_KEYS);
    if (count == 0 || count > STORE_VALUE_BYTES_MAX) {
        return status_error(STATUS_ST_LENGTH);
    }
    TRY(store_make_room(store, (uint32_t)count));
    return store_append(store, (uint32_t)key, value, (uint32_t)count);
}

Status store_get(const Store *store, StoreKey key, void *ret_value, size_t count)
{
    CHECK((uint32_t)key < STORE_KEYS);
    const StoreEntry *entry = &store->entries[key];
    StoreRecord record;
    if (entry->sequence == 0 || !store_read(entry->offset, &record) || record.value_bytes == 0) {
        return status_error(STATUS_ST_ABSENT);
    }
    if (record.value_bytes != count) {
        return status_error(STATUS_ST_LENGTH);
    }
    memcpy(ret_value, record.bytes + STORE_HEAD_BYTES, count);
    return status_ok();
}

Status store_remove(Store *store, StoreKey key)
{
    CHECK((uint32_t)key < STORE_KEYS);
    const StoreEntry *entry = &store->entries[key];
    StoreRecord record;
    if (entry->sequence == 0 || (store_read(entry->offset, &record) && record.value_bytes == 0)) {
        return status_ok();
    }
    TRY(store_make_room(store, 0));
    return store_append(store, (uint32_t)key, NULL, 0);
}

Status store_put_u32(Store *store, StoreKey key, uint32_t value)
{
    return store_put(store, key, &value, sizeof value);
}

uint32_t store_get_u32(const Store *store, StoreKey key, uint32_t otherwise)
{
    uint32_t value;
    return status_is_ok(store_get(store, key, &value, sizeof value)) ? value : otherwise;
}

Status store_put_u64(Store *store, StoreKey key, uint64_t value)
{
    return store_put(store, key, &value, sizeof value);
}

uint64_t store_get_u64(const Store *store, StoreKey key, uint64_t otherwise)
{
    uint64_t value;
    return status_is_ok(store_get(store, key, &value, sizeof value)) ? value : otherwise;
}
