/* SPDX-License-Identifier: MIT */

#include "tests/system/shell.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>

#include <cmocka.h>
#include <glib/gstdio.h>

Shell shell_run(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *command = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_autofree char *seconds = g_strdup_printf("%d", SHELL_SECONDS);
    const char *argv[] = {"timeout", "-k", "5", seconds, "sh", "-c", command, NULL};
    Shell shell = {.code = -1};
    int status = 0;
    g_autoptr(GError) error = NULL;
    if (!g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &shell.out,
                      &shell.err, &status, &error)) {
        fail_msg("%s", error->message);
    }
    shell.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return shell;
}

void shell_clear(Shell *shell)
{
    g_clear_pointer(&shell->out, g_free);
    g_clear_pointer(&shell->err, g_free);
}

void shell_expect(const Shell *shell, int code)
{
    if (shell->code != code) {
        fail_msg("exit code %d, expected %d\n--- output\n%.2000s\n--- errors\n%.2000s", shell->code,
                 code, shell->out, shell->err);
    }
}

char *shell_folder(void)
{
    g_autoptr(GError) error = NULL;
    char *folder = g_dir_make_tmp(NULL, &error);
    if (folder == NULL) {
        fail_msg("%s", error->message);
    }
    return folder;
}

void shell_remove(const char *folder)
{
    g_auto(Shell) shell = shell_run("rm -rf '%s'", folder);
    shell_expect(&shell, 0);
}

void shell_write(const char *folder, const char *name, const void *bytes, gsize count)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);
    g_autofree char *parent = g_path_get_dirname(path);
    g_autoptr(GError) error = NULL;
    if (g_mkdir_with_parents(parent, 0777) != 0 ||
        !g_file_set_contents(path, bytes, (gssize)count, &error)) {
        fail_msg("%s cannot be written", path);
    }
}
