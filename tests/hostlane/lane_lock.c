/* SPDX-License-Identifier: MIT */
#include "tests/hostlane/lane_lock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fakes/release.h"
#include "tests/hostlane/lane_store.h"
#include "vdevice/contract/boot_journal.h"
#include "vdevice/contract/image.h"
#include "vdevice/firmware/core/journal.h"
#include "vdevice/firmware/core/slots.h"
#include "vdevice/firmware/core/update.h"
#include "vdevice/firmware/drivers/flash.h"

#define LANE_PIECE_BYTES 700u

enum {
    LANE_OLD,
    LANE_NEW,
    LANE_RELEASES,
};

static Release releases[LANE_RELEASES];
LaneHistory lane_history;

static void must(Status status)
{
    if (!status_is_ok(status)) {
        fprintf(stderr, "host lane: %s while setting up\n", status_text(status));
        abort();
    }
}

void lane_lock_mint(void)
{
    release_make(&releases[LANE_OLD], IMAGE_VERSION(1, 0, 0), 1, 1);
    release_make(&releases[LANE_NEW], IMAGE_VERSION(1, 1, 0), 2, 2);
}

/* One record short of the end of the journal's first sector; the store in the middle of a turn. */
static void wear(void)
{
    Journal journal;
    Store store;
    journal_open(&journal);
    for (uint32_t i = 0; i + 1 < FLASH_SECTOR_BYTES / JOURNAL_RECORD_BYTES; i++) {
        must(journal_append(&journal, JOURNAL_CONFIRMED, 0, releases[LANE_OLD].header.version, 0,
                            status_ok()));
    }
    must(store_open(&store));
    uint8_t settings[STORE_VALUE_BYTES_MAX] = {0x5e};
    must(store_put(&store, STORE_SETTINGS, settings, sizeof settings));
    must(store_put_u32(&store, STORE_WRONG_PINS, 2));
    for (uint32_t i = 0; store.sector != 2 || store.position < FLASH_SECTOR_BYTES - 512; i++) {
        must(store_put_u32(&store, STORE_LAST_STATUS, i));
    }
}

void lane_lock_prepare(LaneBase base)
{
    const uint32_t life_cycle = LIFE_CYCLE_SECURED;
    const uint32_t counter = 1;
    lane_flash_blank();
    lane_store_blank();
    lane_history = (LaneHistory){.cuts = 0};
    nor_put_otp(OTP_LIFE_CYCLE_WORD, &life_cycle, sizeof life_cycle);
    release_fuse();
    nor_put_otp(OTP_SECURITY_COUNTER_WORD, &counter, sizeof counter);
    release_install(&releases[LANE_OLD], 0);
    if (base == LANE_BASE_WORN) {
        wear();
    }
    lane_flash_settle();
    lane_flash_number();
}

uint32_t lane_lock_counter(void)
{
    uint32_t ones = 0;
    for (uint32_t i = 0; i < OTP_SECURITY_COUNTER_WORDS; i++) {
        ones += (uint32_t)__builtin_popcount(nor.otp[OTP_SECURITY_COUNTER_WORD + i]);
    }
    return ones;
}

LaneKey lane_lock_key(const NorTorn *torn)
{
    LaneKey key = torn == NULL ? lane_flash_key() : lane_flash_torn_key(*torn);
    bool weak = lane_flash_is_weak() || (torn != NULL && torn->kind == HOSTLINK_TORN_WEAK);
    bool late = torn != NULL && torn->kind == HOSTLINK_TORN_WEAK ? torn->late : lane_history.late;
    LaneKey store = lane_flash_hash(lane_history.confirm_begun + (weak && late ? 2u : 0u),
                                    &lane_store, sizeof lane_store);
    return (LaneKey){.a = key.a + store.a, .b = key.b + store.b};
}

/* The first rule broken is the one to be told. */
static void broke(LaneOutcome *outcome, const char *rule, uint32_t detail)
{
    if (outcome->broken == NULL) {
        outcome->broken = rule;
        outcome->detail = detail;
    }
}

static void judge_start(LaneOutcome *outcome, const BootRecord *record)
{
    uint32_t counter = lane_lock_counter();
    const Release *release = NULL;
    for (uint32_t i = 0; i < LANE_RELEASES; i++) {
        if (releases[i].header.version == record->version) {
            release = &releases[i];
        }
    }
    if (record->magic != BOOT_RECORD_MAGIC || record->slot >= SLOTS_COUNT || release == NULL) {
        broke(outcome, "L2: what starts is neither release", record->version);
        return;
    }
    if (memcmp(flash_at(slots_offset(record->slot)), release, sizeof *release) != 0) {
        broke(outcome, "L2: what starts is not what was signed", record->slot);
    }
    if (counter > releases[LANE_OLD].header.security_counter && !lane_history.confirm_begun) {
        broke(outcome, "L3: the counter is raised before the image is confirmed", counter);
    }
    if (counter > release->header.security_counter) {
        broke(outcome, "L3: an image starts that is under the counter", counter);
    }
}

