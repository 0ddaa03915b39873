/* SPDX-License-Identifier: MIT */
/* Is a machine that was taken back to where it was saved the machine that was saved? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/machine/lab.h"
#include "tests/machine/lockstep_rom.h"
#include "vdevice/contract/memory_map.h"
#include "vdevice/contract/regs.h"

#define MS UINT64_C(1000000)
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static int setup(void **state)
{
    *state = lab_open(LAB_PLAIN);
    return 0;
}

static int teardown(void **state)
{
    lab_close(*state);
    return 0;
}

#define LAB_TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

/* Runs to the first loss of power, with a horizon every so often. Returns the digest. */
static uint64_t run_out(Lab *lab, uint64_t step)
{
    LabCall call = {0};

    do {
        lab_run(lab, (call.time / step + 1) * step);
        call = lab_next(lab);
    } while (call.type != HOSTLINK_POWER_LOST);
    return lab_digest(lab);
}

/* The call that comes after as many others. */
static LabCall run_calls(Lab *lab, uint64_t count)
{
    LabCall call = {0};

    for (uint64_t i = 0; i < count; i++) {
        lab_run(lab, (call.time / MS + 1) * MS);
        call = lab_next(lab);
    }
    return call;
}

static LabCall save(Lab *lab, uint64_t horizon)
{
    LabCall call;

    lab_order(lab, HOSTLINK_SAVE, NULL, 0);
    lab_run(lab, horizon);
    call = lab_next(lab);
    assert_int_equal(call.type, HOSTLINK_SAVED);
    return call;
}

static void restore(Lab *lab, const LabCall *saved)
{
    LabCall call;

    lab_restore(lab);
    call = lab_next(lab);
    assert_int_equal(call.type, HOSTLINK_SAVED);
    assert_int_equal(call.time, saved->time);
    assert_int_equal(call.instructions, saved->instructions);
}

static void test_restore__repeats_what_followed_the_save(void **state)
{
    Lab *lab = *state;

    for (uint64_t calls = 1; calls < 60; calls += 3) {
        LabCall saved;
        uint64_t first;

        lab_begin_trial(lab, LOCKSTEP_ROM_TICKS);
        lab_cut(lab, HOSTLINK_CUT_AT_TIME, 20 * MS, HOSTLINK_TORN_NOTHING);
        run_calls(lab, calls);
        saved = save(lab, HOSTLINK_NEVER);
        lab_forget(lab);
        first = run_out(lab, MS);
        for (int i = 0; i < 3; i++) {
            restore(lab, &saved);
            lab_forget(lab);
            assert_int_equal(run_out(lab, MS), first);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        LAB_TEST(test_restore__repeats_what_followed_the_save),
    };

    return cmocka_run_group_tests_name("restore", tests, NULL, NULL);
}
