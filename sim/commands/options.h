/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What the flags of a command line say.
 *
 * Every flag of every command is declared once, in a table of options.c, in groups; a command has
 * some of the groups. A flag that was not given is 0 or NULL, unless it has a default below.
 *
 * An Options owns its texts; commands may replace them. Words that mean nothing are errors of
 * LAB_ERROR, in one line without a period.
 */

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

#include "sim/scenario/sweep.h"

enum {
    OPTIONS_LAB = 1 << 0,     /* where things are */
    OPTIONS_SELECT = 1 << 1,  /* which scenarios */
    OPTIONS_RUN = 1 << 2,     /* how they are run */
    OPTIONS_DEFECT = 1 << 3,  /* --defect */
    OPTIONS_SWEEP = 1 << 4,   /* what is swept, and how */
    OPTIONS_OUT = 1 << 5,     /* --out */
    OPTIONS_JUNIT = 1 << 6,   /* --junit, where OPTIONS_RUN is not */
    OPTIONS_JSON = 1 << 7,    /* --json */
    OPTIONS_TIMES = 1 << 8,   /* --times */
    OPTIONS_GDB = 1 << 9,     /* --trace, --gdb, --gdb-port */
    OPTIONS_BEFORE = 1 << 10, /* --before */
    OPTIONS_SEARCH = 1 << 11, /* --max-runs */
    OPTIONS_EXPLORE = 1 << 12 /* --seed, --for, --jobs, --resume, --max-fail, --verbose */
};

#define OPTIONS_ROM_DEFAULT "build/firmware/rom.bin"

typedef struct Options {
    /* OPTIONS_LAB; the paths have defaults */
    char *scenarios;
    char *images;
    char *defects;
    char *rom;
    char *machine;
    char *keys;
    int wall_timeout_s;
    char *color;
    /* OPTIONS_SELECT */
    char **filters;
    char **provisions;
    /* OPTIONS_RUN, OPTIONS_EXPLORE */
    char *seed;
    int jobs; /* as many as there are processors */
    gboolean resume;
    char *shard;
    int fail_max; /* explore: 1 */
    gboolean every_torn;
    gboolean keep_all;
    gboolean no_canary;
    char *junit;
    char *progress;
    char *duration;
    gboolean verbose;
    /* OPTIONS_SWEEP */
    int depth;
    char *torn;
    char *axis;
    char *how;
    gint64 every;
    int count;
    char *after;
    char *until;
    char *second;
    int second_count;
    /* the others */
    char *defect;
    char *out; /* "out" */
    gboolean json;
    int times;
    char *trace;
    gboolean gdb; /* also with --gdb-port */
    int gdb_port; /* 1234, with --gdb */
    char *before;
    int runs_max;
    char **words; /* what is no flag; NULL: nothing */
    /* not from a flag */
    char *program;                           /* as it was called */
    char *typed;                             /* the whole command line, for a shell */
    const char *version;                     /* main's */
    const volatile sig_atomic_t *interrupts; /* main's: 1: finish what runs; 2: stop now */
    bool use_color;
    bool use_bar;
} Options;

/*
 * Reads the flags behind the verb in `argv`, which must have one, into `options`, all zero but for
 * what is main's. `summary` heads the help, which ends the program.
 */
bool options_parse(Options *options, unsigned groups, const char *summary, int argc, char **argv,
                   GError **error) G_GNUC_WARN_UNUSED_RESULT;
void options_clear(Options *options);

/* Says in `error` what is wrong with a flag; false. */
bool options_refuse(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* The number of --seed, if it was given; false when it is none. */
bool options_seed(const Options *options, uint64_t *ret_seed) G_GNUC_WARN_UNUSED_RESULT;

/* The axis that `word` of a flag means. */
bool options_axis(const char *flag, const char *word, SweepAxis *ret_axis,
                  GError **error) G_GNUC_WARN_UNUSED_RESULT;
