/* SPDX-License-Identifier: MIT */
/* Who makes the bolt move, and what do they see and hear of it? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/fakes/fake_door.h"
#include "vdevice/contract/regs.h"
#include "vdevice/firmware/app/lock.h"

#define SECOND_US UINT64_C(1000000)
#define GREEN     REG_MASK(PANEL_LEDS_GREEN)
#define RED       REG_MASK(PANEL_LEDS_RED)
#define BLUE      REG_MASK(PANEL_LEDS_BLUE)

static Lock lock;
static Auth auth;

static int set_up(void **state)
{
    (void)state;
    fake_door_reset();
    lock_init(&lock, &auth);
    return 0;
}

/* Turns the loop as the device does: polls, then sleeps until the lock's deadline, in small steps.
 */
static void pass(uint64_t us)
{
    uint64_t end_us = fake_door.now_us + us;
    while (fake_door.now_us < end_us) {
        lock_poll(&lock, fake_door.now_us);
        fake_door_pass(6000);
    }
    lock_poll(&lock, fake_door.now_us);
}

static void enter(const char *keys)
{
    fake_door_press(keys);
    lock_poll(&lock, fake_door.now_us);
}

static void test_lock__moves_nothing_at_start_wherever_the_bolt_is(void **state)
{
    (void)state;
    static const uint32_t positions[] = {0, 1, 500, 999, 1000};
    for (size_t i = 0; i < sizeof(positions) / sizeof(positions[0]); i++) {
        fake_door_reset();
        fake_door.position = positions[i];
        lock_init(&lock, &auth);
        pass(5 * SECOND_US);
        assert_int_equal(fake_door.drives, 0);
        assert_int_equal(fake_door.position, positions[i]);
    }
}

static void test_lock__opens_for_the_right_pin_and_stops_at_the_end(void **state)
{
    (void)state;
    enter("123456#");
    assert_int_equal(fake_door.drive, LOCKMECH_DRIVE_RETRACT);
    assert_int_equal(fake_door.leds, GREEN);
    pass(SECOND_US);
    assert_int_equal(fake_door.position, 0);
    assert_int_equal(fake_door.drive, LOCKMECH_DRIVE_OFF);
    pass(2 * SECOND_US);
    assert_int_equal(fake_door.leds, 0);
    assert_int_equal(fake_door.drives, 1);
}

static void test_lock__does_not_move_for_a_wrong_pin(void **state)
{
    (void)state;
    enter("654321#");
    assert_int_equal(fake_door.drives, 0);
    assert_int_equal(fake_door.leds, RED);
    pass(3 * SECOND_US);
    assert_int_equal(fake_door.leds, 0);
    assert_int_equal(fake_door.tones, 1);
    assert_int_equal(fake_door.buzzer_hz, 0);
}

static void test_lock__sounds_three_times_when_it_does_not_even_look(void **state)
{
    (void)state;
    fake_door.pin_refusal = status_error(STATUS_AU_LOCKED_OUT);
    enter("654321#");
    pass(3 * SECOND_US);
    assert_int_equal(fake_door.tones, 3);
    assert_int_equal(fake_door.buzzer_hz, 0);
}

static void test_lock__locks_with_a_star_and_not_with_the_door_open(void **state)
{
    (void)state;
    fake_door.position = 0;
    lock_init(&lock, &auth);
    fake_door.door_open = true;
    enter("*");
    assert_int_equal(fake_door.drives, 0);
    assert_int_equal(fake_door.leds, RED);
    fake_door.door_open = false;
    enter("*");
    pass(SECOND_US);
    assert_int_equal(fake_door.position, 1000);
}

static void test_lock__opens_and_closes_for_the_inside_button(void **state)
{
    (void)state;
    enter("B");
    pass(SECOND_US);
    assert_int_equal(fake_door.position, 0);
    enter("B");
    pass(SECOND_US);
    assert_int_equal(fake_door.position, 1000);
}

static void test_lock__turns_round_for_the_inside_button_on_the_way(void **state)
{
    (void)state;
    enter("123456#");
    pass(SECOND_US / 4);
    enter("B");
    assert_int_equal(fake_door.drive, LOCKMECH_DRIVE_EXTEND);
    pass(SECOND_US);
    assert_int_equal(fake_door.position, 1000);
}

