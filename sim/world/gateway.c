/* SPDX-License-Identifier: MIT */

/*
 * The router: libslirp made a function of the frames it gets and the instants it gets them at.
 *
 * G1  libslirp knows only virtual time: its clock is the queue's, and the time-out it asks for is
 *     one entry of the queue.
 * G2  Before a frame goes in, and after anything happened, all is pumped until nothing moves; so no
 *     byte waits in a host socket for a later call to find, and no host timing shows.
 * G3  Every host socket is one of a pair of local stream sockets, both ends in this process.
 * G4  At most GATEWAY_UNREAD_MAX bytes are in a socket at a time. The host's buffer is bigger, so
 *     how the host accounts for buffers never decides how bytes are cut into segments.
 * G5  A stream is told `opened` first and `closed` last, each once.
 *
 *   SYN --> register_socket --> open --received*--> ended --> closed               (pump_stream)
 *                                 +-- finish: what waits goes out, then shut --> closed
 *                                 +-- reset, or libslirp gave it up ----------> closed
 */

#include "sim/world/gateway.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <glib/gstdio.h>
#include <slirp/libslirp.h>

#include "sim/base/vtime.h"
#include "sim/world/firewall.h"

#define GATEWAY_UNREAD_MAX 16384

/* libslirp takes a time of zero for "no time"; its clock never shows one. */
#define CLOCK_OFFSET (1000 * VTIME_S)

/* What libslirp answers when it wants nothing but to be asked again some day. */
#define NOTHING_DUE_MS 1000u

/* Far more turns than a pump can need; past that something turns for ever, which is a bug. */
#define PUMP_TURNS_MAX 1000000u

typedef struct Service {
    GatewayService callbacks;
    void *user_data;
    int listener;
    int place; /* what the listener is bound to */
    char *path;
} Service;

struct GatewayStream {
    Gateway *gateway;
    const Service *service;
    void *session;
    int near; /* our end; -1 when closed */
    int far;  /* libslirp's end; -1 once it has let go */
    GByteArray *waiting;
    uint32_t client;
    bool opened;
    bool ended;
    bool finishing;
    bool shut;
    bool resetting;
};

struct Gateway {
    Slirp *slirp;
    SlirpCb callbacks;
    Firewall firewall;
    Queue *queue;
    GatewaySend send;
    void *user_data;
    Service services[GATEWAY_SERVICES_MAX];
    uint32_t first_inside;
    GPtrArray *streams; /* of GatewayStream, oldest first */
    GArray *polls;      /* of struct pollfd, for one turn */
    QueueTicket timer;
    bool pumping;
    FirewallFlow flow; /* of the frame that is going in */
    uint64_t refused;
};

G_DEFINE_QUARK(lockstep - gateway - error - quark, gateway_error)

/* --- What libslirp is given ------------------------------------------------------------------- */

static int64_t tell_time(void *opaque)
{
    const Gateway *gateway = opaque;
    return queue_now(gateway->queue) + CLOCK_OFFSET; /* keeps G1 */
}

static ssize_t send_packet(const void *frame, size_t bytes, void *opaque)
{
    Gateway *gateway = opaque;
    uint8_t copy[FRAME_BYTES_MAX];
    if (bytes >= FRAME_BYTES_MIN && bytes <= sizeof copy) {
        memcpy(copy, frame, bytes);
        firewall_release(&gateway->firewall, copy, bytes);
        gateway->send(copy, bytes, gateway->user_data);
    }
    return (ssize_t)bytes;
}

static void note_guest_error(const char *message, void *opaque)
{
    (void)message;
    (void)opaque;
}

/* Only IPv6 has timers of this kind, and it is off. */
static void *timer_new(SlirpTimerCb callback, void *callback_opaque, void *opaque)
{
    (void)callback;
    (void)callback_opaque;
    (void)opaque;
    g_assert_not_reached();
    return NULL;
}

static void timer_free(void *timer, void *opaque)
{
    (void)timer;
    (void)opaque;
}

static void timer_mod(void *timer, int64_t expire_time, void *opaque)
{
    (void)timer;
    (void)expire_time;
    (void)opaque;
}

/* The pump runs after everything anyway. */
static void notify(void *opaque)
{
    (void)opaque;
}

