/* SPDX-License-Identifier: MIT */

#include "sim/scenario/draft.h"

#include <string.h>

#define LINE_CHARS_MAX 100
#define DATE_DEFAULT   "2027-01-01"
#define LIMIT_DEFAULT  (3600 * VTIME_S)

/* Values. */

static bool is_plain(const char *text)
{
    bool plain = text[0] != '\0' && text[0] != '-';
    for (size_t i = 0; text[i] != '\0'; i++) {
        plain = plain && (g_ascii_isalnum(text[i]) || strchr("._+-/", text[i]) != NULL);
    }
    return plain;
}

/* Text in double quotes unless it is a plain word. */
static void add_text(GString *out, const char *text, bool quoted)
{
    if (!quoted && is_plain(text)) {
        g_string_append(out, text);
        return;
    }
    g_string_append_c(out, '"');
    for (size_t i = 0; text[i] != '\0'; i++) {
        if (text[i] == '"' || text[i] == '\\') {
            g_string_append_c(out, '\\');
        }
        g_string_append_c(out, text[i]);
    }
    g_string_append_c(out, '"');
}

static void add_time(GString *out, VTime time)
{
    char text[VTIME_TEXT_BYTES];
    g_string_append(out, vtime_print(time, text));
}

static void add_words(GString *out, char *const *words)
{
    bool many = words[0] == NULL || words[1] != NULL;
    g_string_append(out, many ? "[" : "");
    for (size_t i = 0; words[i] != NULL; i++) {
        g_string_append(out, i == 0 ? "" : ", ");
        add_text(out, words[i], false);
    }
    g_string_append(out, many ? "]" : "");
}

/* Patterns. */

static void add_where(GString *out, const Pattern *pattern)
{
    g_string_append(out, "{ ");
    for (guint i = 0; i < pattern->where->len; i++) {
        const PatternField *field = g_ptr_array_index(pattern->where, i);
        g_string_append_printf(out, "%s%s: ", i == 0 ? "" : ", ", field->key);
        add_words(out, field->accepted);
    }
    g_string_append(out, " }");
}

static void add_pattern(GString *out, const Pattern *pattern)
{
    const char *kind = event_kind_name(pattern->kind);
    if (pattern->source == NULL && pattern->where->len == 0) {
        g_string_append(out, kind);
        return;
    }
    g_string_append_printf(out, "{ event: %s", kind);
    if (pattern->source != NULL) {
        g_string_append(out, ", source: ");
        add_text(out, pattern->source, false);
    }
    if (pattern->where->len > 0) {
        g_string_append(out, ", where: ");
        add_where(out, pattern);
    }
    g_string_append(out, " }");
}

/* Actions. */

static const ArgumentRule *rule_of(Verb verb, const char *key)
{
    const ArgumentRule *rule = plan_argument_rules();
    while (rule->key != NULL && (rule->verb != verb || strcmp(rule->key, key) != 0)) {
        rule++;
    }
    g_assert(rule->key != NULL);
    return rule;
}

static void add_value(GString *out, const Argument *argument)
{
    switch (argument->kind) {
    case ARGUMENT_DURATION:
    case ARGUMENT_OFFSET:
        add_time(out, argument->integer);
        return;
    case ARGUMENT_INTEGER:
        g_string_append_printf(out, "%" G_GINT64_FORMAT, argument->integer);
        return;
    case ARGUMENT_RATIO:
        g_string_append_printf(out, "%u/%u", argument->ratio.numerator,
                               argument->ratio.denominator);
        return;
    case ARGUMENT_TRUTH:
        g_string_append(out, argument->integer != 0 ? "true" : "false");
        return;
    case ARGUMENT_TEXT:
    case ARGUMENT_IMAGE:
    case ARGUMENT_CHOICE:
        add_text(out, argument->text, false);
        return;
    case ARGUMENT_KEYS:
        add_text(out, argument->text, true);
        return;
    }
    g_assert_not_reached();
}

static bool is_default(const ArgumentRule *rule, const Argument *argument)
{
    VTime time = 0;
    if (rule->otherwise == NULL) {
        return false;
    }
    if (argument->kind == ARGUMENT_DURATION || argument->kind == ARGUMENT_OFFSET) {
        return vtime_parse(rule->otherwise, &time) && time == argument->integer;
    }
    if (argument->kind == ARGUMENT_RATIO) {
        return argument->ratio.numerator == 0 && g_str_has_prefix(rule->otherwise, "0/");
    }
    g_autoptr(GString) text = g_string_new(NULL);
    add_value(text, argument);
    return strcmp(text->str, rule->otherwise) == 0;
}

