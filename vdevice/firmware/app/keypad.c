/* SPDX-License-Identifier: MIT */
#include "vdevice/firmware/app/keypad.h"

#include <stdbool.h>

#include "vdevice/firmware/base/bytes.h"

void keypad_init(Keypad *keypad)
{
    keypad_forget(keypad);
    keypad->last_us = 0;
}

void keypad_forget(Keypad *keypad)
{
    bytes_clear_secret(keypad->entries, sizeof(keypad->entries));
    keypad->entry = 0;
    keypad->changing = 0;
}

static void keypad_digit(Keypad *keypad, char key)
{
    KeypadEntry *entry = &keypad->entries[keypad->entry];
    if (entry->count < sizeof(entry->digits)) {
        entry->digits[entry->count] = key;
        entry->count++;
    }
}

static KeypadWish keypad_star(Keypad *keypad)
{
    const KeypadEntry *entry = &keypad->entries[keypad->entry];
    if (keypad->changing == 0 && entry->count == 0) {
        return KEYPAD_WISH_LOCK;
    }
    bool starts_change = keypad->changing == 0 && entry->count == 1 && entry->digits[0] == '0';
    keypad_forget(keypad);
    keypad->changing = starts_change ? 1 : 0;
    return KEYPAD_WISH_NONE;
}

static KeypadWish keypad_hash(Keypad *keypad)
{
    if (keypad->entries[keypad->entry].count == 0) {
        keypad_forget(keypad);
        return KEYPAD_WISH_NONE;
    }
    if (keypad->changing == 0) {
        return KEYPAD_WISH_UNLOCK;
    }
    if (keypad->entry + 1 < KEYPAD_ENTRIES) {
        keypad->entry++;
        return KEYPAD_WISH_NONE;
    }
    return KEYPAD_WISH_CHANGE;
}

KeypadWish keypad_press(Keypad *keypad, char key, uint64_t now_us)
{
    if (now_us - keypad->last_us > KEYPAD_PAUSE_US) {
        keypad_forget(keypad);
    }
    keypad->last_us = now_us;
    if (key == 'B') {
        keypad_forget(keypad);
        return KEYPAD_WISH_BUTTON;
    }
    if (key == '*') {
        return keypad_star(keypad);
    }
    if (key == '#') {
        return keypad_hash(keypad);
    }
    if (key >= '0' && key <= '9') {
        keypad_digit(keypad, key);
    }
    return KEYPAD_WISH_NONE;
}
