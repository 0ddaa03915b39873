/* SPDX-License-Identifier: MIT */

/* Does each claim and each invariant say PASS, FAIL and INCONCLUSIVE where it should, and cite why?
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <glib.h>

#include "sim/evidence/recorder.h"
#include "sim/scenario/reading.h"
#include "sim/verdict/verdict.h"

#define ON(at)     RECORD(run.recorder, (at), "lock", EVENT_POWER_ON)
#define LOST(at)   RECORD(run.recorder, (at), "lock", EVENT_POWER_LOST)
#define BOOTED(at) RECORD(run.recorder, (at), "lock", EVENT_BOOT_COMPLETED)
#define END(at)    RECORD(run.recorder, (at), "lab", EVENT_RUN_ENDED)
#define STARTED(at, version_text, is_valid)                                                        \
    RECORD(run.recorder, (at), "lock", EVENT_BOOT_SLOT_STARTED, EVENT_TEXT("slot", "A"),           \
           EVENT_TEXT("version", (version_text)), EVENT_TRUTH("valid", (is_valid)),                \
           EVENT_TRUTH("signed", (is_valid)))

/* A plan of one claim, and the evidence it is judged by. */
typedef struct Run {
    Plan *plan;
    Claim *claim;
    Recorder *recorder;
    RunVerdict *verdict;
} Run;

static Run run_new(ClaimKind kind)
{
    Run run = {.plan = plan_new(), .claim = plan_claim_new(kind), .recorder = recorder_new()};
    run.claim->number = 1;
    run.claim->sentence = g_strdup("it is so");
    g_ptr_array_add(run.plan->claims, run.claim);
    g_ptr_array_add(run.plan->timeline->devices, plan_device_new("lock"));
    return run;
}

static Run run_always(const char *invariant)
{
    Run run = run_new(CLAIM_ALWAYS);
    run.claim->invariant = g_strdup(invariant);
    return run;
}

static Verdict judge(Run *run)
{
    verdict_run_free(run->verdict);
    run->verdict = verdict_judge(run->plan, recorder_events(run->recorder));
    return run->verdict->verdict;
}

static const ClaimVerdict *judged_claim(const Run *run)
{
    return g_ptr_array_index(run->verdict->claims, 0);
}

static void run_clear(Run *run)
{
    verdict_run_free(run->verdict);
    plan_free(run->plan);
    recorder_free(run->recorder);
}

static Run run_within(VTime duration)
{
    Run run = run_new(CLAIM_WITHIN);
    run.claim->duration = duration;
    run.claim->after = pattern_new(EVENT_POWER_ON);
    run.claim->expect = pattern_new(EVENT_BOOT_COMPLETED);
    return run;
}

static void test_verdict__joins_by_the_worse(void **state)
{
    (void)state;
    for (int a = 0; a < VERDICTS; a++) {
        for (int b = 0; b < VERDICTS; b++) {
            assert_int_equal(verdict_join((Verdict)a, (Verdict)b), MAX(a, b));
        }
        Verdict parsed = VERDICTS;
        assert_true(verdict_parse(verdict_name((Verdict)a), &parsed));
        assert_int_equal(parsed, a);
    }
    Verdict none = VERDICTS;
    assert_false(verdict_parse("pass", &none));
}

static void test_within__passes_just_inside_and_fails_just_outside(void **state)
{
    (void)state;
    for (VTime late = 0; late <= 1; late++) {
        Run run = run_within(100);
        ON(50);
        BOOTED(150 + late);
        END(1000);
        assert_int_equal(judge(&run), late == 0 ? VERDICT_PASS : VERDICT_FAIL);
        if (late == 1) {
            assert_int_equal(judged_claim(&run)->cites[0], 1);
        }
        run_clear(&run);
    }
}

static void test_within__asks_again_after_each_occasion(void **state)
{
    (void)state;
    Run run = run_within(100);
    ON(0);
    BOOTED(10);
    ON(500);
    END(1000);
    assert_int_equal(judge(&run), VERDICT_FAIL);
    assert_int_equal(judged_claim(&run)->occasions, 2);
    assert_int_equal(judged_claim(&run)->cites[0], 3);
    run_clear(&run);
}

static void test_within__expects_nothing_of_a_device_without_power(void **state)
{
    (void)state;
    Run run = run_within(100);
    ON(0);
    LOST(50);
    ON(200);
    BOOTED(250);
    END(1000);
    assert_int_equal(judge(&run), VERDICT_PASS);
    assert_int_equal(judged_claim(&run)->occasions, 1);
    run_clear(&run);
}

