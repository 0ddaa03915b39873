/* SPDX-License-Identifier: MIT */
/* The Range of a resumed download always begins at nought; what comes is appended to what is there.
 */
#include "vdevice/firmware/core/update.h"

uint32_t __real_update_position(const Update *update);
uint32_t __wrap_update_position(const Update *update);

uint32_t __wrap_update_position(const Update *update)
{
    bool complete = update_left(update) == 0;
    return complete ? __real_update_position(update) : 0;
}
