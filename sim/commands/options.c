/* SPDX-License-Identifier: MIT */

#include "sim/commands/options.h"

#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "sim/base/tree.h"
#include "sim/lab.h"

#define AXES             "instruction, call, frame, nvm.operation, wear, read"
#define GDB_PORT_DEFAULT 1234

typedef struct Flag {
    const char *name;
    char letter;
    GOptionArg kind;
    size_t at; /* in Options */
    const char *prose;
    const char *value;
} Flag;

#define FILE_OF(field)   G_OPTION_ARG_FILENAME, offsetof(Options, field)
#define TEXT_OF(field)   G_OPTION_ARG_STRING, offsetof(Options, field)
#define TEXTS_OF(field)  G_OPTION_ARG_STRING_ARRAY, offsetof(Options, field)
#define NUMBER_OF(field) G_OPTION_ARG_INT, offsetof(Options, field)
#define TRUTH_OF(field)  G_OPTION_ARG_NONE, offsetof(Options, field)

static const Flag LAB_FLAGS[] = {
    {"scenarios", 0, FILE_OF(scenarios), "where the scenarios are", "FOLDER"},
    {"images", 0, FILE_OF(images), "where the images are", "FOLDER"},
    {"defects", 0, FILE_OF(defects), "where the defects' recipes are", "FOLDER"},
    {"rom", 0, FILE_OF(rom), "the boot ROM", "FILE"},
    {"machine", 0, FILE_OF(machine), "the machine's emulator", "FILE"},
    {"keys", 0, FILE_OF(keys), "where the worthless keys are", "FOLDER"},
    {"wall-timeout", 0, NUMBER_OF(wall_timeout_s),
     "a machine silent for so many seconds of the host's time is an error", "SECONDS"},
    {"color", 0, TEXT_OF(color), "auto, always, never", "WHEN"},
};

static const Flag SELECT_FLAGS[] = {
    {"filter", 'f', TEXTS_OF(filters), "scenarios whose id matches, with * and ?", "GLOB"},
    {"provision", 0, TEXTS_OF(provisions), "scenarios that prove this provision", "ID"},
};

static const Flag RUN_SEED_FLAG[] = {
    {"seed", 0, TEXT_OF(seed), "instead of each scenario's own", "N"},
};

static const Flag MANY_FLAGS[] = {
    {"jobs", 'j', NUMBER_OF(jobs), "so many runs at once; as many as processors if not given", "N"},
    {"resume", 0, TRUTH_OF(resume), "take finished runs of an earlier execution as they are", NULL},
};

static const Flag RUN_FLAGS[] = {
    {"shard", 0, TEXT_OF(shard), "this part of the runs only", "M/N"},
    {"max-fail", 0, NUMBER_OF(fail_max), "stop after so many runs that are not PASS", "N"},
    {"every-torn", 0, TRUTH_OF(every_torn), "sweep every torn state at every operation", NULL},
    {"keep-all", 0, TRUTH_OF(keep_all), "keep the bundles of passing sweep points, too", NULL},
    {"no-canary", 0, TRUTH_OF(no_canary), "do not show first that a sweep catches a seeded defect",
     NULL},
};

static const Flag JUNIT_FLAG[] = {
    {"junit", 0, FILE_OF(junit), "write JUnit XML here, too", "FILE"},
};

static const Flag PROGRESS_FLAG[] = {
    {"progress", 0, TEXT_OF(progress), "auto, bar, plain, none", "HOW"},
};

static const Flag DEFECT_FLAG[] = {
    {"defect", 0, TEXT_OF(defect), "use the images that carry this seeded defect", "NAME"},
};

static const Flag SWEEP_FLAGS[] = {
    {"depth", 0, NUMBER_OF(depth), "losses of power in a row, 1 or 2 (1)", "N"},
    {"torn", 0, TEXT_OF(torn),
     "pages: an erase is torn at each page; each: at each program unit, and chance is asked 32 "
     "times, not 4 (pages)",
     "HOW"},
    {"axis", 0, TEXT_OF(axis), "sweep this instead, in any scenario: " AXES, "AXIS"},
    {"how", 0, TEXT_OF(how),
     "axis nvm.operation: the torn state; axes frame, wear, read: what becomes of it; each; drawn",
     "WORD"},
    {"every", 0, G_OPTION_ARG_INT64, offsetof(Options, every),
     "with --axis: the first point and each N-th", "N"},
    {"count", 0, NUMBER_OF(count), "with --axis: so many points, evenly drawn", "N"},
    {"after", 0, TEXT_OF(after), "with --axis: points from this event on", "EVENT"},
    {"until", 0, TEXT_OF(until), "with --axis: points up to this event", "EVENT"},
    {"second", 0, TEXT_OF(second),
     "a second loss of power while the lock recovers from the first fault, on this axis", "AXIS"},
    {"second-count", 0, NUMBER_OF(second_count), "so many of them for each first fault (2)", "N"},
};

