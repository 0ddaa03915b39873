/* SPDX-License-Identifier: MIT */
/*
 * Can a guest, or a lab that keeps to the contract, crash or hang the machine by what it writes?
 *
 * Each run draws acts from one seed: writes and reads of every width at every register and around
 * it, with the values that mean something among those that do not; orders; steps of time. Whatever
 * happened, a device made as new afterwards must work. A seed that fails fails again; it is the
 * last one printed. HOSTILE_SEEDS in the environment asks for more of them.
 */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/machine/bench.h"
#include "vdevice/contract/hostlink.h"
#include "vdevice/contract/memory_map.h"
#include "vdevice/contract/regs.h"

#define SEEDS        10
#define ACTS         5000
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Every register there is, and every value that has a name. */
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
#undef VALUE
};

static const uint32_t values[] = {
#define REG(block, name, offset, access, reset, prose)
#define VALUE(block, reg, name, value, prose) (value),
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
    0,           1,          0xff,           0x100,         FLASH_BASE,
    FLASH_BYTES, SRAM_BASE,  WINDOW_BASE,    SLOT_A_OFFSET, SLOT_B_OFFSET,
    INT32_MAX,   0x80000000, UINT32_MAX - 1, UINT32_MAX,
};

static const uint32_t pages[] = {
    FLASH_CTRL_BASE,    OTP_BASE,           TRNG_BASE,
    RTC_BASE,           WATCHDOG_BASE,      POWER_BASE,
    LOCKMECH_BASE,      PANEL_BASE,         DEBUGPORT_BASE,
    NIC_BASE,           HASHACC_BASE,       PKA_BASE,
    UART_BASE,          TIMER_BASE,         TIMER_BASE + PERIPHERAL_BYTES,
    NIC_TX_BUFFER_BASE, NIC_RX_BUFFER_BASE, ROM_BASE,
    FLASH_BASE,         WINDOW_BASE,        SRAM_BASE,
    0x60000000,         0xfffff000,
};

