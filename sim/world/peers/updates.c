/* SPDX-License-Identifier: MIT */

/*
 * U1  A reply is made whole (status, head, body), then spoiled at most once by the behaviour and at
 *     most once by a mutation, then sent; every spoiling is an event and counts on its tally.
 * U2  After a session is over nothing more is served or written; it only waits to hear the device
 *     close, in order or not, and to be closed.
 * U3  `download.started` and `download.finished` come in pairs.
 *
 *   opened --> handshake --> asking --> replying --> asking ... --> over --> closed
 *                                          +-- stall: silent until the device or time gives up
 *                                          +-- reset, truncate, Connection: close, malformed: over
 */

#include "sim/world/peers/updates.h"

#include <assert.h>
#include <string.h>

#include "sim/world/peers/cloud_report.h"
#include "sim/world/peers/http.h"
#include "sim/world/peers/mutate.h"
#include "vdevice/contract/cloud_api.h"
#include "vdevice/contract/image.h"

#define VERSION_CHARS 16u

struct Updates {
    TlsSettings settings;
    Queue *queue;
    UpdatesWhoIs who_is;
    void *user_data;
    Tls *tls;
    Prng mutations;
    char *image_name;
    GBytes *image;
    char *manifest_name;
    GBytes *manifest; /* a whole image; only its header counts */
    UpdatesBehaviour behaviour;
    unsigned mutations_left;
    UpdatesMutation mutation;
    TlsCertificate certificate;
    Tally *offer_tally;
    Tally *behaviour_tally;
    Tally *mutation_tally;
    Tally *certificate_tally;
    unsigned sessions;
};

typedef struct Session {
    Updates *updates;
    GatewayStream *stream;
    TlsSession *tls;
    const char *client; /* source of its events */
    unsigned number;
    GByteArray *plain; /* read, and not yet a whole request */
    QueueTicket timer;
    size_t waited; /* bytes that waited when the timer was set */
    bool over;     /* U2 */
    bool stalled;
    bool breaking; /* a reset comes when the timer is due */
    bool downloading;
    bool download_spoiled;
    uint64_t download_from;
    uint64_t download_bytes;
} Session;

/* A reply while it is made. */
typedef struct Reply {
    unsigned status;
    UpdatesPath path;
    bool is_manifest;
    bool is_payload;
    GByteArray *head;
    GByteArray *body;
    uint64_t announced;  /* as Content-Length */
    uint64_t send_bytes; /* of the body */
    bool close;
    bool has_range;
    uint64_t range_from;
    uint64_t range_total;
    UpdatesMode end; /* what comes behind the bytes: NORMAL, STALL, RESET or TRUNCATE */
    bool spoiled;
} Reply;

static const char *const mode_names[UPDATES_MODES] = {"normal",     "stall",  "reset", "truncate",
                                                      "lie_length", "status", "longer"};
static const char *const path_names[UPDATES_PATHS] = {"any", "manifest", "image", "report"};
static const char *const mutation_names[UPDATES_MUTATIONS] = {"header", "payload", "reply_head",
                                                              "reply_body"};

static bool place_of(const char *name, const char *const *names, unsigned count,
                     unsigned *ret_place)
{
    for (unsigned i = 0; i < count; i++) {
        if (strcmp(name, names[i]) == 0) {
            *ret_place = i;
            return true;
        }
    }
    return false;
}

bool updates_mode_of(const char *name, UpdatesMode *ret_mode)
{
    return place_of(name, mode_names, UPDATES_MODES, ret_mode);
}

bool updates_path_of(const char *name, UpdatesPath *ret_path)
{
    return place_of(name, path_names, UPDATES_PATHS, ret_path);
}

bool updates_mutation_of(const char *name, UpdatesMutation *ret_mutation)
{
    return place_of(name, mutation_names, UPDATES_MUTATIONS, ret_mutation);
}

/* --- What is served --------------------------------------------------------------------------- */

Updates *updates_new(const TlsSettings *settings, Queue *queue, const Prng *root,
                     UpdatesWhoIs who_is, void *user_data, GError **error)
{
    Tls *tls = tls_new(settings, root, error);
    if (tls == NULL) {
        return NULL;
    }
    Updates *updates = g_new0(Updates, 1);
    updates->settings = *settings;
    updates->queue = queue;
    updates->who_is = who_is;
    updates->user_data = user_data;
    updates->tls = tls;
    g_autofree char *name = g_strdup_printf("%s/mutations", settings->peer);
    updates->mutations = prng_fork(root, name);
    return updates;
}

