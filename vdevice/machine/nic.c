/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * NIC: Ethernet at 100 Mbit/s.
 */
#include "qemu/osdep.h"
#include "qemu/module.h"
#include "qemu/timer.h"
#include "hw/irq.h"
#include "hw/sysbus.h"
#include "migration/vmstate.h"
#include "qapi/error.h"
#include "hostlink.h"
#include "nic.h"
#include "reads.h"
#include "sram.h"
#include "vdevice/contract/memory_map.h"
#include "vdevice/contract/regs.h"

#define NIC_NS_PER_BYTE    80
#define NIC_OVERHEAD_BYTES 24 /* preamble 8, frame check sequence 4, gap between frames 12 */

#define NIC_IRQ_MASK                                                                           \
    (REG_MASK(NIC_STATUS_RX_READY) | REG_MASK(NIC_STATUS_RX_OVERRUN) |                         \
     REG_MASK(NIC_STATUS_LINK_CHANGED))

/* What is latched; the other bits of STATUS are levels. */
#define NIC_LATCHED_MASK                                                                       \
    (REG_MASK(NIC_STATUS_RX_OVERRUN) | REG_MASK(NIC_STATUS_TX_ERROR) |                         \
     REG_MASK(NIC_STATUS_LINK_CHANGED))

OBJECT_DECLARE_SIMPLE_TYPE(NicLinkState, LOCKSTEP_NIC)

typedef struct NicFrame {
    uint32_t bytes;
    uint8_t content[NIC_FRAME_BYTES_MAX];
} NicFrame;

struct NicLinkState {
    SysBusDevice parent_obj;

    MemoryRegion registers;
    MemoryRegion transmit;
    MemoryRegion receive;
    ReadsCover receive_cover;
    qemu_irq irq;
    QEMUTimer wire_timer; /* pending while TX_BUSY */

    bool link_up;
    uint32_t latched;
    uint32_t irq_enable;
    uint32_t filter;
    uint32_t mac_low;
    uint32_t mac_high;
    NicFrame queue[NIC_RX_FRAMES];
    uint32_t queue_first;
    uint32_t queue_count;
};

static uint32_t nic_status(NicLinkState *nic)
{
    return nic->latched | REG_PUT(NIC_STATUS_LINK_UP, nic->link_up) |
           REG_PUT(NIC_STATUS_RX_READY, nic->queue_count > 0) |
           REG_PUT(NIC_STATUS_TX_BUSY, timer_pending(&nic->wire_timer));
}

static void nic_update(NicLinkState *nic)
{
    qemu_set_irq(nic->irq, !!(nic_status(nic) & nic->irq_enable));
}

static void nic_wire_free(void *opaque)
{
    /* TX_BUSY is the timer itself, and raises no interrupt. */
}

/* What was read of the frame before says nothing about the one, or none, that is there now. */
static void nic_forget_reads(void)
{
    reads_forget(HOSTLINK_READ_NIC_BUFFER, 0, NIC_BUFFER_BYTES);
    reads_forget(HOSTLINK_READ_NIC_LENGTH, 0, sizeof(uint32_t));
}

/* Shows the frame at the head of the queue, if any, in the receive buffer. */
static void nic_show_frame(NicLinkState *nic)
{
    NicFrame *frame = &nic->queue[nic->queue_first];

    nic_forget_reads();
    if (nic->queue_count) {
        memcpy(memory_region_get_ram_ptr(&nic->receive), frame->content, frame->bytes);
        sram_changed(&nic->receive, 0, frame->bytes);
    }
}

static void nic_pop(NicLinkState *nic)
{
    if (nic->queue_count) {
        nic->queue_first = (nic->queue_first + 1) % NIC_RX_FRAMES;
        nic->queue_count--;
        nic_show_frame(nic);
    }
    nic_update(nic);
}

static bool nic_accepts(NicLinkState *nic, const uint8_t *frame)
{
    bool is_group = frame[0] & 1;

    return nic->filter || is_group ||
           (ldl_le_p(frame) == nic->mac_low && lduw_le_p(frame + 4) == nic->mac_high);
}

static void nic_take_frame(void *opaque, const void *body, uint32_t bytes)
{
    NicLinkState *nic = opaque;
    NicFrame *frame;

    if (!hostlink_is_powered() || !nic->link_up || !nic_accepts(nic, body)) {
        return;
    }
    if (nic->queue_count == NIC_RX_FRAMES) {
        nic->latched |= REG_MASK(NIC_STATUS_RX_OVERRUN);
        nic_update(nic);
        return;
    }
    frame = &nic->queue[(nic->queue_first + nic->queue_count) % NIC_RX_FRAMES];
    frame->bytes = bytes;
    memcpy(frame->content, body, bytes);
    nic->queue_count++;
    if (nic->queue_count == 1) {
        nic_show_frame(nic);
    }
    nic_update(nic);
}

