/* SPDX-License-Identifier: MIT */
/* Does the store give back what was put, whatever the power does? */
#include "tests/unit/firmware/unit.h"

#include <string.h>

#include "tests/fakes/fake_flash.h"
#include "vdevice/firmware/core/store.h"

/* What the store should hold. */
typedef struct Model {
    uint8_t values[STORE_KEYS][STORE_VALUE_BYTES_MAX];
    size_t counts[STORE_KEYS]; /* 0: absent */
} Model;

static uint32_t draw(uint32_t *random)
{
    *random = *random * 1664525u + 1013904223u;
    return *random >> 8;
}

static Store opened(void)
{
    Store store;
    assert_ok(store_open(&store));
    return store;
}

/* Changes one key, in store and model, as the `random` stream says. */
static void change(Store *store, Model *model, uint32_t *random)
{
    StoreKey key = (StoreKey)(draw(random) % STORE_KEYS);
    size_t count = draw(random) % 8 == 0 ? 0 : 1 + draw(random) % STORE_VALUE_BYTES_MAX;
    uint8_t value[STORE_VALUE_BYTES_MAX];
    for (size_t i = 0; i < sizeof value; i++) {
        value[i] = (uint8_t)draw(random);
    }
    if (model != NULL) {
        model->counts[key] = count;
        memcpy(model->values[key], value, sizeof value);
    }
    if (count == 0) {
        assert_ok(store_remove(store, key));
    } else {
        assert_ok(store_put(store, key, value, count));
    }
}

/* Opening a store and changing it once: what is to be cut. */
typedef struct Change {
    Model *model; /* or NULL */
    uint32_t random;
} Change;

static void open_and_change(void *user_data)
{
    Change *what = user_data;
    Store store = opened();
    change(&store, what->model, &what->random);
}

static bool holds(const Store *store, const Model *model, uint32_t key)
{
    uint8_t value[STORE_VALUE_BYTES_MAX];
    Status status =
        store_get(store, (StoreKey)key, value, model->counts[key] == 0 ? 1 : model->counts[key]);
    if (model->counts[key] == 0) {
        return status_is(status, STATUS_ST_ABSENT);
    }
    return status_is_ok(status) && memcmp(value, model->values[key], model->counts[key]) == 0;
}

static void assert_holds(const Store *store, const Model *model)
{
    for (uint32_t key = 0; key < STORE_KEYS; key++) {
        assert_true(holds(store, model, key));
    }
}

static void test_store__has_nothing_when_new(void **state)
{
    (void)state;
    fake_flash_blank();
    Store store = opened();
    uint32_t value;
    assert_status(store_get(&store, STORE_WRONG_PINS, &value, sizeof value), STATUS_ST_ABSENT);
    assert_int_equal(store_get_u32(&store, STORE_WRONG_PINS, 42), 42);
    assert_ok(store_remove(&store, STORE_WRONG_PINS));
    assert_int_equal(fake_flash_operations(), 0);
}

static void test_store__gives_back_what_was_put_last(void **state)
{
    (void)state;
    fake_flash_blank();
    Store store = opened();
    assert_ok(store_put_u32(&store, STORE_WRONG_PINS, 1));
    assert_ok(store_put_u64(&store, STORE_LAST_TIME, UINT64_C(0x123456789a)));
    assert_ok(store_put_u32(&store, STORE_WRONG_PINS, 2));
    assert_int_equal(store_get_u32(&store, STORE_WRONG_PINS, 0), 2);
    Store again = opened();
    assert_int_equal(store_get_u32(&again, STORE_WRONG_PINS, 0), 2);
    assert_true(store_get_u64(&again, STORE_LAST_TIME, 0) == UINT64_C(0x123456789a));
    assert_ok(store_remove(&again, STORE_WRONG_PINS));
    assert_int_equal(store_get_u32(&again, STORE_WRONG_PINS, 9), 9);
}

static void test_store__refuses_lengths_out_of_range(void **state)
{
    (void)state;
    fake_flash_blank();
    Store store = opened();
    uint8_t value[STORE_VALUE_BYTES_MAX + 1] = {1};
    assert_status(store_put(&store, STORE_SETTINGS, value, 0), STATUS_ST_LENGTH);
    assert_status(store_put(&store, STORE_SETTINGS, value, sizeof value), STATUS_ST_LENGTH);
    assert_ok(store_put(&store, STORE_SETTINGS, value, STORE_VALUE_BYTES_MAX));
    assert_status(store_get(&store, STORE_SETTINGS, value, 5), STATUS_ST_LENGTH);
    assert_ok(store_get(&store, STORE_SETTINGS, value, STORE_VALUE_BYTES_MAX));
}

static void test_store__holds_all_keys_at_their_longest_for_ever(void **state)
{
    (void)state;
    fake_flash_blank();
    Store store = opened();
    for (uint32_t round = 0; round < 400; round++) {
        for (uint32_t key = 0; key < STORE_KEYS; key++) {
            uint8_t value[STORE_VALUE_BYTES_MAX];
            memset(value, (int)(round + key), sizeof value);
            assert_ok(store_put(&store, (StoreKey)key, value, sizeof value));
        }
    }
}

static void test_store__agrees_with_a_model_over_many_changes(void **state)
{
    (void)state;
    fake_flash_blank();
    Model model = {.counts = {0}};
    Store store = opened();
    uint32_t random = 1;
    for (uint32_t i = 0; i < 4000; i++) {
        change(&store, &model, &random);
        if (i % 7 == 0) {
            store = opened();
        }
        assert_holds(&store, &model);
    }
}

