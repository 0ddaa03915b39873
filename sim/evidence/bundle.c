/* SPDX-License-Identifier: MIT */

/*
 * The folder of a run, written once and read back with suspicion.
 *
 * B1  manifest.json names every sealed file with its length and SHA-256; nothing else is sealed.
 * B2  The chain over events.jsonl, begun as recorder.c begins it, ends in the manifest's head.
 * B3  manifest.json is written last, so an interrupted write leaves no bundle.
 *
 * manifest.json, canonical:
 *   {"chain_head":HEX,"events":COUNT,"files":{NAME:{"bytes":N,"sha256":HEX},...},"format":1}
 */

#include "sim/evidence/bundle.h"

#include <string.h>

#include <gio/gio.h>
#include <glib/gstdio.h>

#include "sim/base/canon.h"
#include "sim/base/tree.h"

#define FILE_PLAN     "plan.json"
#define FILE_EVENTS   "events.jsonl"
#define FILE_MANIFEST "manifest.json"
#define FILE_HOST     "host.json"

G_DEFINE_QUARK(lockstep - bundle - error, bundle_error)

static char *events_text(const Recorder *recorder)
{
    const GPtrArray *events = recorder_events(recorder);
    GString *text = g_string_new(NULL);
    for (guint i = 0; i < events->len; i++) {
        g_autofree char *line = event_to_line(g_ptr_array_index(events, i));
        g_string_append(text, line);
        g_string_append_c(text, '\n');
    }
    return g_string_free(text, FALSE);
}

static void write_file_entry(Canon *canon, const char *name, const void *bytes, size_t count)
{
    Digest digest = digest_of(bytes, count);
    char hex[DIGEST_TEXT_BYTES];
    canon_key(canon, name);
    canon_begin_object(canon);
    canon_member_integer(canon, "bytes", (int64_t)count);
    canon_member_text(canon, "sha256", digest_print(&digest, hex));
    canon_end_object(canon);
}

static char *manifest_text(const char *plan_json, const char *events, const Recorder *recorder)
{
    Digest head = recorder_chain_head(recorder);
    char hex[DIGEST_TEXT_BYTES];
    g_autoptr(Canon) canon = canon_new();
    canon_begin_object(canon);
    canon_member_integer(canon, "format", BUNDLE_FORMAT);
    canon_member_text(canon, "chain_head", digest_print(&head, hex));
    canon_member_integer(canon, "events", recorder_events(recorder)->len);
    canon_key(canon, "files");
    canon_begin_object(canon);
    write_file_entry(canon, FILE_PLAN, plan_json, strlen(plan_json));
    write_file_entry(canon, FILE_EVENTS, events, strlen(events));
    g_autofree const char **names = recorder_artefact_names(recorder);
    for (size_t i = 0; names[i] != NULL; i++) {
        const GByteArray *artefact = recorder_artefact((Recorder *)recorder, names[i]);
        write_file_entry(canon, names[i], artefact->data, artefact->len);
    }
    canon_end_object(canon);
    canon_end_object(canon);
    return canon_finish(canon);
}

Digest bundle_digest(const char *plan_json, const Recorder *recorder)
{
    g_autofree char *events = events_text(recorder);
    g_autofree char *manifest = manifest_text(plan_json, events, recorder);
    return digest_of(manifest, strlen(manifest));
}

static bool write_file(const char *folder, const char *name, const void *bytes, size_t count,
                       GError **error)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);
    g_autoptr(GError) cause = NULL;
    if (g_file_set_contents_full(path, bytes == NULL ? "" : bytes, (gssize)count,
                                 G_FILE_SET_CONTENTS_NONE, 0644, &cause)) {
        return true;
    }
    g_set_error(error, BUNDLE_ERROR, BUNDLE_ERROR_STORE, "%s: error: %s", path, cause->message);
    return false;
}

/* Empties a folder an earlier write has left, its seal first (B3). */
static void clear_folder(const char *path)
{
    g_autofree char *manifest = g_build_filename(path, FILE_MANIFEST, NULL);
    (void)g_unlink(manifest);
    g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
    const char *name = NULL;
    while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
        g_autofree char *file = g_build_filename(path, name, NULL);
        if (g_file_test(file, G_FILE_TEST_IS_REGULAR)) {
            (void)g_unlink(file);
        }
    }
}

