/* SPDX-License-Identifier: MIT */

#include "sim/world/peers/http.h"

#include <string.h>

#include <glib.h>

#define NUMBER_DIGITS_MAX 10u

/* One line of a head, without its end. */
typedef struct Line {
    const char *text;
    size_t chars;
} Line;

/* Takes the next line. False if there is none, or it holds what no line may hold. */
static bool take_line(const char **at, const char *end, Line *ret_line)
{
    const char *feed = memchr(*at, '\n', (size_t)(end - *at));
    if (feed == NULL || feed == *at || feed[-1] != '\r') {
        return false;
    }
    Line line = {*at, (size_t)(feed - *at) - 1};
    for (size_t i = 0; i < line.chars; i++) {
        if (!g_ascii_isprint(line.text[i])) {
            return false;
        }
    }
    *at = feed + 1;
    *ret_line = line;
    return true;
}

/* Takes a word that ends at `stop` into `word`, which holds `size` with its end. */
static bool take_word(Line *line, char stop, char *word, size_t size)
{
    const char *found = memchr(line->text, stop, line->chars);
    size_t chars = found != NULL ? (size_t)(found - line->text) : 0;
    if (chars == 0 || chars >= size) {
        return false;
    }
    memcpy(word, line->text, chars);
    word[chars] = '\0';
    line->text += chars + 1;
    line->chars -= chars + 1;
    return true;
}

static bool line_is(Line line, const char *text)
{
    return line.chars == strlen(text) && g_ascii_strncasecmp(line.text, text, line.chars) == 0;
}

static bool take_number(Line line, uint64_t *ret_number)
{
    uint64_t number = 0;
    if (line.chars == 0 || line.chars > NUMBER_DIGITS_MAX) {
        return false;
    }
    for (size_t i = 0; i < line.chars; i++) {
        if (!g_ascii_isdigit(line.text[i])) {
            return false;
        }
        number = number * 10 + (uint64_t)(line.text[i] - '0');
    }
    *ret_number = number;
    return true;
}

/* Reads `bytes=N-`. */
static bool take_range(Line line, uint64_t *ret_from)
{
    static const char unit[] = "bytes=";
    const size_t unit_chars = sizeof unit - 1;
    if (line.chars <= unit_chars + 1 || memcmp(line.text, unit, unit_chars) != 0 ||
        line.text[line.chars - 1] != '-') {
        return false;
    }
    return take_number((Line){line.text + unit_chars, line.chars - unit_chars - 1}, ret_from);
}

static bool read_field(Line line, HttpRequest *request, bool *has_length)
{
    char name[32];
    if (line.chars == 0 || line.text[0] == ' ') {
        return false; /* folded */
    }
    if (!take_word(&line, ':', name, sizeof name) || strchr(name, ' ') != NULL) {
        return false;
    }
    while (line.chars > 0 && line.text[0] == ' ') {
        line.text++;
        line.chars--;
    }
    uint64_t number = 0;
    if (g_ascii_strcasecmp(name, "content-length") == 0) {
        if (*has_length || !take_number(line, &number)) {
            return false;
        }
        *has_length = true;
        request->body_bytes = (size_t)number;
    } else if (g_ascii_strcasecmp(name, "range") == 0) {
        if (request->has_range || !take_range(line, &request->range_from)) {
            return false;
        }
        request->has_range = true;
    } else if (g_ascii_strcasecmp(name, "connection") == 0) {
        request->close = line_is(line, "close");
    } else if (g_ascii_strcasecmp(name, "host") == 0) {
        if (request->has_host) {
            return false;
        }
        request->has_host = true;
    } else if (g_ascii_strcasecmp(name, "transfer-encoding") == 0) {
        return false;
    }
    return true;
}

HttpResult http_read(const uint8_t *bytes, size_t count, HttpRequest *ret_request)
{
    static const char end_of_head[] = "\r\n\r\n";
    const char *text = (const char *)bytes;
    size_t searched = MIN(count, HTTP_HEAD_BYTES_MAX);
    const char *end = g_strstr_len(text, (gssize)searched, end_of_head);
    if (end == NULL) {
        return searched == HTTP_HEAD_BYTES_MAX ? HTTP_RESULT_MALFORMED : HTTP_RESULT_MORE;
    }
    const char *fields_end = end + 2;
    HttpRequest request = {.head_bytes = (size_t)(end - text) + sizeof end_of_head - 1};
    Line line;
    if (!take_line(&text, fields_end, &line) ||
        !take_word(&line, ' ', request.method, sizeof request.method) ||
        !take_word(&line, ' ', request.path, sizeof request.path) || !line_is(line, "HTTP/1.1")) {
        return HTTP_RESULT_MALFORMED;
    }
    bool has_length = false;
    while (text < fields_end) {
        if (!take_line(&text, fields_end, &line) || !read_field(line, &request, &has_length)) {
            return HTTP_RESULT_MALFORMED;
        }
    }
    if (!request.has_host) {
        return HTTP_RESULT_MALFORMED;
    }
    *ret_request = request;
    return HTTP_RESULT_WHOLE;
}

const char *http_reason(unsigned status)
{
    switch (status) {
    case 200:
        return "OK";
    case 204:
        return "No Content";
    case 206:
        return "Partial Content";
    case 400:
        return "Bad Request";
    case 404:
        return "Not Found";
    case 405:
        return "Method Not Allowed";
    case 413:
        return "Content Too Large";
    case 416:
        return "Range Not Satisfiable";
    case 500:
        return "Internal Server Error";
    case 503:
        return "Service Unavailable";
    default:
        return "Status";
    }
}