static void test_store__wears_its_sectors_evenly(void **state)
{
    (void)state;
    fake_flash_blank();
    Store store = opened();
    for (uint32_t i = 0; i < 100000; i++) {
        assert_ok(store_put_u32(&store, STORE_REPORT_SEQUENCE, i));
    }
    uint32_t least = UINT32_MAX;
    uint32_t most = 0;
    for (uint32_t at = 0; at < STORE_BYTES; at += FLASH_SECTOR_BYTES) {
        uint32_t wear = fake_flash_wear(STORE_OFFSET + at);
        least = wear < least ? wear : least;
        most = wear > most ? wear : most;
    }
    assert_true(least > 0 && most - least <= 1);
}

static void test_store__says_so_when_flash_does_not_take_a_value(void **state)
{
    (void)state;
    fake_flash_blank();
    Store store = opened();
    assert_ok(store_put_u32(&store, STORE_WRONG_PINS, 3));
    fake_flash_break(true);
    assert_status(store_put_u32(&store, STORE_WRONG_PINS, 4), STATUS_FL_VERIFY);
    fake_flash_break(false);
    Store again = opened();
    assert_int_equal(store_get_u32(&again, STORE_WRONG_PINS, 0), 3);
}

/*
 * From a store with `before` random changes, cuts every operation of opening it and changing it
 * once more, in every way. Each key must then have its old value, the changed one its old or new,
 * and what was read once must stay when weak bits go.
 */
static void cut_change_after(uint32_t before)
{
    fake_flash_blank();
    static Model old;
    static Model new;
    memset(&old, 0, sizeof old);
    uint32_t random = before + 1;
    Store store = opened();
    for (uint32_t i = 0; i < before; i++) {
        change(&store, &old, &random);
    }
    new = old;
    fake_flash_save();
    Change what = {.model = &new, .random = random};
    open_and_change(&what);
    fake_flash_restore();
    what = (Change){.random = random};
    open_and_change(&what);
    uint32_t operations = fake_flash_operations();
    for (uint32_t operation = 1; operation <= operations; operation++) {
        for (uint32_t torn = 0; torn < FAKE_TORN_STATES; torn++) {
            fake_flash_restore();
            fake_flash_cut_at(operation, fake_flash_torn(torn));
            what = (Change){.random = random};
            assert_false(fake_flash_run(open_and_change, &what));
            store = opened();
            bool was_old[STORE_KEYS];
            for (uint32_t key = 0; key < STORE_KEYS; key++) {
                was_old[key] = holds(&store, &old, key);
                assert_true(was_old[key] || holds(&store, &new, key));
            }
            fake_flash_decay();
            store = opened();
            for (uint32_t key = 0; key < STORE_KEYS; key++) {
                assert_true(holds(&store, was_old[key] ? &old : &new, key));
            }
        }
    }
}

static void test_store__survives_a_cut_at_every_operation(void **state)
{
    (void)state;
    for (uint32_t before = 0; before < 100; before++) {
        cut_change_after(before);
    }
}

static void test_store__survives_cut_after_cut(void **state)
{
    (void)state;
    fake_flash_blank();
    static Model model;
    memset(&model, 0, sizeof model);
    uint32_t random = 99;
    for (uint32_t round = 0; round < 3000; round++) {
        Model before = model;
        fake_flash_number();
        fake_flash_cut_at(1 + draw(&random) % 4, fake_flash_torn(draw(&random)));
        Change what = {.model = &model, .random = draw(&random)};
        if (!fake_flash_run(open_and_change, &what)) {
            Store store = opened();
            for (uint32_t key = 0; key < STORE_KEYS; key++) {
                if (holds(&store, &before, key)) {
                    model.counts[key] = before.counts[key];
                    memcpy(model.values[key], before.values[key], STORE_VALUE_BYTES_MAX);
                } else {
                    assert_true(holds(&store, &model, key));
                }
            }
        }
        if (round % 3 == 0) {
            fake_flash_decay();
        }
        Store store = opened();
        assert_holds(&store, &model);
        fake_flash_decay();
    }
}

static void test_store__loses_no_value_to_one_misread(void **state)
{
    (void)state;
    fake_flash_blank();
    Store store = opened();
    assert_ok(store_put_u32(&store, STORE_NEWEST_SEQUENCE, 7));
    for (uint32_t at = 0; at < 16; at++) {
        nor_misread(STORE_OFFSET + at);
        assert_int_equal(store_get_u32(&store, STORE_NEWEST_SEQUENCE, 0), 7);
        fake_flash_save();
        nor_misread(STORE_OFFSET + at);
        Store again = opened();
        assert_int_equal(store_get_u32(&again, STORE_NEWEST_SEQUENCE, 0), 7);
        fake_flash_restore();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_store__loses_no_value_to_one_misread),
        cmocka_unit_test(test_store__has_nothing_when_new),
        cmocka_unit_test(test_store__gives_back_what_was_put_last),
        cmocka_unit_test(test_store__refuses_lengths_out_of_range),
        cmocka_unit_test(test_store__holds_all_keys_at_their_longest_for_ever),
        cmocka_unit_test(test_store__agrees_with_a_model_over_many_changes),
        cmocka_unit_test(test_store__wears_its_sectors_evenly),
        cmocka_unit_test(test_store__says_so_when_flash_does_not_take_a_value),
        cmocka_unit_test(test_store__survives_a_cut_at_every_operation),
        cmocka_unit_test(test_store__survives_cut_after_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
