/* SPDX-License-Identifier: MIT */
/* So that nobody is locked in by an update that goes wrong, the bolt is drawn before the restart.
 */
#include "vdevice/contract/regs.h"
#include "vdevice/firmware/core/update.h"
#include "vdevice/firmware/drivers/lockmech.h"

Status __real_update_finish(Update *update);
Status __wrap_update_finish(Update *update);

Status __wrap_update_finish(Update *update)
{
    Status status = __real_update_finish(update);
    if (status_is_ok(status)) {
        lockmech_drive(LOCKMECH_DRIVE_RETRACT);
    }
    return status;
}
