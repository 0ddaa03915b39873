/* SPDX-License-Identifier: MIT */

/* Does the lab work out what the machine would leave, and tell states apart? */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "sim/crash.h"
#include "sim/world/crash.h"

static CrashMemory *blank(void)
{
    g_autofree uint8_t *flash = g_malloc(FLASH_BYTES);
    uint8_t otp[OTP_WORDS * 4] = {0};
    memset(flash, 0xff, FLASH_BYTES);
    return crash_memory_new(flash, otp);
}

static CrashOperation program(uint64_t number, uint32_t offset, uint32_t bytes, uint8_t value)
{
    CrashOperation operation = {
        .number = number, .kind = HOSTLINK_NVM_PROGRAM, .offset = offset, .bytes = bytes};
    memset(operation.data, value, bytes);
    return operation;
}

static CrashOperation erase(uint64_t number, uint32_t offset)
{
    return (CrashOperation){.number = number,
                            .kind = HOSTLINK_NVM_ERASE,
                            .offset = offset,
                            .bytes = FLASH_SECTOR_BYTES};
}

static CrashTear tear(uint32_t torn, uint32_t value)
{
    return (CrashTear){.torn = torn, .value = value};
}

static void test_crash__mending_gives_every_byte_and_the_digest_back(void **state)
{
    (void)state;
    g_autoptr(CrashMemory) memory = blank();
    CrashOperation first = program(1, 0x5000, 64, 0x5a);
    crash_memory_apply(memory, &first);
    g_autoptr(CrashMemory) before = crash_memory_copy(memory);
    Digest digest = crash_memory_digest(memory);
    CrashOperation second = erase(2, 0x5000);
    g_autoptr(GArray) tears = crash_tears(&second, true, 3);
    assert_true(tears->len > FLASH_SECTOR_BYTES / FLASH_PROGRAM_UNIT_BYTES);
    for (guint i = 0; i < tears->len; i++) {
        crash_memory_tear(memory, &second, g_array_index(tears, CrashTear, i));
        crash_memory_mend(memory);
    }
    Digest after = crash_memory_digest(memory);
    assert_true(digest_is_equal(&digest, &after));
    assert_memory_equal(crash_memory_flash(memory), crash_memory_flash(before), FLASH_BYTES);
}

static void test_crash__digest_is_that_of_the_same_content_come_by_otherwise(void **state)
{
    (void)state;
    g_autoptr(CrashMemory) memory = blank();
    CrashOperation operation = program(9, 0x1100, 256, 0xa5);
    crash_memory_tear(memory, &operation, tear(HOSTLINK_TORN_RANDOM, 2));
    g_autoptr(CrashMemory) other =
        crash_memory_new(crash_memory_flash(memory), crash_memory_otp(memory));
    Digest kept = crash_memory_digest(memory);
    Digest afresh = crash_memory_digest(other);
    assert_true(digest_is_equal(&kept, &afresh));
}

static void test_crash__prefix_stops_between_units(void **state)
{
    (void)state;
    g_autoptr(CrashMemory) memory = blank();
    CrashOperation operation = program(3, 0x2000, 16, 0);
    assert_int_equal(crash_memory_tear(memory, &operation, tear(HOSTLINK_TORN_PREFIX, 2)), 64);
    assert_int_equal(crash_memory_flash(memory)[0x2007], 0);
    assert_int_equal(crash_memory_flash(memory)[0x2008], 0xff);
}

static void test_crash__whole_prefix_is_complete_and_no_prefix_is_before(void **state)
{
    (void)state;
    g_autoptr(CrashMemory) memory = blank();
    CrashOperation operation = program(3, 0x2000, 16, 0x0f);
    Digest before = crash_memory_digest(memory);
    static const struct {
        uint32_t torn;
        uint32_t value;
    } PAIRS[] = {{HOSTLINK_TORN_NOTHING, 0},
                 {HOSTLINK_TORN_PREFIX, 0},
                 {HOSTLINK_TORN_COMPLETE, 0},
                 {HOSTLINK_TORN_PREFIX, 4}};
    Digest digests[4];
    for (size_t i = 0; i < 4; i++) {
        crash_memory_tear(memory, &operation, tear(PAIRS[i].torn, PAIRS[i].value));
        digests[i] = crash_memory_digest(memory);
        crash_memory_mend(memory);
    }
    assert_true(digest_is_equal(&digests[0], &before));
    assert_true(digest_is_equal(&digests[1], &before));
    assert_true(digest_is_equal(&digests[2], &digests[3]));
    assert_false(digest_is_equal(&digests[2], &before));
}

static void test_crash__torn_program_only_clears_and_torn_erase_only_sets(void **state)
{
    (void)state;
    g_autoptr(CrashMemory) memory = blank();
    CrashOperation first = program(1, 0x3000, 256, 0x3c);
    crash_memory_tear(memory, &first, tear(HOSTLINK_TORN_RANDOM, 0));
    for (uint32_t i = 0; i < 256; i++) {
        assert_int_equal(crash_memory_flash(memory)[0x3000 + i] & 0x3c, 0x3c);
    }
    crash_memory_mend(memory);
    crash_memory_apply(memory, &first);
    CrashOperation second = erase(2, 0x3000);
    crash_memory_tear(memory, &second, tear(HOSTLINK_TORN_HALF, 1));
    for (uint32_t i = 0; i < 256; i++) {
        assert_int_equal(crash_memory_flash(memory)[0x3000 + i], 0xff);
    }
}

