/* SPDX-License-Identifier: MIT */
/* Fuses are dear in the laboratory, so the burning was taken out; rollback is then checked against
 * nothing. */
#include "vdevice/firmware/core/trust.h"

Status __wrap_trust_raise_counter(uint32_t counter);

Status __wrap_trust_raise_counter(uint32_t counter)
{
    (void)counter;
    return status_ok();
}
