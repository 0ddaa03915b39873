/* SPDX-License-Identifier: MIT */

/*
 *   D1  Orders of one device reach its machine in the order in which they were given.
 *   D2  World time = device time + offset, and the offset changes only at power-on.
 *   D3  While a call is being dealt with, the world's clock stands at the call's time.
 *   D4  The lab's copy of flash and fuses is the machine's, but for operations still running.
 *
 *            power_on                 device_run, device_await
 *     OFF ──────────────► READY ◄──────────────────────────────► CALLED
 *      ▲                            device_take_call               │
 *      └───────────────────────────────────────────────────────────┘ POWER_LOST
 */

#include "sim/world/device.h"

#include <assert.h>
#include <string.h>

struct Device {
    DeviceOptions options;
    char *name;
    Machine *machine;
    Nvm *nvm;
    Observer *observer;
    DeviceState state;
    unsigned boot;
    VTime offset;         /* D2 */
    VTime lost_at;        /* world time at which power was lost */
    uint64_t lost_time;   /* device time then */
    HostlinkCut armed;    /* waits for power; `when` DISARM: none */
    HostlinkCut call_cut; /* waits for a call; `when` DISARM: none */
    bool machine_armed;   /* the machine knows of a cut that has not happened */
    bool cut_now;         /* ordered, not yet happened */
    bool saved;           /* the machine has kept its state, and nobody has asked yet */
    HostlinkWear wear;
    const char *wear_region; /* `wear.at` counts down the operations there; NULL: it is a number */
    uint64_t worn;           /* the operation that meets worn cells; 0: none */
    HostlinkReadFault misread; /* waits for power; `at` 0: none */
    GArray *weak;     /* of HostlinkRange: reads differently some time after the next power-on */
    VTime weak_decay; /* how long after */
    QueueTicket weak_ticket;
    QueueTicket call_ticket;
    bool born_torn; /* with what a loss of power has left */
    uint8_t *frail; /* of a sector: bits it was born with that flip after a power-on; or NULL */
    uint32_t frail_offset;
    VTime frail_decay;
    QueueTicket frail_ticket;
};

Device *device_new(const DeviceOptions *options, Machine *machine)
{
    Device *device = g_new0(Device, 1);
    device->options = *options;
    device->name = g_strdup(options->name);
    device->machine = machine;
    device->nvm = nvm_new();
    device->weak = g_array_new(FALSE, FALSE, sizeof(HostlinkRange));
    ObserverOptions observer = {
        .name = device->name,
        .recorder = options->recorder,
        .queue = options->queue,
        .nvm = device->nvm,
        .record_nvm = options->record_nvm,
        .record_calls = options->record_calls,
        .is_first = options->is_first,
    };
    device->observer = observer_new(&observer);
    return device;
}

void device_free(Device *device)
{
    if (device == NULL) {
        return;
    }
    queue_remove(device->options.queue, device->weak_ticket);
    queue_remove(device->options.queue, device->call_ticket);
    queue_remove(device->options.queue, device->frail_ticket);
    g_free(device->frail);
    g_array_free(device->weak, TRUE);
    observer_free(device->observer);
    nvm_free(device->nvm);
    g_free(device->name);
    g_free(device);
}

const char *device_name(const Device *device)
{
    return device->name;
}

DeviceState device_state(const Device *device)
{
    return device->state;
}

Nvm *device_nvm(Device *device)
{
    return device->nvm;
}

Observer *device_observer(Device *device)
{
    return device->observer;
}

static GByteArray *device_orders(Device *device)
{
    return machine_orders(device->machine);
}

void device_write_flash(Device *device, uint32_t offset, const uint8_t *bytes, uint32_t byte_count)
{
    assert(device->state == DEVICE_OFF);
    nvm_put_flash(device->nvm, offset, bytes, byte_count);
    wire_append_range(device_orders(device), HOSTLINK_WRITE, HOSTLINK_SPACE_FLASH, offset, bytes,
                      byte_count);
}

