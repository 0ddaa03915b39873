/* SPDX-License-Identifier: MIT */

/*
 * N1  Every station hangs on a link of its own, and every frame passes two links and the switch.
 * N2  A fault that takes the place of another of its kind ends it; what `for` says puts the place
 *     back to normal only while the fault that said it is still there.
 * N3  What the network knows of a device (its address, a port it uses) it has seen in frames.
 */

#include "sim/world/network.h"

#include <assert.h>
#include <string.h>

#include "sim/world/frame.h"
#include "sim/world/gateway.h"
#include "sim/world/link.h"
#include "sim/world/pcapng.h"
#include "sim/world/peers/dns.h"
#include "sim/world/peers/lanhost.h"
#include "sim/world/peers/mutate.h"
#include "sim/world/peers/ntp.h"
#include "sim/world/peers/updates.h"
#include "sim/world/switch.h"
#include "sim/world/tally.h"
#include "vdevice/contract/cloud_api.h"

#define KEYS_PATH_DEFAULT "build/keys"

#define PORT_DHCP_SERVER  67u
#define PORT_DHCP_CLIENT  68u
#define DHCP_YOUR_ADDRESS 16u
#define DHCP_HARDWARE     28u
#define DHCP_OPTIONS      240u
#define DHCP_OPTION_TYPE  53u
#define DHCP_OPTION_END   255u
#define DHCP_TYPE_ACK     5u

#define PING_GAP_NS VTIME_S

/* Putting things right takes effect at once. */
#define MENDED "mended"

typedef struct NetworkDevice {
    Network *network;
    const char *name; /* interned: it is the source of events */
    Link *link;
    FrameMac mac;
    uint32_t address; /* as the router last gave it; 0 before */
    uint16_t port;    /* its last, of UDP or TCP */
    NetworkDeliver deliver;
    void *user_data;
} NetworkDevice;

/* Something the network will do by itself. */
typedef struct NetworkJob {
    Network *network;
    QueueTicket ticket;
    void (*run)(struct NetworkJob *job);
    const Action *action;
    Tally *tally; /* of the fault that said `for` */
    NetworkDevice *device;
    Link *link;
    LinkConditions conditions;
    unsigned number;
} NetworkJob;

struct Network {
    const Timeline *timeline;
    const char *keys_path;
    Queue *queue;
    Recorder *recorder;
    Prng prng;
    Pcapng *capture;
    Switch *lan;
    GPtrArray *links;   /* of Link */
    GPtrArray *devices; /* of NetworkDevice */
    GPtrArray *tallies; /* of Tally */
    GPtrArray *jobs;    /* of NetworkJob, those to come */
    Link *uplink;
    Gateway *gateway;
    Dns *dns;
    Ntp *ntp;
    Lanhost *attacker;
    Updates *updates;
    Updates *impostor; /* made when a name is spoofed */
    Tally *dns_fault;
    Tally *ntp_fault;
    Tally *behaviour_fault;
    Tally *certificate_fault;
    Tally *mutation_fault;
    Tally *offer_fault;
    unsigned pings;
    bool closed;
};

G_DEFINE_QUARK(lockstep - network - error - quark, network_error)

/* --- Stations (N1) ---------------------------------------------------------------------------- */

static Link *add_link(Network *network, const char *name, LinkDeliver deliver, void *user_data)
{
    Link *link = link_new(name, network->queue, &network->prng, network->capture);
    link_attach(link, LINK_END_STATION, deliver, user_data);
    switch_plug(network->lan, link);
    g_ptr_array_add(network->links, link);
    return link;
}

static void network_router_hears(const uint8_t *frame, size_t bytes, const char *comment,
                                 void *user_data)
{
    (void)comment;
    Network *network = user_data;
    gateway_input(network->gateway, frame, bytes);
}

