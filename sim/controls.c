/* SPDX-License-Identifier: MIT */

#include "sim/controls.h"

#include <stdio.h>
#include <string.h>

#include "sim/evidence/bundle.h"
#include "sim/workers.h"

#define WAIT_MS    250
#define POINTS_MAX 4000

typedef struct Controls {
    Lab *lab;
    const ControlsSettings *settings;
    GPtrArray *defects; /* of Defect */
} Controls;

static void control_free(void *control)
{
    ControlResult *at = control;
    g_free(at->defect);
    g_free(at->run_id);
    g_free(at->reason);
    g_free(at);
}

/* Makes one run and takes down what it came to; true when that is a FAIL. */
static bool try_run(Controls *controls, const char *run_id, LabKeep keep, ControlResult *control)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(RunResult) result =
        lab_execute(controls->lab, run_id, controls->settings->out, keep, &error);
    control->runs++;
    g_free(control->run_id);
    control->run_id = g_strdup(run_id);
    g_free(control->reason);
    control->reason = g_strdup(result == NULL ? error->message : result->reason);
    control->verdict = result == NULL ? VERDICT_ERROR : result->verdict;
    return control->verdict == VERDICT_FAIL;
}

/* Tries the points of a sweep until one is a FAIL. */
static bool try_points(Controls *controls, const Scenario *scenario, const char *defect,
                       const char *reference, ControlResult *control)
{
    g_autofree char *below = lab_bundle_path(reference);
    g_autofree char *path = g_build_filename(controls->settings->out, below, NULL);
    g_autoptr(Bundle) bundle = bundle_open(path, NULL);
    if (bundle == NULL) {
        return false;
    }
    uint64_t seed = scenario_seed(scenario);
    g_autoptr(GArray) points =
        sweep_points(scenario_sweep(scenario), seed, bundle->events, false, NULL);
    for (guint i = 0; points != NULL && i < points->len && i < POINTS_MAX; i++) {
        g_autofree char *run_id = sweep_run_id(scenario_id(scenario),
                                               &g_array_index(points, SweepPoint, i), defect, seed);
        if (try_run(controls, run_id, LAB_KEEP_UNLESS_PASS, control)) {
            return true;
        }
    }
    return false;
}

static bool try_scenario(Controls *controls, const char *id, const char *defect,
                         ControlResult *control)
{
    g_autoptr(GError) error = NULL;
    const Scenario *scenario = lab_scenario(controls->lab, id, &error);
    if (scenario == NULL) {
        g_free(control->reason);
        control->reason = g_strdup(error->message);
        control->verdict = VERDICT_ERROR;
        return false;
    }
    g_autofree char *run_id = sweep_run_id(id, NULL, defect, scenario_seed(scenario));
    if (try_run(controls, run_id, LAB_KEEP_ALWAYS, control)) {
        return true;
    }
    return scenario_sweep(scenario)->axis != SWEEP_NONE &&
           try_points(controls, scenario, defect, run_id, control);
}

/* The killing run once more, without the defect: it must be PASS. */
static bool is_false_alarm(Controls *controls, const char *run_id)
{
    g_auto(SweepRun) run = {.scenario = NULL};
    if (!sweep_parse_run_id(run_id, &run)) {
        return true;
    }
    g_autofree char *compliant = sweep_run_id(
        run.scenario, run.point.axis == SWEEP_NONE ? NULL : &run.point, NULL, run.seed);
    g_autoptr(RunResult) result =
        lab_execute(controls->lab, compliant, controls->settings->out, LAB_KEEP_UNLESS_PASS, NULL);
    return result == NULL || result->verdict != VERDICT_PASS;
}

static char *to_json(const ControlResult *control)
{
    g_autoptr(Canon) canon = canon_new();
    canon_begin_object(canon);
    canon_member_text(canon, "run_id", control->run_id);
    canon_member_text(canon, "reason", control->reason);
    canon_member_text(canon, "verdict", verdict_name(control->verdict));
    canon_member_truth(canon, "killed", control->killed);
    canon_member_truth(canon, "false_alarm", control->false_alarm);
    canon_member_integer(canon, "runs", control->runs);
    canon_end_object(canon);
    return canon_finish(canon);
}

static char *serve(const char *request, void *user_data)
{
    Controls *controls = user_data;
    if (request == NULL) {
        lab_close(controls->lab);
        return NULL;
    }
    guint64 index = 0;
    bool good =
        g_ascii_string_to_unsigned(request, 10, 0, controls->defects->len - 1, &index, NULL);
    g_assert(good);
    const Defect *defect = g_ptr_array_index(controls->defects, (guint)index);
    ControlResult *control = g_new0(ControlResult, 1);
    g_autoptr(GError) error = NULL;
    if (!lab_check_defect(controls->lab, defect->name, &error)) {
        control->reason = g_strdup(error->message);
        control->verdict = VERDICT_ERROR;
    }
    for (char **id = defect->scenarios; error == NULL && *id != NULL && !control->killed; id++) {
        control->killed = try_scenario(controls, *id, defect->name, control);
    }
    if (control->killed) {
        control->false_alarm = is_false_alarm(controls, control->run_id);
    }
    char *json = to_json(control);
    control_free(control);
    return json;
}

