/* SPDX-License-Identifier: MIT */

#include "sim/world/scanner.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

/* The longest form is hexadecimal. */
#define SCANNER_FORM_BYTES_MAX (2u * SCANNER_SECRET_BYTES_MAX)
#define SCANNER_PAIRS          65536u

typedef struct ScannerForm {
    char *name;
    const char *form; /* raw, hex, base64 */
    uint8_t *bytes;
    size_t byte_count;
} ScannerForm;

struct Scanner {
    GArray *forms;                    /* of ScannerForm */
    uint8_t first[SCANNER_PAIRS / 8]; /* which first two bytes begin some form */
    GPtrArray *reported;              /* of "where/name/form" */
    GByteArray *tail;                 /* of the stream: what a form may have begun in */
    ScannerFound found;
    void *user_data;
};

Scanner *scanner_new(ScannerFound found, void *user_data)
{
    Scanner *scanner = g_new0(Scanner, 1);
    scanner->forms = g_array_new(FALSE, FALSE, sizeof(ScannerForm));
    scanner->reported = g_ptr_array_new_with_free_func(g_free);
    scanner->tail = g_byte_array_new();
    scanner->found = found;
    scanner->user_data = user_data;
    return scanner;
}

void scanner_free(Scanner *scanner)
{
    if (scanner == NULL) {
        return;
    }
    for (guint i = 0; i < scanner->forms->len; i++) {
        ScannerForm *form = &g_array_index(scanner->forms, ScannerForm, i);
        g_free(form->name);
        g_free(form->bytes);
    }
    g_array_free(scanner->forms, TRUE);
    g_ptr_array_free(scanner->reported, TRUE);
    g_byte_array_free(scanner->tail, TRUE);
    g_free(scanner);
}

static unsigned scanner_pair(const uint8_t *bytes)
{
    return (unsigned)bytes[0] << 8 | bytes[1];
}

static void scanner_add_form(Scanner *scanner, const char *name, const char *form,
                             const uint8_t *bytes, size_t byte_count)
{
    ScannerForm added = {
        .name = g_strdup(name),
        .form = form,
        .bytes = g_memdup2(bytes, byte_count),
        .byte_count = byte_count,
    };
    unsigned pair = scanner_pair(bytes);
    scanner->first[pair / 8] = (uint8_t)(scanner->first[pair / 8] | 1u << pair % 8);
    g_array_append_val(scanner->forms, added);
}

/* Base64 mixes neighbours in at both ends; only digits that depend on the secret alone count. */
static void scanner_add_base64(Scanner *scanner, const char *name, const uint8_t *secret,
                               size_t secret_bytes)
{
    for (size_t shift = 0; shift < 3; shift++) {
        uint8_t padded[SCANNER_SECRET_BYTES_MAX + 2] = {0};
        memcpy(padded + shift, secret, secret_bytes);
        g_autofree char *text = g_base64_encode(padded, shift + secret_bytes);
        size_t first = (shift * 8 + 5) / 6;
        size_t end = (shift + secret_bytes) * 8 / 6;
        scanner_add_form(scanner, name, "base64", (const uint8_t *)text + first, end - first);
    }
}

static void scanner_add_hex(Scanner *scanner, const char *name, const uint8_t *secret,
                            size_t secret_bytes)
{
    char text[SCANNER_FORM_BYTES_MAX + 1];
    for (unsigned upper = 0; upper < 2; upper++) {
        const char *digits = upper != 0 ? "0123456789ABCDEF" : "0123456789abcdef";
        for (size_t i = 0; i < secret_bytes; i++) {
            text[2 * i] = digits[secret[i] >> 4];
            text[2 * i + 1] = digits[secret[i] & 15u];
        }
        scanner_add_form(scanner, name, "hex", (const uint8_t *)text, 2 * secret_bytes);
    }
}

void scanner_add(Scanner *scanner, const char *name, const uint8_t *secret, size_t secret_bytes)
{
    assert(secret_bytes >= SCANNER_SECRET_BYTES_MIN && secret_bytes <= SCANNER_SECRET_BYTES_MAX);
    scanner_add_form(scanner, name, "raw", secret, secret_bytes);
    scanner_add_hex(scanner, name, secret, secret_bytes);
    scanner_add_base64(scanner, name, secret, secret_bytes);
}

static void scanner_report(Scanner *scanner, const char *where, const ScannerForm *form,
                           size_t offset)
{
    g_autofree char *key = g_strdup_printf("%s/%s/%s", where, form->name, form->form);
    for (guint i = 0; i < scanner->reported->len; i++) {
        if (strcmp(g_ptr_array_index(scanner->reported, i), key) == 0) {
            return;
        }
    }
    g_ptr_array_add(scanner->reported, g_steal_pointer(&key));
    scanner->found(where, form->name, form->form, offset, scanner->user_data);
}

void scanner_look(Scanner *scanner, const char *where, const uint8_t *bytes, size_t byte_count)
{
    for (size_t at = 0; at + 1 < byte_count; at++) {
        unsigned pair = scanner_pair(bytes + at);
        if (((unsigned)scanner->first[pair / 8] >> pair % 8 & 1u) == 0) {
            continue;
        }
        for (guint i = 0; i < scanner->forms->len; i++) {
            const ScannerForm *form = &g_array_index(scanner->forms, ScannerForm, i);
            if (form->byte_count <= byte_count - at &&
                memcmp(bytes + at, form->bytes, form->byte_count) == 0) {
                scanner_report(scanner, where, form, at);
            }
        }
    }
}

void scanner_stream(Scanner *scanner, const char *where, const uint8_t *bytes, size_t byte_count)
{
    g_byte_array_append(scanner->tail, bytes, (guint)byte_count);
    scanner_look(scanner, where, scanner->tail->data, scanner->tail->len);
    if (scanner->tail->len > SCANNER_FORM_BYTES_MAX) {
        g_byte_array_remove_range(scanner->tail, 0, scanner->tail->len - SCANNER_FORM_BYTES_MAX);
    }
}
