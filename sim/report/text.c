/* SPDX-License-Identifier: MIT */

#include "sim/report/text.h"

#include <string.h>

#define FINDINGS_MAX 12

static const struct {
    const char *sign;
    const char *color;
} LOOKS[VERDICTS] = {
    [VERDICT_PASS] = {"✔", "\033[32m"},
    [VERDICT_INCONCLUSIVE] = {"?", "\033[33m"},
    [VERDICT_FAIL] = {"✖", "\033[31m"},
    [VERDICT_ERROR] = {"!", "\033[35m"},
};

char *text_verdict(Verdict verdict, bool color)
{
    return g_strdup_printf("%s%s %-12s%s", color ? LOOKS[verdict].color : "", LOOKS[verdict].sign,
                           verdict_name(verdict), color ? "\033[0m" : "");
}

static void add_faults(GString *text, const ProvisionVerdict *provision)
{
    bool any = false;
    for (int i = VERB_FAULT_NONE + 1; i < VERB_FAULTS; i++) {
        if (provision->fault_runs[i] > 0) {
            g_string_append_printf(text, "%s%s %u",
                                   any ? ", " : "; took effect: ", plan_fault_name((VerbFault)i),
                                   provision->fault_runs[i]);
            any = true;
        }
    }
}

static void add_gaps(GString *text, const Assessment *assessment, bool color)
{
    const char *clause = NULL;
    for (guint i = 0; i < assessment->provisions->len; i++) {
        const ProvisionVerdict *provision = g_ptr_array_index(assessment->provisions, i);
        if (provision->judged) {
            continue;
        }
        if (g_strcmp0(clause, provision->provision->clause) != 0) {
            clause = provision->provision->clause;
            g_string_append_printf(text, "%s  %s– gap%s           %s (%s):",
                                   text->len > 0 && text->str[text->len - 1] != '\n' ? "\n" : "",
                                   color ? "\033[2m" : "", color ? "\033[0m" : "", clause,
                                   provision->provision->clause_title);
        }
        g_string_append_printf(text, " %s", provision->provision->id);
    }
    if (clause != NULL) {
        g_string_append_c(text, '\n');
    }
}

char *text_provisions(const Assessment *assessment, bool color)
{
    GString *text = g_string_new(NULL);
    for (guint i = 0; i < assessment->provisions->len; i++) {
        const ProvisionVerdict *provision = g_ptr_array_index(assessment->provisions, i);
        if (!provision->judged) {
            continue;
        }
        g_autofree char *verdict = text_verdict(provision->verdict, color);
        g_string_append_printf(text, "  %s  %-10s %-13s %5u run%s", verdict,
                               provision->provision->id, provision->provision->status_code,
                               provision->runs, provision->runs == 1 ? "" : "s");
        add_faults(text, provision);
        g_string_append_c(text, '\n');
    }
    add_gaps(text, assessment, color);
    return g_string_free(text, FALSE);
}

static void add_cites(GString *text, const GArray *cites)
{
    for (guint i = 0; i < cites->len; i++) {
        g_string_append_printf(text, "%s%" G_GUINT64_FORMAT, i == 0 ? "  events " : ", ",
                               g_array_index(cites, uint64_t, i));
    }
}

static void add_finding(GString *text, const Assessment *assessment, const RunResult *run,
                        bool color)
{
    g_autofree char *verdict = text_verdict(run->verdict, color);
    g_string_append_printf(text, "  %s  %s\n", verdict, run->run_id);
    const ScenarioSummary *scenario = assessment_scenario(assessment, run->scenario);
    bool said = false;
    for (guint i = 0; i < run->claims->len; i++) {
        const ClaimResult *claim = g_ptr_array_index(run->claims, i);
        if (claim->verdict == VERDICT_PASS) {
            continue;
        }
        const ClaimSummary *summary =
            scenario == NULL ? NULL : assessment_claim(scenario, claim->number);
        g_string_append_printf(text, "      %s\n        %s",
                               summary == NULL ? "?" : summary->sentence, claim->reason);
        add_cites(text, claim->cites);
        g_string_append_c(text, '\n');
        said = true;
    }
    if (!said && run->reason != NULL) {
        g_string_append_printf(text, "      %s\n", run->reason);
    }
}

char *text_findings(const Assessment *assessment, bool color)
{
    GString *text = g_string_new(NULL);
    unsigned shown = 0;
    unsigned all = 0;
    for (int verdict = VERDICT_ERROR; verdict > VERDICT_PASS; verdict--) {
        for (guint i = 0; i < assessment->runs->len; i++) {
            const RunResult *run = g_ptr_array_index(assessment->runs, i);
            if (run->verdict != (Verdict)verdict) {
                continue;
            }
            all++;
            if (shown < FINDINGS_MAX) {
                shown++;
                add_finding(text, assessment, run, color);
            }
        }
    }
    if (all > shown) {
        g_string_append_printf(text, "  ... and %u more in the report\n", all - shown);
    }
    return g_string_free(text, FALSE);
}

char *text_counts(const Assessment *assessment)
{
    return g_strdup_printf(
        "%u runs: %u PASS, %u FAIL, %u INCONCLUSIVE, %u ERROR; faults asked %u, "
        "took effect %u; made twice %u of them, with the same evidence; provisions judged %u of "
        "%u, gaps %u",
        assessment->runs->len, assessment->counts[VERDICT_PASS], assessment->counts[VERDICT_FAIL],
        assessment->counts[VERDICT_INCONCLUSIVE], assessment->counts[VERDICT_ERROR],
        assessment->asked, assessment->effective, assessment->repeated,
        assessment->provisions_judged, assessment->provisions->len,
        assessment->provisions->len - assessment->provisions_judged);
}

char *text_run(const RunResult *result, const Plan *plan, bool color)
{
    GString *text = g_string_new(NULL);
    for (guint i = 0; i < result->claims->len; i++) {
        const ClaimResult *verdict = g_ptr_array_index(result->claims, i);
        const Claim *claim = g_ptr_array_index(plan->claims, i);
        g_autofree char *word = text_verdict(verdict->verdict, color);
        g_string_append_printf(text, "  %s  %s", word, claim->sentence);
        if (claim->standing && verdict->occasions == 0) {
            g_string_append(text, "  (no occasion)");
        }
        if (verdict->reason != NULL) {
            g_string_append_printf(text, "\n      %s", verdict->reason);
            add_cites(text, verdict->cites);
        }
        g_string_append_c(text, '\n');
    }
    return g_string_free(text, FALSE);
}
