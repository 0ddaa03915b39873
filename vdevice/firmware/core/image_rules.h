/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What makes an image acceptable: one function per rule, each a decision of its own.
 *
 * They stand in a file apart from those who apply them (image.c, update.c), so that a seeded defect
 * can replace any one of them at link time. The order in which they are applied is image.c's.
 */

#include <stdint.h>

#include "vdevice/contract/image.h"
#include "vdevice/contract/memory_map.h"
#include "vdevice/firmware/base/status.h"

/* What the fuses say about images. */
typedef struct ImageTrust {
    uint8_t key_digests[OTP_KEY_DIGESTS][32]; /* all zero: unused */
    uint32_t security_counter;
} ImageTrust;

/* Magic, header version and size, product, payload length, load address, reserved bytes. */
FALLIBLE Status image_rules_form(const ImageHeader *header);

/* The public key's SHA-256 is one of the fuses' digests. */
FALLIBLE Status image_rules_key(const ImageHeader *header, const ImageTrust *trust);

/* The signature over the header's signed part is good under the header's own key. */
FALLIBLE Status image_rules_signature(const ImageHeader *header);

/* The security counter is not under the fuses'. */
FALLIBLE Status image_rules_rollback(const ImageHeader *header, const ImageTrust *trust);

/* The payload's SHA-256 is the header's. */
FALLIBLE Status image_rules_digest(const ImageHeader *header, const uint8_t payload_sha256[32]);

/* Initial stack pointer in SRAM, entry point inside the payload and Thumb. */
FALLIBLE Status image_rules_vectors(const ImageHeader *header, uint32_t stack, uint32_t entry);
