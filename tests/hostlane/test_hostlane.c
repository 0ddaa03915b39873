/* SPDX-License-Identifier: MIT */

/*
 * Does the host lane's ROM decide what the emulated ROM decides, from the same crash states?
 *
 *   test_hostlane BUILD
 *
 * The lane writes some hundred of the states it judges, some of them damaged further, with what
 * its ROM made of them. Each is put into the machine and booted: image or recovery, slot, version,
 * journal state, trial, reasons, fuses, and the journal afterwards must be the same.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <glib.h>

#include "sim/world/machine.h"
#include "tests/hostlane/lane_rom.h"
#include "tests/hostlane/lane_sample.h"
#include "vdevice/contract/boot_record.h"
#include "vdevice/contract/hostlink.h"
#include "vdevice/firmware/base/progress.h"

#define SAMPLES        240
#define SAMPLES_LEAST  200
#define SECOND_NS      UINT64_C(1000000000)
#define BOOT_LIMIT_NS  (2 * SECOND_NS)
#define WALL_TIMEOUT_S 60

static struct {
    const char *build;
    Machine *machine;
    char *samples;
} bench;

typedef struct Seen {
    bool recovery;
    bool started;
    uint32_t refusal; /* the last status shown before the end */
    uint32_t counter;
    BootRecord record;
    uint8_t journal[JOURNAL_BYTES];
} Seen;

static void write_range(uint32_t space, uint32_t offset, const void *bytes, uint32_t count)
{
    wire_append_range(machine_orders(bench.machine), HOSTLINK_WRITE, space, offset, bytes, count);
}

static void read_range(uint32_t space, uint32_t offset, void *ret_bytes, uint32_t count)
{
    g_autoptr(GError) error = NULL;
    if (!machine_read(bench.machine, space, offset, count, ret_bytes, &error)) {
        fail_msg("%s", error->message);
    }
}

/* A new device with the sample's flash and fuses, switched on. */
static void begin(FILE *file, const LaneSample *sample)
{
    HostlinkBegin order = {.trng_seed = 1, .door_closed = 1, .battery_mv = 6000};
    HostlinkPowerOn power_on = {0};
    machine_restart_time(bench.machine);
    wire_append(machine_orders(bench.machine), HOSTLINK_BEGIN, &order, sizeof order);
    for (uint32_t i = 0; i < sample->sectors; i++) {
        uint32_t sector;
        uint8_t bytes[FLASH_SECTOR_BYTES];
        assert_int_equal(fread(&sector, sizeof sector, 1, file), 1);
        assert_int_equal(fread(bytes, sizeof bytes, 1, file), 1);
        write_range(HOSTLINK_SPACE_FLASH, sector * FLASH_SECTOR_BYTES, bytes, sizeof bytes);
    }
    write_range(HOSTLINK_SPACE_OTP, 0, sample->otp, sizeof sample->otp);
    wire_append(machine_orders(bench.machine), HOSTLINK_POWER_ON, &power_on, sizeof power_on);
}

static const WireCall *step(uint64_t limit)
{
    g_autoptr(GError) error = NULL;
    if (!machine_run(bench.machine, limit, &error) || !machine_next_call(bench.machine, &error)) {
        fail_msg("%s", error->message);
    }
    return machine_call(bench.machine);
}

/* Notes a call; true at the jump, in recovery, or when time is up. */
static bool note(const WireCall *call, Seen *seen)
{
    if (call->type != HOSTLINK_PROGRESS) {
        return call->type == HOSTLINK_HORIZON;
    }
    seen->started |= call->word == PROGRESS_ROM_JUMP;
    seen->recovery |= call->word == PROGRESS_ROM_RECOVERY;
    if (call->word > UINT16_MAX) { /* a status; progress codes are small */
        seen->refusal = call->word;
    }
    return seen->started || seen->recovery;
}

