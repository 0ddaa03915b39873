/* SPDX-License-Identifier: MIT */

/*
 * A1  A verdict of a provision or test case only ever gets worse as runs are added.
 * A2  A standing claim with nothing to watch counts for nothing.
 * A3  A run whose faults took no effect is INCONCLUSIVE for everything its claims are about; a run
 *     that is ERROR is ERROR for everything its scenario claims.
 * A4  A canary that was not caught is an ERROR, whatever the runs say.
 */

#include "sim/verdict/assessment.h"

#include <string.h>

#define ASSESSMENT_FORMAT 1

static void claim_summary_free(void *claim)
{
    ClaimSummary *at = claim;
    g_free(at->sentence);
    g_strfreev(at->proves);
    g_free(at);
}

static void scenario_summary_free(void *scenario)
{
    ScenarioSummary *at = scenario;
    g_free(at->id);
    g_free(at->title);
    g_free(at->file);
    g_ptr_array_unref(at->claims);
    g_free(at);
}

static void provision_verdict_free(void *provision)
{
    ProvisionVerdict *at = provision;
    g_ptr_array_unref(at->cases);
    g_ptr_array_unref(at->scenarios);
    g_free(at);
}

Assessment *assessment_new(const Catalogue *catalogue, const char *version)
{
    Assessment *assessment = g_new0(Assessment, 1);
    assessment->catalogue = catalogue;
    assessment->version = g_strdup(version);
    assessment->crashes = g_ptr_array_new_with_free_func((GDestroyNotify)sweeping_crash_free);
    assessment->canaries = g_ptr_array_new_with_free_func((GDestroyNotify)sweeping_canary_free);
    assessment->scenarios = g_ptr_array_new_with_free_func(scenario_summary_free);
    assessment->runs = g_ptr_array_new_with_free_func((GDestroyNotify)result_free);
    assessment->provisions = g_ptr_array_new_with_free_func(provision_verdict_free);
    return assessment;
}

void assessment_free(Assessment *assessment)
{
    if (assessment != NULL) {
        g_free(assessment->version);
        g_free(assessment->lab);
        g_free(assessment->plan_id);
        g_free(assessment->seed);
        g_free(assessment->defect);
        g_free(assessment->shard);
        g_ptr_array_unref(assessment->crashes);
        g_ptr_array_unref(assessment->canaries);
        g_ptr_array_unref(assessment->provisions);
        g_ptr_array_unref(assessment->scenarios);
        g_ptr_array_unref(assessment->runs);
        g_free(assessment);
    }
}

static ScenarioSummary *add_scenario(Assessment *assessment)
{
    ScenarioSummary *scenario = g_new0(ScenarioSummary, 1);
    scenario->claims = g_ptr_array_new_with_free_func(claim_summary_free);
    g_ptr_array_add(assessment->scenarios, scenario);
    return scenario;
}

ScenarioSummary *assessment_add_scenario(Assessment *assessment, const Plan *plan,
                                         const char *title, const char *file)
{
    ScenarioSummary *scenario = add_scenario(assessment);
    scenario->id = g_strdup(plan->scenario);
    scenario->title = g_strdup(title);
    scenario->file = g_strdup(file);
    for (guint i = 0; i < plan->claims->len; i++) {
        const Claim *claim = g_ptr_array_index(plan->claims, i);
        ClaimSummary *summary = g_new0(ClaimSummary, 1);
        summary->number = claim->number;
        summary->standing = claim->standing;
        summary->sentence = g_strdup(claim->sentence);
        summary->proves = g_strdupv(claim->proves);
        summary->line = claim->place.line;
        g_ptr_array_add(scenario->claims, summary);
    }
    return scenario;
}

const ScenarioSummary *assessment_scenario(const Assessment *assessment, const char *id)
{
    for (guint i = 0; i < assessment->scenarios->len; i++) {
        const ScenarioSummary *scenario = g_ptr_array_index(assessment->scenarios, i);
        if (strcmp(scenario->id, id) == 0) {
            return scenario;
        }
    }
    return NULL;
}

