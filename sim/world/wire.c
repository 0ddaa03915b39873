/* SPDX-License-Identifier: MIT */

#include "sim/world/wire.h"

#include <assert.h>
#include <string.h>

#include "vdevice/contract/memory_map.h"
#include "vdevice/contract/regs.h"

#define WIRE_UART_BYTES_MAX 256u

/* What a call of each type may look like. */
typedef struct WireShape {
    uint32_t type;
    const char *name;
    uint32_t bytes_min;
    uint32_t bytes_max;
} WireShape;

static const WireShape WIRE_SHAPES[] = {
    {HOSTLINK_HELLO, "HELLO", sizeof(HostlinkHello), sizeof(HostlinkHello)},
    {HOSTLINK_HORIZON, "HORIZON", 0, sizeof(uint64_t)},
    {HOSTLINK_FRAME_SENT, "FRAME_SENT", NIC_FRAME_BYTES_MIN, NIC_FRAME_BYTES_MAX},
    {HOSTLINK_UART_SENT, "UART_SENT", 1, WIRE_UART_BYTES_MAX},
    {HOSTLINK_MOTOR, "MOTOR", sizeof(HostlinkWord), sizeof(HostlinkWord)},
    {HOSTLINK_BOLT, "BOLT", sizeof(HostlinkWord), sizeof(HostlinkWord)},
    {HOSTLINK_LEDS, "LEDS", sizeof(HostlinkWord), sizeof(HostlinkWord)},
    {HOSTLINK_BUZZER, "BUZZER", sizeof(HostlinkWord), sizeof(HostlinkWord)},
    {HOSTLINK_NVM_STARTED, "NVM_STARTED", sizeof(HostlinkNvmOperation),
     sizeof(HostlinkNvmOperation) + FLASH_PAGE_BYTES},
    {HOSTLINK_NVM_DONE, "NVM_DONE", sizeof(HostlinkNvmOperation), sizeof(HostlinkNvmOperation)},
    {HOSTLINK_PROGRESS, "PROGRESS", sizeof(HostlinkWord), sizeof(HostlinkWord)},
    {HOSTLINK_WINDOW_LOCKED, "WINDOW_LOCKED", sizeof(HostlinkWord), sizeof(HostlinkWord)},
    {HOSTLINK_RESET, "RESET", sizeof(HostlinkWord), sizeof(HostlinkWord)},
    {HOSTLINK_POWER_LOST, "POWER_LOST", sizeof(HostlinkPowerLost), sizeof(HostlinkPowerLost)},
    {HOSTLINK_CONTENT, "CONTENT", 0, HOSTLINK_BODY_BYTES_MAX},
    {HOSTLINK_DEBUG_RESULT, "DEBUG_RESULT", sizeof(HostlinkWord), sizeof(HostlinkWord)},
    {HOSTLINK_SLEEP_FOREVER, "SLEEP_FOREVER", 0, 0},
    {HOSTLINK_SAVED, "SAVED", 0, 0},
    {HOSTLINK_REREAD, "REREAD", sizeof(HostlinkRead), sizeof(HostlinkRead)},
    {HOSTLINK_READ_FAULTED, "READ_FAULTED", sizeof(HostlinkRead), sizeof(HostlinkRead)},
};

G_DEFINE_QUARK(wire - error - quark, wire_error)

static const WireShape *wire_shape(uint32_t type)
{
    for (size_t i = 0; i < G_N_ELEMENTS(WIRE_SHAPES); i++) {
        if (WIRE_SHAPES[i].type == type) {
            return &WIRE_SHAPES[i];
        }
    }
    return NULL;
}

const char *wire_call_name(uint32_t type)
{
    const WireShape *shape = wire_shape(type);
    return shape == NULL ? "unknown" : shape->name;
}

static bool wire_refuse(GError **error, uint32_t type, const char *why, uint64_t value)
{
    g_set_error(error, WIRE_ERROR, WIRE_ERROR_MALFORMED,
                "hostlink: %s call (type %" G_GUINT32_FORMAT "): %s (%" G_GUINT64_FORMAT ")",
                wire_call_name(type), type, why, value);
    return false;
}

