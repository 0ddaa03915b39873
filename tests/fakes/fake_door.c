/* SPDX-License-Identifier: MIT */
#include "tests/fakes/fake_door.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "vdevice/contract/regs.h"
#include "vdevice/firmware/core/auth.h"
#include "vdevice/firmware/drivers/lockmech.h"
#include "vdevice/firmware/drivers/panel.h"
#include "vdevice/firmware/drivers/timer.h"
#include "vdevice/firmware/drivers/trng.h"
#include "vdevice/firmware/drivers/uart.h"

#define PERMILLE_US 600u /* 0.6 s for the whole way */
#define STALL_US    200000u

FakeDoor fake_door;

void fake_door_reset(void)
{
    memset(&fake_door, 0, sizeof(fake_door));
    fake_door.now_us = 1000000;
    fake_door.right_pin = "123456";
    fake_door.pin_refusal = status_error(STATUS_AU_WRONG);
    fake_door.position = 1000;
    fake_door.drive = LOCKMECH_DRIVE_OFF;
}

void fake_door_press(const char *keys)
{
    for (size_t i = 0; keys[i] != '\0'; i++) {
        assert(fake_door.key_count < FAKE_DOOR_KEYS_MAX);
        fake_door.keys[fake_door.key_count++] = keys[i];
    }
}

void fake_door_pass(uint64_t us)
{
    uint32_t way = (uint32_t)(us / PERMILLE_US);
    fake_door.now_us += us;
    if (fake_door.jammed || fake_door.drive == LOCKMECH_DRIVE_OFF) {
        return;
    }
    if (fake_door.drive == LOCKMECH_DRIVE_EXTEND) {
        fake_door.position = 1000 - fake_door.position < way ? 1000 : fake_door.position + way;
    } else {
        fake_door.position = fake_door.position < way ? 0 : fake_door.position - way;
    }
}

/* drivers/panel.h */

char panel_take_key(void)
{
    if (fake_door.key_at == fake_door.key_count) {
        fake_door.key_at = 0;
        fake_door.key_count = 0;
        return 0;
    }
    return fake_door.keys[fake_door.key_at++];
}

void panel_set_leds(uint32_t led_bits)
{
    fake_door.leds = led_bits;
}

void panel_set_buzzer(uint32_t hz)
{
    fake_door.tones += fake_door.buzzer_hz == 0 && hz != 0 ? 1 : 0;
    fake_door.buzzer_hz = hz;
}

void panel_listen(bool on)
{
    (void)on;
}

/* drivers/lockmech.h */

LockmechSensors lockmech_read(void)
{
    bool drives = fake_door.drive != LOCKMECH_DRIVE_OFF;
    return (LockmechSensors){
        .position = fake_door.position,
        .extended = fake_door.position == 1000,
        .retracted = fake_door.position == 0,
        .door_closed = !fake_door.door_open,
        .stalled =
            drives && fake_door.jammed && fake_door.now_us >= fake_door.stalled_since_us + STALL_US,
    };
}

void lockmech_drive(uint32_t drive)
{
    fake_door.drives += drive != LOCKMECH_DRIVE_OFF ? 1 : 0;
    fake_door.drive = drive;
    fake_door.stalled_since_us = fake_door.now_us;
}

uint32_t lockmech_take_events(void)
{
    return 0;
}

void lockmech_listen(uint32_t event_bits)
{
    (void)event_bits;
}

/* drivers/timer.h, trng.h, uart.h */

uint64_t timer_now_us(void)
{
    return fake_door.now_us;
}

Status trng_read(void *ret_bytes, size_t count)
{
    memset(ret_bytes, 0x5a, count);
    return status_ok();
}

void uart_put(const char *text)
{
    size_t left = sizeof(fake_door.log) - fake_door.log_bytes;
    int written = snprintf(fake_door.log + fake_door.log_bytes, left, "%s", text);
    assert(written >= 0 && (size_t)written < left);
    fake_door.log_bytes += (uint32_t)written;
}

void uart_end(void)
{
    uart_put("\n");
}

/* core/auth.h: right or not right; how it is kept is not the lock's business. */

Status auth_check_pin(Auth *auth, const char *digits, size_t count, uint64_t now_us)
{
    (void)auth;
    (void)now_us;
    bool right =
        strlen(fake_door.right_pin) == count && memcmp(fake_door.right_pin, digits, count) == 0;
    return right ? status_ok() : fake_door.pin_refusal;
}

Status auth_change_pin(Auth *auth, const char *digits, size_t count,
                       const uint8_t salt[PROVISIONING_PIN_SALT_BYTES])
{
    (void)auth;
    assert(salt[0] == 0x5a && count < sizeof(fake_door.changed_pin));
    memcpy(fake_door.changed_pin, digits, count);
    return status_ok();
}
