/* SPDX-License-Identifier: MIT */
/* Is the bolt where physics says, whatever software, hands, jams and power do? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "tests/machine/bench.h"
#include "vdevice/contract/hostlink.h"
#include "vdevice/contract/memory_map.h"
#include "vdevice/contract/regs.h"

#define DRIVE      (LOCKMECH_BASE + LOCKMECH_DRIVE)
#define POSITION   (LOCKMECH_BASE + LOCKMECH_POSITION)
#define STATUS     (LOCKMECH_BASE + LOCKMECH_STATUS)
#define EVENTS     (LOCKMECH_BASE + LOCKMECH_EVENTS)
#define IRQ_ENABLE (LOCKMECH_BASE + LOCKMECH_IRQ_ENABLE)

#define OFF     LOCKMECH_DRIVE_OFF
#define EXTEND  LOCKMECH_DRIVE_EXTEND
#define RETRACT LOCKMECH_DRIVE_RETRACT

#define EXTENDED    REG_MASK(LOCKMECH_STATUS_EXTENDED)
#define RETRACTED   REG_MASK(LOCKMECH_STATUS_RETRACTED)
#define DOOR_CLOSED REG_MASK(LOCKMECH_STATUS_DOOR_CLOSED)
#define STALLED     REG_MASK(LOCKMECH_STATUS_STALLED)

#define END_REACHED REG_MASK(LOCKMECH_EVENTS_END_REACHED)
#define STALL       REG_MASK(LOCKMECH_EVENTS_STALL)
#define DOOR        REG_MASK(LOCKMECH_EVENTS_DOOR)

/* A new device with its bolt there and its door closed. */
static void begin(Bench *bench, uint32_t position)
{
    const HostlinkBegin new_device = {
        .bolt_position = position, .door_closed = 1, .battery_mv = 6000};

    bench_begin(bench, &new_device);
}

static void drive(Bench *bench, uint32_t direction)
{
    bench_write(bench, DRIVE, direction);
    bench_forget_calls(bench);
}

static void test_lockmech__rests_where_it_was_made(void **state)
{
    begin(*state, 1000);
    assert_int_equal(bench_read(*state, POSITION), 1000);
    assert_int_equal(bench_read(*state, STATUS), EXTENDED | DOOR_CLOSED);
    begin(*state, 0);
    assert_int_equal(bench_read(*state, POSITION), 0);
    assert_int_equal(bench_read(*state, STATUS), RETRACTED | DOOR_CLOSED);
    begin(*state, 1);
    assert_int_equal(bench_read(*state, STATUS), DOOR_CLOSED);
    bench_step(*state, BENCH_S);
    assert_int_equal(bench_read(*state, POSITION), 1);
    begin(*state, 5000);
    assert_int_equal(bench_read(*state, POSITION), 1000);
}

static void test_lockmech__extends_in_its_travel_time_and_not_before(void **state)
{
    begin(*state, 0);
    drive(*state, EXTEND);
    bench_step(*state, LOCKMECH_TRAVEL_NS - 1);
    assert_int_equal(bench_read(*state, POSITION), 999);
    assert_int_equal(bench_read(*state, EVENTS), 0);
    assert_int_equal(bench_read(*state, STATUS), DOOR_CLOSED);
    bench_step(*state, 1);
    assert_int_equal(bench_read(*state, POSITION), 1000);
    assert_int_equal(bench_read(*state, EVENTS), END_REACHED);
    assert_int_equal(bench_read(*state, STATUS), EXTENDED | DOOR_CLOSED);
}

static void test_lockmech__retracts_in_its_travel_time_and_not_before(void **state)
{
    begin(*state, 1000);
    drive(*state, RETRACT);
    bench_step(*state, LOCKMECH_TRAVEL_NS - 1);
    assert_int_equal(bench_read(*state, POSITION), 1);
    assert_int_equal(bench_read(*state, EVENTS), 0);
    bench_step(*state, 1);
    assert_int_equal(bench_read(*state, POSITION), 0);
    assert_int_equal(bench_read(*state, EVENTS), END_REACHED);
    assert_int_equal(bench_read(*state, STATUS), RETRACTED | DOOR_CLOSED);
}

static void test_lockmech__moves_at_constant_speed(void **state)
{
    begin(*state, 0);
    drive(*state, EXTEND);
    for (uint32_t permille = 100; permille <= 1000; permille += 100) {
        bench_step(*state, LOCKMECH_TRAVEL_NS / 10);
        assert_int_equal(bench_read(*state, POSITION), permille);
    }
}

