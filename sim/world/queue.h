/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The queue holds everything that is going to happen in a world, in order of virtual time.
 *
 * Think of a list of (time, what to call). Only `queue_pop` advances the clock, and it always takes
 * the earliest entry; entries of the same time come out in the order in which they were put in. So
 * equal insertions give equal histories, whatever the host does.
 *
 * An entry is a function and a pointer that the caller keeps alive until it has run or has been
 * removed. Nothing is owned here but the list itself. The queue belongs to its World.
 *
 * Nothing here fails. A time in the past is a bug of the caller and is taken as "now": at the same
 * instant, after what is already there.
 *
 *     QueueTicket ticket = queue_add(queue, queue_now(queue) + delay, retry, session);
 *     ...
 *     queue_remove(queue, ticket);
 */

#include <stdbool.h>
#include <stdint.h>

#include "sim/base/vtime.h"

typedef struct Queue Queue;

typedef void (*QueueFunction)(void *user_data);

/* Names one entry for as long as it waits; never reused, never 0 (0 may mean "none"). */
typedef uint64_t QueueTicket;

#define QUEUE_TICKET_NONE 0u

/* Makes an empty queue whose clock stands at zero. */
Queue *queue_new(void);
void queue_free(Queue *queue);

/* The instant the world is at. */
VTime queue_now(const Queue *queue);

/* Lets `function` be called at `at`, or at once after what waits already if `at` is in the past. */
QueueTicket queue_add(Queue *queue, VTime at, QueueFunction function, void *user_data);

/* Takes an entry out. False when it has run, was removed, or is QUEUE_TICKET_NONE. */
bool queue_remove(Queue *queue, QueueTicket ticket);

/* When the earliest entry is due; VTIME_NEVER when there is none. */
VTime queue_next(const Queue *queue);

/* Moves the clock to the earliest entry and calls it. False when there is none. */
bool queue_pop(Queue *queue);

/* How many entries wait. */
unsigned queue_count(const Queue *queue);
