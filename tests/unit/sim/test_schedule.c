/* SPDX-License-Identifier: MIT */

/* Drawn stories, and plans written back as scenarios. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "sim/evidence/recorder.h"
#include "sim/explore.h"
#include "sim/scenario/draft.h"
#include "sim/scenario/scenario.h"
#include "sim/scenario/schedule.h"

static Scenario *parse(const char *id, const char *text)
{
    GError *error = NULL;
    Scenario *scenario = scenario_parse(id, id, text, strlen(text), &error);
    if (scenario == NULL) {
        fail_msg("%s", error->message);
    }
    return scenario;
}

static Plan *plan_of(const Scenario *scenario)
{
    GError *error = NULL;
    ScenarioOptions options = {.images_folder = NULL};
    Plan *plan = scenario_plan(scenario, &options, &error);
    if (plan == NULL) {
        fail_msg("%s", error->message);
    }
    return plan;
}

/* What a plan says but for its name and the lines it stood on. */
static char *substance(Plan *plan)
{
    g_free(plan->run_id);
    plan->run_id = g_strdup("r");
    g_free(plan->scenario);
    plan->scenario = g_strdup("r");
    for (guint i = 0; i < plan->timeline->actions->len; i++) {
        ((Action *)g_ptr_array_index(plan->timeline->actions, i))->place.line = 0;
    }
    for (guint i = 0; i < plan->claims->len; i++) {
        ((Claim *)g_ptr_array_index(plan->claims, i))->place.line = 0;
    }
    return plan_to_json(plan);
}

static void expect_round_trip(const Scenario *scenario)
{
    g_autoptr(Plan) plan = plan_of(scenario);
    plan->timeline->record_nvm = false;
    g_autofree char *text = draft_text(plan, "x/again", "Title.");
    g_autoptr(Scenario) again = parse("x/again", text);
    g_autoptr(Plan) plan_again = plan_of(again);
    g_autofree char *first = substance(plan);
    g_autofree char *second = substance(plan_again);
    assert_string_equal(first, second);
}

static void test_draft__says_all_that_the_plan_of_a_committed_scenario_says(void **state)
{
    static const char *const IDS[] = {
        "5.3-updates/update-happy-path",
        "5.9-resilience/power-cut-while-bolt-moves",
        "5.9-resilience/outage-of-hours",
        "5.3-updates/flash-restored",
        "5.1-passwords/wrong-pins-refused",
        "5.13-input/keypad-noise",
        "5.5-communication/random-source-stuck",
        "5.9-resilience/lossy-link",
        "5.9-resilience/dns-failure",
        "x-smart-door-lock/way-out-from-inside",
        "5.9-resilience/misread-flash",
    };
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(IDS); i++) {
        GError *error = NULL;
        g_autoptr(Scenario) scenario = scenario_load("scenarios", IDS[i], &error);
        if (scenario == NULL) {
            fail_msg("%s", error->message);
        }
        expect_round_trip(scenario);
    }
}

static void test_draft__of_an_imposed_fault_has_the_claims_that_are_left(void **state)
{
    (void)state;
    g_autoptr(Scenario) scenario =
        scenario_load("scenarios", "5.3-updates/update-happy-path", NULL);
    assert_non_null(scenario);
    const SweepPoint point = {.axis = SWEEP_READ, .number = 63793, .how = "ones"};
    const ScenarioOptions options = {.images_folder = NULL, .point = &point};
    g_autoptr(Plan) plan = scenario_plan(scenario, &options, NULL);
    assert_true(plan->imposed > 0);
    g_autofree char *text = draft_text(plan, "x/again", "Title.");
    g_autoptr(Scenario) again = parse("x/again", text);
    g_autoptr(Plan) plan_again = plan_of(again);
    assert_int_equal(plan_again->claims->len, plan->claims->len);
    assert_null(strstr(text, "waives:"));
    const Action *last =
        g_ptr_array_index(plan_again->timeline->actions, plan_again->timeline->actions->len - 1);
    assert_int_equal(last->verb, VERB_MISREAD);
    assert_int_equal(plan_integer(last, "at_read"), 63793);
}

