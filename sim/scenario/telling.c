/* SPDX-License-Identifier: MIT */

/*
 * T1  The text depends on the story, the id and the seed and on nothing else.
 * T2  Nothing is claimed that a faultless lock could break in that story: each claim is left out
 *     where a fault of the story may rightly bring it about.
 */

#include "sim/scenario/telling.h"

#include "sim/scenario/draft.h"

#define EPOCH_SECONDS 1798761600           /* 2027-01-01 */
#define SETTLE        (5 * 60 * VTIME_S)   /* until every fault started by a late event is over */
#define AFTERWARDS    (20 * 60 * VTIME_S)  /* a session more, for a lock that was cut off late */
#define RECOVER       (150 * 60 * VTIME_S) /* some sessions' worth of the longest back-off */
#define CALM          (90 * 60 * VTIME_S)  /* in which all goes well again and again */
#define PULLS         4                    /* of the cables of both, in some outages */
#define BACK_OFF      (18 * 60 * VTIME_S)  /* the longest one, and a session */

static Action *add_action(Plan *plan, Verb verb, VTime at)
{
    Action *action = drawn_action(verb);
    action->at = at;
    action->nth = 1;
    g_ptr_array_add(plan->timeline->actions, action);
    return action;
}

static void add_mending(Plan *plan, const Story *story)
{
    VTime end = story->faults_end;
    if (drawn_has(story, FEATURE_BATTERY, FEATURE_BATTERY)) {
        drawn_set_number(add_action(plan, VERB_SET_BATTERY, end), "millivolts", 6000);
        add_action(plan, VERB_POWER_ON, end + VTIME_S);
    }
    if (drawn_has(story, FEATURE_DOOR, FEATURE_DOOR)) {
        drawn_set_text(add_action(plan, VERB_SET_DOOR, end), "state", "closed");
    }
    if (drawn_has(story, FEATURE_DNS, FEATURE_DNS)) {
        drawn_set_text(add_action(plan, VERB_DNS_BEHAVES, end), "mode", "normal");
    }
    if (drawn_has(story, FEATURE_NTP, FEATURE_NTP)) {
        drawn_set_text(add_action(plan, VERB_NTP_BEHAVES, end), "mode", "normal");
    }
    if (drawn_has(story, FEATURE_SERVER, FEATURE_SERVER)) {
        drawn_set_text(add_action(plan, VERB_SERVER_BEHAVES, end), "mode", "normal");
    }
    if (drawn_has(story, FEATURE_CERTIFICATE, FEATURE_CERTIFICATE)) {
        drawn_set_text(add_action(plan, VERB_SERVER_CERTIFICATE, end), "which", "good");
    }
    if (drawn_has(story, FEATURE_LINK, FEATURE_LINK)) {
        /* Twice, for what an event started before may still put back what was before it. */
        for (unsigned i = 0; i < 2; i++) {
            VTime at = end + (VTime)i * SETTLE;
            add_action(plan, VERB_SET_LINK, at);
            drawn_set_text(add_action(plan, VERB_SET_LINK, at), "link", "lock");
        }
    }
}

static Claim *add_claim(Plan *plan, ClaimKind kind)
{
    Claim *claim = plan_claim_new(kind);
    g_strfreev(claim->proves);
    claim->proves = g_strdupv(plan->proves);
    g_ptr_array_add(plan->claims, claim);
    return claim;
}

static void add_within(Plan *plan, VTime duration, Pattern *take_expect)
{
    Claim *claim = add_claim(plan, CLAIM_WITHIN);
    claim->duration = duration;
    claim->after = pattern_new(EVENT_POWER_ON);
    claim->expect = take_expect;
}

/* The lock's word that it runs the fresh release for good. */
static Pattern *fresh_report(void)
{
    Pattern *report = pattern_new(EVENT_REPORT_RECEIVED);
    drawn_accept(report, "version", "1.2.0", NULL);
    drawn_accept(report, "boot", "confirmed", NULL);
    drawn_accept(report, "parsed", "true", NULL);
    return report;
}

