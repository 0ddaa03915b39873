/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Reads a device's report (vdevice/contract/cloud_api.h) from JSON, strictly.
 *
 * A report is one flat object of known keys, each once, with texts and whole numbers; texts are
 * short and plain. Whatever else a device may send is not a report. Pure; nothing is owned.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CLOUD_REPORT_TEXT_CHARS 40u

typedef struct CloudReport {
    char device[CLOUD_REPORT_TEXT_CHARS];
    char version[CLOUD_REPORT_TEXT_CHARS];
    char slot[CLOUD_REPORT_TEXT_CHARS];
    char boot[CLOUD_REPORT_TEXT_CHARS];
    char reset[CLOUD_REPORT_TEXT_CHARS];
    char bolt[CLOUD_REPORT_TEXT_CHARS];
    char update[CLOUD_REPORT_TEXT_CHARS];
    char status[CLOUD_REPORT_TEXT_CHARS];
    int64_t sequence;
    int64_t time;
} CloudReport;

/* True if `json` is a report with every key. */
bool cloud_report_read(const uint8_t *json, size_t bytes, CloudReport *ret_report);