static void test_lockmech__stops_where_the_motor_lets_go(void **state)
{
    begin(*state, 0);
    drive(*state, EXTEND);
    bench_step(*state, LOCKMECH_TRAVEL_NS / 4);
    bench_write(*state, DRIVE, OFF);
    bench_expect_call(*state, HOSTLINK_MOTOR, OFF);
    bench_expect_call(*state, HOSTLINK_BOLT, 250);
    bench_step(*state, BENCH_S);
    assert_int_equal(bench_read(*state, POSITION), 250);
    assert_int_equal(bench_read(*state, EVENTS), 0);
    bench_expect_silence(*state);
}

static void test_lockmech__turns_round_without_losing_its_place(void **state)
{
    begin(*state, 0);
    drive(*state, EXTEND);
    bench_step(*state, LOCKMECH_TRAVEL_NS / 2 + 7);
    bench_write(*state, DRIVE, RETRACT);
    bench_expect_call(*state, HOSTLINK_MOTOR, RETRACT);
    bench_expect_call(*state, HOSTLINK_BOLT, 500);
    bench_step(*state, LOCKMECH_TRAVEL_NS / 2 + 6);
    assert_int_equal(bench_read(*state, EVENTS), 0);
    bench_step(*state, 1);
    assert_int_equal(bench_read(*state, EVENTS), END_REACHED);
    assert_int_equal(bench_read(*state, POSITION), 0);
}

static void test_lockmech__calls_out_start_and_end_of_a_movement(void **state)
{
    BenchCall call;

    begin(*state, 0);
    bench_write(*state, DRIVE, EXTEND);
    bench_expect_call(*state, HOSTLINK_MOTOR, EXTEND);
    bench_expect_call(*state, HOSTLINK_BOLT, 0);
    bench_step(*state, LOCKMECH_TRAVEL_NS - 1);
    bench_expect_silence(*state);
    bench_step(*state, 1);
    assert_true(bench_take_call(*state, &call));
    assert_int_equal(call.type, HOSTLINK_BOLT);
    assert_int_equal(call.time, LOCKMECH_TRAVEL_NS);
    bench_expect_silence(*state);
}

static void test_lockmech__driving_against_its_end_moves_and_stalls_nothing(void **state)
{
    begin(*state, 1000);
    bench_write(*state, DRIVE, EXTEND);
    bench_expect_call(*state, HOSTLINK_MOTOR, EXTEND);
    bench_step(*state, BENCH_S);
    bench_expect_silence(*state);
    assert_int_equal(bench_read(*state, EVENTS), 0);
    assert_int_equal(bench_read(*state, STATUS), EXTENDED | DOOR_CLOSED);
}

static void test_lockmech__same_drive_again_changes_nothing(void **state)
{
    begin(*state, 0);
    drive(*state, EXTEND);
    bench_step(*state, LOCKMECH_TRAVEL_NS / 2);
    bench_write(*state, DRIVE, EXTEND);
    bench_expect_silence(*state);
    bench_step(*state, LOCKMECH_TRAVEL_NS / 2);
    assert_int_equal(bench_read(*state, EVENTS), END_REACHED);
}

static void test_lockmech__unknown_drives_are_ignored(void **state)
{
    const uint32_t drives[] = {3, 4, 0x100, 0x80000001, UINT32_MAX};

    begin(*state, 0);
    drive(*state, EXTEND);
    for (size_t i = 0; i < sizeof(drives) / sizeof(drives[0]); i++) {
        bench_write(*state, DRIVE, drives[i]);
        assert_int_equal(bench_read(*state, DRIVE), EXTEND);
    }
    bench_expect_silence(*state);
}

static void test_lockmech__jam_stops_the_bolt_and_stalls_the_motor_later(void **state)
{
    begin(*state, 0);
    drive(*state, EXTEND);
    bench_step(*state, LOCKMECH_TRAVEL_NS / 2);
    bench_order_word(*state, HOSTLINK_JAM, 1);
    bench_expect_call(*state, HOSTLINK_BOLT, 500);
    bench_step(*state, LOCKMECH_STALL_NS - 1);
    assert_int_equal(bench_read(*state, POSITION), 500);
    assert_int_equal(bench_read(*state, STATUS), DOOR_CLOSED);
    bench_expect_silence(*state);
    bench_step(*state, 1);
    assert_int_equal(bench_read(*state, STATUS), DOOR_CLOSED | STALLED);
    assert_int_equal(bench_read(*state, EVENTS), STALL);
    bench_expect_call(*state, HOSTLINK_BOLT, 500);
    bench_step(*state, BENCH_S);
    bench_expect_silence(*state);
    assert_int_equal(bench_read(*state, POSITION), 500);
}

