/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Named invariants, one file each: check_NAME.c defines `check_NAME`.
 *
 * A check reads the whole run's events once, in order, and lowers its claim with `verdict_lower`
 * wherever the invariant is broken, citing the events that show it. It counts in `occasions` how
 * often there was anything to watch. It keeps no state between runs and touches nothing else.
 */

#include "sim/verdict/verdict.h"

typedef void (*Check)(const Plan *plan, const GPtrArray *events, ClaimVerdict *claim);

/* The check of an invariant. */
Check check_of(Invariant invariant);

void check_bolt_moves_only_when_authorised(const Plan *plan, const GPtrArray *events,
                                           ClaimVerdict *claim);
void check_report_equals_sensed(const Plan *plan, const GPtrArray *events, ClaimVerdict *claim);
void check_pin_opens_in_time(const Plan *plan, const GPtrArray *events, ClaimVerdict *claim);
void check_boots_signed_within_two_resets(const Plan *plan, const GPtrArray *events,
                                          ClaimVerdict *claim);
void check_no_secret_leaks(const Plan *plan, const GPtrArray *events, ClaimVerdict *claim);
void check_one_of_old_or_new(const Plan *plan, const GPtrArray *events, ClaimVerdict *claim);
void check_no_rollback(const Plan *plan, const GPtrArray *events, ClaimVerdict *claim);
void check_not_together(const Plan *plan, const GPtrArray *events, ClaimVerdict *claim);
void check_backoff_grows(const Plan *plan, const GPtrArray *events, ClaimVerdict *claim);
