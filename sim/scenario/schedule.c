/* SPDX-License-Identifier: MIT */

/*
 * H1  The text depends on the id and on nothing else.
 * H2  Every fault is over, or ends by itself, at the end of the first phase: what lasts is
 *     started at a time and mended; what is started by an event, which may come late, has a
 *     duration.
 * H3  Events that start something are those of the release of the first phase, so that no number
 *     of power cuts can use up the trials of the fresh one.
 * H4  No more wrong PINs than a person may enter without having to wait.
 */

#include "sim/scenario/schedule.h"

#include <string.h>

#include "sim/scenario/draft.h"
#include "sim/scenario/reading.h"

#define PREFIX         "explore/"
#define STEPS_MAX      12
#define WRONG_PINS_MAX 4
#define FOR_MAX_S      120
#define OLD_IMAGE      "app-1.0.0"
#define NEW_IMAGE      "app-1.1.0"
#define FRESH_IMAGE    "app-1.2.0"
#define EPOCH_SECONDS  1798761600           /* 2027-01-01 */
#define SETTLE         (5 * 60 * VTIME_S)   /* until every fault started by a late event is over */
#define AFTERWARDS     (20 * 60 * VTIME_S)  /* a session more, for a lock that was cut off late */
#define RECOVER        (150 * 60 * VTIME_S) /* some sessions' worth of the longest back-off */

typedef enum Feature {
    FEATURE_CUT_AT_TIME,
    FEATURE_CUT_AT_EVENT,
    FEATURE_CUT_AT_OPERATION,
    FEATURE_CUT_AT_INSTRUCTION,
    FEATURE_LINK,
    FEATURE_FRAME,
    FEATURE_CABLE,
    FEATURE_DNS,
    FEATURE_NTP,
    FEATURE_SERVER,
    FEATURE_CERTIFICATE,
    FEATURE_TAMPER,
    FEATURE_OLDER,
    FEATURE_MALFORMED,
    FEATURE_RIGHT_PIN,
    FEATURE_WRONG_PIN,
    FEATURE_KEYS,
    FEATURE_BUTTON,
    FEATURE_HAND,
    FEATURE_DOOR,
    FEATURE_JAM,
    FEATURE_BATTERY,
    FEATURE_TRNG,
    FEATURE_PROBE,
    FEATURE_JOURNAL,
    FEATURE_STORE,
    FEATURE_SLOT,    /* may rightly be the end of the lock */
    FEATURE_RESTORE, /* so may this */
    FEATURES
} Feature;

/* In how many of so many schedules a feature takes part. */
static const Ratio SWARM[FEATURES] = {
    [FEATURE_CUT_AT_TIME] = {1, 3},
    [FEATURE_CUT_AT_EVENT] = {1, 2},
    [FEATURE_CUT_AT_OPERATION] = {1, 3},
    [FEATURE_CUT_AT_INSTRUCTION] = {1, 5},
    [FEATURE_LINK] = {1, 3},
    [FEATURE_FRAME] = {1, 5},
    [FEATURE_CABLE] = {1, 6},
    [FEATURE_DNS] = {1, 6},
    [FEATURE_NTP] = {1, 6},
    [FEATURE_SERVER] = {1, 3},
    [FEATURE_CERTIFICATE] = {1, 8},
    [FEATURE_TAMPER] = {1, 6},
    [FEATURE_OLDER] = {1, 8},
    [FEATURE_MALFORMED] = {1, 8},
    [FEATURE_RIGHT_PIN] = {1, 2},
    [FEATURE_WRONG_PIN] = {1, 5},
    [FEATURE_KEYS] = {1, 8},
    [FEATURE_BUTTON] = {1, 4},
    [FEATURE_HAND] = {1, 8},
    [FEATURE_DOOR] = {1, 8},
    [FEATURE_JAM] = {1, 10},
    [FEATURE_BATTERY] = {1, 8},
    [FEATURE_TRNG] = {1, 10},
    [FEATURE_PROBE] = {1, 12},
    [FEATURE_JOURNAL] = {1, 12},
    [FEATURE_STORE] = {1, 16},
    [FEATURE_SLOT] = {1, 24},
    [FEATURE_RESTORE] = {1, 16},
};

