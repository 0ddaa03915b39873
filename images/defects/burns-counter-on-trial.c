/* SPDX-License-Identifier: MIT */
/* The fuses are raised as soon as an image is started, confirmed or not: there is no way back from
 * a bad one. */
#include "vdevice/firmware/core/boot_policy.h"

bool __wrap_boot_policy_burns_counter(const BootChoice *choice);

bool __wrap_boot_policy_burns_counter(const BootChoice *choice)
{
    return choice->state != JOURNAL_REVERTED;
}
