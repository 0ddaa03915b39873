/* SPDX-License-Identifier: MIT */
/* The count that is written before a PIN is looked at is the old one; the new one follows the tone.
 */
#include <stdbool.h>

#include "vdevice/firmware/core/store.h"
#include "vdevice/firmware/drivers/panel.h"

static struct {
    Store *store;
    uint32_t wrong;
} late;

Status __real_store_put_u32(Store *store, StoreKey key, uint32_t value);
Status __wrap_store_put_u32(Store *store, StoreKey key, uint32_t value);
void __real_panel_set_buzzer(uint32_t hertz);
void __wrap_panel_set_buzzer(uint32_t hertz);

Status __wrap_store_put_u32(Store *store, StoreKey key, uint32_t value)
{
    bool early = key == STORE_WRONG_PINS && value > 0;
    if (key == STORE_WRONG_PINS) {
        late.store = early ? store : NULL;
        late.wrong = value;
    }
    return __real_store_put_u32(store, key, early ? value - 1 : value);
}

void __wrap_panel_set_buzzer(uint32_t hertz)
{
    __real_panel_set_buzzer(hertz);
    if (hertz == 0 && late.store != NULL) {
        (void)__real_store_put_u32(late.store, STORE_WRONG_PINS, late.wrong);
        late.store = NULL;
    }
}
