/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lockstep watchdog; its datasheet is watchdog.h. */
#include "qemu/osdep.h"
#include "migration/vmstate.h"
#include "qemu/log.h"
#include "qemu/module.h"
#include "hostlink.h"
#include "watchdog.h"

#include "vdevice/contract/memory_map.h"
#include "vdevice/contract/regs.h"

static void watchdog_expire(void *opaque)
{
    hostlink_reset(POWER_RESET_CAUSE_WATCHDOG);
}

static void watchdog_rearm(WatchdogState *s)
{
    s->deadline_ns = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) + (int64_t)s->period_ms * SCALE_MS;
    timer_mod(&s->timer, s->deadline_ns);
}

static void watchdog_start(WatchdogState *s, uint32_t magic)
{
    if (magic != WATCHDOG_START_MAGIC || s->running || s->period_ms == 0) {
        return;
    }
    s->running = true;
    watchdog_rearm(s);
}

static void watchdog_feed(WatchdogState *s, uint32_t magic)
{
    if (magic != WATCHDOG_FEED_MAGIC) {
        hostlink_reset(POWER_RESET_CAUSE_WATCHDOG);
        return;
    }
    if (s->running) {
        watchdog_rearm(s);
    }
}

static uint32_t watchdog_remaining_ms(const WatchdogState *s)
{
    int64_t left_ns = s->deadline_ns - qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);

    return s->running && left_ns > 0 ? DIV_ROUND_UP(left_ns, SCALE_MS) : 0;
}

static MemTxResult watchdog_read(void *opaque, hwaddr offset, uint64_t *data, unsigned size,
                                 MemTxAttrs attrs)
{
    WatchdogState *s = opaque;

    switch (offset) {
    case WATCHDOG_PERIOD_MS:
        *data = s->period_ms;
        return MEMTX_OK;
    case WATCHDOG_START:
    case WATCHDOG_FEED:
        *data = 0;
        return MEMTX_OK;
    case WATCHDOG_STATUS:
        *data = REG_PUT(WATCHDOG_STATUS_RUNNING, s->running);
        return MEMTX_OK;
    case WATCHDOG_REMAINING_MS:
        *data = watchdog_remaining_ms(s);
        return MEMTX_OK;
    default:
        qemu_log_mask(LOG_GUEST_ERROR, "watchdog: read of no register 0x%" HWADDR_PRIx "\n",
                      offset);
        return MEMTX_ERROR;
    }
}

static MemTxResult watchdog_write(void *opaque, hwaddr offset, uint64_t data, unsigned size,
                                  MemTxAttrs attrs)
{
    WatchdogState *s = opaque;

    switch (offset) {
    case WATCHDOG_PERIOD_MS:
        if (data >= 1 && data <= WATCHDOG_PERIOD_MS_MAX) {
            s->period_ms = data;
        }
        return MEMTX_OK;
    case WATCHDOG_START:
        watchdog_start(s, data);
        return MEMTX_OK;
    case WATCHDOG_FEED:
        watchdog_feed(s, data);
        return MEMTX_OK;
    case WATCHDOG_STATUS:
    case WATCHDOG_REMAINING_MS:
        return MEMTX_OK;
    default:
        qemu_log_mask(LOG_GUEST_ERROR, "watchdog: write to no register 0x%" HWADDR_PRIx "\n",
                      offset);
        return MEMTX_ERROR;
    }
}

static const MemoryRegionOps watchdog_ops = {
    .read_with_attrs = watchdog_read,
    .write_with_attrs = watchdog_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid.min_access_size = 4,
    .valid.max_access_size = 4,
    .impl.min_access_size = 4,
    .impl.max_access_size = 4,
};

static void watchdog_reset_hold(Object *obj, ResetType type)
{
    WatchdogState *s = LOCKSTEP_WATCHDOG(obj);

    timer_del(&s->timer);
    s->period_ms = 0;
    s->running = false;
    s->deadline_ns = 0;
}

static void watchdog_init(Object *obj)
{
    WatchdogState *s = LOCKSTEP_WATCHDOG(obj);

    memory_region_init_io(&s->mmio, obj, &watchdog_ops, s, TYPE_LOCKSTEP_WATCHDOG,
                          PERIPHERAL_BYTES);
    sysbus_init_mmio(SYS_BUS_DEVICE(obj), &s->mmio);
    timer_init_ns(&s->timer, QEMU_CLOCK_VIRTUAL, watchdog_expire, s);
}

static const VMStateDescription watchdog_vmstate = {
    .name = TYPE_LOCKSTEP_WATCHDOG,
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_TIMER(timer, WatchdogState),
        VMSTATE_UINT32(period_ms, WatchdogState),
        VMSTATE_BOOL(running, WatchdogState),
        VMSTATE_INT64(deadline_ns, WatchdogState),
        VMSTATE_END_OF_LIST()
    },
};

static void watchdog_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    ResettableClass *rc = RESETTABLE_CLASS(klass);

    dc->vmsd = &watchdog_vmstate;
    dc->desc = "Lockstep watchdog";
    rc->phases.hold = watchdog_reset_hold;
}

static const TypeInfo watchdog_types[] = {
    {
        .name = TYPE_LOCKSTEP_WATCHDOG,
        .parent = TYPE_SYS_BUS_DEVICE,
        .instance_size = sizeof(WatchdogState),
        .instance_init = watchdog_init,
        .class_init = watchdog_class_init,
    },
};

DEFINE_TYPES(watchdog_types)