static void device_write_image(Device *device, uint32_t offset, GBytes *image)
{
    if (image != NULL) {
        gsize bytes;
        const uint8_t *content = g_bytes_get_data(image, &bytes);
        bytes = MIN(bytes, SLOT_BYTES);
        /* Whole sectors: the machine keeps its translation of code it finds unchanged in them. */
        gsize sectors = (bytes + FLASH_SECTOR_BYTES - 1) / FLASH_SECTOR_BYTES;
        g_autofree uint8_t *padded = g_malloc(sectors * FLASH_SECTOR_BYTES);
        memset(padded, 0xff, sectors * FLASH_SECTOR_BYTES);
        memcpy(padded, content, bytes);
        device_write_flash(device, offset, padded, (uint32_t)(sectors * FLASH_SECTOR_BYTES));
    }
}

/* A device that has recorded that often already which image it runs. */
static void device_write_journal(Device *device, GBytes *image, unsigned count)
{
    JournalRecord records[FLASH_SECTOR_BYTES / JOURNAL_RECORD_BYTES];
    ImageHeader header;
    gsize bytes = 0;
    const uint8_t *content = image == NULL ? NULL : g_bytes_get_data(image, &bytes);
    if (count == 0 || bytes < sizeof(header)) {
        return;
    }
    memcpy(&header, content, sizeof(header));
    memset(records, 0xff, sizeof(records));
    for (unsigned i = 0; i < count && i < G_N_ELEMENTS(records); i++) {
        records[i] = (JournalRecord){
            .sequence = i + 1,
            .state = JOURNAL_CONFIRMED,
            .slot = 0,
            .version = header.version,
        };
        nvm_seal_journal_record(&records[i]);
    }
    device_write_flash(device, JOURNAL_OFFSET, (const uint8_t *)records, sizeof(records));
}

/* Makes it what a loss of power has left. Blank pages are not sent: a new device has them. */
static void device_begin_again(Device *device, const DeviceBirth *birth)
{
    device->born_torn = true;
    for (uint32_t at = 0; at < FLASH_BYTES; at += FLASH_SECTOR_BYTES) {
        const uint8_t *page = birth->flash + at;
        if (page[0] != 0xff || memcmp(page, page + 1, FLASH_SECTOR_BYTES - 1) != 0) {
            device_write_flash(device, at, page, FLASH_SECTOR_BYTES);
        }
    }
    if (birth->weak != NULL) {
        device->frail = g_memdup2(birth->weak, FLASH_SECTOR_BYTES);
        device->frail_offset = birth->weak_offset;
        device->frail_decay = birth->weak_decay;
    }
}

void device_begin(Device *device, const DeviceBirth *birth)
{
    const uint8_t *otp = birth->flash != NULL ? birth->otp : birth->mint->otp;
    GByteArray *orders = device_orders(device);
    machine_restart_time(device->machine);
    wire_append(orders, HOSTLINK_BEGIN, &birth->begin, sizeof(birth->begin));
    if (birth->flash != NULL) {
        device_begin_again(device, birth);
    } else if (birth->mint->provisioned) {
        device_write_flash(device, FACTORY_OFFSET, birth->mint->record,
                           sizeof(birth->mint->record));
    }
    if (birth->flash == NULL) {
        device_write_image(device, SLOT_A_OFFSET, birth->image_a);
        device_write_image(device, SLOT_B_OFFSET, birth->image_b);
        device_write_journal(device, birth->image_a, birth->journal);
    }
    nvm_put_otp(device->nvm, 0, otp, sizeof(birth->mint->otp));
    wire_append_range(orders, HOSTLINK_WRITE, HOSTLINK_SPACE_OTP, 0, otp, sizeof(birth->mint->otp));
    factory_add_secrets(birth->mint, observer_scanner(device->observer));
    observer_begin(device->observer, birth->begin.bolt_position);
}

