/* SPDX-License-Identifier: MIT */

/*
 * While its service fails, a device tries again after waits that are never short, grow, and differ.
 *
 * Attempts are handshakes with the service, or, when none gets that far, questions for its name;
 * what comes within SAME_ATTEMPT of the one before belongs to it. Of at least five attempts in a
 * row without an answered request between them:
 *   - no wait is under WAIT_MIN,
 *   - the longest wait is at least GROWTH times WAIT_MIN,
 *   - the waits are not all within a tenth of each other (no jitter),
 *   - no five waits in a row follow a fixed rule, each in the same ratio to the one before (no
 * jitter either, whether they stay the same or grow). Several devices are judged one by one; then
 * only handshakes tell whose attempt it was.
 */

#include "sim/verdict/check.h"

#include <string.h>

#define SAME_ATTEMPT ((5 * VTIME_S) / 2)
#define WAIT_MIN     (3 * VTIME_S)
#define GROWTH       3
#define ATTEMPTS_MIN 5
#define RULE_PERCENT 3

/* The attempts of the longest failing stretch, as `const Event *`. */
static GPtrArray *find_attempts(const GPtrArray *events, EventKind kind, const char *source)
{
    GPtrArray *best = g_ptr_array_new();
    GPtrArray *now = g_ptr_array_new();
    VTime last = -1;
    for (guint i = 0; i < events->len; i++) {
        const Event *event = g_ptr_array_index(events, i);
        if (source != NULL && strcmp(event->source, source) != 0) {
            continue;
        }
        if (event->kind == EVENT_HTTP_RESPONSE && event_integer(event, "status", 0) / 100 == 2) {
            g_ptr_array_set_size(now, 0);
            last = -1;
        }
        if (event->kind != kind) {
            continue;
        }
        if (last < 0 || event->at - last > SAME_ATTEMPT) {
            g_ptr_array_add(now, (void *)event);
        }
        last = event->at;
        if (now->len > best->len) {
            g_ptr_array_set_size(best, 0);
            g_ptr_array_extend(best, now, NULL, NULL);
        }
    }
    g_ptr_array_unref(now);
    return best;
}

static int64_t wait_ms(const GPtrArray *attempts, guint index)
{
    const Event *before = g_ptr_array_index(attempts, index);
    const Event *after = g_ptr_array_index(attempts, index + 1);
    return (after->at - before->at) / VTIME_MS;
}

/* The first of five waits in a row that follow a fixed rule, or attempts->len. */
static guint find_rule(const GPtrArray *attempts)
{
    guint steady = 0;
    for (guint i = 0; i + 3 < attempts->len; i++) {
        int64_t middle = wait_ms(attempts, i + 1) * wait_ms(attempts, i + 1);
        int64_t outer = wait_ms(attempts, i) * wait_ms(attempts, i + 2);
        int64_t apart = middle > outer ? middle - outer : outer - middle;
        steady = apart <= middle / 100 * RULE_PERCENT ? steady + 1 : 0;
        if (steady == 3) {
            return i - 2;
        }
    }
    return attempts->len;
}

static void judge(const GPtrArray *attempts, ClaimVerdict *claim)
{
    VTime shortest = VTIME_NEVER;
    VTime longest = 0;
    const Event *first = g_ptr_array_index(attempts, 0);
    const Event *last = g_ptr_array_index(attempts, attempts->len - 1);
    const uint64_t cites[] = {first->seq, last->seq};
    for (guint i = 1; i < attempts->len; i++) {
        const Event *before = g_ptr_array_index(attempts, i - 1);
        const Event *after = g_ptr_array_index(attempts, i);
        shortest = MIN(shortest, after->at - before->at);
        longest = MAX(longest, after->at - before->at);
    }
    char short_text[VTIME_TEXT_BYTES];
    char long_text[VTIME_TEXT_BYTES];
    vtime_print(shortest, short_text);
    vtime_print(longest, long_text);
    if (shortest < WAIT_MIN) {
        verdict_lower(claim, VERDICT_FAIL, cites, 2, "tried again after only %s", short_text);
    }
    if (longest < GROWTH * WAIT_MIN) {
        verdict_lower(claim, VERDICT_FAIL, cites, 2,
                      "%u attempts and the longest wait is %s: the waits do not grow",
                      attempts->len, long_text);
    }
    if (longest - shortest < longest / 10) {
        verdict_lower(claim, VERDICT_FAIL, cites, 2,
                      "all waits are between %s and %s: there is no jitter", short_text, long_text);
    }
    guint rule = find_rule(attempts);
    if (rule < attempts->len) {
        const Event *from = g_ptr_array_index(attempts, rule);
        const Event *to = g_ptr_array_index(attempts, rule + 5);
        const uint64_t shown[] = {from->seq, to->seq};
        verdict_lower(
            claim, VERDICT_FAIL, shown, 2,
            "five waits in a row are each in the same ratio to the one before: there is no "
            "jitter");
    }
}

static void judge_device(const GPtrArray *events, const char *source, ClaimVerdict *claim)
{
    g_autoptr(GPtrArray) handshakes = find_attempts(events, EVENT_TLS_HANDSHAKE, source);
    g_autoptr(GPtrArray) questions = find_attempts(events, EVENT_DNS_ASKED, source);
    const GPtrArray *attempts = handshakes->len >= ATTEMPTS_MIN ? handshakes : questions;
    if (attempts->len < ATTEMPTS_MIN) {
        return;
    }
    claim->occasions += attempts->len - 1;
    judge(attempts, claim);
}

void check_backoff_grows(const Plan *plan, const GPtrArray *events, ClaimVerdict *claim)
{
    const GPtrArray *devices = plan->timeline->devices;
    for (guint i = 0; i < devices->len; i++) {
        const DeviceSetup *device = g_ptr_array_index(devices, i);
        judge_device(events, devices->len == 1 ? NULL : device->name, claim);
    }
}