void updates_free(Updates *updates)
{
    if (updates != NULL) {
        tls_free(updates->tls);
        g_clear_pointer(&updates->image, g_bytes_unref);
        g_clear_pointer(&updates->manifest, g_bytes_unref);
        g_free(updates->image_name);
        g_free(updates->manifest_name);
        g_free(updates);
    }
}

static bool is_image(GBytes *image)
{
    return image != NULL && g_bytes_get_size(image) > IMAGE_HEADER_BYTES;
}

static void set_manifest(Updates *updates, const char *name, GBytes *image)
{
    g_clear_pointer(&updates->manifest, g_bytes_unref);
    g_free(updates->manifest_name);
    updates->manifest = is_image(image) ? g_bytes_ref(image) : NULL;
    updates->manifest_name = g_strdup(name);
}

void updates_offer(Updates *updates, const char *name, GBytes *image)
{
    g_clear_pointer(&updates->image, g_bytes_unref);
    g_free(updates->image_name);
    updates->image = is_image(image) ? g_bytes_ref(image) : NULL;
    updates->image_name = g_strdup(name);
    updates->offer_tally = NULL;
    set_manifest(updates, name, image);
}

void updates_replay_manifest(Updates *updates, const char *name, GBytes *image)
{
    set_manifest(updates, name, image);
}

void updates_count_offers(Updates *updates, Tally *tally)
{
    updates->offer_tally = tally;
}

void updates_set_behaviour(Updates *updates, UpdatesBehaviour behaviour, Tally *tally)
{
    updates->behaviour = behaviour;
    updates->behaviour_tally = tally;
}

void updates_set_certificate(Updates *updates, TlsCertificate which, Tally *tally)
{
    updates->certificate = which;
    updates->certificate_tally = tally;
    tls_set_certificate(updates->tls, which);
}

void updates_mutate(Updates *updates, UpdatesMutation what, unsigned count, Tally *tally)
{
    updates->mutation = what;
    updates->mutations_left = count;
    updates->mutation_tally = tally;
}

/* --- Telling ---------------------------------------------------------------------------------- */

static VTime now(const Updates *updates)
{
    return queue_now(updates->queue);
}

static void tell_offer(const Session *session, const uint8_t *bytes)
{
    const Updates *updates = session->updates;
    ImageHeader header;
    memcpy(&header, bytes, sizeof header);
    char version[VERSION_CHARS];
    g_snprintf(version, sizeof version, "%u.%u.%u", IMAGE_VERSION_MAJOR(header.version),
               IMAGE_VERSION_MINOR(header.version), IMAGE_VERSION_PATCH(header.version));
    RECORD(updates->settings.recorder, now(updates), session->client, EVENT_UPDATE_OFFERED,
           EVENT_TEXT("version", version), EVENT_TEXT("image", updates->manifest_name),
           EVENT_INTEGER("counter", header.security_counter),
           EVENT_INTEGER("sequence", header.release_sequence));
    tally_count(updates->offer_tally, "offered");
}

static void tell_fault(const Updates *updates, const char *mode, const Reply *reply)
{
    RECORD(updates->settings.recorder, now(updates), updates->settings.peer, EVENT_SERVER_FAULT,
           EVENT_TEXT("mode", mode), EVENT_TEXT("path", path_names[reply->path]),
           EVENT_INTEGER("after_bytes", reply->send_bytes), EVENT_INTEGER("status", reply->status));
}

