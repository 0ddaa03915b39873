/* SPDX-License-Identifier: MIT */

/*
 * A network without anybody in it, in place of sim/world/network.c: what one device sends arrives
 * at all others FAKE_NETWORK_DELAY later, and every verb of the network is done by doing nothing.
 */

#include "sim/world/network.h"

#include <string.h>

#define FAKE_NETWORK_DELAY (100 * VTIME_US)

typedef struct FakePort {
    NetworkDeliver deliver;
    void *user_data;
} FakePort;

typedef struct FakeFrame {
    Network *network;
    unsigned from;
    GBytes *bytes;
} FakeFrame;

struct Network {
    Queue *queue;
    GArray *ports;     /* of FakePort */
    GPtrArray *frames; /* of FakeFrame */
};

G_DEFINE_QUARK(network - error - quark, network_error)

static void fake_network_free_frame(gpointer frame)
{
    g_bytes_unref(((FakeFrame *)frame)->bytes);
    g_free(frame);
}

Network *network_new(const Timeline *timeline, const WorldSettings *settings, Queue *queue,
                     Recorder *recorder, const Prng *root, GError **error)
{
    (void)timeline;
    (void)settings;
    (void)recorder;
    (void)root;
    (void)error;
    Network *network = g_new0(Network, 1);
    network->queue = queue;
    network->ports = g_array_new(FALSE, FALSE, sizeof(FakePort));
    network->frames = g_ptr_array_new_with_free_func(fake_network_free_frame);
    return network;
}

void network_free(Network *network)
{
    if (network != NULL) {
        g_array_free(network->ports, TRUE);
        g_ptr_array_free(network->frames, TRUE);
        g_free(network);
    }
}

unsigned network_attach(Network *network, const char *name, const uint8_t mac[6],
                        NetworkDeliver deliver, void *user_data)
{
    (void)name;
    (void)mac;
    FakePort port = {.deliver = deliver, .user_data = user_data};
    g_array_append_val(network->ports, port);
    return network->ports->len - 1;
}

static void fake_network_arrive(void *user_data)
{
    FakeFrame *frame = user_data;
    gsize bytes;
    const uint8_t *content = g_bytes_get_data(frame->bytes, &bytes);
    for (unsigned i = 0; i < frame->network->ports->len; i++) {
        const FakePort *port = &g_array_index(frame->network->ports, FakePort, i);
        if (i != frame->from) {
            port->deliver(content, bytes, port->user_data);
        }
    }
}

void network_send(Network *network, unsigned port, const uint8_t *frame, size_t bytes)
{
    FakeFrame *sent = g_new0(FakeFrame, 1);
    sent->network = network;
    sent->from = port;
    sent->bytes = g_bytes_new(frame, bytes);
    g_ptr_array_add(network->frames, sent);
    queue_add(network->queue, queue_now(network->queue) + FAKE_NETWORK_DELAY, fake_network_arrive,
              sent);
}

bool network_knows(Verb verb)
{
    return verb == VERB_SERVE || verb == VERB_SET_LINK;
}

bool network_act(Network *network, const Action *action, GError **error)
{
    (void)network;
    (void)action;
    (void)error;
    return true;
}

bool network_aim(Network *network, const Action *action, GError **error)
{
    (void)network;
    (void)action;
    (void)error;
    return true;
}

bool network_part(Network *network, GError **error)
{
    (void)network;
    (void)error;
    return true;
}

uint64_t network_frames(const Network *network, unsigned port)
{
    (void)network;
    (void)port;
    return 0;
}

VTime network_lookahead(const Network *network)
{
    (void)network;
    return FAKE_NETWORK_DELAY;
}

bool network_close(Network *network, GError **error)
{
    (void)network;
    (void)error;
    return true;
}
