/* SPDX-License-Identifier: MIT */

/*
 * A binary heap ordered by (time, ticket). Tickets grow by one per insertion, so the ticket is both
 * an entry's name and its place among entries of the same time.
 *
 *   Q1  The clock moves only in `queue_pop`, and never back.
 *   Q2  No entry is earlier than the clock.
 *   Q3  Every entry is later, by (time, ticket), than its parent in the heap.
 */

#include "sim/world/queue.h"

#include <assert.h>

#include <glib.h>

typedef struct QueueEntry {
    VTime at;
    QueueTicket ticket;
    QueueFunction function;
    void *user_data;
} QueueEntry;

struct Queue {
    GArray *heap; /* of QueueEntry */
    VTime now;
    QueueTicket ticket_last;
};

static QueueEntry *queue_entry(const Queue *queue, unsigned index)
{
    return &g_array_index(queue->heap, QueueEntry, index);
}

static bool queue_before(const QueueEntry *a, const QueueEntry *b)
{
    return a->at != b->at ? a->at < b->at : a->ticket < b->ticket;
}

static void queue_swap(Queue *queue, unsigned a, unsigned b)
{
    QueueEntry kept = *queue_entry(queue, a);
    *queue_entry(queue, a) = *queue_entry(queue, b);
    *queue_entry(queue, b) = kept;
}

static void queue_rise(Queue *queue, unsigned index)
{
    while (index > 0 &&
           queue_before(queue_entry(queue, index), queue_entry(queue, (index - 1) / 2))) {
        queue_swap(queue, index, (index - 1) / 2);
        index = (index - 1) / 2;
    }
}

static void queue_sink(Queue *queue, unsigned index)
{
    for (;;) {
        unsigned first = index;
        for (unsigned child = 2 * index + 1; child <= 2 * index + 2; child++) {
            if (child < queue->heap->len &&
                queue_before(queue_entry(queue, child), queue_entry(queue, first))) {
                first = child;
            }
        }
        if (first == index) {
            return;
        }
        queue_swap(queue, index, first);
        index = first;
    }
}

static QueueEntry queue_take(Queue *queue, unsigned index)
{
    QueueEntry taken = *queue_entry(queue, index);
    unsigned last = queue->heap->len - 1;
    queue_swap(queue, index, last);
    g_array_set_size(queue->heap, last);
    if (index < last) {
        queue_sink(queue, index);
        queue_rise(queue, index);
    }
    return taken;
}

Queue *queue_new(void)
{
    Queue *queue = g_new0(Queue, 1);
    queue->heap = g_array_new(FALSE, FALSE, sizeof(QueueEntry));
    return queue;
}

void queue_free(Queue *queue)
{
    if (queue == NULL) {
        return;
    }
    g_array_free(queue->heap, TRUE);
    g_free(queue);
}

VTime queue_now(const Queue *queue)
{
    return queue->now;
}

QueueTicket queue_add(Queue *queue, VTime at, QueueFunction function, void *user_data)
{
    QueueEntry entry = {
        .at = at < queue->now ? queue->now : at, /* keeps Q2 */
        .ticket = ++queue->ticket_last,
        .function = function,
        .user_data = user_data,
    };
    g_array_append_val(queue->heap, entry);
    queue_rise(queue, queue->heap->len - 1);
    return entry.ticket;
}

bool queue_remove(Queue *queue, QueueTicket ticket)
{
    if (ticket == QUEUE_TICKET_NONE) {
        return false;
    }
    for (unsigned i = 0; i < queue->heap->len; i++) {
        if (queue_entry(queue, i)->ticket == ticket) {
            queue_take(queue, i);
            return true;
        }
    }
    return false;
}

VTime queue_next(const Queue *queue)
{
    return queue->heap->len == 0 ? VTIME_NEVER : queue_entry(queue, 0)->at;
}

bool queue_pop(Queue *queue)
{
    if (queue->heap->len == 0) {
        return false;
    }
    QueueEntry entry = queue_take(queue, 0);
    assert(entry.at >= queue->now); /* Q1 */
    queue->now = entry.at;
    entry.function(entry.user_data);
    return true;
}

unsigned queue_count(const Queue *queue)
{
    return queue->heap->len;
}
