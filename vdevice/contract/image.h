/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The signed image: what the update server serves, what a slot holds, what the ROM verifies.
 *
 * One 256-byte header (one flash page) and the payload behind it. The signature covers the header's
 * first IMAGE_SIGNED_BYTES bytes, and through `payload_sha256` the payload, so the header alone is
 * the update's manifest: it can be fetched and judged before any of the payload. A slot's header
 * page is programmed last; until then the slot holds no image.
 *
 * All integers little-endian. The key and the signature are raw big-endian P-256 numbers (X, Y and
 * r, s), ECDSA over SHA-256 (FIPS 186-5). A key is accepted when the SHA-256 of its 64 bytes is one
 * of the OTP key digests.
 *
 * The payload is linked for WINDOW_BASE + IMAGE_HEADER_BYTES and starts with its Arm vector table.
 * Versions compare as one number. `security_counter` is what the OTP counter is raised to once the
 * image is confirmed; an image under the OTP counter is refused for ever. `release_sequence` grows
 * by one with every release ever signed: a manifest older than the newest one seen is a replay.
 */

#include <stdint.h>

#define IMAGE_MAGIC             0x4b434f4cu /* "LOCK" */
#define IMAGE_HEADER_VERSION    1u
#define IMAGE_HEADER_BYTES      256u
#define IMAGE_SIGNED_BYTES      192u /* from the start through public_key */
#define IMAGE_PAYLOAD_BYTES_MIN 256u
#define IMAGE_PAYLOAD_BYTES_MAX (SLOT_BYTES - IMAGE_HEADER_BYTES)
#define IMAGE_PRODUCT_ID        0x314b5453u /* "STK1": Lockstep reference lock, model LS-1 */

#define IMAGE_VERSION(major, minor, patch)                                                         \
    (((uint32_t)(major) << 24) | ((uint32_t)(minor) << 16) | (uint32_t)(patch))
#define IMAGE_VERSION_MAJOR(version) ((version) >> 24)
#define IMAGE_VERSION_MINOR(version) (((version) >> 16) & 0xffu)
#define IMAGE_VERSION_PATCH(version) ((version)&0xffffu)

typedef struct ImageHeader {
    uint32_t magic;            /* IMAGE_MAGIC */
    uint16_t header_version;   /* IMAGE_HEADER_VERSION */
    uint16_t header_bytes;     /* IMAGE_HEADER_BYTES */
    uint32_t product_id;       /* IMAGE_PRODUCT_ID, or it is for another device */
    uint32_t version;          /* IMAGE_VERSION */
    uint32_t security_counter; /* 0 to SECURITY_COUNTER_MAX */
    uint32_t release_sequence; /* 1 for the first release */
    uint32_t payload_bytes;    /* a multiple of 4 */
    uint32_t load_address;     /* WINDOW_BASE + IMAGE_HEADER_BYTES */
    uint8_t payload_sha256[32];
    uint8_t reserved[64];   /* zero; refused otherwise */
    uint8_t public_key[64]; /* X, Y */
    uint8_t signature[64];  /* r, s over the first IMAGE_SIGNED_BYTES bytes */
} ImageHeader;

_Static_assert(sizeof(ImageHeader) == IMAGE_HEADER_BYTES, "the header is one page");
