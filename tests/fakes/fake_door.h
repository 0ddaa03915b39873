/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A door as the lock meets it through the drivers: a keypad, lights, a buzzer, a bolt that takes
 * its time, and a clock that a test moves on. What the log said is kept. PINs are judged by
 * `right_pin`.
 */

#include <stdbool.h>
#include <stdint.h>

#include "vdevice/firmware/base/status.h"

enum {
    FAKE_DOOR_LOG_BYTES = 8192,
    FAKE_DOOR_KEYS_MAX = 64,
};

typedef struct FakeDoor {
    uint64_t now_us;
    const char *right_pin;
    Status pin_refusal; /* for any other; STATUS_AU_WRONG unless a test says otherwise */
    char changed_pin[16];
    uint32_t position; /* permille */
    bool jammed;
    bool door_open;
    uint32_t drive;
    uint32_t drives; /* times the motor was started */
    uint64_t stalled_since_us;
    uint32_t leds;
    uint32_t buzzer_hz;
    uint32_t tones; /* times the buzzer began */
    char keys[FAKE_DOOR_KEYS_MAX];
    uint32_t key_count;
    uint32_t key_at;
    char log[FAKE_DOOR_LOG_BYTES];
    uint32_t log_bytes;
} FakeDoor;

extern FakeDoor fake_door;

/* Locked, closed, free, quiet. */
void fake_door_reset(void);

/* Puts keys into the queue. */
void fake_door_press(const char *keys);

/* Lets time pass: the bolt moves as the motor drives it. */
void fake_door_pass(uint64_t us);
