/* SPDX-License-Identifier: MIT */

/*
 * Measures the lab, side by side in one run: docs/manual/bench.md says what each figure is.
 *
 *   bench BUILD
 *
 * Prints a line a figure and writes BUILD/bench.json. What cannot be measured is null there, with
 * the reason; nothing is invented. Exit code 0 when all that was tried came to an end, 3 otherwise.
 * The host's clock is read here: this is no part of the lab.
 */

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <glib.h>

#include "sim/crash.h"
#include "sim/crash_sweep.h"
#include "sim/lab.h"
#include "sim/workers.h"
#include "sim/world/machine.h"
#include "tools/mkdevice.h"
#include "vdevice/contract/hostlink.h"

#define SWEEP_SCENARIO  "5.9-resilience/power-cut-during-update"
#define SLICES          6
#define SLICE_S         3.0
#define JOBS_STATES     300u
#define JOBS_TURNS      5
#define GROWTH_RUNS     10000u
#define GROWTH_FEW      100u
#define GROWTH_WINDOW   1000u
#define DEVICES         8
#define DEVICES_TURNS   3
#define REPLAY_S        20.0
#define REPLAYS_MAX     1000u
#define STARTS          10
#define CALLOUTS        20000
#define CALLOUT_STEP_NS UINT64_C(1000000)
#define RESTORE_RUN     "5.3-updates/update-happy-path+seed=1"
#define RESTORES        100
#define HOSTLANE_S      15
#define DRAWS           2u
#define STRIDE          16u
#define WALL_TIMEOUT_S  60

typedef struct Figure {
    const char *name;
    bool known;
    double value;
    char *why; /* not known */
} Figure;

static struct {
    const char *build;
    GArray *figures; /* of Figure */
    Lab *lab;
    CrashSource *source;
    uint64_t not_pass; /* boots whose claims stayed open */
    bool failed;
} bench;

static double now_s(void)
{
    return (double)g_get_monotonic_time() / G_USEC_PER_SEC;
}

/* Processor time of this program and of the machines that have ended. */
static double cpu_s(void)
{
    double seconds = 0;
    static const int WHOSE[] = {RUSAGE_SELF, RUSAGE_CHILDREN};
    for (size_t i = 0; i < G_N_ELEMENTS(WHOSE); i++) {
        struct rusage usage;
        if (getrusage(WHOSE[i], &usage) == 0) {
            seconds += (double)usage.ru_utime.tv_sec + (double)usage.ru_utime.tv_usec / 1e6 +
                       (double)usage.ru_stime.tv_sec + (double)usage.ru_stime.tv_usec / 1e6;
        }
    }
    return seconds;
}

static void know(const char *name, double value, const char *prose)
{
    Figure figure = {.name = name, .known = true, .value = value};
    g_array_append_val(bench.figures, figure);
    printf("%-26s %12.2f  %s\n", name, value, prose);
    fflush(stdout);
}

static void unknown(const char *name, const char *why, bool is_failure)
{
    Figure figure = {.name = name, .why = g_strdup(why)};
    g_array_append_val(bench.figures, figure);
    printf("%-26s %12s  %s\n", name, "-", why);
    fflush(stdout);
    bench.failed |= is_failure;
}

static bool write_json(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GString) text = g_string_new("{\n");
    for (guint i = 0; i < bench.figures->len; i++) {
        const Figure *figure = &g_array_index(bench.figures, Figure, i);
        char number[G_ASCII_DTOSTR_BUF_SIZE];
        g_string_append_printf(
            text, "  \"%s\": %s,\n", figure->name,
            figure->known ? g_ascii_formatd(number, sizeof number, "%.3f", figure->value) : "null");
    }
    g_string_append(text, "  \"reasons\": {");
    const char *comma = "";
    for (guint i = 0; i < bench.figures->len; i++) {
        const Figure *figure = &g_array_index(bench.figures, Figure, i);
        if (!figure->known) {
            g_autofree char *why = g_strescape(figure->why, "");
            g_string_append_printf(text, "%s\n    \"%s\": \"%s\"", comma, figure->name, why);
            comma = ",";
        }
    }
    g_string_append(text, "\n  }\n}\n");
    g_autofree char *path = g_build_filename(bench.build, "bench.json", NULL);
    if (!g_file_set_contents(path, text->str, (gssize)text->len, &error)) {
        fprintf(stderr, "%s\n", error->message);
        return false;
    }
    printf("%s\n", path);
    return true;
}