static void test_crash__weak_bits_are_some_of_those_that_changed(void **state)
{
    (void)state;
    g_autoptr(CrashMemory) memory = blank();
    CrashOperation operation = program(4, 0x4100, 256, 0xf0);
    uint32_t offset = 0;
    unsigned weak = 0;
    crash_memory_tear(memory, &operation, tear(HOSTLINK_TORN_WEAK, 0));
    const uint8_t *mask = crash_memory_weak(memory, &offset);
    assert_non_null(mask);
    assert_int_equal(offset, 0x4000);
    for (uint32_t i = 0; i < FLASH_SECTOR_BYTES; i++) {
        assert_int_equal(mask[i] & 0xf0, 0);
        assert_true(mask[i] == 0 || (i >= 0x100 && i < 0x200));
        weak += (unsigned)__builtin_popcount(mask[i]);
    }
    assert_in_range(weak, 50, 160); /* a tenth of 1024 */
    crash_memory_mend(memory);
    assert_null(crash_memory_weak(memory, &offset));
}

static void test_crash__settled_state_is_the_base_of_the_next_loss(void **state)
{
    (void)state;
    g_autoptr(CrashMemory) memory = blank();
    CrashOperation first = program(1, 0x2000, 16, 0);
    CrashOperation second = program(2, 0x2010, 16, 0);
    crash_memory_tear(memory, &first, tear(HOSTLINK_TORN_PREFIX, 1));
    crash_memory_settle(memory);
    crash_memory_tear(memory, &second, tear(HOSTLINK_TORN_COMPLETE, 0));
    assert_int_equal(crash_memory_flash(memory)[0x2003], 0);
    assert_int_equal(crash_memory_flash(memory)[0x2004], 0xff);
    assert_int_equal(crash_memory_flash(memory)[0x201f], 0);
}

static void test_crash__fuses_go_only_up(void **state)
{
    (void)state;
    g_autoptr(CrashMemory) memory = blank();
    CrashOperation fuse = {.number = 7,
                           .kind = HOSTLINK_NVM_OTP,
                           .offset = OTP_SECURITY_COUNTER_WORD * 4,
                           .bytes = 4,
                           .data = {3}};
    crash_memory_apply(memory, &fuse);
    fuse.data[0] = 4;
    assert_int_equal(crash_memory_tear(memory, &fuse, tear(HOSTLINK_TORN_COMPLETE, 0)), 1);
    assert_int_equal(crash_memory_otp(memory)[fuse.offset], 7);
}

static void test_crash__log_is_read_as_the_observer_writes_it(void **state)
{
    (void)state;
    static const char LOG[] = "1 500 erase 4096 4096 -\n2 900 program 4100 4 00ff10aa\n";
    g_autoptr(GError) error = NULL;
    g_autoptr(GArray) operations = crash_log_parse(LOG, sizeof LOG - 1, &error);
    assert_non_null(operations);
    assert_int_equal(operations->len, 2);
    const CrashOperation *second = &g_array_index(operations, CrashOperation, 1);
    assert_int_equal(second->number, 2);
    assert_int_equal(second->at, 900);
    assert_int_equal(second->data[3], 0xaa);
}

static void test_crash__log_with_anything_wrong_is_refused(void **state)
{
    (void)state;
    static const char *const BAD[] = {
        "1 500 erase 4096 4096\n",           "1 500 erase 4097 4096 -\n",
        "1 500 scrub 4096 4096 -\n",         "1 500 program 250 8 0011223344556677\n",
        "1 500 program 4100 4 00ff10\n",     "1 500 program 2097152 4 00ff10aa\n",
        "1 500 otp 1022 4 00ff10aa\n",       "x 500 erase 4096 4096 -\n",
        "1 500 program 4294967295 2 0011\n", "1 500 program 0 0 \n",
    };
    for (size_t i = 0; i < G_N_ELEMENTS(BAD); i++) {
        g_autoptr(GError) error = NULL;
        assert_null(crash_log_parse(BAD[i], strlen(BAD[i]), &error));
        assert_non_null(error);
    }
}

static void test_crash__points_are_read_as_they_are_written(void **state)
{
    (void)state;
    static const char *const GOOD[] = {"boot#137:prefix.12", "live#1:before",
                                       "boot#137:weak.0,2:complete", "boot#9:random.3,4:half.1"};
    static const char *const BAD[] = {"boot#",
                                      "boot#0:before",
                                      "boot#1:prefix",
                                      "boot#1:before.2",
                                      "boot#1:torn.1",
                                      "dead#1:before",
                                      "boot#1",
                                      "boot#1:weak.0,",
                                      "boot#1:prefix.-1",
                                      "boot#1:before,1:before,1:before"};
    for (size_t i = 0; i < G_N_ELEMENTS(GOOD); i++) {
        CrashPoint point;
        assert_true(crash_point_parse(GOOD[i], &point));
        g_autofree char *text = crash_point_print(&point);
        assert_string_equal(text, GOOD[i]);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(BAD); i++) {
        CrashPoint point;
        assert_false(crash_point_parse(BAD[i], &point));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_crash__mending_gives_every_byte_and_the_digest_back),
        cmocka_unit_test(test_crash__digest_is_that_of_the_same_content_come_by_otherwise),
        cmocka_unit_test(test_crash__prefix_stops_between_units),
        cmocka_unit_test(test_crash__whole_prefix_is_complete_and_no_prefix_is_before),
        cmocka_unit_test(test_crash__torn_program_only_clears_and_torn_erase_only_sets),
        cmocka_unit_test(test_crash__weak_bits_are_some_of_those_that_changed),
        cmocka_unit_test(test_crash__settled_state_is_the_base_of_the_next_loss),
        cmocka_unit_test(test_crash__fuses_go_only_up),
        cmocka_unit_test(test_crash__log_is_read_as_the_observer_writes_it),
        cmocka_unit_test(test_crash__log_with_anything_wrong_is_refused),
        cmocka_unit_test(test_crash__points_are_read_as_they_are_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
