/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Cells that keep their state without power, and the operations that change them.
 *
 *  N1  Cells change in five places only: nvm_apply() (operations, whole or torn), nvm_decay(),
 *      nvm_damage(), the lab's writes (nvm_store()) and nvm_restore(); each reports what changed.
 *  N2  A number is given when an operation is accepted, and to every accepted one.
 *  N3  What a torn operation leaves depends on old cells, strobe and the cut, on nothing else.
 */
#include "qemu/osdep.h"
#include "qemu/cutils.h"
#include "qemu/host-utils.h"
#include "migration/qemu-file-types.h"
#include "migration/vmstate.h"
#include "checkpoint.h"
#include "hostlink.h"
#include "nvm.h"
#include "supply.h"

#define NVM_ARRAYS_MAX 2

typedef struct Nvm {
    NvmArray *arrays[NVM_ARRAYS_MAX];
    uint32_t array_count;
    uint64_t operations;  /* accepted since BEGIN */
    uint64_t last_number; /* the last one completed */
    uint32_t last_changed_bits;
    HostlinkWear wear;    /* `at` 0: none */
    bool torn;            /* of the last loss of power */
    uint32_t torn_kind;
    uint32_t torn_changed_bits;
} Nvm;

static Nvm nvm;

/* --- Randomness for what a cut leaves (SplitMix64; equal seeds, equal bits) ----------------- */

