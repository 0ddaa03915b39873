/* SPDX-License-Identifier: MIT */

#include "sim/report/html.h"

#include <string.h>

#include "sim/evidence/bundle.h"
#include "sim/report/atlas.h"
#include "sim/report/lanes.h"
#include "sim/report/markup.h"

#define RUNS_LISTED_MAX 300 /* per scenario; those that are not PASS come first */
#define FINDINGS_MAX    100

static const char STYLE[] =
    ":root{color-scheme:light dark;--bg:#fbfbf9;--fg:#1d2126;--dim:#5c636b;--line:#dcdedf;"
    "--card:#fff;--pass:#1f6f57;--inconclusive:#805a10;--fail:#b02f29;--error:#6f4599;--link:#"
    "275d8c}"
    "@media(prefers-color-scheme:dark){:root{--bg:#14171b;--fg:#e4e6e8;--dim:#a2a9b1;--line:#"
    "2e343b;"
    "--card:#1b1f24;--pass:#5cc8a3;--inconclusive:#e0b25a;--fail:#f08a82;--error:#c9a3ee;"
    "--link:#86b9e6}}"
    "*{box-sizing:border-box}body{margin:0;background:var(--bg);color:var(--fg);"
    "font:15px/1.5 system-ui,sans-serif}"
    "main,header{max-width:1400px;margin:0 auto;padding:0 20px}header{padding-top:28px}"
    "h1{font-size:26px;margin:0 0 4px;letter-spacing:-.01em}h2{font-size:19px;margin:36px 0 10px}"
    "h3{font-size:16px;margin:0;display:inline}a{color:var(--link)}p{margin:6px 0}"
    ".dim{color:var(--dim)}code{font:12.5px/1.45 ui-monospace,monospace;overflow-wrap:anywhere}"
    ".cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(140px,1fr));gap:10px;margin:"
    "18px 0}"
    ".card{background:var(--card);border:1px solid var(--line);border-radius:8px;padding:10px 14px}"
    ".card b{display:block;font-size:22px;font-variant-numeric:tabular-nums}"
    "table{border-collapse:collapse;width:100%;background:var(--card);font-size:13.5px}"
    "caption{text-align:left;color:var(--dim);padding:4px 0 8px}"
    "th,td{border:1px solid var(--line);padding:5px 7px;text-align:left;vertical-align:top}"
    "thead th{position:sticky;top:0;background:var(--card)}td.n{text-align:right;"
    "font-variant-numeric:tabular-nums}"
    ".scroll{overflow-x:auto}.what{min-width:22em;font-weight:400}.what "
    "b{display:block}.v{font-weight:600;white-space:nowrap}.pass{color:var(--pass)}"
    ".inconclusive{color:var(--inconclusive)}.fail{color:var(--fail)}.error{color:var(--error)}"
    "details{border:1px solid var(--line);border-radius:8px;background:var(--card);margin:10px 0;"
    "padding:10px 14px}details>summary{cursor:pointer}details[open]>summary{margin-bottom:8px}"
    "svg{display:block;margin:10px 0}ul{padding-left:20px}"
    "@media print{body{font-size:11px}details{break-inside:avoid}}";

/* Cells. */

static void add_reproduce(GString *page, const char *program, const char *run_id)
{
    markup_add(page, "<code>");
    markup_text(page, program);
    markup_add(page, " replay &#39;");
    markup_text(page, run_id);
    markup_add(page, "&#39;</code>");
}

static void add_card(GString *page, const char *value, const char *what)
{
    markup_add(page, "<div class=\"card\"><b>%s</b>%s</div>\n", value, what);
}

static void add_number_card(GString *page, uint32_t value, const char *what)
{
    char text[16];
    g_snprintf(text, sizeof text, "%u", value);
    add_card(page, text, what);
}

