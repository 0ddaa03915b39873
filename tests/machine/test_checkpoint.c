/* SPDX-License-Identifier: MIT */
/*
 * Is the state that the machine saves all the state there is?
 *
 * Each test brings a block to where it has much to forget, saves, and lets machines run on: the one
 * that was saved, one restored from a file, and the first one again, restored within its process
 * (SAVE and RESTORE) after each time. All registers, memories and calls must be equal at the start
 * and after each step.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <glib.h>

#include "tests/machine/bench.h"
#include "vdevice/contract/hostlink.h"
#include "vdevice/contract/memory_map.h"
#include "vdevice/contract/regs.h"

#define NVIC_ISPR     0xe000e200u /* which interrupts wait */
#define NVIC_ICPR     0xe000e280u
#define COUNT(array)  (sizeof(array) / sizeof((array)[0]))
#define BOLT_CALL     "call 6 at"
#define NVM_DONE_CALL "call 10 at"
#define DONE_US       123 /* before the save, so that nothing starts at a round time */

static const uint32_t registers[] = {
#define REG(block, name, offset, access, reset, prose) block##_BASE + (offset),
#define FIELD(block, reg, name, lsb, width, prose)
#define VALUE(block, reg, name, value, prose)
#include "vdevice/contract/regs/debugport.def"
#include "vdevice/contract/regs/flash_ctrl.def"
#include "vdevice/contract/regs/hashacc.def"
#include "vdevice/contract/regs/lockmech.def"
#include "vdevice/contract/regs/nic.def"
#include "vdevice/contract/regs/otp.def"
#include "vdevice/contract/regs/panel.def"
#include "vdevice/contract/regs/pka.def"
#include "vdevice/contract/regs/power.def"
#include "vdevice/contract/regs/rtc.def"
#include "vdevice/contract/regs/timer.def"
#include "vdevice/contract/regs/trng.def"
#include "vdevice/contract/regs/uart.def"
#include "vdevice/contract/regs/watchdog.def"
#undef REG
#undef FIELD
#undef VALUE
};

/* Memories, and registers behind the first of an array. */
static const struct {
    uint32_t base;
    uint32_t bytes;
} memories[] = {
    {FLASH_BASE, 8192},
    {FLASH_BASE + SLOT_B_OFFSET, 4096},
    {WINDOW_BASE, 64},
    {SRAM_BASE, 4096},
    {NIC_RX_BUFFER_BASE, NIC_BUFFER_BYTES},
    {NIC_TX_BUFFER_BASE, NIC_BUFFER_BYTES},
};

static const struct {
    uint32_t first;
    uint32_t words;
} arrays[] = {
    {FLASH_CTRL_BASE + FLASH_CTRL_PAGE_BUFFER, FLASH_PAGE_BYTES / 4},
    {OTP_BASE + OTP_WORD, OTP_WORDS},
    {HASHACC_BASE + HASHACC_STATE, 8},
    {PKA_BASE + PKA_K, 64},
};

static void note(GString *notes, Bench *bench, uint32_t address)
{
    g_string_append_printf(notes, "%08x: %08x\n", address, bench_read(bench, address));
}

/* Everything that can be seen of the machine, as text. Reading takes keys, bytes and random words.
 */
static void look_around(Bench *bench, GString *notes)
{
    BenchCall call;

    for (size_t i = 0; i < COUNT(registers); i++) {
        note(notes, bench, registers[i]);
    }
    for (size_t i = 0; i < COUNT(arrays); i++) {
        for (uint32_t j = 0; j < arrays[i].words; j++) {
            note(notes, bench, arrays[i].first + 4 * j);
        }
    }
    for (size_t i = 0; i < COUNT(memories); i++) {
        g_autofree uint8_t *bytes = g_malloc(memories[i].bytes);
        g_autofree char *digest = NULL;

        bench_read_bytes(bench, memories[i].base, bytes, memories[i].bytes);
        digest = g_compute_checksum_for_data(G_CHECKSUM_SHA256, bytes, memories[i].bytes);
        g_string_append_printf(notes, "%08x: %s\n", memories[i].base, digest);
    }
    note(notes, bench, NVIC_ISPR);
    bench_write(bench, NVIC_ICPR, UINT32_MAX);
    note(notes, bench, NVIC_ISPR);
    while (bench_take_call(bench, &call)) {
        g_autofree char *digest =
            g_compute_checksum_for_data(G_CHECKSUM_SHA256, call.body, call.bytes);

        g_string_append_printf(notes, "call %u at %lld: %s\n", call.type, (long long)call.time,
                               digest);
    }
}

