/* SPDX-License-Identifier: MIT */
/* Does the boot journal say what was last recorded, whatever the power does? */
#include "tests/unit/firmware/unit.h"

#include <string.h>

#include "tests/fakes/fake_flash.h"
#include "vdevice/firmware/core/journal.h"
#include "vdevice/firmware/core/journal_record.h"

#define SECTOR_RECORDS (FLASH_SECTOR_BYTES / JOURNAL_RECORD_BYTES)

static Journal opened(void)
{
    Journal journal;
    journal_open(&journal);
    return journal;
}

/* Appends `count` records; each carries its number as its version. */
static void fill(uint32_t count)
{
    Journal journal = opened();
    for (uint32_t i = 0; i < count; i++) {
        uint32_t number = journal.current.sequence + 1;
        assert_ok(journal_append(&journal, JOURNAL_CONFIRMED, number % 2, number, 0, status_ok()));
    }
}

static void fill_one(void *user_data)
{
    (void)user_data;
    fill(1);
}

static void test_journal__is_confirmed_in_slot_a_when_empty(void **state)
{
    (void)state;
    fake_flash_blank();
    Journal journal = opened();
    assert_int_equal(journal.current.state, JOURNAL_CONFIRMED);
    assert_int_equal(journal.current.slot, 0);
    assert_int_equal(journal.current.sequence, 0);
    assert_int_equal(fake_flash_operations(), 0);
}

static void test_journal__keeps_every_field(void **state)
{
    (void)state;
    fake_flash_blank();
    Journal journal = opened();
    assert_ok(journal_append(&journal, JOURNAL_TRIAL, 1, 0x01020003, 2, status_ok()));
    assert_ok(journal_append(&journal, JOURNAL_REVERTED, 0, 7, 0, status_error(STATUS_BT_TRIALS)));
    Journal again = opened();
    assert_memory_equal(&again.current, &journal.current, sizeof again.current);
    assert_int_equal(again.current.sequence, 2);
    assert_int_equal(again.current.reason, STATUS_BT_TRIALS);
}

static void test_journal__goes_on_through_many_sectors(void **state)
{
    (void)state;
    fake_flash_blank();
    for (uint32_t i = 1; i <= 5 * SECTOR_RECORDS; i++) {
        fill(1);
        assert_int_equal(opened().current.version, i);
    }
    assert_in_range(fake_flash_wear(JOURNAL_OFFSET), 2, 3);
    assert_in_range(fake_flash_wear(JOURNAL_OFFSET + FLASH_SECTOR_BYTES), 2, 3);
}

static void test_journal__takes_one_operation_a_record(void **state)
{
    (void)state;
    fake_flash_blank();
    fill(1);
    fake_flash_number();
    fill(1);
    assert_int_equal(fake_flash_operations(), 1);
}