/* The machine alone. */

static Machine *start_machine(GError **error)
{
    g_autofree char *qemu = g_build_filename(bench.build, "qemu-system-arm", NULL);
    g_autofree char *rom = g_build_filename(bench.build, "firmware", "rom.bin", NULL);
    const MachineOptions options = {
        .path = qemu, .rom_path = rom, .wall_timeout_s = WALL_TIMEOUT_S};
    return machine_start(&options, error);
}

/* A new device without an image, switched on: the ROM goes into recovery and sleeps. */
static void switch_on(Machine *machine)
{
    HostlinkBegin begin = {.trng_seed = 1, .door_closed = 1, .battery_mv = 6000};
    HostlinkPowerOn power_on = {0};
    machine_restart_time(machine);
    wire_append(machine_orders(machine), HOSTLINK_BEGIN, &begin, sizeof begin);
    wire_append(machine_orders(machine), HOSTLINK_POWER_ON, &power_on, sizeof power_on);
}

static int compare_doubles(const void *a, const void *b)
{
    double left = *(const double *)a;
    double right = *(const double *)b;
    return left < right ? -1 : left > right;
}

static void measure_start(void)
{
    g_autoptr(GError) error = NULL;
    double times[STARTS];
    for (int i = 0; i < STARTS; i++) {
        double begun = now_s();
        Machine *machine = start_machine(&error);
        bool shown = false;
        for (bool going = machine != NULL; going && !shown;) {
            if (machine_call(machine)->type == HOSTLINK_HELLO) {
                switch_on(machine);
            }
            going =
                machine_run(machine, HOSTLINK_NEVER, &error) && machine_next_call(machine, &error);
            shown = going && machine_call(machine)->type == HOSTLINK_PROGRESS;
        }
        times[i] = 1000 * (now_s() - begun);
        g_clear_pointer(&machine, machine_free);
        if (!shown) {
            unknown("start_ms", error->message, true);
            return;
        }
    }
    qsort(times, STARTS, sizeof times[0], compare_doubles);
    know("start_ms", times[STARTS / 2], "from starting a machine to its ROM's first words, median");
}

static void measure_callouts(void)
{
    g_autoptr(GError) error = NULL;
    Machine *machine = start_machine(&error);
    bool going = machine != NULL;
    if (going) {
        switch_on(machine);
    }
    /* The recovery sleeps from the first second on. */
    uint64_t horizon = UINT64_C(1000000000);
    do {
        going =
            going && machine_run(machine, horizon, &error) && machine_next_call(machine, &error);
    } while (going && machine_call(machine)->type != HOSTLINK_HORIZON);
    double begun = now_s();
    for (int i = 0; going && i < CALLOUTS; i++) {
        horizon += CALLOUT_STEP_NS;
        going = machine_run(machine, horizon, &error) && machine_next_call(machine, &error);
    }
    double seconds = now_s() - begun;
    g_clear_pointer(&machine, machine_free);
    if (going) {
        know("callouts_per_s", CALLOUTS / seconds, "calls answered, one each virtual millisecond");
    } else {
        unknown("callouts_per_s", error->message, true);
    }
}

/* One scenario, once, from a machine that is warm. */
static RunResult *run_file(const char *path, double *ret_seconds, Recorder *recorder,
                           GError **error)
{
    const Scenario *scenario = lab_scenario(bench.lab, path, error);
    g_autoptr(Plan) plan = NULL;
    if (scenario != NULL) {
        plan = lab_plan(bench.lab, scenario_id(scenario), error);
    }
    if (plan == NULL) {
        return NULL;
    }
    double begun = now_s();
    RunResult *result = lab_execute_plan(bench.lab, plan, NULL, LAB_KEEP_NONE, recorder);
    *ret_seconds = now_s() - begun;
    return result;
}

