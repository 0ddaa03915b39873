/* SPDX-License-Identifier: MIT */

/* Does what was found add up to provisions as it should, and do all the reports say the same of it?
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <glib.h>

#include <glib/gstdio.h>

#include "sim/report/html.h"
#include "sim/report/junit.h"
#include "sim/report/text.h"
#include "sim/verdict/assessment.h"

#define CATALOGUE "scenarios/catalogue"

typedef struct Fixture {
    Catalogue *catalogue;
    Assessment *assessment;
    Plan *plan;
} Fixture;

/* An assessment of one scenario whose one claim proves `proves`. */
static Fixture fixture_new(const char *proves, bool standing)
{
    g_autoptr(GError) error = NULL;
    Fixture fixture = {.catalogue = catalogue_load(CATALOGUE, &error)};
    if (fixture.catalogue == NULL) {
        fail_msg("%s", error->message);
    }
    fixture.assessment = assessment_new(fixture.catalogue, "test");
    fixture.plan = plan_new();
    fixture.plan->scenario = g_strdup("a/b");
    Claim *claim = plan_claim_new(CLAIM_NEVER);
    claim->number = 1;
    claim->standing = standing;
    claim->sentence = g_strdup("<never> & \"ever\"");
    g_strfreev(claim->proves);
    claim->proves = g_strsplit(proves, " ", 0);
    g_ptr_array_add(fixture.plan->claims, claim);
    assessment_add_scenario(fixture.assessment, fixture.plan, "A title", "scenarios/a/b.yaml");
    return fixture;
}

static RunResult *add_run(Fixture *fixture, const char *run_id, Verdict verdict, uint32_t occasions)
{
    RunResult *run =
        result_new_error(run_id, "a/b", verdict == VERDICT_PASS ? NULL : "because <x>");
    run->verdict = verdict;
    if (verdict != VERDICT_ERROR) {
        ClaimResult *claim = g_new0(ClaimResult, 1);
        claim->number = 1;
        claim->verdict = verdict;
        claim->occasions = occasions;
        claim->reason = verdict == VERDICT_PASS ? NULL : g_strdup("because <x>");
        claim->cites = g_array_new(FALSE, FALSE, sizeof(uint64_t));
        uint64_t cite = 17;
        g_array_append_val(claim->cites, cite);
        g_ptr_array_add(run->claims, claim);
    }
    g_ptr_array_add(fixture->assessment->runs, run);
    assessment_roll_up(fixture->assessment);
    return run;
}

static const ProvisionVerdict *provision(const Fixture *fixture, const char *id)
{
    for (guint i = 0; i < fixture->assessment->provisions->len; i++) {
        const ProvisionVerdict *verdict = g_ptr_array_index(fixture->assessment->provisions, i);
        if (strcmp(verdict->provision->id, id) == 0) {
            return verdict;
        }
    }
    fail_msg("no provision %s", id);
    return NULL;
}

static void fixture_clear(Fixture *fixture)
{
    assessment_free(fixture->assessment);
    plan_free(fixture->plan);
    catalogue_free(fixture->catalogue);
}

static void test_catalogue__holds_all_provisions_and_test_cases(void **state)
{
    (void)state;
    g_autoptr(Catalogue) catalogue = catalogue_load(CATALOGUE, NULL);
    assert_non_null(catalogue);
    unsigned provisions = 0;
    unsigned mandatory = 0;
    unsigned cases = 0;
    for (guint i = 0; i < catalogue->provisions->len; i++) {
        const Provision *at = g_ptr_array_index(catalogue->provisions, i);
        if (strstr(at->standard, "EN 303 645") != NULL) {
            provisions++;
            mandatory += at->mandatory ? 1 : 0;
            cases += at->test_cases->len;
        }
        assert_true(strlen(at->title) > 0);
    }
    assert_int_equal(provisions, 78);
    assert_int_equal(mandatory, 36);
    assert_int_equal(cases, 132);
    assert_string_equal(catalogue_find(catalogue, "5.3-4A-2")->id, "5.3-4A");
    assert_string_equal(catalogue_find(catalogue, "SDL-5.3-1")->clause, "SDL");
    assert_string_equal(catalogue_find(catalogue, "6-3A")->clause, "6");
    assert_null(catalogue_find(catalogue, "5.3-99"));
}