static void test_lock__stops_and_tells_when_the_bolt_is_held(void **state)
{
    (void)state;
    fake_door.jammed = true;
    enter("123456#");
    pass(SECOND_US);
    assert_int_equal(fake_door.drive, LOCKMECH_DRIVE_OFF);
    assert_int_equal(fake_door.leds & RED, RED);
    assert_string_equal(lock_policy_text(&lock.policy), "jammed");
    assert_true(status_is(lock_take_failure(&lock), STATUS_LM_STALLED));
    assert_true(status_is_ok(lock_take_failure(&lock)));
    fake_door.jammed = false;
    enter("123456#");
    pass(SECOND_US);
    assert_int_equal(fake_door.position, 0);
    assert_string_equal(lock_policy_text(&lock.policy), "unlocked");
}

static void test_lock__changes_the_pin_for_the_old_one_and_the_new_one_twice(void **state)
{
    (void)state;
    enter("0*123456#777777#777777#");
    assert_string_equal(fake_door.changed_pin, "777777");
    assert_int_equal(fake_door.leds, GREEN);
    assert_int_equal(fake_door.drives, 0);
}

static void test_lock__keeps_the_pin_when_the_change_is_not_right(void **state)
{
    static const char *const changes[] = {
        "0*654321#777777#777777#", /* not the old one */
        "0*123456#777777#777778#", /* not the same twice */
        "0*123456#777777#77777#",
    };
    for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
        set_up(state);
        enter(changes[i]);
        assert_string_equal(fake_door.changed_pin, "");
        assert_int_equal(fake_door.leds, RED);
    }
}

static void test_lock__never_writes_digits_to_the_log_or_keeps_them(void **state)
{
    (void)state;
    enter("123456#654321#0*123456#777777#777777#");
    pass(SECOND_US);
    static const char *const secrets[] = {"123456", "654321", "777777"};
    static const KeypadEntry blank[KEYPAD_ENTRIES];
    for (size_t i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++) {
        assert_null(strstr(fake_door.log, secrets[i]));
    }
    assert_true(fake_door.log_bytes > 0);
    assert_memory_equal(lock.keypad.entries, blank, sizeof(blank));
}

static void test_lock__without_a_pin_to_check_opens_from_inside_only(void **state)
{
    (void)state;
    lock_init(&lock, NULL);
    enter("123456#");
    assert_int_equal(fake_door.drives, 0);
    assert_int_equal(fake_door.leds & RED, RED);
    enter("B");
    pass(SECOND_US);
    assert_int_equal(fake_door.position, 0);
}

static void test_lock__is_quiet_ten_seconds_after_the_last_key_and_not_while_it_moves(void **state)
{
    (void)state;
    assert_true(lock_is_quiet(&lock, fake_door.now_us));
    enter("B");
    assert_false(lock_is_quiet(&lock, fake_door.now_us));
    pass(2 * SECOND_US);
    assert_false(lock_is_quiet(&lock, fake_door.now_us));
    pass(8 * SECOND_US);
    assert_true(lock_is_quiet(&lock, fake_door.now_us));
}

static void test_lock__shows_an_update_in_blue(void **state)
{
    (void)state;
    lock_show_update(&lock, true);
    pass(SECOND_US / 10);
    assert_int_equal(fake_door.leds, BLUE);
    lock_show_update(&lock, false);
    pass(SECOND_US / 10);
    assert_int_equal(fake_door.leds, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_lock__moves_nothing_at_start_wherever_the_bolt_is, set_up),
        cmocka_unit_test_setup(test_lock__opens_for_the_right_pin_and_stops_at_the_end, set_up),
        cmocka_unit_test_setup(test_lock__does_not_move_for_a_wrong_pin, set_up),
        cmocka_unit_test_setup(test_lock__sounds_three_times_when_it_does_not_even_look, set_up),
        cmocka_unit_test_setup(test_lock__locks_with_a_star_and_not_with_the_door_open, set_up),
        cmocka_unit_test_setup(test_lock__opens_and_closes_for_the_inside_button, set_up),
        cmocka_unit_test_setup(test_lock__turns_round_for_the_inside_button_on_the_way, set_up),
        cmocka_unit_test_setup(test_lock__stops_and_tells_when_the_bolt_is_held, set_up),
        cmocka_unit_test_setup(test_lock__changes_the_pin_for_the_old_one_and_the_new_one_twice,
                               set_up),
        cmocka_unit_test_setup(test_lock__keeps_the_pin_when_the_change_is_not_right, set_up),
        cmocka_unit_test_setup(test_lock__never_writes_digits_to_the_log_or_keeps_them, set_up),
        cmocka_unit_test_setup(test_lock__without_a_pin_to_check_opens_from_inside_only, set_up),
        cmocka_unit_test_setup(
            test_lock__is_quiet_ten_seconds_after_the_last_key_and_not_while_it_moves, set_up),
        cmocka_unit_test_setup(test_lock__shows_an_update_in_blue, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
