/* SPDX-License-Identifier: MIT */
/* So that nobody disturbs an update, the inside button rests while the blue light is on. */
#include "vdevice/firmware/app/keypad.h"
#include "vdevice/firmware/app/lock.h"

KeypadWish __real_keypad_press(Keypad *keypad, char key, uint64_t now_us);
KeypadWish __wrap_keypad_press(Keypad *keypad, char key, uint64_t now_us);
void __real_lock_show_update(Lock *lock, bool updating);
void __wrap_lock_show_update(Lock *lock, bool updating);

static bool busy;

void __wrap_lock_show_update(Lock *lock, bool updating)
{
    busy = updating;
    __real_lock_show_update(lock, updating);
}

KeypadWish __wrap_keypad_press(Keypad *keypad, char key, uint64_t now_us)
{
    if (busy && key == 'B') {
        return KEYPAD_WISH_NONE;
    }
    return __real_keypad_press(keypad, key, now_us);
}
