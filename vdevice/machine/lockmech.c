/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lockstep lock mechanism; its datasheet is lockmech.h.
 *
 * L1  The bolt's position at time t is travel_ns + direction * (t - since_ns), within the ends.
 * L2  direction is not 0 only if the motor drives that way, nothing jams, and the end is not yet
 *     reached.
 * L3  The timer runs exactly while direction is not 0 (then: to the end) or while the motor drives
 *     against a jam and has not stalled yet (then: to the stall).
 * L4  Whoever changes drive, jam or place calls lockmech_settle() before and lockmech_resume()
 *     after: they alone keep L1 to L3.
 */
#include "qemu/osdep.h"
#include "hw/irq.h"
#include "migration/vmstate.h"
#include "qemu/log.h"
#include "qemu/module.h"
#include "hostlink.h"
#include "lockmech.h"

#include "vdevice/contract/memory_map.h"
#include "vdevice/contract/regs.h"

#define LOCKMECH_PERMILLE 1000
#define LOCKMECH_EVENTS_ALL                                                                        \
    (REG_MASK(LOCKMECH_EVENTS_END_REACHED) | REG_MASK(LOCKMECH_EVENTS_STALL) |                     \
     REG_MASK(LOCKMECH_EVENTS_DOOR))

static void lockmech_update_irq(LockmechState *s)
{
    qemu_set_irq(s->irq, (s->events & s->irq_enable) != 0);
}

static int64_t lockmech_travel_ns(const LockmechState *s)
{
    int64_t now_ns = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
    int64_t travel_ns = s->travel_ns + s->direction * (now_ns - s->since_ns); /* L1 */

    return MIN(MAX(travel_ns, 0), LOCKMECH_TRAVEL_NS);
}

static uint32_t lockmech_permille(const LockmechState *s)
{
    int64_t travel_ns = lockmech_travel_ns(s);

    if (travel_ns == 0) {
        return 0;
    }
    return MAX(travel_ns * LOCKMECH_PERMILLE / LOCKMECH_TRAVEL_NS, 1);
}

/* Makes the calls that are due: the caller's last act, since orders may come back meanwhile. */
static void lockmech_call_out(LockmechState *s)
{
    if (s->motor_call_due) {
        s->motor_call_due = false;
        hostlink_call_word(HOSTLINK_MOTOR, s->drive);
    }
    if (s->bolt_call_due) {
        s->bolt_call_due = false;
        hostlink_call_word(HOSTLINK_BOLT, lockmech_permille(s));
    }
}

/* Sets an event, if there is anybody at home to see it. */
static void lockmech_latch(LockmechState *s, uint32_t event)
{
    if (hostlink_is_powered()) {
        s->events |= event;
        lockmech_update_irq(s);
    }
}

/* Brings the bolt to where it is now. */
static void lockmech_settle(LockmechState *s)
{
    s->travel_ns = lockmech_travel_ns(s);
    s->since_ns = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
}

static int32_t lockmech_driven_direction(const LockmechState *s)
{
    if (s->drive == LOCKMECH_DRIVE_EXTEND && s->travel_ns < LOCKMECH_TRAVEL_NS) {
        return 1;
    }
    if (s->drive == LOCKMECH_DRIVE_RETRACT && s->travel_ns > 0) {
        return -1;
    }
    return 0;
}

/* Derives direction, STALLED and the timer from a settled bolt, the drive and the jam. */
static void lockmech_resume(LockmechState *s)
{
    int32_t driven = lockmech_driven_direction(s);
    int32_t direction = s->jammed ? 0 : driven;

    if (direction != s->direction) {
        if (s->direction != 0 && direction == 0 && driven != 0) {
            s->stall_ns = s->since_ns + LOCKMECH_STALL_NS; /* a jam has just stopped it */
        }
        s->direction = direction;
        s->bolt_call_due = true;
    }
    if (!s->jammed || driven == 0) {
        s->stalled = false;
    }
    if (direction > 0) {
        timer_mod(&s->timer, s->since_ns + LOCKMECH_TRAVEL_NS - s->travel_ns);
    } else if (direction < 0) {
        timer_mod(&s->timer, s->since_ns + s->travel_ns);
    } else if (driven != 0 && !s->stalled) {
        timer_mod(&s->timer, s->stall_ns);
    } else {
        timer_del(&s->timer);
    }
}

static void lockmech_timer(void *opaque)
{
    LockmechState *s = opaque;
    bool was_moving = s->direction != 0;

    lockmech_settle(s);
    if (was_moving) {
        lockmech_latch(s, REG_MASK(LOCKMECH_EVENTS_END_REACHED));
    } else {
        s->stalled = true;
        s->bolt_call_due = true;
        lockmech_latch(s, REG_MASK(LOCKMECH_EVENTS_STALL));
    }
    lockmech_resume(s);
    lockmech_call_out(s);
}

