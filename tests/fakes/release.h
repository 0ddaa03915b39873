/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Releases signed for tests of firmware on the host: small payloads, and keys made on the spot.
 *
 * The fuses get the digest of the signer, as at the factory. What cannot be signed ends the
 * program.
 */

#include <stdbool.h>
#include <stdint.h>

#include "vdevice/contract/image.h"

#define RELEASE_PAYLOAD_BYTES 9216u /* two sectors of payload and a bit, not whole pages */

typedef struct Release {
    ImageHeader header;
    uint8_t payload[RELEASE_PAYLOAD_BYTES];
} Release;

/* Fills the payload from `version` and signs with the trusted key. */
void release_make(Release *release, uint32_t version, uint32_t counter, uint32_t sequence);

/* Signs the header again after a test has changed it; `trusted` chooses the key. */
void release_sign(Release *release, bool trusted);

/* Puts a release into a slot as the factory would. */
void release_install(const Release *release, uint32_t slot);

/* Burns the trusted key's digest. */
void release_fuse(void);
