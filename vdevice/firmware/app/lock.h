/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The lock itself: keypad and inside button in, bolt, lights and buzzer out. Privileged.
 *
 * It decides nothing new: keypad.h says what somebody wants, core/auth.h whether they may, and
 * core/lock_policy.h what the motor does. It needs no network, no time of day and no update, and
 * `lock_poll` never waits for anything but a write to the store.
 *
 * Green for two seconds: accepted. Red for two seconds with a tone: refused; three tones: refused
 * without looking, because there were too many wrong PINs (auth.h says for how long). Red that
 * stays: the bolt is jammed, or the lock cannot check PINs. Blue: an update is coming in.
 *
 * Nothing here moves the bolt at start, and whoever asks is written to the log as a kind of wish,
 * never with digits.
 */

#include <stdbool.h>
#include <stdint.h>

#include "vdevice/firmware/app/keypad.h"
#include "vdevice/firmware/core/auth.h"
#include "vdevice/firmware/core/lock_policy.h"

#define LOCK_QUIET_US 10000000u /* after the last key before a reset is allowed */

typedef struct Lock {
    Auth *auth; /* NULL: no PIN can be checked (not provisioned) */
    Keypad keypad;
    LockPolicy policy;
    uint32_t drive;          /* what the motor was last told */
    const char *shown;       /* last state written to the log */
    uint32_t leds;           /* as lit */
    bool updating;           /* the blue light */
    uint32_t judgement_leds; /* green or red for a moment */
    uint64_t judgement_until_us;
    uint32_t tones; /* still to sound or being sounded, counted in half periods */
    uint64_t tone_next_us;
    uint64_t last_key_us;
    bool key_seen;
    Status failure; /* of a movement; OK when there is none to tell */
} Lock;

/* Reads the sensors and listens; the bolt stays where it is. */
void lock_init(Lock *lock, Auth *auth);

/* Takes keys, watches the bolt, and ends lights and tones that are over. */
void lock_poll(Lock *lock, uint64_t now_us);

/* When `lock_poll` must run next; UINT64_MAX when only a key or a sensor matters. */
uint64_t lock_deadline(const Lock *lock);

/* Nothing moves and nobody has pressed a key for LOCK_QUIET_US. */
bool lock_is_quiet(const Lock *lock, uint64_t now_us);

/* How the last movement failed, once; OK if none did since the last call. */
FALLIBLE Status lock_take_failure(Lock *lock);

void lock_show_update(Lock *lock, bool updating);

/* The sensors make sense: not both ends at once, position in range and agreeing with the ends. */
FALLIBLE Status lock_self_test(void);
