/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LOCKSTEP_HOSTLINK_H
#define LOCKSTEP_HOSTLINK_H

/*
 * The hostlink inside the machine: how blocks speak to the lab, and who owns time, power and reset.
 *
 * The wire format is vdevice/contract/hostlink.h. A block calls out with `hostlink_call...`, which
 * blocks until the lab has answered; the lab's orders reach the blocks through the functions they
 * registered, before the call returns. So a block must be in a consistent state when it calls: make
 * the call the last thing a register write or a timer does. An order's function may call out too;
 * such calls are queued and leave, in order and with the same time, when the reply is complete.
 *
 * Time is QEMU_CLOCK_VIRTUAL, which is set to zero at HOSTLINK_BEGIN; blocks use it directly. One
 * thread (the vCPU's) executes, runs virtual timers, moves time forward when the processor idles,
 * talks to the lab, and performs resets and power cycles between two instructions; see hostlink.c.
 *
 * What survives what. A block's ordinary QEMU reset is a reset of the chip: registers to their
 * reset values, timers deleted; nothing that lives outside the chip's logic (fuses, bolt position,
 * battery, cable) may change in it. `power_off` comes at the instant of the loss, before anything
 * else: fix what depends on the time since (a moving bolt stops where it is). `begin` makes the
 * block as new: time is already zero, a QEMU reset follows before the next instruction. `power_on`
 * comes after the reset that it implies.
 *
 * What a block's VMStateDescription names is its state, and all of it: SAVE and RESTORE keep the
 * device by it (checkpoint.h). A block that was restored hears nothing but its `post_load`.
 *
 * A lab that breaks the contract ends the process with exit code 3; nothing here returns an error.
 *
 * Without a file descriptor (register tests) calls are appended to the property `calls`, and the
 * property `order` takes one order as text, so that a test can play the lab over QMP.
 *
 * QEMU interface:
 *  + Property "fd": inherited descriptor of a stream socket to the lab; -1 (default) for none. With
 *    one, `-icount shift=3,sleep=off` is required.
 *  + Property "guard" (default on): off restores QEMU's own idle handling with its race; tests
 *    only.
 *  + Property "edges" (default off): on marks control-flow edges, see edges.h.
 *  + QOM property "order" (write): "<type> <body as hexadecimal bytes>", for example
 *    "109 3100000000000000" presses key 1. Refused with an error if it breaks the contract.
 *  + QOM property "calls" (read): "<type> <time> <body in hexadecimal>\n" for each call since the
 *    last read; only without a descriptor.
 */

#include "vdevice/contract/hostlink.h"
#include "qom/object.h"

#define TYPE_LOCKSTEP_HOSTLINK "lockstep-hostlink"
OBJECT_DECLARE_SIMPLE_TYPE(HostlinkState, LOCKSTEP_HOSTLINK)

/* What a block may want to hear about; any member may be NULL. */
typedef struct HostlinkListener {
    void (*begin)(void *opaque, const HostlinkBegin *begin); /* a new device */
    /* the processor idles, or a reset or loss of power is about to happen */
    void (*quiet)(void *opaque);
    void (*power_off)(void *opaque); /* the power is lost at this instant */
    void (*power_on)(void *opaque, uint64_t off_duration); /* the power is back; reset is done */
} HostlinkListener;

/* Registers `listener`, which must live as long as the process. Order of calls: of registration. */
void hostlink_listen(const HostlinkListener *listener, void *opaque);

/* Registers the function that takes orders of `type`, one of those whose body is a HostlinkWord. */
void hostlink_take_word(uint32_t type, void (*take)(void *opaque, uint32_t value), void *opaque);

/* The same for orders with any other body, whose length has been checked against the contract. */
void hostlink_take(uint32_t type, void (*take)(void *opaque, const void *body, uint32_t bytes),
                   void *opaque);

/* Makes a call and returns when the lab has replied. During a reply or a reset it is queued and
   follows; before HELLO it is dropped. */
void hostlink_call(uint32_t type, const void *body, uint32_t bytes);

/* The same with a HostlinkWord. */
void hostlink_call_word(uint32_t type, uint32_t value);

/* Asks for a reset of the system with a POWER_RESET_CAUSE, before the next instruction. */
void hostlink_reset(uint32_t cause);

/* For qemu_wrap.c: the processor has locked up, which the supervisor answers with a reset. */
void hostlink_lock_up(void);

/* The cause of the reset in progress or last done, for the power block. */
uint32_t hostlink_reset_cause(void);

/* Tells where the bolt stands, for POWER_LOST; lockmech says so in `power_off`. */
void hostlink_bolt_stands(uint32_t position);

/* Whether the device has power. Orders arrive in either state. */
bool hostlink_is_powered(void);

/* Whether the lab asked for these calls; `bit` is a HOSTLINK_OBSERVE_... */
bool hostlink_observes(uint32_t bit);

/* What a memory offers to READ, WRITE and DAMAGE. Ranges have been checked; `write` and `damage`
   may be NULL. */
typedef struct HostlinkSpace {
    uint32_t bytes;
    void (*read)(void *opaque, uint32_t offset, uint8_t *ret_bytes, uint32_t bytes);
    void (*write)(void *opaque, uint32_t offset, const uint8_t *from, uint32_t bytes);
    void (*damage)(void *opaque, uint32_t offset, const uint8_t *mask, uint32_t bytes);
} HostlinkSpace;

/* Registers a HOSTLINK_SPACE_..., which must live as long as the process. */
void hostlink_add_space(uint32_t number, const HostlinkSpace *space, void *opaque);

/* For supply.c: carries out, between two instructions, what has become pending; soon and once. */
void hostlink_schedule(void);

/* For qemu_wrap.c: whether time is ours to move (a lab, an instruction counter, the guard on). */
bool hostlink_drives_time(void);

/* For qemu_wrap.c: lives through idle time until the processor has something to do or must not run.
   Called by the vCPU thread in place of sleeping. */
void hostlink_idle(void);

#endif