/* Tells what the machine shows now, after each of some steps, and after a loss of power. */
static char *run_on(Bench *bench, void (*first)(Bench *bench))
{
    static const int64_t steps[] = {
        BENCH_US,      99 * BENCH_US,  300 * BENCH_US, 4 * BENCH_MS,
        50 * BENCH_MS, 200 * BENCH_MS, BENCH_S,        3600 * (int64_t)BENCH_S,
    };
    const HostlinkPowerOn on = {.off_duration = BENCH_S};
    GString *notes = g_string_new(NULL);

    if (first) {
        first(bench);
    }
    for (size_t i = 0; i < COUNT(steps); i++) {
        g_string_append_printf(notes, "-- step %zu\n", i);
        bench_settle(bench);
        look_around(bench, notes);
        bench_step(bench, steps[i]);
    }
    bench_power_off(bench);
    bench_settle(bench);
    (void)bench_order(bench, HOSTLINK_POWER_ON, &on, sizeof(on));
    look_around(bench, notes);
    return g_string_free(notes, FALSE);
}

/* Fails with the first line in which they differ. */
static void assert_same(const char *restored, const char *saved)
{
    g_auto(GStrv) left = g_strsplit(restored, "\n", -1);
    g_auto(GStrv) right = g_strsplit(saved, "\n", -1);
    const char *step = "";

    for (size_t i = 0; left[i] && right[i]; i++) {
        if (strcmp(left[i], right[i]) != 0) {
            fail_msg("%s: restored \"%s\", saved \"%s\"", step, left[i], right[i]);
        }
        if (g_str_has_prefix(left[i], "-- ")) {
            step = left[i] + 3;
        }
    }
    assert_string_equal(restored, saved);
}

/* Gives the order to save or to restore, and lets it happen. */
static void settle_order(Bench *bench, uint32_t order)
{
    BenchCall call;

    assert_true(bench_order(bench, order, NULL, 0));
    bench_settle(bench);
    do {
        assert_true(bench_take_call(bench, &call));
    } while (call.type != HOSTLINK_SAVED);
    bench_expect_silence(bench);
}