static void
test_within__is_inconclusive_when_the_run_ends_first_or_the_moment_never_comes(void **state)
{
    (void)state;
    Run run = run_within(100);
    END(1);
    assert_int_equal(judge(&run), VERDICT_INCONCLUSIVE);
    run_clear(&run);
    run = run_within(100);
    ON(0);
    END(99);
    assert_int_equal(judge(&run), VERDICT_INCONCLUSIVE);
    run_clear(&run);
}

static void test_within__does_not_take_one_device_for_another(void **state)
{
    (void)state;
    Run run = run_within(100);
    g_ptr_array_add(run.plan->timeline->devices, plan_device_new("lock2"));
    ON(0);
    RECORD(run.recorder, 10, "lock2", EVENT_BOOT_COMPLETED);
    END(1000);
    assert_int_equal(judge(&run), VERDICT_FAIL);
    run_clear(&run);
}

static void test_never__fails_inside_its_bounds_only(void **state)
{
    (void)state;
    Run run = run_new(CLAIM_NEVER);
    run.claim->after = pattern_new(EVENT_POWER_ON);
    run.claim->until = pattern_new(EVENT_POWER_LOST);
    run.claim->expect = pattern_new(EVENT_BOOT_RECOVERY);
    RECORD(run.recorder, 0, "lock", EVENT_BOOT_RECOVERY);
    ON(1);
    LOST(2);
    RECORD(run.recorder, 3, "lock", EVENT_BOOT_RECOVERY);
    assert_int_equal(judge(&run), VERDICT_INCONCLUSIVE); /* The evidence has no end. */
    END(4);
    assert_int_equal(judge(&run), VERDICT_PASS);
    ON(5);
    RECORD(run.recorder, 6, "lock", EVENT_BOOT_RECOVERY);
    assert_int_equal(judge(&run), VERDICT_FAIL);
    assert_int_equal(judged_claim(&run)->cites[0], 7);
    run_clear(&run);
}

static void test_order__wants_the_first_of_each_in_order(void **state)
{
    (void)state;
    Run run = run_new(CLAIM_ORDER);
    g_ptr_array_add(run.claim->patterns, pattern_new(EVENT_UPDATE_STAGED));
    g_ptr_array_add(run.claim->patterns, pattern_new(EVENT_UPDATE_CONFIRMED));
    RECORD(run.recorder, 1, "lock", EVENT_UPDATE_STAGED);
    END(2);
    assert_int_equal(judge(&run), VERDICT_FAIL);
    RECORD(run.recorder, 2, "lock", EVENT_UPDATE_CONFIRMED);
    assert_int_equal(judge(&run), VERDICT_PASS);
    run_clear(&run);
    run = run_new(CLAIM_ORDER);
    g_ptr_array_add(run.claim->patterns, pattern_new(EVENT_UPDATE_CONFIRMED));
    g_ptr_array_add(run.claim->patterns, pattern_new(EVENT_UPDATE_STAGED));
    RECORD(run.recorder, 1, "lock", EVENT_UPDATE_STAGED);
    RECORD(run.recorder, 2, "lock", EVENT_UPDATE_CONFIRMED);
    END(2);
    assert_int_equal(judge(&run), VERDICT_FAIL);
    run_clear(&run);
}

static void test_counts__keeps_both_bounds(void **state)
{
    (void)state;
    Run run = run_new(CLAIM_COUNTS);
    run.claim->expect = pattern_new(EVENT_USER_BUTTON);
    run.claim->at_least = 1;
    run.claim->at_most = 2;
    static const Verdict EXPECTED[] = {VERDICT_FAIL, VERDICT_PASS, VERDICT_PASS, VERDICT_FAIL};
    for (size_t i = 0; i < G_N_ELEMENTS(EXPECTED); i++) {
        END((VTime)i);
        assert_int_equal(judge(&run), EXPECTED[i]);
        RECORD(run.recorder, (VTime)i, "lock", EVENT_USER_BUTTON);
    }
    run_clear(&run);
}

static void test_faults__that_took_no_effect_are_never_a_pass(void **state)
{
    (void)state;
    Run run = run_new(CLAIM_COUNTS);
    run.claim->expect = pattern_new(EVENT_USER_BUTTON);
    Action *action = plan_action_new(VERB_CUT_POWER, "lock");
    action->number = 1;
    g_ptr_array_add(run.plan->timeline->actions, action);
    RECORD(run.recorder, 1, "lock", EVENT_FAULT_INJECTED, EVENT_INTEGER("action", 1));
    END(2);
    assert_int_equal(judge(&run), VERDICT_INCONCLUSIVE);
    assert_int_equal(run.verdict->asked[VERB_FAULT_POWER], 1);
    assert_int_equal(run.verdict->effective[VERB_FAULT_POWER], 0);
    RECORD(run.recorder, 2, "lock", EVENT_FAULT_TOOK_EFFECT, EVENT_INTEGER("action", 1));
    assert_int_equal(judge(&run), VERDICT_PASS);
    action->given = true;
    assert_int_equal(judge(&run), VERDICT_PASS);
    assert_int_equal(run.verdict->asked[VERB_FAULT_POWER], 0);
    run_clear(&run);
}

