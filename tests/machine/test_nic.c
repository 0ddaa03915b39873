/* SPDX-License-Identifier: MIT */
/* Do frames go out and come in whole, once, in order, and only when they may? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "tests/machine/bench.h"
#include "vdevice/contract/hostlink.h"
#include "vdevice/contract/memory_map.h"
#include "vdevice/contract/regs.h"

#define STATUS     (NIC_BASE + NIC_STATUS)
#define IRQ_ENABLE (NIC_BASE + NIC_IRQ_ENABLE)
#define TX_LENGTH  (NIC_BASE + NIC_TX_LENGTH)
#define RX_LENGTH  (NIC_BASE + NIC_RX_LENGTH)
#define RX_POP     (NIC_BASE + NIC_RX_POP)
#define FILTER     (NIC_BASE + NIC_FILTER)
#define MAC_LOW    (NIC_BASE + NIC_MAC_LOW)
#define MAC_HIGH   (NIC_BASE + NIC_MAC_HIGH)

#define LINK_UP      REG_MASK(NIC_STATUS_LINK_UP)
#define RX_READY     REG_MASK(NIC_STATUS_RX_READY)
#define RX_OVERRUN   REG_MASK(NIC_STATUS_RX_OVERRUN)
#define TX_ERROR     REG_MASK(NIC_STATUS_TX_ERROR)
#define LINK_CHANGED REG_MASK(NIC_STATUS_LINK_CHANGED)
#define TX_BUSY      REG_MASK(NIC_STATUS_TX_BUSY)

/* 100 Mbit/s: 80 ns a byte; preamble, check sequence and gap are 24 bytes more. */
#define WIRE_NS(bytes) (((bytes) + 24) * 80)

static const uint8_t station[6] = {0x02, 0x11, 0x22, 0x33, 0x44, 0x55};
static const uint8_t broadcast[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

static void set_station(Bench *bench)
{
    bench_write(bench, MAC_LOW, 0x33221102);
    bench_write(bench, MAC_HIGH, 0x5544);
}

/* A frame of that many bytes, each after the destination being `mark`, arrives. */
static bool arrive(Bench *bench, const uint8_t destination[6], uint8_t mark, uint32_t bytes)
{
    uint8_t frame[NIC_FRAME_BYTES_MAX + 1];

    memset(frame, mark, sizeof(frame));
    memcpy(frame, destination, 6);
    return bench_order(bench, HOSTLINK_FRAME, frame, bytes);
}

static void expect_frame(Bench *bench, uint8_t mark, uint32_t bytes)
{
    uint8_t frame[NIC_FRAME_BYTES_MAX];

    assert_int_equal(bench_read(bench, RX_LENGTH), bytes);
    bench_read_bytes(bench, NIC_RX_BUFFER_BASE, frame, bytes);
    for (uint32_t i = 6; i < bytes; i++) {
        assert_int_equal(frame[i], mark);
    }
    bench_write(bench, RX_POP, 1);
}

static void test_nic__has_link_and_nothing_else_when_new(void **state)
{
    assert_int_equal(bench_read(*state, STATUS), LINK_UP);
    assert_int_equal(bench_read(*state, RX_LENGTH), 0);
}

static void test_nic__sends_what_is_in_its_buffer(void **state)
{
    uint8_t frame[60];
    BenchCall call;

    for (uint8_t i = 0; i < sizeof(frame); i++) {
        frame[i] = i;
    }
    bench_write_bytes(*state, NIC_TX_BUFFER_BASE, frame, sizeof(frame));
    bench_write(*state, TX_LENGTH, sizeof(frame));
    assert_true(bench_take_call(*state, &call));
    assert_int_equal(call.type, HOSTLINK_FRAME_SENT);
    assert_int_equal(call.bytes, sizeof(frame));
    assert_memory_equal(call.body, frame, sizeof(frame));
}

static void test_nic__is_busy_as_long_as_the_wire(void **state)
{
    bench_write(*state, TX_LENGTH, 100);
    assert_int_equal(bench_read(*state, STATUS), LINK_UP | TX_BUSY);
    bench_step(*state, WIRE_NS(100) - 1);
    assert_int_equal(bench_read(*state, STATUS), LINK_UP | TX_BUSY);
    bench_step(*state, 1);
    assert_int_equal(bench_read(*state, STATUS), LINK_UP);
}

static void test_nic__sends_lengths_in_range_only(void **state)
{
    static const uint32_t lengths[] = {0, 13, NIC_FRAME_BYTES_MAX + 1, 4096, UINT32_MAX};

    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        bench_write(*state, TX_LENGTH, lengths[i]);
        assert_int_equal(bench_read(*state, STATUS), LINK_UP | TX_ERROR);
        bench_write(*state, STATUS, TX_ERROR);
        assert_int_equal(bench_read(*state, STATUS), LINK_UP);
    }
    bench_expect_silence(*state);
    bench_write(*state, TX_LENGTH, NIC_FRAME_BYTES_MIN);
    bench_step(*state, WIRE_NS(NIC_FRAME_BYTES_MIN));
    bench_write(*state, TX_LENGTH, NIC_FRAME_BYTES_MAX);
    assert_int_equal(bench_read(*state, STATUS), LINK_UP | TX_BUSY);
}