/* Puts every block where it would not be by itself: of all this a restore must leave nothing. */
static void spoil(Bench *bench)
{
    static const struct {
        uint32_t address;
        uint32_t word;
    } writes[] = {
        {POWER_BASE + POWER_IRQ_ENABLE, 1},
        {POWER_BASE + POWER_PROGRESS, 0x5b011},
        {FLASH_CTRL_BASE + FLASH_CTRL_PAGE_BUFFER, 0},
        {FLASH_CTRL_BASE + FLASH_CTRL_PAGE_BUFFER + 80, 0x11},
        {FLASH_CTRL_BASE + FLASH_CTRL_ADDRESS, SPARE_OFFSET},
        {FLASH_CTRL_BASE + FLASH_CTRL_LENGTH, 100},
        {FLASH_CTRL_BASE + FLASH_CTRL_WINDOW, SLOT_A_OFFSET},
        {FLASH_CTRL_BASE + FLASH_CTRL_LOCK, 2},
        {FLASH_CTRL_BASE + FLASH_CTRL_IRQ_ENABLE, 1},
        {FLASH_CTRL_BASE + FLASH_CTRL_KEY, FLASH_CTRL_KEY_MAGIC},
        {FLASH_CTRL_BASE + FLASH_CTRL_COMMAND, FLASH_CTRL_COMMAND_PROGRAM},
        {FLASH_CTRL_BASE + FLASH_CTRL_KEY, FLASH_CTRL_KEY_MAGIC},
        {OTP_BASE + OTP_INDEX, 120},
        {OTP_BASE + OTP_DATA, 0xff},
        {OTP_BASE + OTP_KEY, OTP_KEY_MAGIC},
        {OTP_BASE + OTP_COMMAND, OTP_COMMAND_PROGRAM},
        {OTP_BASE + OTP_KEY, OTP_KEY_MAGIC},
        {OTP_BASE + OTP_LOCK, 5},
        {NIC_BASE + NIC_FILTER, 1},
        {NIC_BASE + NIC_MAC_LOW, 0x77777777},
        {NIC_BASE + NIC_MAC_HIGH, 0x7777},
        {NIC_BASE + NIC_IRQ_ENABLE, 7},
        {NIC_TX_BUFFER_BASE, 0x5b0115b0},
        {NIC_BASE + NIC_TX_LENGTH, 700},
        {UART_BASE + UART_DATA, '?'},
        {UART_BASE + UART_IRQ_ENABLE, 1},
        {TIMER_BASE + TIMER_ALARM_HIGH, 9},
        {TIMER_BASE + TIMER_ALARM_LOW, 9},
        {TIMER_BASE + TIMER_IRQ_ENABLE, 1},
        {RTC_BASE + RTC_SECONDS_HIGH, 99},
        {RTC_BASE + RTC_SECONDS_LOW, 99},
        {WATCHDOG_BASE + WATCHDOG_PERIOD_MS, 77},
        {WATCHDOG_BASE + WATCHDOG_START, WATCHDOG_START_MAGIC},
        {LOCKMECH_BASE + LOCKMECH_IRQ_ENABLE, 7},
        {LOCKMECH_BASE + LOCKMECH_DRIVE, LOCKMECH_DRIVE_RETRACT},
        {PANEL_BASE + PANEL_LEDS, 2},
        {PANEL_BASE + PANEL_BUZZER_HZ, 999},
        {PANEL_BASE + PANEL_IRQ_ENABLE, 1},
        {DEBUGPORT_BASE + DEBUGPORT_CLOSE, DEBUGPORT_CLOSE_MAGIC},
        {SRAM_BASE + 64, 0x5b0115b0},
        {HASHACC_BASE + HASHACC_STATE, 7},
        {HASHACC_BASE + HASHACC_SOURCE, SRAM_BASE},
        {HASHACC_BASE + HASHACC_BLOCKS, 3},
        {HASHACC_BASE + HASHACC_IRQ_ENABLE, 1},
        {HASHACC_BASE + HASHACC_START, 1},
        {PKA_BASE + PKA_K, 9},
        {PKA_BASE + PKA_PX, 9},
        {PKA_BASE + PKA_IRQ_ENABLE, 1},
        {PKA_BASE + PKA_COMMAND, PKA_COMMAND_ECDSA_VERIFY},
    };
    const HostlinkCut cut = {.when = HOSTLINK_CUT_AT_NVM,
                             .torn = HOSTLINK_TORN_RANDOM,
                             .at = 1000000,
                             .seed = 5,
                             .units = 5,
                             .decay = 5};
    uint8_t frame[60];

    for (size_t i = 0; i < COUNT(writes); i++) {
        bench_write(bench, writes[i].address, writes[i].word);
    }
    memset(frame, 0xff, sizeof(frame));
    for (int i = 0; i < 3; i++) {
        assert_true(bench_order(bench, HOSTLINK_FRAME, frame, sizeof(frame)));
    }
    bench_write(bench, NIC_BASE + NIC_RX_POP, 1);
    assert_true(bench_order(bench, HOSTLINK_UART_BYTES, "???", 3));
    assert_true(bench_order(bench, HOSTLINK_PROBE, NULL, 0));
    assert_true(bench_order(bench, HOSTLINK_CUT, &cut, sizeof(cut)));
    bench_order_word(bench, HOSTLINK_LINK, 0);
    bench_order_word(bench, HOSTLINK_KEY, '#');
    bench_order_word(bench, HOSTLINK_BATTERY, 3333);
    bench_order_word(bench, HOSTLINK_DOOR, 0);
    bench_order_word(bench, HOSTLINK_JAM, 1);
    bench_order_word(bench, HOSTLINK_TRNG_FAULT, 1);
    bench_order_word(bench, HOSTLINK_OBSERVE, 0);
    bench_step(bench, 50 * BENCH_US);
}

/* Saves here and runs on; then restores, with and without power, and compares what becomes then. If
   `first` is given, it is what happens before running on. Returns what became. */
static char *assert_restores(Bench *bench, void (*first)(Bench *bench))
{
    char *saved;

    settle_order(bench, HOSTLINK_SAVE);
    saved = run_on(bench, first);
    for (int off = 0; off < 2; off++) {
        g_autofree char *again = NULL;

        spoil(bench);
        if (off) {
            bench_power_off(bench);
        }
        settle_order(bench, HOSTLINK_RESTORE);
        again = run_on(bench, first);
        assert_same(again, saved);
    }
    return saved;
}

