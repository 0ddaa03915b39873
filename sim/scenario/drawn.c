/* SPDX-License-Identifier: MIT */

/*
 * H2  Every fault is over, or ends by itself, at the end of the first phase: what lasts is
 *     started at a time and mended; what is started by an event, which may come late, has a
 *     duration or a count.
 * H3  Events that start something are those of the release of the first phase, so that no number
 *     of power cuts can use up the trials of the fresh one.
 * H4  No more wrong PINs than make a person wait for some minutes.
 */

#include "sim/scenario/drawn.h"

#include <string.h>

#include "sim/scenario/reading.h"

#define WRONG_PINS_MAX 4
#define LOCKOUT_PINS   5
#define RESTLESS_KEYS  4 /* never longer apart than a lock waits for the next */
#define FOR_MAX_S      120
#define HEADER_BYTES   256 /* of an image: no code is in them */
#define CONSOLE_LINES  30  /* of an update, more or less */

void drawn_step_free(void *step)
{
    Step *at = step;
    g_ptr_array_unref(at->actions);
    g_free(at);
}

static const char *draw_word(Prng *prng, const char *words)
{
    g_auto(GStrv) list = g_strsplit(words, " ", 0);
    return g_intern_string(list[prng_below(prng, g_strv_length(list))]);
}

/* From 0 to `high`, small ones as likely as large: a power of two first, then evenly below it. */
static int64_t draw_spread(Prng *prng, int64_t high)
{
    unsigned bits = 0;
    while ((high >> bits) > 0) {
        bits++;
    }
    int64_t bound = INT64_C(1) << prng_below(prng, bits + 1);
    int64_t drawn = (int64_t)prng_below(prng, (uint64_t)bound);
    return MIN(drawn, high);
}

void drawn_set_text(Action *action, const char *key, const char *text)
{
    reading_set_argument(action, key, text);
}

void drawn_set_number(Action *action, const char *key, int64_t number)
{
    g_autofree char *text = g_strdup_printf("%" G_GINT64_FORMAT, number);
    reading_set_argument(action, key, text);
}

void drawn_set_time(Action *action, const char *key, int64_t milliseconds)
{
    g_autofree char *text = g_strdup_printf("%" G_GINT64_FORMAT "ms", milliseconds);
    reading_set_argument(action, key, text);
}

/* An action with the defaults of its verb. */
Action *drawn_action(Verb verb)
{
    Action *action = plan_action_new(verb, "lock");
    for (const ArgumentRule *rule = plan_argument_rules(); rule->key != NULL; rule++) {
        if (rule->verb == verb && rule->otherwise != NULL) {
            reading_set_argument(action, rule->key, rule->otherwise);
        }
    }
    return action;
}

void drawn_accept(Pattern *pattern, const char *key, const char *first, const char *second)
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
        {EVENT_HTTP_REQUEST, false},     {EVENT_JOURNAL_RECORDED, true},
        {EVENT_UART_LINE, false},
    };
    size_t index = prng_below(prng, G_N_ELEMENTS(EVENTS));
    Pattern *pattern = pattern_new(EVENTS[index].kind);
    if (EVENTS[index].versioned) {
        bool old = EVENTS[index].kind == EVENT_BOOT_SLOT_STARTED ||
                   EVENTS[index].kind == EVENT_BOOT_COMPLETED ||
                   EVENTS[index].kind == EVENT_REPORT_RECEIVED;
        drawn_accept(pattern, "version", "1.1.0", old ? "1.0.0" : NULL);
    }
    return pattern;
}

/* Which of the events like `pattern`: one of the first `most`, or of the many lines on the console.
 */
static uint32_t draw_nth(Prng *prng, const Pattern *pattern, uint32_t most)
{
    return 1 + (uint32_t)(pattern->kind == EVENT_UART_LINE
                              ? prng_below(prng, CONSOLE_LINES)
                              : prng_below(prng, pattern->kind == EVENT_HTTP_REQUEST ? 4 : most));
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
        action->nth = draw_nth(prng, action->after, 2);
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
        drawn_set_time(action, "for", for_ms);
    }
}