static void measure_outage(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Recorder) recorder = recorder_new();
    double seconds = 0;
    g_autoptr(RunResult) result =
        run_file("tests/bench/outage-24h.yaml", &seconds, recorder, &error);
    if (result == NULL || result->verdict != VERDICT_PASS) {
        unknown("outage_24h_s", result == NULL ? error->message : result->reason, true);
        return;
    }
    know("outage_24h_s", seconds, "25 virtual hours, 24 of them without internet");
    know("outage_virtual_per_wall", (double)result->ended / 1e9 / seconds,
         "virtual seconds per second of it");
}

static void measure_messages(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Recorder) recorder = recorder_new();
    double seconds = 0;
    g_autoptr(RunResult) result =
        run_file("tests/bench/malformed-flood.yaml", &seconds, recorder, &error);
    if (result == NULL || result->verdict != VERDICT_PASS) {
        unknown("messages_per_s", result == NULL ? error->message : result->reason, true);
        return;
    }
    const GPtrArray *events = recorder_events(recorder);
    int64_t frames = 0;
    for (guint i = 0; i < events->len; i++) {
        const Event *event = g_ptr_array_index(events, i);
        if (event->kind == EVENT_MALFORMED_SENT) {
            frames += event_integer(event, "count", 0);
        }
    }
    if (frames == 0) {
        unknown("messages_per_s", "no malformed frame was sent", true);
        return;
    }
    know("messages_per_s", (double)frames / seconds,
         "malformed frames through the network interface, the lock's start included");
}

/* Crash states: a walk over all operations with a stride, then with the next offset... */

typedef struct Walk {
    guint offset;
    guint at;
    guint tear;
    GHashTable *seen; /* digests */
    uint64_t states;
} Walk;

static bool walk_next(Walk *walk, CrashPoint *ret_point)
{
    const GArray *log = crash_source_operations(bench.source);
    while (walk->offset < STRIDE) {
        if (walk->at >= log->len) {
            walk->at = ++walk->offset;
            walk->tear = 0;
            continue;
        }
        const CrashOperation *operation = &g_array_index(log, CrashOperation, walk->at);
        g_autoptr(GArray) tears = crash_tears(operation, false, DRAWS);
        if (walk->tear >= tears->len) {
            walk->at += STRIDE;
            walk->tear = 0;
            continue;
        }
        *ret_point = (CrashPoint){
            .depth = 1,
            .places = {{operation->number, g_array_index(tears, CrashTear, walk->tear++)}}};
        return true;
    }
    return false;
}

/* The next state that is not equal to one before. */
static bool walk_next_distinct(Walk *walk, CrashPoint *ret_point, GError **error)
{
    while (walk_next(walk, ret_point)) {
        uint32_t changed = 0;
        CrashMemory *memory =
            crash_source_memory(bench.source, bench.lab, ret_point, &changed, error);
        if (memory == NULL) {
            return false;
        }
        char hex[DIGEST_TEXT_BYTES];
        Digest digest = crash_memory_digest(memory);
        walk->states++;
        if (g_hash_table_add(walk->seen, g_strdup(digest_print(&digest, hex)))) {
            return true;
        }
    }
    return false;
}

static Walk walk_begin(void)
{
    return (Walk){.seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL)};
}

/* Boots a state in the running machine. The digest of its evidence; "" when it was no run. */
static bool boot_state(const CrashPoint *point, char ret_digest[DIGEST_TEXT_BYTES], GError **error)
{
    g_autoptr(Recorder) recorder = recorder_new();
    g_autoptr(Plan) plan = crash_source_point(bench.source, bench.lab, point, false, error);
    if (plan == NULL) {
        return false;
    }
    g_autoptr(RunResult) result = lab_execute_plan(bench.lab, plan, NULL, LAB_KEEP_NONE, recorder);
    g_strlcpy(ret_digest, result->digest, DIGEST_TEXT_BYTES);
    bench.not_pass += result->verdict != VERDICT_PASS;
    bool booted = result->verdict == VERDICT_PASS || result->verdict == VERDICT_INCONCLUSIVE;
    if (!booted) {
        g_set_error(error, LAB_ERROR, LAB_ERROR_INPUT, "%s: %s", result->run_id, result->reason);
    }
    return booted;
}

