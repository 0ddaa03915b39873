/* SPDX-License-Identifier: MIT */

/*
 * While its service fails, a device tries again after waits that are never short, grow, and differ.
 *
 * Attempts are handshakes with the service, or, when none gets that far, questions for its name;
 * what comes within SAME_ATTEMPT of the one before belongs to it. Of at least five attempts in a
 * row without an answered request between them:
 *   - no wait is under WAIT_MIN,
 *   - the longest wait is at least GROWTH times WAIT_MIN,
 *   - the waits are not all within a tenth of each other (no jitter).
 */

#include "sim/verdict/check.h"

#define SAME_ATTEMPT ((5 * VTIME_S) / 2)
#define WAIT_MIN     (3 * VTIME_S)
#define GROWTH       3
#define ATTEMPTS_MIN 5

/* The attempts of the longest failing stretch, as `const Event *`. */
static GPtrArray *find_attempts(const GPtrArray *events, EventKind kind)
{
    GPtrArray *best = g_ptr_array_new();
    GPtrArray *now = g_ptr_array_new();
    VTime last = -1;
    for (guint i = 0; i < events->len; i++) {
        const Event *event = g_ptr_array_index(events, i);
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
}

void check_backoff_grows(const Plan *plan, const GPtrArray *events, ClaimVerdict *claim)
{
    (void)plan;
    g_autoptr(GPtrArray) handshakes = find_attempts(events, EVENT_TLS_HANDSHAKE);
    g_autoptr(GPtrArray) questions = find_attempts(events, EVENT_DNS_ASKED);
    const GPtrArray *attempts = handshakes->len >= ATTEMPTS_MIN ? handshakes : questions;
    if (attempts->len < ATTEMPTS_MIN) {
        return;
    }
    claim->occasions = attempts->len - 1;
    judge(attempts, claim);
}
