/* SPDX-License-Identifier: MIT */
/*
 * Applies the rules of image_rules.h.
 *
 * I1  Nothing of a header is used before its form is right, nothing of its meaning before its
 *     signature is.
 * I2  The payload's length is only taken from a header whose signature was good.
 * I3  A slot passes only if two readings of its header are equal and each passes by itself.
 * I4  The payload is hashed once; its digest is compared with both readings of the header.
 * I5  A slot is refused only if it was refused twice: one misread ends no trial, and leaves no lock
 *     in recovery. Each time every rule applies.
 */
#include "vdevice/firmware/core/image.h"

#include <string.h>

#include "vdevice/firmware/base/crypto.h"
#include "vdevice/firmware/core/slots.h"
#include "vdevice/firmware/drivers/flash.h"

Status image_check_header(const ImageHeader *header, const ImageTrust *trust)
{
    TRY(image_rules_form(header));
    TRY(image_rules_key(header, trust));
    TRY(image_rules_signature(header));
    return image_rules_rollback(header, trust);
}

/* Digest of the payload behind the header in `slot`. */
static Status image_hash_payload(const ImageHeader *header, uint32_t slot,
                                 uint8_t ret_digest[CRYPTO_SHA256_BYTES])
{
    return crypto_sha256(flash_at(slots_offset(slot) + IMAGE_HEADER_BYTES), header->payload_bytes,
                         ret_digest);
}

/* The first two words of the vector table, read now. */
static Status image_check_vectors(const ImageHeader *header, uint32_t slot)
{
    uint32_t vectors[2];
    flash_read(slots_offset(slot) + IMAGE_HEADER_BYTES, vectors, sizeof vectors);
    return image_rules_vectors(header, vectors[0], vectors[1]);
}

Status image_check_payload(const ImageHeader *header, uint32_t slot)
{
    uint8_t digest[CRYPTO_SHA256_BYTES];
    TRY(image_hash_payload(header, slot, digest));
    TRY(image_rules_digest(header, digest));
    return image_check_vectors(header, slot);
}

/*
 * The second opinion: the same rules on a header read anew. The signature is not computed again; it
 * was good over bytes that are now proven equal (I3).
 */
static Status image_check_again(uint32_t slot, const ImageTrust *trust, const ImageHeader *first,
                                const uint8_t digest[CRYPTO_SHA256_BYTES])
{
    ImageHeader header;
    slots_read_header(slot, &header);
    if (memcmp(&header, first, sizeof header) != 0) {
        return status_error(STATUS_IM_HEADER);
    }
    TRY(image_rules_form(&header));
    TRY(image_rules_key(&header, trust));
    TRY(image_rules_rollback(&header, trust));
    TRY(image_rules_digest(&header, digest));
    return image_check_vectors(&header, slot);
}

static Status image_check_slot_once(uint32_t slot, const ImageTrust *trust, ImageHeader *ret_header)
{
    ImageHeader header;
    uint8_t digest[CRYPTO_SHA256_BYTES];
    slots_read_header(slot, &header);
    TRY(image_check_header(&header, trust));
    TRY(image_hash_payload(&header, slot, digest));
    TRY(image_rules_digest(&header, digest));
    TRY(image_check_vectors(&header, slot));
    TRY(image_check_again(slot, trust, &header, digest));
    *ret_header = header;
    return status_ok();
}

Status image_check_slot(uint32_t slot, const ImageTrust *trust, ImageHeader *ret_header)
{
    Status first = image_check_slot_once(slot, trust, ret_header);
    return status_is_ok(first) ? first : image_check_slot_once(slot, trust, ret_header); /* I5 */
}
