/* SPDX-License-Identifier: MIT */

/*
 * Is a run the same again: on one machine process or on another, alone or on a busy host, whole or
 * cut off and taken up again?
 *
 * The real machine, ROM and application take part. REPLAY_RUNS sets how often (default 20).
 */

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "sim/evidence/bundle.h"
#include "sim/scenario/scenario.h"
#include "sim/world/world.h"

#define UPDATE "5.3-updates/update-happy-path"
#define CUTS   "5.9-resilience/power-cut-during-update"
#define TWO    "5.9-resilience/outage-of-hours"

static unsigned replay_runs(void)
{
    const char *asked = getenv("REPLAY_RUNS");
    guint64 runs = 20;
    if (asked != NULL && !g_ascii_string_to_unsigned(asked, 10, 2, 100000, &runs, NULL)) {
        fail_msg("REPLAY_RUNS is a number from 2 to 100000, not \"%s\"", asked);
    }
    return (unsigned)runs;
}

static DevicePool *new_pool(void)
{
    WorldSettings settings = {0};
    return world_pool_new(&settings);
}

static Plan *new_plan(const char *id, const SweepPoint *point)
{
    GError *error = NULL;
    ScenarioOptions options = {
        .images_folder = "build/images", .rom_path = "build/firmware/rom.bin", .point = point};
    Scenario *scenario = scenario_load("scenarios", id, &error);
    assert_null(error);
    Plan *plan = scenario_plan(scenario, &options, &error);
    assert_null(error);
    scenario_free(scenario);
    return plan;
}

/* The digest of everything a run leaves. */
static Digest run_once(const Plan *plan, DevicePool *pool)
{
    GError *error = NULL;
    WorldOutcome outcome;
    g_autoptr(Recorder) recorder = recorder_new();
    g_autofree char *json = plan_to_json(plan);
    if (!world_run(plan, pool, recorder, &outcome, &error)) {
        fail_msg("%s", error->message);
    }
    return bundle_digest(json, recorder);
}

static void expect_same(const Plan *plan, DevicePool *pool, const Digest *first, unsigned runs)
{
    for (unsigned i = 0; i < runs; i++) {
        Digest again = run_once(plan, pool);
        assert_memory_equal(again.bytes, first->bytes, DIGEST_BYTES);
    }
}

/* Keeps a processor busy until it is stopped. */
static pid_t burn_start(void)
{
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (volatile uint64_t turns = 0;; turns++) {
        }
    }
    return pid;
}

static void burn_stop(pid_t pid)
{
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

static void replay_under_load(const char *id, const SweepPoint *point, unsigned runs)
{
    DevicePool *pool = new_pool();
    g_autoptr(Plan) plan = new_plan(id, point);
    Digest first = run_once(plan, pool);
    pid_t burning[] = {burn_start(), burn_start()};
    expect_same(plan, pool, &first, runs - 1);
    for (size_t i = 0; i < G_N_ELEMENTS(burning); i++) {
        burn_stop(burning[i]);
    }
    world_pool_free(pool);
}

static void test_replay__of_an_update_is_the_same_on_a_busy_host(void **state)
{
    (void)state;
    replay_under_load(UPDATE, NULL, replay_runs());
}

static void test_replay__of_two_devices_is_the_same_on_a_busy_host(void **state)
{
    (void)state;
    replay_under_load(TWO, NULL, 4);
}

static void test_replay__of_a_torn_operation_is_the_same_on_a_busy_host(void **state)
{
    (void)state;
    static const char *const TORN[] = {"nothing", "prefix", "random", "half", "weak", "complete"};
    for (size_t i = 0; i < G_N_ELEMENTS(TORN); i++) {
        SweepPoint point = {.axis = SWEEP_NVM_OPERATION, .number = 50 + 60 * i};
        g_strlcpy(point.how, TORN[i], sizeof(point.how));
        replay_under_load(CUTS, &point, 2);
    }
}

static void test_replay__does_not_know_the_process_it_runs_in(void **state)
{
    (void)state;
    g_autoptr(Plan) plan = new_plan(UPDATE, NULL);
    DevicePool *used = new_pool();
    Digest first = run_once(plan, used);
    DevicePool *fresh = new_pool();
    expect_same(plan, fresh, &first, 1);
    world_pool_free(fresh);
    world_pool_free(used);
}

static void test_replay__does_not_know_what_ran_before_it(void **state)
{
    (void)state;
    g_autoptr(Plan) plan = new_plan(UPDATE, NULL);
    SweepPoint point = {.axis = SWEEP_NVM_OPERATION, .number = 100, .how = "weak"};
    g_autoptr(Plan) other = new_plan(CUTS, &point);
    DevicePool *pool = new_pool();
    Digest first = run_once(plan, pool);
    run_once(other, pool);
    expect_same(plan, pool, &first, 1);
    world_pool_free(pool);
}

static void test_replay__of_another_seed_is_another_run(void **state)
{
    (void)state;
    GError *error = NULL;
    DevicePool *pool = new_pool();
    Scenario *scenario = scenario_load("scenarios", UPDATE, &error);
    assert_null(error);
    Digest digests[2];
    for (unsigned i = 0; i < 2; i++) {
        ScenarioOptions options = {.images_folder = "build/images",
                                   .rom_path = "build/firmware/rom.bin",
                                   .seed = i + 100,
                                   .has_seed = true};
        g_autoptr(Plan) plan = scenario_plan(scenario, &options, &error);
        assert_null(error);
        digests[i] = run_once(plan, pool);
    }
    assert_false(digest_is_equal(&digests[0], &digests[1]));
    scenario_free(scenario);
    world_pool_free(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_replay__of_an_update_is_the_same_on_a_busy_host),
        cmocka_unit_test(test_replay__of_two_devices_is_the_same_on_a_busy_host),
        cmocka_unit_test(test_replay__of_a_torn_operation_is_the_same_on_a_busy_host),
        cmocka_unit_test(test_replay__does_not_know_the_process_it_runs_in),
        cmocka_unit_test(test_replay__does_not_know_what_ran_before_it),
        cmocka_unit_test(test_replay__of_another_seed_is_another_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
