/* SPDX-License-Identifier: MIT */
#include "vdevice/firmware/core/update_rules.h"

Status update_rules_replay(const ImageHeader *header, uint32_t newest_sequence)
{
    if (header->release_sequence < newest_sequence) {
        return status_error(STATUS_IM_REPLAY);
    }
    return status_ok();
}

Status update_rules_newer(const ImageHeader *header, uint32_t running_version,
                          uint32_t running_sequence)
{
    if (header->version <= running_version || header->release_sequence <= running_sequence) {
        return status_error(STATUS_IM_NOT_NEWER);
    }
    return status_ok();
}

Status update_rules_tried(const ImageHeader *header, uint32_t tried_sequence)
{
    if (header->release_sequence == tried_sequence) {
        return status_error(STATUS_IM_TRIED);
    }
    return status_ok();
}
