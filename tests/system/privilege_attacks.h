/* SPDX-License-Identifier: MIT */
#pragma once

/* The attacks of privilege_attacks.c, numbered; test_privilege.c names them in its output. */

#include <stdint.h>

#include "vdevice/firmware/app/supervisor.h"

/* The clock moves on while an attack runs: attack n is made from n times this many seconds on. */
#define PRIVILEGE_ATTACK_SECONDS 100u

typedef enum PrivilegeAttack {
    PRIVILEGE_ATTACK_NONE,
    PRIVILEGE_ATTACK_READ_SECRETS,
    PRIVILEGE_ATTACK_WRITE_SECRETS,
    PRIVILEGE_ATTACK_DRIVE_BOLT,
    PRIVILEGE_ATTACK_READ_FUSES,
    PRIVILEGE_ATTACK_READ_FLASH,
    PRIVILEGE_ATTACK_ERASE_FLASH,
    PRIVILEGE_ATTACK_RUN_DATA,
    PRIVILEGE_ATTACK_WRITE_CODE,
    PRIVILEGE_ATTACK_PROTECTION_OFF,
    PRIVILEGE_ATTACK_ENABLE_INTERRUPT,
    PRIVILEGE_ATTACK_RESULT_INTO_SECRETS,
    PRIVILEGE_ATTACK_RESULT_ACROSS_THE_LINE,
    PRIVILEGE_ATTACK_LOG_SECRETS,
    PRIVILEGE_ATTACK_LENGTH_TOO_LARGE,
    PRIVILEGE_ATTACK_UNKNOWN_CALL,
    PRIVILEGE_ATTACK_OVERFLOW_STACK,
    PRIVILEGE_ATTACK_HANG,
    PRIVILEGE_ATTACK_COUNT,
} PrivilegeAttack;