const ClaimSummary *assessment_claim(const ScenarioSummary *scenario, uint32_t number)
{
    for (guint i = 0; i < scenario->claims->len; i++) {
        const ClaimSummary *claim = g_ptr_array_index(scenario->claims, i);
        if (claim->number == number) {
            return claim;
        }
    }
    return NULL;
}

/* Rolling up. */

static ProvisionVerdict *provision_verdict_new(const Provision *provision)
{
    ProvisionVerdict *verdict = g_new0(ProvisionVerdict, 1);
    verdict->provision = provision;
    verdict->cases = g_ptr_array_new_with_free_func(g_free);
    verdict->scenarios = g_ptr_array_new();
    for (guint i = 0; i < provision->test_cases->len; i++) {
        CaseVerdict *test_case = g_new0(CaseVerdict, 1);
        test_case->test_case = g_ptr_array_index(provision->test_cases, i);
        g_ptr_array_add(verdict->cases, test_case);
    }
    return verdict;
}

/* Counts a claim's verdict for the test cases `id` is about. */
static void count_cases(ProvisionVerdict *provision, const char *id, Verdict verdict)
{
    bool whole = strcmp(provision->provision->id, id) == 0;
    for (guint i = 0; i < provision->cases->len; i++) {
        CaseVerdict *test_case = g_ptr_array_index(provision->cases, i);
        bool functional = strcmp(test_case->test_case->kind, "conceptual") != 0;
        if ((whole && functional) || strcmp(test_case->test_case->id, id) == 0) {
            test_case->verdict =
                test_case->judged ? verdict_join(test_case->verdict, verdict) : verdict;
            test_case->judged = true;
        }
    }
}

static void count_claim(ProvisionVerdict *provision, const ScenarioSummary *scenario,
                        const RunResult *run, Verdict verdict, const char *reason)
{
    if (!provision->judged || verdict > provision->verdict) { /* A1 */
        provision->verdict = verdict;
        provision->worst = verdict == VERDICT_PASS ? NULL : run;
        provision->reason = reason;
    }
    provision->judged = true;
    for (int i = 0; i < VERB_FAULTS; i++) {
        if (run->asked[i] > 0) {
            provision->fault_verdicts[i] = verdict_join(provision->fault_verdicts[i], verdict);
        }
    }
    if (!g_ptr_array_find(provision->scenarios, scenario, NULL)) {
        g_ptr_array_add(provision->scenarios, (void *)scenario);
    }
}

/* What a claim came to in a run; false when it counts for nothing there. */
static bool claim_verdict(const RunResult *run, const ClaimSummary *claim, Verdict *ret_verdict,
                          const char **ret_reason)
{
    *ret_reason = run->reason;
    if (run->verdict == VERDICT_ERROR) { /* A3 */
        *ret_verdict = VERDICT_ERROR;
        return !claim->standing;
    }
    bool idle = false;
    for (int i = 0; i < VERB_FAULTS; i++) {
        idle = idle || run->effective[i] < run->asked[i];
    }
    for (guint i = 0; i < run->claims->len; i++) {
        const ClaimResult *result = g_ptr_array_index(run->claims, i);
        if (result->number != claim->number) {
            continue;
        }
        if (claim->standing && result->occasions == 0 && result->verdict == VERDICT_PASS) {
            return false; /* A2 */
        }
        *ret_verdict = idle ? verdict_join(result->verdict, VERDICT_INCONCLUSIVE) : result->verdict;
        *ret_reason = result->reason != NULL ? result->reason : run->reason;
        return true;
    }
    return false;
}