static void test_lockmech__driving_a_jammed_bolt_stalls(void **state)
{
    begin(*state, 0);
    bench_order_word(*state, HOSTLINK_JAM, 1);
    bench_expect_silence(*state);
    bench_write(*state, DRIVE, EXTEND);
    bench_expect_call(*state, HOSTLINK_MOTOR, EXTEND);
    bench_step(*state, LOCKMECH_STALL_NS - 1);
    bench_expect_silence(*state);
    assert_int_equal(bench_read(*state, EVENTS), 0);
    bench_step(*state, 1);
    bench_expect_call(*state, HOSTLINK_BOLT, 0);
    assert_int_equal(bench_read(*state, EVENTS), STALL);
}

static void test_lockmech__freed_bolt_moves_on_and_the_stall_is_over(void **state)
{
    begin(*state, 0);
    bench_order_word(*state, HOSTLINK_JAM, 1);
    drive(*state, EXTEND);
    bench_step(*state, LOCKMECH_STALL_NS);
    bench_forget_calls(*state);
    bench_order_word(*state, HOSTLINK_JAM, 0);
    bench_expect_call(*state, HOSTLINK_BOLT, 0);
    assert_int_equal(bench_read(*state, STATUS), RETRACTED | DOOR_CLOSED);
    bench_step(*state, LOCKMECH_TRAVEL_NS - 1);
    assert_int_equal(bench_read(*state, EVENTS), STALL);
    bench_step(*state, 1);
    assert_int_equal(bench_read(*state, EVENTS), STALL | END_REACHED);
}

static void test_lockmech__brief_jam_does_not_stall(void **state)
{
    begin(*state, 0);
    drive(*state, EXTEND);
    bench_order_word(*state, HOSTLINK_JAM, 1);
    bench_step(*state, LOCKMECH_STALL_NS - 1);
    bench_order_word(*state, HOSTLINK_JAM, 0);
    bench_step(*state, LOCKMECH_TRAVEL_NS);
    assert_int_equal(bench_read(*state, EVENTS), END_REACHED);
}

static void test_lockmech__stall_ends_with_the_drive(void **state)
{
    begin(*state, 0);
    bench_order_word(*state, HOSTLINK_JAM, 1);
    drive(*state, EXTEND);
    bench_step(*state, LOCKMECH_STALL_NS);
    drive(*state, OFF);
    assert_int_equal(bench_read(*state, STATUS), RETRACTED | DOOR_CLOSED);
    bench_write(*state, EVENTS, STALL);
    bench_step(*state, BENCH_S);
    assert_int_equal(bench_read(*state, EVENTS), 0);
}

static void test_lockmech__turning_round_against_a_jam_waits_anew(void **state)
{
    begin(*state, 500);
    bench_order_word(*state, HOSTLINK_JAM, 1);
    drive(*state, EXTEND);
    bench_step(*state, LOCKMECH_STALL_NS);
    bench_write(*state, EVENTS, STALL);
    drive(*state, RETRACT);
    bench_step(*state, LOCKMECH_STALL_NS - 1);
    assert_int_equal(bench_read(*state, STATUS), DOOR_CLOSED);
    bench_step(*state, 1);
    assert_int_equal(bench_read(*state, STATUS), DOOR_CLOSED | STALLED);
}

static void test_lockmech__door_shows_and_is_noticed(void **state)
{
    begin(*state, 0);
    bench_order_word(*state, HOSTLINK_DOOR, 1);
    assert_int_equal(bench_read(*state, EVENTS), 0);
    bench_order_word(*state, HOSTLINK_DOOR, 0);
    assert_int_equal(bench_read(*state, STATUS), RETRACTED);
    assert_int_equal(bench_read(*state, EVENTS), DOOR);
    bench_write(*state, EVENTS, DOOR);
    bench_order_word(*state, HOSTLINK_DOOR, 1);
    assert_int_equal(bench_read(*state, STATUS), RETRACTED | DOOR_CLOSED);
    assert_int_equal(bench_read(*state, EVENTS), DOOR);
}