static void tell_report(const Session *session, const uint8_t *body, size_t bytes)
{
    const Updates *updates = session->updates;
    CloudReport report = {.sequence = 0};
    bool parsed = cloud_report_read(body, bytes, &report);
    if (!parsed) {
        RECORD(updates->settings.recorder, now(updates), session->client, EVENT_REPORT_RECEIVED,
               EVENT_TRUTH("parsed", false));
        return;
    }
    RECORD(updates->settings.recorder, now(updates), session->client, EVENT_REPORT_RECEIVED,
           EVENT_TRUTH("parsed", true), EVENT_TEXT("device", report.device),
           EVENT_INTEGER("sequence", report.sequence), EVENT_INTEGER("time", report.time),
           EVENT_TEXT("version", report.version), EVENT_TEXT("slot", report.slot),
           EVENT_TEXT("boot", report.boot), EVENT_TEXT("reset", report.reset),
           EVENT_TEXT("bolt", report.bolt), EVENT_TEXT("update", report.update),
           EVENT_TEXT("status", report.status));
}

static void begin_download(Session *session, const Reply *reply)
{
    session->downloading = true;
    session->download_from = reply->range_from;
    session->download_bytes = reply->send_bytes;
    session->download_spoiled = reply->spoiled;
    RECORD(session->updates->settings.recorder, now(session->updates), session->client,
           EVENT_DOWNLOAD_STARTED, EVENT_INTEGER("from", reply->range_from),
           EVENT_INTEGER("bytes", reply->body->len));
}

/* `orderly`: the device went on as one does that has got everything. */
static void end_download(Session *session, bool orderly)
{
    if (!session->downloading) {
        return;
    }
    session->downloading = false; /* keeps U3 */
    size_t waiting = session->stream != NULL ? gateway_stream_waiting(session->stream) : 0;
    bool complete = orderly && waiting == 0 && !session->download_spoiled;
    uint64_t bytes = session->download_bytes - MIN(waiting, session->download_bytes);
    RECORD(session->updates->settings.recorder, now(session->updates), session->client,
           EVENT_DOWNLOAD_FINISHED, EVENT_INTEGER("from", session->download_from),
           EVENT_INTEGER("bytes", bytes), EVENT_TRUTH("complete", complete));
}

/* --- Making a reply --------------------------------------------------------------------------- */

static void answer_manifest(const Updates *updates, Reply *reply)
{
    if (updates->manifest == NULL) {
        reply->status = 204;
        return;
    }
    reply->status = 200;
    reply->is_manifest = true;
    g_byte_array_append(reply->body, g_bytes_get_data(updates->manifest, NULL), IMAGE_HEADER_BYTES);
}

static void answer_image(const Updates *updates, const HttpRequest *request, Reply *reply)
{
    if (updates->image == NULL) {
        reply->status = 404;
        return;
    }
    gsize image_bytes;
    const uint8_t *image = g_bytes_get_data(updates->image, &image_bytes);
    reply->range_total = image_bytes - IMAGE_HEADER_BYTES;
    reply->range_from = request->range_from;
    reply->has_range = request->has_range;
    if (request->has_range && request->range_from >= reply->range_total) {
        reply->status = 416;
        return;
    }
    reply->status = request->has_range ? 206 : 200;
    reply->is_payload = true;
    g_byte_array_append(reply->body, image + IMAGE_HEADER_BYTES + reply->range_from,
                        (guint)(reply->range_total - reply->range_from));
}

/* The reply as it should be. */
static void answer(const Session *session, const HttpRequest *request, const uint8_t *body,
                   Reply *reply)
{
    const Updates *updates = session->updates;
    bool is_get = strcmp(request->method, "GET") == 0;
    bool is_post = strcmp(request->method, "POST") == 0;
    reply->close = request->close;
    if (strcmp(request->path, CLOUD_PATH_MANIFEST) == 0) {
        reply->path = UPDATES_PATH_MANIFEST;
        reply->status = 405;
        if (is_get) {
            answer_manifest(updates, reply);
        }
    } else if (strcmp(request->path, CLOUD_PATH_IMAGE) == 0) {
        reply->path = UPDATES_PATH_IMAGE;
        reply->status = 405;
        if (is_get) {
            answer_image(updates, request, reply);
        }
    } else if (strcmp(request->path, CLOUD_PATH_REPORT) == 0) {
        reply->path = UPDATES_PATH_REPORT;
        reply->status = 405;
        if (is_post) {
            reply->status = 204;
            tell_report(session, body, request->body_bytes);
        }
    } else {
        reply->status = 404;
    }
    reply->announced = reply->body->len;
    reply->send_bytes = reply->body->len;
}

