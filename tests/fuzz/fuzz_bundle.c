/* SPDX-License-Identifier: MIT */

/*
 * Can stored evidence, whatever is in it, make the lab misbehave when it is opened?
 *
 * The first byte says which file of a good bundle the rest replaces: the manifest, the events, the
 * plan. Events are also read line by line, where no seal protects the parser.
 */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <glib/gstdio.h>

#include "sim/evidence/bundle.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

static const char *const FILES[] = {"manifest.json", "events.jsonl", "plan.json"};

/* A folder with a good bundle, made once per process. */
static const char *good_bundle(char *contents[3], gsize lengths[3])
{
    static char *folder;
    if (folder == NULL) {
        folder = g_dir_make_tmp(NULL, NULL);
        g_autoptr(Recorder) recorder = recorder_new();
        RECORD(recorder, 0, "lab", EVENT_RUN_STARTED, EVENT_TEXT("seed", "1"));
        RECORD(recorder, 7, "lock", EVENT_POWER_ON, EVENT_INTEGER("boot", 1));
        if (!bundle_write(folder, "{}", recorder, NULL, NULL)) {
            abort();
        }
    }
    for (size_t i = 0; i < G_N_ELEMENTS(FILES); i++) {
        g_autofree char *path = g_build_filename(folder, FILES[i], NULL);
        if (!g_file_get_contents(path, &contents[i], &lengths[i], NULL)) {
            abort();
        }
    }
    return folder;
}

/* Writes a file without waiting for the disk. */
static void put(const char *path, const void *bytes, gsize count)
{
    if (!g_file_set_contents_full(path, count == 0 ? "" : bytes, (gssize)count,
                                  G_FILE_SET_CONTENTS_NONE, 0644, NULL)) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    if (count < 1) {
        return 0;
    }
    size_t which = bytes[0] % G_N_ELEMENTS(FILES);
    char *contents[3] = {NULL};
    gsize lengths[3] = {0};
    const char *folder = good_bundle(contents, lengths);
    g_autofree char *path = g_build_filename(folder, FILES[which], NULL);
    put(path, bytes + 1, count - 1);
    g_autoptr(GError) error = NULL;
    g_autoptr(Bundle) bundle = bundle_open(folder, &error);
    g_assert((bundle == NULL) == (error != NULL));
    put(path, contents[which], lengths[which]);
    for (size_t i = 0; i < G_N_ELEMENTS(FILES); i++) {
        g_free(contents[i]);
    }
    g_autofree char *line = g_memdup2(bytes + 1, count - 1);
    g_autoptr(Event) event = event_from_line(line, count - 1);
    if (event != NULL) {
        g_autofree char *again = event_to_line(event);
        g_assert(strlen(again) == count - 1);
    }
    return 0;
}
