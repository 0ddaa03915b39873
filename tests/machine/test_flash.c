/* SPDX-License-Identifier: MIT */
/* Is it NOR flash: erased by sector, programmed by clearing, torn as declared, locked? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "tests/machine/bench.h"
#include "vdevice/contract/hostlink.h"
#include "vdevice/contract/memory_map.h"
#include "vdevice/contract/regs.h"

#define STATUS     (FLASH_CTRL_BASE + FLASH_CTRL_STATUS)
#define KEY        (FLASH_CTRL_BASE + FLASH_CTRL_KEY)
#define COMMAND    (FLASH_CTRL_BASE + FLASH_CTRL_COMMAND)
#define ADDRESS    (FLASH_CTRL_BASE + FLASH_CTRL_ADDRESS)
#define LENGTH     (FLASH_CTRL_BASE + FLASH_CTRL_LENGTH)
#define IRQ_ENABLE (FLASH_CTRL_BASE + FLASH_CTRL_IRQ_ENABLE)
#define WINDOW     (FLASH_CTRL_BASE + FLASH_CTRL_WINDOW)
#define LOCK       (FLASH_CTRL_BASE + FLASH_CTRL_LOCK)
#define BUFFER     (FLASH_CTRL_BASE + FLASH_CTRL_PAGE_BUFFER)

#define BUSY            REG_MASK(FLASH_CTRL_STATUS_BUSY)
#define DONE            REG_MASK(FLASH_CTRL_STATUS_DONE)
#define ERROR_KEY       REG_MASK(FLASH_CTRL_STATUS_ERROR_KEY)
#define ERROR_RANGE     REG_MASK(FLASH_CTRL_STATUS_ERROR_RANGE)
#define ERROR_PROTECTED REG_MASK(FLASH_CTRL_STATUS_ERROR_PROTECTED)
#define ERROR_PROGRAM   REG_MASK(FLASH_CTRL_STATUS_ERROR_PROGRAM)
#define ERROR_BUSY      REG_MASK(FLASH_CTRL_STATUS_ERROR_BUSY)

#define PROGRAM FLASH_CTRL_COMMAND_PROGRAM
#define ERASE   FLASH_CTRL_COMMAND_ERASE
#define ONES    0xffffffffu

static uint32_t word_at(Bench *bench, uint32_t offset)
{
    return bench_read(bench, FLASH_BASE + offset);
}

static void command(Bench *bench, uint32_t what, uint32_t address, uint32_t length)
{
    bench_write(bench, ADDRESS, address);
    bench_write(bench, LENGTH, length);
    bench_write(bench, KEY, FLASH_CTRL_KEY_MAGIC);
    bench_write(bench, COMMAND, what);
}

static void fill_buffer(Bench *bench, uint32_t word)
{
    for (uint32_t i = 0; i < FLASH_PAGE_BYTES; i += 4) {
        bench_write(bench, BUFFER + i, word);
    }
}

/* Programs `bytes` bytes of copies of `word`, to the end, and returns STATUS. */
static uint32_t program(Bench *bench, uint32_t address, uint32_t word, uint32_t bytes)
{
    fill_buffer(bench, word);
    command(bench, PROGRAM, address, bytes);
    bench_step(bench, FLASH_PROGRAM_NS);
    return bench_read(bench, STATUS);
}

static uint32_t erase(Bench *bench, uint32_t address)
{
    command(bench, ERASE, address, 0);
    bench_step(bench, FLASH_ERASE_NS);
    return bench_read(bench, STATUS);
}

/*
 * Starts a program of zeros over the first page, or an erase of the first sector, and loses power
 * as `cut` says: at its start, in the middle or at its end. A bench stops where it steps to, and a
 * loss takes effect when it stops, so it must stop in the middle.
 */
static HostlinkPowerLost tear(Bench *bench, const HostlinkCut *cut, uint32_t what)
{
    HostlinkPowerLost lost;
    BenchCall call;

    assert_true(bench_order(bench, HOSTLINK_CUT, cut, sizeof(*cut)));
    fill_buffer(bench, 0);
    command(bench, what, 0, FLASH_PAGE_BYTES);
    for (int i = 0; i < 2; i++) {
        bench_settle(bench);
        bench_step(bench, (what == ERASE ? FLASH_ERASE_NS : FLASH_PROGRAM_NS) / 2);
    }
    bench_settle(bench);
    do {
        assert_true(bench_take_call(bench, &call));
    } while (call.type != HOSTLINK_POWER_LOST);
    memcpy(&lost, call.body, sizeof(lost));
    bench_power_on(bench, 0);
    bench_forget_calls(bench);
    return lost;
}