/* libslirp has connected to a service: the other end waits at the listener. */
static void register_socket(int fd, void *opaque)
{
    Gateway *gateway = opaque;
    assert(gateway->flow.is_service); /* G3: the firewall lets nothing else open a socket. */
    const Service *service = &gateway->services[gateway->flow.service];
    int near = accept(service->listener, NULL, NULL);
    assert(near >= 0); /* G3 */
    GatewayStream *stream = g_new0(GatewayStream, 1);
    stream->gateway = gateway;
    stream->service = service;
    stream->near = near;
    stream->far = fd;
    stream->waiting = g_byte_array_new();
    stream->client = gateway->flow.client;
    g_ptr_array_add(gateway->streams, stream);
}

static void unregister_socket(int fd, void *opaque)
{
    const Gateway *gateway = opaque;
    for (guint i = 0; i < gateway->streams->len; i++) {
        GatewayStream *stream = gateway->streams->pdata[i];
        if (stream->far == fd) {
            stream->far = -1;
        }
    }
}

/* --- Streams ---------------------------------------------------------------------------------- */

static void stream_free(GatewayStream *stream)
{
    if (stream->near >= 0) {
        close(stream->near);
    }
    g_byte_array_unref(stream->waiting);
    g_free(stream);
}

/* Hands over everything that came from the device. True if there was anything. */
static bool pump_in(GatewayStream *stream)
{
    uint8_t bytes[4096];
    bool moved = false;
    while (!stream->ended && !stream->resetting) {
        ssize_t count = recv(stream->near, bytes, sizeof bytes, MSG_DONTWAIT);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count < 0 && errno == EAGAIN) {
            break;
        }
        moved = true;
        if (count > 0) {
            stream->service->callbacks.received(stream->session, bytes, (size_t)count);
        } else {
            stream->ended = true;
            stream->service->callbacks.ended(stream->session);
        }
    }
    return moved;
}

/* Puts as much into the socket as G4 allows. True if it put anything. */
static bool pump_out(GatewayStream *stream)
{
    int unread = 0;
    if (stream->far < 0 || stream->shut || stream->resetting ||
        ioctl(stream->far, FIONREAD, &unread) < 0) {
        return false;
    }
    size_t room = unread < GATEWAY_UNREAD_MAX ? (size_t)(GATEWAY_UNREAD_MAX - unread) : 0;
    size_t count = MIN(room, stream->waiting->len);
    if (count > 0) {
        ssize_t sent =
            send(stream->near, stream->waiting->data, count, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent < 0) {
            /* libslirp has shut its end for reading: nobody will ever take these. */
            assert(errno == EPIPE || errno == ECONNRESET);
            g_byte_array_set_size(stream->waiting, 0);
            return false;
        }
        assert((size_t)sent == count); /* G4 */
        g_byte_array_remove_range(stream->waiting, 0, (guint)count);
        return true;
    }
    if (stream->finishing && stream->waiting->len == 0) {
        stream->shut = true;
        shutdown(stream->near, SHUT_WR);
        return true;
    }
    return false;
}

/*
 * Closes our end so that libslirp's next read fails with a reset, which it passes on to the device.
 * A local socket does that when it is closed over bytes it has not read; there is one, we put it
 * there. What libslirp has not yet read is taken back first.
 */
static void break_socket(GatewayStream *stream)
{
    if (stream->far >= 0) {
        uint8_t bytes[4096];
        while (recv(stream->far, bytes, sizeof bytes, MSG_DONTWAIT) > 0) {
        }
        ssize_t sent = send(stream->far, "", 1, MSG_DONTWAIT | MSG_NOSIGNAL);
        (void)sent; /* It fails if the device has finished sending; then the end is an end. */
    }
    close(stream->near);
    stream->near = -1;
}

/* One turn for one stream. True if anything moved. The stream may be over after it. */
static bool pump_stream(GatewayStream *stream)
{
    bool moved = false;
    if (!stream->opened) {
        stream->opened = true;
        stream->session = stream->service->callbacks.opened(stream, stream->service->user_data);
        moved = true;
    }
    moved = pump_in(stream) || moved;
    moved = pump_out(stream) || moved;
    return moved;
}

static bool stream_is_over(const GatewayStream *stream)
{
    return stream->resetting || stream->far < 0 || (stream->ended && stream->shut);
}

