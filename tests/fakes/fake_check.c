/* SPDX-License-Identifier: MIT */
/* A failed CHECK ends the test program, loudly. */
#include <stdio.h>
#include <stdlib.h>

#include "vdevice/firmware/base/check.h"

_Noreturn void check_failed(const char *file, uint32_t line)
{
    fprintf(stderr, "%s:%u: check failed\n", file, (unsigned)line);
    abort();
}