static HostlinkCut cut_at(uint64_t operation, uint32_t torn)
{
    HostlinkCut cut = {
        .when = HOSTLINK_CUT_AT_NVM, .torn = torn, .at = operation, .seed = 12345, .units = 10};

    return cut;
}

static uint32_t count_ones(Bench *bench, uint32_t offset, uint32_t bytes)
{
    uint8_t content[FLASH_SECTOR_BYTES];
    uint32_t ones = 0;

    bench_read_bytes(bench, FLASH_BASE + offset, content, bytes);
    for (uint32_t i = 0; i < bytes; i++) {
        ones += (uint32_t)__builtin_popcount(content[i]);
    }
    return ones;
}

static void test_flash__is_all_ones_when_new(void **state)
{
    assert_int_equal(word_at(*state, 0), ONES);
    assert_int_equal(word_at(*state, FLASH_BYTES - 4), ONES);
    assert_int_equal(count_ones(*state, SLOT_A_OFFSET, FLASH_SECTOR_BYTES), FLASH_SECTOR_BYTES * 8);
}

static void test_flash__program_clears_bits_when_its_time_is_over_and_not_before(void **state)
{
    fill_buffer(*state, 0x12345678);
    command(*state, PROGRAM, 0x100, FLASH_PAGE_BYTES);
    assert_int_equal(bench_read(*state, STATUS), BUSY);
    bench_step(*state, FLASH_PROGRAM_NS - 1);
    assert_int_equal(bench_read(*state, STATUS), BUSY);
    assert_int_equal(word_at(*state, 0x100), ONES);
    bench_step(*state, 1);
    assert_int_equal(bench_read(*state, STATUS), DONE);
    assert_int_equal(word_at(*state, 0x100), 0x12345678);
    assert_int_equal(word_at(*state, 0x1fc), 0x12345678);
    assert_int_equal(word_at(*state, 0xfc), ONES);
    assert_int_equal(word_at(*state, 0x200), ONES);
}

static void test_flash__erase_sets_its_sector_when_its_time_is_over_and_not_before(void **state)
{
    const uint32_t sector = 3 * FLASH_SECTOR_BYTES;

    assert_int_equal(program(*state, sector - 4, 0, 4), DONE);
    assert_int_equal(program(*state, sector, 0, FLASH_PAGE_BYTES), DONE);
    assert_int_equal(program(*state, sector + FLASH_SECTOR_BYTES - 4, 0, 4), DONE);
    assert_int_equal(program(*state, sector + FLASH_SECTOR_BYTES, 0, 4), DONE);
    command(*state, ERASE, sector, 0);
    bench_step(*state, FLASH_ERASE_NS - 1);
    assert_int_equal(bench_read(*state, STATUS), BUSY);
    assert_int_equal(word_at(*state, sector), 0);
    bench_step(*state, 1);
    assert_int_equal(bench_read(*state, STATUS), DONE);
    assert_int_equal(count_ones(*state, sector, FLASH_SECTOR_BYTES), FLASH_SECTOR_BYTES * 8);
    assert_int_equal(word_at(*state, sector - 4), 0);
    assert_int_equal(word_at(*state, sector + FLASH_SECTOR_BYTES), 0);
}

static void test_flash__programs_any_byte_and_no_other(void **state)
{
    assert_int_equal(program(*state, 0x105, 0x00000000, 2), DONE);
    assert_int_equal(word_at(*state, 0x104), 0xff0000ff);
    assert_int_equal(word_at(*state, 0x100), ONES);
    assert_int_equal(word_at(*state, 0x108), ONES);
}

static void test_flash__programming_a_zero_back_to_one_is_an_error_the_guest_sees(void **state)
{
    assert_int_equal(program(*state, 0, 0xffff0000, 4), DONE);
    assert_int_equal(program(*state, 0, 0x00ffff00, 4), DONE | ERROR_PROGRAM);
    assert_int_equal(word_at(*state, 0), 0x00ff0000);
    assert_int_equal(program(*state, 0, 0, 4), DONE);
}