static void lockmech_drive(LockmechState *s, uint32_t drive)
{
    if (drive > LOCKMECH_DRIVE_RETRACT || drive == s->drive) {
        return;
    }
    lockmech_settle(s);
    s->drive = drive;
    s->stalled = false;
    s->stall_ns = s->since_ns + LOCKMECH_STALL_NS;
    s->motor_call_due = true;
    lockmech_resume(s);
    lockmech_call_out(s);
}

static void lockmech_take_jam(void *opaque, uint32_t value)
{
    LockmechState *s = opaque;

    lockmech_settle(s);
    s->jammed = value != 0;
    lockmech_resume(s);
    lockmech_call_out(s);
}

static void lockmech_take_door(void *opaque, uint32_t value)
{
    LockmechState *s = opaque;
    bool closed = value != 0;

    if (closed != s->door_closed) {
        s->door_closed = closed;
        lockmech_latch(s, REG_MASK(LOCKMECH_EVENTS_DOOR));
    }
}

static void lockmech_place(LockmechState *s, uint32_t permille)
{
    s->travel_ns =
        (int64_t)MIN(permille, LOCKMECH_PERMILLE) * (LOCKMECH_TRAVEL_NS / LOCKMECH_PERMILLE);
    s->since_ns = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
}

static void lockmech_take_bolt(void *opaque, uint32_t permille)
{
    LockmechState *s = opaque;
    int64_t before_ns = lockmech_travel_ns(s);

    if (!s->jammed) {
        lockmech_place(s, permille);
        if (s->travel_ns != before_ns &&
            (s->travel_ns == 0 || s->travel_ns == LOCKMECH_TRAVEL_NS)) {
            lockmech_latch(s, REG_MASK(LOCKMECH_EVENTS_END_REACHED));
        }
        lockmech_resume(s);
    }
    s->bolt_call_due = true;
    lockmech_call_out(s);
}

static void lockmech_begin(void *opaque, const HostlinkBegin *begin)
{
    LockmechState *s = opaque;

    timer_del(&s->timer);
    lockmech_place(s, begin->bolt_position);
    s->direction = 0;
    s->jammed = false;
    s->door_closed = begin->door_closed != 0;
    s->drive = LOCKMECH_DRIVE_OFF;
    s->motor_call_due = false;
    s->bolt_call_due = false;
}

/* The motor lets go at this instant; where the bolt stands is for the report of the loss. */
static void lockmech_power_off(void *opaque)
{
    LockmechState *s = opaque;

    lockmech_settle(s);
    timer_del(&s->timer);
    s->direction = 0;
    s->drive = LOCKMECH_DRIVE_OFF;
    s->stalled = false;
    s->motor_call_due = false;
    s->bolt_call_due = false;
    hostlink_bolt_stands(lockmech_permille(s));
}

static uint32_t lockmech_status(const LockmechState *s)
{
    uint32_t permille = lockmech_permille(s);

    return REG_PUT(LOCKMECH_STATUS_EXTENDED, permille == LOCKMECH_PERMILLE) |
           REG_PUT(LOCKMECH_STATUS_RETRACTED, permille == 0) |
           REG_PUT(LOCKMECH_STATUS_DOOR_CLOSED, s->door_closed) |
           REG_PUT(LOCKMECH_STATUS_STALLED, s->stalled);
}

static MemTxResult lockmech_read(void *opaque, hwaddr offset, uint64_t *data, unsigned size,
                                 MemTxAttrs attrs)
{
    LockmechState *s = opaque;

    switch (offset) {
    case LOCKMECH_DRIVE:
        *data = s->drive;
        return MEMTX_OK;
    case LOCKMECH_POSITION:
        *data = lockmech_permille(s);
        return MEMTX_OK;
    case LOCKMECH_STATUS:
        *data = lockmech_status(s);
        return MEMTX_OK;
    case LOCKMECH_EVENTS:
        *data = s->events;
        return MEMTX_OK;
    case LOCKMECH_IRQ_ENABLE:
        *data = s->irq_enable;
        return MEMTX_OK;
    default:
        qemu_log_mask(LOG_GUEST_ERROR, "lockmech: read of no register 0x%" HWADDR_PRIx "\n",
                      offset);
        return MEMTX_ERROR;
    }
}

static MemTxResult lockmech_write(void *opaque, hwaddr offset, uint64_t data, unsigned size,
                                  MemTxAttrs attrs)
{
    LockmechState *s = opaque;

    switch (offset) {
    case LOCKMECH_DRIVE:
        lockmech_drive(s, data);
        return MEMTX_OK;
    case LOCKMECH_POSITION:
    case LOCKMECH_STATUS:
        return MEMTX_OK;
    case LOCKMECH_EVENTS:
        s->events &= ~data;
        lockmech_update_irq(s);
        return MEMTX_OK;
    case LOCKMECH_IRQ_ENABLE:
        s->irq_enable = data & LOCKMECH_EVENTS_ALL;
        lockmech_update_irq(s);
        return MEMTX_OK;
    default:
        qemu_log_mask(LOG_GUEST_ERROR, "lockmech: write to no register 0x%" HWADDR_PRIx "\n",
                      offset);
        return MEMTX_ERROR;
    }
}

