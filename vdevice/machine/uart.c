/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * UART: the log console on the board's test pads.
 */
#include "qemu/osdep.h"
#include "qemu/module.h"
#include "hw/irq.h"
#include "hw/sysbus.h"
#include "migration/vmstate.h"
#include "hostlink.h"
#include "uart.h"
#include "vdevice/contract/memory_map.h"
#include "vdevice/contract/regs.h"

OBJECT_DECLARE_SIMPLE_TYPE(UartState, LOCKSTEP_UART)

struct UartState {
    SysBusDevice parent_obj;

    MemoryRegion registers;
    qemu_irq irq;
    uint32_t irq_enable;
    uint8_t line[UART_LINE_BYTES_MAX];
    uint32_t line_bytes;
    uint8_t queue[UART_QUEUE_BYTES_MAX]; /* oldest first */
    uint32_t queue_bytes;
};

static void uart_update(UartState *uart)
{
    qemu_set_irq(uart->irq, uart->queue_bytes && uart->irq_enable);
}

static void uart_send_line(UartState *uart)
{
    uint8_t line[UART_LINE_BYTES_MAX];
    uint32_t bytes = uart->line_bytes;

    if (bytes) {
        memcpy(line, uart->line, bytes);
        uart->line_bytes = 0;
        hostlink_call(HOSTLINK_UART_SENT, line, bytes);
    }
}

static void uart_quiet(void *opaque)
{
    uart_send_line(opaque);
}

static MemTxResult uart_read(void *opaque, hwaddr offset, uint64_t *ret_value, unsigned bytes,
                             MemTxAttrs attrs)
{
    UartState *uart = opaque;

    switch (offset) {
    case UART_DATA:
        *ret_value = 0;
        if (uart->queue_bytes) {
            *ret_value = uart->queue[0];
            uart->queue_bytes--;
            memmove(uart->queue, uart->queue + 1, uart->queue_bytes);
            uart_update(uart);
        }
        return MEMTX_OK;
    case UART_STATUS:
        *ret_value = uart->queue_bytes ? REG_MASK(UART_STATUS_RX_READY) : 0;
        return MEMTX_OK;
    case UART_IRQ_ENABLE:
        *ret_value = uart->irq_enable;
        return MEMTX_OK;
    default:
        return MEMTX_ERROR;
    }
}

static MemTxResult uart_write(void *opaque, hwaddr offset, uint64_t value, unsigned bytes,
                              MemTxAttrs attrs)
{
    UartState *uart = opaque;

    switch (offset) {
    case UART_DATA:
        uart->line[uart->line_bytes++] = value;
        if ((uint8_t)value == '\n' || uart->line_bytes == sizeof(uart->line)) {
            uart_send_line(uart);
        }
        return MEMTX_OK;
    case UART_STATUS:
        return MEMTX_OK;
    case UART_IRQ_ENABLE:
        uart->irq_enable = value & 1;
        uart_update(uart);
        return MEMTX_OK;
    default:
        return MEMTX_ERROR;
    }
}

static const MemoryRegionOps uart_ops = {
    .read_with_attrs = uart_read,
    .write_with_attrs = uart_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = {.min_access_size = 4, .max_access_size = 4},
    .impl = {.min_access_size = 4, .max_access_size = 4},
};

static void uart_take_bytes(void *opaque, const void *body, uint32_t bytes)
{
    UartState *uart = opaque;
    uint32_t taken = MIN(bytes, sizeof(uart->queue) - uart->queue_bytes);

    if (hostlink_is_powered()) {
        memcpy(uart->queue + uart->queue_bytes, body, taken);
        uart->queue_bytes += taken;
        uart_update(uart);
    }
}

static const HostlinkListener uart_listener = {
    .quiet = uart_quiet,
};

static void uart_reset_hold(Object *obj, ResetType type)
{
    UartState *uart = LOCKSTEP_UART(obj);

    uart->irq_enable = 0;
    uart->line_bytes = 0;
    uart->queue_bytes = 0;
    uart_update(uart);
}

static void uart_realize(DeviceState *dev, Error **errp)
{
    UartState *uart = LOCKSTEP_UART(dev);

    memory_region_init_io(&uart->registers, OBJECT(dev), &uart_ops, uart, TYPE_LOCKSTEP_UART,
                          PERIPHERAL_BYTES);
    sysbus_init_mmio(SYS_BUS_DEVICE(dev), &uart->registers);
    sysbus_init_irq(SYS_BUS_DEVICE(dev), &uart->irq);
    hostlink_listen(&uart_listener, uart);
    hostlink_take(HOSTLINK_UART_BYTES, uart_take_bytes, uart);
}

static int uart_post_load(void *opaque, int version)
{
    UartState *uart = opaque;

    if (uart->line_bytes >= sizeof(uart->line) || uart->queue_bytes > sizeof(uart->queue)) {
        return -EINVAL;
    }
    return 0;
}

static const VMStateDescription uart_vmstate = {
    .name = TYPE_LOCKSTEP_UART,
    .version_id = 1,
    .minimum_version_id = 1,
    .post_load = uart_post_load,
    .fields = (const VMStateField[]){
        VMSTATE_UINT32(irq_enable, UartState),
        VMSTATE_BUFFER(line, UartState),
        VMSTATE_UINT32(line_bytes, UartState),
        VMSTATE_BUFFER(queue, UartState),
        VMSTATE_UINT32(queue_bytes, UartState),
        VMSTATE_END_OF_LIST()
    }
};

static void uart_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);

    dc->realize = uart_realize;
    dc->vmsd = &uart_vmstate;
    RESETTABLE_CLASS(klass)->phases.hold = uart_reset_hold;
}

static const TypeInfo uart_info = {
    .name = TYPE_LOCKSTEP_UART,
    .parent = TYPE_SYS_BUS_DEVICE,
    .instance_size = sizeof(UartState),
    .class_init = uart_class_init,
};

static void uart_register_types(void)
{
    type_register_static(&uart_info);
}

type_init(uart_register_types)