static void write_head(Reply *reply)
{
    g_autoptr(GString) head = g_string_new(NULL);
    g_string_append_printf(head, "HTTP/1.1 %u %s\r\n", reply->status, http_reason(reply->status));
    if (reply->status != 204) {
        g_string_append_printf(head, "Content-Length: %" G_GUINT64_FORMAT "\r\n", reply->announced);
    }
    if (reply->status == 206) {
        g_string_append_printf(head,
                               "Content-Range: bytes %" G_GUINT64_FORMAT "-%" G_GUINT64_FORMAT
                               "/%" G_GUINT64_FORMAT "\r\n",
                               reply->range_from, reply->range_total - 1, reply->range_total);
    } else if (reply->status == 416) {
        g_string_append_printf(head, "Content-Range: bytes */%" G_GUINT64_FORMAT "\r\n",
                               reply->range_total);
    }
    g_string_append(head, reply->close ? "Connection: close\r\n\r\n" : "\r\n");
    g_byte_array_append(reply->head, (const uint8_t *)head->str, (guint)head->len);
}

/* Applies the behaviour, if it is for this reply (U1). Before the head is written. */
static void misbehave(Updates *updates, Reply *reply)
{
    UpdatesBehaviour *behaviour = &updates->behaviour;
    if (behaviour->mode == UPDATES_MODE_NORMAL ||
        (behaviour->path != UPDATES_PATH_ANY && behaviour->path != reply->path)) {
        return;
    }
    switch (behaviour->mode) {
    case UPDATES_MODE_STALL:
    case UPDATES_MODE_RESET:
    case UPDATES_MODE_TRUNCATE:
        reply->send_bytes = MIN(behaviour->after_bytes, reply->send_bytes);
        reply->end = behaviour->mode;
        break;
    case UPDATES_MODE_LIE_LENGTH:
        reply->announced = 2 * reply->announced + 1;
        if (reply->status == 204) {
            reply->status = 200; /* one that may have a length */
        }
        break;
    case UPDATES_MODE_LONGER:
        /* What is announced is sent, but it is far more than anybody asked for. */
        reply->status = reply->status == 204 ? 200 : reply->status;
        g_byte_array_set_size(reply->body, reply->body->len + UPDATES_MORE_BYTES);
        memset(reply->body->data + reply->send_bytes, 0xa5, reply->body->len - reply->send_bytes);
        reply->announced = reply->body->len;
        reply->send_bytes = reply->body->len;
        reply->range_total += UPDATES_MORE_BYTES; /* and all it says of it fits together */
        break;
    case UPDATES_MODE_STATUS:
        reply->status = behaviour->status;
        reply->is_manifest = false;
        reply->is_payload = false;
        g_byte_array_set_size(reply->body, 0);
        reply->announced = 0;
        reply->send_bytes = 0;
        break;
    case UPDATES_MODE_NORMAL:
    case UPDATES_MODES:
        break;
    }
    reply->spoiled = true;
    tell_fault(updates, mode_names[behaviour->mode], reply);
    tally_count(updates->behaviour_tally, mode_names[behaviour->mode]);
    if (behaviour->times > 0 && --behaviour->times == 0) {
        behaviour->mode = UPDATES_MODE_NORMAL;
        tally_end(updates->behaviour_tally);
    }
}

/* Applies the next mutation, if there is one and it is for this reply (U1). After the head. */
static void mutate(Updates *updates, Reply *reply)
{
    if (updates->mutations_left == 0) {
        return;
    }
    switch (updates->mutation) {
    case UPDATES_MUTATION_HEADER:
        if (!reply->is_manifest) {
            return;
        }
        mutate_header(&updates->mutations, reply->body->data);
        break;
    case UPDATES_MUTATION_PAYLOAD:
        if (!reply->is_payload) {
            return;
        }
        mutate_payload(&updates->mutations, reply->body->data, reply->body->len);
        break;
    case UPDATES_MUTATION_REPLY_HEAD:
        mutate_reply_head(&updates->mutations, reply->head);
        break;
    case UPDATES_MUTATION_REPLY_BODY:
        /* Mostly spares replies without a body, or no session would come to those that have one. */
        if (reply->body->len == 0 && prng_below(&updates->mutations, 4) != 0) {
            return;
        }
        mutate_reply_body(&updates->mutations, reply->body);
        reply->send_bytes = reply->body->len;
        break;
    case UPDATES_MUTATIONS:
        return;
    }
    reply->spoiled = true;
    g_autofree char *mode = g_strdup_printf("mutate_%s", mutation_names[updates->mutation]);
    tell_fault(updates, mode, reply);
    tally_count(updates->mutation_tally, mutation_names[updates->mutation]);
    if (--updates->mutations_left == 0) {
        tally_end(updates->mutation_tally);
    }
}