static void test_bolt__moves_with_authority_and_fails_without(void **state)
{
    (void)state;
    static const struct {
        EventKind before;
        bool correct;
        VTime wait;
        Verdict expected;
    } CASES[] = {
        {EVENT_USER_PIN_ENTERED, true, VTIME_S, VERDICT_PASS},
        {EVENT_USER_PIN_ENTERED, true, 11 * VTIME_S, VERDICT_FAIL},
        {EVENT_USER_PIN_ENTERED, false, VTIME_S, VERDICT_FAIL},
        {EVENT_USER_BUTTON, false, VTIME_S, VERDICT_PASS},
        {EVENT_BOOT_COMPLETED, false, VTIME_S, VERDICT_FAIL},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(CASES); i++) {
        Run run = run_always("bolt_moves_only_when_authorised");
        if (CASES[i].before == EVENT_USER_PIN_ENTERED) {
            RECORD(run.recorder, 0, "lock", CASES[i].before,
                   EVENT_TRUTH("correct", CASES[i].correct));
        } else {
            RECORD(run.recorder, 0, "lock", CASES[i].before);
        }
        RECORD(run.recorder, CASES[i].wait, "lock", EVENT_MOTOR_DRIVEN,
               EVENT_TEXT("direction", "unlock"));
        END(CASES[i].wait);
        assert_int_equal(judge(&run), CASES[i].expected);
        run_clear(&run);
    }
}

static void test_bolt__loses_authority_with_power_and_reset(void **state)
{
    (void)state;
    static const EventKind ENDS[] = {EVENT_POWER_LOST, EVENT_DEVICE_RESET};
    for (size_t i = 0; i < G_N_ELEMENTS(ENDS); i++) {
        Run run = run_always("bolt_moves_only_when_authorised");
        RECORD(run.recorder, 0, "lock", EVENT_USER_BUTTON);
        RECORD(run.recorder, 1, "lock", ENDS[i]);
        RECORD(run.recorder, 2, "lock", EVENT_BOLT_MOVED, EVENT_TEXT("state", "moving"));
        END(2);
        assert_int_equal(judge(&run), VERDICT_FAIL);
        assert_int_equal(judged_claim(&run)->cites[0], 3);
        run_clear(&run);
    }
}

static void test_bolt__lets_the_star_key_lock_but_not_unlock(void **state)
{
    (void)state;
    static const char *const DIRECTIONS[] = {"lock", "unlock"};
    for (size_t i = 0; i < G_N_ELEMENTS(DIRECTIONS); i++) {
        Run run = run_always("bolt_moves_only_when_authorised");
        RECORD(run.recorder, 0, "lock", EVENT_USER_KEY, EVENT_TEXT("key", "*"));
        RECORD(run.recorder, 1, "lock", EVENT_MOTOR_DRIVEN, EVENT_TEXT("direction", DIRECTIONS[i]));
        END(2);
        assert_int_equal(judge(&run), i == 0 ? VERDICT_PASS : VERDICT_FAIL);
        run_clear(&run);
    }
}

static void test_report__must_be_what_was_sensed(void **state)
{
    (void)state;
    static const char *const REPORTED[] = {"locked", "unlocked", "jammed"};
    for (size_t i = 0; i < G_N_ELEMENTS(REPORTED); i++) {
        Run run = run_always("report_equals_sensed");
        RECORD(run.recorder, 1, "lock", EVENT_REPORT_RECEIVED, EVENT_TRUTH("parsed", true),
               EVENT_TEXT("bolt", REPORTED[i]));
        END(2);
        assert_int_equal(judge(&run), i == 0 ? VERDICT_PASS : VERDICT_FAIL);
        run_clear(&run);
    }
}