static void add_head(GString *page, const Assessment *assessment)
{
    markup_add(
        page,
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
        "<title>Lockstep: %s</title>\n<style>%s</style>\n</head>\n<body>\n<header>\n"
        "<h1>Resilience of a smart lock</h1>\n<p class=\"dim\">Assessed in the manner of ETSI TS "
        "103 701 against ETSI EN 303 645, on a virtual device: it shows the firmware&#39;s "
        "conformity, not a shipped product&#39;s.</p>\n<p>What was judged: ",
        verdict_name(assessment->judged), STYLE);
    markup_verdict(page, assessment->judged);
    markup_add(page, ". The assessment as a whole is %s%s.</p>\n",
               assessment->complete ? "complete" : "open: there are gaps, below",
               assessment->interrupted ? "; the campaign was stopped before its end" : "");
    if (assessment->defect != NULL) {
        markup_add(page, "<p>The firmware carries the seeded defect <code>");
        markup_text(page, assessment->defect);
        markup_add(page, "</code> on purpose.</p>\n");
    }
    markup_add(page, "<div class=\"cards\">\n");
    add_number_card(page, assessment->runs->len, "runs");
    for (int i = 0; i < VERDICTS; i++) {
        char value[64];
        g_snprintf(value, sizeof value, "%s %u", markup_sign((Verdict)i), assessment->counts[i]);
        add_card(page, value, verdict_name((Verdict)i));
    }
    char faults[64];
    g_snprintf(faults, sizeof faults, "%u / %u", assessment->effective, assessment->asked);
    add_card(page, faults, "faults took effect / asked");
    add_number_card(page, assessment->repeated, "runs made twice, same evidence");
    char provisions[64];
    g_snprintf(provisions, sizeof provisions, "%u / %u", assessment->provisions_judged,
               assessment->provisions->len);
    add_card(page, provisions, "provisions judged");
    markup_add(page, "</div>\n</header>\n<main>\n");
}

/* The matrix of provisions and faults. */

static bool fault_used(const Assessment *assessment, int fault)
{
    for (guint i = 0; i < assessment->scenarios->len; i++) {
        const ScenarioSummary *scenario = g_ptr_array_index(assessment->scenarios, i);
        if (scenario->asked[fault] > 0) {
            return true;
        }
    }
    return false;
}

static void add_matrix_row(GString *page, const ProvisionVerdict *provision,
                           const bool used[VERB_FAULTS])
{
    markup_add(page, "<tr><th scope=\"row\" class=\"what\"><b>");
    markup_text(page, provision->provision->id);
    markup_add(page, "</b> ");
    markup_text(page, provision->provision->title);
    markup_add(page, "</th><td>");
    markup_text(page, provision->provision->status_code);
    markup_add(page, "</td><td>");
    markup_verdict(page, provision->verdict);
    markup_add(page, "</td><td class=\"n\">%u</td>", provision->runs);
    for (int i = VERB_FAULT_NONE + 1; i < VERB_FAULTS; i++) {
        if (!used[i]) {
            continue;
        }
        if (provision->fault_runs[i] == 0) {
            markup_add(page, "<td class=\"n dim\">–</td>");
        } else {
            Verdict verdict = provision->fault_verdicts[i];
            markup_add(page, "<td class=\"n\">%s&#160;%u</td>", markup_sign(verdict),
                       provision->fault_runs[i]);
        }
    }
    markup_add(page, "</tr>\n");
}

static void add_matrix(GString *page, const Assessment *assessment)
{
    bool used[VERB_FAULTS];
    for (int i = 0; i < VERB_FAULTS; i++) {
        used[i] = fault_used(assessment, i);
    }
    markup_add(page,
               "<h2>Provisions</h2>\n<div class=\"scroll\"><table>\n<caption>A cell under a "
               "fault: the verdict there and the number of runs in which such a fault really took "
               "effect.</caption>\n<thead><tr><th scope=\"col\">Provision</th>"
               "<th scope=\"col\">Status</th><th scope=\"col\">Verdict</th>"
               "<th scope=\"col\">Runs</th>");
    for (int i = VERB_FAULT_NONE + 1; i < VERB_FAULTS; i++) {
        if (used[i]) {
            markup_add(page, "<th scope=\"col\">%s</th>", plan_fault_name((VerbFault)i));
        }
    }
    markup_add(page, "</tr></thead>\n<tbody>\n");
    for (guint i = 0; i < assessment->provisions->len; i++) {
        const ProvisionVerdict *provision = g_ptr_array_index(assessment->provisions, i);
        if (provision->judged) {
            add_matrix_row(page, provision, used);
        }
    }
    markup_add(page, "</tbody>\n</table></div>\n");
}