/* --- Sessions --------------------------------------------------------------------------------- */

static void set_timer(Session *session, VTime after);

static void timer_due(void *user_data)
{
    Session *session = user_data;
    session->timer = QUEUE_TICKET_NONE;
    bool moving = gateway_stream_waiting(session->stream) < session->waited;
    if (moving && !session->breaking) {
        set_timer(session, UPDATES_IDLE_NS);
        return;
    }
    session->over = true;
    end_download(session, false);
    gateway_stream_reset(session->stream);
}

static void set_timer(Session *session, VTime after)
{
    queue_remove(session->updates->queue, session->timer);
    session->waited = gateway_stream_waiting(session->stream);
    session->timer =
        queue_add(session->updates->queue, now(session->updates) + after, timer_due, session);
}

/* Nothing more comes from here; what was written still goes out. */
static void finish(Session *session)
{
    session->over = true;
    tls_session_close(session->tls);
    gateway_stream_finish(session->stream);
}

static void send_reply(Session *session, const Reply *reply)
{
    tls_session_write(session->tls, reply->head->data, reply->head->len);
    tls_session_write(session->tls, reply->body->data, (size_t)reply->send_bytes);
    switch (reply->end) {
    case UPDATES_MODE_STALL:
        session->stalled = true;
        set_timer(session, UPDATES_STALL_NS);
        break;
    case UPDATES_MODE_RESET:
        session->stalled = true;
        session->breaking = true;
        set_timer(session, UPDATES_BREAK_NS);
        break;
    case UPDATES_MODE_TRUNCATE:
        finish(session);
        break;
    case UPDATES_MODE_NORMAL:
    case UPDATES_MODE_LIE_LENGTH:
    case UPDATES_MODE_STATUS:
    case UPDATES_MODE_LONGER:
    case UPDATES_MODES:
        if (reply->close) {
            finish(session);
        }
        break;
    }
}

static void reply_to(Session *session, const HttpRequest *request, const uint8_t *body)
{
    Updates *updates = session->updates;
    Reply reply = {.head = g_byte_array_new(), .body = g_byte_array_new()};
    answer(session, request, body, &reply);
    misbehave(updates, &reply);
    write_head(&reply);
    mutate(updates, &reply);
    if (reply.is_manifest) {
        tell_offer(session, reply.body->data);
    }
    RECORD(updates->settings.recorder, now(updates), session->client, EVENT_HTTP_RESPONSE,
           EVENT_INTEGER("status", reply.status), EVENT_INTEGER("bytes", reply.send_bytes),
           EVENT_INTEGER("session", session->number));
    if (reply.is_payload) {
        begin_download(session, &reply);
    }
    send_reply(session, &reply);
    g_byte_array_unref(reply.head);
    g_byte_array_unref(reply.body);
}

static void refuse(Session *session, unsigned status)
{
    Reply reply = {
        .status = status, .close = true, .head = g_byte_array_new(), .body = g_byte_array_new()};
    write_head(&reply);
    RECORD(session->updates->settings.recorder, now(session->updates), session->client,
           EVENT_HTTP_RESPONSE, EVENT_INTEGER("status", status), EVENT_INTEGER("bytes", 0),
           EVENT_INTEGER("session", session->number));
    send_reply(session, &reply);
    g_byte_array_unref(reply.head);
    g_byte_array_unref(reply.body);
}

static void tell_request(const Session *session, const HttpRequest *request)
{
    g_autofree char *range = request->has_range
                                 ? g_strdup_printf("%" G_GUINT64_FORMAT "-", request->range_from)
                                 : g_strdup("");
    RECORD(session->updates->settings.recorder, now(session->updates), session->client,
           EVENT_HTTP_REQUEST, EVENT_TEXT("method", request->method),
           EVENT_TEXT("path", request->path), EVENT_TEXT("range", range),
           EVENT_INTEGER("session", session->number));
}