/* The same, with a machine restored from a file as well. */
static void assert_checkpoint_then(Bench *bench, void (*first)(Bench *bench))
{
    g_autofree char *path = g_strdup_printf("%s/lockstep-checkpoint-%d", g_get_tmp_dir(), getpid());
    g_autofree char *saved = NULL;
    g_autofree char *restored = NULL;
    int64_t now = bench_step(bench, DONE_US);
    Bench *other;

    bench_forget_calls(bench);
    bench_save(bench, path);
    other = bench_open_saved(path, now);
    unlink(path);
    restored = run_on(other, first);
    bench_close(other);
    saved = assert_restores(bench, first);
    assert_same(restored, saved);
}

static void assert_checkpoint(Bench *bench)
{
    assert_checkpoint_then(bench, NULL);
}

static void jam_again(Bench *bench)
{
    bench_order_word(bench, HOSTLINK_JAM, 1);
}

static void set_clock(Bench *bench)
{
    bench_write(bench, RTC_BASE + RTC_SECONDS_LOW, 1);
}

static void put_key(Bench *bench)
{
    bench_write(bench, PKA_BASE + PKA_K, 0x12345678);
    bench_write(bench, PKA_BASE + PKA_H, 0x87654321);
}

static void give_commands(Bench *bench)
{
    bench_write(bench, FLASH_CTRL_BASE + FLASH_CTRL_COMMAND, FLASH_CTRL_COMMAND_ERASE);
    bench_write(bench, OTP_BASE + OTP_COMMAND, OTP_COMMAND_PROGRAM);
}

/* Reads the latches before anything latches anew. */
static void read_latches(Bench *bench)
{
    assert_int_equal(bench_read(bench, TIMER_BASE + TIMER_NOW_HIGH), 0);
    assert_int_equal(bench_read(bench, RTC_BASE + RTC_SECONDS_HIGH), 1);
}

static void cut_the_operation(Bench *bench)
{
    const HostlinkCut cut = {
        .when = HOSTLINK_CUT_AT_NVM, .torn = HOSTLINK_TORN_HALF, .at = 1, .seed = 3};

    assert_true(bench_order(bench, HOSTLINK_CUT, &cut, sizeof(cut)));
    /* What has become due on the bench is carried out between two steps. */
    bench_step(bench, FLASH_PROGRAM_NS / 2);
    bench_settle(bench);
}

static void cycle_power(Bench *bench)
{
    bench_power_cycle(bench, 0);
}

static void program_flash(Bench *bench, uint32_t word)
{
    bench_write(bench, FLASH_CTRL_BASE + FLASH_CTRL_PAGE_BUFFER, word);
    bench_write(bench, FLASH_CTRL_BASE + FLASH_CTRL_LENGTH, 64);
    bench_write(bench, FLASH_CTRL_BASE + FLASH_CTRL_KEY, FLASH_CTRL_KEY_MAGIC);
    bench_write(bench, FLASH_CTRL_BASE + FLASH_CTRL_COMMAND, FLASH_CTRL_COMMAND_PROGRAM);
}

static void test_checkpoint__keeps_a_machine_at_rest(void **state)
{
    assert_checkpoint(*state);
}

static void test_checkpoint__keeps_a_flash_operation_in_progress(void **state)
{
    Bench *bench = *state;

    for (uint32_t i = 0; i < FLASH_PAGE_BYTES; i += 4) {
        bench_write(bench, FLASH_CTRL_BASE + FLASH_CTRL_PAGE_BUFFER + i, i);
    }
    bench_write(bench, FLASH_CTRL_BASE + FLASH_CTRL_WINDOW, SLOT_B_OFFSET);
    bench_write(bench, FLASH_CTRL_BASE + FLASH_CTRL_LOCK, 5);
    bench_write(bench, FLASH_CTRL_BASE + FLASH_CTRL_IRQ_ENABLE, 1);
    bench_write(bench, FLASH_CTRL_BASE + FLASH_CTRL_ADDRESS, 0x1000);
    bench_write(bench, FLASH_CTRL_BASE + FLASH_CTRL_LENGTH, FLASH_PAGE_BYTES);
    bench_write(bench, FLASH_CTRL_BASE + FLASH_CTRL_KEY, FLASH_CTRL_KEY_MAGIC);
    bench_write(bench, FLASH_CTRL_BASE + FLASH_CTRL_COMMAND, FLASH_CTRL_COMMAND_PROGRAM);
    assert_checkpoint(bench);
}

