/* SPDX-License-Identifier: MIT */

/* Does the lab know, from operations alone, what stands in flash, and what it is worth? */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "sim/base/bytes.h"
#include "sim/world/nvm.h"
#include "sim/world/signature.h"

static HostlinkNvmOperation operation(uint64_t number, uint32_t kind, uint32_t offset,
                                      uint32_t bytes)
{
    return (HostlinkNvmOperation){.number = number, .kind = kind, .offset = offset, .bytes = bytes};
}

static void operate(Nvm *nvm, HostlinkNvmOperation done, const void *bytes)
{
    assert_true(nvm_start(nvm, &done, bytes));
    assert_true(nvm_finish(nvm, &done));
}

static void test_nvm__programs_only_from_one_to_zero(void **state)
{
    (void)state;
    Nvm *nvm = nvm_new();
    operate(nvm, operation(1, HOSTLINK_NVM_PROGRAM, 256, 2), "\xf0\x0f");
    operate(nvm, operation(2, HOSTLINK_NVM_PROGRAM, 256, 2), "\x3c\xff");
    assert_memory_equal(nvm->flash + 255, "\xff\x30\x0f\xff", 4);
    nvm_free(nvm);
}

static void test_nvm__changes_only_when_an_operation_ends(void **state)
{
    (void)state;
    Nvm *nvm = nvm_new();
    HostlinkNvmOperation program = operation(1, HOSTLINK_NVM_PROGRAM, 0, 1);
    assert_true(nvm_start(nvm, &program, (const uint8_t *)"\0"));
    assert_int_equal(nvm->flash[0], 0xff);
    assert_true(nvm_finish(nvm, &program));
    assert_int_equal(nvm->flash[0], 0);
    assert_false(nvm_finish(nvm, &program));
    nvm_free(nvm);
}

static void test_nvm__erases_one_sector_and_no_more(void **state)
{
    (void)state;
    Nvm *nvm = nvm_new();
    memset(nvm->flash, 0, sizeof(nvm->flash));
    operate(nvm, operation(1, HOSTLINK_NVM_ERASE, FLASH_SECTOR_BYTES, FLASH_SECTOR_BYTES), NULL);
    assert_int_equal(nvm->flash[FLASH_SECTOR_BYTES - 1], 0);
    assert_int_equal(nvm->flash[FLASH_SECTOR_BYTES], 0xff);
    assert_int_equal(nvm->flash[2 * FLASH_SECTOR_BYTES - 1], 0xff);
    assert_int_equal(nvm->flash[2 * FLASH_SECTOR_BYTES], 0);
    nvm_free(nvm);
}

static void test_nvm__lets_a_fuse_and_a_flash_operation_overlap_but_no_third(void **state)
{
    (void)state;
    Nvm *nvm = nvm_new();
    HostlinkNvmOperation erase = operation(1, HOSTLINK_NVM_ERASE, 0, FLASH_SECTOR_BYTES);
    HostlinkNvmOperation fuse = operation(2, HOSTLINK_NVM_OTP, OTP_SECURITY_COUNTER_WORD * 4, 4);
    HostlinkNvmOperation third = operation(3, HOSTLINK_NVM_PROGRAM, 0, 4);
    assert_true(nvm_start(nvm, &erase, NULL));
    assert_true(nvm_start(nvm, &fuse, (const uint8_t *)"\x07\0\0\0"));
    assert_false(nvm_start(nvm, &third, (const uint8_t *)"\0\0\0\0"));
    assert_true(nvm_finish(nvm, &fuse));
    assert_int_equal(nvm_security_counter(nvm), 3);
    HostlinkNvmOperation left;
    assert_true(nvm_take_pending(nvm, &left));
    assert_int_equal(left.number, 1);
    assert_false(nvm_take_pending(nvm, &left));
    nvm_free(nvm);
}

static uint32_t crc32_of(const void *bytes, size_t count)
{
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < count * 8; i++) {
        uint32_t bit = (crc ^ (uint32_t)((const uint8_t *)bytes)[i / 8] >> i % 8) & 1u;
        crc = crc >> 1 ^ (bit != 0 ? 0xedb88320u : 0);
    }
    return ~crc;
}

static void put_record(Nvm *nvm, uint32_t place, uint32_t sequence, uint32_t kind, uint32_t slot)
{
    JournalRecord record = {
        .magic = JOURNAL_MAGIC, .sequence = sequence, .state = kind, .slot = slot};
    record.crc32 = crc32_of(&record, offsetof(JournalRecord, crc32));
    nvm_put_flash(nvm, JOURNAL_OFFSET + place * JOURNAL_RECORD_BYTES, (const uint8_t *)&record,
                  sizeof(record));
}