static bool pump_streams(Gateway *gateway)
{
    bool moved = false;
    for (guint i = 0; i < gateway->streams->len;) {
        GatewayStream *stream = gateway->streams->pdata[i];
        moved = pump_stream(stream) || moved;
        if (!stream_is_over(stream)) {
            i++;
            continue;
        }
        if (stream->resetting) {
            break_socket(stream);
        }
        g_ptr_array_remove_index(gateway->streams, i);
        stream->service->callbacks.closed(stream->session); /* G5 */
        stream_free(stream);
        moved = true;
    }
    return moved;
}

/* --- Parting ---------------------------------------------------------------------------------- */

/* Whether the other end has said that it sends no more. */
static bool hears_no_more(int fd)
{
    struct pollfd look = {.fd = fd, .events = POLLRDHUP};
    return poll(&look, 1, 0) > 0 && (look.revents & POLLRDHUP) != 0;
}

/* Puts a socket in the place of another, under its number. */
static bool put_in_place(int take_fd, int place)
{
    bool put = dup3(take_fd, place, O_CLOEXEC) == place;
    close(take_fd);
    return put;
}

/*
 * What is in the sockets, by G2 and G4, is at most GATEWAY_UNREAD_MAX bytes that libslirp has not
 * taken yet, and who has finished sending.
 */
static bool part_stream(const GatewayStream *stream)
{
    static uint8_t unread[GATEWAY_UNREAD_MAX];
    int ends[2];
    if (stream->far < 0) {
        return true;
    }
    ssize_t count = recv(stream->far, unread, sizeof unread, MSG_PEEK | MSG_DONTWAIT);
    bool near_ended = hears_no_more(stream->far);
    bool far_ended = hears_no_more(stream->near);
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0) {
        return false;
    }
    bool well = count <= 0 || send(ends[0], unread, (size_t)count, MSG_NOSIGNAL) == count;
    if (near_ended) {
        shutdown(ends[0], SHUT_WR);
    }
    if (far_ended) {
        shutdown(ends[1], SHUT_WR);
    }
    well = put_in_place(ends[0], stream->near) && well;
    return put_in_place(ends[1], stream->far) && well;
}

bool gateway_part(Gateway *gateway, GError **error)
{
    assert(!gateway->pumping);
    for (guint i = 0; i < gateway->streams->len; i++) {
        if (!part_stream(gateway->streams->pdata[i])) {
            g_set_error(error, GATEWAY_ERROR, GATEWAY_ERROR_HOST, "a local socket: %s",
                        g_strerror(errno));
            return false;
        }
    }
    return true;
}

/* --- The pump --------------------------------------------------------------------------------- */

static int add_poll(int fd, int events, void *opaque)
{
    Gateway *gateway = opaque;
    short wanted = 0;
    wanted |= (events & SLIRP_POLL_IN) != 0 ? POLLIN : 0;
    wanted |= (events & SLIRP_POLL_OUT) != 0 ? POLLOUT : 0;
    struct pollfd entry = {.fd = fd, .events = wanted};
    g_array_append_val(gateway->polls, entry);
    return (int)gateway->polls->len - 1;
}

static int get_revents(int index, void *opaque)
{
    const Gateway *gateway = opaque;
    short seen = g_array_index(gateway->polls, struct pollfd, (guint)index).revents;
    int events = 0;
    events |= (seen & POLLIN) != 0 ? SLIRP_POLL_IN : 0;
    events |= (seen & POLLOUT) != 0 ? SLIRP_POLL_OUT : 0;
    events |= (seen & POLLERR) != 0 ? SLIRP_POLL_ERR : 0;
    events |= (seen & POLLHUP) != 0 ? SLIRP_POLL_HUP : 0;
    return events;
}

/* One turn of libslirp. True if a socket of its had something to say. */
static bool pump_slirp(Gateway *gateway, uint32_t *ret_due_ms)
{
    uint32_t due_ms = UINT32_MAX;
    g_array_set_size(gateway->polls, 0);
    slirp_pollfds_fill(gateway->slirp, &due_ms, add_poll, gateway);
    int ready = 0;
    if (gateway->polls->len > 0) {
        ready = poll((struct pollfd *)(void *)gateway->polls->data, gateway->polls->len, 0);
    }
    slirp_pollfds_poll(gateway->slirp, ready < 0, get_revents, gateway);
    *ret_due_ms = due_ms;
    return ready > 0;
}

static void pump(Gateway *gateway);

