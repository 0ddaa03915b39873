/* SPDX-License-Identifier: MIT */
/* The last PIN is kept, to tell a double press from a second attempt; in the store, as it was
 * typed. */
#include "vdevice/firmware/core/auth.h"

Status __real_auth_check_pin(Auth *auth, const char *digits, size_t count, uint64_t now_us);
Status __wrap_auth_check_pin(Auth *auth, const char *digits, size_t count, uint64_t now_us);

Status __wrap_auth_check_pin(Auth *auth, const char *digits, size_t count, uint64_t now_us)
{
    TRY(store_put(auth->store, STORE_SETTINGS, digits, count));
    return __real_auth_check_pin(auth, digits, count, now_us);
}
