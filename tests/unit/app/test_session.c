/* SPDX-License-Identifier: MIT */
/* When does the lock speak to its service, how long does it wait, and what does it do about
 * failure? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/fakes/fake_home.h"
#include "tests/fakes/fake_service.h"
#include "vdevice/contract/cloud_api.h"
#include "vdevice/firmware/app/session.h"

#define SECOND_US UINT64_C(1000000)
#define TAKEN     "HTTP/1.1 204 No Content\r\n\r\n"

static uint64_t now_us;

static int set_up(void **state)
{
    (void)state;
    fake_service_reset();
    fake_home_reset();
    now_us = SECOND_US;
    session_start(status_ok(), now_us);
    return 0;
}

/* Polls until nothing moves any more at this moment. */
static void settle(void)
{
    for (int i = 0; i < 1000; i++) {
        if (!session_poll(now_us)) {
            return;
        }
    }
    fail_msg("the session does not come to rest");
}

/* Sleeps until the session wants to be woken; says for how long. */
static uint64_t sleep_once(void)
{
    settle();
    uint64_t before_us = now_us;
    assert_true(session_deadline() > now_us);
    now_us = session_deadline();
    settle();
    return now_us - before_us;
}

static void sleep_until_idle(void)
{
    for (int i = 0; i < 20 && fake_service.connected; i++) {
        sleep_once();
    }
    assert_false(fake_service.connected);
}

static void answer_well(void)
{
    fake_service_respond(TAKEN, NULL, 0);
    fake_service_respond(TAKEN, NULL, 0);
}

static void test_session__begins_within_seconds_of_a_start_at_a_random_moment(void **state)
{
    static const uint32_t draws[] = {0, UINT32_MAX / 2, UINT32_MAX};
    uint64_t starts[3];
    for (size_t i = 0; i < 3; i++) {
        set_up(state);
        fake_home.random = draws[i];
        session_start(status_ok(), now_us);
        starts[i] = session_deadline() - now_us;
    }
    assert_int_equal(starts[0], 0);
    assert_true(starts[1] > SECOND_US && starts[1] < 3 * SECOND_US);
    assert_true(starts[2] > starts[1] && starts[2] <= 4 * SECOND_US);
}

static void test_session__asks_the_time_then_reports_then_rests_for_the_check_period(void **state)
{
    (void)state;
    answer_well();
    sleep_once();
    assert_int_equal(fake_service.time_set, 1800000000u);
    assert_int_equal(fake_service.reports_sent, 1);
    assert_int_equal(fake_home.stream, NET_PORT_STREAM_CLOSED);
    assert_false(fake_home.active);
    uint64_t rest_us = session_deadline() - now_us;
    assert_true(rest_us >= CLOUD_CHECK_SECONDS * SECOND_US * 3 / 4);
    assert_true(rest_us <= CLOUD_CHECK_SECONDS * SECOND_US * 5 / 4);
}

static void test_session__does_not_ask_the_time_again_after_a_good_session(void **state)
{
    (void)state;
    answer_well();
    answer_well();
    sleep_once();
    sleep_once();
    assert_int_equal(fake_service.reports_sent, 2);
    assert_int_equal(fake_home.asked_times, 1);
}

static void test_session__asks_the_time_again_after_a_failed_session(void **state)
{
    (void)state;
    fake_service.handshake = status_error(STATUS_NE_CERTIFICATE);
    sleep_once();
    assert_true(status_is(fake_service.noted, STATUS_NE_CERTIFICATE));
    sleep_once();
    assert_int_equal(fake_home.asked_times, 2);
}

