/* SPDX-License-Identifier: MIT */

#include "sim/verdict/shards.h"

#include <string.h>

G_GNUC_PRINTF(2, 3)
static bool shards_refuse(GError **error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *message = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_set_error(error, TREE_ERROR, TREE_ERROR_INPUT, "error: %s", message);
    return false;
}

/* "2/3" as number and count. */
static bool shards_number(const char *text, guint64 *ret_number, guint64 *ret_count)
{
    g_auto(GStrv) parts = g_strsplit(text == NULL ? "" : text, "/", 2);
    return g_strv_length(parts) == 2 &&
           g_ascii_string_to_unsigned(parts[0], 10, 1, G_MAXUINT32, ret_number, NULL) &&
           g_ascii_string_to_unsigned(parts[1], 10, 1, G_MAXUINT32, ret_count, NULL);
}

/* The shards in the order of their numbers, each once; owned by the caller's array. */
static GPtrArray *shards_sorted(const GPtrArray *shards, GError **error)
{
    g_autoptr(GPtrArray) sorted = g_ptr_array_new();
    g_ptr_array_set_size(sorted, (gint)shards->len);
    for (guint i = 0; i < shards->len; i++) {
        Assessment *shard = g_ptr_array_index(shards, i);
        guint64 number = 0;
        guint64 count = 0;
        if (!shards_number(shard->shard, &number, &count) || number > count) {
            shards_refuse(error, "folder %u holds no shard of a campaign", i + 1);
            return NULL;
        }
        if (count != shards->len) {
            shards_refuse(error, "shard %s: there are %u folders", shard->shard, shards->len);
            return NULL;
        }
        if (sorted->pdata[number - 1] != NULL) {
            shards_refuse(error, "shard %s is there twice", shard->shard);
            return NULL;
        }
        if (shard->interrupted) {
            shards_refuse(error, "shard %s was stopped before its end; go on with --resume",
                          shard->shard);
            return NULL;
        }
        sorted->pdata[number - 1] = shard;
    }
    return g_steal_pointer(&sorted);
}

static bool shards_belong(const GPtrArray *sorted, GError **error)
{
    const Assessment *first = g_ptr_array_index(sorted, 0);
    for (guint i = 1; i < sorted->len; i++) {
        const Assessment *other = g_ptr_array_index(sorted, i);
        if (g_strcmp0(first->lab, other->lab) != 0 ||
            g_strcmp0(first->version, other->version) != 0) {
            return shards_refuse(error, "shards %s and %s were made by different builds",
                                 first->shard, other->shard);
        }
        if (g_strcmp0(first->plan_id, other->plan_id) != 0 ||
            g_strcmp0(first->seed, other->seed) != 0 ||
            g_strcmp0(first->defect, other->defect) != 0 ||
            first->scenarios->len != other->scenarios->len ||
            first->crashes->len != other->crashes->len) {
            return shards_refuse(error, "shards %s and %s are of different campaigns", first->shard,
                                 other->shard);
        }
    }
    return true;
}

static bool shards_has_crash(const Assessment *shard, const char *scenario)
{
    for (guint i = 0; i < shard->crashes->len; i++) {
        if (strcmp(((const SweepingCrash *)g_ptr_array_index(shard->crashes, i))->scenario,
                   scenario) == 0) {
            return true;
        }
    }
    return false;
}

/* Which kind of run it is, by its id: the kinds stand in this order. */
typedef enum Kind {
    KIND_PLAIN,  /* without a point, or the reference run of an axis */
    KIND_POINT,  /* "...@call#17+seed=1" */
    KIND_ASKER,  /* "...@call#17,call+seed=1": the same, made for second faults */
    KIND_SECOND, /* "...@call#17,call#5+seed=1" */
    KINDS
} Kind;

/* The runs of one scenario in one shard: taken, and dealt one after the other. */
typedef struct Deal {
    GPtrArray *runs[KINDS]; /* of RunResult */
    guint next[KINDS];
} Deal;

