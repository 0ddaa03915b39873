/* SPDX-License-Identifier: MIT */

/*
 * Does the network do for a device what a home and the Internet do, the same every time?
 *
 * A fake device (lwIP and mbedTLS) stands in for the lock. Needs build/keys.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <glib.h>

#include "sim/base/digest.h"
#include "sim/world/frame.h"
#include "sim/world/network.h"
#include "tests/fakes/fake_client.h"
#include "vdevice/contract/cloud_api.h"
#include "vdevice/contract/image.h"

#define EPOCH_SECONDS UINT64_C(1767225600)
#define PAYLOAD_BYTES 300000u
#define REPLAYS       30u

typedef struct Fixture {
    Timeline timeline;
    WorldSettings settings;
    Prng root;
    Queue *queue;
    Recorder *recorder;
    Network *network;
    MintedDevice mint;
    unsigned port;
} Fixture;

static void send_to_network(const uint8_t *frame, size_t bytes, void *user_data)
{
    Fixture *fixture = user_data;
    network_send(fixture->network, fixture->port, frame, bytes);
}

static ImageFile *make_image(const char *name, uint32_t version)
{
    uint8_t *bytes = g_malloc(IMAGE_HEADER_BYTES + PAYLOAD_BYTES);
    Prng prng = prng_new(version);
    prng_fill(&prng, bytes, IMAGE_HEADER_BYTES + PAYLOAD_BYTES);
    ImageHeader header = {.magic = IMAGE_MAGIC,
                          .version = version,
                          .security_counter = 7,
                          .release_sequence = 9,
                          .payload_bytes = PAYLOAD_BYTES};
    memcpy(bytes, &header, sizeof header);
    ImageFile *image = g_new0(ImageFile, 1);
    image->name = g_strdup(name);
    image->bytes = g_bytes_new_take(bytes, IMAGE_HEADER_BYTES + PAYLOAD_BYTES);
    return image;
}

static void open_fixture(Fixture *fixture)
{
    memset(fixture, 0, sizeof *fixture);
    fixture->timeline.epoch_seconds = EPOCH_SECONDS;
    fixture->timeline.images = g_ptr_array_new();
    g_ptr_array_add(fixture->timeline.images, make_image("app-1.1.0", IMAGE_VERSION(1, 1, 0)));
    g_ptr_array_add(fixture->timeline.images, make_image("app-1.2.0", IMAGE_VERSION(1, 2, 0)));
    fixture->root = prng_new(42);
    fixture->queue = queue_new();
    fixture->recorder = recorder_new();
    g_autoptr(GError) error = NULL;
    fixture->network = network_new(&fixture->timeline, &fixture->settings, fixture->queue,
                                   fixture->recorder, &fixture->root, &error);
    if (fixture->network == NULL) {
        fail_msg("%s", error->message);
    }
    assert_true(mkdevice_mint(7, MINT_OPTIONS_DEFAULT, &fixture->mint, &error));
    fixture->port =
        network_attach(fixture->network, "lock", fixture->mint.mac, fake_client_input, NULL);
    FakeClientSettings settings = {.mint = &fixture->mint,
                                   .epoch_seconds = EPOCH_SECONDS,
                                   .queue = fixture->queue,
                                   .send = send_to_network,
                                   .user_data = fixture};
    fake_client_start(&settings, &fixture->root);
}

static void close_fixture(Fixture *fixture)
{
    g_autoptr(GError) error = NULL;
    fake_client_stop();
    assert_true(network_close(fixture->network, &error));
    network_free(fixture->network);
    recorder_free(fixture->recorder);
    queue_free(fixture->queue);
    for (guint i = 0; i < fixture->timeline.images->len; i++) {
        ImageFile *image = fixture->timeline.images->pdata[i];
        g_bytes_unref(image->bytes);
        g_free(image->name);
        g_free(image);
    }
    g_ptr_array_unref(fixture->timeline.images);
}

static void run_until(Fixture *fixture, VTime until)
{
    while (queue_next(fixture->queue) <= until && queue_pop(fixture->queue)) {
    }
}

/* Runs until the reply is there, or `longest` has passed. */
static const FakeClientReply *await_reply(Fixture *fixture, VTime longest)
{
    VTime until = queue_now(fixture->queue) + longest;
    const FakeClientReply *reply = fake_client_reply();
    while (reply->outcome == FAKE_CLIENT_NONE && queue_next(fixture->queue) <= until &&
           queue_pop(fixture->queue)) {
    }
    return reply;
}

