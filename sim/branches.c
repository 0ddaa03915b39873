/* SPDX-License-Identifier: MIT */

/*
 *   B1  The trunk's plan and a branch's differ in the arguments of their last action alone.
 *   B2  A branch's process makes one run, writes one result to its socket, and ends; 0 says that it
 *       left the machine where the trunk may restore it.
 *   B3  Whatever goes wrong leaves runs without a result, never with a wrong one.
 */

#include "sim/branches.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sim/base/bytes.h"
#include "sim/world/world.h"

/* A point no run comes to. */
#define FAR_POINT (UINT64_C(1) << 62)

struct Branches {
    Lab *lab;
    char *scouted; /* the run id of the trunk that was scouted last; or NULL */
    GArray *turns; /* of WorldTurn: what the scout has noted */
};

/* A run and the turn at which it parts. */
typedef struct Parting {
    uint64_t turn;
    BranchRun *run;
} Parting;

typedef struct Trunk {
    Lab *lab;
    Plan *plan;
    GArray *partings; /* of Parting, by turn */
    BranchesTake take;
    void *user_data;
    Plan *branch; /* in a branch's process: its own plan */
    const BranchRun *run;
    int reply_fd;
} Trunk;

Branches *branches_new(Lab *lab)
{
    Branches *branches = g_new0(Branches, 1);
    branches->lab = lab;
    branches->turns = g_array_new(FALSE, FALSE, sizeof(WorldTurn));
    return branches;
}

void branches_free(Branches *branches)
{
    if (branches != NULL) {
        g_free(branches->scouted);
        g_array_unref(branches->turns);
        g_free(branches);
    }
}

/*
 * The trunk's run id, and the place that parts a run from it: its only fault, or its second one.
 * NULL if the run is no point of a sweep. The caller's.
 */
static char *trunk_id_of(const char *run_id, SweepPlace *ret_place)
{
    g_auto(SweepRun) run = {.scenario = NULL};
    if (!sweep_parse_run_id(run_id, &run) || run.point.axis == SWEEP_NONE || !run.has_seed) {
        return NULL;
    }
    SweepPoint far = run.point;
    bool second = run.point.second.axis != SWEEP_NONE;
    *ret_place = second ? run.point.second
                        : (SweepPlace){.axis = run.point.axis, .number = run.point.number};
    const char *const *hows = sweep_hows(ret_place->axis);
    const char *how = hows[0] == NULL ? "" : hows[0];
    if (ret_place->number == 0) {
        return NULL; /* It is there for its own evidence. */
    }
    if (second) {
        far.second.number = FAR_POINT;
        g_strlcpy(far.second.how, how, sizeof far.second.how);
    } else {
        far.number = FAR_POINT;
        g_strlcpy(far.how, how, sizeof far.how);
    }
    return sweep_run_id(run.scenario, &far, run.defect, run.seed);
}

/* Notes the turns of the trunk, unless that was done for the last runs. */
static bool scout(Branches *branches, const Plan *plan)
{
    if (g_strcmp0(branches->scouted, plan->run_id) == 0) {
        return true;
    }
    g_clear_pointer(&branches->scouted, g_free);
    g_array_set_size(branches->turns, 0);
    g_autoptr(Recorder) recorder = recorder_new();
    if (!world_run_noting(plan, lab_pool(branches->lab, plan->defect), recorder, branches->turns,
                          NULL)) {
        return false;
    }
    branches->scouted = g_strdup(plan->run_id);
    return true;
}

static uint64_t turn_value(const WorldTurn *turn, SweepAxis axis)
{
    return axis == SWEEP_FRAME                                 ? turn->frames
           : axis == SWEEP_CALL                                ? turn->calls
           : axis == SWEEP_NVM_OPERATION || axis == SWEEP_WEAR ? turn->operations
           : axis == SWEEP_READ                                ? turn->reads
                                                               : turn->instructions;
}

/* The last turn before the point comes. */
static uint64_t turn_before(const GArray *turns, const SweepPlace *place)
{
    guint first = 0;
    guint end = turns->len;
    while (first < end) {
        guint middle = first + (end - first) / 2;
        if (turn_value(&g_array_index(turns, WorldTurn, middle), place->axis) < place->number) {
            first = middle + 1;
        } else {
            end = middle;
        }
    }
    return first == 0 ? 0 : first - 1;
}

static int by_turn(const void *a, const void *b)
{
    const Parting *first = a;
    const Parting *second = b;
    return first->turn != second->turn ? (first->turn < second->turn ? -1 : 1)
           : first->run < second->run  ? -1
                                       : 1;
}

