/* SPDX-License-Identifier: MIT */

/*
 * One link: a frame's fate is drawn when it is sent, and the queue does the rest.
 *
 * L1  A frame's fate depends on the seed, the link's name, the conditions and the frames sent
 *     before it on this link, and on nothing else.
 * L2  Each kind of fault draws from its own stream, once per frame, wanted or not; so turning one
 *     on leaves the draws of the others where they were.
 * L3  Frames of one direction that were not reordered, delayed or held arrive in order.
 * L4  `sent` = arrived originals + `lost` + those in flight; copies are counted apart.
 *
 *   sent --lost--> counted, and in the capture                          (draw_fate, write_down)
 *     +--> in flight, one entry of the queue --> delivered              (send_on, arrive)
 *            +-- held: until the next arrival, or its time              (release_held)
 */

#include "sim/world/link.h"

#include <assert.h>
#include <string.h>

#include <glib.h>

#include "sim/world/frame.h"

#define LINK_ENDS 2u

/* More than this waiting for a slow wire, and the frame is dropped, as a modem's queue does. */
#define LINK_BACKLOG_NS (2 * VTIME_S)

#define LINK_COMMENT_CHARS 120u

typedef struct Flight {
    Link *link;
    LinkEnd to;
    uint64_t number;
    QueueTicket ticket;
    bool held;
    char *comment;
    size_t bytes;
    uint8_t frame[];
} Flight;

/* What will become of one frame. */
typedef struct Fate {
    bool lost;
    bool corrupted;
    bool duplicated;
    bool overtaken; /* may come later than frames sent after it */
    bool held;
    VTime late; /* by reordering, or a fault that delays or holds */
    GString *comment;
} Fate;

typedef struct Direction {
    VTime busy_until;   /* the wire is sending until then */
    VTime last_arrival; /* of the frames that keep L3 */
    LinkDeliver deliver;
    void *user_data;
} Direction;

struct Link {
    char *name;
    Queue *queue;
    Pcapng *capture;
    unsigned interface;
    LinkConditions conditions;
    Tally *tally;
    LinkCounts counts;
    Direction directions[LINK_ENDS]; /* by the end frames arrive at */
    GArray *faults;                  /* of LinkFault, those still to come */
    GQueue flights;                  /* of Flight, oldest first */
    Prng loss;
    Prng duplication;
    Prng reordering;
    Prng corruption;
    Prng jitter;
    Prng copy_jitter;
    Prng damage;
};

static Prng stream(const Prng *root, const char *link, const char *kind)
{
    g_autofree char *name = g_strdup_printf("link/%s/%s", link, kind);
    return prng_fork(root, name);
}

Link *link_new(const char *name, Queue *queue, const Prng *root, Pcapng *capture)
{
    Link *link = g_new0(Link, 1);
    link->name = g_strdup(name);
    link->queue = queue;
    link->capture = capture;
    link->interface = pcapng_add_interface(capture, name);
    link->faults = g_array_new(FALSE, FALSE, sizeof(LinkFault));
    g_queue_init(&link->flights);
    link->loss = stream(root, name, "loss");
    link->duplication = stream(root, name, "duplication");
    link->reordering = stream(root, name, "reordering");
    link->corruption = stream(root, name, "corruption");
    link->jitter = stream(root, name, "jitter");
    link->copy_jitter = stream(root, name, "copy_jitter");
    link->damage = stream(root, name, "damage");
    return link;
}

static void flight_free(Flight *flight)
{
    g_free(flight->comment);
    g_free(flight);
}

void link_free(Link *link)
{
    if (link == NULL) {
        return;
    }
    Flight *flight;
    while ((flight = g_queue_pop_head(&link->flights)) != NULL) {
        queue_remove(link->queue, flight->ticket);
        flight_free(flight);
    }
    g_array_unref(link->faults);
    g_free(link->name);
    g_free(link);
}

void link_attach(Link *link, LinkEnd end, LinkDeliver deliver, void *user_data)
{
    link->directions[end].deliver = deliver;
    link->directions[end].user_data = user_data;
}

void link_set_conditions(Link *link, LinkConditions conditions, Tally *tally)
{
    link->conditions = conditions;
    link->tally = tally;
}

const LinkConditions *link_conditions(const Link *link)
{
    return &link->conditions;
}

void link_add_fault(Link *link, LinkFault fault)
{
    g_array_append_val(link->faults, fault);
}

