/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Register offsets and fields of every block, made by the preprocessor from `regs/<block>.def`.
 *
 * Each list is the block's reference manual: what a register does, its access, its reset value.
 * From `REG(FLASH_CTRL, STATUS, 0x00, RO, 0, "...")` comes the constant `FLASH_CTRL_STATUS` (an
 * offset from the block's base), from `FIELD(FLASH_CTRL, STATUS, BUSY, 0, 1, "...")` the pair
 * `FLASH_CTRL_STATUS_BUSY_LSB` and `_WIDTH`, used with `REG_MASK`, `REG_GET` and `REG_PUT`, and
 * from `VALUE(FLASH_CTRL, COMMAND, PROGRAM, 1, "...")` the constant `FLASH_CTRL_COMMAND_PROGRAM`.
 *
 * Access: RO reads, WO writes, RW both, W1C reads and clears the bits written as one. Registers are
 * 32 bits wide and accessed as aligned words; any other access, and any offset not listed, raises a
 * BusFault. Writes to RO registers and to undefined bits are ignored; undefined bits read as zero.
 * Reset values hold after every reset unless the prose says that a value survives.
 *
 * A user may include one list again with its own macros, for instance to print a manual.
 */

#define REG(block, name, offset, access, reset, prose) block##_##name = (offset),
#define FIELD(block, reg, name, lsb, width, prose)                                                 \
    block##_##reg##_##name##_LSB = (lsb), block##_##reg##_##name##_WIDTH = (width),
#define VALUE(block, reg, name, value, prose) block##_##reg##_##name = (value),

enum {
#include "vdevice/contract/regs/debugport.def"
#include "vdevice/contract/regs/flash_ctrl.def"
#include "vdevice/contract/regs/hashacc.def"
#include "vdevice/contract/regs/lockmech.def"
#include "vdevice/contract/regs/nic.def"
#include "vdevice/contract/regs/otp.def"
#include "vdevice/contract/regs/panel.def"
#include "vdevice/contract/regs/pka.def"
#include "vdevice/contract/regs/power.def"
#include "vdevice/contract/regs/rtc.def"
#include "vdevice/contract/regs/timer.def"
#include "vdevice/contract/regs/trng.def"
#include "vdevice/contract/regs/uart.def"
#include "vdevice/contract/regs/watchdog.def"
};

#undef REG
#undef FIELD
#undef VALUE

#define REG_MASK(field)       ((uint32_t)(((UINT64_C(1) << field##_WIDTH) - 1u) << field##_LSB))
#define REG_GET(field, word)  (((uint32_t)(word)&REG_MASK(field)) >> field##_LSB)
#define REG_PUT(field, value) (((uint32_t)(value) << field##_LSB) & REG_MASK(field))