static void count_run(Assessment *assessment, GHashTable *by_id, const RunResult *run)
{
    ScenarioSummary *scenario = (ScenarioSummary *)assessment_scenario(assessment, run->scenario);
    assessment->counts[run->verdict]++;
    assessment->judged = verdict_join(assessment->judged, run->verdict);
    assessment->repeated += run->repeated ? 1 : 0;
    for (int i = 0; i < VERB_FAULTS; i++) {
        assessment->asked += run->asked[i];
        assessment->effective += run->effective[i];
    }
    if (scenario == NULL) {
        return;
    }
    scenario->runs++;
    scenario->counts[run->verdict]++;
    scenario->verdict = verdict_join(scenario->verdict, run->verdict);
    for (int i = 0; i < VERB_FAULTS; i++) {
        scenario->asked[i] += run->asked[i];
        scenario->effective[i] += run->effective[i];
    }
    g_autoptr(GHashTable) touched = g_hash_table_new(NULL, NULL);
    for (guint i = 0; i < scenario->claims->len; i++) {
        const ClaimSummary *claim = g_ptr_array_index(scenario->claims, i);
        Verdict verdict = VERDICT_PASS;
        const char *reason = NULL;
        if (!claim_verdict(run, claim, &verdict, &reason)) {
            continue;
        }
        for (char **id = claim->proves; *id != NULL; id++) {
            ProvisionVerdict *provision = g_hash_table_lookup(by_id, *id);
            if (provision == NULL) {
                continue;
            }
            count_claim(provision, scenario, run, verdict, reason);
            count_cases(provision, *id, verdict);
            if (g_hash_table_add(touched, provision)) {
                provision->runs++;
                for (int f = 0; f < VERB_FAULTS; f++) {
                    provision->fault_runs[f] += run->effective[f] > 0 ? 1 : 0;
                }
            }
        }
    }
}

static void reset(Assessment *assessment)
{
    g_ptr_array_set_size(assessment->provisions, 0);
    memset(assessment->counts, 0, sizeof assessment->counts);
    assessment->asked = 0;
    assessment->effective = 0;
    assessment->repeated = 0;
    assessment->provisions_judged = 0;
    assessment->judged = VERDICT_PASS;
    for (guint i = 0; i < assessment->scenarios->len; i++) {
        ScenarioSummary *scenario = g_ptr_array_index(assessment->scenarios, i);
        scenario->runs = 0;
        scenario->verdict = VERDICT_PASS;
        memset(scenario->counts, 0, sizeof scenario->counts);
        memset(scenario->asked, 0, sizeof scenario->asked);
        memset(scenario->effective, 0, sizeof scenario->effective);
    }
}

static void judge_sweeps(Assessment *assessment)
{
    for (guint i = 0; i < assessment->crashes->len; i++) {
        const SweepingCrash *crash = g_ptr_array_index(assessment->crashes, i);
        assessment->judged = verdict_join(assessment->judged, crash->verdict);
        assessment->interrupted = assessment->interrupted || crash->interrupted;
    }
    for (guint i = 0; i < assessment->canaries->len; i++) {
        const SweepingCanary *canary = g_ptr_array_index(assessment->canaries, i);
        if (!canary->caught) { /* A4 */
            assessment->judged = VERDICT_ERROR;
        }
    }
}

void assessment_roll_up(Assessment *assessment)
{
    reset(assessment);
    g_autoptr(GHashTable) by_id = g_hash_table_new(g_str_hash, g_str_equal);
    const GPtrArray *provisions = assessment->catalogue->provisions;
    for (guint i = 0; i < provisions->len; i++) {
        const Provision *provision = g_ptr_array_index(provisions, i);
        ProvisionVerdict *verdict = provision_verdict_new(provision);
        g_ptr_array_add(assessment->provisions, verdict);
        g_hash_table_insert(by_id, provision->id, verdict);
        for (guint j = 0; j < provision->test_cases->len; j++) {
            const TestCase *test_case = g_ptr_array_index(provision->test_cases, j);
            g_hash_table_insert(by_id, test_case->id, verdict);
        }
    }
    for (guint i = 0; i < assessment->runs->len; i++) {
        count_run(assessment, by_id, g_ptr_array_index(assessment->runs, i));
    }
    judge_sweeps(assessment);
    if (assessment->interrupted) {
        assessment->judged = verdict_join(assessment->judged, VERDICT_INCONCLUSIVE);
    }
    assessment->complete = !assessment->interrupted;
    for (guint i = 0; i < assessment->provisions->len; i++) {
        const ProvisionVerdict *provision = g_ptr_array_index(assessment->provisions, i);
        assessment->provisions_judged += provision->judged ? 1 : 0;
        assessment->complete = assessment->complete && provision->judged;
        for (guint j = 0; j < provision->cases->len; j++) {
            const CaseVerdict *test_case = g_ptr_array_index(provision->cases, j);
            assessment->complete = assessment->complete && test_case->judged;
        }
    }
}

