/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lockstep debug port gate.
 *
 * Registers: vdevice/contract/regs/debugport.def. Whether a probe may attach is decided at reset
 * from the life cycle in OTP (BLANK or RETURNED exactly; any other pattern of fuses is shut), and
 * can only be narrowed by software until the next reset. Without power nobody attaches.
 *
 * QEMU interface:
 *  + sysbus MMIO region 0: the registers, one page
 *  + hostlink: the order HOSTLINK_PROBE, answered by the call HOSTLINK_DEBUG_RESULT
 *
 * Every reset reads OTP anew and clears ATTEMPTED.
 */
#ifndef LOCKSTEP_DEBUGPORT_H
#define LOCKSTEP_DEBUGPORT_H

#include "hw/sysbus.h"
#include "qom/object.h"

#define TYPE_LOCKSTEP_DEBUGPORT "lockstep-debugport"
OBJECT_DECLARE_SIMPLE_TYPE(DebugportState, LOCKSTEP_DEBUGPORT)

struct DebugportState {
    SysBusDevice parent_obj;

    MemoryRegion mmio;

    bool open;
    bool attempted;
};

#endif