static void test_report__may_be_of_a_moment_ago(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        Run run = run_always("report_equals_sensed");
        RECORD(run.recorder, VTIME_S, "lock", EVENT_BOLT_MOVED, EVENT_TEXT("state", "unlocked"));
        RECORD(run.recorder, (i == 0 ? 20 : 40) * VTIME_S, "lock", EVENT_REPORT_RECEIVED,
               EVENT_TRUTH("parsed", true), EVENT_TEXT("bolt", "locked"));
        END(50 * VTIME_S);
        assert_int_equal(judge(&run), i == 0 ? VERDICT_PASS : VERDICT_FAIL);
        run_clear(&run);
    }
}

static void test_pin__opens_in_time_or_fails(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        Run run = run_always("pin_opens_in_time");
        BOOTED(0);
        RECORD(run.recorder, VTIME_S, "lock", EVENT_USER_PIN_ENTERED, EVENT_TRUTH("correct", true));
        RECORD(run.recorder, (i == 0 ? 6 : 7) * VTIME_S, "lock", EVENT_BOLT_MOVED,
               EVENT_TEXT("state", "unlocked"));
        END(10 * VTIME_S);
        assert_int_equal(judge(&run), i == 0 ? VERDICT_PASS : VERDICT_FAIL);
        run_clear(&run);
    }
}

static void test_pin__is_not_expected_to_open_after_wrong_ones_or_without_power(void **state)
{
    (void)state;
    Run run = run_always("pin_opens_in_time");
    BOOTED(0);
    for (int i = 0; i < 5; i++) {
        RECORD(run.recorder, VTIME_S, "lock", EVENT_USER_PIN_ENTERED,
               EVENT_TRUTH("correct", false));
    }
    RECORD(run.recorder, VTIME_S, "lock", EVENT_USER_PIN_ENTERED, EVENT_TRUTH("correct", true));
    LOST(2 * VTIME_S);
    RECORD(run.recorder, 3 * VTIME_S, "lock", EVENT_USER_PIN_ENTERED, EVENT_TRUTH("correct", true));
    END(20 * VTIME_S);
    run.claim->standing = true;
    assert_int_equal(judge(&run), VERDICT_PASS);
    assert_int_equal(judged_claim(&run)->occasions, 0);
    run_clear(&run);
}

static void test_boot__must_lead_to_a_valid_image(void **state)
{
    (void)state;
    Run run = run_always("boots_signed_within_two_resets");
    ON(0);
    RECORD(run.recorder, 1, "lock", EVENT_DEVICE_RESET);
    RECORD(run.recorder, 2, "lock", EVENT_DEVICE_RESET);
    STARTED(3, "1.0.0", true);
    END(4);
    assert_int_equal(judge(&run), VERDICT_PASS);
    ON(5);
    RECORD(run.recorder, 6, "lock", EVENT_DEVICE_RESET);
    RECORD(run.recorder, 7, "lock", EVENT_DEVICE_RESET);
    RECORD(run.recorder, 8, "lock", EVENT_DEVICE_RESET);
    assert_int_equal(judge(&run), VERDICT_FAIL);
    run_clear(&run);
    run = run_always("boots_signed_within_two_resets");
    ON(0);
    STARTED(1, "1.0.0", false);
    END(2);
    assert_int_equal(judge(&run), VERDICT_FAIL);
    run_clear(&run);
}

static void test_boot__may_end_in_recovery_only_where_nothing_is_acceptable(void **state)
{
    (void)state;
    for (int acceptable = 0; acceptable < 2; acceptable++) {
        Run run = run_always("boots_signed_within_two_resets");
        ON(0);
        RECORD(run.recorder, 1, "lock", EVENT_BOOT_RECOVERY,
               EVENT_INTEGER("acceptable", acceptable));
        END(2);
        assert_int_equal(judge(&run), acceptable == 0 ? VERDICT_PASS : VERDICT_FAIL);
        run_clear(&run);
    }
}

static void test_boot__that_never_comes_is_a_fail(void **state)
{
    (void)state;
    Run run = run_always("boots_signed_within_two_resets");
    ON(0);
    END(30 * VTIME_S);
    assert_int_equal(judge(&run), VERDICT_FAIL);
    run_clear(&run);
}

static void test_secrets__fail_wherever_they_show(void **state)
{
    (void)state;
    Run run = run_always("no_secret_leaks");
    END(0);
    assert_int_equal(judge(&run), VERDICT_PASS);
    RECORD(run.recorder, 0, "lock", EVENT_SECRET_SEEN, EVENT_TEXT("name", "pin"),
           EVENT_TEXT("where", "uart"));
    assert_int_equal(judge(&run), VERDICT_FAIL);
    run_clear(&run);
}

