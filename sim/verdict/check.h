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

/* Whether the story damages an image in its slot, or writes old flash back. */
bool check_slots_are_damaged(const Plan *plan);

/* Whether it has damaged one before the event `index`. */
bool check_slot_was_damaged(const Plan *plan, const GPtrArray *events, guint index);

/*
 * Whether it has done so since the start that led to the event `index`: code is executed where it
 * stands, so what changes between the look at an image and its start is nobody's fault.
 */
bool check_slot_changed_at_start(const Plan *plan, const GPtrArray *events, guint index);

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
void check_never_crashes(const Plan *plan, const GPtrArray *events, ClaimVerdict *claim);
void check_fetched_once(const Plan *plan, const GPtrArray *events, ClaimVerdict *claim);
void check_staged_is_good(const Plan *plan, const GPtrArray *events, ClaimVerdict *claim);
void check_counter_waits_for_confirmation(const Plan *plan, const GPtrArray *events,
                                          ClaimVerdict *claim);
void check_report_equals_journal(const Plan *plan, const GPtrArray *events, ClaimVerdict *claim);
void check_wrong_pins_make_wait(const Plan *plan, const GPtrArray *events, ClaimVerdict *claim);
void check_reports_are_numbered(const Plan *plan, const GPtrArray *events, ClaimVerdict *claim);
void check_fuses_are_read_back(const Plan *plan, const GPtrArray *events, ClaimVerdict *claim);
void check_not_in_step(const Plan *plan, const GPtrArray *events, ClaimVerdict *claim);
