/* SPDX-License-Identifier: MIT */

#include "sim/report/junit.h"

#include <string.h>

/* Passing runs of one scenario that are listed one by one. */
#define PASSES_LISTED_MAX 200

/* Text that XML allows: valid UTF-8, no control characters, nothing that means markup. */
static char *escape(const char *text)
{
    g_autofree char *valid = g_utf8_make_valid(text == NULL ? "" : text, -1);
    for (char *at = valid; *at != '\0'; at++) {
        *at = g_ascii_iscntrl(*at) && *at != '\n' ? ' ' : *at;
    }
    return g_markup_escape_text(valid, -1);
}

static void add_case(GString *xml, const RunResult *run, const char *program)
{
    g_autofree char *name = escape(run->run_id);
    g_autofree char *scenario = escape(run->scenario);
    g_autofree char *reason = escape(run->reason);
    char seconds[32];
    /* In virtual time: the host's would make the file differ from run to run. */
    g_snprintf(seconds, sizeof seconds, "%" G_GINT64_FORMAT ".%03d", run->ended / VTIME_S,
               (int)(run->ended % VTIME_S / VTIME_MS));
    g_string_append_printf(xml, "    <testcase classname=\"%s\" name=\"%s\" time=\"%s\"", scenario,
                           name, seconds);
    if (run->verdict == VERDICT_PASS) {
        g_string_append(xml, "/>\n");
        return;
    }
    const char *element = run->verdict == VERDICT_FAIL ? "failure" : "error";
    g_string_append_printf(xml,
                           ">\n      <%s type=\"%s\" message=\"%s\">%s\nReproduce: %s replay "
                           "&apos;%s&apos;</%s>\n",
                           element, verdict_name(run->verdict), reason, reason, program, name,
                           element);
    if (run->bundle != NULL) {
        g_autofree char *bundle = escape(run->bundle);
        g_string_append_printf(
            xml, "      <system-out>[[ATTACHMENT|%s/events.jsonl]]</system-out>\n", bundle);
    }
    g_string_append(xml, "    </testcase>\n");
}

static void add_suite(GString *xml, const Assessment *assessment, const ScenarioSummary *scenario,
                      const char *program)
{
    uint32_t passes = scenario->counts[VERDICT_PASS];
    bool shorten = passes > PASSES_LISTED_MAX;
    uint32_t listed = shorten ? scenario->runs - passes + 1 : scenario->runs;
    g_autofree char *name = escape(scenario->id);
    g_string_append_printf(
        xml, "  <testsuite name=\"%s\" tests=\"%u\" failures=\"%u\" errors=\"%u\">\n", name, listed,
        scenario->counts[VERDICT_FAIL],
        scenario->counts[VERDICT_INCONCLUSIVE] + scenario->counts[VERDICT_ERROR]);
    g_string_append(xml, "    <properties>\n");
    for (guint i = 0; i < scenario->claims->len; i++) {
        const ClaimSummary *claim = g_ptr_array_index(scenario->claims, i);
        g_autofree char *proves = g_strjoinv(" ", claim->proves);
        g_autofree char *value = escape(proves);
        g_string_append_printf(xml, "      <property name=\"claim.%u.proves\" value=\"%s\"/>\n",
                               claim->number, value);
    }
    g_string_append(xml, "    </properties>\n");
    if (shorten) {
        g_string_append_printf(xml,
                               "    <testcase classname=\"%s\" name=\"%s: %u runs passed\"/>\n",
                               name, name, passes);
    }
    for (guint i = 0; i < assessment->runs->len; i++) {
        const RunResult *run = g_ptr_array_index(assessment->runs, i);
        if (strcmp(run->scenario, scenario->id) == 0 &&
            !(shorten && run->verdict == VERDICT_PASS)) {
            add_case(xml, run, program);
        }
    }
    g_string_append(xml, "  </testsuite>\n");
}

static void add_gaps(GString *xml, const Assessment *assessment)
{
    uint32_t gaps = assessment->provisions->len - assessment->provisions_judged;
    g_string_append_printf(xml, "  <testsuite name=\"gaps\" tests=\"%u\" skipped=\"%u\">\n", gaps,
                           gaps);
    for (guint i = 0; i < assessment->provisions->len; i++) {
        const ProvisionVerdict *provision = g_ptr_array_index(assessment->provisions, i);
        if (!provision->judged) {
            g_autofree char *id = escape(provision->provision->id);
            g_autofree char *title = escape(provision->provision->title);
            g_string_append_printf(xml,
                                   "    <testcase classname=\"gaps\" name=\"%s\"><skipped "
                                   "message=\"no scenario here claims: %s\"/></testcase>\n",
                                   id, title);
        }
    }
    g_string_append(xml, "  </testsuite>\n");
}

char *junit_text(const Assessment *assessment, const char *program)
{
    GString *xml = g_string_new("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    g_string_append_printf(xml, "<testsuites name=\"lockstep\" failures=\"%u\" errors=\"%u\">\n",
                           assessment->counts[VERDICT_FAIL],
                           assessment->counts[VERDICT_INCONCLUSIVE] +
                               assessment->counts[VERDICT_ERROR]);
    for (guint i = 0; i < assessment->scenarios->len; i++) {
        add_suite(xml, assessment, g_ptr_array_index(assessment->scenarios, i), program);
    }
    add_gaps(xml, assessment);
    g_string_append(xml, "</testsuites>\n");
    return g_string_free(xml, FALSE);
}
