/* SPDX-License-Identifier: MIT */

/*
 * The command line: argv to one stage to an exit code. The only file that prints or exits.
 *
 * Results go to standard output, talk to standard error; a bar is drawn only where somebody can see
 * it.
 */

#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <gio/gio.h>
#include <glib/gstdio.h>

#include "sim/campaign.h"
#include "sim/canary.h"
#include "sim/controls.h"
#include "sim/crash_sweep.h"
#include "sim/evidence/bundle.h"
#include "sim/explore.h"
#include "sim/ledger.h"
#include "sim/listing.h"
#include "sim/minimize.h"
#include "sim/report/html.h"
#include "sim/report/junit.h"
#include "sim/report/text.h"
#include "sim/report/vcd.h"
#include "sim/scenario/reading.h"
#include "sim/verdict/shards.h"

enum {
    EXIT_PASS = 0,
    EXIT_FAIL = 1,
    EXIT_INCONCLUSIVE = 2,
    EXIT_LAB = 3,
    EXIT_NOTHING = 4,
    EXIT_USAGE = 64,
};

#define GDB_PORT_DEFAULT 1234
#define REPLAY_TIMES_MAX 100000
#define ROM_DEFAULT      "build/firmware/rom.bin"

#define SECOND_COUNT_DEFAULT 2

/* What the flags say. One struct per program, and only here. */
typedef struct Options {
    char *program;
    char *command; /* the whole command line, for a shell */
    char *scenarios;
    char *images;
    char *defects;
    char *rom;
    char *machine;
    char *keys;
    char *out;
    char *seed;
    char *shard;
    char **filters;
    char **provisions;
    char *defect;
    char *junit;
    char *progress;
    char *color;
    int jobs;
    int fail_max;
    int wall_timeout_s;
    int times;
    int gdb_port;
    int depth;
    char *torn;
    char *axis;
    char *how;
    char *after;
    char *until;
    char *second;
    gint64 every;
    int count;
    int second_count;
    gboolean no_canary;
    int runs_max;
    char *duration;
    char *trace;
    char *before;
    gboolean verbose;
    gboolean gdb;
    gboolean every_torn;
    gboolean keep_all;
    gboolean resume;
    gboolean json;
    gboolean version;
    char **words;
    bool use_color;
    bool use_bar;
    bool quiet;
} Options;

static volatile sig_atomic_t interrupts;

static void on_interrupt(int number)
{
    if (++interrupts > 2) { /* Somebody means it. */
        signal(number, SIG_DFL);
        raise(number);
    }
}

/* Flags, by the verbs that have them. */

enum {
    FLAGS_LAB = 1,       /* where things are */
    FLAGS_SELECT = 2,    /* which scenarios */
    FLAGS_RUN = 4,       /* how they are run */
    FLAGS_OUT = 8,       /* the output folder */
    FLAGS_JSON = 16,     /* --json */
    FLAGS_TIMES = 32,    /* --times */
    FLAGS_DEFECT = 64,   /* --defect */
    FLAGS_CRASH = 4096,  /* --depth, --torn */
    FLAGS_JUNIT = 8192,  /* --junit, where FLAGS_RUN is not */
    FLAGS_GDB = 256,     /* --gdb, --gdb-port */
    FLAGS_BEFORE = 1024, /* --before */
    FLAGS_SEARCH = 128,  /* --max-runs */
    FLAGS_EXPLORE = 512, /* --seed, --for, --jobs, --max-fail, --verbose */
};

static void add_entry(GArray *entries, const char *name, char letter, GOptionArg kind, void *into,
                      const char *prose, const char *value)
{
    GOptionEntry entry = {name, letter, 0, kind, into, prose, value};
    g_array_append_val(entries, entry);
}

static void add_lab_flags(GArray *entries, Options *options)
{
    add_entry(entries, "scenarios", 0, G_OPTION_ARG_FILENAME, &options->scenarios,
              "where the scenarios are", "FOLDER");
    add_entry(entries, "images", 0, G_OPTION_ARG_FILENAME, &options->images, "where the images are",
              "FOLDER");
    add_entry(entries, "defects", 0, G_OPTION_ARG_FILENAME, &options->defects,
              "where the defects' recipes are", "FOLDER");
    add_entry(entries, "rom", 0, G_OPTION_ARG_FILENAME, &options->rom, "the boot ROM", "FILE");
    add_entry(entries, "machine", 0, G_OPTION_ARG_FILENAME, &options->machine,
              "the machine's emulator", "FILE");
    add_entry(entries, "keys", 0, G_OPTION_ARG_FILENAME, &options->keys,
              "where the worthless keys are", "FOLDER");
    add_entry(entries, "wall-timeout", 0, G_OPTION_ARG_INT, &options->wall_timeout_s,
              "a machine silent for so many seconds of the host's time is an error", "SECONDS");
    add_entry(entries, "color", 0, G_OPTION_ARG_STRING, &options->color, "auto, always, never",
              "WHEN");
}

/* Of all that makes many runs. */
static void add_campaign_flags(GArray *entries, Options *options)
{
    add_entry(entries, "jobs", 'j', G_OPTION_ARG_INT, &options->jobs,
              "so many runs at once; as many as processors if not given", "N");
    add_entry(entries, "resume", 0, G_OPTION_ARG_NONE, &options->resume,
              "take finished runs of an earlier execution as they are", NULL);
}

static void add_run_flags(GArray *entries, Options *options)
{
    add_entry(entries, "seed", 0, G_OPTION_ARG_STRING, &options->seed,
              "instead of each scenario's own", "N");
    add_campaign_flags(entries, options);
    add_entry(entries, "shard", 0, G_OPTION_ARG_STRING, &options->shard,
              "this part of the runs only", "M/N");
    add_entry(entries, "max-fail", 0, G_OPTION_ARG_INT, &options->fail_max,
              "stop after so many runs that are not PASS", "N");
    add_entry(entries, "every-torn", 0, G_OPTION_ARG_NONE, &options->every_torn,
              "sweep every torn state at every operation", NULL);
    add_entry(entries, "keep-all", 0, G_OPTION_ARG_NONE, &options->keep_all,
              "keep the bundles of passing sweep points, too", NULL);
    add_entry(entries, "no-canary", 0, G_OPTION_ARG_NONE, &options->no_canary,
              "do not show first that a sweep catches a seeded defect", NULL);
    add_entry(entries, "junit", 0, G_OPTION_ARG_FILENAME, &options->junit,
              "write JUnit XML here, too", "FILE");
    add_entry(entries, "progress", 0, G_OPTION_ARG_STRING, &options->progress,
              "auto, bar, plain, none", "HOW");
}

static GArray *make_entries(Options *options, unsigned flags)
{
    GArray *entries = g_array_new(TRUE, TRUE, sizeof(GOptionEntry));
    if (flags & FLAGS_LAB) {
        add_lab_flags(entries, options);
    }
    if (flags & FLAGS_SELECT) {
        add_entry(entries, "filter", 'f', G_OPTION_ARG_STRING_ARRAY, &options->filters,
                  "scenarios whose id matches, with * and ?", "GLOB");
        add_entry(entries, "provision", 0, G_OPTION_ARG_STRING_ARRAY, &options->provisions,
                  "scenarios that prove this provision", "ID");
    }
    if (flags & FLAGS_RUN) {
        add_run_flags(entries, options);
    }
    if (flags & FLAGS_DEFECT) {
        add_entry(entries, "defect", 0, G_OPTION_ARG_STRING, &options->defect,
                  "use the images that carry this seeded defect", "NAME");
    }
    if (flags & FLAGS_CRASH) {
        add_entry(entries, "depth", 0, G_OPTION_ARG_INT, &options->depth,
                  "losses of power in a row, 1 or 2 (1)", "N");
        add_entry(
            entries, "torn", 0, G_OPTION_ARG_STRING, &options->torn,
            "pages: an erase is torn at each page; each: at each program unit, and chance is asked "
            "32 times, not 4 (pages)",
            "HOW");
        add_entry(
            entries, "axis", 0, G_OPTION_ARG_STRING, &options->axis,
            "sweep this instead, in any scenario: instruction, call, frame, nvm.operation, wear",
            "AXIS");
        add_entry(
            entries, "how", 0, G_OPTION_ARG_STRING, &options->how,
            "axis nvm.operation: the torn state; axes frame, wear: what becomes of it; each; drawn",
            "WORD");
        add_entry(entries, "every", 0, G_OPTION_ARG_INT64, &options->every,
                  "with --axis: the first point and each N-th", "N");
        add_entry(entries, "count", 0, G_OPTION_ARG_INT, &options->count,
                  "with --axis: so many points, evenly drawn", "N");
        add_entry(entries, "after", 0, G_OPTION_ARG_STRING, &options->after,
                  "with --axis: points from this event on", "EVENT");
        add_entry(entries, "until", 0, G_OPTION_ARG_STRING, &options->until,
                  "with --axis: points up to this event", "EVENT");
        add_entry(
            entries, "second", 0, G_OPTION_ARG_STRING, &options->second,
            "a second loss of power while the lock recovers from the first fault, on this axis",
            "AXIS");
        add_entry(entries, "second-count", 0, G_OPTION_ARG_INT, &options->second_count,
                  "so many of them for each first fault (2)", "N");
    }
    if (flags & FLAGS_OUT) {
        add_entry(entries, "out", 'o', G_OPTION_ARG_FILENAME, &options->out,
                  "where the results go (out)", "FOLDER");
    }
    if (flags & FLAGS_JUNIT) {
        add_entry(entries, "junit", 0, G_OPTION_ARG_FILENAME, &options->junit,
                  "write JUnit XML here, too", "FILE");
    }
    if (flags & FLAGS_JSON) {
        add_entry(entries, "json", 0, G_OPTION_ARG_NONE, &options->json,
                  "results as JSON on standard output", NULL);
    }
    if (flags & FLAGS_TIMES) {
        add_entry(entries, "times", 0, G_OPTION_ARG_INT, &options->times, "run so often", "N");
    }
    if (flags & FLAGS_GDB) {
        add_entry(entries, "trace", 0, G_OPTION_ARG_STRING, &options->trace,
                  "vcd: write the run as waves, with a save file for GTKWave", "HOW");
        add_entry(entries, "gdb", 0, G_OPTION_ARG_NONE, &options->gdb,
                  "start the machine halted and wait for a debugger", NULL);
        add_entry(entries, "gdb-port", 0, G_OPTION_ARG_INT, &options->gdb_port,
                  "where it listens (1234); implies --gdb", "PORT");
    }
    if (flags & FLAGS_BEFORE) {
        add_entry(entries, "before", 0, G_OPTION_ARG_STRING, &options->before,
                  "fault: with --gdb, stop one instruction before the first one takes effect",
                  "WHAT");
    }
    if (flags & FLAGS_SEARCH) {
        add_entry(entries, "max-runs", 0, G_OPTION_ARG_INT, &options->runs_max,
                  "no more than so many runs", "N");
    }
    if (flags & FLAGS_EXPLORE) {
        add_entry(entries, "seed", 0, G_OPTION_ARG_STRING, &options->seed,
                  "what everything is drawn from (1)", "N");
        add_entry(entries, "for", 0, G_OPTION_ARG_STRING, &options->duration,
                  "begin no round after so long, such as 90s, 10m or 2h (1m)", "TIME");
        add_campaign_flags(entries, options);
        add_entry(entries, "max-fail", 0, G_OPTION_ARG_INT, &options->fail_max,
                  "stop after so many different failures (1); 0: go on", "N");
        add_entry(entries, "verbose", 'v', G_OPTION_ARG_NONE, &options->verbose,
                  "print every schedule, not only those that fail", NULL);
    }
    add_entry(entries, G_OPTION_REMAINING, 0, G_OPTION_ARG_STRING_ARRAY, &options->words, NULL,
              NULL);
    return entries;
}