void bundle_remove(const char *path)
{
    clear_folder(path);
    (void)g_rmdir(path);
}

bool bundle_write(const char *path, const char *plan_json, const Recorder *recorder,
                  const char *host_json, GError **error)
{
    if (g_mkdir_with_parents(path, 0755) != 0) {
        g_set_error(error, BUNDLE_ERROR, BUNDLE_ERROR_STORE, "%s: error: cannot make the folder",
                    path);
        return false;
    }
    clear_folder(path);
    g_autofree char *events = events_text(recorder);
    g_autofree char *manifest = manifest_text(plan_json, events, recorder);
    if (!write_file(path, FILE_PLAN, plan_json, strlen(plan_json), error) ||
        !write_file(path, FILE_EVENTS, events, strlen(events), error)) {
        return false;
    }
    g_autofree const char **names = recorder_artefact_names(recorder);
    for (size_t i = 0; names[i] != NULL; i++) {
        const GByteArray *artefact = recorder_artefact((Recorder *)recorder, names[i]);
        if (!write_file(path, names[i], artefact->data, artefact->len, error)) {
            return false;
        }
    }
    if (host_json != NULL && !write_file(path, FILE_HOST, host_json, strlen(host_json), error)) {
        return false;
    }
    return write_file(path, FILE_MANIFEST, manifest, strlen(manifest), error); /* B3 */
}

/* Opening. */

G_GNUC_PRINTF(4, 5)
static bool refuse(GError **error, const char *folder, const char *name, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *message = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_set_error(error, BUNDLE_ERROR, BUNDLE_ERROR_SEAL, "%s/%s:1:1: error: %s", folder, name,
                message);
    return false;
}

/* Reads one sealed file and checks it against its manifest entry. */
static char *read_sealed(const char *folder, const TreeNode *entry, gsize *ret_bytes,
                         GError **error)
{
    static const char *const KEYS[] = {"bytes", "sha256", NULL};
    if (!tree_expect_keys(entry, KEYS, error)) {
        return NULL;
    }
    const TreeNode *hex_node = tree_require(entry, "sha256", error);
    const TreeNode *bytes_node = hex_node == NULL ? NULL : tree_require(entry, "bytes", error);
    const char *hex = NULL;
    int64_t bytes = 0;
    Digest wanted;
    if (bytes_node == NULL || !tree_text(hex_node, &hex, error) ||
        !tree_integer(bytes_node, 0, BUNDLE_FILE_BYTES_MAX, &bytes, error)) {
        return NULL;
    }
    if (!digest_parse(hex, &wanted)) {
        tree_refuse(hex_node, error, "expected 64 hexadecimal digits");
        return NULL;
    }
    if (entry->key[0] == '.' || strchr(entry->key, '/') != NULL) {
        tree_refuse_key(entry, error, "not the name of a file in this folder");
        return NULL;
    }
    g_autofree char *path = g_build_filename(folder, entry->key, NULL);
    g_autofree char *content = NULL;
    if (!g_file_test(path, G_FILE_TEST_IS_REGULAR) ||
        !g_file_get_contents(path, &content, ret_bytes, NULL)) {
        refuse(error, folder, entry->key, "the manifest names this file, but it cannot be read");
        return NULL;
    }
    Digest found = digest_of(content, *ret_bytes);
    if (*ret_bytes != (gsize)bytes) {
        refuse(error, folder, entry->key,
               "the bundle's seal is broken: expected %" G_GINT64_FORMAT
               " bytes, found %" G_GSIZE_FORMAT,
               bytes, *ret_bytes);
        return NULL;
    }
    if (!digest_is_equal(&found, &wanted)) {
        refuse(error, folder, entry->key, "the bundle's seal is broken: the file was changed");
        return NULL;
    }
    return g_steal_pointer(&content);
}

