/* SPDX-License-Identifier: MIT */
#include "vdevice/firmware/core/image_rules.h"

#include "vdevice/firmware/base/bytes.h"
#include "vdevice/firmware/base/crypto.h"

Status image_rules_form(const ImageHeader *header)
{
    if (header->magic != IMAGE_MAGIC) {
        return status_error(STATUS_IM_MAGIC);
    }
    if (header->header_version != IMAGE_HEADER_VERSION ||
        header->header_bytes != IMAGE_HEADER_BYTES ||
        header->load_address != WINDOW_BASE + IMAGE_HEADER_BYTES ||
        header->security_counter > SECURITY_COUNTER_MAX ||
        !bytes_all(header->reserved, sizeof header->reserved, 0)) {
        return status_error(STATUS_IM_HEADER);
    }
    if (header->product_id != IMAGE_PRODUCT_ID) {
        return status_error(STATUS_IM_PRODUCT);
    }
    if (header->payload_bytes < IMAGE_PAYLOAD_BYTES_MIN ||
        header->payload_bytes > IMAGE_PAYLOAD_BYTES_MAX || header->payload_bytes % 4 != 0) {
        return status_error(STATUS_IM_LENGTH);
    }
    return status_ok();
}

Status image_rules_key(const ImageHeader *header, const ImageTrust *trust)
{
    uint8_t digest[CRYPTO_SHA256_BYTES];
    TRY(crypto_sha256(header->public_key, sizeof header->public_key, digest));
    for (uint32_t i = 0; i < OTP_KEY_DIGESTS; i++) {
        bool used = !bytes_all(trust->key_digests[i], sizeof trust->key_digests[i], 0);
        if (used && bytes_equal_secret(digest, trust->key_digests[i], sizeof digest)) {
            return status_ok();
        }
    }
    return status_error(STATUS_IM_KEY);
}

Status image_rules_signature(const ImageHeader *header)
{
    uint8_t digest[CRYPTO_SHA256_BYTES];
    TRY(crypto_sha256(header, IMAGE_SIGNED_BYTES, digest));
    if (!status_is_ok(crypto_p256_verify(header->public_key, digest, header->signature))) {
        return status_error(STATUS_IM_SIGNATURE);
    }
    return status_ok();
}

Status image_rules_rollback(const ImageHeader *header, const ImageTrust *trust)
{
    if (header->security_counter < trust->security_counter) {
        return status_error(STATUS_IM_ROLLBACK);
    }
    return status_ok();
}

Status image_rules_digest(const ImageHeader *header, const uint8_t payload_sha256[32])
{
    if (!bytes_equal_secret(header->payload_sha256, payload_sha256,
                            sizeof header->payload_sha256)) {
        return status_error(STATUS_IM_DIGEST);
    }
    return status_ok();
}

Status image_rules_vectors(const ImageHeader *header, uint32_t stack, uint32_t entry)
{
    uint32_t first = header->load_address;
    uint32_t end = first + header->payload_bytes;
    bool stack_fits = stack % 8 == 0 && stack > SRAM_BASE && stack <= SRAM_BASE + SRAM_BYTES;
    bool entry_fits = (entry & 1u) == 1 && entry > first && entry < end;
    if (!stack_fits || !entry_fits) {
        return status_error(STATUS_IM_VECTOR);
    }
    return status_ok();
}
