/* SPDX-License-Identifier: MIT */

/* Does a link do to frames what its conditions and faults say, and the same every time? */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <glib.h>

#include "sim/world/frame.h"
#include "sim/world/link.h"
#include "sim/world/switch.h"

#define FRAME_BYTES  100u
#define ARRIVALS_MAX 4096u

typedef struct Arrival {
    uint32_t number; /* written into the frame by the sender */
    VTime at;
    bool damaged;
    bool commented;
} Arrival;

typedef struct Fixture {
    Queue *queue;
    GByteArray *bytes;
    Pcapng *capture;
    Prng root;
    Link *link;
    Arrival arrivals[ARRIVALS_MAX];
    unsigned count;
} Fixture;

static void arrived(const uint8_t *frame, size_t bytes, const char *comment, void *user_data)
{
    Fixture *fixture = user_data;
    assert_int_equal(bytes, FRAME_BYTES);
    assert_true(fixture->count < ARRIVALS_MAX);
    Arrival *arrival = &fixture->arrivals[fixture->count++];
    arrival->number = frame_get32(frame + 14);
    arrival->at = queue_now(fixture->queue);
    arrival->commented = comment != NULL;
    for (size_t i = 18; i < bytes; i++) {
        arrival->damaged |= frame[i] != 0xa5;
    }
}

static void open_fixture(Fixture *fixture, uint64_t seed)
{
    memset(fixture, 0, sizeof *fixture);
    fixture->queue = queue_new();
    fixture->bytes = g_byte_array_new();
    fixture->capture = pcapng_new(fixture->bytes, 0);
    fixture->root = prng_new(seed);
    fixture->link = link_new("wire", fixture->queue, &fixture->root, fixture->capture);
    link_attach(fixture->link, LINK_END_SWITCH, arrived, fixture);
}

static void close_fixture(Fixture *fixture)
{
    link_free(fixture->link);
    pcapng_free(fixture->capture);
    g_byte_array_unref(fixture->bytes);
    queue_free(fixture->queue);
}

static void send_one(Fixture *fixture, uint32_t number)
{
    uint8_t frame[FRAME_BYTES];
    memset(frame, 0xa5, sizeof frame);
    frame_put32(frame + 14, number);
    link_send(fixture->link, LINK_END_STATION, frame, sizeof frame);
}

static void send_many(Fixture *fixture, uint32_t count)
{
    for (uint32_t i = 1; i <= count; i++) {
        send_one(fixture, i);
    }
}

static void run(Fixture *fixture)
{
    while (queue_pop(fixture->queue)) {
    }
}

static void test_link__delivers_in_order_after_cable_and_delay(void **state)
{
    (void)state;
    Fixture fixture;
    open_fixture(&fixture, 1);
    link_set_conditions(fixture.link, (LinkConditions){.delay = 7 * VTIME_MS}, NULL);
    send_many(&fixture, 10);
    run(&fixture);
    assert_int_equal(fixture.count, 10);
    for (unsigned i = 0; i < 10; i++) {
        assert_int_equal(fixture.arrivals[i].number, i + 1);
        assert_int_equal(fixture.arrivals[i].at, LINK_CABLE_NS + 7 * VTIME_MS);
        assert_false(fixture.arrivals[i].commented);
    }
    close_fixture(&fixture);
}

static void test_link__keeps_order_under_jitter(void **state)
{
    (void)state;
    Fixture fixture;
    open_fixture(&fixture, 2);
    link_set_conditions(fixture.link, (LinkConditions){.jitter = 50 * VTIME_MS}, NULL);
    send_many(&fixture, 200);
    run(&fixture);
    for (unsigned i = 0; i < 200; i++) {
        assert_int_equal(fixture.arrivals[i].number, i + 1);
        assert_in_range(fixture.arrivals[i].at, LINK_CABLE_NS, LINK_CABLE_NS + 50 * VTIME_MS);
    }
    close_fixture(&fixture);
}

