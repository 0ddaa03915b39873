/* SPDX-License-Identifier: MIT */

/* Does a scenario say exactly what it means, and does a plan say all of it, again and again? */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <glib.h>

#include "sim/scenario/reading.h"
#include "sim/scenario/scenario.h"

#define GIVEN "given:\n  device: { image: app-1.0.0 }\n"
#define WHEN  "when:\n  - at: 0s\n    power_on: {}\n"
#define THEN  "then:\n  - always: no_rollback\n"
#define TOP   "scenario: a/b\nproves: [5.3-2]\n"

static Scenario *parse(const char *text, GError **error)
{
    return scenario_parse("x.yaml", "a/b", text, strlen(text), error);
}

static Plan *plan_of(const char *text, const SweepPoint *point)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Scenario) scenario = parse(text, &error);
    if (scenario == NULL) {
        fail_msg("%s", error->message);
    }
    ScenarioOptions options = {.point = point};
    Plan *plan = scenario_plan(scenario, &options, &error);
    assert_non_null(plan);
    return plan;
}

static void expect_error(const char *text, const char *message)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Scenario) scenario = parse(text, &error);
    assert_null(scenario);
    if (!g_str_has_prefix(error->message, message)) {
        fail_msg("expected \"%s\", found \"%s\"", message, error->message);
    }
}

static const char FULL[] =
    "# SPDX-License-Identifier: MIT\n# What it shows,\n# in a sentence.\n" TOP "seed: 7\n"
    "waives: [pin_opens_in_time]\n"
    "given:\n"
    "  devices:\n"
    "    lock: { image: app-1.0.0, bolt: unlocked, door: open, battery_mv: 5000, clock: invalid,\n"
    "            journal: 126 }\n"
    "    lock2: { image: app-1.0.0, image_b: app-1.1.0, state: new }\n"
    "  links: { uplink: { delay: 40ms, loss: 1/100 } }\n"
    "  peers: { updates: { serves: app-1.1.0, certificate: expired }, dns: { mode: silent } }\n"
    "  limit: 2h\n"
    "when:\n"
    "  - at: 0s\n    power_on: {}\n"
    "  - after: boot.completed\n    where: { version: 1.0.0 }\n    nth: 2\n    delay: 1s\n"
    "    target: lock2\n    enter_pin: { which: text, text: 123456 }\n"
    "  - after: { event: update.staged, source: lock2 }\n    nth: every\n"
    "    set_link: { link: lock2, partition: true, for: 5s }\n"
    "then:\n"
    "  - within: 30s\n    after: boot.completed\n    expect: update.confirmed\n    where: { "
    "version: [1.0.0, 1.1.0] }\n"
    "    proves: [5.9-2]\n"
    "  - never: boot.recovery\n    after: power.on\n    until: power.lost\n"
    "  - always: no_rollback\n"
    "  - order: [update.staged, { event: update.confirmed, source: lock2 }]\n"
    "  - counts: dns.asked\n    at_least: 1\n    at_most: 9\n"
    "until: { after: update.confirmed, where: { version: 1.1.0 }, delay: 5s }\n";

static void test_scenario__understands_everything_it_documents(void **state)
{
    (void)state;
    g_autoptr(Scenario) scenario = parse(FULL, NULL);
    assert_non_null(scenario);
    assert_string_equal(scenario_title(scenario), "What it shows, in a sentence.");
    assert_int_equal(scenario_seed(scenario), 7);
    g_autoptr(GArray) faults = scenario_faults(scenario);
    assert_int_equal(faults->len, 1);
    assert_int_equal(g_array_index(faults, VerbFault, 0), VERB_FAULT_NETWORK);
    g_autoptr(Plan) plan = plan_of(FULL, NULL);
    const Timeline *timeline = plan->timeline;
    assert_int_equal(timeline->devices->len, 2);
    const DeviceSetup *lock = plan_device(timeline, "lock");
    assert_true(lock->unlocked && lock->door_open && !lock->clock_valid && lock->initialized);
    assert_int_equal(lock->battery_mv, 5000);
    assert_int_equal(lock->journal, 126);
    assert_false(plan_device(timeline, "lock2")->initialized);
    assert_int_equal(timeline->limit, 7200 * VTIME_S);
    assert_int_equal(timeline->until_delay, 5 * VTIME_S);
    assert_non_null(timeline->until);
    assert_non_null(plan_image(timeline, "app-1.1.0"));
}

static void test_scenario__says_given_conditions_as_actions_that_are_no_faults(void **state)
{
    (void)state;
    g_autoptr(Plan) plan = plan_of(FULL, NULL);
    const GPtrArray *actions = plan->timeline->actions;
    assert_int_equal(actions->len, 7);
    for (guint i = 0; i < actions->len; i++) {
        const Action *action = g_ptr_array_index(actions, i);
        assert_int_equal(action->number, i + 1);
        assert_int_equal(action->given, i < 4);
    }
    const Action *link = g_ptr_array_index(actions, 0);
    assert_int_equal(link->verb, VERB_SET_LINK);
    assert_string_equal(plan_text(link, "link"), "uplink");
    assert_int_equal(plan_duration(link, "delay"), 40 * VTIME_MS);
    assert_int_equal(plan_ratio(link, "loss").denominator, 100);
}

