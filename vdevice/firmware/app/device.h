/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The privileged half of the application: all that holds secrets, writes flash or moves the bolt.
 *
 * One Device per program, set up once by `device_start` from what the ROM and the factory left
 * behind. It owns the journal, the store, the update in progress, the PIN and the derived keys, and
 * runs the lock. Its functions are the calls of supervisor.h from the inside and are described
 * there; operands have been checked by door.c before they arrive here.
 *
 * The self-test of a trial image asks: can the store be read and written, do the sensors of the
 * mechanism make sense, is the factory record whole, did TLS start, has the loop turned for
 * DEVICE_SELF_TEST_US. It needs no network on purpose: a lock that was updated just before an
 * outage must not revert because of the outage. What fails it resets at once; the ROM counts the
 * trials.
 *
 * Resets that are due (an update is staged, a confirmed image wants its security counter fused)
 * wait until nothing moves, nobody has pressed a key for ten seconds, and the network half has
 * closed its connection; the last of these for DEVICE_RESET_PATIENCE_US at most.
 */

#include "vdevice/firmware/app/supervisor.h"

#define DEVICE_SELF_TEST_US      2000000u
#define DEVICE_RESET_PATIENCE_US 30000000u

void device_start(void);

uint64_t device_now(void);
void device_turn(uint64_t deadline_us);
FALLIBLE Status device_random(void *ret_bytes, size_t count);
FALLIBLE Status device_sign(const uint8_t hash[32], uint8_t ret_signature[64]);
FALLIBLE Status device_time(uint64_t *ret_seconds);
FALLIBLE Status device_set_time(uint64_t seconds);
void device_facts(SupervisorFacts *ret_facts);
void device_certificates(SupervisorCertificates *ret_certificates);
void device_ready(Status outcome);
FALLIBLE Status device_update_offer(const ImageHeader *header);
uint32_t device_update_position(void);
FALLIBLE Status device_update_write(const void *bytes, size_t count);
FALLIBLE Status device_update_finish(void);
void device_update_pause(void);
FALLIBLE Status device_report_begin(void);
void device_report_sent(const SupervisorFacts *facts);
void device_note(Status status);
void device_set_connected(bool connected);
void device_log(const char *line, size_t count);

/* Shows why and resets; for the fault handler and failed checks. */
_Noreturn void device_fail(const char *what, uint32_t where);
