/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * POWER: reset cause, software reset, battery, brown-out warning, progress-code port.
 */
#include "qemu/osdep.h"
#include "qemu/module.h"
#include "hw/irq.h"
#include "hw/sysbus.h"
#include "migration/vmstate.h"
#include "hostlink.h"
#include "power.h"
#include "vdevice/contract/memory_map.h"
#include "vdevice/contract/regs.h"

#define POWER_BATTERY_NEW_MV 6000

OBJECT_DECLARE_SIMPLE_TYPE(PowerState, LOCKSTEP_POWER)

struct PowerState {
    SysBusDevice parent_obj;

    MemoryRegion registers;
    qemu_irq irq;
    uint32_t cause;
    uint32_t battery_mv;
    uint32_t status;
    uint32_t irq_enable;
    uint32_t progress;
};

static void power_update(PowerState *power)
{
    qemu_set_irq(power->irq, !!(power->status & power->irq_enable));
}

static MemTxResult power_read(void *opaque, hwaddr offset, uint64_t *ret_value, unsigned bytes,
                              MemTxAttrs attrs)
{
    PowerState *power = opaque;

    switch (offset) {
    case POWER_RESET_CAUSE:
        *ret_value = power->cause;
        return MEMTX_OK;
    case POWER_RESET:
        *ret_value = 0;
        return MEMTX_OK;
    case POWER_BATTERY_MV:
        *ret_value = power->battery_mv;
        return MEMTX_OK;
    case POWER_STATUS:
        *ret_value = power->status;
        return MEMTX_OK;
    case POWER_IRQ_ENABLE:
        *ret_value = power->irq_enable;
        return MEMTX_OK;
    case POWER_PROGRESS:
        *ret_value = power->progress;
        return MEMTX_OK;
    default:
        return MEMTX_ERROR;
    }
}

static MemTxResult power_write(void *opaque, hwaddr offset, uint64_t value, unsigned bytes,
                               MemTxAttrs attrs)
{
    PowerState *power = opaque;

    switch (offset) {
    case POWER_RESET_CAUSE:
    case POWER_BATTERY_MV:
        return MEMTX_OK;
    case POWER_RESET:
        if (value == POWER_RESET_MAGIC) {
            hostlink_reset(POWER_RESET_CAUSE_SOFTWARE);
        }
        return MEMTX_OK;
    case POWER_STATUS:
        power->status &= ~value;
        power_update(power);
        return MEMTX_OK;
    case POWER_IRQ_ENABLE:
        power->irq_enable = value & REG_MASK(POWER_IRQ_ENABLE_BROWNOUT);
        power_update(power);
        return MEMTX_OK;
    case POWER_PROGRESS:
        power->progress = value;
        if (hostlink_observes(HOSTLINK_OBSERVE_PROGRESS)) {
            hostlink_call_word(HOSTLINK_PROGRESS, value);
        }
        return MEMTX_OK;
    default:
        return MEMTX_ERROR;
    }
}

static const MemoryRegionOps power_ops = {
    .read_with_attrs = power_read,
    .write_with_attrs = power_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = {.min_access_size = 4, .max_access_size = 4},
    .impl = {.min_access_size = 4, .max_access_size = 4},
};

static void power_sense(PowerState *power)
{
    if (power->battery_mv < POWER_BROWNOUT_MV) {
        power->status |= REG_MASK(POWER_STATUS_BROWNOUT);
    }
    power_update(power);
}

static void power_take_battery(void *opaque, uint32_t millivolts)
{
    PowerState *power = opaque;

    power->battery_mv = millivolts;
    if (hostlink_is_powered()) {
        power_sense(power);
    }
}

static void power_sysresetreq(void *opaque, int line, int level)
{
    if (level) {
        hostlink_reset(POWER_RESET_CAUSE_SOFTWARE);
    }
}

static void power_begin(void *opaque, const HostlinkBegin *begin)
{
    PowerState *power = opaque;

    power->battery_mv = begin->battery_mv;
}

static const HostlinkListener power_listener = {
    .begin = power_begin,
};

static void power_reset_hold(Object *obj, ResetType type)
{
    PowerState *power = LOCKSTEP_POWER(obj);

    power->cause = hostlink_reset_cause();
    power->status = 0;
    power->irq_enable = 0;
    power->progress = 0;
    power_sense(power);
}

static void power_realize(DeviceState *dev, Error **errp)
{
    PowerState *power = LOCKSTEP_POWER(dev);

    memory_region_init_io(&power->registers, OBJECT(dev), &power_ops, power, TYPE_LOCKSTEP_POWER,
                          PERIPHERAL_BYTES);
    sysbus_init_mmio(SYS_BUS_DEVICE(dev), &power->registers);
    sysbus_init_irq(SYS_BUS_DEVICE(dev), &power->irq);
    qdev_init_gpio_in_named(dev, power_sysresetreq, "sysresetreq", 1);
    power->battery_mv = POWER_BATTERY_NEW_MV;
    hostlink_listen(&power_listener, power);
    hostlink_take_word(HOSTLINK_BATTERY, power_take_battery, power);
}

static const VMStateDescription power_vmstate = {
    .name = TYPE_LOCKSTEP_POWER,
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]){
        VMSTATE_UINT32(cause, PowerState),
        VMSTATE_UINT32(battery_mv, PowerState),
        VMSTATE_UINT32(status, PowerState),
        VMSTATE_UINT32(irq_enable, PowerState),
        VMSTATE_UINT32(progress, PowerState),
        VMSTATE_END_OF_LIST()
    }
};

static void power_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);

    dc->realize = power_realize;
    dc->vmsd = &power_vmstate;
    RESETTABLE_CLASS(klass)->phases.hold = power_reset_hold;
}

static const TypeInfo power_info = {
    .name = TYPE_LOCKSTEP_POWER,
    .parent = TYPE_SYS_BUS_DEVICE,
    .instance_size = sizeof(PowerState),
    .class_init = power_class_init,
};

static void power_register_types(void)
{
    type_register_static(&power_info);
}

type_init(power_register_types)