static void test_checkpoint__keeps_a_program_that_will_fail(void **state)
{
    Bench *bench = *state;

    program_flash(bench, 0x0f0f0f0f);
    bench_step(bench, FLASH_PROGRAM_NS);
    program_flash(bench, 0xf0f0f0f0);
    assert_checkpoint(bench);
}

static void test_checkpoint__keeps_when_an_operation_ends(void **state)
{
    program_flash(*state, 0x12345678);
    assert_checkpoint_then(*state, cut_the_operation);
}

static void test_checkpoint__keeps_controllers_with_a_key(void **state)
{
    Bench *bench = *state;

    bench_write(bench, FLASH_CTRL_BASE + FLASH_CTRL_KEY, FLASH_CTRL_KEY_MAGIC);
    bench_write(bench, OTP_BASE + OTP_INDEX, 100);
    bench_write(bench, OTP_BASE + OTP_DATA, 1);
    bench_write(bench, OTP_BASE + OTP_KEY, OTP_KEY_MAGIC);
    assert_checkpoint_then(bench, give_commands);
}

static void test_checkpoint__keeps_a_fuse_operation_in_progress(void **state)
{
    Bench *bench = *state;

    bench_write(bench, OTP_BASE + OTP_INDEX, 100);
    bench_write(bench, OTP_BASE + OTP_DATA, 0xcafe);
    bench_write(bench, OTP_BASE + OTP_LOCK, 2);
    bench_write(bench, OTP_BASE + OTP_KEY, OTP_KEY_MAGIC);
    bench_write(bench, OTP_BASE + OTP_COMMAND, OTP_COMMAND_PROGRAM);
    assert_checkpoint(bench);
}

/* Programs a page and loses the power meanwhile, so that some of its cells will flip back. */
static void weaken_a_page(Bench *bench)
{
    const HostlinkCut cut = {.when = HOSTLINK_CUT_AT_NVM,
                             .torn = HOSTLINK_TORN_WEAK,
                             .at = 1,
                             .seed = 9,
                             .decay = BENCH_MS};

    assert_true(bench_order(bench, HOSTLINK_CUT, &cut, sizeof(cut)));
    bench_write(bench, FLASH_CTRL_BASE + FLASH_CTRL_LENGTH, FLASH_PAGE_BYTES);
    bench_write(bench, FLASH_CTRL_BASE + FLASH_CTRL_KEY, FLASH_CTRL_KEY_MAGIC);
    bench_write(bench, FLASH_CTRL_BASE + FLASH_CTRL_COMMAND, FLASH_CTRL_COMMAND_PROGRAM);
    bench_step(bench, FLASH_PROGRAM_NS / 2);
    bench_settle(bench);
    bench_power_on(bench, 0);
}

static void test_checkpoint__keeps_weak_cells(void **state)
{
    weaken_a_page(*state);
    assert_checkpoint(*state);
}

static void test_checkpoint__keeps_weak_cells_over_a_loss_of_power(void **state)
{
    weaken_a_page(*state);
    assert_checkpoint_then(*state, cycle_power);
}

static void test_checkpoint__keeps_an_armed_cut_of_the_power(void **state)
{
    const HostlinkCut cut = {.when = HOSTLINK_CUT_AT_TIME, .at = BENCH_MS / 2};

    assert_true(bench_order(*state, HOSTLINK_CUT, &cut, sizeof(cut)));
    assert_checkpoint(*state);
}

static void test_checkpoint__keeps_a_cut_that_will_tear(void **state)
{
    static const HostlinkCut cuts[] = {
        {.when = HOSTLINK_CUT_AT_NVM, .torn = HOSTLINK_TORN_PREFIX, .at = 1, .units = 5},
        {.when = HOSTLINK_CUT_AT_TIME, .torn = HOSTLINK_TORN_RANDOM, .at = 200000, .seed = 77},
        {.when = HOSTLINK_CUT_AT_NVM, .torn = HOSTLINK_TORN_COMPLETE, .at = 1},
    };

    for (size_t i = 0; i < COUNT(cuts); i++) {
        Bench *bench = bench_open();

        (void)state;
        assert_true(bench_order(bench, HOSTLINK_CUT, &cuts[i], sizeof(cuts[i])));
        program_flash(bench, 0x12345678);
        assert_checkpoint(bench);
        bench_close(bench);
    }
}

