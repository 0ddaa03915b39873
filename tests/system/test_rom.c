/* SPDX-License-Identifier: MIT */

/*
 * Does the ROM, on the machine, start good images and only those, and does it make no difference
 * whether accelerators or software do its sums?
 *
 *   test_rom BUILD
 *
 * Everything is asked of both builds of the ROM; what they show outside must be the same.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <glib.h>

#include "sim/world/machine.h"
#include "tools/mkdevice.h"
#include "vdevice/contract/boot_journal.h"
#include "vdevice/contract/boot_record.h"
#include "vdevice/contract/hostlink.h"
#include "vdevice/contract/regs.h"
#include "vdevice/firmware/base/crc32.h"
#include "vdevice/firmware/base/progress.h"
#include "vdevice/firmware/base/status.h"

#define SECOND_NS      UINT64_C(1000000000)
#define WALL_TIMEOUT_S 60
#define DEVICE_SEED    1
#define BOOT_LIMIT_NS  (2 * SECOND_NS)

enum {
    BUILD_ACCEL,
    BUILD_SOFT,
    BUILDS,
};

typedef struct Bench {
    Machine *machines[BUILDS];
    MintedDevice device;
    const char *build;
} Bench;

static Bench bench;

/* What a new device holds. NULL is an empty slot. */
typedef struct Given {
    const char *slot_a;
    const char *slot_b;
    JournalRecord journal; /* sealed here; state 0: none */
    uint32_t counter;
} Given;

/* What was seen from outside until the ROM handed over, went into recovery, or time was up. */
typedef struct Seen {
    GArray *progress; /* uint32_t */
    bool started;
    uint32_t window;
    bool recovery;
    uint32_t leds;
    bool motor;
    uint64_t instructions;
    uint32_t counter;         /* ones in the fuses at the end */
    JournalRecord journal[4]; /* the first records */
    BootRecord record;
} Seen;

static void seen_clear(Seen *seen)
{
    g_array_unref(seen->progress);
}

static void write_range(Machine *machine, uint32_t space, uint32_t offset, const void *bytes,
                        size_t count)
{
    wire_append_range(machine_orders(machine), HOSTLINK_WRITE, space, offset, bytes,
                      (uint32_t)count);
}

static void write_image(Machine *machine, uint32_t offset, const char *name)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *path = g_strdup_printf("%s/images/%s.img", bench.build, name);
    g_autofree char *bytes = NULL;
    gsize count;
    if (!g_file_get_contents(path, &bytes, &count, &error)) {
        fail_msg("%s", error->message);
    }
    write_range(machine, HOSTLINK_SPACE_FLASH, offset, bytes, count);
}

static void begin(Machine *machine, const Given *given)
{
    HostlinkBegin order = {
        .trng_seed = 1,
        .bolt_position = 500,
        .door_closed = 1,
        .battery_mv = 6000,
    };
    HostlinkPowerOn power_on = {0};
    MintedDevice device = bench.device;
    machine_restart_time(machine);
    wire_append(machine_orders(machine), HOSTLINK_BEGIN, &order, sizeof order);
    if (given->slot_a != NULL) {
        write_image(machine, SLOT_A_OFFSET, given->slot_a);
    }
    if (given->slot_b != NULL) {
        write_image(machine, SLOT_B_OFFSET, given->slot_b);
    }
    if (given->journal.state != 0) {
        JournalRecord record = given->journal;
        record.magic = JOURNAL_MAGIC;
        record.sequence = 1;
        record.crc32 = crc32_of(&record, offsetof(JournalRecord, crc32));
        write_range(machine, HOSTLINK_SPACE_FLASH, JOURNAL_OFFSET, &record, sizeof record);
    }
    uint32_t ones = (UINT32_C(1) << given->counter) - 1;
    memcpy(device.otp + 4 * OTP_SECURITY_COUNTER_WORD, &ones, sizeof ones);
    write_range(machine, HOSTLINK_SPACE_OTP, 0, device.otp, sizeof device.otp);
    write_range(machine, HOSTLINK_SPACE_FLASH, FACTORY_OFFSET, device.factory,
                sizeof device.factory);
    wire_append(machine_orders(machine), HOSTLINK_POWER_ON, &power_on, sizeof power_on);
}

/* Sends the orders and waits for the next call. */
static const WireCall *step(Machine *machine, uint64_t limit)
{
    g_autoptr(GError) error = NULL;
    if (!machine_run(machine, limit, &error) || !machine_next_call(machine, &error)) {
        fail_msg("%s", error->message);
    }
    return machine_call(machine);
}