static void test_link__drops_frames_inside_a_partition_only(void **state)
{
    (void)state;
    Fixture fixture;
    open_fixture(&fixture, 3);
    send_one(&fixture, 1); /* in flight when the partition comes: keeps its fate */
    link_set_conditions(fixture.link, (LinkConditions){.partitioned = true}, NULL);
    send_one(&fixture, 2);
    link_set_conditions(fixture.link, (LinkConditions){.partitioned = false}, NULL);
    send_one(&fixture, 3);
    run(&fixture);
    assert_int_equal(fixture.count, 2);
    assert_int_equal(fixture.arrivals[0].number, 1);
    assert_int_equal(fixture.arrivals[1].number, 3);
    assert_int_equal(link_counts(fixture.link)->lost, 1);
    close_fixture(&fixture);
}

static void test_link__counts_add_up(void **state)
{
    (void)state;
    Fixture fixture;
    open_fixture(&fixture, 4);
    LinkConditions conditions = {.loss = {1, 10},
                                 .duplication = {1, 10},
                                 .reordering = {1, 10},
                                 .corruption = {1, 10},
                                 .jitter = VTIME_MS};
    link_set_conditions(fixture.link, conditions, NULL);
    send_many(&fixture, 2000);
    run(&fixture);
    const LinkCounts *counts = link_counts(fixture.link);
    assert_int_equal(counts->sent, 2000);
    assert_in_range(counts->lost, 150, 250);
    assert_in_range(counts->duplicated, 130, 230);
    assert_in_range(counts->reordered, 130, 230);
    assert_in_range(counts->corrupted, 130, 230);
    assert_int_equal(counts->delivered, counts->sent - counts->lost + counts->duplicated); /* L4 */
    assert_int_equal(fixture.count, counts->delivered);
    close_fixture(&fixture);
}

static void test_link__turning_one_fault_on_leaves_the_others_draws(void **state)
{
    (void)state;
    bool came[2][501] = {{false}};
    for (unsigned round = 0; round < 2; round++) {
        Fixture fixture;
        open_fixture(&fixture, 5);
        LinkConditions conditions = {.loss = {1, 5}};
        conditions.duplication = round == 0 ? (Ratio){0, 1} : (Ratio){1, 3};
        link_set_conditions(fixture.link, conditions, NULL);
        send_many(&fixture, 500);
        run(&fixture);
        for (unsigned i = 0; i < fixture.count; i++) {
            came[round][fixture.arrivals[i].number] = true;
        }
        assert_int_equal(link_counts(fixture.link)->duplicated > 0, round == 1);
        close_fixture(&fixture);
    }
    assert_memory_equal(came[0], came[1], sizeof came[0]); /* L2 */
}

static void test_link__spoils_the_frame_it_is_told_and_no_other(void **state)
{
    (void)state;
    Fixture fixture;
    open_fixture(&fixture, 6);
    link_add_fault(fixture.link, (LinkFault){.frame = 2, .kind = LINK_FAULT_LOSE});
    link_add_fault(fixture.link, (LinkFault){.frame = 4, .kind = LINK_FAULT_CORRUPT});
    link_add_fault(fixture.link, (LinkFault){.frame = 6, .kind = LINK_FAULT_DUPLICATE});
    send_many(&fixture, 8);
    run(&fixture);
    const uint32_t wanted[] = {1, 3, 4, 5, 6, 6, 7, 8};
    assert_int_equal(fixture.count, G_N_ELEMENTS(wanted));
    for (unsigned i = 0; i < G_N_ELEMENTS(wanted); i++) {
        if (i != 2) {
            assert_int_equal(fixture.arrivals[i].number, wanted[i]);
            assert_false(fixture.arrivals[i].damaged);
        }
        assert_int_equal(fixture.arrivals[i].commented, i == 2 || i == 4 || i == 5);
    }
    assert_int_equal(link_counts(fixture.link)->corrupted, 1);
    close_fixture(&fixture);
}

