/* SPDX-License-Identifier: MIT */
#include "vdevice/firmware/app/session.h"

#include "vdevice/contract/cloud_api.h"
#include "vdevice/firmware/app/exchange.h"
#include "vdevice/firmware/app/net_port.h"
#include "vdevice/firmware/app/sntp.h"
#include "vdevice/firmware/app/supervisor.h"
#include "vdevice/firmware/app/tls_port.h"
#include "vdevice/firmware/core/backoff.h"

/*
 * S1  In every state but IDLE, `limit_us` is set, and passing it leads to `session_fail`.
 * S2  The only way back to IDLE is through CLOSE, which takes down whatever stands; so nothing is
 * left connected while the session is idle. S3  The time is asked for anew after every failed
 * session: a wrong answer that made certificates look invalid is not believed for longer than one
 * back-off. It is kept for good (in the store) only after a session with it has gone well. S4
 * Whatever many locks see at one moment (the cable, the router, the power coming back) is answered
 * at a random moment, never at once.
 */

#define SECOND_US                  1000000u
#define SESSION_START_US_MAX       (4u * SECOND_US)
#define SESSION_ADDRESS_LIMIT_US   (30u * SECOND_US)
#define SESSION_NAME_LIMIT_US      (12u * SECOND_US)
#define SESSION_TIME_RETRY_US      (2u * SECOND_US)
#define SESSION_TIME_LIMIT_US      (7u * SECOND_US)
#define SESSION_CONNECT_LIMIT_US   (10u * SECOND_US)
#define SESSION_HANDSHAKE_LIMIT_US (15u * SECOND_US)
#define SESSION_IDLE_LIMIT_US      (20u * SECOND_US)
#define SESSION_EXCHANGE_LIMIT_US  (UINT64_C(1800) * SECOND_US)
#define SESSION_CLOSE_LIMIT_US     (2u * SECOND_US)
#define SESSION_TIME_GOOD_US       (UINT64_C(86400) * SECOND_US)

typedef enum SessionState {
    SESSION_IDLE,
    SESSION_ADDRESS,
    SESSION_TIME_NAME,
    SESSION_TIME_ASK,
    SESSION_NAME,
    SESSION_CONNECT,
    SESSION_HANDSHAKE,
    SESSION_EXCHANGE,
    SESSION_CLOSE,
} SessionState;

typedef struct Session {
    SessionState state;
    uint64_t limit_us; /* of the state */
    uint64_t next_us; /* IDLE: of the next session; ADDRESS: to go on, if there is one; TIME_ASK: to
                         ask again */
    Status tls;
    Status outcome; /* of the session that CLOSE is ending */
    Backoff backoff;
    bool time_good;
    uint64_t time_taken_us;
    bool link_was_up;
    uint64_t exchange_end_us; /* EXCHANGE: however much moves, it is over then */
    uint8_t nonce[SNTP_NONCE_BYTES];
} Session;

static Session session;

static uint32_t session_random(void)
{
    return net_port_random();
}

static void session_enter(SessionState state, uint64_t limit, uint64_t now_us)
{
    session.state = state;
    session.limit_us = now_us + limit;
}

/* Takes everything down; keeps S2. */
static void session_end(Status outcome, uint64_t now_us)
{
    session.outcome = outcome;
    if (!status_is_ok(outcome)) {
        supervisor_update_pause();
        supervisor_note(outcome);
        session.time_good = false; /* keeps S3 */
    }
    net_port_datagram_close();
    tls_port_close();
    net_port_close();
    session_enter(SESSION_CLOSE, SESSION_CLOSE_LIMIT_US, now_us);
}

static void session_fail(StatusCode status, uint64_t now_us)
{
    session_end(status_error(status), now_us);
}

static bool session_late(uint64_t now_us)
{
    return now_us >= session.limit_us;
}

/* IDLE */

static void session_poll_link(uint64_t now_us)
{
    bool up = net_port_link_is_up();
    if (up && !session.link_was_up && session.backoff.last_ms != 0) {
        Backoff first = {0};
        uint64_t soon_us = now_us + UINT64_C(1000) * backoff_next_ms(&first, session_random());
        session.next_us = soon_us < session.next_us ? soon_us : session.next_us;
    }
    session.link_was_up = up;
}