/* Brings the copy up to date from the machine. Keeps D4. */
static bool device_refresh(Device *device, const HostlinkRange *range, GError **error)
{
    uint8_t bytes[FLASH_SECTOR_BYTES];
    if (!machine_read(device->machine, range->space, range->offset, range->bytes, bytes, error)) {
        return false;
    }
    if (range->space == HOSTLINK_SPACE_OTP) {
        nvm_put_otp(device->nvm, range->offset, bytes, range->bytes);
    } else {
        nvm_put_flash(device->nvm, range->offset, bytes, range->bytes);
    }
    return true;
}

/* The weak bits have had their time: they may read differently from now on. */
static void device_weak_decayed(void *user_data)
{
    Device *device = user_data;
    g_autoptr(GError) error = NULL;
    device->weak_ticket = QUEUE_TICKET_NONE;
    for (guint i = 0; i < device->weak->len; i++) {
        const HostlinkRange *range = &g_array_index(device->weak, HostlinkRange, i);
        if (!device_refresh(device, range, &error)) {
            device->options.host.failed(device, g_steal_pointer(&error),
                                        device->options.host.user_data);
            return;
        }
        observer_flash_changed(device->observer, range->offset, range->bytes);
    }
    g_array_set_size(device->weak, 0);
}

/* The bits it was born with as weak have had their time. */
static void device_frail_decayed(void *user_data)
{
    Device *device = user_data;
    device->frail_ticket = QUEUE_TICKET_NONE;
    device_damage_flash(device, device->frail_offset, device->frail, FLASH_SECTOR_BYTES);
    observer_flash_changed(device->observer, device->frail_offset, FLASH_SECTOR_BYTES);
    g_clear_pointer(&device->frail, g_free);
}

/* A cell that is driven again is weak no more. Called before the operation's end is dealt with. */
static void device_drive_frail(Device *device, const HostlinkNvmOperation *done)
{
    for (unsigned i = 0; i < NVM_PENDING_MAX; i++) {
        const NvmPending *pending = &device->nvm->pending[i];
        if (pending->operation.number != done->number || done->kind == HOSTLINK_NVM_OTP) {
            continue;
        }
        for (uint32_t at = 0; at < done->bytes; at++) {
            uint32_t place = done->offset + at - device->frail_offset;
            if (place < FLASH_SECTOR_BYTES) {
                device->frail[place] &= done->kind == HOSTLINK_NVM_ERASE ? 0 : pending->data[at];
            }
        }
    }
}

static uint32_t device_observed(const Device *device)
{
    return HOSTLINK_OBSERVE_NVM | HOSTLINK_OBSERVE_PROGRESS |
           (device->options.count_reads ? HOSTLINK_OBSERVE_READS : 0) |
           (device->options.record_reads ? HOSTLINK_OBSERVE_REREADS : 0);
}

void device_power_on(Device *device)
{
    if (device->state != DEVICE_OFF) {
        return;
    }
    VTime now = queue_now(device->options.queue);
    HostlinkPowerOn on = {.off_duration = (uint64_t)(now - device->lost_at)};
    wire_append_word(device_orders(device), HOSTLINK_OBSERVE, device_observed(device));
    wire_append(device_orders(device), HOSTLINK_POWER_ON, &on, sizeof(on));
    if (device->misread.at > 0) {
        wire_append(device_orders(device), HOSTLINK_READ_FAULT, &device->misread,
                    sizeof(device->misread));
        device->misread.at = 0;
    }
    device->offset = now - (VTime)device->lost_time; /* D2 */
    device->state = DEVICE_READY;
    observer_power_on(device->observer, ++device->boot);
    if (device->armed.when != HOSTLINK_CUT_DISARM) {
        wire_append(device_orders(device), HOSTLINK_CUT, &device->armed, sizeof(device->armed));
        device->armed.when = HOSTLINK_CUT_DISARM;
        device->machine_armed = true;
    }
    if (device->frail != NULL) {
        device->frail_ticket = queue_add(device->options.queue, vtime_add(now, device->frail_decay),
                                         device_frail_decayed, device);
    }
    if (device->weak->len > 0) {
        device->weak_ticket = queue_add(device->options.queue,
                                        vtime_add(now, vtime_add(device->weak_decay, VTIME_US)),
                                        device_weak_decayed, device);
    }
}