/* Talking. */

static int complain(const GError *error)
{
    fprintf(stderr, "%s\n", error->message);
    return EXIT_USAGE;
}

static int exit_of(Verdict verdict)
{
    static const int CODES[VERDICTS] = {
        [VERDICT_PASS] = EXIT_PASS,
        [VERDICT_INCONCLUSIVE] = EXIT_INCONCLUSIVE,
        [VERDICT_FAIL] = EXIT_FAIL,
        [VERDICT_ERROR] = EXIT_LAB,
    };
    return CODES[verdict];
}

static bool wants_color(const Options *options)
{
    if (g_strcmp0(options->color, "always") == 0) {
        return true;
    }
    const char *no_color = g_getenv("NO_COLOR");
    const char *term = g_getenv("TERM");
    return g_strcmp0(options->color, "never") != 0 && (no_color == NULL || no_color[0] == '\0') &&
           isatty(STDOUT_FILENO) && g_strcmp0(term, "dumb") != 0;
}

static void clear_bar(const Options *options)
{
    if (options->use_bar) {
        fputs("\r\033[K", stderr);
    }
}

/* The listener of a campaign. */

static void on_planned(const char *plan_id, uint32_t scenarios, uint32_t jobs, void *user_data)
{
    const Options *options = user_data;
    (void)jobs;
    if (options->quiet) {
        return;
    }
    printf("lockstep %s  plan %.*s  seed %s%s%s  %u scenario%s  %d jobs\n", LOCKSTEP_VERSION,
           DIGEST_SHORT_CHARS, plan_id, options->seed == NULL ? "of each scenario" : options->seed,
           options->defect == NULL ? "" : "  defect ",
           options->defect == NULL ? "" : options->defect, scenarios, scenarios == 1 ? "" : "s",
           options->jobs);
    fflush(stdout);
}

static void draw_bar(const Options *options, const CampaignProgress *progress)
{
    if (!options->use_bar) {
        return;
    }
    int64_t per_s =
        progress->wall_us == 0 ? 0 : (int64_t)progress->done * 10000000 / progress->wall_us;
    int64_t left_s = per_s == 0 ? 0 : (int64_t)(progress->planned - progress->done) * 10 / per_s;
    fprintf(stderr,
            "\r\033[K%u/%u runs  ✔%u ✖%u ?%u !%u  %" G_GINT64_FORMAT ".%" G_GINT64_FORMAT
            "/s  %" G_GINT64_FORMAT ":%02d left  %.60s",
            progress->done, progress->planned, progress->counts[VERDICT_PASS],
            progress->counts[VERDICT_FAIL], progress->counts[VERDICT_INCONCLUSIVE],
            progress->counts[VERDICT_ERROR], per_s / 10, per_s % 10, left_s / 60,
            (int)(left_s % 60), progress->current == NULL ? "" : progress->current);
    fflush(stderr);
}

static void on_finished(const RunResult *result, const CampaignProgress *progress, void *user_data)
{
    (void)result;
    draw_bar(user_data, progress);
}

static void on_waiting(const CampaignProgress *progress, void *user_data)
{
    draw_bar(user_data, progress);
}

static void on_scenario(const char *id, const uint32_t counts[VERDICTS], int64_t wall_us,
                        void *user_data)
{
    const Options *options = user_data;
    if (options->quiet || g_strcmp0(options->progress, "none") == 0) {
        return;
    }
    Verdict verdict = VERDICT_PASS;
    uint32_t runs = 0;
    for (int i = 0; i < VERDICTS; i++) {
        verdict = counts[i] > 0 ? verdict_join(verdict, (Verdict)i) : verdict;
        runs += counts[i];
    }
    clear_bar(options);
    g_autofree char *word = text_verdict(verdict, options->use_color);
    printf("%s %-52s %5u run%s %4" G_GINT64_FORMAT ".%01d s", word, id, runs, runs == 1 ? " " : "s",
           wall_us / G_USEC_PER_SEC, (int)(wall_us % G_USEC_PER_SEC / 100000));
    if (runs > 1 && counts[VERDICT_PASS] < runs) {
        printf("  %u PASS %u FAIL %u INCONCLUSIVE %u ERROR", counts[VERDICT_PASS],
               counts[VERDICT_FAIL], counts[VERDICT_INCONCLUSIVE], counts[VERDICT_ERROR]);
    }
    putchar('\n');
    fflush(stdout);
}

/* Selecting. */

static bool is_selected(const Options *options, const char *id)
{
    bool matches = options->filters == NULL;
    for (char **glob = options->filters; glob != NULL && *glob != NULL; glob++) {
        matches = matches || g_pattern_match_simple(*glob, id);
    }
    return matches;
}

static bool proves_wanted(Lab *lab, const Options *options, const char *id, bool *ret_proves,
                          GError **error)
{
    *ret_proves = options->provisions == NULL;
    if (options->provisions == NULL) {
        return true;
    }
    const Scenario *scenario = lab_scenario(lab, id, error);
    if (scenario == NULL) {
        return false;
    }
    g_auto(GStrv) proves = scenario_all_proves(scenario);
    for (char **wanted = options->provisions; *wanted != NULL; wanted++) {
        const Provision *provision = catalogue_find(lab_catalogue(lab), *wanted);
        if (provision == NULL) {
            g_set_error(error, LAB_ERROR, LAB_ERROR_INPUT, "error: no catalogue has \"%s\"",
                        *wanted);
            return false;
        }
        for (char **id_proved = proves; *id_proved != NULL; id_proved++) {
            *ret_proves =
                *ret_proves || catalogue_find(lab_catalogue(lab), *id_proved) == provision;
        }
    }
    return true;
}

/* Adds the ids one word of the command line means: an id, a file, a folder, or a glob. */
static bool add_word(Lab *lab, const char *word, GPtrArray *ids, GError **error)
{
    char *const *all = lab_scenario_ids(lab);
    g_autofree char *folder = g_strdup_printf("%s%s", word, g_str_has_suffix(word, "/") ? "" : "/");
    bool glob = strpbrk(word, "*?") != NULL;
    guint before = ids->len;
    if (!g_str_has_suffix(word, ".yaml") && !g_strv_contains((const char *const *)all, word)) {
        for (; *all != NULL; all++) {
            if (g_str_has_prefix(*all, folder) || (glob && g_pattern_match_simple(word, *all))) {
                g_ptr_array_add(ids, *all);
            }
        }
        if (ids->len > before || glob) {
            return true;
        }
    }
    const Scenario *scenario = lab_scenario(lab, word, error);
    if (scenario != NULL) {
        g_ptr_array_add(ids, g_str_has_suffix(word, ".yaml") ? (char *)word
                                                             : (char *)scenario_id(scenario));
    }
    return scenario != NULL;
}

/* The scenarios the command line selects, as ids or files; texts belong to others. */
static GPtrArray *select_scenarios(Lab *lab, const Options *options, char *const *words,
                                   GError **error)
{
    g_autoptr(GPtrArray) named = g_ptr_array_new();
    for (char *const *word = words; word != NULL && *word != NULL; word++) {
        if (!add_word(lab, *word, named, error)) {
            return NULL;
        }
    }
    for (char *const *id = lab_scenario_ids(lab);
         (words == NULL || words[0] == NULL) && *id != NULL; id++) {
        g_ptr_array_add(named, *id);
    }
    g_autoptr(GPtrArray) selected = g_ptr_array_new();
    for (guint i = 0; i < named->len; i++) {
        const char *id = g_ptr_array_index(named, i);
        bool proves = false;
        if (!is_selected(options, id)) {
            continue;
        }
        if (!proves_wanted(lab, options, id, &proves, error)) {
            return NULL;
        }
        if (proves && !g_ptr_array_find_with_equal_func(selected, id, g_str_equal, NULL)) {
            g_ptr_array_add(selected, (void *)id);
        }
    }
    g_ptr_array_add(selected, NULL);
    return g_steal_pointer(&selected);
}

