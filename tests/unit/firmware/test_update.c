/* SPDX-License-Identifier: MIT */
/* Does an update end in a slot that verifies, from wherever it was cut off? */
#include "tests/unit/firmware/unit.h"

#include <string.h>

#include "tests/fakes/fake_flash.h"
#include "tests/fakes/release.h"
#include "vdevice/firmware/core/boot_policy.h"
#include "vdevice/firmware/core/image.h"
#include "vdevice/firmware/core/slots.h"
#include "vdevice/firmware/core/trust.h"
#include "vdevice/firmware/core/update.h"

/* The application as far as updates go, from one reset to the next. */
typedef struct Lock {
    Journal journal;
    Store store;
    Update update;
    BootRecord boot;
} Lock;

static Release old;
static Release new;
static Release newer;

/* What the ROM does, over the same policy: chooses, verifies, records, burns. False: recovery. */
static bool rom_boots(BootRecord *ret_boot)
{
    Journal journal;
    ImageTrust trust;
    ImageHeader header;
    journal_open(&journal);
    trust_read(&trust);
    BootChoice choice = boot_policy_start(&journal.current);
    for (;;) {
        Status verdict = image_check_slot(choice.slot, &trust, &header);
        if (status_is_ok(verdict)) {
            break;
        }
        if (!boot_policy_fall_back(&choice, verdict)) {
            return false;
        }
    }
    if (choice.append) {
        assert_ok(journal_append(&journal, choice.state, choice.slot, header.version,
                                 choice.attempts, choice.reason));
    }
    if (boot_policy_burns_counter(&choice)) {
        assert_ok(trust_raise_counter(header.security_counter));
    }
    *ret_boot = (BootRecord){
        .slot = choice.slot,
        .version = header.version,
        .journal_state = choice.state,
        .attempts = choice.attempts,
        .release_sequence = header.release_sequence,
    };
    return true;
}

static void boot(Lock *lock)
{
    assert_true(rom_boots(&lock->boot));
    journal_open(&lock->journal);
    assert_ok(store_open(&lock->store));
    assert_ok(update_init(&lock->update, &lock->journal, &lock->store, &lock->boot));
}

/* Takes what is still wanted in pieces of `piece` bytes. */
static Status receive(Lock *lock, const Release *release, uint32_t piece)
{
    while (update_left(&lock->update) > 0) {
        uint32_t left = update_left(&lock->update);
        uint32_t count = left < piece ? left : piece;
        TRY(update_write(&lock->update, release->payload + update_position(&lock->update), count));
    }
    return status_ok();
}

static Status take(Lock *lock, const Release *release)
{
    TRY(update_offer(&lock->update, &release->header));
    TRY(receive(lock, release, 700));
    return update_finish(&lock->update);
}

static int set_up(void **state)
{
    (void)state;
    fake_flash_blank();
    release_fuse();
    release_make(&old, IMAGE_VERSION(1, 0, 0), 1, 1);
    release_make(&new, IMAGE_VERSION(1, 1, 0), 2, 2);
    release_make(&newer, IMAGE_VERSION(1, 2, 0), 3, 3);
    release_install(&old, 0);
    fake_flash_forbid(FACTORY_OFFSET, FACTORY_BYTES);
    return 0;
}

static void test_update__is_staged_tried_confirmed_and_burned(void **state)
{
    (void)state;
    Lock lock;
    boot(&lock);
    assert_int_equal(trust_counter(), 1);
    assert_ok(take(&lock, &new));
    assert_int_equal(lock.journal.current.state, JOURNAL_STAGED);
    boot(&lock);
    assert_int_equal(lock.boot.slot, 1);
    assert_int_equal(lock.boot.journal_state, JOURNAL_TRIAL);
    assert_true(update_on_trial(&lock.update));
    assert_int_equal(trust_counter(), 1); /* not before it is confirmed */
    assert_ok(update_confirm(&lock.update));
    assert_false(update_on_trial(&lock.update));
    boot(&lock);
    assert_int_equal(lock.boot.version, IMAGE_VERSION(1, 1, 0));
    assert_int_equal(trust_counter(), 2);
    assert_ok(take(&lock, &newer)); /* and the next one goes into slot A */
    boot(&lock);
    assert_int_equal(lock.boot.slot, 0);
}

