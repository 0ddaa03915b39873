/* SPDX-License-Identifier: MIT */

/*
 *   C1  What a torn operation leaves depends on old cells, data and the tear, on nothing else, and
 * is what nvm_apply() of the machine leaves for the cut with crash_tear_seed(). C2  Sectors whose
 * digest is not known are marked; all others' digests are right. C3  At most one operation is torn
 * at a time, and mending gives back every byte.
 *
 * The digest is a small tree: sectors, groups of them, the whole. A change costs one sector, one
 * group and the whole.
 */

#include "sim/world/crash.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/bytes.h"
#include "sim/world/signature.h"

#define CRASH_SECTORS        (FLASH_BYTES / FLASH_SECTOR_BYTES)
#define CRASH_GROUP_SECTORS  32u
#define CRASH_GROUPS         (CRASH_SECTORS / CRASH_GROUP_SECTORS)
#define CRASH_OTP_BYTES      (OTP_WORDS * 4u)
#define CRASH_WEAK_ONE_IN    10u
#define CRASH_UNITS_FIRST    8u  /* of an erase: each of the first units ... */
#define CRASH_UNITS_STEP     64u /* ... and then one in so many, that is a page */
#define CRASH_DRAWS_MAX      1000u
#define CRASH_LINE_CHARS_MAX 1024u

struct CrashMemory {
    uint8_t flash[FLASH_BYTES];
    uint8_t otp[CRASH_OTP_BYTES];
    uint8_t sector[CRASH_SECTORS][DIGEST_BYTES];
    uint8_t group[CRASH_GROUPS][DIGEST_BYTES];
    bool stale[CRASH_SECTORS]; /* C2 */
    bool stale_any;
    /* The torn operation, if any. C3 */
    bool torn;
    bool torn_otp;
    uint32_t torn_offset;
    uint32_t torn_bytes;
    uint8_t saved[FLASH_SECTOR_BYTES];
    uint8_t saved_sector[DIGEST_BYTES];
    uint8_t saved_group[DIGEST_BYTES];
    bool weak_any;
    uint8_t weak[FLASH_SECTOR_BYTES];
};

/* Reading a log. */

static bool crash_refuse(GError **error, size_t line, const char *why)
{
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "nvm.log:%zu:1: error: %s", line, why);
    return false;
}

static bool crash_kind_parse(const char *word, uint32_t *ret_kind)
{
    static const struct {
        const char *word;
        uint32_t kind;
    } KINDS[] = {{"program", HOSTLINK_NVM_PROGRAM},
                 {"erase", HOSTLINK_NVM_ERASE},
                 {"otp", HOSTLINK_NVM_OTP}};
    for (size_t i = 0; i < G_N_ELEMENTS(KINDS); i++) {
        if (strcmp(KINDS[i].word, word) == 0) {
            *ret_kind = KINDS[i].kind;
            return true;
        }
    }
    return false;
}

/* Whether the operation is one the chip could have been asked for. */
static bool crash_fits(const CrashOperation *operation)
{
    uint32_t room = operation->kind == HOSTLINK_NVM_OTP ? CRASH_OTP_BYTES : FLASH_BYTES;
    if (operation->bytes == 0 || operation->offset > room ||
        operation->bytes > room - operation->offset) {
        return false;
    }
    if (operation->kind == HOSTLINK_NVM_ERASE) {
        return operation->bytes == FLASH_SECTOR_BYTES &&
               operation->offset % FLASH_SECTOR_BYTES == 0;
    }
    return operation->bytes <= FLASH_PAGE_BYTES - operation->offset % FLASH_PAGE_BYTES;
}

static bool crash_line_parse(const char *text, size_t line, CrashOperation *ret_operation,
                             GError **error)
{
    g_auto(GStrv) words = g_strsplit(text, " ", 7);
    guint64 numbers[4] = {0};
    static const guint64 MOST[4] = {UINT64_MAX, INT64_MAX, UINT32_MAX, UINT32_MAX};
    const size_t places[4] = {0, 1, 3, 4};
    CrashOperation operation = {.number = 0};
    if (strlen(text) > CRASH_LINE_CHARS_MAX || g_strv_length(words) != 6 ||
        !crash_kind_parse(words[2], &operation.kind)) {
        return crash_refuse(error, line, "expected number, time, kind, offset, bytes, data");
    }
    for (size_t i = 0; i < 4; i++) {
        if (!g_ascii_string_to_unsigned(words[places[i]], 10, 0, MOST[i], &numbers[i], NULL)) {
            return crash_refuse(error, line, "expected a number");
        }
    }
    operation.number = numbers[0];
    operation.at = (VTime)numbers[1];
    operation.offset = (uint32_t)numbers[2];
    operation.bytes = (uint32_t)numbers[3];
    if (!crash_fits(&operation)) {
        return crash_refuse(error, line, "no such operation can be asked for");
    }
    bool erase = operation.kind == HOSTLINK_NVM_ERASE;
    if (erase ? strcmp(words[5], "-") != 0
              : !bytes_from_hex(words[5], operation.data, operation.bytes)) {
        return crash_refuse(error, line, "the data are not as long as they should be");
    }
    *ret_operation = operation;
    return true;
}