void device_cut_now_torn(Device *device, const HostlinkCut *cut)
{
    if (device->state == DEVICE_OFF || device->cut_now) {
        return;
    }
    HostlinkCut now = *cut;
    device->weak_decay = (VTime)MIN(cut->decay, (uint64_t)INT64_MAX);
    now.when = HOSTLINK_CUT_NOW;
    wire_append(device_orders(device), HOSTLINK_CUT, &now, sizeof(now));
    device->cut_now = true;
}

void device_cut_now(Device *device)
{
    HostlinkCut cut = {.torn = HOSTLINK_TORN_NOTHING};
    device_cut_now_torn(device, &cut);
}

static void device_arm_at_call(Device *device, const HostlinkCut *cut)
{
    HostlinkCut none = {.when = HOSTLINK_CUT_DISARM};
    device->call_cut = *cut;
    device->armed = none;
    if (device->machine_armed) {
        wire_append(device_orders(device), HOSTLINK_CUT, &none, sizeof(none));
        device->machine_armed = false;
    }
}

void device_arm_cut(Device *device, const HostlinkCut *cut)
{
    device->weak_decay = (VTime)MIN(cut->decay, (uint64_t)INT64_MAX);
    if (cut->when == DEVICE_CUT_AT_CALL) {
        device_arm_at_call(device, cut);
        return;
    }
    device->call_cut.when = HOSTLINK_CUT_DISARM;
    if (device->state == DEVICE_OFF) {
        device->armed = *cut;
        return;
    }
    wire_append(device_orders(device), HOSTLINK_CUT, cut, sizeof(*cut));
    device->machine_armed = true;
}

/* Orders the loss of power that waits for the call which has just been dealt with. */
static void device_cut_at_call(Device *device)
{
    HostlinkCut cut = device->call_cut;
    if (cut.when == DEVICE_CUT_AT_CALL && observer_calls(device->observer) == cut.at) {
        device->call_cut.when = HOSTLINK_CUT_DISARM;
        device_cut_now_torn(device, &cut);
    }
}

/* Orders given to a device that is about to lose its power come too late to mean anything. */
static bool device_listens(const Device *device)
{
    return device->state != DEVICE_OFF && !device->cut_now;
}

bool device_deliver_frame(Device *device, const uint8_t *frame, size_t bytes)
{
    if (!device_listens(device) || bytes < NIC_FRAME_BYTES_MIN || bytes > NIC_FRAME_BYTES_MAX) {
        return false;
    }
    wire_append(device_orders(device), HOSTLINK_FRAME, frame, bytes);
    return true;
}

bool device_press_key(Device *device, uint32_t key)
{
    if (!device_listens(device)) {
        return false;
    }
    wire_append_word(device_orders(device), HOSTLINK_KEY, key);
    return true;
}

bool device_probe(Device *device)
{
    if (!device_listens(device)) {
        return false;
    }
    wire_append(device_orders(device), HOSTLINK_PROBE, NULL, 0);
    return true;
}

void device_set(Device *device, uint32_t order, uint32_t value)
{
    wire_append_word(device_orders(device), order, value);
}

void device_damage_flash(Device *device, uint32_t offset, const uint8_t *mask, uint32_t byte_count)
{
    wire_append_range(device_orders(device), HOSTLINK_DAMAGE, HOSTLINK_SPACE_FLASH, offset, mask,
                      byte_count);
    for (uint32_t i = 0; i < byte_count; i++) {
        uint8_t byte = device->nvm->flash[offset + i] ^ mask[i];
        nvm_put_flash(device->nvm, offset + i, &byte, 1);
    }
}

static void device_order_wear(Device *device)
{
    device->worn = device->wear.at;
    wire_append(device_orders(device), HOSTLINK_WEAR, &device->wear, sizeof(device->wear));
}

void device_wear(Device *device, const HostlinkWear *wear, const char *region)
{
    device->wear = *wear;
    device->wear_region = region;
    device->worn = 0;
    if (region == NULL) {
        device_order_wear(device);
    }
}