static const Flag OUT_FLAG[] = {
    {"out", 'o', FILE_OF(out), "where the results go (out)", "FOLDER"},
};

static const Flag JSON_FLAG[] = {
    {"json", 0, TRUTH_OF(json), "results as JSON on standard output", NULL},
};

static const Flag TIMES_FLAG[] = {
    {"times", 0, NUMBER_OF(times), "run so often", "N"},
};

static const Flag GDB_FLAGS[] = {
    {"trace", 0, TEXT_OF(trace), "vcd: write the run as waves, with a save file for GTKWave",
     "HOW"},
    {"gdb", 0, TRUTH_OF(gdb), "start the machine halted and wait for a debugger", NULL},
    {"gdb-port", 0, NUMBER_OF(gdb_port), "where it listens (1234); implies --gdb", "PORT"},
};

static const Flag BEFORE_FLAG[] = {
    {"before", 0, TEXT_OF(before),
     "fault: with --gdb, stop one instruction before the first one takes effect", "WHAT"},
};

static const Flag SEARCH_FLAG[] = {
    {"max-runs", 0, NUMBER_OF(runs_max), "no more than so many runs", "N"},
};

static const Flag EXPLORE_START_FLAGS[] = {
    {"seed", 0, TEXT_OF(seed), "what everything is drawn from (1)", "N"},
    {"for", 0, TEXT_OF(duration), "begin no round after so long, such as 90s, 10m or 2h (1m)",
     "TIME"},
};

static const Flag EXPLORE_FLAGS[] = {
    {"max-fail", 0, NUMBER_OF(fail_max), "stop after so many different failures (1); 0: go on",
     "N"},
    {"verbose", 'v', TRUTH_OF(verbose), "print every schedule, not only those that fail", NULL},
};

#define IN(group, flags)                                                                           \
    {                                                                                              \
        group, flags, G_N_ELEMENTS(flags)                                                          \
    }

/* Whose flags they are, in the order of the help. */
static const struct {
    unsigned group;
    const Flag *flags;
    size_t count;
} TABLE[] = {
    IN(OPTIONS_LAB, LAB_FLAGS),
    IN(OPTIONS_SELECT, SELECT_FLAGS),
    IN(OPTIONS_RUN, RUN_SEED_FLAG),
    IN(OPTIONS_RUN, MANY_FLAGS),
    IN(OPTIONS_RUN, RUN_FLAGS),
    IN(OPTIONS_RUN, JUNIT_FLAG),
    IN(OPTIONS_RUN, PROGRESS_FLAG),
    IN(OPTIONS_DEFECT, DEFECT_FLAG),
    IN(OPTIONS_SWEEP, SWEEP_FLAGS),
    IN(OPTIONS_OUT, OUT_FLAG),
    IN(OPTIONS_JUNIT, JUNIT_FLAG),
    IN(OPTIONS_JSON, JSON_FLAG),
    IN(OPTIONS_TIMES, TIMES_FLAG),
    IN(OPTIONS_GDB, GDB_FLAGS),
    IN(OPTIONS_BEFORE, BEFORE_FLAG),
    IN(OPTIONS_SEARCH, SEARCH_FLAG),
    IN(OPTIONS_EXPLORE, EXPLORE_START_FLAGS),
    IN(OPTIONS_EXPLORE, MANY_FLAGS),
    IN(OPTIONS_EXPLORE, EXPLORE_FLAGS),
};

static GArray *make_entries(Options *options, unsigned groups)
{
    GArray *entries = g_array_new(TRUE, TRUE, sizeof(GOptionEntry));
    for (size_t i = 0; i < G_N_ELEMENTS(TABLE); i++) {
        for (size_t k = 0; (TABLE[i].group & groups) != 0 && k < TABLE[i].count; k++) {
            const Flag *flag = &TABLE[i].flags[k];
            GOptionEntry entry = {
                flag->name,  flag->letter, 0, flag->kind, (char *)options + flag->at,
                flag->prose, flag->value};
            g_array_append_val(entries, entry);
        }
    }
    GOptionEntry words = {G_OPTION_REMAINING, 0,    0,   G_OPTION_ARG_STRING_ARRAY,
                          &options->words,    NULL, NULL};
    g_array_append_val(entries, words);
    return entries;
}