static const FakeClientReply *get(Fixture *fixture, const char *path, unsigned from)
{
    g_autofree char *head = g_strdup_printf(
        "GET %s HTTP/1.1\r\nHost: %s\r\nRange: bytes=%u-\r\nConnection: close\r\n\r\n", path,
        CLOUD_HOST, from);
    fake_client_ask(CLOUD_HOST, head, NULL, 0);
    return await_reply(fixture, 120 * VTIME_S);
}

static unsigned count_events(const Fixture *fixture, EventKind kind)
{
    unsigned count = 0;
    const GPtrArray *events = recorder_events(fixture->recorder);
    for (guint i = 0; i < events->len; i++) {
        count += ((const Event *)events->pdata[i])->kind == kind;
    }
    return count;
}

static const Event *last_event(const Fixture *fixture, EventKind kind)
{
    const GPtrArray *events = recorder_events(fixture->recorder);
    for (guint i = events->len; i > 0; i--) {
        const Event *event = events->pdata[i - 1];
        if (event->kind == kind) {
            return event;
        }
    }
    fail_msg("no event %s", event_kind_name(kind));
    return NULL;
}

/* --- Actions, as a plan would hold them --- */

static void add_text(Action *action, const char *key, const char *text)
{
    Argument *argument = g_new0(Argument, 1);
    argument->key = key;
    argument->kind = ARGUMENT_TEXT;
    argument->text = g_strdup(text);
    g_ptr_array_add(action->arguments, argument);
}

static void add_number(Action *action, const char *key, int64_t number)
{
    Argument *argument = g_new0(Argument, 1);
    argument->key = key;
    argument->kind = ARGUMENT_INTEGER;
    argument->integer = number;
    g_ptr_array_add(action->arguments, argument);
}

static void add_ratio(Action *action, const char *key, uint32_t numerator, uint32_t denominator)
{
    Argument *argument = g_new0(Argument, 1);
    argument->key = key;
    argument->kind = ARGUMENT_RATIO;
    argument->ratio = (Ratio){numerator, denominator};
    g_ptr_array_add(action->arguments, argument);
}

static void act(Fixture *fixture, Action *action)
{
    g_autoptr(GError) error = NULL;
    assert_true(network_knows(action->verb));
    if (!network_act(fixture->network, action, &error)) {
        fail_msg("%s", error->message);
    }
    plan_action_free(action);
}

static void serve(Fixture *fixture, const char *image)
{
    Action *action = plan_action_new(VERB_SERVE, "lock");
    add_text(action, "image", image);
    act(fixture, action);
}

static void behave(Fixture *fixture, const char *mode, int64_t after_bytes, int64_t times)
{
    Action *action = plan_action_new(VERB_SERVER_BEHAVES, "lock");
    action->number = 5;
    add_text(action, "mode", mode);
    add_text(action, "path", "image");
    add_number(action, "after_bytes", after_bytes);
    add_number(action, "status", 503);
    add_number(action, "times", times);
    act(fixture, action);
}

static void show_certificate(Fixture *fixture, const char *which)
{
    Action *action = plan_action_new(VERB_SERVER_CERTIFICATE, "lock");
    add_text(action, "which", which);
    act(fixture, action);
}

static void set_dns(Fixture *fixture, const char *mode)
{
    Action *action = plan_action_new(VERB_DNS_BEHAVES, "lock");
    add_text(action, "mode", mode);
    act(fixture, action);
}

static void assert_is_payload(const Fixture *fixture, const FakeClientReply *reply, unsigned image,
                              size_t from)
{
    const ImageFile *file = fixture->timeline.images->pdata[image];
    const uint8_t *bytes = g_bytes_get_data(file->bytes, NULL);
    assert_int_equal(reply->bytes->len - reply->body_from, PAYLOAD_BYTES - from);
    assert_memory_equal(reply->bytes->data + reply->body_from, bytes + IMAGE_HEADER_BYTES + from,
                        PAYLOAD_BYTES - from);
}

/* --- Tests --- */

