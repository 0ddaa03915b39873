/* SPDX-License-Identifier: MIT */
#include "vdevice/firmware/app/door.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "vdevice/contract/memory_map.h"
#include "vdevice/firmware/app/device.h"
#include "vdevice/firmware/app/supervisor_call.h"
#include "vdevice/firmware/base/bytes.h"
#include "vdevice/firmware/base/check.h"
#include "vdevice/firmware/base/crypto.h"
#include "vdevice/firmware/drivers/cpu.h"
#include "vdevice/firmware/drivers/mpu.h"
#include "vdevice/firmware/drivers/power.h"
#include "vdevice/firmware/drivers/privilege.h"
#include "vdevice/firmware/drivers/startup.h"

/*
 * P1  Thread mode is unprivileged from `door_open` on, and nothing gives it privileges back.
 * P2  No operand is read or written before `door_check` has found all of it in the caller's own
 * memory (or, for reading, in the program). P3  No interrupt is ever taken: the lines are enabled
 * only while the handler sleeps in `cpu_sleep`, with PRIMASK set. The SVC has the lowest priority,
 * so that a pending line still ends that sleep.
 */

/* Given by app.ld. */
extern uint8_t app_unprivileged_start;
extern uint8_t app_unprivileged_end;
extern uint8_t app_privileged_end;
extern uint8_t app_thread_stack_limit;
extern uint8_t app_thread_stack_top;
extern uint32_t startup_stack_top;

#define DOOR_EXCEPTIONS 16u
#define DOOR_SVCALL     11u

/* What a call may bring and take. */
typedef struct DoorRule {
    uint16_t in_bytes;
    uint16_t out_bytes;
    uint16_t number_max; /* of the third operand when it counts bytes */
    bool number_counts_in;
    bool number_counts_out;
} DoorRule;

static const DoorRule door_rules[SUPERVISOR_CALL_COUNT] = {
    [SUPERVISOR_CALL_NOW] = {.out_bytes = sizeof(uint64_t)},
    [SUPERVISOR_CALL_TURN] = {.in_bytes = sizeof(uint64_t)},
    [SUPERVISOR_CALL_RANDOM] = {.number_max = SUPERVISOR_RANDOM_MAX, .number_counts_out = true},
    [SUPERVISOR_CALL_P256_PUBLIC] = {.in_bytes = 32, .out_bytes = 64},
    [SUPERVISOR_CALL_P256_MULTIPLY] = {.in_bytes = sizeof(SupervisorPoints), .out_bytes = 64},
    [SUPERVISOR_CALL_P256_VERIFY] = {.in_bytes = sizeof(SupervisorPoints)},
    [SUPERVISOR_CALL_SIGN] = {.in_bytes = 32, .out_bytes = 64},
    [SUPERVISOR_CALL_TIME] = {.out_bytes = sizeof(uint64_t)},
    [SUPERVISOR_CALL_SET_TIME] = {.in_bytes = sizeof(uint64_t)},
    [SUPERVISOR_CALL_FACTS] = {.out_bytes = sizeof(SupervisorFacts)},
    [SUPERVISOR_CALL_CERTIFICATES] = {.out_bytes = sizeof(SupervisorCertificates)},
    [SUPERVISOR_CALL_UPDATE_OFFER] = {.in_bytes = sizeof(ImageHeader)},
    [SUPERVISOR_CALL_UPDATE_WRITE] = {.number_max = SUPERVISOR_WRITE_MAX, .number_counts_in = true},
    [SUPERVISOR_CALL_REPORT_SENT] = {.in_bytes = sizeof(SupervisorFacts)},
    [SUPERVISOR_CALL_LOG] = {.number_max = SUPERVISOR_LOG_MAX, .number_counts_in = true},
};

static bool door_inside(uint32_t start, uint32_t bytes, uint32_t region_start, uint32_t region_end)
{
    return start >= region_start && start <= region_end && bytes <= region_end - start;
}

static bool door_may_write(uint32_t start, uint32_t bytes)
{
    return door_inside(start, bytes, (uint32_t)(uintptr_t)&app_unprivileged_start,
                       (uint32_t)(uintptr_t)&app_unprivileged_end);
}

