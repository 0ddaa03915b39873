/* SPDX-License-Identifier: MIT */
/* The program that test_lockstep runs on the machine; lockstep_rom.h says what it does. */
#include <stdint.h>

#include "tests/machine/lockstep_rom.h"
#include "vdevice/contract/memory_map.h"
#include "vdevice/contract/regs.h"

#define WORD(address) (*(volatile uint32_t *)(uintptr_t)(address))

#define NVIC_ENABLE     0xe000e100u
#define NVIC_PENDING    0xe000e280u /* clears */
#define SCB_VTOR        0xe000ed08u
#define SCB_AIRCR       0xe000ed0cu
#define SCB_AIRCR_RESET 0x05fa0004u
#define NOWHERE         0x70000000u
#define SYSTICK         0xe000e010u
#define SCB_ICSR        0xe000ed04u
#define SCB_ICSR_PENDSV 0x10000000u
#define SCB_SHPR2       0xe000ed1cu /* SVCall in its high byte */
#define SCB_SHPR3       0xe000ed20u /* SysTick in its high byte, PendSV below */
#define SCB_CPACR       0xe000ed88u
#define MPU_CTRL        0xe000ed94u
#define MPU_RNR         0xe000ed98u
#define MPU_RBAR        0xe000ed9cu
#define MPU_RLAR        0xe000eda0u
#define MPU_MAIR0       0xe000edc0u

extern uint32_t rom_stack_end[];
void rom_start(void);
void rom_fault(void);
void rom_timer(void);
void rom_systick(void);
void rom_pendsv(void);
void rom_svc(void);
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

/* --- Contexts: each shows something while the processor is in a state that is easy to lose ------
 */

#define CONTEXT_ROUNDS 12u

static volatile uint32_t rom_ticks_taken;
static uint32_t rom_word; /* for exclusive accesses */
static uint32_t rom_process_stack[64] __attribute__((aligned(8)));

/* Preempts PendSV, which preempted the thread. */
void rom_systick(void)
{
    rom_show(0x1000 + ++rom_ticks_taken);
    if (rom_ticks_taken % 2) {
        WORD(SCB_ICSR) = SCB_ICSR_PENDSV;
    }
}

void rom_pendsv(void)
{
    rom_show(0x2000);
    for (volatile uint32_t work = 40; work; work--) {
    }
    rom_show(WORD(SYSTICK + 8u));
}

static void rom_show_in_it_block(uint32_t n)
{
    uint32_t address = POWER_BASE + POWER_PROGRESS;
    uint32_t value = 0x3000 + n;

    __asm volatile("cmp %0, #0\n"
                   "itete ne\n"
                   "strne %1, [%2]\n"
                   "streq %0, [%2]\n"
                   "addne %1, %1, #256\n"
                   "moveq %1, #0\n"
                   "str %1, [%2]\n"
                   : "+r"(n), "+r"(value)
                   : "r"(address)
                   : "cc", "memory");
}

static void rom_show_between_exclusives(uint32_t n)
{
    uint32_t loaded;
    uint32_t failed;

    __asm volatile("ldrex %0, [%1]" : "=&r"(loaded) : "r"(&rom_word) : "memory");
    rom_show(0x4000 + loaded);
    __asm volatile("strex %0, %1, [%2]"
                   : "=&r"(failed)
                   : "r"(loaded + n), "r"(&rom_word)
                   : "memory");
    rom_show(0x5000 + failed);
}

static void rom_show_masked(uint32_t n)
{
    uint32_t base;

    __asm volatile("msr basepri, %0" ::"r"(0x20u + (n % 4) * 0x20));
    rom_show(0x6000);
    __asm volatile("mrs %0, basepri\n msr basepri, %1" : "=&r"(base) : "r"(0));
    rom_show(0x7000 + base);
    __asm volatile("cpsid f");
    rom_show(0x8000);
    __asm volatile("cpsie f\n cpsid i");
    rom_show(0x8001);
    __asm volatile("cpsie i");
}

/* Rounding towards zero or infinity, a quotient that is inexact, and registers that hold it. */
static void rom_show_floats(uint32_t n)
{
    uint32_t result;
    uint32_t status;

    __asm volatile(".fpu fpv5-sp-d16\n"
                   "vmsr fpscr, %2\n"
                   "vmov s17, %3\n"
                   "vmov s18, %4\n"
                   "vcvt.f32.u32 s17, s17\n"
                   "vcvt.f32.u32 s18, s18\n"
                   "str %5, [%6]\n"
                   "vdiv.f32 s17, s17, s18\n"
                   "str %5, [%6]\n"
                   "vmov %0, s17\n"
                   "vmrs %1, fpscr\n"
                   : "=&r"(result), "=&r"(status)
                   : "r"((n % 4) << 22), "r"(n + 1), "r"(3u), "r"(0x9000 + n),
                     "r"(POWER_BASE + POWER_PROGRESS)
                   : "memory");
    rom_show(result);
    rom_show(status);
}

