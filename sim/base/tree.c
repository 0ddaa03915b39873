/* SPDX-License-Identifier: MIT */

/*
 * The keeper of libfyaml. Its event parser is driven by hand with a stack of our own, so that every
 * limit is checked as the input arrives and nothing is ever expanded.
 *
 * T1  A tree has at most so many nodes and levels; its text is UTF-8 without NUL.
 * T2  Keys of a mapping are scalars and differ.
 * T3  Every node and key knows where it stands.
 */

#include "sim/base/tree.h"

#include <stdarg.h>
#include <string.h>

#include <gio/gio.h>
#include <libfyaml.h>

#define SOURCE_LINE_BYTES_MAX 160
#define SUGGESTION_WORD_MAX   64

G_DEFINE_QUARK(lockstep - tree - error, tree_error)

struct Tree {
    const char *name; /* interned */
    char *text;
    size_t bytes;
    GStringChunk *strings;
    GPtrArray *nodes; /* owns every node */
    const TreeNode *root;
};

/* A mapping or sequence that is still open. */
typedef struct Open {
    TreeNode *node;
    GPtrArray *children;
    GHashTable *keys; /* of a mapping */
    const char *key;  /* read, its value not yet */
    TreePlace key_place;
} Open;

typedef struct Builder {
    Tree *tree;
    GArray *stack; /* of Open */
    size_t nodes_max;
    bool done;
} Builder;

static void node_free(void *node)
{
    g_free(((TreeNode *)node)->children);
    g_free(node);
}

void tree_free(Tree *tree)
{
    if (tree == NULL) {
        return;
    }
    g_ptr_array_unref(tree->nodes);
    g_string_chunk_free(tree->strings);
    g_free(tree->text);
    g_free(tree);
}

const TreeNode *tree_root(const Tree *tree)
{
    return tree->root;
}

/* Errors. */

/* The source line at `place` with a caret below it, or an empty string. */
static char *source_line(const Tree *tree, TreePlace place)
{
    const char *at = tree->text;
    const char *end = tree->text + tree->bytes;
    for (int line = 1; line < place.line && at < end; line++) {
        const char *feed = memchr(at, '\n', (size_t)(end - at));
        at = feed == NULL ? end : feed + 1;
    }
    size_t length = 0;
    while (at + length < end && at[length] != '\n' && at[length] != '\r') {
        length++;
    }
    if (length == 0 || length > SOURCE_LINE_BYTES_MAX) {
        return g_strdup("");
    }
    GString *shown = g_string_new("\n    ");
    for (size_t i = 0; i < length; i++) {
        g_string_append_c(shown, g_ascii_iscntrl(at[i]) ? ' ' : at[i]);
    }
    g_string_append(shown, "\n    ");
    for (int i = 1; i < place.column; i++) {
        g_string_append_c(shown, ' ');
    }
    g_string_append_c(shown, '^');
    return g_string_free(shown, FALSE);
}

static bool refuse_at(const Tree *tree, TreePlace place, GError **error, const char *message)
{
    g_autofree char *shown = source_line(tree, place);
    g_set_error(error, TREE_ERROR, TREE_ERROR_INPUT, "%s:%d:%d: error: %s%s", place.file,
                place.line, place.column, message, shown);
    return false;
}

bool tree_refuse(const TreeNode *node, GError **error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *message = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    return refuse_at(node->tree, node->place, error, message);
}

bool tree_refuse_key(const TreeNode *node, GError **error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *message = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    return refuse_at(node->tree, node->key == NULL ? node->place : node->key_place, error, message);
}

/* Building. */

static TreePlace place_of(const Tree *tree, const struct fy_mark *mark)
{
    if (mark == NULL) {
        return (TreePlace){.file = tree->name, .line = 1, .column = 1};
    }
    return (TreePlace){.file = tree->name, .line = mark->line + 1, .column = mark->column + 1};
}

