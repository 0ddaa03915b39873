/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A file of YAML or JSON as a small tree in which every node knows its line and column.
 *
 * Parsing keeps structure only: mappings (in the order written), sequences, and scalars as text.
 * What a scalar means is asked for by the reader (`tree_integer`, `tree_duration`, ...), and when
 * it does not mean that, the answer is an error an editor can jump to:
 *
 *     scenarios/x.yaml:12:5: error: unknown key "cut_powr", did you mean "cut_power"?
 *         cut_powr: { for: 200ms }
 *         ^
 *
 * The Tree owns its nodes and the text; nodes live as long as their Tree. Input is hostile: size,
 * depth and number of nodes are bounded, and anchors, aliases, tags and second documents are
 * refused. Every failure is `TREE_ERROR` with such a message, except that a file which cannot be
 * read says why.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <glib.h>

#include "sim/base/prng.h"
#include "sim/base/vtime.h"

#define TREE_YAML_BYTES_MAX (1u << 20)
#define TREE_YAML_NODES_MAX 50000
#define TREE_JSON_BYTES_MAX (64u << 20)
#define TREE_JSON_NODES_MAX 2000000
#define TREE_DEPTH_MAX      16

#define TREE_ERROR tree_error_quark()
GQuark tree_error_quark(void);

typedef enum TreeError {
    TREE_ERROR_UNREADABLE, /* the file is not there or cannot be read */
    TREE_ERROR_INPUT,      /* what is in it is wrong; the message has the place */
} TreeError;

typedef enum TreeKind {
    TREE_SCALAR,
    TREE_MAPPING,
    TREE_SEQUENCE,
} TreeKind;

typedef struct Tree Tree;
typedef struct TreeNode TreeNode;

/* A place in a file, for messages after the Tree is gone. `file` is interned. */
typedef struct TreePlace {
    const char *file;
    int line;   /* from 1 */
    int column; /* from 1 */
} TreePlace;

struct TreeNode {
    TreeKind kind;
    const char *key;  /* within a mapping; otherwise NULL */
    const char *text; /* of a scalar; otherwise NULL */
    bool quoted;      /* a scalar in quotes: text, whatever it looks like */
    size_t count;     /* children */
    TreeNode **children;
    TreePlace place;     /* of the value */
    TreePlace key_place; /* of the key */
    const Tree *tree;
};

/* Reads a file: JSON if its name ends in `.json`, otherwise YAML. */
Tree *tree_load(const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Parses `bytes` of YAML, or of JSON if `json`; `name` stands for the file in messages. */
Tree *tree_parse(const char *name, const void *bytes, size_t count, bool json,
                 GError **error) G_GNUC_WARN_UNUSED_RESULT;

void tree_free(Tree *tree);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Tree, tree_free)

/* The outermost node. */
const TreeNode *tree_root(const Tree *tree);

/* The child of a mapping called `key`, or NULL. */
const TreeNode *tree_get(const TreeNode *mapping, const char *key);

/* Whether there is nothing there: `node` is NULL, or the word null without quotes. */
bool tree_is_null(const TreeNode *node);

/* Sets an error at `node`, with the source line and a caret below it. Always returns false. */
bool tree_refuse(const TreeNode *node, GError **error, const char *format, ...) G_GNUC_PRINTF(3, 4);

/* The same at the node's key. */
bool tree_refuse_key(const TreeNode *node, GError **error, const char *format, ...)
    G_GNUC_PRINTF(3, 4);

/* The word of `known` (ends with NULL) that `word` was most likely meant to be, or NULL. */
const char *tree_did_you_mean(const char *word, const char *const *known);

/* Refuses a node of another kind. `what` says what is wanted: "a mapping of devices". */
bool tree_expect(const TreeNode *node, TreeKind kind, const char *what,
                 GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Refuses keys of a mapping that are not in `known` (ends with NULL). */
bool tree_expect_keys(const TreeNode *mapping, const char *const *known,
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* A copy of the text of the child called `key`, which must be there; NULL if it is null. */
bool tree_require_text(const TreeNode *mapping, const char *key, char **ret_text,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The child called `key`; an error at the mapping when it is missing. */
const TreeNode *tree_require(const TreeNode *mapping, const char *key,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* What a scalar means. Each returns false with an error at the node when it does not. */
bool tree_text(const TreeNode *node, const char **ret_text,
               GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool tree_integer(const TreeNode *node, int64_t low, int64_t high, int64_t *ret_integer,
                  GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool tree_truth(const TreeNode *node, bool *ret_truth, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool tree_duration(const TreeNode *node, VTime *ret_time, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool tree_ratio(const TreeNode *node, Ratio *ret_ratio, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The same of the child called `key`, which must be there. */
bool tree_require_integer(const TreeNode *mapping, const char *key, int64_t low, int64_t high,
                          int64_t *ret_integer, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool tree_require_truth(const TreeNode *mapping, const char *key, bool *ret_truth,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* One of `known` (ends with NULL); `ret_index` is its place in it. */
bool tree_choice(const TreeNode *node, const char *const *known, size_t *ret_index,
                 GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* A scalar, or a sequence of scalars, as a list ending with NULL that the caller frees. */
char **tree_texts(const TreeNode *node, GError **error) G_GNUC_WARN_UNUSED_RESULT;