/* What must be so once the faults are over, and the person who tries it. */
static void add_liveness(Plan *plan, VTime recovered)
{
    Claim *confirmed = add_claim(plan, CLAIM_COUNTS);
    confirmed->expect = pattern_new(EVENT_UPDATE_CONFIRMED);
    drawn_accept(confirmed->expect, "version", "1.2.0", NULL);
    confirmed->at_least = 1;
    confirmed->at_most = INT64_MAX;
    add_within(plan, recovered, fresh_report());
    static const int TRIES_S[] = {10, 70, 130, 600, 1080};
    for (unsigned i = 0; i < G_N_ELEMENTS(TRIES_S); i++) {
        Action *locks = add_action(plan, VERB_PRESS_KEYS, 0);
        drawn_set_text(locks, "keys", "*");
        locks->after = fresh_report();
        locks->delay = TRIES_S[i] * VTIME_S;
        Action *opens = add_action(plan, VERB_ENTER_PIN, 0);
        opens->after = fresh_report();
        opens->delay = locks->delay + 20 * VTIME_S;
    }
    Claim *opens = add_claim(plan, CLAIM_COUNTS);
    opens->expect = pattern_new(EVENT_BOLT_MOVED);
    drawn_accept(opens->expect, "state", "unlocked", NULL);
    opens->at_least = 1;
    opens->at_most = INT64_MAX;
    plan->timeline->until = fresh_report();
    plan->timeline->until_delay = AFTERWARDS;
    plan->timeline->limit = recovered + AFTERWARDS;
}

/* Faults that may leave the journal, or what it speaks of, other than it was written. */
static bool spoils_flash(const Story *story)
{
    return drawn_has(story, FEATURE_JOURNAL, FEATURE_RESTORE);
}

static Claim *add_never(Plan *plan, EventKind kind)
{
    Claim *claim = add_claim(plan, CLAIM_NEVER);
    claim->expect = pattern_new(kind);
    return claim;
}

/* What has to do with the update, where nothing but the lock could be the cause. */
static void add_update_safety(Plan *plan, const Story *story)
{
    if (story->bad_release) {
        drawn_accept(add_never(plan, EVENT_UPDATE_CONFIRMED)->expect, "version", "1.1.0", NULL);
        if (!drawn_has(story, FEATURE_WEAR, FEATURE_WEAR)) { /* or 3 may stop at 2 */
            drawn_accept(add_never(plan, EVENT_COUNTER_RAISED)->expect, "value", "2", NULL);
        }
    }
    if (spoils_flash(story)) {
        return;
    }
    /* Trials may be used up; an image that was staged is never found bad afterwards. */
    char *bad[] = {"IM_MAGIC",     "IM_HEADER", "IM_PRODUCT", "IM_LENGTH",   "IM_KEY",
                   "IM_SIGNATURE", "IM_DIGEST", "IM_VECTOR",  "IM_ROLLBACK", NULL};
    pattern_add(add_never(plan, EVENT_UPDATE_REVERTED)->expect, "reason", bad);
    if (!drawn_has(story, FEATURE_TAMPER, FEATURE_OLDER) &&
        !drawn_has(story, FEATURE_WEAR, FEATURE_WEAR)) {
        /* What the service sends is good, and what was written can be read. */
        char *said[] = {"IM_MAGIC",    "IM_HEADER",    "IM_PRODUCT", "IM_LENGTH",
                        "IM_KEY",      "IM_SIGNATURE", "IM_DIGEST",  "IM_VECTOR",
                        "IM_ROLLBACK", "IM_REPLAY",    "UP_LENGTH",  NULL};
        pattern_add(add_never(plan, EVENT_DEVICE_STATUS)->expect, "name", said);
    }
}