static void test_journal_record__is_refused_when_any_bit_is_wrong(void **state)
{
    (void)state;
    JournalRecord record = {.sequence = 9, .state = JOURNAL_STAGED, .slot = 1, .version = 3};
    journal_record_seal(&record);
    assert_true(journal_record_is_valid(&record));
    for (uint32_t bit = 0; bit < 8 * sizeof record; bit++) {
        JournalRecord damaged = record;
        ((uint8_t *)&damaged)[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        assert_false(journal_record_is_valid(&damaged));
    }
}

static void test_journal_record__is_refused_out_of_range_though_its_crc_is_right(void **state)
{
    (void)state;
    static const JournalRecord wrong[] = {
        {.sequence = 0, .state = JOURNAL_STAGED},
        {.sequence = 1, .state = 0},
        {.sequence = 1, .state = JOURNAL_STAGED, .slot = 2},
        {.sequence = 1, .state = JOURNAL_TRIAL, .attempts = JOURNAL_TRIALS_MAX + 1},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        JournalRecord record = wrong[i];
        journal_record_seal(&record);
        assert_false(journal_record_is_valid(&record));
    }
}

static void test_journal__says_so_when_flash_does_not_take_a_record(void **state)
{
    (void)state;
    fake_flash_blank();
    fill(3);
    fake_flash_break(true);
    Journal journal = opened();
    assert_status(journal_append(&journal, JOURNAL_STAGED, 1, 9, 0, status_ok()),
                  STATUS_BT_JOURNAL);
    assert_int_equal(journal.current.version, 3);
    fake_flash_break(false);
    assert_ok(journal_append(&journal, JOURNAL_STAGED, 1, 9, 0, status_ok()));
    assert_int_equal(opened().current.version, 9);
}

/*
 * With `before` records written, cuts each operation of one more append in each way. Afterwards the
 * journal must hold the old record or the new one, take another, and stay right when weak bits go.
 */
static void cut_append_after(uint32_t before)
{
    fake_flash_blank();
    fill(before);
    fake_flash_save();
    fill(1);
    fake_flash_restore();
    fill(1);
    uint32_t operations = fake_flash_operations();
    for (uint32_t operation = 1; operation <= operations; operation++) {
        for (uint32_t torn = 0; torn < FAKE_TORN_STATES; torn++) {
            fake_flash_restore();
            fake_flash_cut_at(operation, fake_flash_torn(torn));
            assert_false(fake_flash_run(fill_one, NULL));
            uint32_t seen = opened().current.version;
            assert_in_range(seen, before, before + 1);
            fill(1);
            assert_int_equal(opened().current.version, seen + 1);
            fake_flash_decay();
            assert_int_equal(opened().current.version, seen + 1);
            fill(SECTOR_RECORDS + 1);
            assert_int_equal(opened().current.version, seen + SECTOR_RECORDS + 2);
        }
    }
}

static void test_journal__survives_a_cut_at_every_operation(void **state)
{
    (void)state;
    static const uint32_t befores[] = {0,
                                       1,
                                       2,
                                       SECTOR_RECORDS - 1,
                                       SECTOR_RECORDS,
                                       SECTOR_RECORDS + 1,
                                       2 * SECTOR_RECORDS,
                                       3 * SECTOR_RECORDS};
    for (size_t i = 0; i < sizeof befores / sizeof befores[0]; i++) {
        cut_append_after(befores[i]);
    }
}

static void test_journal__survives_a_second_cut_in_the_next_append(void **state)
{
    (void)state;
    for (uint32_t pair = 0; pair < FAKE_TORN_STATES * FAKE_TORN_STATES; pair++) {
        fake_flash_blank();
        fill(SECTOR_RECORDS);
        for (uint32_t cut = 0; cut < 2; cut++) {
            uint32_t torn = cut == 0 ? pair % FAKE_TORN_STATES : pair / FAKE_TORN_STATES;
            fake_flash_number();
            fake_flash_cut_at(cut + 1, fake_flash_torn(torn));
            (void)fake_flash_run(fill_one, NULL);
        }
        uint32_t seen = opened().current.version;
        assert_in_range(seen, SECTOR_RECORDS, SECTOR_RECORDS + 2);
        fill(1);
        fake_flash_decay();
        assert_int_equal(opened().current.version, seen + 1);
    }
}

static void test_journal__loses_no_record_to_one_misread(void **state)
{
    (void)state;
    fake_flash_blank();
    fill(3);
    Journal journal = opened();
    for (uint32_t at = 0; at < JOURNAL_RECORD_BYTES; at++) {
        nor_misread(JOURNAL_OFFSET + 2 * JOURNAL_RECORD_BYTES + at);
        Journal again = opened();
        assert_memory_equal(&again.current, &journal.current, sizeof again.current);
        assert_int_equal(again.free_index, journal.free_index);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_journal__is_confirmed_in_slot_a_when_empty),
        cmocka_unit_test(test_journal__keeps_every_field),
        cmocka_unit_test(test_journal__goes_on_through_many_sectors),
        cmocka_unit_test(test_journal__takes_one_operation_a_record),
        cmocka_unit_test(test_journal_record__is_refused_when_any_bit_is_wrong),
        cmocka_unit_test(test_journal_record__is_refused_out_of_range_though_its_crc_is_right),
        cmocka_unit_test(test_journal__says_so_when_flash_does_not_take_a_record),
        cmocka_unit_test(test_journal__loses_no_record_to_one_misread),
        cmocka_unit_test(test_journal__survives_a_cut_at_every_operation),
        cmocka_unit_test(test_journal__survives_a_second_cut_in_the_next_append),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
