/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What a scenario is made of, for the files that parse it: nobody else includes this.
 *
 * scenario.c reads the whole, given.c how the world begins, steps.c what is done, and then.c what
 * is claimed. Each adds what it has read to the Scenario, which its caller frees whatever becomes
 * of it.
 */

#include "sim/scenario/scenario.h"

struct Scenario {
    Tree *tree;
    char *id;
    char *title;
    char **proves;
    char **waives; /* standing invariants that do not apply here */
    uint64_t seed;
    GPtrArray *devices; /* of DeviceSetup */
    GPtrArray *actions; /* of Action; given ones first; the swept one is not among them */
    GPtrArray *claims;  /* of Claim, without the standing ones */
    Action *swept;      /* or NULL */
    Sweep sweep;
    Pattern *sweep_after;
    Pattern *sweep_until;
    Pattern *until;
    VTime until_at;
    VTime until_delay;
    VTime limit;
    uint64_t epoch_seconds;
    bool end_early;
    bool record_nvm;
    bool record_calls;
    bool record_reads;
};