/* The arguments that are not as they would be anyway; `without` is left out, too. */
static void add_arguments(GString *out, const Action *action, const char *without)
{
    unsigned count = 0;
    g_string_append_c(out, '{');
    for (guint i = 0; i < action->arguments->len; i++) {
        const Argument *argument = g_ptr_array_index(action->arguments, i);
        const ArgumentRule *rule = rule_of(action->verb, argument->key);
        if (g_strcmp0(argument->key, without) == 0 || is_default(rule, argument)) {
            continue;
        }
        g_string_append_printf(out, "%s%s: ", count++ == 0 ? " " : ", ", argument->key);
        add_value(out, argument);
    }
    g_string_append(out, count == 0 ? "}" : " }");
}

/* The parts of a step, as "key: value" each. */
static GPtrArray *step_parts(const Action *action, const char *first_device)
{
    GPtrArray *parts = g_ptr_array_new_with_free_func(g_free);
    GString *part = g_string_new(action->after == NULL ? "at: " : "after: ");
    if (action->after == NULL) {
        add_time(part, action->at);
    } else {
        add_pattern(part, action->after);
    }
    g_ptr_array_add(parts, g_string_free(part, FALSE));
    if (action->after != NULL && action->nth != 1) {
        g_ptr_array_add(parts, action->nth == 0 ? g_strdup("nth: every")
                                                : g_strdup_printf("nth: %u", action->nth));
    }
    if (action->after != NULL && action->delay != 0) {
        part = g_string_new("delay: ");
        add_time(part, action->delay);
        g_ptr_array_add(parts, g_string_free(part, FALSE));
    }
    if (strcmp(action->target, first_device) != 0) {
        g_ptr_array_add(parts, g_strdup_printf("target: %s", action->target));
    }
    part = g_string_new(plan_verb_name(action->verb));
    g_string_append(part, ": ");
    add_arguments(part, action, NULL);
    g_ptr_array_add(parts, g_string_free(part, FALSE));
    return parts;
}

static void add_step(GString *out, const Action *action, const char *first_device)
{
    g_autoptr(GPtrArray) parts = step_parts(action, first_device);
    g_ptr_array_add(parts, NULL);
    g_autofree char *line = g_strjoinv(", ", (char **)parts->pdata);
    if (strlen(line) + strlen("  - {  }") <= LINE_CHARS_MAX) {
        g_string_append_printf(out, "  - { %s }\n", line);
        return;
    }
    for (guint i = 0; i + 1 < parts->len; i++) {
        g_string_append_printf(out, "  %s %s\n", i == 0 ? "-" : " ",
                               (const char *)g_ptr_array_index(parts, i));
    }
}

/* given */

static void add_device(GString *out, const DeviceSetup *device)
{
    g_autofree char *name = g_strdup(device->name);
    DeviceSetup *plain = plan_device_new(name);
    g_string_append(out, "{ image: ");
    add_text(out, device->image, false);
    if (device->image_b != NULL) {
        g_string_append(out, ", image_b: ");
        add_text(out, device->image_b, false);
    }
    /* The words for what is not as plan_device_new gives it. */
    g_string_append(out, device->initialized == plain->initialized ? "" : ", state: new");
    g_string_append(out, device->unlocked == plain->unlocked ? "" : ", bolt: unlocked");
    g_string_append(out, device->door_open == plain->door_open ? "" : ", door: open");
    g_string_append(out, device->clock_valid == plain->clock_valid ? "" : ", clock: invalid");
    if (device->battery_mv != plain->battery_mv) {
        g_string_append_printf(out, ", battery_mv: %" G_GINT64_FORMAT, device->battery_mv);
    }
    if (device->journal != plain->journal) {
        g_string_append_printf(out, ", journal: %" G_GINT64_FORMAT, device->journal);
    }
    g_string_append(out, " }\n");
    plan_device_free(plain);
}

static void add_devices(GString *out, const Timeline *timeline)
{
    const DeviceSetup *first = g_ptr_array_index(timeline->devices, 0);
    if (timeline->devices->len == 1 && strcmp(first->name, "lock") == 0) {
        g_string_append(out, "  device: ");
        add_device(out, first);
        return;
    }
    g_string_append(out, "  devices:\n");
    for (guint i = 0; i < timeline->devices->len; i++) {
        const DeviceSetup *device = g_ptr_array_index(timeline->devices, i);
        g_string_append_printf(out, "    %s: ", device->name);
        add_device(out, device);
    }
}