static uint64_t nvm_draw(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* --- Changing cells ------------------------------------------------------------------------- */

static void nvm_changed(NvmArray *array, uint32_t offset, uint32_t bytes)
{
    uint32_t last = (offset + bytes - 1) / array->page_bytes;

    for (uint32_t page = offset / array->page_bytes; page <= last; page++) {
        array->touched[page] = true;
    }
    if (array->ops->changed) {
        array->ops->changed(array->opaque, offset, bytes);
    }
}

/* Makes every page that waits to be new, new. */
static void nvm_unfold(NvmArray *array)
{
    if (!array->blank_any) {
        return;
    }
    for (uint32_t page = 0; page < array->bytes / array->page_bytes; page++) {
        uint8_t *cells = array->cells + page * array->page_bytes;

        if (!array->blank[page]) {
            continue;
        }
        array->blank[page] = false;
        /* All bytes equal the first, and that one is right. */
        if (cells[0] != array->new_byte || memcmp(cells, cells + 1, array->page_bytes - 1)) {
            memset(cells, array->new_byte, array->page_bytes);
            nvm_changed(array, page * array->page_bytes, array->page_bytes);
        }
    }
    array->blank_any = false;
}

static void nvm_store_page(NvmArray *array, uint32_t offset, const uint8_t *from, uint32_t bytes)
{
    uint32_t page = offset / array->page_bytes;
    uint8_t *cells = array->cells + offset;

    if (array->blank[page]) {
        array->blank[page] = false;
        if (bytes < array->page_bytes) {
            memset(array->cells + page * array->page_bytes, array->new_byte, array->page_bytes);
            nvm_changed(array, page * array->page_bytes, array->page_bytes);
        }
    }
    if (memcmp(cells, from, bytes)) {
        memcpy(cells, from, bytes);
        nvm_changed(array, offset, bytes);
    }
    if (array->weak_any) {
        memset(array->weak + offset, 0, bytes);
    }
}

static void nvm_store(void *opaque, uint32_t offset, const uint8_t *from, uint32_t bytes)
{
    NvmArray *array = opaque;

    while (bytes) {
        uint32_t part = MIN(bytes, array->page_bytes - offset % array->page_bytes);

        nvm_store_page(array, offset, from, part);
        offset += part;
        from += part;
        bytes -= part;
    }
}

static void nvm_load(void *opaque, uint32_t offset, uint8_t *ret_bytes, uint32_t bytes)
{
    NvmArray *array = opaque;

    nvm_unfold(array);
    memcpy(ret_bytes, array->cells + offset, bytes);
}

static void nvm_damage(void *opaque, uint32_t offset, const uint8_t *mask, uint32_t bytes)
{
    NvmArray *array = opaque;

    nvm_unfold(array);
    for (uint32_t i = 0; i < bytes; i++) {
        array->cells[offset + i] ^= mask[i];
    }
    if (bytes) {
        nvm_changed(array, offset, bytes);
    }
}

static const HostlinkSpace *nvm_space(uint32_t bytes)
{
    HostlinkSpace *space = g_new0(HostlinkSpace, 1);

    space->bytes = bytes;
    space->read = nvm_load;
    space->write = nvm_store;
    space->damage = nvm_damage;
    return space;
}

static void nvm_decay(void *opaque)
{
    NvmArray *array = opaque;

    for (uint32_t offset = 0; offset < array->bytes; offset += array->page_bytes) {
        uint8_t *weak = array->weak + offset;

        if (buffer_is_zero(weak, array->page_bytes)) {
            continue;
        }
        for (uint32_t i = 0; i < array->page_bytes; i++) {
            array->cells[offset + i] ^= weak[i];
        }
        memset(weak, 0, array->page_bytes);
        nvm_changed(array, offset, array->page_bytes);
    }
    array->weak_any = false;
}

/* --- Operations ----------------------------------------------------------------------------- */

static bool nvm_level(const NvmArray *array)
{
    return array->kind != HOSTLINK_NVM_PROGRAM;
}

/* The bits of byte `i` of the operation that differ between before and after. */
static uint8_t nvm_difference(const NvmArray *array, uint32_t i)
{
    uint8_t old = array->cells[array->offset + i];

    return array->strobe[i] & (nvm_level(array) ? ~old : old);
}

/* Which of the changes of byte `i` have happened when the power goes. */
static uint8_t nvm_torn_byte(const NvmArray *array, const HostlinkCut *cut, uint32_t i,
                             uint64_t *random)
{
    uint32_t unit = i / FLASH_PROGRAM_UNIT_BYTES;
    uint32_t units = DIV_ROUND_UP(array->length, FLASH_PROGRAM_UNIT_BYTES);
    uint8_t drawn = nvm_draw(random);

    switch (cut->torn) {
    case HOSTLINK_TORN_PREFIX:
        return unit < cut->units ? 0xff : 0;
    case HOSTLINK_TORN_RANDOM:
        return drawn;
    case HOSTLINK_TORN_HALF:
        if (unit < units / 2) {
            return 0xff;
        }
        return array->kind == HOSTLINK_NVM_ERASE ? drawn : 0;
    case HOSTLINK_TORN_WEAK:
    case HOSTLINK_TORN_COMPLETE:
        return 0xff;
    default:
        return 0;
    }
}

/* Takes out of the strobe as many bits that were to change as the worn cells do not follow. */
static void nvm_wear_out(NvmArray *array)
{
    uint64_t random = nvm.wear.seed;
    uint32_t left = 0;
    uint32_t stay;

    for (uint32_t i = 0; i < array->length; i++) {
        left += ctpop8(nvm_difference(array, i));
    }
    stay = MIN(nvm.wear.bits, left);
    for (uint32_t i = 0; i < array->length; i++) {
        uint8_t change = nvm_difference(array, i);

        for (uint32_t bit = 0; bit < 8; bit++) {
            if (!(change & (1u << bit))) {
                continue;
            }
            if (nvm_draw(&random) % left-- < stay) {
                array->strobe[i] &= ~(1u << bit);
                stay--;
            }
        }
    }
}

/* Changes the cells, all (`cut` is NULL) or torn. Returns how many bits changed. */
static uint32_t nvm_apply(NvmArray *array, const HostlinkCut *cut)
{
    uint64_t random = cut ? cut->seed : 0;
    uint32_t changed_bits = 0;

    for (uint32_t i = 0; i < array->length; i++) {
        uint8_t change = nvm_difference(array, i);
        uint8_t happened = cut ? nvm_torn_byte(array, cut, i, &random) : 0xff;

        if (array->weak_any) {
            array->weak[array->offset + i] &= ~(array->strobe[i] & happened);
        }
        change &= happened;
        array->cells[array->offset + i] ^= change;
        changed_bits += ctpop8(change);
        if (cut && cut->torn == HOSTLINK_TORN_WEAK) {
            uint8_t weak = 0;

            for (uint32_t bit = 0; bit < 8; bit++) {
                if ((change & (1u << bit)) && nvm_draw(&random) % 10 == 0) {
                    weak |= 1u << bit;
                }
            }
            array->weak[array->offset + i] |= weak;
            array->weak_any = array->weak_any || weak;
        }
    }
    if (changed_bits) {
        nvm_changed(array, array->offset, array->length);
    }
    return changed_bits;
}

static uint32_t nvm_describe(const NvmArray *array, HostlinkNvmOperation *ret_operation)
{
    *ret_operation = (HostlinkNvmOperation){
        .number = cpu_to_le64(array->number),
        .kind = cpu_to_le32(array->kind),
        .offset = cpu_to_le32(array->offset),
        .bytes = cpu_to_le32(array->length),
    };
    return sizeof(*ret_operation);
}

static void nvm_complete(void *opaque)
{
    NvmArray *array = opaque;
    HostlinkNvmOperation operation;

    timer_del(&array->timer);
    array->running = false;
    nvm.last_number = array->number;
    if (nvm.wear.at == array->number) {
        nvm_wear_out(array);
    }
    nvm.last_changed_bits = nvm_apply(array, NULL);
    array->ops->done(array->opaque);
    if (hostlink_observes(HOSTLINK_OBSERVE_NVM)) {
        uint64_t number = array->number;

        hostlink_call(HOSTLINK_NVM_DONE, &operation, nvm_describe(array, &operation));
        supply_nvm_done(number);
        return;
    }
    supply_nvm_done(array->number);
}

void nvm_start(NvmArray *array, uint32_t kind, uint32_t offset, const uint8_t *from,
               uint32_t bytes, int64_t duration)
{
    struct {
        HostlinkNvmOperation operation;
        uint8_t from[FLASH_SECTOR_BYTES];
    } body;

    assert(!array->running && bytes <= sizeof(array->strobe));
    array->number = ++nvm.operations; /* N2 */
    array->running = true;
    array->kind = kind;
    array->offset = offset;
    array->length = bytes;
    for (uint32_t i = 0; i < bytes; i++) {
        array->strobe[i] = kind == HOSTLINK_NVM_ERASE     ? 0xff
                           : kind == HOSTLINK_NVM_PROGRAM ? ~from[i]
                                                          : from[i];
    }
    array->end = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) + duration;
    timer_mod_ns(&array->timer, array->end);
    supply_nvm_started(array->number, array->end);
    if (hostlink_observes(HOSTLINK_OBSERVE_NVM)) {
        uint32_t body_bytes = nvm_describe(array, &body.operation);

        if (from) {
            memcpy(body.from, from, bytes);
            body_bytes += bytes;
        }
        hostlink_call(HOSTLINK_NVM_STARTED, &body, body_bytes);
    }
}