static void test_session__backs_off_between_its_limits_while_it_fails(void **state)
{
    (void)state;
    fake_home.connects = NET_PORT_STREAM_FAILED;
    fake_home.random = UINT32_MAX;
    uint64_t last_us = 0;
    sleep_once();
    for (int i = 0; i < 12; i++) {
        uint64_t wait_us = session_deadline() - now_us;
        assert_true(wait_us >= CLOUD_BACKOFF_SECONDS_MIN * SECOND_US);
        assert_true(wait_us <= CLOUD_BACKOFF_SECONDS_MAX * SECOND_US);
        assert_true(wait_us >= last_us);
        last_us = wait_us;
        sleep_once();
    }
    assert_int_equal(last_us, CLOUD_BACKOFF_SECONDS_MAX * SECOND_US);
    assert_int_equal(fake_home.connections, 13);
}

static void test_session__gives_up_every_wait_in_bounded_time(void **state)
{
    static const struct {
        bool address;
        NetPortName name;
        NetPortStream connects;
        uint32_t status;
    } waits[] = {
        {false, NET_PORT_NAME_FOUND, NET_PORT_STREAM_OPEN, STATUS_NE_ADDRESS},
        {true, NET_PORT_NAME_WAITING, NET_PORT_STREAM_OPEN, STATUS_NE_NAME},
        {true, NET_PORT_NAME_FOUND, NET_PORT_STREAM_CONNECTING, STATUS_NE_CONNECT},
        {true, NET_PORT_NAME_FOUND, NET_PORT_STREAM_OPEN, STATUS_NE_TIMEOUT},
    };
    for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++) {
        set_up(state);
        fake_home.address = waits[i].address;
        fake_home.name = waits[i].name;
        fake_home.connects = waits[i].connects;
        sleep_once();
        uint64_t begun_us = now_us;
        for (int j = 0; j < 4 && fake_service.pauses == 0; j++) {
            sleep_once();
        }
        assert_int_equal(fake_service.pauses, 1);
        assert_int_equal(fake_service.noted.code, waits[i].status);
        assert_true(now_us - begun_us <= 60 * SECOND_US);
    }
}

static void test_session__says_at_once_that_the_cable_is_out(void **state)
{
    (void)state;
    fake_home.link = false;
    sleep_once();
    assert_int_equal(fake_service.noted.code, STATUS_NE_LINK);
    assert_int_equal(fake_home.asked_names, 0);
}

static void test_session__comes_back_soon_but_not_at_once_when_the_cable_does(void **state)
{
    (void)state;
    fake_home.link = false;
    fake_home.random = UINT32_MAX;
    for (int i = 0; i < 8; i++) {
        sleep_once();
    }
    assert_true(session_deadline() - now_us > 100 * SECOND_US);
    fake_home.link = true;
    settle();
    uint64_t wait_us = session_deadline() - now_us;
    assert_true(wait_us >= CLOUD_BACKOFF_SECONDS_MIN * SECOND_US);
    assert_true(wait_us <= 3 * CLOUD_BACKOFF_SECONDS_MIN * SECOND_US);
}

static void test_session__answers_a_router_that_comes_back_at_a_random_moment(void **state)
{
    (void)state;
    fake_home.address = false;
    sleep_once();
    now_us += SECOND_US;
    fake_home.address = true;
    settle();
    assert_int_equal(fake_home.asked_names, 0);
    uint64_t wait_us = session_deadline() - now_us;
    assert_true(wait_us > SECOND_US && wait_us < 3 * SECOND_US);
    answer_well();
    sleep_once();
    assert_int_equal(fake_service.reports_sent, 1);
}

static void test_session__goes_on_with_its_own_clock_when_nobody_knows_the_time(void **state)
{
    (void)state;
    fake_home.time_answers = false;
    answer_well();
    for (int i = 0; i < 6 && fake_service.reports_sent == 0; i++) {
        sleep_once();
    }
    assert_int_equal(fake_service.reports_sent, 1);
    assert_int_equal(fake_service.noted.code, STATUS_NE_TIME);
    assert_int_equal(fake_service.time_set, 0);
    assert_true(fake_home.asked_times > 1);
}

