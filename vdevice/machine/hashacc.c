/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lockstep SHA-256 accelerator; its datasheet is hashacc.h.
 *
 * The rounds are nettle's. Its context is a public struct: with the chaining value put into `state`
 * and nothing buffered, feeding whole blocks runs the bare compression function over each.
 */
#include "qemu/osdep.h"
#include "hw/irq.h"
#include "hw/qdev-properties.h"
#include "migration/vmstate.h"
#include "qapi/error.h"
#include "qemu/log.h"
#include "qemu/module.h"
#include "hashacc.h"

#include <nettle/sha2.h>

#include "vdevice/contract/memory_map.h"
#include "vdevice/contract/regs.h"

#define HASHACC_CHUNK_BYTES 4096

QEMU_BUILD_BUG_ON(HASHACC_CHUNK_BYTES % HASHACC_BLOCK_BYTES != 0);

static void hashacc_update_irq(HashaccState *s)
{
    qemu_set_irq(s->irq, (s->status & REG_MASK(HASHACC_STATUS_DONE)) && (s->irq_enable & 1));
}

/* Whether [source, source + bytes) lies in one of the memories that the block may read. */
static bool hashacc_range_is_readable(uint64_t source, uint64_t bytes)
{
    static const struct {
        uint64_t base;
        uint64_t bytes;
    } memories[] = {
        { ROM_BASE, ROM_BYTES },
        { FLASH_BASE, FLASH_BYTES },
        { WINDOW_BASE, WINDOW_BYTES },
        { SRAM_BASE, SRAM_BYTES },
    };

    for (size_t i = 0; i < ARRAY_SIZE(memories); i++) {
        if (source >= memories[i].base && bytes <= memories[i].bytes &&
            source - memories[i].base <= memories[i].bytes - bytes) {
            return true;
        }
    }
    return false;
}

/* Compresses the running range into STATE; false if a read failed. */
static bool hashacc_compress(HashaccState *s)
{
    g_autofree uint8_t *chunk = g_malloc(HASHACC_CHUNK_BYTES);
    struct sha256_ctx ctx;
    hwaddr at = s->running_source;
    size_t left = (size_t)s->running_blocks * HASHACC_BLOCK_BYTES;

    sha256_init(&ctx);
    memcpy(ctx.state, s->state, sizeof(s->state));
    while (left > 0) {
        size_t bytes = MIN(left, HASHACC_CHUNK_BYTES);

        if (address_space_read(&s->bus, at, MEMTXATTRS_UNSPECIFIED, chunk, bytes) != MEMTX_OK) {
            return false;
        }
        sha256_update(&ctx, bytes, chunk);
        at += bytes;
        left -= bytes;
    }
    memcpy(s->state, ctx.state, sizeof(s->state));
    return true;
}

static void hashacc_finish(void *opaque)
{
    HashaccState *s = opaque;

    s->status &= ~REG_MASK(HASHACC_STATUS_BUSY);
    s->status |= REG_MASK(HASHACC_STATUS_DONE);
    if (!hashacc_compress(s)) {
        s->status |= REG_MASK(HASHACC_STATUS_ERROR);
    }
    hashacc_update_irq(s);
}

static void hashacc_start(HashaccState *s)
{
    uint64_t bytes = (uint64_t)s->blocks * HASHACC_BLOCK_BYTES;

    if (s->status & REG_MASK(HASHACC_STATUS_BUSY)) {
        return;
    }
    if (s->blocks == 0 || s->blocks > HASHACC_BLOCKS_MAX ||
        !hashacc_range_is_readable(s->source, bytes)) {
        s->status = REG_MASK(HASHACC_STATUS_DONE) | REG_MASK(HASHACC_STATUS_ERROR);
        hashacc_update_irq(s);
        return;
    }
    s->status = REG_MASK(HASHACC_STATUS_BUSY);
    s->running_source = s->source;
    s->running_blocks = s->blocks;
    timer_mod(&s->timer, qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) +
                             MAX((int64_t)bytes * HASHACC_BYTE_NS, HASHACC_OPERATION_NS_MIN));
    hashacc_update_irq(s);
}

/* The word of STATE at `offset`, or NULL if the offset is not one of the eight. */
static uint32_t *hashacc_state_word(HashaccState *s, hwaddr offset)
{
    if (offset < HASHACC_STATE || offset >= HASHACC_STATE + sizeof(s->state)) {
        return NULL;
    }
    return &s->state[(offset - HASHACC_STATE) / 4];
}

static MemTxResult hashacc_read(void *opaque, hwaddr offset, uint64_t *data, unsigned size,
                                MemTxAttrs attrs)
{
    HashaccState *s = opaque;
    uint32_t *word;

    switch (offset) {
    case HASHACC_STATUS:
        *data = s->status;
        return MEMTX_OK;
    case HASHACC_SOURCE:
        *data = s->source;
        return MEMTX_OK;
    case HASHACC_BLOCKS:
        *data = s->blocks;
        return MEMTX_OK;
    case HASHACC_START:
        *data = 0;
        return MEMTX_OK;
    case HASHACC_IRQ_ENABLE:
        *data = s->irq_enable;
        return MEMTX_OK;
    default:
        word = hashacc_state_word(s, offset);
        if (!word) {
            qemu_log_mask(LOG_GUEST_ERROR, "hashacc: read of no register 0x%" HWADDR_PRIx "\n",
                          offset);
            return MEMTX_ERROR;
        }
        *data = *word;
        return MEMTX_OK;
    }
}

