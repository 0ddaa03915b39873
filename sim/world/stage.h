/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The stage is the inside of a world: what is there while one plan is happening.
 *
 * `world.c` sets it up, turns the wheel and takes it down; `verbs.c` does what the timeline says;
 * nobody else looks in. Everything here belongs to the world and dies with it, but for the plan and
 * the recorder, which were handed in, and the machines, which were borrowed from the pool.
 */

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

#include "sim/base/prng.h"
#include "sim/evidence/recorder.h"
#include "sim/scenario/plan.h"
#include "sim/world/device.h"
#include "sim/world/network.h"
#include "sim/world/queue.h"
#include "sim/world/story.h"
#include "sim/world/tally.h"
#include "sim/world/world.h"

typedef struct Stage Stage;

/* A device and what stands around it. */
typedef struct StageDevice {
    Stage *stage;
    const DeviceSetup *setup;
    Machine *machine;
    Device *device;
    FactoryMint mint;
    unsigned port;
    bool cable_in;
    GString *digits;   /* typed since the last key that ends or clears */
    VTime key_at;      /* of the last key */
    unsigned changing; /* 0: none; otherwise the entry of a change of PIN that is being typed */
    char *entries[2];  /* of the change: the old PIN, the new one */
    Tally *cut;        /* of the loss of power that comes next, ordered or armed; NULL: none */
    const Action *cut_by;
    HostlinkCut cut_order; /* what it was ordered with */
    Tally *armed;          /* of an armed one that an immediate one has overtaken; NULL: none */
    const Action *armed_by;
    HostlinkCut armed_order;
    QueueTicket power_on; /* when the power comes back */
    Tally *outage;        /* whose loss of power then ends */
    Tally *jam;
    Tally *probe;
    Tally *wear;
    Tally *misread;
} StageDevice;

struct Stage {
    const Timeline *timeline;
    Prng root;
    Queue *queue;
    Recorder *recorder;
    Network *network;
    Story *story;
    StageDevice *devices;
    guint device_count;
    GPtrArray *tallies;  /* of Tally; all faults of the run but the network's */
    GHashTable *flashes; /* "device/name" to GBytes: copies of flash */
    GPtrArray *later;    /* what verbs have put off, to be freed at the end */
    WorldOutcome outcome;
    uint64_t turn;                 /* the next one */
    GArray *turns;                 /* of WorldTurn: to be noted; or NULL */
    const WorldBranches *branches; /* that part from this run; or NULL */
    guint branch;                  /* the next of them to part */
    bool saving;                   /* its machine was asked to keep its state */
    GError *error;                 /* the lab has failed: the run is over */
};

/* The device called `name`; NULL if there is none. */
StageDevice *stage_device(Stage *stage, const char *name);

/* Ends the run with an error of the lab. The first stands. */
void stage_fail(Stage *stage, GError *take_error);