/* Notes a call; true when the boot has come to its end. */
static bool note(const WireCall *call, Seen *seen)
{
    switch (call->type) {
    case HOSTLINK_PROGRESS:
        g_array_append_val(seen->progress, call->word);
        seen->recovery |= call->word == PROGRESS_ROM_RECOVERY;
        return call->word == PROGRESS_ROM_JUMP;
    case HOSTLINK_WINDOW_LOCKED:
        seen->started = true;
        seen->window = call->word;
        return false;
    case HOSTLINK_LEDS:
        seen->leds = call->word;
        return false;
    case HOSTLINK_MOTOR:
        seen->motor = true;
        return false;
    default:
        return call->type == HOSTLINK_HORIZON;
    }
}

static void read_memory(Machine *machine, uint32_t space, uint32_t offset, void *ret_bytes,
                        size_t count)
{
    g_autoptr(GError) error = NULL;
    if (!machine_read(machine, space, offset, (uint32_t)count, ret_bytes, &error)) {
        fail_msg("%s", error->message);
    }
}

/* Boots what is given, looks, and takes the power away. */
static Seen boot(int build, const Given *given, uint64_t limit)
{
    Machine *machine = bench.machines[build];
    Seen seen = {.progress = g_array_new(FALSE, FALSE, sizeof(uint32_t))};
    begin(machine, given);
    while (!note(step(machine, limit), &seen)) {
    }
    uint32_t words[OTP_SECURITY_COUNTER_WORDS];
    seen.instructions = machine_call(machine)->instructions;
    read_memory(machine, HOSTLINK_SPACE_OTP, 4 * OTP_SECURITY_COUNTER_WORD, words, sizeof words);
    read_memory(machine, HOSTLINK_SPACE_FLASH, JOURNAL_OFFSET, seen.journal, sizeof seen.journal);
    read_memory(machine, HOSTLINK_SPACE_SRAM, 0, &seen.record, sizeof seen.record);
    for (size_t i = 0; i < OTP_SECURITY_COUNTER_WORDS; i++) {
        seen.counter += (uint32_t)__builtin_popcount(words[i]);
    }
    HostlinkCut cut = {.when = HOSTLINK_CUT_NOW};
    wire_append(machine_orders(machine), HOSTLINK_CUT, &cut, sizeof cut);
    while (step(machine, HOSTLINK_NEVER)->type != HOSTLINK_POWER_LOST) {
    }
    return seen;
}

static bool showed(const Seen *seen, uint32_t code)
{
    for (guint i = 0; i < seen->progress->len; i++) {
        if (g_array_index(seen->progress, uint32_t, i) == code) {
            return true;
        }
    }
    return false;
}

static void assert_started(const Seen *seen, uint32_t slot_offset, uint32_t state)
{
    assert_true(seen->started);
    assert_false(seen->recovery || seen->motor);
    assert_int_equal(seen->window, slot_offset);
    assert_int_equal(seen->record.magic, BOOT_RECORD_MAGIC);
    assert_int_equal(seen->record.crc32, crc32_of(&seen->record, offsetof(BootRecord, crc32)));
    assert_int_equal(seen->record.slot, slot_offset == SLOT_A_OFFSET ? 0 : 1);
    assert_int_equal(seen->record.journal_state, state);
    assert_int_equal(seen->record.reset_cause, POWER_RESET_CAUSE_POWER_ON);
}

static void test_rom__starts_a_good_image_in_either_slot(void **state)
{
    (void)state;
    static const Given givens[] = {
        {.slot_a = "app-1.0.0"},
        {.slot_b = "app-1.0.0", .journal = {.state = JOURNAL_CONFIRMED, .slot = 1}},
    };
    for (int build = 0; build < BUILDS; build++) {
        for (size_t i = 0; i < 2; i++) {
            Seen seen = boot(build, &givens[i], BOOT_LIMIT_NS);
            assert_started(&seen, i == 0 ? SLOT_A_OFFSET : SLOT_B_OFFSET, JOURNAL_CONFIRMED);
            assert_int_equal(seen.record.other_slot_status, 0);
            seen_clear(&seen);
        }
    }
}

/* An image, and what the ROM says about it. */
typedef struct BadCase {
    const char *image;
    StatusCode expected;
} BadCase;

