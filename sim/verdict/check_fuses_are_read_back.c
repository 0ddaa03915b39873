/* SPDX-License-Identifier: MIT */

/*
 * A fuse that did not blow is noticed: within SOON, and before an image is started, the device says
 * so or blows it again. One that goes on in silence believes it is safe from old releases, and is
 * not.
 *
 * That it says so is the device's own word; it is its silence that counts. A device that loses its
 * power first, or whose run ends, has had no time to speak.
 */

#include "sim/verdict/check.h"

#include <string.h>

#define SOON VTIME_S

/* Whether the device has noticed; true as well where it had no time to. */
static bool is_noticed(const GPtrArray *events, guint index)
{
    const Event *worn = g_ptr_array_index(events, index);
    for (guint i = index + 1; i < events->len; i++) {
        const Event *event = g_ptr_array_index(events, i);
        bool starts =
            event->kind == EVENT_BOOT_SLOT_STARTED && strcmp(event->source, worn->source) == 0;
        if (starts || event->at > worn->at + SOON) {
            return false;
        }
        bool speaks = event->kind == EVENT_DEVICE_STATUS || event->kind == EVENT_COUNTER_RAISED ||
                      event->kind == EVENT_POWER_LOST;
        if (speaks && strcmp(event->source, worn->source) == 0) {
            return true;
        }
    }
    return true;
}

void check_fuses_are_read_back(const Plan *plan, const GPtrArray *events, ClaimVerdict *claim)
{
    (void)plan;
    for (guint i = 0; i < events->len; i++) {
        const Event *event = g_ptr_array_index(events, i);
        if (event->kind != EVENT_NVM_WORN || g_strcmp0(event_text(event, "region"), "otp") != 0) {
            continue;
        }
        claim->occasions++;
        if (!is_noticed(events, i)) {
            verdict_lower(claim, VERDICT_FAIL, &event->seq, 1,
                          "a fuse did not blow (event %" G_GUINT64_FORMAT
                          ") and the device went on as if it had",
                          event->seq);
        }
    }
}
