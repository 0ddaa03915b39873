/* SPDX-License-Identifier: MIT */
#include "tests/hostlane/lane_store.h"

#include <string.h>

LaneStore lane_store;

Status __real_store_open(Store *ret_store);
Status __wrap_store_open(Store *ret_store);
Status __real_store_put(Store *store, StoreKey key, const void *value, size_t count);
Status __wrap_store_put(Store *store, StoreKey key, const void *value, size_t count);
Status __wrap_store_put_u32(Store *store, StoreKey key, uint32_t value);
Status __wrap_store_put_u64(Store *store, StoreKey key, uint64_t value);
Status __real_store_remove(Store *store, StoreKey key);
Status __wrap_store_remove(Store *store, StoreKey key);

void lane_store_blank(void)
{
    memset(&lane_store, 0, sizeof lane_store);
    lane_store.pending_key = STORE_KEYS;
    lane_store.broken_key = STORE_KEYS;
}

static bool lane_holds(const Store *store, uint32_t key, const LaneValue *value)
{
    uint8_t bytes[STORE_VALUE_BYTES_MAX];
    if (value->count == 0) {
        uint8_t none;
        return status_is(store_get(store, (StoreKey)key, &none, sizeof none), STATUS_ST_ABSENT);
    }
    return status_is_ok(store_get(store, (StoreKey)key, bytes, value->count)) &&
           memcmp(bytes, value->bytes, value->count) == 0;
}

Status __wrap_store_open(Store *ret_store)
{
    Status status = __real_store_open(ret_store);
    for (uint32_t key = 0; status_is_ok(status) && key < STORE_KEYS; key++) {
        if (lane_holds(ret_store, key, &lane_store.values[key])) {
            continue;
        }
        if (key == lane_store.pending_key && lane_holds(ret_store, key, &lane_store.pending)) {
            lane_store.values[key] = lane_store.pending;
        } else if (lane_store.broken_key == STORE_KEYS) {
            lane_store.broken_key = key;
        }
    }
    if (status_is_ok(status)) {
        lane_store.pending_key = STORE_KEYS;
        memset(&lane_store.pending, 0, sizeof lane_store.pending);
    }
    return status;
}

static void lane_pend(uint32_t key, const void *value, size_t count)
{
    memset(&lane_store.pending, 0, sizeof lane_store.pending);
    lane_store.pending.count = (uint32_t)count;
    if (count > 0) {
        memcpy(lane_store.pending.bytes, value, count);
    }
    lane_store.pending_key = key;
}

static Status lane_done(Status status)
{
    if (status_is_ok(status)) {
        lane_store.values[lane_store.pending_key] = lane_store.pending;
        lane_store.pending_key = STORE_KEYS;
        memset(&lane_store.pending, 0, sizeof lane_store.pending);
    }
    return status;
}

Status __wrap_store_put(Store *store, StoreKey key, const void *value, size_t count)
{
    lane_pend((uint32_t)key, value, count);
    return lane_done(__real_store_put(store, key, value, count));
}

Status __wrap_store_put_u32(Store *store, StoreKey key, uint32_t value)
{
    lane_pend((uint32_t)key, &value, sizeof value);
    return lane_done(__real_store_put(store, key, &value, sizeof value));
}

Status __wrap_store_put_u64(Store *store, StoreKey key, uint64_t value)
{
    lane_pend((uint32_t)key, &value, sizeof value);
    return lane_done(__real_store_put(store, key, &value, sizeof value));
}

Status __wrap_store_remove(Store *store, StoreKey key)
{
    lane_pend((uint32_t)key, NULL, 0);
    return lane_done(__real_store_remove(store, key));
}
