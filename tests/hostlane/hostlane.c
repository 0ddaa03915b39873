/* SPDX-License-Identifier: MIT */

/*
 * The host lane: every state that power cuts can leave of an update, thousands a second.
 *
 *   hostlane [--depth N] [--base new|worn] [--sample K] [--seconds S] [--json FILE]
 *            [--check-every N] [--canary PROGRAM]...
 *   hostlane --replay TOKEN
 *   hostlane --samples N --samples-to FILE
 *
 * A schedule is a list of cuts: the first one somewhere in the update, the next somewhere in the
 * recovery from it, and so on. Depth 1 is judged wholly, then depth 2, then depth 3, so the first
 * failure found has the fewest faults. The run that recovers from a state also yields, before each
 * of its operations, the keys of all states that a cut there could leave; each distinct one is made
 * by cutting for real, and judged by running on. Depth 3 starts from one in K states of depth 2.
 *
 * A token names a schedule, and `--replay` runs it and shows its operations:
 *
 *   worn/12.p5/7.w6l    at operation 12 five units done, in the recovery's operation 7 weak, seed
 *                       6, flipping late
 *
 * Exit code: 0 all held, 1 a rule is broken, 3 the lane itself failed or a canary was not caught,
 * 64 usage.
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include "tests/hostlane/lane_crypto.h"
#include "tests/hostlane/lane_flash.h"
#include "tests/hostlane/lane_lock.h"
#include "tests/hostlane/lane_sample.h"
#include "tests/hostlane/lane_store.h"
#include "vdevice/firmware/drivers/flash.h"

#define DEPTH_MAX      4u
#define TABLE_BITS     23u
#define TABLE_SIZE     (UINT32_C(1) << TABLE_BITS)
#define CHILDREN_MAX   32768u
#define CANARIES_MAX   8
#define OPERATIONS_MAX 256u

enum {
    EXIT_HELD = 0,
    EXIT_BROKEN = 1,
    EXIT_LANE = 3,
    EXIT_USAGE = 64,
};

typedef struct Fault {
    uint32_t operation;
    NorTorn torn;
} Fault;

typedef struct Schedule {
    LaneBase base;
    uint32_t count;
    Fault faults[DEPTH_MAX];
} Schedule;

/* A state to begin from, with what the rules remember of how it came about. */
typedef struct Place {
    LaneShot shot;
    LaneStore store;
    LaneHistory history;
    const LaneShot *at; /* NULL: the base */
} Place;

typedef struct Child {
    Fault fault;
    LaneKey key;
} Child;

typedef struct Children {
    uint32_t count;
    Child list[CHILDREN_MAX];
} Children;

/* marks: bit 0 judged; bit n: expanded in the pass of depth n. */
typedef struct Entry {
    LaneKey key;
    uint32_t base;
    uint32_t marks;
} Entry;

typedef struct Options {
    uint32_t depth;
    uint32_t sample;
    double seconds;
    const char *base;
    const char *json;
    const char *replay;
    uint32_t check_every;
    uint32_t samples;
    const char *samples_path;
    const char *canaries[CANARIES_MAX];
    uint32_t canary_count;
} Options;

typedef struct Counts {
    uint64_t states;   /* operation x torn state, equal ones included */
    uint64_t distinct; /* judged */
    uint64_t gave_up;
} Counts;

static struct {
    Options options;
    Place places[DEPTH_MAX + 1];
    Children children[DEPTH_MAX];
    Entry *table;
    uint32_t entries;
    Schedule schedule;
    uint32_t pass; /* the depth being judged */
    Counts counts[DEPTH_MAX + 1];
    uint64_t boots;
    bool broken;
    bool late; /* time is up */
    double started;
    LaneOutcome outcome;
    FILE *samples;
    uint32_t sampled;
    uint8_t taken[LANE_BASES][OPERATIONS_MAX];
} hostlane;

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Torn states. */

static const char *region_of(uint32_t kind, uint32_t offset)
{
    if (kind == HOSTLINK_NVM_OTP) {
        return "fuses";
    }
    if (offset < JOURNAL_OFFSET + JOURNAL_BYTES) {
        return "journal";
    }
    if (offset < STORE_OFFSET) {
        return "factory";
    }
    if (offset < STORE_OFFSET + STORE_BYTES) {
        return "store";
    }
    return offset < SLOT_B_OFFSET ? "slot A" : "slot B";
}

