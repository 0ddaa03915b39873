/* SPDX-License-Identifier: MIT */

/*
 *   G1  The file is a heading and whole lines, and perhaps one line without its end, the last.
 *   G2  A line is added by one write to a file opened for appending: lines of several processes
 *       never mix.
 *   G3  A line without its end is cut off before the next is added.
 */

#include "sim/ledger.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "sim/lab.h"

#define SYNC_US      G_USEC_PER_SEC
#define LOCK_WAIT_US (10 * G_USEC_PER_SEC)
#define LOCK_LOOK_US (20 * 1000)

struct Ledger {
    char *path;
    char *heading;
    int fd;
    int64_t synced_us; /* by this process */
};

static bool ledger_refuse(const char *path, const char *what, GError **error)
{
    g_set_error(error, LAB_ERROR, LAB_ERROR_INPUT, "%s: error: %s", path, what);
    return false;
}

/*
 * Shows the whole lines of `text` below its heading. Returns how many bytes are whole; 0 when the
 * heading is another one.
 */
static gsize ledger_walk(char *text, gsize bytes, const char *heading, LedgerVisit visit,
                         void *user_data)
{
    char *at = text;
    char *feed = NULL;
    while ((feed = memchr(at, '\n', bytes - (gsize)(at - text))) != NULL) {
        *feed = '\0';
        if (at != text) {
            visit(at, user_data);
        } else if (heading != NULL && strcmp(at, heading) != 0) {
            return 0;
        }
        at = feed + 1;
    }
    return (gsize)(at - text);
}

/* The lock of a campaign that was killed goes with the last of its processes. */
static bool ledger_lock(int fd)
{
    for (int64_t waited = 0; flock(fd, LOCK_EX | LOCK_NB) != 0; waited += LOCK_LOOK_US) {
        if (waited >= LOCK_WAIT_US) {
            return false;
        }
        g_usleep(LOCK_LOOK_US);
    }
    return true;
}

static bool ledger_put(int fd, const char *line)
{
    g_autofree char *whole = g_strconcat(line, "\n", NULL);
    size_t bytes = strlen(whole);
    ssize_t put = 0;
    do {
        put = write(fd, whole, bytes); /* G2 */
    } while (put < 0 && errno == EINTR);
    return put == (ssize_t)bytes;
}

Ledger *ledger_open(const char *path, const char *heading, bool resume, LedgerVisit visit,
                    void *user_data, GError **error)
{
    g_autofree char *folder = g_path_get_dirname(path);
    if (g_mkdir_with_parents(folder, 0755) != 0) {
        ledger_refuse(folder, "cannot make the folder", error);
        return NULL;
    }
    g_autoptr(Ledger) ledger = g_new0(Ledger, 1);
    ledger->path = g_strdup(path);
    ledger->heading = g_strdup(heading);
    ledger->fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (ledger->fd < 0) {
        ledger_refuse(path, "cannot be written", error);
        return NULL;
    }
    if (!ledger_lock(ledger->fd)) {
        ledger_refuse(path, "another lockstep is at work here", error);
        return NULL;
    }
    gsize bytes = 0;
    gsize whole = 0;
    g_autofree char *text = NULL;
    if (resume && g_file_get_contents(path, &text, &bytes, NULL)) {
        whole = ledger_walk(text, bytes, heading, visit, user_data);
    }
    if (ftruncate(ledger->fd, (off_t)whole) != 0 || /* G3 */
        (whole == 0 && !ledger_put(ledger->fd, heading))) {
        ledger_refuse(path, "cannot be written", error);
        return NULL;
    }
    return g_steal_pointer(&ledger);
}

void ledger_close(Ledger *ledger)
{
    if (ledger != NULL) {
        if (ledger->fd >= 0) {
            close(ledger->fd);
        }
        g_free(ledger->path);
        g_free(ledger->heading);
        g_free(ledger);
    }
}

bool ledger_add(Ledger *ledger, const char *line, GError **error)
{
    if (!ledger_put(ledger->fd, line)) {
        return ledger_refuse(ledger->path, g_strerror(errno), error);
    }
    int64_t now = g_get_monotonic_time();
    if (now - ledger->synced_us > SYNC_US) {
        fdatasync(ledger->fd);
        ledger->synced_us = now;
    }
    return true;
}

bool ledger_settle(Ledger *ledger, char *const *lines, GError **error)
{
    g_autofree char *path = g_strconcat(ledger->path, ".new", NULL);
    FILE *file = fopen(path, "we");
    if (file == NULL) {
        return ledger_refuse(path, "cannot be written", error);
    }
    fprintf(file, "%s\n", ledger->heading);
    for (; *lines != NULL; lines++) {
        fputs(*lines, file);
        fputc('\n', file);
    }
    bool well = fflush(file) == 0 && fdatasync(fileno(file)) == 0;
    well = fclose(file) == 0 && well;
    if (!well || rename(path, ledger->path) != 0) {
        return ledger_refuse(path, "cannot be written", error);
    }
    return true;
}

bool ledger_read(const char *path, const char *heading, LedgerVisit visit, void *user_data)
{
    g_autofree char *text = NULL;
    gsize bytes = 0;
    return g_file_get_contents(path, &text, &bytes, NULL) &&
           ledger_walk(text, bytes, heading, visit, user_data) > 0;
}
