/* SPDX-License-Identifier: MIT */
#include "tests/hostlane/lane_crypto.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vdevice/firmware/base/crypto.h"

#define LANE_VERIFIES      16384u
#define LANE_DIGESTS       8u
#define LANE_DIGEST_LEAST  1024u
#define LANE_DIGEST_LENGTH 16384u

/* All that a verification reads. */
typedef struct LaneVerifyKey {
    uint8_t point[CRYPTO_P256_POINT_BYTES];
    uint8_t hash[CRYPTO_SHA256_BYTES];
    uint8_t signature[CRYPTO_P256_POINT_BYTES];
} LaneVerifyKey;

typedef struct LaneVerify {
    LaneVerifyKey key;
    uint32_t code;
    bool used;
} LaneVerify;

typedef struct LaneDigest {
    uint8_t bytes[LANE_DIGEST_LENGTH];
    size_t count;
    uint8_t digest[CRYPTO_SHA256_BYTES];
} LaneDigest;

static LaneVerify lane_verifies[LANE_VERIFIES];
static LaneDigest lane_digests[LANE_DIGESTS];
static uint32_t lane_digest_next;
static uint32_t lane_check_every;
static uint64_t lane_answers;
static uint64_t lane_asked;
static uint64_t lane_computed;

Status __real_crypto_p256_verify(const uint8_t point[CRYPTO_P256_POINT_BYTES],
                                 const uint8_t hash[CRYPTO_SHA256_BYTES],
                                 const uint8_t signature[CRYPTO_P256_POINT_BYTES]);
Status __wrap_crypto_p256_verify(const uint8_t point[CRYPTO_P256_POINT_BYTES],
                                 const uint8_t hash[CRYPTO_SHA256_BYTES],
                                 const uint8_t signature[CRYPTO_P256_POINT_BYTES]);
Status __real_crypto_sha256(const void *bytes, size_t count,
                            uint8_t ret_digest[CRYPTO_SHA256_BYTES]);
Status __wrap_crypto_sha256(const void *bytes, size_t count,
                            uint8_t ret_digest[CRYPTO_SHA256_BYTES]);

void lane_crypto_check_every(uint32_t n)
{
    lane_check_every = n;
}

void lane_crypto_counts(uint64_t *ret_asked, uint64_t *ret_computed)
{
    *ret_asked = lane_asked;
    *ret_computed = lane_computed;
}

/* A remembered answer is due to be computed again. */
static bool lane_is_due(void)
{
    lane_answers++;
    return lane_check_every != 0 && lane_answers % lane_check_every == 0;
}

static void lane_require(bool equal, const char *what)
{
    if (!equal) {
        fprintf(stderr, "host lane: a remembered %s is not what computing gives\n", what);
        abort();
    }
}

/* Where the key is, or the free place for it; NULL when the table is full around there. */
static LaneVerify *lane_find(const LaneVerifyKey *key)
{
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < sizeof *key; i++) {
        hash = (hash ^ ((const uint8_t *)key)[i]) * 16777619u;
    }
    for (uint32_t i = 0; i < 64; i++) {
        LaneVerify *entry = &lane_verifies[(hash + i) % LANE_VERIFIES];
        if (!entry->used || memcmp(&entry->key, key, sizeof *key) == 0) {
            return entry;
        }
    }
    return NULL;
}

Status __wrap_crypto_p256_verify(const uint8_t point[CRYPTO_P256_POINT_BYTES],
                                 const uint8_t hash[CRYPTO_SHA256_BYTES],
                                 const uint8_t signature[CRYPTO_P256_POINT_BYTES])
{
    LaneVerifyKey key;
    memcpy(key.point, point, sizeof key.point);
    memcpy(key.hash, hash, sizeof key.hash);
    memcpy(key.signature, signature, sizeof key.signature);
    LaneVerify *entry = lane_find(&key);
    lane_asked++;
    bool known = entry != NULL && entry->used;
    if (known && !lane_is_due()) {
        return status_from_code(entry->code);
    }
    Status status = __real_crypto_p256_verify(point, hash, signature);
    lane_computed++;
    if (known) {
        lane_require(status.code == entry->code, "verification");
    } else if (entry != NULL) {
        *entry = (LaneVerify){.key = key, .code = status.code, .used = true};
    }
    return status;
}

Status __wrap_crypto_sha256(const void *bytes, size_t count,
                            uint8_t ret_digest[CRYPTO_SHA256_BYTES])
{
    if (count < LANE_DIGEST_LEAST || count > LANE_DIGEST_LENGTH) {
        return __real_crypto_sha256(bytes, count, ret_digest);
    }
    for (uint32_t i = 0; i < LANE_DIGESTS; i++) {
        const LaneDigest *known = &lane_digests[i];
        if (known->count == count && memcmp(known->bytes, bytes, count) == 0) {
            if (lane_is_due()) {
                uint8_t digest[CRYPTO_SHA256_BYTES];
                Status status = __real_crypto_sha256(bytes, count, digest);
                lane_require(status_is_ok(status) &&
                                 memcmp(digest, known->digest, sizeof digest) == 0,
                             "digest");
            }
            memcpy(ret_digest, known->digest, CRYPTO_SHA256_BYTES);
            return status_ok();
        }
    }
    Status status = __real_crypto_sha256(bytes, count, ret_digest);
    LaneDigest *entry = &lane_digests[lane_digest_next];
    lane_digest_next = (lane_digest_next + 1) % LANE_DIGESTS;
    entry->count = status_is_ok(status) ? count : 0;
    memcpy(entry->bytes, bytes, count);
    memcpy(entry->digest, ret_digest, CRYPTO_SHA256_BYTES);
    return status;
}