static void nic_take_link(void *opaque, uint32_t value)
{
    NicLinkState *nic = opaque;
    bool up = value != 0;

    if (up != nic->link_up) {
        nic->link_up = up;
        nic->latched |= REG_MASK(NIC_STATUS_LINK_CHANGED);
        nic_update(nic);
    }
}

static void nic_send(NicLinkState *nic, uint32_t bytes)
{
    uint8_t frame[NIC_FRAME_BYTES_MAX];

    if (bytes < NIC_FRAME_BYTES_MIN || bytes > NIC_FRAME_BYTES_MAX || !nic->link_up ||
        timer_pending(&nic->wire_timer)) {
        nic->latched |= REG_MASK(NIC_STATUS_TX_ERROR);
        return;
    }
    memcpy(frame, memory_region_get_ram_ptr(&nic->transmit), bytes);
    timer_mod_ns(&nic->wire_timer, qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) +
                                       (int64_t)(bytes + NIC_OVERHEAD_BYTES) * NIC_NS_PER_BYTE);
    hostlink_call(HOSTLINK_FRAME_SENT, frame, bytes);
}

static MemTxResult nic_read(void *opaque, hwaddr offset, uint64_t *ret_value, unsigned bytes,
                            MemTxAttrs attrs)
{
    NicLinkState *nic = opaque;

    switch (offset) {
    case NIC_STATUS:
        *ret_value = nic_status(nic);
        return MEMTX_OK;
    case NIC_IRQ_ENABLE:
        *ret_value = nic->irq_enable;
        return MEMTX_OK;
    case NIC_RX_LENGTH:
        *ret_value = reads_register(HOSTLINK_READ_NIC_LENGTH,
                                    nic->queue_count ? nic->queue[nic->queue_first].bytes : 0,
                                    bytes, attrs);
        return MEMTX_OK;
    case NIC_TX_LENGTH:
    case NIC_RX_POP:
        *ret_value = 0;
        return MEMTX_OK;
    case NIC_FILTER:
        *ret_value = nic->filter;
        return MEMTX_OK;
    case NIC_MAC_LOW:
        *ret_value = nic->mac_low;
        return MEMTX_OK;
    case NIC_MAC_HIGH:
        *ret_value = nic->mac_high;
        return MEMTX_OK;
    default:
        return MEMTX_ERROR;
    }
}

static MemTxResult nic_write(void *opaque, hwaddr offset, uint64_t value, unsigned bytes,
                             MemTxAttrs attrs)
{
    NicLinkState *nic = opaque;

    switch (offset) {
    case NIC_STATUS:
        nic->latched &= ~value;
        nic_update(nic);
        return MEMTX_OK;
    case NIC_IRQ_ENABLE:
        nic->irq_enable = value & NIC_IRQ_MASK;
        nic_update(nic);
        return MEMTX_OK;
    case NIC_TX_LENGTH:
        nic_send(nic, value);
        return MEMTX_OK;
    case NIC_RX_LENGTH:
        return MEMTX_OK;
    case NIC_RX_POP:
        nic_pop(nic);
        return MEMTX_OK;
    case NIC_FILTER:
        nic->filter = value & 1;
        return MEMTX_OK;
    case NIC_MAC_LOW:
        nic->mac_low = value;
        return MEMTX_OK;
    case NIC_MAC_HIGH:
        nic->mac_high = value & 0xffff;
        return MEMTX_OK;
    default:
        return MEMTX_ERROR;
    }
}

static const MemoryRegionOps nic_ops = {
    .read_with_attrs = nic_read,
    .write_with_attrs = nic_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = {.min_access_size = 4, .max_access_size = 4},
    .impl = {.min_access_size = 4, .max_access_size = 4},
};

static void nic_clear_buffer(MemoryRegion *buffer)
{
    memset(memory_region_get_ram_ptr(buffer), 0, NIC_BUFFER_BYTES);
    sram_changed(buffer, 0, NIC_BUFFER_BYTES);
}

static void nic_forget(NicLinkState *nic)
{
    nic_clear_buffer(&nic->transmit);
    nic_clear_buffer(&nic->receive);
    memset(nic->queue, 0, sizeof(nic->queue));
    nic->queue_first = 0;
    nic->queue_count = 0;
}

static void nic_begin(void *opaque, const HostlinkBegin *begin)
{
    NicLinkState *nic = opaque;

    nic->link_up = true;
    nic_forget(nic);
}

static void nic_power_off(void *opaque)
{
    nic_forget(opaque);
}