static void test_checkpoint__keeps_the_numbering_of_operations(void **state)
{
    Bench *bench = *state;

    bench_write(bench, FLASH_CTRL_BASE + FLASH_CTRL_KEY, FLASH_CTRL_KEY_MAGIC);
    bench_write(bench, FLASH_CTRL_BASE + FLASH_CTRL_COMMAND, FLASH_CTRL_COMMAND_ERASE);
    bench_step(bench, FLASH_ERASE_NS);
    assert_checkpoint(bench);
}

static void test_checkpoint__keeps_the_random_stream_and_its_fault(void **state)
{
    Bench *bench = *state;

    (void)bench_read(bench, TRNG_BASE + TRNG_DATA);
    assert_checkpoint(bench);
    bench_order_word(bench, HOSTLINK_TRNG_FAULT, 1);
    assert_checkpoint(bench);
}

static void test_checkpoint__keeps_calendar_time_and_its_latch(void **state)
{
    const HostlinkBegin begin = {
        .battery_mv = 6000, .wall_clock_cell = 1, .rtc_seconds = UINT64_C(0x123456789a)};
    Bench *bench = *state;

    bench_begin(bench, &begin);
    bench_power_cycle(bench, 9 * (uint64_t)BENCH_S / 10);
    (void)bench_read(bench, RTC_BASE + RTC_SECONDS_LOW);
    assert_checkpoint(bench);
}

static void test_checkpoint__keeps_what_clocks_have_latched(void **state)
{
    const HostlinkBegin begin = {
        .battery_mv = 6000, .wall_clock_cell = 1, .rtc_seconds = UINT64_C(0x1ffffff00)};
    Bench *bench = *state;

    bench_begin(bench, &begin);
    (void)bench_read(bench, TIMER_BASE + TIMER_NOW_LOW);
    (void)bench_read(bench, RTC_BASE + RTC_SECONDS_LOW);
    bench_step(bench, INT64_C(0x100000001) * BENCH_US);
    assert_checkpoint_then(bench, read_latches);
}

static void test_checkpoint__keeps_a_clock_half_set(void **state)
{
    bench_write(*state, RTC_BASE + RTC_SECONDS_HIGH, 77);
    assert_checkpoint_then(*state, set_clock);
}

static void test_checkpoint__keeps_a_watchdog_about_to_bite(void **state)
{
    Bench *bench = *state;

    bench_write(bench, WATCHDOG_BASE + WATCHDOG_PERIOD_MS, 3);
    bench_write(bench, WATCHDOG_BASE + WATCHDOG_START, WATCHDOG_START_MAGIC);
    bench_write(bench, WATCHDOG_BASE + WATCHDOG_PERIOD_MS, 99);
    assert_checkpoint(bench);
}

static void test_checkpoint__keeps_cause_battery_and_progress(void **state)
{
    Bench *bench = *state;

    bench_reset(bench);
    bench_order_word(bench, HOSTLINK_BATTERY, 4100);
    bench_write(bench, POWER_BASE + POWER_PROGRESS, 0x42);
    bench_write(bench, POWER_BASE + POWER_IRQ_ENABLE, 1);
    assert_checkpoint(bench);
}

static void test_checkpoint__keeps_a_moving_bolt(void **state)
{
    Bench *bench = *state;

    bench_order_word(bench, HOSTLINK_DOOR, 0);
    bench_write(bench, LOCKMECH_BASE + LOCKMECH_IRQ_ENABLE, 3);
    bench_write(bench, LOCKMECH_BASE + LOCKMECH_DRIVE, LOCKMECH_DRIVE_EXTEND);
    bench_step(bench, LOCKMECH_TRAVEL_NS / 3);
    assert_checkpoint(bench);
}

static void test_checkpoint__keeps_a_jam_about_to_stall(void **state)
{
    Bench *bench = *state;

    bench_order_word(bench, HOSTLINK_JAM, 1);
    bench_write(bench, LOCKMECH_BASE + LOCKMECH_DRIVE, LOCKMECH_DRIVE_EXTEND);
    assert_checkpoint_then(bench, jam_again);
}