static void test_nvm__takes_the_newest_whole_record_of_both_sectors(void **state)
{
    (void)state;
    Nvm *nvm = nvm_new();
    JournalRecord record;
    assert_false(nvm_journal(nvm, &record));
    put_record(nvm, 127, 128, JOURNAL_CONFIRMED, 0);
    put_record(nvm, 128, 129, JOURNAL_STAGED, 1);
    put_record(nvm, 129, 130, JOURNAL_TRIAL, 1);
    assert_true(nvm_journal(nvm, &record));
    assert_int_equal(record.sequence, 130);
    assert_int_equal(nvm_confirmed_slot(nvm), 0);
    nvm->flash[JOURNAL_OFFSET + 129 * JOURNAL_RECORD_BYTES + 4] ^= 1; /* torn */
    assert_true(nvm_journal(nvm, &record));
    assert_int_equal(record.sequence, 129);
    nvm_free(nvm);
}

/* RFC 6979, A.2.5: P-256, SHA-256, message "sample". */
static const char KEY[] = "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
                          "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299";
static const char SIGNATURE[] = "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
                                "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8";

static void test_nvm__knows_a_published_signature_and_no_other(void **state)
{
    (void)state;
    uint8_t key[64], signature[64], digest[32];
    assert_true(bytes_from_hex(KEY, key, sizeof(key)));
    assert_true(bytes_from_hex(SIGNATURE, signature, sizeof(signature)));
    signature_sha256((const uint8_t *)"sample", 6, digest);
    assert_true(signature_is_good(key, digest, signature));
    for (unsigned i = 0; i < 64; i += 7) {
        signature[i] ^= 0x10;
        assert_false(signature_is_good(key, digest, signature));
        signature[i] ^= 0x10;
        key[i] ^= 0x10; /* off the curve */
        assert_false(signature_is_good(key, digest, signature));
        key[i] ^= 0x10;
    }
    memset(signature, 0, sizeof(signature));
    assert_false(signature_is_good(key, digest, signature));
}

static void test_nvm__says_what_is_first_wrong_with_an_image(void **state)
{
    (void)state;
    Nvm *nvm = nvm_new();
    ImageHeader header = {.magic = IMAGE_MAGIC,
                          .header_version = IMAGE_HEADER_VERSION,
                          .header_bytes = IMAGE_HEADER_BYTES,
                          .payload_bytes = IMAGE_PAYLOAD_BYTES_MAX + 4};
    uint8_t digest[32];
    assert_string_equal(nvm_image(nvm, 0)->why, "magic");
    nvm_put_flash(nvm, SLOT_A_OFFSET, (const uint8_t *)&header, sizeof(header));
    assert_string_equal(nvm_image(nvm, 0)->why, "length");
    header.payload_bytes = IMAGE_PAYLOAD_BYTES_MIN;
    assert_true(bytes_from_hex(KEY, header.public_key, sizeof(header.public_key)));
    nvm_put_flash(nvm, SLOT_A_OFFSET, (const uint8_t *)&header, sizeof(header));
    assert_string_equal(nvm_image(nvm, 0)->why, "key");
    signature_sha256(header.public_key, sizeof(header.public_key), digest);
    nvm_put_otp(nvm, OTP_KEY_DIGEST_WORD * 4, digest, sizeof(digest));
    assert_string_equal(nvm_image(nvm, 0)->why, "signature");
    assert_true(nvm_image(nvm, 0)->present);
    assert_false(nvm_image(nvm, 0)->is_signed);
    assert_false(nvm_image(nvm, 0)->allowed);
    nvm_free(nvm);
}

static void test_nvm__names_the_regions_of_the_layout(void **state)
{
    (void)state;
    assert_string_equal(nvm_region(HOSTLINK_NVM_PROGRAM, JOURNAL_OFFSET), "journal");
    assert_string_equal(nvm_region(HOSTLINK_NVM_PROGRAM, FACTORY_OFFSET), "factory");
    assert_string_equal(nvm_region(HOSTLINK_NVM_ERASE, STORE_OFFSET), "store");
    assert_string_equal(nvm_region(HOSTLINK_NVM_ERASE, SLOT_A_OFFSET), "slot_a");
    assert_string_equal(nvm_region(HOSTLINK_NVM_ERASE, SLOT_B_OFFSET - 1), "slot_a");
    assert_string_equal(nvm_region(HOSTLINK_NVM_ERASE, SLOT_B_OFFSET), "slot_b");
    assert_string_equal(nvm_region(HOSTLINK_NVM_ERASE, SPARE_OFFSET), "spare");
    assert_string_equal(nvm_region(HOSTLINK_NVM_OTP, 0), "otp");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nvm__programs_only_from_one_to_zero),
        cmocka_unit_test(test_nvm__changes_only_when_an_operation_ends),
        cmocka_unit_test(test_nvm__erases_one_sector_and_no_more),
        cmocka_unit_test(test_nvm__lets_a_fuse_and_a_flash_operation_overlap_but_no_third),
        cmocka_unit_test(test_nvm__takes_the_newest_whole_record_of_both_sectors),
        cmocka_unit_test(test_nvm__knows_a_published_signature_and_no_other),
        cmocka_unit_test(test_nvm__says_what_is_first_wrong_with_an_image),
        cmocka_unit_test(test_nvm__names_the_regions_of_the_layout),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
