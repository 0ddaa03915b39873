/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The scanner looks for a device's secrets in everything that leaves it.
 *
 * It knows each secret by name and looks for it raw, in hexadecimal of either case, and in base64
 * at any of the three alignments. A stream (the console) is looked at in pieces that come when they
 * come, so a secret split over two of them is found too. Each (place, name, form) is reported once.
 *
 * Texts shorter than SCANNER_SECRET_BYTES_MIN would be found by chance and are refused by assert.
 *
 * The scanner copies the secrets and belongs to its device. Nothing here fails.
 */

#include <stddef.h>
#include <stdint.h>

#include <glib.h>

#define SCANNER_SECRET_BYTES_MIN 6u
#define SCANNER_SECRET_BYTES_MAX 64u

typedef struct Scanner Scanner;

/* A secret was found. `offset` is its place in the bytes looked at. */
typedef void (*ScannerFound)(const char *where, const char *name, const char *form, size_t offset,
                             void *user_data);

Scanner *scanner_new(ScannerFound found, void *user_data);
void scanner_free(Scanner *scanner);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Scanner, scanner_free)

/* Adds one secret under a name for people. */
void scanner_add(Scanner *scanner, const char *name, const uint8_t *secret, size_t secret_bytes);

/* Looks through bytes that stand alone: a frame, a part of flash. `where` is static. */
void scanner_look(Scanner *scanner, const char *where, const uint8_t *bytes, size_t byte_count);

/* Looks through the next bytes of the one stream called `where`. */
void scanner_stream(Scanner *scanner, const char *where, const uint8_t *bytes, size_t byte_count);
