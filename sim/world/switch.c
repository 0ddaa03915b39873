/* SPDX-License-Identifier: MIT */

#include "sim/world/switch.h"

#include <assert.h>

#include <glib.h>

#include "sim/world/frame.h"

typedef struct Port {
    Switch *lan;
    Link *link;
} Port;

typedef struct Station {
    FrameMac mac;
    unsigned port;
} Station;

struct Switch {
    const Queue *queue;
    Pcapng *capture;
    Port ports[SWITCH_PORTS_MAX];
    unsigned port_count;
    Station stations[SWITCH_STATIONS_MAX];
    unsigned station_count;
    unsigned oldest; /* the entry that a new station takes when all are taken */
};

Switch *switch_new(const Queue *queue, Pcapng *capture)
{
    Switch *lan = g_new0(Switch, 1);
    lan->queue = queue;
    lan->capture = capture;
    return lan;
}

void switch_free(Switch *lan)
{
    g_free(lan);
}

static Station *find_station(Switch *lan, FrameMac mac)
{
    for (unsigned i = 0; i < lan->station_count; i++) {
        if (frame_mac_equal(lan->stations[i].mac, mac)) {
            return &lan->stations[i];
        }
    }
    return NULL;
}

static void learn_station(Switch *lan, FrameMac mac, unsigned port)
{
    Station *station = find_station(lan, mac);
    if (station == NULL && lan->station_count < SWITCH_STATIONS_MAX) {
        station = &lan->stations[lan->station_count++];
    } else if (station == NULL) {
        station = &lan->stations[lan->oldest];
        lan->oldest = (lan->oldest + 1) % SWITCH_STATIONS_MAX;
    }
    *station = (Station){mac, port};
}

/* A frame comes in by a port. */
static void switch_deliver(const uint8_t *frame, size_t bytes, const char *comment, void *user_data)
{
    const Port *in = user_data;
    Switch *lan = in->lan;
    pcapng_add_frame(lan->capture, link_interface(in->link), queue_now(lan->queue),
                     PCAPNG_DIRECTION_INBOUND, frame, bytes, comment);
    if (frame_mac_is_group(frame_from(frame))) {
        return;
    }
    unsigned in_port = (unsigned)(in - lan->ports);
    learn_station(lan, frame_from(frame), in_port);
    const Station *to =
        frame_mac_is_group(frame_to(frame)) ? NULL : find_station(lan, frame_to(frame));
    for (unsigned port = 0; port < lan->port_count; port++) {
        if (port != in_port && (to == NULL || to->port == port)) {
            link_send(lan->ports[port].link, LINK_END_SWITCH, frame, bytes);
        }
    }
}

void switch_plug(Switch *lan, Link *link)
{
    assert(lan->port_count < SWITCH_PORTS_MAX);
    Port *port = &lan->ports[lan->port_count++];
    *port = (Port){lan, link};
    link_attach(link, LINK_END_SWITCH, switch_deliver, port);
}