static void test_lockmech__hand_turns_the_bolt_at_once(void **state)
{
    begin(*state, 1000);
    bench_order_word(*state, HOSTLINK_BOLT_SET, 300);
    bench_expect_call(*state, HOSTLINK_BOLT, 300);
    assert_int_equal(bench_read(*state, POSITION), 300);
    assert_int_equal(bench_read(*state, EVENTS), 0);
    bench_order_word(*state, HOSTLINK_BOLT_SET, 0);
    assert_int_equal(bench_read(*state, EVENTS), END_REACHED);
    bench_write(*state, EVENTS, END_REACHED);
    bench_order_word(*state, HOSTLINK_BOLT_SET, 70000);
    assert_int_equal(bench_read(*state, POSITION), 1000);
    assert_int_equal(bench_read(*state, EVENTS), END_REACHED);
}

static void test_lockmech__hand_cannot_turn_a_jammed_bolt(void **state)
{
    begin(*state, 1000);
    bench_order_word(*state, HOSTLINK_JAM, 1);
    bench_order_word(*state, HOSTLINK_BOLT_SET, 0);
    bench_expect_call(*state, HOSTLINK_BOLT, 1000);
    assert_int_equal(bench_read(*state, POSITION), 1000);
    assert_int_equal(bench_read(*state, EVENTS), 0);
}

static void test_lockmech__motor_goes_on_from_where_a_hand_put_the_bolt(void **state)
{
    begin(*state, 0);
    drive(*state, EXTEND);
    bench_step(*state, LOCKMECH_TRAVEL_NS / 10);
    bench_order_word(*state, HOSTLINK_BOLT_SET, 800);
    bench_step(*state, LOCKMECH_TRAVEL_NS / 10);
    assert_int_equal(bench_read(*state, POSITION), 900);
    bench_step(*state, LOCKMECH_TRAVEL_NS / 10);
    assert_int_equal(bench_read(*state, EVENTS), END_REACHED);
}

static void test_lockmech__line_follows_enabled_events(void **state)
{
    begin(*state, 0);
    bench_order_word(*state, HOSTLINK_DOOR, 0);
    assert_int_equal(bench_read(*state, EVENTS), DOOR);
    assert_false(bench_irq(*state, LOCKMECH_IRQ));
    bench_write(*state, IRQ_ENABLE, END_REACHED | STALL);
    assert_false(bench_irq(*state, LOCKMECH_IRQ));
    bench_write(*state, IRQ_ENABLE, 0xffffffff);
    assert_int_equal(bench_read(*state, IRQ_ENABLE), END_REACHED | STALL | DOOR);
    assert_true(bench_irq(*state, LOCKMECH_IRQ));
    bench_write(*state, EVENTS, END_REACHED | STALL);
    assert_true(bench_irq(*state, LOCKMECH_IRQ));
    bench_write(*state, EVENTS, DOOR);
    assert_false(bench_irq(*state, LOCKMECH_IRQ));
}

static void test_lockmech__line_rises_with_the_end_of_travel(void **state)
{
    begin(*state, 0);
    bench_write(*state, IRQ_ENABLE, END_REACHED);
    drive(*state, EXTEND);
    bench_step(*state, LOCKMECH_TRAVEL_NS - 1);
    assert_false(bench_irq(*state, LOCKMECH_IRQ));
    bench_step(*state, 1);
    assert_true(bench_irq(*state, LOCKMECH_IRQ));
}

static void test_lockmech__reset_lets_go_and_leaves_the_bolt(void **state)
{
    Bench *bench = *state;

    begin(bench, 0);
    bench_write(bench, IRQ_ENABLE, END_REACHED);
    drive(bench, EXTEND);
    bench_step(bench, LOCKMECH_TRAVEL_NS / 2);
    bench_write(bench, POWER_BASE + POWER_RESET, POWER_RESET_MAGIC);
    bench_settle(bench);
    bench_expect_call(bench, HOSTLINK_MOTOR, OFF);
    bench_expect_call(bench, HOSTLINK_BOLT, 500);
    bench_expect_call(bench, HOSTLINK_RESET, POWER_RESET_CAUSE_SOFTWARE);
    bench_step(bench, BENCH_S);
    assert_int_equal(bench_read(bench, POSITION), 500);
    assert_int_equal(bench_read(bench, DRIVE), OFF);
    assert_int_equal(bench_read(bench, EVENTS), 0);
    assert_int_equal(bench_read(bench, IRQ_ENABLE), 0);
}