/* One thing that happens in the first phase. */
typedef struct Step {
    Feature feature;
    Action *action;
    Action *second; /* of FEATURE_RESTORE, or NULL */
} Step;

typedef struct Story {
    GPtrArray *steps; /* of Step */
    VTime faults_end;
    bool unlocked;
    bool clock_invalid;
    int64_t delay_ms;
} Story;

static void step_free(void *step)
{
    Step *at = step;
    plan_action_free(at->action);
    plan_action_free(at->second);
    g_free(at);
}

/* Drawing. */

static const char *draw_word(Prng *prng, const char *words)
{
    g_auto(GStrv) list = g_strsplit(words, " ", 0);
    return g_intern_string(list[prng_below(prng, g_strv_length(list))]);
}

/* From 0 to `high`, small ones as likely as large ones: a power of two first, then evenly below it.
 */
static int64_t draw_spread(Prng *prng, int64_t high)
{
    unsigned bits = 0;
    while ((high >> bits) > 0) {
        bits++;
    }
    int64_t bound = INT64_C(1) << prng_below(prng, bits + 1);
    return MIN((int64_t)prng_below(prng, (uint64_t)bound), high);
}

static void set_text(Action *action, const char *key, const char *text)
{
    reading_set_argument(action, key, text);
}

static void set_number(Action *action, const char *key, int64_t number)
{
    g_autofree char *text = g_strdup_printf("%" G_GINT64_FORMAT, number);
    reading_set_argument(action, key, text);
}

static void set_time(Action *action, const char *key, int64_t milliseconds)
{
    g_autofree char *text = g_strdup_printf("%" G_GINT64_FORMAT "ms", milliseconds);
    reading_set_argument(action, key, text);
}

/* An action with the defaults of its verb. */
static Action *new_action(Verb verb)
{
    Action *action = plan_action_new(verb, "lock");
    for (const ArgumentRule *rule = plan_argument_rules(); rule->key != NULL; rule++) {
        if (rule->verb == verb && rule->otherwise != NULL) {
            reading_set_argument(action, rule->key, rule->otherwise);
        }
    }
    return action;
}

static void add_accepted(Pattern *pattern, const char *key, const char *first, const char *second)
{
    char *accepted[] = {(char *)first, (char *)second, NULL};
    pattern_add(pattern, key, accepted);
}

/* Something to start from, that is not a thing of the fresh release (H3). */
static Pattern *draw_event(Prng *prng)
{
    static const struct {
        EventKind kind;
        bool versioned;
    } EVENTS[] = {
        {EVENT_BOOT_SLOT_STARTED, true}, {EVENT_BOOT_COMPLETED, true},
        {EVENT_DEVICE_ADDRESS, false},   {EVENT_TLS_HANDSHAKE, false},
        {EVENT_UPDATE_OFFERED, true},    {EVENT_UPDATE_STAGING_STARTED, false},
        {EVENT_DOWNLOAD_STARTED, false}, {EVENT_DOWNLOAD_FINISHED, false},
        {EVENT_UPDATE_STAGED, true},     {EVENT_UPDATE_TRIAL, true},
        {EVENT_UPDATE_CONFIRMED, true},  {EVENT_MOTOR_DRIVEN, false},
        {EVENT_BOLT_MOVED, false},       {EVENT_USER_PIN_ENTERED, false},
        {EVENT_REPORT_RECEIVED, true},   {EVENT_DEVICE_RESET, false},
        {EVENT_HTTP_REQUEST, false},
    };
    size_t index = prng_below(prng, G_N_ELEMENTS(EVENTS));
    Pattern *pattern = pattern_new(EVENTS[index].kind);
    if (EVENTS[index].versioned) {
        bool old = EVENTS[index].kind == EVENT_BOOT_SLOT_STARTED ||
                   EVENTS[index].kind == EVENT_BOOT_COMPLETED ||
                   EVENTS[index].kind == EVENT_REPORT_RECEIVED;
        add_accepted(pattern, "version", "1.1.0", old ? "1.0.0" : NULL);
    }
    return pattern;
}