static void add_links(GString *out, const Timeline *timeline)
{
    bool any = false;
    for (guint i = 0; i < timeline->actions->len; i++) {
        const Action *action = g_ptr_array_index(timeline->actions, i);
        if (action->given && action->verb == VERB_SET_LINK) {
            g_string_append_printf(out, "%s    %s: ", any ? "" : "  links:\n",
                                   plan_text(action, "link"));
            add_arguments(out, action, "link");
            g_string_append_c(out, '\n');
            any = true;
        }
    }
}

static void add_peers(GString *out, const Timeline *timeline)
{
    g_autoptr(GString) updates = g_string_new(NULL);
    g_autoptr(GString) others = g_string_new(NULL);
    for (guint i = 0; i < timeline->actions->len; i++) {
        const Action *action = g_ptr_array_index(timeline->actions, i);
        const char *comma = updates->len == 0 ? "" : ", ";
        if (!action->given) {
            continue;
        }
        if (action->verb == VERB_SERVE) {
            g_string_append_printf(updates, "%sserves: %s", comma, plan_text(action, "image"));
        } else if (action->verb == VERB_SERVER_CERTIFICATE) {
            g_string_append_printf(updates, "%scertificate: %s", comma, plan_text(action, "which"));
        } else if (action->verb == VERB_DNS_BEHAVES || action->verb == VERB_NTP_BEHAVES) {
            g_string_append_printf(others,
                                   "    %s: ", action->verb == VERB_DNS_BEHAVES ? "dns" : "ntp");
            add_arguments(others, action, NULL);
            g_string_append_c(others, '\n');
        }
    }
    if (updates->len > 0 || others->len > 0) {
        g_string_append(out, "  peers:\n");
    }
    if (updates->len > 0) {
        g_string_append_printf(out, "    updates: { %s }\n", updates->str);
    }
    g_string_append(out, others->str);
}

static bool ends_early(const Timeline *timeline)
{
    bool early = false;
    for (guint i = 0; i < timeline->holds->len; i++) {
        early = early || ((const Hold *)g_ptr_array_index(timeline->holds, i))->release != NULL;
    }
    return early;
}

static void add_given(GString *out, const Timeline *timeline)
{
    g_string_append(out, "given:\n");
    add_devices(out, timeline);
    add_links(out, timeline);
    add_peers(out, timeline);
    g_autoptr(GDateTime) epoch = g_date_time_new_from_unix_utc((gint64)timeline->epoch_seconds);
    g_autofree char *date = g_date_time_format(epoch, "%Y-%m-%d");
    if (strcmp(date, DATE_DEFAULT) != 0) {
        g_string_append_printf(out, "  date: %s\n", date);
    }
    if (timeline->limit != LIMIT_DEFAULT) {
        g_string_append(out, "  limit: ");
        add_time(out, timeline->limit);
        g_string_append_c(out, '\n');
    }
    g_string_append(out, ends_early(timeline) ? "  end: early\n" : "");
    g_string_append(out, timeline->record_nvm     ? "  record: nvm\n"
                         : timeline->record_calls ? "  record: calls\n"
                         : timeline->record_reads ? "  record: reads\n"
                                                  : "");
}

/* then */

/* A member of a claim: its key and pattern. */
static void add_member(GString *out, const char *key, const Pattern *pattern)
{
    if (pattern != NULL) {
        g_string_append_printf(out, "%s: ", key);
        add_pattern(out, pattern);
        g_string_append_c(out, '\n');
    }
}

static void add_claim_body(GString *out, const Claim *claim)
{
    switch (claim->kind) {
    case CLAIM_WITHIN:
        g_string_append(out, "  - within: ");
        add_time(out, claim->duration);
        g_string_append_c(out, '\n');
        if (claim->after->kind != EVENT_POWER_ON || claim->after->where->len > 0 ||
            claim->after->source != NULL) {
            add_member(out, "    after", claim->after);
        }
        add_member(out, "    expect", claim->expect);
        return;
    case CLAIM_NEVER:
        add_member(out, "  - never", claim->expect);
        add_member(out, "    after", claim->after);
        add_member(out, "    until", claim->until);
        return;
    case CLAIM_ALWAYS:
        g_string_append_printf(out, "  - always: %s\n", claim->invariant);
        return;
    case CLAIM_ORDER:
        g_string_append(out, "  - order:\n");
        for (guint i = 0; i < claim->patterns->len; i++) {
            g_string_append(out, "      - ");
            add_pattern(out, g_ptr_array_index(claim->patterns, i));
            g_string_append_c(out, '\n');
        }
        return;
    case CLAIM_COUNTS:
        add_member(out, "  - counts", claim->expect);
        if (claim->at_least != 0) {
            g_string_append_printf(out, "    at_least: %" G_GINT64_FORMAT "\n", claim->at_least);
        }
        if (claim->at_most != INT64_MAX) {
            g_string_append_printf(out, "    at_most: %" G_GINT64_FORMAT "\n", claim->at_most);
        }
        return;
    case CLAIM_KINDS:
        break;
    }
    g_assert_not_reached();
}

