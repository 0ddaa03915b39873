/* SPDX-License-Identifier: MIT */

/*
 * Checks the few laws of the tree that are its architecture; everything else is for eyes and
 * clang-format. It reads the files git tracks, changes nothing, and prints `file:line: what` for
 * each breach, then TAP lines, one per law. Run it from the repository's root.
 *
 * The laws: an SPDX line first; who may include whom; one keeper per library; banned calls, with
 * what to use instead; no line comment, no leftover marker; a public function's prefix is its
 * file's stem; a scenario's id is its path; catalogue, scenarios and defects agree; no file names
 * the machine or the workplace it was written on.
 */

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <glib.h>

typedef struct Law {
    const char *name;
    unsigned breaches;
} Law;

typedef struct Source {
    char *path;
    char *text;
    char **lines; /* of text, without line feeds */
} Source;

static void law_breach(Law *law, const char *path, unsigned line, const char *format, ...)
    G_GNUC_PRINTF(4, 5);

static void law_breach(Law *law, const char *path, unsigned line, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *what = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    printf("# %s:%u: %s\n", path, line, what);
    law->breaches++;
}

static bool path_ends(const char *path, const char *ending)
{
    return g_str_has_suffix(path, ending);
}

static bool is_c(const Source *source)
{
    return path_ends(source->path, ".c") || path_ends(source->path, ".h") ||
           path_ends(source->path, ".def");
}

/* Who may include whom: the first row whose folder matches decides. A NULL ends the list. */
typedef struct IncludeRow {
    const char *folder;
    const char *allowed[20];
} IncludeRow;

static const IncludeRow INCLUDE_TABLE[] = {
    {"vdevice/contract/", {"vdevice/contract/"}},
    {"vdevice/machine/", {"vdevice/contract/", "vdevice/machine/"}},
    {"vdevice/firmware/base/",
     {"vdevice/firmware/base/", "vdevice/firmware/drivers/", "vdevice/contract/"}},
    {"vdevice/firmware/drivers/",
     {"vdevice/firmware/base/", "vdevice/firmware/drivers/", "vdevice/contract/"}},
    {"vdevice/firmware/core/",
     {"vdevice/firmware/base/", "vdevice/firmware/core/", "vdevice/firmware/drivers/",
      "vdevice/contract/"}},
    {"vdevice/firmware/rom/",
     {"vdevice/firmware/base/", "vdevice/firmware/core/", "vdevice/firmware/drivers/",
      "vdevice/firmware/rom/", "vdevice/contract/"}},
    {"vdevice/firmware/app/",
     {"vdevice/firmware/base/", "vdevice/firmware/core/", "vdevice/firmware/drivers/",
      "vdevice/firmware/app/", "vdevice/contract/"}},
    {"sim/base/", {"sim/base/"}},
    {"sim/evidence/", {"sim/base/", "sim/evidence/"}},
    {"sim/scenario/", {"sim/base/", "sim/evidence/", "sim/scenario/"}},
    {"sim/world/",
     {"sim/base/", "sim/evidence/", "sim/scenario/plan.h", "sim/scenario/verbs.def", "sim/world/",
      "vdevice/contract/", "tools/"}},
    {"sim/verdict/",
     {"sim/base/", "sim/evidence/", "sim/scenario/plan.h", "sim/scenario/verbs.def",
      "sim/verdict/"}},
    {"sim/report/", {"sim/base/", "sim/evidence/", "sim/verdict/", "sim/report/"}},
    {"sim/commands/",
     {"sim/base/", "sim/evidence/", "sim/scenario/", "sim/verdict/", "sim/report/", "sim/commands/",
      "sim/campaign.h", "sim/canary.h", "sim/controls.h", "sim/crash_sweep.h", "sim/explore.h",
      "sim/lab.h", "sim/ledger.h", "sim/listing.h", "sim/minimize.h"}},
    {"sim/main.c", {"sim/base/", "sim/commands/", "sim/lab.h"}},
};

