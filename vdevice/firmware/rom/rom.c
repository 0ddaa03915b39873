/* SPDX-License-Identifier: MIT */
/*
 * The first stage: immutable, and small enough to be read in one sitting. It decides nothing
 * itself; core/ says which slot, whether it is good, and what to record. This file is the order of
 * things.
 *
 * R1  The watchdog runs from the first lines on and is never off again.
 * R2  No image starts whose header, signature, counter and payload have not been judged in this
 *     boot, and whose counter has not been compared with the fuses once more after all burning.
 * R3  A trial is recorded before it is started; if that cannot be recorded it is not started.
 * R4  The fuses are raised only for a confirmed image, and before it starts.
 * R5  Before the jump: the window, the running slot, the factory record and the counter are locked
 *     until the next reset, and the accelerator holds nothing.
 * R6  In recovery nothing moves the bolt: no key, no button. The door is opened mechanically.
 *
 *   rom_choose ──good──► rom_start ──► application
 *        └──neither slot──► rom_recover (until the next reset)
 */
#include "vdevice/contract/boot_record.h"
#include "vdevice/contract/regs.h"
#include "vdevice/firmware/base/bytes.h"
#include "vdevice/firmware/base/check.h"
#include "vdevice/firmware/base/crc32.h"
#include "vdevice/firmware/base/crypto.h"
#include "vdevice/firmware/core/boot_policy.h"
#include "vdevice/firmware/core/image.h"
#include "vdevice/firmware/core/journal.h"
#include "vdevice/firmware/core/slots.h"
#include "vdevice/firmware/core/trust.h"
#include "vdevice/firmware/drivers/cpu.h"
#include "vdevice/firmware/drivers/debugport.h"
#include "vdevice/firmware/drivers/flash.h"
#include "vdevice/firmware/drivers/otp.h"
#include "vdevice/firmware/drivers/panel.h"
#include "vdevice/firmware/drivers/power.h"
#include "vdevice/firmware/drivers/startup.h"
#include "vdevice/firmware/drivers/timer.h"
#include "vdevice/firmware/drivers/uart.h"
#include "vdevice/firmware/drivers/watchdog.h"

#include <stddef.h>
#include <string.h>

#define ROM_WATCHDOG_MS          8000u
#define ROM_RECOVERY_WATCHDOG_MS 300000u
#define ROM_RECOVERY_SAY_US      60000000u

typedef struct Rom {
    ImageTrust trust;
    Journal journal;
    BootChoice choice;
    ImageHeader header;           /* of the image to be started */
    Status verdicts[SLOTS_COUNT]; /* of the slots looked at */
    bool looked_at[SLOTS_COUNT];
} Rom;

static Rom rom;

/* Stands still until the watchdog resets: a persistent fault must not become a tight loop. */
static _Noreturn void rom_stop(void)
{
    power_show_status(status_error(STATUS_BG_CHECK));
    uart_put("rom: stopped by a fault");
    uart_end();
    for (;;) {
        (void)cpu_sleep(0);
    }
}

_Noreturn void startup_fault(void)
{
    rom_stop();
}

_Noreturn void check_failed(const char *file, uint32_t line)
{
    uart_put("rom: check failed: ");
    uart_put(file);
    uart_put(":");
    uart_put_decimal(line);
    uart_end();
    rom_stop();
}

/* "rom: slot A: <text>" */
static void rom_say_slot(uint32_t slot, const char *text)
{
    char letter[2] = {slots_letter(slot), '\0'};
    uart_put("rom: slot ");
    uart_put(letter);
    uart_put(": ");
    uart_put(text);
    uart_end();
}

/* Judges the chosen slot and records the choice, where it is one to be recorded. */
static Status rom_try(void)
{
    const BootChoice *choice = &rom.choice;
    TRY(image_check_slot(choice->slot, &rom.trust, &rom.header));
    if (!choice->append) {
        return status_ok();
    }
    Status recorded = journal_append(&rom.journal, choice->state, choice->slot, rom.header.version,
                                     choice->attempts, choice->reason);
    if (!status_is_ok(recorded)) {
        power_show_status(recorded);
    }
    /* A revert that could not be recorded is made again at the next boot; a trial would not count.
     */
    return choice->state == JOURNAL_TRIAL ? recorded : status_ok(); /* R3 */
}

/* Finds the image to start; the Status of the last refusal when there is none. */
static Status rom_choose(void)
{
    rom.choice = boot_policy_start(&rom.journal.current);
    for (;;) {
        uint32_t slot = rom.choice.slot;
        Status verdict = rom_try();
        rom.verdicts[slot] = verdict;
        rom.looked_at[slot] = true;
        if (status_is_ok(verdict)) {
            power_show_progress(slot == 0 ? PROGRESS_ROM_SLOT_A_GOOD : PROGRESS_ROM_SLOT_B_GOOD);
            return verdict;
        }
        power_show_status(verdict);
        rom_say_slot(slot, status_text(verdict));
        if (!boot_policy_fall_back(&rom.choice, verdict)) {
            return status_error(STATUS_BT_NO_IMAGE);
        }
    }
}