/* On the process stack, unprivileged access to the stack allowed by a region of the MPU. */
static void rom_show_on_process_stack(uint32_t n)
{
    WORD(MPU_MAIR0) = 0x44;
    WORD(MPU_RNR) = n % 8;
    WORD(MPU_RBAR) = SRAM_BASE | 3u;
    WORD(MPU_RLAR) = (SRAM_BASE + SRAM_BYTES - 32u) | 1u;
    WORD(MPU_CTRL) = 5; /* the default map for privileged accesses */
    __asm volatile("msr psp, %0\n"
                   "mrs r3, control\n"
                   "orr r3, r3, #2\n"
                   "msr control, r3\n"
                   "isb\n"
                   "push {%1}\n"
                   "str %1, [%2]\n"
                   "svc #0\n"
                   "pop {r2}\n"
                   "str r2, [%2]\n"
                   "mrs r3, control\n"
                   "bic r3, r3, #2\n"
                   "msr control, r3\n"
                   "isb\n" ::"r"(rom_process_stack + 64),
                   "r"(0xa000 + n), "r"(POWER_BASE + POWER_PROGRESS)
                   : "r2", "r3", "memory");
    rom_show(WORD(MPU_RNR));
    rom_show(WORD(MPU_RLAR));
    WORD(MPU_RLAR) = 0;
    WORD(MPU_CTRL) = 0;
}

void rom_svc(void)
{
    rom_show(0xb000);
}

static void rom_contexts(void)
{
    WORD(SCB_CPACR) |= 0x00f00000u;
    WORD(SCB_SHPR3) = 0x20c00000u;
    WORD(SCB_SHPR2) = 0x40000000u;
    WORD(SYSTICK + 4u) = 977;
    WORD(SYSTICK + 8u) = 0;
    WORD(SYSTICK) = 7;
    for (uint32_t n = 0; n < CONTEXT_ROUNDS; n++) {
        rom_show_in_it_block(n % 3);
        rom_show_between_exclusives(n);
        rom_show_masked(n);
        rom_show_floats(n);
        rom_show_on_process_stack(n);
        __asm volatile("wfi");
    }
    WORD(SYSTICK) = 0;
}

static void rom_drive(void)
{
    for (uint32_t n = 0; n < 6; n++) {
        WORD(LOCKMECH_BASE + LOCKMECH_DRIVE) =
            n % 2 ? LOCKMECH_DRIVE_EXTEND : LOCKMECH_DRIVE_RETRACT;
        rom_show(WORD(LOCKMECH_BASE + LOCKMECH_POSITION));
        for (volatile uint32_t work = 2000; work; work--) {
        }
    }
    WORD(LOCKMECH_BASE + LOCKMECH_DRIVE) = LOCKMECH_DRIVE_OFF;
}

/* --- Code in SRAM ------------------------------------------------------------------------------
 */

static void rom_sram_code(void)
{
    static uint32_t code[8] __attribute__((aligned(32)));
    uint32_t (*function)(void) = (uint32_t(*)(void))((uintptr_t)code | 1u);

    for (uint32_t n = 0; n < 24; n++) {
        ((volatile uint32_t *)code)[0] = 0x47702000u + n; /* movs r0, #n; bx lr */
        __asm volatile("dsb\n isb" ::: "memory");
        rom_show(function());
        rom_show(function() + 0x100);
    }
}

/* --- Reading, and reading again -----------------------------------------------------------------
 */

#define BYTE(address) (*(volatile uint8_t *)(uintptr_t)(address))

static void rom_hash(uint32_t source, uint32_t blocks)
{
    WORD(HASHACC_BASE + HASHACC_SOURCE) = source;
    WORD(HASHACC_BASE + HASHACC_BLOCKS) = blocks;
    WORD(HASHACC_BASE + HASHACC_START) = 1;
    while (WORD(HASHACC_BASE + HASHACC_STATUS) & REG_MASK(HASHACC_STATUS_BUSY)) {
    }
}