static void timer_due(void *user_data)
{
    Gateway *gateway = user_data;
    gateway->timer = QUEUE_TICKET_NONE;
    pump(gateway);
}

/* Turns until nothing moves (G2), and asks the queue for the next time. */
static void pump(Gateway *gateway)
{
    uint32_t due_ms = NOTHING_DUE_MS;
    unsigned turns = 0;
    bool moved = true;
    gateway->pumping = true;
    while (moved) {
        assert(++turns < PUMP_TURNS_MAX);
        moved = pump_slirp(gateway, &due_ms);
        moved = pump_streams(gateway) || moved;
    }
    gateway->pumping = false;
    queue_remove(gateway->queue, gateway->timer);
    gateway->timer = QUEUE_TICKET_NONE;
    if (due_ms < NOTHING_DUE_MS) {
        VTime at = queue_now(gateway->queue) + MAX(due_ms, 1u) * VTIME_MS;
        gateway->timer = queue_add(gateway->queue, at, timer_due, gateway);
    }
}

/* --- Life ------------------------------------------------------------------------------------- */

static struct in_addr ipv4(uint32_t address)
{
    return (struct in_addr){.s_addr = htonl(address)};
}

/* libslirp makes its hardware address of two fixed bytes and its address. */
static FrameMac slirp_mac(uint32_t address)
{
    FrameMac mac = {{0x52, 0x55}};
    frame_put32(mac.bytes + 2, address);
    return mac;
}

Gateway *gateway_new(const GatewayAddresses *addresses, Queue *queue, GatewaySend send_frame,
                     void *user_data)
{
    /* libslirp writes to sockets whose other end may be gone, and does not guard against it. */
    signal(SIGPIPE, SIG_IGN);

    Gateway *gateway = g_new0(Gateway, 1);
    gateway->queue = queue;
    gateway->send = send_frame;
    gateway->user_data = user_data;
    gateway->first_inside = addresses->first_inside;
    gateway->firewall.router = (FrameStation){slirp_mac(addresses->router), addresses->router};
    gateway->firewall.network = addresses->network;
    gateway->firewall.mask = addresses->mask;
    gateway->streams = g_ptr_array_new();
    gateway->polls = g_array_new(FALSE, FALSE, sizeof(struct pollfd));
    gateway->callbacks = (SlirpCb){.send_packet = send_packet,
                                   .guest_error = note_guest_error,
                                   .clock_get_ns = tell_time,
                                   .timer_new = timer_new,
                                   .timer_free = timer_free,
                                   .timer_mod = timer_mod,
                                   .register_poll_fd = register_socket,
                                   .unregister_poll_fd = unregister_socket,
                                   .notify = notify};
    /*
     * Not `restricted`: then it would announce neither route nor name server. The firewall
     * restricts more than it would. It must be told the name server's address to announce it, and
     * would answer ARP for it if the firewall let it hear the question.
     */
    SlirpConfig config = {.version = 4,
                          .in_enabled = true,
                          .vnetwork = ipv4(addresses->network),
                          .vnetmask = ipv4(addresses->mask),
                          .vhost = ipv4(addresses->router),
                          .vdhcp_start = ipv4(addresses->first_lease),
                          .vnameserver = ipv4(addresses->name_server),
                          .disable_host_loopback = true,
                          .disable_dns = true};
    gateway->slirp = slirp_new(&config, &gateway->callbacks, gateway);
    pump(gateway); /* libslirp's idea of the time outlives its instances; this sets it. */
    return gateway;
}

void gateway_free(Gateway *gateway)
{
    if (gateway == NULL) {
        return;
    }
    for (guint i = 0; i < gateway->streams->len; i++) {
        GatewayStream *stream = gateway->streams->pdata[i];
        if (stream->opened) {
            stream->service->callbacks.closed(stream->session);
        }
        stream_free(stream);
    }
    g_ptr_array_set_size(gateway->streams, 0);
    queue_remove(gateway->queue, gateway->timer);
    slirp_cleanup(gateway->slirp);
    for (unsigned i = 0; i < gateway->firewall.service_count; i++) {
        close(gateway->services[i].listener);
        close(gateway->services[i].place);
        g_free(gateway->services[i].path);
    }
    g_ptr_array_unref(gateway->streams);
    g_array_unref(gateway->polls);
    g_free(gateway);
}