/* check, sweep */

static bool parse_shard(const char *text, unsigned *ret_shard, unsigned *ret_shards)
{
    g_auto(GStrv) parts = g_strsplit(text, "/", 2);
    guint64 shard = 0;
    guint64 shards = 0;
    if (g_strv_length(parts) != 2 ||
        !g_ascii_string_to_unsigned(parts[1], 10, 1, 1000000, &shards, NULL) ||
        !g_ascii_string_to_unsigned(parts[0], 10, 1, shards, &shard, NULL)) {
        return false;
    }
    *ret_shard = (unsigned)shard;
    *ret_shards = (unsigned)shards;
    return true;
}

static bool fill_settings(Options *options, CampaignSettings *settings, GError **error)
{
    *settings = (CampaignSettings){
        .defect = options->defect,
        .jobs = (unsigned)options->jobs,
        .fail_max = (unsigned)MAX(options->fail_max, 0),
        .every_torn = options->every_torn,
        .keep_all = options->keep_all,
        .resume = options->resume,
        .shard = 1,
        .shards = 1,
        .out = options->out,
        .version = LOCKSTEP_VERSION,
        .interrupts = &interrupts,
    };
    guint64 seed = 0;
    if (options->seed != NULL &&
        !g_ascii_string_to_unsigned(options->seed, 10, 0, G_MAXINT64, &seed, NULL)) {
        g_set_error(error, LAB_ERROR, LAB_ERROR_INPUT, "error: --seed %s: expected a whole number",
                    options->seed);
        return false;
    }
    settings->has_seed = options->seed != NULL;
    settings->seed = seed;
    if (options->shard != NULL &&
        !parse_shard(options->shard, &settings->shard, &settings->shards)) {
        g_set_error(error, LAB_ERROR, LAB_ERROR_INPUT,
                    "error: --shard %s: expected M/N with M from 1 to N", options->shard);
        return false;
    }
    return true;
}

static bool write_text(const char *folder, const char *name, const char *text, GError **error)
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

static bool write_reports(const Options *options, const Assessment *assessment, GError **error)
{
    g_autofree char *junit = junit_text(assessment, options->program);
    g_autofree char *html = html_text(assessment, options->program, options->out);
    return write_text(options->out, "junit.xml", junit, error) &&
           write_text(options->out, "report.html", html, error) &&
           (options->junit == NULL || write_text(NULL, options->junit, junit, error));
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

/* What to type to have a run once more: its name says all of it but for another ROM. */
static void print_reproduce(const Options *options, const char *run_id)
{
    bool other = strcmp(options->rom, ROM_DEFAULT) != 0;
    printf("reproduce: %s replay '%s'%s%s --out %s\n", options->program, run_id,
           other ? " --rom " : "", other ? options->rom : "", options->out);
}

/* What to type to go on, if there is anything left to do. */
static void print_stopped(const Options *options, const Assessment *assessment)
{
    if (assessment->interrupted) {
        bool resumes = options->resume || options->command == NULL;
        printf("stopped before the end; go on with: %s%s\n",
               options->command == NULL ? options->program : options->command,
               resumes ? "" : " --resume");
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

static void print_summary(const Options *options, const Assessment *assessment)
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
        print_reproduce(options, bad->run_id);
    }
}

/* Writes everything down; false with a word on standard error when that is impossible. */
static bool store(const Options *options, const Assessment *assessment)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *json = assessment_to_json(assessment);
    if (g_mkdir_with_parents(options->out, 0755) != 0 ||
        !write_text(options->out, "verdict.json", json, &error) ||
        !write_reports(options, assessment, &error)) {
        fprintf(stderr, "lockstep: %s\n",
                error == NULL ? "the output folder cannot be made" : error->message);
        return false;
    }
    if (options->json) {
        puts(json);
    }
    return true;
}

static CanarySettings canary_settings(const Options *options)
{
    return (CanarySettings){
        .jobs = (unsigned)options->jobs,
        .resume = options->resume,
        .out = options->out,
        .version = LOCKSTEP_VERSION,
        .interrupts = &interrupts,
    };
}

static bool wants_canaries(const Options *options)
{
    return !options->no_canary && options->defect == NULL && !options->gdb;
}

/* Whether the axis is swept: by what is imposed, or by one of the scenarios. */
static bool sweeps(Lab *lab, char *const *scenarios, const Sweep *sweep, SweepAxis axis)
{
    bool swept = sweep != NULL && sweep->axis == axis;
    for (char *const *id = scenarios; sweep == NULL && *id != NULL; id++) {
        const Scenario *scenario = lab_scenario(lab, *id, NULL);
        swept = swept || (scenario != NULL && scenario_sweep(scenario)->axis == axis);
    }
    return swept;
}

/* The canary of each axis that is swept: an array of SweepingCanary. */
static GPtrArray *try_canaries(Lab *lab, const Options *options, char *const *scenarios,
                               const Sweep *sweep)
{
    GPtrArray *canaries = g_ptr_array_new_with_free_func((GDestroyNotify)sweeping_canary_free);
    const CanarySettings settings = canary_settings(options);
    for (size_t i = 0; wants_canaries(options) && sweep_axis_names()[i] != NULL; i++) {
        SweepAxis axis = sweep_axis_at(i);
        SweepingCanary *canary = interrupts == 0 && sweeps(lab, scenarios, sweep, axis)
                                     ? canary_try(lab, axis, &settings)
                                     : NULL;
        if (canary != NULL && (canary->caught || interrupts == 0)) {
            g_ptr_array_add(canaries, canary);
        } else {
            sweeping_canary_free(canary);
        }
    }
    return canaries;
}

static bool lab_refuse(GError **error, const char *why)
{
    g_set_error(error, LAB_ERROR, LAB_ERROR_INPUT, "error: %s", why);
    return false;
}

static bool find_axis(const char *flag, const char *word, SweepAxis *ret_axis, GError **error)
{
    const char *const *names = sweep_axis_names();
    for (size_t i = 0; names[i] != NULL; i++) {
        if (strcmp(names[i], word) == 0) {
            *ret_axis = sweep_axis_at(i);
            return true;
        }
    }
    const char *meant = tree_did_you_mean(word, names);
    g_set_error(error, LAB_ERROR, LAB_ERROR_INPUT, "error: %s knows no \"%s\"%s%s%s", flag, word,
                meant == NULL ? "; there are instruction, call, frame, nvm.operation, wear"
                              : ", did you mean \"",
                meant == NULL ? "" : meant, meant == NULL ? "" : "\"?");
    return false;
}

/* A second fault's axis, and how many of them. */
static bool fill_second(const Options *options, CampaignSettings *settings, GError **error)
{
    if (options->second == NULL) {
        return options->second_count == 0 || lab_refuse(error, "--second-count goes with --second");
    }
    if (!find_axis("--second", options->second, &settings->second, error)) {
        return false;
    }
    if (sweep_verb(settings->second) != VERB_CUT_POWER || options->second_count < 0) {
        return lab_refuse(error, "--second is nvm.operation, instruction or call, and "
                                 "--second-count a whole number");
    }
    settings->second_count =
        options->second_count == 0 ? SECOND_COUNT_DEFAULT : (uint32_t)options->second_count;
    return true;
}

/* A campaign over the scenarios, which end with NULL; NULL with an error when it is none. */
static Assessment *assess(Lab *lab, Options *options, char *const *scenarios, bool sweeps_only,
                          const Sweep *sweep, GError **error)
{
    CampaignSettings settings;
    if (!fill_settings(options, &settings, error) || !fill_second(options, &settings, error)) {
        return NULL;
    }
    settings.scenarios = scenarios;
    settings.sweeps_only = sweeps_only;
    settings.sweep = sweep;
    CampaignListener listener = {on_planned, on_finished, on_scenario, on_waiting, options};
    g_autoptr(GPtrArray) canaries = try_canaries(lab, options, scenarios, sweep);
    Assessment *assessment = campaign_run(lab, &settings, &listener, error);
    clear_bar(options);
    while (assessment != NULL && canaries->len > 0) {
        g_ptr_array_add(assessment->canaries, g_ptr_array_steal_index(canaries, 0));
    }
    if (assessment != NULL) {
        assessment_roll_up(assessment);
    }
    return assessment;
}

static int run_campaign(Lab *lab, Options *options, char *const *words, const Sweep *sweep)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) selected = NULL;
    if ((options->defect != NULL && !lab_check_defect(lab, options->defect, &error)) ||
        (selected = select_scenarios(lab, options, words, &error)) == NULL) {
        return complain(error);
    }
    if (selected->len == 1) {
        fprintf(stderr, "lockstep: no scenario is selected\n");
        return EXIT_NOTHING;
    }
    g_autoptr(Assessment) assessment =
        assess(lab, options, (char *const *)selected->pdata, sweep != NULL, sweep, &error);
    if (assessment == NULL) {
        return complain(error);
    }
    if (!store(options, assessment)) {
        return EXIT_LAB;
    }
    if (!options->json) {
        print_summary(options, assessment);
    }
    return exit_of(assessment->judged);
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

static int verb_check(Lab *lab, Options *options)
{
    if (options->defect != NULL && options->words == NULL && options->filters == NULL &&
        options->provisions == NULL) {
        g_autoptr(GError) error = NULL;
        g_auto(GStrv) words = scenarios_of_defect(lab, options->defect, &error);
        return words == NULL ? complain(error) : run_campaign(lab, options, words, NULL);
    }
    return run_campaign(lab, options, options->words, NULL);
}

/* sweep */

#define CRASH_DRAWS      4
#define CRASH_DRAWS_EACH 32

