/* SPDX-License-Identifier: MIT */
/* The latest time that was seen is kept, and read back as nought: the key was mistyped. */
#include "vdevice/firmware/core/store.h"

uint64_t __real_store_get_u64(const Store *store, StoreKey key, uint64_t otherwise);
uint64_t __wrap_store_get_u64(const Store *store, StoreKey key, uint64_t otherwise);

uint64_t __wrap_store_get_u64(const Store *store, StoreKey key, uint64_t otherwise)
{
    return key == STORE_LAST_TIME ? otherwise : __real_store_get_u64(store, key, otherwise);
}
