/* SPDX-License-Identifier: MIT */

/*
 * The right PIN opens a locked lock within BUDGET, network or not, update or not.
 *
 * An occasion is the right PIN entered at a device that has booted and whose bolt is locked. It is
 * void if the power goes within the budget, if the bolt is jammed by hand meanwhile, or if enough
 * wrong PINs came before that the device may make people wait. A reset is no excuse, neither after
 * the last key nor between two of them: a device that wants one has to wait. Only an image on trial
 * may give up at any time, and between a last look at the keys and the reset there are always some
 * instructions: a key that comes within BLINK of it is nobody's fault.
 */

#include "sim/verdict/check.h"

#include <string.h>

#define BUDGET          (5 * VTIME_S)
#define BLINK           (2 * VTIME_US)
#define WRONG_PINS_FREE 5
#define TYPING          (10 * VTIME_S) /* a person is at it no longer */

typedef struct Door {
    bool booted;
    bool locked;
    bool trial;
    VTime gave_up; /* when an image on trial last did, or nobody could have seen the key */
    VTime last_key;
    unsigned wrong; /* since the last right PIN */
} Door;

static bool is_about(const Event *event, const DeviceSetup *device)
{
    return strcmp(event->source, device->name) == 0;
}

/* Keeps `door` up to date with one event of its device. */
static void follow(const Event *event, Door *door)
{
    switch ((int)event->kind) {
    case EVENT_DEVICE_RESET:
        door->gave_up =
            door->trial || event->at - door->last_key <= BLINK ? event->at : door->gave_up;
        door->booted = false;
        break;
    case EVENT_POWER_LOST:
        door->booted = false;
        break;
    case EVENT_USER_KEY:
        door->last_key = event->at;
        break;
    case EVENT_BOOT_SLOT_STARTED:
        door->trial = event_integer(event, "trial", 0) != 0;
        break;
    case EVENT_UPDATE_CONFIRMED:
        door->trial = false;
        break;
    case EVENT_BOOT_COMPLETED:
        door->booted = true;
        break;
    case EVENT_BOLT_MOVED:
        door->locked = g_strcmp0(event_text(event, "state"), "locked") == 0;
        break;
    case EVENT_USER_PIN_ENTERED:
        if (event_integer(event, "correct", 0) == 0) {
            door->wrong++;
        } else if (door->wrong < WRONG_PINS_FREE) {
            door->wrong = 0; /* Later on it may not even have been looked at. */
        }
        break;
    default:
        break;
    }
}

/* Whether a hand holds the bolt of `device` at `at`. */
static bool is_jammed(const DeviceSetup *device, const GPtrArray *events, const Plan *plan,
                      guint until)
{
    bool jammed = false;
    for (guint i = 0; i < until; i++) {
        const Event *event = g_ptr_array_index(events, i);
        int64_t number = event_integer(event, "action", 0);
        if (number < 1 || number > plan->timeline->actions->len) {
            continue;
        }
        const Action *action = g_ptr_array_index(plan->timeline->actions, (guint)number - 1);
        if (action->verb != VERB_JAM_BOLT || strcmp(action->target, device->name) != 0) {
            continue;
        }
        jammed =
            event->kind == EVENT_FAULT_INJECTED || (jammed && event->kind != EVENT_FAULT_ENDED);
    }
    return jammed;
}

/* Whether a hand comes in between: at the bolt, at the button inside, or at the key that locks. */
static bool interferes(const Event *event, const Plan *plan)
{
    int64_t number = event_integer(event, "action", 0);
    switch ((int)event->kind) {
    case EVENT_USER_BUTTON:
    case EVENT_USER_TURNED_BOLT:
        return true;
    case EVENT_USER_KEY:
        return g_strcmp0(event_text(event, "key"), "*") == 0;
    case EVENT_FAULT_INJECTED:
        return number >= 1 && number <= plan->timeline->actions->len &&
               ((const Action *)g_ptr_array_index(plan->timeline->actions, (guint)number - 1))
                       ->verb == VERB_JAM_BOLT;
    default:
        return false;
    }
}

static void judge(const Plan *plan, const DeviceSetup *device, const GPtrArray *events,
                  guint entered, bool trial, ClaimVerdict *claim)
{
    const Event *pin = g_ptr_array_index(events, entered);
    VTime closes = vtime_add(pin->at, BUDGET);
    VTime last = pin->at;
    for (guint i = entered + 1; i < events->len; i++) {
        const Event *event = g_ptr_array_index(events, i);
        last = event->at;
        if (event->at > closes) {
            break;
        }
        if (!is_about(event, device)) {
            continue;
        }
        trial = trial && event->kind != EVENT_UPDATE_CONFIRMED;
        if (event->kind == EVENT_POWER_LOST || (event->kind == EVENT_DEVICE_RESET && trial) ||
            interferes(event, plan)) {
            return;
        }
        if (event->kind == EVENT_BOLT_MOVED &&
            g_strcmp0(event_text(event, "state"), "unlocked") == 0) {
            claim->occasions++;
            return;
        }
    }
    if (last < closes) {
        return; /* The run ended first. */
    }
    claim->occasions++;
    char text[VTIME_TEXT_BYTES];
    verdict_lower(claim, VERDICT_FAIL, &pin->seq, 1,
                  "the right PIN (event %" G_GUINT64_FORMAT ") did not open the lock within %s",
                  pin->seq, vtime_print(BUDGET, text));
}

void check_pin_opens_in_time(const Plan *plan, const GPtrArray *events, ClaimVerdict *claim)
{
    for (guint d = 0; d < plan->timeline->devices->len; d++) {
        const DeviceSetup *device = g_ptr_array_index(plan->timeline->devices, d);
        Door door = {.locked = !device->unlocked, .gave_up = -TYPING, .last_key = -TYPING};
        for (guint i = 0; i < events->len; i++) {
            const Event *event = g_ptr_array_index(events, i);
            if (!is_about(event, device)) {
                continue;
            }
            bool asks =
                event->kind == EVENT_USER_PIN_ENTERED && event_integer(event, "correct", 0) != 0;
            if (asks && door.booted && door.locked && door.wrong < WRONG_PINS_FREE &&
                event->at - door.gave_up >= TYPING && !is_jammed(device, events, plan, i)) {
                judge(plan, device, events, i, door.trial, claim);
            }
            follow(event, &door);
        }
    }
}