static void test_link__delays_one_frame_by_just_that(void **state)
{
    (void)state;
    Fixture fixture;
    open_fixture(&fixture, 7);
    LinkFault fault = {.frame = 1, .kind = LINK_FAULT_DELAY, .duration = 5 * VTIME_MS};
    link_add_fault(fixture.link, fault);
    send_many(&fixture, 2);
    run(&fixture);
    assert_int_equal(fixture.arrivals[0].number, 2);
    assert_int_equal(fixture.arrivals[1].number, 1);
    assert_int_equal(fixture.arrivals[1].at, LINK_CABLE_NS + 5 * VTIME_MS);
    close_fixture(&fixture);
}

static void test_link__holds_a_frame_until_the_next_has_arrived(void **state)
{
    (void)state;
    Fixture fixture;
    open_fixture(&fixture, 8);
    LinkFault first = {.frame = 1, .kind = LINK_FAULT_HOLD, .duration = VTIME_S};
    link_add_fault(fixture.link, first);
    LinkFault last = {.frame = 4, .kind = LINK_FAULT_HOLD, .duration = VTIME_S};
    link_add_fault(fixture.link, last);
    send_many(&fixture, 4);
    run(&fixture);
    const uint32_t wanted[] = {2, 3, 1, 4}; /* 2 and 3 arrive at one instant, and 1 behind them */
    for (unsigned i = 0; i < G_N_ELEMENTS(wanted); i++) {
        assert_int_equal(fixture.arrivals[i].number, wanted[i]);
    }
    assert_int_equal(fixture.arrivals[2].at, LINK_CABLE_NS);
    assert_int_equal(fixture.arrivals[3].at, LINK_CABLE_NS + VTIME_S); /* none came after it */
    close_fixture(&fixture);
}

static void test_link__sends_no_faster_than_its_rate_and_drops_what_waits_too_long(void **state)
{
    (void)state;
    Fixture fixture;
    open_fixture(&fixture, 9);
    link_set_conditions(fixture.link, (LinkConditions){.rate = 1000}, NULL);
    send_many(&fixture, 40); /* a tenth of a second each */
    run(&fixture);
    assert_int_equal(fixture.arrivals[0].at, LINK_CABLE_NS + 100 * VTIME_MS);
    assert_int_equal(fixture.arrivals[9].at, LINK_CABLE_NS + VTIME_S);
    assert_int_equal(fixture.count, 21); /* two seconds of backlog, and the one on the wire */
    assert_int_equal(link_counts(fixture.link)->lost, 19);
    close_fixture(&fixture);
}

static void test_link__repeats_itself(void **state)
{
    (void)state;
    static Fixture rounds[2];
    for (unsigned round = 0; round < 2; round++) {
        open_fixture(&rounds[round], 10);
        LinkConditions conditions = {.delay = VTIME_MS,
                                     .jitter = 9 * VTIME_MS,
                                     .loss = {1, 7},
                                     .duplication = {1, 6},
                                     .reordering = {1, 5},
                                     .corruption = {1, 4},
                                     .rate = 1000000};
        link_set_conditions(rounds[round].link, conditions, NULL);
        send_many(&rounds[round], 1000);
        run(&rounds[round]);
    }
    assert_int_equal(rounds[0].count, rounds[1].count);
    assert_memory_equal(rounds[0].arrivals, rounds[1].arrivals, sizeof rounds[0].arrivals);
    assert_int_equal(rounds[0].bytes->len, rounds[1].bytes->len);
    assert_memory_equal(rounds[0].bytes->data, rounds[1].bytes->data, rounds[0].bytes->len);
    close_fixture(&rounds[0]);
    close_fixture(&rounds[1]);
}

static void test_link__frees_what_is_in_flight(void **state)
{
    (void)state;
    Fixture fixture;
    open_fixture(&fixture, 11);
    send_many(&fixture, 5);
    assert_int_equal(queue_count(fixture.queue), 5);
    link_free(fixture.link);
    fixture.link = NULL;
    assert_int_equal(queue_count(fixture.queue), 0);
    close_fixture(&fixture);
}