static void test_flash__programming_the_same_again_is_no_error(void **state)
{
    assert_int_equal(program(*state, 0, 0xdeadbeef, 4), DONE);
    assert_int_equal(program(*state, 0, 0xdeadbeef, 4), DONE);
    assert_int_equal(word_at(*state, 0), 0xdeadbeef);
}

static void test_flash__refuses_ranges_across_pages_empty_or_outside(void **state)
{
    static const struct {
        uint32_t what;
        uint32_t address;
        uint32_t length;
    } ranges[] = {
        {PROGRAM, 0, 0},
        {PROGRAM, 0, FLASH_PAGE_BYTES + 1},
        {PROGRAM, 1, FLASH_PAGE_BYTES},
        {PROGRAM, FLASH_PAGE_BYTES - 1, 2},
        {PROGRAM, FLASH_BYTES, 4},
        {PROGRAM, UINT32_MAX, 4},
        {PROGRAM, UINT32_MAX, 1},
        {PROGRAM, 0, UINT32_MAX},
        {ERASE, 4, 0},
        {ERASE, FLASH_SECTOR_BYTES - 1, 0},
        {ERASE, FLASH_BYTES, 0},
        {ERASE, 0xfffff000, 0},
    };

    for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
        command(*state, ranges[i].what, ranges[i].address, ranges[i].length);
        assert_int_equal(bench_read(*state, STATUS), DONE | ERROR_RANGE);
        bench_write(*state, STATUS, ONES);
        assert_int_equal(bench_read(*state, STATUS), 0);
    }
    bench_expect_silence(*state);
    command(*state, PROGRAM, FLASH_BYTES - 1, 1);
    assert_int_equal(bench_read(*state, STATUS), BUSY);
}

static void test_flash__command_wants_its_key_each_time(void **state)
{
    bench_write(*state, LENGTH, 4);
    bench_write(*state, COMMAND, PROGRAM);
    assert_int_equal(bench_read(*state, STATUS), DONE | ERROR_KEY);
    bench_write(*state, STATUS, ONES);
    bench_write(*state, KEY, FLASH_CTRL_KEY_MAGIC ^ 1);
    bench_write(*state, COMMAND, PROGRAM);
    assert_int_equal(bench_read(*state, STATUS), DONE | ERROR_KEY);
    assert_int_equal(program(*state, 0, 0, 4), DONE);
    bench_write(*state, COMMAND, PROGRAM);
    assert_int_equal(bench_read(*state, STATUS), DONE | ERROR_KEY);
}

static void test_flash__wrong_key_disarms_a_right_one(void **state)
{
    bench_write(*state, LENGTH, 4);
    bench_write(*state, KEY, FLASH_CTRL_KEY_MAGIC);
    bench_write(*state, KEY, 0);
    bench_write(*state, COMMAND, PROGRAM);
    assert_int_equal(bench_read(*state, STATUS), DONE | ERROR_KEY);
}

static void test_flash__unknown_commands_do_nothing(void **state)
{
    static const uint32_t commands[] = {0, 3, 0x80000001, UINT32_MAX};

    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        command(*state, commands[i], 0, 4);
        assert_int_equal(bench_read(*state, STATUS) & (BUSY | DONE), DONE);
        assert_int_not_equal(bench_read(*state, STATUS), DONE);
        bench_write(*state, STATUS, ONES);
    }
    bench_expect_silence(*state);
    assert_int_equal(word_at(*state, 0), ONES);
}

static void test_flash__command_while_busy_is_noted_and_ignored(void **state)
{
    fill_buffer(*state, 0);
    command(*state, PROGRAM, 0, 4);
    command(*state, ERASE, FLASH_SECTOR_BYTES, 0);
    assert_int_equal(bench_read(*state, STATUS), BUSY | ERROR_BUSY);
    bench_step(*state, FLASH_PROGRAM_NS);
    assert_int_equal(bench_read(*state, STATUS), DONE | ERROR_BUSY);
    assert_int_equal(word_at(*state, 0), 0);
}

static void test_flash__operation_is_what_it_was_at_its_start(void **state)
{
    fill_buffer(*state, 0x11111111);
    command(*state, PROGRAM, 0, 4);
    fill_buffer(*state, 0);
    bench_write(*state, ADDRESS, 0x1000);
    bench_write(*state, LENGTH, 256);
    bench_step(*state, FLASH_PROGRAM_NS);
    assert_int_equal(word_at(*state, 0), 0x11111111);
    assert_int_equal(word_at(*state, 4), ONES);
    assert_int_equal(word_at(*state, 0x1000), ONES);
}

