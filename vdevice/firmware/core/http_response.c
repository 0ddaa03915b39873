/* SPDX-License-Identifier: MIT */
/*
 * Reads a response head line by line (RFC 9112). A line is gathered until its CR LF and then read;
 * the empty line ends the head.
 */
#include "vdevice/firmware/core/http_response.h"

#include <string.h>

#include "vdevice/contract/cloud_api.h"

/* A cursor over one line. */
typedef struct Line {
    const char *text;
    size_t count;
    size_t at;
} Line;

static char http_response_peek(const Line *line)
{
    return line->at < line->count ? line->text[line->at] : '\0';
}

static bool http_response_is_digit(char letter)
{
    return letter >= '0' && letter <= '9';
}

static char http_response_lower(char letter)
{
    return letter >= 'A' && letter <= 'Z' ? (char)(letter + ('a' - 'A')) : letter;
}

/* Takes `text` if it comes next, letters of either case being equal. */
static bool http_response_take(Line *line, const char *text)
{
    size_t count = strlen(text);
    if (count > line->count - line->at) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (http_response_lower(line->text[line->at + i]) != text[i]) {
            return false;
        }
    }
    line->at += count;
    return true;
}

/* Takes a decimal number that fits 32 bits. */
static bool http_response_take_number(Line *line, uint32_t *ret_number)
{
    uint64_t number = 0;
    if (!http_response_is_digit(http_response_peek(line))) {
        return false;
    }
    while (http_response_is_digit(http_response_peek(line))) {
        number = number * 10 + (uint64_t)(line->text[line->at] - '0');
        if (number > UINT32_MAX) {
            return false;
        }
        line->at++;
    }
    *ret_number = (uint32_t)number;
    return true;
}

static void http_response_skip_blanks(Line *line)
{
    while (http_response_peek(line) == ' ' || http_response_peek(line) == '\t') {
        line->at++;
    }
}

/* Nothing but blanks is left. */
static bool http_response_at_end(Line *line)
{
    http_response_skip_blanks(line);
    return line->at == line->count;
}

static Status http_response_malformed(void)
{
    return status_error(STATUS_HT_FORM);
}

/* "HTTP/1.1 200 reason" */
static Status http_response_read_status(HttpResponse *response, Line *line)
{
    uint32_t status;
    if (!http_response_take(line, "http/1.1 ")) {
        return http_response_malformed();
    }
    size_t start = line->at;
    if (!http_response_take_number(line, &status) || line->at - start != 3 || status < 200 ||
        status > 599 || (line->at < line->count && http_response_peek(line) != ' ')) {
        return http_response_malformed();
    }
    response->status = status;
    return status_ok();
}

/* "123" */
static Status http_response_read_length(HttpResponse *response, Line *line)
{
    if (response->has_length || !http_response_take_number(line, &response->length) ||
        !http_response_at_end(line)) {
        return status_error(STATUS_HT_LENGTH);
    }
    response->has_length = true;
    return status_ok();
}

/* "bytes 100-199/1000" */
static Status http_response_read_range(HttpResponse *response, Line *line)
{
    bool formed =
        !response->has_range && http_response_take(line, "bytes ") &&
        http_response_take_number(line, &response->range_first) && http_response_take(line, "-") &&
        http_response_take_number(line, &response->range_last) && http_response_take(line, "/") &&
        http_response_take_number(line, &response->range_total) && http_response_at_end(line);
    if (!formed || response->range_first > response->range_last ||
        response->range_last >= response->range_total) {
        return status_error(STATUS_HT_LENGTH);
    }
    response->has_range = true;
    return status_ok();
}

/* Letters, digits and the marks of a token (RFC 9110, 5.6.2). */
static bool http_response_is_token(char letter)
{
    char lower = http_response_lower(letter);
    return (lower >= 'a' && lower <= 'z') || http_response_is_digit(letter) ||
           (letter != '\0' && strchr("!#$%&'*+-.^_`|~", letter) != NULL);
}

/* "Name: value" */
static Status http_response_read_field(HttpResponse *response, Line *line)
{
    Line name = *line;
    while (http_response_is_token(http_response_peek(line))) {
        line->at++;
    }
    if (line->at == 0 || http_response_peek(line) != ':') {
        return http_response_malformed();
    }
    line->at++;
    http_response_skip_blanks(line);
    if (http_response_take(&name, "content-length:")) {
        return http_response_read_length(response, line);
    }
    if (http_response_take(&name, "content-range:")) {
        return http_response_read_range(response, line);
    }
    if (http_response_take(&name, "transfer-encoding:")) {
        return http_response_malformed();
    }
    if (http_response_take(&name, "connection:") && http_response_take(line, "close") &&
        http_response_at_end(line)) {
        response->close = true;
    }
    return status_ok();
}

/* What the whole head must satisfy. */
static Status http_response_check(const HttpResponse *response)
{
    if (response->status == 204) {
        return response->length == 0 ? status_ok() : status_error(STATUS_HT_LENGTH);
    }
    if (!response->has_length) {
        return status_error(STATUS_HT_LENGTH);
    }
    if (response->status == 206 &&
        (!response->has_range ||
         response->range_last - response->range_first != response->length - 1)) {
        return status_error(STATUS_HT_LENGTH);
    }
    return status_ok();
}

static Status http_response_read_line(HttpResponse *response)
{
    Line line = {.text = response->line, .count = response->line_bytes - 1}; /* without the CR */
    response->line_bytes = 0;
    if (response->status == 0) {
        return http_response_read_status(response, &line);
    }
    if (line.count > 0) {
        return http_response_read_field(response, &line);
    }
    response->done = true;
    return http_response_check(response);
}

void http_response_init(HttpResponse *response)
{
    *response = (HttpResponse){.status = 0};
}

/* Adds one byte to the line; reads the line when it is whole. */
static Status http_response_feed_byte(HttpResponse *response, char letter)
{
    bool after_return =
        response->line_bytes > 0 && response->line[response->line_bytes - 1] == '\r';
    if (after_return != (letter == '\n')) {
        return http_response_malformed(); /* a CR or an LF alone */
    }
    if (letter == '\n') {
        return http_response_read_line(response);
    }
    bool printable = (unsigned char)letter >= 0x20 && (unsigned char)letter != 0x7f;
    if ((!printable && letter != '\r' && letter != '\t') ||
        response->line_bytes == HTTP_RESPONSE_LINE_BYTES_MAX) {
        return http_response_malformed();
    }
    response->line[response->line_bytes++] = letter;
    return status_ok();
}

Status http_response_feed(HttpResponse *response, const void *bytes, size_t count,
                          size_t *ret_taken)
{
    const char *from = bytes;
    size_t taken = 0;
    while (taken < count && !response->done) {
        if (response->head_bytes == CLOUD_HEAD_BYTES_MAX) {
            return http_response_malformed();
        }
        response->head_bytes++;
        TRY(http_response_feed_byte(response, from[taken++]));
    }
    *ret_taken = taken;
    return status_ok();
}