static void test_network__gives_a_device_an_address_a_name_server_and_the_time(void **state)
{
    (void)state;
    Fixture fixture;
    open_fixture(&fixture);
    run_until(&fixture, 20 * VTIME_S);
    assert_true(fake_client_has_address());
    assert_string_equal(event_text(last_event(&fixture, EVENT_DEVICE_ADDRESS), "ip"),
                        "192.168.77.20");
    assert_string_equal(last_event(&fixture, EVENT_DEVICE_ADDRESS)->source, "lock");
    fake_client_ask_time(CLOUD_NTP_HOST);
    run_until(&fixture, 25 * VTIME_S);
    uint32_t asked = (uint32_t)(EPOCH_SECONDS + UINT64_C(2208988800));
    assert_in_range(fake_client_time(), asked + 15, asked + 25);
    assert_string_equal(event_text(last_event(&fixture, EVENT_DNS_ASKED), "answer"),
                        "192.168.77.3");
    close_fixture(&fixture);
}

static void test_network__serves_manifest_image_and_report(void **state)
{
    (void)state;
    Fixture fixture;
    open_fixture(&fixture);
    run_until(&fixture, 20 * VTIME_S);
    const FakeClientReply *reply = get(&fixture, CLOUD_PATH_MANIFEST, 0);
    assert_int_equal(reply->outcome, FAKE_CLIENT_DONE);
    assert_int_equal(reply->status, 204);

    serve(&fixture, "app-1.1.0");
    reply = get(&fixture, CLOUD_PATH_MANIFEST, 0);
    assert_int_equal(reply->status, 200);
    assert_int_equal(reply->bytes->len - reply->body_from, IMAGE_HEADER_BYTES);
    const Event *offered = last_event(&fixture, EVENT_UPDATE_OFFERED);
    assert_string_equal(event_text(offered, "version"), "1.1.0");
    assert_int_equal(event_integer(offered, "sequence", 0), 9);

    reply = get(&fixture, CLOUD_PATH_IMAGE, 0);
    assert_int_equal(reply->status, 206);
    assert_is_payload(&fixture, reply, 0, 0);
    reply = get(&fixture, CLOUD_PATH_IMAGE, 123456);
    assert_int_equal(reply->status, 206);
    assert_is_payload(&fixture, reply, 0, 123456);
    run_until(&fixture, queue_now(fixture.queue) + VTIME_S);
    assert_true(event_integer(last_event(&fixture, EVENT_DOWNLOAD_FINISHED), "complete", 0));
    reply = get(&fixture, CLOUD_PATH_IMAGE, PAYLOAD_BYTES);
    assert_int_equal(reply->status, 416);

    static const char json[] =
        "{\"device\":\"00112233445566778899aabbccddeeff\",\"sequence\":3,\"time\":1767225700,"
        "\"version\":\"1.0.0\",\"slot\":\"A\",\"boot\":\"confirmed\",\"reset\":\"power_on\","
        "\"bolt\":\"locked\",\"update\":\"none\",\"status\":\"00000739\"}";
    g_autofree char *head =
        g_strdup_printf("POST %s HTTP/1.1\r\nHost: h\r\nContent-Length: %zu\r\n\r\n",
                        CLOUD_PATH_REPORT, sizeof json - 1);
    fake_client_ask(CLOUD_HOST, head, json, sizeof json - 1);
    reply = await_reply(&fixture, 60 * VTIME_S);
    assert_int_equal(reply->status, 204);
    const Event *report = last_event(&fixture, EVENT_REPORT_RECEIVED);
    assert_true(event_integer(report, "parsed", 0));
    assert_string_equal(event_text(report, "bolt"), "locked");
    assert_string_equal(report->source, "lock");
    const Event *handshake = last_event(&fixture, EVENT_TLS_HANDSHAKE);
    assert_string_equal(event_text(handshake, "outcome"), "completed");
    assert_string_equal(event_text(handshake, "version"), "TLSv1.3");
    assert_string_equal(event_text(handshake, "client_id"), fixture.mint.id_hex);
    close_fixture(&fixture);
}

static void test_network__shows_bad_certificates_that_a_client_refuses(void **state)
{
    (void)state;
    static const char *const bad[] = {"expired", "not_yet_valid", "wrong_name", "wrong_ca"};
    Fixture fixture;
    open_fixture(&fixture);
    run_until(&fixture, 20 * VTIME_S);
    for (unsigned i = 0; i < G_N_ELEMENTS(bad); i++) {
        show_certificate(&fixture, bad[i]);
        const FakeClientReply *reply = get(&fixture, CLOUD_PATH_MANIFEST, 0);
        assert_int_equal(reply->outcome, FAKE_CLIENT_NO_TRUST);
        run_until(&fixture, queue_now(fixture.queue) + VTIME_S);
        const Event *handshake = last_event(&fixture, EVENT_TLS_HANDSHAKE);
        assert_string_equal(event_text(handshake, "outcome"), "refused_by_client");
        assert_true(event_integer(handshake, "alert", 0) > 0);
    }
    show_certificate(&fixture, "good");
    assert_int_equal(get(&fixture, CLOUD_PATH_MANIFEST, 0)->outcome, FAKE_CLIENT_DONE);
    close_fixture(&fixture);
}