/* When an action starts: at a time, or after an event. */
static void draw_trigger(Prng *prng, const Story *story, Action *action, bool may_wait)
{
    g_clear_pointer(&action->after, pattern_free);
    action->at = 0;
    action->nth = 1;
    action->delay = 0;
    if (may_wait && prng_chance(prng, (Ratio){1, 2})) {
        action->after = draw_event(prng);
        action->nth = 1 + (uint32_t)prng_below(prng, 2);
        action->delay = draw_spread(prng, 8 * 1000000) * VTIME_US;
        return;
    }
    int64_t end_ms = story->faults_end / VTIME_MS;
    /* The lock does most in its first seconds. */
    int64_t at_ms = prng_chance(prng, (Ratio){2, 3}) ? prng_between(prng, 0, MIN(end_ms, 20000))
                                                     : prng_between(prng, 0, end_ms);
    action->at = at_ms * VTIME_MS;
}

/* Bounds what an event may start late; what a time starts is mended (H2). */
static void draw_for(Prng *prng, Action *action)
{
    int64_t for_ms = 100 + draw_spread(prng, FOR_MAX_S * 1000 - 100);
    if (action->after != NULL) {
        set_time(action, "for", for_ms);
    }
}

static void draw_cut(Prng *prng, Action *action)
{
    set_time(action, "for", 1 + draw_spread(prng, 60000));
    set_text(action, "torn", draw_word(prng, "nothing prefix random half weak complete"));
    if (strcmp(plan_text(action, "torn"), "prefix") == 0) {
        set_number(action, "units", draw_spread(prng, 64));
    }
}

static Action *draw_power(Prng *prng, const Story *story, Feature feature)
{
    Action *action = new_action(VERB_CUT_POWER);
    action->nth = 1;
    draw_cut(prng, action);
    unsigned before = 0;
    int64_t last = 0;
    for (guint i = 0; i < story->steps->len; i++) {
        const Step *step = g_ptr_array_index(story->steps, i);
        if (step->feature == feature) {
            const char *key =
                feature == FEATURE_CUT_AT_OPERATION ? "at_operation" : "at_instruction";
            last = MAX(last, plan_integer(step->action, key));
            before++;
        }
    }
    if (feature == FEATURE_CUT_AT_TIME) {
        draw_trigger(prng, story, action, false);
    } else if (feature == FEATURE_CUT_AT_EVENT && prng_chance(prng, (Ratio){1, 2})) {
        /* Right in what the lock writes next. */
        action->after = draw_event(prng);
        action->nth = 1 + (uint32_t)prng_below(prng, 2);
        set_number(action, "in_operations", 1 + draw_spread(prng, 30));
    } else if (feature == FEATURE_CUT_AT_EVENT) {
        action->after = draw_event(prng);
        action->nth = 1 + (uint32_t)prng_below(prng, 3);
        action->delay = draw_spread(prng, 3 * 1000000) * VTIME_US;
    } else {
        /* A second one a little later, once the first is over: a cut while recovering from a cut.
         */
        if (before > 0) {
            action->after = pattern_new(EVENT_POWER_LOST);
            action->nth = before;
        }
        if (feature == FEATURE_CUT_AT_OPERATION) {
            set_number(action, "at_operation",
                       last + 1 +
                           (before > 0 ? draw_spread(prng, 60) : prng_between(prng, 0, 900)));
        } else {
            set_number(
                action, "at_instruction",
                last + 1000 +
                    (before > 0 ? draw_spread(prng, 4000000) : prng_between(prng, 0, 50000000)));
        }
    }
    return action;
}

static void draw_ratio(Prng *prng, Action *action, const char *key)
{
    if (prng_chance(prng, (Ratio){1, 3})) {
        set_text(action, key, draw_word(prng, "1/2 1/5 1/10 1/50 1/200"));
    }
}