void nvm_finish(NvmArray *array)
{
    if (array->running) {
        nvm_complete(array);
    }
}

int64_t nvm_end_of(uint64_t number)
{
    for (uint32_t i = 0; i < nvm.array_count; i++) {
        if (nvm.arrays[i]->running && nvm.arrays[i]->number == number) {
            return nvm.arrays[i]->end;
        }
    }
    return 0;
}

/* --- Life ----------------------------------------------------------------------------------- */

static void nvm_take_wear(void *opaque, const void *body, uint32_t bytes)
{
    const uint8_t *from = body;

    nvm.wear.at = ldq_le_p(from + offsetof(HostlinkWear, at));
    nvm.wear.seed = ldq_le_p(from + offsetof(HostlinkWear, seed));
    nvm.wear.bits = ldl_le_p(from + offsetof(HostlinkWear, bits));
}

static void nvm_begin(void *opaque, const HostlinkBegin *begin)
{
    memset(&nvm.wear, 0, sizeof(nvm.wear));
    nvm.operations = 0;
    nvm.last_number = 0;
    for (uint32_t i = 0; i < nvm.array_count; i++) {
        NvmArray *array = nvm.arrays[i];

        timer_del(&array->timer);
        timer_del(&array->decay_timer);
        array->running = false;
        if (begin->keep_nvm) {
            continue;
        }
        memset(array->blank, true, array->bytes / array->page_bytes);
        array->blank_any = true;
        if (array->weak_any) {
            memset(array->weak, 0, array->bytes);
            array->weak_any = false;
        }
    }
}