static void network_dns_hears(const uint8_t *frame, size_t bytes, const char *comment,
                              void *user_data)
{
    (void)comment;
    Network *network = user_data;
    dns_input(network->dns, frame, bytes);
}

static void network_ntp_hears(const uint8_t *frame, size_t bytes, const char *comment,
                              void *user_data)
{
    (void)comment;
    Network *network = user_data;
    ntp_input(network->ntp, frame, bytes);
}

static void network_attacker_hears(const uint8_t *frame, size_t bytes, const char *comment,
                                   void *user_data)
{
    (void)comment;
    Network *network = user_data;
    lanhost_input(network->attacker, frame, bytes);
}

/* The station's end of its link is the user pointer. */
static void network_say(const uint8_t *frame, size_t bytes, void *user_data)
{
    link_send(user_data, LINK_END_STATION, frame, bytes);
}

static FrameStation station(uint32_t address)
{
    FrameStation made = {{{0x02, 'L', 'S'}}, address};
    frame_put16(made.mac.bytes + 4, (uint16_t)address);
    return made;
}

static const char *network_who_is(uint32_t address, void *user_data)
{
    const Network *network = user_data;
    for (guint i = 0; i < network->devices->len; i++) {
        const NetworkDevice *device = network->devices->pdata[i];
        if (device->address == address) {
            return device->name;
        }
    }
    return "lab";
}

static Updates *add_service(Network *network, const char *name, uint32_t address, GError **error)
{
    TlsSettings settings = {.peer = name,
                            .host = CLOUD_HOST,
                            .keys_path = network->keys_path,
                            .epoch_seconds = network->timeline->epoch_seconds,
                            .queue = network->queue,
                            .recorder = network->recorder,
                            .capture = network->capture};
    Updates *updates =
        updates_new(&settings, network->queue, &network->prng, network_who_is, network, error);
    if (updates == NULL) {
        return NULL;
    }
    if (!gateway_add_service(network->gateway, address, CLOUD_PORT, &UPDATES_SERVICE, updates,
                             error)) {
        updates_free(updates);
        return NULL;
    }
    return updates;
}

/* Is it the router's acknowledgement of an address for this device? (N3) */
static bool is_lease(const NetworkDevice *device, const FrameUdp *udp)
{
    const uint8_t *message = udp->payload;
    if (udp->from_port != PORT_DHCP_SERVER || udp->to_port != PORT_DHCP_CLIENT ||
        udp->ipv4.from != NETWORK_ROUTER || udp->payload_bytes <= DHCP_OPTIONS ||
        memcmp(message + DHCP_HARDWARE, device->mac.bytes, FRAME_MAC_BYTES) != 0) {
        return false;
    }
    size_t at = DHCP_OPTIONS;
    while (at + 2 < udp->payload_bytes && message[at] != DHCP_OPTION_END) {
        if (message[at] == DHCP_OPTION_TYPE) {
            return message[at + 2] == DHCP_TYPE_ACK;
        }
        at += message[at] == 0 ? 1 : 2u + message[at + 1];
    }
    return false;
}

/* What the router says is listened to, for leases; what others say in its name is not (N3). */
static void network_router_says(const uint8_t *frame, size_t bytes, void *user_data)
{
    const Network *network = user_data;
    FrameUdp udp;
    for (guint i = 0; i < network->devices->len; i++) {
        NetworkDevice *device = network->devices->pdata[i];
        if (frame_read_udp(frame, bytes, &udp) && is_lease(device, &udp)) {
            char text[FRAME_ADDRESS_CHARS];
            device->address = frame_get32(udp.payload + DHCP_YOUR_ADDRESS);
            RECORD(network->recorder, queue_now(network->queue), device->name, EVENT_DEVICE_ADDRESS,
                   EVENT_TEXT("ip", frame_address_text(device->address, text)));
        }
    }
    link_send(network->uplink, LINK_END_STATION, frame, bytes);
}

