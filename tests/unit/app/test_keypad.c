/* SPDX-License-Identifier: MIT */
/* What does somebody mean by the keys they press? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "vdevice/firmware/app/keypad.h"

#define SECOND_US UINT64_C(1000000)

/* Presses all of `keys`, a second apart; the last wish is what counts, no earlier one may come. */
static KeypadWish press(Keypad *keypad, const char *keys)
{
    KeypadWish wish = KEYPAD_WISH_NONE;
    for (size_t i = 0; keys[i] != '\0'; i++) {
        assert_int_equal(wish, KEYPAD_WISH_NONE);
        wish = keypad_press(keypad, keys[i], keypad->last_us + SECOND_US);
    }
    return wish;
}

static void assert_entry(const Keypad *keypad, size_t index, const char *digits)
{
    assert_int_equal(keypad->entries[index].count, strlen(digits));
    assert_memory_equal(keypad->entries[index].digits, digits, strlen(digits));
}

static void test_keypad__unlocks_with_digits_and_hash(void **state)
{
    (void)state;
    Keypad keypad;
    keypad_init(&keypad);
    assert_int_equal(press(&keypad, "123456#"), KEYPAD_WISH_UNLOCK);
    assert_entry(&keypad, 0, "123456");
}

static void test_keypad__locks_with_a_star_alone(void **state)
{
    (void)state;
    Keypad keypad;
    keypad_init(&keypad);
    assert_int_equal(press(&keypad, "*"), KEYPAD_WISH_LOCK);
}

static void test_keypad__takes_a_star_after_digits_as_a_new_beginning(void **state)
{
    (void)state;
    Keypad keypad;
    keypad_init(&keypad);
    assert_int_equal(press(&keypad, "99*123456#"), KEYPAD_WISH_UNLOCK);
    assert_entry(&keypad, 0, "123456");
}

static void test_keypad__forgets_an_entry_after_a_pause_and_not_before(void **state)
{
    (void)state;
    Keypad keypad;
    keypad_init(&keypad);
    keypad_press(&keypad, '9', SECOND_US);
    keypad_press(&keypad, '1', SECOND_US + KEYPAD_PAUSE_US);
    assert_int_equal(keypad.entries[0].count, 2);
    keypad_press(&keypad, '2', SECOND_US + 2 * KEYPAD_PAUSE_US + 1);
    assert_entry(&keypad, 0, "2");
}

static void test_keypad__hears_the_inside_button_at_any_time(void **state)
{
    (void)state;
    static const char *const keys[] = {"B", "12B", "0*123456#65B"};
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        Keypad keypad;
        keypad_init(&keypad);
        assert_int_equal(press(&keypad, keys[i]), KEYPAD_WISH_BUTTON);
        assert_int_equal(keypad.entries[0].count, 0);
    }
}

static void test_keypad__changes_the_pin_with_three_entries(void **state)
{
    (void)state;
    Keypad keypad;
    keypad_init(&keypad);
    assert_int_equal(press(&keypad, "0*111111#222222#333333#"), KEYPAD_WISH_CHANGE);
    assert_entry(&keypad, 0, "111111");
    assert_entry(&keypad, 1, "222222");
    assert_entry(&keypad, 2, "333333");
}

static void test_keypad__leaves_a_change_at_an_empty_entry(void **state)
{
    (void)state;
    Keypad keypad;
    keypad_init(&keypad);
    assert_int_equal(press(&keypad, "0*111111##"), KEYPAD_WISH_NONE);
    assert_int_equal(press(&keypad, "222222#"), KEYPAD_WISH_UNLOCK);
}

static void test_keypad__makes_nothing_of_a_hash_alone(void **state)
{
    (void)state;
    Keypad keypad;
    keypad_init(&keypad);
    assert_int_equal(press(&keypad, "##"), KEYPAD_WISH_NONE);
}

static void test_keypad__keeps_one_digit_more_than_a_pin_may_have(void **state)
{
    (void)state;
    Keypad keypad;
    keypad_init(&keypad);
    assert_int_equal(press(&keypad, "12345678901234567890#"), KEYPAD_WISH_UNLOCK);
    assert_int_equal(keypad.entries[0].count, PROVISIONING_PIN_DIGITS_MAX + 1);
}

static void test_keypad__leaves_no_digit_behind_when_told_to_forget(void **state)
{
    (void)state;
    Keypad keypad;
    keypad_init(&keypad);
    press(&keypad, "0*111111#222222#33");
    keypad_forget(&keypad);
    static const KeypadEntry blank[KEYPAD_ENTRIES];
    assert_memory_equal(keypad.entries, blank, sizeof(blank));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keypad__unlocks_with_digits_and_hash),
        cmocka_unit_test(test_keypad__locks_with_a_star_alone),
        cmocka_unit_test(test_keypad__takes_a_star_after_digits_as_a_new_beginning),
        cmocka_unit_test(test_keypad__forgets_an_entry_after_a_pause_and_not_before),
        cmocka_unit_test(test_keypad__hears_the_inside_button_at_any_time),
        cmocka_unit_test(test_keypad__changes_the_pin_with_three_entries),
        cmocka_unit_test(test_keypad__leaves_a_change_at_an_empty_entry),
        cmocka_unit_test(test_keypad__makes_nothing_of_a_hash_alone),
        cmocka_unit_test(test_keypad__keeps_one_digit_more_than_a_pin_may_have),
        cmocka_unit_test(test_keypad__leaves_no_digit_behind_when_told_to_forget),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
