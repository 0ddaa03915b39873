/* SPDX-License-Identifier: MIT */

/*
 * The command line: argv to one command to an exit code.
 */

#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "sim/base/tree.h"
#include "sim/commands/command.h"
#include "sim/commands/terminal.h"

static const Command COMMANDS[] = {
    {.name = "check",
     .arguments = "[SCENARIO|FILE|FOLDER ...]",
     .prose = "plan, run, judge and report: all of it",
     .groups = OPTIONS_LAB | OPTIONS_SELECT | OPTIONS_RUN | OPTIONS_OUT | OPTIONS_JSON |
               OPTIONS_DEFECT | OPTIONS_GDB,
     .run = command_check},
    {.name = "plan",
     .arguments = "RUN ...",
     .prose = "print the plan of a run",
     .groups = OPTIONS_LAB,
     .needs = "a scenario or a run",
     .run = command_plan},
    {.name = "run",
     .arguments = "RUN|PLAN.json ...",
     .prose = "make a run and keep its evidence",
     .groups = OPTIONS_LAB | OPTIONS_OUT | OPTIONS_GDB,
     .needs = "a scenario, a run or a plan",
     .run = command_run},
    {.name = "judge",
     .arguments = "BUNDLE ...",
     .prose = "judge stored evidence",
     .groups = OPTIONS_LAB | OPTIONS_JSON,
     .needs = "a bundle",
     .run = command_judge},
    {.name = "report",
     .arguments = "[FOLDER]",
     .prose = "write the reports of a campaign again",
     .groups = OPTIONS_LAB | OPTIONS_OUT,
     .run = command_report},
    {.name = "sweep",
     .arguments = "[SCENARIO ...]",
     .prose = "boot every state a loss of power can leave, or sweep another axis",
     .groups = OPTIONS_LAB | OPTIONS_SELECT | OPTIONS_RUN | OPTIONS_OUT | OPTIONS_JSON |
               OPTIONS_DEFECT | OPTIONS_SWEEP,
     .run = command_sweep},
    {.name = "merge",
     .arguments = "FOLDER ...",
     .prose = "join the shards of a campaign to what it gives without them",
     .groups = OPTIONS_LAB | OPTIONS_OUT | OPTIONS_JSON | OPTIONS_JUNIT,
     .run = command_merge},
    {.name = "replay",
     .arguments = "RUN ...",
     .prose = "make a run again and compare digests",
     .groups = OPTIONS_LAB | OPTIONS_OUT | OPTIONS_TIMES | OPTIONS_GDB | OPTIONS_BEFORE,
     .run = command_replay},
    {.name = "explore",
     .arguments = "",
     .prose = "draw stories of faults, as many as there is time for",
     .groups = OPTIONS_LAB | OPTIONS_OUT | OPTIONS_DEFECT | OPTIONS_SEARCH | OPTIONS_EXPLORE,
     .run = command_explore},
    {.name = "minimize",
     .arguments = "RUN|FILE|BUNDLE ...",
     .prose = "find the shortest scenario that fails alike",
     .groups = OPTIONS_LAB | OPTIONS_OUT | OPTIONS_DEFECT | OPTIONS_SEARCH,
     .needs = "a run that fails, its bundle, or a scenario",
     .run = command_minimize},
    {.name = "defects",
     .arguments = "[NAME ...]",
     .prose = "try every seeded defect against the scenario that must notice",
     .groups = OPTIONS_LAB | OPTIONS_RUN | OPTIONS_OUT | OPTIONS_JSON,
     .run = command_defects},
    {.name = "list",
     .arguments = "provisions|scenarios|defects",
     .prose = "one row each",
     .groups = OPTIONS_LAB | OPTIONS_JSON,
     .run = command_list},
    {.name = "explain",
     .arguments = "WHAT",
     .prose = "what a provision, scenario, run or word means",
     .groups = OPTIONS_LAB,
     .needs = "a provision, scenario, defect or run, or one of verbs, events, invariants, "
              "exit-codes",
     .run = command_explain},
    {.name = "doctor",
     .arguments = "",
     .prose = "say what is missing",
     .groups = OPTIONS_LAB,
     .run = command_doctor},
};

static volatile sig_atomic_t interrupts;

static void on_interrupt(int number)
{
    if (++interrupts > 2) { /* Somebody means it. */
        signal(number, SIG_DFL);
        raise(number);
    }
}

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
    (void)terminal_end(EXIT_USAGE, "unknown verb \"%s\"%s%s%s", name,
                       meant == NULL ? "" : ", did you mean \"", meant == NULL ? "" : meant,
                       meant == NULL ? "" : "\"?");
    return NULL;
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
            terminal_debugger(options, NULL, 0);
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
    if (lab == NULL) {
        return terminal_complain(error);
    }
    return command->needs != NULL && options->words == NULL
               ? terminal_misuse("name %s", command->needs)
               : command->run(lab, options);
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
    g_autofree char *name = g_strdup_printf("lockstep %s", command->name);
    g_autofree char *summary =
        g_strdup_printf("%s %s: %s", command->name, command->arguments, command->prose);
    g_set_prgname(name);
    Options options = {.version = LOCKSTEP_VERSION, .interrupts = &interrupts};
    g_autoptr(GError) error = NULL;
    int code = options_parse(&options, command->groups, summary, argc, argv, &error)
                   ? run_command(command, &options)
                   : terminal_misuse("%s", error->message);
    options_clear(&options);
    return code;
}