/* Journal, store, fuses and header page: where a torn unit decides. */
static bool is_decisive(const LaneOperation *operation)
{
    return operation->kind == HOSTLINK_NVM_OTP || operation->offset < SLOT_A_OFFSET ||
           operation->offset == SLOT_A_OFFSET || operation->offset == SLOT_B_OFFSET;
}

/* The `index`th way to cut `operation`; false when there are no more. */
static bool torn_state(const LaneOperation *operation, uint32_t depth, uint32_t index,
                       NorTorn *ret_torn)
{
    static const NorTorn always[] = {
        {.kind = HOSTLINK_TORN_NOTHING},
        {.kind = HOSTLINK_TORN_COMPLETE},
        {.kind = HOSTLINK_TORN_RANDOM, .seed = 1},
        {.kind = HOSTLINK_TORN_RANDOM, .seed = 2},
        {.kind = HOSTLINK_TORN_RANDOM, .seed = 3},
        {.kind = HOSTLINK_TORN_HALF, .seed = 4},
        {.kind = HOSTLINK_TORN_WEAK, .seed = 5},
        {.kind = HOSTLINK_TORN_WEAK, .seed = 6},
        {.kind = HOSTLINK_TORN_WEAK, .seed = 5, .late = true},
        {.kind = HOSTLINK_TORN_WEAK, .seed = 6, .late = true},
    };
    const uint32_t fuses = 6; /* no weak bits there */
    const uint32_t fixed =
        operation->kind == HOSTLINK_NVM_OTP ? fuses : sizeof always / sizeof always[0];
    uint32_t units = (operation->bytes + FLASH_PROGRAM_UNIT_BYTES - 1) / FLASH_PROGRAM_UNIT_BYTES;
    if (index < fixed) {
        *ret_torn = always[index];
        return true;
    }
    if (operation->kind == HOSTLINK_NVM_OTP) {
        return false;
    }
    uint32_t prefix = index - fixed;
    *ret_torn = (NorTorn){.kind = HOSTLINK_TORN_PREFIX};
    if (operation->kind == HOSTLINK_NVM_PROGRAM && (depth == 1 || is_decisive(operation))) {
        ret_torn->units = prefix + 1; /* every unit */
    } else if (operation->kind == HOSTLINK_NVM_ERASE && depth == 1) {
        ret_torn->units = 8 * (prefix + 1); /* every store record's room */
    } else {
        ret_torn->units = prefix < 16 ? UINT32_C(1) << prefix : units;
    }
    return ret_torn->units < units;
}

/* Tokens. */

static void fault_text(const Fault *fault, char *ret_text, size_t room)
{
    static const char letters[] = {
        [HOSTLINK_TORN_NOTHING] = 'n', [HOSTLINK_TORN_PREFIX] = 'p', [HOSTLINK_TORN_RANDOM] = 'r',
        [HOSTLINK_TORN_HALF] = 'h',    [HOSTLINK_TORN_WEAK] = 'w',   [HOSTLINK_TORN_COMPLETE] = 'c',
    };
    const NorTorn *torn = &fault->torn;
    uint64_t number = torn->kind == HOSTLINK_TORN_PREFIX ? torn->units : torn->seed;
    snprintf(ret_text, room, "/%u.%c%" PRIu64 "%s", fault->operation, letters[torn->kind], number,
             torn->late ? "l" : "");
}

static void schedule_text(const Schedule *schedule, char *ret_text, size_t room)
{
    size_t at =
        (size_t)snprintf(ret_text, room, "%s", schedule->base == LANE_BASE_WORN ? "worn" : "new");
    for (uint32_t i = 0; i < schedule->count; i++) {
        fault_text(&schedule->faults[i], ret_text + at, room - at);
        at += strlen(ret_text + at);
    }
}