static bool add_router(Network *network, GError **error)
{
    static const GatewayAddresses addresses = {.network = NETWORK_LAN,
                                               .mask = NETWORK_LAN_MASK,
                                               .router = NETWORK_ROUTER,
                                               .name_server = NETWORK_DNS,
                                               .first_lease = NETWORK_LEASES,
                                               .first_inside = NETWORK_INSIDE};
    network->uplink = add_link(network, "uplink", network_router_hears, network);
    network->gateway = gateway_new(&addresses, network->queue, network_router_says, network);
    network->updates = add_service(network, "updates", NETWORK_UPDATES, error);
    return network->updates != NULL;
}

static void add_neighbours(Network *network)
{
    Link *dns = add_link(network, "dns", network_dns_hears, network);
    network->dns = dns_new(station(NETWORK_DNS), network->queue, network->recorder, &network->prng,
                           network_say, dns);
    dns_add(network->dns, (DnsRecord){CLOUD_HOST, NETWORK_UPDATES});
    dns_add(network->dns, (DnsRecord){CLOUD_NTP_HOST, NETWORK_NTP});
    dns_set_spoof(network->dns, NETWORK_IMPOSTOR);
    Link *ntp = add_link(network, "ntp", network_ntp_hears, network);
    network->ntp = ntp_new(station(NETWORK_NTP), network->timeline->epoch_seconds, network->queue,
                           network->recorder, network_say, ntp);
    Link *attacker = add_link(network, "attacker", network_attacker_hears, network);
    network->attacker = lanhost_new(station(NETWORK_ATTACKER), network->queue, network->recorder,
                                    &network->prng, network_say, attacker);
}

/* --- Life ------------------------------------------------------------------------------------- */

static void free_link(gpointer link)
{
    link_free(link);
}

static void free_tally(gpointer tally)
{
    tally_free(tally);
}

Network *network_new(const Timeline *timeline, const WorldSettings *settings, Queue *queue,
                     Recorder *recorder, const Prng *root, GError **error)
{
    g_autoptr(Network) network = g_new0(Network, 1);
    network->timeline = timeline;
    network->keys_path = settings->keys_path != NULL ? settings->keys_path : KEYS_PATH_DEFAULT;
    network->queue = queue;
    network->recorder = recorder;
    network->prng = prng_fork(root, "network");
    network->capture =
        pcapng_new(recorder_artefact(recorder, RECORDER_PCAPNG), timeline->epoch_seconds);
    network->lan = switch_new(queue, network->capture);
    network->links = g_ptr_array_new_with_free_func(free_link);
    network->devices = g_ptr_array_new_with_free_func(g_free);
    network->tallies = g_ptr_array_new_with_free_func(free_tally);
    network->jobs = g_ptr_array_new();
    if (!add_router(network, error)) {
        return NULL;
    }
    add_neighbours(network);
    return g_steal_pointer(&network);
}

static void end_job(NetworkJob *job)
{
    queue_remove(job->network->queue, job->ticket);
    g_ptr_array_remove(job->network->jobs, job);
    g_free(job);
}

void network_free(Network *network)
{
    if (network == NULL) {
        return;
    }
    while (network->jobs->len > 0) {
        end_job(network->jobs->pdata[network->jobs->len - 1]);
    }
    g_ptr_array_unref(network->jobs);
    gateway_free(network->gateway); /* and with it all sessions of the services */
    updates_free(network->updates);
    updates_free(network->impostor);
    lanhost_free(network->attacker);
    ntp_free(network->ntp);
    dns_free(network->dns);
    g_ptr_array_unref(network->links);
    g_ptr_array_unref(network->devices);
    g_ptr_array_unref(network->tallies);
    switch_free(network->lan);
    pcapng_free(network->capture);
    g_free(network);
}

