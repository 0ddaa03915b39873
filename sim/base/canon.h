/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Canonical JSON: one value, one spelling, so that equal things have equal digests.
 *
 * Keys are sorted by their bytes, numbers are 64-bit integers, strings are UTF-8 with only the
 * escapes JSON demands, and there is no space anywhere. Text that is not UTF-8 has its offending
 * bytes written as U+FFFD, for a device's UART may say anything.
 *
 * The writer is a stack of open objects and arrays. Members may be written in any order; an object
 * is sorted when it is closed. Writing a key twice, or closing what is not open, is a bug (assert).
 *
 *     g_autoptr(Canon) canon = canon_new();
 *     canon_begin_object(canon);
 *     canon_key(canon, "seed");
 *     canon_integer(canon, 42);
 *     canon_end_object(canon);
 *     g_autofree char *json = canon_finish(canon);
 */

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

typedef struct Canon Canon;

Canon *canon_new(void);
void canon_free(Canon *canon);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Canon, canon_free)

void canon_begin_object(Canon *canon);
void canon_end_object(Canon *canon);
void canon_begin_array(Canon *canon);
void canon_end_array(Canon *canon);

/* Names the next value. Only in an object. */
void canon_key(Canon *canon, const char *key);

void canon_integer(Canon *canon, int64_t value);
void canon_truth(Canon *canon, bool value);

/* Writes a string, or null for NULL. */
void canon_text(Canon *canon, const char *text);

/* Writes a list of strings ending with NULL; an empty list for NULL. */
void canon_texts(Canon *canon, char *const *texts);

/* Writes a value that is already canonical JSON. */
void canon_json(Canon *canon, const char *json);

/* A member in one call: a key and its value. */
void canon_member_integer(Canon *canon, const char *key, int64_t value);
void canon_member_truth(Canon *canon, const char *key, bool value);
void canon_member_text(Canon *canon, const char *key, const char *text);
void canon_member_texts(Canon *canon, const char *key, char *const *texts);

/* Takes the finished text, with no line feed at its end. Everything must be closed. */
char *canon_finish(Canon *canon);
