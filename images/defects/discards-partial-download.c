/* SPDX-License-Identifier: MIT */
/* A download that breaks off is thrown away: each time all of it comes again. */
#include "vdevice/firmware/core/update.h"

void __real_update_pause(Update *update);
void __wrap_update_pause(Update *update);

void __wrap_update_pause(Update *update)
{
    Status status = store_remove(update->store, STORE_DOWNLOAD);
    (void)status;
    __real_update_pause(update);
}