static void on_crash_progress(const CrashSweepProgress *progress, void *user_data)
{
    const Options *options = user_data;
    if (options->use_bar) {
        fprintf(stderr, "\r\033[K%s %u/%u  %u not PASS  %" G_GINT64_FORMAT " s", progress->phase,
                progress->done, progress->planned, progress->bad,
                progress->wall_us / G_USEC_PER_SEC);
        fflush(stderr);
    }
}

static CrashSweepSettings crash_settings(Options *options, const char *scenario, uint64_t seed,
                                         const CampaignSettings *settings)
{
    bool each = g_strcmp0(options->torn, "each") == 0;
    return (CrashSweepSettings){
        .scenario = scenario,
        .defect = options->defect,
        .seed = settings->has_seed ? settings->seed : seed,
        .jobs = settings->jobs,
        .depth = (unsigned)CLAMP(options->depth, 1, (int)CRASH_DEPTH_MAX),
        .every_unit = each,
        .draws = each ? CRASH_DRAWS_EACH : CRASH_DRAWS,
        .fail_max = settings->fail_max,
        .samples = options->defect == NULL,
        .resume = settings->resume,
        .shard = settings->shard,
        .shards = settings->shards,
        .out = settings->out,
        .interrupts = &interrupts,
        .progress = on_crash_progress,
        .user_data = options,
    };
}

static void print_crash(const Options *options, const char *id, const CrashSweepResult *result)
{
    const SweepingCrash *summary = result->summary;
    g_autofree char *text = sweeping_crash_text(summary);
    g_autofree char *word = text_verdict(summary->verdict, options->use_color);
    g_autofree char *atlas = crash_sweep_file(options->out, id, options->defect, ".atlas.html");
    int64_t per_s =
        result->boots_us > 0 ? (int64_t)result->booted * G_USEC_PER_SEC / result->boots_us : 0;
    printf("%s %s\n%s%" G_GINT64_FORMAT " states booted per second\n", word, id, text, per_s);
    if (result->resumed > 0) {
        printf("%u runs taken from an earlier execution, %u made now\n", result->resumed,
               result->made);
    }
    if (summary->note != NULL) {
        printf("%s\n", summary->note);
    }
    for (guint i = 0; i < result->bad->len && i < 10; i++) {
        const RunResult *bad = g_ptr_array_index(result->bad, i);
        g_autofree char *verdict = text_verdict(bad->verdict, options->use_color);
        printf("  %s %s  %s\n", verdict, bad->run_id, bad->reason == NULL ? "" : bad->reason);
    }
    if (result->bad->len > 0) {
        print_reproduce(options, ((const RunResult *)g_ptr_array_index(result->bad, 0))->run_id);
    }
    printf("atlas: %s\n", atlas);
    fflush(stdout);
}

/* Puts one sweep of crash states into the assessment: the clean run, and what did not pass. */
static bool add_crash(Lab *lab, Assessment *assessment, CrashSweepResult *result, Digest *chain,
                      GError **error)
{
    g_autofree char *id = g_strdup(result->clean->run_id);
    g_autoptr(Plan) plan = lab_plan(lab, id, error);
    const Scenario *scenario = plan == NULL ? NULL : lab_scenario(lab, plan->scenario, error);
    if (scenario == NULL) {
        return false;
    }
    g_autofree char *json = plan_to_json(plan);
    g_autofree char *file =
        g_strdup_printf("%s/%s.yaml", lab_paths(lab)->scenarios, plan->scenario);
    *chain = digest_chain(chain, json, strlen(json));
    ScenarioSummary *summary =
        assessment_add_scenario(assessment, plan, scenario_title(scenario), file);
    summary->operations = result->summary->levels[0].operations;
    g_ptr_array_add(assessment->runs, g_steal_pointer(&result->clean));
    while (result->bad->len > 0) {
        g_ptr_array_add(assessment->runs, g_ptr_array_steal_index(result->bad, 0));
    }
    g_ptr_array_add(assessment->crashes, g_steal_pointer(&result->summary));
    return true;
}

static Assessment *begin_assessment(Lab *lab, const Options *options,
                                    const CampaignSettings *settings)
{
    Assessment *assessment = assessment_new(lab_catalogue(lab), LOCKSTEP_VERSION);
    assessment->lab = lab_digest(lab);
    assessment->seed = g_strdup(options->seed == NULL ? "scenario" : options->seed);
    assessment->defect = g_strdup(options->defect);
    if (settings->shards > 1) {
        assessment->shard = g_strdup_printf("%u/%u", settings->shard, settings->shards);
    }
    return assessment;
}

static void try_crash_canary(Lab *lab, const Options *options, Assessment *assessment)
{
    const CanarySettings settings = canary_settings(options);
    SweepingCanary *canary = canary_try_crash(lab, &settings);
    clear_bar(options);
    if (!canary->caught && interrupts > 0) {
        assessment->interrupted = true;
        sweeping_canary_free(canary);
        return;
    }
    g_autofree char *text = sweeping_canary_text(canary);
    if (!options->quiet) {
        printf("%s\n", text);
        fflush(stdout);
    }
    g_ptr_array_add(assessment->canaries, canary);
}

/*
 * The sweeps of crash states, over the scenarios' own windows if none is `imposed`; `only_past`
 * works them out from what stands in the output folder.
 */
static Assessment *assess_crashes(Lab *lab, Options *options, const GPtrArray *scenarios,
                                  const Sweep *imposed, bool only_past, GError **error)
{
    CampaignSettings settings;
    if (!fill_settings(options, &settings, error)) {
        return NULL;
    }
    g_autoptr(Assessment) assessment = begin_assessment(lab, options, &settings);
    Digest chain = digest_of("", 0);
    if (wants_canaries(options) && !only_past) {
        try_crash_canary(lab, options, assessment);
    }
    for (guint i = 0; i < scenarios->len; i++) {
        const Scenario *scenario = g_ptr_array_index(scenarios, i);
        if (interrupts > 0) {
            assessment->interrupted = true;
            break;
        }
        CrashSweepSettings sweep =
            crash_settings(options, scenario_id(scenario), scenario_seed(scenario), &settings);
        sweep.sweep = imposed;
        sweep.only_past = only_past;
        sweep.resume = sweep.resume || only_past;
        g_autoptr(CrashSweepResult) result = crash_sweep_run(lab, &sweep, error);
        clear_bar(options);
        if (result == NULL) {
            return NULL;
        }
        if (!options->quiet) {
            print_crash(options, sweep.scenario, result);
        }
        if (!add_crash(lab, assessment, result, &chain, error)) {
            return NULL;
        }
    }
    char hex[DIGEST_TEXT_BYTES];
    assessment->plan_id = g_strdup(digest_print(&chain, hex));
    assessment_roll_up(assessment);
    return g_steal_pointer(&assessment);
}

/* Tells the selected scenarios apart: for the crash-state engine, for a campaign, for neither. */
static bool sort_sweeps(Lab *lab, const Options *options, GPtrArray *crashes, GPtrArray *others,
                        GError **error)
{
    g_autoptr(GPtrArray) selected = select_scenarios(lab, options, options->words, error);
    for (guint i = 0; selected != NULL && g_ptr_array_index(selected, i) != NULL; i++) {
        const Scenario *scenario = lab_scenario(lab, g_ptr_array_index(selected, i), error);
        if (scenario == NULL) {
            return false;
        }
        if (crash_sweep_fits(scenario)) {
            g_ptr_array_add(crashes, (void *)scenario);
        } else if (scenario_sweep(scenario)->axis != SWEEP_NONE) {
            g_ptr_array_add(others, g_ptr_array_index(selected, i));
        }
    }
    return selected != NULL;
}

/* The end of a sweep: everything is written down, and a word said. */
static int conclude_sweep(const Options *options, const Assessment *assessment, bool full)
{
    if (!store(options, assessment)) {
        return EXIT_LAB;
    }
    if (!options->json && full) {
        print_summary(options, assessment);
    } else if (!options->json) {
        print_stopped(options, assessment);
        print_report(options);
    }
    return exit_of(assessment->judged);
}

/* An event as scenarios say it, "update.staged" or "{ event: ..., where: ... }". */
static bool find_event(const char *flag, const char *text, Pattern **ret_pattern, GError **error)
{
    g_autoptr(Tree) tree = text == NULL ? NULL : tree_parse(flag, text, strlen(text), false, error);
    *ret_pattern = tree == NULL ? NULL : reading_pattern(tree_root(tree), error);
    return text == NULL || *ret_pattern != NULL;
}

/* What the flags say is to be swept; its patterns are the caller's. */
static bool fill_sweep(const Options *options, Sweep *sweep, Pattern **ret_after,
                       Pattern **ret_until, GError **error)
{
    const char *how = options->how == NULL ? "drawn" : options->how;
    if (!find_axis("--axis", options->axis, &sweep->axis, error) ||
        !find_event("--after", options->after, ret_after, error) ||
        !find_event("--until", options->until, ret_until, error)) {
        return false;
    }
    const char *const *hows = sweep_hows(sweep->axis);
    if (options->how != NULL && strcmp(how, "each") != 0 && strcmp(how, "drawn") != 0 &&
        !g_strv_contains(hows, how)) {
        g_autofree char *words = g_strjoinv(", ", (char **)hows);
        g_set_error(error, LAB_ERROR, LAB_ERROR_INPUT,
                    "error: --how %s: on the axis %s there are each, drawn%s%s", how, options->axis,
                    hows[0] == NULL ? "" : ", ", words);
        return false;
    }
    if (options->every < 0 || options->every > UINT32_MAX || options->count < 0 ||
        (options->every > 0 && options->count > 0)) {
        return lab_refuse(error, "--every and --count are whole numbers, and do not go together");
    }
    if (sweep->axis == SWEEP_FRAME && (*ret_after != NULL || *ret_until != NULL)) {
        return lab_refuse(error, "the axis frame takes the whole run, without --after and --until");
    }
    sweep->after = *ret_after;
    sweep->until = *ret_until;
    sweep->every = (uint32_t)options->every;
    sweep->count = (uint32_t)options->count;
    g_strlcpy(sweep->how, how, sizeof sweep->how);
    return true;
}