static const BadCase bad_cases[] = {
    {NULL, STATUS_IM_MAGIC},
    {"bad-magic", STATUS_IM_MAGIC},
    {"bad-header", STATUS_IM_SIGNATURE},
    {"bad-length", STATUS_IM_SIGNATURE},
    {"bad-signature", STATUS_IM_SIGNATURE},
    {"bad-payload", STATUS_IM_DIGEST},
    {"bad-digest", STATUS_IM_DIGEST},
    {"bad-truncated", STATUS_IM_DIGEST},
    {"bad-product", STATUS_IM_PRODUCT},
    {"bad-address", STATUS_IM_HEADER},
    {"bad-vector", STATUS_IM_VECTOR},
    {"stranger-1.1.0", STATUS_IM_KEY},
    {"app-1.0.0", STATUS_IM_ROLLBACK}, /* with two in the fuses */
};

static void test_rom__refuses_each_bad_image_and_says_why(void **state)
{
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(bad_cases); i++) {
        for (int build = 0; build < BUILDS; build++) {
            const Given given = {.slot_a = bad_cases[i].image, .counter = 2};
            Seen seen = boot(build, &given, BOOT_LIMIT_NS);
            assert_false(seen.started || seen.motor);
            assert_true(seen.recovery);
            assert_true(showed(&seen, (uint32_t)bad_cases[i].expected));
            assert_true(showed(&seen, STATUS_BT_NO_IMAGE));
            assert_int_equal(seen.leds, REG_MASK(PANEL_LEDS_RED));
            seen_clear(&seen);
        }
    }
}

static void test_rom__falls_back_to_the_other_slot_and_records_it(void **state)
{
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(bad_cases); i++) {
        for (int build = 0; build < BUILDS; build++) {
            const Given given = {.slot_a = bad_cases[i].image, .slot_b = "app-1.1.0", .counter = 2};
            Seen seen = boot(build, &given, BOOT_LIMIT_NS);
            assert_started(&seen, SLOT_B_OFFSET, JOURNAL_REVERTED);
            assert_int_equal(seen.record.other_slot_status, bad_cases[i].expected);
            assert_int_equal(seen.record.revert_reason, bad_cases[i].expected);
            assert_int_equal(seen.journal[0].state, JOURNAL_REVERTED);
            assert_int_equal(seen.journal[0].slot, 1);
            seen_clear(&seen);
        }
    }
}

static void test_rom__counts_a_trial_before_it_starts_and_burns_nothing_for_it(void **state)
{
    (void)state;
    static const JournalRecord journals[] = {
        {.state = JOURNAL_STAGED, .slot = 1},
        {.state = JOURNAL_TRIAL, .slot = 1, .attempts = 1},
        {.state = JOURNAL_TRIAL, .slot = 1, .attempts = 2},
    };
    for (uint32_t i = 0; i < G_N_ELEMENTS(journals); i++) {
        const Given given = {
            .slot_a = "app-1.0.0", .slot_b = "app-1.1.0", .journal = journals[i], .counter = 1};
        Seen seen = boot(BUILD_ACCEL, &given, BOOT_LIMIT_NS);
        assert_started(&seen, SLOT_B_OFFSET, JOURNAL_TRIAL);
        assert_int_equal(seen.record.attempts, i + 1);
        assert_int_equal(seen.journal[1].state, JOURNAL_TRIAL);
        assert_int_equal(seen.journal[1].attempts, i + 1);
        assert_int_equal(seen.counter, 1);
        seen_clear(&seen);
    }
    const Given used_up = {
        .slot_a = "app-1.0.0",
        .slot_b = "app-1.1.0",
        .journal = {.state = JOURNAL_TRIAL, .slot = 1, .attempts = JOURNAL_TRIALS_MAX},
        .counter = 1,
    };
    Seen seen = boot(BUILD_ACCEL, &used_up, BOOT_LIMIT_NS);
    assert_started(&seen, SLOT_A_OFFSET, JOURNAL_REVERTED);
    assert_int_equal(seen.record.revert_reason, STATUS_BT_TRIALS);
    seen_clear(&seen);
}

static void test_rom__raises_the_fuses_for_a_confirmed_image(void **state)
{
    (void)state;
    for (int build = 0; build < BUILDS; build++) {
        const Given given = {
            .slot_a = "app-1.0.0",
            .slot_b = "app-1.2.0",
            .journal = {.state = JOURNAL_CONFIRMED, .slot = 1},
            .counter = 1,
        };
        Seen seen = boot(build, &given, BOOT_LIMIT_NS);
        assert_started(&seen, SLOT_B_OFFSET, JOURNAL_CONFIRMED);
        assert_int_equal(seen.counter, 3);
        assert_int_equal(seen.record.security_counter, 3);
        seen_clear(&seen);
    }
}

