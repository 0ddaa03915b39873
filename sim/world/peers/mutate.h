/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Spoils what an update service sends: image headers, payloads, reply heads, reply bodies.
 *
 * Two kinds. To *tamper* is what a thoughtful attacker does: one place, with a purpose. To *mutate*
 * is what a fuzzer does that knows the structure: fields that lie, values at their limits, flipped
 * bits, cut and stretched text. Either is a function of its input and of the generator's state.
 * Mutating always changes something.
 *
 * Arrays are changed in place. Only what has to be signed can fail.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <glib.h>

#include "sim/base/prng.h"

/*
 * Where an image is changed; the words of the verb offer_tampered, in its order. The last two are
 * signed again, so that nothing but what they say is wrong with them.
 */
typedef enum MutateTamper {
    MUTATE_TAMPER_HEADER,    /* the version is raised */
    MUTATE_TAMPER_PAYLOAD,   /* a bit of the payload */
    MUTATE_TAMPER_SIGNATURE, /* a bit of the signature */
    MUTATE_TAMPER_LENGTH,    /* four bytes more than were signed */
    MUTATE_TAMPER_PRODUCT,   /* for another product, signed by the supplier */
    MUTATE_TAMPER_KEY,       /* signed by a stranger */
    MUTATE_TAMPERS
} MutateTamper;

bool mutate_tamper_of(const char *name, MutateTamper *ret_tamper);

/* Changes `image`, an ImageHeader and its payload. Fails if a key is not in `keys_path`. */
G_GNUC_WARN_UNUSED_RESULT
bool mutate_tamper(Prng *prng, MutateTamper where, const char *keys_path, GByteArray *image,
                   GError **error);

/* Changes an ImageHeader's bytes, IMAGE_HEADER_BYTES of them. */
void mutate_header(Prng *prng, uint8_t *header);

/* Flips bits in one to eight bytes. */
void mutate_payload(Prng *prng, uint8_t *payload, size_t bytes);

/* Changes the head of an HTTP reply, ending and all. */
void mutate_reply_head(Prng *prng, GByteArray *head);

/* Changes the body of an HTTP reply, and perhaps its length. */
void mutate_reply_body(Prng *prng, GByteArray *body);