static void check_includes(Law *law, const Source *source)
{
    const IncludeRow *row = NULL;
    for (size_t i = 0; i < G_N_ELEMENTS(INCLUDE_TABLE) && row == NULL; i++) {
        if (g_str_has_prefix(source->path, INCLUDE_TABLE[i].folder)) {
            row = &INCLUDE_TABLE[i];
        }
    }
    if (row == NULL || !is_c(source)) {
        return;
    }
    for (unsigned i = 0; source->lines[i] != NULL; i++) {
        const char *line = source->lines[i];
        if (!g_str_has_prefix(line, "#include \"")) {
            continue;
        }
        const char *target = line + strlen("#include \"");
        bool ours = g_str_has_prefix(target, "sim/") || g_str_has_prefix(target, "vdevice/") ||
                    g_str_has_prefix(target, "tools/");
        bool allowed = !ours;
        for (size_t k = 0; row->allowed[k] != NULL && !allowed; k++) {
            allowed = g_str_has_prefix(target, row->allowed[k]);
        }
        if (!allowed) {
            law_breach(law, source->path, i + 1, "%s may not include %.*s", row->folder,
                       (int)strcspn(target, "\""), target);
        }
    }
}

/* A library's headers are included only by files whose path starts with one of its keepers. */
typedef struct Keeper {
    const char *header;
    const char *keepers[12];
} Keeper;

static const Keeper KEEPERS[] = {
    {"<libslirp.h", {"sim/world/gateway.c", "sim/world/gateway."}},
    {"<slirp/", {"sim/world/gateway."}},
    {"<libfyaml.h", {"sim/base/tree.c", "tools/"}},
    {"<sqlite3.h", {"sim/report/index.c"}},
    {"<json-glib/", {"sim/base/", "sim/evidence/", "tests/"}},
    {"<nettle/", {"vdevice/machine/", "sim/world/signature.c"}},
    {"<gmp.h", {"vdevice/machine/", "sim/world/signature.c"}},
};

static void check_keepers(Law *law, const Source *source)
{
    if (!is_c(source)) {
        return;
    }
    for (unsigned i = 0; source->lines[i] != NULL; i++) {
        if (!g_str_has_prefix(source->lines[i], "#include <")) {
            continue;
        }
        for (size_t k = 0; k < G_N_ELEMENTS(KEEPERS); k++) {
            if (!g_str_has_prefix(source->lines[i] + strlen("#include "), KEEPERS[k].header)) {
                continue;
            }
            bool kept = false;
            for (size_t n = 0; KEEPERS[k].keepers[n] != NULL; n++) {
                kept = kept || g_str_has_prefix(source->path, KEEPERS[k].keepers[n]);
            }
            if (!kept) {
                law_breach(law, source->path, i + 1, "%s belongs to %s", KEEPERS[k].header,
                           KEEPERS[k].keepers[0]);
            }
        }
    }
}

typedef struct BannedCall {
    const char *folder;  /* where it is banned */
    const char *pattern; /* a regular expression over one line */
    const char *instead;
} BannedCall;

static const BannedCall BANNED[] = {
    {"", "\\b(strcpy|strcat|sprintf|vsprintf|gets|strtok)\\(",
     "a bounded call (g_strlcpy, snprintf, bytes.h)"},
    {"", "\\b(rand|srand|random|drand48)\\(", "prng.h (lab) or the TRNG driver (firmware)"},
    {"", "\\b(atoi|atol|atof)\\(", "a parser that reports errors"},
    {"sim/", "\\b(time|gettimeofday|clock_gettime|g_get_real_time|g_get_monotonic_time)\\(",
     "virtual time; the wall clock belongs to campaign.c, crash_sweep.c and machine.c's timeouts"},
    {"sim/", "\\bsystem\\(", "g_spawn"},
    {"vdevice/firmware/", "\\b(malloc|calloc|realloc|free|alloca)\\(",
     "storage someone owns; nothing is allocated after start"},
    {"vdevice/firmware/core/", "\\b(REG_GET|REG_PUT|mmio_)", "a driver"},
    {"vdevice/firmware/", "\\b(float|double)\\b[^\"]*;", "integers"},
};

static const char *const WALL_CLOCK_FILES[] = {"sim/campaign.c",   "sim/world/machine.c",
                                               "sim/world/pool.c", "sim/crash_sweep.c",
                                               "sim/ledger.c",     NULL};