void device_misread(Device *device, const HostlinkReadFault *fault)
{
    assert(device->options.count_reads);
    if (device->state == DEVICE_OFF) {
        device->misread = *fault;
        return;
    }
    wire_append(device_orders(device), HOSTLINK_READ_FAULT, fault, sizeof(*fault));
}

bool device_run(Device *device, VTime horizon, GError **error)
{
    assert(device->state == DEVICE_READY);
    VTime now = queue_now(device->options.queue);
    uint64_t until =
        horizon == VTIME_NEVER ? HOSTLINK_NEVER : (uint64_t)(MAX(horizon, now) - device->offset);
    return machine_run(device->machine, until, error);
}

/* Brings the copy up to date where operations were cut off. Keeps D4. */
static bool device_read_torn(Device *device, const HostlinkPowerLost *lost, GError **error)
{
    HostlinkNvmOperation operation;
    while (nvm_take_pending(device->nvm, &operation)) {
        HostlinkRange range = {
            .space = operation.kind == HOSTLINK_NVM_OTP ? HOSTLINK_SPACE_OTP : HOSTLINK_SPACE_FLASH,
            .offset = operation.offset,
            .bytes = operation.bytes,
        };
        if (!device_refresh(device, &range, error)) {
            return false;
        }
        if (lost->torn == HOSTLINK_TORN_WEAK && lost->torn_operation != 0) {
            g_array_append_val(device->weak, range);
        }
    }
    return true;
}

static bool device_power_was_lost(Device *device, const WireCall *call, GError **error)
{
    queue_remove(device->options.queue, device->weak_ticket);
    device->weak_ticket = QUEUE_TICKET_NONE;
    queue_remove(device->options.queue, device->frail_ticket);
    device->frail_ticket = QUEUE_TICKET_NONE;
    device->state = DEVICE_OFF;
    device->cut_now = false;
    device->machine_armed = false;
    device->lost_at = queue_now(device->options.queue);
    device->lost_time = call->time;
    /* Orders that were on their way to a device with power are lost with it; the rest have been
       dealt with by the time it answers, so nothing but a fresh reply is begun here. */
    HostlinkPowerLost lost = call->lost;
    if (!device_read_torn(device, &lost, error)) {
        return false;
    }
    observer_flash_changed(device->observer, JOURNAL_OFFSET, JOURNAL_BYTES);
    device->options.host.power_lost(device, &lost, device->options.host.user_data);
    return true;
}

/* An operation has started: is it the one in its region that is to meet worn cells? */
static void device_look_for_wear(Device *device, const HostlinkNvmOperation *started)
{
    if (device->wear_region != NULL &&
        strcmp(nvm_region(started->kind, started->offset), device->wear_region) == 0 &&
        nvm_changes(device->nvm, started) > 0 && --device->wear.at == 0) {
        device->wear_region = NULL;
        device->wear.at = started->number;
        device_order_wear(device);
    }
}

/* What an operation that met worn cells leaves, from the machine itself. Keeps D4. */
static bool device_read_worn(Device *device, const HostlinkNvmOperation *done, GError **error)
{
    uint8_t bytes[FLASH_SECTOR_BYTES];
    uint32_t space = done->kind == HOSTLINK_NVM_OTP ? HOSTLINK_SPACE_OTP : HOSTLINK_SPACE_FLASH;
    device->worn = 0;
    if (!machine_read(device->machine, space, done->offset, done->bytes, bytes, error)) {
        return false;
    }
    unsigned bits = nvm_expect(device->nvm, done, bytes);
    if (bits > 0) {
        observer_worn(device->observer, done, bits);
    }
    return true;
}

/* Whether the lab has asked for calls of this kind, or needs not to. */
static bool device_asked_for(const Device *device, uint32_t type)
{
    return type == HOSTLINK_REREAD         ? device->options.record_reads
           : type == HOSTLINK_READ_FAULTED ? device->options.count_reads
                                           : true;
}

