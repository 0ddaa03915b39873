/* SPDX-License-Identifier: MIT */

/*
 * While its service fails, a device tries again after waits that are never short, grow, and differ.
 *
 * Attempts are handshakes with the service, or, when none gets that far, questions for its name;
 * what comes within SAME_ATTEMPT of the one before belongs to it. A *stretch* is at least five of
 * them in a row without an answered request, a start of the device, or a change of its link between
 * them. In each:
 *   - no wait is under WAIT_MIN, SLACK apart: an attempt is seen when its handshake is complete,
 * which takes one a little longer than another,
 *   - the longest wait is at least GROWTH times WAIT_MIN, and LONG_WAIT if all of them together
 * take LONG: who never waits long has not noticed that it goes on,
 *   - the waits are not all within a tenth of each other (no jitter),
 *   - no six waits in a row follow a fixed rule, each in the same ratio to the one before, or each
 *     longer than the one before by an amount that is (no jitter either, whether they stay the same
 *     or grow; what an attempt itself takes is added to each alike).
 * And no two stretches, after another start or of another device, begin with the same waits: a
 * jitter that everybody draws from the same seed spreads nobody.
 *
 * Several devices are judged one by one; then only handshakes tell whose attempt it was.
 */

#include "sim/verdict/check.h"

#include <string.h>

#define SAME_ATTEMPT ((5 * VTIME_S) / 2)
#define WAIT_MIN     (3 * VTIME_S)
#define SLACK        (50 * VTIME_MS)
#define GROWTH       3
#define LONG         (30 * 60 * VTIME_S)
#define LONG_WAIT    (60 * VTIME_S)
#define ATTEMPTS_MIN 5
#define RULE_PERCENT 3

/* Whether the service answered as it should: a good status, and nothing wrong with what follows. */
static bool answers(const GPtrArray *events, guint index)
{
    const Event *event = g_ptr_array_index(events, index);
    if (event->kind != EVENT_HTTP_RESPONSE || event_integer(event, "status", 0) / 100 != 2) {
        return false;
    }
    for (guint i = index; i-- > 0;) {
        const Event *before = g_ptr_array_index(events, i);
        if (before->at != event->at || before->kind == EVENT_SERVER_FAULT) {
            return before->at != event->at;
        }
    }
    return true;
}

/* Whether what comes before and what comes after have nothing to do with each other. */
static bool parts(const GPtrArray *events, guint index, const char *source)
{
    const Event *event = g_ptr_array_index(events, index);
    bool own = source == NULL || strcmp(event->source, source) == 0;
    return (own && answers(events, index)) || event->kind == EVENT_LINK_CHANGED ||
           (own && (event->kind == EVENT_POWER_ON || event->kind == EVENT_DEVICE_RESET));
}

static void keep_stretch(GPtrArray *stretches, GPtrArray *take_attempts)
{
    if (take_attempts->len >= ATTEMPTS_MIN) {
        g_ptr_array_add(stretches, take_attempts);
    } else {
        g_ptr_array_unref(take_attempts);
    }
}

/* The failing stretches by events of `kind`: arrays of `const Event *`. */
static GPtrArray *find_stretches(const GPtrArray *events, EventKind kind, const char *source)
{
    GPtrArray *stretches = g_ptr_array_new_with_free_func((GDestroyNotify)g_ptr_array_unref);
    GPtrArray *now = g_ptr_array_new();
    VTime last = -1;
    for (guint i = 0; i < events->len; i++) {
        const Event *event = g_ptr_array_index(events, i);
        if (parts(events, i, source)) {
            keep_stretch(stretches, now);
            now = g_ptr_array_new();
            last = -1;
        }
        if (event->kind != kind || (source != NULL && strcmp(event->source, source) != 0)) {
            continue;
        }
        if (last < 0 || event->at - last > SAME_ATTEMPT) {
            g_ptr_array_add(now, (void *)event);
        }
        last = event->at;
    }
    keep_stretch(stretches, now);
    return stretches;
}

static int64_t wait_ms(const GPtrArray *attempts, guint index)
{
    const Event *before = g_ptr_array_index(attempts, index);
    const Event *after = g_ptr_array_index(attempts, index + 1);
    return (after->at - before->at) / VTIME_MS;
}

/* What follows a rule: the waits (0), or by how much each is longer than the one before (1). */
static int64_t term(const GPtrArray *attempts, guint index, unsigned order)
{
    return order == 0 ? wait_ms(attempts, index)
                      : wait_ms(attempts, index + 1) - wait_ms(attempts, index);
}