static void move_all(GPtrArray *from, GPtrArray *to)
{
    while (from->len > 0) {
        g_ptr_array_add(to, g_ptr_array_steal_index(from, 0));
    }
}

void assessment_join(Assessment *assessment, Assessment *take_other)
{
    Digest chain = digest_of(assessment->plan_id, strlen(assessment->plan_id));
    char hex[DIGEST_TEXT_BYTES];
    chain = digest_chain(&chain, take_other->plan_id, strlen(take_other->plan_id));
    g_free(assessment->plan_id);
    assessment->plan_id = g_strdup(digest_print(&chain, hex));
    assessment->interrupted = assessment->interrupted || take_other->interrupted;
    /* Provisions point to runs and scenarios: they are made anew. */
    g_ptr_array_set_size(take_other->provisions, 0);
    move_all(take_other->crashes, assessment->crashes);
    move_all(take_other->canaries, assessment->canaries);
    move_all(take_other->scenarios, assessment->scenarios);
    g_ptr_array_extend_and_steal(assessment->runs, g_steal_pointer(&take_other->runs));
    take_other->runs = g_ptr_array_new_with_free_func((GDestroyNotify)result_free);
    assessment_free(take_other);
    assessment_roll_up(assessment);
}

/* Storing. */

static void write_scenario(Canon *canon, const ScenarioSummary *scenario)
{
    canon_begin_object(canon);
    canon_member_text(canon, "id", scenario->id);
    canon_member_text(canon, "title", scenario->title);
    canon_member_text(canon, "file", scenario->file);
    canon_member_text(canon, "verdict", verdict_name(scenario->verdict));
    canon_member_integer(canon, "runs", scenario->runs);
    canon_member_integer(canon, "operations", (int64_t)scenario->operations);
    canon_key(canon, "claims");
    canon_begin_array(canon);
    for (guint i = 0; i < scenario->claims->len; i++) {
        const ClaimSummary *claim = g_ptr_array_index(scenario->claims, i);
        canon_begin_object(canon);
        canon_member_integer(canon, "number", claim->number);
        canon_member_truth(canon, "standing", claim->standing);
        canon_member_text(canon, "sentence", claim->sentence);
        canon_member_texts(canon, "proves", claim->proves);
        canon_member_integer(canon, "line", claim->line);
        canon_end_object(canon);
    }
    canon_end_array(canon);
    canon_end_object(canon);
}

static void write_provision(Canon *canon, const ProvisionVerdict *provision)
{
    canon_begin_object(canon);
    canon_member_text(canon, "id", provision->provision->id);
    canon_member_text(canon, "status_code", provision->provision->status_code);
    canon_member_text(canon, "verdict",
                      provision->judged ? verdict_name(provision->verdict) : "gap");
    canon_member_integer(canon, "runs", provision->runs);
    canon_member_text(canon, "worst", provision->worst == NULL ? NULL : provision->worst->run_id);
    canon_member_text(canon, "reason", provision->worst == NULL ? NULL : provision->reason);
    canon_key(canon, "test_cases");
    canon_begin_array(canon);
    for (guint i = 0; i < provision->cases->len; i++) {
        const CaseVerdict *test_case = g_ptr_array_index(provision->cases, i);
        canon_begin_object(canon);
        canon_member_text(canon, "id", test_case->test_case->id);
        canon_member_text(canon, "kind", test_case->test_case->kind);
        canon_member_text(canon, "verdict",
                          test_case->judged ? verdict_name(test_case->verdict) : "gap");
        canon_end_object(canon);
    }
    canon_end_array(canon);
    canon_end_object(canon);
}

