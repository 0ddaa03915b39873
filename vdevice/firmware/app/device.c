/* SPDX-License-Identifier: MIT */
#include "vdevice/firmware/app/device.h"

#include <string.h>

#include "vdevice/contract/boot_record.h"
#include "vdevice/contract/cloud_api.h"
#include "vdevice/contract/regs.h"
#include "vdevice/firmware/app/lock.h"
#include "vdevice/firmware/base/bytes.h"
#include "vdevice/firmware/base/check.h"
#include "vdevice/firmware/base/crc32.h"
#include "vdevice/firmware/base/crypto.h"
#include "vdevice/firmware/base/derive.h"
#include "vdevice/firmware/core/slots.h"
#include "vdevice/firmware/core/update.h"
#include "vdevice/firmware/drivers/cpu.h"
#include "vdevice/firmware/drivers/flash.h"
#include "vdevice/firmware/drivers/nic.h"
#include "vdevice/firmware/drivers/otp.h"
#include "vdevice/firmware/drivers/power.h"
#include "vdevice/firmware/drivers/rtc.h"
#include "vdevice/firmware/drivers/timer.h"
#include "vdevice/firmware/drivers/trng.h"
#include "vdevice/firmware/drivers/uart.h"
#include "vdevice/firmware/drivers/watchdog.h"

/*
 *   D1  The hardware unique key is read once, in `device_derive_keys`, and unreadable from then on.
 *
 *   D2  The watchdog's period is the coming sleep plus WATCHDOG_AWAKE_MS while asleep, and
 *       WATCHDOG_AWAKE_MS while awake: a loop that hangs is reset after eight seconds, a lock
 *       without a network wakes every ten minutes.
 *
 *   D3  An image is confirmed only in `device_self_test`, after all its questions were answered
 * well.
 *
 *   D4  A planned reset happens only in `device_reset_if_quiet`.
 *
 *   D5  The factory record is fetched from flash once; what was checked is what is used.
 */

#define WATCHDOG_AWAKE_MS    8000u
#define DEVICE_SLEEP_US_MAX  580000000u
#define DEVICE_EARLIEST_TIME 1704067200u /* 2024: no lock was made before */

typedef struct Device {
    BootRecord boot;
    Journal journal;
    Store store;
    Update update;
    Auth auth;
    Lock lock;
    FactoryRecord factory; /* D5 */
    uint8_t tls_scalar[CRYPTO_P256_SCALAR_BYTES];
    bool provisioned;
    Status ready;    /* what the network half said; not OK until it has */
    bool confirming; /* the self-test of a trial is still to come */
    uint64_t self_test_us;
    bool connected;
    bool reset_due;
    uint64_t reset_due_us;
    SupervisorUpdate outcome;
    Status last;
    uint32_t report_sequence;
} Device;

__attribute__((section(".privileged"))) static Device device;

static void device_log_status(const char *what, Status status)
{
    uart_put(what);
    uart_put(": ");
    uart_put(status_text(status));
    uart_end();
}

_Noreturn void device_fail(const char *what, uint32_t where)
{
    power_show_progress(PROGRESS_APP_FAULT);
    uart_put("fault: ");
    uart_put(what);
    uart_put(" ");
    uart_put_hex(where);
    uart_end();
    power_reset();
}

static void device_copy_boot_record(void)
{
    memcpy(&device.boot, (const void *)(uintptr_t)SRAM_BASE, sizeof(device.boot));
    CHECK(device.boot.magic == BOOT_RECORD_MAGIC);
    CHECK(device.boot.crc32 == crc32_of(&device.boot, offsetof(BootRecord, crc32)));
}

/* Keeps D5. */
static Status device_fetch_factory(void)
{
    const FactoryRecord *record = &device.factory;
    flash_read(FACTORY_OFFSET, &device.factory, sizeof(device.factory));
    if (record->magic == UINT32_MAX) {
        return status_error(STATUS_PV_ABSENT);
    }
    bool form = record->magic == FACTORY_MAGIC &&
                record->record_version == FACTORY_RECORD_VERSION &&
                record->certificate_bytes <= FACTORY_CERTIFICATE_BYTES_MAX &&
                record->trust_bytes <= FACTORY_TRUST_BYTES_MAX &&
                record->crc32 == crc32_of(record, offsetof(FactoryRecord, crc32));
    return form ? status_ok() : status_error(STATUS_PV_FORM);
}

