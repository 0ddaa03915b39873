/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What somebody means by the keys they press.
 *
 *     <PIN> #                      unlock, if the PIN is right
 *     *                            lock
 *     B (the inside button)        lock if unlocked, unlock if locked
 *     0 * <old> # <new> # <new> #  change the PIN
 *
 * `*` in the middle of an entry, or KEYPAD_PAUSE_US without a key, forgets the entry. The inside
 * button works at any time and forgets an entry, too. Digits beyond the longest PIN are swallowed
 * and make the entry wrong, so nobody learns the length from the panel.
 *
 * Keypad knows nothing of right and wrong: it hands over digits, which the caller must clear with
 * `keypad_forget` as soon as it has judged them. It touches no hardware and cannot fail.
 */

#include <stddef.h>
#include <stdint.h>

#include "vdevice/contract/provisioning.h"

#define KEYPAD_PAUSE_US 10000000u

typedef enum KeypadWish {
    KEYPAD_WISH_NONE, /* nothing yet */
    KEYPAD_WISH_LOCK,
    KEYPAD_WISH_BUTTON,
    KEYPAD_WISH_UNLOCK, /* `entries[0]` */
    KEYPAD_WISH_CHANGE, /* `entries[0]` is the old PIN; [1] and [2] are the new one, twice */
} KeypadWish;

enum {
    KEYPAD_ENTRIES = 3,
};

typedef struct KeypadEntry {
    char digits[PROVISIONING_PIN_DIGITS_MAX + 1]; /* not terminated; one more than a PIN may have */
    size_t count;
} KeypadEntry;

typedef struct Keypad {
    KeypadEntry entries[KEYPAD_ENTRIES];
    size_t entry;      /* being entered */
    uint32_t changing; /* 1: in a change of PIN */
    uint64_t last_us;  /* of the last key */
} Keypad;

void keypad_init(Keypad *keypad);

/* Takes a key at a time; what comes back is what the person wants done now. */
KeypadWish keypad_press(Keypad *keypad, char key, uint64_t now_us);

/* Overwrites all that was entered. */
void keypad_forget(Keypad *keypad);