/* Runs. */

static void add_claim_results(GString *page, const ScenarioSummary *scenario, const RunResult *run)
{
    markup_add(page, "<ul>\n");
    for (guint i = 0; i < run->claims->len; i++) {
        const ClaimResult *claim = g_ptr_array_index(run->claims, i);
        if (claim->verdict == VERDICT_PASS) {
            continue;
        }
        const ClaimSummary *summary =
            scenario == NULL ? NULL : assessment_claim(scenario, claim->number);
        markup_add(page, "<li>");
        markup_verdict(page, claim->verdict);
        markup_add(page, " ");
        markup_text(page, summary == NULL ? "" : summary->sentence);
        markup_add(page, "<br>");
        markup_text(page, claim->reason);
        for (guint j = 0; j < claim->cites->len; j++) {
            markup_add(page, "%s%" G_GUINT64_FORMAT, j == 0 ? " Events " : ", ",
                       g_array_index(claim->cites, uint64_t, j));
        }
        markup_add(page, "</li>\n");
    }
    markup_add(page, "</ul>\n");
}

/* The picture itself, about the first device of the plan. */
static void add_lanes(GString *page, const Bundle *bundle)
{
    g_autoptr(Tree) tree =
        tree_parse("plan.json", bundle->plan_json, strlen(bundle->plan_json), true, NULL);
    const TreeNode *timeline = tree == NULL ? NULL : tree_get(tree_root(tree), "timeline");
    const TreeNode *devices = timeline == NULL ? NULL : tree_get(timeline, "devices");
    const TreeNode *device = devices == NULL || devices->count == 0 ? NULL : devices->children[0];
    const TreeNode *name = device == NULL ? NULL : tree_get(device, "name");
    const TreeNode *unlocked = device == NULL ? NULL : tree_get(device, "unlocked");
    bool is_unlocked = false;
    if (name != NULL && name->text != NULL && unlocked != NULL &&
        tree_truth(unlocked, &is_unlocked, NULL)) {
        lanes_svg(page, bundle->events, name->text, is_unlocked);
    }
}

/* The picture of a run whose bundle was kept. */
static void add_picture(GString *page, const RunResult *run, const char *out)
{
    if (run->bundle == NULL) {
        return;
    }
    g_autofree char *path = g_build_filename(out, run->bundle, NULL);
    g_autoptr(Bundle) bundle = bundle_open(path, NULL);
    if (bundle == NULL) {
        return;
    }
    add_lanes(page, bundle);
    static const char *const FILES[] = {"events.jsonl", "net.pcapng", "uart.log", "plan.json"};
    markup_add(page, "<p class=\"dim\">Evidence:");
    for (size_t i = 0; i < G_N_ELEMENTS(FILES); i++) {
        g_autofree char *file = g_build_filename(path, FILES[i], NULL);
        if (g_file_test(file, G_FILE_TEST_EXISTS)) {
            markup_add(page, " <a href=\"");
            markup_path(page, run->bundle);
            markup_add(page, "/%s\">%s</a>", FILES[i], FILES[i]);
        }
    }
    markup_add(page, "</p>\n");
}

static void add_finding(GString *page, const Assessment *assessment, const RunResult *run,
                        const char *program, const char *out, bool open)
{
    markup_add(page, "<details id=\"");
    markup_anchor(page, run->run_id);
    markup_add(page, "\"%s><summary>", open ? " open" : "");
    markup_verdict(page, run->verdict);
    markup_add(page, " <code>");
    markup_text(page, run->run_id);
    markup_add(page, "</code></summary>\n<p>");
    markup_text(page, run->reason);
    markup_add(page, "</p>\n");
    add_claim_results(page, assessment_scenario(assessment, run->scenario), run);
    add_picture(page, run, out);
    markup_add(page, "<p>Reproduce: ");
    add_reproduce(page, program, run->run_id);
    markup_add(page, "</p>\n</details>\n");
}

