/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A command: one verb of `lockstep`, what it is for, and what it takes.
 *
 * All of them stand in a table in main.c. It opens the lab, runs the command that was named, and
 * ends with the code that comes back. Only commands print: results go to standard output, talk to
 * standard error.
 *
 * A command has the groups of flags that its row says (options.h), and may change its Options. The
 * functions below are where the lines above them say.
 */

#include "sim/commands/options.h"
#include "sim/lab.h"

/* What lockstep ends with. */
enum {
    EXIT_PASS = 0,
    EXIT_FAIL = 1,
    EXIT_INCONCLUSIVE = 2,
    EXIT_LAB = 3,
    EXIT_NOTHING = 4,
    EXIT_USAGE = 64,
};

typedef struct Command {
    const char *name;
    unsigned groups; /* of flags: OPTIONS_... */
    const char *arguments;
    const char *prose; /* what it is for */
    const char *needs; /* what to name when no word is given; NULL: it may do without */
    int (*run)(Lab *lab, Options *options);
} Command;

/* stages.c: the way from a scenario to a report, whole and stage by stage. */
int command_check(Lab *lab, Options *options);
int command_plan(Lab *lab, Options *options);
int command_run(Lab *lab, Options *options);
int command_judge(Lab *lab, Options *options);
int command_report(Lab *lab, Options *options);

/* sweep.c, merge.c */
int command_sweep(Lab *lab, Options *options);
int command_merge(Lab *lab, Options *options);

/* replay.c */
int command_replay(Lab *lab, Options *options);

/* search.c: looking for what fails. */
int command_explore(Lab *lab, Options *options);
int command_minimize(Lab *lab, Options *options);
int command_defects(Lab *lab, Options *options);

/* ask.c: what there is, and what it means. */
int command_list(Lab *lab, Options *options);
int command_explain(Lab *lab, Options *options);
int command_doctor(Lab *lab, Options *options);

/* `check` of what `words` select, each swept over `imposed`, if not NULL, in place of its own. */
int command_check_imposed(Lab *lab, Options *options, char *const *words, const Sweep *imposed);