static void rom_reads(void)
{
    uint32_t from = FLASH_BASE + LOCKSTEP_ROM_DATA_OFFSET;
    uint32_t a;
    uint32_t b;
    uint32_t c;

    __asm volatile("ldrb %0, [%1, #1]" : "=r"(a) : "r"(from));
    rom_show(a);
    __asm volatile("ldrh %0, [%1, #2]" : "=r"(a) : "r"(from));
    rom_show(a);
    /* Where it reads, then what. */
    __asm volatile("adr.w %0, 1f\n"
                   "nop\n"
                   "1: ldr.w %1, [%2, #4]"
                   : "=&r"(b), "=r"(a)
                   : "r"(from));
    rom_show(b);
    rom_show(a);
    __asm volatile("ldr.w %0, [%1, #9]" : "=r"(a) : "r"(from));
    rom_show(a);
    __asm volatile("ldrd %0, %1, [%2, #16]" : "=&r"(a), "=&r"(b) : "r"(from));
    rom_show(a);
    rom_show(b);
    __asm volatile("ldrd %0, %1, [%2, #20]" : "=&r"(a), "=&r"(b) : "r"(from));
    rom_show(a);
    rom_show(b);
    __asm volatile("add r3, %3, #32\n"
                   "ldmia r3, {r4, r5, r6}\n"
                   "mov %0, r4\n"
                   "mov %1, r5\n"
                   "mov %2, r6\n"
                   : "=&r"(a), "=&r"(b), "=&r"(c)
                   : "r"(from)
                   : "r3", "r4", "r5", "r6");
    rom_show(a);
    rom_show(b);
    rom_show(c);
    __asm volatile("ldrh.w %0, [%1, #45]" : "=r"(a) : "r"(from));
    rom_show(a);
    rom_hash(from + 64u, 1);
    rom_show(WORD(HASHACC_BASE + HASHACC_STATE));
    rom_hash(from + 131u, 1);
    rom_show(WORD(HASHACC_BASE + HASHACC_STATE));
}

static __attribute__((noinline)) uint32_t rom_fetch(uint32_t offset)
{
    return WORD(FLASH_BASE + offset);
}

static __attribute__((noinline)) uint32_t rom_fetch_bytes(uint32_t offset, uint32_t count)
{
    uint32_t sum = 0;

    for (uint32_t i = 0; i < count; i++) {
        sum += BYTE(FLASH_BASE + offset + i);
    }
    return sum;
}

static void rom_reads_again(void)
{
    const uint32_t at = LOCKSTEP_ROM_DATA_OFFSET;

    rom_listen_flash();
    rom_show(LOCKSTEP_ROM_AGAIN_FIRST);
    rom_fetch(at);
    rom_show(LOCKSTEP_ROM_AGAIN_WORD);
    for (volatile uint32_t i = 0; i < 3; i++) { /* one call, not three */
        rom_fetch(at);
    }
    rom_show(LOCKSTEP_ROM_AGAIN_BYTES);
    rom_fetch_bytes(at + 16, 6);
    rom_show(LOCKSTEP_ROM_AGAIN_SERIES);
    for (volatile uint32_t i = 0; i < 2; i++) {
        rom_fetch_bytes(at + 16, 6);
    }
    rom_show(LOCKSTEP_ROM_AGAIN_PROGRAM);
    rom_program(at, 0, 0);
    rom_fetch(at);
    rom_fetch(at + 4);
    rom_show(LOCKSTEP_ROM_AGAIN_CHANGED);
    rom_fetch(at);
    rom_show(LOCKSTEP_ROM_AGAIN_HASH);
    rom_hash(FLASH_BASE + at, 1);
    rom_show(LOCKSTEP_ROM_AGAIN_HASHES);
    for (uint32_t i = 0; i < 2; i++) {
        rom_hash(FLASH_BASE + at, 1);
    }
    rom_show(LOCKSTEP_ROM_AGAIN_ERASE);
    rom_operate(FLASH_CTRL_COMMAND_ERASE, at - at % FLASH_SECTOR_BYTES);
    rom_fetch(at);
    rom_show(LOCKSTEP_ROM_AGAIN_LONG);
    for (uint32_t i = 0; i < 3; i++) {
        rom_hash(FLASH_BASE + at, FLASH_SECTOR_BYTES / 64u);
    }
    rom_show(LOCKSTEP_ROM_AGAIN_WINDOW);
    WORD(FLASH_CTRL_BASE + FLASH_CTRL_WINDOW) = SLOT_A_OFFSET;
    for (uint32_t i = 0; i < 2; i++) {
        (void)WORD(WINDOW_BASE);
    }
    rom_show(LOCKSTEP_ROM_AGAIN_OVER);
}

