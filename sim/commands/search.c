/* SPDX-License-Identifier: MIT */

/*
 * Looking for what fails: `explore` draws stories until one does, `minimize` finds the shortest
 * that still does, `defects` sees whether each seeded defect does.
 */

#include <stdio.h>
#include <string.h>

#include "sim/commands/outcome.h"
#include "sim/commands/terminal.h"
#include "sim/controls.h"
#include "sim/explore.h"
#include "sim/minimize.h"
#include "sim/report/text.h"

/* minimize */

static void on_smaller(unsigned runs, unsigned steps, unsigned claims, void *user_data)
{
    const Options *options = user_data;
    terminal_bar(options, "%u runs: %u steps, %u claims", runs, steps, claims);
}

static int minimize_one(Lab *lab, Options *options, const char *word)
{
    g_autoptr(GError) error = NULL;
    MinimizeSettings settings = {
        .defect = options->defect,
        .out = options->out,
        .runs_max = (unsigned)MAX(options->runs_max, 0),
        .interrupts = options->interrupts,
    };
    g_autoptr(MinimizeResult) result =
        minimize_run(lab, word, &settings, on_smaller, options, &error);
    terminal_clear_bar(options);
    if (result == NULL) {
        return terminal_complain(error);
    }
    g_autofree char *verdict = text_verdict(VERDICT_FAIL, options->use_color);
    printf("%s\n%s\n%s %s: %s\n%u steps of %u, %u claims of %u, after %u runs%s\n"
           "scenario: %s\nreproduce: %s check %s%s%s --out %s\n",
           result->run_id, result->text, verdict, result->claim, result->reason,
           result->steps_after, result->steps_before, result->claims_after, result->claims_before,
           result->runs, result->finished ? "" : "; stopped before nothing more could go",
           result->path, options->program, result->path, result->defect == NULL ? "" : " --defect ",
           result->defect == NULL ? "" : result->defect, options->out);
    return result->finished ? EXIT_PASS : EXIT_INCONCLUSIVE;
}

int command_minimize(Lab *lab, Options *options)
{
    int code = EXIT_PASS;
    for (char **word = options->words; *word != NULL; word++) {
        int one = minimize_one(lab, options, *word);
        code = MAX(code, one);
    }
    return code;
}

/* explore */

static void on_explored(const RunResult *result, const char *text, bool first, void *user_data)
{
    const Options *options = user_data;
    if (options->verbose || first) {
        terminal_clear_bar(options);
        g_autofree char *verdict = text_verdict(result->verdict, options->use_color);
        printf("%s %s%s%s\n%s\n", verdict, result->run_id, result->reason == NULL ? "" : ": ",
               result->reason == NULL ? "" : result->reason, text);
        fflush(stdout);
    }
}

static void on_round(const ExploreReport *report, void *user_data)
{
    const Options *options = user_data;
    terminal_bar(options, "%u runs  ✔%u ✖%u ?%u !%u  %u edges, %u things seen, %u parents",
                 report->runs, report->counts[VERDICT_PASS], report->counts[VERDICT_FAIL],
                 report->counts[VERDICT_INCONCLUSIVE], report->counts[VERDICT_ERROR], report->edges,
                 report->features, report->parents);
}

/* "10m" and "2h" as people say them for the clock on the wall. */
static bool parse_wall(const char *text, int64_t *ret_us)
{
    VTime time = 0;
    size_t length = strlen(text);
    bool minutes = length > 1 && text[length - 1] == 'm' && g_ascii_isdigit(text[length - 2]);
    g_autofree char *full = g_strdup_printf("%s%s", text, minutes ? "in" : "");
    if (!vtime_parse(full, &time) || time <= 0) {
        return false;
    }
    *ret_us = time / VTIME_US;
    return true;
}

static void print_explored(const Options *options, const ExploreReport *report)
{
    g_autofree char *word = text_verdict(report->verdict, options->use_color);
    unsigned undecided = report->counts[VERDICT_INCONCLUSIVE] - report->idle;
    printf("%s %s\n", word, report->reason == NULL ? "" : report->reason);
    printf("%u runs in %" G_GINT64_FORMAT " s: %u PASS, %u FAIL, %u with a fault that never met "
           "its moment, %u undecided, %u ERROR\n",
           report->runs, report->wall_us / G_USEC_PER_SEC, report->counts[VERDICT_PASS],
           report->counts[VERDICT_FAIL], report->idle, undecided, report->counts[VERDICT_ERROR]);
    printf("%u fresh, %u mutated; %u edges and %u other things seen; %u schedules were the first "
           "to show one, %u of them by edges alone\n",
           report->fresh, report->runs - MIN(report->fresh, report->runs), report->edges,
           report->features, report->parents, report->edge_parents);
    printf("made again: %u of %u, %u different; canary %s: %s after %u runs\n", report->again,
           report->runs, report->differences, EXPLORE_CANARY,
           report->canary == NULL ? "not caught" : "caught", report->canary_runs);
    for (guint i = 0; i < report->failures->len; i++) {
        const RunResult *run = g_ptr_array_index(report->failures, i);
        printf("%s %s: %s\n", verdict_name(run->verdict), run->run_id, run->reason);
    }
    if (report->failures->len > 0) {
        const RunResult *run = g_ptr_array_index(report->failures, 0);
        outcome_print_reproduce(options, run->run_id);
        printf("minimize: %s minimize '%s' --out %s\n", options->program, run->run_id,
               options->out);
    }
}