static bool door_may_read(uint32_t start, uint32_t bytes)
{
    return door_may_write(start, bytes) ||
           door_inside(start, bytes, WINDOW_BASE, WINDOW_BASE + WINDOW_BYTES);
}

/* Keeps P2. */
static void door_check(uint32_t call, uint32_t in, uint32_t out, uint32_t number)
{
    CHECK(call < SUPERVISOR_CALL_COUNT);
    const DoorRule *rule = &door_rules[call];
    bool counts = rule->number_counts_in || rule->number_counts_out;
    CHECK(!counts || number <= rule->number_max);
    CHECK(door_may_read(in, rule->number_counts_in ? number : rule->in_bytes) ||
          (rule->in_bytes == 0 && !rule->number_counts_in));
    CHECK(door_may_write(out, rule->number_counts_out ? number : rule->out_bytes) ||
          (rule->out_bytes == 0 && !rule->number_counts_out));
}

static uint64_t door_u64(const void *in)
{
    uint64_t value;
    memcpy(&value, in, sizeof(value));
    return value;
}

static Status door_points(SupervisorCall call, const void *in, void *out)
{
    SupervisorPoints points;
    memcpy(&points, in, sizeof(points));
    Status status;
    if (call == SUPERVISOR_CALL_P256_MULTIPLY) {
        status = crypto_p256_multiply(points.scalar, points.point, out);
    } else {
        status = crypto_p256_verify(points.point, points.scalar, points.signature);
    }
    crypto_clear();
    bytes_clear_secret(&points, sizeof(points));
    return status;
}

static Status door_time(void *out)
{
    uint64_t seconds;
    TRY(device_time(&seconds));
    memcpy(out, &seconds, sizeof(seconds));
    return status_ok();
}

static Status door_offer(const void *in)
{
    ImageHeader header; /* a copy that the caller cannot change while it is judged */
    memcpy(&header, in, sizeof(header));
    return device_update_offer(&header);
}

static uint32_t door_carry_out(SupervisorCall call, const void *in, void *out, uint32_t number)
{
    uint64_t now_us;
    switch (call) {
    case SUPERVISOR_CALL_NOW:
        now_us = device_now();
        memcpy(out, &now_us, sizeof(now_us));
        break;
    case SUPERVISOR_CALL_TURN:
        device_turn(door_u64(in));
        break;
    case SUPERVISOR_CALL_RANDOM:
        return device_random(out, number).code;
    case SUPERVISOR_CALL_P256_PUBLIC:
        return crypto_p256_public(in, out).code;
    case SUPERVISOR_CALL_P256_MULTIPLY:
    case SUPERVISOR_CALL_P256_VERIFY:
        return door_points(call, in, out).code;
    case SUPERVISOR_CALL_SIGN:
        return device_sign(in, out).code;
    case SUPERVISOR_CALL_TIME:
        return door_time(out).code;
    case SUPERVISOR_CALL_SET_TIME:
        return device_set_time(door_u64(in)).code;
    case SUPERVISOR_CALL_FACTS:
        device_facts(out);
        break;
    case SUPERVISOR_CALL_CERTIFICATES:
        device_certificates(out);
        break;
    case SUPERVISOR_CALL_READY:
        device_ready(status_from_code(number));
        break;
    case SUPERVISOR_CALL_UPDATE_OFFER:
        return door_offer(in).code;
    case SUPERVISOR_CALL_UPDATE_POSITION:
        return device_update_position();
    case SUPERVISOR_CALL_UPDATE_WRITE:
        return device_update_write(in, number).code;
    case SUPERVISOR_CALL_UPDATE_FINISH:
        return device_update_finish().code;
    case SUPERVISOR_CALL_UPDATE_PAUSE:
        device_update_pause();
        break;
    case SUPERVISOR_CALL_REPORT_BEGIN:
        return device_report_begin().code;
    case SUPERVISOR_CALL_REPORT_SENT:
        device_report_sent(in);
        break;
    case SUPERVISOR_CALL_NOTE:
        device_note(status_from_code(number));
        break;
    case SUPERVISOR_CALL_SET_CONNECTED:
        device_set_connected(number != 0);
        break;
    case SUPERVISOR_CALL_LOG:
        device_log(in, number);
        break;
    case SUPERVISOR_CALL_SHOW_PROGRESS:
        power_show_progress((Progress)number);
        break;
    case SUPERVISOR_CALL_COUNT:
        break;
    }
    return STATUS_OK;
}