static bool session_poll_idle(uint64_t now_us)
{
    session_poll_link(now_us);
    if (now_us < session.next_us) {
        return false;
    }
    uint32_t probe;
    Status random = supervisor_random(&probe, sizeof(probe));
    if (!status_is_ok(random) || !status_is_ok(session.tls)) {
        session_end(status_is_ok(random) ? session.tls : random, now_us);
        return true;
    }
    if (!net_port_link_is_up()) {
        session_fail(STATUS_NE_LINK, now_us);
        return true;
    }
    session_enter(SESSION_ADDRESS, SESSION_ADDRESS_LIMIT_US, now_us);
    session.next_us = net_port_has_address() ? now_us : SUPERVISOR_NEVER;
    return true;
}

/* ADDRESS to NAME */

static void session_ask_name(uint64_t now_us)
{
    net_port_resolve(CLOUD_HOST);
    session_enter(SESSION_NAME, SESSION_NAME_LIMIT_US, now_us);
}

/* A random moment within the next few seconds. */
static uint64_t session_soon(uint64_t now_us)
{
    return now_us + (((uint64_t)session_random() * SESSION_START_US_MAX) >> 32);
}

static void session_leave_address(uint64_t now_us)
{
    net_port_set_active(true, now_us);
    if (session.time_good && now_us - session.time_taken_us < SESSION_TIME_GOOD_US) {
        session_ask_name(now_us);
    } else {
        net_port_resolve(CLOUD_NTP_HOST);
        session_enter(SESSION_TIME_NAME, SESSION_NAME_LIMIT_US, now_us);
    }
}

static bool session_poll_address(uint64_t now_us)
{
    bool has_address = net_port_has_address();
    if (!has_address) {
        session.next_us = SUPERVISOR_NEVER; /* there may have been one, until the cable went */
    } else if (session.next_us == SUPERVISOR_NEVER) {
        session.next_us = session_soon(now_us); /* keeps S5 */
    }
    if (has_address && now_us >= session.next_us) {
        session_leave_address(now_us);
        return true;
    }
    if (session_late(now_us)) {
        session_fail(net_port_link_is_up() ? STATUS_NE_ADDRESS : STATUS_NE_LINK, now_us);
        return true;
    }
    return false;
}

/* No answer about the time: go on with our own clock if it was ever set. */
static void session_without_time(uint64_t now_us)
{
    uint64_t seconds;
    net_port_datagram_close();
    if (!status_is_ok(supervisor_time(&seconds))) {
        session_fail(STATUS_NE_TIME, now_us);
        return;
    }
    supervisor_note(status_error(STATUS_NE_TIME));
    session_ask_name(now_us);
}

static bool session_send_time(uint64_t now_us)
{
    uint8_t packet[SNTP_PACKET_BYTES];
    if (!status_is_ok(supervisor_random(session.nonce, sizeof(session.nonce)))) {
        return false;
    }
    sntp_ask(session.nonce, packet);
    session.next_us = now_us + SESSION_TIME_RETRY_US;
    return net_port_datagram_send(packet, sizeof(packet));
}

static bool session_poll_time_name(uint64_t now_us)
{
    NetPortAddress address = 0;
    NetPortName name = net_port_resolved(&address);
    if (name == NET_PORT_NAME_FOUND && net_port_datagram_open(address, CLOUD_NTP_PORT) &&
        session_send_time(now_us)) {
        session_enter(SESSION_TIME_ASK, SESSION_TIME_LIMIT_US, now_us);
        return true;
    }
    if (name != NET_PORT_NAME_WAITING || session_late(now_us)) {
        session_fail(STATUS_NE_NAME, now_us);
        return true;
    }
    return false;
}

static Status session_take_time(void)
{
    uint8_t packet[SNTP_PACKET_BYTES];
    uint64_t seconds;
    size_t bytes = net_port_datagram_receive(packet, sizeof(packet));
    TRY(sntp_judge(packet, bytes, session.nonce, &seconds));
    return supervisor_set_time(seconds);
}

static bool session_poll_time_ask(uint64_t now_us)
{
    if (status_is_ok(session_take_time())) {
        net_port_datagram_close();
        session.time_good = true;
        session.time_taken_us = now_us;
        supervisor_show_progress(PROGRESS_APP_NETWORK_UP);
        session_ask_name(now_us);
        return true;
    }
    if (session_late(now_us)) {
        session_without_time(now_us);
        return true;
    }
    if (now_us >= session.next_us) {
        (void)session_send_time(now_us);
    }
    return false;
}

