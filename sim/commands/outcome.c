/* SPDX-License-Identifier: MIT */

#include "sim/commands/outcome.h"

#include <stdio.h>
#include <string.h>

#include <glib/gstdio.h>

#include "sim/commands/terminal.h"
#include "sim/report/html.h"
#include "sim/report/junit.h"
#include "sim/report/text.h"

int outcome_exit(Verdict verdict)
{
    static const int CODES[VERDICTS] = {
        [VERDICT_PASS] = EXIT_PASS,
        [VERDICT_INCONCLUSIVE] = EXIT_INCONCLUSIVE,
        [VERDICT_FAIL] = EXIT_FAIL,
        [VERDICT_ERROR] = EXIT_LAB,
    };
    return CODES[verdict];
}

bool outcome_write_text(const char *folder, const char *name, const char *text, GError **error)
{
    g_autofree char *path = folder == NULL ? g_strdup(name) : g_build_filename(folder, name, NULL);
    /* Whoever is killed meanwhile leaves the old file, and nothing that the next one would not. */
    g_autofree char *new = g_strconcat(path, ".new", NULL);
    if (!g_file_set_contents_full(new, text, -1, G_FILE_SET_CONTENTS_NONE, 0644, error)) {
        return false;
    }
    if (g_rename(new, path) != 0) {
        g_set_error(error, LAB_ERROR, LAB_ERROR_INPUT, "%s: error: cannot be written", path);
        return false;
    }
    return true;
}

bool outcome_write_reports(const Options *options, const Assessment *assessment, GError **error)
{
    g_autofree char *junit = junit_text(assessment, options->program);
    g_autofree char *html = html_text(assessment, options->program, options->out);
    return outcome_write_text(options->out, "junit.xml", junit, error) &&
           outcome_write_text(options->out, "report.html", html, error) &&
           (options->junit == NULL || outcome_write_text(NULL, options->junit, junit, error));
}

static const RunResult *first_bad(const Assessment *assessment)
{
    const RunResult *worst = NULL;
    for (guint i = 0; i < assessment->runs->len; i++) {
        const RunResult *run = g_ptr_array_index(assessment->runs, i);
        if (run->verdict != VERDICT_PASS && (worst == NULL || run->verdict > worst->verdict)) {
            worst = run;
        }
    }
    return worst;
}

/* Its name says all of a run but for another ROM. */
void outcome_print_reproduce(const Options *options, const char *run_id)
{
    bool other = strcmp(options->rom, OPTIONS_ROM_DEFAULT) != 0;
    printf("reproduce: %s replay '%s'%s%s --out %s\n", options->program, run_id,
           other ? " --rom " : "", other ? options->rom : "", options->out);
}

/* What to type to go on, if there is anything left to do. */
static void print_stopped(const Options *options, const Assessment *assessment)
{
    if (assessment->interrupted) {
        printf("stopped before the end; go on with: %s%s\n", options->typed,
               options->resume ? "" : " --resume");
    }
}

static void print_canaries(const Assessment *assessment)
{
    for (guint i = 0; i < assessment->canaries->len; i++) {
        g_autofree char *text = sweeping_canary_text(g_ptr_array_index(assessment->canaries, i));
        printf("%s\n", text);
    }
}

static void print_report(const Options *options)
{
    g_autofree char *report = g_build_filename(options->out, "report.html", NULL);
    g_autofree char *absolute = g_canonicalize_filename(report, NULL);
    printf("report: %s\n", absolute);
}

void outcome_print_summary(const Options *options, const Assessment *assessment)
{
    g_autofree char *provisions = text_provisions(assessment, options->use_color);
    g_autofree char *findings = text_findings(assessment, options->use_color);
    g_autofree char *counts = text_counts(assessment);
    printf("\nProvisions\n%s", provisions);
    if (findings[0] != '\0') {
        printf("\nFindings\n%s", findings);
    }
    printf("\n%s\n", counts);
    print_canaries(assessment);
    print_stopped(options, assessment);
    print_report(options);
    const RunResult *bad = first_bad(assessment);
    if (bad != NULL) {
        outcome_print_reproduce(options, bad->run_id);
    }
}

int outcome_conclude(const Options *options, const Assessment *assessment, bool full)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *json = assessment_to_json(assessment);
    if (g_mkdir_with_parents(options->out, 0755) != 0 ||
        !outcome_write_text(options->out, "verdict.json", json, &error) ||
        !outcome_write_reports(options, assessment, &error)) {
        return terminal_end(EXIT_LAB, "%s",
                            error == NULL ? "the output folder cannot be made" : error->message);
    }
    if (options->json) {
        puts(json);
    } else if (full) {
        outcome_print_summary(options, assessment);
    } else {
        print_stopped(options, assessment);
        print_report(options);
    }
    return outcome_exit(assessment->judged);
}

void outcome_print_run(const Options *options, const RunResult *result, const Plan *plan)
{
    g_autofree char *claims = text_run(result, plan, options->use_color);
    g_autofree char *verdict = text_verdict(result->verdict, options->use_color);
    printf("%s%s%s%s\n", claims, verdict, result->reason == NULL ? "" : "  ",
           result->reason == NULL ? "" : result->reason);
}
