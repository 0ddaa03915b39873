/* SPDX-License-Identifier: MIT */

#include "sim/world/peers/mutate.h"

#include <assert.h>
#include <string.h>

#include "sim/base/digest.h"
#include "sim/world/peers/tls.h"
#include "vdevice/contract/image.h"

static void flip_bit(Prng *prng, uint8_t *bytes, size_t count)
{
    uint64_t bit = prng_below(prng, count * 8);
    bytes[bit / 8] ^= (uint8_t)(1u << (bit % 8));
}

static void put_le32(uint8_t *bytes, uint32_t value)
{
    for (unsigned i = 0; i < 4; i++) {
        bytes[i] = (uint8_t)(value >> (8 * i));
    }
}

static uint32_t get_le32(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] | ((uint32_t)bytes[1] << 8) | ((uint32_t)bytes[2] << 16) |
           ((uint32_t)bytes[3] << 24);
}

bool mutate_tamper_of(const char *name, MutateTamper *ret_tamper)
{
    static const char *const names[MUTATE_TAMPERS] = {"header", "payload", "signature",
                                                      "length", "product", "key"};
    for (unsigned i = 0; i < MUTATE_TAMPERS; i++) {
        if (strcmp(name, names[i]) == 0) {
            *ret_tamper = (MutateTamper)i;
            return true;
        }
    }
    return false;
}

static void raise_version(uint8_t *header)
{
    uint8_t *version = header + G_STRUCT_OFFSET(ImageHeader, version);
    put_le32(version, get_le32(version) + IMAGE_VERSION(1, 0, 0));
}

/* Signs what the header says now, with the key in `file`. */
static bool sign(uint8_t *header, const char *keys_path, const char *file, GError **error)
{
    if (!tls_public_key(keys_path, file, header + G_STRUCT_OFFSET(ImageHeader, public_key),
                        error)) {
        return false;
    }
    Digest digest = digest_of(header, IMAGE_SIGNED_BYTES);
    return tls_sign(keys_path, file, digest.bytes, header + G_STRUCT_OFFSET(ImageHeader, signature),
                    error);
}

bool mutate_tamper(Prng *prng, MutateTamper where, const char *keys_path, GByteArray *image,
                   GError **error)
{
    assert(image->len > IMAGE_HEADER_BYTES);
    uint8_t *header = image->data;
    uint8_t *length = header + G_STRUCT_OFFSET(ImageHeader, payload_bytes);
    uint8_t *product = header + G_STRUCT_OFFSET(ImageHeader, product_id);
    switch (where) {
    case MUTATE_TAMPER_HEADER:
        raise_version(header);
        break;
    case MUTATE_TAMPER_PAYLOAD:
        flip_bit(prng, header + IMAGE_HEADER_BYTES, image->len - IMAGE_HEADER_BYTES);
        break;
    case MUTATE_TAMPER_SIGNATURE:
        flip_bit(prng, header + G_STRUCT_OFFSET(ImageHeader, signature), TLS_SIGNATURE_BYTES);
        break;
    case MUTATE_TAMPER_LENGTH: {
        uint8_t more[4];
        prng_fill(prng, more, sizeof more);
        put_le32(length, get_le32(length) + (uint32_t)sizeof more);
        g_byte_array_append(image, more, sizeof more);
        break;
    }
    case MUTATE_TAMPER_PRODUCT:
        put_le32(product, get_le32(product) + 1);
        return sign(header, keys_path, TLS_FILE_IMAGE_KEY, error);
    case MUTATE_TAMPER_KEY:
        return sign(header, keys_path, TLS_FILE_STRANGER_KEY, error);
    case MUTATE_TAMPERS:
        g_assert_not_reached();
    }
    return true;
}

/* A number as a liar would choose it. */
static uint32_t lie(Prng *prng, uint32_t truth)
{
    static const uint32_t favourites[] = {0,          1,          0x7fffffff, 0x80000000,
                                          0xfffffffc, 0xffffffff, 0x00100000, 0x10000000};
    switch (prng_below(prng, 4)) {
    case 0:
        return favourites[prng_below(prng, G_N_ELEMENTS(favourites))];
    case 1:
        return truth + 1 + (uint32_t)prng_below(prng, 8);
    case 2:
        return truth - 1 - (uint32_t)prng_below(prng, 8);
    default:
        return (uint32_t)prng_u64(prng);
    }
}