static void nvm_power_off(void *opaque)
{
    const HostlinkCut *cut = supply_torn();
    uint64_t reported = UINT64_MAX;

    nvm.torn = false;
    nvm.torn_changed_bits = 0;
    if (cut->when == HOSTLINK_CUT_AT_NVM && cut->torn == HOSTLINK_TORN_COMPLETE &&
        cut->at == nvm.last_number) {
        nvm.torn = true;
        nvm.torn_changed_bits = nvm.last_changed_bits;
        reported = cut->at;
    }
    for (uint32_t i = 0; i < nvm.array_count; i++) {
        NvmArray *array = nvm.arrays[i];
        uint32_t changed_bits;

        timer_del(&array->decay_timer);
        if (!array->running) {
            continue;
        }
        timer_del(&array->timer);
        array->running = false;
        changed_bits = nvm_apply(array, cut);
        if (cut->torn == HOSTLINK_TORN_WEAK) {
            array->decay = cut->decay;
        }
        /* Flash and fuses may both be interrupted; the report is of the earlier operation. */
        if (array->number < reported) {
            reported = array->number;
            nvm.torn = true;
            nvm.torn_changed_bits = changed_bits;
        }
    }
    nvm.torn_kind = nvm.torn ? cut->torn : 0;
}

static void nvm_power_on(void *opaque, uint64_t off_duration)
{
    int64_t now = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);

    for (uint32_t i = 0; i < nvm.array_count; i++) {
        NvmArray *array = nvm.arrays[i];

        nvm_unfold(array);
        if (array->weak_any && array->decay < INT64_MAX - now) {
            timer_mod_ns(&array->decay_timer, now + array->decay);
        }
    }
}

void nvm_report(HostlinkPowerLost *ret_lost)
{
    ret_lost->nvm_operations = cpu_to_le64(nvm.operations);
    ret_lost->torn_operation = cpu_to_le32(nvm.torn);
    ret_lost->torn = cpu_to_le32(nvm.torn_kind);
    ret_lost->changed_bits = cpu_to_le32(nvm.torn_changed_bits);
}

static const HostlinkListener nvm_listener = {
    .begin = nvm_begin,
    .power_off = nvm_power_off,
    .power_on = nvm_power_on,
};

static const VMStateDescription nvm_shared_vmstate = {
    .name = "lockstep-nvm-numbering",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]){
        VMSTATE_UINT64(operations, Nvm),
        VMSTATE_UINT64(last_number, Nvm),
        VMSTATE_UINT32(last_changed_bits, Nvm),
        VMSTATE_UINT64(wear.at, Nvm),
        VMSTATE_UINT64(wear.seed, Nvm),
        VMSTATE_UINT32(wear.bits, Nvm),
        VMSTATE_END_OF_LIST()
    }
};

/* --- Checkpoints ---------------------------------------------------------------------------- */

static void nvm_keep(void *opaque)
{
    NvmArray *array = opaque;

    if (!array->kept) {
        array->kept = g_malloc(array->bytes);
    }
    for (uint32_t page = 0; page < array->bytes / array->page_bytes; page++) {
        uint32_t offset = page * array->page_bytes;

        if (array->touched[page]) {
            memcpy(array->kept + offset, array->cells + offset, array->page_bytes);
            array->touched[page] = false;
        }
    }
}

static void nvm_restore(void *opaque)
{
    NvmArray *array = opaque;

    for (uint32_t page = 0; page < array->bytes / array->page_bytes; page++) {
        uint32_t offset = page * array->page_bytes;

        if (array->touched[page]) {
            if (memcmp(array->cells + offset, array->kept + offset, array->page_bytes)) {
                memcpy(array->cells + offset, array->kept + offset, array->page_bytes);
                nvm_changed(array, offset, array->page_bytes);
            }
            array->touched[page] = false;
        }
    }
}

static const CheckpointMemory nvm_memory = {
    .keep = nvm_keep,
    .restore = nvm_restore,
};

