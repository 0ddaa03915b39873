/* SPDX-License-Identifier: MIT */

/*
 * No image under the security counter ever runs, and none older than a version that was confirmed
 * on the device before. Going back from a trial that failed is no rollback: it was never confirmed.
 */

#include "sim/verdict/check.h"

#include <string.h>

/* "1.2.3" as one number; 0 for anything else. */
static uint64_t as_number(const char *version)
{
    guint64 number = 0;
    g_auto(GStrv) parts = g_strsplit(version == NULL ? "" : version, ".", 4);
    if (g_strv_length(parts) != 3) {
        return 0;
    }
    for (size_t i = 0; i < 3; i++) {
        guint64 part = 0;
        if (!g_ascii_string_to_unsigned(parts[i], 10, 0, G_MAXUINT16, &part, NULL)) {
            return 0;
        }
        number = (number << 16) | part;
    }
    return number;
}

void check_no_rollback(const Plan *plan, const GPtrArray *events, ClaimVerdict *claim)
{
    for (guint d = 0; d < plan->timeline->devices->len; d++) {
        const DeviceSetup *device = g_ptr_array_index(plan->timeline->devices, d);
        uint64_t confirmed = 0;
        uint64_t confirmed_seq = 0;
        for (guint i = 0; i < events->len; i++) {
            const Event *event = g_ptr_array_index(events, i);
            if (strcmp(event->source, device->name) != 0) {
                continue;
            }
            uint64_t version = as_number(event_text(event, "version"));
            if (event->kind == EVENT_UPDATE_CONFIRMED && version > confirmed) {
                confirmed = version;
                confirmed_seq = event->seq;
            }
            if (event->kind != EVENT_BOOT_SLOT_STARTED) {
                continue;
            }
            claim->occasions++;
            if (event_integer(event, "valid", 0) == 0 &&
                !check_slot_changed_at_start(plan, events, i)) {
                verdict_lower(claim, VERDICT_FAIL, &event->seq, 1,
                              "an image under the security counter, or not signed, was started "
                              "(event %" G_GUINT64_FORMAT ")",
                              event->seq);
            }
            /* Without the newer one there is only the older one to fall back on. */
            if (version < confirmed && !check_slot_was_damaged(plan, events, i)) {
                const uint64_t cites[] = {confirmed_seq, event->seq};
                verdict_lower(claim, VERDICT_FAIL, cites, 2,
                              "version %s was started (event %" G_GUINT64_FORMAT
                              ") after a newer one had been confirmed (event %" G_GUINT64_FORMAT
                              ")",
                              event_text(event, "version"), event->seq, confirmed_seq);
            }
        }
    }
}