/* Boots the crash states of whatever is selected. */
static int sweep_states(Lab *lab, Options *options, Sweep *sweep)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) selected = select_scenarios(lab, options, options->words, &error);
    g_autoptr(GPtrArray) scenarios = g_ptr_array_new();
    g_strlcpy(sweep->how, "nothing",
              sizeof sweep->how); /* Each operation once: the engine tears. */
    for (guint i = 0; selected != NULL && g_ptr_array_index(selected, i) != NULL; i++) {
        const Scenario *scenario = lab_scenario(lab, g_ptr_array_index(selected, i), &error);
        if (scenario == NULL) {
            return complain(error);
        }
        g_ptr_array_add(scenarios, (void *)scenario);
    }
    if (selected == NULL ||
        (options->defect != NULL && !lab_check_defect(lab, options->defect, &error))) {
        return complain(error);
    }
    g_autoptr(Assessment) assessment =
        assess_crashes(lab, options, scenarios, sweep, false, &error);
    return assessment == NULL ? complain(error) : conclude_sweep(options, assessment, false);
}

/*
 * Sweeps whatever is selected over an axis from outside. Flash operations go to the crash-state
 * engine, unless something is asked for that only a real loss of power has.
 */
static int sweep_axis(Lab *lab, Options *options)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Pattern) after = NULL;
    g_autoptr(Pattern) until = NULL;
    Sweep sweep = {.axis = SWEEP_NONE};
    if (!fill_sweep(options, &sweep, &after, &until, &error)) {
        return complain(error);
    }
    bool states = sweep.axis == SWEEP_NVM_OPERATION && options->how == NULL &&
                  options->every == 0 && options->count == 0 && options->second == NULL;
    return states ? sweep_states(lab, options, &sweep)
                  : run_campaign(lab, options, options->words, &sweep);
}

/* Flash operations go to the crash-state engine, whatever else is swept to a campaign. */
static int verb_sweep(Lab *lab, Options *options)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) crashes = g_ptr_array_new();
    g_autoptr(GPtrArray) others = g_ptr_array_new();
    if (options->axis != NULL) {
        return sweep_axis(lab, options);
    }
    if (options->how != NULL || options->after != NULL || options->until != NULL ||
        options->every != 0 || options->count != 0) {
        (void)lab_refuse(&error, "--how, --every, --count, --after and --until go with --axis");
        return complain(error);
    }
    if ((options->defect != NULL && !lab_check_defect(lab, options->defect, &error)) ||
        !sort_sweeps(lab, options, crashes, others, &error)) {
        return complain(error);
    }
    if (crashes->len + others->len == 0) {
        fprintf(stderr, "lockstep: no selected scenario sweeps anything\n");
        return EXIT_NOTHING;
    }
    g_autoptr(Assessment) assessment = NULL;
    if (crashes->len > 0) {
        assessment = assess_crashes(lab, options, crashes, NULL, false, &error);
        if (assessment == NULL) {
            return complain(error);
        }
    }
    if (others->len > 0 && (assessment == NULL || interrupts == 0)) {
        g_ptr_array_add(others, NULL);
        options->every_torn = TRUE;
        lab_rest(lab);
        Assessment *rest = assess(lab, options, (char *const *)others->pdata, true, NULL, &error);
        if (rest == NULL) {
            return complain(error);
        }
        if (assessment == NULL) {
            assessment = rest;
        } else {
            assessment_join(assessment, rest);
        }
    } else if (others->len > 0) {
        assessment->interrupted = true;
        assessment_roll_up(assessment);
    }
    return conclude_sweep(options, assessment, others->len > 0);
}

/* merge */

/* Copies the files of a folder that has no folders in it, or links them. */
static void copy_files(const char *from, const char *to)
{
    g_autoptr(GDir) dir = g_dir_open(from, 0, NULL);
    const char *name = NULL;
    g_mkdir_with_parents(to, 0755);
    while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
        g_autofree char *source = g_build_filename(from, name, NULL);
        g_autofree char *target = g_build_filename(to, name, NULL);
        g_autofree char *bytes = NULL;
        gsize count = 0;
        (void)g_unlink(target);
        if (link(source, target) != 0 && g_file_get_contents(source, &bytes, &count, NULL)) {
            (void)g_file_set_contents(target, bytes, (gssize)count, NULL);
        }
    }
}

static void keep_line(const char *line, void *lines)
{
    g_ptr_array_add(lines, g_strdup(line));
}

/* Puts the ledgers of a sweep of crash states together, under the heading they share. */
static bool merge_ledgers(const Options *options, const SweepingCrash *crash, GError **error)
{
    g_autofree char *heading = NULL;
    g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
    for (char **word = options->words; *word != NULL; word++) {
        g_autofree char *path = crash_sweep_file(*word, crash->scenario, crash->defect, ".jsonl");
        g_autofree char *text = NULL;
        if (!g_file_get_contents(path, &text, NULL, error)) {
            return false;
        }
        text[strcspn(text, "\n")] = '\0';
        heading = heading == NULL ? g_strdup(text) : heading;
        if (!ledger_read(path, heading, keep_line, lines)) {
            g_set_error(error, LAB_ERROR, LAB_ERROR_INPUT,
                        "%s:1:1: error: made from another plan or by another build", path);
            return false;
        }
    }
    g_autofree char *path =
        crash_sweep_file(options->out, crash->scenario, crash->defect, ".jsonl");
    g_autoptr(Ledger) ledger = ledger_open(path, heading, false, NULL, NULL, error);
    g_ptr_array_add(lines, NULL);
    return ledger != NULL && ledger_settle(ledger, (char *const *)lines->pdata, error);
}

/* Reads the shards and brings their bundles along. */
static GPtrArray *read_shards(Lab *lab, const Options *options, GHashTable *bundles, GError **error)
{
    g_autoptr(GPtrArray) shards = g_ptr_array_new_with_free_func((GDestroyNotify)assessment_free);
    for (char **word = options->words; *word != NULL; word++) {
        g_autofree char *path = g_build_filename(*word, "verdict.json", NULL);
        Assessment *shard = assessment_from_json(lab_catalogue(lab), path, error);
        if (shard == NULL) {
            return NULL;
        }
        g_ptr_array_add(shards, shard);
        for (guint i = 0; i < shard->runs->len; i++) {
            const RunResult *run = g_ptr_array_index(shard->runs, i);
            if (run->bundle != NULL) {
                g_autofree char *from = g_build_filename(*word, run->bundle, NULL);
                g_autofree char *to = g_build_filename(options->out, run->bundle, NULL);
                copy_files(from, to);
                g_hash_table_add(bundles, g_strdup(run->bundle));
            }
        }
    }
    return g_steal_pointer(&shards);
}

/* The sweeps of crash states of all shards, worked out again; NULL without an error for none. */
static Assessment *merge_crashes(Lab *lab, Options *options, const Assessment *shard,
                                 GError **error)
{
    g_autoptr(GPtrArray) scenarios = g_ptr_array_new();
    for (guint i = 0; i < shard->crashes->len; i++) {
        const SweepingCrash *crash = g_ptr_array_index(shard->crashes, i);
        const Scenario *scenario = lab_scenario(lab, crash->scenario, error);
        if (scenario == NULL || !merge_ledgers(options, crash, error)) {
            return NULL;
        }
        g_ptr_array_add(scenarios, (void *)scenario);
        options->depth = (int)crash->depth;
        g_free(options->torn);
        options->torn = g_strdup(crash->every_unit ? "each" : "pages");
    }
    g_free(options->defect);
    g_free(options->seed);
    options->defect = g_strdup(shard->defect);
    options->seed = g_strcmp0(shard->seed, "scenario") == 0 ? NULL : g_strdup(shard->seed);
    return scenarios->len == 0 ? NULL : assess_crashes(lab, options, scenarios, NULL, true, error);
}

/* Bundles that the shards kept and the whole does not. */
static void drop_bundles(const Options *options, const Assessment *whole, GHashTable *bundles)
{
    for (guint i = 0; i < whole->runs->len; i++) {
        const RunResult *run = g_ptr_array_index(whole->runs, i);
        if (run->bundle != NULL) {
            g_hash_table_remove(bundles, run->bundle);
        }
    }
    GHashTableIter iter;
    gpointer bundle = NULL;
    g_hash_table_iter_init(&iter, bundles);
    while (g_hash_table_iter_next(&iter, &bundle, NULL)) {
        g_autofree char *path = g_build_filename(options->out, bundle, NULL);
        bundle_remove(path);
    }
}

static int verb_merge(Lab *lab, Options *options)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GHashTable) bundles = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    if (options->words == NULL ||
        g_strv_contains((const char *const *)options->words, options->out)) {
        fprintf(stderr, "lockstep merge: name the output folders of all shards, and another one "
                        "with --out\n");
        return EXIT_USAGE;
    }
    g_autoptr(GPtrArray) shards = read_shards(lab, options, bundles, &error);
    g_autoptr(Assessment) rest = shards == NULL ? NULL : shards_merge(shards, &error);
    if (rest == NULL) {
        return complain(error);
    }
    const Assessment *shard = g_ptr_array_index(shards, 0);
    g_autofree char *digest = lab_digest(lab);
    if (shard->crashes->len > 0 && g_strcmp0(digest, shard->lab) != 0) {
        fprintf(stderr, "lockstep merge: the shards were made by another build\n");
        return EXIT_USAGE;
    }
    g_autoptr(Assessment) whole = merge_crashes(lab, options, shard, &error);
    if (error != NULL || (rest->runs->len > 0 &&
                          !campaign_write_results(rest, options->words, options->out, &error))) {
        return complain(error);
    }
    g_autofree char *plan_id = g_strdup(rest->plan_id);
    bool full = rest->scenarios->len > 0;
    if (whole == NULL) {
        whole = g_steal_pointer(&rest);
    } else {
        assessment_join(whole, g_steal_pointer(&rest));
    }
    g_free(whole->plan_id);
    whole->plan_id = g_steal_pointer(&plan_id);
    drop_bundles(options, whole, bundles);
    return conclude_sweep(options, whole, full);
}