void link_move_fault(Link *link, uint32_t action, uint64_t frame, LinkFaultKind kind)
{
    for (guint i = 0; i < link->faults->len; i++) {
        LinkFault *fault = &g_array_index(link->faults, LinkFault, i);
        if (tally_action(fault->tally) == action) {
            fault->frame = frame;
            fault->kind = kind;
        }
    }
}

/* The directions' common fate: from the conditions, by the draws of L2. */
static void draw_fate(Link *link, Fate *fate)
{
    const LinkConditions *conditions = &link->conditions;
    bool lost = prng_chance(&link->loss, conditions->loss);
    bool duplicated = prng_chance(&link->duplication, conditions->duplication);
    bool reordered = prng_chance(&link->reordering, conditions->reordering);
    bool corrupted = prng_chance(&link->corruption, conditions->corruption);
    if (conditions->partitioned || lost) {
        fate->lost = true;
        g_string_append(fate->comment, conditions->partitioned ? "lost: partition" : "lost");
        tally_count(link->tally, conditions->partitioned ? "partition" : "loss");
        return; /* keeps L2: all draws are done */
    }
    fate->duplicated = duplicated;
    fate->corrupted = corrupted;
    if (duplicated) {
        tally_count(link->tally, "duplication");
    }
    if (corrupted) {
        tally_count(link->tally, "corruption");
    }
    if (reordered) {
        fate->overtaken = true;
        fate->late += LINK_REORDER_NS;
        g_string_append(fate->comment, "reordered ");
        tally_count(link->tally, "reordering");
    }
    if (conditions->delay > 0 || conditions->jitter > 0) {
        tally_count(link->tally, "delay");
    }
}

/* Adds what the faults for this frame's number want. */
static void apply_faults(Link *link, uint64_t number, Fate *fate)
{
    for (guint i = 0; i < link->faults->len;) {
        const LinkFault fault = g_array_index(link->faults, LinkFault, i);
        if (fault.frame > number) {
            i++;
            continue;
        }
        g_array_remove_index(link->faults, i);
        if (fault.frame < number) {
            continue;
        }
        switch (fault.kind) {
        case LINK_FAULT_LOSE:
            fate->lost = true;
            g_string_append(fate->comment, "lost: fault ");
            break;
        case LINK_FAULT_CORRUPT:
            fate->corrupted = true;
            break;
        case LINK_FAULT_DUPLICATE:
            fate->duplicated = true;
            break;
        case LINK_FAULT_DELAY:
            fate->overtaken = true;
            fate->late += fault.duration;
            g_string_append(fate->comment, "delayed ");
            break;
        case LINK_FAULT_HOLD:
            fate->overtaken = true;
            fate->held = true;
            fate->late += fault.duration;
            g_string_append(fate->comment, "held ");
            break;
        }
        tally_count(fault.tally, "frame");
    }
}

/* When a frame sent now has left the sender, at the wire's rate; VTIME_NEVER if there is no room.
 */
static VTime departure(Link *link, Direction *direction, size_t bytes)
{
    VTime now = queue_now(link->queue);
    if (link->conditions.rate == 0) {
        return now;
    }
    VTime start = MAX(now, direction->busy_until);
    if (start - now > LINK_BACKLOG_NS) {
        return VTIME_NEVER;
    }
    uint64_t took = (uint64_t)bytes * (uint64_t)VTIME_S / link->conditions.rate;
    tally_count(link->tally, "rate");
    direction->busy_until = start + (VTime)MIN(took, (uint64_t)LINK_BACKLOG_NS);
    return direction->busy_until;
}

static void arrive(void *user_data);

/* A held frame goes right behind the first of its direction that was sent after it and arrives. */
static void release_held(Link *link, const Flight *arrived)
{
    for (GList *item = link->flights.head; item != NULL; item = item->next) {
        Flight *flight = item->data;
        if (flight->held && flight->to == arrived->to && flight->number < arrived->number) {
            flight->held = false;
            queue_remove(link->queue, flight->ticket);
            flight->ticket = queue_add(link->queue, queue_now(link->queue), arrive, flight);
        }
    }
}

static void arrive(void *user_data)
{
    Flight *flight = user_data;
    Link *link = flight->link;
    const Direction *direction = &link->directions[flight->to];
    g_queue_remove(&link->flights, flight);
    link->counts.delivered++;
    if (!flight->held) {
        release_held(link, flight);
    }
    if (direction->deliver != NULL) {
        direction->deliver(flight->frame, flight->bytes, flight->comment, direction->user_data);
    }
    flight_free(flight);
}

