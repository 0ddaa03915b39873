/* SPDX-License-Identifier: MIT */
#pragma once

/* PROGRESS_<name> for every line of contract/progress.def; shown with `power_show_progress`. */
typedef enum Progress {
#define PROGRESS(name, value, text) PROGRESS_##name = (value),
#include "vdevice/contract/progress.def"
#undef PROGRESS
} Progress;