/* The application of one start. */
typedef struct LaneApp {
    LaneOutcome *outcome;
    BootRecord record;
    Journal journal;
    Store store;
    Update update;
} LaneApp;

static Status take(LaneApp *app)
{
    const Release *release = &releases[LANE_NEW];
    TRY(update_offer(&app->update, &release->header));
    while (update_left(&app->update) > 0) {
        uint32_t left = update_left(&app->update);
        uint32_t count = left < LANE_PIECE_BYTES ? left : LANE_PIECE_BYTES;
        TRY(update_write(&app->update, release->payload + update_position(&app->update), count));
    }
    return update_finish(&app->update);
}

static Status open_app(LaneApp *app)
{
    journal_open(&app->journal);
    TRY(store_open(&app->store));
    TRY(update_init(&app->update, &app->journal, &app->store, &app->record));
    uint32_t reports = store_get_u32(&app->store, STORE_REPORT_SEQUENCE, 0);
    TRY(store_put_u32(&app->store, STORE_REPORT_SEQUENCE, reports + 1));
    return store_put_u64(&app->store, STORE_LAST_TIME, 1000 + reports);
}

static void run_app(void *user_data)
{
    LaneApp *app = user_data;
    Status status = open_app(app);
    if (lane_store.broken_key != STORE_KEYS) {
        broke(app->outcome, "L4: a store key has neither its old nor its new value",
              lane_store.broken_key);
    }
    if (!status_is_ok(status)) {
        broke(app->outcome, "L4: the store does not open", status.code);
    } else if (app->record.version == releases[LANE_NEW].header.version) {
        lane_history.confirm_begun |= update_on_trial(&app->update);
        (void)!status_is_ok(update_confirm(&app->update)); /* the next boot shows */
    } else if (app->journal.current.state != JOURNAL_STAGED) {
        (void)!status_is_ok(take(app)); /* a failed one is begun again at the next boot */
    }
}

static bool is_through(const BootRecord *record)
{
    return record->version == releases[LANE_NEW].header.version &&
           record->journal_state == JOURNAL_CONFIRMED &&
           lane_lock_counter() == releases[LANE_NEW].header.security_counter;
}

static bool has_given_up(const BootRecord *record)
{
    return lane_history.cuts >= JOURNAL_TRIALS_MAX && record->journal_state == JOURNAL_REVERTED &&
           record->revert_reason == (uint32_t)STATUS_BT_TRIALS;
}

void lane_lock_boot(void *user_data)
{
    LaneOutcome *outcome = user_data;
    outcome->end = lane_rom_boot(&outcome->first);
    outcome->refusal = lane_rom_refusal();
}

void lane_lock_run(void *user_data)
{
    LaneOutcome *outcome = user_data;
    static LaneApp app;
    uint32_t failed = 0;
    *outcome = (LaneOutcome){.broken = NULL};
    while (outcome->broken == NULL && outcome->boots < LANE_BOOTS_MAX) {
        BootRecord record;
        LaneEnd end = lane_rom_boot(&record);
        if (outcome->boots++ == 0) {
            outcome->end = end;
            outcome->first = record;
            outcome->refusal = lane_rom_refusal();
        }
        if (end == LANE_END_STOPPED) {
            broke(outcome, "L6: a CHECK fails in the ROM", 0);
            return;
        }
        if (!lane_history.late) {
            lane_flash_decay();
        }
        if (end == LANE_END_RECOVERY) {
            if (++failed == 2) {
                broke(outcome, "L1: no image starts", lane_rom_refusal());
            }
            continue;
        }
        failed = 0;
        judge_start(outcome, &record);
        memset(&app, 0, sizeof app);
        app.outcome = outcome;
        app.record = record;
        bool through = is_through(&record);
        outcome->gave_up = has_given_up(&record);
        if (!lane_rom_run_app(run_app, &app)) {
            broke(outcome, "L6: a CHECK fails in the application", 0);
        }
        lane_flash_decay();
        lane_history.late = false;
        if (through || outcome->gave_up) {
            return;
        }
    }
    broke(outcome, "L5: the new release does not get through", outcome->boots);
}
