/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What the store must hold, kept beside it: every put and remove passes through here on its way
 * (linked with --wrap), and every opening is compared.
 *
 * A key that was being written when the power went may have its old value or its new one; which of
 * them the next opening finds is then its value. Every other key must have the value it was left
 * with.
 */

#include <stdbool.h>
#include <stdint.h>

#include "vdevice/firmware/core/store.h"

typedef struct LaneValue {
    uint32_t count; /* 0: none */
    uint8_t bytes[STORE_VALUE_BYTES_MAX];
    uint32_t pad;
} LaneValue;

typedef struct LaneStore {
    LaneValue values[STORE_KEYS];
    LaneValue pending;
    uint32_t pending_key; /* STORE_KEYS: none */
    uint32_t broken_key;  /* a key that had neither value; STORE_KEYS: none */
} LaneStore;

extern LaneStore lane_store;

void lane_store_blank(void);
