/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Judging an image: the rules of image_rules.h, in their order.
 *
 * A header is judged before a single byte of the payload is believed: form, key, signature,
 * rollback. Then digest and vectors of the payload. When a slot is judged, every rule is applied
 * twice, the second time on a header read anew from flash, and both readings must agree: one upset
 * bit or skipped branch does not start an image. The first failure is the answer, of the second try
 * if there are two: a slot that is refused is judged once more from the start.
 */

#include "vdevice/firmware/core/image_rules.h"

/* Judges a header alone, as received from the network. */
FALLIBLE Status image_check_header(const ImageHeader *header, const ImageTrust *trust);

/* Judges the payload in `slot` against a header that has been judged already. */
FALLIBLE Status image_check_payload(const ImageHeader *header, uint32_t slot);

/* Judges what `slot` holds, header and payload, and returns the header that was judged. */
FALLIBLE Status image_check_slot(uint32_t slot, const ImageTrust *trust, ImageHeader *ret_header);