static void test_assessment__takes_the_worst_of_all_runs(void **state)
{
    (void)state;
    Fixture fixture = fixture_new("5.3-2", false);
    add_run(&fixture, "a/b+seed=1", VERDICT_PASS, 1);
    assert_int_equal(provision(&fixture, "5.3-2")->verdict, VERDICT_PASS);
    add_run(&fixture, "a/b+seed=2", VERDICT_FAIL, 1);
    add_run(&fixture, "a/b+seed=3", VERDICT_PASS, 1);
    const ProvisionVerdict *verdict = provision(&fixture, "5.3-2");
    assert_int_equal(verdict->verdict, VERDICT_FAIL);
    assert_int_equal(verdict->runs, 3);
    assert_string_equal(verdict->worst->run_id, "a/b+seed=2");
    assert_int_equal(fixture.assessment->judged, VERDICT_FAIL);
    add_run(&fixture, "a/b+seed=4", VERDICT_ERROR, 0);
    assert_int_equal(provision(&fixture, "5.3-2")->verdict, VERDICT_ERROR);
    fixture_clear(&fixture);
}

static void test_assessment__leaves_gaps_open(void **state)
{
    (void)state;
    Fixture fixture = fixture_new("5.3-2", false);
    add_run(&fixture, "a/b+seed=1", VERDICT_PASS, 1);
    assert_false(provision(&fixture, "5.3-1")->judged);
    assert_int_equal(fixture.assessment->provisions_judged, 1);
    assert_false(fixture.assessment->complete);
    fixture_clear(&fixture);
}

static void test_assessment__judges_functional_test_cases_only(void **state)
{
    (void)state;
    Fixture fixture = fixture_new("5.3-2", false);
    add_run(&fixture, "a/b+seed=1", VERDICT_PASS, 1);
    const ProvisionVerdict *verdict = provision(&fixture, "5.3-2");
    for (guint i = 0; i < verdict->cases->len; i++) {
        const CaseVerdict *test_case = g_ptr_array_index(verdict->cases, i);
        assert_int_equal(test_case->judged, strcmp(test_case->test_case->kind, "functional") == 0);
    }
    fixture_clear(&fixture);
}

static void test_assessment__counts_standing_claims_only_with_an_occasion(void **state)
{
    (void)state;
    Fixture fixture = fixture_new("5.9-1", true);
    add_run(&fixture, "a/b+seed=1", VERDICT_PASS, 0);
    assert_false(provision(&fixture, "5.9-1")->judged);
    add_run(&fixture, "a/b+seed=2", VERDICT_PASS, 1);
    assert_true(provision(&fixture, "5.9-1")->judged);
    fixture_clear(&fixture);
}

static void test_assessment__makes_idle_faults_inconclusive(void **state)
{
    (void)state;
    Fixture fixture = fixture_new("5.9-1", false);
    RunResult *run = add_run(&fixture, "a/b+seed=1", VERDICT_PASS, 1);
    run->asked[VERB_FAULT_POWER] = 1;
    assessment_roll_up(fixture.assessment);
    assert_int_equal(provision(&fixture, "5.9-1")->verdict, VERDICT_INCONCLUSIVE);
    run->effective[VERB_FAULT_POWER] = 1;
    assessment_roll_up(fixture.assessment);
    assert_int_equal(provision(&fixture, "5.9-1")->verdict, VERDICT_PASS);
    assert_int_equal(provision(&fixture, "5.9-1")->fault_runs[VERB_FAULT_POWER], 1);
    fixture_clear(&fixture);
}

static void test_assessment__is_the_same_after_being_stored(void **state)
{
    (void)state;
    Fixture fixture = fixture_new("5.3-2 5.3-9-2", false);
    add_run(&fixture, "a/b@nvm.op#3:weak+seed=1", VERDICT_FAIL, 2);
    add_run(&fixture, "a/b+seed=1", VERDICT_ERROR, 0);
    g_autofree char *json = assessment_to_json(fixture.assessment);
    g_autofree char *folder = g_dir_make_tmp(NULL, NULL);
    g_autofree char *path = g_build_filename(folder, "verdict.json", NULL);
    assert_true(g_file_set_contents(path, json, -1, NULL));
    g_autoptr(GError) error = NULL;
    g_autoptr(Assessment) again = assessment_from_json(fixture.catalogue, path, &error);
    if (again == NULL) {
        fail_msg("%s", error->message);
    }
    g_autofree char *json_again = assessment_to_json(again);
    /* Lines of claims are not kept, all else is. */
    assert_int_equal(strlen(json), strlen(json_again));
    remove(path);
    g_rmdir(folder);
    fixture_clear(&fixture);
}