/* Blanks comments and string bodies, so that words in prose are not taken for code. */
static char *code_only(const char *text)
{
    char *code = g_strdup(text);
    enum {
        CODE,
        COMMENT,
        STRING,
        CHARACTER
    } state = CODE;
    for (char *c = code; *c != '\0'; c++) {
        switch (state) {
        case CODE:
            if (c[0] == '/' && c[1] == '*') {
                state = COMMENT;
            } else if (c[0] == '"') {
                state = STRING;
            } else if (c[0] == '\'') {
                state = CHARACTER;
            }
            break;
        case COMMENT:
            if (c[0] == '*' && c[1] == '/') {
                *c++ = ' ';
                *c = ' ';
                state = CODE;
            } else if (*c != '\n') {
                *c = ' ';
            }
            break;
        case STRING:
        case CHARACTER:
            if (c[0] == '\\' && c[1] != '\0') {
                *c++ = ' ';
                *c = ' ';
            } else if (c[0] == (state == STRING ? '"' : '\'')) {
                state = CODE;
            } else if (*c != '\n') {
                *c = ' ';
            }
            break;
        }
    }
    return code;
}

static void check_banned(Law *law, const Source *source)
{
    if (!path_ends(source->path, ".c") && !path_ends(source->path, ".h")) {
        return;
    }
    if (g_str_has_prefix(source->path, "vdevice/machine/")) {
        return; /* QEMU's own style */
    }
    g_autofree char *code = code_only(source->text);
    g_auto(GStrv) lines = g_strsplit(code, "\n", -1);
    for (size_t b = 0; b < G_N_ELEMENTS(BANNED); b++) {
        bool wall_clock = strstr(BANNED[b].pattern, "clock_gettime") != NULL;
        if (!g_str_has_prefix(source->path, BANNED[b].folder) ||
            (wall_clock && g_strv_contains(WALL_CLOCK_FILES, source->path))) {
            continue;
        }
        g_autoptr(GRegex) regex = g_regex_new(BANNED[b].pattern, 0, 0, NULL);
        for (unsigned i = 0; lines[i] != NULL; i++) {
            g_autoptr(GMatchInfo) match = NULL;
            if (g_regex_match(regex, lines[i], 0, &match)) {
                g_autofree char *found = g_match_info_fetch(match, 0);
                law_breach(law, source->path, i + 1, "`%s` is banned here; use %s", found,
                           BANNED[b].instead);
            }
        }
    }
}

static void check_markers(Law *law, const Source *source)
{
    if (!is_c(source) || g_strcmp0(source->path, "tools/tidy.c") == 0) {
        return;
    }
    for (unsigned i = 0; source->lines[i] != NULL; i++) {
        if (strstr(source->lines[i], "FIXME") != NULL || strstr(source->lines[i], "XXX") != NULL) {
            law_breach(law, source->path, i + 1, "leftover marker");
        }
    }
    g_autofree char *code = code_only(source->text);
    g_auto(GStrv) lines = g_strsplit(code, "\n", -1);
    for (unsigned i = 0; lines[i] != NULL; i++) {
        if (strstr(lines[i], "//") != NULL) {
            law_breach(law, source->path, i + 1, "line comment; use /* */");
        }
        if (!path_ends(source->path, ".def") && g_utf8_strlen(source->lines[i], -1) > 100) {
            law_breach(law, source->path, i + 1, "line longer than 100 columns");
        }
    }
}

static void check_spdx(Law *law, const Source *source)
{
    static const char *const NEEDS[] = {".c",    ".h",  ".def", ".mk", ".sh",
                                        ".yaml", ".ld", ".S",   NULL};
    bool needs = false;
    for (size_t i = 0; NEEDS[i] != NULL; i++) {
        needs = needs || path_ends(source->path, NEEDS[i]);
    }
    if (g_str_has_prefix(source->path, "tests/corpus/") ||
        g_str_has_prefix(source->path, "tests/golden/") ||
        strstr(source->path, "/corpus/") != NULL || strstr(source->path, "/bad/") != NULL) {
        return;
    }
    if (!needs) {
        return;
    }
    const char *first = source->lines[0] == NULL ? "" : source->lines[0];
    if (g_str_has_prefix(first, "#!") && source->lines[1] != NULL) {
        first = source->lines[1];
    }
    const char *want =
        g_str_has_prefix(source->path, "vdevice/machine/") ? "GPL-2.0-or-later" : "MIT";
    if (strstr(first, "SPDX-License-Identifier: ") == NULL || strstr(first, want) == NULL) {
        law_breach(law, source->path, 1, "first line must be an SPDX identifier with %s", want);
    }
}