/* The same state by a real cut, in a process of its own, from reset. */
static bool boot_fresh(const CrashPoint *point, GError **error)
{
    g_autoptr(Recorder) recorder = recorder_new();
    g_autoptr(Plan) plan = crash_source_long_way(bench.source, point, error);
    if (plan == NULL) {
        return false;
    }
    lab_rest(bench.lab);
    g_autoptr(RunResult) result = lab_execute_plan(bench.lab, plan, NULL, LAB_KEEP_NONE, recorder);
    if (result->verdict == VERDICT_ERROR) {
        g_set_error(error, LAB_ERROR, LAB_ERROR_INPUT, "%s", result->reason);
    }
    return result->verdict != VERDICT_ERROR;
}

/* Boots made in so many seconds, and how many of them. */
typedef struct Pace {
    uint64_t done;
    double seconds;
    double cpu_seconds;
} Pace;

static void run_in_process(Walk *walk, Pace *pace, GError **error)
{
    CrashPoint point;
    char digest[DIGEST_TEXT_BYTES];
    double begun = now_s();
    while (*error == NULL && now_s() - begun < SLICE_S && walk_next_distinct(walk, &point, error)) {
        pace->done += boot_state(&point, digest, error);
    }
    pace->seconds += now_s() - begun;
}

static void run_fresh(Walk *walk, Pace *pace, GError **error)
{
    CrashPoint point;
    double begun = now_s();
    while (*error == NULL && now_s() - begun < SLICE_S && walk_next(walk, &point)) {
        pace->done += boot_fresh(&point, error);
        walk->tear += 5; /* a few of each operation, to get further */
    }
    pace->seconds += now_s() - begun;
}

/* Both ways by turns, so that what else the host does weighs on both alike. */
static void measure_both(Pace *ret_here, Pace *ret_fresh, GError **error)
{
    Walk here = walk_begin();
    Walk fresh = walk_begin();
    CrashPoint point;
    char digest[DIGEST_TEXT_BYTES];
    for (int i = 0; *error == NULL && i < SLICES; i++) {
        /* The turn before has ended the machine that is kept: starting it again is not counted. */
        lab_rest(bench.lab);
        double cpu_begun = cpu_s();
        if (walk_next_distinct(&here, &point, error) && boot_state(&point, digest, error)) {
            run_in_process(&here, ret_here, error);
        }
        lab_rest(bench.lab);
        double cpu_between = cpu_s();
        if (*error == NULL) {
            run_fresh(&fresh, ret_fresh, error);
        }
        lab_rest(bench.lab);
        ret_here->cpu_seconds += cpu_between - cpu_begun;
        ret_fresh->cpu_seconds += cpu_s() - cpu_between;
    }
    g_hash_table_unref(here.seen);
    g_hash_table_unref(fresh.seen);
}

/*
 * A worker boots every `jobs`th of the first JOBS_STATES states; on a processor of its own if there
 * are `share` of them.
 */
static void work(unsigned job, unsigned jobs, unsigned share, int ready_fd, int go_fd)
{
    workers_stay(job, share);
    g_autoptr(GError) error = NULL;
    Walk walk = walk_begin();
    CrashPoint point;
    char digest[DIGEST_TEXT_BYTES];
    char byte = 'r';
    bool good = walk_next_distinct(&walk, &point, &error) && boot_state(&point, digest, &error);
    good = write(ready_fd, &byte, 1) == 1 && read(go_fd, &byte, 1) == 1 && good;
    for (unsigned i = 0; good && i < JOBS_STATES; i++) {
        good = walk_next_distinct(&walk, &point, &error) &&
               (i % jobs != job || boot_state(&point, digest, &error));
    }
    lab_rest(bench.lab);
    _exit(good ? 0 : 1);
}