static void test_flash__busy_is_not_clearable(void **state)
{
    command(*state, PROGRAM, 0, 4);
    bench_write(*state, STATUS, ONES);
    assert_int_equal(bench_read(*state, STATUS), BUSY);
}

static void test_flash__cannot_be_written_directly(void **state)
{
    bench_write(*state, FLASH_BASE + 0x100, 0);
    assert_int_equal(word_at(*state, 0x100), ONES);
    bench_write(*state, WINDOW, SLOT_A_OFFSET);
    bench_write(*state, WINDOW_BASE, 0);
    assert_int_equal(bench_read(*state, WINDOW_BASE), ONES);
    bench_write(*state, ROM_BASE, 0x12345678);
    assert_int_equal(bench_read(*state, ROM_BASE), 0);
}

static void test_flash__window_shows_the_slot_it_is_set_to(void **state)
{
    assert_int_equal(program(*state, SLOT_A_OFFSET, 0xaaaaaaaa, 4), DONE);
    assert_int_equal(program(*state, SLOT_B_OFFSET, 0xbbbbbbbb, 4), DONE);
    assert_int_equal(program(*state, SLOT_B_OFFSET + SLOT_BYTES - 4, 0xbbbb0000, 4), DONE);
    bench_write(*state, WINDOW, SLOT_A_OFFSET);
    assert_int_equal(bench_read(*state, WINDOW_BASE), 0xaaaaaaaa);
    bench_write(*state, WINDOW, SLOT_B_OFFSET);
    assert_int_equal(bench_read(*state, WINDOW_BASE), 0xbbbbbbbb);
    assert_int_equal(bench_read(*state, WINDOW_BASE + WINDOW_BYTES - 4), 0xbbbb0000);
    bench_write(*state, WINDOW, SLOT_A_OFFSET + 4);
    bench_write(*state, WINDOW, 0);
    bench_write(*state, WINDOW, UINT32_MAX);
    assert_int_equal(bench_read(*state, WINDOW), SLOT_B_OFFSET);
}

static void test_flash__locked_window_stays_and_is_called_out_once(void **state)
{
    bench_write(*state, WINDOW, SLOT_B_OFFSET);
    bench_write(*state, LOCK, REG_MASK(FLASH_CTRL_LOCK_WINDOW));
    bench_expect_call(*state, HOSTLINK_WINDOW_LOCKED, SLOT_B_OFFSET);
    bench_write(*state, LOCK, REG_MASK(FLASH_CTRL_LOCK_WINDOW));
    bench_expect_silence(*state);
    bench_write(*state, WINDOW, SLOT_A_OFFSET);
    assert_int_equal(bench_read(*state, WINDOW), SLOT_B_OFFSET);
    bench_reset(*state);
    assert_int_equal(bench_read(*state, WINDOW), 0);
    bench_write(*state, WINDOW, SLOT_A_OFFSET);
    assert_int_equal(bench_read(*state, WINDOW), SLOT_A_OFFSET);
}

static void test_flash__locks_are_sticky_until_reset(void **state)
{
    bench_write(*state, LOCK, ONES);
    assert_int_equal(bench_read(*state, LOCK), 0xf);
    bench_write(*state, LOCK, 0);
    assert_int_equal(bench_read(*state, LOCK), 0xf);
    bench_reset(*state);
    assert_int_equal(bench_read(*state, LOCK), 0);
}