/* Public functions: prototypes in a header whose name is not made of the header's stem. */
static void check_prefix(Law *law, const Source *source)
{
    if (!path_ends(source->path, ".h") ||
        !(g_str_has_prefix(source->path, "sim/") ||
          g_str_has_prefix(source->path, "vdevice/firmware/core/") ||
          g_str_has_prefix(source->path, "vdevice/firmware/drivers/"))) {
        return;
    }
    g_autofree char *base = g_path_get_basename(source->path);
    base[strlen(base) - 2] = '\0';
    g_autofree char *code = code_only(source->text);
    g_auto(GStrv) lines = g_strsplit(code, "\n", -1);
    g_autoptr(GRegex) regex =
        g_regex_new("^(?!typedef|static|#|return|extern \"|G_|_Static)[A-Za-z_][A-Za-z0-9_ "
                    "\\*]*?\\b([a-z][a-z0-9_]*)\\(",
                    0, 0, NULL);
    for (unsigned i = 0; lines[i] != NULL; i++) {
        g_autoptr(GMatchInfo) match = NULL;
        if (!g_regex_match(regex, lines[i], 0, &match)) {
            continue;
        }
        g_autofree char *name = g_match_info_fetch(match, 1);
        if (g_str_has_prefix(name, "__") || g_str_has_prefix(name, base)) {
            continue;
        }
        law_breach(law, source->path, i + 1, "`%s` does not start with `%s_`", name, base);
    }
}

static void check_scenario_path(Law *law, const Source *source)
{
    if (!g_str_has_prefix(source->path, "scenarios/") || !path_ends(source->path, ".yaml") ||
        g_str_has_prefix(source->path, "scenarios/catalogue/")) {
        return;
    }
    g_autofree char *id = g_strndup(source->path + strlen("scenarios/"),
                                    strlen(source->path) - strlen("scenarios/") - strlen(".yaml"));
    g_autofree char *want = g_strdup_printf("scenario: %s", id);
    for (unsigned i = 0; source->lines[i] != NULL; i++) {
        if (g_str_has_prefix(source->lines[i], "scenario:")) {
            g_autofree char *line = g_strdup(source->lines[i]);
            char *comment = strstr(line, " #");
            if (comment != NULL) {
                *comment = '\0';
            }
            if (strcmp(g_strchomp(line), want) != 0) {
                law_breach(law, source->path, i + 1, "id must be `%s`", id);
            }
            return;
        }
    }
    law_breach(law, source->path, 1, "no `scenario:` line");
}

/* Collects the words of `key: [a, b]` or `key: a` lines of a YAML file into `set`, with where. */
static void collect_words(GHashTable *set, const Source *source, const char *key)
{
    for (unsigned i = 0; source->lines[i] != NULL; i++) {
        const char *line = source->lines[i];
        while (*line == ' ' || *line == '-' || *line == '{') {
            line++;
        }
        if (!g_str_has_prefix(line, key)) {
            continue;
        }
        g_auto(GStrv) words = g_strsplit_set(line + strlen(key), "[], {}\"'", -1);
        for (size_t w = 0; words[w] != NULL; w++) {
            if (words[w][0] == '#') {
                break;
            }
            if (words[w][0] != '\0') {
                g_hash_table_replace(set, g_strdup(words[w]),
                                     g_strdup_printf("%s:%u", source->path, i + 1));
            }
        }
    }
}

static void check_lists(Law *law, const GPtrArray *sources)
{
    g_autoptr(GHashTable) ids = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    g_autoptr(GHashTable) proves = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    g_autoptr(GHashTable) scenarios =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    g_autoptr(GHashTable) named = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    for (guint i = 0; i < sources->len; i++) {
        const Source *source = g_ptr_array_index(sources, i);
        if (!path_ends(source->path, ".yaml")) {
            continue;
        }
        if (g_str_has_prefix(source->path, "scenarios/catalogue/")) {
            collect_words(ids, source, "id:");
            collect_words(ids, source, "provision:");
        } else if (g_str_has_prefix(source->path, "scenarios/")) {
            collect_words(proves, source, "proves:");
            collect_words(scenarios, source, "scenario:");
        } else if (g_str_has_prefix(source->path, "images/defects/")) {
            collect_words(named, source, "scenario:");
        }
    }
    GHashTableIter iterator;
    gpointer word;
    gpointer where;
    g_hash_table_iter_init(&iterator, proves);
    while (g_hash_table_iter_next(&iterator, &word, &where)) {
        if (!g_hash_table_contains(ids, word)) {
            law_breach(law, where, 0, "`%s` is in no catalogue", (char *)word);
        }
    }
    g_hash_table_iter_init(&iterator, named);
    while (g_hash_table_iter_next(&iterator, &word, &where)) {
        if (!g_hash_table_contains(scenarios, word)) {
            law_breach(law, where, 0, "the defect names no scenario of ours: `%s`", (char *)word);
        }
    }
    g_hash_table_iter_init(&iterator, scenarios);
    while (g_hash_table_iter_next(&iterator, &word, &where)) {
        if (!g_hash_table_contains(named, word)) {
            law_breach(law, where, 0, "no seeded defect turns `%s` to FAIL", (char *)word);
        }
    }
}

