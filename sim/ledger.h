/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A ledger: a file of finished results, a line each, that outlives whoever writes it.
 *
 * The first line is a heading, which says what the results depend on; lines under another heading
 * are worth nothing. A line is handed to the kernel whole, in one write, before `ledger_add`
 * returns: a killed process loses only what it had not finished, and what a write left undone (a
 * last line without its end) is cut off when the ledger is opened again. A second of results may
 * be lost with the host's power.
 *
 * Processes forked after `ledger_open` may add lines, too. Nobody else may: the file is locked as
 * long as one of them lives, and opening waits for the last of a killed campaign.
 *
 * Owns its file. What goes wrong with it is an error of LAB_ERROR.
 */

#include <stdbool.h>

#include <glib.h>

typedef struct Ledger Ledger;

typedef void (*LedgerVisit)(const char *line, void *user_data);

/*
 * Opens the ledger at `path`, its folder made if need be. With `resume` the lines of an earlier
 * execution stay if its heading is the same, and `visit` is shown each; otherwise it begins anew.
 */
Ledger *ledger_open(const char *path, const char *heading, bool resume, LedgerVisit visit,
                    void *user_data, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Closes it. NULL is fine. */
void ledger_close(Ledger *ledger);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Ledger, ledger_close)

/* Adds a line, which has no line feed. */
bool ledger_add(Ledger *ledger, const char *line, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/*
 * Puts the lines of a finished campaign into their order: `lines` and nothing else stands there
 * afterwards. Whoever is killed meanwhile leaves the old lines or the new ones.
 */
bool ledger_settle(Ledger *ledger, char *const *lines, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Shows the lines of a ledger that stands at `path`; false, and nothing shown, if there is none
 * with that heading. A NULL heading takes any. */
bool ledger_read(const char *path, const char *heading, LedgerVisit visit, void *user_data);
