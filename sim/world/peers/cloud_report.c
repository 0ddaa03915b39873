/* SPDX-License-Identifier: MIT */

#include "sim/world/peers/cloud_report.h"

#include <string.h>

#include <glib.h>

#define KEY_CHARS         16u
#define NUMBER_DIGITS_MAX 18u
#define TEXT_COUNT        8u
#define NUMBER_COUNT      2u

typedef struct Cursor {
    const uint8_t *at;
    size_t left;
} Cursor;

static void skip_space(Cursor *cursor)
{
    while (cursor->left > 0 && memchr(" \t\r\n", cursor->at[0], 4) != NULL) {
        cursor->at++;
        cursor->left--;
    }
}

static bool take(Cursor *cursor, char wanted)
{
    skip_space(cursor);
    if (cursor->left == 0 || cursor->at[0] != (uint8_t)wanted) {
        return false;
    }
    cursor->at++;
    cursor->left--;
    return true;
}

/* A text without escapes: no value of a report needs one. */
static bool take_text(Cursor *cursor, char *text, size_t size)
{
    if (!take(cursor, '"')) {
        return false;
    }
    size_t chars = 0;
    while (cursor->left > 0 && cursor->at[0] != '"') {
        char c = (char)cursor->at[0];
        if (!g_ascii_isprint(c) || c == '\\' || chars + 1 >= size) {
            return false;
        }
        text[chars++] = c;
        cursor->at++;
        cursor->left--;
    }
    text[chars] = '\0';
    return take(cursor, '"');
}

static bool take_number(Cursor *cursor, int64_t *ret_number)
{
    bool negative = take(cursor, '-');
    int64_t number = 0;
    size_t digits = 0;
    while (cursor->left > 0 && g_ascii_isdigit((char)cursor->at[0])) {
        if (++digits > NUMBER_DIGITS_MAX) {
            return false;
        }
        number = number * 10 + (cursor->at[0] - '0');
        cursor->at++;
        cursor->left--;
    }
    *ret_number = negative ? -number : number;
    return digits > 0;
}

bool cloud_report_read(const uint8_t *json, size_t bytes, CloudReport *ret_report)
{
    CloudReport report = {.sequence = 0};
    const struct {
        const char *key;
        char *text;
    } texts[TEXT_COUNT] = {{"device", report.device}, {"version", report.version},
                           {"slot", report.slot},     {"boot", report.boot},
                           {"reset", report.reset},   {"bolt", report.bolt},
                           {"update", report.update}, {"status", report.status}};
    const struct {
        const char *key;
        int64_t *number;
    } numbers[NUMBER_COUNT] = {{"sequence", &report.sequence}, {"time", &report.time}};

    Cursor cursor = {json, bytes};
    unsigned seen = 0; /* one bit for each key */
    bool ok = take(&cursor, '{');
    for (unsigned i = 0; ok && i < TEXT_COUNT + NUMBER_COUNT; i++) {
        char key[KEY_CHARS];
        ok = (i == 0 || take(&cursor, ',')) && take_text(&cursor, key, sizeof key) &&
             take(&cursor, ':');
        unsigned found = 0;
        for (unsigned k = 0; ok && k < TEXT_COUNT; k++) {
            if (strcmp(key, texts[k].key) == 0) {
                found = 1u << k;
                ok = take_text(&cursor, texts[k].text, CLOUD_REPORT_TEXT_CHARS);
            }
        }
        for (unsigned k = 0; ok && k < NUMBER_COUNT; k++) {
            if (strcmp(key, numbers[k].key) == 0) {
                found = 1u << (TEXT_COUNT + k);
                ok = take_number(&cursor, numbers[k].number);
            }
        }
        ok = ok && found != 0 && (seen & found) == 0;
        seen |= found;
    }
    ok = ok && take(&cursor, '}');
    skip_space(&cursor);
    if (!ok || cursor.left != 0) {
        return false;
    }
    *ret_report = report;
    return true;
}
