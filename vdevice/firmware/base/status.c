/* SPDX-License-Identifier: MIT */
#include "vdevice/firmware/base/status.h"

#include <stddef.h>

typedef struct StatusName {
    uint32_t code;
    const char *text;
} StatusName;

static const StatusName status_names[] = {
    {STATUS_OK, "ok"},
#define STATUS(module, name, number, text) {STATUS_##module##_##name, text},
#include "vdevice/contract/status.def"
#undef STATUS
};

const char *status_text(Status status)
{
    for (size_t i = 0; i < sizeof status_names / sizeof status_names[0]; i++) {
        if (status_names[i].code == status.code) {
            return status_names[i].text;
        }
    }
    return "unknown status";
}
