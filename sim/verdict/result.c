/* SPDX-License-Identifier: MIT */

#include "sim/verdict/result.h"

#include <string.h>

#define CITES_MAX 64

static void claim_result_free(void *claim)
{
    ClaimResult *at = claim;
    g_free(at->reason);
    g_array_unref(at->cites);
    g_free(at);
}

static RunResult *new_empty(const char *run_id, const char *scenario)
{
    RunResult *result = g_new0(RunResult, 1);
    result->run_id = g_strdup(run_id);
    result->scenario = g_strdup(scenario);
    result->claims = g_ptr_array_new_with_free_func(claim_result_free);
    return result;
}

RunResult *result_new(const Plan *plan, const RunVerdict *verdict, const GPtrArray *events)
{
    RunResult *result = new_empty(plan->run_id, plan->scenario);
    result->verdict = verdict->verdict;
    result->reason = g_strdup(verdict->reason);
    result->event_count = events->len;
    if (events->len > 0) {
        result->ended = ((const Event *)g_ptr_array_index(events, events->len - 1))->at;
    }
    memcpy(result->asked, verdict->asked, sizeof result->asked);
    memcpy(result->effective, verdict->effective, sizeof result->effective);
    for (guint i = 0; i < verdict->claims->len; i++) {
        const ClaimVerdict *claim = g_ptr_array_index(verdict->claims, i);
        ClaimResult *copy = g_new0(ClaimResult, 1);
        copy->number = claim->number;
        copy->verdict = claim->verdict;
        copy->occasions = claim->occasions;
        copy->reason = g_strdup(claim->reason);
        copy->cites = g_array_new(FALSE, FALSE, sizeof(uint64_t));
        g_array_append_vals(copy->cites, claim->cites, claim->cite_count);
        g_ptr_array_add(result->claims, copy);
    }
    return result;
}

RunResult *result_new_error(const char *run_id, const char *scenario, const char *reason)
{
    RunResult *result = new_empty(run_id, scenario);
    result->verdict = VERDICT_ERROR;
    result->reason = g_strdup(reason);
    return result;
}

void result_free(RunResult *result)
{
    if (result != NULL) {
        g_free(result->run_id);
        g_free(result->scenario);
        g_free(result->reason);
        g_free(result->bundle);
        g_ptr_array_unref(result->claims);
        g_free(result);
    }
}

static void write_faults(Canon *canon, const char *key, const uint32_t counts[VERB_FAULTS])
{
    canon_key(canon, key);
    canon_begin_object(canon);
    for (int i = 0; i < VERB_FAULTS; i++) {
        if (counts[i] > 0) {
            canon_member_integer(canon, plan_fault_name((VerbFault)i), counts[i]);
        }
    }
    canon_end_object(canon);
}

void result_write(const RunResult *result, Canon *canon)
{
    canon_begin_object(canon);
    canon_member_text(canon, "run_id", result->run_id);
    canon_member_text(canon, "scenario", result->scenario);
    canon_member_text(canon, "verdict", verdict_name(result->verdict));
    canon_member_text(canon, "reason", result->reason);
    canon_member_text(canon, "plan_id", result->plan_id);
    canon_member_text(canon, "digest", result->digest);
    canon_member_text(canon, "bundle", result->bundle);
    canon_member_truth(canon, "repeated", result->repeated);
    canon_member_integer(canon, "ended", result->ended);
    canon_member_integer(canon, "events", result->event_count);
    write_faults(canon, "faults_asked", result->asked);
    write_faults(canon, "faults_effective", result->effective);
    canon_key(canon, "claims");
    canon_begin_array(canon);
    for (guint i = 0; i < result->claims->len; i++) {
        const ClaimResult *claim = g_ptr_array_index(result->claims, i);
        canon_begin_object(canon);
        canon_member_integer(canon, "number", claim->number);
        canon_member_text(canon, "verdict", verdict_name(claim->verdict));
        canon_member_integer(canon, "occasions", claim->occasions);
        if (claim->reason != NULL) {
            canon_member_text(canon, "reason", claim->reason);
            canon_key(canon, "cites");
            canon_begin_array(canon);
            for (guint j = 0; j < claim->cites->len; j++) {
                canon_integer(canon, (int64_t)g_array_index(claim->cites, uint64_t, j));
            }
            canon_end_array(canon);
        }
        canon_end_object(canon);
    }
    canon_end_array(canon);
    canon_end_object(canon);
}

/* Reading. */

/* A text that may be missing, as NULL. */
static bool read_text(const TreeNode *object, const char *key, char **ret_text, GError **error)
{
    return tree_is_null(tree_get(object, key)) || tree_require_text(object, key, ret_text, error);
}

