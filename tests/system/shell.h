/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Runs a command as a user does, and holds what came of it.
 *
 * The command line goes to `sh -c`, at the repository's root. Outputs are whole and end with a zero
 * byte. A command that takes longer than SHELL_SECONDS is ended and has the code 124. What a Shell
 * holds is freed by `shell_clear`.
 */

#include <stdbool.h>

#include <glib.h>

#define SHELL_SECONDS 240

typedef struct Shell {
    int code; /* exit code; 128 and the signal's number if it was killed */
    char *out;
    char *err;
} Shell;

/* Runs the command put together like printf. */
Shell shell_run(const char *format, ...) G_GNUC_PRINTF(1, 2);

void shell_clear(Shell *shell);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Shell, shell_clear)

/* Fails the test, showing command and outputs, unless the exit code is `code`. */
void shell_expect(const Shell *shell, int code);

/* A new empty folder below the system's temporary one, for the caller to free. */
char *shell_folder(void);

/* Removes a folder made by `shell_folder`, with all in it. */
void shell_remove(const char *folder);

/* Writes a file; the test fails if that is impossible. */
void shell_write(const char *folder, const char *name, const void *bytes, gsize count);