static void test_lockmech__jam_and_door_outlive_reset_and_power(void **state)
{
    begin(*state, 500);
    bench_order_word(*state, HOSTLINK_JAM, 1);
    bench_order_word(*state, HOSTLINK_DOOR, 0);
    bench_reset(*state);
    bench_power_cycle(*state, BENCH_S);
    assert_int_equal(bench_read(*state, STATUS), 0);
    assert_int_equal(bench_read(*state, EVENTS), 0);
    drive(*state, EXTEND);
    bench_step(*state, LOCKMECH_STALL_NS);
    assert_int_equal(bench_read(*state, STATUS), STALLED);
    assert_int_equal(bench_read(*state, POSITION), 500);
}

static void test_lockmech__cut_in_mid_travel_stops_the_bolt_there(void **state)
{
    HostlinkPowerLost lost;
    BenchCall call;

    begin(*state, 1000);
    drive(*state, RETRACT);
    bench_step(*state, LOCKMECH_TRAVEL_NS / 4);
    bench_power_off(*state);
    assert_true(bench_take_call(*state, &call));
    assert_int_equal(call.type, HOSTLINK_POWER_LOST);
    assert_int_equal(call.bytes, sizeof(lost));
    memcpy(&lost, call.body, sizeof(lost));
    assert_int_equal(lost.bolt_position, 750);
    bench_power_on(*state, BENCH_S);
    bench_step(*state, BENCH_S);
    assert_int_equal(bench_read(*state, POSITION), 750);
    assert_int_equal(bench_read(*state, DRIVE), OFF);
    bench_expect_silence(*state);
}

static void test_lockmech__hand_turns_the_bolt_without_power(void **state)
{
    begin(*state, 1000);
    bench_power_off(*state);
    bench_order_word(*state, HOSTLINK_BOLT_SET, 0);
    bench_order_word(*state, HOSTLINK_DOOR, 0);
    bench_power_on(*state, 0);
    assert_int_equal(bench_read(*state, STATUS), RETRACTED);
    assert_int_equal(bench_read(*state, EVENTS), 0);
}

static void test_lockmech__sensors_ignore_writes(void **state)
{
    begin(*state, 500);
    bench_write(*state, POSITION, 0);
    bench_write(*state, STATUS, 0xffffffff);
    assert_int_equal(bench_read(*state, POSITION), 500);
    assert_int_equal(bench_read(*state, STATUS), DOOR_CLOSED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH_TEST(test_lockmech__rests_where_it_was_made),
        BENCH_TEST(test_lockmech__extends_in_its_travel_time_and_not_before),
        BENCH_TEST(test_lockmech__retracts_in_its_travel_time_and_not_before),
        BENCH_TEST(test_lockmech__moves_at_constant_speed),
        BENCH_TEST(test_lockmech__stops_where_the_motor_lets_go),
        BENCH_TEST(test_lockmech__turns_round_without_losing_its_place),
        BENCH_TEST(test_lockmech__calls_out_start_and_end_of_a_movement),
        BENCH_TEST(test_lockmech__driving_against_its_end_moves_and_stalls_nothing),
        BENCH_TEST(test_lockmech__same_drive_again_changes_nothing),
        BENCH_TEST(test_lockmech__unknown_drives_are_ignored),
        BENCH_TEST(test_lockmech__jam_stops_the_bolt_and_stalls_the_motor_later),
        BENCH_TEST(test_lockmech__driving_a_jammed_bolt_stalls),
        BENCH_TEST(test_lockmech__freed_bolt_moves_on_and_the_stall_is_over),
        BENCH_TEST(test_lockmech__brief_jam_does_not_stall),
        BENCH_TEST(test_lockmech__stall_ends_with_the_drive),
        BENCH_TEST(test_lockmech__turning_round_against_a_jam_waits_anew),
        BENCH_TEST(test_lockmech__door_shows_and_is_noticed),
        BENCH_TEST(test_lockmech__hand_turns_the_bolt_at_once),
        BENCH_TEST(test_lockmech__hand_cannot_turn_a_jammed_bolt),
        BENCH_TEST(test_lockmech__motor_goes_on_from_where_a_hand_put_the_bolt),
        BENCH_TEST(test_lockmech__line_follows_enabled_events),
        BENCH_TEST(test_lockmech__line_rises_with_the_end_of_travel),
        BENCH_TEST(test_lockmech__reset_lets_go_and_leaves_the_bolt),
        BENCH_TEST(test_lockmech__jam_and_door_outlive_reset_and_power),
        BENCH_TEST(test_lockmech__cut_in_mid_travel_stops_the_bolt_there),
        BENCH_TEST(test_lockmech__hand_turns_the_bolt_without_power),
        BENCH_TEST(test_lockmech__sensors_ignore_writes),
    };

    return cmocka_run_group_tests_name("lockmech", tests, NULL, NULL);
}