static bool parse_fault(const char **text, Fault *ret_fault)
{
    char letter = 0;
    uint64_t number = 0;
    int used = 0;
    *ret_fault = (Fault){.operation = 0};
    if (sscanf(*text, "/%u.%c%" SCNu64 "%n", &ret_fault->operation, &letter, &number, &used) != 3) {
        return false;
    }
    *text += used;
    const char *at = strchr("nprhwc", letter);
    if (at == NULL || letter == 0) {
        return false;
    }
    static const uint32_t kinds[] = {HOSTLINK_TORN_NOTHING, HOSTLINK_TORN_PREFIX,
                                     HOSTLINK_TORN_RANDOM,  HOSTLINK_TORN_HALF,
                                     HOSTLINK_TORN_WEAK,    HOSTLINK_TORN_COMPLETE};
    ret_fault->torn.kind = kinds[at - "nprhwc"];
    ret_fault->torn.units = letter == 'p' ? (uint32_t)number : 0;
    ret_fault->torn.seed = letter == 'p' ? 0 : number;
    if (**text == 'l') {
        ret_fault->torn.late = true;
        (*text)++;
    }
    return true;
}

static bool parse_schedule(const char *text, Schedule *ret_schedule)
{
    *ret_schedule = (Schedule){.base = LANE_BASE_NEW};
    if (strncmp(text, "worn", 4) == 0) {
        ret_schedule->base = LANE_BASE_WORN;
        text += 4;
    } else if (strncmp(text, "new", 3) == 0) {
        text += 3;
    } else {
        return false;
    }
    while (*text != '\0') {
        if (ret_schedule->count == DEPTH_MAX ||
            !parse_fault(&text, &ret_schedule->faults[ret_schedule->count++])) {
            return false;
        }
    }
    return true;
}

/* What was seen. */

static Entry *find(LaneKey key)
{
    for (uint32_t at = (uint32_t)(key.a >> (64 - TABLE_BITS));; at = (at + 1) % TABLE_SIZE) {
        Entry *entry = &hostlane.table[at];
        if (entry->marks == 0) {
            if (++hostlane.entries > TABLE_SIZE / 4 * 3) {
                fprintf(stderr, "host lane: more than %u states\n", TABLE_SIZE / 4 * 3);
                exit(EXIT_LANE);
            }
            *entry = (Entry){.key = key, .base = hostlane.schedule.base};
            return entry;
        }
        if (entry->key.a == key.a && entry->key.b == key.b &&
            entry->base == (uint32_t)hostlane.schedule.base) {
            return entry;
        }
    }
}

/* Marks; false when it was marked already. */
static bool mark(LaneKey key, uint32_t bit)
{
    Entry *entry = find(key);
    bool fresh = (entry->marks & (1u << bit)) == 0;
    entry->marks |= 1u << bit;
    return fresh;
}

/* States. */

static void go_to(const Place *place)
{
    lane_flash_return(place->at);
    lane_store = place->store;
    lane_history = place->history;
}

static void keep(Place *place)
{
    lane_flash_keep(&place->shot);
    place->at = &place->shot;
    place->store = lane_store;
    place->history = lane_history;
}

static void go_to_base(LaneBase base)
{
    Place *place = &hostlane.places[0];
    lane_lock_prepare(base);
    place->at = NULL;
    place->store = lane_store;
    place->history = lane_history;
}

/* Runs on until the cut. False when the cut never came: the lane's own fault. */
static bool cut(const Fault *fault)
{
    lane_flash_cut_at(fault->operation, fault->torn);
    if (lane_flash_run(lane_lock_run, &hostlane.outcome)) {
        return false;
    }
    lane_history.cuts++;
    if (fault->torn.kind == HOSTLINK_TORN_WEAK) {
        lane_history.late = fault->torn.late;
    }
    return true;
}

static void tell_failure(void)
{
    char token[160];
    schedule_text(&hostlane.schedule, token, sizeof token);
    printf("FAIL %s: %s (0x%x)\n  hostlane --replay %s\n", token, hostlane.outcome.broken,
           hostlane.outcome.detail, token);
    hostlane.broken = true;
}

