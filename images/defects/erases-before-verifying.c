/* SPDX-License-Identifier: MIT */
/* Room is made as soon as a manifest is there, before anybody has looked at it. */
#include "vdevice/firmware/core/slots.h"
#include "vdevice/firmware/core/update.h"
#include "vdevice/firmware/drivers/flash.h"

Status __real_update_offer(Update *update, const ImageHeader *header);
Status __wrap_update_offer(Update *update, const ImageHeader *header);

Status __wrap_update_offer(Update *update, const ImageHeader *header)
{
    TRY(flash_erase(slots_offset(update->slot)));
    return __real_update_offer(update, header);
}