static void tell_counts(const Network *network, const NetworkDevice *device)
{
    const LinkCounts *counts = link_counts(device->link);
    RECORD(network->recorder, queue_now(network->queue), device->name, EVENT_LINK_CLOSED,
           EVENT_TEXT("link", link_name(device->link)), EVENT_INTEGER("frames", counts->sent),
           EVENT_INTEGER("lost", counts->lost), EVENT_INTEGER("corrupted", counts->corrupted),
           EVENT_INTEGER("duplicated", counts->duplicated),
           EVENT_INTEGER("reordered", counts->reordered));
}

bool network_close(Network *network, GError **error)
{
    (void)error; /* Nothing can fail any more; the capture is in the recorder already. */
    assert(!network->closed);
    network->closed = true;
    for (guint i = 0; i < network->tallies->len; i++) {
        tally_end(network->tallies->pdata[i]);
    }
    for (guint i = 0; i < network->devices->len; i++) {
        tell_counts(network, network->devices->pdata[i]);
    }
    return true;
}

VTime network_lookahead(const Network *network)
{
    (void)network;
    return 2 * LINK_CABLE_NS; /* N1 */
}

/* --- Devices ---------------------------------------------------------------------------------- */

static void network_device_hears(const uint8_t *frame, size_t bytes, const char *comment,
                                 void *user_data)
{
    (void)comment;
    const NetworkDevice *device = user_data;
    device->deliver(frame, bytes, device->user_data);
}

unsigned network_attach(Network *network, const char *name, const uint8_t mac[6],
                        NetworkDeliver deliver, void *user_data)
{
    NetworkDevice *device = g_new0(NetworkDevice, 1);
    device->network = network;
    device->name = g_intern_string(name);
    device->deliver = deliver;
    device->user_data = user_data;
    memcpy(device->mac.bytes, mac, FRAME_MAC_BYTES);
    device->link = add_link(network, name, network_device_hears, device);
    g_ptr_array_add(network->devices, device);
    return network->devices->len - 1;
}

void network_send(Network *network, unsigned port, const uint8_t *frame, size_t bytes)
{
    assert(port < network->devices->len);
    NetworkDevice *device = network->devices->pdata[port];
    FrameIpv4 ipv4;
    if (frame_read_ipv4(frame, bytes, &ipv4) && ipv4.payload_bytes >= 4 &&
        (ipv4.protocol == FRAME_PROTOCOL_UDP || ipv4.protocol == FRAME_PROTOCOL_TCP)) {
        device->port = frame_get16(ipv4.payload);
    }
    link_send(device->link, LINK_END_STATION, frame, bytes);
}

uint64_t network_frames(const Network *network, unsigned port)
{
    assert(port < network->devices->len);
    const NetworkDevice *device = network->devices->pdata[port];
    return link_counts(device->link)->sent;
}

bool network_part(Network *network, GError **error)
{
    return gateway_part(network->gateway, error);
}

static NetworkDevice *find_device(const Network *network, const char *name)
{
    for (guint i = 0; i < network->devices->len; i++) {
        NetworkDevice *device = network->devices->pdata[i];
        if (strcmp(device->name, name) == 0) {
            return device;
        }
    }
    return NULL;
}

/* --- Verbs ------------------------------------------------------------------------------------ */

static bool refuse(const Action *action, GError **error, const char *what, const char *name)
{
    g_set_error(error, NETWORK_ERROR, NETWORK_ERROR_PLAN, "%s: %s \"%s\"",
                plan_verb_name(action->verb), what, name);
    return false;
}

/* The tally of an action that is a fault; NULL for what is given, or is none. */
static Tally *begin_tally(Network *network, const Action *action)
{
    VerbFault fault = plan_verb_fault(action->verb);
    if (fault == VERB_FAULT_NONE || action->given) {
        return NULL;
    }
    Tally *tally = tally_new(action->number, plan_fault_name(fault),
                             g_intern_string(action->target), network->queue, network->recorder);
    g_ptr_array_add(network->tallies, tally);
    return tally;
}

