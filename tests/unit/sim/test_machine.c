/* SPDX-License-Identifier: MIT */

/* Does a machine that lies, hangs or dies end in an error that says so, and in nothing worse? */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "sim/world/machine.h"
#include "tests/fakes/fake_machine.h"
#include "vdevice/contract/hostlink.h"
#include "vdevice/contract/memory_map.h"

static void power_on(Machine *machine)
{
    HostlinkBegin begin = {.battery_mv = 6000};
    HostlinkPowerOn on = {0};
    machine_restart_time(machine);
    wire_append(machine_orders(machine), HOSTLINK_BEGIN, &begin, sizeof(begin));
    wire_append(machine_orders(machine), HOSTLINK_POWER_ON, &on, sizeof(on));
}

/* Lets the machine make one call after power-on and expects it to be refused with `text`. */
static void expect_refusal(const FakeStep *step, unsigned wall_timeout_s, MachineError code,
                           const char *text)
{
    int fd;
    GError *error = NULL;
    FakeMachine *fake = fake_machine_start(step, 1, &fd);
    Machine *machine = machine_adopt(fd, wall_timeout_s, &error);
    assert_non_null(machine);
    power_on(machine);
    assert_true(machine_run(machine, 1000000, &error));
    assert_false(machine_next_call(machine, &error));
    assert_true(g_error_matches(error, MACHINE_ERROR, (gint)code));
    assert_non_null(strstr(error->message, text));
    assert_true(machine_is_broken(machine));
    g_error_free(error);
    machine_free(machine);
    fake_machine_free(fake);
}

static void expect_raw_refusal(const void *bytes, uint32_t count, const char *text)
{
    FakeStep step = {.at = 10, .type = FAKE_RAW, .body = bytes, .body_bytes = count};
    expect_refusal(&step, 5, MACHINE_ERROR_RULES, text);
}

static void test_machine__refuses_a_type_nobody_knows(void **state)
{
    (void)state;
    HostlinkHeader header = {.type = 999};
    expect_raw_refusal(&header, sizeof(header), "no such type");
}

static void test_machine__refuses_a_body_too_long_before_reading_it(void **state)
{
    (void)state;
    HostlinkHeader header = {.type = HOSTLINK_FRAME_SENT, .body_bytes = UINT32_MAX};
    expect_raw_refusal(&header, sizeof(header), "impossible body length");
}

static void test_machine__refuses_a_body_too_short(void **state)
{
    (void)state;
    HostlinkHeader header = {.type = HOSTLINK_MOTOR, .body_bytes = 4};
    expect_raw_refusal(&header, sizeof(header), "impossible body length");
}

static void test_machine__refuses_content_nobody_asked_for(void **state)
{
    (void)state;
    HostlinkHeader header = {.type = HOSTLINK_CONTENT};
    expect_raw_refusal(&header, sizeof(header), "nobody asked for");
}

static void test_machine__refuses_a_second_hello(void **state)
{
    (void)state;
    HostlinkHello hello = {.version = HOSTLINK_VERSION};
    FakeStep step = {10, HOSTLINK_HELLO, &hello, sizeof(hello)};
    expect_refusal(&step, 5, MACHINE_ERROR_RULES, "second HELLO");
}

static void test_machine__refuses_time_that_overruns_its_horizon(void **state)
{
    (void)state;
    HostlinkHeader header = {.type = HOSTLINK_HORIZON, .time = UINT64_C(9000000000)};
    expect_raw_refusal(&header, sizeof(header), "overruns");
}

static void test_machine__refuses_a_bolt_beyond_its_travel(void **state)
{
    (void)state;
    HostlinkWord word = {.value = 1001};
    FakeStep step = {10, HOSTLINK_BOLT, &word, sizeof(word)};
    expect_refusal(&step, 5, MACHINE_ERROR_RULES, "out of range");
}

static void test_machine__refuses_a_program_across_pages(void **state)
{
    (void)state;
    uint8_t body[sizeof(HostlinkNvmOperation) + 16] = {0};
    HostlinkNvmOperation nvm = {
        .number = 1, .kind = HOSTLINK_NVM_PROGRAM, .offset = 250, .bytes = 16};
    memcpy(body, &nvm, sizeof(nvm));
    FakeStep step = {10, HOSTLINK_NVM_STARTED, body, sizeof(body)};
    expect_refusal(&step, 5, MACHINE_ERROR_RULES, "outside one page");
}

