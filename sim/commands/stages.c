/* SPDX-License-Identifier: MIT */

/*
 * The way from a scenario to a report: `check` goes all of it, the others go one stage each.
 */

#include <stdio.h>
#include <string.h>

#include "sim/commands/assess.h"
#include "sim/commands/outcome.h"
#include "sim/commands/selection.h"
#include "sim/commands/terminal.h"

int command_check_imposed(Lab *lab, Options *options, char *const *words, const Sweep *imposed)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) selected = NULL;
    if ((options->defect != NULL && !lab_check_defect(lab, options->defect, &error)) ||
        (selected = selection_of(lab, options, words, &error)) == NULL) {
        return terminal_complain(error);
    }
    if (selected->len == 1) {
        return terminal_end(EXIT_NOTHING, "no scenario is selected");
    }
    g_autoptr(Assessment) assessment = assess_campaign(lab, options, (char *const *)selected->pdata,
                                                       imposed != NULL, imposed, &error);
    return assessment == NULL ? terminal_complain(error)
                              : outcome_conclude(options, assessment, true);
}

/* The scenarios a defect's recipe names: what `--defect NAME` alone means. */
static char **scenarios_of_defect(Lab *lab, const char *name, GError **error)
{
    g_autoptr(GPtrArray) defects = lab_defects(lab, error);
    for (guint i = 0; defects != NULL && i < defects->len; i++) {
        const Defect *defect = g_ptr_array_index(defects, i);
        if (strcmp(defect->name, name) == 0) {
            return g_strdupv(defect->scenarios);
        }
    }
    return defects == NULL ? NULL : g_new0(char *, 1);
}

int command_check(Lab *lab, Options *options)
{
    if (options->defect != NULL && options->words == NULL && options->filters == NULL &&
        options->provisions == NULL) {
        g_autoptr(GError) error = NULL;
        g_auto(GStrv) words = scenarios_of_defect(lab, options->defect, &error);
        return words == NULL ? terminal_complain(error)
                             : command_check_imposed(lab, options, words, NULL);
    }
    return command_check_imposed(lab, options, options->words, NULL);
}

int command_plan(Lab *lab, Options *options)
{
    g_autoptr(GError) error = NULL;
    for (char **word = options->words; *word != NULL; word++) {
        g_autoptr(Plan) plan = lab_plan(lab, *word, &error);
        if (plan == NULL) {
            return terminal_complain(error);
        }
        g_autofree char *json = plan_to_json(plan);
        puts(json);
    }
    return EXIT_PASS;
}

/* The run a word means: a run id, or the file of a stored plan, which must be what would be planned
 * now. */
static char *run_of_word(Lab *lab, const char *word, GError **error)
{
    if (!g_str_has_suffix(word, ".json")) {
        return g_strdup(word);
    }
    g_autofree char *json = NULL;
    gsize bytes = 0;
    g_autoptr(GError) cause = NULL;
    if (!g_file_get_contents(word, &json, &bytes, &cause)) {
        g_set_error(error, LAB_ERROR, LAB_ERROR_INPUT, "%s:1:1: error: %s", word, cause->message);
        return NULL;
    }
    bytes = bytes > 0 && json[bytes - 1] == '\n' ? bytes - 1 : bytes;
    json[bytes] = '\0';
    g_autoptr(Plan) stored = plan_from_json(word, json, bytes, error);
    g_autoptr(Plan) now = stored == NULL ? NULL : lab_plan(lab, stored->run_id, error);
    if (now == NULL) {
        return NULL;
    }
    g_autofree char *now_json = plan_to_json(now);
    if (strcmp(json, now_json) != 0) {
        g_set_error(error, LAB_ERROR, LAB_ERROR_INPUT,
                    "%s:1:1: error: the scenario or the images are not those of this plan any more",
                    word);
        return NULL;
    }
    return g_strdup(stored->run_id);
}

int command_run(Lab *lab, Options *options)
{
    g_autoptr(GError) error = NULL;
    int code = EXIT_PASS;
    for (char **word = options->words; *word != NULL; word++) {
        g_autofree char *run_id = run_of_word(lab, *word, &error);
        g_autoptr(RunResult) result =
            run_id == NULL ? NULL : lab_execute(lab, run_id, options->out, LAB_KEEP_ALWAYS, &error);
        if (result == NULL) {
            return terminal_complain(error);
        }
        if (result->verdict == VERDICT_ERROR) {
            code = terminal_end(EXIT_LAB, "%s: %s", result->run_id, result->reason);
        }
        printf("%s  %s/%s\n", result->digest, options->out,
               result->bundle == NULL ? "" : result->bundle);
    }
    return code;
}

int command_judge(Lab *lab, Options *options)
{
    (void)lab;
    Verdict all = VERDICT_PASS;
    for (char **word = options->words; *word != NULL; word++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(Plan) plan = NULL;
        g_autoptr(RunResult) result = lab_judge(*word, &plan, &error);
        if (result == NULL) {
            return terminal_complain(error);
        }
        all = verdict_join(all, result->verdict);
        if (options->json) {
            g_autoptr(Canon) canon = canon_new();
            result_write(result, canon);
            g_autofree char *json = canon_finish(canon);
            puts(json);
            continue;
        }
        printf("%s\n  plan %s\n  evidence %s\n", result->run_id, result->plan_id, result->digest);
        outcome_print_run(options, result, plan);
    }
    return outcome_exit(all);
}

int command_report(Lab *lab, Options *options)
{
    g_autoptr(GError) error = NULL;
    if (options->words != NULL) {
        g_free(options->out);
        options->out = g_strdup(options->words[0]);
    }
    g_autofree char *path = g_build_filename(options->out, "verdict.json", NULL);
    g_autoptr(Assessment) assessment = assessment_from_json(lab_catalogue(lab), path, &error);
    if (assessment == NULL) {
        return terminal_complain(error);
    }
    if (!outcome_write_reports(options, assessment, &error)) {
        return terminal_end(EXIT_LAB, "%s", error->message);
    }
    outcome_print_summary(options, assessment);
    return outcome_exit(assessment->judged);
}