static Flight *launch(Link *link, LinkEnd to, const uint8_t *frame, size_t bytes, VTime at,
                      const char *comment)
{
    Flight *flight = g_malloc0(sizeof *flight + bytes);
    flight->link = link;
    flight->to = to;
    flight->number = link->counts.sent;
    flight->comment = comment[0] != '\0' ? g_strdup(comment) : NULL;
    flight->bytes = bytes;
    memcpy(flight->frame, frame, bytes);
    flight->ticket = queue_add(link->queue, at, arrive, flight);
    g_queue_push_tail(&link->flights, flight);
    return flight;
}

/* Flips one to eight bits, and says so. */
static void damage(Link *link, uint8_t *frame, size_t bytes, GString *comment)
{
    unsigned flips = 1 + (unsigned)prng_below(&link->damage, 8);
    for (unsigned i = 0; i < flips; i++) {
        uint64_t bit = prng_below(&link->damage, bytes * 8);
        frame[bit / 8] ^= (uint8_t)(1u << (bit % 8));
    }
    g_string_append_printf(comment, "corrupted: %u flips ", flips);
}

/* What the switch will not see come in, or has already seen, is written down here. */
static void write_down(Link *link, LinkEnd end, const uint8_t *frame, size_t bytes,
                       const Fate *fate)
{
    if (fate->comment->len == 0) {
        return;
    }
    if (end == LINK_END_SWITCH) {
        pcapng_add_frame(link->capture, link->interface, queue_now(link->queue),
                         PCAPNG_DIRECTION_OUTBOUND, frame, bytes, fate->comment->str);
    } else if (fate->lost) {
        pcapng_add_frame(link->capture, link->interface, queue_now(link->queue),
                         PCAPNG_DIRECTION_INBOUND, frame, bytes, fate->comment->str);
    }
}

/* Sends a frame whose fate is known and is not to be lost. */
static void send_on(Link *link, LinkEnd end, LinkEnd to, uint8_t *frame, size_t bytes,
                    VTime departs, Fate *fate)
{
    Direction *direction = &link->directions[to];
    const VTime jitter_max = link->conditions.jitter;
    VTime least = vtime_add(departs, LINK_CABLE_NS + link->conditions.delay);
    VTime at = vtime_add(least, prng_between(&link->jitter, 0, jitter_max) + fate->late);
    if (!fate->overtaken) {
        at = MAX(at, direction->last_arrival); /* keeps L3 */
        direction->last_arrival = at;
    }
    if (fate->corrupted) {
        link->counts.corrupted++;
        damage(link, frame, bytes, fate->comment);
    }
    if (fate->overtaken) {
        link->counts.reordered++;
    }
    if (fate->duplicated) {
        g_string_append(fate->comment, "copied ");
    }
    write_down(link, end, frame, bytes, fate);
    launch(link, to, frame, bytes, at, fate->comment->str)->held = fate->held;
    if (fate->duplicated) {
        link->counts.duplicated++;
        VTime copy_at = vtime_add(least, prng_between(&link->copy_jitter, 0, jitter_max));
        launch(link, to, frame, bytes, MAX(copy_at, at), "copy");
    }
}

void link_send(Link *link, LinkEnd end, const uint8_t *frame, size_t bytes)
{
    assert(bytes >= FRAME_BYTES_MIN && bytes <= FRAME_BYTES_MAX);
    LinkEnd to = end == LINK_END_STATION ? LINK_END_SWITCH : LINK_END_STATION;
    Fate fate = {.comment = g_string_sized_new(LINK_COMMENT_CHARS)};
    uint8_t copy[FRAME_BYTES_MAX];
    memcpy(copy, frame, bytes);

    link->counts.sent++;
    draw_fate(link, &fate);
    apply_faults(link, link->counts.sent, &fate);
    VTime departs = departure(link, &link->directions[to], bytes);
    if (departs == VTIME_NEVER && !fate.lost) {
        fate.lost = true;
        g_string_append(fate.comment, "lost: no room ");
        tally_count(link->tally, "rate");
    }
    if (fate.lost) {
        link->counts.lost++;
        write_down(link, end, copy, bytes, &fate);
    } else {
        send_on(link, end, to, copy, bytes, departs, &fate);
    }
    g_string_free(fate.comment, TRUE);
}

const char *link_name(const Link *link)
{
    return link->name;
}

unsigned link_interface(const Link *link)
{
    return link->interface;
}

const LinkCounts *link_counts(const Link *link)
{
    return &link->counts;
}