static const MemoryRegionOps lockmech_ops = {
    .read_with_attrs = lockmech_read,
    .write_with_attrs = lockmech_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid.min_access_size = 4,
    .valid.max_access_size = 4,
    .impl.min_access_size = 4,
    .impl.max_access_size = 4,
};

static void lockmech_reset_hold(Object *obj, ResetType type)
{
    LockmechState *s = LOCKSTEP_LOCKMECH(obj);

    lockmech_settle(s);
    timer_del(&s->timer);
    s->motor_call_due = s->drive != LOCKMECH_DRIVE_OFF;
    s->bolt_call_due = s->direction != 0;
    s->direction = 0;
    s->drive = LOCKMECH_DRIVE_OFF;
    s->stalled = false;
    s->stall_ns = 0;
    s->events = 0;
    s->irq_enable = 0;
    lockmech_update_irq(s);
}

static void lockmech_reset_exit(Object *obj, ResetType type)
{
    lockmech_call_out(LOCKSTEP_LOCKMECH(obj));
}

static void lockmech_init(Object *obj)
{
    LockmechState *s = LOCKSTEP_LOCKMECH(obj);
    SysBusDevice *sbd = SYS_BUS_DEVICE(obj);

    memory_region_init_io(&s->mmio, obj, &lockmech_ops, s, TYPE_LOCKSTEP_LOCKMECH,
                          PERIPHERAL_BYTES);
    sysbus_init_mmio(sbd, &s->mmio);
    sysbus_init_irq(sbd, &s->irq);
    timer_init_ns(&s->timer, QEMU_CLOCK_VIRTUAL, lockmech_timer, s);
    s->door_closed = true;
}

static void lockmech_realize(DeviceState *dev, Error **errp)
{
    static const HostlinkListener listener = {
        .begin = lockmech_begin,
        .power_off = lockmech_power_off,
    };

    hostlink_listen(&listener, dev);
    hostlink_take_word(HOSTLINK_DOOR, lockmech_take_door, dev);
    hostlink_take_word(HOSTLINK_JAM, lockmech_take_jam, dev);
    hostlink_take_word(HOSTLINK_BOLT_SET, lockmech_take_bolt, dev);
}

/* Arithmetic on these must not overflow, whoever wrote the checkpoint. */
static bool lockmech_vmstate_is_sound(void *opaque, int version_id)
{
    LockmechState *s = opaque;

    return s->travel_ns >= 0 && s->travel_ns <= LOCKMECH_TRAVEL_NS && s->since_ns >= 0 &&
           s->stall_ns >= 0 && s->direction >= -1 && s->direction <= 1 &&
           s->drive <= LOCKMECH_DRIVE_RETRACT;
}

static const VMStateDescription lockmech_vmstate = {
    .name = TYPE_LOCKSTEP_LOCKMECH,
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_TIMER(timer, LockmechState),
        VMSTATE_INT64(travel_ns, LockmechState),
        VMSTATE_INT64(since_ns, LockmechState),
        VMSTATE_INT32(direction, LockmechState),
        VMSTATE_BOOL(jammed, LockmechState),
        VMSTATE_BOOL(door_closed, LockmechState),
        VMSTATE_UINT32(drive, LockmechState),
        VMSTATE_BOOL(stalled, LockmechState),
        VMSTATE_INT64(stall_ns, LockmechState),
        VMSTATE_UINT32(events, LockmechState),
        VMSTATE_UINT32(irq_enable, LockmechState),
        VMSTATE_BOOL(motor_call_due, LockmechState),
        VMSTATE_BOOL(bolt_call_due, LockmechState),
        VMSTATE_VALIDATE("bolt and motor are possible", lockmech_vmstate_is_sound),
        VMSTATE_END_OF_LIST()
    },
};

static void lockmech_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    ResettableClass *rc = RESETTABLE_CLASS(klass);

    dc->realize = lockmech_realize;
    dc->vmsd = &lockmech_vmstate;
    dc->desc = "Lockstep lock mechanism";
    rc->phases.hold = lockmech_reset_hold;
    rc->phases.exit = lockmech_reset_exit;
}

static const TypeInfo lockmech_types[] = {
    {
        .name = TYPE_LOCKSTEP_LOCKMECH,
        .parent = TYPE_SYS_BUS_DEVICE,
        .instance_size = sizeof(LockmechState),
        .instance_init = lockmech_init,
        .class_init = lockmech_class_init,
    },
};

DEFINE_TYPES(lockmech_types)