/* The world's clock has come to the call: it is dealt with. Keeps D3. */
static void device_take_call(void *user_data)
{
    Device *device = user_data;
    g_autoptr(GError) error = NULL;
    WireCall call = *machine_call(device->machine);
    device->call_ticket = QUEUE_TICKET_NONE;
    device->state = DEVICE_READY;
    if (call.type == HOSTLINK_SAVED) {
        device->saved = true; /* Between the lab and the machine: the device did nothing. */
        return;
    }
    if (call.type == HOSTLINK_NVM_DONE && device->frail != NULL) {
        device_drive_frail(device, &call.nvm);
    }
    if (!device_asked_for(device, call.type)) {
        g_set_error(&error, MACHINE_ERROR, MACHINE_ERROR_RULES,
                    "%s: hostlink: %s call that nobody asked for", device->name,
                    wire_call_name(call.type));
        device->options.host.failed(device, g_steal_pointer(&error),
                                    device->options.host.user_data);
        return;
    }
    uint64_t calls = observer_calls(device->observer);
    bool worn = call.type == HOSTLINK_NVM_DONE && call.nvm.number == device->worn;
    bool well = !worn || device_read_worn(device, &call.nvm, &error);
    well = well && observer_call(device->observer, &call, "cut", &error);
    if (well && call.type == HOSTLINK_NVM_STARTED) {
        device_look_for_wear(device, &call.nvm);
    }
    if (well && call.type == HOSTLINK_POWER_LOST) {
        well = device_power_was_lost(device, &call, &error);
    } else if (well && call.type == HOSTLINK_FRAME_SENT) {
        device->options.host.frame_sent(device, call.bytes, call.byte_count,
                                        device->options.host.user_data);
    }
    if (well && observer_calls(device->observer) > calls) {
        device_cut_at_call(device);
    }
    if (!well) {
        device->options.host.failed(device, g_steal_pointer(&error),
                                    device->options.host.user_data);
    }
}

bool device_await(Device *device, GError **error)
{
    if (!machine_next_call(device->machine, error)) {
        g_prefix_error(error, "%s: ", device->name);
        return false;
    }
    const WireCall *call = machine_call(device->machine);
    VTime at = device->offset + (VTime)call->time;
    device->state = DEVICE_CALLED;
    device->call_ticket = queue_add(device->options.queue, at, device_take_call, device);
    return true;
}

bool device_save(Device *device)
{
    if (device->state != DEVICE_READY || device->cut_now) {
        return false;
    }
    wire_append(device_orders(device), HOSTLINK_SAVE, NULL, 0);
    return true;
}

bool device_take_saved(Device *device)
{
    bool saved = device->saved;
    device->saved = false;
    return saved;
}

bool device_restore(Device *device, GError **error)
{
    return machine_restore(device->machine, error);
}

VTime device_quiet_until(const Device *device)
{
    const WireCall *call = machine_call(device->machine);
    if (device->state == DEVICE_OFF || machine_orders(device->machine)->len > 0) {
        return device->state == DEVICE_OFF ? VTIME_NEVER : queue_now(device->options.queue);
    }
    if (call->idle_until == HOSTLINK_NEVER) {
        return VTIME_NEVER;
    }
    return device->offset + (VTime)MIN(call->idle_until, (uint64_t)INT64_MAX / 2);
}

void device_stop_at(Device *device, uint64_t at)
{
    HostlinkStop stop = {.at = at};
    wire_append(device_orders(device), HOSTLINK_STOP, &stop, sizeof(stop));
}

uint64_t device_instructions(const Device *device)
{
    const WireCall *call = machine_call(device->machine);
    bool now = device->state == DEVICE_CALLED &&
               device->offset + (VTime)call->time == queue_now(device->options.queue);
    return now ? call->instructions : observer_instructions(device->observer);
}

bool device_reads(Device *device, uint64_t *ret_reads, GError **error)
{
    *ret_reads = 0;
    return !device->options.count_reads ||
           machine_read(device->machine, HOSTLINK_SPACE_READS, 0, sizeof(*ret_reads),
                        (uint8_t *)ret_reads, error);
}

