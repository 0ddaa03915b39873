/* SPDX-License-Identifier: MIT */

/*
 * A1  Pings are told once each: answered or lost.
 * A2  Jobs (batches, pings, spoofing) live in one list, each with its entry in the queue, so that
 *     freeing the host leaves nothing behind that would call it.
 */

#include "sim/world/peers/lanhost.h"

#include <string.h>

#include <glib.h>

#include "sim/world/peers/station.h"

#define PING_IDENTIFIER  0x4c53u /* "LS" */
#define PING_BYTES       32u
#define PORT_DHCP_SERVER 67u
#define ECHO_ASKS_MAX    3u /* how often a ping asks for the hardware address */

typedef enum JobKind {
    JOB_PING,
    JOB_MALFORMED,
    JOB_SPOOF,
} JobKind;

typedef struct Job {
    Lanhost *lanhost;
    JobKind kind;
    QueueTicket ticket;
    uint32_t target;   /* PING: whom; SPOOF: as whom */
    VTime until;       /* SPOOF */
    unsigned number;   /* PING */
    uint16_t sequence; /* PING */
    VTime began;       /* PING */
    bool sent;         /* PING: the request is on its way */
    MalformLayer layer;
    unsigned count;
    unsigned done;
    VTime spacing;
    MalformScene scene;
    Tally *tally;
} Job;

struct Lanhost {
    FrameStation station;
    Queue *queue;
    Recorder *recorder;
    Prng malformed;
    LanhostSend send;
    void *user_data;
    GQueue jobs; /* of Job (A2) */
    uint16_t sequence;
    uint32_t dhcp_transaction; /* the last one overheard */
};

Lanhost *lanhost_new(FrameStation station, Queue *queue, Recorder *recorder, const Prng *root,
                     LanhostSend send, void *user_data)
{
    Lanhost *lanhost = g_new0(Lanhost, 1);
    lanhost->station = station;
    lanhost->queue = queue;
    lanhost->recorder = recorder;
    lanhost->malformed = prng_fork(root, "attacker/malformed");
    lanhost->send = send;
    lanhost->user_data = user_data;
    g_queue_init(&lanhost->jobs);
    return lanhost;
}

static void end_job(Job *job)
{
    queue_remove(job->lanhost->queue, job->ticket);
    g_queue_remove(&job->lanhost->jobs, job);
    g_free(job);
}

void lanhost_free(Lanhost *lanhost)
{
    if (lanhost != NULL) {
        while (!g_queue_is_empty(&lanhost->jobs)) {
            end_job(g_queue_peek_head(&lanhost->jobs));
        }
        g_free(lanhost);
    }
}

static Job *begin_job(Lanhost *lanhost, JobKind kind)
{
    Job *job = g_new0(Job, 1);
    job->lanhost = lanhost;
    job->kind = kind;
    g_queue_push_tail(&lanhost->jobs, job);
    return job;
}

static void run_after(Job *job, VTime delay, QueueFunction function)
{
    Queue *queue = job->lanhost->queue;
    queue_remove(queue, job->ticket);
    job->ticket = queue_add(queue, queue_now(queue) + delay, function, job);
}

/* --- Pings ------------------------------------------------------------------------------------ */

static void ping_lost(void *user_data)
{
    Job *job = user_data;
    RECORD(job->lanhost->recorder, queue_now(job->lanhost->queue), "attacker", EVENT_PING_LOST,
           EVENT_INTEGER("number", job->number));
    end_job(job);
}

void lanhost_ping(Lanhost *lanhost, uint32_t target, unsigned number)
{
    Job *job = begin_job(lanhost, JOB_PING);
    job->target = target;
    job->number = number;
    job->sequence = ++lanhost->sequence;
    job->began = queue_now(lanhost->queue);
    run_after(job, LANHOST_PING_NS, ping_lost);

    uint8_t frame[FRAME_BYTES_MAX];
    FrameArp ask = {.is_request = true, .sender = lanhost->station, .target = {.address = target}};
    size_t bytes = frame_write_arp(frame, FRAME_MAC_BROADCAST, &ask);
    lanhost->send(frame, bytes, lanhost->user_data);
}

/* The target has told its hardware address: the requests that waited for it go out. */
static void send_echoes(Lanhost *lanhost, const FrameStation *target)
{
    for (GList *item = lanhost->jobs.head; item != NULL; item = item->next) {
        Job *job = item->data;
        if (job->kind == JOB_PING && !job->sent && job->target == target->address) {
            job->sent = true;
            uint8_t frame[FRAME_BYTES_MAX];
            uint8_t payload[PING_BYTES];
            memset(payload, 'L', sizeof payload);
            size_t bytes = frame_write_echo(frame, lanhost->station, *target, true, PING_IDENTIFIER,
                                            job->sequence, payload, sizeof payload);
            lanhost->send(frame, bytes, lanhost->user_data);
        }
    }
}

