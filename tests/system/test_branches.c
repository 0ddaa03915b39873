/* SPDX-License-Identifier: MIT */

/*
 * Is a run that was begun at its point, from a checkpoint of lab and machine, the same to the bit
 * as one made from the start? On each axis, in a sweep with open connections, in any order, twice.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <glib.h>

#include "sim/branches.h"
#include "sim/scenario/sweep.h"

#define POINTS_MAX 24

static const LabPaths PATHS = {
    .scenarios = "scenarios",
    .images = "build/images",
    .defects = "images/defects",
    .rom = "build/firmware/rom.bin",
    .machine = "build/qemu-system-arm",
    .keys = "build/keys",
};

typedef struct Bench {
    Lab *lab;
    Branches *branches;
} Bench;

static int bench_open(void **state)
{
    Bench *bench = g_new0(Bench, 1);
    g_autoptr(GError) error = NULL;
    bench->lab = lab_open(&PATHS, &error);
    assert_non_null(bench->lab);
    bench->branches = branches_new(bench->lab);
    *state = bench;
    return 0;
}

static int bench_close(void **state)
{
    Bench *bench = *state;
    branches_free(bench->branches);
    lab_close(bench->lab);
    g_free(bench);
    return 0;
}

/* Up to POINTS_MAX run ids of a scenario's sweep, spread over all its points. */
static GPtrArray *some_run_ids(Lab *lab, const char *id)
{
    GPtrArray *run_ids = g_ptr_array_new_with_free_func(g_free);
    const Scenario *scenario = lab_scenario(lab, id, NULL);
    assert_non_null(scenario);
    uint64_t seed = scenario_seed(scenario);
    g_autofree char *reference = sweep_run_id(id, NULL, NULL, seed);
    g_autoptr(Plan) plan = lab_plan(lab, reference, NULL);
    g_autoptr(Recorder) recorder = recorder_new();
    g_autoptr(RunResult) result = lab_execute_plan(lab, plan, NULL, LAB_KEEP_NONE, recorder);
    assert_int_equal(result->verdict == VERDICT_ERROR, 0);
    g_autoptr(GArray) points =
        sweep_points(scenario_sweep(scenario), seed, recorder_events(recorder), true, NULL);
    assert_true(points->len > 0);
    guint step = points->len / POINTS_MAX + 1;
    for (guint i = step / 2; i < points->len; i += step) {
        g_ptr_array_add(run_ids,
                        sweep_run_id(id, &g_array_index(points, SweepPoint, i), NULL, seed));
    }
    return run_ids;
}

static bool count_one(BranchRun *run, void *user_data)
{
    guint *count = user_data;
    assert_non_null(run->result);
    (*count)++;
    return true;
}

/* The events of a run, which its owner frees. */
static Recorder *record(Lab *lab, const char *run_id)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Plan) plan = lab_plan(lab, run_id, &error);
    if (plan == NULL) {
        fail_msg("%s", error->message);
    }
    Recorder *recorder = recorder_new();
    g_autoptr(RunResult) result = lab_execute_plan(lab, plan, NULL, LAB_KEEP_NONE, recorder);
    assert_int_not_equal(result->verdict, VERDICT_ERROR);
    return recorder;
}

static GPtrArray *ids_of(const char *scenario, const GArray *points)
{
    GPtrArray *run_ids = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < points->len; i++) {
        g_ptr_array_add(run_ids,
                        sweep_run_id(scenario, &g_array_index(points, SweepPoint, i), NULL, 1));
    }
    return run_ids;
}