static void add_findings(GString *page, const Assessment *assessment, const char *program,
                         const char *out)
{
    unsigned shown = 0;
    unsigned all = 0;
    markup_add(page, "<h2>Findings</h2>\n");
    for (int verdict = VERDICT_ERROR; verdict > VERDICT_PASS; verdict--) {
        for (guint i = 0; i < assessment->runs->len; i++) {
            const RunResult *run = g_ptr_array_index(assessment->runs, i);
            if (run->verdict != (Verdict)verdict) {
                continue;
            }
            all++;
            if (shown < FINDINGS_MAX) {
                add_finding(page, assessment, run, program, out, shown == 0);
                shown++;
            }
        }
    }
    if (all == 0) {
        markup_add(page, "<p>None: every run is PASS.</p>\n");
    } else if (all > shown) {
        markup_add(page, "<p>%u more are in verdict.json.</p>\n", all - shown);
    }
}

/* Scenarios. */

static void add_claims(GString *page, const Assessment *assessment, const ScenarioSummary *scenario)
{
    markup_add(
        page,
        "<div class=\"scroll\"><table>\n<caption>Claims, over all runs of the scenario"
        "</caption>\n<thead><tr><th scope=\"col\">Claim</th><th scope=\"col\">Proves</th>"
        "<th scope=\"col\">Verdict</th><th scope=\"col\">Occasions</th></tr></thead><tbody>\n");
    for (guint i = 0; i < scenario->claims->len; i++) {
        const ClaimSummary *claim = g_ptr_array_index(scenario->claims, i);
        Verdict verdict = VERDICT_PASS;
        uint64_t occasions = 0;
        for (guint j = 0; j < assessment->runs->len; j++) {
            const RunResult *run = g_ptr_array_index(assessment->runs, j);
            if (strcmp(run->scenario, scenario->id) != 0 || run->claims->len <= i) {
                continue;
            }
            const ClaimResult *result = g_ptr_array_index(run->claims, i);
            verdict = verdict_join(verdict, result->verdict);
            occasions += result->occasions;
        }
        g_autofree char *proves = g_strjoinv(", ", claim->proves);
        markup_add(page, "<tr><td>");
        markup_text(page, claim->sentence);
        markup_add(page, "</td><td>");
        markup_text(page, proves);
        markup_add(page, "</td><td>");
        if (claim->standing && occasions == 0 && verdict == VERDICT_PASS) {
            markup_add(page, "<span class=\"dim\">– no occasion</span>");
        } else {
            markup_verdict(page, verdict);
        }
        markup_add(page, "</td><td class=\"n\">%" G_GUINT64_FORMAT "</td></tr>\n", occasions);
    }
    markup_add(page, "</tbody></table></div>\n");
}

static void add_faults(GString *page, const ScenarioSummary *scenario)
{
    bool any = false;
    for (int i = VERB_FAULT_NONE + 1; i < VERB_FAULTS; i++) {
        if (scenario->asked[i] > 0) {
            markup_add(page, "%s%s: %u asked, %u took effect", any ? "; " : "<p>Faults. ",
                       plan_fault_name((VerbFault)i), scenario->asked[i], scenario->effective[i]);
            any = true;
        }
    }
    markup_add(page, "%s", any ? ".</p>\n" : "<p>No fault is injected.</p>\n");
}

static void add_run_row(GString *page, const RunResult *run, const char *program)
{
    char text[VTIME_TEXT_BYTES];
    markup_add(page, "<tr><td>");
    markup_verdict(page, run->verdict);
    markup_add(page, "</td><td>");
    if (run->verdict != VERDICT_PASS) {
        markup_add(page, "<a href=\"#");
        markup_anchor(page, run->run_id);
        markup_add(page, "\">details</a><br>");
    }
    add_reproduce(page, program, run->run_id);
    markup_add(page,
               "</td><td class=\"n\">%s</td><td class=\"n\">%" G_GINT64_FORMAT
               "</td><td><code>%.*s</code></td></tr>\n",
               vtime_print(run->ended / VTIME_MS * VTIME_MS, text), run->event_count,
               DIGEST_SHORT_CHARS, run->digest);
}

