/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A machine is one QEMU process seen from the lab: a socket that calls out and waits for orders.
 *
 * Think of a conversation with fixed turns. The machine has called and stands still; the lab piles
 * up orders, and `machine_run` (or `machine_read`) sends them; `machine_next_call` then waits for
 * the next call. A machine outlives a run: with the power off it can BEGIN again as a new device.
 *
 * The Machine owns the process, both ends of its socket and the bytes of the last call, which stay
 * good until the next `machine_next_call` or `machine_read`.
 *
 * Everything here can fail, since the other end may hang, die or lie; after a failure the only
 * thing left to do is `machine_free`, which kills. Error texts carry the end of the process's own
 * words on standard error.
 */

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

#include "sim/world/wire.h"

#define MACHINE_ERROR (machine_error_quark())
GQuark machine_error_quark(void);

typedef enum MachineError {
    MACHINE_ERROR_START,  /* the process could not be started */
    MACHINE_ERROR_SILENT, /* no call within the wall timeout */
    MACHINE_ERROR_DEAD,   /* the link is closed */
    MACHINE_ERROR_RULES,  /* a call that the hostlink does not allow */
} MachineError;

typedef struct Machine Machine;

typedef struct MachineOptions {
    const char *path;        /* qemu-system-arm */
    const char *rom_path;    /* rom.bin */
    unsigned wall_timeout_s; /* for one call; 0: wait for ever */
    unsigned run_timeout_s;  /* from one `machine_restart_time` to the next; 0: no limit */
    unsigned debugger_port; /* 0: none; otherwise QEMU's gdb stub, and the processor waits for it */
    bool edges;             /* mark control-flow edges, for HOSTLINK_SPACE_EDGES */
} MachineOptions;

/* Starts a process. It has said HELLO when this returns: `machine_call` holds it. */
G_GNUC_WARN_UNUSED_RESULT
Machine *machine_start(const MachineOptions *options, GError **error);

/* Takes `take_fd`, the lab's end of a socket on which something else plays the machine (a fake). */
G_GNUC_WARN_UNUSED_RESULT
Machine *machine_adopt(int take_fd, unsigned wall_timeout_s, GError **error);

/* Kills the process and closes the socket. */
void machine_free(Machine *machine);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Machine, machine_free)

/* Asks the machine to end, and frees it. Only while it waits for orders. */
void machine_quit(Machine *take_machine);

/* The call that waits for orders. */
const WireCall *machine_call(const Machine *machine);

/* Orders pile up here (with `wire_append`...) until the next `machine_run` or `machine_read`. */
GByteArray *machine_orders(Machine *machine);

/* Sends the orders and RUN. `horizon` is device time, HOSTLINK_NEVER for none. */
G_GNUC_WARN_UNUSED_RESULT
bool machine_run(Machine *machine, uint64_t horizon, GError **error);

/*
 * Takes the device back to where it last called SAVED, whatever it has done since, and waits until
 * it is there. Orders that have piled up stay. Between the two another process may have used it.
 */
G_GNUC_WARN_UNUSED_RESULT
bool machine_restore(Machine *machine, GError **error);

/* Waits for the next call, which is then `machine_call`. Time and instructions never go back. */
G_GNUC_WARN_UNUSED_RESULT
bool machine_next_call(Machine *machine, GError **error);

/* Sends the orders so far and reads memory as it is after them. The call's bytes stay good. */
G_GNUC_WARN_UNUSED_RESULT
bool machine_read(Machine *machine, uint32_t space, uint32_t offset, uint32_t bytes,
                  uint8_t *ret_bytes, GError **error);

/* Calls answered since the process started. */
uint64_t machine_calls(const Machine *machine);

/* True once something failed: the machine must not be used for another run. */
bool machine_is_broken(const Machine *machine);

/* Begins time anew, as BEGIN does: the next call may carry any time. */
void machine_restart_time(Machine *machine);