bool options_refuse(GError **error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *why = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_set_error(error, LAB_ERROR, LAB_ERROR_INPUT, "error: %s", why);
    return false;
}

bool options_seed(const Options *options, uint64_t *ret_seed)
{
    guint64 seed = 0;
    if (options->seed == NULL) {
        return true;
    }
    if (!g_ascii_string_to_unsigned(options->seed, 10, 0, G_MAXINT64, &seed, NULL)) {
        return false;
    }
    *ret_seed = seed;
    return true;
}

bool options_axis(const char *flag, const char *word, SweepAxis *ret_axis, GError **error)
{
    const char *const *names = sweep_axis_names();
    for (size_t i = 0; names[i] != NULL; i++) {
        if (strcmp(names[i], word) == 0) {
            *ret_axis = sweep_axis_at(i);
            return true;
        }
    }
    const char *meant = tree_did_you_mean(word, names);
    return options_refuse(error, "%s knows no \"%s\"%s%s%s", flag, word,
                          meant == NULL ? "; there are " AXES : ", did you mean \"",
                          meant == NULL ? "" : meant, meant == NULL ? "" : "\"?");
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

static bool wants_bar(const Options *options)
{
    bool automatic = options->progress == NULL || strcmp(options->progress, "auto") == 0;
    return g_strcmp0(options->progress, "bar") == 0 ||
           (automatic && isatty(STDERR_FILENO) && isatty(STDOUT_FILENO) &&
            g_strcmp0(g_getenv("TERM"), "dumb") != 0);
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
        {&options->rom, OPTIONS_ROM_DEFAULT},
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
    options->gdb = options->gdb || options->gdb_port > 0;
    options->gdb_port =
        options->gdb && options->gdb_port <= 0 ? GDB_PORT_DEFAULT : options->gdb_port;
    options->use_color = wants_color(options);
    options->use_bar = wants_bar(options);
}

bool options_parse(Options *options, unsigned groups, const char *summary, int argc, char **argv,
                   GError **error)
{
    options->program = g_strdup(argv[0]);
    options->typed = quote_all(argc, argv);
    options->fail_max = (groups & OPTIONS_EXPLORE) != 0 ? 1 : 0;
    argc--;
    argv[1] = argv[0]; /* The verb is no word. */
    argv++;
    g_autoptr(GOptionContext) context = g_option_context_new(NULL);
    g_autoptr(GArray) entries = make_entries(options, groups);
    g_option_context_set_summary(context, summary);
    g_option_context_add_main_entries(context, (const GOptionEntry *)(void *)entries->data, NULL);
    if (!g_option_context_parse(context, &argc, &argv, error)) {
        return false;
    }
    const char *const colors[] = {"auto", "always", "never", NULL};
    const char *const progresses[] = {"auto", "bar", "plain", "none", NULL};
    if ((options->color != NULL && !g_strv_contains(colors, options->color)) ||
        (options->progress != NULL && !g_strv_contains(progresses, options->progress))) {
        g_set_error(error, LAB_ERROR, LAB_ERROR_INPUT,
                    "--color is auto, always or never; --progress is auto, bar, plain or none");
        return false;
    }
    fill_defaults(options);
    return true;
}

void options_clear(Options *options)
{
    for (size_t i = 0; i < G_N_ELEMENTS(TABLE); i++) {
        for (size_t k = 0; k < TABLE[i].count; k++) {
            const Flag *flag = &TABLE[i].flags[k];
            void *at = (char *)options + flag->at;
            if (flag->kind == G_OPTION_ARG_STRING || flag->kind == G_OPTION_ARG_FILENAME) {
                g_clear_pointer((char **)at, g_free);
            } else if (flag->kind == G_OPTION_ARG_STRING_ARRAY) {
                g_clear_pointer((char ***)at, g_strfreev);
            }
        }
    }
    g_clear_pointer(&options->words, g_strfreev);
    g_clear_pointer(&options->program, g_free);
    g_clear_pointer(&options->typed, g_free);
}