static void test_schedule__is_a_scenario_whatever_its_numbers(void **state)
{
    (void)state;
    for (uint64_t n = 0; n < 150; n++) {
        g_autofree char *fresh = schedule_fresh_id(n % 7, n);
        g_autofree char *once = schedule_mutated_id(fresh, 3 * n);
        g_autofree char *twice = schedule_mutated_id(once, n / 2);
        const char *ids[] = {fresh, once, twice};
        for (size_t i = 0; i < G_N_ELEMENTS(ids); i++) {
            g_autofree char *text = schedule_text(ids[i]);
            g_autoptr(Scenario) scenario = parse(ids[i], text);
            assert_int_equal(scenario_sweep(scenario)->axis, SWEEP_NONE);
            expect_round_trip(scenario);
        }
    }
}

static void test_schedule__is_the_same_for_the_same_name_only(void **state)
{
    (void)state;
    g_autofree char *first = schedule_text("explore/7-12.3");
    g_autofree char *again = schedule_text("explore/7-12.3");
    assert_string_equal(first, again);
    const char *const others[] = {"explore/7-12", "explore/7-13.3", "explore/8-12.3",
                                  "explore/7-12.4"};
    const char *body = strstr(first, "seed:");
    for (size_t i = 0; i < G_N_ELEMENTS(others); i++) {
        g_autofree char *other = schedule_text(others[i]);
        assert_string_not_equal(body, strstr(other, "seed:"));
    }
}

static void test_schedule__knows_its_names(void **state)
{
    (void)state;
    assert_true(schedule_is_id("explore/1-2"));
    assert_true(schedule_is_id("explore/1-2.3.4"));
    assert_int_equal(schedule_depth("explore/1-2.3.4"), 2);
    const char *const wrong[] = {"explore/",
                                 "explore/1",
                                 "explore/1.2",
                                 "explore/1-",
                                 "explore/1-2.",
                                 "explore/1-x",
                                 "explore/1-2-3",
                                 "explore/-1-2",
                                 "explored/1-2",
                                 "5.3-updates/update-happy-path",
                                 ""};
    for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
        assert_false(schedule_is_id(wrong[i]));
    }
}

static void test_explore__sees_words_and_order_but_not_times(void **state)
{
    (void)state;
    g_autoptr(Recorder) early = recorder_new();
    g_autoptr(Recorder) late = recorder_new();
    g_autoptr(Recorder) other = recorder_new();
    RECORD(early, 5, "lock", EVENT_MOTOR_DRIVEN, EVENT_TEXT("direction", "lock"));
    RECORD(early, 6, "lock", EVENT_DEVICE_RESET, EVENT_TEXT("cause", "software"));
    RECORD(late, 500, "lock", EVENT_MOTOR_DRIVEN, EVENT_TEXT("direction", "lock"));
    RECORD(late, 900, "lock", EVENT_DEVICE_RESET, EVENT_TEXT("cause", "software"));
    RECORD(other, 5, "lock", EVENT_DEVICE_RESET, EVENT_TEXT("cause", "software"));
    RECORD(other, 6, "lock", EVENT_MOTOR_DRIVEN, EVENT_TEXT("direction", "lock"));
    g_autoptr(GArray) a = explore_features(recorder_events(early));
    g_autoptr(GArray) b = explore_features(recorder_events(late));
    g_autoptr(GArray) c = explore_features(recorder_events(other));
    assert_int_equal(a->len, b->len);
    assert_memory_equal(a->data, b->data, a->len * sizeof(uint32_t));
    assert_true(a->len != c->len || memcmp(a->data, c->data, a->len * sizeof(uint32_t)) != 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_draft__says_all_that_the_plan_of_a_committed_scenario_says),
        cmocka_unit_test(test_draft__of_an_imposed_fault_has_the_claims_that_are_left),
        cmocka_unit_test(test_schedule__is_a_scenario_whatever_its_numbers),
        cmocka_unit_test(test_schedule__is_the_same_for_the_same_name_only),
        cmocka_unit_test(test_schedule__knows_its_names),
        cmocka_unit_test(test_explore__sees_words_and_order_but_not_times),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