static void test_nic__refuses_to_send_while_busy_or_without_link(void **state)
{
    bench_write(*state, TX_LENGTH, 64);
    bench_forget_calls(*state);
    bench_write(*state, TX_LENGTH, 64);
    assert_int_equal(bench_read(*state, STATUS), LINK_UP | TX_BUSY | TX_ERROR);
    bench_step(*state, BENCH_MS);
    bench_write(*state, STATUS, TX_ERROR);
    bench_order_word(*state, HOSTLINK_LINK, 0);
    bench_write(*state, STATUS, LINK_CHANGED);
    bench_write(*state, TX_LENGTH, 64);
    assert_int_equal(bench_read(*state, STATUS), TX_ERROR);
    bench_expect_silence(*state);
}

static void test_nic__receives_in_order_and_shows_the_next_at_once(void **state)
{
    assert_true(arrive(*state, broadcast, 1, 60));
    assert_true(arrive(*state, broadcast, 2, NIC_FRAME_BYTES_MAX));
    assert_true(arrive(*state, broadcast, 3, NIC_FRAME_BYTES_MIN));
    assert_int_equal(bench_read(*state, STATUS), LINK_UP | RX_READY);
    expect_frame(*state, 1, 60);
    expect_frame(*state, 2, NIC_FRAME_BYTES_MAX);
    expect_frame(*state, 3, NIC_FRAME_BYTES_MIN);
    assert_int_equal(bench_read(*state, STATUS), LINK_UP);
    assert_int_equal(bench_read(*state, RX_LENGTH), 0);
    bench_write(*state, RX_POP, 1);
    assert_int_equal(bench_read(*state, RX_LENGTH), 0);
}

static void test_nic__frames_of_wrong_length_are_against_the_contract(void **state)
{
    assert_false(arrive(*state, broadcast, 1, NIC_FRAME_BYTES_MIN - 1));
    assert_false(arrive(*state, broadcast, 1, NIC_FRAME_BYTES_MAX + 1));
    assert_int_equal(bench_read(*state, RX_LENGTH), 0);
}

static void test_nic__sixteen_frames_wait_and_the_next_is_lost(void **state)
{
    for (uint32_t i = 0; i < NIC_RX_FRAMES; i++) {
        assert_true(arrive(*state, broadcast, (uint8_t)i, 60));
    }
    assert_int_equal(bench_read(*state, STATUS), LINK_UP | RX_READY);
    assert_true(arrive(*state, broadcast, 99, 60));
    assert_int_equal(bench_read(*state, STATUS), LINK_UP | RX_READY | RX_OVERRUN);
    for (uint32_t i = 0; i < NIC_RX_FRAMES; i++) {
        expect_frame(*state, (uint8_t)i, 60);
    }
    assert_int_equal(bench_read(*state, STATUS), LINK_UP | RX_OVERRUN);
    bench_write(*state, STATUS, RX_OVERRUN);
    assert_int_equal(bench_read(*state, STATUS), LINK_UP);
}

static void test_nic__queue_goes_round(void **state)
{
    for (uint32_t i = 0; i < 5 * NIC_RX_FRAMES; i++) {
        assert_true(arrive(*state, broadcast, (uint8_t)i, 60 + i));
        expect_frame(*state, (uint8_t)i, 60 + i);
    }
}

static void test_nic__filter_passes_own_group_and_broadcast_only(void **state)
{
    static const uint8_t multicast[6] = {0x01, 0x00, 0x5e, 0x00, 0x00, 0xfb};
    static const uint8_t near_miss[6] = {0x02, 0x11, 0x22, 0x33, 0x44, 0x54};

    set_station(*state);
    assert_true(arrive(*state, near_miss, 1, 60));
    assert_int_equal(bench_read(*state, RX_LENGTH), 0);
    assert_true(arrive(*state, station, 2, 60));
    assert_true(arrive(*state, multicast, 3, 60));
    assert_true(arrive(*state, broadcast, 4, 60));
    expect_frame(*state, 2, 60);
    expect_frame(*state, 3, 60);
    expect_frame(*state, 4, 60);
    bench_write(*state, FILTER, 0xffffffff);
    assert_int_equal(bench_read(*state, FILTER), 1);
    assert_true(arrive(*state, near_miss, 5, 60));
    expect_frame(*state, 5, 60);
}

static void test_nic__hears_nothing_without_link(void **state)
{
    bench_order_word(*state, HOSTLINK_LINK, 0);
    assert_true(arrive(*state, broadcast, 1, 60));
    bench_order_word(*state, HOSTLINK_LINK, 1);
    assert_int_equal(bench_read(*state, RX_LENGTH), 0);
    assert_int_equal(bench_read(*state, STATUS), LINK_UP | LINK_CHANGED);
}