bool device_add_edges(Device *device, uint8_t *edges, GError **error)
{
    uint8_t executed[HOSTLINK_EDGES_BYTES];
    if (!machine_read(device->machine, HOSTLINK_SPACE_EDGES, 0, sizeof(executed), executed,
                      error)) {
        return false;
    }
    for (size_t i = 0; i < sizeof(executed); i++) {
        edges[i] |= executed[i];
    }
    return true;
}

/* Cuts the power of a device that still has it, behind the observer's back: the run is over. */
static bool device_switch_off(Device *device, GError **error)
{
    queue_remove(device->options.queue, device->call_ticket);
    device->call_ticket = QUEUE_TICKET_NONE;
    bool lost = device->state == DEVICE_CALLED &&
                machine_call(device->machine)->type == HOSTLINK_POWER_LOST;
    if (device->state == DEVICE_OFF || lost) {
        device->state = DEVICE_OFF;
        return true;
    }
    HostlinkCut cut = {.when = HOSTLINK_CUT_NOW, .torn = HOSTLINK_TORN_NOTHING};
    wire_append(device_orders(device), HOSTLINK_CUT, &cut, sizeof(cut));
    if (!machine_run(device->machine, HOSTLINK_NEVER, error) ||
        !machine_next_call(device->machine, error)) {
        return false;
    }
    if (machine_call(device->machine)->type != HOSTLINK_POWER_LOST) {
        g_set_error(error, MACHINE_ERROR, MACHINE_ERROR_RULES,
                    "%s: hostlink: %s call after the power was cut", device->name,
                    wire_call_name(machine_call(device->machine)->type));
        return false;
    }
    device->state = DEVICE_OFF;
    return true;
}

static bool device_compare(Device *device, uint32_t space, uint32_t offset, const uint8_t *copy,
                           uint32_t bytes, GError **error)
{
    g_autofree uint8_t *truth = g_malloc(bytes);
    if (!machine_read(device->machine, space, offset, bytes, truth, error)) {
        return false;
    }
    bool same = memcmp(truth, copy, bytes) == 0;
    for (uint32_t i = 0; !same && i < bytes; i++) {
        if (truth[i] != copy[i]) {
            g_set_error(error, MACHINE_ERROR, MACHINE_ERROR_RULES,
                        "%s: the machine's %s differs at 0x%x from what its operations make of it",
                        device->name, space == HOSTLINK_SPACE_OTP ? "OTP" : "flash", offset + i);
            return false;
        }
    }
    return true;
}

/* The small regions always, whatever else was written too, and all of it in a reference run; a run
 * from a crash state, of which there are thousands, is none. */
static bool device_compare_flash(Device *device, GError **error)
{
    const Nvm *nvm = device->nvm;
    for (uint32_t sector = 0; sector < NVM_SECTORS; sector++) {
        uint32_t first = sector;
        while (sector < NVM_SECTORS &&
               ((device->options.record_nvm && !device->born_torn) || nvm->touched[sector] ||
                sector < (STORE_OFFSET + STORE_BYTES) / FLASH_SECTOR_BYTES)) {
            sector++;
        }
        uint32_t offset = first * FLASH_SECTOR_BYTES;
        if (sector > first &&
            !device_compare(device, HOSTLINK_SPACE_FLASH, offset, nvm->flash + offset,
                            (sector - first) * FLASH_SECTOR_BYTES, error)) {
            return false;
        }
    }
    return true;
}

bool device_end(Device *device, GError **error)
{
    bool untold =
        device->state == DEVICE_CALLED && machine_call(device->machine)->type != HOSTLINK_HORIZON;
    observer_end(device->observer);
    /* A call the world's clock never reached may have changed flash already: not compared then. */
    if (!untold && device->weak->len == 0 &&
        (!device_compare_flash(device, error) ||
         !device_compare(device, HOSTLINK_SPACE_OTP, 0, device->nvm->otp, sizeof(device->nvm->otp),
                         error))) {
        return false;
    }
    return device_switch_off(device, error);
}