/* Leaves word for the application at the start of SRAM. */
static void rom_write_record(void)
{
    uint32_t slot = rom.choice.slot;
    uint32_t other = slots_other(slot);
    BootRecord record = {
        .magic = BOOT_RECORD_MAGIC,
        .slot = slot,
        .version = rom.header.version,
        .security_counter = rom.trust.security_counter,
        .journal_state = rom.choice.state,
        .attempts = rom.choice.attempts,
        .reset_cause = power_reset_cause(),
        .other_slot_status = rom.looked_at[other] ? rom.verdicts[other].code : 0,
        .revert_reason = rom.choice.state == JOURNAL_REVERTED ? rom.choice.reason.code : 0,
        .release_sequence = rom.header.release_sequence,
    };
    record.crc32 = crc32_of(&record, offsetof(BootRecord, crc32));
    memcpy((void *)(uintptr_t)SRAM_BASE, &record, sizeof record);
}

/* The word of the journal's state, for the log. */
static const char *rom_state_text(uint32_t state)
{
    if (state == JOURNAL_TRIAL) {
        return "trial";
    }
    return state == JOURNAL_REVERTED ? "reverted" : "confirmed";
}

static void rom_say_start(void)
{
    uint32_t version = rom.header.version;
    char letter[2] = {slots_letter(rom.choice.slot), '\0'};
    uart_put("rom: starting slot ");
    uart_put(letter);
    uart_put(", version ");
    uart_put_decimal(IMAGE_VERSION_MAJOR(version));
    uart_put(".");
    uart_put_decimal(IMAGE_VERSION_MINOR(version));
    uart_put(".");
    uart_put_decimal(IMAGE_VERSION_PATCH(version));
    uart_put(", ");
    uart_put(rom_state_text(rom.choice.state));
    uart_end();
}

/* Hands over. Returns only when the image must not be started after all. */
static Status rom_start(void)
{
    if (boot_policy_burns_counter(&rom.choice)) {
        Status burned = trust_raise_counter(rom.header.security_counter); /* R4 */
        if (!status_is_ok(burned)) {
            power_show_status(burned);
        }
    }
    trust_read(&rom.trust);
    TRY(image_rules_rollback(&rom.header, &rom.trust)); /* R2 */

    flash_set_window(slots_offset(rom.choice.slot));
    flash_lock(REG_MASK(FLASH_CTRL_LOCK_WINDOW) | REG_MASK(FLASH_CTRL_LOCK_FACTORY) |
               slots_lock_bit(rom.choice.slot)); /* R5 */
    otp_lock(REG_MASK(OTP_LOCK_COUNTER));
    crypto_clear();
    rom_write_record();
    rom_say_start();
    power_show_progress(PROGRESS_ROM_JUMP);
    watchdog_feed();
    cpu_jump(WINDOW_BASE + IMAGE_HEADER_BYTES);
}

/* Nothing can be started: says why, now and every minute, until somebody resets (R6). */
static _Noreturn void rom_recover(Status reason)
{
    power_show_status(reason);
    power_show_progress(PROGRESS_ROM_RECOVERY);
    panel_set_leds(REG_MASK(PANEL_LEDS_RED));
    watchdog_start(ROM_RECOVERY_WATCHDOG_MS);
    for (;;) {
        uart_put("rom: recovery: ");
        uart_put(status_text(reason));
        uart_end();
        for (uint32_t slot = 0; slot < SLOTS_COUNT; slot++) {
            if (rom.looked_at[slot]) {
                rom_say_slot(slot, status_text(rom.verdicts[slot]));
            }
        }
        timer_set_alarm(timer_now_us() + ROM_RECOVERY_SAY_US);
        (void)cpu_sleep(CPU_LINE(TIMER_IRQ));
        watchdog_feed();
    }
}

_Noreturn void startup_main(void)
{
    cpu_start();
    watchdog_start(ROM_WATCHDOG_MS); /* R1 */
    power_show_progress(PROGRESS_ROM_STARTED);
    uint32_t life_cycle = otp_word(OTP_LIFE_CYCLE_WORD);
    if (life_cycle != LIFE_CYCLE_BLANK && life_cycle != LIFE_CYCLE_RETURNED) {
        debugport_close();
    }
    trust_read(&rom.trust);
    journal_open(&rom.journal);
    Status status = rom_choose();
    if (status_is_ok(status)) {
        status = rom_start();
    }
    rom_recover(status);
}