static void test_flash__each_lock_protects_its_region_to_the_byte(void **state)
{
    static const struct {
        uint32_t lock;
        uint32_t offset;
        uint32_t bytes;
    } regions[] = {
        {REG_MASK(FLASH_CTRL_LOCK_FACTORY), FACTORY_OFFSET, FACTORY_BYTES},
        {REG_MASK(FLASH_CTRL_LOCK_SLOT_A), SLOT_A_OFFSET, SLOT_BYTES},
        {REG_MASK(FLASH_CTRL_LOCK_SLOT_B), SLOT_B_OFFSET, SLOT_BYTES},
    };

    for (size_t i = 0; i < sizeof(regions) / sizeof(regions[0]); i++) {
        uint32_t end = regions[i].offset + regions[i].bytes;
        uint32_t before = word_at(*state, regions[i].offset);

        bench_write(*state, LOCK, regions[i].lock);
        assert_int_equal(program(*state, regions[i].offset, 0, 1), DONE | ERROR_PROTECTED);
        bench_write(*state, STATUS, ONES);
        assert_int_equal(program(*state, end - 1, 0, 1), DONE | ERROR_PROTECTED);
        bench_write(*state, STATUS, ONES);
        assert_int_equal(erase(*state, end - FLASH_SECTOR_BYTES), DONE | ERROR_PROTECTED);
        bench_write(*state, STATUS, ONES);
        assert_int_equal(program(*state, regions[i].offset - 1, 0, 1), DONE);
        assert_int_equal(program(*state, end, 0, 1), DONE);
        assert_int_equal(word_at(*state, regions[i].offset), before);
        bench_reset(*state);
    }
}

static void test_flash__line_follows_done_while_enabled(void **state)
{
    bench_write(*state, IRQ_ENABLE, ONES);
    assert_int_equal(bench_read(*state, IRQ_ENABLE), 1);
    command(*state, PROGRAM, 0, 4);
    bench_step(*state, FLASH_PROGRAM_NS - 1);
    assert_false(bench_irq(*state, FLASH_CTRL_IRQ));
    bench_step(*state, 1);
    assert_true(bench_irq(*state, FLASH_CTRL_IRQ));
    bench_write(*state, STATUS, DONE);
    assert_false(bench_irq(*state, FLASH_CTRL_IRQ));
}

static void test_flash__operations_are_numbered_and_called_out(void **state)
{
    HostlinkNvmOperation operation;
    BenchCall call;

    assert_int_equal(program(*state, 0x104, 0x01020304, 4), DONE);
    assert_true(bench_take_call(*state, &call));
    assert_int_equal(call.type, HOSTLINK_NVM_STARTED);
    assert_int_equal(call.bytes, sizeof(operation) + 4);
    memcpy(&operation, call.body, sizeof(operation));
    assert_int_equal(operation.number, 1);
    assert_int_equal(operation.kind, HOSTLINK_NVM_PROGRAM);
    assert_int_equal(operation.offset, 0x104);
    assert_int_equal(operation.bytes, 4);
    assert_memory_equal(call.body + sizeof(operation), "\x04\x03\x02\x01", 4);
    assert_true(bench_take_call(*state, &call));
    assert_int_equal(call.type, HOSTLINK_NVM_DONE);
    assert_int_equal(call.time, FLASH_PROGRAM_NS);
    assert_int_equal(call.bytes, sizeof(operation));

    assert_int_equal(erase(*state, 0x1000), DONE);
    assert_true(bench_take_call(*state, &call));
    memcpy(&operation, call.body, sizeof(operation));
    assert_int_equal(operation.number, 2);
    assert_int_equal(operation.kind, HOSTLINK_NVM_ERASE);
    assert_int_equal(operation.bytes, FLASH_SECTOR_BYTES);
}

static void test_flash__keeps_its_contents_without_power_and_a_new_device_does_not(void **state)
{
    const HostlinkBegin fresh = {.battery_mv = 6000};
    const HostlinkBegin kept = {.battery_mv = 6000, .keep_nvm = 1};

    assert_int_equal(program(*state, 0, 0x12345678, 4), DONE);
    bench_power_cycle(*state, BENCH_S);
    assert_int_equal(word_at(*state, 0), 0x12345678);
    bench_begin(*state, &kept);
    assert_int_equal(word_at(*state, 0), 0x12345678);
    bench_begin(*state, &fresh);
    assert_int_equal(word_at(*state, 0), ONES);
}

static void test_flash__reset_completes_the_operation_in_progress(void **state)
{
    fill_buffer(*state, 0);
    command(*state, PROGRAM, 0, 4);
    bench_reset(*state);
    assert_int_equal(bench_read(*state, STATUS), 0);
    assert_int_equal(word_at(*state, 0), 0);
    assert_int_equal(bench_read(*state, BUFFER), 0);
    bench_step(*state, BENCH_S);
    assert_int_equal(bench_read(*state, STATUS), 0);
}

