/* SPDX-License-Identifier: MIT */

/*
 * The wheel of a world: let devices run, take their calls in order of time, do what is due.
 *
 *   W1  The world's clock moves only in `queue_pop`; a device's call is one more entry.
 *
 *   W2  A device runs no further than the next entry of the queue, nor further than the
 *       earliest thing another device may do plus the smallest delay between them. So
 *       whatever reaches it is there in time.
 *
 *   W3  Every random choice comes from a stream forked by name from the plan's seed.
 *
 *   W4  Entries of one instant come out in the order they were put in; devices run, and
 *       their calls are put in, in the order of the plan.
 *
 *   W5  Equal plan and equal binaries give equal events and artefacts: no host clock,
 *       address, process number or hash order enters.
 *
 *          ┌──────────────── every ready device runs to its next call ◄──────────┐
 *          ▼                                                                     │
 *     queue_pop, and everything else of that instant ──► over? ── no ────────────┘
 *                                                          │ yes
 *                                                          ▼
 *                              memories compared, power off, machines back to the pool
 *
 * An order that one device's event causes for another (a cut of lock2 after an event of lock) may
 * reach it one lookahead late, always the same one.
 */

#include "sim/world/world.h"

#include <assert.h>
#include <string.h>

#include "sim/base/bytes.h"
#include "sim/world/stage.h"
#include "sim/world/verbs.h"
#include "vdevice/contract/image.h"

#define WORLD_WALL_TIMEOUT_S 60u
#define WORLD_RUN_TIMEOUT_S  900u
#define WORLD_EVENTS_MAX     500000u
#define WORLD_ARTEFACT_MAX   (256u << 20)
#define WORLD_DEBUGGER_PORT  1234u
#define WORLD_MINTED_MAX     16u
#define WORLD_TURNS_LOOK     4096u /* how many turns between two looks at the artefacts */

G_DEFINE_QUARK(world - error - quark, world_error)

/* A machine that waits with its power off, and the ROM it was started with. */
typedef struct WorldIdle {
    Machine *machine;
    char *rom_path;
} WorldIdle;

/* A device that was minted before: signing its certificate costs more than many a run. */
typedef struct WorldMinted {
    uint64_t seed;
    char *name;
    bool provisioned;
    uint32_t security_counter;
    FactoryMint mint;
} WorldMinted;

struct DevicePool {
    WorldSettings settings;
    GPtrArray *kept;   /* the settings' strings */
    GArray *idle;      /* of WorldIdle */
    GPtrArray *minted; /* of WorldMinted, oldest first */
    uint8_t *edges;    /* the caller's; NULL: not counted */
    bool stops;        /* for the debugger */
    unsigned stop_device;
    uint64_t stop_at;
};

/* The pool. */

static void world_minted_free(gpointer minted)
{
    g_free(((WorldMinted *)minted)->name);
    g_free(minted);
}

static const char *world_keep(DevicePool *pool, const char *text, const char *otherwise)
{
    char *copy = g_strdup(text != NULL ? text : otherwise);
    g_ptr_array_add(pool->kept, copy);
    return copy;
}

DevicePool *world_pool_new(const WorldSettings *settings)
{
    DevicePool *pool = g_new0(DevicePool, 1);
    pool->kept = g_ptr_array_new_with_free_func(g_free);
    pool->idle = g_array_new(FALSE, FALSE, sizeof(WorldIdle));
    pool->minted = g_ptr_array_new_with_free_func(world_minted_free);
    pool->settings = *settings;
    pool->settings.machine_path = world_keep(pool, settings->machine_path, "build/qemu-system-arm");
    pool->settings.rom_path = world_keep(pool, settings->rom_path, "build/firmware/rom.bin");
    pool->settings.images_path = world_keep(pool, settings->images_path, "build/images");
    pool->settings.keys_path = world_keep(pool, settings->keys_path, "build/keys");
    if (settings->wall_timeout_s == 0) {
        pool->settings.wall_timeout_s = WORLD_WALL_TIMEOUT_S;
    }
    if (settings->run_timeout_s == 0) {
        pool->settings.run_timeout_s = WORLD_RUN_TIMEOUT_S;
    }
    if (settings->events_max == 0) {
        pool->settings.events_max = WORLD_EVENTS_MAX;
    }
    if (settings->debugger_port == 0) {
        pool->settings.debugger_port = WORLD_DEBUGGER_PORT;
    }
    return pool;
}