static void test_network__misbehaves_as_told(void **state)
{
    (void)state;
    Fixture fixture;
    open_fixture(&fixture);
    run_until(&fixture, 20 * VTIME_S);
    serve(&fixture, "app-1.1.0");

    behave(&fixture, "reset", 100000, 1);
    const FakeClientReply *reply = get(&fixture, CLOUD_PATH_IMAGE, 0);
    assert_int_equal(reply->outcome, FAKE_CLIENT_RESET);
    assert_int_equal(reply->bytes->len - reply->body_from, 100000);
    assert_int_equal(count_events(&fixture, EVENT_SERVER_FAULT), 1);
    assert_int_equal(count_events(&fixture, EVENT_FAULT_TOOK_EFFECT), 1);
    assert_int_equal(count_events(&fixture, EVENT_FAULT_ENDED), 1);
    assert_is_payload(&fixture, get(&fixture, CLOUD_PATH_IMAGE, 0), 0, 0);

    behave(&fixture, "truncate", 50000, 1);
    reply = get(&fixture, CLOUD_PATH_IMAGE, 0);
    assert_int_equal(reply->outcome, FAKE_CLIENT_TRUNCATED);
    assert_int_equal(reply->bytes->len - reply->body_from, 50000);

    behave(&fixture, "stall", 20000, 1);
    reply = get(&fixture, CLOUD_PATH_IMAGE, 0);
    assert_int_equal(reply->outcome, FAKE_CLIENT_NONE);
    assert_int_equal(reply->bytes->len - reply->body_from, 20000);

    behave(&fixture, "lie_length", 0, 1);
    reply = get(&fixture, CLOUD_PATH_IMAGE, 0);
    assert_int_equal(reply->outcome, FAKE_CLIENT_TRUNCATED); /* the session ends short of the lie */
    assert_int_equal(reply->bytes->len - reply->body_from, PAYLOAD_BYTES);

    behave(&fixture, "status", 0, 0);
    assert_int_equal(get(&fixture, CLOUD_PATH_IMAGE, 0)->status, 503);
    assert_int_equal(get(&fixture, CLOUD_PATH_IMAGE, 0)->status, 503);
    assert_int_equal(get(&fixture, CLOUD_PATH_MANIFEST, 0)->status, 200);
    close_fixture(&fixture);
}

static void test_network__answers_names_as_told(void **state)
{
    (void)state;
    Fixture fixture;
    open_fixture(&fixture);
    run_until(&fixture,
              400 * VTIME_S); /* what lwIP learned in an earlier test is forgotten by now */
    set_dns(&fixture, "nxdomain");
    assert_int_equal(get(&fixture, CLOUD_PATH_MANIFEST, 0)->outcome, FAKE_CLIENT_NO_NAME);
    set_dns(&fixture, "silent");
    assert_int_equal(get(&fixture, CLOUD_PATH_MANIFEST, 0)->outcome, FAKE_CLIENT_NO_NAME);
    set_dns(&fixture, "spoof");
    assert_int_equal(get(&fixture, CLOUD_PATH_MANIFEST, 0)->outcome, FAKE_CLIENT_NO_TRUST);
    run_until(&fixture, queue_now(fixture.queue) + VTIME_S);
    assert_string_equal(event_text(last_event(&fixture, EVENT_TLS_HANDSHAKE), "peer"), "impostor");
    run_until(&fixture, queue_now(fixture.queue) + 400 * VTIME_S); /* and so is the lie */
    close_fixture(&fixture);
}

