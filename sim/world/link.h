/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A link carries Ethernet frames between a station and the switch in virtual time, badly if asked.
 *
 * Sending decides a frame's fate at once (lost, copied, damaged, late) from the link's conditions,
 * from faults set for that frame by number, and from the link's own random streams, one for each
 * kind of fault; nothing is decided later, and a change of conditions touches no frame in flight.
 * Equal seeds and equal sends give equal fates. Frames are numbered from 1 in the order of sending,
 * both directions together: the number is the address of a fault. Without a fault that reorders,
 * frames of one direction arrive in order, whatever the jitter.
 *
 * The link copies what it is given and frees what it delivers. Every fault that happens is counted
 * and written to the capture. Queue, capture and tallies outlive it.
 *
 * Sending cannot fail: a lost frame is an event, not an error.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/base/prng.h"
#include "sim/base/vtime.h"
#include "sim/world/pcapng.h"
#include "sim/world/queue.h"
#include "sim/world/tally.h"

typedef struct Link Link;

typedef enum LinkEnd {
    LINK_END_STATION,
    LINK_END_SWITCH,
} LinkEnd;

/* What no condition can undercut: the cable. Two links are between any two stations. */
#define LINK_CABLE_NS 50000

/* What the wire is like just now. All zero is a perfect wire. */
typedef struct LinkConditions {
    VTime delay;       /* before any jitter */
    VTime jitter;      /* at most this much is added, uniformly */
    Ratio loss;        /* per frame, each drawn alone */
    Ratio duplication; /* the copy takes its own jitter */
    Ratio reordering;  /* the frame waits LINK_REORDER_NS more; later ones may overtake it */
    Ratio corruption;  /* one to eight bits flip, anywhere in the frame, unseen by the wire */
    uint64_t rate;     /* bytes a second in each direction; 0 is no limit */
    bool partitioned;  /* nothing passes; frames already in flight still arrive */
} LinkConditions;

#define LINK_REORDER_NS 20000000

/* What may be done to one frame, named by its number. */
typedef enum LinkFaultKind {
    LINK_FAULT_LOSE,
    LINK_FAULT_CORRUPT,
    LINK_FAULT_DUPLICATE,
    LINK_FAULT_DELAY, /* by `duration`; later frames may overtake it */
    LINK_FAULT_HOLD,  /* until the next frame of its direction has arrived, or for `duration` */
} LinkFaultKind;

typedef struct LinkFault {
    uint64_t frame; /* its number; one that has passed already never comes again */
    LinkFaultKind kind;
    VTime duration;
    Tally *tally; /* who counts it; may be NULL */
} LinkFault;

typedef struct LinkCounts {
    uint64_t sent;      /* also the number of the last frame */
    uint64_t delivered; /* copies count */
    uint64_t lost;      /* by loss, partition or fault */
    uint64_t corrupted;
    uint64_t duplicated;
    uint64_t reordered; /* held or delayed by fault count, too */
} LinkCounts;

/* Called when a frame arrives. `comment` says what happened to it on the way; NULL if nothing. */
typedef void (*LinkDeliver)(const uint8_t *frame, size_t bytes, const char *comment,
                            void *user_data);

/* Makes a link of the given `name`, which also names its random streams and its capture interface.
 */
Link *link_new(const char *name, Queue *queue, const Prng *root, Pcapng *capture);

/* Frees the link, and the frames in flight with it. */
void link_free(Link *link);

/* Says who hears what arrives at `end`. Until then it falls on the floor. */
void link_attach(Link *link, LinkEnd end, LinkDeliver deliver, void *user_data);

/*
 * Changes the wire from now on. Frames already in flight keep their fate. What the conditions do is
 * counted on `tally`, which outlives them; NULL if nobody counts.
 */
void link_set_conditions(Link *link, LinkConditions conditions, Tally *tally);
const LinkConditions *link_conditions(const Link *link);

/* Lets `fault` happen to the frame it names. Several for one frame all happen; losing wins. */
void link_add_fault(Link *link, LinkFault fault);

/* Lets the fault that `action` added, and that has not happened yet, happen otherwise. */
void link_move_fault(Link *link, uint32_t action, uint64_t frame, LinkFaultKind kind);

/* Sends a frame from `end`. It arrives, if at all, no earlier than now plus cable and delay. */
void link_send(Link *link, LinkEnd end, const uint8_t *frame, size_t bytes);

const char *link_name(const Link *link);
unsigned link_interface(const Link *link); /* of the capture */
const LinkCounts *link_counts(const Link *link);