static void mutate_header_once(Prng *prng, uint8_t *header)
{
    static const size_t fields[] = {
        G_STRUCT_OFFSET(ImageHeader, magic),
        G_STRUCT_OFFSET(ImageHeader, header_version),
        G_STRUCT_OFFSET(ImageHeader, product_id),
        G_STRUCT_OFFSET(ImageHeader, version),
        G_STRUCT_OFFSET(ImageHeader, security_counter),
        G_STRUCT_OFFSET(ImageHeader, release_sequence),
        G_STRUCT_OFFSET(ImageHeader, payload_bytes),
        G_STRUCT_OFFSET(ImageHeader, load_address),
    };
    uint8_t *signature = header + G_STRUCT_OFFSET(ImageHeader, signature);
    switch (prng_below(prng, 6)) {
    case 0:
    case 1: {
        uint8_t *field = header + fields[prng_below(prng, G_N_ELEMENTS(fields))];
        put_le32(field, lie(prng, get_le32(field)));
        break;
    }
    case 2:
        flip_bit(prng, header, IMAGE_HEADER_BYTES);
        break;
    case 3:
        memset(signature, prng_chance(prng, (Ratio){1, 2}) ? 0 : 0xff, TLS_SIGNATURE_BYTES);
        break;
    case 4: {
        uint8_t r[32];
        memcpy(r, signature, sizeof r);
        memcpy(signature, signature + sizeof r, sizeof r);
        memcpy(signature + sizeof r, r, sizeof r);
        break;
    }
    default: {
        size_t from = (size_t)prng_below(prng, IMAGE_HEADER_BYTES);
        prng_fill(prng, header + from, IMAGE_HEADER_BYTES - from);
        break;
    }
    }
}

void mutate_header(Prng *prng, uint8_t *header)
{
    uint8_t before[IMAGE_HEADER_BYTES];
    memcpy(before, header, sizeof before);
    do {
        mutate_header_once(prng, header);
    } while (memcmp(before, header, sizeof before) == 0);
}

void mutate_payload(Prng *prng, uint8_t *payload, size_t bytes)
{
    if (bytes == 0) {
        return;
    }
    /* Different bytes may be drawn twice; a lone flip afterwards makes sure of a change. */
    uint64_t changes = prng_below(prng, 8);
    size_t first = (size_t)prng_below(prng, bytes);
    for (uint64_t i = 0; i < changes; i++) {
        size_t at = (size_t)prng_below(prng, bytes);
        if (at != first) {
            payload[at] ^= (uint8_t)(1 + prng_below(prng, 255));
        }
    }
    payload[first] ^= (uint8_t)(1u << prng_below(prng, 8));
}

/* Replaces everything from `from`, `gone` bytes of it, by `text`. */
static void splice(GByteArray *bytes, size_t from, size_t gone, const char *text)
{
    g_autofree uint8_t *rest = g_memdup2(bytes->data + from + gone, bytes->len - from - gone);
    size_t rest_bytes = bytes->len - from - gone;
    g_byte_array_set_size(bytes, (guint)from);
    g_byte_array_append(bytes, (const uint8_t *)text, (guint)strlen(text));
    if (rest_bytes > 0) {
        g_byte_array_append(bytes, rest, (guint)rest_bytes);
    }
}

/* The place just behind a random line's end, where a line may be put. */
static size_t line_start(Prng *prng, const GByteArray *head)
{
    size_t from = (size_t)prng_below(prng, head->len);
    const uint8_t *feed = memchr(head->data + from, '\n', head->len - from);
    return feed == NULL ? head->len : (size_t)(feed - head->data) + 1;
}