static void test_versions__are_the_old_or_an_offered_one(void **state)
{
    (void)state;
    static const char *const SECOND[] = {"1.0.0", "1.1.0", "1.2.0"};
    for (size_t i = 0; i < G_N_ELEMENTS(SECOND); i++) {
        Run run = run_always("one_of_old_or_new");
        STARTED(0, "1.0.0", true);
        RECORD(run.recorder, 1, "updates", EVENT_UPDATE_OFFERED, EVENT_TEXT("version", "1.1.0"));
        STARTED(2, SECOND[i], true);
        END(3);
        assert_int_equal(judge(&run), i < 2 ? VERDICT_PASS : VERDICT_FAIL);
        run_clear(&run);
    }
}

static void test_rollback__is_running_less_than_was_confirmed(void **state)
{
    (void)state;
    for (int confirmed = 0; confirmed < 2; confirmed++) {
        Run run = run_always("no_rollback");
        STARTED(0, "1.9.0", true);
        STARTED(1, "1.10.0", true);
        if (confirmed == 1) {
            RECORD(run.recorder, 2, "lock", EVENT_UPDATE_CONFIRMED,
                   EVENT_TEXT("version", "1.10.0"));
        }
        STARTED(3, "1.9.0", true);
        END(4);
        assert_int_equal(judge(&run), confirmed == 0 ? VERDICT_PASS : VERDICT_FAIL);
        run_clear(&run);
    }
}

static void handshake(Run *run, VTime at, const char *client, const char *outcome)
{
    RECORD(run->recorder, at, "updates", EVENT_TLS_HANDSHAKE, EVENT_TEXT("client_id", client),
           EVENT_TEXT("outcome", outcome));
}

static void test_together__devices_must_not_come_back(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        Run run = run_always("not_together");
        g_ptr_array_add(run.plan->timeline->devices, plan_device_new("lock2"));
        RECORD(run.recorder, VTIME_S, "lab", EVENT_LINK_CHANGED, EVENT_TRUTH("partitioned", false));
        handshake(&run, 2 * VTIME_S, "aa", "completed");
        handshake(&run, 2 * VTIME_S + (i == 0 ? 500 : 499) * VTIME_MS, "bb", "completed");
        END(9 * VTIME_S);
        assert_int_equal(judge(&run), i == 0 ? VERDICT_PASS : VERDICT_FAIL);
        run_clear(&run);
    }
}

static void test_backoff__must_wait_grow_and_differ(void **state)
{
    (void)state;
    static const struct {
        int waits[5]; /* seconds */
        Verdict expected;
    } CASES[] = {
        {{4, 9, 7, 20, 31}, VERDICT_PASS},
        {{4, 9, 3, 2, 31}, VERDICT_FAIL},     /* Too soon once. */
        {{4, 5, 4, 6, 5}, VERDICT_FAIL},      /* Never grows. */
        {{20, 20, 20, 20, 20}, VERDICT_FAIL}, /* No jitter. */
    };
    for (size_t i = 0; i < G_N_ELEMENTS(CASES); i++) {
        Run run = run_always("backoff_grows");
        VTime at = 0;
        handshake(&run, at, "aa", "broken");
        for (size_t j = 0; j < 5; j++) {
            at += CASES[i].waits[j] * VTIME_S;
            handshake(&run, at, "aa", "broken");
        }
        END(at);
        if (CASES[i].waits[3] == 2) {
            /* A wait so short counts as the same attempt, so it takes more of them to be seen. */
            assert_int_not_equal(judge(&run), VERDICT_ERROR);
        } else {
            assert_int_equal(judge(&run), CASES[i].expected);
        }
        run_clear(&run);
    }
}

static void test_backoff__says_nothing_about_too_few_attempts(void **state)
{
    (void)state;
    Run run = run_always("backoff_grows");
    handshake(&run, 0, "aa", "broken");
    handshake(&run, VTIME_S, "aa", "broken");
    END(VTIME_S);
    assert_int_equal(judge(&run), VERDICT_INCONCLUSIVE);
    run_clear(&run);
}

static void test_verdict__is_the_same_for_the_same_evidence(void **state)
{
    (void)state;
    Run run = run_within(100);
    ON(0);
    END(1000);
    Verdict first = judge(&run);
    g_autofree char *reason = g_strdup(run.verdict->reason);
    assert_int_equal(judge(&run), first);
    assert_string_equal(run.verdict->reason, reason);
    run_clear(&run);
}

/* The update's records, crashes, lock-outs. */

