/* SPDX-License-Identifier: MIT */
#include "vdevice/firmware/app/lock.h"

#include <string.h>

#include "vdevice/contract/regs.h"
#include "vdevice/firmware/base/bytes.h"
#include "vdevice/firmware/drivers/lockmech.h"
#include "vdevice/firmware/drivers/panel.h"
#include "vdevice/firmware/drivers/timer.h"
#include "vdevice/firmware/drivers/trng.h"
#include "vdevice/firmware/drivers/uart.h"

/*
 * L1  The motor is told only what `lock_policy_drive` says, and that changes only in
 * `lock_policy_command` and `lock_policy_step`. L2  `lock_policy_command(UNLOCK)` is called from
 * two places: after `auth_check_pin` returned OK, and for the inside button. L3  What was entered
 * is overwritten before `lock_take_key` returns, unless the entry is still going on.
 */

#define LOCK_JUDGEMENT_US 2000000u
#define LOCK_TONE_US      120000u
#define LOCK_TONE_HZ      880u
#define LOCK_POSITION_MAX 1000u

static void lock_log(const char *what)
{
    uart_put("lock: ");
    uart_put(what);
    uart_end();
}

static void lock_set_drive(Lock *lock)
{
    uint32_t drive = lock_policy_drive(&lock->policy);
    if (drive != lock->drive) {
        lock->drive = drive;
        lockmech_drive(drive); /* keeps L1 */
    }
    const char *text = lock_policy_text(&lock->policy);
    if (text != lock->shown) {
        lock->shown = text;
        lock_log(text);
    }
}

static void lock_judge(Lock *lock, uint32_t led, uint32_t tones, uint64_t now_us)
{
    lock->judgement_leds = led;
    lock->judgement_until_us = now_us + LOCK_JUDGEMENT_US;
    lock->tones = 2 * tones;
    lock->tone_next_us = now_us;
}

static void lock_accept(Lock *lock, uint64_t now_us)
{
    lock_judge(lock, REG_MASK(PANEL_LEDS_GREEN), 0, now_us);
}

static void lock_refuse(Lock *lock, Status status, uint64_t now_us)
{
    lock_log(status_text(status));
    uint32_t tones = status_is(status, STATUS_AU_LOCKED_OUT) ? 3 : 1;
    lock_judge(lock, REG_MASK(PANEL_LEDS_RED), tones, now_us);
}

static void lock_move(Lock *lock, LockCommand command, uint64_t now_us)
{
    LockmechSensors sensors = lockmech_read();
    Status status = lock_policy_command(&lock->policy, command, &sensors, now_us);
    lock_set_drive(lock);
    if (status_is_ok(status)) {
        lock_accept(lock, now_us);
    } else {
        lock_refuse(lock, status, now_us);
    }
}

/* The inside button: away from where the bolt is, or was going. */
static void lock_toggle(Lock *lock, uint64_t now_us)
{
    bool open = lock->policy.state == LOCK_UNLOCKED || lock->policy.state == LOCK_UNLOCKING;
    lock_move(lock, open ? LOCK_COMMAND_LOCK : LOCK_COMMAND_UNLOCK, now_us);
}

static Status lock_check(Lock *lock, const KeypadEntry *entry, uint64_t now_us)
{
    if (lock->auth == NULL) {
        return status_error(STATUS_PV_ABSENT);
    }
    return auth_check_pin(lock->auth, entry->digits, entry->count, now_us);
}

static void lock_unlock(Lock *lock, uint64_t now_us)
{
    Status status = lock_check(lock, &lock->keypad.entries[0], now_us);
    if (!status_is_ok(status)) {
        lock_refuse(lock, status, now_us);
        return;
    }
    lock_log("PIN accepted");
    lock_move(lock, LOCK_COMMAND_UNLOCK, now_us);
}

static Status lock_change_pin(Lock *lock, uint64_t now_us)
{
    const KeypadEntry *fresh = &lock->keypad.entries[1];
    const KeypadEntry *again = &lock->keypad.entries[2];
    uint8_t salt[PROVISIONING_PIN_SALT_BYTES];
    TRY(lock_check(lock, &lock->keypad.entries[0], now_us));
    if (fresh->count != again->count || memcmp(fresh->digits, again->digits, fresh->count) != 0) {
        return status_error(STATUS_AU_FORM);
    }
    TRY(trng_read(salt, sizeof(salt)));
    return auth_change_pin(lock->auth, fresh->digits, fresh->count, salt);
}

