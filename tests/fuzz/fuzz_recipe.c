/* SPDX-License-Identifier: MIT */

/* Can a recipe, whatever is in it, do more than be refused with a place in it? */

#include <stdint.h>
#include <stdlib.h>

#include "tools/recipe.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    Recipe recipe;
    g_autoptr(GError) error = NULL;
    if (!recipe_parse("images/fuzz.yaml", bytes, count, &recipe, &error)) {
        if (error == NULL || !g_str_has_prefix(error->message, "images/fuzz.yaml:")) {
            abort(); /* a refusal says where */
        }
    }
    return 0;
}