static Action *draw_network(Prng *prng, const Story *story, Feature feature)
{
    Action *action = NULL;
    switch ((int)feature) {
    case FEATURE_LINK:
        action = new_action(VERB_SET_LINK);
        draw_trigger(prng, story, action, true);
        set_text(action, "link", draw_word(prng, "uplink uplink lock"));
        if (prng_chance(prng, (Ratio){1, 4})) {
            set_text(action, "partition", "true");
        } else {
            draw_ratio(prng, action, "loss");
            draw_ratio(prng, action, "duplication");
            draw_ratio(prng, action, "reordering");
            draw_ratio(prng, action, "corruption");
            set_time(action, "delay", draw_spread(prng, 2000));
            set_time(action, "jitter", draw_spread(prng, 500));
        }
        draw_for(prng, action);
        return action;
    case FEATURE_FRAME:
        action = new_action(VERB_FAULT_FRAME);
        draw_trigger(prng, story, action, false);
        action->at = 0;
        set_number(action, "frame", 1 + draw_spread(prng, 600));
        set_text(action, "kind", draw_word(prng, "lose corrupt duplicate delay hold"));
        set_time(action, "for", 1 + draw_spread(prng, 5000));
        return action;
    case FEATURE_CABLE:
        action = new_action(VERB_SET_CABLE);
        draw_trigger(prng, story, action, true);
        set_text(action, "state", "out");
        set_time(action, "for", 100 + draw_spread(prng, FOR_MAX_S * 1000 - 100));
        return action;
    case FEATURE_DNS:
        action = new_action(VERB_DNS_BEHAVES);
        draw_trigger(prng, story, action, true);
        set_text(action, "mode", draw_word(prng, "silent servfail nxdomain spoof"));
        draw_for(prng, action);
        return action;
    case FEATURE_NTP:
        action = new_action(VERB_NTP_BEHAVES);
        draw_trigger(prng, story, action, true);
        set_text(action, "mode", draw_word(prng, "silent wrong wrong"));
        set_text(action, "offset", draw_word(prng, "-400d -2d -1h 1s 2h 40d 4000d"));
        draw_for(prng, action);
        return action;
    default:
        action = new_action(VERB_SEND_MALFORMED);
        draw_trigger(prng, story, action, true);
        set_text(action, "layer", draw_word(prng, "ethernet arp ip udp tcp dhcp dns"));
        set_number(action, "count", 1 + draw_spread(prng, 40));
        return action;
    }
}

static Action *draw_service(Prng *prng, const Story *story, Feature feature)
{
    Action *action = NULL;
    switch ((int)feature) {
    case FEATURE_SERVER:
        action = new_action(VERB_SERVER_BEHAVES);
        draw_trigger(prng, story, action, true);
        set_text(action, "mode", draw_word(prng, "stall reset truncate lie_length status"));
        set_text(action, "path", draw_word(prng, "any manifest image report"));
        set_number(action, "after_bytes", draw_spread(prng, 102400));
        set_text(action, "status", draw_word(prng, "404 429 500 503"));
        set_number(action, "times", 1 + draw_spread(prng, 5)); /* H2 */
        return action;
    case FEATURE_CERTIFICATE:
        action = new_action(VERB_SERVER_CERTIFICATE);
        draw_trigger(prng, story, action, false);
        set_text(action, "which", draw_word(prng, "expired not_yet_valid wrong_name wrong_ca"));
        return action;
    case FEATURE_OLDER:
        action =
            new_action(prng_chance(prng, (Ratio){1, 2}) ? VERB_OFFER_OLDER : VERB_REPLAY_MANIFEST);
        draw_trigger(prng, story, action, false);
        set_text(action, "image", draw_word(prng, OLD_IMAGE " " OLD_IMAGE " old-counter-1.3.0"));
        return action;
    default:
        if (prng_chance(prng, (Ratio){1, 2})) {
            action = new_action(VERB_OFFER_TAMPERED);
            draw_trigger(prng, story, action, false);
            set_text(action, "image", NEW_IMAGE);
            set_text(action, "where",
                     draw_word(prng, "header payload signature length product key"));
        } else {
            action = new_action(VERB_MUTATE_OFFERS);
            draw_trigger(prng, story, action, false);
            set_number(action, "count", 1 + draw_spread(prng, 5));
            set_text(action, "of", draw_word(prng, "header payload reply_head reply_body"));
        }
        return action;
    }
}