/* Seconds in which so many workers boot the same states; 0 when one failed. */
static double measure_jobs(unsigned jobs, unsigned share)
{
    int ready[2];
    int go[2];
    pid_t children[8];
    lab_rest(bench.lab);
    if (pipe(ready) != 0 || pipe(go) != 0) {
        return 0;
    }
    fflush(stdout);
    for (unsigned i = 0; i < jobs; i++) {
        children[i] = fork();
        if (children[i] == 0) {
            work(i, jobs, share, ready[1], go[0]);
        }
    }
    char byte;
    bool good = true;
    for (unsigned i = 0; i < jobs; i++) {
        good = read(ready[0], &byte, 1) == 1 && good;
    }
    double begun = now_s();
    for (unsigned i = 0; i < jobs; i++) {
        good = write(go[1], "g", 1) == 1 && good;
    }
    for (unsigned i = 0; i < jobs; i++) {
        int status = 0;
        good = waitpid(children[i], &status, 0) == children[i] && WIFEXITED(status) &&
               WEXITSTATUS(status) == 0 && good;
    }
    double seconds = now_s() - begun;
    for (int i = 0; i < 2; i++) {
        close(ready[i]);
        close(go[i]);
    }
    return good ? seconds : 0;
}

/* Keeps a processor busy until it is killed. */
static pid_t contend(void)
{
    pid_t child = fork();
    if (child == 0) {
        for (volatile uint64_t i = 0;; i++) {
        }
    }
    return child;
}

static void measure_replays(void)
{
    g_autoptr(GError) error = NULL;
    pid_t spinners[2] = {contend(), contend()};
    Walk walk = walk_begin();
    CrashPoint point;
    unsigned replays = 0;
    unsigned differences = 0;
    double begun = now_s();
    lab_rest(bench.lab);
    while (error == NULL && replays < REPLAYS_MAX && now_s() - begun < REPLAY_S &&
           walk_next_distinct(&walk, &point, &error)) {
        char first[DIGEST_TEXT_BYTES] = "";
        char again[DIGEST_TEXT_BYTES] = "";
        if (boot_state(&point, first, &error) && boot_state(&point, again, &error)) {
            replays++;
            differences += strcmp(first, again) != 0;
        }
        walk.tear += 3;
    }
    for (int i = 0; i < 2; i++) {
        kill(spinners[i], SIGKILL);
        waitpid(spinners[i], NULL, 0);
    }
    g_hash_table_unref(walk.seen);
    if (error != NULL || replays == 0) {
        unknown("replay_digest_differences", error == NULL ? "no replay" : error->message, true);
        unknown("replays", "see replay_digest_differences", true);
        return;
    }
    know("replay_digest_differences", differences, "between first and second run");
    know("replays", replays, "made to see that, beside two busy loops");
}

static double median(double *values, size_t count)
{
    qsort(values, count, sizeof values[0], compare_doubles);
    return values[count / 2];
}

/* One worker as it likes, one kept to a processor, two as `--jobs 2` has them: by turns. */
static void measure_speedup(void)
{
    double one[JOBS_TURNS];
    double kept[JOBS_TURNS];
    double two[JOBS_TURNS];
    bool well = true;
    unsigned processors = g_get_num_processors();
    for (int i = 0; i < JOBS_TURNS && well; i++) {
        one[i] = measure_jobs(1, 1);
        kept[i] = measure_jobs(1, processors);
        two[i] = measure_jobs(2, 2);
        well = one[i] > 0 && kept[i] > 0 && two[i] > 0;
    }
    if (!well) {
        unknown("jobs2_speedup", "a worker failed", true);
        unknown("jobs2_speedup_kept", "a worker failed", true);
        unknown("sweep_2_jobs_per_s", "a worker failed", true);
        return;
    }
    double best = median(two, JOBS_TURNS);
    know("jobs2_speedup", median(one, JOBS_TURNS) / best,
         "two workers over one, the same states, medians by turns");
    know("jobs2_speedup_kept", median(kept, JOBS_TURNS) / best,
         "the same, the one kept to one processor as each of the two is");
    know("sweep_2_jobs_per_s", JOBS_STATES / best, "distinct crash states, two workers");
}

