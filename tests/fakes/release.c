/* SPDX-License-Identifier: MIT */
#include "tests/fakes/release.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fakes/nor.h"
#include "vdevice/firmware/base/crypto.h"
#include "vdevice/firmware/core/slots.h"

static const uint8_t release_trusted[32] = {0x01, 0x02};
static const uint8_t release_stranger[32] = {0x03, 0x04};

static void must(Status status)
{
    if (!status_is_ok(status)) {
        fprintf(stderr, "release: %s\n", status_text(status));
        abort();
    }
}

void release_sign(Release *release, bool trusted)
{
    const uint8_t *scalar = trusted ? release_trusted : release_stranger;
    uint8_t digest[32];
    must(crypto_p256_public(scalar, release->header.public_key));
    must(crypto_sha256(&release->header, IMAGE_SIGNED_BYTES, digest));
    must(crypto_p256_sign(scalar, digest, release->header.signature));
}

void release_make(Release *release, uint32_t version, uint32_t counter, uint32_t sequence)
{
    *release = (Release){.header = {
                             .magic = IMAGE_MAGIC,
                             .header_version = IMAGE_HEADER_VERSION,
                             .header_bytes = IMAGE_HEADER_BYTES,
                             .product_id = IMAGE_PRODUCT_ID,
                             .version = version,
                             .security_counter = counter,
                             .release_sequence = sequence,
                             .payload_bytes = RELEASE_PAYLOAD_BYTES,
                             .load_address = WINDOW_BASE + IMAGE_HEADER_BYTES,
                         }};
    uint32_t random = version;
    for (uint32_t i = 0; i < RELEASE_PAYLOAD_BYTES; i++) {
        random = random * 1664525u + 1013904223u;
        release->payload[i] = (uint8_t)(random >> 24);
    }
    uint32_t vectors[2] = {SRAM_BASE + SRAM_BYTES, WINDOW_BASE + IMAGE_HEADER_BYTES + 0x201};
    memcpy(release->payload, vectors, sizeof vectors);
    must(crypto_sha256(release->payload, RELEASE_PAYLOAD_BYTES, release->header.payload_sha256));
    release_sign(release, true);
}

void release_install(const Release *release, uint32_t slot)
{
    nor_put(slots_offset(slot), release, sizeof *release);
}

void release_fuse(void)
{
    uint8_t point[64];
    uint8_t digest[32];
    must(crypto_p256_public(release_trusted, point));
    must(crypto_sha256(point, sizeof point, digest));
    nor_put_otp(OTP_KEY_DIGEST_WORD, digest, sizeof digest);
}
