/* SPDX-License-Identifier: MIT */

/*
 * `replay`: a run once more, to compare its digest, to see it as waves, or under a debugger.
 */

#include <stdio.h>
#include <string.h>

#include "sim/commands/outcome.h"
#include "sim/commands/terminal.h"
#include "sim/report/vcd.h"

#define REPLAY_TIMES_MAX 100000

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
        return terminal_complain(error);
    }
    g_autoptr(Recorder) recorder = recorder_new();
    WorldOutcome outcome = {0};
    if (!world_run(plan, lab_pool(scout, plan->defect), recorder, &outcome, &error)) {
        return terminal_end(EXIT_LAB, "%s: %s", plan->run_id, error->message);
    }
    const Event *effect = first_effect(recorder);
    if (effect == NULL || outcome.fault_instructions == 0) {
        return terminal_misuse(
            "%s: no fault takes effect in this run, so there is nothing to stop before",
            plan->run_id);
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
    terminal_debugger(options, plan->defect, outcome.fault_device);
    return EXIT_PASS;
}

static int replay_one(Lab *lab, Options *options, const char *word)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Plan) plan = lab_plan(lab, word, &error);
    if (plan == NULL) {
        return terminal_complain(error);
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
    while (made < times && *options->interrupts == 0) {
        RunResult *now = lab_execute(lab, plan->run_id, out, LAB_KEEP_ALWAYS, &error);
        if (now == NULL) {
            return terminal_complain(error);
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
    outcome_print_run(options, last, plan);
    printf("evidence: %s/%s\n", out, last->bundle == NULL ? "" : last->bundle);
    if (!same) {
        printf("the replay differs\n");
        return EXIT_LAB;
    }
    if (compared) {
        printf("%d of %d digests are the same%s\n", made, times,
               comparable ? ", also as recorded" : "");
    }
    return outcome_exit(last->verdict);
}

/* Makes the run once more with every flash operation in view, and writes it as waves. */
static int trace_one(Lab *lab, Options *options, const char *word)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Plan) plan = lab_plan(lab, word, &error);
    if (plan == NULL) {
        return terminal_complain(error);
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
    if (g_mkdir_with_parents(folder, 0755) != 0 ||
        !outcome_write_text(folder, dump_name, dump, &error) ||
        !outcome_write_text(folder, save_name, save, &error)) {
        return terminal_end(EXIT_LAB, "%s: %s", folder,
                            error == NULL ? "cannot make the folder" : error->message);
    }
    printf("waves: %s/%s\nlook: gtkwave %s/%s\n", folder, dump_name, folder, save_name);
    return result->verdict == VERDICT_ERROR ? EXIT_LAB : EXIT_PASS;
}

int command_replay(Lab *lab, Options *options)
{
    if (options->trace != NULL && strcmp(options->trace, "vcd") != 0) {
        return terminal_misuse("--trace knows only vcd");
    }
    if (options->before != NULL && (strcmp(options->before, "fault") != 0 || !options->gdb)) {
        return terminal_misuse("%s", options->gdb
                                         ? "--before knows only fault"
                                         : "--before fault needs --gdb: it stops for a debugger");
    }
    if (options->words == NULL || options->times > REPLAY_TIMES_MAX) {
        return terminal_misuse("name a run, and at most %d times", REPLAY_TIMES_MAX);
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