/* Growth with the number of devices and of runs. */

static void measure_devices(void)
{
    g_autoptr(GError) error = NULL;
    double one[DEVICES_TURNS];
    double eight[DEVICES_TURNS];
    for (int i = 0; i < 2 * DEVICES_TURNS; i++) {
        g_autoptr(Recorder) recorder = recorder_new();
        bool many = i % 2 == 1;
        g_autoptr(RunResult) result =
            run_file(many ? "tests/bench/eight-locks.yaml" : "tests/bench/one-lock.yaml",
                     many ? &eight[i / 2] : &one[i / 2], recorder, &error);
        if (result == NULL || result->verdict != VERDICT_PASS) {
            unknown("devices8_growth", result == NULL ? error->message : result->reason, true);
            return;
        }
    }
    know("devices8_growth", median(eight, DEVICES_TURNS) / DEVICES / median(one, DEVICES_TURNS),
         "wall time per device and virtual hour, eight locks over one");
}

/* Resident memory of a process, in MiB. */
static double resident_mib(const char *pid)
{
    g_autofree char *path = g_build_filename("/proc", pid, "statm", NULL);
    g_autofree char *text = NULL;
    unsigned long pages = 0;
    if (!g_file_get_contents(path, &text, NULL, NULL) || sscanf(text, "%*u %lu", &pages) != 1) {
        return 0;
    }
    return (double)pages * (double)sysconf(_SC_PAGESIZE) / (1024.0 * 1024.0);
}

/* The lab's own: this process and its workers, without the machines. */
static double lab_mib(void)
{
    g_autofree char *path = g_strdup_printf("/proc/self/task/%d/children", (int)getpid());
    g_autofree char *text = NULL;
    double sum = resident_mib("self");
    if (!g_file_get_contents(path, &text, NULL, NULL)) {
        return sum;
    }
    g_auto(GStrv) pids = g_strsplit(g_strchomp(text), " ", 0);
    for (size_t i = 0; pids[i] != NULL; i++) {
        sum += resident_mib(pids[i]);
    }
    return sum;
}

typedef struct Growth {
    volatile sig_atomic_t interrupts;
    uint32_t done;
    double few_s; /* when GROWTH_FEW were done ... */
    double first_s;
    double last_s;
    double end_s;
    double few_mib;
    double end_mib;
} Growth;

/* Notes the time and the memory the first time that so many are done. */
static void on_boots(const CrashSweepProgress *progress, void *user_data)
{
    Growth *growth = user_data;
    uint32_t before = growth->done;
    growth->done = progress->done;
    const struct {
        uint32_t runs;
        double *seconds;
        double *mib;
    } marks[] = {
        {GROWTH_FEW, &growth->few_s, &growth->few_mib},
        {GROWTH_FEW + GROWTH_WINDOW, &growth->first_s, NULL},
        {GROWTH_RUNS - GROWTH_WINDOW, &growth->last_s, NULL},
        {GROWTH_RUNS, &growth->end_s, &growth->end_mib},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(marks); i++) {
        if (before < marks[i].runs && progress->done >= marks[i].runs) {
            *marks[i].seconds = now_s();
            if (marks[i].mib != NULL) {
                *marks[i].mib = lab_mib();
            }
        }
    }
    growth->interrupts = progress->done >= GROWTH_RUNS ? 2 : 0;
}

