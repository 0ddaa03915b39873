/* SPDX-License-Identifier: MIT */
/* The program that test_lockstep runs on the machine; lockstep_rom.h says what it does. */
#include <stdint.h>

#include "tests/machine/lockstep_rom.h"
#include "vdevice/contract/memory_map.h"
#include "vdevice/contract/regs.h"

#define WORD(address) (*(volatile uint32_t *)(uintptr_t)(address))

#define NVIC_ENABLE   0xe000e100u
#define NVIC_PENDING  0xe000e280u /* clears */
#define SCB_VTOR      0xe000ed08u
#define SCB_AIRCR     0xe000ed0cu
#define SCB_AIRCR_RESET 0x05fa0004u
#define NOWHERE       0x70000000u

extern uint32_t rom_stack_end[];
void rom_start(void);
void rom_fault(void);
void rom_timer(void);
void rom_hostile_fault(void);
void rom_hostile_start(void);

static volatile uint32_t rom_faults; /* at a fixed place in SRAM, see the linker script */

static void rom_show(uint32_t value)
{
    WORD(POWER_BASE + POWER_PROGRESS) = LOCKSTEP_ROM_SHOWS + value;
}

static void rom_sleep(void)
{
    for (;;) {
        __asm volatile("wfi");
    }
}

/* Sleeps until the line is asserted; interrupts are masked, so nothing is taken. */
static void rom_wait_line(uint32_t line)
{
    __asm volatile("wfi");
    WORD(NVIC_PENDING) = 1u << line;
}

static void rom_operate(uint32_t command, uint32_t offset)
{
    WORD(FLASH_CTRL_BASE + FLASH_CTRL_ADDRESS) = offset;
    WORD(FLASH_CTRL_BASE + FLASH_CTRL_LENGTH) = LOCKSTEP_ROM_PROGRAM_BYTES;
    WORD(FLASH_CTRL_BASE + FLASH_CTRL_KEY) = FLASH_CTRL_KEY_MAGIC;
    WORD(FLASH_CTRL_BASE + FLASH_CTRL_COMMAND) = command;
    while (WORD(FLASH_CTRL_BASE + FLASH_CTRL_STATUS) & REG_MASK(FLASH_CTRL_STATUS_BUSY)) {
        rom_wait_line(FLASH_CTRL_IRQ);
    }
    WORD(FLASH_CTRL_BASE + FLASH_CTRL_STATUS) = REG_MASK(FLASH_CTRL_STATUS_DONE);
    WORD(NVIC_PENDING) = 1u << FLASH_CTRL_IRQ;
}

static void rom_program(uint32_t offset, uint32_t low, uint32_t high)
{
    WORD(FLASH_CTRL_BASE + FLASH_CTRL_PAGE_BUFFER) = low;
    WORD(FLASH_CTRL_BASE + FLASH_CTRL_PAGE_BUFFER + 4u) = high;
    rom_operate(FLASH_CTRL_COMMAND_PROGRAM, offset);
}

static void rom_listen_flash(void)
{
    __asm volatile("cpsid i");
    WORD(NVIC_ENABLE) = 1u << FLASH_CTRL_IRQ;
    WORD(FLASH_CTRL_BASE + FLASH_CTRL_IRQ_ENABLE) = 1;
}

static void rom_operations(void)
{
    rom_listen_flash();
    for (uint32_t i = 0; i < LOCKSTEP_ROM_PROGRAMS; i++) {
        rom_program(LOCKSTEP_ROM_PROGRAM_OFFSET + i * LOCKSTEP_ROM_PROGRAM_BYTES,
                    LOCKSTEP_ROM_WORD + i, ~(LOCKSTEP_ROM_WORD + i));
    }
    rom_operate(FLASH_CTRL_COMMAND_ERASE, LOCKSTEP_ROM_ERASE_OFFSET);
    WORD(OTP_BASE + OTP_INDEX) = LOCKSTEP_ROM_FUSE_WORD;
    WORD(OTP_BASE + OTP_DATA) = LOCKSTEP_ROM_FUSES;
    WORD(OTP_BASE + OTP_KEY) = OTP_KEY_MAGIC;
    WORD(OTP_BASE + OTP_COMMAND) = OTP_COMMAND_PROGRAM;
    while (WORD(OTP_BASE + OTP_STATUS) & REG_MASK(OTP_STATUS_BUSY)) {
    }
    rom_show(LOCKSTEP_ROM_OPERATIONS);
}