bool wire_check_header(const HostlinkHeader *header, GError **error)
{
    const WireShape *shape = wire_shape(header->type);
    if (shape == NULL) {
        return wire_refuse(error, header->type, "no such type", header->type);
    }
    if (header->body_bytes < shape->bytes_min || header->body_bytes > shape->bytes_max) {
        return wire_refuse(error, header->type, "impossible body length", header->body_bytes);
    }
    if (header->time > (uint64_t)INT64_MAX) {
        return wire_refuse(error, header->type, "time out of range", header->time);
    }
    return true;
}

static bool wire_nvm_is_sound(const WireCall *call, GError **error)
{
    const HostlinkNvmOperation *nvm = &call->nvm;
    bool started = call->type == HOSTLINK_NVM_STARTED;
    if (nvm->number == 0 || nvm->reserved != 0) {
        return wire_refuse(error, call->type, "operation without number", nvm->number);
    }
    switch (nvm->kind) {
    case HOSTLINK_NVM_PROGRAM:
        if (nvm->offset >= FLASH_BYTES || nvm->bytes == 0 || nvm->bytes > FLASH_PAGE_BYTES ||
            nvm->offset % FLASH_PAGE_BYTES + nvm->bytes > FLASH_PAGE_BYTES) {
            return wire_refuse(error, call->type, "program outside one page", nvm->offset);
        }
        break;
    case HOSTLINK_NVM_ERASE:
        if (nvm->offset >= FLASH_BYTES || nvm->offset % FLASH_SECTOR_BYTES != 0 ||
            nvm->bytes != FLASH_SECTOR_BYTES) {
            return wire_refuse(error, call->type, "erase of no sector", nvm->offset);
        }
        break;
    case HOSTLINK_NVM_OTP:
        if (nvm->offset >= OTP_WORDS * 4 || nvm->offset % 4 != 0 || nvm->bytes != 4) {
            return wire_refuse(error, call->type, "fuse outside OTP", nvm->offset);
        }
        break;
    default:
        return wire_refuse(error, call->type, "no such kind of operation", nvm->kind);
    }
    size_t expected = !started || nvm->kind == HOSTLINK_NVM_ERASE ? 0 : nvm->bytes;
    if (call->byte_count != expected) {
        return wire_refuse(error, call->type, "operation with wrong length of data",
                           call->byte_count);
    }
    return true;
}

static bool wire_lost_is_sound(const WireCall *call, GError **error)
{
    if (call->lost.torn_operation > 1 || call->lost.torn > HOSTLINK_TORN_COMPLETE) {
        return wire_refuse(error, call->type, "no such torn state", call->lost.torn);
    }
    if (call->lost.bolt_position > 1000) {
        return wire_refuse(error, call->type, "bolt beyond its travel", call->lost.bolt_position);
    }
    return true;
}

static bool wire_read_is_sound(const WireCall *call, GError **error)
{
    const HostlinkRead *read = &call->read;
    uint32_t end = read->source == HOSTLINK_READ_FLASH        ? FLASH_BYTES
                   : read->source == HOSTLINK_READ_NIC_BUFFER ? NIC_BUFFER_BYTES
                   : read->source == HOSTLINK_READ_NIC_LENGTH ? 4
                                                              : 0;
    bool whole = read->bytes == 1 || read->bytes == 2 || read->bytes == 4 || read->bytes == 8;
    if (read->number == 0) {
        return wire_refuse(error, call->type, "read without number", read->number);
    }
    if (!whole || read->bytes > end || read->offset > end - read->bytes) {
        return wire_refuse(error, call->type, "read outside its source", read->offset);
    }
    if ((read->value == read->given) != (call->type == HOSTLINK_REREAD)) {
        return wire_refuse(error, call->type, "gives what it should not", read->given);
    }
    return true;
}

static bool wire_word_is_sound(const WireCall *call, GError **error)
{
    uint32_t word = call->word;
    bool sound = true;
    if (call->type == HOSTLINK_MOTOR) {
        sound = word <= LOCKMECH_DRIVE_RETRACT;
    } else if (call->type == HOSTLINK_BOLT) {
        sound = word <= 1000;
    } else if (call->type == HOSTLINK_WINDOW_LOCKED) {
        sound = word == SLOT_A_OFFSET || word == SLOT_B_OFFSET;
    } else if (call->type == HOSTLINK_RESET) {
        sound = word >= POWER_RESET_CAUSE_POWER_ON && word <= POWER_RESET_CAUSE_LOCKUP;
    } else if (call->type == HOSTLINK_DEBUG_RESULT) {
        sound = word <= 1;
    }
    return sound || wire_refuse(error, call->type, "value out of range", word);
}

