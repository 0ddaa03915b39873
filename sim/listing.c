/* SPDX-License-Identifier: MIT */

#include "sim/listing.h"

#include <string.h>

#include "sim/base/canon.h"
#include "sim/evidence/event.h"

static const char *const LISTS[] = {"provisions", "scenarios", "defects", NULL};

/* All scenarios, loaded; fails with the first mistake in any. */
static GPtrArray *load_all(Lab *lab, GError **error)
{
    g_autoptr(GPtrArray) scenarios = g_ptr_array_new();
    for (char *const *id = lab_scenario_ids(lab); *id != NULL; id++) {
        const Scenario *scenario = lab_scenario(lab, *id, error);
        if (scenario == NULL) {
            return NULL;
        }
        g_ptr_array_add(scenarios, (void *)scenario);
    }
    return g_steal_pointer(&scenarios);
}

/* Whether one of `ids` is the provision's, or one of its test cases'. */
static bool is_about(const Lab *lab, char *const *ids, const Provision *provision)
{
    for (; *ids != NULL; ids++) {
        if (catalogue_find(lab_catalogue(lab), *ids) == provision) {
            return true;
        }
    }
    return false;
}

/* The ids of the scenarios, and of the standing invariants, that prove a provision. */
static char **provers(const Lab *lab, const GPtrArray *scenarios, const Provision *provision)
{
    GPtrArray *ids = g_ptr_array_new();
    for (guint i = 0; i < scenarios->len; i++) {
        const Scenario *scenario = g_ptr_array_index(scenarios, i);
        g_auto(GStrv) all = scenario_all_proves(scenario);
        if (is_about(lab, all, provision)) {
            g_ptr_array_add(ids, g_strdup(scenario_id(scenario)));
        }
    }
    for (int i = 0; scenarios->len > 0 && i < INVARIANTS; i++) {
        g_auto(GStrv) proves = g_strsplit(plan_invariant_proves((Invariant)i), " ", 0);
        if (plan_invariant_is_standing((Invariant)i) && is_about(lab, proves, provision)) {
            g_ptr_array_add(ids, g_strdup_printf("always:%s", plan_invariant_names()[i]));
        }
    }
    g_ptr_array_add(ids, NULL);
    return (char **)g_ptr_array_free(ids, FALSE);
}

typedef struct Rows {
    bool json;
    GString *text;
    guint count;
} Rows;

static void add_json(Rows *rows, Canon *canon)
{
    g_autofree char *json = canon_finish(canon);
    g_string_append_printf(rows->text, "%s%s", rows->count++ == 0 ? "[\n" : ",\n", json);
}

static char *finish(Rows *rows)
{
    if (rows->json) {
        g_string_append(rows->text, rows->count == 0 ? "[]\n" : "\n]\n");
    }
    return g_string_free(rows->text, FALSE);
}

static void add_provision(Rows *rows, const Lab *lab, const GPtrArray *scenarios,
                          const Provision *provision)
{
    g_auto(GStrv) by = provers(lab, scenarios, provision);
    guint count = g_strv_length(by);
    if (!rows->json) {
        g_string_append_printf(rows->text, "%-10s %-13s %-9s %-4s %2u  %s\n", provision->id,
                               provision->status_code, provision->kind, count == 0 ? "gap" : "",
                               count, provision->title);
        return;
    }
    g_autoptr(GPtrArray) cases = g_ptr_array_new();
    for (guint i = 0; i < provision->test_cases->len; i++) {
        g_ptr_array_add(cases, ((const TestCase *)g_ptr_array_index(provision->test_cases, i))->id);
    }
    g_ptr_array_add(cases, NULL);
    g_autoptr(Canon) canon = canon_new();
    canon_begin_object(canon);
    canon_member_text(canon, "id", provision->id);
    canon_member_text(canon, "standard", provision->standard);
    canon_member_text(canon, "title", provision->title);
    canon_member_text(canon, "status_code", provision->status_code);
    canon_member_text(canon, "obligation", provision->mandatory ? "M" : "R");
    canon_member_text(canon, "kind", provision->kind);
    canon_member_texts(canon, "conditions", provision->conditions);
    canon_member_texts(canon, "features", provision->features);
    canon_member_texts(canon, "test_cases", (char *const *)cases->pdata);
    canon_member_texts(canon, "scenarios", by);
    canon_member_truth(canon, "gap", count == 0);
    canon_end_object(canon);
    add_json(rows, canon);
}

static char **fault_names(const Scenario *scenario)
{
    g_autoptr(GArray) faults = scenario_faults(scenario);
    GPtrArray *names = g_ptr_array_new();
    for (guint i = 0; i < faults->len; i++) {
        g_ptr_array_add(names, g_strdup(plan_fault_name(g_array_index(faults, VerbFault, i))));
    }
    g_ptr_array_add(names, NULL);
    return (char **)g_ptr_array_free(names, FALSE);
}