static bool session_poll_name(uint64_t now_us)
{
    NetPortAddress address = 0;
    NetPortName name = net_port_resolved(&address);
    if (name == NET_PORT_NAME_FOUND) {
        supervisor_set_connected(true);
        net_port_connect(address, CLOUD_PORT);
        session_enter(SESSION_CONNECT, SESSION_CONNECT_LIMIT_US, now_us);
        return true;
    }
    if (name == NET_PORT_NAME_ABSENT || session_late(now_us)) {
        session_fail(STATUS_NE_NAME, now_us);
        return true;
    }
    return false;
}

/* CONNECT to CLOSE */

static bool session_poll_connect(uint64_t now_us)
{
    NetPortStream stream = net_port_stream();
    if (stream == NET_PORT_STREAM_OPEN) {
        Status status = tls_port_open(CLOUD_HOST);
        if (!status_is_ok(status)) {
            session_end(status, now_us);
        } else {
            session_enter(SESSION_HANDSHAKE, SESSION_HANDSHAKE_LIMIT_US, now_us);
        }
        return true;
    }
    if (stream != NET_PORT_STREAM_CONNECTING || session_late(now_us)) {
        session_fail(STATUS_NE_CONNECT, now_us);
        return true;
    }
    return false;
}

static bool session_poll_handshake(uint64_t now_us)
{
    Status status = status_ok();
    TlsPortStep step = tls_port_handshake(&status);
    if (step == TLS_PORT_STEP_DONE) {
        exchange_start();
        session.exchange_end_us = now_us + SESSION_EXCHANGE_LIMIT_US;
        session_enter(SESSION_EXCHANGE, SESSION_IDLE_LIMIT_US, now_us);
        return true;
    }
    if (step == TLS_PORT_STEP_FAILED) {
        session_end(status, now_us);
        return true;
    }
    if (session_late(now_us)) {
        session_fail(STATUS_NE_TIMEOUT, now_us);
        return true;
    }
    return step == TLS_PORT_STEP_AGAIN;
}

static bool session_poll_exchange(uint64_t now_us)
{
    Status status = status_ok();
    ExchangeStep step = exchange_poll(&status);
    if (step == EXCHANGE_STEP_AGAIN && now_us < session.exchange_end_us) {
        session.limit_us = now_us + SESSION_IDLE_LIMIT_US;
        return true;
    }
    if (step == EXCHANGE_STEP_WAITING && !session_late(now_us)) {
        return false;
    }
    bool ended = step == EXCHANGE_STEP_DONE || step == EXCHANGE_STEP_FAILED;
    session_end(ended ? status : status_error(STATUS_NE_TIMEOUT), now_us);
    return true;
}

static bool session_poll_close(uint64_t now_us)
{
    if (!net_port_is_flushed() && !session_late(now_us)) {
        return false;
    }
    uint32_t wait_ms;
    if (status_is_ok(session.outcome)) {
        backoff_reset(&session.backoff);
        wait_ms = backoff_jitter_ms(CLOUD_CHECK_SECONDS * 1000u, session_random());
    } else {
        wait_ms = backoff_next_ms(&session.backoff, session_random());
    }
    net_port_set_active(false, now_us);
    supervisor_set_connected(false);
    session.link_was_up = net_port_link_is_up();
    session.next_us = now_us + UINT64_C(1000) * wait_ms;
    session.state = SESSION_IDLE;
    return false;
}

void session_start(Status tls, uint64_t now_us)
{
    session = (Session){
        .state = SESSION_IDLE,
        .tls = tls,
        .outcome = status_ok(),
        .next_us = session_soon(now_us),
        .link_was_up = net_port_link_is_up(),
    };
}

bool session_poll(uint64_t now_us)
{
    switch (session.state) {
    case SESSION_IDLE:
        return session_poll_idle(now_us);
    case SESSION_ADDRESS:
        return session_poll_address(now_us);
    case SESSION_TIME_NAME:
        return session_poll_time_name(now_us);
    case SESSION_TIME_ASK:
        return session_poll_time_ask(now_us);
    case SESSION_NAME:
        return session_poll_name(now_us);
    case SESSION_CONNECT:
        return session_poll_connect(now_us);
    case SESSION_HANDSHAKE:
        return session_poll_handshake(now_us);
    case SESSION_EXCHANGE:
        return session_poll_exchange(now_us);
    case SESSION_CLOSE:
        return session_poll_close(now_us);
    }
    return false;
}

uint64_t session_deadline(void)
{
    if (session.state == SESSION_IDLE) {
        return session.next_us;
    }
    bool has_next = session.state == SESSION_TIME_ASK || session.state == SESSION_ADDRESS;
    return has_next && session.next_us < session.limit_us ? session.next_us : session.limit_us;
}
