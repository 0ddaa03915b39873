/* SPDX-License-Identifier: MIT */
#pragma once

/* Whether a well-signed release is wanted: one function per rule, apart from update.c that asks. */

#include <stdint.h>

#include "vdevice/contract/image.h"
#include "vdevice/firmware/base/status.h"

/* STATUS_IM_REPLAY: older than the newest release ever seen. */
FALLIBLE Status update_rules_replay(const ImageHeader *header, uint32_t newest_sequence);

/* STATUS_IM_NOT_NEWER: not a higher version and a later release than the running one. */
FALLIBLE Status update_rules_newer(const ImageHeader *header, uint32_t running_version,
                                   uint32_t running_sequence);

/* STATUS_IM_TRIED: its trial has failed here before. */
FALLIBLE Status update_rules_tried(const ImageHeader *header, uint32_t tried_sequence);
