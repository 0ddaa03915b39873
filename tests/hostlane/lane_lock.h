/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The lock on the host as far as updates go, and the rules that no power cut may break.
 *
 * The real ROM and the real core/ run over lane_flash; only the network is missing: the new
 * release is at hand, and the application takes it as soon as it may. Of the application there is
 * what touches flash: some store keys at each start, the update, the confirmation.
 *
 * L1  An image starts at the first or second reset.
 * L2  What starts is the old or the new release, every byte of header and payload as signed.
 * L3  The counter is never above the old release's until the new one's confirmation has begun,
 *     and never above that of what starts. Once it is raised the old release does not start again.
 * L4  Every store key has its old or its new value (lane_store.h), and the store opens.
 * L5  When faults have stopped, the new release is confirmed and its counter burned within
 *     LANE_BOOTS_MAX resets. The one exception: three or more cuts may use up the three trials;
 *     then the old release runs on and says so.
 * L6  No CHECK fails.
 */

#include <stdbool.h>
#include <stdint.h>

#include "tests/hostlane/lane_flash.h"
#include "tests/hostlane/lane_rom.h"
#include "vdevice/contract/boot_record.h"

#define LANE_BOOTS_MAX 7u

typedef enum LaneBase {
    LANE_BASE_NEW,  /* as it left the factory */
    LANE_BASE_WORN, /* journal and store about to turn to their next sectors */
    LANE_BASES,
} LaneBase;

/* What the rules remember across power cuts. */
typedef struct LaneHistory {
    bool confirm_begun;
    bool late; /* when weak bits flip: NorTorn.late */
    uint32_t cuts;
} LaneHistory;

extern LaneHistory lane_history;

typedef struct LaneOutcome {
    const char *broken; /* the rule, in words; NULL: none */
    uint32_t detail;
    uint32_t boots;
    bool gave_up; /* three trials cut off: L5's exception */
    LaneEnd end;  /* of the first boot */
    BootRecord first;
    uint32_t refusal; /* the ROM's last in that boot; 0: none */
} LaneOutcome;

/* Mints keys and releases. Once. */
void lane_lock_mint(void);

/* A lock as `base` says, with the old release, as the base of all snapshots. */
void lane_lock_prepare(LaneBase base);

/* From power-on until the update is through. Only inside `lane_flash_run`: `user_data` is the
 * LaneOutcome. */
void lane_lock_run(void *user_data);

/* One boot of the ROM only. */
void lane_lock_boot(void *user_data);

/* Flash and fuses, history and store together. `torn` NULL: as they are. */
LaneKey lane_lock_key(const NorTorn *torn);

uint32_t lane_lock_counter(void);