static void rom_ticks(void)
{
    uint32_t at = WORD(TIMER_BASE + TIMER_NOW_LOW);

    WORD(NVIC_ENABLE) = 1u << TIMER_IRQ;
    WORD(TIMER_BASE + TIMER_IRQ_ENABLE) = 1;
    for (uint32_t n = 0; n < LOCKSTEP_ROM_TICK_COUNT; n++) {
        at += 200 + n * 7919 % 600;
        WORD(TIMER_BASE + TIMER_ALARM_LOW) = at;
        while ((int32_t)(WORD(TIMER_BASE + TIMER_NOW_LOW) - at) < 0) {
            __asm volatile("wfi");
            for (volatile uint32_t work = n % 37; work; work--) {
            }
        }
        rom_show(n);
    }
}

static void rom_rewrite(void)
{
    /* movs r0, #7; bx lr: clearing bits turns the 7 into a 3. */
    uint32_t (*function)(void) =
        (uint32_t(*)(void))(uintptr_t)(FLASH_BASE + LOCKSTEP_ROM_PROGRAM_OFFSET + 1u);

    rom_listen_flash();
    rom_program(LOCKSTEP_ROM_PROGRAM_OFFSET, 0x47702007u, 0xffffffffu);
    rom_show(function());
    rom_program(LOCKSTEP_ROM_PROGRAM_OFFSET, 0x47702003u, 0xffffffffu);
    rom_show(function());
}

static void rom_echo(void)
{
    __asm volatile("cpsid i");
    WORD(NIC_BASE + NIC_FILTER) = 1;
    WORD(NIC_BASE + NIC_IRQ_ENABLE) = REG_MASK(NIC_STATUS_RX_READY);
    WORD(NVIC_ENABLE) = 1u << NIC_IRQ;
    for (;;) {
        uint32_t bytes = WORD(NIC_BASE + NIC_RX_LENGTH);

        if (!bytes) {
            rom_wait_line(NIC_IRQ);
            continue;
        }
        while (WORD(NIC_BASE + NIC_STATUS) & REG_MASK(NIC_STATUS_TX_BUSY)) {
        }
        for (uint32_t i = 0; i < bytes; i += 4) {
            WORD(NIC_TX_BUFFER_BASE + i) = WORD(NIC_RX_BUFFER_BASE + i);
        }
        WORD(NIC_BASE + NIC_RX_POP) = 1;
        WORD(NIC_BASE + NIC_TX_LENGTH) = bytes;
    }
}

/* Any interrupt or fault of the trials that expect one: show it, then rest. */
void rom_fault(void)
{
    rom_faults++;
    if (WORD(FLASH_BASE + LOCKSTEP_ROM_TRIAL_OFFSET) == LOCKSTEP_ROM_WRAP) {
        volatile uint32_t first = WORD(ROM_BASE + 4u);

        (void)first;
    }
    rom_show(WORD(FLASH_BASE + LOCKSTEP_ROM_TRIAL_OFFSET));
    rom_sleep();
}

void rom_timer(void)
{
    WORD(TIMER_BASE + TIMER_STATUS) = REG_MASK(TIMER_STATUS_FIRED);
}

