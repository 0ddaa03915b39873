/* SPDX-License-Identifier: MIT */
/*
 * A1  The stored count of wrong attempts is raised before a PIN is looked at, and put back to zero
 *     only after it was found right.
 * A2  While locked out no PIN is looked at, the right one included.
 * A3  A count that cannot be stored refuses the attempt.
 */
#include "vdevice/firmware/core/auth.h"

#include <string.h>

#include "vdevice/firmware/base/bytes.h"
#include "vdevice/firmware/base/derive.h"
#include "vdevice/firmware/core/auth_rules.h"

#define AUTH_US 1000000u

static void auth_start_wait(Auth *auth, uint64_t now_us)
{
    auth->locked_until_us = now_us + (uint64_t)auth_rules_wait_seconds(auth->wrong) * AUTH_US;
}

void auth_init(Auth *auth, Store *store, const AuthVerifier *factory, const uint8_t pin_key[32],
               uint64_t now_us)
{
    auth->store = store;
    memcpy(auth->pin_key, pin_key, sizeof auth->pin_key);
    AuthVerifier stored;
    bool changed = status_is_ok(store_get(store, STORE_PIN_VERIFIER, &stored, sizeof stored));
    auth->verifier = changed ? stored : *factory;
    auth->wrong = store_get_u32(store, STORE_WRONG_PINS, 0);
    auth_start_wait(auth, now_us);
}

uint32_t auth_wait_seconds(const Auth *auth, uint64_t now_us)
{
    if (now_us >= auth->locked_until_us) {
        return 0;
    }
    return (uint32_t)((auth->locked_until_us - now_us + AUTH_US - 1) / AUTH_US);
}

Status auth_check_pin(Auth *auth, const char *digits, size_t count, uint64_t now_us)
{
    if (!auth_rules_form(digits, count)) {
        return status_error(STATUS_AU_FORM);
    }
    if (auth_wait_seconds(auth, now_us) > 0) {
        return status_error(STATUS_AU_LOCKED_OUT); /* A2 */
    }
    TRY(store_put_u32(auth->store, STORE_WRONG_PINS, auth->wrong + 1)); /* A1, A3 */
    auth->wrong++;
    uint8_t actual[PROVISIONING_PIN_VERIFIER_BYTES];
    TRY(derive_pin_verifier(auth->pin_key, digits, count, auth->verifier.salt,
                            auth->verifier.iterations, actual));
    bool right = auth_rules_match(auth->verifier.verifier, actual);
    bytes_clear_secret(actual, sizeof actual);
    if (!right) {
        auth_start_wait(auth, now_us);
        return status_error(STATUS_AU_WRONG);
    }
    TRY(store_put_u32(auth->store, STORE_WRONG_PINS, 0));
    auth->wrong = 0;
    return status_ok();
}

Status auth_change_pin(Auth *auth, const char *digits, size_t count,
                       const uint8_t salt[PROVISIONING_PIN_SALT_BYTES])
{
    if (!auth_rules_form(digits, count)) {
        return status_error(STATUS_AU_FORM);
    }
    AuthVerifier verifier = {.iterations = PROVISIONING_PIN_ITERATIONS};
    memcpy(verifier.salt, salt, sizeof verifier.salt);
    TRY(derive_pin_verifier(auth->pin_key, digits, count, verifier.salt, verifier.iterations,
                            verifier.verifier));
    TRY(store_put(auth->store, STORE_PIN_VERIFIER, &verifier, sizeof verifier));
    auth->verifier = verifier;
    return status_ok();
}