void door_call(uint32_t saved[8])
{
    __asm volatile("cpsid i" ::: "memory"); /* keeps P3 */
    door_check(saved[0], saved[1], saved[2], saved[3]);
    saved[0] = door_carry_out((SupervisorCall)saved[0], (const void *)(uintptr_t)saved[1],
                              (void *)(uintptr_t)saved[2], saved[3]);
    __asm volatile("cpsie i" ::: "memory");
}

__attribute__((naked)) static void door_svcall(void)
{
    __asm volatile("mrs r0, psp\n\t"
                   "push {r4, lr}\n\t"
                   "bl door_call\n\t"
                   "pop {r4, pc}\n\t");
}

_Noreturn void startup_fault(void)
{
    __asm volatile("cpsid i" ::: "memory");
    uint32_t exception;
    uint32_t stack;
    __asm volatile("mrs %0, ipsr" : "=r"(exception));
    __asm volatile("mrs %0, psp" : "=r"(stack));
    /* Where it happened, if the thread's stack is sound: the saved program counter. */
    uint32_t where = door_may_write(stack, 32) ? ((const uint32_t *)(uintptr_t)stack)[6] : 0;
    device_fail(exception == DOOR_SVCALL ? "call" : "exception", where);
}

_Noreturn void check_failed(const char *file, uint32_t line)
{
    uint32_t exception;
    __asm volatile("mrs %0, ipsr" : "=r"(exception));
    uint32_t control;
    __asm volatile("mrs %0, control" : "=r"(control));
    if (exception == 0 && (control & 1u) != 0) {
        __builtin_trap(); /* unprivileged: the fault handler speaks for us */
    }
    device_fail(file, line);
}

typedef void (*DoorVector)(void);

typedef struct DoorVectors {
    uint32_t *stack;
    DoorVector exceptions[DOOR_EXCEPTIONS - 1 + CPU_IRQ_COUNT];
} DoorVectors;

__attribute__((aligned(256))) static const DoorVectors door_vectors = {
    .stack = &startup_stack_top,
    .exceptions =
        {
            [0 ... DOOR_SVCALL - 2] = startup_fault,
            [DOOR_SVCALL - 1] = door_svcall,
            [DOOR_SVCALL... DOOR_EXCEPTIONS - 2 + CPU_IRQ_COUNT] = startup_fault,
        },
};

_Noreturn void door_open(void (*unprivileged)(void))
{
    const MpuRegion regions[] = {
        {WINDOW_BASE, WINDOW_BASE + WINDOW_BYTES, MPU_CODE},
        {FLASH_BASE, FLASH_BASE + FLASH_BYTES, MPU_READ_PRIVILEGED},
        {(uint32_t)(uintptr_t)&app_unprivileged_start, (uint32_t)(uintptr_t)&app_unprivileged_end,
         MPU_MEMORY},
        {(uint32_t)(uintptr_t)&app_unprivileged_end, (uint32_t)(uintptr_t)&app_privileged_end,
         MPU_MEMORY_PRIVILEGED},
        {FLASH_CTRL_BASE, NIC_BASE, MPU_DEVICE_PRIVILEGED},
        {NIC_BASE, NIC_BASE + PERIPHERAL_BYTES, MPU_DEVICE},
        {NIC_BASE + PERIPHERAL_BYTES, TIMER_BASE + PERIPHERAL_BYTES, MPU_DEVICE_PRIVILEGED},
        {NIC_TX_BUFFER_BASE, NIC_RX_BUFFER_BASE + NIC_BUFFER_BYTES, MPU_DEVICE},
    };
    cpu_start();
    privilege_set_vectors(&door_vectors);
    mpu_start(regions, sizeof(regions) / sizeof(regions[0]));
    privilege_drop(&app_thread_stack_limit, &app_thread_stack_top, unprivileged); /* keeps P1 */
}