static void test_network__mutates_as_many_replies_as_told(void **state)
{
    (void)state;
    Fixture fixture;
    open_fixture(&fixture);
    run_until(&fixture, 20 * VTIME_S);
    serve(&fixture, "app-1.1.0");
    const ImageFile *file = fixture.timeline.images->pdata[0];
    Action *action = plan_action_new(VERB_MUTATE_OFFERS, "lock");
    action->number = 8;
    add_number(action, "count", 3);
    add_text(action, "of", "header");
    act(&fixture, action);
    for (unsigned i = 0; i < 5; i++) {
        const FakeClientReply *reply = get(&fixture, CLOUD_PATH_MANIFEST, 0);
        assert_int_equal(reply->outcome, FAKE_CLIENT_DONE);
        bool same = memcmp(reply->bytes->data + reply->body_from,
                           g_bytes_get_data(file->bytes, NULL), IMAGE_HEADER_BYTES) == 0;
        assert_int_equal(same, i >= 3);
    }
    assert_int_equal(event_integer(last_event(&fixture, EVENT_FAULT_ENDED), "count", 0), 3);
    close_fixture(&fixture);
}

static void test_network__lets_the_attacker_pretend_to_be_the_router_for_a_while(void **state)
{
    (void)state;
    Fixture fixture;
    open_fixture(&fixture);
    run_until(&fixture, 20 * VTIME_S);
    assert_int_equal(get(&fixture, CLOUD_PATH_MANIFEST, 0)->outcome, FAKE_CLIENT_DONE);
    Action *action = plan_action_new(VERB_SPOOF_ROUTER, "lock");
    action->number = 3;
    add_number(action, "for", 100 * VTIME_S);
    act(&fixture, action);
    run_until(&fixture, queue_now(fixture.queue) + VTIME_S);
    fake_client_ask(CLOUD_HOST, "GET / HTTP/1.1\r\nHost: h\r\n\r\n", NULL, 0);
    assert_int_not_equal(await_reply(&fixture, 60 * VTIME_S)->outcome, FAKE_CLIENT_DONE);
    assert_int_equal(count_events(&fixture, EVENT_FAULT_TOOK_EFFECT), 1);
    run_until(&fixture, queue_now(fixture.queue) + 400 * VTIME_S); /* the lie is forgotten */
    assert_int_equal(get(&fixture, CLOUD_PATH_MANIFEST, 0)->outcome, FAKE_CLIENT_DONE);
    close_fixture(&fixture);
}

static void test_network__pings_through_malformed_frames(void **state)
{
    (void)state;
    static const char *const layers[] = {"ethernet", "arp", "ip", "udp", "tcp", "dhcp", "dns"};
    Fixture fixture;
    open_fixture(&fixture);
    run_until(&fixture, 20 * VTIME_S);
    for (unsigned i = 0; i < G_N_ELEMENTS(layers); i++) {
        Action *action = plan_action_new(VERB_SEND_MALFORMED, "lock");
        action->number = 20 + i;
        add_text(action, "layer", layers[i]);
        add_number(action, "count", 200);
        add_number(action, "spacing", VTIME_MS);
        act(&fixture, action);
        run_until(&fixture, queue_now(fixture.queue) + VTIME_S);
        action = plan_action_new(VERB_PING, "lock");
        add_number(action, "count", 1);
        Action *ping = action;
        g_autoptr(GError) error = NULL;
        assert_true(network_act(fixture.network, ping, &error));
        run_until(&fixture, queue_now(fixture.queue) + 2 * VTIME_S);
        plan_action_free(ping);
    }
    assert_int_equal(count_events(&fixture, EVENT_MALFORMED_SENT), G_N_ELEMENTS(layers));
    assert_int_equal(count_events(&fixture, EVENT_PING_ANSWERED), G_N_ELEMENTS(layers));
    assert_int_equal(count_events(&fixture, EVENT_PING_LOST), 0);
    close_fixture(&fixture);
}

/* What tshark says of the capture so far, filtered, one field a line. */
static char *ask_tshark(const Fixture *fixture, const char *filter, const char *field)
{
    const GByteArray *capture = recorder_artefact(fixture->recorder, RECORDER_PCAPNG);
    g_autofree char *path = NULL;
    g_autoptr(GError) error = NULL;
    int fd = g_file_open_tmp(NULL, &path, &error);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, capture->data, capture->len), capture->len);
    close(fd);
    const char *arguments[] = {"tshark", "-n",     "-r", path,  "-Y", filter,
                               "-T",     "fields", "-e", field, NULL};
    char *text = NULL;
    int status = -1;
    gboolean ran = g_spawn_sync(NULL, (char **)(uintptr_t)arguments, NULL,
                                G_SPAWN_SEARCH_PATH | G_SPAWN_STDERR_TO_DEV_NULL, NULL, NULL, &text,
                                NULL, &status, &error);
    unlink(path);
    if (!ran) {
        fail_msg("%s", error->message);
    }
    assert_int_equal(status, 0);
    return text;
}