int command_explore(Lab *lab, Options *options)
{
    g_autoptr(GError) error = NULL;
    uint64_t seed = 1;
    int64_t wall_us = options->runs_max > 0 ? 0 : 60 * G_USEC_PER_SEC;
    if (!options_seed(options, &seed) ||
        (options->duration != NULL && !parse_wall(options->duration, &wall_us))) {
        return terminal_misuse("--seed is a whole number, --for a time such as 10m");
    }
    ExploreSettings settings = {
        .seed = seed,
        .defect = options->defect,
        .out = options->out,
        .resume = options->resume,
        .jobs = (unsigned)options->jobs,
        .runs_max = (unsigned)MAX(options->runs_max, 0),
        .fail_max = (unsigned)MAX(options->fail_max, 0),
        .wall_us = wall_us,
        .clock_us = g_get_monotonic_time,
        .interrupts = options->interrupts,
    };
    ExploreListener listener = {on_explored, on_round, options};
    printf("lockstep %s  explore  seed %" G_GUINT64_FORMAT "%s%s  %d jobs\n", options->version,
           seed, options->defect == NULL ? "" : "  defect ",
           options->defect == NULL ? "" : options->defect, options->jobs);
    fflush(stdout);
    g_autoptr(ExploreReport) report = explore_run(lab, &settings, &listener, &error);
    terminal_clear_bar(options);
    if (report == NULL) {
        return terminal_complain(error);
    }
    print_explored(options, report);
    bool nothing = report->runs == 0 && report->verdict != VERDICT_ERROR;
    return nothing ? EXIT_INCONCLUSIVE : outcome_exit(report->verdict);
}

/* defects */

static void on_control(const ControlResult *control, void *user_data)
{
    const Options *options = user_data;
    const char *word =
        control->killed ? control->false_alarm ? "false alarm" : "killed" : "SURVIVED";
    const char *color = !options->use_color                        ? ""
                        : control->killed && !control->false_alarm ? "\033[32m"
                                                                   : "\033[31m";
    if (options->json) {
        return;
    }
    printf("%s%-11s%s %-32s %s%s%s\n", color, word, options->use_color ? "\033[0m" : "",
           control->defect, control->run_id == NULL ? "" : control->run_id,
           control->killed || control->reason == NULL ? "" : ": ",
           control->killed || control->reason == NULL ? "" : control->reason);
    fflush(stdout);
}

static void write_controls(const GPtrArray *controls, Canon *canon)
{
    canon_begin_array(canon);
    for (guint i = 0; i < controls->len; i++) {
        const ControlResult *control = g_ptr_array_index(controls, i);
        canon_begin_object(canon);
        canon_member_text(canon, "defect", control->defect);
        canon_member_truth(canon, "killed", control->killed);
        canon_member_truth(canon, "false_alarm", control->false_alarm);
        canon_member_text(canon, "run_id", control->run_id);
        canon_member_text(canon, "verdict", verdict_name(control->verdict));
        canon_member_text(canon, "reason", control->reason);
        canon_member_integer(canon, "runs", control->runs);
        canon_end_object(canon);
    }
    canon_end_array(canon);
}

int command_defects(Lab *lab, Options *options)
{
    g_autoptr(GError) error = NULL;
    ControlsSettings settings = {
        .only = options->words,
        .jobs = (unsigned)options->jobs,
        .out = options->out,
        .interrupts = options->interrupts,
    };
    if (g_mkdir_with_parents(options->out, 0755) != 0) {
        return terminal_end(EXIT_USAGE, "%s: cannot make the folder", options->out);
    }
    g_autoptr(GPtrArray) controls = controls_run(lab, &settings, on_control, options, &error);
    if (controls == NULL) {
        return terminal_complain(error);
    }
    if (controls->len == 0) {
        return terminal_end(EXIT_NOTHING, "there are no defects to try");
    }
    g_autoptr(Canon) canon = canon_new();
    write_controls(controls, canon);
    g_autofree char *json = canon_finish(canon);
    if (!outcome_write_text(options->out, "defects.json", json, &error)) {
        return terminal_end(EXIT_LAB, "%s", error->message);
    }
    guint killed = 0;
    guint false_alarms = 0;
    bool broken = *options->interrupts > 0;
    for (guint i = 0; i < controls->len; i++) {
        const ControlResult *control = g_ptr_array_index(controls, i);
        killed += control->killed ? 1 : 0;
        false_alarms += control->false_alarm ? 1 : 0;
        broken = broken || control->verdict == VERDICT_ERROR;
    }
    if (options->json) {
        puts(json);
    }
    fprintf(options->json ? stderr : stdout, "killed %u of %u, false alarms %u\n", killed,
            controls->len, false_alarms);
    return killed == controls->len && false_alarms == 0 ? EXIT_PASS : broken ? EXIT_LAB : EXIT_FAIL;
}