void world_pool_count_edges(DevicePool *pool, uint8_t *edges)
{
    pool->edges = edges;
}

void world_pool_stop_at(DevicePool *pool, unsigned device, uint64_t at)
{
    pool->stops = true;
    pool->stop_device = device;
    pool->stop_at = at;
}

void world_pool_free(DevicePool *pool)
{
    if (pool == NULL) {
        return;
    }
    for (guint i = 0; i < pool->idle->len; i++) {
        WorldIdle *idle = &g_array_index(pool->idle, WorldIdle, i);
        machine_quit(idle->machine);
        g_free(idle->rom_path);
    }
    g_array_free(pool->idle, TRUE);
    g_ptr_array_free(pool->minted, TRUE);
    g_ptr_array_free(pool->kept, TRUE);
    g_free(pool);
}

static Machine *world_pool_take(DevicePool *pool, const char *rom_path, unsigned index,
                                GError **error)
{
    for (guint i = 0; i < pool->idle->len; i++) {
        WorldIdle idle = g_array_index(pool->idle, WorldIdle, i);
        if (strcmp(idle.rom_path, rom_path) == 0) {
            g_array_remove_index(pool->idle, i);
            g_free(idle.rom_path);
            return idle.machine;
        }
    }
    bool debugged = pool->settings.debugger && (!pool->stops || pool->stop_device == index);
    MachineOptions options = {
        .path = pool->settings.machine_path,
        .rom_path = rom_path,
        .wall_timeout_s = pool->settings.debugger ? 0 : pool->settings.wall_timeout_s,
        .run_timeout_s = pool->settings.debugger ? 0 : pool->settings.run_timeout_s,
        .debugger_port = debugged ? pool->settings.debugger_port + index : 0,
        .edges = pool->edges != NULL,
    };
    return machine_start(&options, error);
}

void world_pool_lend(DevicePool *pool, struct Machine *take_machine, const char *rom_path)
{
    WorldIdle idle = {.machine = take_machine, .rom_path = g_strdup(rom_path)};
    g_array_append_val(pool->idle, idle);
}

/* The stage. */

StageDevice *stage_device(Stage *stage, const char *name)
{
    for (guint i = 0; i < stage->device_count; i++) {
        if (strcmp(stage->devices[i].setup->name, name) == 0) {
            return &stage->devices[i];
        }
    }
    return NULL;
}

void stage_fail(Stage *stage, GError *take_error)
{
    if (stage->error == NULL) {
        stage->error = take_error;
        story_end(stage->story, "error");
    } else {
        g_error_free(take_error);
    }
}

static StageDevice *world_owner(Stage *stage, const Device *device)
{
    for (guint i = 0; i < stage->device_count; i++) {
        if (stage->devices[i].device == device) {
            return &stage->devices[i];
        }
    }
    assert(!"a device of this stage");
    return NULL;
}

static void world_frame_sent(Device *device, const uint8_t *frame, size_t bytes, void *user_data)
{
    Stage *stage = user_data;
    StageDevice *owner = world_owner(stage, device);
    if (owner->cable_in) {
        network_send(stage->network, owner->port, frame, bytes);
    }
}

static void world_frame_arrived(const uint8_t *frame, size_t bytes, void *user_data)
{
    StageDevice *device = user_data;
    if (device->cable_in) {
        device_deliver_frame(device->device, frame, bytes);
    }
}

static void world_power_lost(Device *device, const HostlinkPowerLost *lost, void *user_data)
{
    verbs_power_lost(world_owner(user_data, device), lost);
}

static void world_device_failed(Device *device, GError *take_error, void *user_data)
{
    (void)device;
    stage_fail(user_data, take_error);
}