/* Keeps D1. */
static Status device_derive_keys(uint8_t ret_pin_key[32])
{
    uint8_t huk[OTP_HUK_WORDS * 4u];
    otp_read(OTP_HUK_WORD, huk, sizeof(huk));
    otp_lock(REG_MASK(OTP_LOCK_HUK_READ) | REG_MASK(OTP_LOCK_REST));
    Status status = derive_tls_scalar(huk, device.tls_scalar);
    if (status_is_ok(status)) {
        status = derive_key(huk, PROVISIONING_LABEL_PIN, ret_pin_key);
    }
    bytes_clear_secret(huk, sizeof(huk));
    crypto_clear();
    return status;
}

static Status device_start_auth(void)
{
    uint8_t pin_key[32];
    TRY(device_derive_keys(pin_key));
    TRY(device_fetch_factory());
    const FactoryRecord *record = &device.factory;
    AuthVerifier verifier = {.iterations = record->pin_iterations};
    memcpy(verifier.salt, record->pin_salt, sizeof(verifier.salt));
    memcpy(verifier.verifier, record->pin_verifier, sizeof(verifier.verifier));
    auth_init(&device.auth, &device.store, &verifier, pin_key, timer_now_us());
    bytes_clear_secret(pin_key, sizeof(pin_key));
    return status_ok();
}

static void device_start_outcome(void)
{
    device.outcome = (SupervisorUpdate)store_get_u32(&device.store, STORE_UPDATE_OUTCOME,
                                                     SUPERVISOR_UPDATE_NONE);
    if (device.boot.journal_state == JOURNAL_REVERTED &&
        store_get_u32(&device.store, STORE_REVERT_REPORTED, 0) != device.journal.current.sequence) {
        device.outcome = SUPERVISOR_UPDATE_REVERTED;
        device.last = status_from_code(device.boot.revert_reason);
    }
}

void device_start(void)
{
    device_copy_boot_record();
    watchdog_start(WATCHDOG_AWAKE_MS);
    power_show_progress(PROGRESS_APP_STARTED);
    device.last = status_ok();
    device.ready = status_from_code(0);

    uart_put("app: version ");
    uart_put_decimal(IMAGE_VERSION_MAJOR(device.boot.version));
    uart_put(".");
    uart_put_decimal(IMAGE_VERSION_MINOR(device.boot.version));
    uart_put(".");
    uart_put_decimal(IMAGE_VERSION_PATCH(device.boot.version));
    uart_put(device.boot.slot == 0 ? " slot A" : " slot B");
    uart_put(device.boot.journal_state == JOURNAL_TRIAL ? " on trial" : "");
    uart_end();

    journal_open(&device.journal);
    Status status = store_open(&device.store);
    if (!status_is_ok(status)) {
        device_note(status);
    }
    device_start_outcome();
    device.report_sequence = store_get_u32(&device.store, STORE_REPORT_SEQUENCE, 0);
    Status update = update_init(&device.update, &device.journal, &device.store, &device.boot);
    if (!status_is_ok(update)) {
        device_note(update);
    }
    Status auth = device_start_auth();
    device.provisioned = status_is_ok(auth);
    if (!device.provisioned) {
        device_note(auth);
    }
    lock_init(&device.lock, device.provisioned ? &device.auth : NULL);
    device.confirming = update_on_trial(&device.update);
    device.self_test_us = timer_now_us() + DEVICE_SELF_TEST_US;
    nic_listen(REG_MASK(NIC_STATUS_RX_READY) | REG_MASK(NIC_STATUS_LINK_CHANGED));
    power_listen(true);
}

uint64_t device_now(void)
{
    return timer_now_us();
}

static void device_reset_when_quiet(const char *why)
{
    uart_put("app: reset is due: ");
    uart_put(why);
    uart_end();
    device.reset_due = true;
    device.reset_due_us = timer_now_us();
}

static Status device_self_test_outcome(void)
{
    TRY(device.ready);
    TRY(lock_self_test());
    if (!device.provisioned) {
        return status_error(STATUS_PV_ABSENT);
    }
    /* A value that is there anyhow is written again: reading and writing the store both work. */
    return store_put_u32(&device.store, STORE_UPDATE_OUTCOME, SUPERVISOR_UPDATE_CONFIRMED);
}

/* Keeps D3. */
static void device_self_test(void)
{
    Status status = device_self_test_outcome();
    if (!status_is_ok(status)) {
        power_show_status(status);
        device_log_status("app: self-test failed", status);
        power_reset();
    }
    power_show_progress(PROGRESS_APP_SELF_TEST_PASSED);
    status = update_confirm(&device.update);
    if (!status_is_ok(status)) {
        device_note(status);
        power_reset();
    }
    device.confirming = false;
    device.outcome = SUPERVISOR_UPDATE_CONFIRMED;
    power_show_progress(PROGRESS_APP_CONFIRMED);
    uart_put("app: image confirmed");
    uart_end();
    ImageHeader header;
    slots_read_header(device.boot.slot, &header);
    if (header.security_counter > device.boot.security_counter) {
        device_reset_when_quiet("security counter");
    }
}