static void test_network__writes_a_capture_that_tshark_reads_and_decrypts(void **state)
{
    (void)state;
    Fixture fixture;
    open_fixture(&fixture);
    run_until(&fixture, 20 * VTIME_S);
    serve(&fixture, "app-1.1.0");
    Action *action = plan_action_new(VERB_FAULT_FRAME, "lock");
    add_number(action, "frame", 30);
    add_text(action, "kind", "lose");
    add_number(action, "for", 0);
    act(&fixture, action);
    assert_int_equal(get(&fixture, CLOUD_PATH_IMAGE, 0)->outcome, FAKE_CLIENT_DONE);

    g_autofree char *requests = ask_tshark(&fixture, "http.request", "http.request.uri");
    assert_string_equal(requests, "/v1/image\n");
    g_autofree char *lengths = ask_tshark(&fixture, "http.response", "http.content_length");
    assert_string_equal(lengths, "300000\n");
    g_autofree char *comments = ask_tshark(&fixture, "frame.comment", "frame.comment");
    assert_non_null(strstr(comments, "lost: fault"));
    g_autofree char *names = ask_tshark(&fixture, "dhcp.option.dhcp == 5", "frame.interface_name");
    assert_string_equal(names, "uplink\n");
    g_autofree char *times = ask_tshark(&fixture, "tcp.flags.syn == 1", "frame.time_epoch");
    assert_true(g_str_has_prefix(times, "17672256"));
    close_fixture(&fixture);
}

/* The first segment of a connection from `port`, straight from a device that has gone mad. */
static void send_first_segment(Fixture *fixture, uint16_t port)
{
    uint8_t segment[FRAME_TCP_BYTES] = {0};
    uint8_t frame[FRAME_BYTES_MAX];
    FrameStation device = {.address = NETWORK_LEASES};
    FrameStation router = {{{0x52, 0x55}}, NETWORK_UPDATES};
    frame_put32(router.mac.bytes + 2, NETWORK_ROUTER);
    memcpy(device.mac.bytes, fixture->mint.mac, FRAME_MAC_BYTES);
    frame_put16(segment, port);
    frame_put16(segment + 2, CLOUD_PORT);
    segment[12] = 0x50;
    segment[13] = 0x02;
    frame_put16(segment + 14, 1000);
    uint32_t pseudo =
        frame_pseudo_sum(device.address, router.address, FRAME_PROTOCOL_TCP, sizeof segment);
    frame_put16(segment + 16, frame_checksum(segment, sizeof segment, pseudo));
    size_t bytes =
        frame_write_ipv4(frame, device, router, FRAME_PROTOCOL_TCP, segment, sizeof segment);
    network_send(fixture->network, fixture->port, frame, bytes);
}

static void test_network__survives_a_flood_of_connections(void **state)
{
    (void)state;
    Fixture fixture;
    open_fixture(&fixture);
    run_until(&fixture, 20 * VTIME_S);
    for (unsigned i = 0; i < 5000; i++) {
        send_first_segment(&fixture, (uint16_t)(10000 + i));
    }
    run_until(&fixture, queue_now(fixture.queue) + 200 * VTIME_S);
    assert_int_equal(get(&fixture, CLOUD_PATH_MANIFEST, 0)->outcome, FAKE_CLIENT_DONE);
    close_fixture(&fixture);
}

static void fault_frame(Fixture *fixture, int64_t frame, const char *kind)
{
    Action *action = plan_action_new(VERB_FAULT_FRAME, "lock");
    action->number = (uint32_t)frame;
    add_number(action, "frame", frame);
    add_text(action, "kind", kind);
    add_number(action, "for", 300 * VTIME_MS);
    act(fixture, action);
}

