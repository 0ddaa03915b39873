/* SPDX-License-Identifier: MIT */

#include "sim/commands/terminal.h"

#include <stdio.h>

int terminal_complain(const GError *error)
{
    fprintf(stderr, "%s\n", error->message);
    return EXIT_USAGE;
}

G_GNUC_PRINTF(2, 0)
static void say(const char *who, const char *format, va_list arguments)
{
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    fprintf(stderr, "%s: %s\n", who, text);
}

int terminal_misuse(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    say(g_get_prgname(), format, arguments);
    va_end(arguments);
    return EXIT_USAGE;
}

int terminal_end(int code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    say("lockstep", format, arguments);
    va_end(arguments);
    return code;
}

void terminal_bar(const Options *options, const char *format, ...)
{
    if (!options->use_bar) {
        return;
    }
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    fprintf(stderr, "\r\033[K%s", text);
    fflush(stderr);
}

void terminal_clear_bar(const Options *options)
{
    if (options->use_bar) {
        fputs("\r\033[K", stderr);
    }
}

void terminal_debugger(const Options *options, const char *defect, unsigned device)
{
    fprintf(stderr,
            "The machine waits for a debugger: gdb-multiarch build/firmware/app%s%s.elf "
            "-ex 'target remote :%d'\n",
            defect == NULL ? "" : "+", defect == NULL ? "" : defect,
            options->gdb_port + (int)device);
}