static void add_safety(Plan *plan, const Story *story, bool fatal)
{
    static const char *const NAMES[] = {"one_of_old_or_new", "no_rollback"};
    for (size_t i = 0; i < G_N_ELEMENTS(NAMES); i++) {
        add_claim(plan, CLAIM_ALWAYS)->invariant = g_strdup(NAMES[i]);
    }
    if (!fatal) {
        add_never(plan, EVENT_BOOT_RECOVERY);
    }
    add_update_safety(plan, story);
    for (int i = 0; i < INVARIANTS; i++) {
        if (plan_invariant_is_standing((Invariant)i)) {
            Claim *claim = add_claim(plan, CLAIM_ALWAYS);
            claim->standing = true;
            claim->invariant = g_strdup(plan_invariant_names()[i]);
        }
    }
}

static void add_given(Plan *plan, const Story *story)
{
    DeviceSetup *device = plan_device_new("lock");
    device->image = g_strdup(DRAWN_OLD_IMAGE);
    device->unlocked = story->unlocked;
    device->journal = story->journal;
    device->clock_valid = story->clock_invalid ? !device->clock_valid : device->clock_valid;
    g_ptr_array_add(plan->timeline->devices, device);
    Action *link = add_action(plan, VERB_SET_LINK, 0);
    link->given = true;
    drawn_set_text(link, "link", "uplink");
    drawn_set_time(link, "delay", story->delay_ms);
    if (story->rate > 0) {
        drawn_set_number(link, "rate", story->rate);
    }
    Action *serve = add_action(plan, VERB_SERVE, 0);
    serve->given = true;
    drawn_set_text(serve, "image", story->bad_release ? DRAWN_BAD_IMAGE : DRAWN_NEW_IMAGE);
}

/* Two locks whose service fails for hours. */

static void add_both(Plan *plan, Verb verb, VTime at)
{
    static const char *const NAMES[] = {"lock", "lock2"};
    for (size_t i = 0; i < G_N_ELEMENTS(NAMES); i++) {
        Action *action = add_action(plan, verb, at);
        g_free(action->target);
        action->target = g_strdup(NAMES[i]);
    }
}

static const char *word_of(Prng *prng, const char *words)
{
    g_auto(GStrv) list = g_strsplit(words, " ", 0);
    return g_intern_string(list[prng_below(prng, g_strv_length(list))]);
}

/* Makes the service fail, in one way, from one moment to another. */
static void add_failure(Prng *prng, Plan *plan, VTime from, VTime end)
{
    bool lies = prng_chance(prng, (Ratio){1, 4});
    Verb verb = lies ? VERB_SERVER_CERTIFICATE : VERB_SERVER_BEHAVES;
    Action *fails = add_action(plan, verb, from);
    if (lies) {
        drawn_set_text(fails, "which", word_of(prng, "expired wrong_name wrong_ca"));
    } else {
        drawn_set_text(fails, "mode", word_of(prng, "status status reset truncate"));
        drawn_set_text(fails, "status", word_of(prng, "429 500 503"));
        drawn_set_text(fails, "path", word_of(prng, "any any report"));
    }
    drawn_set_text(add_action(plan, verb, end), lies ? "which" : "mode", lies ? "good" : "normal");
}

static void add_outage(Plan *plan, Prng *prng)
{
    VTime from = prng_chance(prng, (Ratio){1, 2}) ? 0 : prng_between(prng, 1, 1800) * VTIME_S;
    VTime end = from + prng_between(prng, 60, 300) * 60 * VTIME_S;
    add_both(plan, VERB_POWER_ON, 0);
    add_failure(prng, plan, from, end);
    if (prng_chance(prng, (Ratio){1, 2})) {
        /* Everybody starts afresh in the middle of it, and perhaps again a little later. */
        VTime cut = from + (end - from) / 2;
        add_both(plan, VERB_CUT_POWER, cut);
        if (prng_chance(prng, (Ratio){1, 2})) {
            add_both(plan, VERB_CUT_POWER, cut + prng_between(prng, 600, 1200) * VTIME_S);
        }
    }
    if (prng_chance(prng, (Ratio){1, 3})) {
        /* The switch in the cellar loses its power, again and again. */
        VTime pulled = from + (end - from) / 3;
        for (unsigned i = 0; i < PULLS; i++) {
            pulled += prng_between(prng, 300, 900) * VTIME_S;
            add_both(plan, VERB_SET_CABLE, pulled);
            for (guint j = plan->timeline->actions->len - 2; j < plan->timeline->actions->len;
                 j++) {
                Action *cable = g_ptr_array_index(plan->timeline->actions, j);
                drawn_set_text(cable, "state", "out");
                drawn_set_time(cable, "for", 30000);
            }
        }
    }
    /* Marks the moment at which each of them has what it needs again. */
    add_both(plan, VERB_SET_DOOR, end);
    for (guint i = plan->timeline->actions->len - 2; i < plan->timeline->actions->len; i++) {
        drawn_set_text(g_ptr_array_index(plan->timeline->actions, i), "state", "closed");
    }
    plan->timeline->until_at = end + (prng_chance(prng, (Ratio){1, 3}) ? CALM : AFTERWARDS);
    plan->timeline->limit = plan->timeline->until_at + VTIME_S;
}