static Seen boot(FILE *file, const LaneSample *sample)
{
    Seen seen = {.recovery = false};
    uint32_t words[OTP_SECURITY_COUNTER_WORDS];
    HostlinkCut cut = {.when = HOSTLINK_CUT_NOW};
    begin(file, sample);
    while (!note(step(BOOT_LIMIT_NS), &seen)) {
    }
    read_range(HOSTLINK_SPACE_OTP, 4 * OTP_SECURITY_COUNTER_WORD, words, sizeof words);
    read_range(HOSTLINK_SPACE_FLASH, JOURNAL_OFFSET, seen.journal, sizeof seen.journal);
    read_range(HOSTLINK_SPACE_SRAM, 0, &seen.record, sizeof seen.record);
    for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
        seen.counter += (uint32_t)__builtin_popcount(words[i]);
    }
    wire_append(machine_orders(bench.machine), HOSTLINK_CUT, &cut, sizeof cut);
    while (step(HOSTLINK_NEVER)->type != HOSTLINK_POWER_LOST) {
    }
    return seen;
}

/* The first thing in which the two differ; NULL when in none. */
static const char *difference(const LaneSample *sample, const Seen *seen)
{
    const BootRecord *here = &sample->record;
    const BootRecord *there = &seen->record;
    if (seen->started != (sample->end == LANE_END_STARTED) ||
        seen->recovery != (sample->end == LANE_END_RECOVERY)) {
        return "whether an image starts";
    }
    if (sample->refusal != seen->refusal) {
        return "the reason of the last refusal";
    }
    if (sample->counter != seen->counter) {
        return "the fuses afterwards";
    }
    if (memcmp(sample->journal, seen->journal, sizeof sample->journal) != 0) {
        return "the journal afterwards";
    }
    if (!seen->started) {
        return NULL;
    }
    if (memcmp(here, there, sizeof *here) != 0) {
        return "the boot record";
    }
    return NULL;
}

static void test_hostlane__decides_as_the_emulated_rom(void **state)
{
    (void)state;
    unsigned samples = 0;
    unsigned differences = 0;
    unsigned recoveries = 0;
    unsigned versions[2] = {0, 0};
    FILE *file = fopen(bench.samples, "rb");
    assert_non_null(file);
    static LaneSample sample;
    while (fread(&sample, sizeof sample, 1, file) == 1) {
        Seen seen = boot(file, &sample);
        const char *what = difference(&sample, &seen);
        if (what != NULL) {
            print_error("%s, %u damaged: %s differs\n", sample.token, sample.damaged, what);
            differences++;
        }
        samples++;
        recoveries += seen.recovery;
        versions[0] += seen.started && seen.record.slot == 0;
        versions[1] += seen.started && seen.record.slot == 1;
    }
    fclose(file);
    print_message("# %u states: %u start slot A, %u slot B, %u in recovery; %u differences\n",
                  samples, versions[0], versions[1], recoveries, differences);
    assert_int_equal(differences, 0);
    assert_in_range(samples, SAMPLES_LEAST, SAMPLES);
    assert_true(recoveries > 0 && versions[0] > 0 && versions[1] > 0);
}

static int set_up(void **state)
{
    (void)state;
    g_autoptr(GError) error = NULL;
    g_autofree char *qemu = g_strdup_printf("%s/qemu-system-arm", bench.build);
    g_autofree char *rom = g_strdup_printf("%s/firmware/rom.bin", bench.build);
    g_autofree char *command = g_strdup_printf("%s/hostlane --depth 1 --samples %d --samples-to %s",
                                               bench.build, SAMPLES, bench.samples);
    int status = 0;
    if (!g_spawn_command_line_sync(command, NULL, NULL, &status, &error) || status != 0) {
        print_error("%s: %s\n", command, error == NULL ? "failed" : error->message);
        return -1;
    }
    const MachineOptions options = {
        .path = qemu, .rom_path = rom, .wall_timeout_s = WALL_TIMEOUT_S};
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
    machine_quit(bench.machine);
    return 0;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hostlane__decides_as_the_emulated_rom),
    };
    if (argc != 2) {
        fprintf(stderr, "usage: test_hostlane BUILD\n");
        return 64;
    }
    bench.build = argv[1];
    g_autofree char *samples = g_strdup_printf("%s/hostlane.samples", bench.build);
    bench.samples = samples;
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