static void test_session__opens_nothing_without_any_time(void **state)
{
    (void)state;
    fake_home.time_answers = false;
    fake_service.seconds = 0;
    for (int i = 0; i < 6 && fake_service.pauses == 0; i++) {
        sleep_once();
    }
    assert_int_equal(fake_service.noted.code, STATUS_NE_TIME);
    assert_int_equal(fake_home.connections, 0);
}

static void test_session__opens_nothing_while_the_random_source_is_broken(void **state)
{
    (void)state;
    fake_service.random = status_error(STATUS_TR_FAULT);
    sleep_once();
    sleep_once();
    assert_int_equal(fake_service.noted.code, STATUS_TR_FAULT);
    assert_int_equal(fake_home.connections, 0);
    assert_int_equal(fake_home.asked_names, 0);
}

static void test_session__opens_nothing_if_tls_did_not_start(void **state)
{
    (void)state;
    session_start(status_error(STATUS_PV_ABSENT), now_us);
    sleep_once();
    assert_int_equal(fake_service.noted.code, STATUS_PV_ABSENT);
    assert_int_equal(fake_home.connections, 0);
}

static void test_session__gives_up_a_silent_server_and_pauses_the_update(void **state)
{
    (void)state;
    sleep_once();
    assert_true(fake_service.connected);
    uint64_t wait_us = sleep_once();
    assert_int_equal(wait_us, 20 * SECOND_US);
    sleep_until_idle();
    assert_int_equal(fake_service.noted.code, STATUS_NE_TIMEOUT);
    assert_int_equal(fake_service.pauses, 1);
}

static void test_session__leaves_a_server_that_trickles_for_ever(void **state)
{
    (void)state;
    static const char head[] = "HTTP/1.1 200 OK\r\nContent-Length: 256\r\n\r\n";
    static const uint8_t body[256];
    fake_service_respond(TAKEN, NULL, 0);
    fake_service_respond(head, body, sizeof(body));
    fake_service.trickle_us = &now_us;
    sleep_once();
    uint64_t begun_us = now_us;
    for (int i = 0; i < 1000 && fake_service.pauses == 0; i++) {
        now_us += 15 * SECOND_US;
        settle();
    }
    assert_int_equal(fake_service.noted.code, STATUS_NE_TIMEOUT);
    assert_true(now_us - begun_us <= 1900 * SECOND_US);
    assert_true(now_us - begun_us >= 1700 * SECOND_US);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_session__begins_within_seconds_of_a_start_at_a_random_moment),
        cmocka_unit_test_setup(
            test_session__asks_the_time_then_reports_then_rests_for_the_check_period, set_up),
        cmocka_unit_test_setup(test_session__does_not_ask_the_time_again_after_a_good_session,
                               set_up),
        cmocka_unit_test_setup(test_session__asks_the_time_again_after_a_failed_session, set_up),
        cmocka_unit_test_setup(test_session__backs_off_between_its_limits_while_it_fails, set_up),
        cmocka_unit_test_setup(test_session__gives_up_every_wait_in_bounded_time, set_up),
        cmocka_unit_test_setup(test_session__says_at_once_that_the_cable_is_out, set_up),
        cmocka_unit_test_setup(test_session__comes_back_soon_but_not_at_once_when_the_cable_does,
                               set_up),
        cmocka_unit_test_setup(test_session__answers_a_router_that_comes_back_at_a_random_moment,
                               set_up),
        cmocka_unit_test_setup(test_session__goes_on_with_its_own_clock_when_nobody_knows_the_time,
                               set_up),
        cmocka_unit_test_setup(test_session__opens_nothing_without_any_time, set_up),
        cmocka_unit_test_setup(test_session__opens_nothing_while_the_random_source_is_broken,
                               set_up),
        cmocka_unit_test_setup(test_session__opens_nothing_if_tls_did_not_start, set_up),
        cmocka_unit_test_setup(test_session__gives_up_a_silent_server_and_pauses_the_update,
                               set_up),
        cmocka_unit_test_setup(test_session__leaves_a_server_that_trickles_for_ever, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
