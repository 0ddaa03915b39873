/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The numbers of the supervisor's calls and how their operands lie: shared by the two sides of the
 * door, supervisor.c (unprivileged) and door.c (privileged), and by nobody else.
 *
 * Each call has at most one operand that it reads, one that it writes, and a number; the table in
 * door.c says how many bytes.
 */

#include <stdint.h>

typedef enum SupervisorCall {
    SUPERVISOR_CALL_NOW,
    SUPERVISOR_CALL_TURN,
    SUPERVISOR_CALL_RANDOM,
    SUPERVISOR_CALL_P256_PUBLIC,
    SUPERVISOR_CALL_P256_MULTIPLY,
    SUPERVISOR_CALL_P256_VERIFY,
    SUPERVISOR_CALL_SIGN,
    SUPERVISOR_CALL_TIME,
    SUPERVISOR_CALL_SET_TIME,
    SUPERVISOR_CALL_FACTS,
    SUPERVISOR_CALL_CERTIFICATES,
    SUPERVISOR_CALL_READY,
    SUPERVISOR_CALL_UPDATE_OFFER,
    SUPERVISOR_CALL_UPDATE_POSITION,
    SUPERVISOR_CALL_UPDATE_WRITE,
    SUPERVISOR_CALL_UPDATE_FINISH,
    SUPERVISOR_CALL_UPDATE_PAUSE,
    SUPERVISOR_CALL_REPORT_BEGIN,
    SUPERVISOR_CALL_REPORT_SENT,
    SUPERVISOR_CALL_NOTE,
    SUPERVISOR_CALL_SET_CONNECTED,
    SUPERVISOR_CALL_LOG,
    SUPERVISOR_CALL_SHOW_PROGRESS,
    SUPERVISOR_CALL_COUNT,
} SupervisorCall;

/* Operands of the P-256 calls. */
typedef struct SupervisorPoints {
    uint8_t scalar[32]; /* or the hash */
    uint8_t point[64];
    uint8_t signature[64];
} SupervisorPoints;