/* Begins a fault in the place of another (N2). */
static Tally *replace(Network *network, Tally **place, const Action *action)
{
    tally_end(*place);
    *place = begin_tally(network, action);
    return *place;
}

static void run_job(void *user_data)
{
    NetworkJob *job = user_data;
    job->ticket = QUEUE_TICKET_NONE;
    job->run(job);
    end_job(job);
}

static NetworkJob *add_job(Network *network, VTime delay, void (*run)(NetworkJob *job))
{
    NetworkJob *job = g_new0(NetworkJob, 1);
    job->network = network;
    job->run = run;
    job->ticket =
        queue_add(network->queue, vtime_add(queue_now(network->queue), delay), run_job, job);
    g_ptr_array_add(network->jobs, job);
    return job;
}

static bool act_serve(Network *network, const Action *action, GError **error)
{
    const char *name = plan_text(action, "image");
    const ImageFile *image = NULL;
    if (strcmp(name, "none") != 0) {
        image = plan_image(network->timeline, name);
        if (image == NULL || image->bytes == NULL) {
            return refuse(action, error, "no such image", name);
        }
    }
    Tally *tally = replace(network, &network->offer_fault, action);
    if (action->verb == VERB_REPLAY_MANIFEST && image != NULL) {
        updates_replay_manifest(network->updates, name, image->bytes);
    } else {
        updates_offer(network->updates, name, image != NULL ? image->bytes : NULL);
    }
    updates_count_offers(network->updates, tally);
    return true;
}

static bool act_offer_tampered(Network *network, const Action *action, GError **error)
{
    const char *name = plan_text(action, "image");
    const ImageFile *image = plan_image(network->timeline, name);
    MutateTamper where;
    if (image == NULL || image->bytes == NULL) {
        return refuse(action, error, "no such image", name);
    }
    if (!mutate_tamper_of(plan_text(action, "where"), &where)) {
        return refuse(action, error, "no such place", plan_text(action, "where"));
    }
    g_autofree char *stream = g_strdup_printf("tamper/%u", action->number);
    Prng prng = prng_fork(&network->prng, stream);
    GByteArray *tampered = g_byte_array_new();
    g_byte_array_append(tampered, g_bytes_get_data(image->bytes, NULL),
                        (guint)g_bytes_get_size(image->bytes));
    bool ok = mutate_tamper(&prng, where, network->keys_path, tampered, error);
    g_autoptr(GBytes) bytes = g_byte_array_free_to_bytes(tampered);
    if (ok) {
        Tally *tally = replace(network, &network->offer_fault, action);
        updates_offer(network->updates, name, bytes);
        updates_count_offers(network->updates, tally);
    }
    return ok;
}

static bool act_mutate_offers(Network *network, const Action *action, GError **error)
{
    UpdatesMutation what;
    if (!updates_mutation_of(plan_text(action, "of"), &what)) {
        return refuse(action, error, "nothing to mutate called", plan_text(action, "of"));
    }
    Tally *tally = replace(network, &network->mutation_fault, action);
    updates_mutate(network->updates, what, (unsigned)plan_integer(action, "count"), tally);
    return true;
}

static bool act_server_behaves(Network *network, const Action *action, GError **error)
{
    UpdatesBehaviour behaviour = {.after_bytes = (uint64_t)plan_integer(action, "after_bytes"),
                                  .status = (unsigned)plan_integer(action, "status"),
                                  .times = (unsigned)plan_integer(action, "times")};
    if (!updates_mode_of(plan_text(action, "mode"), &behaviour.mode)) {
        return refuse(action, error, "no such mode", plan_text(action, "mode"));
    }
    if (!updates_path_of(plan_text(action, "path"), &behaviour.path)) {
        return refuse(action, error, "no such path", plan_text(action, "path"));
    }
    Tally *tally = replace(network, &network->behaviour_fault, action);
    updates_set_behaviour(network->updates, behaviour, tally);
    if (behaviour.mode == UPDATES_MODE_NORMAL) {
        tally_count(tally, MENDED);
    }
    return true;
}