static MemTxResult hashacc_write(void *opaque, hwaddr offset, uint64_t data, unsigned size,
                                 MemTxAttrs attrs)
{
    HashaccState *s = opaque;
    uint32_t *word;

    switch (offset) {
    case HASHACC_STATUS:
        s->status &= ~(data & (REG_MASK(HASHACC_STATUS_DONE) | REG_MASK(HASHACC_STATUS_ERROR)));
        hashacc_update_irq(s);
        return MEMTX_OK;
    case HASHACC_SOURCE:
        s->source = data;
        return MEMTX_OK;
    case HASHACC_BLOCKS:
        s->blocks = data;
        return MEMTX_OK;
    case HASHACC_START:
        hashacc_start(s);
        return MEMTX_OK;
    case HASHACC_IRQ_ENABLE:
        s->irq_enable = data & 1;
        hashacc_update_irq(s);
        return MEMTX_OK;
    default:
        word = hashacc_state_word(s, offset);
        if (!word) {
            qemu_log_mask(LOG_GUEST_ERROR, "hashacc: write to no register 0x%" HWADDR_PRIx "\n",
                          offset);
            return MEMTX_ERROR;
        }
        if (!(s->status & REG_MASK(HASHACC_STATUS_BUSY))) {
            *word = data;
        }
        return MEMTX_OK;
    }
}

static const MemoryRegionOps hashacc_ops = {
    .read_with_attrs = hashacc_read,
    .write_with_attrs = hashacc_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid.min_access_size = 4,
    .valid.max_access_size = 4,
    .impl.min_access_size = 4,
    .impl.max_access_size = 4,
};

static void hashacc_reset_hold(Object *obj, ResetType type)
{
    HashaccState *s = LOCKSTEP_HASHACC(obj);

    timer_del(&s->timer);
    s->status = 0;
    s->source = 0;
    s->blocks = 0;
    s->irq_enable = 0;
    memset(s->state, 0, sizeof(s->state));
    s->running_source = 0;
    s->running_blocks = 0;
    hashacc_update_irq(s);
}

static void hashacc_init(Object *obj)
{
    HashaccState *s = LOCKSTEP_HASHACC(obj);
    SysBusDevice *sbd = SYS_BUS_DEVICE(obj);

    memory_region_init_io(&s->mmio, obj, &hashacc_ops, s, TYPE_LOCKSTEP_HASHACC, PERIPHERAL_BYTES);
    sysbus_init_mmio(sbd, &s->mmio);
    sysbus_init_irq(sbd, &s->irq);
    timer_init_ns(&s->timer, QEMU_CLOCK_VIRTUAL, hashacc_finish, s);
}

static void hashacc_realize(DeviceState *dev, Error **errp)
{
    HashaccState *s = LOCKSTEP_HASHACC(dev);

    if (!s->memory) {
        error_setg(errp, "property 'memory' is not set");
        return;
    }
    address_space_init(&s->bus, s->memory, TYPE_LOCKSTEP_HASHACC);
}

static const Property hashacc_properties[] = {
    DEFINE_PROP_LINK("memory", HashaccState, memory, TYPE_MEMORY_REGION, MemoryRegion *),
};

static const VMStateDescription hashacc_vmstate = {
    .name = TYPE_LOCKSTEP_HASHACC,
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_TIMER(timer, HashaccState),
        VMSTATE_UINT32(status, HashaccState),
        VMSTATE_UINT32(source, HashaccState),
        VMSTATE_UINT32(blocks, HashaccState),
        VMSTATE_UINT32(irq_enable, HashaccState),
        VMSTATE_UINT32_ARRAY(state, HashaccState, HASHACC_STATE_WORDS),
        VMSTATE_UINT32(running_source, HashaccState),
        VMSTATE_UINT32(running_blocks, HashaccState),
        VMSTATE_END_OF_LIST()
    },
};

static void hashacc_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    ResettableClass *rc = RESETTABLE_CLASS(klass);

    device_class_set_props(dc, hashacc_properties);
    dc->realize = hashacc_realize;
    dc->vmsd = &hashacc_vmstate;
    dc->desc = "Lockstep SHA-256 accelerator";
    rc->phases.hold = hashacc_reset_hold;
}

static const TypeInfo hashacc_types[] = {
    {
        .name = TYPE_LOCKSTEP_HASHACC,
        .parent = TYPE_SYS_BUS_DEVICE,
        .instance_size = sizeof(HashaccState),
        .instance_init = hashacc_init,
        .class_init = hashacc_class_init,
    },
};

DEFINE_TYPES(hashacc_types)