static void world_act(const Action *action, void *user_data)
{
    verbs_act(user_data, action);
}

/* Where the device stood that the first fault met; one that met no device met the first. */
static void world_note_fault(Stage *stage, const char *source)
{
    WorldOutcome *outcome = &stage->outcome;
    const StageDevice *met = stage_device(stage, source);
    met = met == NULL ? stage->devices : met;
    outcome->fault_device = (unsigned)(met - stage->devices);
    outcome->fault_instructions = device_instructions(met->device);
}

static void world_see(const Event *event, void *user_data)
{
    Stage *stage = user_data;
    if (event->kind == EVENT_FAULT_TOOK_EFFECT && stage->outcome.faults_effective == 0) {
        world_note_fault(stage, event->source);
    }
    verbs_see(stage, event);
    story_see(stage->story, event);
}

/* Setting up. */

static bool world_find_image(const Timeline *timeline, const char *name, GBytes **ret_bytes,
                             GError **error)
{
    const ImageFile *image = name == NULL ? NULL : plan_image(timeline, name);
    *ret_bytes = image == NULL ? NULL : image->bytes;
    if (name != NULL && *ret_bytes == NULL) {
        g_set_error(error, WORLD_ERROR, WORLD_ERROR_PLAN, "the plan has no bytes for image \"%s\"",
                    name);
        return false;
    }
    return true;
}

static const char *world_rom_path(const Timeline *timeline, const DevicePool *pool)
{
    const ImageFile *rom = plan_image(timeline, "rom");
    return rom != NULL && rom->path != NULL ? rom->path : pool->settings.rom_path;
}

/* What the factory fuses: the counter of the image the device is sold with. */
static uint32_t world_security_counter(GBytes *image)
{
    ImageHeader header = {.magic = 0};
    gsize bytes = 0;
    const void *content = image == NULL ? NULL : g_bytes_get_data(image, &bytes);
    if (bytes >= sizeof(header)) {
        memcpy(&header, content, sizeof(header));
    }
    return header.magic == IMAGE_MAGIC ? MIN(header.security_counter, SECURITY_COUNTER_MAX) : 0;
}

static bool world_mint(Stage *stage, StageDevice *device, DevicePool *pool, uint32_t counter,
                       GError **error)
{
    const DeviceSetup *setup = device->setup;
    for (guint i = 0; i < pool->minted->len; i++) {
        const WorldMinted *minted = g_ptr_array_index(pool->minted, i);
        if (minted->seed == stage->timeline->seed && minted->provisioned == setup->initialized &&
            minted->security_counter == counter && strcmp(minted->name, setup->name) == 0) {
            device->mint = minted->mint;
            return true;
        }
    }
    if (!factory_mint(setup->name, &stage->root, setup->initialized, counter, &device->mint,
                      error)) {
        return false;
    }
    WorldMinted *minted = g_new0(WorldMinted, 1);
    minted->seed = stage->timeline->seed;
    minted->name = g_strdup(setup->name);
    minted->provisioned = setup->initialized;
    minted->security_counter = counter;
    minted->mint = device->mint;
    if (pool->minted->len == WORLD_MINTED_MAX) {
        g_ptr_array_remove_index(pool->minted, 0);
    }
    g_ptr_array_add(pool->minted, minted);
    return true;
}

/* What the plan says a loss of power has left of the first device's memories, if it does. */
static bool world_find_state(const Timeline *timeline, DeviceBirth *birth, GError **error)
{
    const ImageFile *flash = plan_image(timeline, WORLD_STATE_FLASH);
    const ImageFile *otp = plan_image(timeline, WORLD_STATE_OTP);
    const ImageFile *weak = plan_image(timeline, WORLD_STATE_WEAK);
    if (flash == NULL) {
        return true;
    }
    if (flash->bytes == NULL || g_bytes_get_size(flash->bytes) != FLASH_BYTES || otp == NULL ||
        otp->bytes == NULL || g_bytes_get_size(otp->bytes) != OTP_WORDS * 4 ||
        (weak != NULL &&
         (weak->bytes == NULL || g_bytes_get_size(weak->bytes) != sizeof(WorldWeak)))) {
        g_set_error(error, WORLD_ERROR, WORLD_ERROR_PLAN,
                    "the plan begins with memories it does not have");
        return false;
    }
    birth->flash = g_bytes_get_data(flash->bytes, NULL);
    birth->otp = g_bytes_get_data(otp->bytes, NULL);
    if (weak != NULL) {
        const WorldWeak *bits = g_bytes_get_data(weak->bytes, NULL);
        birth->weak = bits->mask;
        birth->weak_offset = MIN(bits->offset, FLASH_BYTES - FLASH_SECTOR_BYTES);
        birth->weak_decay = bits->decay;
    }
    return true;
}