static Action *draw_person(Prng *prng, const Story *story, Feature feature)
{
    static const Verb VERBS_OF[FEATURES] = {
        [FEATURE_RIGHT_PIN] = VERB_ENTER_PIN, [FEATURE_WRONG_PIN] = VERB_ENTER_PIN,
        [FEATURE_KEYS] = VERB_PRESS_KEYS,     [FEATURE_BUTTON] = VERB_PRESS_BUTTON,
        [FEATURE_HAND] = VERB_TURN_BOLT,      [FEATURE_DOOR] = VERB_SET_DOOR,
        [FEATURE_JAM] = VERB_JAM_BOLT,        [FEATURE_BATTERY] = VERB_SET_BATTERY,
        [FEATURE_TRNG] = VERB_STICK_TRNG,     [FEATURE_PROBE] = VERB_PROBE_DEBUG,
    };
    Action *action = new_action(VERBS_OF[feature]);
    bool lasts = feature == FEATURE_BATTERY || feature == FEATURE_DOOR;
    draw_trigger(prng, story, action, !lasts);
    switch ((int)feature) {
    case FEATURE_WRONG_PIN:
        set_text(action, "which", "wrong");
        break;
    case FEATURE_KEYS:
        /* Nothing that ends an entry of digits: that would be a wrong PIN (H4). */
        set_text(action, "keys", draw_word(prng, "* 1 12345678 1234567890123456 0 99* ## *#"));
        break;
    case FEATURE_HAND:
        set_text(action, "to", draw_word(prng, "locked unlocked"));
        break;
    case FEATURE_DOOR:
        set_text(action, "state", draw_word(prng, "open closed"));
        break;
    case FEATURE_JAM:
    case FEATURE_TRNG:
        set_time(action, "for", 100 + draw_spread(prng, 60000));
        break;
    case FEATURE_BATTERY:
        set_number(action, "millivolts", prng_between(prng, 3000, 6500));
        break;
    default:
        break;
    }
    return action;
}

static Action *draw_flash(Prng *prng, const Story *story, Feature feature, Action **ret_second)
{
    Action *action = new_action(feature == FEATURE_RESTORE ? VERB_SAVE_FLASH : VERB_DAMAGE_FLASH);
    draw_trigger(prng, story, action, false);
    if (feature == FEATURE_RESTORE) {
        *ret_second = new_action(VERB_RESTORE_FLASH);
        draw_trigger(prng, story, *ret_second, false);
        (*ret_second)->at = MAX((*ret_second)->at, action->at) + VTIME_S;
        set_time(*ret_second, "for", 1 + draw_spread(prng, 10000));
        return action;
    }
    set_text(action, "region",
             feature == FEATURE_JOURNAL ? "journal"
             : feature == FEATURE_STORE ? "store"
                                        : draw_word(prng, "slot_a slot_b"));
    set_number(action, "bits", 1 + draw_spread(prng, 8));
    return action;
}

static Step *draw_step(Prng *prng, const Story *story, Feature feature)
{
    Step *step = g_new0(Step, 1);
    step->feature = feature;
    if (feature <= FEATURE_CUT_AT_INSTRUCTION) {
        step->action = draw_power(prng, story, feature);
    } else if (feature <= FEATURE_NTP || feature == FEATURE_MALFORMED) {
        step->action = draw_network(prng, story, feature);
    } else if (feature <= FEATURE_OLDER) {
        step->action = draw_service(prng, story, feature);
    } else if (feature <= FEATURE_PROBE) {
        step->action = draw_person(prng, story, feature);
    } else {
        step->action = draw_flash(prng, story, feature, &step->second);
    }
    return step;
}

static unsigned wrong_pins(const Story *story)
{
    unsigned wrong = 0;
    for (guint i = 0; i < story->steps->len; i++) {
        const Step *step = g_ptr_array_index(story->steps, i);
        wrong += step->feature == FEATURE_WRONG_PIN || step->feature == FEATURE_KEYS ? 1 : 0;
    }
    return wrong;
}

static void add_step(Prng *prng, Story *story, Feature feature)
{
    bool wrong = feature == FEATURE_WRONG_PIN || feature == FEATURE_KEYS;
    if (story->steps->len < STEPS_MAX && !(wrong && wrong_pins(story) >= WRONG_PINS_MAX)) { /* H4 */
        g_ptr_array_add(story->steps, draw_step(prng, story, feature));
    }
}