void nvm_init(NvmArray *array, uint32_t space, uint8_t *cells, uint32_t bytes, uint8_t new_byte,
              const NvmArrayOps *ops, void *opaque)
{
    assert(nvm.array_count < NVM_ARRAYS_MAX);
    array->ops = ops;
    array->opaque = opaque;
    array->cells = cells;
    array->bytes = bytes;
    array->page_bytes = MIN(bytes, FLASH_SECTOR_BYTES);
    array->new_byte = new_byte;
    array->blank = g_new0(bool, bytes / array->page_bytes);
    array->touched = g_new(bool, bytes / array->page_bytes);
    memset(array->touched, true, bytes / array->page_bytes);
    array->weak = g_malloc0(bytes);
    memset(cells, new_byte, bytes);
    timer_init_ns(&array->timer, QEMU_CLOCK_VIRTUAL, nvm_complete, array);
    timer_init_ns(&array->decay_timer, QEMU_CLOCK_VIRTUAL, nvm_decay, array);
    hostlink_add_space(space, nvm_space(bytes), array);
    checkpoint_add_memory(&nvm_memory, array);
    if (nvm.array_count == 0) {
        hostlink_listen(&nvm_listener, NULL);
        hostlink_take(HOSTLINK_WEAR, nvm_take_wear, NULL);
        checkpoint_add(&nvm_shared_vmstate, &nvm);
    }
    nvm.arrays[nvm.array_count++] = array;
}

static int nvm_pre_save(void *opaque)
{
    nvm_unfold(opaque);
    return 0;
}

static int nvm_pre_load(void *opaque)
{
    NvmArray *array = opaque;

    memset(array->blank, false, array->bytes / array->page_bytes);
    array->blank_any = false;
    if (array->weak_any) {
        memset(array->weak, 0, array->bytes);
    }
    return 0;
}

static int nvm_post_load(void *opaque, int version)
{
    NvmArray *array = opaque;

    if (array->length > sizeof(array->strobe) || array->offset > array->bytes - array->length) {
        return -EINVAL;
    }
    return 0;
}

static bool nvm_weak_needed(void *opaque)
{
    return ((NvmArray *)opaque)->weak_any;
}

/* Few pages have weak cells: the number of each, from one on, and its cells; zero ends them. */
static int nvm_put_weak(QEMUFile *file, void *opaque, size_t size, const VMStateField *field,
                        JSONWriter *description)
{
    NvmArray *array = opaque;

    for (uint32_t page = 0; page < array->bytes / array->page_bytes; page++) {
        const uint8_t *weak = array->weak + page * array->page_bytes;

        if (!buffer_is_zero(weak, array->page_bytes)) {
            qemu_put_be32(file, page + 1);
            qemu_put_buffer(file, weak, array->page_bytes);
        }
    }
    qemu_put_be32(file, 0);
    return 0;
}

static int nvm_get_weak(QEMUFile *file, void *opaque, size_t size, const VMStateField *field)
{
    NvmArray *array = opaque;

    for (;;) {
        uint32_t page = qemu_get_be32(file);

        if (page == 0) {
            return 0;
        }
        if (page > array->bytes / array->page_bytes) {
            return -EINVAL;
        }
        qemu_get_buffer(file, array->weak + (page - 1) * array->page_bytes, array->page_bytes);
    }
}

static const VMStateInfo nvm_weak_info = {
    .name = "lockstep-nvm/weak cells",
    .get = nvm_get_weak,
    .put = nvm_put_weak,
};

static const VMStateDescription nvm_vmstate_weak = {
    .name = "lockstep-nvm/weak",
    .version_id = 1,
    .minimum_version_id = 1,
    .needed = nvm_weak_needed,
    .fields = (const VMStateField[]){
        {.name = "weak", .info = &nvm_weak_info, .flags = VMS_SINGLE},
        VMSTATE_UINT64(decay, NvmArray),
        VMSTATE_TIMER(decay_timer, NvmArray),
        VMSTATE_END_OF_LIST()
    }
};

const VMStateDescription nvm_vmstate = {
    .name = "lockstep-nvm",
    .version_id = 1,
    .minimum_version_id = 1,
    .pre_save = nvm_pre_save,
    .pre_load = nvm_pre_load,
    .post_load = nvm_post_load,
    .fields = (const VMStateField[]){
        VMSTATE_BOOL(running, NvmArray),
        VMSTATE_UINT64(number, NvmArray),
        VMSTATE_UINT32(kind, NvmArray),
        VMSTATE_UINT32(offset, NvmArray),
        VMSTATE_UINT32(length, NvmArray),
        VMSTATE_INT64(end, NvmArray),
        VMSTATE_TIMER(timer, NvmArray),
        VMSTATE_BUFFER(strobe, NvmArray),
        VMSTATE_BOOL(weak_any, NvmArray),
        VMSTATE_END_OF_LIST()
    },
    .subsections = (const VMStateDescription * const []){
        &nvm_vmstate_weak,
        NULL
    }
};
