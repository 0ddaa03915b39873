/* SPDX-License-Identifier: MIT */
/* Do the small policies decide as they say: which slot, when the motor runs, how long to wait? */
#include "tests/unit/firmware/unit.h"

#include "vdevice/contract/cloud_api.h"
#include "vdevice/contract/regs.h"
#include "vdevice/firmware/core/backoff.h"
#include "vdevice/firmware/core/boot_policy.h"
#include "vdevice/firmware/core/lock_policy.h"

/* A journal state and what is chosen first, then, if that slot is refused, second. */
typedef struct BootCase {
    JournalRecord journal;
    BootChoice first;
    BootChoice second;
} BootCase;

static const Status refusal = {STATUS_IM_DIGEST};

static void assert_choice(const BootChoice *actual, const BootChoice *expected)
{
    assert_int_equal(actual->slot, expected->slot);
    assert_int_equal(actual->state, expected->state);
    assert_int_equal(actual->attempts, expected->attempts);
    assert_int_equal(actual->append, expected->append);
}

static void test_boot_policy__chooses_as_the_table_says(void **state)
{
    (void)state;
    static const BootCase cases[] = {
        {{.state = JOURNAL_CONFIRMED, .slot = 0},
         {.slot = 0, .state = JOURNAL_CONFIRMED},
         {.slot = 1, .state = JOURNAL_REVERTED, .append = true}},
        {{.state = JOURNAL_CONFIRMED, .slot = 1},
         {.slot = 1, .state = JOURNAL_CONFIRMED},
         {.slot = 0, .state = JOURNAL_REVERTED, .append = true}},
        {{.state = JOURNAL_REVERTED, .slot = 1},
         {.slot = 1, .state = JOURNAL_REVERTED},
         {.slot = 0, .state = JOURNAL_REVERTED, .append = true}},
        {{.state = JOURNAL_STAGED, .slot = 1},
         {.slot = 1, .state = JOURNAL_TRIAL, .attempts = 1, .append = true},
         {.slot = 0, .state = JOURNAL_REVERTED, .append = true}},
        {{.state = JOURNAL_TRIAL, .slot = 1, .attempts = 1},
         {.slot = 1, .state = JOURNAL_TRIAL, .attempts = 2, .append = true},
         {.slot = 0, .state = JOURNAL_REVERTED, .append = true}},
        {{.state = JOURNAL_TRIAL, .slot = 1, .attempts = JOURNAL_TRIALS_MAX},
         {.slot = 0, .state = JOURNAL_REVERTED, .append = true},
         {.slot = 1, .state = JOURNAL_REVERTED, .append = true}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        BootChoice choice = boot_policy_start(&cases[i].journal);
        assert_choice(&choice, &cases[i].first);
        assert_true(boot_policy_fall_back(&choice, refusal));
        assert_choice(&choice, &cases[i].second);
        assert_status(choice.reason, STATUS_IM_DIGEST);
        assert_false(boot_policy_fall_back(&choice, refusal));
    }
}

static void test_boot_policy__burns_the_counter_for_a_confirmed_image_only(void **state)
{
    (void)state;
    static const uint32_t states[] = {JOURNAL_CONFIRMED, JOURNAL_TRIAL, JOURNAL_REVERTED};
    for (size_t i = 0; i < 3; i++) {
        BootChoice choice = {.state = states[i]};
        assert_int_equal(boot_policy_burns_counter(&choice), states[i] == JOURNAL_CONFIRMED);
    }
}

static LockmechSensors at(uint32_t position)
{
    return (LockmechSensors){
        .position = position,
        .extended = position == 1000,
        .retracted = position == 0,
        .door_closed = true,
    };
}

static LockPolicy lock_at(uint32_t position)
{
    LockPolicy lock;
    LockmechSensors sensors = at(position);
    lock_policy_init(&lock, &sensors);
    return lock;
}

static void test_lock_policy__moves_nothing_at_start_wherever_the_bolt_is(void **state)
{
    (void)state;
    static const uint32_t positions[] = {0, 1, 500, 999, 1000};
    for (size_t i = 0; i < sizeof positions / sizeof positions[0]; i++) {
        LockPolicy lock = lock_at(positions[i]);
        for (uint64_t now = 0; now < 10000000; now += 1000000) {
            LockmechSensors sensors = at(positions[i]);
            lock_policy_step(&lock, &sensors, now);
            assert_int_equal(lock_policy_drive(&lock), LOCKMECH_DRIVE_OFF);
            assert_true(lock_policy_deadline_us(&lock) == UINT64_MAX);
        }
    }
}

static void test_lock_policy__drives_until_the_end_and_no_longer(void **state)
{
    (void)state;
    LockPolicy lock = lock_at(1000);
    LockmechSensors sensors = at(1000);
    assert_ok(lock_policy_command(&lock, LOCK_COMMAND_UNLOCK, &sensors, 0));
    assert_int_equal(lock_policy_drive(&lock), LOCKMECH_DRIVE_RETRACT);
    assert_string_equal(lock_policy_text(&lock), "moving");
    sensors = at(1);
    lock_policy_step(&lock, &sensors, 1);
    assert_int_equal(lock_policy_drive(&lock), LOCKMECH_DRIVE_RETRACT);
    sensors = at(0);
    lock_policy_step(&lock, &sensors, 2);
    assert_int_equal(lock_policy_drive(&lock), LOCKMECH_DRIVE_OFF);
    assert_string_equal(lock_policy_text(&lock), "unlocked");
}

static void test_lock_policy__stops_at_a_stall_and_at_its_deadline(void **state)
{
    (void)state;
    LockPolicy lock = lock_at(0);
    LockmechSensors sensors = at(0);
    assert_ok(lock_policy_command(&lock, LOCK_COMMAND_LOCK, &sensors, 100));
    sensors = at(300);
    sensors.stalled = true;
    lock_policy_step(&lock, &sensors, 200);
    assert_int_equal(lock_policy_drive(&lock), LOCKMECH_DRIVE_OFF);
    assert_status(lock.last, STATUS_LM_STALLED);
    assert_string_equal(lock_policy_text(&lock), "jammed");

    sensors.stalled = false;
    assert_ok(lock_policy_command(&lock, LOCK_COMMAND_LOCK, &sensors, 1000));
    lock_policy_step(&lock, &sensors, 1000 + LOCK_POLICY_MOVE_US_MAX - 1);
    assert_int_equal(lock_policy_drive(&lock), LOCKMECH_DRIVE_EXTEND);
    lock_policy_step(&lock, &sensors, 1000 + LOCK_POLICY_MOVE_US_MAX);
    assert_int_equal(lock_policy_drive(&lock), LOCKMECH_DRIVE_OFF);
    assert_status(lock.last, STATUS_LM_TIMEOUT);
}

static void test_lock_policy__does_not_throw_the_bolt_with_the_door_open(void **state)
{
    (void)state;
    LockPolicy lock = lock_at(0);
    LockmechSensors sensors = at(0);
    sensors.door_closed = false;
    assert_status(lock_policy_command(&lock, LOCK_COMMAND_LOCK, &sensors, 0), STATUS_LM_DOOR_OPEN);
    assert_int_equal(lock_policy_drive(&lock), LOCKMECH_DRIVE_OFF);
}

static void test_lock_policy__reports_a_bolt_turned_by_hand(void **state)
{
    (void)state;
    LockPolicy lock = lock_at(1000);
    LockmechSensors sensors = at(0);
    lock_policy_step(&lock, &sensors, 5);
    assert_string_equal(lock_policy_text(&lock), "unlocked");
    assert_int_equal(lock_policy_drive(&lock), LOCKMECH_DRIVE_OFF);
}

static void test_backoff__draws_between_its_bounds_and_grows(void **state)
{
    (void)state;
    uint32_t random = 1;
    Backoff backoff = {0};
    uint32_t last = CLOUD_BACKOFF_SECONDS_MIN * 1000;
    for (uint32_t i = 0; i < 100000; i++) {
        random = random * 1664525u + 1013904223u;
        uint32_t high = 3 * last;
        if (high > CLOUD_BACKOFF_SECONDS_MAX * 1000) {
            high = CLOUD_BACKOFF_SECONDS_MAX * 1000;
        }
        uint32_t wait = backoff_next_ms(&backoff, random);
        assert_in_range(wait, CLOUD_BACKOFF_SECONDS_MIN * 1000, high);
        last = wait;
    }
    backoff_reset(&backoff);
    assert_int_equal(backoff_next_ms(&backoff, 0), 4000);
    backoff_reset(&backoff);
    assert_int_equal(backoff_next_ms(&backoff, UINT32_MAX), 12000);
    assert_int_equal(backoff_next_ms(&backoff, UINT32_MAX), 36000);
    for (uint32_t i = 0; i < 10; i++) {
        last = backoff_next_ms(&backoff, UINT32_MAX);
    }
    assert_int_equal(last, CLOUD_BACKOFF_SECONDS_MAX * 1000);
}

static void test_backoff__jitters_by_a_quarter_at_most(void **state)
{
    (void)state;
    assert_int_equal(backoff_jitter_ms(600000, 0), 450000);
    assert_int_equal(backoff_jitter_ms(600000, UINT32_MAX), 750000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_boot_policy__chooses_as_the_table_says),
        cmocka_unit_test(test_boot_policy__burns_the_counter_for_a_confirmed_image_only),
        cmocka_unit_test(test_lock_policy__moves_nothing_at_start_wherever_the_bolt_is),
        cmocka_unit_test(test_lock_policy__drives_until_the_end_and_no_longer),
        cmocka_unit_test(test_lock_policy__stops_at_a_stall_and_at_its_deadline),
        cmocka_unit_test(test_lock_policy__does_not_throw_the_bolt_with_the_door_open),
        cmocka_unit_test(test_lock_policy__reports_a_bolt_turned_by_hand),
        cmocka_unit_test(test_backoff__draws_between_its_bounds_and_grows),
        cmocka_unit_test(test_backoff__jitters_by_a_quarter_at_most),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
