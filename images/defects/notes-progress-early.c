/* SPDX-License-Identifier: MIT */
/* How far a download has come is noted when a sector is begun, not when it is done. */
#include <string.h>

#include "vdevice/firmware/core/update.h"

Status __real_store_put(Store *store, StoreKey key, const void *value, size_t count);
Status __wrap_store_put(Store *store, StoreKey key, const void *value, size_t count);

Status __wrap_store_put(Store *store, StoreKey key, const void *value, size_t count)
{
    UpdateProgress progress;
    if (key != STORE_DOWNLOAD || count != sizeof progress) {
        return __real_store_put(store, key, value, count);
    }
    memcpy(&progress, value, sizeof progress);
    progress.position += FLASH_SECTOR_BYTES;
    return __real_store_put(store, key, &progress, sizeof progress);
}