static void draw_story(Prng *prng, Story *story)
{
    static const int ENDS_S[] = {20, 60, 300, 1800};
    bool wanted[FEATURES];
    unsigned count = 0;
    story->faults_end = ENDS_S[prng_below(prng, G_N_ELEMENTS(ENDS_S))] * VTIME_S;
    story->unlocked = prng_chance(prng, (Ratio){1, 4});
    story->clock_invalid = prng_chance(prng, (Ratio){1, 6});
    story->delay_ms = prng_between(prng, 1, 100);
    for (int i = 0; i < FEATURES; i++) {
        wanted[i] = prng_chance(prng, SWARM[i]);
        count += wanted[i] ? 1 : 0;
    }
    unsigned steps = 1 + (unsigned)prng_below(prng, STEPS_MAX - 2);
    for (unsigned i = 0; i < steps && count > 0; i++) {
        unsigned place = (unsigned)prng_below(prng, count);
        int feature = 0;
        while (!wanted[feature] || place-- > 0) {
            feature++;
        }
        add_step(prng, story, (Feature)feature);
    }
}

static void nudge(Prng *prng, const Story *story, Action *action)
{
    VTime by = prng_between(prng, -50000, 50000) * VTIME_US;
    if (action->after != NULL) {
        action->delay = MAX(action->delay + by, 0);
    } else {
        action->at = CLAMP(action->at + 10 * by, 0, story->faults_end);
    }
}

/* Changes a thing or two. */
static void mutate_story(Prng *prng, Story *story)
{
    unsigned changes = 1 + (unsigned)prng_below(prng, 3);
    for (unsigned i = 0; i < changes; i++) {
        unsigned how = (unsigned)prng_below(prng, 5);
        guint index = story->steps->len == 0 ? 0 : (guint)prng_below(prng, story->steps->len);
        if (story->steps->len == 0 || how == 0) {
            add_step(prng, story, (Feature)prng_below(prng, FEATURE_SLOT));
            continue;
        }
        Step *step = g_ptr_array_index(story->steps, index);
        Feature feature = step->feature;
        switch (how) {
        case 1:
            g_ptr_array_remove_index(story->steps, index);
            break;
        case 2: /* the same kind of thing once more */
            add_step(prng, story, feature);
            break;
        case 3: /* the same kind of thing, otherwise */
            g_ptr_array_remove_index(story->steps, index);
            add_step(prng, story, feature);
            break;
        default: /* a little earlier or later */
            nudge(prng, story, step->action);
            break;
        }
    }
}

/* Names. */

static GPtrArray *parse_numbers(const char *id)
{
    if (!g_str_has_prefix(id, PREFIX) || strlen(id) > 120) {
        return NULL;
    }
    g_auto(GStrv) parts = g_strsplit_set(id + strlen(PREFIX), "-.", 0);
    const char *dash = strchr(id + strlen(PREFIX), '-');
    const char *dot = strchr(id + strlen(PREFIX), '.');
    g_autoptr(GPtrArray) numbers = g_ptr_array_new_with_free_func(g_free);
    for (char **part = parts; *part != NULL; part++) {
        guint64 number = 0;
        if (!g_ascii_string_to_unsigned(*part, 10, 0, G_MAXINT64, &number, NULL)) {
            return NULL;
        }
        g_ptr_array_add(numbers, g_memdup2(&number, sizeof number));
    }
    bool good = numbers->len >= 2 && dash != NULL && strchr(dash + 1, '-') == NULL &&
                (dot == NULL || dot > dash);
    return good ? g_steal_pointer(&numbers) : NULL;
}

bool schedule_is_id(const char *id)
{
    g_autoptr(GPtrArray) numbers = parse_numbers(id);
    return numbers != NULL;
}

char *schedule_fresh_id(uint64_t seed, uint64_t number)
{
    return g_strdup_printf(PREFIX "%" G_GUINT64_FORMAT "-%" G_GUINT64_FORMAT, seed, number);
}

char *schedule_mutated_id(const char *parent, uint64_t mutation)
{
    return g_strdup_printf("%s.%" G_GUINT64_FORMAT, parent, mutation);
}