static void shards_deal_clear(gpointer deal)
{
    Deal *at = deal;
    for (int kind = 0; kind < KINDS; kind++) {
        for (guint i = at->next[kind]; i < at->runs[kind]->len; i++) {
            result_free(g_ptr_array_index(at->runs[kind], i));
        }
        g_ptr_array_unref(at->runs[kind]);
    }
}

static Kind shards_kind(const char *run_id)
{
    const char *point = strchr(run_id, '#');
    const char *second = point == NULL ? NULL : strchr(point, ',');
    if (second == NULL) {
        return point == NULL ? KIND_PLAIN : KIND_POINT;
    }
    return strchr(second, '#') == NULL ? KIND_ASKER : KIND_SECOND;
}

/* Whether two runs begin with the same fault. */
static bool shards_same_first(const RunResult *a, const RunResult *b)
{
    size_t first = strcspn(a->run_id, ",+");
    size_t second = strcspn(b->run_id, ",+");
    return first == second && strncmp(a->run_id, b->run_id, first) == 0;
}

/* The next run of a kind, or NULL; stays the deal's. */
static RunResult *shards_peek(const Deal *deal, Kind kind)
{
    return deal->next[kind] < deal->runs[kind]->len
               ? g_ptr_array_index(deal->runs[kind], deal->next[kind])
               : NULL;
}

/* Takes a scenario's runs, which stand together, from each shard. */
static GArray *shards_deal(const GPtrArray *sorted, const char *scenario)
{
    GArray *deals = g_array_new(FALSE, TRUE, sizeof(Deal));
    g_array_set_clear_func(deals, shards_deal_clear);
    for (guint i = 0; i < sorted->len; i++) {
        Assessment *shard = g_ptr_array_index(sorted, i);
        Deal deal = {.next = {0}};
        for (int kind = 0; kind < KINDS; kind++) {
            deal.runs[kind] = g_ptr_array_new();
        }
        for (guint at = 0; at < shard->runs->len; at++) {
            RunResult *run = g_ptr_array_index(shard->runs, at);
            if (run == NULL || strcmp(run->scenario, scenario) != 0) {
                continue;
            }
            shard->runs->pdata[at] = NULL;
            g_ptr_array_add(deal.runs[shards_kind(run->run_id)], run);
        }
        g_array_append_val(deals, deal);
    }
    return deals;
}

/* The plain run, about which all shards that have it agree. */
static bool shards_gather_plain(GArray *deals, Assessment *merged, const char *scenario,
                                GError **error)
{
    RunResult *plain = NULL;
    for (guint i = 0; i < deals->len; i++) {
        Deal *deal = &g_array_index(deals, Deal, i);
        RunResult *own = shards_peek(deal, KIND_PLAIN);
        if (own != NULL && plain == NULL) {
            plain = own;
            deal->next[KIND_PLAIN]++;
            g_ptr_array_add(merged->runs, plain);
        } else if (own != NULL && strcmp(own->digest, plain->digest) != 0) {
            return shards_refuse(error, "the shards' evidence of %s differs", plain->run_id);
        }
    }
    return plain != NULL || shards_refuse(error, "no shard has run %s", scenario);
}

/* Runs of the kind that follow from those between `from` and `end`, in their order. */
static void shards_gather_next(GArray *deals, Kind kind, Assessment *merged, guint from, guint end)
{
    for (guint i = from; i < end; i++) {
        const RunResult *before = g_ptr_array_index(merged->runs, i);
        for (guint d = 0; d < deals->len; d++) {
            Deal *deal = &g_array_index(deals, Deal, d);
            RunResult *run = shards_peek(deal, kind);
            for (; run != NULL && shards_same_first(before, run); run = shards_peek(deal, kind)) {
                deal->next[kind]++;
                g_ptr_array_add(merged->runs, run);
            }
        }
    }
}