static void draw_cut(Prng *prng, Action *action)
{
    drawn_set_time(action, "for", 1 + draw_spread(prng, 60000));
    drawn_set_text(action, "torn", draw_word(prng, "nothing prefix random half weak complete"));
    if (strcmp(plan_text(action, "torn"), "prefix") == 0) {
        drawn_set_number(action, "units", draw_spread(prng, 64));
    }
}

static Action *draw_power(Prng *prng, const Story *story, Feature feature)
{
    Action *action = drawn_action(VERB_CUT_POWER);
    action->nth = 1;
    draw_cut(prng, action);
    unsigned before = 0;
    int64_t last = 0;
    for (guint i = 0; i < story->steps->len; i++) {
        const Step *step = g_ptr_array_index(story->steps, i);
        if (step->feature == feature) {
            const char *key =
                feature == FEATURE_CUT_AT_OPERATION ? "at_operation" : "at_instruction";
            last = MAX(last, plan_integer(g_ptr_array_index(step->actions, 0), key));
            before++;
        }
    }
    if (feature == FEATURE_CUT_AT_TIME) {
        draw_trigger(prng, story, action, false);
    } else if (feature == FEATURE_CUT_AT_EVENT && prng_chance(prng, (Ratio){1, 2})) {
        /* Right in what the lock writes next. */
        action->after = draw_event(prng);
        action->nth = draw_nth(prng, action->after, 2);
        drawn_set_number(action, "in_operations", 1 + draw_spread(prng, 30));
    } else if (feature == FEATURE_CUT_AT_EVENT) {
        action->after = draw_event(prng);
        action->nth = draw_nth(prng, action->after, 3);
        action->delay = draw_spread(prng, 3 * 1000000) * VTIME_US;
    } else {
        /* A second one a little later, once the first is over: a cut while recovering from a cut.
         */
        if (before > 0) {
            action->after = pattern_new(EVENT_POWER_LOST);
            action->nth = before;
        }
        if (feature == FEATURE_CUT_AT_OPERATION) {
            drawn_set_number(action, "at_operation",
                             last + 1 +
                                 (before > 0 ? draw_spread(prng, 60) : prng_between(prng, 0, 900)));
        } else {
            drawn_set_number(
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
        drawn_set_text(action, key, draw_word(prng, "1/2 1/5 1/10 1/50 1/200"));
    }
}

static Action *draw_network(Prng *prng, const Story *story, Feature feature)
{
    Action *action = NULL;
    switch ((int)feature) {
    case FEATURE_LINK:
        action = drawn_action(VERB_SET_LINK);
        draw_trigger(prng, story, action, true);
        drawn_set_text(action, "link", draw_word(prng, "uplink uplink lock"));
        if (prng_chance(prng, (Ratio){1, 4})) {
            drawn_set_text(action, "partition", "true");
        } else {
            draw_ratio(prng, action, "loss");
            draw_ratio(prng, action, "duplication");
            draw_ratio(prng, action, "reordering");
            draw_ratio(prng, action, "corruption");
            drawn_set_time(action, "delay", draw_spread(prng, 2000));
            drawn_set_time(action, "jitter", draw_spread(prng, 500));
        }
        draw_for(prng, action);
        return action;
    case FEATURE_FRAME:
        action = drawn_action(VERB_FAULT_FRAME);
        draw_trigger(prng, story, action, false);
        action->at = 0;
        drawn_set_number(action, "frame", 1 + draw_spread(prng, 600));
        drawn_set_text(action, "kind", draw_word(prng, "lose corrupt duplicate delay hold"));
        drawn_set_time(action, "for", 1 + draw_spread(prng, 5000));
        return action;
    case FEATURE_CABLE:
        action = drawn_action(VERB_SET_CABLE);
        draw_trigger(prng, story, action, true);
        drawn_set_text(action, "state", "out");
        drawn_set_time(action, "for", 100 + draw_spread(prng, FOR_MAX_S * 1000 - 100));
        return action;
    case FEATURE_DNS:
        action = drawn_action(VERB_DNS_BEHAVES);
        draw_trigger(prng, story, action, true);
        drawn_set_text(action, "mode", draw_word(prng, "silent servfail nxdomain spoof"));
        draw_for(prng, action);
        return action;
    case FEATURE_NTP:
        action = drawn_action(VERB_NTP_BEHAVES);
        draw_trigger(prng, story, action, true);
        drawn_set_text(action, "mode", draw_word(prng, "silent wrong wrong"));
        drawn_set_text(action, "offset", draw_word(prng, "-400d -2d -1h 1s 2h 40d 4000d"));
        draw_for(prng, action);
        return action;
    default:
        action = drawn_action(VERB_SEND_MALFORMED);
        draw_trigger(prng, story, action, true);
        drawn_set_text(action, "layer", draw_word(prng, "ethernet arp ip udp tcp dhcp dns"));
        drawn_set_number(action, "count", 1 + draw_spread(prng, 40));
        drawn_set_text(action, "spacing", draw_word(prng, "0s 100us 10ms"));
        return action;
    }
}

static Action *draw_service(Prng *prng, const Story *story, Feature feature)
{
    Action *action = NULL;
    switch ((int)feature) {
    case FEATURE_SERVER:
        action = drawn_action(VERB_SERVER_BEHAVES);
        draw_trigger(prng, story, action, true);
        drawn_set_text(action, "mode",
                       draw_word(prng, story->theme == THEME_LENGTHS
                                           ? "longer longer lie_length truncate"
                                           : "stall reset truncate lie_length longer status"));
        drawn_set_text(action, "path", draw_word(prng, "any manifest image report"));
        if (story->theme == THEME_LENGTHS && prng_chance(prng, (Ratio){1, 2})) {
            g_clear_pointer(&action->after, pattern_free);
            action->at = 0;
            action->delay = 0;
        }
        drawn_set_number(action, "after_bytes", draw_spread(prng, 102400));
        drawn_set_text(action, "status", draw_word(prng, "404 429 500 503"));
        drawn_set_number(action, "times", 1 + draw_spread(prng, 5)); /* H2 */
        return action;
    case FEATURE_CERTIFICATE:
        action = drawn_action(VERB_SERVER_CERTIFICATE);
        draw_trigger(prng, story, action, false);
        drawn_set_text(action, "which",
                       draw_word(prng, "expired not_yet_valid wrong_name wrong_ca"));
        return action;
    case FEATURE_OLDER:
        action = drawn_action(prng_chance(prng, (Ratio){1, 2}) ? VERB_OFFER_OLDER
                                                               : VERB_REPLAY_MANIFEST);
        draw_trigger(prng, story, action, false);
        drawn_set_text(action, "image",
                       draw_word(prng, DRAWN_OLD_IMAGE " " DRAWN_OLD_IMAGE " old-counter-1.3.0"));
        return action;
    case FEATURE_MUTATE:
        action = drawn_action(VERB_MUTATE_OFFERS);
        draw_trigger(prng, story, action, false);
        action->at = prng_chance(prng, (Ratio){1, 2}) ? 0 : action->at;
        drawn_set_number(action, "count", 1 + draw_spread(prng, 3));
        drawn_set_text(action, "of",
                       draw_word(prng, "header header payload reply_head reply_body"));
        return action;
    default:
        action = drawn_action(VERB_OFFER_TAMPERED);
        draw_trigger(prng, story, action, false);
        action->at = prng_chance(prng, (Ratio){1, 2}) ? 0 : action->at;
        drawn_set_text(action, "image", DRAWN_NEW_IMAGE);
        drawn_set_text(action, "where",
                       draw_word(prng, "header payload signature length product key"));
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
    Action *action = drawn_action(VERBS_OF[feature]);
    bool lasts = feature == FEATURE_BATTERY || feature == FEATURE_DOOR;
    draw_trigger(prng, story, action, !lasts);
    switch ((int)feature) {
    case FEATURE_WRONG_PIN:
        drawn_set_text(action, "which", "wrong");
        break;
    case FEATURE_KEYS:
        /* Nothing that ends an entry of digits: that would be a wrong PIN (H4). */
        drawn_set_text(action, "keys",
                       draw_word(prng, "* 1 12345678 1234567890123456 0 99* ## *#"));
        break;
    case FEATURE_HAND:
        drawn_set_text(action, "to", draw_word(prng, "locked unlocked"));
        break;
    case FEATURE_DOOR:
        drawn_set_text(action, "state", draw_word(prng, "open closed"));
        break;
    case FEATURE_JAM:
    case FEATURE_TRNG:
        drawn_set_time(action, "for", 100 + draw_spread(prng, 60000));
        break;
    case FEATURE_BATTERY:
        drawn_set_number(action, "millivolts", prng_between(prng, 3000, 6500));
        break;
    default:
        break;
    }
    return action;
}

/* An event of the update, from which somebody at the lock may come in between. */
typedef struct Moment {
    EventKind kind;
    const char *key; /* of a field, and what it is then; or NULL */
    const char *value;
    uint32_t nth_max;
} Moment;

/* The update's times: while a release is fetched, at the reset to it, and while it is new. */
#define AGES        3
#define AGE_MOMENTS 7
static const Moment MEETINGS[AGES][AGE_MOMENTS] = {
    {
        {EVENT_DEVICE_ADDRESS, NULL, NULL, 1},
        {EVENT_TLS_HANDSHAKE, NULL, NULL, 1},
        {EVENT_HTTP_REQUEST, NULL, NULL, 3},
        {EVENT_UPDATE_OFFERED, "version", "1.1.0", 1},
        {EVENT_UPDATE_STAGING_STARTED, NULL, NULL, 1},
        {EVENT_DOWNLOAD_STARTED, NULL, NULL, 1},
        {EVENT_DOWNLOAD_STARTED, NULL, NULL, 1},
    },
    {
        {EVENT_DOWNLOAD_FINISHED, NULL, NULL, 1},
        {EVENT_UPDATE_STAGED, "version", "1.1.0", 1},
        {EVENT_UPDATE_STAGED, "version", "1.1.0", 1},
        {EVENT_UART_LINE, "text", "app: image confirmed", 1},
        {EVENT_UART_LINE, "text", "app: image confirmed", 1},
        {EVENT_UART_LINE, "text", "app: reset", 2},
        {EVENT_DEVICE_RESET, NULL, NULL, 2},
    },
    {
        {EVENT_UPDATE_TRIAL, "version", "1.1.0", 1},
        {EVENT_BOOT_SLOT_STARTED, "version", "1.1.0", 2},
        {EVENT_BOOT_COMPLETED, "version", "1.1.0", 2},
        {EVENT_BOOT_COMPLETED, "version", "1.1.0", 2},
        {EVENT_BOOT_COMPLETED, "version", "1.1.0", 2},
        {EVENT_UPDATE_CONFIRMED, "version", "1.1.0", 1},
        {EVENT_UPDATE_CONFIRMED, "version", "1.1.0", 1},
    },
};

static void set_moment(Prng *prng, Action *action, const Moment *moment)
{
    action->after = pattern_new(moment->kind);
    if (moment->key != NULL) {
        drawn_accept(action->after, moment->key, moment->value, NULL);
    }
    action->nth = 1 + (uint32_t)prng_below(prng, moment->nth_max);
}

/* Whether somebody is at the lock at that time already: two who type at once spoil each other's
 * PIN.
 */
static bool is_taken(const Story *story, unsigned age)
{
    for (guint i = 0; i < story->steps->len; i++) {
        const Step *step = g_ptr_array_index(story->steps, i);
        const Action *first = g_ptr_array_index(step->actions, 0);
        for (size_t j = 0; step->feature == FEATURE_RACE && j < AGE_MOMENTS; j++) {
            if (first->after->kind == MEETINGS[age][j].kind) {
                return true;
            }
        }
    }
    return false;
}

static void add_action(Step *step, Action *take_action)
{
    g_ptr_array_add(step->actions, take_action);
}

/* The same moment as that of the step's first action, and a little later. */
static void follow(const Step *step, Action *action, VTime later)
{
    const Action *first = g_ptr_array_index(step->actions, 0);
    action->after = first->after == NULL ? NULL : pattern_copy(first->after);
    action->nth = first->nth;
    action->at = first->after == NULL ? first->at + later : 0;
    action->delay = first->after == NULL ? 0 : first->delay + later;
}

/* Wrong PINs that the lock may count. */
static unsigned wrong_pins(const Story *story)
{
    unsigned wrong = 0;
    for (guint i = 0; i < story->steps->len; i++) {
        const Step *step = g_ptr_array_index(story->steps, i);
        wrong += step->feature == FEATURE_KEYS ? 1 : 0;
        for (guint j = 0; j < step->actions->len; j++) {
            const Action *action = g_ptr_array_index(step->actions, j);
            wrong +=
                action->verb == VERB_ENTER_PIN && strcmp(plan_text(action, "which"), "wrong") == 0
                    ? 1
                    : 0;
        }
    }
    return wrong;
}

/* Instead, somebody keeps pressing the key that locks, and types the PIN when that has gone on
 * long.
 */
static void draw_restless(Prng *prng, Step *step)
{
    Action *opens = g_ptr_array_index(step->actions, step->actions->len - 1);
    VTime last = prng_between(prng, 28000, 38000) * VTIME_MS;
    for (unsigned i = 0; i < RESTLESS_KEYS; i++) {
        Action *locks = drawn_action(VERB_PRESS_KEYS);
        drawn_set_text(locks, "keys", "*");
        follow(step, locks, last / RESTLESS_KEYS * i);
        add_action(step, locks);
    }
    opens->delay += last;
}

/*
 * The right PIN is typed; perhaps the bolt is put back by hand before, for it may be open already.
 * False if the story has somebody at the lock all the time.
 */
static bool draw_race(Prng *prng, const Story *story, Step *step)
{
    unsigned age = (unsigned)prng_below(prng, AGES);
    for (unsigned i = 0; i < AGES && is_taken(story, age); i++) {
        age = (age + 1) % AGES;
    }
    if (is_taken(story, age)) {
        return false;
    }
    const Moment *moment = &MEETINGS[age][prng_below(prng, AGE_MOMENTS)];
    bool at_once = moment->kind == EVENT_UART_LINE; /* what it says it does next */
    bool locks = story->unlocked || (!at_once && prng_chance(prng, (Ratio){1, 3}));
    Action *first = drawn_action(locks ? VERB_TURN_BOLT : VERB_ENTER_PIN);
    set_moment(prng, first, moment);
    first->delay = !at_once && prng_chance(prng, (Ratio){1, 2})
                       ? prng_between(prng, 0, 4000) * VTIME_MS
                       : draw_spread(prng, at_once ? 4000 : 8000000) * VTIME_US;
    add_action(step, first);
    if (locks) {
        drawn_set_text(first, "to", "locked");
        Action *opens = drawn_action(VERB_ENTER_PIN);
        follow(step, opens, 20 * VTIME_MS);
        add_action(step, opens);
    }
    const Action *opens = g_ptr_array_index(step->actions, step->actions->len - 1);
    if (prng_chance(prng, (Ratio){1, 6}) && wrong_pins(story) < WRONG_PINS_MAX) {
        drawn_set_text((Action *)opens, "which", "wrong");
    } else if (age < 2 && prng_chance(prng, (Ratio){1, 6})) {
        draw_restless(prng, step);
    }
    return true;
}

/*
 * Wrong PINs enough, then the right one before the wait is over. Often nobody offers an update
 * before the last of them, so that it falls into the wait.
 */
static void draw_lockout(Prng *prng, const Story *story, Step *step)
{
    VTime at = 0;
    bool offline = prng_chance(prng, (Ratio){1, 2});
    for (unsigned i = 0; i < LOCKOUT_PINS; i++) {
        Action *wrong = drawn_action(VERB_ENTER_PIN);
        drawn_set_text(wrong, "which", "wrong");
        if (i == 0) {
            draw_trigger(prng, story, wrong, !offline);
            wrong->nth = 1;
            wrong->at = offline ? prng_between(prng, 1, 5) * VTIME_S : wrong->at;
        } else {
            at += prng_between(prng, 3500, 6000) * VTIME_MS;
            follow(step, wrong, at);
        }
        add_action(step, wrong);
    }
    Action *right = drawn_action(VERB_ENTER_PIN);
    follow(step, right, at + prng_between(prng, 4000, 26000) * VTIME_MS);
    add_action(step, right);
    if (offline) {
        Action *cable = drawn_action(VERB_SET_CABLE);
        drawn_set_text(cable, "state", "out");
        const Action *first = g_ptr_array_index(step->actions, 0);
        drawn_set_time(cable, "for", (first->at + at) / VTIME_MS + prng_between(prng, 0, 6000));
        add_action(step, cable);
    }
}

/* The power goes in one of the next few operations, and again in one of the first after that. */
static void draw_cut_again(Prng *prng, const Story *story, Step *step)
{
    static const EventKind MOMENTS[] = {
        EVENT_DOWNLOAD_FINISHED, EVENT_UPDATE_STAGED,     EVENT_UPDATE_TRIAL,
        EVENT_UPDATE_CONFIRMED,  EVENT_JOURNAL_RECORDED,  EVENT_DEVICE_RESET,
        EVENT_DOWNLOAD_STARTED,  EVENT_BOOT_SLOT_STARTED,
    };
    Action *cut = drawn_action(VERB_CUT_POWER);
    draw_cut(prng, cut);
    cut->after = pattern_new(MOMENTS[prng_below(prng, G_N_ELEMENTS(MOMENTS))]);
    if (cut->after->kind != EVENT_DEVICE_RESET && cut->after->kind != EVENT_DOWNLOAD_FINISHED &&
        cut->after->kind != EVENT_DOWNLOAD_STARTED) {
        drawn_accept(cut->after, "version", "1.1.0", NULL);
    }
    cut->nth = 1 + (uint32_t)prng_below(prng, 2);
    drawn_set_number(cut, "in_operations", 1 + prng_between(prng, 0, 7));
    bool turns = story->journal == DRAWN_TURNS_AT_TRIAL || story->journal == DRAWN_TURNS_AT_CONFIRM;
    if (turns && prng_chance(prng, (Ratio){2, 3})) {
        /* Among the few operations of which one begins the journal's other sector. */
        bool trial = story->journal == DRAWN_TURNS_AT_TRIAL;
        pattern_free(cut->after);
        cut->after = pattern_new(trial ? EVENT_DEVICE_RESET : EVENT_UPDATE_TRIAL);
        cut->nth = 1;
        drawn_set_number(cut, "in_operations", 1 + prng_between(prng, 0, trial ? 2 : 9));
    }
    add_action(step, cut);
    if (prng_chance(prng, (Ratio){1, 2})) {
        Action *again = drawn_action(VERB_CUT_POWER);
        draw_cut(prng, again);
        again->after = pattern_new(EVENT_POWER_ON);
        again->nth = 2;
        drawn_set_number(again, "in_operations", 1 + prng_between(prng, 0, 5));
        add_action(step, again);
    }
}

/* One operation to come meets worn cells: among the next few records, or any. */
static void draw_wear(Prng *prng, const Story *story, Step *step)
{
    static const Moment WRITES[] = {
        {EVENT_HTTP_REQUEST, NULL, NULL, 4},     {EVENT_UPDATE_OFFERED, NULL, NULL, 1},
        {EVENT_DOWNLOAD_STARTED, NULL, NULL, 1}, {EVENT_UPDATE_STAGED, NULL, NULL, 1},
        {EVENT_UPDATE_STAGED, NULL, NULL, 1},    {EVENT_UPDATE_TRIAL, NULL, NULL, 1},
        {EVENT_BOOT_COMPLETED, NULL, NULL, 3},   {EVENT_USER_KEY, NULL, NULL, 9},
        {EVENT_REPORT_RECEIVED, NULL, NULL, 4},
    };
    Action *action = drawn_action(VERB_WEAR_FLASH);
    const char *region = draw_word(prng, "journal journal journal store store store slot_b otp");
    bool records = strcmp(region, "journal") == 0 || strcmp(region, "otp") == 0;
    int64_t first = records ? 4 : 40;
    action->nth = 1;
    if (prng_chance(prng, (Ratio){2, 3})) {
        set_moment(prng, action, &WRITES[prng_below(prng, G_N_ELEMENTS(WRITES))]);
        first = 4;
    } else if (prng_chance(prng, (Ratio){1, 2})) {
        draw_trigger(prng, story, action, true);
    }
    drawn_set_text(action, "region", region);
    drawn_set_number(action, "in_operations",
                     strcmp(region, "otp") == 0 ? 1 : 1 + draw_spread(prng, first));
    drawn_set_number(action, "bits", prng_chance(prng, (Ratio){1, 2}) ? 1 : 40);
    add_action(step, action);
}

/* An image is damaged, most of the time between what is said of it and what comes of it. */
static void draw_slot_damage(Prng *prng, Action *action)
{
    static const Moment SAYINGS[] = {
        {EVENT_UPDATE_STAGED, NULL, NULL, 1},
        {EVENT_UPDATE_CONFIRMED, NULL, NULL, 1},
        {EVENT_UPDATE_CONFIRMED, NULL, NULL, 1},
        {EVENT_DEVICE_RESET, NULL, NULL, 2},
    };
    const Moment *saying = &SAYINGS[prng_below(prng, G_N_ELEMENTS(SAYINGS))];
    bool staged = false;
    if (prng_chance(prng, (Ratio){4, 5})) {
        staged = saying->kind == EVENT_UPDATE_STAGED;
        set_moment(prng, action, saying);
        action->at = 0;
        action->delay = draw_spread(prng, staged ? 1000 : 1000000) * VTIME_US;
        drawn_set_text(action, "region", draw_word(prng, "slot_b slot_b slot_b slot_a"));
    }
    if (staged) {
        drawn_set_text(action, "region", "slot_b");
    } else {
        /* Not in what may be running by then: such code may do anything, or nothing for ever. */
        drawn_set_number(action, "offset", (int64_t)prng_below(prng, HEADER_BYTES));
        drawn_set_number(action, "bits", 1);
    }
}

static void draw_flash(Prng *prng, const Story *story, Step *step)
{
    bool restores = step->feature == FEATURE_RESTORE;
    Action *action = drawn_action(restores ? VERB_SAVE_FLASH : VERB_DAMAGE_FLASH);
    draw_trigger(prng, story, action, false);
    add_action(step, action);
    if (restores) {
        Action *back = drawn_action(VERB_RESTORE_FLASH);
        draw_trigger(prng, story, back, false);
        back->at = MAX(back->at, action->at) + VTIME_S;
        drawn_set_time(back, "for", 1 + draw_spread(prng, 10000));
        add_action(step, back);
        return;
    }
    drawn_set_text(action, "region",
                   step->feature == FEATURE_JOURNAL ? "journal"
                   : step->feature == FEATURE_STORE ? "store"
                                                    : draw_word(prng, "slot_a slot_b"));
    drawn_set_number(action, "bits", 1 + draw_spread(prng, 8));
    if (step->feature == FEATURE_HEADER) {
        /* Somewhere in its words, soon after somebody may have begun to look at it. */
        static const EventKind LOOKS[] = {EVENT_POWER_ON, EVENT_DEVICE_RESET, EVENT_UPDATE_STAGED,
                                          EVENT_DOWNLOAD_FINISHED};
        action->after = pattern_new(LOOKS[prng_below(prng, G_N_ELEMENTS(LOOKS))]);
        action->nth = 1 + (uint32_t)prng_below(prng, 3);
        action->at = 0;
        action->delay = prng_between(prng, 0, 12000) * VTIME_US;
        drawn_set_number(action, "offset", (int64_t)prng_below(prng, 64));
        drawn_set_number(action, "bits", 1);
    } else if (step->feature == FEATURE_SLOT) {
        draw_slot_damage(prng, action);
    }
}

/* NULL if the story has enough of that kind. */
static Step *draw_step(Prng *prng, const Story *story, Feature feature)
{
    Step *step = g_new0(Step, 1);
    step->feature = feature;
    step->actions = g_ptr_array_new_with_free_func((GDestroyNotify)plan_action_free);
    if (feature == FEATURE_CUT_AGAIN) {
        draw_cut_again(prng, story, step);
    } else if (feature == FEATURE_WEAR) {
        draw_wear(prng, story, step);
    } else if (feature <= FEATURE_CUT_AT_INSTRUCTION) {
        add_action(step, draw_power(prng, story, feature));
    } else if (feature <= FEATURE_MALFORMED) {
        add_action(step, draw_network(prng, story, feature));
    } else if (feature <= FEATURE_OLDER) {
        add_action(step, draw_service(prng, story, feature));
    } else if (feature == FEATURE_RACE) {
        if (!draw_race(prng, story, step)) {
            drawn_step_free(step);
            return NULL;
        }
    } else if (feature == FEATURE_LOCKOUT) {
        draw_lockout(prng, story, step);
    } else if (feature <= FEATURE_PROBE) {
        add_action(step, draw_person(prng, story, feature));
    } else {
        draw_flash(prng, story, step);
    }
    return step;
}

void drawn_add_step(Prng *prng, Story *story, Feature feature)
{
    bool wrong =
        feature == FEATURE_WRONG_PIN || feature == FEATURE_KEYS || feature == FEATURE_LOCKOUT;
    unsigned wrong_max = feature == FEATURE_LOCKOUT ? 1 : WRONG_PINS_MAX;
    if (story->steps->len < DRAWN_STEPS_MAX &&
        !(wrong && wrong_pins(story) >= wrong_max)) { /* H4 */
        Step *step = draw_step(prng, story, feature);
        if (step != NULL) {
            g_ptr_array_add(story->steps, step);
        }
    }
}

bool drawn_has(const Story *story, Feature first, Feature last)
{
    for (guint i = 0; i < story->steps->len; i++) {
        Feature feature = ((const Step *)g_ptr_array_index(story->steps, i))->feature;
        if (feature >= first && feature <= last) {
            return true;
        }
    }
    return false;
}

void drawn_nudge(Prng *prng, const Story *story, Step *step)
{
    VTime by = prng_between(prng, -50000, 50000) * VTIME_US;
    for (guint i = 0; i < step->actions->len; i++) {
        Action *action = g_ptr_array_index(step->actions, i);
        if (action->after != NULL) {
            action->delay = MAX(action->delay + by, 0);
        } else {
            action->at = CLAMP(action->at + 10 * by, 0, story->faults_end);
        }
    }
}