static void add_runs(GString *page, const Assessment *assessment, const ScenarioSummary *scenario,
                     const char *program)
{
    uint32_t listed = 0;
    markup_add(page,
               "<details><summary>%u runs</summary><div class=\"scroll\"><table><thead><tr>"
               "<th scope=\"col\">Verdict</th><th scope=\"col\">Run</th><th scope=\"col\">Virtual "
               "time</th><th scope=\"col\">Events</th><th scope=\"col\">Evidence</th></tr></thead>"
               "<tbody>\n",
               scenario->runs);
    for (int good = 0; good < 2; good++) {
        for (guint i = 0; i < assessment->runs->len && listed < RUNS_LISTED_MAX; i++) {
            const RunResult *run = g_ptr_array_index(assessment->runs, i);
            if (strcmp(run->scenario, scenario->id) == 0 &&
                (run->verdict == VERDICT_PASS) == (good == 1)) {
                add_run_row(page, run, program);
                listed++;
            }
        }
    }
    markup_add(page, "</tbody></table></div>\n");
    if (listed < scenario->runs) {
        markup_add(page, "<p>%u more are in verdict.json.</p>\n", scenario->runs - listed);
    }
    markup_add(page, "</details>\n");
}

static void add_scenario(GString *page, const Assessment *assessment,
                         const ScenarioSummary *scenario, const char *program, const char *out)
{
    markup_add(page, "<details><summary>");
    markup_verdict(page, scenario->verdict);
    markup_add(page, " <h3>");
    markup_text(page, scenario->id);
    markup_add(page, "</h3> <span class=\"dim\">%u run%s</span></summary>\n<p>", scenario->runs,
               scenario->runs == 1 ? "" : "s");
    markup_text(page, scenario->title);
    markup_add(page, "</p>\n");
    add_faults(page, scenario);
    for (guint i = 0; i < assessment->runs->len; i++) {
        const RunResult *run = g_ptr_array_index(assessment->runs, i);
        if (strcmp(run->scenario, scenario->id) == 0 && run->bundle != NULL) {
            add_picture(page, run, out);
            break;
        }
    }
    if (scenario->operations > 0) {
        markup_add(page, "<p>The sweep has %" G_GUINT64_FORMAT " points.</p>\n",
                   scenario->operations);
    }
    atlas_svg(page, assessment, scenario);
    add_claims(page, assessment, scenario);
    add_runs(page, assessment, scenario, program);
    markup_add(page, "</details>\n");
}

/* What was not tested, and the annex. */

static void add_gaps(GString *page, const Assessment *assessment)
{
    markup_add(
        page,
        "<h2>What was not judged</h2>\n<p>%u of %u provisions have no claim in this campaign. "
        "Test cases that ask whether the supplier&#39;s documents are right stay open until a "
        "dossier is judged.</p>\n<div class=\"scroll\"><table><caption>Gaps</caption><thead><tr>"
        "<th scope=\"col\">Provision</th><th scope=\"col\">Status</th><th scope=\"col\">What it "
        "asks</th><th scope=\"col\">Shown by</th></tr></thead><tbody>\n",
        assessment->provisions->len - assessment->provisions_judged, assessment->provisions->len);
    for (guint i = 0; i < assessment->provisions->len; i++) {
        const ProvisionVerdict *provision = g_ptr_array_index(assessment->provisions, i);
        if (provision->judged) {
            continue;
        }
        markup_add(page, "<tr><th scope=\"row\">");
        markup_text(page, provision->provision->id);
        markup_add(page, "</th><td>");
        markup_text(page, provision->provision->status_code);
        markup_add(page, "</td><td>");
        markup_text(page, provision->provision->title);
        markup_add(page, "</td><td>%s</td></tr>\n",
                   strcmp(provision->provision->kind, "document") == 0    ? "documents"
                   : strcmp(provision->provision->kind, "simulator") == 0 ? "runs"
                                                                          : "runs and documents");
    }
    markup_add(page, "</tbody></table></div>\n");
}

