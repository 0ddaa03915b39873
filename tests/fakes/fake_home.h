/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The home network as the lock's session meets it through net_port.h: a cable, an address, names, a
 * clock on the network, and a server that takes connections or does not. Nothing moves by itself; a
 * test sets what is so and polls. `fake_home_reset` makes everything work.
 */

#include <stdbool.h>
#include <stdint.h>

#include "vdevice/firmware/app/net_port.h"

typedef struct FakeHome {
    /* Set by the test. */
    bool link;
    bool address;
    NetPortName name;       /* the answer to every question */
    NetPortStream connects; /* what becomes of a connection */
    bool time_answers;
    uint32_t time_seconds; /* since 1900 */
    uint32_t random;       /* of net_port_random */

    /* Looked at by the test. */
    bool active;
    uint32_t asked_names;
    uint32_t asked_times;
    uint32_t connections;
    NetPortStream stream;
} FakeHome;

extern FakeHome fake_home;

void fake_home_reset(void);
