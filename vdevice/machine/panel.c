/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lockstep front panel; its datasheet is panel.h. */
#include "qemu/osdep.h"
#include "hw/irq.h"
#include "migration/vmstate.h"
#include "qemu/log.h"
#include "qemu/module.h"
#include "hostlink.h"
#include "panel.h"

#include "vdevice/contract/memory_map.h"
#include "vdevice/contract/regs.h"

#define PANEL_LEDS_ALL                                                                             \
    (REG_MASK(PANEL_LEDS_GREEN) | REG_MASK(PANEL_LEDS_RED) | REG_MASK(PANEL_LEDS_BLUE))

static uint32_t panel_status(const PanelState *s)
{
    return REG_PUT(PANEL_STATUS_KEY_READY, s->key_count > 0) |
           REG_PUT(PANEL_STATUS_KEY_LOST, s->key_lost);
}

static void panel_update_irq(PanelState *s)
{
    qemu_set_irq(s->irq, (panel_status(s) & s->irq_enable) != 0);
}

/* Makes the calls that are due: the caller's last act, since orders may come back meanwhile. */
static void panel_call_out(PanelState *s)
{
    if (s->leds_call_due) {
        s->leds_call_due = false;
        hostlink_call_word(HOSTLINK_LEDS, s->leds);
    }
    if (s->buzzer_call_due) {
        s->buzzer_call_due = false;
        hostlink_call_word(HOSTLINK_BUZZER, s->buzzer_hz);
    }
}

static void panel_take_key(void *opaque, uint32_t code)
{
    PanelState *s = opaque;

    if (!hostlink_is_powered() || code == 0 || code > 0x7f || !strchr("0123456789*#B", code)) {
        return;
    }
    if (s->key_count == PANEL_KEYS_MAX) {
        s->key_lost = true;
        return;
    }
    s->keys[s->key_count++] = code;
    panel_update_irq(s);
}

static uint32_t panel_pop(PanelState *s)
{
    uint32_t code;

    if (s->key_count == 0) {
        return 0;
    }
    code = s->keys[0];
    s->key_count--;
    memmove(&s->keys[0], &s->keys[1], s->key_count);
    s->keys[s->key_count] = 0;
    panel_update_irq(s);
    return code;
}

static MemTxResult panel_read(void *opaque, hwaddr offset, uint64_t *data, unsigned size,
                              MemTxAttrs attrs)
{
    PanelState *s = opaque;

    switch (offset) {
    case PANEL_KEY:
        *data = panel_pop(s);
        return MEMTX_OK;
    case PANEL_STATUS:
        *data = panel_status(s);
        return MEMTX_OK;
    case PANEL_LEDS:
        *data = s->leds;
        return MEMTX_OK;
    case PANEL_BUZZER_HZ:
        *data = s->buzzer_hz;
        return MEMTX_OK;
    case PANEL_IRQ_ENABLE:
        *data = s->irq_enable;
        return MEMTX_OK;
    default:
        qemu_log_mask(LOG_GUEST_ERROR, "panel: read of no register 0x%" HWADDR_PRIx "\n", offset);
        return MEMTX_ERROR;
    }
}

static MemTxResult panel_write(void *opaque, hwaddr offset, uint64_t data, unsigned size,
                               MemTxAttrs attrs)
{
    PanelState *s = opaque;

    switch (offset) {
    case PANEL_KEY:
        return MEMTX_OK;
    case PANEL_STATUS:
        if (data & REG_MASK(PANEL_STATUS_KEY_LOST)) {
            s->key_lost = false;
        }
        return MEMTX_OK;
    case PANEL_LEDS:
        s->leds_call_due = s->leds != (data & PANEL_LEDS_ALL);
        s->leds = data & PANEL_LEDS_ALL;
        panel_call_out(s);
        return MEMTX_OK;
    case PANEL_BUZZER_HZ:
        if (data <= PANEL_BUZZER_HZ_MAX) {
            s->buzzer_call_due = s->buzzer_hz != data;
            s->buzzer_hz = data;
            panel_call_out(s);
        }
        return MEMTX_OK;
    case PANEL_IRQ_ENABLE:
        s->irq_enable = data & REG_MASK(PANEL_IRQ_ENABLE_KEY_READY);
        panel_update_irq(s);
        return MEMTX_OK;
    default:
        qemu_log_mask(LOG_GUEST_ERROR, "panel: write to no register 0x%" HWADDR_PRIx "\n", offset);
        return MEMTX_ERROR;
    }
}