static void add_cases(GString *page, const Assessment *assessment)
{
    markup_add(page,
               "<details><summary>Test cases of the provisions judged</summary>\n"
               "<div class=\"scroll\"><table><thead><tr><th scope=\"col\">Test case</th>"
               "<th scope=\"col\">Kind</th><th scope=\"col\">Verdict</th></tr></thead><tbody>\n");
    for (guint i = 0; i < assessment->provisions->len; i++) {
        const ProvisionVerdict *provision = g_ptr_array_index(assessment->provisions, i);
        for (guint j = 0; provision->judged && j < provision->cases->len; j++) {
            const CaseVerdict *test_case = g_ptr_array_index(provision->cases, j);
            markup_add(page, "<tr><th scope=\"row\">%s</th><td>%s</td><td>",
                       test_case->test_case->id, test_case->test_case->kind);
            if (test_case->judged) {
                markup_verdict(page, test_case->verdict);
            } else {
                markup_add(page, "<span class=\"dim\">– open</span>");
            }
            markup_add(page, "</td></tr>\n");
        }
    }
    markup_add(page, "</tbody></table></div></details>\n");
}

static void add_annex(GString *page, const Assessment *assessment)
{
    markup_add(page, "<h2>Annex</h2>\n");
    add_cases(page, assessment);
    markup_add(page, "<p class=\"dim\">lockstep <code>");
    markup_text(page, assessment->version);
    markup_add(page, "</code>, plan <code>");
    markup_text(page, assessment->plan_id);
    markup_add(page, "</code>, seed ");
    markup_text(page, assessment->seed);
    markup_add(page,
               ". Every run can be had again by the command beside it; its evidence has the same "
               "digest then.</p>\n</main>\n</body>\n</html>\n");
}

/* What the sweeps rest on: canaries, counts of crash states, and where their atlas is. */
static void add_sweeps(GString *page, const Assessment *assessment)
{
    if (assessment->canaries->len + assessment->crashes->len == 0) {
        return;
    }
    markup_add(page, "<h2>Sweeps</h2>\n<pre>");
    for (guint i = 0; i < assessment->canaries->len; i++) {
        g_autofree char *text = sweeping_canary_text(g_ptr_array_index(assessment->canaries, i));
        markup_text(page, text);
        markup_add(page, "\n");
    }
    for (guint i = 0; i < assessment->crashes->len; i++) {
        const SweepingCrash *crash = g_ptr_array_index(assessment->crashes, i);
        g_autofree char *text = sweeping_crash_text(crash);
        g_autofree char *atlas = g_strdup_printf(
            "sweeps/%s%s%s.atlas.html", crash->scenario,
            crash->defect == NULL ? "" : "+defect=", crash->defect == NULL ? "" : crash->defect);
        markup_text(page, crash->scenario);
        markup_add(page, "\n");
        markup_text(page, text);
        markup_add(page, "<a href=\"");
        markup_text(page, atlas);
        markup_add(page, "\">atlas</a>\n");
    }
    markup_add(page, "</pre>\n");
}

char *html_text(const Assessment *assessment, const char *program, const char *out)
{
    GString *page = g_string_new(NULL);
    add_head(page, assessment);
    add_matrix(page, assessment);
    add_findings(page, assessment, program, out);
    add_sweeps(page, assessment);
    markup_add(page, "<h2>Scenarios</h2>\n");
    for (guint i = 0; i < assessment->scenarios->len; i++) {
        add_scenario(page, assessment, g_ptr_array_index(assessment->scenarios, i), program, out);
    }
    add_gaps(page, assessment);
    add_annex(page, assessment);
    return g_string_free(page, FALSE);
}
