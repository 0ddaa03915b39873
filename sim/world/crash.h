/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Crash states: what a loss of power can leave in flash and fuses, worked out without a machine.
 *
 * A clean run leaves a log of its flash and fuse operations (`nvm.log`). A *crash memory* holds
 * both memories as they were when the log began and is moved along it, operation by operation.
 * Before each operation it can be *torn*: it then shows what a loss of power in the middle of that
 * operation leaves, by the same rules and from the same draws as the machine
 * (vdevice/machine/nvm.c), until it is put back. A *tear* says how, and has a name that is part of
 * a run's id:
 *
 *     before        the operation has not begun
 *     prefix.K      K program units of it are done
 *     half.D        half is done; of an erase, the rest is random, draw D
 *     random.D      each bit that was to change has changed or not, draw D
 *     weak.D        all done, but some bits, by draw D, read differently later
 *     complete      done, and no instruction after it
 *
 * The digest of a crash memory is kept per sector, so that telling two states apart costs only the
 * sector that differs.
 *
 * Operations are taken one after the other, in the order in which they were accepted. Plain memory,
 * owned by the caller; only parsing fails, for logs come from files.
 */

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

#include "sim/base/digest.h"
#include "sim/base/vtime.h"
#include "vdevice/contract/hostlink.h"
#include "vdevice/contract/memory_map.h"

#define CRASH_TEAR_NAME_BYTES 24u

typedef struct CrashOperation {
    uint64_t number;
    VTime at;      /* world time at which it was accepted */
    uint32_t kind; /* HOSTLINK_NVM_... */
    uint32_t offset;
    uint32_t bytes;
    uint8_t data[FLASH_PAGE_BYTES]; /* nothing for an erase */
} CrashOperation;

typedef struct CrashTear {
    uint32_t torn;  /* HOSTLINK_TORN_... */
    uint32_t value; /* PREFIX: units; RANDOM, HALF, WEAK: the draw; otherwise 0 */
} CrashTear;

typedef struct CrashMemory CrashMemory;

/* Reads an operation log; an array of CrashOperation that the caller frees, or NULL. */
GArray *crash_log_parse(const char *text, gsize bytes, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Makes a memory of FLASH_BYTES and OTP_WORDS words. */
CrashMemory *crash_memory_new(const uint8_t *flash, const uint8_t *otp);
CrashMemory *crash_memory_copy(const CrashMemory *memory);
void crash_memory_free(CrashMemory *memory);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CrashMemory, crash_memory_free)

const uint8_t *crash_memory_flash(const CrashMemory *memory);
const uint8_t *crash_memory_otp(const CrashMemory *memory);

/* The bits that flip later, as a mask over the sector at `*ret_offset`; NULL when none do. */
const uint8_t *crash_memory_weak(const CrashMemory *memory, uint32_t *ret_offset);

/* Over flash, fuses and weak bits. */
Digest crash_memory_digest(CrashMemory *memory);

/* Lets a whole operation happen. Not while torn. */
void crash_memory_apply(CrashMemory *memory, const CrashOperation *operation);

/*
 * Shows what a loss of power during `operation` leaves, until `crash_memory_mend`. Returns how many
 * bits have changed. Not while torn.
 */
uint32_t crash_memory_tear(CrashMemory *memory, const CrashOperation *operation, CrashTear tear);
void crash_memory_mend(CrashMemory *memory);

/* Makes what it shows the truth, weak bits read wrongly from now on: another loss may follow. */
void crash_memory_settle(CrashMemory *memory);

/* The seed of the machine's draws for this tear (HostlinkCut.seed). */
uint64_t crash_tear_seed(uint64_t operation, CrashTear tear);

/* How many program units an operation has. */
uint32_t crash_operation_units(const CrashOperation *operation);

/*
 * The tears of one operation, in order: an array of CrashTear that the caller frees. `every_unit`
 * takes each program unit of an erase, too, not one in 64 and the first few; `draws` is how often
 * chance is asked.
 */
GArray *crash_tears(const CrashOperation *operation, bool every_unit, uint32_t draws);

/* The name of a tear, and back. */
void crash_tear_print(CrashTear tear, char ret_name[CRASH_TEAR_NAME_BYTES]);
bool crash_tear_parse(const char *name, CrashTear *ret_tear);