/*
 * The first of six waits in a row that, or whose differences, follow a fixed rule; or
 * attempts->len. Five would do so by chance in one outage of some hundreds.
 */
static guint find_rule(const GPtrArray *attempts, unsigned order)
{
    guint steady = 0;
    for (guint i = 0; i + 3 + order < attempts->len; i++) {
        int64_t middle = term(attempts, i + 1, order) * term(attempts, i + 1, order);
        int64_t outer = term(attempts, i, order) * term(attempts, i + 2, order);
        int64_t apart = middle > outer ? middle - outer : outer - middle;
        bool grows = order == 0 || term(attempts, i + 1, order) > WAIT_MIN / VTIME_MS / 2;
        steady = grows && apart <= middle / 100 * RULE_PERCENT ? steady + 1 : 0;
        if (steady == 4 - order) {
            return i + 1 - steady;
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
    if (shortest < WAIT_MIN - SLACK) {
        verdict_lower(claim, VERDICT_FAIL, cites, 2, "tried again after only %s", short_text);
    }
    if (longest < (last->at - first->at < LONG ? GROWTH * WAIT_MIN : LONG_WAIT)) {
        verdict_lower(claim, VERDICT_FAIL, cites, 2,
                      "%u attempts and the longest wait is %s: the waits do not grow",
                      attempts->len, long_text);
    }
    if (longest - shortest < longest / 10) {
        verdict_lower(claim, VERDICT_FAIL, cites, 2,
                      "all waits are between %s and %s: there is no jitter", short_text, long_text);
    }
    guint rule = MIN(find_rule(attempts, 0), find_rule(attempts, 1));
    if (rule < attempts->len) {
        const Event *from = g_ptr_array_index(attempts, rule);
        const Event *to = g_ptr_array_index(attempts, rule + 6);
        const uint64_t shown[] = {from->seq, to->seq};
        verdict_lower(
            claim, VERDICT_FAIL, shown, 2,
            "six waits in a row are each in the same ratio to the one before: there is no "
            "jitter");
    }
}

/* Whether two stretches begin with the same waits. */
static bool are_alike(const GPtrArray *a, const GPtrArray *b)
{
    for (guint i = 0; i + 1 < ATTEMPTS_MIN; i++) {
        int64_t first = wait_ms(a, i);
        int64_t second = wait_ms(b, i);
        int64_t apart = first > second ? first - second : second - first;
        if (apart > first / 100) {
            return false;
        }
    }
    return true;
}

static void judge_together(const GPtrArray *stretches, ClaimVerdict *claim)
{
    for (guint i = 0; i < stretches->len; i++) {
        for (guint j = i + 1; j < stretches->len; j++) {
            const GPtrArray *a = g_ptr_array_index(stretches, i);
            const GPtrArray *b = g_ptr_array_index(stretches, j);
            if (are_alike(a, b)) {
                const uint64_t cites[] = {((const Event *)g_ptr_array_index(a, 0))->seq,
                                          ((const Event *)g_ptr_array_index(b, 0))->seq};
                verdict_lower(claim, VERDICT_FAIL, cites, 2,
                              "the waits after event %" G_GUINT64_FORMAT
                              " are those after event %" G_GUINT64_FORMAT
                              " again: the jitter is always the same",
                              cites[0], cites[1]);
            }
        }
    }
}

/* Takes the stretches of one device; those that can be compared with others go to `all`. */
static void judge_device(const GPtrArray *events, const char *source, GPtrArray *all,
                         ClaimVerdict *claim)
{
    g_autoptr(GPtrArray) handshakes = find_stretches(events, EVENT_TLS_HANDSHAKE, source);
    g_autoptr(GPtrArray) questions = find_stretches(events, EVENT_DNS_ASKED, source);
    const GPtrArray *stretches = handshakes->len > 0 ? handshakes : questions;
    for (guint i = 0; i < stretches->len; i++) {
        GPtrArray *attempts = g_ptr_array_index(stretches, i);
        claim->occasions += attempts->len - 1;
        judge(attempts, claim);
        g_ptr_array_add(all, g_ptr_array_ref(attempts));
    }
}

void check_backoff_grows(const Plan *plan, const GPtrArray *events, ClaimVerdict *claim)
{
    const GPtrArray *devices = plan->timeline->devices;
    g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func((GDestroyNotify)g_ptr_array_unref);
    for (guint i = 0; i < devices->len; i++) {
        const DeviceSetup *device = g_ptr_array_index(devices, i);
        judge_device(events, devices->len == 1 ? NULL : device->name, all, claim);
    }
    judge_together(all, claim);
}
