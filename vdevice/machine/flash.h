/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LOCKSTEP_FLASH_H
#define LOCKSTEP_FLASH_H

/*
 * FLASH: 2 MiB of NOR flash and its controller. Registers: vdevice/contract/regs/flash_ctrl.def;
 * what operations and losses of power do to cells: nvm.h.
 *
 * The array is read and executed in place, at its own address and, one slot of it, at the window
 * that the boot ROM chooses and locks. After a reset the window shows nothing: reading it is a
 * BusFault until WINDOW is written. Storing to either is a BusFault.
 *
 * A new command that is accepted clears DONE and the error bits of the one before. A reset
 * completes an operation in progress; the controller then shows its reset values.
 *
 * QEMU interface:
 *  + sysbus MMIO region 0: the registers.
 *  + sysbus MMIO region 1: the array.
 *  + sysbus MMIO region 2: the window, WINDOW_BYTES.
 *  + sysbus MMIO region 3: the array again, for the window: to be mapped where only that looks.
 *  + sysbus IRQ 0: FLASH_CTRL_IRQ.
 */

#define TYPE_LOCKSTEP_FLASH "lockstep-flash"

#endif