static void test_flash__torn_nothing_leaves_all_as_it_was(void **state)
{
    HostlinkCut cut = cut_at(1, HOSTLINK_TORN_NOTHING);
    HostlinkPowerLost lost = tear(*state, &cut, PROGRAM);

    assert_int_equal(lost.nvm_operations, 1);
    assert_int_equal(lost.torn_operation, 1);
    assert_int_equal(lost.changed_bits, 0);
    assert_int_equal(count_ones(*state, 0, FLASH_PAGE_BYTES), FLASH_PAGE_BYTES * 8);
}

static void test_flash__torn_prefix_leaves_that_many_units(void **state)
{
    HostlinkCut cut = cut_at(1, HOSTLINK_TORN_PREFIX);
    HostlinkPowerLost lost = tear(*state, &cut, PROGRAM);

    assert_int_equal(lost.torn, HOSTLINK_TORN_PREFIX);
    assert_int_equal(lost.changed_bits, 10 * FLASH_PROGRAM_UNIT_BYTES * 8);
    assert_int_equal(word_at(*state, 9 * FLASH_PROGRAM_UNIT_BYTES), 0);
    assert_int_equal(word_at(*state, 10 * FLASH_PROGRAM_UNIT_BYTES), ONES);
}

static void test_flash__torn_prefix_past_the_end_is_all(void **state)
{
    HostlinkCut cut = cut_at(1, HOSTLINK_TORN_PREFIX);

    cut.units = UINT32_MAX;
    assert_int_equal(tear(*state, &cut, PROGRAM).changed_bits, FLASH_PAGE_BYTES * 8);
    assert_int_equal(count_ones(*state, 0, FLASH_PAGE_BYTES), 0);
}

static void test_flash__torn_random_leaves_some_bits_by_seed(void **state)
{
    const HostlinkBegin fresh = {.battery_mv = 6000};
    HostlinkCut cut = cut_at(1, HOSTLINK_TORN_RANDOM);
    uint8_t first[FLASH_PAGE_BYTES];
    uint8_t second[FLASH_PAGE_BYTES];
    uint32_t changed = tear(*state, &cut, PROGRAM).changed_bits;

    bench_read_bytes(*state, FLASH_BASE, first, sizeof(first));
    assert_in_range(changed, 800, 1248);
    assert_int_equal(count_ones(*state, 0, FLASH_PAGE_BYTES), FLASH_PAGE_BYTES * 8 - changed);

    bench_begin(*state, &fresh);
    (void)tear(*state, &cut, PROGRAM);
    bench_read_bytes(*state, FLASH_BASE, second, sizeof(second));
    assert_memory_equal(first, second, sizeof(first));

    bench_begin(*state, &fresh);
    cut.seed++;
    (void)tear(*state, &cut, PROGRAM);
    bench_read_bytes(*state, FLASH_BASE, second, sizeof(second));
    assert_memory_not_equal(first, second, sizeof(first));
}

static void test_flash__torn_half_of_an_erase_is_ones_then_random(void **state)
{
    uint8_t zeros[FLASH_SECTOR_BYTES] = {0};
    HostlinkCut cut = cut_at(1, HOSTLINK_TORN_HALF);

    bench_power_off(*state);
    assert_true(bench_put(*state, HOSTLINK_SPACE_FLASH, 0, zeros, sizeof(zeros)));
    bench_power_on(*state, 0);
    (void)tear(*state, &cut, ERASE);
    assert_int_equal(count_ones(*state, 0, FLASH_SECTOR_BYTES / 2), FLASH_SECTOR_BYTES * 4);
    assert_in_range(count_ones(*state, FLASH_SECTOR_BYTES / 2, FLASH_SECTOR_BYTES / 2),
                    FLASH_SECTOR_BYTES * 2 - 500, FLASH_SECTOR_BYTES * 2 + 500);
}

static void test_flash__torn_weak_reads_right_until_it_decays_for_good(void **state)
{
    HostlinkCut cut = cut_at(1, HOSTLINK_TORN_WEAK);
    uint32_t flipped;

    cut.decay = BENCH_MS;
    assert_int_equal(tear(*state, &cut, PROGRAM).changed_bits, FLASH_PAGE_BYTES * 8);
    bench_step(*state, BENCH_MS - 1);
    assert_int_equal(count_ones(*state, 0, FLASH_PAGE_BYTES), 0);
    bench_step(*state, 1);
    flipped = count_ones(*state, 0, FLASH_PAGE_BYTES);
    assert_in_range(flipped, 120, 300);
    bench_power_cycle(*state, 0);
    bench_step(*state, BENCH_S);
    assert_int_equal(count_ones(*state, 0, FLASH_PAGE_BYTES), flipped);
}