static const char *axis_name(const Scenario *scenario)
{
    return sweep_axis_name(scenario_sweep(scenario)->axis);
}

static void add_scenario(Rows *rows, const Scenario *scenario)
{
    g_auto(GStrv) faults = fault_names(scenario);
    if (!rows->json) {
        g_autofree char *proves = g_strjoinv(" ", (char **)scenario_proves(scenario));
        g_autofree char *kinds = g_strjoinv(",", faults);
        g_string_append_printf(rows->text, "%-52s %-24s %-18s %s\n", scenario_id(scenario), proves,
                               kinds, scenario_title(scenario));
        return;
    }
    g_autoptr(Canon) canon = canon_new();
    canon_begin_object(canon);
    canon_member_text(canon, "id", scenario_id(scenario));
    canon_member_text(canon, "title", scenario_title(scenario));
    canon_member_texts(canon, "proves", scenario_proves(scenario));
    canon_member_texts(canon, "faults", faults);
    canon_member_text(canon, "sweep", axis_name(scenario));
    canon_member_integer(canon, "seed", (int64_t)scenario_seed(scenario));
    canon_end_object(canon);
    add_json(rows, canon);
}

static void add_defect(Rows *rows, const Defect *defect)
{
    if (!rows->json) {
        g_autofree char *scenarios = g_strjoinv(" ", defect->scenarios);
        g_string_append_printf(rows->text, "%-30s %-50s %s\n", defect->name, scenarios,
                               defect->says);
        return;
    }
    g_autoptr(Canon) canon = canon_new();
    canon_begin_object(canon);
    canon_member_text(canon, "name", defect->name);
    canon_member_text(canon, "says", defect->says);
    canon_member_texts(canon, "programs", defect->programs);
    canon_member_texts(canon, "scenarios", defect->scenarios);
    canon_member_texts(canon, "proves", defect->proves);
    canon_end_object(canon);
    add_json(rows, canon);
}

char *listing_text(Lab *lab, const char *what, bool json, GError **error)
{
    if (!g_strv_contains(LISTS, what)) {
        const char *meant = tree_did_you_mean(what, LISTS);
        g_set_error(
            error, LAB_ERROR, LAB_ERROR_INPUT,
            "error: nothing is listed as \"%s\"%s%s%s; there are provisions, scenarios, defects",
            what, meant == NULL ? "" : ", did you mean \"", meant == NULL ? "" : meant,
            meant == NULL ? "" : "\"?");
        return NULL;
    }
    if (strcmp(what, "defects") == 0) {
        g_autoptr(GPtrArray) defects = lab_defects(lab, error);
        if (defects == NULL) {
            return NULL;
        }
        Rows rows = {.json = json, .text = g_string_new(NULL)};
        for (guint i = 0; i < defects->len; i++) {
            add_defect(&rows, g_ptr_array_index(defects, i));
        }
        return finish(&rows);
    }
    g_autoptr(GPtrArray) scenarios = load_all(lab, error);
    if (scenarios == NULL) {
        return NULL;
    }
    Rows rows = {.json = json, .text = g_string_new(NULL)};
    const GPtrArray *provisions = lab_catalogue(lab)->provisions;
    bool by_provision = strcmp(what, "provisions") == 0;
    for (guint i = 0; by_provision && i < provisions->len; i++) {
        add_provision(&rows, lab, scenarios, g_ptr_array_index(provisions, i));
    }
    for (guint i = 0; !by_provision && i < scenarios->len; i++) {
        add_scenario(&rows, g_ptr_array_index(scenarios, i));
    }
    return finish(&rows);
}

/* Explaining. */

static char *explain_verbs(void)
{
    GString *text = g_string_new(NULL);
    const ArgumentRule *rule = plan_argument_rules();
    for (int i = 0; i < VERBS; i++) {
        Verb verb = (Verb)i;
        g_string_append_printf(text, "%s\n    %s", plan_verb_name(verb), plan_verb_prose(verb));
        if (plan_verb_fault(verb) != VERB_FAULT_NONE) {
            g_string_append_printf(text, " A fault: %s.", plan_fault_name(plan_verb_fault(verb)));
        }
        g_string_append_c(text, '\n');
        for (; rule->key != NULL && rule->verb == verb; rule++) {
            g_string_append_printf(text, "      %-15s %s", rule->key, rule->prose);
            if (rule->required) {
                g_string_append(text, " (required)");
            } else if (rule->otherwise != NULL) {
                g_string_append_printf(text, " (%s)", rule->otherwise);
            }
            g_string_append_c(text, '\n');
        }
    }
    return g_string_free(text, FALSE);
}

static char *explain_events(void)
{
    GString *text = g_string_new(NULL);
    for (int i = 0; i < EVENT_KINDS; i++) {
        g_auto(GStrv) fields = event_kind_fields((EventKind)i);
        g_autofree char *list = g_strjoinv(", ", fields);
        g_string_append_printf(text, "%-24s %s%s%s%s\n", event_kind_name((EventKind)i),
                               event_kind_prose((EventKind)i), list[0] == '\0' ? "" : "  [", list,
                               list[0] == '\0' ? "" : "]");
    }
    return g_string_free(text, FALSE);
}