static void test_counter__waits_for_the_journal(void **state)
{
    static const struct {
        int64_t value;
        int64_t confirmed;
        Verdict verdict;
    } CASES[] = {
        {2, 2, VERDICT_PASS}, {1, 2, VERDICT_PASS}, {2, 1, VERDICT_FAIL}, {1, -1, VERDICT_FAIL}};
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(CASES); i++) {
        Run run = run_always("counter_waits_for_confirmation");
        RECORD(run.recorder, 10, "lock", EVENT_COUNTER_RAISED,
               EVENT_INTEGER("value", CASES[i].value),
               EVENT_INTEGER("confirmed", CASES[i].confirmed));
        END(20);
        assert_int_equal(judge(&run), CASES[i].verdict);
        run_clear(&run);
    }
}

static void test_staged__is_good_and_tried_only_on_the_record(void **state)
{
    static const struct {
        bool valid;
        const char *journal;
        Verdict verdict;
    } CASES[] = {{true, "trial", VERDICT_PASS},
                 {false, "trial", VERDICT_FAIL},
                 {true, "staged", VERDICT_FAIL}};
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(CASES); i++) {
        Run run = run_always("staged_is_good");
        RECORD(run.recorder, 10, "lock", EVENT_UPDATE_STAGED, EVENT_TEXT("slot", "B"),
               EVENT_TRUTH("valid", CASES[i].valid));
        RECORD(run.recorder, 20, "lock", EVENT_BOOT_SLOT_STARTED, EVENT_TEXT("slot", "B"),
               EVENT_TEXT("journal", CASES[i].journal));
        END(30);
        assert_int_equal(judge(&run), CASES[i].verdict);
        run_clear(&run);
    }
}

static void test_fetched_once__ends_with_the_trial(void **state)
{
    (void)state;
    for (int confirmed = 0; confirmed <= 1; confirmed++) {
        Run run = run_always("fetched_once");
        RECORD(run.recorder, 5, "lock", EVENT_DOWNLOAD_STARTED);
        RECORD(run.recorder, 10, "lock", EVENT_UPDATE_STAGED, EVENT_TEXT("slot", "B"));
        if (confirmed) {
            RECORD(run.recorder, 15, "lock", EVENT_JOURNAL_RECORDED,
                   EVENT_TEXT("state", "confirmed"));
        }
        RECORD(run.recorder, 20, "lock", EVENT_DOWNLOAD_STARTED);
        END(30);
        assert_int_equal(judge(&run), confirmed ? VERDICT_PASS : VERDICT_FAIL);
        run_clear(&run);
    }
}

static void test_never_crashes__knows_each_bad_end(void **state)
{
    static const char *const CAUSES[] = {"software", "watchdog", "lockup"};
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(CAUSES); i++) {
        Run run = run_always("never_crashes");
        STARTED(1, "1.0.0", true);
        RECORD(run.recorder, 10, "lock", EVENT_DEVICE_RESET, EVENT_TEXT("cause", CAUSES[i]));
        END(20);
        assert_int_equal(judge(&run), i == 0 ? VERDICT_PASS : VERDICT_FAIL);
        run_clear(&run);
    }
    Run run = run_always("never_crashes");
    RECORD(run.recorder, 10, "lock", EVENT_DEVICE_PROGRESS, EVENT_TEXT("name", "APP_FAULT"));
    END(20);
    assert_int_equal(judge(&run), VERDICT_FAIL);
    run_clear(&run);
}

static void test_reports__tell_of_what_the_journal_has(void **state)
{
    static const struct {
        const char *version;
        const char *boot;
        const char *update;
        bool staged;
        Verdict verdict;
    } CASES[] = {
        {"1.0.0", "confirmed", "none", false, VERDICT_PASS},
        {"1.0.0", "confirmed", "staged", true, VERDICT_PASS},
        {"1.0.0", "confirmed", "staged", false, VERDICT_FAIL},
        {"1.1.0", "confirmed", "none", false, VERDICT_FAIL},
        {"1.0.0", "trial", "none", false, VERDICT_FAIL},
    };
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(CASES); i++) {
        Run run = run_always("report_equals_journal");
        STARTED(1, "1.0.0", true);
        if (CASES[i].staged) {
            RECORD(run.recorder, 5, "lock", EVENT_UPDATE_STAGED, EVENT_TEXT("slot", "B"));
        }
        RECORD(run.recorder, 10, "lock", EVENT_REPORT_RECEIVED, EVENT_TRUTH("parsed", true),
               EVENT_TEXT("slot", "A"), EVENT_TEXT("version", CASES[i].version),
               EVENT_TEXT("boot", CASES[i].boot), EVENT_TEXT("update", CASES[i].update));
        END(20);
        assert_int_equal(judge(&run), CASES[i].verdict);
        run_clear(&run);
    }
}