/* Binds `fd` in a folder made for it, and opens what it is bound to. Both names are gone after. */
static int bind_unseen(int fd, GError **error)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    g_autofree char *folder = g_dir_make_tmp(NULL, error);
    if (folder == NULL) {
        return -1;
    }
    g_autofree char *path = g_build_filename(folder, "s", NULL);
    int place = -1;
    if (g_strlcpy(address.sun_path, path, sizeof address.sun_path) >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
    } else if (bind(fd, (const struct sockaddr *)&address, sizeof address) == 0) {
        place = open(path, O_PATH | O_CLOEXEC);
    }
    if (place < 0) {
        g_set_error(error, GATEWAY_ERROR, GATEWAY_ERROR_HOST, "%s: %s", path, g_strerror(errno));
    }
    g_unlink(path);
    g_rmdir(folder);
    return place;
}

/*
 * Gives `service` a listener that libslirp can reach. It wants a path; one through /proc leads to a
 * socket that has no name any more, so nothing is left behind whenever the lab is killed.
 */
static bool listen_unseen(Service *service, GError **error)
{
    service->place = -1;
    service->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (service->listener < 0) {
        g_set_error(error, GATEWAY_ERROR, GATEWAY_ERROR_HOST, "a local socket: %s",
                    g_strerror(errno));
        return false;
    }
    service->place = bind_unseen(service->listener, error);
    if (service->place < 0) {
        close(service->listener);
        return false;
    }
    int failed = listen(service->listener, SOMAXCONN);
    assert(failed == 0);
    service->path = g_strdup_printf("/proc/self/fd/%d", service->place);
    return true;
}

bool gateway_add_service(Gateway *gateway, uint32_t address, uint16_t port,
                         const GatewayService *service, void *user_data, GError **error)
{
    unsigned index = gateway->firewall.service_count;
    assert(index < GATEWAY_SERVICES_MAX);
    Service *place = &gateway->services[index];
    *place = (Service){.callbacks = *service, .user_data = user_data};
    if (!listen_unseen(place, error)) {
        return false;
    }
    FirewallService rule = {address, port, gateway->first_inside + index};
    struct in_addr inside = ipv4(rule.inside);
    int added = slirp_add_unix(gateway->slirp, place->path, &inside, port);
    assert(added == 0);
    gateway->firewall.services[index] = rule;
    gateway->firewall.service_count++;
    return true;
}

FrameMac gateway_mac(const Gateway *gateway)
{
    return gateway->firewall.router.mac;
}

void gateway_input(Gateway *gateway, const uint8_t *frame, size_t bytes)
{
    uint8_t copy[FRAME_BYTES_MAX];
    assert(bytes <= sizeof copy);
    memcpy(copy, frame, bytes);
    if (!firewall_admit(&gateway->firewall, copy, bytes, &gateway->flow)) {
        gateway->refused++;
        return;
    }
    pump(gateway); /* keeps G2, and sets libslirp's clock, which only a poll does */
    if (gateway->flow.opens && gateway->streams->len >= GATEWAY_STREAMS_MAX) {
        gateway->refused++;
        return;
    }
    slirp_input(gateway->slirp, copy, (int)bytes);
    pump(gateway);
    gateway->flow.is_service = false;
}

uint64_t gateway_refused(const Gateway *gateway)
{
    return gateway->refused;
}

/* A service that speaks up by itself, not when called, needs a pump of its own; it comes at once.
 */
static void wake(Gateway *gateway)
{
    if (!gateway->pumping) {
        queue_remove(gateway->queue, gateway->timer);
        gateway->timer = queue_add(gateway->queue, queue_now(gateway->queue), timer_due, gateway);
    }
}

void gateway_stream_write(GatewayStream *stream, const uint8_t *bytes, size_t count)
{
    if (!stream->finishing && !stream->resetting) {
        g_byte_array_append(stream->waiting, bytes, (guint)count);
        wake(stream->gateway);
    }
}

void gateway_stream_finish(GatewayStream *stream)
{
    stream->finishing = true;
    wake(stream->gateway);
}

void gateway_stream_reset(GatewayStream *stream)
{
    stream->resetting = true;
    g_byte_array_set_size(stream->waiting, 0);
    wake(stream->gateway);
}

size_t gateway_stream_waiting(const GatewayStream *stream)
{
    return stream->waiting->len;
}

uint32_t gateway_stream_client(const GatewayStream *stream)
{
    return stream->client;
}