static void test_nic__link_change_is_noticed_once(void **state)
{
    bench_order_word(*state, HOSTLINK_LINK, 1);
    assert_int_equal(bench_read(*state, STATUS), LINK_UP);
    bench_order_word(*state, HOSTLINK_LINK, 0);
    assert_int_equal(bench_read(*state, STATUS), LINK_CHANGED);
    bench_write(*state, STATUS, LINK_CHANGED);
    assert_int_equal(bench_read(*state, STATUS), 0);
    bench_write(*state, STATUS, LINK_UP | RX_READY);
    assert_int_equal(bench_read(*state, STATUS), 0);
}

static void test_nic__line_follows_enabled_bits(void **state)
{
    bench_write(*state, IRQ_ENABLE, 0xffffffff);
    assert_int_equal(bench_read(*state, IRQ_ENABLE), RX_READY | RX_OVERRUN | LINK_CHANGED);
    bench_write(*state, TX_LENGTH, 0);
    assert_int_equal(bench_read(*state, STATUS), LINK_UP | TX_ERROR);
    assert_false(bench_irq(*state, NIC_IRQ));
    assert_true(arrive(*state, broadcast, 1, 60));
    assert_int_equal(bench_read(*state, RX_LENGTH), 60);
    assert_true(bench_irq(*state, NIC_IRQ));
    bench_write(*state, STATUS, RX_READY);
    assert_true(bench_irq(*state, NIC_IRQ));
    bench_write(*state, RX_POP, 0);
    assert_false(bench_irq(*state, NIC_IRQ));
    bench_order_word(*state, HOSTLINK_LINK, 0);
    assert_int_equal(bench_read(*state, STATUS), LINK_CHANGED | TX_ERROR);
    assert_true(bench_irq(*state, NIC_IRQ));
    bench_write(*state, IRQ_ENABLE, RX_READY);
    assert_false(bench_irq(*state, NIC_IRQ));
}

static void test_nic__reset_forgets_frames_and_address_but_not_the_cable(void **state)
{
    set_station(*state);
    assert_true(arrive(*state, broadcast, 1, 60));
    bench_order_word(*state, HOSTLINK_LINK, 0);
    bench_write(*state, IRQ_ENABLE, RX_READY);
    bench_reset(*state);
    assert_int_equal(bench_read(*state, STATUS), 0);
    assert_int_equal(bench_read(*state, RX_LENGTH), 0);
    assert_int_equal(bench_read(*state, MAC_LOW), 0);
    assert_int_equal(bench_read(*state, MAC_HIGH), 0);
    assert_int_equal(bench_read(*state, IRQ_ENABLE), 0);
    bench_power_cycle(*state, 0);
    assert_int_equal(bench_read(*state, STATUS), 0);
}

static void test_nic__hears_nothing_without_power(void **state)
{
    bench_power_off(*state);
    assert_true(arrive(*state, broadcast, 1, 60));
    bench_power_on(*state, 0);
    assert_int_equal(bench_read(*state, RX_LENGTH), 0);
}

static void test_nic__address_keeps_its_six_bytes(void **state)
{
    bench_write(*state, MAC_LOW, 0xffffffff);
    bench_write(*state, MAC_HIGH, 0xffffffff);
    assert_int_equal(bench_read(*state, MAC_LOW), 0xffffffff);
    assert_int_equal(bench_read(*state, MAC_HIGH), 0xffff);
    bench_write(*state, RX_LENGTH, 60);
    assert_int_equal(bench_read(*state, RX_LENGTH), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH_TEST(test_nic__has_link_and_nothing_else_when_new),
        BENCH_TEST(test_nic__sends_what_is_in_its_buffer),
        BENCH_TEST(test_nic__is_busy_as_long_as_the_wire),
        BENCH_TEST(test_nic__sends_lengths_in_range_only),
        BENCH_TEST(test_nic__refuses_to_send_while_busy_or_without_link),
        BENCH_TEST(test_nic__receives_in_order_and_shows_the_next_at_once),
        BENCH_TEST(test_nic__frames_of_wrong_length_are_against_the_contract),
        BENCH_TEST(test_nic__sixteen_frames_wait_and_the_next_is_lost),
        BENCH_TEST(test_nic__queue_goes_round),
        BENCH_TEST(test_nic__filter_passes_own_group_and_broadcast_only),
        BENCH_TEST(test_nic__hears_nothing_without_link),
        BENCH_TEST(test_nic__link_change_is_noticed_once),
        BENCH_TEST(test_nic__line_follows_enabled_bits),
        BENCH_TEST(test_nic__reset_forgets_frames_and_address_but_not_the_cable),
        BENCH_TEST(test_nic__hears_nothing_without_power),
        BENCH_TEST(test_nic__address_keeps_its_six_bytes),
    };

    return cmocka_run_group_tests_name("nic", tests, NULL, NULL);
}
