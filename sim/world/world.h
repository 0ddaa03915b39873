/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A world makes one plan happen: devices, network, people and faults, on one virtual clock.
 *
 * It takes the plan's Timeline and `given`, and leaves events and artefacts with the recorder. It
 * never sees a claim. While it lives it is one thread and one clock; a device runs only while the
 * world waits for its next call, and only up to an instant at which nothing else can reach it.
 *
 * The caller owns the plan, the recorder and the pool. The pool keeps the device processes alive
 * from one run to the next, since starting one costs more than most runs; it belongs to one process
 * and one thread.
 *
 * What the device does, however strange, is an event. What goes wrong with the lab (no such
 * binary, a machine that does not answer, a machine that breaks the hostlink's rules) is an error,
 * and the run has no verdict but ERROR.
 */

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

#include "sim/base/vtime.h"
#include "sim/evidence/recorder.h"
#include "sim/scenario/plan.h"
#include "vdevice/contract/memory_map.h"

typedef enum WorldError {
    WORLD_ERROR_MACHINE, /* the device process died, hung, or broke the hostlink's rules */
    WORLD_ERROR_PLAN,    /* the plan asks for what cannot be had: no such image, device or verb */
    WORLD_ERROR_HOST,    /* the host refused something: a file, a socket, memory */
} WorldError;

#define WORLD_ERROR (world_error_quark())
GQuark world_error_quark(void);

/* The device processes of one worker, kept from run to run. */
typedef struct DevicePool DevicePool;

/* Where the lab finds what it runs. All paths; NULL means the default under `build/`. */
typedef struct WorldSettings {
    const char *machine_path; /* build/qemu-system-arm */
    const char *rom_path;     /* build/firmware/rom.bin */
    const char *images_path;  /* folder of <image name>.img: build/images */
    const char *keys_path;    /* folder of the worthless keys and certificates: build/keys */
    unsigned wall_timeout_s;  /* a machine silent for longer is an error; 0 means 60 */
    unsigned run_timeout_s;   /* a run that takes longer is an error; 0 means 900 */
    unsigned events_max;      /* more end the run: device.died, reason flood; 0 means 500,000 */
    bool debugger;            /* start the machine with QEMU's gdb stub, halted, no timeouts */
    unsigned debugger_port;   /* 0 means 1234 */
} WorldSettings;

/*
 * A plan may begin with what a loss of power has left of the first device's memories: images of
 * these names, of FLASH_BYTES, of OTP_WORDS words, and, if bits are weak, one WorldWeak. Its bundle
 * then has the sectors that changed (an offset of four bytes, little-endian, and the sector), not
 * all of flash.
 */
#define WORLD_STATE_FLASH   "state.flash"
#define WORLD_STATE_OTP     "state.otp"
#define WORLD_STATE_WEAK    "state.weak"
#define WORLD_FLASH_CHANGES "flash.changes"

/* Bits of one sector that read differently `decay` after power-on, unless driven again before. */
typedef struct WorldWeak {
    VTime decay;
    uint32_t offset;
    uint32_t reserved;
    uint8_t mask[FLASH_SECTOR_BYTES];
} WorldWeak;

/* What a run amounted to, beside its events. */
typedef struct WorldOutcome {
    VTime ended;    /* world time at the end */
    uint64_t calls; /* device calls answered */
    unsigned faults_injected;
    unsigned faults_effective;   /* of those, how many the device met */
    unsigned fault_device;       /* whom the first of them met, by its place in the plan */
    uint64_t fault_instructions; /* and how many instructions it had executed then */
} WorldOutcome;

/* Makes an empty pool. `settings` are copied; processes start when first needed. */
DevicePool *world_pool_new(const WorldSettings *settings);

/*
 * Counts from now on: after each run the edges that its devices have executed are added to `edges`,
 * of HOSTLINK_EDGES_BYTES, which stays the caller's. To be asked before the first run.
 */
void world_pool_count_edges(DevicePool *pool, uint8_t *edges);

/*
 * From now on device number `device` of each run stops for the debugger before it executes
 * instruction number `at`, and only that one has a debugger. To be asked before the first run.
 */
void world_pool_stop_at(DevicePool *pool, unsigned device, uint64_t at);

/* Ends the processes, by QUIT if they listen, by SIGKILL if they do not. */
void world_pool_free(DevicePool *pool);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DevicePool, world_pool_free)

/*
 * Runs `plan` to its end. Events and artefacts go to `recorder`, which stays open. After an error
 * the device processes that took part are gone and will be started anew by the next run.
 */
G_GNUC_WARN_UNUSED_RESULT
bool world_run(const Plan *plan, DevicePool *pool, Recorder *recorder, WorldOutcome *ret_outcome,
               GError **error);

/*
 * Where a run has come to when its device is about to run once more: the world has turns, counted
 * from 0, and a run has the same ones each time.
 */
typedef struct WorldTurn {
    uint64_t instructions; /* executed, by the last call */
    uint64_t operations;   /* NVM operations that have started */
    uint64_t frames;       /* sent on the device's link, in both directions */
    uint64_t calls;        /* as observer_calls counts them */
    uint64_t reads;        /* counted by the call that the device waits with */
} WorldTurn;

/* The same as `world_run`, of a plan with one device; its turns are added to `turns`. */
G_GNUC_WARN_UNUSED_RESULT
bool world_run_noting(const Plan *plan, DevicePool *pool, Recorder *recorder, GArray *turns,
                      GError **error);

/*
 * Many runs that begin alike and part from it one after the other, each at its turn.
 *
 * The plan they have in common, the trunk, has one device, and its last action has a point (a
 * frame, an operation, an instruction) that never comes. `part` forks this process. In the new one
 * it puts the point into the plan and returns 0: there world_branch goes on as that run, and
 * returns at its end as world_run does. In the old one it waits for the new one and returns 1, or
 * -1 if that did not end well. When all have parted, world_branch returns there, too; what is left
 * of the trunk is not run, and its events are nobody's.
 *
 * Lab and machine are then as they were before the fork: the lab because it was another process
 * that went on, the machine because it has kept its state and is taken back to it.
 */
typedef struct WorldBranches {
    const uint64_t *turns; /* where each parts, ascending */
    guint count;
    int (*part)(guint index, void *user_data);
    void *user_data;
} WorldBranches;

/* False in the old process means that those which have not parted yet never will. */
G_GNUC_WARN_UNUSED_RESULT
bool world_branch(const Plan *plan, DevicePool *pool, Recorder *recorder,
                  const WorldBranches *branches, WorldOutcome *ret_outcome, GError **error);

/*
 * Gives the pool a machine to use as if it had started it itself with `rom_path`: something else on
 * a socket that plays a machine, in tests.
 */
struct Machine;
void world_pool_lend(DevicePool *pool, struct Machine *take_machine, const char *rom_path);