static void rom_reads_frames(void)
{
    __asm volatile("cpsid i");
    WORD(NIC_BASE + NIC_FILTER) = 1;
    WORD(NIC_BASE + NIC_IRQ_ENABLE) = REG_MASK(NIC_STATUS_RX_READY);
    WORD(NVIC_ENABLE) = 1u << NIC_IRQ;
    for (;;) {
        if (!(WORD(NIC_BASE + NIC_STATUS) & REG_MASK(NIC_STATUS_RX_READY))) {
            rom_wait_line(NIC_IRQ);
            continue;
        }
        rom_show(WORD(NIC_BASE + NIC_RX_LENGTH));
        rom_show(WORD(NIC_BASE + NIC_RX_LENGTH));
        rom_show(WORD(NIC_RX_BUFFER_BASE));
        rom_show(BYTE(NIC_RX_BUFFER_BASE + 1));
        /* The buffer is memory, too. */
        WORD(NIC_RX_BUFFER_BASE) = 0x01020304;
        BYTE(NIC_RX_BUFFER_BASE + 2) = 0xee;
        rom_show(WORD(NIC_RX_BUFFER_BASE));
        WORD(NIC_BASE + NIC_RX_POP) = 1;
    }
}

static void rom_calls_flash(void)
{
    uint32_t (*function)(uint32_t) =
        (uint32_t(*)(uint32_t))(uintptr_t)(FLASH_BASE + LOCKSTEP_ROM_CODE_OFFSET + 1u);

    rom_show(function(FLASH_BASE + LOCKSTEP_ROM_DATA_OFFSET));
}

/* --- Calling what is in flash -------------------------------------------------------------------
 */

static uint32_t rom_call(uint32_t address)
{
    typedef uint32_t Function(uint32_t where, uint32_t what);

    return ((Function *)(uintptr_t)(address + 1u))(
        POWER_BASE + POWER_PROGRESS, LOCKSTEP_ROM_SHOWS + LOCKSTEP_ROM_FUNCTION_SPEAKS);
}

static uint32_t rom_call_in_window(uint32_t slot, uint32_t offset)
{
    WORD(FLASH_CTRL_BASE + FLASH_CTRL_WINDOW) = slot;
    return rom_call(WINDOW_BASE + offset - slot);
}

static void rom_functions(void)
{
    for (;;) {
        rom_show(rom_call(FLASH_BASE + LOCKSTEP_ROM_FUNCTION_ARRAY));
        rom_show(rom_call_in_window(SLOT_A_OFFSET, LOCKSTEP_ROM_FUNCTION_SLOT_A));
        rom_show(rom_call_in_window(SLOT_B_OFFSET, LOCKSTEP_ROM_FUNCTION_SLOT_B));
        rom_show(rom_call(FLASH_BASE + LOCKSTEP_ROM_FUNCTION_ACROSS));
        rom_show(rom_call(FLASH_BASE + LOCKSTEP_ROM_FUNCTION_SPEAKING));
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
    case LOCKSTEP_ROM_CONTEXTS:
        rom_contexts();
        break;
    case LOCKSTEP_ROM_DRIVE:
        rom_drive();
        break;
    case LOCKSTEP_ROM_SRAM_CODE:
        rom_sram_code();
        break;
    case LOCKSTEP_ROM_READS:
        rom_reads();
        break;
    case LOCKSTEP_ROM_READS_AGAIN:
        rom_reads_again();
        break;
    case LOCKSTEP_ROM_READS_FRAMES:
        rom_reads_frames();
        break;
    case LOCKSTEP_ROM_CALLS_FLASH:
        rom_calls_flash();
        break;
    case LOCKSTEP_ROM_STORE_WINDOW:
        WORD(FLASH_CTRL_BASE + FLASH_CTRL_WINDOW) = SLOT_A_OFFSET;
        (void)WORD(WINDOW_BASE);
        WORD(WINDOW_BASE) = 0;
        break;
    case LOCKSTEP_ROM_CLOSED_WINDOW:
        rom_call(WINDOW_BASE);
        break;
    case LOCKSTEP_ROM_FUNCTIONS:
        rom_functions();
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
    rom_stack_end,
    rom_start,
    [2 ... 15 + CPU_IRQ_COUNT] = rom_hostile_fault,
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
    WORD(0xe000ed14u) &= ~8u;         /* unaligned is fine, so more gets through */
    WORD(0xe000ed88u) |= 0x00f00000u; /* floating point too */
    /* SRAM keeps the count over a reset: each start is elsewhere. */
    rom_faults++;
    ((void (*)(void))(uintptr_t)(HOSTILE_CODE + 1u +
                                 rom_faults * 34 % (LOCKSTEP_ROM_CODE_BYTES - 256)))();
}

__attribute__((section(".vectors"),
               used)) static const void *const rom_vectors[16 + CPU_IRQ_COUNT] = {
    rom_stack_end,           rom_start,
    [2 ... 10] = rom_fault,  [11] = rom_svc,
    [12 ... 13] = rom_fault, [14] = rom_pendsv,
    [15] = rom_systick,      [16 + TIMER_IRQ] = rom_timer,
};