/* Serves every whole request that has been read. */
static void serve_requests(Session *session)
{
    while (!session->over && !session->stalled && session->plain->len > 0) {
        HttpRequest request;
        HttpResult result = http_read(session->plain->data, session->plain->len, &request);
        if (result == HTTP_RESULT_MALFORMED) {
            end_download(session, false);
            refuse(session, 400);
            return;
        }
        if (result == HTTP_RESULT_WHOLE && request.body_bytes > CLOUD_REPORT_BYTES_MAX) {
            refuse(session, 413);
            return;
        }
        if (result == HTTP_RESULT_MORE ||
            session->plain->len < request.head_bytes + request.body_bytes) {
            return;
        }
        if (gateway_stream_waiting(session->stream) > UPDATES_WAITING_MAX) {
            session->over = true;
            end_download(session, false);
            gateway_stream_reset(session->stream);
            return;
        }
        end_download(session, true);
        tell_request(session, &request);
        reply_to(session, &request, session->plain->data + request.head_bytes);
        g_byte_array_remove_range(session->plain, 0,
                                  (guint)(request.head_bytes + request.body_bytes));
    }
}

static void send_cipher(const uint8_t *bytes, size_t count, void *user_data)
{
    const Session *session = user_data;
    gateway_stream_write(session->stream, bytes, count);
}

static void *updates_opened(GatewayStream *stream, void *user_data)
{
    Updates *updates = user_data;
    Session *session = g_new0(Session, 1);
    session->updates = updates;
    session->stream = stream;
    session->number = ++updates->sessions;
    session->plain = g_byte_array_new();
    session->client = updates->who_is(gateway_stream_client(stream), updates->user_data);
    session->tls = tls_session_new(updates->tls, session->client, send_cipher, session);
    set_timer(session, UPDATES_IDLE_NS);
    return session;
}

/* What comes after the end matters only for how it ends (U2). */
static void hear_out(Session *session, const uint8_t *bytes, size_t count)
{
    uint8_t plain[256];
    tls_session_input(session->tls, bytes, count);
    while (tls_session_read(session->tls, plain, sizeof plain) > 0) {
    }
    if (tls_session_state(session->tls) == TLS_STATE_CLOSED) {
        end_download(session, true);
    }
}

static void updates_received(void *user_data, const uint8_t *bytes, size_t count)
{
    Session *session = user_data;
    if (session->over) {
        hear_out(session, bytes, count);
        return;
    }
    bool shook = tls_session_state(session->tls) != TLS_STATE_HANDSHAKE;
    tls_session_input(session->tls, bytes, count);
    if (!shook && tls_session_state(session->tls) != TLS_STATE_HANDSHAKE) {
        tally_count(session->updates->certificate_tally, "shown");
    }
    uint8_t plain[2048];
    size_t read;
    while ((read = tls_session_read(session->tls, plain, sizeof plain)) > 0) {
        if (session->stalled) {
            continue; /* nobody will ever look at it */
        }
        g_byte_array_append(session->plain, plain, (guint)read);
        serve_requests(session);
        if (session->over) {
            return;
        }
    }
    TlsState state = tls_session_state(session->tls);
    if (state == TLS_STATE_CLOSED || state == TLS_STATE_FAILED) {
        end_download(session, state == TLS_STATE_CLOSED);
        finish(session);
    } else if (!session->stalled) {
        set_timer(session, UPDATES_IDLE_NS);
    }
}

static void updates_ended(void *user_data)
{
    Session *session = user_data;
    tls_session_cut(session->tls);
    if (!session->over) {
        end_download(session, false);
        finish(session);
    }
}

static void updates_closed(void *user_data)
{
    Session *session = user_data;
    tls_session_cut(session->tls);
    end_download(session, false);
    queue_remove(session->updates->queue, session->timer);
    tls_session_free(session->tls);
    g_byte_array_unref(session->plain);
    g_free(session);
}

const GatewayService UPDATES_SERVICE = {.opened = updates_opened,
                                        .received = updates_received,
                                        .ended = updates_ended,
                                        .closed = updates_closed};