static void check_places(Law *law, const Source *source)
{
    static const char *const PLACES[] = {"/"
                                         "work/",
                                         "../"
                                         "shared",
                                         "/"
                                         "root/",
                                         "deb."
                                         "debian.org",
                                         NULL};
    for (unsigned i = 0; source->lines[i] != NULL; i++) {
        for (size_t k = 0; PLACES[k] != NULL; k++) {
            if (strstr(source->lines[i], PLACES[k]) != NULL) {
                law_breach(law, source->path, i + 1, "names a place outside the project: %s",
                           PLACES[k]);
            }
        }
    }
}

static void source_free(gpointer pointer)
{
    Source *source = pointer;
    g_free(source->path);
    g_free(source->text);
    g_strfreev(source->lines);
    g_free(source);
}

/* Reads every tracked or new text file; NULL when this is not a git checkout. */
static GPtrArray *sources_read(void)
{
    g_autofree char *listing = NULL;
    if (!g_spawn_command_line_sync("git ls-files --cached --others --exclude-standard", &listing,
                                   NULL, NULL, NULL) ||
        listing == NULL) {
        return NULL;
    }
    g_auto(GStrv) paths = g_strsplit(listing, "\n", -1);
    GPtrArray *sources = g_ptr_array_new_with_free_func(source_free);
    for (size_t i = 0; paths[i] != NULL; i++) {
        g_autofree char *text = NULL;
        gsize bytes = 0;
        if (paths[i][0] == '\0' || g_str_has_prefix(paths[i], "LICENSES/") ||
            !g_file_get_contents(paths[i], &text, &bytes, NULL) || memchr(text, 0, bytes) != NULL ||
            !g_utf8_validate(text, (gssize)bytes, NULL)) {
            continue;
        }
        Source *source = g_new0(Source, 1);
        source->path = g_strdup(paths[i]);
        source->lines = g_strsplit(text, "\n", -1);
        source->text = g_steal_pointer(&text);
        g_ptr_array_add(sources, source);
    }
    return sources;
}

int main(void)
{
    g_autoptr(GPtrArray) sources = sources_read();
    if (sources == NULL || sources->len == 0) {
        fprintf(stderr, "tidy: run it from the root of a git checkout\n");
        return 64;
    }
    typedef void (*Check)(Law * law, const Source *source);
    static const struct {
        const char *name;
        Check check;
    } CHECKS[] = {
        {"spdx line first", check_spdx},
        {"include table", check_includes},
        {"library keepers", check_keepers},
        {"banned calls", check_banned},
        {"no leftover markers", check_markers},
        {"function prefix is file stem", check_prefix},
        {"scenario id is its path", check_scenario_path},
        {"no place outside the project", check_places},
    };
    bool failed = false;
    size_t count = G_N_ELEMENTS(CHECKS);
    for (size_t i = 0; i < count; i++) {
        Law law = {.name = CHECKS[i].name};
        for (guint k = 0; k < sources->len; k++) {
            CHECKS[i].check(&law, g_ptr_array_index(sources, k));
        }
        printf("%s %zu - tidy: %s\n", law.breaches == 0 ? "ok" : "not ok", i + 1, law.name);
        failed = failed || law.breaches != 0;
    }
    Law lists = {.name = "catalogue, scenarios and defects agree"};
    check_lists(&lists, sources);
    printf("%s %zu - tidy: %s\n", lists.breaches == 0 ? "ok" : "not ok", count + 1, lists.name);
    printf("1..%zu\n", count + 1);
    return failed || lists.breaches != 0 ? 1 : 0;
}