/* Puts down a device's memories as they are now. */
static void world_keep_memory(Stage *stage, const StageDevice *device, const char *suffix)
{
    const Nvm *nvm = device_nvm(device->device);
    const char *name = device->setup->name;
    bool first = device == stage->devices;
    g_autofree char *flash =
        g_strdup_printf("flash%s%s%s.bin", suffix, first ? "" : "-", first ? "" : name);
    g_autofree char *otp =
        g_strdup_printf("otp%s%s%s.bin", suffix, first ? "" : "-", first ? "" : name);
    g_byte_array_append(recorder_artefact(stage->recorder, flash), nvm->flash, sizeof(nvm->flash));
    g_byte_array_append(recorder_artefact(stage->recorder, otp), nvm->otp, sizeof(nvm->otp));
}

/* The sectors that have changed since a crash state, which is known, was begun with. */
static void world_keep_changes(Stage *stage, const StageDevice *device)
{
    const Nvm *nvm = device_nvm(device->device);
    GByteArray *changes = recorder_artefact(stage->recorder, WORLD_FLASH_CHANGES);
    for (uint32_t sector = 0; sector < NVM_SECTORS; sector++) {
        uint32_t offset = sector * FLASH_SECTOR_BYTES;
        if (nvm->touched[sector]) {
            bytes_write_le32(changes, offset);
            g_byte_array_append(changes, nvm->flash + offset, FLASH_SECTOR_BYTES);
        }
    }
    g_byte_array_append(recorder_artefact(stage->recorder, RECORDER_OTP), nvm->otp,
                        sizeof(nvm->otp));
}

static bool world_bear(Stage *stage, StageDevice *device, DevicePool *pool, GError **error)
{
    const Timeline *timeline = stage->timeline;
    const DeviceSetup *setup = device->setup;
    DeviceBirth birth = {.mint = &device->mint};
    g_autofree char *stream = g_strdup_printf("trng/%s", setup->name);
    Prng trng = prng_fork(&stage->root, stream);
    birth.begin = (HostlinkBegin){
        .trng_seed = prng_u64(&trng),
        .bolt_position = setup->unlocked ? 0 : 1000,
        .door_closed = setup->door_open ? 0 : 1,
        .battery_mv = (uint32_t)setup->battery_mv,
        .wall_clock_cell = setup->clock_valid ? 1 : 0,
        .rtc_seconds = timeline->epoch_seconds,
    };
    birth.journal = (unsigned)setup->journal;
    if (!world_find_image(timeline, setup->image, &birth.image_a, error) ||
        !world_find_image(timeline, setup->image_b, &birth.image_b, error) ||
        !world_mint(stage, device, pool, world_security_counter(birth.image_a), error) ||
        (device == stage->devices && !world_find_state(timeline, &birth, error))) {
        return false;
    }
    device->port =
        network_attach(stage->network, setup->name, device->mint.mac, world_frame_arrived, device);
    device_begin(device->device, &birth);
    if (timeline->record_nvm && birth.flash == NULL) {
        world_keep_memory(stage, device, "-start");
    }
    return true;
}

static bool world_counts_reads(const Timeline *timeline)
{
    for (guint i = 0; i < timeline->actions->len; i++) {
        const Action *action = g_ptr_array_index(timeline->actions, i);
        if (action->verb == VERB_MISREAD) {
            return true;
        }
    }
    return timeline->record_reads;
}