char *assessment_to_json(const Assessment *assessment)
{
    g_autoptr(Canon) canon = canon_new();
    canon_begin_object(canon);
    canon_member_integer(canon, "format", ASSESSMENT_FORMAT);
    canon_member_text(canon, "version", assessment->version);
    canon_member_text(canon, "lab", assessment->lab);
    canon_member_text(canon, "plan_id", assessment->plan_id);
    canon_member_text(canon, "seed", assessment->seed);
    canon_member_text(canon, "defect", assessment->defect);
    canon_member_truth(canon, "interrupted", assessment->interrupted);
    canon_member_text(canon, "judged", verdict_name(assessment->judged));
    canon_member_truth(canon, "complete", assessment->complete);
    canon_key(canon, "counts");
    canon_begin_object(canon);
    for (int i = 0; i < VERDICTS; i++) {
        canon_member_integer(canon, verdict_name((Verdict)i), assessment->counts[i]);
    }
    canon_member_integer(canon, "faults_asked", assessment->asked);
    canon_member_integer(canon, "faults_effective", assessment->effective);
    canon_member_integer(canon, "repeated", assessment->repeated);
    canon_end_object(canon);
    canon_member_text(canon, "shard", assessment->shard);
    canon_key(canon, "canaries");
    canon_begin_array(canon);
    for (guint i = 0; i < assessment->canaries->len; i++) {
        sweeping_canary_write(g_ptr_array_index(assessment->canaries, i), canon);
    }
    canon_end_array(canon);
    canon_key(canon, "crash_sweeps");
    canon_begin_array(canon);
    for (guint i = 0; i < assessment->crashes->len; i++) {
        sweeping_crash_write(g_ptr_array_index(assessment->crashes, i), canon);
    }
    canon_end_array(canon);
    canon_key(canon, "provisions");
    canon_begin_array(canon);
    for (guint i = 0; i < assessment->provisions->len; i++) {
        write_provision(canon, g_ptr_array_index(assessment->provisions, i));
    }
    canon_end_array(canon);
    canon_key(canon, "scenarios");
    canon_begin_array(canon);
    for (guint i = 0; i < assessment->scenarios->len; i++) {
        write_scenario(canon, g_ptr_array_index(assessment->scenarios, i));
    }
    canon_end_array(canon);
    canon_key(canon, "runs");
    canon_begin_array(canon);
    for (guint i = 0; i < assessment->runs->len; i++) {
        result_write(g_ptr_array_index(assessment->runs, i), canon);
    }
    canon_end_array(canon);
    canon_end_object(canon);
    return canon_finish(canon);
}

/* Reading back. */

static bool read_claim(const TreeNode *node, ScenarioSummary *scenario, GError **error)
{
    ClaimSummary *claim = g_new0(ClaimSummary, 1);
    g_ptr_array_add(scenario->claims, claim);
    const TreeNode *line = tree_get(node, "line");
    int64_t number = 0;
    int64_t line_number = 0;
    if (!tree_require_integer(node, "number", 1, UINT32_MAX, &number, error) ||
        !tree_require_truth(node, "standing", &claim->standing, error) ||
        !tree_require_text(node, "sentence", &claim->sentence, error) ||
        (line != NULL && !tree_integer(line, 0, INT32_MAX, &line_number, error))) {
        return false;
    }
    claim->number = (uint32_t)number;
    claim->line = (int)line_number;
    const TreeNode *proves = tree_require(node, "proves", error);
    claim->proves = proves == NULL ? NULL : tree_texts(proves, error);
    return claim->proves != NULL;
}

