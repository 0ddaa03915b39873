/* SPDX-License-Identifier: MIT */

#include "sim/base/digest.h"

#include <string.h>

#include "sim/base/bytes.h"

static Digest finish(GChecksum *checksum)
{
    Digest digest;
    gsize bytes = sizeof digest.bytes;
    g_checksum_get_digest(checksum, digest.bytes, &bytes);
    g_assert(bytes == DIGEST_BYTES);
    g_checksum_free(checksum);
    return digest;
}

static void update(GChecksum *checksum, const void *bytes, size_t count)
{
    if (count > 0) {
        g_checksum_update(checksum, bytes, (gssize)count);
    }
}

Digest digest_of(const void *bytes, size_t count)
{
    GChecksum *checksum = g_checksum_new(G_CHECKSUM_SHA256);
    update(checksum, bytes, count);
    return finish(checksum);
}

Digest digest_chain(const Digest *before, const void *bytes, size_t count)
{
    GChecksum *checksum = g_checksum_new(G_CHECKSUM_SHA256);
    update(checksum, before->bytes, DIGEST_BYTES);
    update(checksum, bytes, count);
    return finish(checksum);
}

bool digest_of_file(const char *path, Digest *ret_digest, GError **error)
{
    g_autofree char *bytes = NULL;
    gsize count = 0;
    if (!g_file_get_contents(path, &bytes, &count, error)) {
        return false;
    }
    *ret_digest = digest_of(bytes, count);
    return true;
}

bool digest_is_equal(const Digest *a, const Digest *b)
{
    return memcmp(a->bytes, b->bytes, DIGEST_BYTES) == 0;
}

const char *digest_print(const Digest *digest, char text[DIGEST_TEXT_BYTES])
{
    g_autofree char *hex = bytes_to_hex(digest->bytes, DIGEST_BYTES);
    memcpy(text, hex, DIGEST_TEXT_BYTES);
    return text;
}

bool digest_parse(const char *text, Digest *ret_digest)
{
    return bytes_from_hex(text, ret_digest->bytes, DIGEST_BYTES);
}