static void expect_same_runs(Bench *bench, const GPtrArray *run_ids)
{
    assert_true(run_ids->len >= 8);
    g_autofree BranchRun *runs = g_new0(BranchRun, run_ids->len);
    for (guint i = 0; i < run_ids->len; i++) {
        /* Backwards: the order is not the caller's business. */
        runs[i].run_id = g_ptr_array_index(run_ids, run_ids->len - 1 - i);
    }
    guint taken = 0;
    assert_true(branches_make(bench->branches, runs, run_ids->len, NULL, count_one, &taken));
    assert_int_equal(taken, run_ids->len);
    for (guint i = 0; i < run_ids->len; i++) {
        g_autoptr(RunResult) branch = runs[i].result;
        g_autoptr(RunResult) whole =
            lab_execute(bench->lab, runs[i].run_id, NULL, LAB_KEEP_NONE, NULL);
        assert_non_null(whole);
        assert_string_equal(branch->run_id, whole->run_id);
        assert_string_equal(branch->plan_id, whole->plan_id);
        assert_string_equal(branch->digest, whole->digest);
        assert_int_equal(branch->verdict, whole->verdict);
    }
}

static void expect_same(Bench *bench, const char *scenario)
{
    g_autoptr(GPtrArray) run_ids = some_run_ids(bench->lab, scenario);
    expect_same_runs(bench, run_ids);
}

static void test_branches__at_instructions_are_the_runs_from_the_start(void **state)
{
    expect_same(*state, "5.9-resilience/power-cut-at-random-instructions");
}

static void test_branches__at_frames_are_the_runs_from_the_start(void **state)
{
    expect_same(*state, "5.9-resilience/any-frame-goes-wrong");
}

static void test_branches__at_operations_are_the_runs_from_the_start(void **state)
{
    expect_same(*state, "5.9-resilience/power-cut-during-update");
}

static void test_branches__at_imposed_calls_are_the_runs_from_the_start(void **state)
{
    Bench *bench = *state;
    const char *scenario = "5.3-updates/update-happy-path";
    const Sweep sweep = {.axis = SWEEP_CALL, .every = 97, .target = "lock"};
    g_autoptr(Recorder) recorder = record(bench->lab, "5.3-updates/update-happy-path@call+seed=1");
    g_autoptr(GArray) points = sweep_points(&sweep, 1, recorder_events(recorder), false, NULL);
    g_autoptr(GPtrArray) run_ids = ids_of(scenario, points);
    expect_same_runs(bench, run_ids);
}

static void test_branches__at_second_faults_are_the_runs_from_the_start(void **state)
{
    Bench *bench = *state;
    const char *scenario = "5.9-resilience/power-cut-at-random-instructions";
    SweepPoint first = {.axis = SWEEP_INSTRUCTION, .number = 9000000, .second.axis = SWEEP_CALL};
    g_autofree char *asker = sweep_run_id(scenario, &first, NULL, 1);
    g_autoptr(Plan) plan = lab_plan(bench->lab, asker, NULL);
    g_autoptr(Recorder) recorder = record(bench->lab, asker);
    g_autoptr(GArray) points = sweep_second_points(&first, "lock", plan->timeline->actions->len, 12,
                                                   1, recorder_events(recorder), NULL);
    g_autoptr(GPtrArray) run_ids = ids_of(scenario, points);
    expect_same_runs(bench, run_ids);
}

static void test_branches__at_reads_are_the_runs_from_the_start(void **state)
{
    expect_same(*state, "5.9-resilience/misread-flash");
}

static void test_branches__of_what_is_no_sweep_are_refused(void **state)
{
    Bench *bench = *state;
    BranchRun run = {.run_id = "5.3-updates/update-happy-path+seed=1"};
    assert_false(branches_make(bench->branches, &run, 1, NULL, count_one, NULL));
    assert_null(run.result);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_branches__at_instructions_are_the_runs_from_the_start),
        cmocka_unit_test(test_branches__at_frames_are_the_runs_from_the_start),
        cmocka_unit_test(test_branches__at_operations_are_the_runs_from_the_start),
        cmocka_unit_test(test_branches__at_imposed_calls_are_the_runs_from_the_start),
        cmocka_unit_test(test_branches__at_second_faults_are_the_runs_from_the_start),
        cmocka_unit_test(test_branches__at_reads_are_the_runs_from_the_start),
        cmocka_unit_test(test_branches__of_what_is_no_sweep_are_refused),
    };
    return cmocka_run_group_tests(tests, bench_open, bench_close);
}