static void measure_runs(void)
{
    g_autoptr(GError) error = NULL;
    Growth growth = {.interrupts = 0};
    g_autofree char *out = g_build_filename(bench.build, "tmp", "bench-growth", NULL);
    const CrashSweepSettings settings = {
        .scenario = SWEEP_SCENARIO,
        .seed = 1,
        .jobs = g_get_num_processors(),
        .depth = 1,
        .draws = DRAWS,
        .shard = 1,
        .shards = 1,
        .out = out,
        .interrupts = &growth.interrupts,
        .progress = on_boots,
        .user_data = &growth,
    };
    lab_rest(bench.lab);
    g_autoptr(CrashSweepResult) result = crash_sweep_run(bench.lab, &settings, &error);
    if (growth.end_s == 0) {
        const char *why = error == NULL ? "there were fewer states" : error->message;
        unknown("runs10000_growth", why, true);
        unknown("runs10000_mib_growth", why, true);
        unknown("runs10000_mib", why, true);
        return;
    }
    know("runs10000_growth", (growth.end_s - growth.last_s) / (growth.first_s - growth.few_s),
         "wall time of the last 1,000 of 10,000 runs over that of 1,000 after the first 100");
    know("runs10000_mib_growth", growth.end_mib / growth.few_mib,
         "memory of the lab and its workers after 10,000 runs over that after 100");
    know("runs10000_mib", growth.end_mib, "that memory");
}

static void measure_sweeps(void)
{
    g_autoptr(GError) error = NULL;
    bench.source = crash_source_new(bench.lab, SWEEP_SCENARIO, NULL, NULL, 1, NULL, &error);
    Pace here = {.done = 0};
    Pace fresh = {.done = 0};
    if (bench.source != NULL) {
        measure_both(&here, &fresh, &error);
    }
    if (error != NULL || here.done == 0 || fresh.done == 0) {
        const char *why = error == NULL ? "no state was booted" : error->message;
        static const char *const NAMES[] = {
            "sweep_per_s",   "process_per_s",      "sweep_vs_process_ratio",
            "jobs2_speedup", "sweep_2_jobs_per_s", "replay_digest_differences"};
        for (size_t i = 0; i < G_N_ELEMENTS(NAMES); i++) {
            unknown(NAMES[i], why, true);
        }
        return;
    }
    double here_per_s = (double)here.done / here.seconds;
    double fresh_per_s = (double)fresh.done / fresh.seconds;
    know("sweep_per_s", here_per_s, "distinct crash states of an update booted, one worker");
    know("process_per_s", fresh_per_s,
         "the same from reset, a fresh machine process each, one worker");
    know("sweep_per_cpu_s", (double)here.done / here.cpu_seconds,
         "sweep_per_s by processor time, lab and machine together");
    know("process_per_cpu_s", (double)fresh.done / fresh.cpu_seconds, "the same for the baseline");
    know("sweep_vs_process_ratio", here_per_s / fresh_per_s, "");
    know("sweep_vs_process_cpu_ratio",
         (double)here.done / here.cpu_seconds / ((double)fresh.done / fresh.cpu_seconds),
         "the ratio by processor time");
    know("sweep_inconclusive", (double)bench.not_pass,
         "of these boots; a FAIL would end the bench");
    measure_speedup();
    measure_replays();
}

/* Times of RESTORE, in ms: from where a branch would have ended to where the next would begin. */
typedef struct Restores {
    double left_s;
    GArray *took_ms; /* of double */
    bool is_branch;  /* in a branch's process */
} Restores;

/* Lets the lock finish its update in another process before it is taken back. */
static int finish_elsewhere(guint index, void *user_data)
{
    Restores *restores = user_data;
    double took_ms = (now_s() - restores->left_s) * 1e3;
    int status = 0;
    if (index > 0) {
        g_array_append_val(restores->took_ms, took_ms);
    }
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        restores->is_branch = true;
        return 0;
    }
    bool well = pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
    restores->left_s = now_s();
    return well ? 1 : -1;
}

static int by_value(const void *a, const void *b)
{
    double first = *(const double *)a;
    double second = *(const double *)b;
    return first < second ? -1 : first > second ? 1 : 0;
}

