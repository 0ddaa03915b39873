/* SPDX-License-Identifier: MIT */

/*
 * Z1  Every candidate really runs, from the very text that would be written.
 * Z2  A candidate is taken only if it fails for the same reason (`Reason`).
 * Z3  Nothing but the text decides, so a text that was tried is never tried again.
 * Z4  Each taken candidate is smaller: fewer steps, claims or settings, or shorter or smaller
 *     values.
 * Z5  Where something never came, the run is not made shorter: it would be missing in any run that
 *     is short enough.
 */

#include "sim/minimize.h"

#include <string.h>

#include "sim/crash.h"
#include "sim/evidence/bundle.h"
#include "sim/scenario/draft.h"
#include "sim/scenario/reading.h"

#define LIMIT_DEFAULT  (3600 * VTIME_S)
#define ROUNDS_MAX     4
#define TITLE_CHARS    98
#define SLUG_CHARS_MAX 100

/* Why a run fails, as far as two runs can be compared in it. */
typedef struct Reason {
    char *claim;  /* its sentence */
    char *words;  /* the judge's, with # for every number */
    char *kinds;  /* of the events cited; where something is missing, how far the lock came, too */
    bool missing; /* something never came, and might have come later */
} Reason;

typedef struct Minimizer {
    Lab *lab;
    const MinimizeSettings *settings;
    MinimizeListener listener;
    void *user_data;
    char *id;
    char *title;
    Reason target;
    Plan *plan; /* the smallest so far */
    char *text; /* and its text */
    char *reason;
    VTime evidence_at; /* when it was clear that it fails */
    VTime ended;
    GHashTable *tried; /* digests of texts that did not do */
    unsigned runs;
    bool stopped;
} Minimizer;

static void reason_clear(Reason *reason)
{
    g_clear_pointer(&reason->claim, g_free);
    g_clear_pointer(&reason->words, g_free);
    g_clear_pointer(&reason->kinds, g_free);
}