/* Deals the points back in turns, the plain run first, what follows from them last. */
static bool shards_gather(GArray *deals, Assessment *merged, const char *scenario, GError **error)
{
    guint total = 0;
    if (!shards_gather_plain(deals, merged, scenario, error)) {
        return false;
    }
    guint points = merged->runs->len;
    for (guint i = 0; i < deals->len; i++) {
        total += g_array_index(deals, Deal, i).runs[KIND_POINT]->len;
    }
    for (guint i = 0; i < total; i++) {
        Deal *deal = &g_array_index(deals, Deal, i % deals->len);
        RunResult *run = shards_peek(deal, KIND_POINT);
        if (run == NULL) {
            return shards_refuse(error, "a shard lacks points of %s", scenario);
        }
        deal->next[KIND_POINT]++;
        g_ptr_array_add(merged->runs, run);
    }
    guint askers = merged->runs->len;
    shards_gather_next(deals, KIND_ASKER, merged, points, askers);
    shards_gather_next(deals, KIND_SECOND, merged, askers, merged->runs->len);
    return true;
}

static Assessment *shards_begin(const GPtrArray *sorted)
{
    Assessment *first = g_ptr_array_index(sorted, 0);
    Assessment *merged = assessment_new(first->catalogue, first->version);
    merged->lab = g_strdup(first->lab);
    merged->plan_id = g_strdup(first->plan_id);
    merged->seed = g_strdup(first->seed);
    merged->defect = g_strdup(first->defect);
    return merged;
}

/* What the shards say of their canaries: caught means caught everywhere. */
static void shards_join_canaries(const GPtrArray *sorted, Assessment *merged)
{
    for (guint i = 0; i < sorted->len; i++) {
        Assessment *shard = g_ptr_array_index(sorted, i);
        for (guint c = 0; c < shard->canaries->len; c++) {
            const SweepingCanary *canary = g_ptr_array_index(shard->canaries, c);
            if (i == 0 || !canary->caught) {
                SweepingCanary *copy = g_new0(SweepingCanary, 1);
                copy->axis = g_strdup(canary->axis);
                copy->defect = g_strdup(canary->defect);
                copy->scenario = g_strdup(canary->scenario);
                copy->reason = g_strdup(canary->reason);
                copy->caught = canary->caught;
                g_ptr_array_add(merged->canaries, copy);
            }
        }
    }
}

static int shards_find(const Assessment *shard, const char *scenario)
{
    for (guint i = 0; i < shard->scenarios->len; i++) {
        if (strcmp(((const ScenarioSummary *)g_ptr_array_index(shard->scenarios, i))->id,
                   scenario) == 0) {
            return (int)i;
        }
    }
    return -1;
}

Assessment *shards_merge(GPtrArray *shards, GError **error)
{
    g_autoptr(GPtrArray) sorted = shards->len == 0 ? NULL : shards_sorted(shards, error);
    if (sorted == NULL || !shards_belong(sorted, error)) {
        if (sorted == NULL && shards->len == 0) {
            shards_refuse(error, "there is nothing to merge");
        }
        return NULL;
    }
    Assessment *first = g_ptr_array_index(sorted, 0);
    g_autoptr(Assessment) merged = shards_begin(sorted);
    shards_join_canaries(sorted, merged);
    for (guint i = 0; i < sorted->len; i++) {
        /* Provisions point into what is about to be taken. */
        g_ptr_array_set_size(((Assessment *)g_ptr_array_index(sorted, i))->provisions, 0);
    }
    for (guint i = 0; i < first->scenarios->len;) {
        ScenarioSummary *scenario = g_ptr_array_index(first->scenarios, i);
        if (shards_has_crash(first, scenario->id)) {
            i++;
            continue;
        }
        g_autoptr(GArray) deals = shards_deal(sorted, scenario->id);
        if (!shards_gather(deals, merged, scenario->id, error)) {
            return NULL;
        }
        for (guint other = 1; other < sorted->len; other++) {
            const Assessment *shard = g_ptr_array_index(sorted, other);
            int at = shards_find(shard, scenario->id);
            const ScenarioSummary *same =
                at < 0 ? NULL : g_ptr_array_index(shard->scenarios, (guint)at);
            scenario->operations = MAX(scenario->operations, same == NULL ? 0 : same->operations);
        }
        g_ptr_array_add(merged->scenarios, g_ptr_array_steal_index(first->scenarios, i));
    }
    assessment_roll_up(merged);
    return g_steal_pointer(&merged);
}