/* Keeps D4. */
static void device_reset_if_quiet(uint64_t now_us)
{
    bool patient = now_us < device.reset_due_us + DEVICE_RESET_PATIENCE_US;
    if ((device.connected && patient) || !lock_is_quiet(&device.lock, now_us)) {
        return;
    }
    uart_put("app: reset");
    uart_end();
    /* Somebody may have begun to type while something else was done: that key must not be lost. */
    lock_poll(&device.lock, timer_now_us());
    if (lock_is_quiet(&device.lock, timer_now_us())) {
        power_reset();
    }
}

static void device_step(void)
{
    uint64_t now_us = timer_now_us();
    lock_poll(&device.lock, now_us);
    Status failure = lock_take_failure(&device.lock);
    if (!status_is_ok(failure)) {
        device_note(failure);
    }
    if (power_take_brownout()) {
        uart_put("app: supply is low");
        uart_end();
    }
    if (device.confirming && now_us >= device.self_test_us) {
        device_self_test();
    }
    if (device.reset_due) {
        device_reset_if_quiet(timer_now_us());
    }
}

/* The earliest of `deadline_us` and what the privileged half itself waits for. */
static uint64_t device_earliest(uint64_t deadline_us, uint64_t now_us)
{
    uint64_t earliest = now_us + DEVICE_SLEEP_US_MAX;
    uint64_t lock_us = lock_deadline(&device.lock);
    earliest = deadline_us < earliest ? deadline_us : earliest;
    earliest = lock_us < earliest ? lock_us : earliest;
    if (device.confirming && device.self_test_us < earliest) {
        earliest = device.self_test_us;
    }
    if (device.reset_due && now_us + LOCK_QUIET_US < earliest) {
        earliest = now_us + LOCK_QUIET_US;
    }
    return earliest;
}

void device_turn(uint64_t deadline_us)
{
    device_step();
    uint64_t now_us = timer_now_us();
    uint64_t earliest = device_earliest(deadline_us, now_us);
    if (earliest <= now_us) {
        watchdog_feed();
        return;
    }
    watchdog_start(WATCHDOG_AWAKE_MS + (uint32_t)((earliest - now_us) / 1000u)); /* keeps D2 */
    timer_set_alarm(earliest);
    (void)cpu_sleep(CPU_LINE(TIMER_IRQ) | CPU_LINE(NIC_IRQ) | CPU_LINE(PANEL_IRQ) |
                    CPU_LINE(LOCKMECH_IRQ) | CPU_LINE(POWER_IRQ));
    timer_clear_alarm();
    watchdog_start(WATCHDOG_AWAKE_MS);
    device_step();
}

Status device_random(void *ret_bytes, size_t count)
{
    return trng_read(ret_bytes, count);
}

Status device_sign(const uint8_t hash[32], uint8_t ret_signature[64])
{
    Status status = crypto_p256_sign(device.tls_scalar, hash, ret_signature);
    crypto_clear();
    return status;
}

Status device_time(uint64_t *ret_seconds)
{
    if (!rtc_get(ret_seconds)) {
        return status_error(STATUS_NE_TIME);
    }
    return status_ok();
}

Status device_set_time(uint64_t seconds)
{
    uint64_t kept = store_get_u64(&device.store, STORE_LAST_TIME, 0);
    if (seconds < DEVICE_EARLIEST_TIME || seconds + CLOUD_TIME_BACK_SECONDS_MAX < kept) {
        return status_error(STATUS_NE_TIME);
    }
    rtc_set(seconds);
    return status_ok();
}

/* As of now: a trial that was confirmed since the start is one no more. */
static uint32_t device_journal_state(void)
{
    if (device.confirming) {
        return JOURNAL_TRIAL;
    }
    return device.boot.journal_state == JOURNAL_REVERTED ? JOURNAL_REVERTED : JOURNAL_CONFIRMED;
}