static char *without_numbers(const char *text)
{
    GString *words = g_string_new(NULL);
    for (size_t i = 0; text[i] != '\0'; i++) {
        bool digit = g_ascii_isdigit(text[i]);
        if (!digit) {
            g_string_append_c(words, text[i]);
        } else if (i == 0 || !g_ascii_isdigit(text[i - 1])) {
            g_string_append_c(words, '#');
        }
    }
    return g_string_free(words, FALSE);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/*
 * How far the lock came, and with which versions. Where something is missing, this tells a failure
 * from a story in which it could never have come about: nothing was offered, so nothing was
 * installed.
 */
static void append_progress(GString *kinds, const GPtrArray *events)
{
    static const EventKind KINDS[] = {
        EVENT_UPDATE_OFFERED,   EVENT_UPDATE_STAGING_STARTED, EVENT_DOWNLOAD_STARTED,
        EVENT_UPDATE_STAGED,    EVENT_UPDATE_TRIAL,           EVENT_UPDATE_CONFIRMED,
        EVENT_UPDATE_REVERTED,  EVENT_BOOT_RECOVERY,          EVENT_BOOT_COMPLETED,
        EVENT_USER_PIN_ENTERED, EVENT_MOTOR_DRIVEN,
    };
    for (size_t k = 0; k < G_N_ELEMENTS(KINDS); k++) {
        g_autoptr(GPtrArray) seen = g_ptr_array_new();
        for (guint i = 0; i < events->len; i++) {
            const Event *event = g_ptr_array_index(events, i);
            const char *version = event_text(event, "version");
            version = version == NULL ? "" : version;
            if (event->kind == KINDS[k] &&
                !g_ptr_array_find_with_equal_func(seen, version, g_str_equal, NULL)) {
                g_ptr_array_add(seen, (void *)version);
            }
        }
        g_ptr_array_sort(seen, by_text);
        for (guint i = 0; i < seen->len; i++) {
            g_string_append_printf(kinds, " +%s%s", event_kind_name(KINDS[k]),
                                   (const char *)g_ptr_array_index(seen, i));
        }
    }
}

/* What the claim at `index` of a run fails by; false if it does not fail. */
static bool reason_of(const Plan *plan, const RunResult *result, guint index,
                      const GPtrArray *events, Reason *ret_reason, VTime *ret_at)
{
    const ClaimResult *judged = g_ptr_array_index(result->claims, index);
    const Claim *claim = g_ptr_array_index(plan->claims, index);
    if (judged->verdict != VERDICT_FAIL) {
        return false;
    }
    g_autoptr(GString) kinds = g_string_new(NULL);
    VTime at = 0;
    for (guint i = 0; i < judged->cites->len; i++) {
        uint64_t seq = g_array_index(judged->cites, uint64_t, i);
        if (seq >= 1 && seq <= events->len) {
            const Event *event = g_ptr_array_index(events, (guint)seq - 1);
            g_string_append_printf(kinds, " %s", event_kind_name(event->kind));
            at = MAX(at, event->at);
        }
    }
    if (claim->kind == CLAIM_WITHIN || claim->kind == CLAIM_ORDER || claim->kind == CLAIM_COUNTS) {
        append_progress(kinds, events);
    }
    *ret_at = claim->kind == CLAIM_WITHIN ? vtime_add(at, claim->duration) : at;
    *ret_reason = (Reason){.claim = g_strdup(claim->sentence),
                           .words = without_numbers(judged->reason),
                           .kinds = g_string_free(g_steal_pointer(&kinds), FALSE),
                           .missing = claim->kind == CLAIM_COUNTS || claim->kind == CLAIM_ORDER};
    return true;
}

static bool same_reason(const Reason *a, const Reason *b)
{
    return strcmp(a->claim, b->claim) == 0 && strcmp(a->words, b->words) == 0 &&
           strcmp(a->kinds, b->kinds) == 0;
}

/* Candidates. */

static Plan *copy_plan(const Plan *plan)
{
    g_autofree char *json = plan_to_json(plan);
    g_autoptr(GError) error = NULL;
    Plan *copy = plan_from_json("plan", json, strlen(json), &error);
    g_assert_no_error(error);
    return copy;
}

static unsigned count_steps(const Plan *plan)
{
    unsigned steps = 0;
    for (guint i = 0; i < plan->timeline->actions->len; i++) {
        steps += ((const Action *)g_ptr_array_index(plan->timeline->actions, i))->given ? 0 : 1;
    }
    return steps;
}

static unsigned count_claims(const Plan *plan)
{
    unsigned claims = 0;
    for (guint i = 0; i < plan->claims->len; i++) {
        claims += ((const Claim *)g_ptr_array_index(plan->claims, i))->standing ? 0 : 1;
    }
    return claims;
}

/* The plan of a text, with its images. */
static Plan *plan_of_text(Minimizer *minimizer, const char *text, GError **error)
{
    Scenario *scenario = scenario_parse(minimizer->id, minimizer->id, text, strlen(text), error);
    if (scenario == NULL || lab_add_scenario(minimizer->lab, scenario, error) == NULL) {
        return NULL;
    }
    g_autofree char *run_id =
        sweep_run_id(minimizer->id, NULL, minimizer->settings->defect, scenario_seed(scenario));
    return lab_plan(minimizer->lab, run_id, error);
}

/* Runs `plan`; true if it fails for the reason looked for, which also says when and how. */
static bool fails_the_same(Minimizer *minimizer, const Plan *plan)
{
    g_autoptr(Recorder) recorder = recorder_new();
    g_autoptr(RunResult) result =
        lab_execute_plan(minimizer->lab, plan, NULL, LAB_KEEP_NONE, recorder);
    minimizer->runs++;
    for (guint i = 0; result->verdict == VERDICT_FAIL && i < result->claims->len; i++) {
        Reason reason;
        VTime at = 0;
        if (!reason_of(plan, result, i, recorder_events(recorder), &reason, &at)) {
            continue;
        }
        bool same = same_reason(&reason, &minimizer->target);
        reason_clear(&reason);
        if (same) {
            const ClaimResult *claim = g_ptr_array_index(result->claims, i);
            g_free(minimizer->reason);
            minimizer->reason = g_strdup(claim->reason);
            minimizer->evidence_at = at;
            minimizer->ended = result->ended;
            return true;
        }
    }
    return false;
}

/* Takes `take_candidate` in place of the plan so far if it still fails for the same reason. */
static bool try(Minimizer *minimizer, Plan *take_candidate)
{
    g_autoptr(Plan) candidate = take_candidate;
    g_autofree char *text = draft_text(candidate, minimizer->id, minimizer->title);
    const volatile sig_atomic_t *interrupts = minimizer->settings->interrupts;
    unsigned runs_max =
        minimizer->settings->runs_max == 0 ? MINIMIZE_RUNS_DEFAULT : minimizer->settings->runs_max;
    minimizer->stopped = minimizer->stopped || minimizer->runs >= runs_max ||
                         (interrupts != NULL && *interrupts > 0);
    if (minimizer->stopped || g_strcmp0(text, minimizer->text) == 0 ||
        g_hash_table_contains(minimizer->tried, text)) { /* Z3 */
        return false;
    }
    g_autoptr(Plan) plan = plan_of_text(minimizer, text, NULL); /* Z1 */
    if (plan == NULL || !fails_the_same(minimizer, plan)) {
        g_hash_table_add(minimizer->tried, g_steal_pointer(&text));
        return false;
    }
    plan_free(minimizer->plan);
    minimizer->plan = g_steal_pointer(&plan);
    g_free(minimizer->text);
    minimizer->text = g_steal_pointer(&text);
    minimizer->listener(minimizer->runs, count_steps(minimizer->plan),
                        count_claims(minimizer->plan), minimizer->user_data);
    return true;
}

/* Claims, and how long the run must be for the one that is left. */

static Plan *only_target(const Minimizer *minimizer)
{
    Plan *plan = copy_plan(minimizer->plan);
    for (guint i = plan->claims->len; i-- > 0;) {
        Claim *claim = g_ptr_array_index(plan->claims, i);
        if (strcmp(claim->sentence, minimizer->target.claim) != 0) {
            g_ptr_array_remove_index(plan->claims, i);
            continue;
        }
        claim->standing = false;
        g_strfreev(plan->proves);
        plan->proves = g_strdupv(claim->proves);
    }
    /* Those that stand need not be said, but must not look waived. */
    for (guint i = 0; i < minimizer->plan->claims->len; i++) {
        const Claim *claim = g_ptr_array_index(minimizer->plan->claims, i);
        if (claim->standing && strcmp(claim->sentence, minimizer->target.claim) != 0) {
            g_ptr_array_add(plan->claims, plan_claim_copy(claim));
        }
    }
    return plan;
}

static void set_until(Plan *plan, VTime at)
{
    g_clear_pointer(&plan->timeline->until, pattern_free);
    plan->timeline->until_delay = 0;
    plan->timeline->until_at = at;
}

/* The whole second after `at`, and one more. */
static VTime second_after(VTime at)
{
    return (at / VTIME_S + 2) * VTIME_S;
}

static void reduce_claims(Minimizer *minimizer)
{
    Plan *natural = only_target(minimizer);
    if (try(minimizer, natural)) {
        return;
    }
    Plan *timed = only_target(minimizer);
    set_until(timed, MAX(minimizer->ended, second_after(minimizer->evidence_at)));
    timed->timeline->limit = MAX(timed->timeline->limit, timed->timeline->until_at);
    try(minimizer, timed);
}

static void reduce_length(Minimizer *minimizer)
{
    static const VTime MORE[] = {0, 8 * VTIME_S, 58 * VTIME_S};
    if (minimizer->target.missing) {
        return; /* Z5 */
    }
    for (size_t i = 0; i < G_N_ELEMENTS(MORE); i++) {
        VTime wanted = second_after(minimizer->evidence_at) + MORE[i];
        if (wanted >= minimizer->ended) {
            return;
        }
        Plan *plan = copy_plan(minimizer->plan);
        set_until(plan, wanted);
        plan->timeline->limit = wanted <= LIMIT_DEFAULT ? LIMIT_DEFAULT : plan->timeline->limit;
        if (try(minimizer, plan)) {
            return;
        }
    }
}

/* Steps, and what is given, by chunks of falling size. */

static bool reduce_chunk(Minimizer *minimizer, guint first, guint count)
{
    Plan *plan = copy_plan(minimizer->plan);
    guint there = plan->timeline->actions->len;
    g_ptr_array_remove_range(plan->timeline->actions, first, MIN(count, there - first));
    return try(minimizer, plan);
}

static bool reduce_actions(Minimizer *minimizer)
{
    bool any = false;
    guint chunk = MAX(minimizer->plan->timeline->actions->len / 2, 1);
    while (!minimizer->stopped) {
        bool smaller = false;
        /* From the end, for what comes late depends on what comes early. */
        for (guint end = minimizer->plan->timeline->actions->len; end > 0;) {
            guint first = end > chunk ? end - chunk : 0;
            smaller = reduce_chunk(minimizer, first, end - first) || smaller;
            end = first;
        }
        any = any || smaller;
        if (chunk == 1 && !smaller) {
            break;
        }
        chunk = chunk == 1 ? 1 : chunk / 2;
    }
    return any;
}

static bool reduce_devices(Minimizer *minimizer)
{
    bool any = false;
    for (guint i = minimizer->plan->timeline->devices->len; i-- > 0;) {
        for (unsigned what = 0; what < 6; what++) {
            Plan *plan = copy_plan(minimizer->plan);
            DeviceSetup *device = g_ptr_array_index(plan->timeline->devices, i);
            DeviceSetup *plain = plan_device_new(device->name);
            switch (what) {
            case 0:
                g_clear_pointer(&device->image_b, g_free);
                break;
            case 1:
                device->unlocked = plain->unlocked;
                break;
            case 2:
                device->door_open = plain->door_open;
                break;
            case 3:
                device->clock_valid = plain->clock_valid;
                break;
            case 4:
                device->journal = plain->journal;
                break;
            default:
                device->battery_mv = plain->battery_mv;
                break;
            }
            plan_device_free(plain);
            any = try(minimizer, plan) || any;
        }
    }
    return any;
}

/* Values. */

/* Where a value that is a time stands in an action: an argument, or its trigger. */
typedef enum Spot {
    SPOT_AT,
    SPOT_DELAY,
    SPOT_ARGUMENTS, /* and up: the argument at SPOT - SPOT_ARGUMENTS */
} Spot;

static Argument *argument_at(Action *action, guint spot)
{
    return g_ptr_array_index(action->arguments, spot - SPOT_ARGUMENTS);
}

static VTime *time_at(Action *action, guint spot)
{
    if (spot == SPOT_AT) {
        return &action->at;
    }
    return spot == SPOT_DELAY ? &action->delay : &argument_at(action, spot)->integer;
}

static bool is_simpler(VTime candidate, VTime than)
{
    char a[VTIME_TEXT_BYTES];
    char b[VTIME_TEXT_BYTES];
    size_t now = strlen(vtime_print(candidate, a));
    size_t before = strlen(vtime_print(than, b));
    return candidate >= 0 && (now < before || (now == before && candidate < than));
}

static bool try_time(Minimizer *minimizer, guint index, guint spot, VTime candidate)
{
    Plan *plan = copy_plan(minimizer->plan);
    VTime *time = time_at(g_ptr_array_index(plan->timeline->actions, index), spot);
    if (!is_simpler(candidate, *time)) { /* Z4 */
        plan_free(plan);
        return false;
    }
    *time = candidate;
    return try(minimizer, plan);
}

/* Coarse before fine: the first that does is the simplest. */
static bool reduce_time(Minimizer *minimizer, guint index, guint spot)
{
    static const VTime UNITS[] = {
        3600 * VTIME_S, 600 * VTIME_S, 60 * VTIME_S,   10 * VTIME_S,  VTIME_S,  100 * VTIME_MS,
        10 * VTIME_MS,  VTIME_MS,      100 * VTIME_US, 10 * VTIME_US, VTIME_US,
    };
    Action *action = g_ptr_array_index(minimizer->plan->timeline->actions, index);
    VTime time = *time_at(action, spot);
    if (time == 0 || try_time(minimizer, index, spot, 0)) {
        return time != 0;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(UNITS) && UNITS[i] * 1000 > time / 10; i++) {
        VTime down = time / UNITS[i] * UNITS[i];
        if (time % UNITS[i] == 0) {
            return (UNITS[i] < time && try_time(minimizer, index, spot, UNITS[i]));
        }
        if ((down > 0 && try_time(minimizer, index, spot, down)) ||
            (UNITS[i] <= time && try_time(minimizer, index, spot, down + UNITS[i]))) {
            return true;
        }
    }
    return false;
}

static bool try_text(Minimizer *minimizer, guint index, const char *key, const char *text)
{
    Plan *plan = copy_plan(minimizer->plan);
    reading_set_argument(g_ptr_array_index(plan->timeline->actions, index), key, text);
    return try(minimizer, plan);
}

/* The argument as if it had not been given. */
static bool try_without(Minimizer *minimizer, guint index, const ArgumentRule *rule)
{
    if (rule->required) {
        return false;
    }
    if (rule->otherwise != NULL) {
        return try_text(minimizer, index, rule->key, rule->otherwise);
    }
    Plan *plan = copy_plan(minimizer->plan);
    Action *action = g_ptr_array_index(plan->timeline->actions, index);
    for (guint i = action->arguments->len; i-- > 0;) {
        const Argument *argument = g_ptr_array_index(action->arguments, i);
        if (strcmp(argument->key, rule->key) == 0) {
            g_ptr_array_remove_index(action->arguments, i);
        }
    }
    return try(minimizer, plan);
}

static bool reduce_integer(Minimizer *minimizer, guint index, const char *key, int64_t value)
{
    const int64_t candidates[] = {
        0,        1, value / 100, value / 10, value / 2, value / 1000 * 1000, value / 100 * 100,
        value - 1};
    for (size_t i = 0; i < G_N_ELEMENTS(candidates); i++) {
        g_autofree char *text = g_strdup_printf("%" G_GINT64_FORMAT, candidates[i]);
        if (candidates[i] >= 0 && candidates[i] < value && try_text(minimizer, index, key, text)) {
            return true;
        }
    }
    return false;
}

static bool reduce_keys(Minimizer *minimizer, guint index, const char *key, const char *keys)
{
    g_autofree char *whole = g_strdup(keys);
    size_t count = strlen(whole);
    for (size_t chunk = count / 2; chunk > 0; chunk /= 2) {
        for (size_t first = 0; first + chunk <= count && count > 1; first += chunk) {
            g_autofree char *shorter =
                g_strdup_printf("%.*s%s", (int)first, whole, whole + first + chunk);
            if (shorter[0] != '\0' && try_text(minimizer, index, key, shorter)) {
                return true;
            }
        }
    }
    return false;
}

/* Makes one argument smaller, once; true if that could be done. */
static bool reduce_argument(Minimizer *minimizer, guint index, guint spot)
{
    Action *action = g_ptr_array_index(minimizer->plan->timeline->actions, index);
    const Argument *argument = argument_at(action, spot);
    const ArgumentRule *rule = plan_argument_rules();
    while (rule->verb != action->verb || strcmp(rule->key, argument->key) != 0) {
        rule++;
    }
    if (try_without(minimizer, index, rule)) {
        return true;
    }
    /* A default is as simple as it gets; what names a point of the run means nothing rounded. */
    switch (argument->kind) {
    case ARGUMENT_DURATION:
        return reduce_time(minimizer, index, spot);
    case ARGUMENT_INTEGER:
        return reduce_integer(minimizer, index, rule->key, argument->integer);
    case ARGUMENT_RATIO:
        return argument->ratio.numerator != argument->ratio.denominator &&
               argument->ratio.numerator != 0 && try_text(minimizer, index, rule->key, "1/1");
    case ARGUMENT_KEYS:
        return reduce_keys(minimizer, index, rule->key, argument->text);
    case ARGUMENT_OFFSET:
    case ARGUMENT_TRUTH:
    case ARGUMENT_TEXT:
    case ARGUMENT_IMAGE:
    case ARGUMENT_CHOICE:
        return false;
    }
    g_assert_not_reached();
}

static bool reduce_trigger(Minimizer *minimizer, guint index)
{
    const Action *action = g_ptr_array_index(minimizer->plan->timeline->actions, index);
    if (action->given) {
        return false;
    }
    if (action->after == NULL) {
        return reduce_time(minimizer, index, SPOT_AT);
    }
    bool any = false;
    if (action->nth != 1) {
        Plan *plan = copy_plan(minimizer->plan);
        ((Action *)g_ptr_array_index(plan->timeline->actions, index))->nth = 1;
        any = try(minimizer, plan);
    }
    return reduce_time(minimizer, index, SPOT_DELAY) || any;
}

static bool reduce_values(Minimizer *minimizer)
{
    bool any = false;
    for (guint i = 0; i < minimizer->plan->timeline->actions->len; i++) {
        any = reduce_trigger(minimizer, i) || any;
        /* The list of arguments may become shorter under us. */
        for (guint spot = SPOT_ARGUMENTS; !minimizer->stopped; spot++) {
            Action *action = g_ptr_array_index(minimizer->plan->timeline->actions, i);
            if (spot - SPOT_ARGUMENTS >= action->arguments->len) {
                break;
            }
            any = reduce_argument(minimizer, i, spot) || any;
        }
    }
    return any;
}

static void reduce_all(Minimizer *minimizer)
{
    reduce_claims(minimizer);
    reduce_length(minimizer);
    for (unsigned round = 0; round < ROUNDS_MAX && !minimizer->stopped; round++) {
        bool any = reduce_actions(minimizer);
        any = reduce_devices(minimizer) || any;
        reduce_length(minimizer);
        any = reduce_values(minimizer) || any;
        reduce_length(minimizer);
        if (!any) {
            break;
        }
    }
}

/* Beginning and end. */

static bool refuse(GError **error, const char *what, const char *why)
{
    g_set_error(error, LAB_ERROR, LAB_ERROR_INPUT, "error: %s: %s", what, why);
    return false;
}

/* The plan that `what` names, with images. */
static Plan *plan_of(Lab *lab, const char *what, const char *defect, GError **error)
{
    if (!g_file_test(what, G_FILE_TEST_IS_DIR)) {
        bool says = strstr(what, "+defect=") != NULL;
        g_autofree char *run_id = g_strdup_printf(
            "%s%s%s", what,
            says || defect == NULL ? "" : "+defect=", says || defect == NULL ? "" : defect);
        g_auto(SweepRun) run = {.scenario = NULL};
        bool crash = sweep_parse_run_id(run_id, &run) && run.crash != NULL;
        /* A text cannot say what was left in flash, only how it came about. */
        Plan *plan = crash ? crash_plan_from_start(lab, &run, error) : lab_plan(lab, run_id, error);
        if (crash && plan != NULL) {
            g_free(plan->run_id);
            plan->run_id = g_steal_pointer(&run_id);
        }
        return plan;
    }
    g_autoptr(Bundle) bundle = bundle_open(what, error);
    return bundle == NULL
               ? NULL
               : plan_from_json(what, bundle->plan_json, strlen(bundle->plan_json), error);
}

static char *slug_of(const char *run_id)
{
    GString *slug = g_string_new(NULL);
    for (size_t i = 0; run_id[i] != '\0' && slug->len < SLUG_CHARS_MAX; i++) {
        bool plain = g_ascii_isalnum(run_id[i]) || strchr("._-", run_id[i]) != NULL;
        g_string_append_c(slug, plain ? run_id[i] : '-');
    }
    return g_string_free(slug, FALSE);
}

/* The words in lines that are not too long. */
static char *wrap(const char *text)
{
    g_auto(GStrv) words = g_strsplit(text, " ", 0);
    GString *lines = g_string_new(NULL);
    size_t column = 0;
    for (char **word = words; *word != NULL; word++) {
        size_t length = strlen(*word);
        bool feed = column > 0 && column + 1 + length > TITLE_CHARS;
        g_string_append_printf(lines, "%s%s", column == 0 ? "" : feed ? "\n" : " ", *word);
        column = feed || column == 0 ? length : column + 1 + length;
    }
    return g_string_free(lines, FALSE);
}

/* Runs what was asked for as it is, and takes down why it fails. */
static bool find_reason(Minimizer *minimizer, const char *what, const Plan *plan, GError **error)
{
    g_autofree char *text = draft_text(plan, minimizer->id, NULL);
    g_autoptr(Plan) explicit_plan = plan_of_text(minimizer, text, error);
    if (explicit_plan == NULL) {
        return false;
    }
    g_autoptr(Recorder) recorder = recorder_new();
    g_autoptr(RunResult) result =
        lab_execute_plan(minimizer->lab, explicit_plan, NULL, LAB_KEEP_NONE, recorder);
    minimizer->runs++;
    minimizer->ended = result->ended;
    for (guint i = 0; i < result->claims->len; i++) {
        if (reason_of(explicit_plan, result, i, recorder_events(recorder), &minimizer->target,
                      &minimizer->evidence_at)) {
            const ClaimResult *claim = g_ptr_array_index(result->claims, i);
            minimizer->reason = g_strdup(claim->reason);
            minimizer->plan = g_steal_pointer(&explicit_plan);
            minimizer->text = g_steal_pointer(&text);
            return true;
        }
    }
    g_autofree char *why = g_strdup_printf("the run is %s, there is nothing to minimize",
                                           verdict_name(result->verdict));
    return refuse(error, what, why);
}

static bool write_result(Minimizer *minimizer, const char *slug, MinimizeResult *result,
                         GError **error)
{
    g_autofree char *folder = g_build_filename(minimizer->settings->out, "minimized", NULL);
    g_autofree char *file = g_strdup_printf("%s.yaml", slug);
    g_autoptr(GError) cause = NULL;
    result->path = g_build_filename(folder, file, NULL);
    if (g_mkdir_with_parents(folder, 0755) != 0 ||
        !g_file_set_contents(result->path, minimizer->text, -1, &cause)) {
        return refuse(error, result->path, cause == NULL ? "cannot be written" : cause->message);
    }
    return true;
}

static void minimizer_clear(Minimizer *minimizer)
{
    g_free(minimizer->id);
    g_free(minimizer->title);
    reason_clear(&minimizer->target);
    plan_free(minimizer->plan);
    g_free(minimizer->text);
    g_free(minimizer->reason);
    g_hash_table_unref(minimizer->tried);
}

MinimizeResult *minimize_run(Lab *lab, const char *what, const MinimizeSettings *settings,
                             MinimizeListener listener, void *user_data, GError **error)
{
    g_autoptr(Plan) plan = plan_of(lab, what, settings->defect, error);
    if (plan == NULL) {
        return NULL;
    }
    MinimizeSettings own = *settings;
    own.defect = plan->defect;
    g_autofree char *slug = slug_of(plan->run_id);
    Minimizer minimizer = {
        .lab = lab,
        .settings = &own,
        .listener = listener,
        .user_data = user_data,
        .id = g_strdup_printf("minimized/%s", slug),
        .tried = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
    };
    g_autoptr(MinimizeResult) result = g_new0(MinimizeResult, 1);
    if (!find_reason(&minimizer, what, plan, error)) {
        minimizer_clear(&minimizer);
        return NULL;
    }
    g_autofree char *title =
        g_strdup_printf("Not so: %s. Minimized from %s.", minimizer.target.claim, plan->run_id);
    minimizer.title = wrap(title);
    result->run_id = g_strdup(plan->run_id);
    result->defect = g_strdup(plan->defect);
    result->claim = g_strdup(minimizer.target.claim);
    result->steps_before = count_steps(minimizer.plan);
    result->claims_before = count_claims(minimizer.plan);
    reduce_all(&minimizer);
    g_free(minimizer.text); /* Nothing may have been taken, and then the title is missing. */
    minimizer.text = draft_text(minimizer.plan, minimizer.id, minimizer.title);
    bool written = write_result(&minimizer, slug, result, error);
    result->text = g_strdup(minimizer.text);
    result->reason = g_strdup(minimizer.reason);
    result->runs = minimizer.runs;
    result->steps_after = count_steps(minimizer.plan);
    result->claims_after = count_claims(minimizer.plan);
    result->finished = !minimizer.stopped;
    minimizer_clear(&minimizer);
    return written ? g_steal_pointer(&result) : NULL;
}

void minimize_result_free(MinimizeResult *result)
{
    if (result != NULL) {
        g_free(result->run_id);
        g_free(result->path);
        g_free(result->text);
        g_free(result->defect);
        g_free(result->claim);
        g_free(result->reason);
        g_free(result);
    }
}