static char *tell_outage(const Story *story, const char *id, uint64_t seed)
{
    g_autoptr(Plan) plan = plan_new();
    Prng prng = prng_new(seed);
    g_strfreev(plan->proves);
    plan->proves = g_strsplit("5.9-1 5.9-3", " ", 0);
    plan->timeline->seed = seed;
    plan->timeline->epoch_seconds = EPOCH_SECONDS;
    add_given(plan, story);
    DeviceSetup *other = plan_device_new("lock2");
    other->image = g_strdup(DRAWN_OLD_IMAGE);
    g_ptr_array_add(plan->timeline->devices, other);
    Action *serve = g_ptr_array_index(plan->timeline->actions, 1);
    drawn_set_text(serve, "image", DRAWN_OLD_IMAGE);
    add_outage(plan, &prng);
    add_claim(plan, CLAIM_ALWAYS)->invariant = g_strdup("backoff_grows");
    add_claim(plan, CLAIM_ALWAYS)->invariant = g_strdup("not_in_step");
    Claim *back = add_claim(plan, CLAIM_WITHIN);
    back->duration = BACK_OFF;
    back->after = pattern_new(EVENT_DOOR_CHANGED);
    back->expect = pattern_new(EVENT_REPORT_RECEIVED);
    drawn_accept(back->expect, "parsed", "true", NULL);
    add_safety(plan, story, false);
    return draft_text(plan, id, "Two locks whose service fails for hours, and how they come back.");
}

char *telling_text(const Story *story, const char *id, uint64_t seed)
{
    if (story->theme == THEME_OUTAGE) {
        return tell_outage(story, id, seed);
    }
    g_autoptr(Plan) plan = plan_new();
    bool fatal = drawn_has(story, FEATURE_SLOT, FEATURE_RESTORE);
    VTime recovered = story->faults_end + SETTLE + RECOVER;
    g_strfreev(plan->proves);
    plan->proves = g_strsplit("5.9-1 5.9-2 5.3-2", " ", 0);
    plan->timeline->seed = seed;
    plan->timeline->epoch_seconds = EPOCH_SECONDS;
    add_given(plan, story);
    add_action(plan, VERB_POWER_ON, 0);
    for (guint i = 0; i < story->steps->len; i++) {
        const Step *step = g_ptr_array_index(story->steps, i);
        for (guint j = 0; j < step->actions->len; j++) {
            g_ptr_array_add(plan->timeline->actions,
                            plan_action_copy(g_ptr_array_index(step->actions, j)));
        }
    }
    add_mending(plan, story);
    drawn_set_text(add_action(plan, VERB_SERVE, story->faults_end), "image", DRAWN_FRESH_IMAGE);
    plan->timeline->until_at = VTIME_NEVER;
    if (fatal) {
        plan->timeline->until_at = story->faults_end + SETTLE;
        plan->timeline->limit = story->faults_end + 2 * SETTLE;
    } else {
        add_liveness(plan, recovered);
    }
    add_safety(plan, story, fatal);
    return draft_text(
        plan, id,
        fatal
            ? "A drawn story of faults, of which some may end the lock's life: safety only."
            : "A drawn story of faults; when they are over, the lock must come to its good state.");
}