static bool read_verdict(const TreeNode *object, Verdict *ret_verdict, GError **error)
{
    const TreeNode *node = tree_require(object, "verdict", error);
    const char *name = NULL;
    if (node == NULL || !tree_text(node, &name, error)) {
        return false;
    }
    return verdict_parse(name, ret_verdict) ||
           tree_refuse(node, error, "no verdict is \"%s\"", name);
}

static bool read_faults(const TreeNode *object, const char *key, uint32_t counts[VERB_FAULTS],
                        GError **error)
{
    const TreeNode *node = tree_require(object, key, error);
    if (node == NULL || !tree_expect(node, TREE_MAPPING, "counts by fault", error)) {
        return false;
    }
    for (int i = 0; i < VERB_FAULTS; i++) {
        const TreeNode *count = tree_get(node, plan_fault_name((VerbFault)i));
        int64_t value = 0;
        if (count != NULL && !tree_integer(count, 0, UINT32_MAX, &value, error)) {
            return false;
        }
        counts[i] = (uint32_t)value;
    }
    return true;
}

static bool read_cites(const TreeNode *node, GArray *cites, GError **error)
{
    if (node == NULL) {
        return true;
    }
    if (!tree_expect(node, TREE_SEQUENCE, "a list of event numbers", error)) {
        return false;
    }
    for (size_t i = 0; i < node->count && i < CITES_MAX; i++) {
        int64_t seq = 0;
        if (!tree_integer(node->children[i], 0, INT64_MAX, &seq, error)) {
            return false;
        }
        uint64_t cite = (uint64_t)seq;
        g_array_append_val(cites, cite);
    }
    return true;
}

static bool read_claims(const TreeNode *list, RunResult *result, GError **error)
{
    if (list == NULL || !tree_expect(list, TREE_SEQUENCE, "a list of claims", error)) {
        return false;
    }
    for (size_t i = 0; i < list->count; i++) {
        const TreeNode *node = list->children[i];
        ClaimResult *claim = g_new0(ClaimResult, 1);
        claim->cites = g_array_new(FALSE, FALSE, sizeof(uint64_t));
        g_ptr_array_add(result->claims, claim);
        int64_t number = 0;
        int64_t occasions = 0;
        if (!tree_require_integer(node, "number", 0, INT64_MAX, &number, error) ||
            !tree_require_integer(node, "occasions", 0, INT64_MAX, &occasions, error) ||
            !read_verdict(node, &claim->verdict, error) ||
            !read_text(node, "reason", &claim->reason, error) ||
            !read_cites(tree_get(node, "cites"), claim->cites, error)) {
            return false;
        }
        claim->number = (uint32_t)number;
        claim->occasions = (uint32_t)occasions;
    }
    return true;
}

RunResult *result_read(const TreeNode *node, GError **error)
{
    if (!tree_expect(node, TREE_MAPPING, "a result", error)) {
        return NULL;
    }
    g_autoptr(RunResult) result = new_empty(NULL, NULL);
    g_autofree char *plan_id = NULL;
    g_autofree char *digest = NULL;
    if (!tree_require_text(node, "run_id", &result->run_id, error) ||
        !tree_require_text(node, "scenario", &result->scenario, error) ||
        !read_verdict(node, &result->verdict, error) ||
        !read_text(node, "reason", &result->reason, error) ||
        !read_text(node, "bundle", &result->bundle, error) ||
        !read_text(node, "plan_id", &plan_id, error) ||
        !read_text(node, "digest", &digest, error) ||
        !tree_require_integer(node, "ended", 0, INT64_MAX, &result->ended, error) ||
        !tree_require_integer(node, "events", 0, INT64_MAX, &result->event_count, error) ||
        !read_faults(node, "faults_asked", result->asked, error) ||
        !read_faults(node, "faults_effective", result->effective, error) ||
        !read_claims(tree_require(node, "claims", error), result, error)) {
        return NULL;
    }
    const TreeNode *repeated = tree_get(node, "repeated");
    if (repeated != NULL && !tree_truth(repeated, &result->repeated, error)) {
        return NULL;
    }
    if (result->run_id == NULL || result->scenario == NULL) {
        tree_refuse(node, error, "a result needs a run_id and a scenario");
        return NULL;
    }
    g_strlcpy(result->plan_id, plan_id == NULL ? "" : plan_id, sizeof result->plan_id);
    g_strlcpy(result->digest, digest == NULL ? "" : digest, sizeof result->digest);
    return g_steal_pointer(&result);
}
