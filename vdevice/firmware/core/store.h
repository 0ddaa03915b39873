/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A small key/value store that survives power loss at any instruction.
 *
 * Think of a ring of flash sectors with one log running through it. Putting a value appends one
 * record; the newest valid record of a key is its value. Before a sector is erased for reuse, what
 * is still current in it has been appended further on. After a cut a key has its old value or its
 * new one, never a mixture, and no other key is touched. Wear goes round the ring.
 *
 * The caller owns the Store; it reads flash but keeps no copy of values. One open store at a time.
 *
 * STATUS_ST_ABSENT: no value. STATUS_ST_LENGTH: longer than STORE_VALUE_BYTES_MAX, or not the
 * length asked for. STATUS_ST_FULL: no sector can be freed. Flash failures are handed on.
 */

#include <stddef.h>
#include <stdint.h>

#include "vdevice/contract/memory_map.h"
#include "vdevice/firmware/base/status.h"

#define STORE_VALUE_BYTES_MAX 112u

/* Every key there is. Numbers are stored: extend only, never renumber; at most STORE_KEYS. */
typedef enum StoreKey {
    STORE_PIN_VERIFIER = 1,    /* AuthVerifier: replaces the factory record's after a PIN change */
    STORE_WRONG_PINS = 2,      /* u32: attempts since the last right PIN */
    STORE_NEWEST_SEQUENCE = 3, /* u32: highest release_sequence ever seen in a good manifest */
    STORE_TRIED_SEQUENCE = 4,  /* UpdateTried: the release whose trial failed */
    STORE_DOWNLOAD = 5,        /* UpdateProgress */
    STORE_LAST_TIME = 6,       /* u64: seconds, the latest network time taken */
    STORE_REPORT_SEQUENCE = 7, /* u32: reports sent since provisioning */
    STORE_REVERT_REPORTED = 8, /* u32: journal sequence of the last revert that was reported */
    STORE_SETTINGS = 9,        /* the application's own */
    STORE_UPDATE_OUTCOME = 10, /* u32: the application's last update outcome, for its report */
    STORE_LAST_STATUS = 11,    /* u32: the last failure's Status code, for its report */
} StoreKey;

#define STORE_KEYS 16u /* keys are 0 to 15 */

typedef struct StoreEntry {
    uint32_t sequence; /* of the newest record; 0 when there is none */
    uint32_t offset;   /* of that record, in flash */
} StoreEntry;

typedef struct Store {
    StoreEntry entries[STORE_KEYS];
    uint32_t sequence; /* highest in use */
    uint32_t sector;   /* index of the one being written */
    uint32_t position; /* next free byte in it; FLASH_SECTOR_BYTES when full */
} Store;

/* Finds every newest value, and finishes what a cut may have left half done. */
FALLIBLE Status store_open(Store *ret_store);

FALLIBLE Status store_put(Store *store, StoreKey key, const void *value, size_t count);

/* Copies a value of exactly `count` bytes. */
FALLIBLE Status store_get(const Store *store, StoreKey key, void *ret_value, size_t count);

/* Removes a value; it is no failure if there was none. */
FALLIBLE Status store_remove(Store *store, StoreKey key);

FALLIBLE Status store_put_u32(Store *store, StoreKey key, uint32_t value);

/* The value, or `otherwise` when there is none. */
uint32_t store_get_u32(const Store *store, StoreKey key, uint32_t otherwise);
FALLIBLE Status store_put_u64(Store *store, StoreKey key, uint64_t value);
uint64_t store_get_u64(const Store *store, StoreKey key, uint64_t otherwise);
