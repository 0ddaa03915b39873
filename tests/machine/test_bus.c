/* SPDX-License-Identifier: MIT */
/* Does an executing guest fault exactly where the contract says that nothing is? */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/machine/bench.h"
#include "tests/machine/bus_rom.h"
#include "vdevice/contract/hostlink.h"
#include "vdevice/contract/memory_map.h"
#include "vdevice/contract/regs.h"

#define ROM_PATH     "build/tests/machine/bus_rom.bin"
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define PATIENCE     3000 /* tries of POLL_US each */
#define POLL_US      10000

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

/* Registers that are the first of several, as their prose says. */
static const struct {
    uint32_t first;
    uint32_t words;
} arrays[] = {
    {FLASH_CTRL_BASE + FLASH_CTRL_PAGE_BUFFER, FLASH_PAGE_BYTES / 4},
    {OTP_BASE + OTP_WORD, OTP_WORDS},
    {HASHACC_BASE + HASHACC_STATE, 8},
    {PKA_BASE + PKA_K, 64},
};

static bool is_listed(uint32_t address)
{
    for (size_t i = 0; i < COUNT(registers); i++) {
        if (registers[i] == address) {
            return true;
        }
    }
    for (size_t i = 0; i < COUNT(arrays); i++) {
        if (address >= arrays[i].first && address < arrays[i].first + 4 * arrays[i].words) {
            return true;
        }
    }
    return false;
}

static void assert_faults(const uint32_t faults[BUS_PAGES][PERIPHERAL_BYTES / 4 / 32])
{
    for (uint32_t i = 0; i < BUS_PAGES * PERIPHERAL_BYTES / 4; i++) {
        uint32_t address = FLASH_CTRL_BASE + 4 * i;
        uint32_t word = i % (PERIPHERAL_BYTES / 4);
        bool faulted = faults[i / (PERIPHERAL_BYTES / 4)][word / 32] >> word % 32 & 1;

        if (faulted == is_listed(address)) {
            fail_msg("0x%" PRIx32 " %s", address, faulted ? "faults" : "does not fault");
        }
    }
}

/* Runs the ROM to its end, through the resets that it asks for, and takes what it found. */
static int setup(void **state)
{
    static BusFound found;
    Bench *bench = bench_open_running(ROM_PATH);
    uint32_t causes[2] = {0};
    uint32_t resets = 0;
    bool done = false;
    BenchCall call = {0};

    for (int i = 0; i < PATIENCE && !done; i++) {
        if (!bench_take_call(bench, &call)) {
            usleep(POLL_US);
        } else if (call.type == HOSTLINK_PROGRESS) {
            HostlinkWord word;

            memcpy(&word, call.body, sizeof(word));
            done = word.value == BUS_ROM_DONE;
        } else if (call.type == HOSTLINK_RESET && resets < COUNT(causes)) {
            causes[resets++] = call.body[0];
        }
    }
    assert_true(done);
    assert_int_equal(resets, 2);
    assert_int_equal(causes[0], POWER_RESET_CAUSE_SOFTWARE);
    assert_int_equal(causes[1], POWER_RESET_CAUSE_LOCKUP);
    bench_look(bench, HOSTLINK_SPACE_SRAM, 0, (uint8_t *)&found, sizeof(found));
    bench_close(bench);
    *state = &found;
    return 0;
}

static void test_bus__words_fault_exactly_where_nothing_is_listed(void **state)
{
    const BusFound *found = *state;

    assert_int_equal(found->walks, 1);
    assert_faults(found->load_faults);
    assert_faults(found->store_faults);
}

static void test_bus__narrow_and_unaligned_accesses_always_fault(void **state)
{
    const BusFound *found = *state;

    assert_int_equal(found->odd_successes, 0);
}

static void test_bus__rom_and_flash_do_not_change_by_stores(void **state)
{
    const BusFound *found = *state;

    assert_int_equal(found->rom_after_store, 0);
    assert_int_equal(found->flash_store_faulted, 1);
    assert_int_equal(found->flash_after_store, UINT32_MAX);
}

static void test_bus__window_shows_nothing_until_it_is_set(void **state)
{
    const BusFound *found = *state;

    assert_int_equal(found->window_load_faulted, 1);
    assert_int_equal(found->nowhere_load_faulted, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bus__words_fault_exactly_where_nothing_is_listed),
        cmocka_unit_test(test_bus__narrow_and_unaligned_accesses_always_fault),
        cmocka_unit_test(test_bus__rom_and_flash_do_not_change_by_stores),
        cmocka_unit_test(test_bus__window_shows_nothing_until_it_is_set),
    };

    return cmocka_run_group_tests_name("bus", tests, setup, NULL);
}