static bool act_server_certificate(Network *network, const Action *action, GError **error)
{
    static const char *const names[TLS_CERTIFICATES] = {"good", "expired", "not_yet_valid",
                                                        "wrong_name", "wrong_ca"};
    const char *which = plan_text(action, "which");
    for (unsigned i = 0; i < TLS_CERTIFICATES; i++) {
        if (strcmp(which, names[i]) == 0) {
            Tally *tally = replace(network, &network->certificate_fault, action);
            updates_set_certificate(network->updates, (TlsCertificate)i, tally);
            if (i == TLS_CERTIFICATE_GOOD) {
                tally_count(tally, MENDED);
            }
            return true;
        }
    }
    return refuse(action, error, "no such certificate", which);
}

static Link *find_link(const Network *network, const char *name)
{
    for (guint i = 0; i < network->links->len; i++) {
        if (strcmp(link_name(network->links->pdata[i]), name) == 0) {
            return network->links->pdata[i];
        }
    }
    return NULL;
}

static void tell_link(const Network *network, const Action *action, const Link *link)
{
    const LinkConditions *conditions = link_conditions(link);
    char loss[24];
    char corruption[24];
    g_snprintf(loss, sizeof loss, "%u/%u", conditions->loss.numerator,
               conditions->loss.denominator);
    g_snprintf(corruption, sizeof corruption, "%u/%u", conditions->corruption.numerator,
               conditions->corruption.denominator);
    RECORD(network->recorder, queue_now(network->queue), g_intern_string(action->target),
           EVENT_LINK_CHANGED, EVENT_TEXT("link", link_name(link)),
           EVENT_TRUTH("partitioned", conditions->partitioned), EVENT_TEXT("loss", loss),
           EVENT_INTEGER("delay", conditions->delay), EVENT_TEXT("corruption", corruption));
}

static bool is_perfect(const LinkConditions *conditions)
{
    return conditions->delay == 0 && conditions->jitter == 0 && conditions->loss.numerator == 0 &&
           conditions->duplication.numerator == 0 && conditions->reordering.numerator == 0 &&
           conditions->corruption.numerator == 0 && conditions->rate == 0 &&
           !conditions->partitioned;
}

static void put_link_back(NetworkJob *job)
{
    link_set_conditions(job->link, job->conditions, NULL);
    tell_link(job->network, job->action, job->link);
    tally_end(job->tally);
}

static bool act_set_link(Network *network, const Action *action, GError **error)
{
    const char *name = plan_text(action, "link");
    Link *link = find_link(network, name);
    if (link == NULL) {
        return refuse(action, error, "no such link", name);
    }
    /* A later fault on the same link takes the place of this one, and of its way back (N2). */
    LinkConditions before = *link_conditions(link);
    for (guint i = 0; i < network->jobs->len; i++) {
        NetworkJob *job = network->jobs->pdata[i];
        if (job->run == put_link_back && job->link == link) {
            before = job->conditions;
            tally_end(job->tally);
            end_job(job);
            break;
        }
    }
    Tally *tally = begin_tally(network, action);
    LinkConditions conditions = {.delay = plan_duration(action, "delay"),
                                 .jitter = plan_duration(action, "jitter"),
                                 .loss = plan_ratio(action, "loss"),
                                 .duplication = plan_ratio(action, "duplication"),
                                 .reordering = plan_ratio(action, "reordering"),
                                 .corruption = plan_ratio(action, "corruption"),
                                 .rate = (uint64_t)plan_integer(action, "rate"),
                                 .partitioned = plan_truth(action, "partition")};
    link_set_conditions(link, conditions, tally);
    tell_link(network, action, link);
    if (is_perfect(&conditions)) {
        tally_count(tally, MENDED);
    }
    if (plan_argument(action, "for") != NULL) {
        NetworkJob *job = add_job(network, plan_duration(action, "for"), put_link_back);
        job->action = action;
        job->link = link;
        job->conditions = before;
        job->tally = tally;
    }
    return true;
}

