/* SPDX-License-Identifier: MIT */

/*
 * One function per kind of call, found by `observer_call`.
 *
 *   O1  An update's progress is read from the journal in flash, never from what the device says.
 *   O2  `signed` and `valid` are the lab's own findings about the slot, at the moment it starts.
 *   O3  A journal record is reported once, when it first stands whole in flash.
 *
 * Format of the operation log, one line each, in order of acceptance:
 *
 *     number time kind offset bytes data      kind: program, erase, otp; data: hexadecimal or "-"
 */

#include "sim/world/observer.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "sim/world/machine.h"
#include "vdevice/contract/regs.h"

#define OBSERVER_LINE_BYTES_MAX 512u

typedef struct ObserverCode {
    uint32_t code;
    const char *name;
} ObserverCode;

static const ObserverCode OBSERVER_PROGRESS[] = {
#define PROGRESS(name, value, text) {(value), #name},
#include "vdevice/contract/progress.def"
#undef PROGRESS
};

enum {
#define PROGRESS(name, value, text) OBSERVER_##name = (value),
#include "vdevice/contract/progress.def"
#undef PROGRESS
};

/* A status is its module's two letters, then its number; what STATUS_ names spell. */
#define OBSERVER_STATUS_CODE(letters, number)                                                      \
    (((uint32_t)(#letters)[0] << 24) | ((uint32_t)(#letters)[1] << 16) | (uint32_t)(number))

struct Observer {
    ObserverOptions options;
    Scanner *scanner;
    GByteArray *uart;    /* artefact */
    GByteArray *nvm_log; /* artefact, or NULL */
    GString *line;       /* of the console, so far */
    uint64_t instructions;
    uint64_t calls; /* visible acts */
    unsigned boot;
    int slot; /* that runs: 0, 1; -1 none */
    bool slot_signed;
    bool staging_told;
    uint32_t sequence_told; /* of the journal's newest record reported */
    JournalRecord journal;  /* that one; state 0: none */
    unsigned counter_told;
    int confirmed_slot; /* by the journal as it was when the power came; -1: none */
    uint32_t drive;
    VTime drive_since;
    uint32_t bolt;
    uint32_t status; /* last shown */
};

static VTime observer_now(const Observer *observer)
{
    return queue_now(observer->options.queue);
}

#define OBSERVE(observer, kind, ...)                                                               \
    RECORD((observer)->options.recorder, observer_now(observer), (observer)->options.name, kind,   \
           __VA_ARGS__)

#define OBSERVER_INSTRUCTIONS(observer) EVENT_INTEGER("instructions", (observer)->instructions)

static void observer_secret_found(const char *where, const char *name, const char *form,
                                  size_t offset, void *user_data)
{
    Observer *observer = user_data;
    OBSERVE(observer, EVENT_SECRET_SEEN, EVENT_TEXT("where", where), EVENT_TEXT("name", name),
            EVENT_TEXT("form", form), EVENT_INTEGER("offset", offset));
}

static GByteArray *observer_artefact(const ObserverOptions *options, const char *stem)
{
    g_autofree char *name = options->is_first ? g_strdup_printf("%s.log", stem)
                                              : g_strdup_printf("%s-%s.log", stem, options->name);
    return recorder_artefact(options->recorder, name);
}

Observer *observer_new(const ObserverOptions *options)
{
    Observer *observer = g_new0(Observer, 1);
    observer->options = *options;
    observer->scanner = scanner_new(observer_secret_found, observer);
    observer->uart = observer_artefact(options, "uart");
    observer->nvm_log = options->record_nvm ? observer_artefact(options, "nvm") : NULL;
    observer->line = g_string_new(NULL);
    observer->slot = -1;
    return observer;
}

void observer_free(Observer *observer)
{
    if (observer == NULL) {
        return;
    }
    scanner_free(observer->scanner);
    g_string_free(observer->line, TRUE);
    g_free(observer);
}

Scanner *observer_scanner(Observer *observer)
{
    return observer->scanner;
}

void observer_begin(Observer *observer, uint32_t bolt_position)
{
    JournalRecord record;
    if (nvm_journal(observer->options.nvm, &record)) {
        observer->journal = record;
        observer->sequence_told = record.sequence;
    }
    observer->counter_told = nvm_security_counter(observer->options.nvm);
    observer->bolt = bolt_position;
    memset(observer->options.nvm->touched, 0, sizeof(observer->options.nvm->touched));
}

const char *observer_version_text(uint32_t version, char text[OBSERVER_VERSION_CHARS])
{
    snprintf(text, OBSERVER_VERSION_CHARS, "%u.%u.%u", IMAGE_VERSION_MAJOR(version),
             IMAGE_VERSION_MINOR(version), IMAGE_VERSION_PATCH(version));
    return text;
}

static const char *observer_slot_text(uint32_t slot)
{
    return slot == 0 ? "A" : "B";
}

static const char *observer_status_text(uint32_t code)
{
    static const ObserverCode STATUSES[] = {
#define STATUS(module, name, number, text)                                                         \
    {OBSERVER_STATUS_CODE(module, number), #module "_" #name},
#include "vdevice/contract/status.def"
#undef STATUS
    };
    for (size_t i = 0; i < G_N_ELEMENTS(STATUSES); i++) {
        if (STATUSES[i].code == code) {
            return STATUSES[i].name;
        }
    }
    return "unknown";
}

/* A run of the processor has ended or begins: nothing is half said any more. */
static void observer_boot_again(Observer *observer)
{
    observer->slot = -1;
    observer->slot_signed = false;
    observer->staging_told = false;
    observer->drive = LOCKMECH_DRIVE_OFF;
    observer->status = 0;
}

void observer_power_on(Observer *observer, unsigned boot)
{
    JournalRecord record;
    JournalRecord found = {.state = JOURNAL_CONFIRMED, .slot = 0};
    observer_boot_again(observer);
    observer->boot = boot;
    (void)nvm_journal(observer->options.nvm, &found);
    observer->confirmed_slot = found.state == JOURNAL_CONFIRMED ? (int)(found.slot & 1u) : -1;
    if (nvm_journal(observer->options.nvm, &record) && record.sequence < observer->sequence_told) {
        observer->journal = record; /* Somebody has written an older flash back. */
        observer->sequence_told = record.sequence;
    }
    OBSERVE(observer, EVENT_POWER_ON, EVENT_INTEGER("boot", boot), OBSERVER_INSTRUCTIONS(observer));
}

/* The console. */

static void observer_line_flush(Observer *observer)
{
    if (observer->line->len > 0) {
        g_autofree char *text = g_utf8_make_valid(observer->line->str, (gssize)observer->line->len);
        OBSERVE(observer, EVENT_UART_LINE, EVENT_TEXT("text", text));
        g_string_truncate(observer->line, 0);
    }
}

static void observer_uart(Observer *observer, const WireCall *call)
{
    g_byte_array_append(observer->uart, call->bytes, (guint)call->byte_count);
    scanner_stream(observer->scanner, "uart", call->bytes, call->byte_count);
    for (size_t i = 0; i < call->byte_count; i++) {
        uint8_t byte = call->bytes[i];
        if (byte == '\n' || observer->line->len == OBSERVER_LINE_BYTES_MAX) {
            observer_line_flush(observer);
        }
        if (byte != '\n' && byte != '\r') {
            g_string_append_c(observer->line, byte == '\0' ? '?' : (char)byte);
        }
    }
}

/* Flash and fuses. */

static const char *observer_kind_text(uint32_t kind)
{
    return kind == HOSTLINK_NVM_PROGRAM ? "program" : kind == HOSTLINK_NVM_ERASE ? "erase" : "otp";
}

static void observer_log_operation(Observer *observer, const WireCall *call)
{
    const HostlinkNvmOperation *nvm = &call->nvm;
    g_autoptr(GString) line = g_string_new(NULL);
    g_string_printf(line, "%" G_GUINT64_FORMAT " %" G_GINT64_FORMAT " %s %u %u ", nvm->number,
                    observer_now(observer), observer_kind_text(nvm->kind), nvm->offset, nvm->bytes);
    for (size_t i = 0; i < call->byte_count; i++) {
        g_string_append_printf(line, "%02x", call->bytes[i]);
    }
    g_string_append(line, call->byte_count == 0 ? "-\n" : "\n");
    g_byte_array_append(observer->nvm_log, (const guint8 *)line->str, (guint)line->len);
}

static void observer_look_at_staging(Observer *observer, uint32_t kind, uint32_t offset)
{
    uint32_t other = observer->slot == 0 ? SLOT_B_OFFSET : SLOT_A_OFFSET;
    if (observer->slot < 0 || observer->staging_told || kind == HOSTLINK_NVM_OTP ||
        offset < other || offset >= other + SLOT_BYTES) {
        return;
    }
    observer->staging_told = true;
    OBSERVE(observer, EVENT_UPDATE_STAGING_STARTED,
            EVENT_TEXT("slot", observer_slot_text((uint32_t)observer->slot ^ 1u)),
            OBSERVER_INSTRUCTIONS(observer));
}

static bool observer_nvm_started(Observer *observer, const WireCall *call, GError **error)
{
    const HostlinkNvmOperation *nvm = &call->nvm;
    if (!nvm_start(observer->options.nvm, nvm, call->bytes)) {
        g_set_error(error, MACHINE_ERROR, MACHINE_ERROR_RULES,
                    "hostlink: NVM operation %" G_GUINT64_FORMAT " starts while others run",
                    nvm->number);
        return false;
    }
    if (call->byte_count > 0) {
        scanner_look(observer->scanner, "flash", call->bytes, call->byte_count);
    }
    if (observer->nvm_log != NULL) {
        observer_log_operation(observer, call);
        OBSERVE(observer, EVENT_NVM_OPERATION, EVENT_INTEGER("number", nvm->number),
                EVENT_TEXT("kind", observer_kind_text(nvm->kind)),
                EVENT_INTEGER("offset", nvm->offset), EVENT_INTEGER("bytes", nvm->bytes),
                EVENT_TEXT("region", nvm_region(nvm->kind, nvm->offset)),
                EVENT_INTEGER("bits", nvm_changes(observer->options.nvm, nvm)),
                OBSERVER_INSTRUCTIONS(observer));
    }
    observer_look_at_staging(observer, nvm->kind, nvm->offset);
    return true;
}

static const char *observer_state_text(uint32_t state)
{
    switch (state) {
    case JOURNAL_CONFIRMED:
        return "confirmed";
    case JOURNAL_STAGED:
        return "staged";
    case JOURNAL_TRIAL:
        return "trial";
    case JOURNAL_REVERTED:
        return "reverted";
    default:
        return "unknown";
    }
}

/* What a new journal record means for the update. Keeps O1. */
static void observer_update_moved(Observer *observer, const JournalRecord *before,
                                  const JournalRecord *record)
{
    char version[OBSERVER_VERSION_CHARS];
    EventField slot = EVENT_TEXT("slot", observer_slot_text(record->slot));
    EventField of = EVENT_TEXT("version", observer_version_text(record->version, version));
    EventField valid =
        EVENT_TRUTH("valid", nvm_image(observer->options.nvm, record->slot & 1u)->allowed);
    bool waiting = before->state == JOURNAL_TRIAL || before->state == JOURNAL_STAGED;
    if (record->state == JOURNAL_STAGED) {
        OBSERVE(observer, EVENT_UPDATE_STAGED, slot, of, valid, OBSERVER_INSTRUCTIONS(observer));
    } else if (record->state == JOURNAL_TRIAL) {
        OBSERVE(observer, EVENT_UPDATE_TRIAL, slot, of, EVENT_INTEGER("attempts", record->attempts),
                valid, OBSERVER_INSTRUCTIONS(observer));
    } else if (record->state == JOURNAL_REVERTED) {
        OBSERVE(observer, EVENT_UPDATE_REVERTED, slot, of,
                EVENT_TEXT("reason", observer_status_text(record->reason)),
                OBSERVER_INSTRUCTIONS(observer));
    } else if (record->state == JOURNAL_CONFIRMED && waiting && before->slot == record->slot) {
        OBSERVE(observer, EVENT_UPDATE_CONFIRMED, slot, of, valid, OBSERVER_INSTRUCTIONS(observer));
    }
    observer->staging_told = false;
}

/* Reports the journal's newest record if it is new. Keeps O3. */
static void observer_look_at_journal(Observer *observer)
{
    JournalRecord record;
    if (!nvm_journal(observer->options.nvm, &record) ||
        record.sequence <= observer->sequence_told) {
        return;
    }
    char version[OBSERVER_VERSION_CHARS];
    JournalRecord before = observer->journal;
    observer->journal = record;
    observer->sequence_told = record.sequence;
    OBSERVE(observer, EVENT_JOURNAL_RECORDED,
            EVENT_TEXT("state", observer_state_text(record.state)),
            EVENT_TEXT("slot", observer_slot_text(record.slot)),
            EVENT_TEXT("version", observer_version_text(record.version, version)),
            EVENT_INTEGER("sequence", record.sequence), EVENT_INTEGER("attempts", record.attempts),
            EVENT_INTEGER("reason", record.reason));
    observer_update_moved(observer, &before, &record);
}

/* The counter of the signed image that is confirmed, or was when the power came: what the ROM has
 * read then it may act upon, even if the cells it stood in were weak. -1 when there is none. */
static int observer_confirmed_counter(Observer *observer)
{
    int now = nvm_confirmed_counter(observer->options.nvm);
    if (observer->confirmed_slot < 0) {
        return now;
    }
    const NvmImage *image = nvm_image(observer->options.nvm, (unsigned)observer->confirmed_slot);
    return image->is_signed ? MAX(now, (int)image->security_counter) : now;
}

static void observer_look_at_counter(Observer *observer)
{
    unsigned counter = nvm_security_counter(observer->options.nvm);
    if (counter != observer->counter_told) {
        observer->counter_told = counter;
        OBSERVE(observer, EVENT_COUNTER_RAISED, EVENT_INTEGER("value", counter),
                EVENT_INTEGER("confirmed", observer_confirmed_counter(observer)));
    }
}

void observer_flash_changed(Observer *observer, uint32_t offset, uint32_t byte_count)
{
    if (offset < JOURNAL_OFFSET + JOURNAL_BYTES && byte_count > 0) {
        observer_look_at_journal(observer);
    }
    observer_look_at_counter(observer);
}

void observer_worn(Observer *observer, const HostlinkNvmOperation *operation, unsigned bits)
{
    OBSERVE(observer, EVENT_NVM_WORN, EVENT_INTEGER("number", operation->number),
            EVENT_TEXT("kind", observer_kind_text(operation->kind)),
            EVENT_TEXT("region", nvm_region(operation->kind, operation->offset)),
            EVENT_INTEGER("bits", bits));
}

/* What is read by the processor or an accelerator, and where. */

static const char *observer_read_region(const HostlinkRead *read)
{
    return read->source == HOSTLINK_READ_NIC_BUFFER ? "nic_buffer"
           : read->source == HOSTLINK_READ_NIC_LENGTH
               ? "nic_length"
               : nvm_region(HOSTLINK_NVM_PROGRAM, read->offset);
}

static char *observer_value_text(uint64_t value, uint32_t bytes)
{
    return g_strdup_printf("0x%0*" G_GINT64_MODIFIER "x", (int)bytes * 2, value);
}

static void observer_reread(Observer *observer, const WireCall *call)
{
    const HostlinkRead *read = &call->read;
    g_autofree char *value = observer_value_text(read->value, read->bytes);
    OBSERVE(observer, EVENT_READ_REPEATED, EVENT_INTEGER("number", read->number),
            EVENT_TEXT("region", observer_read_region(read)), EVENT_INTEGER("offset", read->offset),
            EVENT_INTEGER("bytes", read->bytes), EVENT_INTEGER("pc", read->pc),
            EVENT_TEXT("value", value), OBSERVER_INSTRUCTIONS(observer));
}

static void observer_misread(Observer *observer, const WireCall *call)
{
    const HostlinkRead *read = &call->read;
    g_autofree char *value = observer_value_text(read->value, read->bytes);
    g_autofree char *given = observer_value_text(read->given, read->bytes);
    OBSERVE(observer, EVENT_READ_FAULTED, EVENT_INTEGER("number", read->number),
            EVENT_TEXT("region", observer_read_region(read)), EVENT_INTEGER("offset", read->offset),
            EVENT_INTEGER("bytes", read->bytes), EVENT_INTEGER("pc", read->pc),
            EVENT_TEXT("value", value), EVENT_TEXT("given", given),
            OBSERVER_INSTRUCTIONS(observer));
}

static bool observer_nvm_done(Observer *observer, const WireCall *call, GError **error)
{
    const HostlinkNvmOperation *nvm = &call->nvm;
    if (!nvm_finish(observer->options.nvm, nvm)) {
        g_set_error(error, MACHINE_ERROR, MACHINE_ERROR_RULES,
                    "hostlink: NVM operation %" G_GUINT64_FORMAT " ends that never started",
                    nvm->number);
        return false;
    }
    if (nvm->kind == HOSTLINK_NVM_OTP) {
        observer_look_at_counter(observer);
    } else {
        observer_flash_changed(observer, nvm->offset, nvm->bytes);
    }
    return true;
}

/* Starting up. */

static void observer_slot_started(Observer *observer, const WireCall *call)
{
    unsigned slot = call->word == SLOT_A_OFFSET ? 0 : 1;
    char version[OBSERVER_VERSION_CHARS];
    const NvmImage *image = nvm_image(observer->options.nvm, slot);
    observer->slot = (int)slot;
    observer->slot_signed = image->is_signed;
    observer->staging_told = false;
    OBSERVE(observer, EVENT_BOOT_SLOT_STARTED, EVENT_TEXT("slot", observer_slot_text(slot)),
            EVENT_TEXT("version", observer_version_text(image->version, version)),
            EVENT_TRUTH("valid", image->allowed), EVENT_TRUTH("signed", image->is_signed),
            EVENT_TRUTH("trial",
                        observer->journal.state == JOURNAL_TRIAL && observer->journal.slot == slot),
            EVENT_TEXT("journal", observer->journal.sequence == 0
                                      ? "none"
                                      : observer_state_text(observer->journal.state)),
            EVENT_INTEGER("boot", observer->boot), OBSERVER_INSTRUCTIONS(observer)); /* O2 */
}

static void observer_progress(Observer *observer, const WireCall *call)
{
    uint32_t code = call->word;
    const char *name = "unknown";
    if (code > UINT16_MAX) {
        observer->status = code;
        OBSERVE(observer, EVENT_DEVICE_STATUS, EVENT_INTEGER("code", code),
                EVENT_TEXT("name", observer_status_text(code)), OBSERVER_INSTRUCTIONS(observer));
        return;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(OBSERVER_PROGRESS); i++) {
        name = OBSERVER_PROGRESS[i].code == code ? OBSERVER_PROGRESS[i].name : name;
    }
    OBSERVE(observer, EVENT_DEVICE_PROGRESS, EVENT_INTEGER("code", code), EVENT_TEXT("name", name),
            OBSERVER_INSTRUCTIONS(observer));
    if (code == OBSERVER_ROM_RECOVERY) {
        unsigned acceptable = 0;
        for (unsigned slot = 0; slot < 2; slot++) {
            acceptable += nvm_image(observer->options.nvm, slot)->allowed ? 1 : 0;
        }
        OBSERVE(observer, EVENT_BOOT_RECOVERY, EVENT_INTEGER("code", observer->status),
                EVENT_TEXT("name", observer_status_text(observer->status)),
                EVENT_INTEGER("acceptable", acceptable), OBSERVER_INSTRUCTIONS(observer));
    } else if (code == OBSERVER_APP_STARTED && observer->slot >= 0 && observer->slot_signed) {
        char version[OBSERVER_VERSION_CHARS];
        const NvmImage *image = nvm_image(observer->options.nvm, (unsigned)observer->slot);
        OBSERVE(observer, EVENT_BOOT_COMPLETED,
                EVENT_TEXT("slot", observer_slot_text((uint32_t)observer->slot)),
                EVENT_TEXT("version", observer_version_text(image->version, version)),
                EVENT_INTEGER("boot", observer->boot), OBSERVER_INSTRUCTIONS(observer));
    }
}

static void observer_reset(Observer *observer, const WireCall *call)
{
    static const char *const CAUSES[] = {
        [POWER_RESET_CAUSE_POWER_ON] = "power_on",
        [POWER_RESET_CAUSE_SOFTWARE] = "software",
        [POWER_RESET_CAUSE_WATCHDOG] = "watchdog",
        [POWER_RESET_CAUSE_LOCKUP] = "lockup",
    };
    observer_line_flush(observer);
    OBSERVE(observer, EVENT_DEVICE_RESET, EVENT_TEXT("cause", CAUSES[call->word]),
            OBSERVER_INSTRUCTIONS(observer));
    observer_boot_again(observer);
}

static void observer_power_lost(Observer *observer, const WireCall *call, const char *reason)
{
    static const char *const TORN[] = {
        [HOSTLINK_TORN_NOTHING] = "nothing", [HOSTLINK_TORN_PREFIX] = "prefix",
        [HOSTLINK_TORN_RANDOM] = "random",   [HOSTLINK_TORN_HALF] = "half",
        [HOSTLINK_TORN_WEAK] = "weak",       [HOSTLINK_TORN_COMPLETE] = "complete",
    };
    const HostlinkPowerLost *lost = &call->lost;
    bool torn = lost->torn_operation != 0;
    observer_line_flush(observer);
    observer->bolt = lost->bolt_position;
    OBSERVE(observer, EVENT_POWER_LOST, EVENT_TEXT("reason", reason),
            EVENT_INTEGER("operation", lost->nvm_operations),
            EVENT_TEXT("torn", torn ? TORN[lost->torn] : "none"),
            EVENT_INTEGER("changed_bits", lost->changed_bits),
            EVENT_INTEGER("torn_operation", torn ? lost->nvm_operations : 0),
            EVENT_INTEGER("bolt", lost->bolt_position), OBSERVER_INSTRUCTIONS(observer));
    observer_boot_again(observer);
}

/* The mechanism and the panel. */

static void observer_motor(Observer *observer, const WireCall *call)
{
    static const char *const DIRECTIONS[] = {
        [LOCKMECH_DRIVE_OFF] = "stop",
        [LOCKMECH_DRIVE_EXTEND] = "lock",
        [LOCKMECH_DRIVE_RETRACT] = "unlock",
    };
    observer->drive = call->word;
    observer->drive_since = observer_now(observer);
    OBSERVE(observer, EVENT_MOTOR_DRIVEN, EVENT_TEXT("direction", DIRECTIONS[call->word]));
}

static void observer_tell_bolt(Observer *observer)
{
    const char *state = observer->bolt == 1000                  ? "locked"
                        : observer->bolt == 0                   ? "unlocked"
                        : observer->drive != LOCKMECH_DRIVE_OFF ? "moving"
                                                                : "between";
    OBSERVE(observer, EVENT_BOLT_MOVED, EVENT_INTEGER("position", observer->bolt),
            EVENT_TEXT("state", state));
}

static void observer_bolt(Observer *observer, const WireCall *call)
{
    bool still = call->word == observer->bolt;
    VTime driven = observer_now(observer) - observer->drive_since;
    observer->bolt = call->word;
    if (still && observer->drive != LOCKMECH_DRIVE_OFF && driven >= LOCKMECH_STALL_NS) {
        OBSERVE(observer, EVENT_BOLT_STALLED, EVENT_INTEGER("position", call->word));
    } else if (!still) {
        observer_tell_bolt(observer);
    }
}

void observer_set_bolt(Observer *observer, uint32_t position)
{
    if (observer->bolt != position) {
        observer->bolt = position;
        observer_tell_bolt(observer);
    }
}

/* Whether a call is an act of the device that is there however far the lab lets it run. */
static bool observer_is_act(uint32_t type)
{
    switch (type) {
    case HOSTLINK_HELLO:
    case HOSTLINK_HORIZON:
    case HOSTLINK_SLEEP_FOREVER:
    case HOSTLINK_SAVED:
    case HOSTLINK_REREAD:
    case HOSTLINK_READ_FAULTED:
    case HOSTLINK_CONTENT:
    case HOSTLINK_POWER_LOST:
        return false;
    default:
        return true;
    }
}

static void observer_count_call(Observer *observer, const WireCall *call)
{
    observer->calls++;
    if (observer->options.record_calls) {
        g_autofree char *kind = g_ascii_strdown(wire_call_name(call->type), -1);
        OBSERVE(observer, EVENT_DEVICE_CALL, EVENT_INTEGER("number", observer->calls),
                EVENT_TEXT("kind", kind), OBSERVER_INSTRUCTIONS(observer));
    }
}

bool observer_call(Observer *observer, const WireCall *call, const char *reason, GError **error)
{
    observer->instructions = call->instructions;
    if (observer_is_act(call->type)) {
        observer_count_call(observer, call);
    }
    switch (call->type) {
    case HOSTLINK_FRAME_SENT:
        scanner_look(observer->scanner, "frame", call->bytes, call->byte_count);
        break;
    case HOSTLINK_UART_SENT:
        observer_uart(observer, call);
        break;
    case HOSTLINK_MOTOR:
        observer_motor(observer, call);
        break;
    case HOSTLINK_BOLT:
        observer_bolt(observer, call);
        break;
    case HOSTLINK_LEDS:
        OBSERVE(observer, EVENT_LEDS_CHANGED, EVENT_INTEGER("leds", call->word));
        break;
    case HOSTLINK_BUZZER:
        OBSERVE(observer, EVENT_BUZZER_CHANGED, EVENT_INTEGER("hertz", call->word));
        break;
    case HOSTLINK_NVM_STARTED:
        return observer_nvm_started(observer, call, error);
    case HOSTLINK_NVM_DONE:
        return observer_nvm_done(observer, call, error);
    case HOSTLINK_PROGRESS:
        observer_progress(observer, call);
        break;
    case HOSTLINK_WINDOW_LOCKED:
        observer_slot_started(observer, call);
        break;
    case HOSTLINK_RESET:
        observer_reset(observer, call);
        break;
    case HOSTLINK_POWER_LOST:
        observer_power_lost(observer, call, reason);
        break;
    case HOSTLINK_REREAD:
        observer_reread(observer, call);
        break;
    case HOSTLINK_READ_FAULTED:
        observer_misread(observer, call);
        break;
    case HOSTLINK_DEBUG_RESULT:
        OBSERVE(observer, EVENT_DEBUG_ATTEMPTED, EVENT_TRUTH("granted", call->word != 0));
        break;
    default: /* HELLO, HORIZON, SLEEP_FOREVER: nothing happened */
        break;
    }
    return true;
}

void observer_end(Observer *observer)
{
    const Nvm *nvm = observer->options.nvm;
    observer_line_flush(observer);
    for (uint32_t sector = 0; sector < NVM_SECTORS; sector++) {
        uint32_t first = sector;
        while (sector < NVM_SECTORS && nvm->touched[sector]) {
            sector++;
        }
        if (sector > first) {
            scanner_look(observer->scanner, "flash", nvm->flash + first * FLASH_SECTOR_BYTES,
                         (size_t)(sector - first) * FLASH_SECTOR_BYTES);
        }
    }
}

uint64_t observer_instructions(const Observer *observer)
{
    return observer->instructions;
}

uint64_t observer_calls(const Observer *observer)
{
    return observer->calls;
}