static void test_scenario__fills_in_defaults_and_leaves_optional_arguments_out(void **state)
{
    (void)state;
    g_autoptr(Plan) plan = plan_of(TOP GIVEN "when:\n  - at: 1s\n    cut_power:\n" THEN, NULL);
    const Action *cut = g_ptr_array_index(plan->timeline->actions, 0);
    assert_int_equal(plan_duration(cut, "for"), VTIME_S);
    assert_string_equal(plan_text(cut, "torn"), "nothing");
    assert_null(plan_argument(cut, "at_operation"));
    assert_int_equal(plan_integer(cut, "at_operation"), 0);
    assert_false(plan_truth(cut, "stay_off"));
}

static void test_scenario__watches_standing_invariants_unless_waived(void **state)
{
    (void)state;
    g_autoptr(Plan) plan = plan_of(TOP GIVEN WHEN THEN, NULL);
    unsigned standing = 0;
    for (int i = 0; i < INVARIANTS; i++) {
        standing += plan_invariant_is_standing((Invariant)i) ? 1 : 0;
    }
    assert_int_equal(plan->claims->len, standing + 1);
    g_autoptr(Plan) waiving = plan_of(TOP "waives: [no_secret_leaks]\n" GIVEN WHEN THEN, NULL);
    assert_int_equal(waiving->claims->len, standing);
}

static void test_scenario__keeps_claims_from_the_world(void **state)
{
    (void)state;
    g_autoptr(Plan) plan =
        plan_of(TOP GIVEN WHEN "then:\n  - within: 30s\n    expect: boot.completed\n", NULL);
    /* All the world learns is how long to go on after a power-on. */
    assert_int_equal(plan->timeline->holds->len, 2);
    const Hold *hold = g_ptr_array_index(plan->timeline->holds, 1);
    assert_int_equal(hold->delay, 30 * VTIME_S);
    assert_null(hold->release);
}

static void test_scenario__refuses_with_the_place(void **state)
{
    (void)state;
    expect_error("[]", "x.yaml:1:1: error: expected a scenario");
    expect_error("scenario: a/c\n", "x.yaml:1:11: error: the id must equal the path");
    expect_error(TOP "seeds: 1\n",
                 "x.yaml:3:1: error: unknown key \"seeds\", did you mean \"seed\"?");
    expect_error(TOP GIVEN WHEN, "x.yaml:1:1: error: key \"then\" is missing");
    expect_error("scenario: a/b\nproves: []\n", "x.yaml:2:9: error: proves names no provision");
    expect_error(TOP "given:\n  device: { image: app-1.0.0, bolt: lokced }\n" WHEN THEN,
                 "x.yaml:4:37: error: unknown word \"lokced\", did you mean \"locked\"?");
    expect_error(TOP "given:\n  device: { image: ../x }\n" WHEN THEN,
                 "x.yaml:4:20: error: expected a name");
    expect_error(TOP GIVEN "when: []\n" THEN, "x.yaml:5:7: error: expected 1 to");
    expect_error(TOP GIVEN "when:\n  - at: 5\n    power_on: {}\n" THEN,
                 "x.yaml:6:9: error: \"5\" needs a unit");
    expect_error(TOP GIVEN "when:\n  - at: -5s\n    power_on: {}\n" THEN,
                 "x.yaml:6:9: error: a time cannot be negative");
    expect_error(TOP GIVEN "when:\n  - power_on: {}\n" THEN,
                 "x.yaml:6:5: error: a step needs either \"at\" or \"after\"");
    expect_error(TOP GIVEN "when:\n  - at: 0s\n    cut_powr: {}\n" THEN,
                 "x.yaml:7:5: error: unknown verb \"cut_powr\", did you mean \"cut_power\"?");
    expect_error(TOP GIVEN "when:\n  - at: 0s\n    power_on: {}\n    ping: {}\n" THEN,
                 "x.yaml:8:5: error: one verb per step");
    expect_error(TOP GIVEN "when:\n  - at: 0s\n    power_on: { x: 1 }\n" THEN,
                 "x.yaml:7:17: error: power_on takes no arguments");
    expect_error(TOP GIVEN "when:\n  - at: 0s\n    set_door: {}\n" THEN,
                 "x.yaml:7:5: error: set_door needs \"state\"");
    expect_error(TOP GIVEN "when:\n  - at: 0s\n    target: lok\n    power_on: {}\n" THEN,
                 "x.yaml:7:13: error: no device is called \"lok\"");
    expect_error(TOP GIVEN "when:\n  - at: 0s\n    set_link: { link: lok }\n" THEN,
                 "x.yaml:7:5: error: no link is called \"lok\"");
    expect_error(
        TOP GIVEN "when:\n  - after: boot.completd\n    ping: {}\n" THEN,
        "x.yaml:6:12: error: unknown event \"boot.completd\", did you mean \"boot.completed\"?");
    expect_error(TOP GIVEN WHEN "then:\n  - witin: 3s\n",
                 "x.yaml:9:5: error: unknown claim \"witin\", did you mean \"within\"?");
    expect_error(TOP GIVEN WHEN
                 "then:\n  - within: 3s\n    expect: boot.completed\n    where: { versio: 1 }\n",
                 "x.yaml:11:14: error: unknown key \"versio\", did you mean \"version\"?");
    expect_error(TOP GIVEN WHEN "then:\n  - always: no_rolback\n",
                 "x.yaml:9:13: error: unknown word \"no_rolback\", did you mean \"no_rollback\"?");
    expect_error(TOP GIVEN WHEN "then:\n  - counts: boot.completed\n",
                 "x.yaml:9:5: error: counts needs");
    expect_error(TOP GIVEN WHEN THEN "until: { delay: 5s }\n", "x.yaml:10:8: error: until needs");
}