static void test_update__refuses_what_is_not_newer(void **state)
{
    (void)state;
    Lock lock;
    boot(&lock);
    assert_status(update_offer(&lock.update, &old.header), STATUS_IM_NOT_NEWER);
    Release same = new;
    same.header.version = IMAGE_VERSION(1, 0, 0);
    release_sign(&same, true);
    assert_status(update_offer(&lock.update, &same.header), STATUS_IM_NOT_NEWER);
}

static void test_update__refuses_a_replayed_manifest(void **state)
{
    (void)state;
    Lock lock;
    boot(&lock);
    assert_ok(update_offer(&lock.update, &newer.header));
    update_pause(&lock.update);
    assert_status(update_offer(&lock.update, &new.header), STATUS_IM_REPLAY);
    boot(&lock); /* and does not forget it */
    assert_status(update_offer(&lock.update, &new.header), STATUS_IM_REPLAY);
    assert_ok(update_offer(&lock.update, &newer.header));
}

static void test_update__refuses_a_counter_under_the_fuses(void **state)
{
    (void)state;
    Lock lock;
    boot(&lock);
    assert_ok(trust_raise_counter(3));
    assert_status(update_offer(&lock.update, &new.header), STATUS_IM_ROLLBACK);
}

static void test_update__touches_nothing_for_a_header_it_refuses(void **state)
{
    (void)state;
    Lock lock;
    boot(&lock);
    Release strange = new;
    release_sign(&strange, false);
    fake_flash_number();
    assert_status(update_offer(&lock.update, &strange.header), STATUS_IM_KEY);
    assert_int_equal(fake_flash_operations(), 0);
}

static void test_update__refuses_a_payload_that_is_not_the_headers(void **state)
{
    (void)state;
    Lock lock;
    boot(&lock);
    Release damaged = new;
    damaged.payload[5000] ^= 1;
    assert_status(take(&lock, &damaged), STATUS_IM_DIGEST);
    assert_int_equal(lock.journal.current.state, JOURNAL_CONFIRMED);
    ImageHeader header;
    slots_read_header(1, &header);
    assert_int_not_equal(header.magic, IMAGE_MAGIC);
    assert_ok(take(&lock, &new)); /* all of it comes again */
}

static void test_update__refuses_more_and_less_than_the_header_says(void **state)
{
    (void)state;
    Lock lock;
    boot(&lock);
    assert_ok(update_offer(&lock.update, &new.header));
    assert_ok(update_write(&lock.update, new.payload, RELEASE_PAYLOAD_BYTES - 4));
    uint8_t more[5] = {0};
    assert_status(update_write(&lock.update, more, sizeof more), STATUS_UP_LENGTH);
    assert_status(update_finish(&lock.update), STATUS_UP_LENGTH);
}

static void test_update__never_tries_again_what_failed_its_trial(void **state)
{
    (void)state;
    Lock lock;
    boot(&lock);
    assert_ok(take(&lock, &new));
    for (uint32_t i = 1; i <= JOURNAL_TRIALS_MAX; i++) {
        boot(&lock);
        assert_int_equal(lock.boot.attempts, i);
    }
    boot(&lock);
    assert_int_equal(lock.boot.journal_state, JOURNAL_REVERTED);
    assert_int_equal(lock.boot.slot, 0);
    assert_status(update_offer(&lock.update, &new.header), STATUS_IM_TRIED);
    boot(&lock);
    assert_status(update_offer(&lock.update, &new.header), STATUS_IM_TRIED);
    assert_ok(take(&lock, &newer)); /* a later one is welcome */
}

static void test_update__is_not_taken_while_a_trial_runs(void **state)
{
    (void)state;
    Lock lock;
    boot(&lock);
    assert_ok(take(&lock, &new));
    assert_status(update_offer(&lock.update, &newer.header), STATUS_UP_STATE);
    boot(&lock);
    assert_status(update_offer(&lock.update, &newer.header), STATUS_UP_STATE);
    assert_ok(update_confirm(&lock.update));
    assert_ok(update_offer(&lock.update, &newer.header));
}

