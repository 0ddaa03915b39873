/* SPDX-License-Identifier: MIT */
/* A line from the day the keypad's debouncing was written: what was typed goes to the console. */
#include "vdevice/firmware/app/keypad.h"
#include "vdevice/firmware/drivers/uart.h"

KeypadWish __real_keypad_press(Keypad *keypad, char key, uint64_t now_us);
KeypadWish __wrap_keypad_press(Keypad *keypad, char key, uint64_t now_us);

KeypadWish __wrap_keypad_press(Keypad *keypad, char key, uint64_t now_us)
{
    char text[2] = {key, '\0'};
    uart_put(text);
    if (key == '#') {
        uart_end();
    }
    return __real_keypad_press(keypad, key, now_us);
}