static void test_wrong_pins__make_the_right_one_wait(void **state)
{
    (void)state;
    for (int wrong = 4; wrong <= 5; wrong++) {
        Run run = run_always("wrong_pins_make_wait");
        BOOTED(0);
        for (int i = 0; i < wrong; i++) {
            RECORD(run.recorder, (1 + 3 * i) * VTIME_S, "lock", EVENT_USER_PIN_ENTERED,
                   EVENT_TRUTH("correct", false), EVENT_INTEGER("digits", 8));
        }
        RECORD(run.recorder, 20 * VTIME_S, "lock", EVENT_USER_PIN_ENTERED,
               EVENT_TRUTH("correct", true), EVENT_INTEGER("digits", 8));
        RECORD(run.recorder, 21 * VTIME_S, "lock", EVENT_MOTOR_DRIVEN,
               EVENT_TEXT("direction", "unlock"));
        END(60 * VTIME_S);
        assert_int_equal(judge(&run) == VERDICT_FAIL, wrong == 5);
        run_clear(&run);
    }
}

static void test_reports__have_numbers_that_grow(void **state)
{
    (void)state;
    for (int next = 6; next <= 8; next++) {
        Run run = run_always("reports_are_numbered");
        const int numbers[] = {5, 7, next};
        for (int i = 0; i < 3; i++) {
            RECORD(run.recorder, i * VTIME_S, "lock", EVENT_REPORT_RECEIVED,
                   EVENT_TRUTH("parsed", true), EVENT_INTEGER("sequence", numbers[i]));
        }
        END(60 * VTIME_S);
        assert_int_equal(judge(&run), next > 7 ? VERDICT_PASS : VERDICT_FAIL);
        run_clear(&run);
    }
}

static void test_fuses__that_do_not_blow_are_noticed(void **state)
{
    (void)state;
    for (int noticed = 0; noticed <= 1; noticed++) {
        Run run = run_always("fuses_are_read_back");
        RECORD(run.recorder, 1, "lock", EVENT_NVM_WORN, EVENT_TEXT("region", "otp"));
        if (noticed) {
            RECORD(run.recorder, 2, "lock", EVENT_DEVICE_STATUS, EVENT_TEXT("name", "OT_FAILED"));
        }
        END(60 * VTIME_S);
        assert_int_equal(judge(&run), noticed ? VERDICT_PASS : VERDICT_FAIL);
        run_clear(&run);
    }
}

static void test_step__is_what_chance_does_not_bring_about(void **state)
{
    (void)state;
    for (int jitter = 0; jitter <= 1; jitter++) {
        Run starts = run_always("not_in_step");
        Run checks = run_always("not_in_step");
        for (int i = 0; i < 6; i++) {
            VTime late = jitter == 0 ? 0 : i * i * VTIME_S;
            VTime at = i * 600 * VTIME_S;
            RECORD(starts.recorder, at, "lock", EVENT_POWER_ON);
            RECORD(starts.recorder, at + 3 * VTIME_S + late / 10, "lock", EVENT_TLS_HANDSHAKE,
                   EVENT_TEXT("outcome", "completed"));
            RECORD(checks.recorder, at + late, "lock", EVENT_TLS_HANDSHAKE,
                   EVENT_TEXT("outcome", "completed"));
        }
        RECORD(starts.recorder, 7200 * VTIME_S, "lab", EVENT_RUN_ENDED);
        RECORD(checks.recorder, 7200 * VTIME_S, "lab", EVENT_RUN_ENDED);
        assert_int_equal(judge(&starts), jitter ? VERDICT_PASS : VERDICT_FAIL);
        assert_int_equal(judge(&checks), jitter ? VERDICT_PASS : VERDICT_FAIL);
        run_clear(&starts);
        run_clear(&checks);
    }
}

static void test_pin__is_not_lost_in_a_reset_the_lock_wanted(void **state)
{
    (void)state;
    for (int trial = 0; trial <= 1; trial++) {
        Run run = run_always("pin_opens_in_time");
        RECORD(run.recorder, 1, "lock", EVENT_BOOT_SLOT_STARTED, EVENT_TRUTH("trial", trial == 1));
        BOOTED(2);
        RECORD(run.recorder, VTIME_S, "lock", EVENT_USER_PIN_ENTERED, EVENT_TRUTH("correct", true),
               EVENT_INTEGER("digits", 8));
        RECORD(run.recorder, VTIME_S + 1, "lock", EVENT_DEVICE_RESET,
               EVENT_TEXT("cause", "software"));
        END(30 * VTIME_S);
        assert_int_equal(judge(&run) == VERDICT_FAIL, trial == 0);
        run_clear(&run);
    }
}

