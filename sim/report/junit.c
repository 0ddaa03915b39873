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

static void add_check(GString *xml, const char *suite, const char *name, bool well, const char *why)
{
    g_autofree char *classname = escape(suite);
    g_autofree char *title = escape(name);
    g_autofree char *message = escape(why);
    g_string_append_printf(xml, "    <testcase classname=\"%s\" name=\"%s\"", classname, title);
    if (well) {
        g_string_append(xml, "/>\n");
        return;
    }
    g_string_append_printf(
        xml, ">\n      <error type=\"ERROR\" message=\"%s\">%s</error>\n    </testcase>\n", message,
        message);
}

#define CRASH_CHECKS 3u

static unsigned crash_errors(const SweepingCrash *crash)
{
    return (crash->interrupted ? 1u : 0) + (crash->again_different > 0 ? 1u : 0) +
           (crash->long_way_different > 0 ? 1u : 0);
}

/* What a sweep of crash states rests on; its runs that did not pass are its scenario's cases. */
static void add_crash(GString *xml, const SweepingCrash *crash)
{
    g_autofree char *suite = g_strdup_printf("%s: crash states", crash->scenario);
    g_autofree char *text = sweeping_crash_text(crash);
    g_auto(GStrv) lines = g_strsplit(text, "\n", 0);
    g_autofree char *name = escape(suite);
    uint64_t distinct = 0;
    uint64_t booted = 0;
    for (unsigned i = 0; i < SWEEPING_LEVELS_MAX; i++) {
        distinct += crash->levels[i].distinct;
        booted += crash->levels[i].booted;
    }
    g_autofree char *all = g_strdup_printf(
        "%" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT " distinct states booted", booted, distinct);
    g_autofree char *again =
        g_strdup_printf("%" G_GUINT64_FORMAT " booted again with the same evidence", crash->again);
    g_autofree char *around = g_strdup_printf(
        "%" G_GUINT64_FORMAT " the same as by a real cut from the very start", crash->long_way);
    g_string_append_printf(xml,
                           "  <testsuite name=\"%s\" tests=\"%u\" failures=\"0\" "
                           "errors=\"%u\">\n",
                           name, CRASH_CHECKS, crash_errors(crash));
    add_check(xml, suite, all, !crash->interrupted, "stopped before the end");
    add_check(xml, suite, again, crash->again_different == 0, "the evidence of some differs");
    add_check(xml, suite, around, crash->long_way_different == 0,
              crash->note == NULL ? "some differ" : crash->note);
    g_string_append(xml, "    <system-out>");
    for (size_t i = 0; lines[i] != NULL && lines[i][0] != '\0'; i++) {
        g_autofree char *line = escape(lines[i]);
        g_string_append_printf(xml, "%s\n", line);
    }
    g_string_append(xml, "</system-out>\n  </testsuite>\n");
}

static unsigned uncaught(const Assessment *assessment)
{
    unsigned count = 0;
    for (guint i = 0; i < assessment->canaries->len; i++) {
        const SweepingCanary *canary = g_ptr_array_index(assessment->canaries, i);
        count += canary->caught ? 0 : 1;
    }
    return count;
}

static void add_canaries(GString *xml, const Assessment *assessment)
{
    if (assessment->canaries->len == 0) {
        return;
    }
    g_string_append_printf(
        xml, "  <testsuite name=\"canaries\" tests=\"%u\" failures=\"0\" errors=\"%u\">\n",
        assessment->canaries->len, uncaught(assessment));
    for (guint i = 0; i < assessment->canaries->len; i++) {
        const SweepingCanary *canary = g_ptr_array_index(assessment->canaries, i);
        g_autofree char *name = g_strdup_printf("%s: %s", canary->axis, canary->defect);
        add_check(xml, "canaries", name, canary->caught,
                  canary->reason == NULL ? "not caught" : canary->reason);
    }
    g_string_append(xml, "  </testsuite>\n");
}

char *junit_text(const Assessment *assessment, const char *program)
{
    GString *xml = g_string_new("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    unsigned errors = uncaught(assessment);
    for (guint i = 0; i < assessment->crashes->len; i++) {
        errors += crash_errors(g_ptr_array_index(assessment->crashes, i));
    }
    g_string_append_printf(xml, "<testsuites name=\"lockstep\" failures=\"%u\" errors=\"%u\">\n",
                           assessment->counts[VERDICT_FAIL],
                           assessment->counts[VERDICT_INCONCLUSIVE] +
                               assessment->counts[VERDICT_ERROR] + errors);
    for (guint i = 0; i < assessment->scenarios->len; i++) {
        add_suite(xml, assessment, g_ptr_array_index(assessment->scenarios, i), program);
    }
    for (guint i = 0; i < assessment->crashes->len; i++) {
        add_crash(xml, g_ptr_array_index(assessment->crashes, i));
    }
    add_canaries(xml, assessment);
    add_gaps(xml, assessment);
    g_string_append(xml, "</testsuites>\n");
    return g_string_free(xml, FALSE);
}