bool wire_parse(const HostlinkHeader *header, const uint8_t *body, WireCall *ret_call,
                GError **error)
{
    if (!wire_check_header(header, error)) {
        return false;
    }
    WireCall call = {
        .type = header->type,
        .time = header->time,
        .instructions = header->instructions,
        .body = body,
        .body_bytes = header->body_bytes,
        .idle_until = header->time,
    };
    switch (header->type) {
    case HOSTLINK_HELLO:
        memcpy(&call.hello, body, sizeof(call.hello));
        if (call.hello.version != HOSTLINK_VERSION) {
            return wire_refuse(error, call.type, "another version", call.hello.version);
        }
        break;
    case HOSTLINK_HORIZON:
        if (header->body_bytes == sizeof(call.idle_until)) {
            memcpy(&call.idle_until, body, sizeof(call.idle_until));
            if (call.idle_until < header->time) {
                return wire_refuse(error, call.type, "idle until the past", call.idle_until);
            }
        } else if (header->body_bytes != 0) {
            return wire_refuse(error, call.type, "impossible body length", header->body_bytes);
        }
        break;
    case HOSTLINK_SLEEP_FOREVER:
        call.idle_until = HOSTLINK_NEVER;
        break;
    case HOSTLINK_SAVED: /* no body */
        break;
    case HOSTLINK_FRAME_SENT:
    case HOSTLINK_UART_SENT:
    case HOSTLINK_CONTENT:
        call.bytes = body;
        call.byte_count = header->body_bytes;
        break;
    case HOSTLINK_NVM_STARTED:
    case HOSTLINK_NVM_DONE:
        memcpy(&call.nvm, body, sizeof(call.nvm));
        call.bytes = body + sizeof(call.nvm);
        call.byte_count = header->body_bytes - sizeof(call.nvm);
        if (!wire_nvm_is_sound(&call, error)) {
            return false;
        }
        break;
    case HOSTLINK_POWER_LOST:
        memcpy(&call.lost, body, sizeof(call.lost));
        if (!wire_lost_is_sound(&call, error)) {
            return false;
        }
        break;
    case HOSTLINK_REREAD:
    case HOSTLINK_READ_FAULTED:
        memcpy(&call.read, body, sizeof(call.read));
        if (!wire_read_is_sound(&call, error)) {
            return false;
        }
        break;
    default: {
        HostlinkWord word;
        memcpy(&word, body, sizeof(word));
        call.word = word.value;
        if (!wire_word_is_sound(&call, error)) {
            return false;
        }
        break;
    }
    }
    *ret_call = call;
    return true;
}

void wire_append(GByteArray *orders, uint32_t type, const void *body, size_t body_bytes)
{
    assert(body_bytes <= HOSTLINK_BODY_BYTES_MAX);
    HostlinkHeader header = {.type = type, .body_bytes = (uint32_t)body_bytes};
    g_byte_array_append(orders, (const guint8 *)&header, sizeof(header));
    if (body_bytes > 0) {
        g_byte_array_append(orders, body, (guint)body_bytes);
    }
}

void wire_append_word(GByteArray *orders, uint32_t type, uint32_t value)
{
    HostlinkWord word = {.value = value};
    wire_append(orders, type, &word, sizeof(word));
}

void wire_append_range(GByteArray *orders, uint32_t type, uint32_t space, uint32_t offset,
                       const uint8_t *bytes, uint32_t byte_count)
{
    HostlinkRange range = {.space = space, .offset = offset, .bytes = byte_count};
    HostlinkHeader header = {.type = type, .body_bytes = (uint32_t)sizeof(range) + byte_count};
    assert(header.body_bytes <= HOSTLINK_BODY_BYTES_MAX);
    g_byte_array_append(orders, (const guint8 *)&header, sizeof(header));
    g_byte_array_append(orders, (const guint8 *)&range, sizeof(range));
    g_byte_array_append(orders, bytes, byte_count);
}