static void test_scenario__sweeps_one_power_cut_only(void **state)
{
    (void)state;
    expect_error(TOP GIVEN "when:\n  - at: 0s\n    sweep: nvm.operation\n    power_on: {}\n" THEN,
                 "x.yaml:7:5: error: only cut_power can be swept over that axis");
    expect_error(TOP GIVEN "when:\n  - at: 0s\n    sweep: frame\n    cut_power: {}\n" THEN,
                 "x.yaml:7:5: error: only fault_frame can be swept over that axis");
    expect_error(TOP GIVEN "when:\n  - at: 0s\n    fault_frame: {}\n" THEN,
                 "x.yaml:7:5: error: fault_frame needs \"frame\" and \"kind\"");
    expect_error(TOP GIVEN "when:\n  - at: 0s\n    misread: { kind: ones }\n" THEN,
                 "x.yaml:7:5: error: misread needs \"at_read\"");
    expect_error(TOP GIVEN "when:\n  - at: 0s\n    sweep: nvm.operations\n    cut_power: {}\n" THEN,
                 "x.yaml:7:12: error: unknown word \"nvm.operations\", did you mean");
    expect_error(TOP GIVEN "when:\n  - at: 0s\n    sweep: nvm.operation\n    cut_power: {}\n"
                           "  - at: 0s\n    sweep: nvm.operation\n    cut_power: {}\n" THEN,
                 "x.yaml:10:5: error: a scenario sweeps one action only");
    expect_error(TOP GIVEN "when:\n  - at: 0s\n    until: power.on\n    cut_power: {}\n" THEN,
                 "x.yaml:7:5: error: \"until\" goes with \"sweep\"");
}

#define SWEEP_OF(how, verb) "when:\n  - at: 0s\n    sweep: " how "\n    " verb ": {}\n"

static void test_scenario__refuses_a_sweep_with_the_place(void **state)
{
    (void)state;
    expect_error(TOP GIVEN SWEEP_OF("calls", "cut_power") THEN,
                 "x.yaml:7:12: error: unknown word \"calls\", did you mean \"call\"?");
    expect_error(TOP GIVEN SWEEP_OF("call", "fault_frame") THEN,
                 "x.yaml:7:5: error: only cut_power can be swept over that axis");
    expect_error(TOP GIVEN SWEEP_OF("{ axis: call, every: 0 }", "cut_power") THEN,
                 "x.yaml:7:33: error: expected a number from 1 to");
    expect_error(TOP GIVEN SWEEP_OF("{ axis: instruction, every: 5, count: 3 }", "cut_power") THEN,
                 "x.yaml:7:33: error: \"every\" and \"count\" do not go together");
    expect_error(TOP GIVEN SWEEP_OF("{ axis: instruction, evry: 5 }", "cut_power") THEN,
                 "x.yaml:7:33: error: unknown key \"evry\", did you mean \"every\"?");
    expect_error(TOP GIVEN SWEEP_OF("{ axis: call, torn: each }", "cut_power") THEN,
                 "x.yaml:7:26: error: \"torn\" goes with the axis nvm.operation");
    expect_error(TOP GIVEN SWEEP_OF("{ every: 5 }", "cut_power") THEN,
                 "x.yaml:7:5: error: key \"axis\" is missing");
}

static void test_scenario__checks_what_it_proves_against_the_catalogue(void **state)
{
    (void)state;
    static const char *const KNOWN[] = {"5.3-2", "5.9-2", NULL};
    static const char *const OTHER[] = {"5.3-2", NULL};
    g_autoptr(Scenario) scenario = parse(FULL, NULL);
    g_autoptr(GError) error = NULL;
    assert_true(scenario_check_proves(scenario, KNOWN, &error));
    assert_false(scenario_check_proves(scenario, OTHER, &error));
    assert_non_null(strstr(error->message, "no catalogue has \"5.9-2\""));
}

static void test_plan__is_the_same_again_after_being_stored(void **state)
{
    (void)state;
    g_autoptr(Plan) plan = plan_of(FULL, NULL);
    g_autofree char *json = plan_to_json(plan);
    g_autoptr(GError) error = NULL;
    g_autoptr(Plan) again = plan_from_json("plan.json", json, strlen(json), &error);
    if (again == NULL) {
        fail_msg("%s", error->message);
    }
    g_autofree char *json_again = plan_to_json(again);
    assert_string_equal(json, json_again);
    g_autoptr(Plan) planned_again = plan_of(FULL, NULL);
    g_autofree char *same = plan_to_json(planned_again);
    assert_string_equal(json, same);
}

static void test_plan__refuses_stored_text_that_is_not_canonical(void **state)
{
    (void)state;
    g_autoptr(Plan) plan = plan_of(FULL, NULL);
    g_autofree char *json = plan_to_json(plan);
    g_autofree char *spaced = g_strdup_printf("%s ", json);
    g_autoptr(GError) error = NULL;
    assert_null(plan_from_json("plan.json", spaced, strlen(spaced), &error));
    assert_non_null(strstr(error->message, "canonical"));
    for (size_t cut = 0; cut < strlen(json); cut += 97) {
        assert_null(plan_from_json("plan.json", json, cut, NULL));
    }
}