GArray *crash_log_parse(const char *text, gsize bytes, GError **error)
{
    g_autoptr(GArray) operations = g_array_new(FALSE, FALSE, sizeof(CrashOperation));
    g_autofree char *copy = g_strndup(text, bytes);
    g_auto(GStrv) lines = g_strsplit(copy, "\n", 0);
    for (size_t i = 0; lines[i] != NULL; i++) {
        CrashOperation operation;
        if (lines[i][0] == '\0') {
            continue;
        }
        if (!crash_line_parse(lines[i], i + 1, &operation, error)) {
            return NULL;
        }
        g_array_append_val(operations, operation);
    }
    return g_steal_pointer(&operations);
}

/* Memories. */

CrashMemory *crash_memory_new(const uint8_t *flash, const uint8_t *otp)
{
    CrashMemory *memory = g_new0(CrashMemory, 1);
    memcpy(memory->flash, flash, sizeof(memory->flash));
    memcpy(memory->otp, otp, sizeof(memory->otp));
    memset(memory->stale, true, sizeof(memory->stale));
    memory->stale_any = true;
    return memory;
}

CrashMemory *crash_memory_copy(const CrashMemory *memory)
{
    return g_memdup2(memory, sizeof(*memory));
}

void crash_memory_free(CrashMemory *memory)
{
    g_free(memory);
}

const uint8_t *crash_memory_flash(const CrashMemory *memory)
{
    return memory->flash;
}

const uint8_t *crash_memory_otp(const CrashMemory *memory)
{
    return memory->otp;
}

const uint8_t *crash_memory_weak(const CrashMemory *memory, uint32_t *ret_offset)
{
    *ret_offset = memory->torn_offset - memory->torn_offset % FLASH_SECTOR_BYTES;
    return memory->weak_any ? memory->weak : NULL;
}

static void crash_stale(CrashMemory *memory, uint32_t offset)
{
    memory->stale[offset / FLASH_SECTOR_BYTES] = true;
    memory->stale_any = true;
}

static void crash_freshen(CrashMemory *memory)
{
    for (uint32_t group = 0; memory->stale_any && group < CRASH_GROUPS; group++) {
        bool changed = false;
        for (uint32_t i = group * CRASH_GROUP_SECTORS; i < (group + 1) * CRASH_GROUP_SECTORS; i++) {
            if (memory->stale[i]) {
                signature_sha256(memory->flash + i * FLASH_SECTOR_BYTES, FLASH_SECTOR_BYTES,
                                 memory->sector[i]);
                memory->stale[i] = false;
                changed = true;
            }
        }
        if (changed) {
            signature_sha256(memory->sector[group * CRASH_GROUP_SECTORS],
                             CRASH_GROUP_SECTORS * DIGEST_BYTES, memory->group[group]);
        }
    }
    memory->stale_any = false;
}

Digest crash_memory_digest(CrashMemory *memory)
{
    struct {
        uint8_t group[CRASH_GROUPS][DIGEST_BYTES];
        uint8_t otp[CRASH_OTP_BYTES];
        uint8_t weak[DIGEST_BYTES];
    } whole = {.weak = {0}};
    Digest digest;
    crash_freshen(memory);
    memcpy(whole.group, memory->group, sizeof(whole.group));
    memcpy(whole.otp, memory->otp, sizeof(whole.otp));
    if (memory->weak_any) {
        signature_sha256(memory->weak, sizeof(memory->weak), whole.weak);
    }
    signature_sha256((const uint8_t *)&whole, sizeof(whole), digest.bytes);
    return digest;
}

/* Operations. */

static bool crash_is_otp(const CrashOperation *operation)
{
    return operation->kind == HOSTLINK_NVM_OTP;
}

static uint8_t *crash_cells(CrashMemory *memory, const CrashOperation *operation)
{
    return (crash_is_otp(operation) ? memory->otp : memory->flash) + operation->offset;
}

/* The bits of byte `i` that the operation drives. */
static uint8_t crash_strobe(const CrashOperation *operation, uint32_t i)
{
    switch (operation->kind) {
    case HOSTLINK_NVM_ERASE:
        return 0xff;
    case HOSTLINK_NVM_PROGRAM:
        return (uint8_t)~operation->data[i];
    default:
        return operation->data[i];
    }
}