static TreeNode *add_node(Builder *builder, TreeKind kind, TreePlace place, GError **error)
{
    Tree *tree = builder->tree;
    if (tree->nodes->len >= builder->nodes_max) {
        refuse_at(tree, place, error, "the file has too many entries"); /* T1 */
        return NULL;
    }
    TreeNode *node = g_new0(TreeNode, 1);
    node->kind = kind;
    node->place = place;
    node->key_place = place;
    node->tree = tree;
    g_ptr_array_add(tree->nodes, node);
    return node;
}

static Open *innermost(Builder *builder)
{
    return builder->stack->len == 0 ? NULL
                                    : &g_array_index(builder->stack, Open, builder->stack->len - 1);
}

/* Hangs a node where it belongs. */
static bool attach(Builder *builder, TreeNode *node, GError **error)
{
    Open *open = innermost(builder);
    if (open == NULL) {
        builder->tree->root = node;
        return true;
    }
    if (open->node->kind == TREE_MAPPING) {
        if (open->key == NULL) {
            return refuse_at(builder->tree, node->place, error, "a key must be a plain word");
        }
        node->key = open->key;
        node->key_place = open->key_place;
        open->key = NULL;
    }
    g_ptr_array_add(open->children, node);
    return true;
}

static bool take_key(Builder *builder, Open *open, const char *text, TreePlace place,
                     GError **error)
{
    if (!g_hash_table_add(open->keys, (void *)text)) { /* T2 */
        g_autofree char *message = g_strdup_printf("key \"%s\" stands twice", text);
        return refuse_at(builder->tree, place, error, message);
    }
    open->key = text;
    open->key_place = place;
    return true;
}

static bool take_scalar(Builder *builder, struct fy_event *event, GError **error)
{
    Tree *tree = builder->tree;
    TreePlace place = place_of(tree, fy_event_start_mark(event));
    enum fy_scalar_style style =
        event->scalar.value == NULL ? FYSS_PLAIN : fy_token_scalar_style(event->scalar.value);
    if ((style == FYSS_SINGLE_QUOTED || style == FYSS_DOUBLE_QUOTED) && place.column > 1) {
        place.column--; /* The library points behind the quote. */
    }
    size_t length = 0;
    const char *bytes =
        event->scalar.value == NULL ? "" : fy_token_get_text(event->scalar.value, &length);
    if (bytes == NULL) {
        return refuse_at(tree, place, error, "unreadable text");
    }
    if (memchr(bytes, '\0', length) != NULL) {
        return refuse_at(tree, place, error, "text holds a NUL character"); /* T1 */
    }
    const char *text = g_string_chunk_insert_len(tree->strings, bytes, (gssize)length);
    Open *open = innermost(builder);
    if (open != NULL && open->node->kind == TREE_MAPPING && open->key == NULL) {
        return take_key(builder, open, text, place, error);
    }
    TreeNode *node = add_node(builder, TREE_SCALAR, place, error);
    if (node == NULL) {
        return false;
    }
    node->text = text;
    node->quoted = style != FYSS_PLAIN;
    return attach(builder, node, error);
}

static bool take_start(Builder *builder, TreeKind kind, struct fy_event *event, GError **error)
{
    TreePlace place = place_of(builder->tree, fy_event_start_mark(event));
    if (builder->stack->len >= TREE_DEPTH_MAX) {
        return refuse_at(builder->tree, place, error, "nested too deeply"); /* T1 */
    }
    TreeNode *node = add_node(builder, kind, place, error);
    if (node == NULL || !attach(builder, node, error)) {
        return false;
    }
    Open open = {.node = node, .children = g_ptr_array_new()};
    if (kind == TREE_MAPPING) {
        open.keys = g_hash_table_new(g_str_hash, g_str_equal);
    }
    g_array_append_val(builder->stack, open);
    return true;
}

static void open_clear(void *open)
{
    Open *at = open;
    g_ptr_array_unref(at->children);
    g_clear_pointer(&at->keys, g_hash_table_unref);
}

