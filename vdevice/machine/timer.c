/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TIMER: microseconds since reset, and one alarm.
 */
#include "qemu/osdep.h"
#include "qemu/module.h"
#include "qemu/timer.h"
#include "hw/irq.h"
#include "hw/sysbus.h"
#include "migration/vmstate.h"
#include "timer.h"
#include "vdevice/contract/memory_map.h"
#include "vdevice/contract/regs.h"

#define TIMER_NS_PER_US 1000

OBJECT_DECLARE_SIMPLE_TYPE(TimerState, LOCKSTEP_TIMER)

struct TimerState {
    SysBusDevice parent_obj;

    MemoryRegion registers;
    qemu_irq irq;
    QEMUTimer alarm_timer;
    int64_t started; /* when NOW was zero */
    uint32_t now_high;
    uint32_t alarm_low;
    uint32_t alarm_high;
    uint32_t status;
    uint32_t irq_enable;
};

static void timer_update(TimerState *timer)
{
    qemu_set_irq(timer->irq, (timer->status & REG_MASK(TIMER_STATUS_FIRED)) && timer->irq_enable);
}

static uint64_t timer_now(TimerState *timer)
{
    return (qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) - timer->started) / TIMER_NS_PER_US;
}

static void timer_fire(void *opaque)
{
    TimerState *timer = opaque;

    timer->status &= ~REG_MASK(TIMER_STATUS_ARMED);
    timer->status |= REG_MASK(TIMER_STATUS_FIRED);
    timer_update(timer);
}

static void timer_arm(TimerState *timer)
{
    uint64_t alarm = (uint64_t)timer->alarm_high << 32 | timer->alarm_low;

    timer_del(&timer->alarm_timer);
    if (alarm <= timer_now(timer)) {
        timer_fire(timer);
        return;
    }
    timer->status |= REG_MASK(TIMER_STATUS_ARMED);
    /* An alarm beyond the end of virtual time stays armed and never comes. */
    if (alarm < (uint64_t)(INT64_MAX - timer->started) / TIMER_NS_PER_US) {
        timer_mod_ns(&timer->alarm_timer, timer->started + (int64_t)alarm * TIMER_NS_PER_US);
    }
}

static MemTxResult timer_read(void *opaque, hwaddr offset, uint64_t *ret_value, unsigned bytes,
                              MemTxAttrs attrs)
{
    TimerState *timer = opaque;
    uint64_t now;

    switch (offset) {
    case TIMER_NOW_LOW:
        now = timer_now(timer);
        timer->now_high = now >> 32;
        *ret_value = (uint32_t)now;
        return MEMTX_OK;
    case TIMER_NOW_HIGH:
        *ret_value = timer->now_high;
        return MEMTX_OK;
    case TIMER_ALARM_LOW:
        *ret_value = timer->alarm_low;
        return MEMTX_OK;
    case TIMER_ALARM_HIGH:
        *ret_value = timer->alarm_high;
        return MEMTX_OK;
    case TIMER_STATUS:
        *ret_value = timer->status;
        return MEMTX_OK;
    case TIMER_IRQ_ENABLE:
        *ret_value = timer->irq_enable;
        return MEMTX_OK;
    default:
        return MEMTX_ERROR;
    }
}

static MemTxResult timer_write(void *opaque, hwaddr offset, uint64_t value, unsigned bytes,
                               MemTxAttrs attrs)
{
    TimerState *timer = opaque;

    switch (offset) {
    case TIMER_NOW_LOW:
    case TIMER_NOW_HIGH:
        return MEMTX_OK;
    case TIMER_ALARM_LOW:
        timer->alarm_low = value;
        timer_arm(timer);
        return MEMTX_OK;
    case TIMER_ALARM_HIGH:
        timer->alarm_high = value;
        return MEMTX_OK;
    case TIMER_STATUS:
        timer->status &= ~value;
        if (value & REG_MASK(TIMER_STATUS_ARMED)) {
            timer_del(&timer->alarm_timer);
        }
        timer_update(timer);
        return MEMTX_OK;
    case TIMER_IRQ_ENABLE:
        timer->irq_enable = value & 1;
        timer_update(timer);
        return MEMTX_OK;
    default:
        return MEMTX_ERROR;
    }
}

static const MemoryRegionOps timer_ops = {
    .read_with_attrs = timer_read,
    .write_with_attrs = timer_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = {.min_access_size = 4, .max_access_size = 4},
    .impl = {.min_access_size = 4, .max_access_size = 4},
};

static void timer_reset_hold(Object *obj, ResetType type)
{
    TimerState *timer = LOCKSTEP_TIMER(obj);

    timer_del(&timer->alarm_timer);
    timer->started = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
    timer->now_high = 0;
    timer->alarm_low = 0;
    timer->alarm_high = 0;
    timer->status = 0;
    timer->irq_enable = 0;
    timer_update(timer);
}

static void timer_realize(DeviceState *dev, Error **errp)
{
    TimerState *timer = LOCKSTEP_TIMER(dev);

    memory_region_init_io(&timer->registers, OBJECT(dev), &timer_ops, timer, TYPE_LOCKSTEP_TIMER,
                          PERIPHERAL_BYTES);
    sysbus_init_mmio(SYS_BUS_DEVICE(dev), &timer->registers);
    sysbus_init_irq(SYS_BUS_DEVICE(dev), &timer->irq);
    timer_init_ns(&timer->alarm_timer, QEMU_CLOCK_VIRTUAL, timer_fire, timer);
}

static const VMStateDescription timer_vmstate = {
    .name = TYPE_LOCKSTEP_TIMER,
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]){
        VMSTATE_TIMER(alarm_timer, TimerState),
        VMSTATE_INT64(started, TimerState),
        VMSTATE_UINT32(now_high, TimerState),
        VMSTATE_UINT32(alarm_low, TimerState),
        VMSTATE_UINT32(alarm_high, TimerState),
        VMSTATE_UINT32(status, TimerState),
        VMSTATE_UINT32(irq_enable, TimerState),
        VMSTATE_END_OF_LIST()
    }
};

static void timer_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);

    dc->realize = timer_realize;
    dc->vmsd = &timer_vmstate;
    RESETTABLE_CLASS(klass)->phases.hold = timer_reset_hold;
}

static const TypeInfo timer_info = {
    .name = TYPE_LOCKSTEP_TIMER,
    .parent = TYPE_SYS_BUS_DEVICE,
    .instance_size = sizeof(TimerState),
    .class_init = timer_class_init,
};

static void timer_register_types(void)
{
    type_register_static(&timer_info);
}

type_init(timer_register_types)