static bool frame_fault_of(const Action *action, LinkFaultKind *ret_kind, GError **error)
{
    static const char *const names[] = {"lose", "corrupt", "duplicate", "delay", "hold"};
    const char *kind = plan_text(action, "kind");
    for (unsigned i = 0; i < G_N_ELEMENTS(names); i++) {
        if (strcmp(kind, names[i]) == 0) {
            *ret_kind = (LinkFaultKind)i;
            return true;
        }
    }
    return refuse(action, error, "nothing to do to a frame called", kind);
}

static bool act_fault_frame(Network *network, const Action *action, GError **error)
{
    const NetworkDevice *device = find_device(network, action->target);
    LinkFaultKind kind;
    if (device == NULL) {
        return refuse(action, error, "no such device", action->target);
    }
    if (!frame_fault_of(action, &kind, error)) {
        return false;
    }
    link_add_fault(device->link, (LinkFault){.frame = (uint64_t)plan_integer(action, "frame"),
                                             .kind = kind,
                                             .duration = plan_duration(action, "for"),
                                             .tally = begin_tally(network, action)});
    return true;
}

bool network_aim(Network *network, const Action *action, GError **error)
{
    const NetworkDevice *device = find_device(network, action->target);
    LinkFaultKind kind;
    if (device == NULL || action->verb != VERB_FAULT_FRAME) {
        return refuse(action, error, "nothing to aim at", action->target);
    }
    if (!frame_fault_of(action, &kind, error)) {
        return false;
    }
    link_move_fault(device->link, action->number, (uint64_t)plan_integer(action, "frame"), kind);
    return true;
}

static void put_dns_back(NetworkJob *job)
{
    if (job->network->dns_fault == job->tally) { /* N2 */
        dns_set_mode(job->network->dns, DNS_MODE_NORMAL, NULL);
    }
    tally_end(job->tally);
}

static bool act_dns_behaves(Network *network, const Action *action, GError **error)
{
    static const char *const names[] = {"normal",   "silent", "servfail",
                                        "nxdomain", "spoof",  "garbage"};
    const char *wanted = plan_text(action, "mode");
    unsigned mode = 0;
    while (mode < G_N_ELEMENTS(names) && strcmp(wanted, names[mode]) != 0) {
        mode++;
    }
    if (mode == G_N_ELEMENTS(names)) {
        return refuse(action, error, "no such mode", wanted);
    }
    if (mode == DNS_MODE_SPOOF && network->impostor == NULL) {
        network->impostor = add_service(network, "impostor", NETWORK_IMPOSTOR, error);
        if (network->impostor == NULL) {
            return false;
        }
        updates_set_certificate(network->impostor, TLS_CERTIFICATE_WRONG_CA, NULL);
    }
    Tally *tally = replace(network, &network->dns_fault, action);
    dns_set_mode(network->dns, (DnsMode)mode, tally);
    if (mode == DNS_MODE_NORMAL) {
        tally_count(tally, MENDED);
    }
    if (plan_argument(action, "for") != NULL) {
        add_job(network, plan_duration(action, "for"), put_dns_back)->tally = tally;
    }
    return true;
}

static void put_ntp_back(NetworkJob *job)
{
    if (job->network->ntp_fault == job->tally) { /* N2 */
        ntp_set_mode(job->network->ntp, NTP_MODE_NORMAL, 0, NULL);
    }
    tally_end(job->tally);
}

