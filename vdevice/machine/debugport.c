/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lockstep debug port gate; its datasheet is debugport.h. */
#include "qemu/osdep.h"
#include "migration/vmstate.h"
#include "qemu/log.h"
#include "qemu/module.h"
#include "debugport.h"
#include "hostlink.h"
#include "otp.h"

#include "vdevice/contract/memory_map.h"
#include "vdevice/contract/regs.h"

static void debugport_take_probe(void *opaque, const void *body, uint32_t bytes)
{
    DebugportState *s = opaque;
    bool granted = hostlink_is_powered() && s->open;

    if (hostlink_is_powered()) {
        s->attempted = true;
    }
    hostlink_call_word(HOSTLINK_DEBUG_RESULT, granted);
}

static MemTxResult debugport_read(void *opaque, hwaddr offset, uint64_t *data, unsigned size,
                                  MemTxAttrs attrs)
{
    DebugportState *s = opaque;

    switch (offset) {
    case DEBUGPORT_STATUS:
        *data = REG_PUT(DEBUGPORT_STATUS_OPEN, s->open) |
                REG_PUT(DEBUGPORT_STATUS_ATTEMPTED, s->attempted);
        return MEMTX_OK;
    case DEBUGPORT_CLOSE:
        *data = 0;
        return MEMTX_OK;
    default:
        qemu_log_mask(LOG_GUEST_ERROR, "debugport: read of no register 0x%" HWADDR_PRIx "\n",
                      offset);
        return MEMTX_ERROR;
    }
}

static MemTxResult debugport_write(void *opaque, hwaddr offset, uint64_t data, unsigned size,
                                   MemTxAttrs attrs)
{
    DebugportState *s = opaque;

    switch (offset) {
    case DEBUGPORT_STATUS:
        return MEMTX_OK;
    case DEBUGPORT_CLOSE:
        if (data == DEBUGPORT_CLOSE_MAGIC) {
            s->open = false;
        }
        return MEMTX_OK;
    default:
        qemu_log_mask(LOG_GUEST_ERROR, "debugport: write to no register 0x%" HWADDR_PRIx "\n",
                      offset);
        return MEMTX_ERROR;
    }
}

static const MemoryRegionOps debugport_ops = {
    .read_with_attrs = debugport_read,
    .write_with_attrs = debugport_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid.min_access_size = 4,
    .valid.max_access_size = 4,
    .impl.min_access_size = 4,
    .impl.max_access_size = 4,
};

static void debugport_reset_hold(Object *obj, ResetType type)
{
    DebugportState *s = LOCKSTEP_DEBUGPORT(obj);
    uint32_t life_cycle = otp_life_cycle();

    s->open = life_cycle == LIFE_CYCLE_BLANK || life_cycle == LIFE_CYCLE_RETURNED;
    s->attempted = false;
}

static void debugport_init(Object *obj)
{
    DebugportState *s = LOCKSTEP_DEBUGPORT(obj);

    memory_region_init_io(&s->mmio, obj, &debugport_ops, s, TYPE_LOCKSTEP_DEBUGPORT,
                          PERIPHERAL_BYTES);
    sysbus_init_mmio(SYS_BUS_DEVICE(obj), &s->mmio);
}

static void debugport_realize(DeviceState *dev, Error **errp)
{
    hostlink_take(HOSTLINK_PROBE, debugport_take_probe, dev);
}

static const VMStateDescription debugport_vmstate = {
    .name = TYPE_LOCKSTEP_DEBUGPORT,
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_BOOL(open, DebugportState),
        VMSTATE_BOOL(attempted, DebugportState),
        VMSTATE_END_OF_LIST()
    },
};

static void debugport_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    ResettableClass *rc = RESETTABLE_CLASS(klass);

    dc->realize = debugport_realize;
    dc->vmsd = &debugport_vmstate;
    dc->desc = "Lockstep debug port gate";
    rc->phases.hold = debugport_reset_hold;
}

static const TypeInfo debugport_types[] = {
    {
        .name = TYPE_LOCKSTEP_DEBUGPORT,
        .parent = TYPE_SYS_BUS_DEVICE,
        .instance_size = sizeof(DebugportState),
        .instance_init = debugport_init,
        .class_init = debugport_class_init,
    },
};

DEFINE_TYPES(debugport_types)
