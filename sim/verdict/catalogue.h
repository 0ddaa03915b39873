/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A catalogue: the provisions of one standard and the test cases that belong to them, as data.
 *
 * Files in scenarios/catalogue; a second standard is a second file. The order of the file is kept,
 * and files are read in the order of their names.
 */

#include <stdbool.h>

#include <glib.h>

#include "sim/base/tree.h"

typedef struct TestCase {
    char *id;
    char *kind; /* conceptual, functional, mixed */
    char **units;
} TestCase;

typedef struct Provision {
    char *id;
    char *title;
    char *status_code; /* as the standard writes it: "M F (a)" */
    bool mandatory;
    char **conditions;
    char **features;
    char *kind; /* simulator, document, both */
    char *standard;
    char *clause; /* the part of the id before the last dash */
    char *clause_title;
    GPtrArray *test_cases; /* of TestCase */
} Provision;

typedef struct Catalogue {
    GPtrArray *provisions; /* of Provision */
    char **ids;            /* of all provisions and test cases; ends with NULL */
} Catalogue;

/* Reads every *.yaml in `folder`. */
Catalogue *catalogue_load(const char *folder, GError **error) G_GNUC_WARN_UNUSED_RESULT;

void catalogue_free(Catalogue *catalogue);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Catalogue, catalogue_free)

/* The provision that `id` names, be it the provision's, a test case's or a unit's; or NULL. */
const Provision *catalogue_find(const Catalogue *catalogue, const char *id);