/* --- The switch that links end in --------------------------------------------------------------
 */

typedef struct Heard {
    unsigned frames[3];
} Heard;

static void hear0(const uint8_t *frame, size_t bytes, const char *comment, void *user_data)
{
    (void)frame;
    (void)bytes;
    (void)comment;
    ((Heard *)user_data)->frames[0]++;
}

static void hear1(const uint8_t *frame, size_t bytes, const char *comment, void *user_data)
{
    (void)frame;
    (void)bytes;
    (void)comment;
    ((Heard *)user_data)->frames[1]++;
}

static void hear2(const uint8_t *frame, size_t bytes, const char *comment, void *user_data)
{
    (void)frame;
    (void)bytes;
    (void)comment;
    ((Heard *)user_data)->frames[2]++;
}

static void test_switch__learns_where_stations_are(void **state)
{
    (void)state;
    static const LinkDeliver ears[3] = {hear0, hear1, hear2};
    static const char *const names[3] = {"a", "b", "c"};
    Queue *queue = queue_new();
    GByteArray *bytes = g_byte_array_new();
    Pcapng *capture = pcapng_new(bytes, 0);
    Prng root = prng_new(1);
    Heard heard = {{0}};
    Switch *lan = switch_new(queue, capture);
    Link *links[3];
    for (unsigned i = 0; i < 3; i++) {
        links[i] = link_new(names[i], queue, &root, capture);
        link_attach(links[i], LINK_END_STATION, ears[i], &heard);
        switch_plug(lan, links[i]);
    }
    uint8_t frame[60] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 0}; /* to station 1, from station 0 */
    link_send(links[0], LINK_END_STATION, frame, sizeof frame);
    while (queue_pop(queue)) {
    }
    assert_int_equal(heard.frames[0], 0);
    assert_int_equal(heard.frames[1], 1); /* unknown yet: to all others */
    assert_int_equal(heard.frames[2], 1);
    uint8_t reply[60] = {2, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 1};
    link_send(links[1], LINK_END_STATION, reply, sizeof reply);
    link_send(links[0], LINK_END_STATION, frame, sizeof frame);
    while (queue_pop(queue)) {
    }
    assert_int_equal(heard.frames[0], 1);
    assert_int_equal(heard.frames[1], 2);
    assert_int_equal(heard.frames[2], 1);                      /* both are known now */
    uint8_t forged[60] = {2, 0, 0, 0, 0, 1, 3, 0, 0, 0, 0, 0}; /* from a group: nobody */
    link_send(links[2], LINK_END_STATION, forged, sizeof forged);
    while (queue_pop(queue)) {
    }
    assert_int_equal(heard.frames[1], 2);
    assert_int_equal(pcapng_frames(capture), 4);
    for (unsigned i = 0; i < 3; i++) {
        link_free(links[i]);
    }
    switch_free(lan);
    pcapng_free(capture);
    g_byte_array_unref(bytes);
    queue_free(queue);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_link__delivers_in_order_after_cable_and_delay),
        cmocka_unit_test(test_link__keeps_order_under_jitter),
        cmocka_unit_test(test_link__drops_frames_inside_a_partition_only),
        cmocka_unit_test(test_link__counts_add_up),
        cmocka_unit_test(test_link__turning_one_fault_on_leaves_the_others_draws),
        cmocka_unit_test(test_link__spoils_the_frame_it_is_told_and_no_other),
        cmocka_unit_test(test_link__delays_one_frame_by_just_that),
        cmocka_unit_test(test_link__holds_a_frame_until_the_next_has_arrived),
        cmocka_unit_test(test_link__sends_no_faster_than_its_rate_and_drops_what_waits_too_long),
        cmocka_unit_test(test_link__repeats_itself),
        cmocka_unit_test(test_link__frees_what_is_in_flight),
        cmocka_unit_test(test_switch__learns_where_stations_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
