/* SPDX-License-Identifier: MIT */

/*
 * `sweep`: each scenario over what it sweeps itself, or any over what the flags say. Flash
 * operations go to the engine of crash states, everything else to a campaign.
 */

#include <string.h>

#include "sim/commands/assess.h"
#include "sim/commands/outcome.h"
#include "sim/commands/selection.h"
#include "sim/commands/terminal.h"
#include "sim/crash_sweep.h"
#include "sim/scenario/reading.h"

/*
 * Tells the selected scenarios apart: for the crash-state engine, for a campaign, for neither.
 * `imposed` says that what they sweep themselves does not matter: all are for the engine.
 */
static bool sort_sweeps(Lab *lab, const Options *options, bool imposed, GPtrArray *crashes,
                        GPtrArray *others, GError **error)
{
    g_autoptr(GPtrArray) selected = selection_of(lab, options, options->words, error);
    for (guint i = 0; selected != NULL && g_ptr_array_index(selected, i) != NULL; i++) {
        const Scenario *scenario = lab_scenario(lab, g_ptr_array_index(selected, i), error);
        if (scenario == NULL) {
            return false;
        }
        if (imposed || crash_sweep_fits(scenario)) {
            g_ptr_array_add(crashes, (void *)scenario);
        } else if (scenario_sweep(scenario)->axis != SWEEP_NONE) {
            g_ptr_array_add(others, g_ptr_array_index(selected, i));
        }
    }
    return selected != NULL;
}

/* An event as scenarios say it, "update.staged" or "{ event: ..., where: ... }". */
static bool find_event(const char *flag, const char *text, Pattern **ret_pattern, GError **error)
{
    g_autoptr(Tree) tree = text == NULL ? NULL : tree_parse(flag, text, strlen(text), false, error);
    *ret_pattern = tree == NULL ? NULL : reading_pattern(tree_root(tree), error);
    return text == NULL || *ret_pattern != NULL;
}

/* What the flags say is to be swept; its patterns are the caller's. */
static bool fill_sweep(const Options *options, Sweep *sweep, Pattern **ret_after,
                       Pattern **ret_until, GError **error)
{
    const char *how = options->how == NULL ? "drawn" : options->how;
    if (!options_axis("--axis", options->axis, &sweep->axis, error) ||
        !find_event("--after", options->after, ret_after, error) ||
        !find_event("--until", options->until, ret_until, error)) {
        return false;
    }
    const char *const *hows = sweep_hows(sweep->axis);
    if (options->how != NULL && strcmp(how, "each") != 0 && strcmp(how, "drawn") != 0 &&
        !g_strv_contains(hows, how)) {
        g_autofree char *words = g_strjoinv(", ", (char **)hows);
        return options_refuse(error, "--how %s: on the axis %s there are each, drawn%s%s", how,
                              options->axis, hows[0] == NULL ? "" : ", ", words);
    }
    if (options->every < 0 || options->every > UINT32_MAX || options->count < 0 ||
        (options->every > 0 && options->count > 0)) {
        return options_refuse(error,
                              "--every and --count are whole numbers, and do not go together");
    }
    if (sweep->axis == SWEEP_FRAME && (*ret_after != NULL || *ret_until != NULL)) {
        return options_refuse(error,
                              "the axis frame takes the whole run, without --after and --until");
    }
    sweep->after = *ret_after;
    sweep->until = *ret_until;
    sweep->every = (uint32_t)options->every;
    sweep->count = (uint32_t)options->count;
    g_strlcpy(sweep->how, how, sizeof sweep->how);
    return true;
}

/* Boots the crash states of whatever is selected. */
static int sweep_states(Lab *lab, Options *options, Sweep *sweep)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) scenarios = g_ptr_array_new();
    /* Each operation once: the engine tears. */
    g_strlcpy(sweep->how, "nothing", sizeof sweep->how);
    if (!sort_sweeps(lab, options, true, scenarios, NULL, &error) ||
        (options->defect != NULL && !lab_check_defect(lab, options->defect, &error))) {
        return terminal_complain(error);
    }
    g_autoptr(Assessment) assessment =
        assess_crashes(lab, options, scenarios, sweep, false, &error);
    return assessment == NULL ? terminal_complain(error)
                              : outcome_conclude(options, assessment, false);
}

/*
 * Sweeps whatever is selected over an axis from outside. Flash operations go to the crash-state
 * engine, unless something is asked for that only a real loss of power has.
 */
static int sweep_axis(Lab *lab, Options *options)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Pattern) after = NULL;
    g_autoptr(Pattern) until = NULL;
    Sweep sweep = {.axis = SWEEP_NONE};
    if (!fill_sweep(options, &sweep, &after, &until, &error)) {
        return terminal_complain(error);
    }
    bool states = sweep.axis == SWEEP_NVM_OPERATION && options->how == NULL &&
                  options->every == 0 && options->count == 0 && options->second == NULL;
    return states ? sweep_states(lab, options, &sweep)
                  : command_check_imposed(lab, options, options->words, &sweep);
}

/* Flash operations go to the crash-state engine, whatever else is swept to a campaign. */
int command_sweep(Lab *lab, Options *options)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) crashes = g_ptr_array_new();
    g_autoptr(GPtrArray) others = g_ptr_array_new();
    if (options->axis != NULL) {
        return sweep_axis(lab, options);
    }
    if (options->how != NULL || options->after != NULL || options->until != NULL ||
        options->every != 0 || options->count != 0) {
        (void)options_refuse(&error, "--how, --every, --count, --after and --until go with --axis");
        return terminal_complain(error);
    }
    if ((options->defect != NULL && !lab_check_defect(lab, options->defect, &error)) ||
        !sort_sweeps(lab, options, false, crashes, others, &error)) {
        return terminal_complain(error);
    }
    if (crashes->len + others->len == 0) {
        return terminal_end(EXIT_NOTHING, "no selected scenario sweeps anything");
    }
    g_autoptr(Assessment) assessment = NULL;
    if (crashes->len > 0) {
        assessment = assess_crashes(lab, options, crashes, NULL, false, &error);
        if (assessment == NULL) {
            return terminal_complain(error);
        }
    }
    if (others->len > 0 && (assessment == NULL || *options->interrupts == 0)) {
        g_ptr_array_add(others, NULL);
        options->every_torn = TRUE;
        lab_rest(lab);
        Assessment *rest =
            assess_campaign(lab, options, (char *const *)others->pdata, true, NULL, &error);
        if (rest == NULL) {
            return terminal_complain(error);
        }
        if (assessment == NULL) {
            assessment = rest;
        } else {
            assessment_join(assessment, rest);
        }
    } else if (others->len > 0) {
        assessment->interrupted = true;
        assessment_roll_up(assessment);
    }
    return outcome_conclude(options, assessment, others->len > 0);
}