static void expect_bad_read(uint32_t type, HostlinkRead read, const char *text)
{
    FakeStep step = {10, type, &read, sizeof(read)};
    expect_refusal(&step, 5, MACHINE_ERROR_RULES, text);
}

static void test_machine__refuses_reads_that_cannot_be(void **state)
{
    (void)state;
    HostlinkRead read = {.number = 1, .source = HOSTLINK_READ_FLASH, .bytes = 4};
    HostlinkRead none = read;
    none.number = 0;
    expect_bad_read(HOSTLINK_REREAD, none, "without number");
    HostlinkRead odd = read;
    odd.bytes = 3;
    expect_bad_read(HOSTLINK_REREAD, odd, "outside its source");
    HostlinkRead beyond = read;
    beyond.offset = FLASH_BYTES - 3;
    expect_bad_read(HOSTLINK_REREAD, beyond, "outside its source");
    HostlinkRead nowhere = read;
    nowhere.source = 4;
    expect_bad_read(HOSTLINK_REREAD, nowhere, "outside its source");
    HostlinkRead wide = read;
    wide.source = HOSTLINK_READ_NIC_LENGTH;
    wide.bytes = 8;
    expect_bad_read(HOSTLINK_REREAD, wide, "outside its source");
    expect_bad_read(HOSTLINK_READ_FAULTED, read, "gives what it should not");
    read.given = 1;
    expect_bad_read(HOSTLINK_REREAD, read, "gives what it should not");
}

static void test_machine__tells_when_it_is_silent(void **state)
{
    (void)state;
    FakeStep step = {10, FAKE_HANG, NULL, 0};
    expect_refusal(&step, 1, MACHINE_ERROR_SILENT, "did not call for 1 s");
}

static void test_machine__tells_when_it_is_dead(void **state)
{
    (void)state;
    FakeStep step = {10, FAKE_DIE, NULL, 0};
    expect_refusal(&step, 5, MACHINE_ERROR_DEAD, "closed the hostlink");
}

static void test_machine__reads_back_what_was_written(void **state)
{
    (void)state;
    int fd;
    GError *error = NULL;
    FakeMachine *fake = fake_machine_start(NULL, 0, &fd);
    Machine *machine = machine_adopt(fd, 5, &error);
    uint8_t bytes[4];
    HostlinkBegin begin = {0};
    wire_append(machine_orders(machine), HOSTLINK_BEGIN, &begin, sizeof(begin));
    wire_append_range(machine_orders(machine), HOSTLINK_WRITE, HOSTLINK_SPACE_FLASH, 4096,
                      (const uint8_t *)"ab", 2);
    assert_true(machine_read(machine, HOSTLINK_SPACE_FLASH, 4095, 4, bytes, &error));
    assert_memory_equal(bytes,
                        "\xff"
                        "ab\xff",
                        4);
    machine_quit(machine);
    fake_machine_free(fake);
}

static void test_machine__says_what_is_missing(void **state)
{
    (void)state;
    GError *error = NULL;
    MachineOptions options = {.path = "/nowhere/qemu", .rom_path = "/nowhere/rom"};
    assert_null(machine_start(&options, &error));
    assert_true(g_error_matches(error, MACHINE_ERROR, MACHINE_ERROR_START));
    assert_non_null(strstr(error->message, "/nowhere/qemu"));
    g_error_free(error);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_machine__refuses_a_type_nobody_knows),
        cmocka_unit_test(test_machine__refuses_a_body_too_long_before_reading_it),
        cmocka_unit_test(test_machine__refuses_a_body_too_short),
        cmocka_unit_test(test_machine__refuses_content_nobody_asked_for),
        cmocka_unit_test(test_machine__refuses_a_second_hello),
        cmocka_unit_test(test_machine__refuses_time_that_overruns_its_horizon),
        cmocka_unit_test(test_machine__refuses_a_bolt_beyond_its_travel),
        cmocka_unit_test(test_machine__refuses_a_program_across_pages),
        cmocka_unit_test(test_machine__refuses_reads_that_cannot_be),
        cmocka_unit_test(test_machine__tells_when_it_is_silent),
        cmocka_unit_test(test_machine__tells_when_it_is_dead),
        cmocka_unit_test(test_machine__reads_back_what_was_written),
        cmocka_unit_test(test_machine__says_what_is_missing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