static void test_checkpoint__keeps_keys_lights_and_sounds(void **state)
{
    Bench *bench = *state;

    for (uint32_t i = 0; i < 17; i++) {
        bench_order_word(bench, HOSTLINK_KEY, '0' + i % 10);
    }
    bench_write(bench, PANEL_BASE + PANEL_LEDS, 5);
    bench_write(bench, PANEL_BASE + PANEL_BUZZER_HZ, 440);
    bench_write(bench, PANEL_BASE + PANEL_IRQ_ENABLE, 1);
    assert_checkpoint(bench);
}

static void test_checkpoint__keeps_the_debug_port_closed(void **state)
{
    Bench *bench = *state;

    bench_write(bench, DEBUGPORT_BASE + DEBUGPORT_CLOSE, DEBUGPORT_CLOSE_MAGIC);
    assert_true(bench_order(bench, HOSTLINK_PROBE, NULL, 0));
    assert_checkpoint(bench);
}

static void test_checkpoint__keeps_frames_on_their_way(void **state)
{
    uint8_t frame[200];
    Bench *bench = *state;

    memset(frame, 0xff, sizeof(frame));
    for (uint32_t i = 0; i <= NIC_RX_FRAMES; i++) {
        frame[20] = (uint8_t)i;
        assert_true(bench_order(bench, HOSTLINK_FRAME, frame, 60 + i));
    }
    bench_write(bench, NIC_BASE + NIC_RX_POP, 1);
    bench_write(bench, NIC_BASE + NIC_MAC_LOW, 0x33221102);
    bench_write(bench, NIC_BASE + NIC_MAC_HIGH, 0x5544);
    bench_write(bench, NIC_BASE + NIC_FILTER, 1);
    bench_write(bench, NIC_BASE + NIC_IRQ_ENABLE, 2);
    bench_write_bytes(bench, NIC_TX_BUFFER_BASE, frame, sizeof(frame));
    bench_write(bench, NIC_BASE + NIC_TX_LENGTH, 1500);
    assert_checkpoint(bench);
}

static void test_checkpoint__keeps_a_hash_in_progress(void **state)
{
    Bench *bench = *state;

    bench_fill(bench, SRAM_BASE, 0x5a, 4096);
    bench_write(bench, HASHACC_BASE + HASHACC_STATE, 0x6a09e667);
    bench_write(bench, HASHACC_BASE + HASHACC_SOURCE, SRAM_BASE);
    bench_write(bench, HASHACC_BASE + HASHACC_BLOCKS, 4000);
    bench_write(bench, HASHACC_BASE + HASHACC_IRQ_ENABLE, 1);
    bench_write(bench, HASHACC_BASE + HASHACC_START, 1);
    bench_write(bench, HASHACC_BASE + HASHACC_SOURCE, 1);
    bench_write(bench, HASHACC_BASE + HASHACC_BLOCKS, 2);
    assert_checkpoint(bench);
}

static void test_checkpoint__keeps_a_multiplication_in_progress(void **state)
{
    Bench *bench = *state;

    put_key(bench);
    bench_write(bench, PKA_BASE + PKA_IRQ_ENABLE, 1);
    bench_write(bench, PKA_BASE + PKA_COMMAND, PKA_COMMAND_MULTIPLY_BASE);
    assert_checkpoint(bench);
}

static void test_checkpoint__keeps_half_a_line_and_waiting_bytes(void **state)
{
    Bench *bench = *state;

    bench_write(bench, UART_BASE + UART_DATA, 'x');
    assert_true(bench_order(bench, HOSTLINK_UART_BYTES, "abc", 3));
    bench_write(bench, UART_BASE + UART_IRQ_ENABLE, 1);
    assert_checkpoint(bench);
}

static void test_checkpoint__keeps_an_alarm_and_a_latch(void **state)
{
    Bench *bench = *state;

    bench_step(bench, BENCH_S + 1);
    bench_reset(bench);
    bench_write(bench, TIMER_BASE + TIMER_ALARM_LOW, 5000);
    bench_write(bench, TIMER_BASE + TIMER_IRQ_ENABLE, 1);
    assert_checkpoint(bench);
}

