/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LOCKSTEP_SUPPLY_H
#define LOCKSTEP_SUPPLY_H

/*
 * The supply rail: when the power is lost, exactly.
 *
 * The lab arms one cut at a time. Whatever the kind, the loss itself happens between two
 * instructions: the cut only marks it pending (`supply_lose`) and hostlink.c carries it out before
 * anything executes. A cut at an instruction needs no timer: the vCPU's slice is made to end
 * exactly there (`supply_instructions_left`), so idle time costs nothing. Instructions count from
 * zero: the cut at `at` leaves exactly `at` instructions executed.
 *
 * A cut that has caused a loss is used up.
 *
 * A stop for the debugger works like a cut at an instruction, but only holds the processor.
 */

#include "vdevice/contract/hostlink.h"

/* Makes the timer; called once by the hostlink. */
void supply_init(void);

/* No cut armed, no instruction executed, no loss pending. */
void supply_begin(void);

/* Takes an order of the lab. */
void supply_cut(const HostlinkCut *cut);

/* Marks the power as lost from this instant; the machine stops before its next instruction. */
void supply_lose(void);

/* Whether a loss is pending. */
bool supply_is_lost(void);

/* The loss has been carried out: disarms the cut that led to it. */
void supply_lost(void);

/* What becomes of an NVM operation that the loss interrupts. */
const HostlinkCut *supply_torn(void);

/* Tells that NVM operation `number` takes from now until `end`, or has ended (`end` is 0). */
void supply_nvm_started(uint64_t number, int64_t end);
void supply_nvm_done(uint64_t number);

/* Instructions still to be executed before the armed cut; INT64_MAX if it is at none. */
int64_t supply_instructions_left(void);

/* Takes the order to stop for the debugger before instruction number `at`. */
void supply_stop(uint64_t at);

/* Whether that is now; says so once. Never, and used up, when no debugger is attached. */
bool supply_stop_is_due(void);

/* Instructions still to be executed before the stop; INT64_MAX if there is none. */
int64_t supply_stop_left(void);

/* Instructions executed since `supply_begin`. */
int64_t supply_instructions(void);

#endif