static bool world_set_up(Stage *stage, DevicePool *pool, GError **error)
{
    const Timeline *timeline = stage->timeline;
    const char *rom_path = world_rom_path(timeline, pool);
    stage->network =
        network_new(timeline, &pool->settings, stage->queue, stage->recorder, &stage->root, error);
    if (stage->network == NULL) {
        return false;
    }
    for (guint i = 0; i < stage->device_count; i++) {
        StageDevice *device = &stage->devices[i];
        device->machine = world_pool_take(pool, rom_path, i, error);
        if (device->machine == NULL) {
            return false;
        }
        DeviceOptions options = {
            .name = device->setup->name,
            .queue = stage->queue,
            .recorder = stage->recorder,
            .host = {world_frame_sent, world_power_lost, world_device_failed, stage},
            .record_nvm = timeline->record_nvm,
            .record_calls = timeline->record_calls,
            .record_reads = timeline->record_reads,
            .count_reads = world_counts_reads(timeline),
            .is_first = i == 0,
        };
        device->device = device_new(&options, device->machine);
        if (!world_bear(stage, device, pool, error)) {
            return false;
        }
        if (pool->stops && pool->stop_device == i) {
            device_stop_at(device->device, pool->stop_at);
        }
    }
    return true;
}

static void world_stage_init(Stage *stage, const Plan *plan, Recorder *recorder)
{
    const Timeline *timeline = plan->timeline;
    stage->timeline = timeline;
    stage->root = prng_new(timeline->seed);
    stage->queue = queue_new();
    stage->recorder = recorder;
    stage->story = story_new(timeline, stage->queue, world_act, stage);
    stage->device_count = timeline->devices->len;
    stage->devices = g_new0(StageDevice, stage->device_count);
    stage->tallies = g_ptr_array_new_with_free_func((GDestroyNotify)tally_free);
    stage->flashes =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_bytes_unref);
    stage->later = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < stage->device_count; i++) {
        StageDevice *device = &stage->devices[i];
        device->stage = stage;
        device->setup = g_ptr_array_index(timeline->devices, i);
        device->cable_in = true;
        device->digits = g_string_new(NULL);
    }
}

/* Gives machines that are still good back to the pool, and frees the rest of the stage. */
static void world_stage_clear(Stage *stage, DevicePool *pool, bool well)
{
    const char *rom_path = world_rom_path(stage->timeline, pool);
    for (guint i = 0; i < stage->device_count; i++) {
        StageDevice *device = &stage->devices[i];
        device_free(device->device);
        if (device->machine != NULL && well) {
            world_pool_lend(pool, device->machine, rom_path);
        } else {
            machine_free(device->machine);
        }
        g_string_free(device->digits, TRUE);
        g_free(device->entries[0]);
        g_free(device->entries[1]);
    }
    network_free(stage->network);
    story_free(stage->story);
    g_ptr_array_free(stage->tallies, TRUE);
    g_ptr_array_free(stage->later, TRUE);
    g_hash_table_destroy(stage->flashes);
    g_free(stage->devices);
    queue_free(stage->queue);
    g_clear_error(&stage->error);
}

/* Turning the wheel. */

/* How far a device may run. Keeps W2. */
static VTime world_horizon(const Stage *stage, guint index)
{
    VTime horizon = queue_next(stage->queue);
    for (guint i = 0; i < stage->device_count; i++) {
        const Device *other = stage->devices[i].device;
        if (i != index && device_state(other) == DEVICE_READY) {
            horizon = MIN(horizon,
                          vtime_add(device_quiet_until(other), network_lookahead(stage->network)));
        }
    }
    return horizon;
}

