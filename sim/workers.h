/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Worker processes: forked copies of the lab that answer requests, one line each way.
 *
 * Each worker is a child with everything already loaded; it answers one request at a time and ends
 * when the parent closes its end or dies. A worker that crashes takes only its own request with it:
 * the parent gets a NULL reply and a fresh worker in its place.
 *
 * Workers are in process groups of their own, so that ^C reaches the parent alone, which decides.
 */

#include <stdbool.h>

#include <glib.h>

typedef struct Workers Workers;

/*
 * Answers one request, in the child. The reply, without line feeds, is freed by the caller. A NULL
 * request says that no more will come. Before its reply it may say more with `workers_say`.
 */
typedef char *(*WorkersServe)(const char *request, void *user_data);

/* In the child, while it serves: a reply that is not the last. It must not begin with a "+". */
void workers_say(const char *reply);

/*
 * Keeps the calling process, one of `count`, and all it starts from now on to one processor, if
 * there are no more processors than that: a worker and its machine wait for each other by turns,
 * and to wake somebody on another processor costs more than the work.
 */
void workers_stay(unsigned index, unsigned count);

/* Starts `count` workers. */
Workers *workers_new(unsigned count, WorkersServe serve, void *user_data);

/* Ends them: at once if `kill`, otherwise when they have answered. */
void workers_free(Workers *workers, bool kill);

/* Gives a request to an idle worker; false if none is idle. `tag` comes back with the reply. */
bool workers_send(Workers *workers, const char *request, unsigned tag);

/* How many are at work. */
unsigned workers_busy(const Workers *workers);

/*
 * Waits for a reply for at most `timeout_ms`. Returns false when there was none. `ret_reply` is the
 * caller's, and NULL if the worker died. Replies of one worker come in order; the last one makes it
 * idle.
 */
bool workers_wait(Workers *workers, int timeout_ms, unsigned *ret_tag, char **ret_reply);