/* Three states of each operation of each base, if samples are wanted; none with weak bits. */
static bool is_sample(void)
{
    const Schedule *schedule = &hostlane.schedule;
    uint32_t operation = schedule->count == 0 ? 0 : schedule->faults[schedule->count - 1].operation;
    if (hostlane.samples == NULL || hostlane.sampled == hostlane.options.samples ||
        lane_flash_is_weak() || operation >= OPERATIONS_MAX || lane_flash_key().a % 4 != 0 ||
        hostlane.taken[schedule->base][operation] == 3) {
        return false;
    }
    hostlane.taken[schedule->base][operation]++;
    return true;
}

/* Judges the state that the lock is in. */
static void judge(void)
{
    if (is_sample()) {
        char token[160];
        schedule_text(&hostlane.schedule, token, sizeof token);
        if (!lane_sample_write(hostlane.samples, token, hostlane.sampled++)) {
            perror("hostlane: samples");
            exit(EXIT_LANE);
        }
    }
    (void)lane_flash_run(lane_lock_run, &hostlane.outcome);
    hostlane.counts[hostlane.pass].distinct++;
    hostlane.counts[hostlane.pass].gave_up += hostlane.outcome.gave_up;
    hostlane.boots += hostlane.outcome.boots;
    if (hostlane.outcome.broken != NULL) {
        tell_failure();
    }
}

/* Before each operation: the states that a cut of it would leave. */
static void on_operation(const LaneOperation *operation, void *user_data)
{
    Children *children = user_data;
    uint32_t depth = (uint32_t)(children - hostlane.children) + 1;
    bool last = depth == hostlane.pass;
    NorTorn torn;
    for (uint32_t i = 0; torn_state(operation, depth, i, &torn); i++) {
        LaneKey key = lane_lock_key(&torn);
        hostlane.counts[depth].states += last;
        bool wanted = last || depth < 2 || key.b % hostlane.options.sample == 0;
        if (!wanted || !mark(key, last ? 0 : hostlane.pass)) {
            continue;
        }
        if (children->count == CHILDREN_MAX) {
            fprintf(stderr, "host lane: too many states of one recovery\n");
            exit(EXIT_LANE);
        }
        children->list[children->count++] =
            (Child){.fault = {.operation = operation->number, .torn = torn}, .key = key};
    }
}

static void make_child(const Place *place, const Child *child)
{
    go_to(place);
    bool was_cut = cut(&child->fault);
    LaneKey key = lane_lock_key(NULL);
    if (!was_cut || key.a != child->key.a || key.b != child->key.b) {
        char token[160];
        schedule_text(&hostlane.schedule, token, sizeof token);
        fprintf(stderr, "host lane: %s does not lead where it was foreseen\n", token);
        exit(EXIT_LANE);
    }
}

/* All states one cut away from `places[level]`, which have `level` cuts behind them. */
static void expand(uint32_t level)
{
    if (level >= DEPTH_MAX) {
        return;
    }
    Place *place = &hostlane.places[level];
    Children *children = &hostlane.children[level];
    children->count = 0;
    go_to(place);
    lane_flash_watch(on_operation, children);
    (void)lane_flash_run(lane_lock_run, &hostlane.outcome);
    for (uint32_t i = 0; i < children->count && !hostlane.broken && !hostlane.late; i++) {
        hostlane.schedule.count = level + 1;
        hostlane.schedule.faults[level] = children->list[i].fault;
        make_child(place, &children->list[i]);
        if (level + 1 == hostlane.pass) {
            judge();
        } else {
            keep(&hostlane.places[level + 1]);
            expand(level + 1);
        }
    }
    double seconds = hostlane.options.seconds;
    hostlane.late |= seconds > 0 && now_s() - hostlane.started > seconds;
}

static void sweep(LaneBase base)
{
    hostlane.schedule = (Schedule){.base = base};
    go_to_base(base);
    judge();
    for (uint32_t i = 1; i <= hostlane.options.depth && !hostlane.broken && !hostlane.late; i++) {
        hostlane.pass = i;
        expand(0);
    }
    hostlane.pass = 0;
}

/* Replay. */

static void show_operation(const LaneOperation *operation, void *user_data)
{
    static const char *const kinds[] = {"", "program", "erase", "burn"};
    (void)user_data;
    printf("  %3u %-8s %-8s 0x%06x %u bytes\n", operation->number, kinds[operation->kind],
           region_of(operation->kind, operation->offset), operation->offset, operation->bytes);
}