/* Lets every ready device run to its next call, all at once. Keeps W4. */
static bool world_run_devices(Stage *stage, GError **error)
{
    bool running[PLAN_DEVICES_MAX] = {false};
    VTime horizons[PLAN_DEVICES_MAX] = {0};
    for (guint i = 0; i < stage->device_count; i++) {
        running[i] = device_state(stage->devices[i].device) == DEVICE_READY;
        horizons[i] = running[i] ? world_horizon(stage, i) : 0;
    }
    for (guint i = 0; i < stage->device_count; i++) {
        if (running[i] && !device_run(stage->devices[i].device, horizons[i], error)) {
            return false;
        }
    }
    for (guint i = 0; i < stage->device_count; i++) {
        if (running[i] && !device_await(stage->devices[i].device, error)) {
            return false;
        }
        stage->outcome.calls += running[i] ? 1 : 0;
    }
    return true;
}

/* Ends a run whose device says more than anybody can keep: its own doing, the same each time. */
static void world_stop_flood(Stage *stage, const DevicePool *pool, uint64_t turns)
{
    static const char *const GROWING[] = {RECORDER_PCAPNG, RECORDER_UART};
    bool flood = recorder_events(stage->recorder)->len >= pool->settings.events_max;
    for (size_t i = 0; turns % WORLD_TURNS_LOOK == 0 && i < G_N_ELEMENTS(GROWING); i++) {
        flood = flood || recorder_artefact(stage->recorder, GROWING[i])->len >= WORLD_ARTEFACT_MAX;
    }
    if (flood && story_ended(stage->story) == NULL) {
        RECORD(stage->recorder, queue_now(stage->queue), stage->devices[0].setup->name,
               EVENT_DEVICE_DIED, EVENT_TEXT("reason", "flood"));
        story_end(stage->story, "limit");
    }
}

/* Notes where the first device stands. */
static bool world_note_turn(Stage *stage, GError **error)
{
    const StageDevice *first = &stage->devices[0];
    WorldTurn turn = {
        .instructions = observer_instructions(device_observer(first->device)),
        .operations = device_nvm(first->device)->operations,
        .frames = network_frames(stage->network, first->port),
        .calls = observer_calls(device_observer(first->device)),
    };
    if (!device_reads(first->device, &turn.reads, error)) {
        return false;
    }
    g_array_append_val(stage->turns, turn);
    return true;
}

/* In the process of a branch: it is a run of its own from now on. */
static bool world_enter_branch(Stage *stage, GError **error)
{
    const Timeline *timeline = stage->timeline;
    const Action *action = g_ptr_array_index(timeline->actions, timeline->actions->len - 1);
    stage->branches = NULL;
    if (!network_part(stage->network, error)) {
        return false;
    }
    verbs_aim(stage, action);
    return true;
}

/* The machine has kept its state: those that part here, do, one after the other. */
static bool world_part(Stage *stage, GError **error)
{
    const WorldBranches *branches = stage->branches;
    uint64_t here = branches->turns[stage->branch];
    stage->saving = false;
    if (stage->turn != here) {
        g_set_error(error, WORLD_ERROR, WORLD_ERROR_HOST, "the state was kept too late");
        return false;
    }
    while (stage->branch < branches->count && branches->turns[stage->branch] == here) {
        int parted = branches->part(stage->branch, branches->user_data);
        if (parted == 0) {
            return world_enter_branch(stage, error);
        }
        stage->branch++;
        if (parted < 0) {
            g_set_error(error, WORLD_ERROR, WORLD_ERROR_HOST, "a branch did not end well");
            return false;
        }
        if (!device_restore(stage->devices[0].device, error)) {
            return false;
        }
    }
    if (stage->branch == branches->count) {
        story_end(stage->story, "parted");
    }
    return true;
}

static bool world_turn(Stage *stage, const DevicePool *pool, GError **error)
{
    Device *first = stage->devices[0].device;
    while (stage->error == NULL && story_ended(stage->story) == NULL) {
        if (stage->turns != NULL && !world_note_turn(stage, error)) {
            return false;
        }
        if (stage->branches != NULL && !stage->saving &&
            stage->turn >= stage->branches->turns[stage->branch]) {
            stage->saving = device_save(first);
        }
        stage->turn++;
        if (!world_run_devices(stage, error)) {
            return false;
        }
        VTime instant = queue_next(stage->queue);
        while (stage->error == NULL && queue_next(stage->queue) == instant) {
            queue_pop(stage->queue); /* W1 */
        }
        world_stop_flood(stage, pool, stage->turn);
        if (device_take_saved(first)) {
            stage->turn--; /* no run has a turn for that */
            if (stage->error == NULL && !world_part(stage, error)) {
                return false;
            }
        }
    }
    if (stage->error != NULL) {
        g_propagate_error(error, g_steal_pointer(&stage->error));
        return false;
    }
    return true;
}

