/* SPDX-License-Identifier: MIT */
#pragma once

/* The decisions behind auth.h, one function each. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Only digits, and no fewer or more than provisioning.h says. */
bool auth_rules_form(const char *digits, size_t count);

/* Seconds to wait after `wrong` wrong attempts in a row. */
uint32_t auth_rules_wait_seconds(uint32_t wrong);

/* The verifier matches; takes the same time whether or not, and wherever, they differ. */
bool auth_rules_match(const uint8_t expected[32], const uint8_t actual[32]);
