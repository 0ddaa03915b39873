/* SPDX-License-Identifier: MIT */
/* Does only an acceptable image pass, and does a refusal say why? */
#include "tests/unit/firmware/unit.h"

#include <string.h>

#include "tests/fakes/fake_flash.h"
#include "tests/fakes/release.h"
#include "vdevice/firmware/core/image.h"
#include "vdevice/firmware/core/trust.h"

static Release good;

static int set_up(void **state)
{
    (void)state;
    fake_flash_blank();
    release_fuse();
    release_make(&good, IMAGE_VERSION(1, 1, 0), 2, 2);
    return 0;
}

static ImageTrust trust_of(uint32_t counter)
{
    ImageTrust trust;
    trust_read(&trust);
    trust.security_counter = counter;
    return trust;
}

static Status check_header(const Release *release)
{
    ImageTrust trust = trust_of(2);
    return image_check_header(&release->header, &trust);
}

static Status check_slot(const Release *release, uint32_t slot)
{
    ImageTrust trust = trust_of(2);
    ImageHeader header;
    release_install(release, slot);
    return image_check_slot(slot, &trust, &header);
}

static void test_image__passes_in_either_slot(void **state)
{
    (void)state;
    assert_ok(check_header(&good));
    assert_ok(check_slot(&good, 0));
    assert_ok(check_slot(&good, 1));
}

static void test_image__is_not_refused_for_one_misread(void **state)
{
    (void)state;
    ImageTrust trust = trust_of(2);
    ImageHeader header;
    release_install(&good, 0);
    for (uint32_t at = 0; at < IMAGE_HEADER_BYTES + 8; at += 5) {
        nor_misread(SLOT_A_OFFSET + at);
        assert_ok(image_check_slot(0, &trust, &header));
        assert_memory_equal(&header, &good.header, sizeof header);
    }
}

static void test_image__is_none_in_an_empty_slot(void **state)
{
    (void)state;
    ImageTrust trust = trust_of(0);
    ImageHeader header;
    assert_status(image_check_slot(1, &trust, &header), STATUS_IM_MAGIC);
}

static void test_image__is_refused_when_any_bit_of_its_header_is_wrong(void **state)
{
    (void)state;
    for (uint32_t bit = 0; bit < 8 * IMAGE_HEADER_BYTES; bit += 3) {
        Release damaged = good;
        ((uint8_t *)&damaged.header)[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        assert_false(status_is_ok(check_header(&damaged)));
    }
}

static void test_image__is_refused_when_a_bit_of_its_payload_is_wrong(void **state)
{
    (void)state;
    static const uint32_t places[] = {0, 300, RELEASE_PAYLOAD_BYTES - 1};
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        Release damaged = good;
        damaged.payload[places[i]] ^= 0x10;
        assert_status(check_slot(&damaged, 0), STATUS_IM_DIGEST);
    }
}

static void test_image__is_refused_when_a_stranger_signed_it(void **state)
{
    (void)state;
    Release other = good;
    release_sign(&other, false);
    assert_status(check_header(&other), STATUS_IM_KEY);
}

static void test_image__is_refused_when_no_key_is_fused(void **state)
{
    (void)state;
    fake_flash_blank();
    assert_status(check_header(&good), STATUS_IM_KEY);
}

static void test_image__is_refused_just_under_the_counter_and_passes_at_it(void **state)
{
    (void)state;
    ImageTrust trust = trust_of(2);
    assert_ok(image_check_header(&good.header, &trust));
    trust = trust_of(3);
    assert_status(image_check_header(&good.header, &trust), STATUS_IM_ROLLBACK);
}

/* One field of a well-signed header that is out of bounds, and what is said about it. */
typedef struct FormCase {
    size_t offset;
    uint32_t value;
    StatusCode expected;
} FormCase;