static char *explain_invariants(void)
{
    GString *text = g_string_new(NULL);
    for (int i = 0; i < INVARIANTS; i++) {
        g_string_append_printf(
            text, "%-34s %s%s\n", plan_invariant_names()[i], plan_invariant_prose((Invariant)i),
            plan_invariant_is_standing((Invariant)i) ? " (watched in every run)" : "");
    }
    return g_string_free(text, FALSE);
}

static const char EXIT_CODES[] =
    "0    every run is PASS\n"
    "1    at least one FAIL\n"
    "2    no FAIL, but something INCONCLUSIVE, or runs missing\n"
    "3    the lab broke: a machine died, evidence does not verify, a replay differs\n"
    "4    nothing was selected\n"
    "64   the command line, or a file it names, is wrong\n";

static char *explain_provision(Lab *lab, const Provision *provision, GError **error)
{
    g_autoptr(GPtrArray) scenarios = load_all(lab, error);
    if (scenarios == NULL) {
        return NULL;
    }
    GString *text = g_string_new(NULL);
    g_string_append_printf(text, "%s  %s\n%s\n\n%s. Clause %s, %s.\n", provision->id,
                           provision->status_code, provision->title, provision->standard,
                           provision->clause, provision->clause_title);
    for (guint i = 0; i < provision->test_cases->len; i++) {
        const TestCase *test_case = g_ptr_array_index(provision->test_cases, i);
        g_autofree char *units = g_strjoinv(", ", test_case->units);
        g_string_append_printf(text, "  test case %-10s %-11s units %s\n", test_case->id,
                               test_case->kind, units);
    }
    g_auto(GStrv) by = provers(lab, scenarios, provision);
    g_string_append(text, by[0] == NULL ? "\nNo scenario claims it: a gap.\n" : "\nClaimed by:\n");
    for (char **id = by; *id != NULL; id++) {
        g_string_append_printf(text, "  %s\n", *id);
    }
    return g_string_free(text, FALSE);
}

static char *explain_run(Lab *lab, const char *run_id, GError **error)
{
    g_auto(SweepRun) run = {.scenario = NULL};
    if (!sweep_parse_run_id(run_id, &run)) {
        g_set_error(error, LAB_ERROR, LAB_ERROR_INPUT,
                    "error: nothing is called \"%s\": no provision, scenario, defect or run; "
                    "there are also verbs, events, invariants, exit-codes",
                    run_id);
        return NULL;
    }
    const Scenario *scenario = lab_scenario(lab, run.scenario, error);
    if (scenario == NULL) {
        return NULL;
    }
    ScenarioOptions options = {.point = run.point.axis == SWEEP_NONE ? NULL : &run.point};
    g_autoptr(Plan) plan = scenario_plan(scenario, &options, error);
    if (plan == NULL) {
        return NULL;
    }
    g_autofree char *proves = g_strjoinv(" ", (char **)scenario_proves(scenario));
    GString *text = g_string_new(NULL);
    g_string_append_printf(text, "%s\n%s\n\nproves %s\n", scenario_id(scenario),
                           scenario_title(scenario), proves);
    if (axis_name(scenario) != NULL) {
        g_string_append_printf(text, "sweeps %s\n", axis_name(scenario));
    }
    g_string_append(text, "claims\n");
    for (guint i = 0; i < plan->claims->len; i++) {
        const Claim *claim = g_ptr_array_index(plan->claims, i);
        g_string_append_printf(text, "  %s\n", claim->sentence);
    }
    return g_string_free(text, FALSE);
}

char *listing_explain(Lab *lab, const char *what, GError **error)
{
    if (strcmp(what, "verbs") == 0) {
        return explain_verbs();
    }
    if (strcmp(what, "events") == 0) {
        return explain_events();
    }
    if (strcmp(what, "invariants") == 0) {
        return explain_invariants();
    }
    if (strcmp(what, "exit-codes") == 0) {
        return g_strdup(EXIT_CODES);
    }
    const Provision *provision = catalogue_find(lab_catalogue(lab), what);
    if (provision != NULL) {
        return explain_provision(lab, provision, error);
    }
    g_autoptr(GPtrArray) defects = lab_defects(lab, error);
    for (guint i = 0; defects != NULL && i < defects->len; i++) {
        const Defect *defect = g_ptr_array_index(defects, i);
        if (strcmp(defect->name, what) == 0) {
            g_autofree char *scenarios = g_strjoinv(", ", defect->scenarios);
            return g_strdup_printf("%s\n%s\n\nmust be found by %s\n", defect->name, defect->says,
                                   scenarios);
        }
    }
    return defects == NULL ? NULL : explain_run(lab, what, error);
}