/* plan, run */

static int verb_plan(Lab *lab, Options *options)
{
    g_autoptr(GError) error = NULL;
    if (options->words == NULL) {
        fprintf(stderr, "lockstep plan: name a scenario or a run\n");
        return EXIT_USAGE;
    }
    for (char **word = options->words; *word != NULL; word++) {
        g_autoptr(Plan) plan = lab_plan(lab, *word, &error);
        if (plan == NULL) {
            return complain(error);
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

static int verb_run(Lab *lab, Options *options)
{
    g_autoptr(GError) error = NULL;
    int code = EXIT_PASS;
    if (options->words == NULL) {
        fprintf(stderr, "lockstep run: name a scenario, a run or a plan\n");
        return EXIT_USAGE;
    }
    for (char **word = options->words; *word != NULL; word++) {
        g_autofree char *run_id = run_of_word(lab, *word, &error);
        g_autoptr(RunResult) result =
            run_id == NULL ? NULL : lab_execute(lab, run_id, options->out, LAB_KEEP_ALWAYS, &error);
        if (result == NULL) {
            return complain(error);
        }
        if (result->verdict == VERDICT_ERROR) {
            fprintf(stderr, "lockstep: %s: %s\n", result->run_id, result->reason);
            code = EXIT_LAB;
        }
        printf("%s  %s/%s\n", result->digest, options->out,
               result->bundle == NULL ? "" : result->bundle);
    }
    return code;
}

/* judge, report */

static int verb_judge(Lab *lab, Options *options)
{
    (void)lab;
    Verdict all = VERDICT_PASS;
    if (options->words == NULL) {
        fprintf(stderr, "lockstep judge: name a bundle\n");
        return EXIT_USAGE;
    }
    for (char **word = options->words; *word != NULL; word++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(Plan) plan = NULL;
        g_autoptr(RunResult) result = lab_judge(*word, &plan, &error);
        if (result == NULL) {
            return complain(error);
        }
        all = verdict_join(all, result->verdict);
        if (options->json) {
            g_autoptr(Canon) canon = canon_new();
            result_write(result, canon);
            g_autofree char *json = canon_finish(canon);
            puts(json);
            continue;
        }
        g_autofree char *claims = text_run(result, plan, options->use_color);
        g_autofree char *verdict = text_verdict(result->verdict, options->use_color);
        printf("%s\n  plan %s\n  evidence %s\n%s%s%s%s\n", result->run_id, result->plan_id,
               result->digest, claims, verdict, result->reason == NULL ? "" : "  ",
               result->reason == NULL ? "" : result->reason);
    }
    return exit_of(all);
}

static int verb_report(Lab *lab, Options *options)
{
    g_autoptr(GError) error = NULL;
    if (options->words != NULL) {
        g_free(options->out);
        options->out = g_strdup(options->words[0]);
    }
    g_autofree char *path = g_build_filename(options->out, "verdict.json", NULL);
    g_autoptr(Assessment) assessment = assessment_from_json(lab_catalogue(lab), path, &error);
    if (assessment == NULL) {
        return complain(error);
    }
    if (!write_reports(options, assessment, &error)) {
        fprintf(stderr, "lockstep: %s\n", error->message);
        return EXIT_LAB;
    }
    print_summary(options, assessment);
    return exit_of(assessment->judged);
}

/* replay */

/* The result an earlier campaign in `out` has for a run, or NULL. */
static RunResult *recorded_result(Lab *lab, const char *out, const char *run_id, bool *ret_same_lab)
{
    g_autofree char *path = g_build_filename(out, "verdict.json", NULL);
    g_autoptr(Assessment) assessment = g_file_test(path, G_FILE_TEST_EXISTS)
                                           ? assessment_from_json(lab_catalogue(lab), path, NULL)
                                           : NULL;
    g_autofree char *digest = lab_digest(lab);
    *ret_same_lab = assessment != NULL && g_strcmp0(assessment->lab, digest) == 0;
    for (guint i = 0; assessment != NULL && i < assessment->runs->len; i++) {
        RunResult *run = g_ptr_array_index(assessment->runs, i);
        if (strcmp(run->run_id, run_id) == 0) {
            return g_ptr_array_steal_index(assessment->runs, i);
        }
    }
    return NULL;
}

static void print_debugger(const Options *options, const char *defect, unsigned device)
{
    fprintf(stderr,
            "The machine waits for a debugger: gdb-multiarch build/firmware/app%s%s.elf "
            "-ex 'target remote :%d'\n",
            defect == NULL ? "" : "+", defect == NULL ? "" : defect,
            options->gdb_port + (int)device);
}

static const Event *first_effect(const Recorder *recorder)
{
    const GPtrArray *events = recorder_events(recorder);
    for (guint i = 0; i < events->len; i++) {
        const Event *event = g_ptr_array_index(events, i);
        if (event->kind == EVENT_FAULT_TOOK_EFFECT) {
            return event;
        }
    }
    return NULL;
}

/*
 * Makes the run once without a debugger, to learn when its first fault takes effect, and has the
 * machine stop one instruction before that when it is made again.
 */
static int stop_before_fault(Lab *lab, const Options *options, const Plan *plan)
{
    g_autoptr(GError) error = NULL;
    LabPaths paths = *lab_paths(lab);
    paths.gdb_port = 0;
    g_autoptr(Lab) scout = lab_open(&paths, &error);
    if (scout == NULL) {
        return complain(error);
    }
    g_autoptr(Recorder) recorder = recorder_new();
    WorldOutcome outcome = {0};
    if (!world_run(plan, lab_pool(scout, plan->defect), recorder, &outcome, &error)) {
        fprintf(stderr, "lockstep: %s: %s\n", plan->run_id, error->message);
        return EXIT_LAB;
    }
    const Event *effect = first_effect(recorder);
    if (effect == NULL || outcome.fault_instructions == 0) {
        fprintf(stderr,
                "lockstep replay: %s: no fault takes effect in this run, so there is nothing to "
                "stop before\n",
                plan->run_id);
        return EXIT_USAGE;
    }
    const DeviceSetup *device = g_ptr_array_index(plan->timeline->devices, outcome.fault_device);
    uint64_t at = outcome.fault_instructions - 1;
    char time[VTIME_TEXT_BYTES];
    world_pool_stop_at(lab_pool(lab, plan->defect), outcome.fault_device, at);
    fprintf(stderr,
            "The first fault, %s (%s), takes effect at %s, when %s has executed "
            "%" G_GUINT64_FORMAT " instructions; `continue` stops before number %" G_GUINT64_FORMAT
            ", the last of them.\n",
            event_text(effect, "kind"), event_text(effect, "detail"), vtime_print(effect->at, time),
            device->name, outcome.fault_instructions, at);
    print_debugger(options, plan->defect, outcome.fault_device);
    return EXIT_PASS;
}

static int replay_one(Lab *lab, Options *options, const char *word)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Plan) plan = lab_plan(lab, word, &error);
    if (plan == NULL) {
        return complain(error);
    }
    int aimed = options->before == NULL ? EXIT_PASS : stop_before_fault(lab, options, plan);
    if (aimed != EXIT_PASS) {
        return aimed;
    }
    bool same_lab = false;
    g_autoptr(RunResult) before = recorded_result(lab, options->out, plan->run_id, &same_lab);
    g_autofree char *out = g_build_filename(options->out, "replay", NULL);
    bool same = true;
    bool compared = false;
    g_autoptr(RunResult) last = NULL;
    bool comparable = before != NULL && same_lab;
    int times = options->times > 0 ? options->times : comparable || options->gdb ? 1 : 2;
    int made = 0;
    while (made < times && interrupts == 0) {
        RunResult *now = lab_execute(lab, plan->run_id, out, LAB_KEEP_ALWAYS, &error);
        if (now == NULL) {
            return complain(error);
        }
        const RunResult *other = last != NULL ? last : before;
        const char *word_of_it = "";
        if (other != NULL && strcmp(other->plan_id, now->plan_id) != 0) {
            word_of_it =
                "  (the plan has changed since it was recorded: another image or scenario)";
        } else if (other != NULL && other == before && !same_lab) {
            word_of_it = "  (recorded by another build of the lab or the machine)";
        } else if (other != NULL) {
            bool equal = strcmp(other->digest, now->digest) == 0;
            compared = true;
            same = same && equal;
            word_of_it = equal ? "  same" : "  DIFFERENT";
        }
        made++;
        printf("run %d  %s%s\n", made, now->digest, word_of_it);
        fflush(stdout);
        result_free(last);
        last = now;
    }
    if (last == NULL) {
        return EXIT_INCONCLUSIVE;
    }
    g_autofree char *claims = text_run(last, plan, options->use_color);
    g_autofree char *verdict = text_verdict(last->verdict, options->use_color);
    printf("%s%s%s%s\n", claims, verdict, last->reason == NULL ? "" : "  ",
           last->reason == NULL ? "" : last->reason);
    printf("evidence: %s/%s\n", out, last->bundle == NULL ? "" : last->bundle);
    if (!same) {
        printf("the replay differs\n");
        return EXIT_LAB;
    }
    if (compared) {
        printf("%d of %d digests are the same%s\n", made, times,
               comparable ? ", also as recorded" : "");
    }
    return exit_of(last->verdict);
}

/* Makes the run once more with every flash operation in view, and writes it as waves. */
static int trace_one(Lab *lab, Options *options, const char *word)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Plan) plan = lab_plan(lab, word, &error);
    if (plan == NULL) {
        return complain(error);
    }
    g_autoptr(GPtrArray) devices = g_ptr_array_new();
    for (guint i = 0; i < plan->timeline->devices->len; i++) {
        const DeviceSetup *device = g_ptr_array_index(plan->timeline->devices, i);
        g_ptr_array_add(devices, device->name);
    }
    g_ptr_array_add(devices, NULL);
    plan->timeline->record_nvm = true;
    g_autoptr(Recorder) recorder = recorder_new();
    g_autoptr(RunResult) result = lab_execute_plan(lab, plan, NULL, LAB_KEEP_NONE, recorder);
    g_autofree char *below = g_strdelimit(g_strdup(plan->run_id), "/", '-');
    g_autofree char *folder = g_build_filename(options->out, "trace", NULL);
    g_autofree char *dump_name = g_strdup_printf("%s.vcd", below);
    g_autofree char *save_name = g_strdup_printf("%s.gtkw", below);
    const char *const *names = (const char *const *)devices->pdata;
    g_autofree char *dump = vcd_text(names, recorder_events(recorder));
    g_autofree char *save = vcd_save_text(names, dump_name);
    if (g_mkdir_with_parents(folder, 0755) != 0 || !write_text(folder, dump_name, dump, &error) ||
        !write_text(folder, save_name, save, &error)) {
        fprintf(stderr, "lockstep: %s: %s\n", folder,
                error == NULL ? "cannot make the folder" : error->message);
        return EXIT_LAB;
    }
    printf("waves: %s/%s\nlook: gtkwave %s/%s\n", folder, dump_name, folder, save_name);
    return result->verdict == VERDICT_ERROR ? EXIT_LAB : EXIT_PASS;
}