static void take_end(Builder *builder)
{
    Open *open = innermost(builder);
    TreeNode *node = open->node;
    node->count = open->children->len;
    node->children = g_new(TreeNode *, node->count + 1);
    for (guint i = 0; i < open->children->len; i++) {
        node->children[i] = g_ptr_array_index(open->children, i);
    }
    node->children[node->count] = NULL;
    g_array_set_size(builder->stack, builder->stack->len - 1);
}

static bool has_extras(const struct fy_event *event)
{
    switch ((int)event->type) {
    case FYET_SCALAR:
        return event->scalar.anchor != NULL || event->scalar.tag != NULL;
    case FYET_MAPPING_START:
        return event->mapping_start.anchor != NULL || event->mapping_start.tag != NULL;
    case FYET_SEQUENCE_START:
        return event->sequence_start.anchor != NULL || event->sequence_start.tag != NULL;
    default:
        return event->type == FYET_ALIAS;
    }
}

/* Takes one event of the parser. */
static bool take(Builder *builder, struct fy_event *event, GError **error)
{
    if (has_extras(event)) {
        return refuse_at(builder->tree, place_of(builder->tree, fy_event_start_mark(event)), error,
                         "anchors, aliases and tags are not used here");
    }
    switch ((int)event->type) {
    case FYET_DOCUMENT_START:
        if (builder->done) {
            return refuse_at(builder->tree, place_of(builder->tree, fy_event_start_mark(event)),
                             error, "a second document in the file");
        }
        builder->done = true;
        return true;
    case FYET_SCALAR:
        return take_scalar(builder, event, error);
    case FYET_MAPPING_START:
        return take_start(builder, TREE_MAPPING, event, error);
    case FYET_SEQUENCE_START:
        return take_start(builder, TREE_SEQUENCE, event, error);
    case FYET_MAPPING_END:
    case FYET_SEQUENCE_END:
        take_end(builder);
        return true;
    default:
        return true;
    }
}

/* Turns what the library collected into our one error. */
static bool refuse_syntax(const Tree *tree, struct fy_diag *diag, GError **error)
{
    void *iterator = NULL;
    const struct fy_diag_error *first = fy_diag_errors_iterate(diag, &iterator);
    TreePlace place = {.file = tree->name, .line = 1, .column = 1};
    const char *message = "not well formed";
    if (first != NULL) {
        place.line = first->line > 0 ? first->line : 1;
        place.column = first->column > 0 ? first->column : 1;
        message = first->msg == NULL ? message : first->msg;
    }
    return refuse_at(tree, place, error, message);
}

/* Runs the parser over the tree's text. */
static bool build(Builder *builder, bool json, GError **error)
{
    struct fy_diag_cfg diag_config;
    fy_diag_cfg_default(&diag_config);
    diag_config.fp = NULL;
    struct fy_diag *diag = fy_diag_create(&diag_config);
    fy_diag_set_collect_errors(diag, true);
    struct fy_parse_cfg config = {
        .flags = FYPCF_QUIET | FYPCF_COLLECT_DIAG | FYPCF_DISABLE_MMAP_OPT |
                 (json ? FYPCF_JSON_FORCE : FYPCF_JSON_NONE),
        .diag = diag,
    };
    struct fy_parser *parser = fy_parser_create(&config);
    fy_parser_set_string(parser, builder->tree->text, builder->tree->bytes);
    bool good = true;
    struct fy_event *event = NULL;
    while (good && (event = fy_parser_parse(parser)) != NULL) {
        good = take(builder, event, error);
        fy_parser_event_free(parser, event);
    }
    if (good && fy_parser_get_stream_error(parser)) {
        good = refuse_syntax(builder->tree, diag, error);
    }
    fy_parser_destroy(parser);
    fy_diag_destroy(diag);
    return good;
}

/* Finds what is not text: NUL bytes and what is not UTF-8. */
static bool check_text(const Tree *tree, GError **error)
{
    const char *end = NULL;
    if (g_utf8_validate_len(tree->text, tree->bytes, &end)) {
        return true;
    }
    TreePlace place = {.file = tree->name, .line = 1, .column = 1};
    for (const char *at = tree->text; at < end; at++) {
        place.column++;
        if (*at == '\n') {
            place.line++;
            place.column = 1;
        }
    }
    g_set_error(error, TREE_ERROR, TREE_ERROR_INPUT,
                "%s:%d:%d: error: not a text file: byte 0x%02x is not UTF-8 text", place.file,
                place.line, place.column, (unsigned)(uint8_t)*end);
    return false;
}