/* In the new process: the trunk's plan becomes that of the run (B1). */
static bool become(Trunk *trunk, const BranchRun *run)
{
    trunk->run = run;
    trunk->branch = lab_plan(trunk->lab, run->run_id, NULL);
    if (trunk->branch == NULL) {
        return false;
    }
    GPtrArray *to = trunk->plan->timeline->actions;
    const GPtrArray *from = trunk->branch->timeline->actions;
    if (to->len != from->len || to->len == 0) {
        return false;
    }
    Action *action = g_ptr_array_index(to, to->len - 1);
    Action *copy = plan_action_copy(g_ptr_array_index(from, from->len - 1));
    GPtrArray *arguments = action->arguments;
    action->arguments = copy->arguments;
    copy->arguments = arguments;
    return true;
}

/* Reads what a branch says of its run, until it has ended. NULL if it did not end well. */
static RunResult *hear_out(int fd, pid_t pid)
{
    g_autoptr(GString) text = g_string_new(NULL);
    char bytes[4096];
    ssize_t count = 0;
    while ((count = read(fd, bytes, sizeof bytes)) > 0 || (count < 0 && errno == EINTR)) {
        if (count > 0) {
            g_string_append_len(text, bytes, count);
        }
    }
    int status = 0;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        return NULL;
    }
    g_autoptr(Tree) tree = tree_parse("branch", text->str, text->len, true, NULL);
    return tree == NULL ? NULL : result_read(tree_root(tree), NULL);
}

static int part(guint index, void *user_data)
{
    Trunk *trunk = user_data;
    BranchRun *run = g_array_index(trunk->partings, Parting, index).run;
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
        return -1;
    }
    pid_t trunk_pid = getpid();
    fflush(NULL); /* Or the branch would write it again. */
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        close(ends[0]);
        trunk->reply_fd = ends[1];
        if (getppid() != trunk_pid || !become(trunk, run)) {
            _exit(1);
        }
        return 0;
    }
    close(ends[1]);
    run->result = pid < 0 ? NULL : hear_out(ends[0], pid);
    close(ends[0]);
    if (run->result == NULL) {
        return -1;
    }
    return trunk->take(run, trunk->user_data) ? 1 : -1;
}

/* The end of a branch's process (B2). */
G_GNUC_NORETURN
static void conclude(const Trunk *trunk, const Recorder *recorder, const char *out)
{
    g_autoptr(RunResult) result =
        lab_conclude(trunk->lab, trunk->branch, out, trunk->run->keep, recorder, NULL);
    g_autoptr(Canon) canon = canon_new();
    result_write(result, canon);
    g_autofree char *text = canon_finish(canon);
    _exit(bytes_send(trunk->reply_fd, text, strlen(text)) ? 0 : 1);
}

static void run_trunk(Trunk *trunk, const char *out)
{
    guint count = trunk->partings->len;
    g_autofree uint64_t *turns = g_new(uint64_t, count);
    for (guint i = 0; i < count; i++) {
        turns[i] = g_array_index(trunk->partings, Parting, i).turn;
    }
    WorldBranches branches = {.turns = turns, .count = count, .part = part, .user_data = trunk};
    WorldOutcome outcome;
    g_autoptr(Recorder) recorder = recorder_new();
    bool well = world_branch(trunk->plan, lab_pool(trunk->lab, trunk->plan->defect), recorder,
                             &branches, &outcome, NULL);
    if (trunk->branch != NULL) {
        if (!well) {
            _exit(1); /* B3 */
        }
        conclude(trunk, recorder, out);
    }
}

bool branches_make(Branches *branches, BranchRun *runs, guint count, const char *out,
                   BranchesTake take, void *user_data)
{
    SweepPlace place;
    g_autofree char *trunk_id = trunk_id_of(runs[0].run_id, &place);
    g_autoptr(Plan) plan = trunk_id == NULL ? NULL : lab_plan(branches->lab, trunk_id, NULL);
    if (plan == NULL || plan->timeline->devices->len != 1 || !scout(branches, plan)) {
        return false;
    }
    g_autoptr(GArray) partings = g_array_new(FALSE, FALSE, sizeof(Parting));
    bool all = true;
    for (guint i = 0; i < count; i++) {
        g_autofree char *id = trunk_id_of(runs[i].run_id, &place);
        if (g_strcmp0(id, trunk_id) == 0) {
            Parting parting = {turn_before(branches->turns, &place), &runs[i]};
            g_array_append_val(partings, parting);
        }
    }
    g_array_sort(partings, by_turn);
    Trunk trunk = {.lab = branches->lab,
                   .plan = plan,
                   .partings = partings,
                   .take = take,
                   .user_data = user_data,
                   .reply_fd = -1};
    run_trunk(&trunk, out);
    for (guint i = 0; i < count; i++) {
        all = all && runs[i].result != NULL;
    }
    return all;
}