static int verb_replay(Lab *lab, Options *options)
{
    if (options->trace != NULL && strcmp(options->trace, "vcd") != 0) {
        fprintf(stderr, "lockstep replay: --trace knows only vcd\n");
        return EXIT_USAGE;
    }
    if (options->before != NULL && (strcmp(options->before, "fault") != 0 || !options->gdb)) {
        fprintf(stderr, "lockstep replay: %s\n",
                options->gdb ? "--before knows only fault"
                             : "--before fault needs --gdb: it stops for a debugger");
        return EXIT_USAGE;
    }
    if (options->words == NULL || options->times > REPLAY_TIMES_MAX) {
        fprintf(stderr, "lockstep replay: name a run, and at most %d times\n", REPLAY_TIMES_MAX);
        return EXIT_USAGE;
    }
    int code = EXIT_PASS;
    for (char **word = options->words; *word != NULL; word++) {
        int one = replay_one(lab, options, *word);
        code = MAX(code, one);
        if (options->trace != NULL && one != EXIT_USAGE) {
            one = trace_one(lab, options, *word);
            code = MAX(code, one);
        }
    }
    return code;
}

/* minimize */

static void on_smaller(unsigned runs, unsigned steps, unsigned claims, void *user_data)
{
    const Options *options = user_data;
    if (options->use_bar) {
        fprintf(stderr, "\r\033[K%u runs: %u steps, %u claims", runs, steps, claims);
        fflush(stderr);
    }
}

static int minimize_one(Lab *lab, Options *options, const char *word)
{
    g_autoptr(GError) error = NULL;
    MinimizeSettings settings = {
        .defect = options->defect,
        .out = options->out,
        .runs_max = (unsigned)MAX(options->runs_max, 0),
        .interrupts = &interrupts,
    };
    g_autoptr(MinimizeResult) result =
        minimize_run(lab, word, &settings, on_smaller, options, &error);
    clear_bar(options);
    if (result == NULL) {
        return complain(error);
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

static int verb_minimize(Lab *lab, Options *options)
{
    int code = EXIT_PASS;
    if (options->words == NULL) {
        fprintf(stderr, "lockstep minimize: name a run that fails, its bundle, or a scenario\n");
        return EXIT_USAGE;
    }
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
        clear_bar(options);
        g_autofree char *verdict = text_verdict(result->verdict, options->use_color);
        printf("%s %s%s%s\n%s\n", verdict, result->run_id, result->reason == NULL ? "" : ": ",
               result->reason == NULL ? "" : result->reason, text);
        fflush(stdout);
    }
}

static void on_round(const ExploreReport *report, void *user_data)
{
    const Options *options = user_data;
    if (options->use_bar) {
        fprintf(stderr, "\r\033[K%u runs  ✔%u ✖%u ?%u !%u  %u edges, %u things seen, %u parents",
                report->runs, report->counts[VERDICT_PASS], report->counts[VERDICT_FAIL],
                report->counts[VERDICT_INCONCLUSIVE], report->counts[VERDICT_ERROR], report->edges,
                report->features, report->parents);
        fflush(stderr);
    }
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
        print_reproduce(options, run->run_id);
        printf("minimize: %s minimize '%s' --out %s\n", options->program, run->run_id,
               options->out);
    }
}

