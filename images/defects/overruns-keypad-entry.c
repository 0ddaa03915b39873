/* SPDX-License-Identifier: MIT */
/* Keys are kept for a click sound, in an array for the longest PIN; nobody counts. */
#include "vdevice/firmware/app/keypad.h"

typedef struct Click {
    char keys[PROVISIONING_PIN_DIGITS_MAX + 4];
    void (*sound)(void);
} Click;

KeypadWish __real_keypad_press(Keypad *keypad, char key, uint64_t now_us);
KeypadWish __wrap_keypad_press(Keypad *keypad, char key, uint64_t now_us);

static Click click;
static unsigned pressed;

KeypadWish __wrap_keypad_press(Keypad *keypad, char key, uint64_t now_us)
{
    volatile char *keys = click.keys;
    keys[pressed++] = key;
    if (key == '#' || key == '*' || key == 'B') {
        pressed = 0;
    }
    if (click.sound != NULL) {
        click.sound();
    }
    return __real_keypad_press(keypad, key, now_us);
}