static const HostlinkListener nic_listener = {
    .begin = nic_begin,
    .power_off = nic_power_off,
};

static void nic_reset_hold(Object *obj, ResetType type)
{
    NicLinkState *nic = LOCKSTEP_NIC(obj);

    timer_del(&nic->wire_timer);
    nic->latched = 0;
    nic->irq_enable = 0;
    nic->filter = 0;
    nic->mac_low = 0;
    nic->mac_high = 0;
    nic->queue_first = 0;
    nic->queue_count = 0;
    nic_forget_reads();
    nic_update(nic);
}

static void nic_realize(DeviceState *dev, Error **errp)
{
    NicLinkState *nic = LOCKSTEP_NIC(dev);
    SysBusDevice *sbd = SYS_BUS_DEVICE(dev);

    memory_region_init_io(&nic->registers, OBJECT(dev), &nic_ops, nic, TYPE_LOCKSTEP_NIC,
                          PERIPHERAL_BYTES);
    if (!memory_region_init_ram(&nic->transmit, OBJECT(dev), "lockstep.nic-transmit",
                                NIC_BUFFER_BYTES, errp) ||
        !memory_region_init_ram(&nic->receive, OBJECT(dev), "lockstep.nic-receive",
                                NIC_BUFFER_BYTES, errp)) {
        return;
    }
    reads_cover(&nic->receive_cover, OBJECT(dev), HOSTLINK_READ_NIC_BUFFER, &nic->receive);
    reads_add_register(HOSTLINK_READ_NIC_LENGTH, sizeof(uint32_t));
    sysbus_init_mmio(sbd, &nic->registers);
    sysbus_init_mmio(sbd, &nic->transmit);
    sysbus_init_mmio(sbd, &nic->receive_cover.frame);
    sysbus_init_irq(sbd, &nic->irq);
    timer_init_ns(&nic->wire_timer, QEMU_CLOCK_VIRTUAL, nic_wire_free, nic);
    nic->link_up = true;
    sram_add_to_checkpoint(&nic->transmit);
    sram_add_to_checkpoint(&nic->receive);
    hostlink_listen(&nic_listener, nic);
    hostlink_take(HOSTLINK_FRAME, nic_take_frame, nic);
    hostlink_take_word(HOSTLINK_LINK, nic_take_link, nic);
}

static int nic_post_load(void *opaque, int version)
{
    NicLinkState *nic = opaque;

    if (nic->queue_first >= NIC_RX_FRAMES || nic->queue_count > NIC_RX_FRAMES) {
        return -EINVAL;
    }
    for (uint32_t i = 0; i < NIC_RX_FRAMES; i++) {
        if (nic->queue[i].bytes > NIC_FRAME_BYTES_MAX) {
            return -EINVAL;
        }
    }
    return 0;
}

static const VMStateDescription nic_frame_vmstate = {
    .name = "lockstep-nic/frame",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]){
        VMSTATE_UINT32(bytes, NicFrame),
        VMSTATE_BUFFER(content, NicFrame),
        VMSTATE_END_OF_LIST()
    }
};

static const VMStateDescription nic_vmstate = {
    .name = TYPE_LOCKSTEP_NIC,
    .version_id = 1,
    .minimum_version_id = 1,
    .post_load = nic_post_load,
    .fields = (const VMStateField[]){
        VMSTATE_TIMER(wire_timer, NicLinkState),
        VMSTATE_BOOL(link_up, NicLinkState),
        VMSTATE_UINT32(latched, NicLinkState),
        VMSTATE_UINT32(irq_enable, NicLinkState),
        VMSTATE_UINT32(filter, NicLinkState),
        VMSTATE_UINT32(mac_low, NicLinkState),
        VMSTATE_UINT32(mac_high, NicLinkState),
        VMSTATE_STRUCT_ARRAY(queue, NicLinkState, NIC_RX_FRAMES, 1, nic_frame_vmstate, NicFrame),
        VMSTATE_UINT32(queue_first, NicLinkState),
        VMSTATE_UINT32(queue_count, NicLinkState),
        VMSTATE_END_OF_LIST()
    }
};

static void nic_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);

    dc->realize = nic_realize;
    dc->vmsd = &nic_vmstate;
    RESETTABLE_CLASS(klass)->phases.hold = nic_reset_hold;
}

static const TypeInfo nic_info = {
    .name = TYPE_LOCKSTEP_NIC,
    .parent = TYPE_SYS_BUS_DEVICE,
    .instance_size = sizeof(NicLinkState),
    .class_init = nic_class_init,
};

static void nic_register_types(void)
{
    type_register_static(&nic_info);
}

type_init(nic_register_types)
