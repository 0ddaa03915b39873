/* SPDX-License-Identifier: MIT */
/* Is only the right PIN right, and is guessing slow, whatever the power does? */
#include "tests/unit/firmware/unit.h"

#include <string.h>

#include "tests/fakes/fake_flash.h"
#include "vdevice/firmware/base/derive.h"
#include "vdevice/firmware/core/auth.h"

#define SECOND 1000000u

static const uint8_t pin_key[32] = {7};
static const uint8_t salt[16] = {9};

typedef struct Door {
    Store store;
    Auth auth;
} Door;

static void open_at(Door *door, uint64_t now_us)
{
    AuthVerifier factory = {.iterations = 4};
    memcpy(factory.salt, salt, sizeof salt);
    assert_ok(derive_pin_verifier(pin_key, "12345678", 8, salt, 4, factory.verifier));
    assert_ok(store_open(&door->store));
    auth_init(&door->auth, &door->store, &factory, pin_key, now_us);
}

static Status try_pin(Door *door, const char *pin, uint64_t now_us)
{
    return auth_check_pin(&door->auth, pin, strlen(pin), now_us);
}

static int set_up(void **state)
{
    (void)state;
    fake_flash_blank();
    return 0;
}

static void test_auth__takes_the_right_pin_only(void **state)
{
    (void)state;
    Door door;
    open_at(&door, 0);
    assert_ok(try_pin(&door, "12345678", 0));
    static const char *const wrong[] = {"12345679", "02345678", "1234567", "123456789"};
    for (size_t i = 0; i < 4; i++) {
        assert_status(try_pin(&door, wrong[i], 0), STATUS_AU_WRONG);
    }
    assert_ok(try_pin(&door, "12345678", 0));
    assert_int_equal(door.auth.wrong, 0);
}

static void test_auth__does_not_count_what_is_no_pin(void **state)
{
    (void)state;
    Door door;
    open_at(&door, 0);
    static const char *const odd[] = {"", "12345", "1234567890123", "12345a78", "12345 78"};
    for (size_t i = 0; i < 5; i++) {
        assert_status(try_pin(&door, odd[i], 0), STATUS_AU_FORM);
    }
    assert_int_equal(fake_flash_operations(), 0);
}

static void test_auth__waits_longer_after_each_wrong_pin(void **state)
{
    (void)state;
    Door door;
    open_at(&door, 0);
    uint64_t now = 0;
    for (uint32_t i = 0; i < AUTH_FREE_ATTEMPTS; i++) {
        assert_int_equal(auth_wait_seconds(&door.auth, now), 0);
        assert_status(try_pin(&door, "00000000", now), STATUS_AU_WRONG);
    }
    static const uint32_t waits[] = {30, 60, 120, 240, 480, 960, 1920, 3600, 3600};
    for (size_t i = 0; i < sizeof waits / sizeof waits[0]; i++) {
        assert_int_equal(auth_wait_seconds(&door.auth, now), waits[i]);
        now += (uint64_t)waits[i] * SECOND;
        assert_status(try_pin(&door, "12345678", now - 1), STATUS_AU_LOCKED_OUT);
        assert_status(try_pin(&door, "00000000", now), STATUS_AU_WRONG);
    }
    now += 3600u * (uint64_t)SECOND;
    assert_ok(try_pin(&door, "12345678", now));
    assert_int_equal(auth_wait_seconds(&door.auth, now), 0);
}

static void test_auth__waits_again_after_a_reset(void **state)
{
    (void)state;
    Door door;
    open_at(&door, 0);
    for (uint32_t i = 0; i < AUTH_FREE_ATTEMPTS; i++) {
        assert_status(try_pin(&door, "00000000", 0), STATUS_AU_WRONG);
    }
    open_at(&door, 0);
    assert_status(try_pin(&door, "12345678", 30u * SECOND - 1), STATUS_AU_LOCKED_OUT);
    assert_ok(try_pin(&door, "12345678", 30u * SECOND));
}

static void test_auth__refuses_when_it_cannot_count(void **state)
{
    (void)state;
    Door door;
    open_at(&door, 0);
    fake_flash_break(true);
    assert_status(try_pin(&door, "12345678", 0), STATUS_FL_VERIFY);
}

static void test_auth__keeps_a_changed_pin(void **state)
{
    (void)state;
    Door door;
    open_at(&door, 0);
    uint8_t fresh[16] = {1, 2, 3};
    assert_status(auth_change_pin(&door.auth, "123", 3, fresh), STATUS_AU_FORM);
    assert_ok(auth_change_pin(&door.auth, "654321", 6, fresh));
    open_at(&door, 0);
    assert_status(try_pin(&door, "12345678", 0), STATUS_AU_WRONG);
    assert_ok(try_pin(&door, "654321", 0));
}

static void guess(void *user_data)
{
    Door *door = user_data;
    (void)try_pin(door, "00000000", 0);
}

static void test_auth__counts_a_guess_that_is_cut_off_before_its_answer(void **state)
{
    (void)state;
    for (uint32_t torn = 0; torn < FAKE_TORN_STATES; torn++) {
        fake_flash_blank();
        Door door;
        open_at(&door, 0);
        assert_ok(try_pin(&door, "12345678", 0));
        fake_flash_number();
        fake_flash_cut_at(1, fake_flash_torn(torn));
        assert_false(fake_flash_run(guess, &door));
        open_at(&door, 0);
        /* Torn before it was counted, the PIN was not looked at either; else it is counted. */
        assert_in_range(door.auth.wrong, 0, 1);
        if (fake_flash_torn(torn).kind == HOSTLINK_TORN_COMPLETE) {
            assert_int_equal(door.auth.wrong, 1);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_auth__takes_the_right_pin_only, set_up),
        cmocka_unit_test_setup(test_auth__does_not_count_what_is_no_pin, set_up),
        cmocka_unit_test_setup(test_auth__waits_longer_after_each_wrong_pin, set_up),
        cmocka_unit_test_setup(test_auth__waits_again_after_a_reset, set_up),
        cmocka_unit_test_setup(test_auth__refuses_when_it_cannot_count, set_up),
        cmocka_unit_test_setup(test_auth__keeps_a_changed_pin, set_up),
        cmocka_unit_test_setup(test_auth__counts_a_guess_that_is_cut_off_before_its_answer, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