static const char SWEEP[] = TOP GIVEN
    "when:\n  - at: 0s\n    power_on: {}\n"
    "  - after: update.staging_started\n    until: update.confirmed\n    sweep: nvm.operation\n"
    "    cut_power: { for: 200ms }\n" THEN;

static void test_plan__leaves_the_swept_action_out_of_the_reference(void **state)
{
    (void)state;
    g_autoptr(Plan) reference = plan_of(SWEEP, NULL);
    assert_int_equal(reference->timeline->actions->len, 1);
    assert_true(reference->timeline->record_nvm);
    assert_string_equal(reference->run_id, "a/b+seed=1");
    SweepPoint point = {.axis = SWEEP_NVM_OPERATION, .number = 137, .how = "prefix"};
    g_autoptr(Plan) plan = plan_of(SWEEP, &point);
    assert_string_equal(plan->run_id, "a/b@nvm.op#137:prefix+seed=1");
    assert_int_equal(plan->timeline->actions->len, 2);
    const Action *cut = g_ptr_array_index(plan->timeline->actions, 1);
    assert_int_equal(plan_integer(cut, "at_operation"), 137);
    assert_string_equal(plan_text(cut, "torn"), "prefix");
    assert_int_equal(plan_duration(cut, "for"), 200 * VTIME_MS);
    assert_null(cut->after);
    assert_int_equal(cut->at, 0);
}

#define POINT_OF(axis_, number_, how_)                                                             \
    (&(SweepPoint){.axis = (axis_), .number = (number_), .how = (how_)})

static void test_plan__arms_a_cut_at_a_call(void **state)
{
    (void)state;
    static const char text[] = TOP GIVEN SWEEP_OF("call", "cut_power") THEN;
    g_autoptr(Plan) reference = plan_of(text, NULL);
    assert_true(reference->timeline->record_calls);
    assert_false(reference->timeline->record_nvm);
    g_autoptr(Plan) plan = plan_of(text, POINT_OF(SWEEP_CALL, 17, ""));
    assert_string_equal(plan->run_id, "a/b@call#17+seed=1");
    assert_false(plan->timeline->record_calls);
    assert_int_equal(plan->imposed, 0);
    const Action *cut = g_ptr_array_index(plan->timeline->actions, 0);
    assert_int_equal(plan_integer(cut, "at_call"), 17);
}

static const char STORY[] =
    TOP GIVEN "when:\n  - at: 0s\n    power_on: {}\n  - at: 5s\n    stick_trng: { for: 1s }\n"
              "  - after: fault.ended\n    ping: {}\n"
              "then:\n  - within: 3s\n    expect: ping.answered\n"
              "  - within: 5s\n    expect: boot.completed\n"
              "  - never: boot.recovery\n    after: update.staged\n    until: fault.ended\n"
              "  - never: motor.driven\n    after: power.lost\n"
              "  - counts: power.on\n    at_most: 1\n"
              "  - order: [power.on, boot.completed]\n"
              "  - always: no_rollback\n"
              "until: { after: fault.ended, delay: 5s }\n";

static const Claim *claim_of(const Plan *plan, uint32_t number)
{
    for (guint i = 0; i < plan->claims->len; i++) {
        const Claim *claim = g_ptr_array_index(plan->claims, i);
        if (claim->number == number) {
            return claim;
        }
    }
    return NULL;
}

static void test_plan__puts_the_axis_own_fault_into_any_scenario(void **state)
{
    (void)state;
    g_autoptr(Plan) plan = plan_of(STORY, POINT_OF(SWEEP_NVM_OPERATION, 9, "half"));
    assert_string_equal(plan->run_id, "a/b@nvm.op#9:half+seed=1");
    assert_int_equal(plan->imposed, 4);
    assert_int_equal(plan->timeline->actions->len, 4);
    const Action *cut = g_ptr_array_index(plan->timeline->actions, 3);
    assert_int_equal(cut->verb, VERB_CUT_POWER);
    assert_string_equal(cut->target, "lock");
    assert_int_equal(plan_integer(cut, "at_operation"), 9);
    assert_string_equal(plan_text(cut, "torn"), "half");
    assert_int_equal(plan_duration(cut, "for"), 200 * VTIME_MS);
    g_autoptr(Plan) frame = plan_of(STORY, POINT_OF(SWEEP_FRAME, 3, "hold"));
    const Action *fault = g_ptr_array_index(frame->timeline->actions, 3);
    assert_int_equal(fault->verb, VERB_FAULT_FRAME);
    assert_int_equal(plan_integer(fault, "frame"), 3);
    assert_string_equal(plan_text(fault, "kind"), "hold");
    g_autoptr(Plan) read = plan_of(STORY, POINT_OF(SWEEP_READ, 77, "zeros"));
    assert_string_equal(read->run_id, "a/b@read#77:zeros+seed=1");
    const Action *misread = g_ptr_array_index(read->timeline->actions, 3);
    assert_int_equal(misread->verb, VERB_MISREAD);
    assert_int_equal(plan_integer(misread, "at_read"), 77);
    assert_string_equal(plan_text(misread, "kind"), "zeros");
    assert_false(read->timeline->record_reads);
}