static const MemoryRegionOps panel_ops = {
    .read_with_attrs = panel_read,
    .write_with_attrs = panel_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid.min_access_size = 4,
    .valid.max_access_size = 4,
    .impl.min_access_size = 4,
    .impl.max_access_size = 4,
};

/* Without power the panel is dark and silent, and HOSTLINK_POWER_LOST says as much. */
static void panel_power_off(void *opaque)
{
    PanelState *s = opaque;

    s->leds = 0;
    s->buzzer_hz = 0;
    s->leds_call_due = false;
    s->buzzer_call_due = false;
}

static void panel_begin(void *opaque, const HostlinkBegin *begin)
{
    panel_power_off(opaque);
}

static void panel_reset_hold(Object *obj, ResetType type)
{
    PanelState *s = LOCKSTEP_PANEL(obj);

    s->leds_call_due = s->leds != 0;
    s->buzzer_call_due = s->buzzer_hz != 0;
    memset(s->keys, 0, sizeof(s->keys));
    s->key_count = 0;
    s->key_lost = false;
    s->leds = 0;
    s->buzzer_hz = 0;
    s->irq_enable = 0;
    panel_update_irq(s);
}

static void panel_reset_exit(Object *obj, ResetType type)
{
    panel_call_out(LOCKSTEP_PANEL(obj));
}

static void panel_init(Object *obj)
{
    PanelState *s = LOCKSTEP_PANEL(obj);
    SysBusDevice *sbd = SYS_BUS_DEVICE(obj);

    memory_region_init_io(&s->mmio, obj, &panel_ops, s, TYPE_LOCKSTEP_PANEL, PERIPHERAL_BYTES);
    sysbus_init_mmio(sbd, &s->mmio);
    sysbus_init_irq(sbd, &s->irq);
}

static void panel_realize(DeviceState *dev, Error **errp)
{
    static const HostlinkListener listener = {
        .begin = panel_begin,
        .power_off = panel_power_off,
    };

    hostlink_listen(&listener, dev);
    hostlink_take_word(HOSTLINK_KEY, panel_take_key, dev);
}

static bool panel_vmstate_is_sound(void *opaque, int version_id)
{
    PanelState *s = opaque;

    return s->key_count <= PANEL_KEYS_MAX;
}

static const VMStateDescription panel_vmstate = {
    .name = TYPE_LOCKSTEP_PANEL,
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT8_ARRAY(keys, PanelState, PANEL_KEYS_MAX),
        VMSTATE_UINT32(key_count, PanelState),
        VMSTATE_VALIDATE("keys fit in the queue", panel_vmstate_is_sound),
        VMSTATE_BOOL(key_lost, PanelState),
        VMSTATE_UINT32(leds, PanelState),
        VMSTATE_UINT32(buzzer_hz, PanelState),
        VMSTATE_UINT32(irq_enable, PanelState),
        VMSTATE_BOOL(leds_call_due, PanelState),
        VMSTATE_BOOL(buzzer_call_due, PanelState),
        VMSTATE_END_OF_LIST()
    },
};

static void panel_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    ResettableClass *rc = RESETTABLE_CLASS(klass);

    dc->realize = panel_realize;
    dc->vmsd = &panel_vmstate;
    dc->desc = "Lockstep front panel";
    rc->phases.hold = panel_reset_hold;
    rc->phases.exit = panel_reset_exit;
}

static const TypeInfo panel_types[] = {
    {
        .name = TYPE_LOCKSTEP_PANEL,
        .parent = TYPE_SYS_BUS_DEVICE,
        .instance_size = sizeof(PanelState),
        .instance_init = panel_init,
        .class_init = panel_class_init,
    },
};

DEFINE_TYPES(panel_types)
