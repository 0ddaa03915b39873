/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A device of one world: a machine, its memories as the lab knows them, and its place in time.
 *
 * A device is always in one of three states. *Off*: it has lost power (or never had it) and waits
 * for orders. *Ready*: its last call has been dealt with and it may run. *Called*: it has run, its
 * next call has come and waits for the world's clock to get there. Orders may be given in every
 * state; they reach the machine when it runs next, in the order given.
 *
 * The machine counts its own time, which stands still while the power is off. The device knows the
 * difference and speaks world time to everybody else.
 *
 * The device owns its memories' copy and its observer. The machine is lent by the pool for one run,
 * and the Host's functions are called while the device deals with a call.
 *
 * Functions with a GError fail only when the machine is at fault; nothing the firmware does fails.
 */

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

#include "sim/evidence/recorder.h"
#include "sim/world/factory.h"
#include "sim/world/machine.h"
#include "sim/world/observer.h"
#include "sim/world/queue.h"

typedef struct Device Device;

typedef enum DeviceState {
    DEVICE_OFF,
    DEVICE_READY,
    DEVICE_CALLED,
} DeviceState;

/* What the device tells the world, each at `queue_now`. */
typedef struct DeviceHost {
    void (*frame_sent)(Device *device, const uint8_t *frame, size_t bytes, void *user_data);
    void (*power_lost)(Device *device, const HostlinkPowerLost *lost, void *user_data);
    void (*failed)(Device *device, GError *take_error, void *user_data);
    void *user_data;
} DeviceHost;

typedef struct DeviceOptions {
    const char *name;
    Queue *queue;
    Recorder *recorder;
    DeviceHost host;
    bool record_nvm;
    bool record_calls;
    bool record_reads; /* those that read again what was read; with count_reads */
    bool count_reads;  /* slower; needed for device_misread */
    bool is_first;
} DeviceOptions;

/*
 * For `when` of a cut, beside HOSTLINK_CUT_...: right after call number `at` (observer_calls). The
 * lab counts the calls, so the machine never hears of it.
 */
#define DEVICE_CUT_AT_CALL 0x100u

/* How a device is when the world begins. */
typedef struct DeviceBirth {
    const FactoryMint *mint;
    HostlinkBegin begin;
    GBytes *image_a;  /* or NULL */
    GBytes *image_b;  /* or NULL */
    unsigned journal; /* records in the boot journal that confirm image_a */
    /* With these it begins with what a loss of power has left, and neither mint nor images. */
    const uint8_t *flash; /* FLASH_BYTES, or NULL */
    const uint8_t *otp;
    const uint8_t *weak; /* bits of a sector that flip `weak_decay` after power-on, or NULL */
    uint32_t weak_offset;
    VTime weak_decay;
} DeviceBirth;

/* Makes a device of `machine`, which stays the caller's and must have its power off. */
Device *device_new(const DeviceOptions *options, Machine *machine);
void device_free(Device *device);

/* Begins a new life: memories, fuses, sensors. The power stays off. */
void device_begin(Device *device, const DeviceBirth *birth);

const char *device_name(const Device *device);
DeviceState device_state(const Device *device);
Nvm *device_nvm(Device *device);
Observer *device_observer(Device *device);

/* Gives power. No effect when it has power. */
void device_power_on(Device *device);

/* Takes the power away at once. No effect when it is off. */
void device_cut_now(Device *device);

/* The same, with a say in what becomes of an operation in progress; `cut->when` does not matter. */
void device_cut_now_torn(Device *device, const HostlinkCut *cut);

/*
 * Arms a loss of power at an operation, an instruction or a call, in place of one armed before. If
 * it is off, from the next power-on.
 */
void device_arm_cut(Device *device, const HostlinkCut *cut);

/* Orders that only mean something to a device with power; false, and nothing done, without. */
bool device_deliver_frame(Device *device, const uint8_t *frame, size_t bytes);
bool device_press_key(Device *device, uint32_t key);
bool device_probe(Device *device);

/* Orders about its surroundings, with power or without: HOSTLINK_DOOR, _JAM, _BATTERY, ... */
void device_set(Device *device, uint32_t order, uint32_t value);

/* Replaces flash from `offset` on. Only while it is off. */
void device_write_flash(Device *device, uint32_t offset, const uint8_t *bytes, uint32_t byte_count);

/*
 * Wears out cells for one operation to come; a later order takes the place of an earlier one. With
 * a `region` (NULL: none) it is the one that is `wear->at` from now among those that change
 * anything there.
 */
void device_wear(Device *device, const HostlinkWear *wear, const char *region);

/* Has one read to come give something else; a later order takes the place of an earlier one. */
void device_misread(Device *device, const HostlinkReadFault *fault);

/* Flips the bits of flash that are set in `mask`, with power or without. */
void device_damage_flash(Device *device, uint32_t offset, const uint8_t *mask, uint32_t byte_count);

/* Lets a ready device run, no further than `horizon` (world time). */
G_GNUC_WARN_UNUSED_RESULT
bool device_run(Device *device, VTime horizon, GError **error);

/* Waits for the call after `device_run`, and queues it for when it is due. */
G_GNUC_WARN_UNUSED_RESULT
bool device_await(Device *device, GError **error);

/*
 * Has the machine keep its state as it is now, when it runs next. False, and nothing done, if it
 * has no power or is about to lose it.
 */
bool device_save(Device *device);

/* True once after the state was kept; the device is then ready. */
bool device_take_saved(Device *device);

/* Takes the machine back to that state, of which the device has since seen nothing. */
G_GNUC_WARN_UNUSED_RESULT
bool device_restore(Device *device, GError **error);

/* The earliest instant at which a ready device may do something that others can see. */
VTime device_quiet_until(const Device *device);

/* Holds its processor for the debugger before instruction number `at`; to be told before it runs.
 */
void device_stop_at(Device *device, uint64_t at);

/* Instructions executed by now: of a call that came at this instant, or else of the last one. */
uint64_t device_instructions(const Device *device);

/* How many reads the machine has counted by now; none if they are not counted. Asks the machine. */
G_GNUC_WARN_UNUSED_RESULT
bool device_reads(Device *device, uint64_t *ret_reads, GError **error);

/* Adds the edges it has executed to `edges`, of HOSTLINK_EDGES_BYTES; while it waits for orders. */
G_GNUC_WARN_UNUSED_RESULT
bool device_add_edges(Device *device, uint8_t *edges, GError **error);

/* Compares the lab's copy of the memories with the machine's, and leaves the power off. */
G_GNUC_WARN_UNUSED_RESULT
bool device_end(Device *device, GError **error);