/* The bits of byte `i` that are different afterwards. */
static uint8_t crash_difference(const CrashOperation *operation, uint32_t i, uint8_t old)
{
    uint8_t changeable = operation->kind == HOSTLINK_NVM_PROGRAM ? old : (uint8_t)~old;
    return crash_strobe(operation, i) & changeable;
}

void crash_memory_apply(CrashMemory *memory, const CrashOperation *operation)
{
    assert(!memory->torn);
    uint8_t *cells = crash_cells(memory, operation);
    for (uint32_t i = 0; i < operation->bytes; i++) {
        cells[i] ^= crash_difference(operation, i, cells[i]);
    }
    if (!crash_is_otp(operation)) {
        crash_stale(memory, operation->offset);
    }
}

/* SplitMix64, as the machine draws. Keeps C1. */
static uint64_t crash_draw(uint64_t *state)
{
    uint64_t mixed = *state += UINT64_C(0x9e3779b97f4a7c15);
    mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
    return mixed ^ (mixed >> 31);
}

/* Which changes of byte `i` have happened when the power goes. */
static uint8_t crash_happened(const CrashOperation *operation, CrashTear tear, uint32_t i,
                              uint8_t drawn)
{
    uint32_t unit = i / FLASH_PROGRAM_UNIT_BYTES;
    switch (tear.torn) {
    case HOSTLINK_TORN_PREFIX:
        return unit < tear.value ? 0xff : 0;
    case HOSTLINK_TORN_RANDOM:
        return drawn;
    case HOSTLINK_TORN_HALF:
        if (unit < crash_operation_units(operation) / 2) {
            return 0xff;
        }
        return operation->kind == HOSTLINK_NVM_ERASE ? drawn : 0;
    case HOSTLINK_TORN_WEAK:
    case HOSTLINK_TORN_COMPLETE:
        return 0xff;
    default:
        return 0;
    }
}

static uint8_t crash_weak_bits(uint8_t change, uint64_t *random)
{
    uint8_t weak = 0;
    for (unsigned bit = 0; bit < 8; bit++) {
        if ((change & (1u << bit)) != 0 && crash_draw(random) % CRASH_WEAK_ONE_IN == 0) {
            weak |= (uint8_t)(1u << bit);
        }
    }
    return weak;
}

static void crash_save(CrashMemory *memory, const CrashOperation *operation)
{
    uint32_t sector = operation->offset / FLASH_SECTOR_BYTES;
    crash_freshen(memory);
    memory->torn = true;
    memory->torn_otp = crash_is_otp(operation);
    memory->torn_offset = operation->offset;
    memory->torn_bytes = operation->bytes;
    memcpy(memory->saved, crash_cells(memory, operation), operation->bytes);
    if (!memory->torn_otp) {
        memcpy(memory->saved_sector, memory->sector[sector], DIGEST_BYTES);
        memcpy(memory->saved_group, memory->group[sector / CRASH_GROUP_SECTORS], DIGEST_BYTES);
        crash_stale(memory, operation->offset);
    }
}

uint32_t crash_memory_tear(CrashMemory *memory, const CrashOperation *operation, CrashTear tear)
{
    assert(!memory->torn);
    uint64_t random = crash_tear_seed(operation->number, tear);
    uint32_t changed_bits = 0;
    crash_save(memory, operation);
    uint8_t *cells = crash_cells(memory, operation);
    uint8_t *weak = memory->weak + operation->offset % FLASH_SECTOR_BYTES;
    for (uint32_t i = 0; i < operation->bytes; i++) {
        uint8_t drawn = (uint8_t)crash_draw(&random);
        uint8_t change = crash_difference(operation, i, cells[i]);
        change &= crash_happened(operation, tear, i, drawn);
        cells[i] ^= change;
        changed_bits += (uint32_t)__builtin_popcount(change);
        if (tear.torn == HOSTLINK_TORN_WEAK && !memory->torn_otp) {
            weak[i] = crash_weak_bits(change, &random);
            memory->weak_any = memory->weak_any || weak[i] != 0;
        }
    }
    return changed_bits;
}

void crash_memory_mend(CrashMemory *memory)
{
    assert(memory->torn);
    memory->torn = false;
    memcpy((memory->torn_otp ? memory->otp : memory->flash) + memory->torn_offset, memory->saved,
           memory->torn_bytes);
    if (!memory->torn_otp) {
        uint32_t sector = memory->torn_offset / FLASH_SECTOR_BYTES;
        memcpy(memory->sector[sector], memory->saved_sector, DIGEST_BYTES);
        memcpy(memory->group[sector / CRASH_GROUP_SECTORS], memory->saved_group, DIGEST_BYTES);
        memory->stale[sector] = false; /* the only one, for tearing began with none */
        memory->stale_any = false;
    }
    if (memory->weak_any) {
        memset(memory->weak, 0, sizeof(memory->weak));
        memory->weak_any = false;
    }
}