static void test_update__resumes_at_the_last_whole_sector(void **state)
{
    (void)state;
    Lock lock;
    boot(&lock);
    assert_ok(update_offer(&lock.update, &new.header));
    assert_ok(update_write(&lock.update, new.payload, 9000));
    boot(&lock);
    assert_ok(update_offer(&lock.update, &new.header));
    assert_int_equal(update_position(&lock.update), 2 * FLASH_SECTOR_BYTES - IMAGE_HEADER_BYTES);
    boot(&lock); /* another release starts from the beginning */
    assert_ok(update_offer(&lock.update, &newer.header));
    assert_int_equal(update_position(&lock.update), 0);
}

static void test_update__resumes_after_a_pause_without_a_reset(void **state)
{
    (void)state;
    Lock lock;
    boot(&lock);
    assert_ok(update_offer(&lock.update, &new.header));
    assert_ok(update_write(&lock.update, new.payload, 8000));
    update_pause(&lock.update);
    assert_ok(update_offer(&lock.update, &new.header));
    assert_in_range(update_position(&lock.update), 3000, 8000);
    assert_ok(receive(&lock, &new, 333));
    assert_ok(update_finish(&lock.update));
}

static void boot_and_take(void *user_data)
{
    Lock *lock = user_data;
    boot(lock);
    if (lock->boot.version == new.header.version) {
        assert_ok(update_confirm(&lock->update));
        return;
    }
    if (lock->journal.current.state != JOURNAL_STAGED) {
        assert_ok(take(lock, &new));
    }
}

/* The whole way: staged, tried, confirmed, burned. */
static void whole_update(void *user_data)
{
    boot_and_take(user_data);
    boot_and_take(user_data);
    boot(user_data);
}

/* After any cut: it boots old or new, and left alone the update goes through. */
static void recovers(bool decay)
{
    Lock lock;
    boot(&lock);
    assert_true(lock.boot.version == old.header.version || lock.boot.version == new.header.version);
    if (decay) {
        fake_flash_decay();
    }
    for (uint32_t i = 0; i < 4; i++) {
        boot_and_take(&lock);
        fake_flash_decay();
    }
    boot(&lock);
    assert_int_equal(lock.boot.version, new.header.version);
    assert_int_equal(trust_counter(), 2);
}

static void test_update__survives_a_cut_at_every_operation(void **state)
{
    (void)state;
    Lock lock;
    fake_flash_save();
    whole_update(&lock);
    uint32_t operations = fake_flash_operations();
    assert_in_range(operations, 40, 80);
    for (uint32_t operation = 1; operation <= operations; operation++) {
        for (uint32_t torn = 0; torn < FAKE_TORN_STATES; torn++) {
            fake_flash_restore();
            fake_flash_cut_at(operation, fake_flash_torn(torn));
            assert_false(fake_flash_run(whole_update, &lock));
            recovers(torn % 2 == 1);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_update__is_staged_tried_confirmed_and_burned, set_up),
        cmocka_unit_test_setup(test_update__refuses_what_is_not_newer, set_up),
        cmocka_unit_test_setup(test_update__refuses_a_replayed_manifest, set_up),
        cmocka_unit_test_setup(test_update__refuses_a_counter_under_the_fuses, set_up),
        cmocka_unit_test_setup(test_update__touches_nothing_for_a_header_it_refuses, set_up),
        cmocka_unit_test_setup(test_update__refuses_a_payload_that_is_not_the_headers, set_up),
        cmocka_unit_test_setup(test_update__refuses_more_and_less_than_the_header_says, set_up),
        cmocka_unit_test_setup(test_update__never_tries_again_what_failed_its_trial, set_up),
        cmocka_unit_test_setup(test_update__is_not_taken_while_a_trial_runs, set_up),
        cmocka_unit_test_setup(test_update__resumes_at_the_last_whole_sector, set_up),
        cmocka_unit_test_setup(test_update__resumes_after_a_pause_without_a_reset, set_up),
        cmocka_unit_test_setup(test_update__survives_a_cut_at_every_operation, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
