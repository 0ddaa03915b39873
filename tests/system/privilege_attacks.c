/* SPDX-License-Identifier: MIT */

/*
 * What somebody would try who had taken over the network half of the application.
 *
 * Linked into the application in place of `session_poll` (`-Wl,--wrap`), so it runs where lwIP and
 * mbedTLS run. test_privilege.c says by the calendar clock which attack to make; 0 is none.
 */

#include "tests/system/privilege_attacks.h"

#include <stdbool.h>
#include <stddef.h>

#include "vdevice/contract/memory_map.h"
#include "vdevice/contract/regs.h"
#include "vdevice/firmware/app/session.h"
#include "vdevice/firmware/app/supervisor_call.h"

bool __real_session_poll(uint64_t now_us);
bool __wrap_session_poll(uint64_t now_us);

extern uint32_t app_unprivileged_end;

#define MPU_CTRL  0xe000ed94u
#define NVIC_ISER 0xe000e100u

static volatile uint32_t *word_at(uint32_t address)
{
    return (volatile uint32_t *)(uintptr_t)address;
}

static uint32_t secrets(void)
{
    return (uint32_t)(uintptr_t)&app_unprivileged_end;
}

static void call(uint32_t number, uint32_t in, uint32_t out, uint32_t count)
{
    register uint32_t r0 __asm("r0") = number;
    register uint32_t r1 __asm("r1") = in;
    register uint32_t r2 __asm("r2") = out;
    register uint32_t r3 __asm("r3") = count;
    __asm volatile("svc #0" : "+r"(r0) : "r"(r1), "r"(r2), "r"(r3) : "memory");
}

static void overflow_stack(void)
{
    volatile uint8_t much[64 * 1024];
    for (size_t i = sizeof(much); i > 0; i -= 64) {
        much[i - 1] = 1;
    }
}

static void run_data(void)
{
    static uint16_t code[2] = {0x4770, 0x4770}; /* bx lr */
    ((void (*)(void))((uintptr_t)code | 1u))();
}

static void attack(uint64_t number)
{
    if (number >= PRIVILEGE_ATTACK_COUNT) {
        return;
    }
    switch ((PrivilegeAttack)number) {
    case PRIVILEGE_ATTACK_READ_SECRETS:
        (void)*word_at(secrets());
        break;
    case PRIVILEGE_ATTACK_WRITE_SECRETS:
        *word_at(secrets()) = 0;
        break;
    case PRIVILEGE_ATTACK_DRIVE_BOLT:
        *word_at(LOCKMECH_BASE + LOCKMECH_DRIVE) = LOCKMECH_DRIVE_RETRACT;
        break;
    case PRIVILEGE_ATTACK_READ_FUSES:
        (void)*word_at(OTP_BASE + OTP_WORD);
        break;
    case PRIVILEGE_ATTACK_READ_FLASH:
        (void)*word_at(FLASH_BASE + FACTORY_OFFSET);
        break;
    case PRIVILEGE_ATTACK_ERASE_FLASH:
        *word_at(FLASH_CTRL_BASE + FLASH_CTRL_KEY) = FLASH_CTRL_KEY_MAGIC;
        break;
    case PRIVILEGE_ATTACK_RUN_DATA:
        run_data();
        break;
    case PRIVILEGE_ATTACK_WRITE_CODE:
        *word_at(WINDOW_BASE + 0x1000) = 0;
        break;
    case PRIVILEGE_ATTACK_PROTECTION_OFF:
        *word_at(MPU_CTRL) = 0;
        break;
    case PRIVILEGE_ATTACK_ENABLE_INTERRUPT:
        *word_at(NVIC_ISER) = 1;
        break;
    case PRIVILEGE_ATTACK_RESULT_INTO_SECRETS:
        call(SUPERVISOR_CALL_RANDOM, 0, secrets(), 32);
        break;
    case PRIVILEGE_ATTACK_RESULT_ACROSS_THE_LINE:
        call(SUPERVISOR_CALL_RANDOM, 0, secrets() - 4, 8);
        break;
    case PRIVILEGE_ATTACK_LOG_SECRETS:
        call(SUPERVISOR_CALL_LOG, secrets(), 0, 32);
        break;
    case PRIVILEGE_ATTACK_LENGTH_TOO_LARGE:
        call(SUPERVISOR_CALL_LOG, WINDOW_BASE + 0x1000, 0, UINT32_MAX);
        break;
    case PRIVILEGE_ATTACK_UNKNOWN_CALL:
        call(SUPERVISOR_CALL_COUNT, 0, 0, 0);
        break;
    case PRIVILEGE_ATTACK_OVERFLOW_STACK:
        overflow_stack();
        break;
    case PRIVILEGE_ATTACK_HANG:
        for (;;) {
        }
    case PRIVILEGE_ATTACK_NONE:
    case PRIVILEGE_ATTACK_COUNT:
        break;
    }
}

bool __wrap_session_poll(uint64_t now_us)
{
    uint64_t seconds = 0;
    if (status_is_ok(supervisor_time(&seconds))) {
        attack(seconds / PRIVILEGE_ATTACK_SECONDS);
    }
    return __real_session_poll(now_us);
}