static void test_plan__keeps_of_the_claims_what_holds_whatever_happens(void **state)
{
    (void)state;
    g_autoptr(Plan) plan = plan_of(STORY, POINT_OF(SWEEP_CALL, 9, ""));
    assert_null(claim_of(plan, 1));     /* within, not about a boot */
    assert_non_null(claim_of(plan, 2)); /* within, about a boot */
    assert_non_null(claim_of(plan, 3)); /* never, after what lasts */
    assert_null(claim_of(plan, 4));     /* never, after what another loss of power may undo */
    assert_null(claim_of(plan, 5));     /* counts */
    assert_null(claim_of(plan, 6));     /* order */
    assert_non_null(claim_of(plan, 7)); /* always */
    for (uint32_t number = 2; number < 8; number++) {
        assert_true(claim_of(plan, number) == NULL || claim_of(plan, number)->standing);
    }
    g_autoptr(Plan) reference = plan_of(STORY, POINT_OF(SWEEP_CALL, 0, ""));
    assert_string_equal(reference->run_id, "a/b@call+seed=1");
    assert_true(reference->timeline->record_calls);
    assert_non_null(claim_of(reference, 5));
    assert_int_equal(reference->imposed, 0);
}

static void test_plan__lets_a_story_about_faults_mean_its_own(void **state)
{
    (void)state;
    g_autoptr(Plan) plan = plan_of(STORY, POINT_OF(SWEEP_CALL, 9, ""));
    g_autoptr(Event) own = event_new(1, 1, "lock", EVENT_FAULT_ENDED,
                                     (const EventField[]){EVENT_INTEGER("action", 2), EVENT_END});
    g_autoptr(Event) imposed =
        event_new(2, 2, "lock", EVENT_FAULT_ENDED,
                  (const EventField[]){EVENT_INTEGER("action", 4), EVENT_END});
    const Action *ping = g_ptr_array_index(plan->timeline->actions, 2);
    assert_true(pattern_matches(ping->after, own));
    assert_false(pattern_matches(ping->after, imposed));
    assert_true(pattern_matches(plan->timeline->until, own));
    assert_false(pattern_matches(plan->timeline->until, imposed));
    assert_true(pattern_matches(claim_of(plan, 3)->until, own));
    assert_false(pattern_matches(claim_of(plan, 3)->until, imposed));
}

static void test_plan__arms_a_second_cut_when_the_first_fault_took_effect(void **state)
{
    (void)state;
    SweepPoint point = {.axis = SWEEP_INSTRUCTION,
                        .number = 1234,
                        .second = {.axis = SWEEP_NVM_OPERATION, .number = 7, .how = "weak"}};
    g_autoptr(Plan) plan = plan_of(STORY, &point);
    assert_string_equal(plan->run_id, "a/b@instr#1234,nvm.op#7:weak+seed=1");
    assert_int_equal(plan->timeline->actions->len, 5);
    const Action *second = g_ptr_array_index(plan->timeline->actions, 4);
    assert_int_equal(plan_integer(second, "at_operation"), 7);
    g_autoptr(Event) effect =
        event_new(1, 1, "lock", EVENT_FAULT_TOOK_EFFECT,
                  (const EventField[]){EVENT_INTEGER("action", 4), EVENT_END});
    assert_true(pattern_matches(second->after, effect));
    point.second.number = 0;
    g_autoptr(Plan) asker = plan_of(STORY, &point);
    assert_true(asker->timeline->record_nvm);
    assert_int_equal(asker->timeline->actions->len, 4);
}

static void test_plan__with_an_imposed_fault_is_the_same_again_after_being_stored(void **state)
{
    (void)state;
    const SweepPoint *points[] = {POINT_OF(SWEEP_CALL, 9, ""), POINT_OF(SWEEP_CALL, 0, ""),
                                  POINT_OF(SWEEP_READ, 9, "bit"), POINT_OF(SWEEP_READ, 0, "")};
    for (size_t i = 0; i < G_N_ELEMENTS(points); i++) {
        g_autoptr(Plan) plan = plan_of(STORY, points[i]);
        g_autofree char *json = plan_to_json(plan);
        g_autoptr(GError) error = NULL;
        g_autoptr(Plan) again = plan_from_json("plan.json", json, strlen(json), &error);
        if (again == NULL) {
            fail_msg("%s", error->message);
        }
        assert_int_equal(again->imposed, plan->imposed);
        assert_int_equal(again->timeline->record_calls, plan->timeline->record_calls);
        assert_int_equal(again->timeline->record_reads, plan->timeline->record_reads);
    }
}

static GPtrArray *operations(void)
{
    GPtrArray *events = g_ptr_array_new_with_free_func((GDestroyNotify)event_free);
    for (int64_t i = 1; i <= 10; i++) {
        EventField fields[] = {EVENT_INTEGER("number", i), EVENT_INTEGER("instructions", i * 1000),
                               EVENT_END};
        g_ptr_array_add(events, event_new(events->len + 1, i * 10, i == 7 ? "lock2" : "lock",
                                          EVENT_NVM_OPERATION, fields));
        if (i == 3) {
            g_ptr_array_add(events, event_new(events->len + 1, i * 10, "lock",
                                              EVENT_UPDATE_STAGING_STARTED, NULL));
        }
        if (i == 8) {
            g_ptr_array_add(events, event_new(events->len + 1, i * 10 + 1, "lock",
                                              EVENT_UPDATE_CONFIRMED, NULL));
        }
    }
    return events;
}