/* A parser that accepts well-formed markup only. */
static void expect_well_formed(const char *xml)
{
    static const GMarkupParser PARSER = {NULL, NULL, NULL, NULL, NULL};
    g_autoptr(GError) error = NULL;
    GMarkupParseContext *context = g_markup_parse_context_new(&PARSER, 0, NULL, NULL);
    if (!g_markup_parse_context_parse(context, xml, -1, &error) ||
        !g_markup_parse_context_end_parse(context, &error)) {
        fail_msg("%s", error->message);
    }
    g_markup_parse_context_free(context);
}

static void test_junit__is_well_formed_and_counts_right(void **state)
{
    (void)state;
    Fixture fixture = fixture_new("5.3-2", false);
    add_run(&fixture, "a/b@nvm.op#3:weak+seed=1", VERDICT_FAIL, 1);
    add_run(&fixture, "a/b@nvm.op#4:weak+seed=1", VERDICT_INCONCLUSIVE, 1);
    add_run(&fixture, "a/b@nvm.op#5:weak+seed=1", VERDICT_PASS, 1);
    g_autofree char *xml = junit_text(fixture.assessment, "build/lockstep");
    expect_well_formed(xml);
    assert_non_null(strstr(xml, "<testsuites name=\"lockstep\" failures=\"1\" errors=\"1\">"));
    assert_non_null(strstr(xml, "because &lt;x&gt;"));
    assert_non_null(strstr(xml, "build/lockstep replay &apos;a/b@nvm.op#3:weak+seed=1&apos;"));
    assert_non_null(strstr(xml, "name=\"5.3-1\"><skipped"));
    fixture_clear(&fixture);
}

static void test_html__escapes_what_it_shows_and_needs_no_script(void **state)
{
    (void)state;
    Fixture fixture = fixture_new("5.3-2", false);
    add_run(&fixture, "a/b@nvm.op#3:weak+seed=1", VERDICT_FAIL, 1);
    g_autofree char *page = html_text(fixture.assessment, "build/lockstep", "/nonexistent");
    assert_null(strstr(page, "<never>"));
    assert_non_null(strstr(page, "&lt;never&gt; &amp; &quot;ever&quot;"));
    assert_null(strstr(page, "<script"));
    assert_null(strstr(page, "http://"));
    assert_null(strstr(page, "https://"));
    assert_non_null(strstr(page, "replay &#39;a/b@nvm.op#3:weak+seed=1&#39;"));
    g_autofree char *again = html_text(fixture.assessment, "build/lockstep", "/nonexistent");
    assert_string_equal(page, again);
    fixture_clear(&fixture);
}

static void test_text__names_every_gap_and_uses_colour_only_when_asked(void **state)
{
    (void)state;
    Fixture fixture = fixture_new("5.3-2", false);
    add_run(&fixture, "a/b+seed=1", VERDICT_FAIL, 1);
    g_autofree char *plain = text_provisions(fixture.assessment, false);
    g_autofree char *findings = text_findings(fixture.assessment, false);
    g_autofree char *colored = text_provisions(fixture.assessment, true);
    assert_null(strchr(plain, '\033'));
    assert_non_null(strchr(colored, '\033'));
    assert_non_null(strstr(plain, "FAIL"));
    assert_non_null(strstr(findings, "events 17"));
    for (guint i = 0; i < fixture.catalogue->provisions->len; i++) {
        const Provision *at = g_ptr_array_index(fixture.catalogue->provisions, i);
        assert_non_null(strstr(plain, at->id));
    }
    fixture_clear(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_catalogue__holds_all_provisions_and_test_cases),
        cmocka_unit_test(test_assessment__takes_the_worst_of_all_runs),
        cmocka_unit_test(test_assessment__leaves_gaps_open),
        cmocka_unit_test(test_assessment__judges_functional_test_cases_only),
        cmocka_unit_test(test_assessment__counts_standing_claims_only_with_an_occasion),
        cmocka_unit_test(test_assessment__makes_idle_faults_inconclusive),
        cmocka_unit_test(test_assessment__is_the_same_after_being_stored),
        cmocka_unit_test(test_junit__is_well_formed_and_counts_right),
        cmocka_unit_test(test_html__escapes_what_it_shows_and_needs_no_script),
        cmocka_unit_test(test_text__names_every_gap_and_uses_colour_only_when_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
