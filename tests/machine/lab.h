/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A lab in miniature: the far end of the hostlink, for tests that let the machine execute.
 *
 * The model is a conversation. `lab_open` starts a machine and has heard its HELLO; then orders are
 * given (`lab_begin`, `lab_power_on`, ...), `lab_run` lets the machine go on, and `lab_next` waits
 * for its next call. Every call but SAVED is folded into a digest that `lab_begin` starts anew, so
 * two runs were the same exactly if their digests are. A restore takes the digest back as well.
 *
 * A machine that dies, breaks the contract or is silent for LAB_WAIT_S seconds fails the test.
 *
 * The program to start is $QEMU, or build/qemu-system-arm; the ROM is
 * build/tests/machine/lockstep_rom.bin.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vdevice/contract/hostlink.h"

#define LAB_WAIT_S 60

typedef struct Lab Lab;

typedef enum LabKind {
    LAB_PLAIN,
    LAB_UNGUARDED, /* QEMU moves time by itself: its race is open */
    LAB_EDGES,     /* control-flow edges are marked */
} LabKind;

/* A call as it came. `body` is valid until the next call. */
typedef struct LabCall {
    uint32_t type;
    uint32_t bytes;
    uint64_t time;
    uint64_t instructions;
    const uint8_t *body;
} LabCall;

Lab *lab_open(LabKind kind);

/* Asks the machine to quit; it must do so with exit code 0. Between a call and its answer only. */
void lab_close(Lab *lab);

/* Keeps QEMU's main loop awake by questions over its monitor, among them what is in flash, to
   provoke what depends on it. */
void lab_disturb(Lab *lab);

/* Waits for a machine that is expected to end by itself. Returns its exit code, and frees `lab`. */
int lab_wait_exit(Lab *lab);

/* What to OBSERVE, from the next `lab_begin` on, which orders it; 0: what BEGIN leaves. */
void lab_observe(Lab *lab, uint32_t observed);

/* Orders; they leave with `lab_run`. */
void lab_order(Lab *lab, uint32_t type, const void *body, size_t bytes);
void lab_order_word(Lab *lab, uint32_t type, uint32_t value);
void lab_begin(Lab *lab, bool keep_nvm);
void lab_power_on(Lab *lab);
void lab_cut(Lab *lab, uint32_t when, uint64_t at, uint32_t torn);
void lab_write(Lab *lab, uint32_t space, uint32_t offset, const void *bytes, size_t count);

/* A new device with that trial of lockstep_rom in its flash, powered on. */
void lab_begin_trial(Lab *lab, uint32_t trial);

/* A new device with the hostile trial and a program drawn from `seed`, powered on. */
void lab_begin_hostile(Lab *lab, uint64_t seed);

/* Reads a memory now. */
void lab_look(Lab *lab, uint32_t space, uint32_t offset, void *ret_bytes, uint32_t count);

/* Lets the machine run; it calls no later than `horizon`. */
void lab_run(Lab *lab, uint64_t horizon);

/* Waits for the next call. */
LabCall lab_next(Lab *lab);

/* Answers every call with RUN until one of `type` comes, and returns it. No horizon. */
LabCall lab_run_until(Lab *lab, uint32_t type);

/* The word in the body of a call. */
uint32_t lab_word(const LabCall *call);

/* Lets the machine be what it was at the last SAVE; closes the reply, in place of `lab_run`. */
void lab_restore(Lab *lab);

/* Of all calls since the last `lab_begin`, and how many. */
uint64_t lab_digest(const Lab *lab);
uint64_t lab_calls(const Lab *lab);
