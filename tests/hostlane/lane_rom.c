/* SPDX-License-Identifier: MIT */
/*
 * The ROM is included, not linked, for one reason: start-up code clears its variables at each
 * reset, and here that is done by name.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdbool.h>
#include <sys/mman.h>

#include "vdevice/firmware/rom/rom.c"

#include "tests/hostlane/lane_rom.h"

static struct {
    jmp_buf jump;
    LaneEnd end;
    bool recovering;
    uint32_t refusal;
} lane_boot;

bool lane_rom_prepare(void)
{
    void *at = (void *)(uintptr_t)SRAM_BASE;
    return mmap(at, FLASH_SECTOR_BYTES, PROT_READ | PROT_WRITE,
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) == at;
}

LaneEnd lane_rom_boot(BootRecord *ret_record)
{
    memset(&rom, 0, sizeof rom);
    lane_boot.recovering = false;
    lane_boot.refusal = 0;
    if (setjmp(lane_boot.jump) == 0) {
        startup_main();
    }
    memcpy(ret_record, (const void *)(uintptr_t)SRAM_BASE, sizeof *ret_record);
    return lane_boot.end;
}

bool lane_rom_run_app(void (*act)(void *user_data), void *user_data)
{
    if (setjmp(lane_boot.jump) != 0) {
        return false;
    }
    act(user_data);
    return true;
}

uint32_t lane_rom_refusal(void)
{
    return lane_boot.refusal;
}

static _Noreturn void lane_end(LaneEnd end)
{
    lane_boot.end = end;
    longjmp(lane_boot.jump, 1);
}

/* The drivers that the ROM uses. */

void cpu_start(void)
{
}

void cpu_jump(uint32_t vectors)
{
    (void)vectors;
    lane_end(LANE_END_STARTED);
}

/* Sleeping is only done where nothing goes on any more. */
uint32_t cpu_sleep(uint32_t lines)
{
    (void)lines;
    lane_end(lane_boot.recovering ? LANE_END_RECOVERY : LANE_END_STOPPED);
}

void watchdog_start(uint32_t period_ms)
{
    (void)period_ms;
}

void watchdog_feed(void)
{
}

void power_show_progress(Progress progress)
{
    lane_boot.recovering |= progress == PROGRESS_ROM_RECOVERY;
}

void power_show_status(Status status)
{
    lane_boot.refusal = status.code;
}

uint32_t power_reset_cause(void)
{
    return POWER_RESET_CAUSE_POWER_ON;
}

void debugport_close(void)
{
}

void uart_put(const char *text)
{
    (void)text;
}

void uart_put_decimal(uint32_t value)
{
    (void)value;
}

void uart_end(void)
{
}

void panel_set_leds(uint32_t led_bits)
{
    (void)led_bits;
}

uint64_t timer_now_us(void)
{
    return 0;
}

void timer_set_alarm(uint64_t at_us)
{
    (void)at_us;
}

void flash_set_window(uint32_t slot_offset)
{
    (void)slot_offset;
}

void flash_lock(uint32_t lock_bits)
{
    (void)lock_bits;
}

void otp_lock(uint32_t lock_bits)
{
    (void)lock_bits;
}