unsigned schedule_depth(const char *id)
{
    unsigned depth = 0;
    for (; *id != '\0'; id++) {
        depth += *id == '.' ? 1 : 0;
    }
    return depth;
}

/* From a story to a plan. */

static Action *add_action(Plan *plan, Verb verb, VTime at)
{
    Action *action = new_action(verb);
    action->at = at;
    action->nth = 1;
    g_ptr_array_add(plan->timeline->actions, action);
    return action;
}

static bool has_feature(const Story *story, Feature first, Feature last)
{
    for (guint i = 0; i < story->steps->len; i++) {
        Feature feature = ((const Step *)g_ptr_array_index(story->steps, i))->feature;
        if (feature >= first && feature <= last) {
            return true;
        }
    }
    return false;
}

static void add_mending(Plan *plan, const Story *story)
{
    VTime end = story->faults_end;
    if (has_feature(story, FEATURE_BATTERY, FEATURE_BATTERY)) {
        set_number(add_action(plan, VERB_SET_BATTERY, end), "millivolts", 6000);
        add_action(plan, VERB_POWER_ON, end + VTIME_S);
    }
    if (has_feature(story, FEATURE_DOOR, FEATURE_DOOR)) {
        set_text(add_action(plan, VERB_SET_DOOR, end), "state", "closed");
    }
    if (has_feature(story, FEATURE_DNS, FEATURE_DNS)) {
        set_text(add_action(plan, VERB_DNS_BEHAVES, end), "mode", "normal");
    }
    if (has_feature(story, FEATURE_NTP, FEATURE_NTP)) {
        set_text(add_action(plan, VERB_NTP_BEHAVES, end), "mode", "normal");
    }
    if (has_feature(story, FEATURE_SERVER, FEATURE_SERVER)) {
        set_text(add_action(plan, VERB_SERVER_BEHAVES, end), "mode", "normal");
    }
    if (has_feature(story, FEATURE_CERTIFICATE, FEATURE_CERTIFICATE)) {
        set_text(add_action(plan, VERB_SERVER_CERTIFICATE, end), "which", "good");
    }
    if (has_feature(story, FEATURE_LINK, FEATURE_LINK)) {
        /* Twice, for what an event started before may still put back what was before it. */
        for (unsigned i = 0; i < 2; i++) {
            VTime at = end + (VTime)i * SETTLE;
            add_action(plan, VERB_SET_LINK, at);
            set_text(add_action(plan, VERB_SET_LINK, at), "link", "lock");
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
    add_accepted(report, "version", "1.2.0", NULL);
    add_accepted(report, "boot", "confirmed", NULL);
    add_accepted(report, "parsed", "true", NULL);
    return report;
}

/* What must be so once the faults are over, and the person who tries it. */
static void add_liveness(Plan *plan, VTime recovered)
{
    Claim *confirmed = add_claim(plan, CLAIM_COUNTS);
    confirmed->expect = pattern_new(EVENT_UPDATE_CONFIRMED);
    add_accepted(confirmed->expect, "version", "1.2.0", NULL);
    confirmed->at_least = 1;
    confirmed->at_most = INT64_MAX;
    add_within(plan, recovered, fresh_report());
    for (unsigned i = 0; i < 3; i++) {
        Action *locks = add_action(plan, VERB_PRESS_KEYS, 0);
        set_text(locks, "keys", "*");
        locks->after = fresh_report();
        locks->delay = (VTime)(10 + i * 60) * VTIME_S;
        Action *opens = add_action(plan, VERB_ENTER_PIN, 0);
        opens->after = fresh_report();
        opens->delay = locks->delay + 20 * VTIME_S;
    }
    Claim *opens = add_claim(plan, CLAIM_COUNTS);
    opens->expect = pattern_new(EVENT_BOLT_MOVED);
    add_accepted(opens->expect, "state", "unlocked", NULL);
    opens->at_least = 1;
    opens->at_most = INT64_MAX;
    plan->timeline->until = fresh_report();
    plan->timeline->until_delay = AFTERWARDS;
    plan->timeline->limit = recovered + AFTERWARDS;
}

static void add_safety(Plan *plan, bool fatal)
{
    static const char *const NAMES[] = {"one_of_old_or_new", "no_rollback"};
    for (size_t i = 0; i < G_N_ELEMENTS(NAMES); i++) {
        add_claim(plan, CLAIM_ALWAYS)->invariant = g_strdup(NAMES[i]);
    }
    Claim *crash = add_claim(plan, CLAIM_NEVER);
    crash->expect = pattern_new(EVENT_DEVICE_RESET);
    add_accepted(crash->expect, "cause", "lockup", "watchdog");
    Claim *counter = add_claim(plan, CLAIM_NEVER);
    counter->expect = pattern_new(EVENT_COUNTER_RAISED);
    counter->after = pattern_new(EVENT_UPDATE_TRIAL);
    counter->until = pattern_new(EVENT_UPDATE_CONFIRMED);
    if (!fatal) {
        add_claim(plan, CLAIM_NEVER)->expect = pattern_new(EVENT_BOOT_RECOVERY);
    }
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
    device->image = g_strdup(OLD_IMAGE);
    device->unlocked = story->unlocked;
    device->clock_valid = story->clock_invalid ? !device->clock_valid : device->clock_valid;
    g_ptr_array_add(plan->timeline->devices, device);
    Action *link = add_action(plan, VERB_SET_LINK, 0);
    link->given = true;
    set_text(link, "link", "uplink");
    set_time(link, "delay", story->delay_ms);
    Action *serve = add_action(plan, VERB_SERVE, 0);
    serve->given = true;
    set_text(serve, "image", NEW_IMAGE);
}

static char *tell(const Story *story, const char *id, uint64_t seed)
{
    g_autoptr(Plan) plan = plan_new();
    bool fatal = has_feature(story, FEATURE_SLOT, FEATURE_RESTORE);
    VTime recovered = story->faults_end + SETTLE + RECOVER;
    g_strfreev(plan->proves);
    plan->proves = g_strsplit("5.9-1 5.9-2 5.3-2", " ", 0);
    plan->timeline->seed = seed;
    plan->timeline->epoch_seconds = EPOCH_SECONDS;
    add_given(plan, story);
    add_action(plan, VERB_POWER_ON, 0);
    for (guint i = 0; i < story->steps->len; i++) {
        const Step *step = g_ptr_array_index(story->steps, i);
        g_ptr_array_add(plan->timeline->actions, plan_action_copy(step->action));
        if (step->second != NULL) {
            g_ptr_array_add(plan->timeline->actions, plan_action_copy(step->second));
        }
    }
    add_mending(plan, story);
    set_text(add_action(plan, VERB_SERVE, story->faults_end), "image", FRESH_IMAGE);
    plan->timeline->until_at = VTIME_NEVER;
    if (fatal) {
        plan->timeline->until_at = story->faults_end + SETTLE;
        plan->timeline->limit = story->faults_end + 2 * SETTLE;
    } else {
        add_liveness(plan, recovered);
    }
    add_safety(plan, fatal);
    return draft_text(
        plan, id,
        fatal
            ? "A drawn story of faults, of which some may end the lock's life: safety only."
            : "A drawn story of faults; when they are over, the lock must come to its good state.");
}

char *schedule_text(const char *id)
{
    g_autoptr(GPtrArray) numbers = parse_numbers(id);
    g_assert(numbers != NULL);
    Story story = {.steps = g_ptr_array_new_with_free_func(step_free)};
    uint64_t first = *(const uint64_t *)g_ptr_array_index(numbers, 0);
    Prng root = prng_new(first);
    g_autofree char *name = g_strdup_printf("schedule/%" G_GUINT64_FORMAT,
                                            *(const uint64_t *)g_ptr_array_index(numbers, 1));
    Prng stream = prng_fork(&root, name);
    draw_story(&stream, &story);
    for (guint i = 2; i < numbers->len; i++) {
        g_autofree char *mutation = g_strdup_printf(
            "mutation/%" G_GUINT64_FORMAT, *(const uint64_t *)g_ptr_array_index(numbers, i));
        stream = prng_fork(&stream, mutation);
        Prng draw = stream;
        mutate_story(&draw, &story);
    }
    char *text = tell(&story, id, prng_below(&stream, 1000000));
    g_ptr_array_unref(story.steps);
    return text;
}