static bool same_words(char *const *a, char *const *b)
{
    return g_strv_equal((const char *const *)a, (const char *const *)b);
}

/* Whether a scenario has that claim without saying so. */
static bool is_there_by_itself(const Claim *claim)
{
    Invariant invariant = INVARIANTS;
    return claim->standing && claim->kind == CLAIM_ALWAYS &&
           plan_invariant_parse(claim->invariant, &invariant) &&
           plan_invariant_is_standing(invariant);
}

/* All but those that are there by themselves, unless there are no others: a scenario claims
 * something. */
static void add_claims(GString *out, const Plan *plan)
{
    bool others = false;
    for (guint i = 0; i < plan->claims->len; i++) {
        others = others || !is_there_by_itself(g_ptr_array_index(plan->claims, i));
    }
    g_string_append(out, "then:\n");
    for (guint i = 0; i < plan->claims->len; i++) {
        const Claim *claim = g_ptr_array_index(plan->claims, i);
        if (others && is_there_by_itself(claim)) {
            continue;
        }
        add_claim_body(out, claim);
        if (!same_words(claim->proves, plan->proves)) {
            g_string_append(out, "    proves: ");
            add_words(out, claim->proves);
            g_string_append_c(out, '\n');
        }
    }
}

/* Standing invariants that are not claimed have been waived. */
static void add_waives(GString *out, const Plan *plan)
{
    g_autoptr(GPtrArray) waived = g_ptr_array_new();
    for (int i = 0; i < INVARIANTS; i++) {
        const char *name = plan_invariant_names()[i];
        bool claimed = !plan_invariant_is_standing((Invariant)i);
        for (guint j = 0; j < plan->claims->len; j++) {
            const Claim *claim = g_ptr_array_index(plan->claims, j);
            claimed = claimed || g_strcmp0(claim->invariant, name) == 0;
        }
        if (!claimed) {
            g_ptr_array_add(waived, (void *)name);
        }
    }
    if (waived->len > 0) {
        g_ptr_array_add(waived, NULL);
        g_string_append(out, "waives: ");
        add_words(out, (char *const *)waived->pdata);
        g_string_append_c(out, '\n');
    }
}

static void add_until(GString *out, const Timeline *timeline)
{
    bool timed = timeline->until_at != VTIME_NEVER;
    if (!timed && timeline->until == NULL) {
        return;
    }
    g_string_append(out, "until: ");
    if (timeline->until == NULL) {
        add_time(out, timeline->until_at);
        g_string_append_c(out, '\n');
        return;
    }
    g_string_append(out, "{ after: ");
    add_pattern(out, timeline->until);
    if (timeline->until_delay != 0) {
        g_string_append(out, ", delay: ");
        add_time(out, timeline->until_delay);
    }
    if (timed) {
        g_string_append(out, ", at: ");
        add_time(out, timeline->until_at);
    }
    g_string_append(out, " }\n");
}

char *draft_text(const Plan *plan, const char *id, const char *title)
{
    const Timeline *timeline = plan->timeline;
    const DeviceSetup *first = g_ptr_array_index(timeline->devices, 0);
    GString *out = g_string_new("# SPDX-License-Identifier: MIT\n");
    g_auto(GStrv) lines = g_strsplit(title == NULL ? "" : title, "\n", 0);
    for (char **line = lines; *line != NULL && title != NULL; line++) {
        g_string_append_printf(out, "# %s\n", *line);
    }
    g_string_append_printf(out, "scenario: %s\nproves: [", id);
    for (size_t i = 0; plan->proves[i] != NULL; i++) {
        g_string_append_printf(out, "%s%s", i == 0 ? "" : ", ", plan->proves[i]);
    }
    g_string_append(out, "]\n");
    add_waives(out, plan);
    g_string_append_printf(out, "seed: %" G_GUINT64_FORMAT "\n", timeline->seed);
    add_given(out, timeline);
    g_string_append(out, "when:\n");
    for (guint i = 0; i < timeline->actions->len; i++) {
        const Action *action = g_ptr_array_index(timeline->actions, i);
        if (!action->given) {
            add_step(out, action, first->name);
        }
    }
    add_claims(out, plan);
    add_until(out, timeline);
    return g_string_free(out, FALSE);
}
