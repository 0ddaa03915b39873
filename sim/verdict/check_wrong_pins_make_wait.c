/* SPDX-License-Identifier: MIT */

/*
 * FREE wrong PINs in a row, each taken by a lock that ran on for TAKEN, and for WAIT after the last
 * of them no PIN opens it, whatever happens meanwhile: no reset, no loss of power and no update
 * makes it forget. The inside button and a hand on the bolt still do.
 *
 * Only the first wait is judged: how long the later ones are depends on what the lock had counted.
 * Entries that cannot be a PIN do not count, nor do those that a loss of power may have cut off.
 */

#include "sim/verdict/check.h"

#include <string.h>

#define FREE       5
#define TAKEN      (2 * VTIME_S)
#define WAIT       (30 * VTIME_S)
#define DIGITS_MIN 6 /* of a PIN */
#define DIGITS_MAX 12
#define HAND       (5 * VTIME_S) /* a movement may still be the button's, or a hand's */

typedef struct Door {
    unsigned wrong;    /* in a row, for sure */
    VTime until;       /* no PIN opens it before; 0: nothing is known */
    VTime hand_until;  /* somebody inside, or with the bolt in hand */
    uint64_t last_seq; /* of the wrong PIN that began the wait */
    bool booted;
} Door;

/* Whether the lock has had the power, and no reset, for TAKEN after the entry. */
static bool was_taken(const GPtrArray *events, guint index)
{
    const Event *entry = g_ptr_array_index(events, index);
    for (guint i = index + 1; i < events->len; i++) {
        const Event *event = g_ptr_array_index(events, i);
        if (event->at > entry->at + TAKEN) {
            return true;
        }
        if (strcmp(event->source, entry->source) == 0 &&
            (event->kind == EVENT_POWER_LOST || event->kind == EVENT_DEVICE_RESET)) {
            return false;
        }
    }
    return false;
}

static void take_entry(const GPtrArray *events, guint index, Door *door)
{
    const Event *entry = g_ptr_array_index(events, index);
    int64_t digits = event_integer(entry, "digits", 0);
    bool formed = digits >= DIGITS_MIN && digits <= DIGITS_MAX;
    if (entry->at < door->until || !door->booted || !formed) {
        return;
    }
    if (event_integer(entry, "correct", 0) != 0) {
        *door = (Door){.booted = true, .hand_until = door->hand_until};
    } else if (door->until == 0 && was_taken(events, index) && ++door->wrong == FREE) {
        door->until = entry->at + WAIT;
        door->last_seq = entry->seq;
    }
}

static void watch(const GPtrArray *events, guint index, Door *door, ClaimVerdict *claim)
{
    const Event *event = g_ptr_array_index(events, index);
    switch ((int)event->kind) {
    case EVENT_POWER_LOST:
    case EVENT_DEVICE_RESET:
        door->booted = false;
        return;
    case EVENT_BOOT_COMPLETED:
        door->booted = true;
        return;
    case EVENT_USER_BUTTON:
    case EVENT_USER_TURNED_BOLT:
        door->hand_until = event->at + HAND;
        return;
    case EVENT_USER_PIN_ENTERED:
        take_entry(events, index, door);
        return;
    case EVENT_MOTOR_DRIVEN:
        if (event->at < door->until && event->at > door->hand_until &&
            g_strcmp0(event_text(event, "direction"), "unlock") == 0) {
            const uint64_t cites[] = {door->last_seq, event->seq};
            verdict_lower(claim, VERDICT_FAIL, cites, 2,
                          "the lock opens (event %" G_GUINT64_FORMAT
                          ") though it had %d wrong PINs (the last: event %" G_GUINT64_FORMAT ")",
                          event->seq, FREE, door->last_seq);
        }
        claim->occasions += door->until > 0 ? 1 : 0;
        return;
    default:
        return;
    }
}

void check_wrong_pins_make_wait(const Plan *plan, const GPtrArray *events, ClaimVerdict *claim)
{
    for (guint d = 0; d < plan->timeline->devices->len; d++) {
        const DeviceSetup *device = g_ptr_array_index(plan->timeline->devices, d);
        Door door = {.wrong = 0};
        for (guint i = 0; i < events->len; i++) {
            const Event *event = g_ptr_array_index(events, i);
            if (strcmp(event->source, device->name) == 0) {
                watch(events, i, &door, claim);
            }
        }
    }
}