/* Reads every event, checking form, numbering, time and chain. */
static bool read_events(Bundle *bundle, const char *text, gsize bytes, const char *head_hex,
                        GError **error)
{
    Digest head = digest_of("", 0);
    const char *at = text;
    const char *end = text + bytes;
    VTime latest = 0;
    while (at < end) {
        const char *feed = memchr(at, '\n', (size_t)(end - at));
        uint64_t seq = bundle->events->len + 1;
        g_autoptr(Event) event = feed == NULL ? NULL : event_from_line(at, (size_t)(feed - at));
        if (event == NULL || event->seq != seq || event->at < latest ||
            bundle->events->len >= BUNDLE_EVENTS_MAX) {
            g_set_error(error, BUNDLE_ERROR, BUNDLE_ERROR_SEAL,
                        "%s/" FILE_EVENTS ":%" G_GUINT64_FORMAT
                        ":1: error: not event %" G_GUINT64_FORMAT " in its canonical form",
                        bundle->path, seq, seq);
            return false;
        }
        latest = event->at;
        head = digest_chain(&head, at, (size_t)(feed + 1 - at)); /* B2 */
        g_ptr_array_add(bundle->events, g_steal_pointer(&event));
        at = feed + 1;
    }
    char hex[DIGEST_TEXT_BYTES];
    if (strcmp(digest_print(&head, hex), head_hex) != 0) {
        return refuse(error, bundle->path, FILE_EVENTS, "the event chain does not end in its seal");
    }
    return true;
}

static bool read_files(Bundle *bundle, const TreeNode *root, GError **error)
{
    static const char *const KEYS[] = {"chain_head", "events", "files", "format", NULL};
    const TreeNode *files =
        tree_expect_keys(root, KEYS, error) ? tree_require(root, "files", error) : NULL;
    const TreeNode *head = files == NULL ? NULL : tree_require(root, "chain_head", error);
    const TreeNode *format = head == NULL ? NULL : tree_require(root, "format", error);
    const char *head_hex = NULL;
    int64_t version = 0;
    if (format == NULL || !tree_expect(files, TREE_MAPPING, "a mapping of files", error) ||
        !tree_text(head, &head_hex, error) ||
        !tree_integer(format, BUNDLE_FORMAT, BUNDLE_FORMAT, &version, error)) {
        return false;
    }
    g_autofree char *events = NULL;
    gsize events_bytes = 0;
    for (size_t i = 0; i < files->count; i++) {
        const TreeNode *entry = files->children[i];
        gsize bytes = 0;
        g_autofree char *content = read_sealed(bundle->path, entry, &bytes, error);
        if (content == NULL) {
            return false;
        }
        if (strcmp(entry->key, FILE_PLAN) == 0) {
            bundle->plan_json = g_steal_pointer(&content);
        } else if (strcmp(entry->key, FILE_EVENTS) == 0) {
            events = g_steal_pointer(&content);
            events_bytes = bytes;
        }
    }
    if (bundle->plan_json == NULL || events == NULL) {
        return refuse(error, bundle->path, FILE_MANIFEST,
                      "plan.json or events.jsonl is not sealed");
    }
    return read_events(bundle, events, events_bytes, head_hex, error);
}

Bundle *bundle_open(const char *path, GError **error)
{
    g_autofree char *manifest_path = g_build_filename(path, FILE_MANIFEST, NULL);
    if (!g_file_test(path, G_FILE_TEST_IS_DIR)) {
        g_set_error(error, BUNDLE_ERROR, BUNDLE_ERROR_SEAL,
                    "%s:1:1: error: not a bundle: expected a folder with a manifest.json", path);
        return NULL;
    }
    g_autofree char *text = NULL;
    gsize bytes = 0;
    if (!g_file_test(manifest_path, G_FILE_TEST_IS_REGULAR) ||
        !g_file_get_contents(manifest_path, &text, &bytes, NULL)) {
        refuse(error, path, FILE_MANIFEST, "not a bundle: there is no manifest");
        return NULL;
    }
    g_autoptr(Tree) tree = tree_parse(manifest_path, text, bytes, true, error);
    if (tree == NULL) {
        return NULL;
    }
    g_autoptr(Bundle) bundle = g_new0(Bundle, 1);
    bundle->path = g_strdup(path);
    bundle->events = g_ptr_array_new_with_free_func((GDestroyNotify)event_free);
    bundle->digest = digest_of(text, bytes);
    if (!read_files(bundle, tree_root(tree), error)) {
        return NULL;
    }
    return g_steal_pointer(&bundle);
}

void bundle_free(Bundle *bundle)
{
    if (bundle == NULL) {
        return;
    }
    g_free(bundle->path);
    g_free(bundle->plan_json);
    g_ptr_array_unref(bundle->events);
    g_free(bundle);
}