static void test_sweep__takes_its_points_from_the_window(void **state)
{
    (void)state;
    g_autoptr(Scenario) scenario = parse(SWEEP, NULL);
    g_autoptr(GPtrArray) events = operations();
    g_autoptr(GArray) points = sweep_points(scenario_sweep(scenario), 1, events, false, NULL);
    static const uint64_t NUMBERS[] = {3, 4, 5, 6, 8};
    assert_int_equal(points->len, G_N_ELEMENTS(NUMBERS));
    for (guint i = 0; i < points->len; i++) {
        assert_int_equal(g_array_index(points, SweepPoint, i).number, NUMBERS[i]);
    }
    g_autoptr(GArray) each = sweep_points(scenario_sweep(scenario), 1, events, true, NULL);
    assert_int_equal(each->len, 6 * points->len);
    g_autoptr(GArray) again = sweep_points(scenario_sweep(scenario), 1, events, false, NULL);
    assert_memory_equal(points->data, again->data, points->len * sizeof(SweepPoint));
}

static void test_sweep__takes_what_is_read_again(void **state)
{
    (void)state;
    g_autoptr(GPtrArray) events = operations();
    for (int64_t i = 1; i <= 4; i++) {
        EventField fields[] = {EVENT_INTEGER("number", i * 100),
                               EVENT_TEXT("value", i == 2   ? "0xffff"
                                                   : i == 1 ? "0x00"
                                                            : "0x0f"),
                               EVENT_END};
        g_ptr_array_add(events, event_new(events->len + 1, 200, i == 3 ? "lock2" : "lock",
                                          EVENT_READ_REPEATED, fields));
    }
    Sweep sweep = {.axis = SWEEP_READ, .target = "lock", .how = "each"};
    g_autoptr(GArray) points = sweep_points(&sweep, 1, events, false, NULL);
    static const char *const EXPECTED[] = {"100:ones", "100:bit",   "200:zeros", "200:bit",
                                           "400:ones", "400:zeros", "400:bit"};
    assert_int_equal(points->len, G_N_ELEMENTS(EXPECTED));
    for (guint i = 0; i < points->len; i++) {
        const SweepPoint *point = &g_array_index(points, SweepPoint, i);
        g_autofree char *text =
            g_strdup_printf("%" G_GUINT64_FORMAT ":%s", point->number, point->how);
        assert_string_equal(text, EXPECTED[i]);
    }
}

static void test_sweep__draws_instructions_within_the_window(void **state)
{
    (void)state;
    g_autoptr(GPtrArray) events = operations();
    Sweep sweep = {.axis = SWEEP_INSTRUCTION, .count = 50, .target = "lock"};
    g_autoptr(GArray) points = sweep_points(&sweep, 3, events, false, NULL);
    assert_int_equal(points->len, 50);
    for (guint i = 0; i < points->len; i++) {
        uint64_t number = g_array_index(points, SweepPoint, i).number;
        assert_true(number >= 1 && number < 10000);
        assert_true(i == 0 || number >= g_array_index(points, SweepPoint, i - 1).number);
    }
}

static void test_sweep__takes_frames_of_the_devices_own_cable(void **state)
{
    (void)state;
    g_autoptr(GPtrArray) events = operations();
    EventField own[] = {EVENT_TEXT("link", "lock"), EVENT_INTEGER("frames", 40), EVENT_END};
    EventField other[] = {EVENT_TEXT("link", "lock2"), EVENT_INTEGER("frames", 90), EVENT_END};
    g_ptr_array_add(events, event_new(events->len + 1, 200, "lock", EVENT_LINK_CLOSED, own));
    g_ptr_array_add(events, event_new(events->len + 1, 200, "lock2", EVENT_LINK_CLOSED, other));
    Sweep sweep = {.axis = SWEEP_FRAME, .target = "lock", .how = "drawn"};
    g_autoptr(GArray) all = sweep_points(&sweep, 3, events, false, NULL);
    assert_int_equal(all->len, 40);
    sweep.count = 7;
    g_autoptr(GArray) some = sweep_points(&sweep, 3, events, false, NULL);
    assert_int_equal(some->len, 7);
    g_autoptr(GArray) every = sweep_points(&sweep, 3, events, true, NULL);
    assert_int_equal(every->len, 40 * 5);
    /* What becomes of a frame does not depend on which others are taken. */
    for (guint i = 0; i < some->len; i++) {
        const SweepPoint *point = &g_array_index(some, SweepPoint, i);
        assert_string_equal(point->how, g_array_index(all, SweepPoint, point->number - 1).how);
    }
}

/* Calls 1 to 20 of the lock, one in 10 ns and 1000 instructions; what the lab does in between. */
static GPtrArray *calls(void)
{
    GPtrArray *events = g_ptr_array_new_with_free_func((GDestroyNotify)event_free);
    for (int64_t i = 1; i <= 20; i++) {
        EventField fields[] = {EVENT_INTEGER("number", i), EVENT_TEXT("kind", "leds"),
                               EVENT_INTEGER("instructions", i * 1000), EVENT_END};
        g_ptr_array_add(events,
                        event_new(events->len + 1, i * 10, "lock", EVENT_DEVICE_CALL, fields));
        if (i == 5 || i == 11) {
            g_ptr_array_add(events, event_new(events->len + 1, i * 10 + 5, "lock",
                                              i == 5 ? EVENT_USER_BUTTON : EVENT_USER_KEY, NULL));
        }
        if (i == 8 || i == 14) {
            g_ptr_array_add(events,
                            event_new(events->len + 1, i * 10, "lock",
                                      i == 8 ? EVENT_UPDATE_STAGED : EVENT_UPDATE_TRIAL, NULL));
        }
    }
    return events;
}