static void test_flash__weak_bits_programmed_again_do_not_decay(void **state)
{
    HostlinkCut cut = cut_at(1, HOSTLINK_TORN_WEAK);

    cut.decay = BENCH_S;
    (void)tear(*state, &cut, PROGRAM);
    assert_int_equal(program(*state, 0, 0, FLASH_PAGE_BYTES), DONE);
    bench_step(*state, 2 * (int64_t)BENCH_S);
    assert_int_equal(count_ones(*state, 0, FLASH_PAGE_BYTES), 0);
}

static void test_flash__torn_complete_loses_power_after_the_last_bit(void **state)
{
    HostlinkCut cut = cut_at(1, HOSTLINK_TORN_COMPLETE);
    HostlinkPowerLost lost = tear(*state, &cut, PROGRAM);

    assert_int_equal(lost.torn_operation, 1);
    assert_int_equal(lost.changed_bits, FLASH_PAGE_BYTES * 8);
    assert_int_equal(count_ones(*state, 0, FLASH_PAGE_BYTES), 0);
}

static void test_flash__cut_waits_for_its_operation(void **state)
{
    HostlinkCut cut = cut_at(3, HOSTLINK_TORN_PREFIX);

    assert_true(bench_order(*state, HOSTLINK_CUT, &cut, sizeof(cut)));
    assert_int_equal(program(*state, 0x1000, 0, 4), DONE);
    assert_int_equal(program(*state, 0x1004, 0, 4), DONE);
    fill_buffer(*state, 0);
    command(*state, PROGRAM, 0x2000, FLASH_PAGE_BYTES);
    bench_step(*state, FLASH_PROGRAM_NS / 2);
    bench_settle(*state);
    bench_power_on(*state, 0);
    assert_int_equal(word_at(*state, 0x2000), 0);
    assert_int_equal(word_at(*state, 0x2000 + 40), ONES);
}

static void test_flash__damage_flips_bits_at_once(void **state)
{
    const uint8_t mask[4] = {0x01, 0, 0, 0x80};

    assert_true(bench_damage(*state, HOSTLINK_SPACE_FLASH, 0x100, mask, sizeof(mask)));
    assert_int_equal(word_at(*state, 0x100), 0x7ffffffe);
    assert_true(bench_damage(*state, HOSTLINK_SPACE_FLASH, 0x100, mask, sizeof(mask)));
    assert_int_equal(word_at(*state, 0x100), ONES);
}

static void test_flash__worn_cells_do_not_follow_one_operation_and_nobody_says_so(void **state)
{
    HostlinkWear wear = {.at = 2, .seed = 7, .bits = 5};

    assert_true(bench_order(*state, HOSTLINK_WEAR, &wear, sizeof(wear)));
    assert_int_equal(program(*state, 0x000, 0, FLASH_PAGE_BYTES), DONE);
    assert_int_equal(count_ones(*state, 0x000, FLASH_PAGE_BYTES), 0);
    assert_int_equal(program(*state, 0x100, 0, FLASH_PAGE_BYTES), DONE);
    assert_int_equal(count_ones(*state, 0x100, FLASH_PAGE_BYTES), 5);
    assert_int_equal(program(*state, 0x100, 0, FLASH_PAGE_BYTES), DONE);
    assert_int_equal(count_ones(*state, 0x100, FLASH_PAGE_BYTES), 0);
}

static void test_flash__worn_cells_stay_zero_in_an_erase_all_of_them_if_there_are_few(void **state)
{
    HostlinkWear few = {.at = 2, .seed = 7, .bits = 3};
    HostlinkWear many = {.at = 3, .seed = 7, .bits = UINT32_MAX};

    assert_int_equal(program(*state, 0, 0, 4), DONE);
    assert_true(bench_order(*state, HOSTLINK_WEAR, &few, sizeof(few)));
    assert_int_equal(erase(*state, 0), DONE);
    assert_int_equal(count_ones(*state, 0, FLASH_SECTOR_BYTES), FLASH_SECTOR_BYTES * 8 - 3);
    assert_true(bench_order(*state, HOSTLINK_WEAR, &many, sizeof(many)));
    assert_int_equal(erase(*state, 0), DONE);
    assert_int_equal(count_ones(*state, 0, FLASH_SECTOR_BYTES), FLASH_SECTOR_BYTES * 8 - 3);
}