/* The lock is taken back to the middle of its update, again and again, each time from its end. */
static bool restore_often(Restores *restores, GError **error)
{
    uint64_t turns[RESTORES];
    WorldOutcome outcome;
    DevicePool *pool = lab_pool(bench.lab, NULL);
    g_autoptr(Plan) plan = lab_plan(bench.lab, RESTORE_RUN, error);
    g_autoptr(GArray) noted = g_array_new(FALSE, FALSE, sizeof(WorldTurn));
    g_autoptr(Recorder) first = recorder_new();
    g_autoptr(Recorder) second = recorder_new();
    if (plan == NULL || !world_run_noting(plan, pool, first, noted, error)) {
        return false;
    }
    for (guint i = 0; i < RESTORES; i++) {
        turns[i] = noted->len / 2;
    }
    WorldBranches branches = {
        .turns = turns, .count = RESTORES, .part = finish_elsewhere, .user_data = restores};
    bool well = world_branch(plan, pool, second, &branches, &outcome, error);
    if (restores->is_branch) {
        _exit(well ? 0 : 1);
    }
    return well;
}

static void measure_restore(void)
{
    g_autoptr(GError) error = NULL;
    Restores restores = {.took_ms = g_array_new(FALSE, FALSE, sizeof(double))};
    if (restore_often(&restores, &error)) {
        g_array_sort(restores.took_ms, by_value);
        know("restore_ms", g_array_index(restores.took_ms, double, restores.took_ms->len / 2),
             "to take a lock from the end of its update back to the middle; median");
    } else {
        unknown("restore_ms", error->message, true);
    }
    g_array_unref(restores.took_ms);
}

/* The host lane measures itself. */
static void measure_hostlane(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *json = g_build_filename(bench.build, "hostlane.json", NULL);
    g_autofree char *command = g_strdup_printf("%s/hostlane --depth 2 --seconds %d --json %s",
                                               bench.build, HOSTLANE_S, json);
    g_autofree char *text = NULL;
    int status = 0;
    if (!g_spawn_command_line_sync(command, NULL, NULL, &status, &error) ||
        !g_spawn_check_wait_status(status, &error) ||
        !g_file_get_contents(json, &text, NULL, &error)) {
        unknown("host_lane_per_s", error->message, true);
        return;
    }
    static const char KEY[] = "\"per_s\":";
    static const char CPU_KEY[] = "\"per_cpu_s\":";
    const char *at = strstr(text, KEY);
    const char *cpu_at = strstr(text, CPU_KEY);
    if (at == NULL || cpu_at == NULL) {
        unknown("host_lane_per_s", "the host lane does not say", true);
        return;
    }
    know("host_lane_per_s", g_ascii_strtod(at + strlen(KEY), NULL),
         "distinct crash states judged on the host, one thread");
    know("host_lane_per_cpu_s", g_ascii_strtod(cpu_at + strlen(CPU_KEY), NULL),
         "the same per second of processor time");
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: bench BUILD\n");
        return 64;
    }
    g_autoptr(GError) error = NULL;
    bench.build = argv[1];
    bench.figures = g_array_new(FALSE, TRUE, sizeof(Figure));
    g_autofree char *images = g_build_filename(bench.build, "images", NULL);
    g_autofree char *rom = g_build_filename(bench.build, "firmware", "rom.bin", NULL);
    g_autofree char *machine = g_build_filename(bench.build, "qemu-system-arm", NULL);
    g_autofree char *keys = g_build_filename(bench.build, "keys", NULL);
    const LabPaths paths = {.scenarios = "scenarios",
                            .images = images,
                            .defects = "images/defects",
                            .rom = rom,
                            .machine = machine,
                            .keys = keys,
                            .wall_timeout_s = WALL_TIMEOUT_S};
    bench.lab = lab_open(&paths, &error);
    if (bench.lab == NULL) {
        fprintf(stderr, "%s\n", error->message);
        return 3;
    }
    double loads[3] = {0};
    (void)getloadavg(loads, 3);
    know("load_before", loads[0], "processes ready to run when this began; above 0, expect noise");
    know("processors", (double)g_get_num_processors(), "");
    measure_start();
    measure_callouts();
    measure_outage();
    measure_messages();
    measure_sweeps();
    measure_hostlane();
    measure_restore();
    measure_devices();
    measure_runs();
    g_clear_pointer(&bench.source, crash_source_free);
    lab_close(bench.lab);
    return write_json() && !bench.failed ? 0 : 3;
}
