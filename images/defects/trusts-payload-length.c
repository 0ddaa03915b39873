/* SPDX-License-Identifier: MIT */
/* A map of the pages still to come is cleared for the length the manifest gives, before that is
 * verified. */
#include <string.h>

#include "vdevice/contract/memory_map.h"
#include "vdevice/firmware/core/update.h"

Status __real_update_offer(Update *update, const ImageHeader *header);
Status __wrap_update_offer(Update *update, const ImageHeader *header);

static uint8_t pages[IMAGE_PAYLOAD_BYTES_MAX / FLASH_PAGE_BYTES / 8 + 1];

Status __wrap_update_offer(Update *update, const ImageHeader *header)
{
    memset(pages, 0, header->payload_bytes / FLASH_PAGE_BYTES / 8 + 1);
    return __real_update_offer(update, header);
}