static int replay(const char *text)
{
    Schedule schedule;
    if (!parse_schedule(text, &schedule)) {
        fprintf(stderr, "hostlane: \"%s\" is no token\n", text);
        return EXIT_USAGE;
    }
    go_to_base(schedule.base);
    go_to(&hostlane.places[0]);
    for (uint32_t i = 0; i < schedule.count; i++) {
        char fault[40];
        fault_text(&schedule.faults[i], fault, sizeof fault);
        printf("until the cut %s\n", fault + 1);
        lane_flash_watch(show_operation, NULL);
        if (!cut(&schedule.faults[i])) {
            fprintf(stderr, "hostlane: there is no operation %u\n", schedule.faults[i].operation);
            return EXIT_USAGE;
        }
    }
    printf("recovery\n");
    lane_flash_watch(show_operation, NULL);
    (void)lane_flash_run(lane_lock_run, &hostlane.outcome);
    printf("%u boots, first in slot %c, %s\n", hostlane.outcome.boots,
           hostlane.outcome.end == LANE_END_STARTED ? (char)('A' + hostlane.outcome.first.slot)
                                                    : '-',
           hostlane.outcome.broken == NULL ? "all rules hold" : hostlane.outcome.broken);
    return hostlane.outcome.broken == NULL ? EXIT_HELD : EXIT_BROKEN;
}

/* Canaries: this program with a seeded defect. It must find it. */
static bool canary_dies(const char *program)
{
    char command[512];
    snprintf(command, sizeof command, "'%s' --depth 2 --sample 16 >'%s.log' 2>&1", program,
             program);
    int status = system(command);
    bool caught = status != -1 && WIFEXITED(status) && WEXITSTATUS(status) == EXIT_BROKEN;
    printf("canary %s: %s\n", program, caught ? "caught" : "NOT CAUGHT");
    return caught;
}

/* Results. */

static Counts total(void)
{
    Counts sum = {0};
    for (uint32_t i = 0; i <= DEPTH_MAX; i++) {
        sum.states += hostlane.counts[i].states;
        sum.distinct += hostlane.counts[i].distinct;
        sum.gave_up += hostlane.counts[i].gave_up;
    }
    return sum;
}

static double cpu_s(void)
{
    return (double)clock() / CLOCKS_PER_SEC;
}

static bool write_json(double seconds, double cpu_seconds, uint32_t caught)
{
    FILE *file = fopen(hostlane.options.json, "w");
    if (file == NULL) {
        perror(hostlane.options.json);
        return false;
    }
    Counts sum = total();
    uint64_t asked;
    uint64_t computed;
    lane_crypto_counts(&asked, &computed);
    fprintf(file,
            "{\"states\":%" PRIu64 ",\"distinct\":%" PRIu64 ",\"boots\":%" PRIu64
            ",\"seconds\":%.3f,\"per_s\":%.0f,\"per_cpu_s\":%.0f,\"broken\":%s,\"verifications_"
            "asked\":%" PRIu64 ",\"verifications_computed\":%" PRIu64
            ",\"canaries\":%u,\"canaries_caught\":%u}\n",
            sum.states, sum.distinct, hostlane.boots, seconds, (double)sum.distinct / seconds,
            (double)sum.distinct / cpu_seconds, hostlane.broken ? "true" : "false", asked, computed,
            hostlane.options.canary_count, caught);
    return fclose(file) == 0;
}

static void tell(double seconds, double cpu_seconds)
{
    Counts sum = total();
    uint64_t asked;
    uint64_t computed;
    lane_crypto_counts(&asked, &computed);
    for (uint32_t i = 1; i <= hostlane.options.depth; i++) {
        printf("depth %u: %" PRIu64 " states, %" PRIu64 " new ones judged%s\n", i,
               hostlane.counts[i].states, hostlane.counts[i].distinct, i > 2 ? " (sampled)" : "");
    }
    printf("%" PRIu64 " states, %" PRIu64 " distinct, all judged; %" PRIu64 " boots; %" PRIu64
           " gave up after three cut trials\n",
           sum.states, sum.distinct, hostlane.boots, sum.gave_up);
    printf("%" PRIu64 " signature checks, %" PRIu64
           " computed; %.1f s, %.0f distinct states/s (%.0f per second of processor time)%s\n",
           asked, computed, seconds, (double)sum.distinct / seconds,
           (double)sum.distinct / cpu_seconds, hostlane.late ? "; time was up before the end" : "");
}