/* Two timers expire at the same nanosecond; the one armed first fires first, whichever it is. */
static void test_checkpoint__keeps_the_order_of_what_ends_at_once(void **state)
{
    Bench *bench = *state;

    for (int bolt_first = 0; bolt_first < 2; bolt_first++) {
        g_autofree char *saved = NULL;
        const char *bolt;
        const char *erase;

        bench_order_word(bench, HOSTLINK_BOLT_SET,
                         1000 - FLASH_ERASE_NS / (LOCKMECH_TRAVEL_NS / 1000));
        if (bolt_first) {
            bench_write(bench, LOCKMECH_BASE + LOCKMECH_DRIVE, LOCKMECH_DRIVE_EXTEND);
        }
        bench_write(bench, FLASH_CTRL_BASE + FLASH_CTRL_KEY, FLASH_CTRL_KEY_MAGIC);
        bench_write(bench, FLASH_CTRL_BASE + FLASH_CTRL_COMMAND, FLASH_CTRL_COMMAND_ERASE);
        if (!bolt_first) {
            bench_write(bench, LOCKMECH_BASE + LOCKMECH_DRIVE, LOCKMECH_DRIVE_EXTEND);
        }
        bench_forget_calls(bench);
        saved = assert_restores(bench, NULL);
        bolt = strstr(saved, BOLT_CALL);
        erase = strstr(saved, NVM_DONE_CALL);
        assert_non_null(bolt);
        assert_non_null(erase);
        assert_int_equal(bolt < erase, bolt_first);
        bench_power_cycle(bench, 0);
    }
}

static void test_checkpoint__forgets_cells_that_became_weak_later(void **state)
{
    Bench *bench = *state;
    g_autofree char *saved = NULL;
    g_autofree char *restored = NULL;

    settle_order(bench, HOSTLINK_SAVE);
    saved = run_on(bench, NULL);
    settle_order(bench, HOSTLINK_RESTORE);
    weaken_a_page(bench);
    settle_order(bench, HOSTLINK_RESTORE);
    restored = run_on(bench, NULL);
    assert_same(restored, saved);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH_TEST(test_checkpoint__keeps_a_machine_at_rest),
        BENCH_TEST(test_checkpoint__keeps_a_flash_operation_in_progress),
        BENCH_TEST(test_checkpoint__keeps_a_program_that_will_fail),
        BENCH_TEST(test_checkpoint__keeps_when_an_operation_ends),
        BENCH_TEST(test_checkpoint__keeps_controllers_with_a_key),
        BENCH_TEST(test_checkpoint__keeps_a_fuse_operation_in_progress),
        BENCH_TEST(test_checkpoint__keeps_weak_cells),
        BENCH_TEST(test_checkpoint__keeps_weak_cells_over_a_loss_of_power),
        BENCH_TEST(test_checkpoint__keeps_an_armed_cut_of_the_power),
        cmocka_unit_test(test_checkpoint__keeps_a_cut_that_will_tear),
        BENCH_TEST(test_checkpoint__keeps_the_numbering_of_operations),
        BENCH_TEST(test_checkpoint__keeps_the_random_stream_and_its_fault),
        BENCH_TEST(test_checkpoint__keeps_calendar_time_and_its_latch),
        BENCH_TEST(test_checkpoint__keeps_what_clocks_have_latched),
        BENCH_TEST(test_checkpoint__keeps_a_clock_half_set),
        BENCH_TEST(test_checkpoint__keeps_a_watchdog_about_to_bite),
        BENCH_TEST(test_checkpoint__keeps_cause_battery_and_progress),
        BENCH_TEST(test_checkpoint__keeps_a_moving_bolt),
        BENCH_TEST(test_checkpoint__keeps_a_jam_about_to_stall),
        BENCH_TEST(test_checkpoint__keeps_keys_lights_and_sounds),
        BENCH_TEST(test_checkpoint__keeps_the_debug_port_closed),
        BENCH_TEST(test_checkpoint__keeps_frames_on_their_way),
        BENCH_TEST(test_checkpoint__keeps_a_hash_in_progress),
        BENCH_TEST(test_checkpoint__keeps_a_multiplication_in_progress),
        BENCH_TEST(test_checkpoint__keeps_half_a_line_and_waiting_bytes),
        BENCH_TEST(test_checkpoint__keeps_an_alarm_and_a_latch),
        BENCH_TEST(test_checkpoint__keeps_the_order_of_what_ends_at_once),
        BENCH_TEST(test_checkpoint__forgets_cells_that_became_weak_later),
    };

    return cmocka_run_group_tests_name("checkpoint", tests, NULL, NULL);
}