void crash_memory_settle(CrashMemory *memory)
{
    assert(memory->torn);
    memory->torn = false;
    uint32_t sector = memory->torn_offset / FLASH_SECTOR_BYTES * FLASH_SECTOR_BYTES;
    for (uint32_t i = 0; memory->weak_any && i < FLASH_SECTOR_BYTES; i++) {
        memory->flash[sector + i] ^= memory->weak[i];
        memory->weak[i] = 0;
    }
    if (!memory->torn_otp) {
        crash_stale(memory, sector);
    }
    memory->weak_any = false;
}

/* Tears. */

uint64_t crash_tear_seed(uint64_t operation, CrashTear tear)
{
    return operation * CRASH_DRAWS_MAX + tear.value;
}

uint32_t crash_operation_units(const CrashOperation *operation)
{
    return (operation->bytes + FLASH_PROGRAM_UNIT_BYTES - 1) / FLASH_PROGRAM_UNIT_BYTES;
}

static void crash_add_tear(GArray *tears, uint32_t torn, uint32_t value)
{
    CrashTear tear = {.torn = torn, .value = value};
    g_array_append_val(tears, tear);
}

GArray *crash_tears(const CrashOperation *operation, bool every_unit, uint32_t draws)
{
    GArray *tears = g_array_new(FALSE, FALSE, sizeof(CrashTear));
    uint32_t units = crash_operation_units(operation);
    bool erase = operation->kind == HOSTLINK_NVM_ERASE;
    crash_add_tear(tears, HOSTLINK_TORN_NOTHING, 0);
    for (uint32_t unit = 1; unit < units; unit++) {
        if (!erase || every_unit || unit < CRASH_UNITS_FIRST || unit % CRASH_UNITS_STEP == 0) {
            crash_add_tear(tears, HOSTLINK_TORN_PREFIX, unit);
        }
    }
    for (uint32_t draw = 0; draw < MIN(draws, CRASH_DRAWS_MAX); draw++) {
        crash_add_tear(tears, HOSTLINK_TORN_RANDOM, draw);
        if (erase) {
            crash_add_tear(tears, HOSTLINK_TORN_HALF, draw);
        }
        if (!crash_is_otp(operation)) {
            crash_add_tear(tears, HOSTLINK_TORN_WEAK, draw);
        }
    }
    crash_add_tear(tears, HOSTLINK_TORN_COMPLETE, 0);
    return tears;
}

static const char *const CRASH_WORDS[] = {
    [HOSTLINK_TORN_NOTHING] = "before", [HOSTLINK_TORN_PREFIX] = "prefix",
    [HOSTLINK_TORN_RANDOM] = "random",  [HOSTLINK_TORN_HALF] = "half",
    [HOSTLINK_TORN_WEAK] = "weak",      [HOSTLINK_TORN_COMPLETE] = "complete",
};

static bool crash_has_value(uint32_t torn)
{
    return torn != HOSTLINK_TORN_NOTHING && torn != HOSTLINK_TORN_COMPLETE;
}

void crash_tear_print(CrashTear tear, char ret_name[CRASH_TEAR_NAME_BYTES])
{
    if (crash_has_value(tear.torn)) {
        snprintf(ret_name, CRASH_TEAR_NAME_BYTES, "%s.%u", CRASH_WORDS[tear.torn], tear.value);
    } else {
        g_strlcpy(ret_name, CRASH_WORDS[tear.torn], CRASH_TEAR_NAME_BYTES);
    }
}

bool crash_tear_parse(const char *name, CrashTear *ret_tear)
{
    for (uint32_t torn = 0; torn < G_N_ELEMENTS(CRASH_WORDS); torn++) {
        size_t length = strlen(CRASH_WORDS[torn]);
        guint64 value = 0;
        if (strncmp(name, CRASH_WORDS[torn], length) != 0) {
            continue;
        }
        bool plain = name[length] == '\0';
        bool valued = name[length] == '.' &&
                      g_ascii_string_to_unsigned(name + length + 1, 10, 0, 9999, &value, NULL);
        if (crash_has_value(torn) ? !valued : !plain) {
            return false;
        }
        *ret_tear = (CrashTear){.torn = torn, .value = (uint32_t)value};
        return true;
    }
    return false;
}
