/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SRAM: keeps its contents over a reset and loses them with the power.
 */
#include "qemu/osdep.h"
#include "qemu/module.h"
#include "exec/exec-all.h"
#include "exec/memory.h"
#include "exec/ram_addr.h"
#include "hw/sysbus.h"
#include "migration/vmstate.h"
#include "qapi/error.h"
#include "system/tcg.h"
#include "checkpoint.h"
#include "hostlink.h"
#include "sram.h"
#include "vdevice/contract/memory_map.h"

#define SRAM_PART_BYTES 1024 /* compared and restored as one */

OBJECT_DECLARE_SIMPLE_TYPE(SramState, LOCKSTEP_SRAM)

struct SramState {
    SysBusDevice parent_obj;

    MemoryRegion memory;
    uint64_t pattern;
    bool forgotten; /* to be filled with the pattern before anybody looks */
};

typedef struct SramCopy {
    MemoryRegion *memory;
    uint8_t *kept; /* NULL before the first SAVE */
} SramCopy;

/* Whether code was translated from there: such a page is clean in this sense. */
static bool sram_has_code(MemoryRegion *memory, hwaddr offset, hwaddr bytes)
{
    ram_addr_t start = memory_region_get_ram_addr(memory) + offset;

    return tcg_enabled() &&
           cpu_physical_memory_range_includes_clean(start, bytes, 1 << DIRTY_MEMORY_CODE);
}

void sram_changed(MemoryRegion *memory, hwaddr offset, hwaddr bytes)
{
    ram_addr_t start = memory_region_get_ram_addr(memory) + offset;

    /* Walking pages without code one by one is dear. */
    if (sram_has_code(memory, offset, bytes)) {
        tb_invalidate_phys_range(start, start + bytes - 1);
    }
    memory_region_set_dirty(memory, offset, bytes);
}

/* Which parts may differ from the copy, as QEMU keeps account for a display; from now on none. */
static DirtyBitmapSnapshot *sram_take_touched(SramCopy *copy)
{
    return memory_region_snapshot_and_clear_dirty(copy->memory, 0,
                                                  memory_region_size(copy->memory),
                                                  DIRTY_MEMORY_VGA);
}

static void sram_keep(void *opaque)
{
    SramCopy *copy = opaque;
    uint8_t *bytes = memory_region_get_ram_ptr(copy->memory);
    uint64_t size = memory_region_size(copy->memory);
    g_autofree DirtyBitmapSnapshot *touched = NULL;

    if (!copy->kept) {
        /* Not before: the account makes the first store into each page slower. */
        copy->kept = g_malloc(size);
        memory_region_set_log(copy->memory, true, DIRTY_MEMORY_VGA);
        memory_region_set_dirty(copy->memory, 0, size);
    }
    touched = sram_take_touched(copy);
    for (uint64_t at = 0; at < size; at += SRAM_PART_BYTES) {
        if (memory_region_snapshot_get_dirty(copy->memory, touched, at, SRAM_PART_BYTES)) {
            memcpy(copy->kept + at, bytes + at, SRAM_PART_BYTES);
        }
    }
}

static void sram_restore(void *opaque)
{
    SramCopy *copy = opaque;
    uint8_t *bytes = memory_region_get_ram_ptr(copy->memory);
    g_autofree DirtyBitmapSnapshot *touched = sram_take_touched(copy);

    for (uint64_t at = 0; at < memory_region_size(copy->memory); at += SRAM_PART_BYTES) {
        if (!memory_region_snapshot_get_dirty(copy->memory, touched, at, SRAM_PART_BYTES)) {
            continue;
        }
        if (!sram_has_code(copy->memory, at, SRAM_PART_BYTES)) {
            memcpy(bytes + at, copy->kept + at, SRAM_PART_BYTES);
        } else if (memcmp(bytes + at, copy->kept + at, SRAM_PART_BYTES)) {
            memcpy(bytes + at, copy->kept + at, SRAM_PART_BYTES);
            sram_changed(copy->memory, at, SRAM_PART_BYTES);
        }
    }
}

void sram_add_to_checkpoint(MemoryRegion *memory)
{
    static const CheckpointMemory ops = {.keep = sram_keep, .restore = sram_restore};
    SramCopy *copy = g_new0(SramCopy, 1);

    assert(memory_region_size(memory) % SRAM_PART_BYTES == 0);
    copy->memory = memory;
    checkpoint_add_memory(&ops, copy);
}

static void sram_fill(SramState *sram)
{
    uint64_t *word = memory_region_get_ram_ptr(&sram->memory);
    uint64_t x = sram->pattern;

    if (!sram->forgotten) {
        return;
    }
    sram->forgotten = false;
    /* A Weyl sequence, folded: not random, but no value that a program may hope for. */
    for (uint32_t i = 0; i < SRAM_BYTES / sizeof(*word); i++) {
        x += UINT64_C(0xd1342543de82ef95);
        word[i] = cpu_to_le64(x ^ (x >> 29) ^ (x << 17));
    }
    sram_changed(&sram->memory, 0, SRAM_BYTES);
}

static void sram_begin(void *opaque, const HostlinkBegin *begin)
{
    SramState *sram = opaque;

    sram->pattern = begin->trng_seed ^ UINT64_C(0x5352414d5352414d);
    sram->forgotten = true;
}

static void sram_power_off(void *opaque)
{
    SramState *sram = opaque;

    sram->pattern = sram->pattern * UINT64_C(0x5851f42d4c957f2d) + 1;
    sram->forgotten = true;
}

static void sram_power_on(void *opaque, uint64_t off_duration)
{
    sram_fill(opaque);
}

static const HostlinkListener sram_listener = {
    .begin = sram_begin,
    .power_off = sram_power_off,
    .power_on = sram_power_on,
};

static void sram_read(void *opaque, uint32_t offset, uint8_t *ret_bytes, uint32_t bytes)
{
    SramState *sram = opaque;

    sram_fill(sram);
    memcpy(ret_bytes, (uint8_t *)memory_region_get_ram_ptr(&sram->memory) + offset, bytes);
}

static const HostlinkSpace sram_space = {
    .bytes = SRAM_BYTES,
    .read = sram_read,
};

static void sram_realize(DeviceState *dev, Error **errp)
{
    SramState *sram = LOCKSTEP_SRAM(dev);

    if (!memory_region_init_ram(&sram->memory, OBJECT(dev), "lockstep.sram", SRAM_BYTES, errp)) {
        return;
    }
    sysbus_init_mmio(SYS_BUS_DEVICE(dev), &sram->memory);
    hostlink_listen(&sram_listener, sram);
    hostlink_add_space(HOSTLINK_SPACE_SRAM, &sram_space, sram);
    sram_add_to_checkpoint(&sram->memory);
}

static const VMStateDescription sram_vmstate = {
    .name = TYPE_LOCKSTEP_SRAM,
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]){
        VMSTATE_UINT64(pattern, SramState),
        VMSTATE_BOOL(forgotten, SramState),
        VMSTATE_END_OF_LIST()
    }
};

static void sram_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);

    dc->realize = sram_realize;
    dc->vmsd = &sram_vmstate;
}

static const TypeInfo sram_info = {
    .name = TYPE_LOCKSTEP_SRAM,
    .parent = TYPE_SYS_BUS_DEVICE,
    .instance_size = sizeof(SramState),
    .class_init = sram_class_init,
};

static void sram_register_types(void)
{
    type_register_static(&sram_info);
}

type_init(sram_register_types)
