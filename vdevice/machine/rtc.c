/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lockstep real-time clock; its datasheet is rtc.h. */
#include "qemu/osdep.h"
#include "hw/irq.h"
#include "migration/vmstate.h"
#include "qemu/log.h"
#include "qemu/module.h"
#include "qemu/timer.h"
#include "hostlink.h"
#include "rtc.h"

#include "vdevice/contract/memory_map.h"
#include "vdevice/contract/regs.h"

static uint64_t rtc_seconds(const RtcState *s)
{
    uint64_t elapsed_ns = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) - s->set_ns;

    return s->set_seconds + s->off_seconds + (elapsed_ns + s->off_ns) / NANOSECONDS_PER_SECOND;
}

static void rtc_set(RtcState *s, uint64_t seconds)
{
    s->set_seconds = seconds;
    s->set_ns = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
    s->off_ns = 0;
    s->off_seconds = 0;
}

/* A new clock; with an empty cell it counts from zero and is not VALID. */
static void rtc_begin(void *opaque, const HostlinkBegin *begin)
{
    RtcState *s = opaque;

    s->valid = begin->wall_clock_cell != 0;
    rtc_set(s, s->valid ? begin->rtc_seconds : 0);
}

/* The power is back after `off_ns`, during which virtual time stood still. */
static void rtc_power_on(void *opaque, uint64_t off_ns)
{
    RtcState *s = opaque;

    s->off_seconds += off_ns / NANOSECONDS_PER_SECOND;
    s->off_ns += off_ns % NANOSECONDS_PER_SECOND;
    if (s->off_ns >= NANOSECONDS_PER_SECOND) {
        s->off_ns -= NANOSECONDS_PER_SECOND;
        s->off_seconds++;
    }
}

static MemTxResult rtc_read(void *opaque, hwaddr offset, uint64_t *data, unsigned size,
                            MemTxAttrs attrs)
{
    RtcState *s = opaque;
    uint64_t seconds;

    switch (offset) {
    case RTC_SECONDS_LOW:
        seconds = rtc_seconds(s);
        s->latched_high = seconds >> 32;
        *data = (uint32_t)seconds;
        return MEMTX_OK;
    case RTC_SECONDS_HIGH:
        *data = s->latched_high;
        return MEMTX_OK;
    case RTC_STATUS:
        *data = REG_PUT(RTC_STATUS_VALID, s->valid);
        return MEMTX_OK;
    default:
        qemu_log_mask(LOG_GUEST_ERROR, "rtc: read of no register 0x%" HWADDR_PRIx "\n", offset);
        return MEMTX_ERROR;
    }
}

static MemTxResult rtc_write(void *opaque, hwaddr offset, uint64_t data, unsigned size,
                             MemTxAttrs attrs)
{
    RtcState *s = opaque;

    switch (offset) {
    case RTC_SECONDS_LOW:
        rtc_set(s, (uint64_t)s->held_high << 32 | (uint32_t)data);
        s->valid = true;
        return MEMTX_OK;
    case RTC_SECONDS_HIGH:
        s->held_high = data;
        return MEMTX_OK;
    case RTC_STATUS:
        return MEMTX_OK;
    default:
        qemu_log_mask(LOG_GUEST_ERROR, "rtc: write to no register 0x%" HWADDR_PRIx "\n", offset);
        return MEMTX_ERROR;
    }
}

static const MemoryRegionOps rtc_ops = {
    .read_with_attrs = rtc_read,
    .write_with_attrs = rtc_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid.min_access_size = 4,
    .valid.max_access_size = 4,
    .impl.min_access_size = 4,
    .impl.max_access_size = 4,
};

static void rtc_reset_hold(Object *obj, ResetType type)
{
    RtcState *s = LOCKSTEP_RTC(obj);

    s->latched_high = 0;
    s->held_high = 0;
    qemu_set_irq(s->irq, 0);
}

static void rtc_init(Object *obj)
{
    RtcState *s = LOCKSTEP_RTC(obj);
    SysBusDevice *sbd = SYS_BUS_DEVICE(obj);

    memory_region_init_io(&s->mmio, obj, &rtc_ops, s, TYPE_LOCKSTEP_RTC, PERIPHERAL_BYTES);
    sysbus_init_mmio(sbd, &s->mmio);
    sysbus_init_irq(sbd, &s->irq);
}

static void rtc_realize(DeviceState *dev, Error **errp)
{
    static const HostlinkListener listener = { .begin = rtc_begin, .power_on = rtc_power_on };

    hostlink_listen(&listener, dev);
}

static const VMStateDescription rtc_vmstate = {
    .name = TYPE_LOCKSTEP_RTC,
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT64(set_seconds, RtcState),
        VMSTATE_INT64(set_ns, RtcState),
        VMSTATE_UINT64(off_ns, RtcState),
        VMSTATE_UINT64(off_seconds, RtcState),
        VMSTATE_BOOL(valid, RtcState),
        VMSTATE_UINT32(latched_high, RtcState),
        VMSTATE_UINT32(held_high, RtcState),
        VMSTATE_END_OF_LIST()
    },
};

static void rtc_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    ResettableClass *rc = RESETTABLE_CLASS(klass);

    dc->realize = rtc_realize;
    dc->vmsd = &rtc_vmstate;
    dc->desc = "Lockstep real-time clock";
    rc->phases.hold = rtc_reset_hold;
}

static const TypeInfo rtc_types[] = {
    {
        .name = TYPE_LOCKSTEP_RTC,
        .parent = TYPE_SYS_BUS_DEVICE,
        .instance_size = sizeof(RtcState),
        .instance_init = rtc_init,
        .class_init = rtc_class_init,
    },
};

DEFINE_TYPES(rtc_types)