static void test_image__is_refused_when_well_signed_but_malformed(void **state)
{
    (void)state;
    static const FormCase cases[] = {
        {offsetof(ImageHeader, magic), 0, STATUS_IM_MAGIC},
        {offsetof(ImageHeader, product_id), 1, STATUS_IM_PRODUCT},
        {offsetof(ImageHeader, load_address), WINDOW_BASE, STATUS_IM_HEADER},
        {offsetof(ImageHeader, reserved), 1, STATUS_IM_HEADER},
        {offsetof(ImageHeader, security_counter), SECURITY_COUNTER_MAX + 1, STATUS_IM_HEADER},
        {offsetof(ImageHeader, payload_bytes), IMAGE_PAYLOAD_BYTES_MIN - 4, STATUS_IM_LENGTH},
        {offsetof(ImageHeader, payload_bytes), IMAGE_PAYLOAD_BYTES_MAX + 4, STATUS_IM_LENGTH},
        {offsetof(ImageHeader, payload_bytes), UINT32_MAX, STATUS_IM_LENGTH},
        {offsetof(ImageHeader, payload_bytes), 1001, STATUS_IM_LENGTH},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        Release odd = good;
        memcpy((uint8_t *)&odd.header + cases[i].offset, &cases[i].value, 4);
        release_sign(&odd, true);
        assert_status(check_header(&odd), cases[i].expected);
    }
}

static void test_image__is_refused_when_it_would_start_outside_itself(void **state)
{
    (void)state;
    uint32_t first = WINDOW_BASE + IMAGE_HEADER_BYTES;
    uint32_t top = SRAM_BASE + SRAM_BYTES;
    const ImageHeader *header = &good.header;
    assert_ok(image_rules_vectors(header, top, first + 0x41));
    assert_status(image_rules_vectors(header, top, first + 0x40), STATUS_IM_VECTOR);
    assert_status(image_rules_vectors(header, top, 0x41), STATUS_IM_VECTOR);
    assert_status(image_rules_vectors(header, top, first + header->payload_bytes + 1),
                  STATUS_IM_VECTOR);
    assert_status(image_rules_vectors(header, top + 8, first + 0x41), STATUS_IM_VECTOR);
    assert_status(image_rules_vectors(header, SRAM_BASE, first + 0x41), STATUS_IM_VECTOR);
    assert_status(image_rules_vectors(header, top - 4, first + 0x41), STATUS_IM_VECTOR);
}

static void test_trust__counts_ones_and_raises_to_the_number_asked_for(void **state)
{
    (void)state;
    assert_int_equal(trust_counter(), 0);
    static const uint32_t steps[] = {1, 1, 31, 33, 40, 20, SECURITY_COUNTER_MAX};
    uint32_t highest = 0;
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        highest = steps[i] > highest ? steps[i] : highest;
        assert_ok(trust_raise_counter(steps[i]));
        assert_int_equal(trust_counter(), highest);
    }
    assert_status(trust_raise_counter(SECURITY_COUNTER_MAX + 1), STATUS_OT_RANGE);
}

static void raise_to_50(void *user_data)
{
    (void)user_data;
    assert_ok(trust_raise_counter(50));
}

static void test_trust__never_overshoots_when_a_burn_is_cut(void **state)
{
    (void)state;
    for (uint32_t operation = 1; operation <= 2; operation++) {
        for (uint32_t seed = 0; seed < 20; seed++) {
            fake_flash_blank();
            fake_flash_cut_at(operation, (NorTorn){.kind = HOSTLINK_TORN_RANDOM, .seed = seed});
            assert_false(fake_flash_run(raise_to_50, NULL));
            assert_in_range(trust_counter(), 0, 50);
            assert_ok(trust_raise_counter(50));
            assert_int_equal(trust_counter(), 50);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_image__passes_in_either_slot, set_up),
        cmocka_unit_test_setup(test_image__is_not_refused_for_one_misread, set_up),
        cmocka_unit_test_setup(test_image__is_none_in_an_empty_slot, set_up),
        cmocka_unit_test_setup(test_image__is_refused_when_any_bit_of_its_header_is_wrong, set_up),
        cmocka_unit_test_setup(test_image__is_refused_when_a_bit_of_its_payload_is_wrong, set_up),
        cmocka_unit_test_setup(test_image__is_refused_when_a_stranger_signed_it, set_up),
        cmocka_unit_test_setup(test_image__is_refused_when_no_key_is_fused, set_up),
        cmocka_unit_test_setup(test_image__is_refused_just_under_the_counter_and_passes_at_it,
                               set_up),
        cmocka_unit_test_setup(test_image__is_refused_when_well_signed_but_malformed, set_up),
        cmocka_unit_test_setup(test_image__is_refused_when_it_would_start_outside_itself, set_up),
        cmocka_unit_test_setup(test_trust__counts_ones_and_raises_to_the_number_asked_for, set_up),
        cmocka_unit_test_setup(test_trust__never_overshoots_when_a_burn_is_cut, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