void rom_start(void)
{
    uint32_t cause = WORD(POWER_BASE + POWER_RESET_CAUSE);

    uint32_t trial = WORD(FLASH_BASE + LOCKSTEP_ROM_TRIAL_OFFSET);

    rom_show(cause);
    if (cause != POWER_RESET_CAUSE_POWER_ON && trial != LOCKSTEP_ROM_HOSTILE) {
        rom_sleep();
    }
    switch (trial) {
    case LOCKSTEP_ROM_TICKS:
        rom_ticks();
        break;
    case LOCKSTEP_ROM_OPERATIONS:
        rom_operations();
        break;
    case LOCKSTEP_ROM_LOCKUP:
        WORD(SCB_VTOR) = NOWHERE;
        (void)WORD(NOWHERE);
        break;
    case LOCKSTEP_ROM_LOCKUP_MASKED:
        __asm volatile("cpsid f\n udf #0");
        break;
    case LOCKSTEP_ROM_RESET_REQUEST:
        WORD(SCB_AIRCR) = SCB_AIRCR_RESET;
        break;
    case LOCKSTEP_ROM_STORE_FLASH:
        WORD(FLASH_BASE) = 0;
        break;
    case LOCKSTEP_ROM_READ_WINDOW:
        (void)WORD(WINDOW_BASE);
        break;
    case LOCKSTEP_ROM_WRAP:
        __asm volatile("ldr r0, =0xfffffffd\n ldr r1, [r0]" ::: "r0", "r1");
        break;
    case LOCKSTEP_ROM_SPEAK:
        WORD(UART_BASE + UART_DATA) = 'h';
        WORD(UART_BASE + UART_DATA) = 'i';
        break;
    case LOCKSTEP_ROM_SPIN:
        for (;;) {
        }
    case LOCKSTEP_ROM_HOSTILE:
        rom_hostile_start();
        break;
    case LOCKSTEP_ROM_REWRITE:
        rom_rewrite();
        break;
    case LOCKSTEP_ROM_ECHO:
        rom_echo();
        break;
    default:
        break;
    }
    rom_sleep();
}

/* --- Hostile code ----------------------------------------------------------------------------- */

#define HOSTILE_CODE  (FLASH_BASE + LOCKSTEP_ROM_CODE_OFFSET)
#define HOSTILE_TABLE (FLASH_BASE + LOCKSTEP_ROM_TABLE_OFFSET)

typedef struct HostileFrame {
    uint32_t r[4];
    uint32_t r12;
    uint32_t lr;
    uint32_t pc;
    uint32_t xpsr;
} HostileFrame;

static const void *const hostile_vectors[16 + CPU_IRQ_COUNT] __attribute__((aligned(512))) = {
    rom_stack_end, rom_start, [2 ... 15 + CPU_IRQ_COUNT] = rom_hostile_fault,
};

/* Lets the code go on elsewhere, with other registers. */
void rom_hostile_resume(HostileFrame *frame);
void rom_hostile_resume(HostileFrame *frame)
{
    uint32_t n = ++rom_faults;

    for (uint32_t i = 0; i < 4; i++) {
        frame->r[i] = WORD(HOSTILE_TABLE + (n * 13 + i) % 1024 * 4);
    }
    frame->r12 = WORD(HOSTILE_TABLE + (n * 13 + 5) % 1024 * 4);
    frame->pc = HOSTILE_CODE + n * 34 % (LOCKSTEP_ROM_CODE_BYTES - 256);
    frame->xpsr = 1u << 24;
    WORD(0xe000e180u) = 0xffffffffu; /* no interrupts, or nothing else would run */
    WORD(0xe000ed28u) = 0xffffffffu;
    WORD(0xe000ed2cu) = 0xffffffffu;
}

__attribute__((naked)) void rom_hostile_fault(void)
{
    __asm volatile("tst lr, #4\n"
                   "ite eq\n"
                   "mrseq r0, msp\n"
                   "mrsne r0, psp\n"
                   "push {r0, lr}\n"
                   "bl rom_hostile_resume\n"
                   "ldr r0, =%c0\n"
                   "ldr r1, =rom_faults\n"
                   "ldr r1, [r1]\n"
                   "ubfx r1, r1, #0, #10\n"
                   "add r0, r0, r1, lsl #2\n"
                   "ldmia r0, {r4-r11}\n"
                   "pop {r0, lr}\n"
                   "bx lr\n" ::"i"(HOSTILE_TABLE));
}

void rom_hostile_start(void)
{
    WORD(SCB_VTOR) = (uint32_t)(uintptr_t)hostile_vectors;
    WORD(0xe000ed14u) &= ~8u;            /* unaligned is fine, so more gets through */
    WORD(0xe000ed88u) |= 0x00f00000u;    /* floating point too */
    /* SRAM keeps the count over a reset: each start is elsewhere. */
    rom_faults++;
    ((void (*)(void))(uintptr_t)(HOSTILE_CODE + 1u +
                                 rom_faults * 34 % (LOCKSTEP_ROM_CODE_BYTES - 256)))();
}

__attribute__((section(".vectors"), used)) static const void *const
    rom_vectors[16 + CPU_IRQ_COUNT] = {
        rom_stack_end,
        rom_start,
        [2 ... 15] = rom_fault,
        [16 + TIMER_IRQ] = rom_timer,
};