/* A failing service, asked again after these waits, from `at` on. */
static void fail_after(Run *run, VTime at, const int *waits_s, size_t count)
{
    for (size_t i = 0; i <= count; i++) {
        RECORD(run->recorder, at, "lock", EVENT_TLS_HANDSHAKE, EVENT_TEXT("outcome", "completed"));
        at += i < count ? waits_s[i] * VTIME_S : 0;
    }
}

static void test_backoff__is_judged_after_each_start(void **state)
{
    static const int DRAWN[] = {5, 13, 31, 22, 64, 170};
    static const int OTHER[] = {9, 21, 17, 55, 90, 33};
    static const int DOUBLED[] = {16, 20, 28, 44, 76, 140}; /* 4, 8, 16, ... and 12 s of trying */
    static const struct {
        const int *first;
        const int *second;
        Verdict verdict;
    } CASES[] = {
        {DRAWN, OTHER, VERDICT_PASS}, {DRAWN, DRAWN, VERDICT_FAIL}, {DRAWN, DOUBLED, VERDICT_FAIL}};
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(CASES); i++) {
        Run run = run_always("backoff_grows");
        fail_after(&run, VTIME_S, CASES[i].first, G_N_ELEMENTS(DRAWN));
        ON(1000 * VTIME_S);
        fail_after(&run, 1001 * VTIME_S, CASES[i].second, G_N_ELEMENTS(DRAWN));
        END(2000 * VTIME_S);
        assert_int_equal(judge(&run), CASES[i].verdict);
        run_clear(&run);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_verdict__joins_by_the_worse),
        cmocka_unit_test(test_within__passes_just_inside_and_fails_just_outside),
        cmocka_unit_test(test_within__asks_again_after_each_occasion),
        cmocka_unit_test(test_within__expects_nothing_of_a_device_without_power),
        cmocka_unit_test(
            test_within__is_inconclusive_when_the_run_ends_first_or_the_moment_never_comes),
        cmocka_unit_test(test_within__does_not_take_one_device_for_another),
        cmocka_unit_test(test_never__fails_inside_its_bounds_only),
        cmocka_unit_test(test_order__wants_the_first_of_each_in_order),
        cmocka_unit_test(test_counts__keeps_both_bounds),
        cmocka_unit_test(test_faults__that_took_no_effect_are_never_a_pass),
        cmocka_unit_test(test_bolt__moves_with_authority_and_fails_without),
        cmocka_unit_test(test_bolt__loses_authority_with_power_and_reset),
        cmocka_unit_test(test_bolt__lets_the_star_key_lock_but_not_unlock),
        cmocka_unit_test(test_report__must_be_what_was_sensed),
        cmocka_unit_test(test_report__may_be_of_a_moment_ago),
        cmocka_unit_test(test_pin__opens_in_time_or_fails),
        cmocka_unit_test(test_pin__is_not_expected_to_open_after_wrong_ones_or_without_power),
        cmocka_unit_test(test_boot__must_lead_to_a_valid_image),
        cmocka_unit_test(test_boot__may_end_in_recovery_only_where_nothing_is_acceptable),
        cmocka_unit_test(test_boot__that_never_comes_is_a_fail),
        cmocka_unit_test(test_secrets__fail_wherever_they_show),
        cmocka_unit_test(test_versions__are_the_old_or_an_offered_one),
        cmocka_unit_test(test_rollback__is_running_less_than_was_confirmed),
        cmocka_unit_test(test_together__devices_must_not_come_back),
        cmocka_unit_test(test_backoff__must_wait_grow_and_differ),
        cmocka_unit_test(test_backoff__says_nothing_about_too_few_attempts),
        cmocka_unit_test(test_verdict__is_the_same_for_the_same_evidence),
        cmocka_unit_test(test_counter__waits_for_the_journal),
        cmocka_unit_test(test_staged__is_good_and_tried_only_on_the_record),
        cmocka_unit_test(test_fetched_once__ends_with_the_trial),
        cmocka_unit_test(test_never_crashes__knows_each_bad_end),
        cmocka_unit_test(test_reports__tell_of_what_the_journal_has),
        cmocka_unit_test(test_wrong_pins__make_the_right_one_wait),
        cmocka_unit_test(test_reports__have_numbers_that_grow),
        cmocka_unit_test(test_fuses__that_do_not_blow_are_noticed),
        cmocka_unit_test(test_step__is_what_chance_does_not_bring_about),
        cmocka_unit_test(test_pin__is_not_lost_in_a_reset_the_lock_wanted),
        cmocka_unit_test(test_backoff__is_judged_after_each_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
