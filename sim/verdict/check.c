/* SPDX-License-Identifier: MIT */

#include "sim/verdict/check.h"

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
        [INVARIANT_backoff_grows] = check_backoff_grows,
    };
    g_assert(invariant < INVARIANTS && CHECKS[invariant] != NULL);
    return CHECKS[invariant];
}
