/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The PIN: checking it, changing it, and being slow to guess.
 *
 * The number of wrong attempts is kept in the store and raised *before* a PIN is looked at, so
 * cutting the power at the moment of refusal wins nothing; a right PIN puts it back to zero. From
 * AUTH_FREE_ATTEMPTS wrong ones on, each further one must wait, twice as long each time. The wait
 * is counted in time since boot and starts anew after a reset, so neither a cut nor a false clock
 * shortens it. Time is microseconds since boot, handed in.
 */

#include <stddef.h>
#include <stdint.h>

#include "vdevice/contract/provisioning.h"
#include "vdevice/firmware/base/status.h"
#include "vdevice/firmware/core/store.h"

#define AUTH_FREE_ATTEMPTS    5u
#define AUTH_WAIT_SECONDS_MIN 30u
#define AUTH_WAIT_SECONDS_MAX 3600u

typedef struct AuthVerifier {
    uint32_t iterations;
    uint8_t salt[PROVISIONING_PIN_SALT_BYTES];
    uint8_t verifier[PROVISIONING_PIN_VERIFIER_BYTES];
} AuthVerifier;

typedef struct Auth {
    Store *store;
    AuthVerifier verifier; /* in force */
    uint8_t pin_key[32];   /* derive_key(HUK, PROVISIONING_LABEL_PIN) */
    uint32_t wrong;        /* attempts since the last right one */
    uint64_t locked_until_us;
} Auth;

/* Takes the stored verifier if there is one, `factory`'s otherwise. */
void auth_init(Auth *auth, Store *store, const AuthVerifier *factory, const uint8_t pin_key[32],
               uint64_t now_us);

/*
 * OK for the right PIN. STATUS_AU_FORM when it is no PIN at all (not counted), STATUS_AU_LOCKED_OUT
 * when it was not looked at, STATUS_AU_WRONG. A store that cannot count is a failure, never OK.
 */
FALLIBLE Status auth_check_pin(Auth *auth, const char *digits, size_t count, uint64_t now_us);

/* Sets a new PIN under a fresh random `salt`. The caller has just had the old one checked. */
FALLIBLE Status auth_change_pin(Auth *auth, const char *digits, size_t count,
                                const uint8_t salt[PROVISIONING_PIN_SALT_BYTES]);

/* Seconds until the next attempt is looked at, rounded up. */
uint32_t auth_wait_seconds(const Auth *auth, uint64_t now_us);