static bool read_scenario(const TreeNode *node, Assessment *assessment, GError **error)
{
    ScenarioSummary *scenario = add_scenario(assessment);
    int64_t operations = 0;
    if (!tree_require_integer(node, "operations", 0, INT64_MAX, &operations, error) ||
        !tree_require_text(node, "id", &scenario->id, error) ||
        !tree_require_text(node, "title", &scenario->title, error) ||
        !tree_require_text(node, "file", &scenario->file, error)) {
        return false;
    }
    scenario->operations = (uint64_t)operations;
    const TreeNode *claims = tree_require(node, "claims", error);
    if (claims == NULL || !tree_expect(claims, TREE_SEQUENCE, "a list of claims", error)) {
        return false;
    }
    for (size_t i = 0; i < claims->count; i++) {
        if (!read_claim(claims->children[i], scenario, error)) {
            return false;
        }
    }
    return scenario->id != NULL || tree_refuse(node, error, "a scenario needs an id");
}

/* Both lists came with later versions. */
static bool read_sweeps(const TreeNode *root, Assessment *assessment, GError **error)
{
    const TreeNode *crashes = tree_get(root, "crash_sweeps");
    const TreeNode *canaries = tree_get(root, "canaries");
    for (size_t i = 0; crashes != NULL && i < crashes->count; i++) {
        SweepingCrash *crash = sweeping_crash_read(crashes->children[i], error);
        if (crash == NULL) {
            return false;
        }
        g_ptr_array_add(assessment->crashes, crash);
    }
    for (size_t i = 0; canaries != NULL && i < canaries->count; i++) {
        SweepingCanary *canary = sweeping_canary_read(canaries->children[i], error);
        if (canary == NULL) {
            return false;
        }
        g_ptr_array_add(assessment->canaries, canary);
    }
    return tree_get(root, "shard") == NULL ||
           tree_require_text(root, "shard", &assessment->shard, error);
}

Assessment *assessment_from_json(const Catalogue *catalogue, const char *path, GError **error)
{
    g_autoptr(Tree) tree = tree_load(path, error);
    if (tree == NULL || !tree_expect(tree_root(tree), TREE_MAPPING, "an assessment", error)) {
        return NULL;
    }
    const TreeNode *root = tree_root(tree);
    g_autoptr(Assessment) assessment = assessment_new(catalogue, NULL);
    int64_t format = 0;
    if (!tree_require_integer(root, "format", ASSESSMENT_FORMAT, ASSESSMENT_FORMAT, &format,
                              error) ||
        !tree_require_truth(root, "interrupted", &assessment->interrupted, error) ||
        !tree_require_text(root, "version", &assessment->version, error) ||
        !tree_require_text(root, "lab", &assessment->lab, error) ||
        !tree_require_text(root, "plan_id", &assessment->plan_id, error) ||
        !tree_require_text(root, "seed", &assessment->seed, error) ||
        !tree_require_text(root, "defect", &assessment->defect, error) ||
        !read_sweeps(root, assessment, error)) {
        return NULL;
    }
    const TreeNode *scenarios = tree_require(root, "scenarios", error);
    const TreeNode *runs = scenarios == NULL ? NULL : tree_require(root, "runs", error);
    if (runs == NULL || !tree_expect(scenarios, TREE_SEQUENCE, "a list of scenarios", error) ||
        !tree_expect(runs, TREE_SEQUENCE, "a list of runs", error)) {
        return NULL;
    }
    for (size_t i = 0; i < scenarios->count; i++) {
        if (!read_scenario(scenarios->children[i], assessment, error)) {
            return NULL;
        }
    }
    for (size_t i = 0; i < runs->count; i++) {
        RunResult *run = result_read(runs->children[i], error);
        if (run == NULL) {
            return NULL;
        }
        g_ptr_array_add(assessment->runs, run);
    }
    assessment_roll_up(assessment);
    return g_steal_pointer(&assessment);
}
