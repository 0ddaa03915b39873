/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The report to the service: facts in, one JSON object out, as contract/cloud_api.h has it.
 *
 * It says what the lock is and senses, and nothing about anybody: no PIN, no key, no history of
 * use.
 */

#include <stddef.h>
#include <stdint.h>

#include "vdevice/firmware/app/supervisor.h"

/* Writes the object and returns its length; zero if it does not fit. */
size_t report_write(const SupervisorFacts *facts, uint64_t seconds, char *ret_text,
                    size_t bytes_max);