static void world_keep_memories(Stage *stage)
{
    for (guint i = 0; i < stage->device_count; i++) {
        if (i == 0 && plan_image(stage->timeline, WORLD_STATE_FLASH) != NULL) {
            world_keep_changes(stage, &stage->devices[i]);
        } else {
            world_keep_memory(stage, &stage->devices[i], "");
        }
    }
}

static bool world_take_down(Stage *stage, GError **error)
{
    uint64_t instructions = 0;
    for (guint i = 0; i < stage->device_count; i++) {
        StageDevice *device = &stage->devices[i];
        instructions = MAX(instructions, observer_instructions(device_observer(device->device)));
        if (!device_end(device->device, error)) {
            return false;
        }
    }
    verbs_close(stage);
    if (!network_close(stage->network, error)) {
        return false;
    }
    network_free(stage->network); /* sessions that were open still have their say */
    stage->network = NULL;
    world_keep_memories(stage);
    RECORD(stage->recorder, queue_now(stage->queue), "lab", EVENT_RUN_ENDED,
           EVENT_TEXT("reason", story_ended(stage->story)),
           EVENT_INTEGER("instructions", instructions));
    return true;
}

static bool world_add_edges(Stage *stage, const DevicePool *pool, GError **error)
{
    for (guint i = 0; pool->edges != NULL && i < stage->device_count; i++) {
        if (!device_add_edges(stage->devices[i].device, pool->edges, error)) {
            return false;
        }
    }
    return true;
}

/* Makes the run on a stage whose `turns` or `branches` may be set. */
static bool world_play(Stage *stage, const Plan *plan, DevicePool *pool, Recorder *recorder,
                       WorldOutcome *ret_outcome, GError **error)
{
    const Timeline *timeline = plan->timeline;
    if (timeline->devices->len == 0 || timeline->devices->len > PLAN_DEVICES_MAX) {
        g_set_error(error, WORLD_ERROR, WORLD_ERROR_PLAN, "a world has 1 to %d devices",
                    PLAN_DEVICES_MAX);
        return false;
    }
    world_stage_init(stage, plan, recorder);
    bool well = world_set_up(stage, pool, error);
    if (well) {
        recorder_listen(recorder, world_see, stage);
        RECORD(recorder, 0, "lab", EVENT_RUN_STARTED, EVENT_INTEGER("seed", timeline->seed));
        story_start(stage->story);
        well = world_turn(stage, pool, error) && world_take_down(stage, error) &&
               world_add_edges(stage, pool, error);
        recorder_listen(recorder, NULL, NULL);
    }
    stage->outcome.ended = queue_now(stage->queue);
    *ret_outcome = stage->outcome;
    world_stage_clear(stage, pool, well);
    return well;
}

bool world_run(const Plan *plan, DevicePool *pool, Recorder *recorder, WorldOutcome *ret_outcome,
               GError **error)
{
    Stage stage = {.turns = NULL};
    return world_play(&stage, plan, pool, recorder, ret_outcome, error);
}

bool world_run_noting(const Plan *plan, DevicePool *pool, Recorder *recorder, GArray *turns,
                      GError **error)
{
    Stage stage = {.turns = turns};
    WorldOutcome outcome;
    assert(plan->timeline->devices->len == 1);
    return world_play(&stage, plan, pool, recorder, &outcome, error);
}

bool world_branch(const Plan *plan, DevicePool *pool, Recorder *recorder,
                  const WorldBranches *branches, WorldOutcome *ret_outcome, GError **error)
{
    Stage stage = {.branches = branches};
    assert(plan->timeline->devices->len == 1 && branches->count > 0);
    return world_play(&stage, plan, pool, recorder, ret_outcome, error);
}
