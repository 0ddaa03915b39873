/* SPDX-License-Identifier: MIT */

/*
 * Can the network half of the application, once taken over, get at what the other half keeps?
 *
 *   test_privilege QEMU ROM IMAGE
 *
 * IMAGE is the application with privilege_attacks.c linked in. Each attack runs in a machine begun
 * anew; a line between the halves that holds shows as a reset at once, before anything moved.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <glib.h>

#include "sim/world/machine.h"
#include "tests/system/privilege_attacks.h"
#include "tools/mkdevice.h"
#include "vdevice/contract/hostlink.h"
#include "vdevice/contract/regs.h"

#define SECOND_NS      UINT64_C(1000000000)
#define WALL_TIMEOUT_S 60
#define DEVICE_SEED    1

typedef struct Bench {
    Machine *machine;
    MintedDevice device;
    gchar *image;
    gsize image_bytes;
} Bench;

static Bench bench;
static const char *qemu_path;
static const char *rom_path;
static const char *image_path;

/* What came of an attack. */
typedef struct Outcome {
    uint32_t reset_cause; /* 0: none */
    uint64_t reset_at;
    bool fault_line;
    bool motor;
} Outcome;

static void write_flash(uint32_t offset, const uint8_t *bytes, gsize count)
{
    gsize padded = (count + FLASH_SECTOR_BYTES - 1) / FLASH_SECTOR_BYTES * FLASH_SECTOR_BYTES;
    g_autofree uint8_t *pages = g_malloc(padded);
    memset(pages, 0xff, padded);
    memcpy(pages, bytes, count);
    wire_append_range(machine_orders(bench.machine), HOSTLINK_WRITE, HOSTLINK_SPACE_FLASH, offset,
                      pages, (uint32_t)padded);
}

static void begin(uint64_t attack)
{
    HostlinkBegin order = {
        .trng_seed = 1,
        .bolt_position = 1000,
        .door_closed = 1,
        .battery_mv = 6000,
        .wall_clock_cell = 1,
        .rtc_seconds = attack * PRIVILEGE_ATTACK_SECONDS,
    };
    HostlinkPowerOn power_on = {0};
    GByteArray *orders = machine_orders(bench.machine);
    machine_restart_time(bench.machine);
    wire_append(orders, HOSTLINK_BEGIN, &order, sizeof(order));
    write_flash(SLOT_A_OFFSET, (const uint8_t *)bench.image, bench.image_bytes);
    write_flash(FACTORY_OFFSET, bench.device.factory, sizeof(bench.device.factory));
    wire_append_range(machine_orders(bench.machine), HOSTLINK_WRITE, HOSTLINK_SPACE_OTP, 0,
                      bench.device.otp, sizeof(bench.device.otp));
    wire_append(machine_orders(bench.machine), HOSTLINK_POWER_ON, &power_on, sizeof(power_on));
}

static void cut_power(void)
{
    HostlinkCut cut = {.when = HOSTLINK_CUT_NOW};
    wire_append(machine_orders(bench.machine), HOSTLINK_CUT, &cut, sizeof(cut));
}

/* Runs one attack for `limit` and then takes the power away, so that the next can begin. */
static Outcome run(uint64_t attack, uint64_t limit)
{
    Outcome outcome = {0};
    g_autoptr(GError) error = NULL;
    begin(attack);
    for (;;) {
        bool over = outcome.reset_cause != 0 || machine_call(bench.machine)->time >= limit;
        const WireCall *last = machine_call(bench.machine);
        if (over && last->type != HOSTLINK_HELLO && last->type != HOSTLINK_POWER_LOST) {
            cut_power();
        }
        if (!machine_run(bench.machine, over ? HOSTLINK_NEVER : limit, &error) ||
            !machine_next_call(bench.machine, &error)) {
            fail_msg("%s", error->message);
        }
        const WireCall *now = machine_call(bench.machine);
        if (now->type == HOSTLINK_POWER_LOST) {
            return outcome;
        }
        if (now->type == HOSTLINK_RESET && outcome.reset_cause == 0) {
            outcome.reset_cause = now->word;
            outcome.reset_at = now->time;
        }
        outcome.motor |= now->type == HOSTLINK_MOTOR && now->word != LOCKMECH_DRIVE_OFF;
        outcome.fault_line |= now->type == HOSTLINK_UART_SENT && now->byte_count > 6 &&
                              memcmp(now->bytes, "fault:", 6) == 0;
    }
}

static void test_privilege__lets_the_application_run_that_attacks_nothing(void **state)
{
    (void)state;
    Outcome outcome = run(PRIVILEGE_ATTACK_NONE, 3 * SECOND_NS);
    assert_int_equal(outcome.reset_cause, 0);
    assert_false(outcome.fault_line);
}

static void test_privilege__stops_every_attack_at_once(void **state)
{
    (void)state;
    for (uint64_t attack = PRIVILEGE_ATTACK_NONE + 1; attack < PRIVILEGE_ATTACK_HANG; attack++) {
        print_message("attack %u\n", (unsigned)attack);
        Outcome outcome = run(attack, SECOND_NS);
        assert_int_equal(outcome.reset_cause, POWER_RESET_CAUSE_SOFTWARE);
        assert_true(outcome.fault_line);
        assert_false(outcome.motor);
    }
}

static void test_privilege__resets_a_network_half_that_hangs(void **state)
{
    (void)state;
    Outcome outcome = run(PRIVILEGE_ATTACK_HANG, 10 * SECOND_NS);
    assert_int_equal(outcome.reset_cause, POWER_RESET_CAUSE_WATCHDOG);
    assert_true(outcome.reset_at <= 9 * SECOND_NS);
    assert_false(outcome.motor);
}

static int set_up(void **state)
{
    (void)state;
    g_autoptr(GError) error = NULL;
    const MachineOptions options = {
        .path = qemu_path,
        .rom_path = rom_path,
        .wall_timeout_s = WALL_TIMEOUT_S,
    };
    if (!g_file_get_contents(image_path, &bench.image, &bench.image_bytes, &error) ||
        !mkdevice_mint(DEVICE_SEED, MINT_OPTIONS_DEFAULT, &bench.device, &error)) {
        print_error("%s\n", error->message);
        return -1;
    }
    bench.machine = machine_start(&options, &error);
    if (bench.machine == NULL) {
        print_error("%s\n", error->message);
        return -1;
    }
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    machine_free(bench.machine);
    g_free(bench.image);
    return 0;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_privilege__lets_the_application_run_that_attacks_nothing),
        cmocka_unit_test(test_privilege__stops_every_attack_at_once),
        cmocka_unit_test(test_privilege__resets_a_network_half_that_hangs),
    };
    if (argc != 4) {
        print_error("usage: test_privilege QEMU ROM IMAGE\n");
        return 64;
    }
    qemu_path = argv[1];
    rom_path = argv[2];
    image_path = argv[3];
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
