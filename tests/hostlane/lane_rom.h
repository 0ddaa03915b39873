/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The boot ROM on the host: vdevice/firmware/rom/rom.c itself, every line of it, over drivers that
 * note what it does. A jump to an image and a wait for the watchdog end the boot.
 */

#include "vdevice/contract/boot_record.h"

typedef enum LaneEnd {
    LANE_END_STARTED = 1, /* an image: the boot record is good */
    LANE_END_RECOVERY,
    LANE_END_STOPPED, /* a failed CHECK, in the ROM or the application */
} LaneEnd;

/* Reserves the page of SRAM that the ROM writes to. False: the host has something there. */
bool lane_rom_prepare(void);

/* From reset to the end of the boot. Only inside `lane_flash_run`. */
LaneEnd lane_rom_boot(BootRecord *ret_record);

/* Runs what the application does; false when a CHECK of its stops it. */
bool lane_rom_run_app(void (*act)(void *user_data), void *user_data);

/* The last refusal shown in the last boot; 0 when there was none. */
uint32_t lane_rom_refusal(void);
