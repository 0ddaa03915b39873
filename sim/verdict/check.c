/* SPDX-License-Identifier: MIT */

#include "sim/verdict/check.h"

#include <string.h>

bool check_slots_are_damaged(const Plan *plan)
{
    for (guint i = 0; i < plan->timeline->actions->len; i++) {
        const Action *action = g_ptr_array_index(plan->timeline->actions, i);
        if (action->verb == VERB_RESTORE_FLASH ||
            (action->verb == VERB_DAMAGE_FLASH &&
             g_str_has_prefix(plan_text(action, "region"), "slot"))) {
            return true;
        }
    }
    return false;
}

static bool damages_slot(const Plan *plan, const Event *event)
{
    int64_t number = event_integer(event, "action", 0);
    if (event->kind != EVENT_FAULT_TOOK_EFFECT || number < 1 ||
        number > plan->timeline->actions->len) {
        return false;
    }
    const Action *action = g_ptr_array_index(plan->timeline->actions, (guint)number - 1);
    return action->verb == VERB_DAMAGE_FLASH &&
           g_str_has_prefix(plan_text(action, "region"), "slot");
}

bool check_slot_was_damaged(const Plan *plan, const GPtrArray *events, guint index)
{
    for (guint i = 0; i < index; i++) {
        if (damages_slot(plan, g_ptr_array_index(events, i))) {
            return true;
        }
    }
    return false;
}

bool check_slot_changed_at_start(const Plan *plan, const GPtrArray *events, guint index)
{
    const Event *started = g_ptr_array_index(events, index);
    for (guint i = index; i-- > 0;) {
        const Event *event = g_ptr_array_index(events, i);
        if (damages_slot(plan, event)) {
            return true;
        }
        if ((event->kind == EVENT_POWER_ON || event->kind == EVENT_DEVICE_RESET) &&
            strcmp(event->source, started->source) == 0) {
            return false;
        }
    }
    return false;
}

Check check_of(Invariant invariant)
{
    static const Check CHECKS[INVARIANTS] = {
        [INVARIANT_bolt_moves_only_when_authorised] = check_bolt_moves_only_when_authorised,
        [INVARIANT_report_equals_sensed] = check_report_equals_sensed,
        [INVARIANT_pin_opens_in_time] = check_pin_opens_in_time,
        [INVARIANT_boots_signed_within_two_resets] = check_boots_signed_within_two_resets,
        [INVARIANT_no_secret_leaks] = check_no_secret_leaks,
        [INVARIANT_one_of_old_or_new] = check_one_of_old_or_new,
        [INVARIANT_no_rollback] = check_no_rollback,
        [INVARIANT_not_together] = check_not_together,
        [INVARIANT_not_in_step] = check_not_in_step,
        [INVARIANT_backoff_grows] = check_backoff_grows,
        [INVARIANT_never_crashes] = check_never_crashes,
        [INVARIANT_fetched_once] = check_fetched_once,
        [INVARIANT_staged_is_good] = check_staged_is_good,
        [INVARIANT_counter_waits_for_confirmation] = check_counter_waits_for_confirmation,
        [INVARIANT_report_equals_journal] = check_report_equals_journal,
        [INVARIANT_wrong_pins_make_wait] = check_wrong_pins_make_wait,
        [INVARIANT_reports_are_numbered] = check_reports_are_numbered,
        [INVARIANT_fuses_are_read_back] = check_fuses_are_read_back,
    };
    g_assert(invariant < INVARIANTS && CHECKS[invariant] != NULL);
    return CHECKS[invariant];
}