void device_facts(SupervisorFacts *ret_facts)
{
    lock_poll(&device.lock, timer_now_us());
    SupervisorFacts facts = {
        .slot = (uint8_t)device.boot.slot,
        .provisioned = device.provisioned,
        .version = device.boot.version,
        .journal_state = device_journal_state(),
        .reset_cause = device.boot.reset_cause,
        .report_sequence = device.report_sequence,
        .last_status = device.last.code,
        .update = device.outcome,
    };
    otp_read(OTP_DEVICE_ID_WORD, facts.device_id, sizeof(facts.device_id));
    otp_read(OTP_MAC_WORD, facts.mac, sizeof(facts.mac));
    strncpy(facts.bolt, lock_policy_text(&device.lock.policy), sizeof(facts.bolt) - 1);
    *ret_facts = facts;
}

void device_certificates(SupervisorCertificates *ret_certificates)
{
    memset(ret_certificates, 0, sizeof(*ret_certificates));
    if (!device.provisioned) {
        return;
    }
    const FactoryRecord *record = &device.factory;
    ret_certificates->certificate_bytes = record->certificate_bytes;
    ret_certificates->trust_bytes = record->trust_bytes;
    memcpy(ret_certificates->certificate_der, record->certificate_der, record->certificate_bytes);
    memcpy(ret_certificates->trust_der, record->trust_der, record->trust_bytes);
}

void device_ready(Status outcome)
{
    device.ready = outcome;
}

Status device_update_offer(const ImageHeader *header)
{
    Status status = update_offer(&device.update, header);
    if (status_is_ok(status)) {
        power_show_progress(PROGRESS_APP_UPDATE_FOUND);
        lock_show_update(&device.lock, true);
    } else if (!status_is(status, STATUS_IM_NOT_NEWER) && !status_is(status, STATUS_UP_STATE)) {
        power_show_status(status);
        power_show_progress(PROGRESS_APP_UPDATE_REFUSED);
        device.outcome = SUPERVISOR_UPDATE_REFUSED;
    }
    return status;
}

uint32_t device_update_position(void)
{
    return update_position(&device.update);
}

Status device_update_write(const void *bytes, size_t count)
{
    return update_write(&device.update, bytes, count);
}

Status device_update_finish(void)
{
    Status status = update_finish(&device.update);
    lock_show_update(&device.lock, false);
    if (status_is_ok(status)) {
        power_show_progress(PROGRESS_APP_UPDATE_STAGED);
        device.outcome = SUPERVISOR_UPDATE_STAGED;
        device_reset_when_quiet("update staged");
    } else {
        power_show_status(status);
        power_show_progress(PROGRESS_APP_UPDATE_REFUSED);
        device.outcome = SUPERVISOR_UPDATE_REFUSED;
    }
    return status;
}

void device_update_pause(void)
{
    lock_show_update(&device.lock, false);
    update_pause(&device.update);
}

Status device_report_begin(void)
{
    TRY(store_put_u32(&device.store, STORE_REPORT_SEQUENCE, device.report_sequence + 1));
    device.report_sequence++;
    return status_ok();
}

/* What follows a report that was taken. Losing any of it to a power cut repeats a report, no more.
 */
static Status device_keep_reported(const SupervisorFacts *facts)
{
    uint64_t seconds;
    TRY(device_time(&seconds));
    TRY(store_put_u64(&device.store, STORE_LAST_TIME, seconds));
    if (facts->update == SUPERVISOR_UPDATE_REVERTED) {
        TRY(store_put_u32(&device.store, STORE_REVERT_REPORTED, device.journal.current.sequence));
    }
    if (store_get_u32(&device.store, STORE_UPDATE_OUTCOME, SUPERVISOR_UPDATE_NONE) !=
        SUPERVISOR_UPDATE_NONE) {
        TRY(store_remove(&device.store, STORE_UPDATE_OUTCOME));
    }
    return status_ok();
}

void device_report_sent(const SupervisorFacts *facts)
{
    power_show_progress(PROGRESS_APP_REPORTED);
    if (facts->update == device.outcome) {
        device.outcome = SUPERVISOR_UPDATE_NONE;
    }
    device.last = status_ok();
    Status status = device_keep_reported(facts);
    if (!status_is_ok(status)) {
        device_note(status);
    }
}

void device_note(Status status)
{
    device.last = status;
    power_show_status(status);
    device_log_status("app", status);
}

void device_set_connected(bool connected)
{
    device.connected = connected;
}

void device_log(const char *line, size_t count)
{
    char text[SUPERVISOR_LOG_MAX + 1];
    size_t length = 0;
    while (length < count && length < SUPERVISOR_LOG_MAX) {
        char letter = line[length];
        text[length] = letter >= ' ' && letter <= '~' ? letter : '?';
        length++;
    }
    text[length] = '\0';
    uart_put(text);
    uart_end();
}