static int verb_explore(Lab *lab, Options *options)
{
    g_autoptr(GError) error = NULL;
    guint64 seed = 1;
    int64_t wall_us = options->runs_max > 0 ? 0 : 60 * G_USEC_PER_SEC;
    if ((options->seed != NULL &&
         !g_ascii_string_to_unsigned(options->seed, 10, 0, G_MAXINT64, &seed, NULL)) ||
        (options->duration != NULL && !parse_wall(options->duration, &wall_us))) {
        fprintf(stderr, "lockstep explore: --seed is a whole number, --for a time such as 10m\n");
        return EXIT_USAGE;
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
        .interrupts = &interrupts,
    };
    ExploreListener listener = {on_explored, on_round, options};
    printf("lockstep %s  explore  seed %" G_GUINT64_FORMAT "%s%s  %d jobs\n", LOCKSTEP_VERSION,
           seed, options->defect == NULL ? "" : "  defect ",
           options->defect == NULL ? "" : options->defect, options->jobs);
    fflush(stdout);
    g_autoptr(ExploreReport) report = explore_run(lab, &settings, &listener, &error);
    clear_bar(options);
    if (report == NULL) {
        return complain(error);
    }
    print_explored(options, report);
    bool nothing = report->runs == 0 && report->verdict != VERDICT_ERROR;
    return nothing ? EXIT_INCONCLUSIVE : exit_of(report->verdict);
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

static int verb_defects(Lab *lab, Options *options)
{
    g_autoptr(GError) error = NULL;
    ControlsSettings settings = {
        .only = options->words,
        .jobs = (unsigned)options->jobs,
        .out = options->out,
        .interrupts = &interrupts,
    };
    if (g_mkdir_with_parents(options->out, 0755) != 0) {
        fprintf(stderr, "lockstep: %s: cannot make the folder\n", options->out);
        return EXIT_USAGE;
    }
    g_autoptr(GPtrArray) controls = controls_run(lab, &settings, on_control, options, &error);
    if (controls == NULL) {
        return complain(error);
    }
    if (controls->len == 0) {
        fprintf(stderr, "lockstep: there are no defects to try\n");
        return EXIT_NOTHING;
    }
    g_autoptr(Canon) canon = canon_new();
    write_controls(controls, canon);
    g_autofree char *json = canon_finish(canon);
    if (!write_text(options->out, "defects.json", json, &error)) {
        fprintf(stderr, "lockstep: %s\n", error->message);
        return EXIT_LAB;
    }
    guint killed = 0;
    guint false_alarms = 0;
    bool broken = interrupts > 0;
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

/* list, explain, doctor */

static int verb_list(Lab *lab, Options *options)
{
    g_autoptr(GError) error = NULL;
    const char *what = options->words == NULL ? "scenarios" : options->words[0];
    g_autofree char *text = listing_text(lab, what, options->json, &error);
    if (text == NULL) {
        return complain(error);
    }
    fputs(text, stdout);
    return EXIT_PASS;
}

static int verb_explain(Lab *lab, Options *options)
{
    g_autoptr(GError) error = NULL;
    if (options->words == NULL) {
        fprintf(stderr, "lockstep explain: name a provision, scenario, defect or run, or one of "
                        "verbs, events, invariants, exit-codes\n");
        return EXIT_USAGE;
    }
    g_autofree char *text = listing_explain(lab, options->words[0], &error);
    if (text == NULL) {
        return complain(error);
    }
    fputs(text, stdout);
    return EXIT_PASS;
}

static int verb_doctor(Lab *lab, Options *options)
{
    const LabPaths *paths = lab_paths(lab);
    const struct {
        const char *what;
        const char *path;
        const char *mend;
    } needs[] = {
        {"the machine", paths->machine, "make build"},
        {"the boot ROM", paths->rom, "make build"},
        {"the images", paths->images, "make build"},
        {"the keys", paths->keys, "make build"},
        {"the scenarios", paths->scenarios, "start lockstep in the project's folder"},
    };
    int code = EXIT_PASS;
    (void)options;
    for (size_t i = 0; i < G_N_ELEMENTS(needs); i++) {
        bool there = g_file_test(needs[i].path, G_FILE_TEST_EXISTS);
        printf("%s %-14s %s%s%s\n", there ? "✔" : "✖", needs[i].what, needs[i].path,
               there ? "" : " is missing; mend it with: ", there ? "" : needs[i].mend);
        code = there ? code : EXIT_LAB;
    }
    if (code == EXIT_PASS) {
        printf("nothing is missing; `make doctor` looks at the tools for building\n");
    }
    return code;
}

/* The verbs. */

typedef struct Command {
    const char *name;
    unsigned flags;
    const char *arguments;
    const char *prose;
    int (*run)(Lab *lab, Options *options);
} Command;

static const Command COMMANDS[] = {
    {"check",
     FLAGS_LAB | FLAGS_SELECT | FLAGS_RUN | FLAGS_OUT | FLAGS_JSON | FLAGS_DEFECT | FLAGS_GDB,
     "[SCENARIO|FILE|FOLDER ...]", "plan, run, judge and report: all of it", verb_check},
    {"plan", FLAGS_LAB, "RUN ...", "print the plan of a run", verb_plan},
    {"run", FLAGS_LAB | FLAGS_OUT | FLAGS_GDB, "RUN|PLAN.json ...",
     "make a run and keep its evidence", verb_run},
    {"judge", FLAGS_LAB | FLAGS_JSON, "BUNDLE ...", "judge stored evidence", verb_judge},
    {"report", FLAGS_LAB | FLAGS_OUT, "[FOLDER]", "write the reports of a campaign again",
     verb_report},
    {"sweep",
     FLAGS_LAB | FLAGS_SELECT | FLAGS_RUN | FLAGS_OUT | FLAGS_JSON | FLAGS_DEFECT | FLAGS_CRASH,
     "[SCENARIO ...]", "boot every state a loss of power can leave, or sweep another axis",
     verb_sweep},
    {"merge", FLAGS_LAB | FLAGS_OUT | FLAGS_JSON | FLAGS_JUNIT, "FOLDER ...",
     "join the shards of a campaign to what it gives without them", verb_merge},
    {"replay", FLAGS_LAB | FLAGS_OUT | FLAGS_TIMES | FLAGS_GDB | FLAGS_BEFORE, "RUN ...",
     "make a run again and compare digests", verb_replay},
    {"explore", FLAGS_LAB | FLAGS_OUT | FLAGS_DEFECT | FLAGS_SEARCH | FLAGS_EXPLORE, "",
     "draw stories of faults, as many as there is time for", verb_explore},
    {"minimize", FLAGS_LAB | FLAGS_OUT | FLAGS_DEFECT | FLAGS_SEARCH, "RUN|FILE|BUNDLE ...",
     "find the shortest scenario that fails alike", verb_minimize},
    {"defects", FLAGS_LAB | FLAGS_RUN | FLAGS_OUT | FLAGS_JSON, "[NAME ...]",
     "try every seeded defect against the scenario that must notice", verb_defects},
    {"list", FLAGS_LAB | FLAGS_JSON, "provisions|scenarios|defects", "one row each", verb_list},
    {"explain", FLAGS_LAB, "WHAT", "what a provision, scenario, run or word means", verb_explain},
    {"doctor", FLAGS_LAB, "", "say what is missing", verb_doctor},
};

static void print_help(FILE *stream)
{
    fputs("lockstep: a virtual smart lock and the laboratory that breaks it\n\n", stream);
    for (size_t i = 0; i < G_N_ELEMENTS(COMMANDS); i++) {
        fprintf(stream, "  lockstep %-8s %-29s %s\n", COMMANDS[i].name, COMMANDS[i].arguments,
                COMMANDS[i].prose);
    }
    fputs("\n  lockstep VERB --help     its flags\n  lockstep --version\n", stream);
}

static const Command *find_command(const char *name)
{
    const char *names[G_N_ELEMENTS(COMMANDS) + 1] = {NULL};
    for (size_t i = 0; i < G_N_ELEMENTS(COMMANDS); i++) {
        if (strcmp(COMMANDS[i].name, name) == 0) {
            return &COMMANDS[i];
        }
        names[i] = COMMANDS[i].name;
    }
    const char *meant = tree_did_you_mean(name, names);
    fprintf(stderr, "lockstep: unknown verb \"%s\"%s%s%s\n", name,
            meant == NULL ? "" : ", did you mean \"", meant == NULL ? "" : meant,
            meant == NULL ? "" : "\"?");
    return NULL;
}

static bool parse_flags(const Command *command, Options *options, int argc, char **argv,
                        GError **error)
{
    g_autofree char *summary = g_strdup_printf("%s %s", command->name, command->arguments);
    g_autoptr(GOptionContext) context = g_option_context_new(NULL);
    g_autoptr(GArray) entries = make_entries(options, command->flags);
    g_autofree char *prose = g_strdup_printf("%s: %s", summary, command->prose);
    g_option_context_set_summary(context, prose);
    g_option_context_add_main_entries(context, (const GOptionEntry *)(void *)entries->data, NULL);
    if (!g_option_context_parse(context, &argc, &argv, error)) {
        return false;
    }
    const char *const *words[] = {
        (const char *const[]){"auto", "always", "never", NULL},
        (const char *const[]){"auto", "bar", "plain", "none", NULL},
    };
    if ((options->color != NULL && !g_strv_contains(words[0], options->color)) ||
        (options->progress != NULL && !g_strv_contains(words[1], options->progress))) {
        g_set_error(error, LAB_ERROR, LAB_ERROR_INPUT,
                    "--color is auto, always or never; --progress is auto, bar, plain or none");
        return false;
    }
    return true;
}

static void fill_defaults(Options *options)
{
    const struct {
        char **into;
        const char *value;
    } defaults[] = {
        {&options->scenarios, "scenarios"},
        {&options->images, "build/images"},
        {&options->defects, "images/defects"},
        {&options->rom, ROM_DEFAULT},
        {&options->machine, "build/qemu-system-arm"},
        {&options->keys, "build/keys"},
        {&options->out, "out"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(defaults); i++) {
        if (*defaults[i].into == NULL) {
            *defaults[i].into = g_strdup(defaults[i].value);
        }
    }
    options->jobs = options->jobs > 0 ? options->jobs : (int)g_get_num_processors();
    options->use_color = wants_color(options);
    options->gdb = options->gdb || options->gdb_port > 0;
    options->gdb_port =
        options->gdb && options->gdb_port <= 0 ? GDB_PORT_DEFAULT : options->gdb_port;
    bool automatic = options->progress == NULL || strcmp(options->progress, "auto") == 0;
    options->use_bar = g_strcmp0(options->progress, "bar") == 0 ||
                       (automatic && isatty(STDERR_FILENO) && isatty(STDOUT_FILENO) &&
                        g_strcmp0(g_getenv("TERM"), "dumb") != 0);
    options->quiet = options->json;
}

static void options_clear(Options *options)
{
    char *texts[] = {options->command,  options->program,  options->scenarios, options->images,
                     options->defects,  options->rom,      options->machine,   options->keys,
                     options->out,      options->seed,     options->shard,     options->defect,
                     options->junit,    options->progress, options->color,     options->torn,
                     options->duration, options->trace,    options->axis,      options->how,
                     options->after,    options->until,    options->second,    options->before};
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_free(texts[i]);
    }
    g_strfreev(options->filters);
    g_strfreev(options->provisions);
    g_strfreev(options->words);
}

/* The command line as a shell would take it. */
static char *quote_all(int argc, char **argv)
{
    GString *text = g_string_new(NULL);
    for (int i = 0; i < argc; i++) {
        bool plain = argv[i][0] != '\0';
        for (const char *at = argv[i]; *at != '\0'; at++) {
            plain = plain && (g_ascii_isalnum(*at) || strchr("-_./=,:+@%", *at) != NULL);
        }
        g_autofree char *quoted = plain ? g_strdup(argv[i]) : g_shell_quote(argv[i]);
        g_string_append_printf(text, "%s%s", i == 0 ? "" : " ", quoted);
    }
    return g_string_free(text, FALSE);
}

static int run_command(const Command *command, Options *options)
{
    g_autoptr(GError) error = NULL;
    if (options->gdb) {
        options->jobs = 1; /* One port, one machine. */
        /* A halted machine is waited for without end: ^C must end it all at once. */
        signal(SIGINT, SIG_DFL);
        signal(SIGTERM, SIG_DFL);
        if (options->before == NULL) {
            print_debugger(options, NULL, 0);
        }
    }
    LabPaths paths = {
        .scenarios = options->scenarios,
        .images = options->images,
        .defects = options->defects,
        .rom = options->rom,
        .machine = options->machine,
        .keys = options->keys,
        .wall_timeout_s = (unsigned)MAX(options->wall_timeout_s, 0),
        .gdb_port = options->gdb ? (unsigned)options->gdb_port : 0,
    };
    g_autoptr(Lab) lab = lab_open(&paths, &error);
    return lab == NULL ? complain(error) : command->run(lab, options);
}

int main(int argc, char **argv)
{
    setlocale(LC_CTYPE, "C.UTF-8");
    if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
        strcmp(argv[1], "help") == 0) {
        print_help(argc < 2 ? stderr : stdout);
        return argc < 2 ? EXIT_USAGE : EXIT_PASS;
    }
    if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "version") == 0) {
        printf("lockstep %s\n", LOCKSTEP_VERSION);
        return EXIT_PASS;
    }
    const Command *command = find_command(argv[1]);
    if (command == NULL) {
        return EXIT_USAGE;
    }
    struct sigaction action = {.sa_handler = on_interrupt};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
    Options options = {.program = g_strdup(argv[0]), .command = quote_all(argc, argv)};
    options.fail_max = strcmp(command->name, "explore") == 0 ? 1 : 0;
    g_autoptr(GError) error = NULL;
    int code = EXIT_USAGE;
    g_autofree char *name = g_strdup_printf("lockstep %s", command->name);
    g_set_prgname(name);
    argv[1] = argv[0];
    if (parse_flags(command, &options, argc - 1, argv + 1, &error)) {
        fill_defaults(&options);
        code = run_command(command, &options);
    } else {
        fprintf(stderr, "lockstep %s: %s\n", command->name, error->message);
    }
    options_clear(&options);
    return code;
}
