/* SPDX-License-Identifier: MIT */

#include "sim/canary.h"

#include <string.h>

#include "sim/campaign.h"
#include "sim/crash_sweep.h"

#define CRASH_DRAWS 8

typedef struct Breed {
    const char *axis;
    const char *defect;
    const char *scenario;
} Breed;

static const Breed BREEDS[] = {
    [SWEEP_NVM_OPERATION] = {"nvm.operation", "trusts-torn-journal",
                             "5.9-resilience/power-cut-at-the-switch"},
    [SWEEP_INSTRUCTION] = {"instruction", "locks-itself-after-power-loss",
                           "5.9-resilience/power-cut-at-random-instructions"},
    [SWEEP_FRAME] = {"frame", "takes-damaged-segments", "5.9-resilience/any-frame-goes-wrong"},
    [SWEEP_CALL] = {"call", "locks-itself-after-power-loss",
                    "5.9-resilience/power-cut-at-random-instructions"},
    [SWEEP_WEAR] = {"wear", "never-reads-back", "5.9-resilience/worn-flash"},
    [SWEEP_READ] = {"read", "fetches-record-length-twice", "5.9-resilience/misread-flash"},
};

/* For an axis no scenario sweeps by itself: so many points of it. */
#define IMPOSED_POINTS 8

static SweepingCanary *begin(const Breed *breed, const char *axis)
{
    SweepingCanary *canary = g_new0(SweepingCanary, 1);
    canary->axis = g_strdup(axis);
    canary->defect = g_strdup(breed->defect);
    canary->scenario = g_strdup(breed->scenario);
    return canary;
}

static SweepingCanary *end(SweepingCanary *canary, bool caught, const GError *error)
{
    canary->caught = caught;
    if (!caught) {
        canary->reason = g_strdup(error == NULL ? "no run of it is FAIL" : error->message);
    }
    return canary;
}

/* Nobody listens to a canary. */

static void on_planned(const char *plan_id, uint32_t scenarios, uint32_t jobs, void *user_data)
{
    (void)plan_id;
    (void)scenarios;
    (void)jobs;
    (void)user_data;
}

static void on_finished(const RunResult *result, const CampaignProgress *progress, void *user_data)
{
    (void)result;
    (void)progress;
    (void)user_data;
}

static void on_scenario(const char *id, const uint32_t counts[VERDICTS], int64_t wall_us,
                        void *user_data)
{
    (void)id;
    (void)counts;
    (void)wall_us;
    (void)user_data;
}

static void on_waiting(const CampaignProgress *progress, void *user_data)
{
    (void)progress;
    (void)user_data;
}

SweepingCanary *canary_try(Lab *lab, SweepAxis axis, const CanarySettings *settings)
{
    const Breed *breed = &BREEDS[axis];
    SweepingCanary *canary = begin(breed, breed->axis);
    g_autofree char *out = g_build_filename(settings->out, "canary", NULL);
    char *scenarios[] = {canary->scenario, NULL};
    const Sweep imposed = {.axis = axis, .count = IMPOSED_POINTS, .how = "drawn"};
    const CampaignSettings campaign = {
        .scenarios = scenarios,
        .defect = breed->defect,
        .jobs = settings->jobs,
        .fail_max = 1,
        .sweep = axis == SWEEP_CALL ? &imposed : NULL,
        .resume = settings->resume,
        .shard = 1,
        .shards = 1,
        .out = out,
        .version = settings->version,
        .interrupts = settings->interrupts,
    };
    const CampaignListener listener = {on_planned, on_finished, on_scenario, on_waiting, NULL};
    g_autoptr(GError) error = NULL;
    g_autoptr(Assessment) assessment = lab_check_defect(lab, breed->defect, &error)
                                           ? campaign_run(lab, &campaign, &listener, &error)
                                           : NULL;
    bool caught = false;
    for (guint i = 0; assessment != NULL && i < assessment->runs->len; i++) {
        const RunResult *run = g_ptr_array_index(assessment->runs, i);
        /* Only a point counts: what the run without one finds, no sweep is needed for. */
        caught = caught || (run->verdict == VERDICT_FAIL && strchr(run->run_id, '#') != NULL);
    }
    return end(canary, caught, error);
}

SweepingCanary *canary_try_crash(Lab *lab, const CanarySettings *settings)
{
    const Breed *breed = &BREEDS[SWEEP_NVM_OPERATION];
    SweepingCanary *canary = begin(breed, "crash states");
    g_autofree char *out = g_build_filename(settings->out, "canary", NULL);
    g_autoptr(GError) error = NULL;
    const Scenario *scenario = lab_scenario(lab, breed->scenario, &error);
    g_autoptr(CrashSweepResult) result = NULL;
    if (scenario != NULL && lab_check_defect(lab, breed->defect, &error)) {
        const CrashSweepSettings sweep = {
            .scenario = breed->scenario,
            .defect = breed->defect,
            .seed = scenario_seed(scenario),
            .jobs = settings->jobs,
            .depth = 1,
            .draws = CRASH_DRAWS,
            .fail_max = 1,
            .only_journal = true,
            .resume = settings->resume,
            .shard = 1,
            .shards = 1,
            .out = out,
            .interrupts = settings->interrupts,
        };
        result = crash_sweep_run(lab, &sweep, &error);
    }
    return end(canary, result != NULL && result->summary->verdicts[VERDICT_FAIL] > 0, error);
}
