/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Where everything is: addresses, interrupt lines, NOR flash geometry and the flash and OTP layout.
 *
 * Shared by the machine (which puts it there), the firmware (which looks there) and the lab (which
 * reads what was left there after a power cut). Addresses are physical; flash and OTP positions are
 * offsets from the start of their memory. All sizes are bytes unless the name says otherwise.
 *
 * The processor is an Arm Cortex-M33 in Secure state throughout (no Non-secure image), clocked at
 * `CPU_CLOCK_HZ`; under the lab's instruction counter one instruction takes one clock.
 */

#define CPU_CLOCK_HZ     125000000u
#define CPU_ICOUNT_SHIFT 3 /* nanoseconds per instruction, as a power of two: 8 ns */
#define CPU_IRQ_COUNT    32
#define CPU_MPU_REGIONS  16

/* Memories. */
#define ROM_BASE     0x00000000u
#define ROM_BYTES    0x00010000u /* 64 KiB, immutable */
#define FLASH_BASE   0x08000000u /* the whole NOR flash, read and execute in place */
#define FLASH_BYTES  0x00200000u /* 2 MiB */
#define WINDOW_BASE  0x10000000u /* the slot chosen by the ROM, mapped by FLASH_WINDOW */
#define WINDOW_BYTES SLOT_BYTES
#define SRAM_BASE    0x20000000u
#define SRAM_BYTES   0x00080000u /* 512 KiB */

/* NOR flash geometry. Erase sets a sector to ones; program clears bits. */
#define FLASH_SECTOR_BYTES       4096u
#define FLASH_PAGE_BYTES         256u /* most that one program may write, never across pages */
#define FLASH_PROGRAM_UNIT_BYTES 4u       /* a torn program stops between units */
#define FLASH_PROGRAM_NS         400000   /* one page or part of it */
#define FLASH_ERASE_NS           45000000 /* one sector */

/* Flash layout (offsets into the flash; every region is whole sectors). */
#define JOURNAL_OFFSET 0x000000u /* boot journal, two sectors: boot_journal.h */
#define JOURNAL_BYTES  0x002000u
#define FACTORY_OFFSET 0x002000u /* factory record, written once at provisioning: provisioning.h   \
                                  */
#define FACTORY_BYTES 0x002000u
#define STORE_OFFSET  0x004000u /* the application's settings and event log */
#define STORE_BYTES   0x00c000u
#define SLOT_A_OFFSET 0x010000u
#define SLOT_B_OFFSET 0x100000u
#define SLOT_BYTES    0x0f0000u /* 960 KiB: ImageHeader, then the payload */
#define SPARE_OFFSET  0x1f0000u
#define SPARE_BYTES   0x010000u

/* OTP fuses: 32-bit words, all zero when new, bits only ever go from 0 to 1. */
#define OTP_WORDS                  256u
#define OTP_PROGRAM_NS             100000 /* one word */
#define OTP_LIFE_CYCLE_WORD        0u     /* OtpLifeCycle, one bit per step taken */
#define OTP_DEVICE_ID_WORD         2u     /* 16 bytes */
#define OTP_DEVICE_ID_BYTES        16u
#define OTP_MAC_WORD               6u /* 6 bytes, then two of zero */
#define OTP_KEY_DIGEST_WORD        8u /* SHA-256 of an accepted image public key (X, Y) */
#define OTP_KEY_DIGESTS            2u  /* the second follows the first; all zero means unused */
#define OTP_HUK_WORD               24u /* hardware unique key, 32 bytes; unreadable once locked */
#define OTP_HUK_WORDS              8u
#define OTP_SECURITY_COUNTER_WORD  32u /* unary: the counter is the number of ones in 4 words */
#define OTP_SECURITY_COUNTER_WORDS 4u
#define SECURITY_COUNTER_MAX       128u

/* Life cycle: bits set in OTP_LIFE_CYCLE_WORD. The debug port works only in BLANK and RETURNED. */
#define LIFE_CYCLE_BLANK    0x00000000u
#define LIFE_CYCLE_SECURED  0x00000001u /* provisioned; in the field */
#define LIFE_CYCLE_RETURNED 0x00000003u /* sent back for analysis; the HUK reads as zero */

/* Peripherals: one 4 KiB page each. */
#define FLASH_CTRL_BASE  0x40000000u
#define OTP_BASE         0x40001000u
#define TRNG_BASE        0x40002000u
#define RTC_BASE         0x40003000u
#define WATCHDOG_BASE    0x40004000u
#define POWER_BASE       0x40005000u
#define LOCKMECH_BASE    0x40006000u
#define PANEL_BASE       0x40007000u
#define DEBUGPORT_BASE   0x40008000u
#define NIC_BASE         0x40009000u
#define HASHACC_BASE     0x4000a000u
#define PKA_BASE         0x4000b000u
#define UART_BASE        0x4000c000u
#define TIMER_BASE       0x4000d000u
#define PERIPHERAL_BYTES 0x00001000u

/* Ethernet frame buffers: plain memory, one page each. */
#define NIC_TX_BUFFER_BASE  0x40100000u
#define NIC_RX_BUFFER_BASE  0x40101000u
#define NIC_BUFFER_BYTES    0x00001000u
#define NIC_FRAME_BYTES_MAX 1518u /* without the frame check sequence */
#define NIC_FRAME_BYTES_MIN 14u
#define NIC_RX_FRAMES       16u /* held by the NIC; the next one is dropped and RX_OVERRUN set */

/* Interrupt lines of the NVIC. */
#define FLASH_CTRL_IRQ 0
#define OTP_IRQ        1
#define TIMER_IRQ      2
#define POWER_IRQ      3
#define LOCKMECH_IRQ   4
#define PANEL_IRQ      5
#define NIC_IRQ        6
#define HASHACC_IRQ    7
#define PKA_IRQ        8
#define UART_IRQ       9
#define RTC_IRQ        10
