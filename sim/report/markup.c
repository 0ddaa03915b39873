/* SPDX-License-Identifier: MIT */

#include "sim/report/markup.h"

#include <stdarg.h>

void markup_add(GString *page, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_string_append_vprintf(page, format, arguments);
    va_end(arguments);
}

void markup_text(GString *page, const char *text)
{
    g_autofree char *valid = g_utf8_make_valid(text == NULL ? "" : text, -1);
    g_autofree char *escaped = g_markup_escape_text(valid, -1);
    g_string_append(page, escaped);
}

void markup_path(GString *page, const char *text)
{
    g_string_append_uri_escaped(page, text, "/", FALSE);
}

const char *markup_color(Verdict verdict)
{
    static const char *const COLORS[VERDICTS] = {"#2b8a6e", "#b07d1a", "#c4413a", "#8a5bb5"};
    return COLORS[verdict];
}

const char *markup_sign(Verdict verdict)
{
    static const char *const SIGNS[VERDICTS] = {"✔", "?", "✖", "!"};
    return SIGNS[verdict];
}

void markup_verdict(GString *page, Verdict verdict)
{
    static const char *const CLASSES[VERDICTS] = {"pass", "inconclusive", "fail", "error"};
    markup_add(page, "<span class=\"v %s\">%s %s</span>", CLASSES[verdict], markup_sign(verdict),
               verdict_name(verdict));
}

void markup_anchor(GString *page, const char *run_id)
{
    g_string_append(page, "run-");
    for (const char *at = run_id; *at != '\0'; at++) {
        if (g_ascii_isalnum(*at) || *at == '-') {
            g_string_append_c(page, *at);
        } else {
            /* Different signs must not fall together. */
            markup_add(page, "_%02x", (unsigned)(guchar)*at);
        }
    }
}