/* SplitMix64. */
static uint64_t draw(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static uint32_t draw_below(uint64_t *state, size_t limit)
{
    return (uint32_t)(draw(state) % limit);
}

static uint32_t draw_address(uint64_t *state)
{
    if (draw_below(state, 4) > 0) {
        return registers[draw_below(state, COUNT(registers))] + 4 * draw_below(state, 2);
    }
    return pages[draw_below(state, COUNT(pages))] + draw_below(state, PERIPHERAL_BYTES);
}

static uint32_t draw_value(uint64_t *state)
{
    switch (draw_below(state, 4)) {
    case 0:
        return (uint32_t)draw(state);
    case 1:
        return 1u << draw_below(state, 32);
    default:
        return values[draw_below(state, COUNT(values))];
    }
}

static void order_something(Bench *bench, uint64_t *state)
{
    static const uint32_t words[] = {
        HOSTLINK_KEY,  HOSTLINK_DOOR,       HOSTLINK_JAM,      HOSTLINK_BATTERY,
        HOSTLINK_LINK, HOSTLINK_TRNG_FAULT, HOSTLINK_BOLT_SET,
    };
    uint8_t bytes[NIC_FRAME_BYTES_MAX];
    HostlinkCut cut;
    HostlinkWord observed;
    HostlinkReadFault fault;

    switch (draw_below(state, 8)) {
    case 0:
        memset(bytes, 0xff, sizeof(bytes));
        (void)bench_order(bench, HOSTLINK_FRAME, bytes, draw_below(state, sizeof(bytes)));
        break;
    case 1:
        (void)bench_order(bench, HOSTLINK_PROBE, NULL, 0);
        break;
    case 2:
        cut = (HostlinkCut){.when = draw_below(state, HOSTLINK_CUT_AT_NVM + 2),
                            .torn = draw_below(state, HOSTLINK_TORN_COMPLETE + 2),
                            .at = draw(state) >> draw_below(state, 64),
                            .seed = draw(state),
                            .units = draw_value(state),
                            .decay = draw(state) >> draw_below(state, 64)};
        (void)bench_order(bench, HOSTLINK_CUT, &cut, sizeof(cut));
        break;
    case 3:
        observed = (HostlinkWord){.value = draw_value(state)};
        (void)bench_order(bench, HOSTLINK_OBSERVE, &observed, sizeof(observed));
        break;
    case 4:
        fault = (HostlinkReadFault){.at = draw(state) >> draw_below(state, 64),
                                    .seed = draw(state),
                                    .kind = draw_below(state, HOSTLINK_READ_BIT + 2)};
        (void)bench_order(bench, HOSTLINK_READ_FAULT, &fault, sizeof(fault));
        break;
    default:
        bench_order_word(bench, words[draw_below(state, COUNT(words))], draw_value(state));
        break;
    }
}

/* Powers the device on again if an act has cost it its power. */
static void keep_powered(Bench *bench)
{
    const HostlinkPowerOn on = {.off_duration = 1};

    bench_settle(bench);
    (void)bench_order(bench, HOSTLINK_POWER_ON, &on, sizeof(on));
    bench_forget_calls(bench);
}

static void act(Bench *bench, uint64_t *state)
{
    uint32_t address = draw_address(state);

    switch (draw_below(state, 40)) {
    case 0:
    case 1:
    case 2:
        order_something(bench, state);
        break;
    case 3:
        bench_step(bench, 1 + draw_below(state, 50 * BENCH_MS));
        break;
    case 4:
        bench_step(bench, 1 + (int64_t)draw_below(state, 1000) * BENCH_S);
        break;
    case 5:
        keep_powered(bench);
        break;
    case 6:
    case 7:
        bench_poke(bench, address, 1u << draw_below(state, 4), draw(state));
        break;
    case 8:
    case 9:
    case 10:
    case 11:
        (void)bench_read(bench, address & ~3u);
        break;
    case 12: /* what opens flash and fuses, or nothing happens to them */
        bench_write(bench, FLASH_CTRL_BASE + FLASH_CTRL_KEY, FLASH_CTRL_KEY_MAGIC);
        bench_write(bench, FLASH_CTRL_BASE + FLASH_CTRL_COMMAND, 1 + draw_below(state, 2));
        break;
    case 13:
        bench_write(bench, OTP_BASE + OTP_KEY, OTP_KEY_MAGIC);
        bench_write(bench, OTP_BASE + OTP_COMMAND, OTP_COMMAND_PROGRAM);
        break;
    case 14: /* the long operations */
        bench_write(bench, HASHACC_BASE + HASHACC_START, 1);
        bench_write(bench, PKA_BASE + PKA_COMMAND, 1 + draw_below(state, 5));
        break;
    default:
        bench_write(bench, address & ~3u, draw_value(state));
        break;
    }
}

static void assert_new_device_works(Bench *bench)
{
    const HostlinkBegin fresh = {.trng_seed = 1, .bolt_position = 1000, .battery_mv = 6000};
    uint32_t before;

    keep_powered(bench);
    bench_begin(bench, &fresh);
    assert_int_equal(bench_read(bench, POWER_BASE + POWER_RESET_CAUSE), POWER_RESET_CAUSE_POWER_ON);
    assert_int_equal(bench_read(bench, FLASH_BASE), UINT32_MAX);
    assert_int_equal(bench_read(bench, OTP_BASE + OTP_WORD), 0);
    assert_int_equal(bench_read(bench, LOCKMECH_BASE + LOCKMECH_POSITION), 1000);
    assert_int_equal(bench_read(bench, TRNG_BASE + TRNG_STATUS), REG_MASK(TRNG_STATUS_READY));
    before = bench_read(bench, TIMER_BASE + TIMER_NOW_LOW);
    bench_step(bench, BENCH_MS);
    assert_int_equal(bench_read(bench, TIMER_BASE + TIMER_NOW_LOW), before + 1000);
    bench_write(bench, HASHACC_BASE + HASHACC_SOURCE, FLASH_BASE);
    bench_write(bench, HASHACC_BASE + HASHACC_BLOCKS, 1);
    bench_write(bench, HASHACC_BASE + HASHACC_START, 1);
    bench_step(bench, BENCH_MS);
    assert_int_equal(bench_read(bench, HASHACC_BASE + HASHACC_STATUS),
                     REG_MASK(HASHACC_STATUS_DONE));
}

static void test_hostile__machine_survives_whatever_is_written(void **state)
{
    const char *wanted = getenv("HOSTILE_SEEDS");
    uint64_t seeds = wanted ? strtoull(wanted, NULL, 10) : SEEDS;

    for (uint64_t seed = 1; seed <= seeds; seed++) {
        uint64_t random = seed;

        print_message("# seed %" PRIu64 "\n", seed);
        for (int i = 0; i < ACTS; i++) {
            act(*state, &random);
        }
        assert_new_device_works(*state);
    }
}

static void test_hostile__each_register_survives_each_named_value(void **state)
{
    for (size_t i = 0; i < COUNT(registers); i++) {
        for (size_t j = 0; j < COUNT(values); j++) {
            bench_write(*state, registers[i], values[j]);
        }
        bench_step(*state, BENCH_MS);
        bench_forget_calls(*state);
    }
    assert_new_device_works(*state);
}

/* The core's own registers (SysTick, NVIC, system control): SYSRESETREQ among them. */
static void test_hostile__machine_survives_writes_to_the_processors_registers(void **state)
{
    uint64_t random = 1;

    for (int i = 0; i < ACTS; i++) {
        bench_write(*state, 0xe000e000 + 4 * draw_below(&random, 1024), draw_value(&random));
        if (i % 100 == 0) {
            bench_step(*state, BENCH_US);
            bench_forget_calls(*state);
        }
    }
    bench_write(*state, 0xe000ed0c, 0x05fa0004);
    assert_new_device_works(*state);
}

/* The most work one register can ask for, as often as software may ask. */
static void test_hostile__longest_operations_back_to_back_stay_bounded(void **state)
{
    for (int i = 0; i < 50; i++) {
        bench_write(*state, HASHACC_BASE + HASHACC_SOURCE, FLASH_BASE);
        bench_write(*state, HASHACC_BASE + HASHACC_BLOCKS, FLASH_BYTES / 64);
        bench_write(*state, HASHACC_BASE + HASHACC_START, 1);
        bench_write(*state, PKA_BASE + PKA_K, 1);
        bench_write(*state, PKA_BASE + PKA_COMMAND, PKA_COMMAND_MULTIPLY_BASE);
        bench_step(*state, 5 * BENCH_MS);
        assert_int_equal(bench_read(*state, HASHACC_BASE + HASHACC_STATUS),
                         REG_MASK(HASHACC_STATUS_DONE));
    }
    assert_new_device_works(*state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH_TEST(test_hostile__machine_survives_whatever_is_written),
        BENCH_TEST(test_hostile__each_register_survives_each_named_value),
        BENCH_TEST(test_hostile__machine_survives_writes_to_the_processors_registers),
        BENCH_TEST(test_hostile__longest_operations_back_to_back_stay_bounded),
    };

    return cmocka_run_group_tests_name("hostile", tests, NULL, NULL);
}
