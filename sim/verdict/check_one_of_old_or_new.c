/* SPDX-License-Identifier: MIT */

/*
 * Only the version that ran at first, or one that was offered, ever runs on a device, and only
 * signed.
 */

#include "sim/verdict/check.h"

#include <string.h>

void check_one_of_old_or_new(const Plan *plan, const GPtrArray *events, ClaimVerdict *claim)
{
    for (guint d = 0; d < plan->timeline->devices->len; d++) {
        const DeviceSetup *device = g_ptr_array_index(plan->timeline->devices, d);
        g_autoptr(GHashTable) allowed = g_hash_table_new(g_str_hash, g_str_equal);
        bool first = true;
        for (guint i = 0; i < events->len; i++) {
            const Event *event = g_ptr_array_index(events, i);
            const char *version = event_text(event, "version");
            if (event->kind == EVENT_UPDATE_OFFERED && version != NULL) {
                g_hash_table_add(allowed, (void *)version);
            }
            if (event->kind != EVENT_BOOT_SLOT_STARTED ||
                strcmp(event->source, device->name) != 0) {
                continue;
            }
            claim->occasions++;
            version = version == NULL ? "?" : version;
            if (first) {
                g_hash_table_add(allowed, (void *)version);
                first = false;
            }
            if ((!g_hash_table_contains(allowed, version) ||
                 event_integer(event, "signed", 0) == 0) &&
                !check_slot_changed_at_start(plan, events, i)) {
                verdict_lower(claim, VERDICT_FAIL, &event->seq, 1,
                              "version %s was started (event %" G_GUINT64_FORMAT
                              "), which is neither the old nor an offered one, or not signed",
                              version, event->seq);
            }
        }
    }
}