static void take_echo(Lanhost *lanhost, const FrameEcho *echo)
{
    for (GList *item = lanhost->jobs.head; item != NULL; item = item->next) {
        Job *job = item->data;
        if (job->kind == JOB_PING && job->sent && job->target == echo->ipv4.from &&
            job->sequence == echo->sequence && echo->identifier == PING_IDENTIFIER &&
            echo->payload_bytes == PING_BYTES) {
            VTime now = queue_now(lanhost->queue);
            RECORD(lanhost->recorder, now, "attacker", EVENT_PING_ANSWERED,
                   EVENT_INTEGER("number", job->number), EVENT_INTEGER("took", now - job->began));
            end_job(job);
            return;
        }
    }
}

/* --- Malformed frames ------------------------------------------------------------------------- */

static void send_next(void *user_data)
{
    Job *job = user_data;
    Lanhost *lanhost = job->lanhost;
    uint8_t frame[FRAME_BYTES_MAX];
    char rules[MALFORM_RULES_CHARS];
    job->scene.dhcp_transaction = lanhost->dhcp_transaction;
    size_t bytes = malform_make(&lanhost->malformed, job->layer, &job->scene, frame, rules);
    lanhost->send(frame, bytes, lanhost->user_data);
    tally_count(job->tally, rules);
    job->done++;
    if (job->done < job->count) {
        run_after(job, job->spacing, send_next);
        return;
    }
    RECORD(lanhost->recorder, queue_now(lanhost->queue), "attacker", EVENT_MALFORMED_SENT,
           EVENT_TEXT("layer", malform_layer_name(job->layer)), EVENT_INTEGER("count", job->count));
    tally_end(job->tally);
    end_job(job);
}

void lanhost_send_malformed(Lanhost *lanhost, MalformLayer layer, unsigned count, VTime spacing,
                            const MalformScene *scene, Tally *tally)
{
    if (count == 0) {
        return;
    }
    Job *job = begin_job(lanhost, JOB_MALFORMED);
    job->layer = layer;
    job->count = count;
    job->spacing = spacing;
    job->scene = *scene;
    job->tally = tally;
    run_after(job, 0, send_next);
}

/* --- Pretending ------------------------------------------------------------------------------- */

static void spoof(void *user_data)
{
    Job *job = user_data;
    Lanhost *lanhost = job->lanhost;
    if (queue_now(lanhost->queue) >= job->until) {
        tally_end(job->tally);
        end_job(job);
        return;
    }
    uint8_t frame[FRAME_BYTES_MAX];
    FrameStation pretended = {lanhost->station.mac, job->target};
    FrameArp arp = {.is_request = false, .sender = pretended, .target = pretended};
    size_t bytes = frame_write_arp(frame, FRAME_MAC_BROADCAST, &arp);
    lanhost->send(frame, bytes, lanhost->user_data);
    run_after(job, LANHOST_SPOOF_GAP_NS, spoof);
}

void lanhost_spoof_router(Lanhost *lanhost, uint32_t router, VTime duration, Tally *tally)
{
    Job *job = begin_job(lanhost, JOB_SPOOF);
    job->target = router;
    job->until = vtime_add(queue_now(lanhost->queue), duration);
    job->tally = tally;
    run_after(job, 0, spoof);
}

/* What was meant for the router, or for somewhere behind it, ends here. */
static void take_stray(Lanhost *lanhost, const uint8_t *frame, size_t bytes)
{
    FrameIpv4 ipv4;
    if (!frame_read_ipv4(frame, bytes, &ipv4) || ipv4.to == lanhost->station.address ||
        !frame_mac_equal(ipv4.to_mac, lanhost->station.mac)) {
        return;
    }
    for (GList *item = lanhost->jobs.head; item != NULL; item = item->next) {
        Job *job = item->data;
        if (job->kind == JOB_SPOOF) {
            tally_count(job->tally, "spoof");
        }
    }
}

/* --- What comes in ---------------------------------------------------------------------------- */

/* Whoever asks for an address asks everybody; the attacker remembers by what number. */
static void overhear(Lanhost *lanhost, const FrameUdp *udp)
{
    if (udp->to_port == PORT_DHCP_SERVER && udp->payload_bytes >= 8) {
        lanhost->dhcp_transaction = frame_get32(udp->payload + 4);
    }
}

void lanhost_input(Lanhost *lanhost, const uint8_t *frame, size_t bytes)
{
    FrameArp arp;
    FrameUdp udp;
    FrameEcho echo;
    if (frame_read_arp(frame, bytes, &arp) && !arp.is_request &&
        arp.target.address == lanhost->station.address) {
        send_echoes(lanhost, &arp.sender);
        return;
    }
    if (frame_read_udp(frame, bytes, &udp)) {
        overhear(lanhost, &udp);
        return;
    }
    if (frame_read_echo(frame, bytes, &echo) && !echo.is_request) {
        take_echo(lanhost, &echo);
        return;
    }
    take_stray(lanhost, frame, bytes);
    uint8_t reply[FRAME_BYTES_MAX];
    size_t reply_bytes = station_answer(&lanhost->station, frame, bytes, reply);
    if (reply_bytes > 0) {
        lanhost->send(reply, reply_bytes, lanhost->user_data);
    }
}
