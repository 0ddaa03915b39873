/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LOCKSTEP_UART_H
#define LOCKSTEP_UART_H

/*
 * UART: the log console on the board's test pads. Registers: vdevice/contract/regs/uart.def.
 *
 * Bytes written gather into a line, which goes to the lab as one HOSTLINK_UART_SENT at a line feed,
 * at UART_LINE_BYTES_MAX, or when the processor idles or dies. Bytes from the lab wait in a queue;
 * those that do not fit are lost, and so are those that come with the power off.
 *
 * QEMU interface:
 *  + sysbus MMIO region 0: the registers.
 *  + sysbus IRQ 0: UART_IRQ.
 */

#define TYPE_LOCKSTEP_UART "lockstep-uart"

#define UART_LINE_BYTES_MAX  256
#define UART_QUEUE_BYTES_MAX 64

#endif