static void lock_take_key(Lock *lock, char key, uint64_t now_us)
{
    lock->last_key_us = now_us;
    lock->key_seen = true;
    KeypadWish wish = keypad_press(&lock->keypad, key, now_us);
    if (wish == KEYPAD_WISH_NONE) {
        return;
    }
    if (wish == KEYPAD_WISH_LOCK) {
        lock_log("lock key");
        lock_move(lock, LOCK_COMMAND_LOCK, now_us);
    } else if (wish == KEYPAD_WISH_BUTTON) {
        lock_log("inside button");
        lock_toggle(lock, now_us);
    } else if (wish == KEYPAD_WISH_UNLOCK) {
        lock_unlock(lock, now_us);
    } else {
        Status status = lock_change_pin(lock, now_us);
        if (status_is_ok(status)) {
            lock_log("PIN changed");
            lock_accept(lock, now_us);
        } else {
            lock_refuse(lock, status, now_us);
        }
    }
    keypad_forget(&lock->keypad); /* keeps L3 */
}

static void lock_show(Lock *lock, uint64_t now_us)
{
    if (now_us >= lock->judgement_until_us) {
        lock->judgement_leds = 0;
    }
    uint32_t leds = lock->judgement_leds;
    if (lock->updating) {
        leds |= REG_MASK(PANEL_LEDS_BLUE);
    }
    if (lock->policy.state == LOCK_JAMMED || lock->auth == NULL) {
        leds |= REG_MASK(PANEL_LEDS_RED);
    }
    if (leds != lock->leds) {
        lock->leds = leds;
        panel_set_leds(leds);
    }
    if (lock->tones > 0 && now_us >= lock->tone_next_us) {
        lock->tones--;
        lock->tone_next_us = now_us + LOCK_TONE_US;
        panel_set_buzzer(lock->tones % 2 == 1 ? LOCK_TONE_HZ : 0);
    }
}

void lock_init(Lock *lock, Auth *auth)
{
    *lock = (Lock){.auth = auth, .drive = LOCKMECH_DRIVE_OFF, .failure = status_ok()};
    keypad_init(&lock->keypad);
    LockmechSensors sensors = lockmech_read();
    lock_policy_init(&lock->policy, &sensors);
    lockmech_listen(REG_MASK(LOCKMECH_EVENTS_END_REACHED) | REG_MASK(LOCKMECH_EVENTS_STALL));
    panel_listen(true);
    lock_set_drive(lock);
}

/* Lets the policy see the sensors, and tells when a movement has failed. */
static void lock_watch(Lock *lock, uint64_t now_us)
{
    bool was_moving = lock->drive != LOCKMECH_DRIVE_OFF;
    LockmechSensors sensors = lockmech_read();
    lock_policy_step(&lock->policy, &sensors, now_us);
    lock_set_drive(lock);
    bool moves = lock->drive != LOCKMECH_DRIVE_OFF;
    if (was_moving && !moves && !status_is_ok(lock->policy.last)) {
        lock->failure = lock->policy.last;
        lock_refuse(lock, lock->failure, now_us);
    }
}

void lock_poll(Lock *lock, uint64_t now_us)
{
    (void)lockmech_take_events();
    lock_watch(lock, now_us);
    for (char key = panel_take_key(); key != 0; key = panel_take_key()) {
        lock_take_key(lock, key, timer_now_us());
    }
    lock_show(lock, timer_now_us());
}

uint64_t lock_deadline(const Lock *lock)
{
    uint64_t deadline = lock_policy_deadline_us(&lock->policy);
    if (lock->judgement_leds != 0 && lock->judgement_until_us < deadline) {
        deadline = lock->judgement_until_us;
    }
    if (lock->tones > 0 && lock->tone_next_us < deadline) {
        deadline = lock->tone_next_us;
    }
    return deadline;
}

bool lock_is_quiet(const Lock *lock, uint64_t now_us)
{
    bool moving = lock->drive != LOCKMECH_DRIVE_OFF;
    bool key_lately = lock->key_seen && now_us < lock->last_key_us + LOCK_QUIET_US;
    return !moving && !key_lately && lock->tones == 0;
}

Status lock_take_failure(Lock *lock)
{
    Status failure = lock->failure;
    lock->failure = status_ok();
    return failure;
}

void lock_show_update(Lock *lock, bool updating)
{
    lock->updating = updating;
}

Status lock_self_test(void)
{
    LockmechSensors sensors = lockmech_read();
    bool ends_agree = sensors.extended == (sensors.position == LOCK_POSITION_MAX) &&
                      sensors.retracted == (sensors.position == 0);
    if (sensors.position > LOCK_POSITION_MAX || !ends_agree) {
        return status_error(STATUS_LM_TIMEOUT);
    }
    return status_ok();
}