static char *copy_text(const TreeNode *object, const char *key)
{
    const TreeNode *node = tree_get(object, key);
    return node == NULL || node->text == NULL || (!node->quoted && strcmp(node->text, "null") == 0)
               ? NULL
               : g_strdup(node->text);
}

static ControlResult *parse_reply(const char *reply, const char *defect)
{
    ControlResult *control = g_new0(ControlResult, 1);
    control->defect = g_strdup(defect);
    g_autoptr(Tree) tree =
        reply == NULL ? NULL : tree_parse("reply", reply, strlen(reply), true, NULL);
    if (tree == NULL) {
        control->verdict = VERDICT_ERROR;
        control->reason = g_strdup("the worker died");
        return control;
    }
    const TreeNode *root = tree_root(tree);
    control->run_id = copy_text(root, "run_id");
    control->reason = copy_text(root, "reason");
    g_autofree char *verdict = copy_text(root, "verdict");
    if (verdict == NULL || !verdict_parse(verdict, &control->verdict) ||
        !tree_truth(tree_get(root, "killed"), &control->killed, NULL) ||
        !tree_truth(tree_get(root, "false_alarm"), &control->false_alarm, NULL) ||
        !tree_integer(tree_get(root, "runs"), 0, INT64_MAX, &control->runs, NULL)) {
        control->verdict = VERDICT_ERROR;
    }
    return control;
}

static bool is_wanted(const ControlsSettings *settings, const char *name)
{
    return settings->only == NULL || settings->only[0] == NULL ||
           g_strv_contains((const char *const *)settings->only, name);
}

/* Leaves only the wanted ones; refuses names there are none of. */
static bool choose(GPtrArray *defects, const ControlsSettings *settings, GError **error)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    for (guint i = 0; i < defects->len; i++) {
        g_ptr_array_add(names, ((const Defect *)g_ptr_array_index(defects, i))->name);
    }
    g_ptr_array_add(names, NULL);
    for (char *const *name = settings->only; name != NULL && *name != NULL; name++) {
        if (!g_strv_contains((const char *const *)names->pdata, *name)) {
            const char *meant = tree_did_you_mean(*name, (const char *const *)names->pdata);
            g_set_error(error, LAB_ERROR, LAB_ERROR_INPUT,
                        "error: no defect is called \"%s\"%s%s%s", *name,
                        meant == NULL ? "" : ", did you mean \"", meant == NULL ? "" : meant,
                        meant == NULL ? "" : "\"?");
            return false;
        }
    }
    for (guint i = defects->len; i-- > 0;) {
        if (!is_wanted(settings, ((const Defect *)g_ptr_array_index(defects, i))->name)) {
            g_ptr_array_remove_index(defects, i);
        }
    }
    return true;
}

GPtrArray *controls_run(Lab *lab, const ControlsSettings *settings, ControlsListener listener,
                        void *user_data, GError **error)
{
    g_autoptr(GPtrArray) defects = lab_defects(lab, error);
    if (defects == NULL || !choose(defects, settings, error)) {
        return NULL;
    }
    Controls controls = {.lab = lab, .settings = settings, .defects = defects};
    GPtrArray *results = g_ptr_array_new_with_free_func(control_free);
    g_ptr_array_set_size(results, (gint)defects->len);
    if (defects->len == 0) {
        return results;
    }
    fflush(NULL); /* Or the children would write it again. */
    Workers *workers = workers_new(settings->jobs, serve, &controls);
    guint next = 0;
    bool stop = false;
    while (!stop && (next < defects->len || workers_busy(workers) > 0)) {
        g_autofree char *request = g_strdup_printf("%u", next);
        if (next < defects->len && workers_send(workers, request, next)) {
            next++;
            continue;
        }
        unsigned tag = 0;
        g_autofree char *reply = NULL;
        stop = settings->interrupts != NULL && *settings->interrupts > 0;
        if (workers_wait(workers, WAIT_MS, &tag, &reply)) {
            const Defect *defect = g_ptr_array_index(defects, tag);
            ControlResult *control = parse_reply(reply, defect->name);
            results->pdata[tag] = control;
            listener(control, user_data);
        }
    }
    workers_free(workers, stop);
    for (guint i = results->len; i-- > 0;) {
        if (results->pdata[i] == NULL) {
            g_ptr_array_remove_index(results, i);
        }
    }
    return results;
}