static bool act_ntp_behaves(Network *network, const Action *action, GError **error)
{
    static const char *const names[] = {"normal", "silent", "wrong", "kiss", "forged"};
    const char *wanted = plan_text(action, "mode");
    unsigned mode = 0;
    while (mode < G_N_ELEMENTS(names) && strcmp(wanted, names[mode]) != 0) {
        mode++;
    }
    if (mode == G_N_ELEMENTS(names)) {
        return refuse(action, error, "no such mode", wanted);
    }
    Tally *tally = replace(network, &network->ntp_fault, action);
    ntp_set_mode(network->ntp, (NtpMode)mode, plan_duration(action, "offset"), tally);
    if (mode == NTP_MODE_NORMAL) {
        tally_count(tally, MENDED);
    }
    if (plan_argument(action, "for") != NULL) {
        add_job(network, plan_duration(action, "for"), put_ntp_back)->tally = tally;
    }
    return true;
}

static bool act_send_malformed(Network *network, const Action *action, GError **error)
{
    const NetworkDevice *device = find_device(network, action->target);
    MalformLayer layer;
    if (device == NULL) {
        return refuse(action, error, "no such device", action->target);
    }
    if (!malform_layer_of(plan_text(action, "layer"), &layer)) {
        return refuse(action, error, "no such layer", plan_text(action, "layer"));
    }
    MalformScene scene = {.attacker = station(NETWORK_ATTACKER),
                          .target = {device->mac, device->address},
                          .router = {gateway_mac(network->gateway), NETWORK_ROUTER},
                          .name_server = station(NETWORK_DNS),
                          .target_port = device->port};
    lanhost_send_malformed(network->attacker, layer, (unsigned)plan_integer(action, "count"),
                           plan_duration(action, "spacing"), &scene, begin_tally(network, action));
    return true;
}

static bool act_spoof_router(Network *network, const Action *action, GError **error)
{
    (void)error;
    lanhost_spoof_router(network->attacker, NETWORK_ROUTER, plan_duration(action, "for"),
                         begin_tally(network, action));
    return true;
}

static void ping_once(NetworkJob *job)
{
    lanhost_ping(job->network->attacker, job->device->address, job->number);
}

static bool act_ping(Network *network, const Action *action, GError **error)
{
    NetworkDevice *device = find_device(network, action->target);
    if (device == NULL) {
        return refuse(action, error, "no such device", action->target);
    }
    int64_t count = plan_integer(action, "count");
    for (int64_t i = 0; i < count; i++) {
        NetworkJob *job = add_job(network, i * PING_GAP_NS, ping_once);
        job->device = device;
        job->number = ++network->pings;
    }
    return true;
}

typedef bool (*VerbFunction)(Network *network, const Action *action, GError **error);

static VerbFunction function_of(Verb verb)
{
    static const VerbFunction functions[VERBS] = {
        [VERB_SERVE] = act_serve,
        [VERB_OFFER_OLDER] = act_serve,
        [VERB_REPLAY_MANIFEST] = act_serve,
        [VERB_OFFER_TAMPERED] = act_offer_tampered,
        [VERB_MUTATE_OFFERS] = act_mutate_offers,
        [VERB_SERVER_BEHAVES] = act_server_behaves,
        [VERB_SERVER_CERTIFICATE] = act_server_certificate,
        [VERB_SET_LINK] = act_set_link,
        [VERB_FAULT_FRAME] = act_fault_frame,
        [VERB_DNS_BEHAVES] = act_dns_behaves,
        [VERB_NTP_BEHAVES] = act_ntp_behaves,
        [VERB_SEND_MALFORMED] = act_send_malformed,
        [VERB_SPOOF_ROUTER] = act_spoof_router,
        [VERB_PING] = act_ping,
    };
    return verb < VERBS ? functions[verb] : NULL;
}

bool network_knows(Verb verb)
{
    return function_of(verb) != NULL;
}

bool network_act(Network *network, const Action *action, GError **error)
{
    return function_of(action->verb)(network, action, error);
}