/* Gives the value of a field (all digits behind its colon) another one. */
static bool lie_in_field(Prng *prng, GByteArray *head, const char *field)
{
    static const char *const values[] = {
        "",   "0",   "-1",    "+5",         "0x100",   "4294967295",           "4294967296", "1e3",
        "99", "1 2", "00042", "2147483648", "256,256", "18446744073709551616", "100000000",  "abc"};
    const char *text = (const char *)head->data;
    const char *found = g_strstr_len(text, head->len, field);
    if (found == NULL) {
        return false;
    }
    size_t from = (size_t)(found - text) + strlen(field);
    size_t gone = 0;
    while (from + gone < head->len && head->data[from + gone] != '\r') {
        gone++;
    }
    splice(head, from, gone, values[prng_below(prng, G_N_ELEMENTS(values))]);
    return true;
}

static void mutate_reply_head_once(Prng *prng, GByteArray *head)
{
    static const char *const lines[] = {
        "Content-Length: 7\r\n",
        "Content-Length: 256\r\nContent-Length: 255\r\n",
        "Transfer-Encoding: chunked\r\n",
        "Content-Range: bytes 0-0/1\r\n",
        "Content-Range: bytes 999999999-0/4\r\n",
        ": nameless\r\n",
        " folded\r\n",
        "No colon at all\r\n",
        "\r\n",
        "X: \xff\xfe\x80\r\n",
    };
    static const char *const statuses[] = {
        "HTTP/1.1 ",       "HTTP/9.9 200 OK", "HTTP/1.1 2000 OK", "HTTP/1.1 000", "HTTP/1.1 -20 OK",
        "http/1.1 200 ok", "HTTP/1.1 100 Go", "HTTP/1.1 302 Off", "200 OK"};
    static const char *const fields[] = {"Content-Length: ", "Content-Range: ", "Connection: "};
    switch (prng_below(prng, 8)) {
    case 0:
        flip_bit(prng, head->data, head->len);
        break;
    case 1:
        g_byte_array_remove_index(head, (guint)prng_below(prng, head->len));
        break;
    case 2:
        splice(head, line_start(prng, head), 0, lines[prng_below(prng, G_N_ELEMENTS(lines))]);
        break;
    case 3: { /* a line longer than any reader's patience */
        g_autofree char *filler = g_strnfill((gsize)prng_between(prng, 100, 5000), 'a');
        g_autofree char *line = g_strdup_printf("X-Long: %s\r\n", filler);
        splice(head, line_start(prng, head), 0, line);
        break;
    }
    case 4: {
        const uint8_t *end = memchr(head->data, '\r', head->len);
        size_t gone = end == NULL ? head->len : (size_t)(end - head->data);
        splice(head, 0, gone, statuses[prng_below(prng, G_N_ELEMENTS(statuses))]);
        break;
    }
    case 5: /* the end is missing */
        g_byte_array_set_size(head, head->len - (guint)prng_between(prng, 1, 4));
        break;
    case 6:
        head->data[prng_below(prng, head->len)] = (uint8_t)prng_below(prng, 32);
        break;
    default:
        if (!lie_in_field(prng, head, fields[prng_below(prng, G_N_ELEMENTS(fields))])) {
            flip_bit(prng, head->data, head->len);
        }
        break;
    }
}

void mutate_reply_head(Prng *prng, GByteArray *head)
{
    g_autofree uint8_t *before = g_memdup2(head->data, head->len);
    guint before_bytes = head->len;
    do {
        mutate_reply_head_once(prng, head);
    } while (head->len == before_bytes && memcmp(before, head->data, before_bytes) == 0);
}

void mutate_reply_body(Prng *prng, GByteArray *body)
{
    uint64_t rule = body->len == 0 ? 2 : prng_below(prng, 4);
    switch (rule) {
    case 0:
        mutate_payload(prng, body->data, body->len);
        break;
    case 1: /* cut short */
        g_byte_array_set_size(body, (guint)prng_below(prng, body->len));
        break;
    case 2: { /* something behind the end */
        guint before = body->len;
        guint more = (guint)prng_between(prng, 1, 600);
        g_byte_array_set_size(body, before + more);
        prng_fill(prng, body->data + before, more);
        break;
    }
    default: /* noise, and at least one bit that differs */
    {
        uint8_t first = body->data[0];
        prng_fill(prng, body->data, body->len);
        body->data[0] = (uint8_t)~first;
        break;
    }
    }
}