Tree *tree_parse(const char *name, const void *bytes, size_t count, bool json, GError **error)
{
    size_t bytes_max = json ? TREE_JSON_BYTES_MAX : TREE_YAML_BYTES_MAX;
    if (count > bytes_max) {
        g_set_error(error, TREE_ERROR, TREE_ERROR_INPUT,
                    "%s:1:1: error: the file is longer than %zu bytes", name, bytes_max);
        return NULL;
    }
    g_autoptr(Tree) tree = g_new0(Tree, 1);
    tree->name = g_intern_string(name);
    tree->text = g_malloc(count + 1);
    tree->bytes = count;
    if (count > 0) {
        memcpy(tree->text, bytes, count);
    }
    tree->text[count] = '\0';
    tree->strings = g_string_chunk_new(1024);
    tree->nodes = g_ptr_array_new_with_free_func(node_free);
    if (!check_text(tree, error)) {
        return NULL;
    }
    Builder builder = {
        .tree = tree,
        .stack = g_array_new(FALSE, FALSE, sizeof(Open)),
        .nodes_max = json ? TREE_JSON_NODES_MAX : TREE_YAML_NODES_MAX,
    };
    g_array_set_clear_func(builder.stack, open_clear);
    bool good = build(&builder, json, error);
    g_array_unref(builder.stack);
    if (!good) {
        return NULL;
    }
    if (tree->root == NULL) {
        g_set_error(error, TREE_ERROR, TREE_ERROR_INPUT, "%s:1:1: error: the file is empty", name);
        return NULL;
    }
    return g_steal_pointer(&tree);
}

Tree *tree_load(const char *path, GError **error)
{
    bool json = g_str_has_suffix(path, ".json");
    gsize bytes_max = json ? TREE_JSON_BYTES_MAX : TREE_YAML_BYTES_MAX;
    g_autoptr(GFile) file = g_file_new_for_path(path);
    g_autoptr(GError) cause = NULL;
    g_autoptr(GFileInputStream) stream = g_file_read(file, NULL, &cause);
    gsize count = 0;
    /* One byte more than allowed tells a file that is too long from one that just fits. */
    g_autofree char *bytes = stream == NULL ? NULL : g_malloc(bytes_max + 1);
    if (stream == NULL || !g_input_stream_read_all(G_INPUT_STREAM(stream), bytes, bytes_max + 1,
                                                   &count, NULL, &cause)) {
        g_set_error(error, TREE_ERROR, TREE_ERROR_UNREADABLE, "%s:1:1: error: %s", path,
                    cause->message);
        return NULL;
    }
    return tree_parse(path, bytes, count, json, error);
}

/* Reading. */

const TreeNode *tree_get(const TreeNode *mapping, const char *key)
{
    for (size_t i = 0; mapping->kind == TREE_MAPPING && i < mapping->count; i++) {
        if (strcmp(mapping->children[i]->key, key) == 0) {
            return mapping->children[i];
        }
    }
    return NULL;
}

bool tree_is_null(const TreeNode *node)
{
    return node == NULL ||
           (node->kind == TREE_SCALAR && !node->quoted && strcmp(node->text, "null") == 0);
}

