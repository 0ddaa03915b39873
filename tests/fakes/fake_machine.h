/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A machine without QEMU: a thread that speaks the hostlink and lives by a script.
 *
 * The script is a list of calls with their device times. Before each call the fake respects the
 * horizon it was given, as a machine does: it calls HORIZON first if the next step lies beyond. It
 * keeps real memories (WRITE, READ, DAMAGE, and its own scripted operations), loses power when told
 * to, and begins the script anew at BEGIN. After the last step it idles for ever. A step of type
 * FAKE_RAW sends its bytes as they are, whatever they are; that is how it lies.
 *
 * The fake owns its thread and its end of the socket; the script stays the caller's. What it was
 * ordered can be looked at after `fake_machine_join`.
 */

#include <stdint.h>

#include <glib.h>

#define FAKE_RAW  UINT32_MAX        /* bytes as they are, header and all */
#define FAKE_HANG (UINT32_MAX - 1u) /* never says anything again */
#define FAKE_DIE  (UINT32_MAX - 2u) /* closes the link */
#define FAKE_ROT  (UINT32_MAX - 3u) /* flips a byte of flash and tells nobody; body: its offset */

typedef struct FakeStep {
    uint64_t at; /* device time since BEGIN */
    uint32_t type;
    const void *body;
    uint32_t body_bytes;
} FakeStep;

typedef struct FakeOrder {
    uint32_t type;
    uint64_t time;  /* device time at which it was carried out */
    uint32_t value; /* first word of the body, or 0 */
} FakeOrder;

typedef struct FakeMachine FakeMachine;

/* Starts the fake. `ret_fd` is the lab's end, for `machine_adopt`. */
FakeMachine *fake_machine_start(const FakeStep *steps, size_t count, int *ret_fd);

/* Waits until the lab has closed its end, and gives the orders: an array of FakeOrder. */
const GArray *fake_machine_join(FakeMachine *fake);

void fake_machine_free(FakeMachine *fake);