static void test_sweep__takes_every_nth_call_in_the_window(void **state)
{
    (void)state;
    g_autoptr(GPtrArray) events = calls();
    g_autoptr(Pattern) staged = pattern_new(EVENT_UPDATE_STAGED);
    g_autoptr(Pattern) trial = pattern_new(EVENT_UPDATE_TRIAL);
    Sweep sweep = {.axis = SWEEP_CALL, .target = "lock", .after = staged, .until = trial};
    g_autoptr(GArray) all = sweep_points(&sweep, 1, events, false, NULL);
    assert_int_equal(all->len, 7); /* 8 to 14 */
    sweep.every = 3;
    g_autoptr(GArray) third = sweep_points(&sweep, 1, events, false, NULL);
    assert_int_equal(third->len, 3);
    for (guint i = 0; i < third->len; i++) {
        assert_int_equal(g_array_index(third, SweepPoint, i).number, 8 + 3 * i);
    }
    g_autoptr(GArray) thorough = sweep_points(&sweep, 1, events, true, NULL);
    assert_int_equal(thorough->len, 7);
    sweep.every = 0;
    sweep.count = 4;
    g_autoptr(GArray) drawn = sweep_points(&sweep, 1, events, false, NULL);
    assert_int_equal(drawn->len, 4);
    g_strlcpy(sweep.target, "lock2", sizeof sweep.target);
    g_autoptr(GArray) none = sweep_points(&sweep, 1, events, false, NULL);
    assert_int_equal(none->len, 0);
}

static void test_sweep__takes_every_nth_instruction_from_edge_to_edge(void **state)
{
    (void)state;
    g_autoptr(GPtrArray) events = calls();
    g_autoptr(Pattern) staged = pattern_new(EVENT_UPDATE_STAGED);
    g_autoptr(Pattern) trial = pattern_new(EVENT_UPDATE_TRIAL);
    Sweep sweep = {.axis = SWEEP_INSTRUCTION, .target = "lock", .every = 1};
    sweep.after = staged;
    sweep.until = trial;
    g_autoptr(GArray) each = sweep_points(&sweep, 1, events, false, NULL);
    assert_int_equal(each->len, 6001);
    assert_int_equal(g_array_index(each, SweepPoint, 0).number, 8000);
    assert_int_equal(g_array_index(each, SweepPoint, 6000).number, 14000);
    sweep.every = 2500;
    g_autoptr(GArray) some = sweep_points(&sweep, 1, events, false, NULL);
    assert_int_equal(some->len, 3);
    assert_int_equal(g_array_index(some, SweepPoint, 2).number, 13000);
    /* What the lab does between two calls of the device: the calls around it. */
    g_autoptr(Pattern) button = pattern_new(EVENT_USER_BUTTON);
    g_autoptr(Pattern) key = pattern_new(EVENT_USER_KEY);
    sweep.after = button;
    sweep.until = key;
    sweep.every = 1;
    g_autoptr(GArray) wide = sweep_points(&sweep, 1, events, false, NULL);
    assert_int_equal(g_array_index(wide, SweepPoint, 0).number, 5000);
    assert_int_equal(g_array_index(wide, SweepPoint, wide->len - 1).number, 12000);
    /* A window that never opens has nothing in it. */
    g_autoptr(Pattern) never = pattern_new(EVENT_BOOT_RECOVERY);
    sweep.after = never;
    g_autoptr(GArray) none = sweep_points(&sweep, 1, events, false, NULL);
    assert_int_equal(none->len, 0);
}

static void test_sweep__refuses_more_points_than_anybody_can_run(void **state)
{
    (void)state;
    g_autoptr(GPtrArray) events = calls();
    g_autoptr(GError) error = NULL;
    EventField late[] = {EVENT_INTEGER("number", 21), EVENT_TEXT("kind", "leds"),
                         EVENT_INTEGER("instructions", 1000 + SWEEP_POINTS_MAX), EVENT_END};
    g_ptr_array_add(events, event_new(events->len + 1, 300, "lock", EVENT_DEVICE_CALL, late));
    g_autoptr(Pattern) from = pattern_new(EVENT_DEVICE_CALL);
    Sweep sweep = {.axis = SWEEP_INSTRUCTION, .target = "lock", .every = 1, .after = from};
    assert_null(sweep_points(&sweep, 1, events, false, &error));
    assert_non_null(strstr(error->message, "the sweep over instruction has 1000001 points"));
    sweep.every = 2;
    g_autoptr(GArray) half = sweep_points(&sweep, 1, events, false, NULL);
    assert_int_equal(half->len, SWEEP_POINTS_MAX / 2 + 1);
}