static int run(void)
{
    const Options *options = &hostlane.options;
    hostlane.started = now_s();
    for (uint32_t base = 0; base < LANE_BASES && !hostlane.broken; base++) {
        const char *name = base == LANE_BASE_WORN ? "worn" : "new";
        if (options->base == NULL || strcmp(options->base, name) == 0) {
            sweep((LaneBase)base);
        }
    }
    double seconds = now_s() - hostlane.started;
    double cpu_seconds = cpu_s();
    uint32_t caught = 0;
    tell(seconds, cpu_seconds);
    fflush(stdout);
    for (uint32_t i = 0; i < options->canary_count; i++) {
        caught += canary_dies(options->canaries[i]);
    }
    if (options->json != NULL && !write_json(seconds, cpu_seconds, caught)) {
        return EXIT_LANE;
    }
    if (caught < options->canary_count || total().distinct == 0) {
        return EXIT_LANE;
    }
    return hostlane.broken ? EXIT_BROKEN : EXIT_HELD;
}

/* Takes one flag and its value; false when it is none. */
static bool take_flag(const char *name, const char *value)
{
    Options *options = &hostlane.options;
    if (strcmp(name, "--depth") == 0) {
        options->depth = (uint32_t)strtoul(value, NULL, 10);
        return options->depth >= 1 && options->depth <= DEPTH_MAX;
    }
    if (strcmp(name, "--sample") == 0) {
        options->sample = (uint32_t)strtoul(value, NULL, 10);
        return options->sample >= 1;
    }
    if (strcmp(name, "--seconds") == 0) {
        options->seconds = strtod(value, NULL);
    } else if (strcmp(name, "--base") == 0) {
        options->base = value;
        return strcmp(value, "new") == 0 || strcmp(value, "worn") == 0;
    } else if (strcmp(name, "--json") == 0) {
        options->json = value;
    } else if (strcmp(name, "--replay") == 0) {
        options->replay = value;
    } else if (strcmp(name, "--check-every") == 0) {
        options->check_every = (uint32_t)strtoul(value, NULL, 10);
    } else if (strcmp(name, "--samples") == 0) {
        options->samples = (uint32_t)strtoul(value, NULL, 10);
    } else if (strcmp(name, "--samples-to") == 0) {
        options->samples_path = value;
    } else if (strcmp(name, "--canary") == 0 && options->canary_count < CANARIES_MAX) {
        options->canaries[options->canary_count++] = value;
    } else {
        return false;
    }
    return true;
}

int main(int argc, char **argv)
{
    Options *options = &hostlane.options;
    *options = (Options){.depth = 2, .sample = 64};
    for (int i = 1; i < argc; i += 2) {
        if (i + 1 == argc || !take_flag(argv[i], argv[i + 1])) {
            fprintf(stderr, "hostlane: what is \"%s\"? See the head of hostlane.c\n", argv[i]);
            return EXIT_USAGE;
        }
    }
    hostlane.table = calloc(TABLE_SIZE, sizeof *hostlane.table);
    if (hostlane.table == NULL || !lane_rom_prepare()) {
        fprintf(stderr, "hostlane: no memory where the ROM wants it\n");
        return EXIT_LANE;
    }
    lane_crypto_check_every(options->check_every);
    lane_lock_mint();
    if (options->replay != NULL) {
        return replay(options->replay);
    }
    if (options->samples_path != NULL) {
        hostlane.samples = fopen(options->samples_path, "wb");
        if (hostlane.samples == NULL) {
            perror(options->samples_path);
            return EXIT_LANE;
        }
    }
    int code = run();
    if (hostlane.samples != NULL && fclose(hostlane.samples) != 0) {
        perror(options->samples_path);
        return EXIT_LANE;
    }
    return code;
}
