/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LOCKSTEP_NIC_H
#define LOCKSTEP_NIC_H

/*
 * NIC: Ethernet at 100 Mbit/s. Registers: vdevice/contract/regs/nic.def.
 *
 * A frame is the lab's (HOSTLINK_FRAME_SENT) at the instant at which TX_LENGTH is written; TX_BUSY
 * stays set while the wire would be busy with it (preamble, check sequence and gap included). A
 * frame from the lab is in the queue at once if the power is on, the cable is in and the filter
 * lets it through. The buffers are plain memory that a reset leaves alone and a loss of power
 * clears; a reset empties the queue. The cable is the lab's: in when the device is new, otherwise
 * as last ordered.
 *
 * QEMU interface:
 *  + sysbus MMIO region 0: the registers.
 *  + sysbus MMIO region 1: the transmit buffer.
 *  + sysbus MMIO region 2: the receive buffer.
 *  + sysbus IRQ 0: NIC_IRQ.
 */

#define TYPE_LOCKSTEP_NIC "lockstep-nic"

#endif