/* Every frame of a short conversation, one after the other, suffers everything. */
static void test_network__carries_a_session_whatever_befalls_one_frame(void **state)
{
    (void)state;
    static const char *const kinds[] = {"lose", "corrupt", "duplicate", "delay", "hold"};
    Fixture fixture;
    open_fixture(&fixture);
    run_until(&fixture, 400 * VTIME_S);
    serve(&fixture, "app-1.1.0");
    int64_t frame =
        20; /* the conversation so far was shorter; each of these falls into a later one */
    for (unsigned i = 0; i < 60; i++) {
        fault_frame(&fixture, frame + 7 * i, kinds[i % G_N_ELEMENTS(kinds)]);
    }
    for (unsigned i = 0; i < 40; i++) {
        const FakeClientReply *reply = get(&fixture, CLOUD_PATH_MANIFEST, 0);
        if (reply->outcome == FAKE_CLIENT_DONE) {
            assert_int_equal(reply->bytes->len - reply->body_from, IMAGE_HEADER_BYTES);
        }
        run_until(&fixture, queue_now(fixture.queue) + 70 * VTIME_S);
    }
    assert_int_equal(count_events(&fixture, EVENT_FAULT_TOOK_EFFECT), 60);
    assert_int_equal(get(&fixture, CLOUD_PATH_MANIFEST, 0)->outcome, FAKE_CLIENT_DONE);
    close_fixture(&fixture);
}

/* A download over a bad line; the digest of everything that was seen. */
static Digest bad_download(void)
{
    Fixture fixture;
    open_fixture(&fixture);
    Action *link = plan_action_new(VERB_SET_LINK, "lock");
    link->given = true;
    add_text(link, "link", "uplink");
    add_number(link, "delay", 20 * VTIME_MS);
    add_number(link, "jitter", 5 * VTIME_MS);
    add_ratio(link, "loss", 1, 100);
    add_ratio(link, "duplication", 1, 100);
    add_ratio(link, "reordering", 1, 100);
    add_ratio(link, "corruption", 1, 200);
    add_number(link, "rate", 1000000);
    g_autoptr(GError) error = NULL;
    assert_true(network_act(fixture.network, link, &error));
    run_until(&fixture, 40 * VTIME_S);
    serve(&fixture, "app-1.1.0");
    const FakeClientReply *reply = get(&fixture, CLOUD_PATH_IMAGE, 0);
    assert_int_equal(reply->outcome, FAKE_CLIENT_DONE);
    assert_is_payload(&fixture, reply, 0, 0);
    run_until(&fixture, queue_now(fixture.queue) + 100 * VTIME_S);
    Digest head = recorder_chain_head(fixture.recorder);
    const GByteArray *capture = recorder_artefact(fixture.recorder, RECORDER_PCAPNG);
    Digest digest = digest_chain(&head, capture->data, capture->len);
    const char *path = g_getenv("LOCKSTEP_TEST_CAPTURE");
    if (path != NULL) {
        assert_true(g_file_set_contents(path, (const char *)capture->data, capture->len, &error));
    }
    close_fixture(&fixture);
    plan_action_free(link);
    return digest;
}

/* In a process of its own, since lwIP's state cannot be had anew. */
static Digest bad_download_in_child(void)
{
    int ends[2];
    Digest digest;
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        digest = bad_download();
        _exit(write(ends[1], &digest, sizeof digest) == sizeof digest ? 0 : 1);
    }
    close(ends[1]);
    assert_int_equal(read(ends[0], &digest, sizeof digest), sizeof digest);
    close(ends[0]);
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    return digest;
}

static void test_network__repeats_itself(void **state)
{
    (void)state;
    Digest first = bad_download_in_child();
    for (unsigned i = 1; i < REPLAYS; i++) {
        Digest again = bad_download_in_child();
        assert_true(digest_is_equal(&first, &again));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_network__repeats_itself),
        cmocka_unit_test(test_network__gives_a_device_an_address_a_name_server_and_the_time),
        cmocka_unit_test(test_network__serves_manifest_image_and_report),
        cmocka_unit_test(test_network__shows_bad_certificates_that_a_client_refuses),
        cmocka_unit_test(test_network__misbehaves_as_told),
        cmocka_unit_test(test_network__answers_names_as_told),
        cmocka_unit_test(test_network__mutates_as_many_replies_as_told),
        cmocka_unit_test(test_network__lets_the_attacker_pretend_to_be_the_router_for_a_while),
        cmocka_unit_test(test_network__pings_through_malformed_frames),
        cmocka_unit_test(test_network__survives_a_flood_of_connections),
        cmocka_unit_test(test_network__writes_a_capture_that_tshark_reads_and_decrypts),
        cmocka_unit_test(test_network__carries_a_session_whatever_befalls_one_frame),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