/* Damerau's distance without transposed repeats, for short words only. */
static size_t distance(const char *a, const char *b)
{
    size_t a_length = strlen(a);
    size_t b_length = strlen(b);
    size_t rows[3][SUGGESTION_WORD_MAX + 1];
    for (size_t j = 0; j <= b_length; j++) {
        rows[1][j] = j;
    }
    for (size_t i = 1; i <= a_length; i++) {
        size_t *row = rows[(i + 1) % 3];
        const size_t *above = rows[i % 3];
        const size_t *two_above = rows[(i + 2) % 3];
        row[0] = i;
        for (size_t j = 1; j <= b_length; j++) {
            size_t best = above[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
            best = MIN(best, above[j] + 1);
            best = MIN(best, row[j - 1] + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
                best = MIN(best, two_above[j - 2] + 1);
            }
            row[j] = best;
        }
    }
    return rows[(a_length + 1) % 3][b_length];
}

const char *tree_did_you_mean(const char *word, const char *const *known)
{
    const char *best = NULL;
    size_t length = strlen(word);
    if (length > SUGGESTION_WORD_MAX) {
        return NULL;
    }
    size_t best_distance = MAX(length / 3, 1) + 1;
    for (; *known != NULL; known++) {
        if (strlen(*known) > SUGGESTION_WORD_MAX) {
            continue;
        }
        size_t found = distance(word, *known);
        if (found < best_distance) {
            best_distance = found;
            best = *known;
        }
    }
    return best;
}

static const char *kind_prose(TreeKind kind)
{
    switch (kind) {
    case TREE_SCALAR:
        return "a single value";
    case TREE_MAPPING:
        return "a mapping";
    case TREE_SEQUENCE:
        return "a list";
    }
    g_assert_not_reached();
}

bool tree_expect(const TreeNode *node, TreeKind kind, const char *what, GError **error)
{
    if (node->kind == kind) {
        return true;
    }
    return tree_refuse(node, error, "expected %s, found %s", what, kind_prose(node->kind));
}

bool tree_expect_keys(const TreeNode *mapping, const char *const *known, GError **error)
{
    if (!tree_expect(mapping, TREE_MAPPING, "a mapping", error)) {
        return false;
    }
    for (size_t i = 0; i < mapping->count; i++) {
        const TreeNode *child = mapping->children[i];
        if (g_strv_contains(known, child->key)) {
            continue;
        }
        const char *meant = tree_did_you_mean(child->key, known);
        if (meant != NULL) {
            return tree_refuse_key(child, error, "unknown key \"%s\", did you mean \"%s\"?",
                                   child->key, meant);
        }
        g_autofree char *list = g_strjoinv(", ", (char **)known);
        return tree_refuse_key(child, error, "unknown key \"%s\"; known here: %s", child->key,
                               list);
    }
    return true;
}

const TreeNode *tree_require(const TreeNode *mapping, const char *key, GError **error)
{
    if (!tree_expect(mapping, TREE_MAPPING, "a mapping", error)) {
        return NULL;
    }
    const TreeNode *child = tree_get(mapping, key);
    if (child == NULL) {
        tree_refuse_key(mapping, error, "key \"%s\" is missing", key);
    }
    return child;
}

bool tree_text(const TreeNode *node, const char **ret_text, GError **error)
{
    if (!tree_expect(node, TREE_SCALAR, "a text", error)) {
        return false;
    }
    *ret_text = node->text;
    return true;
}

bool tree_require_text(const TreeNode *mapping, const char *key, char **ret_text, GError **error)
{
    const TreeNode *node = tree_require(mapping, key, error);
    const char *text = NULL;
    if (node == NULL || !tree_text(node, &text, error)) {
        return false;
    }
    *ret_text = tree_is_null(node) ? NULL : g_strdup(text);
    return true;
}

bool tree_integer(const TreeNode *node, int64_t low, int64_t high, int64_t *ret_integer,
                  GError **error)
{
    if (!tree_expect(node, TREE_SCALAR, "a whole number", error)) {
        return false;
    }
    gint64 value = 0;
    if (node->quoted ||
        !g_ascii_string_to_signed(node->text, 10, G_MININT64, G_MAXINT64, &value, NULL)) {
        return tree_refuse(node, error, "expected a whole number, found \"%s\"", node->text);
    }
    if (value < low || value > high) {
        return tree_refuse(node, error,
                           "expected a number from %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT
                           ", found %s",
                           low, high, node->text);
    }
    *ret_integer = value;
    return true;
}

bool tree_truth(const TreeNode *node, bool *ret_truth, GError **error)
{
    if (!tree_expect(node, TREE_SCALAR, "true or false", error)) {
        return false;
    }
    bool is_true = strcmp(node->text, "true") == 0;
    if (node->quoted || (!is_true && strcmp(node->text, "false") != 0)) {
        return tree_refuse(node, error, "expected true or false, found \"%s\"", node->text);
    }
    *ret_truth = is_true;
    return true;
}

bool tree_require_integer(const TreeNode *mapping, const char *key, int64_t low, int64_t high,
                          int64_t *ret_integer, GError **error)
{
    const TreeNode *node = tree_require(mapping, key, error);
    return node != NULL && tree_integer(node, low, high, ret_integer, error);
}

bool tree_require_truth(const TreeNode *mapping, const char *key, bool *ret_truth, GError **error)
{
    const TreeNode *node = tree_require(mapping, key, error);
    return node != NULL && tree_truth(node, ret_truth, error);
}

bool tree_duration(const TreeNode *node, VTime *ret_time, GError **error)
{
    if (!tree_expect(node, TREE_SCALAR, "a duration", error)) {
        return false;
    }
    if (vtime_parse(node->text, ret_time)) {
        return true;
    }
    gint64 bare = 0;
    if (g_ascii_string_to_signed(node->text, 10, G_MININT64, G_MAXINT64, &bare, NULL)) {
        return tree_refuse(node, error, "\"%s\" needs a unit: %sms, %ss, %smin ...", node->text,
                           node->text, node->text, node->text);
    }
    return tree_refuse(node, error, "expected a duration such as 200ms, 1.5s or 2h, found \"%s\"",
                       node->text);
}

bool tree_ratio(const TreeNode *node, Ratio *ret_ratio, GError **error)
{
    if (!tree_expect(node, TREE_SCALAR, "a ratio", error)) {
        return false;
    }
    g_auto(GStrv) parts = g_strsplit(node->text, "/", 3);
    guint64 numerator = 0;
    guint64 denominator = 0;
    if (g_strv_length(parts) != 2 ||
        !g_ascii_string_to_unsigned(parts[0], 10, 0, G_MAXUINT32, &numerator, NULL) ||
        !g_ascii_string_to_unsigned(parts[1], 10, 1, G_MAXUINT32, &denominator, NULL) ||
        numerator > denominator) {
        return tree_refuse(node, error,
                           "expected a ratio from 0/1 to 1/1 such as 1/100, found \"%s\"",
                           node->text);
    }
    *ret_ratio = (Ratio){(uint32_t)numerator, (uint32_t)denominator};
    return true;
}

bool tree_choice(const TreeNode *node, const char *const *known, size_t *ret_index, GError **error)
{
    g_autofree char *list = g_strjoinv(", ", (char **)known);
    if (node->kind != TREE_SCALAR) {
        return tree_refuse(node, error, "expected one of %s, found %s", list,
                           kind_prose(node->kind));
    }
    for (size_t i = 0; known[i] != NULL; i++) {
        if (strcmp(known[i], node->text) == 0) {
            *ret_index = i;
            return true;
        }
    }
    const char *meant = tree_did_you_mean(node->text, known);
    if (meant != NULL) {
        return tree_refuse(node, error, "unknown word \"%s\", did you mean \"%s\"?", node->text,
                           meant);
    }
    return tree_refuse(node, error, "unknown word \"%s\"; known here: %s", node->text, list);
}

char **tree_texts(const TreeNode *node, GError **error)
{
    if (node->kind == TREE_SCALAR) {
        const char *const one[] = {node->text, NULL};
        return g_strdupv((char **)one);
    }
    if (!tree_expect(node, TREE_SEQUENCE, "a list of texts", error)) {
        return NULL;
    }
    g_auto(GStrv) texts = g_new0(char *, node->count + 1);
    for (size_t i = 0; i < node->count; i++) {
        const char *text = NULL;
        if (!tree_text(node->children[i], &text, error)) {
            return NULL;
        }
        texts[i] = g_strdup(text);
    }
    return g_steal_pointer(&texts);
}