static void test_rom__waits_in_recovery_at_next_to_no_cost(void **state)
{
    (void)state;
    const Given nothing = {.slot_a = NULL};
    Seen seen = boot(BUILD_ACCEL, &nothing, 3600 * SECOND_NS);
    assert_true(seen.recovery);
    assert_false(seen.started);
    assert_int_equal(seen.progress->len, 5); /* started once: the watchdog is fed */
    assert_in_range(seen.instructions, 1, 200000);
    seen_clear(&seen);
}

static void test_rom__starts_in_few_instructions(void **state)
{
    (void)state;
    const Given given = {.slot_a = "app-1.0.0", .counter = 1};
    Seen seen = boot(BUILD_ACCEL, &given, BOOT_LIMIT_NS);
    assert_in_range(seen.instructions, 1, 100000);
    seen_clear(&seen);
}

/* Everything a ROM says on the console until it says "done". */
static char *listen(const char *rom)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *path = g_strdup_printf("%s/tests/system/%s.bin", bench.build, rom);
    g_autofree char *qemu = g_strdup_printf("%s/qemu-system-arm", bench.build);
    const MachineOptions options = {
        .path = qemu, .rom_path = path, .wall_timeout_s = WALL_TIMEOUT_S};
    Machine *machine = machine_start(&options, &error);
    if (machine == NULL) {
        fail_msg("%s", error->message);
    }
    GString *text = g_string_new(NULL);
    HostlinkBegin order = {.battery_mv = 6000};
    HostlinkPowerOn power_on = {0};
    wire_append(machine_orders(machine), HOSTLINK_BEGIN, &order, sizeof order);
    wire_append(machine_orders(machine), HOSTLINK_POWER_ON, &power_on, sizeof power_on);
    while (!g_str_has_suffix(text->str, "done\n")) {
        const WireCall *call = step(machine, 60 * SECOND_NS);
        assert_int_not_equal(call->type, HOSTLINK_HORIZON);
        if (call->type == HOSTLINK_UART_SENT) {
            g_string_append_len(text, (const char *)call->bytes, (gssize)call->byte_count);
        }
    }
    machine_quit(machine);
    return g_string_free(text, FALSE);
}

static void test_crypto__is_the_same_by_accelerator_and_by_software(void **state)
{
    (void)state;
    g_autofree char *accel = listen("crypto-accel");
    g_autofree char *soft = listen("crypto-soft");
    assert_string_equal(accel, soft);
    g_auto(GStrv) lines = g_strsplit(accel, "\n", -1);
    assert_in_range(g_strv_length(lines), 40, 100);
    assert_non_null(strstr(accel, "verify: 00000739"));
    assert_non_null(strstr(accel, "verify bad: 43520002"));
    assert_non_null(strstr(accel, "multiply off: 43520001"));
}

static int set_up(void **state)
{
    (void)state;
    static const char *const roms[BUILDS] = {"rom", "rom-soft"};
    g_autoptr(GError) error = NULL;
    g_autofree char *qemu = g_strdup_printf("%s/qemu-system-arm", bench.build);
    if (!mkdevice_mint(DEVICE_SEED, MINT_OPTIONS_DEFAULT, &bench.device, &error)) {
        print_error("%s\n", error->message);
        return -1;
    }
    for (int i = 0; i < BUILDS; i++) {
        g_autofree char *rom = g_strdup_printf("%s/firmware/%s.bin", bench.build, roms[i]);
        const MachineOptions options = {
            .path = qemu, .rom_path = rom, .wall_timeout_s = WALL_TIMEOUT_S};
        bench.machines[i] = machine_start(&options, &error);
        if (bench.machines[i] == NULL) {
            print_error("%s\n", error->message);
            return -1;
        }
    }
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    for (int i = 0; i < BUILDS; i++) {
        machine_free(bench.machines[i]);
    }
    return 0;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rom__starts_a_good_image_in_either_slot),
        cmocka_unit_test(test_rom__refuses_each_bad_image_and_says_why),
        cmocka_unit_test(test_rom__falls_back_to_the_other_slot_and_records_it),
        cmocka_unit_test(test_rom__counts_a_trial_before_it_starts_and_burns_nothing_for_it),
        cmocka_unit_test(test_rom__raises_the_fuses_for_a_confirmed_image),
        cmocka_unit_test(test_rom__waits_in_recovery_at_next_to_no_cost),
        cmocka_unit_test(test_rom__starts_in_few_instructions),
        cmocka_unit_test(test_crypto__is_the_same_by_accelerator_and_by_software),
    };
    if (argc != 2) {
        print_error("usage: test_rom BUILD\n");
        return 64;
    }
    bench.build = argv[1];
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