static void test_flash__lab_writes_without_power_only_and_inside(void **state)
{
    const uint8_t bytes[4] = {1, 2, 3, 4};
    uint8_t seen[4];

    assert_false(bench_put(*state, HOSTLINK_SPACE_FLASH, 0, bytes, 4));
    bench_power_off(*state);
    assert_true(bench_put(*state, HOSTLINK_SPACE_FLASH, FLASH_BYTES - 4, bytes, 4));
    assert_false(bench_put(*state, HOSTLINK_SPACE_FLASH, FLASH_BYTES - 3, bytes, 4));
    assert_false(bench_put(*state, HOSTLINK_SPACE_FLASH, UINT32_MAX, bytes, 4));
    assert_false(bench_put(*state, 9, 0, bytes, 4));
    bench_look(*state, HOSTLINK_SPACE_FLASH, FLASH_BYTES - 4, seen, 4);
    assert_memory_equal(seen, bytes, 4);
    bench_power_on(*state, 0);
    assert_int_equal(word_at(*state, FLASH_BYTES - 4), 0x04030201);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH_TEST(test_flash__is_all_ones_when_new),
        BENCH_TEST(test_flash__program_clears_bits_when_its_time_is_over_and_not_before),
        BENCH_TEST(test_flash__erase_sets_its_sector_when_its_time_is_over_and_not_before),
        BENCH_TEST(test_flash__programs_any_byte_and_no_other),
        BENCH_TEST(test_flash__programming_a_zero_back_to_one_is_an_error_the_guest_sees),
        BENCH_TEST(test_flash__programming_the_same_again_is_no_error),
        BENCH_TEST(test_flash__refuses_ranges_across_pages_empty_or_outside),
        BENCH_TEST(test_flash__command_wants_its_key_each_time),
        BENCH_TEST(test_flash__wrong_key_disarms_a_right_one),
        BENCH_TEST(test_flash__unknown_commands_do_nothing),
        BENCH_TEST(test_flash__command_while_busy_is_noted_and_ignored),
        BENCH_TEST(test_flash__operation_is_what_it_was_at_its_start),
        BENCH_TEST(test_flash__busy_is_not_clearable),
        BENCH_TEST(test_flash__cannot_be_written_directly),
        BENCH_TEST(test_flash__window_shows_the_slot_it_is_set_to),
        BENCH_TEST(test_flash__locked_window_stays_and_is_called_out_once),
        BENCH_TEST(test_flash__locks_are_sticky_until_reset),
        BENCH_TEST(test_flash__each_lock_protects_its_region_to_the_byte),
        BENCH_TEST(test_flash__line_follows_done_while_enabled),
        BENCH_TEST(test_flash__operations_are_numbered_and_called_out),
        BENCH_TEST(test_flash__keeps_its_contents_without_power_and_a_new_device_does_not),
        BENCH_TEST(test_flash__reset_completes_the_operation_in_progress),
        BENCH_TEST(test_flash__torn_nothing_leaves_all_as_it_was),
        BENCH_TEST(test_flash__torn_prefix_leaves_that_many_units),
        BENCH_TEST(test_flash__torn_prefix_past_the_end_is_all),
        BENCH_TEST(test_flash__torn_random_leaves_some_bits_by_seed),
        BENCH_TEST(test_flash__torn_half_of_an_erase_is_ones_then_random),
        BENCH_TEST(test_flash__torn_weak_reads_right_until_it_decays_for_good),
        BENCH_TEST(test_flash__weak_bits_programmed_again_do_not_decay),
        BENCH_TEST(test_flash__torn_complete_loses_power_after_the_last_bit),
        BENCH_TEST(test_flash__cut_waits_for_its_operation),
        BENCH_TEST(test_flash__damage_flips_bits_at_once),
        BENCH_TEST(test_flash__worn_cells_do_not_follow_one_operation_and_nobody_says_so),
        BENCH_TEST(test_flash__worn_cells_stay_zero_in_an_erase_all_of_them_if_there_are_few),
        BENCH_TEST(test_flash__lab_writes_without_power_only_and_inside),
    };

    return cmocka_run_group_tests_name("flash", tests, NULL, NULL);
}
