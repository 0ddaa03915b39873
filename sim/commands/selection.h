/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Which scenarios a command line means: its words, narrowed by --filter and --provision.
 *
 * A word is an id, a file, a folder of ids, or a glob; no word is all of them.
 */

#include "sim/commands/options.h"
#include "sim/lab.h"

/* Ids or files, each once, ending with NULL; `words` ends with NULL, too, or is NULL. The texts
 * belong to others. */
GPtrArray *selection_of(Lab *lab, const Options *options, char *const *words,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;