static void test_sweep__draws_second_faults_from_the_recovery(void **state)
{
    (void)state;
    g_autoptr(GPtrArray) events = g_ptr_array_new_with_free_func((GDestroyNotify)event_free);
    for (int64_t i = 1; i <= 40; i++) {
        VTime at = i * 100 * VTIME_MS;
        EventField fields[] = {EVENT_INTEGER("number", i), EVENT_END};
        g_ptr_array_add(events, event_new(events->len + 1, at, "lock", EVENT_DEVICE_CALL, fields));
        if (i == 10) {
            EventField effect[] = {EVENT_INTEGER("action", 3), EVENT_END};
            g_ptr_array_add(
                events, event_new(events->len + 1, at, "lock", EVENT_FAULT_TOOK_EFFECT, effect));
        }
        if (i == 12) {
            g_ptr_array_add(events,
                            event_new(events->len + 1, at + 1, "lock", EVENT_POWER_ON, NULL));
        }
    }
    SweepPoint first = {.axis = SWEEP_INSTRUCTION, .number = 77, .second.axis = SWEEP_CALL};
    g_autoptr(GArray) points = sweep_second_points(&first, "lock", 3, 5, 1, events, NULL);
    assert_int_equal(points->len, 5);
    for (guint i = 0; i < points->len; i++) {
        const SweepPoint *point = &g_array_index(points, SweepPoint, i);
        assert_int_equal(point->number, 77);
        assert_int_equal(point->second.axis, SWEEP_CALL);
        assert_in_range(point->second.number, 11, 22); /* a second after the power is back */
    }
    g_autoptr(GArray) all = sweep_second_points(&first, "lock", 3, 100, 1, events, NULL);
    assert_int_equal(all->len, 12);
    g_autoptr(GArray) again = sweep_second_points(&first, "lock", 3, 5, 1, events, NULL);
    assert_memory_equal(points->data, again->data, points->len * sizeof(SweepPoint));
    g_autoptr(GArray) none = sweep_second_points(&first, "lock", 4, 5, 1, events, NULL);
    assert_int_equal(none->len, 0); /* that action took no effect */
}

static void test_sweep__run_ids_go_there_and_back(void **state)
{
    (void)state;
    static const char *const GOOD[] = {
        "a/b+seed=42",
        "a/b@nvm.op#137:weak+seed=0",
        "a/b@frame#12:hold+seed=3",
        "a/b@instr#99+defect=no-way+seed=18446744073709551615",
        "a/b@call#7+seed=1",
        "a/b@call+seed=1",
        "a/b@nvm.op+seed=1",
        "a/b@instr#99,call#120+seed=1",
        "a/b@frame#12:hold,nvm.op#4:half+seed=1",
        "a/b@call#7,instr+seed=1",
    };
    for (size_t i = 0; i < G_N_ELEMENTS(GOOD); i++) {
        g_auto(SweepRun) run = {.scenario = NULL};
        assert_true(sweep_parse_run_id(GOOD[i], &run));
        g_autofree char *again = sweep_run_id(run.scenario, &run.point, run.defect, run.seed);
        assert_string_equal(again, GOOD[i]);
    }
    static const char *const BAD[] = {"",
                                      "@nvm.op#1:weak",
                                      "a@nvm.op#1",
                                      "a@nvm.op#0:weak",
                                      "a@nvm.op#1:nowhere",
                                      "a@instr#1:weak",
                                      "a@frame#1:weak",
                                      "a@bogus#1",
                                      "a@call#",
                                      "a@call#1:weak",
                                      "a@call,instr#1",
                                      "a@call#1,",
                                      "a@call#1,frame#2:lose",
                                      "a@call#1,call#2,call#3",
                                      "a@call#1,nvm.op#2",
                                      "a@",
                                      "a+seed=",
                                      "a+seed=1+seed=2",
                                      "a+what"};
    for (size_t i = 0; i < G_N_ELEMENTS(BAD); i++) {
        SweepRun run = {.scenario = NULL};
        assert_false(sweep_parse_run_id(BAD[i], &run));
        assert_null(run.scenario);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scenario__understands_everything_it_documents),
        cmocka_unit_test(test_scenario__says_given_conditions_as_actions_that_are_no_faults),
        cmocka_unit_test(test_scenario__fills_in_defaults_and_leaves_optional_arguments_out),
        cmocka_unit_test(test_scenario__watches_standing_invariants_unless_waived),
        cmocka_unit_test(test_scenario__keeps_claims_from_the_world),
        cmocka_unit_test(test_scenario__refuses_with_the_place),
        cmocka_unit_test(test_scenario__sweeps_one_power_cut_only),
        cmocka_unit_test(test_scenario__refuses_a_sweep_with_the_place),
        cmocka_unit_test(test_scenario__checks_what_it_proves_against_the_catalogue),
        cmocka_unit_test(test_plan__is_the_same_again_after_being_stored),
        cmocka_unit_test(test_plan__refuses_stored_text_that_is_not_canonical),
        cmocka_unit_test(test_plan__leaves_the_swept_action_out_of_the_reference),
        cmocka_unit_test(test_plan__arms_a_cut_at_a_call),
        cmocka_unit_test(test_plan__puts_the_axis_own_fault_into_any_scenario),
        cmocka_unit_test(test_plan__keeps_of_the_claims_what_holds_whatever_happens),
        cmocka_unit_test(test_plan__lets_a_story_about_faults_mean_its_own),
        cmocka_unit_test(test_plan__arms_a_second_cut_when_the_first_fault_took_effect),
        cmocka_unit_test(test_plan__with_an_imposed_fault_is_the_same_again_after_being_stored),
        cmocka_unit_test(test_sweep__takes_its_points_from_the_window),
        cmocka_unit_test(test_sweep__takes_what_is_read_again),
        cmocka_unit_test(test_sweep__draws_instructions_within_the_window),
        cmocka_unit_test(test_sweep__takes_frames_of_the_devices_own_cable),
        cmocka_unit_test(test_sweep__takes_every_nth_call_in_the_window),
        cmocka_unit_test(test_sweep__takes_every_nth_instruction_from_edge_to_edge),
        cmocka_unit_test(test_sweep__refuses_more_points_than_anybody_can_run),
        cmocka_unit_test(test_sweep__draws_second_faults_from_the_recovery),
        cmocka_unit_test(test_sweep__run_ids_go_there_and_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
