/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * FLASH: 2 MiB of NOR flash and its controller.
 */
#include "qemu/osdep.h"
#include "qemu/module.h"
#include "exec/cputlb.h"
#include "hw/core/cpu.h"
#include "hw/irq.h"
#include "hw/sysbus.h"
#include "migration/vmstate.h"
#include "qapi/error.h"
#include "system/tcg.h"
#include "checkpoint.h"
#include "contents.h"
#include "flash.h"
#include "hostlink.h"
#include "nvm.h"
#include "reads.h"
#include "vdevice/contract/memory_map.h"
#include "vdevice/contract/regs.h"

#define FLASH_LOCK_MASK                                                                        \
    (REG_MASK(FLASH_CTRL_LOCK_WINDOW) | REG_MASK(FLASH_CTRL_LOCK_FACTORY) |                    \
     REG_MASK(FLASH_CTRL_LOCK_SLOT_A) | REG_MASK(FLASH_CTRL_LOCK_SLOT_B))

#define TYPE_LOCKSTEP_WINDOW "lockstep-window"
#define FLASH_GRAIN_BYTES    FLASH_SECTOR_BYTES /* of the window */

OBJECT_DECLARE_SIMPLE_TYPE(FlashState, LOCKSTEP_FLASH)

struct FlashState {
    SysBusDevice parent_obj;

    MemoryRegion registers;
    MemoryRegion array_memory;
    ReadsCover cover; /* over the array at its own address, not over the window */
    MemoryRegion behind;      /* the array once more, without the cover: what the window shows */
    IOMMUMemoryRegion window; /* moves without a new map of memory, which takes 0.1 ms */
    qemu_irq irq;
    NvmArray array;

    uint32_t status;
    bool armed;
    bool program_error; /* the operation in progress asked a zero to become a one */
    uint32_t address;
    uint32_t length;
    uint32_t irq_enable;
    uint32_t window_offset;
    uint32_t window_shown; /* WINDOW as the processor has it */
    uint32_t lock;
    uint32_t buffer[FLASH_PAGE_BYTES / 4];
};

typedef struct FlashProtection {
    uint32_t lock;
    uint32_t offset;
    uint32_t bytes;
} FlashProtection;

static void flash_update(FlashState *flash)
{
    qemu_set_irq(flash->irq,
                 (flash->status & REG_MASK(FLASH_CTRL_STATUS_DONE)) && flash->irq_enable);
}

static bool flash_is_protected(const FlashState *flash, uint32_t offset, uint32_t bytes)
{
    static const FlashProtection protections[] = {
        {REG_MASK(FLASH_CTRL_LOCK_FACTORY), FACTORY_OFFSET, FACTORY_BYTES},
        {REG_MASK(FLASH_CTRL_LOCK_SLOT_A), SLOT_A_OFFSET, SLOT_BYTES},
        {REG_MASK(FLASH_CTRL_LOCK_SLOT_B), SLOT_B_OFFSET, SLOT_BYTES},
    };

    for (uint32_t i = 0; i < ARRAY_SIZE(protections); i++) {
        const FlashProtection *p = &protections[i];

        if ((flash->lock & p->lock) && offset < p->offset + p->bytes &&
            offset + bytes > p->offset) {
            return true;
        }
    }
    return false;
}

static void flash_refuse(FlashState *flash, uint32_t error)
{
    flash->status |= error | REG_MASK(FLASH_CTRL_STATUS_DONE);
    flash_update(flash);
}

static void flash_accept(FlashState *flash)
{
    flash->status = REG_MASK(FLASH_CTRL_STATUS_BUSY);
    flash->program_error = false;
    flash_update(flash);
}

static void flash_program(FlashState *flash)
{
    uint32_t offset = flash->address;
    uint32_t bytes = flash->length;
    uint8_t from[FLASH_PAGE_BYTES];

    if (bytes == 0 || bytes > FLASH_PAGE_BYTES || offset >= FLASH_BYTES ||
        offset % FLASH_PAGE_BYTES + bytes > FLASH_PAGE_BYTES) {
        flash_refuse(flash, REG_MASK(FLASH_CTRL_STATUS_ERROR_RANGE));
        return;
    }
    if (flash_is_protected(flash, offset, bytes)) {
        flash_refuse(flash, REG_MASK(FLASH_CTRL_STATUS_ERROR_PROTECTED));
        return;
    }
    flash_accept(flash);
    for (uint32_t i = 0; i < bytes; i++) {
        from[i] = flash->buffer[i / 4] >> (i % 4 * 8);
        if (from[i] & ~flash->array.cells[offset + i]) {
            flash->program_error = true;
        }
    }
    nvm_start(&flash->array, HOSTLINK_NVM_PROGRAM, offset, from, bytes, FLASH_PROGRAM_NS);
}

static void flash_erase(FlashState *flash)
{
    uint32_t offset = flash->address;

    if (offset >= FLASH_BYTES || offset % FLASH_SECTOR_BYTES) {
        flash_refuse(flash, REG_MASK(FLASH_CTRL_STATUS_ERROR_RANGE));
        return;
    }
    if (flash_is_protected(flash, offset, FLASH_SECTOR_BYTES)) {
        flash_refuse(flash, REG_MASK(FLASH_CTRL_STATUS_ERROR_PROTECTED));
        return;
    }
    flash_accept(flash);
    nvm_start(&flash->array, HOSTLINK_NVM_ERASE, offset, NULL, FLASH_SECTOR_BYTES, FLASH_ERASE_NS);
}

static void flash_command(FlashState *flash, uint32_t command)
{
    bool armed = flash->armed;

    flash->armed = false;
    if (flash->array.running) {
        flash->status |= REG_MASK(FLASH_CTRL_STATUS_ERROR_BUSY);
    } else if (!armed) {
        flash_refuse(flash, REG_MASK(FLASH_CTRL_STATUS_ERROR_KEY));
    } else if (command == FLASH_CTRL_COMMAND_PROGRAM) {
        flash_program(flash);
    } else if (command == FLASH_CTRL_COMMAND_ERASE) {
        flash_erase(flash);
    } else {
        flash_refuse(flash, REG_MASK(FLASH_CTRL_STATUS_ERROR_KEY));
    }
}

/* Where in memory an address within the window leads. */
static IOMMUTLBEntry flash_translate(IOMMUMemoryRegion *window, hwaddr offset,
                                     IOMMUAccessFlags access, int index)
{
    FlashState *flash = container_of(window, FlashState, window);
    hwaddr start = QEMU_ALIGN_DOWN(offset, FLASH_GRAIN_BYTES);

    return (IOMMUTLBEntry){
        /* This one, because QEMU looks up there what it has found here. */
        .target_as = first_cpu->as,
        .iova = start,
        .translated_addr = flash->behind.addr + flash->window_shown + start,
        .addr_mask = FLASH_GRAIN_BYTES - 1,
        .perm = flash->window_shown ? IOMMU_RW : IOMMU_NONE,
    };
}

static void flash_forget_window(CPUState *cpu, run_on_cpu_data data)
{
    tlb_flush(cpu);
}

static void flash_show_window(FlashState *flash, uint32_t offset)
{
    flash->window_offset = offset;
    if (flash->window_shown == offset) {
        return;
    }
    flash->window_shown = offset;
    contents_show(offset);
    if (tcg_enabled()) {
        /* Before the next block, as after any change of the map. */
        async_run_on_cpu(first_cpu, flash_forget_window, RUN_ON_CPU_NULL);
    }
}

static void flash_write_lock(FlashState *flash, uint32_t value)
{
    uint32_t before = flash->lock;

    flash->lock |= value & FLASH_LOCK_MASK;
    if (~before & flash->lock & REG_MASK(FLASH_CTRL_LOCK_WINDOW)) {
        hostlink_call_word(HOSTLINK_WINDOW_LOCKED, flash->window_offset);
    }
}

static bool flash_is_buffer(hwaddr offset)
{
    return offset >= FLASH_CTRL_PAGE_BUFFER &&
           offset < FLASH_CTRL_PAGE_BUFFER + FLASH_PAGE_BYTES;
}

static MemTxResult flash_read(void *opaque, hwaddr offset, uint64_t *ret_value, unsigned bytes,
                              MemTxAttrs attrs)
{
    FlashState *flash = opaque;

    if (flash_is_buffer(offset)) {
        *ret_value = flash->buffer[(offset - FLASH_CTRL_PAGE_BUFFER) / 4];
        return MEMTX_OK;
    }
    switch (offset) {
    case FLASH_CTRL_STATUS:
        *ret_value = flash->status;
        return MEMTX_OK;
    case FLASH_CTRL_KEY:
    case FLASH_CTRL_COMMAND:
        *ret_value = 0;
        return MEMTX_OK;
    case FLASH_CTRL_ADDRESS:
        *ret_value = flash->address;
        return MEMTX_OK;
    case FLASH_CTRL_LENGTH:
        *ret_value = flash->length;
        return MEMTX_OK;
    case FLASH_CTRL_IRQ_ENABLE:
        *ret_value = flash->irq_enable;
        return MEMTX_OK;
    case FLASH_CTRL_WINDOW:
        *ret_value = flash->window_offset;
        return MEMTX_OK;
    case FLASH_CTRL_LOCK:
        *ret_value = flash->lock;
        return MEMTX_OK;
    default:
        return MEMTX_ERROR;
    }
}

static MemTxResult flash_write(void *opaque, hwaddr offset, uint64_t value, unsigned bytes,
                               MemTxAttrs attrs)
{
    FlashState *flash = opaque;

    if (flash_is_buffer(offset)) {
        flash->buffer[(offset - FLASH_CTRL_PAGE_BUFFER) / 4] = value;
        return MEMTX_OK;
    }
    switch (offset) {
    case FLASH_CTRL_STATUS:
        flash->status &= ~value | REG_MASK(FLASH_CTRL_STATUS_BUSY);
        flash_update(flash);
        return MEMTX_OK;
    case FLASH_CTRL_KEY:
        flash->armed = value == FLASH_CTRL_KEY_MAGIC;
        return MEMTX_OK;
    case FLASH_CTRL_COMMAND:
        flash_command(flash, value);
        return MEMTX_OK;
    case FLASH_CTRL_ADDRESS:
        flash->address = value;
        return MEMTX_OK;
    case FLASH_CTRL_LENGTH:
        flash->length = value;
        return MEMTX_OK;
    case FLASH_CTRL_IRQ_ENABLE:
        flash->irq_enable = value & REG_MASK(FLASH_CTRL_IRQ_ENABLE_DONE);
        flash_update(flash);
        return MEMTX_OK;
    case FLASH_CTRL_WINDOW:
        if (!(flash->lock & REG_MASK(FLASH_CTRL_LOCK_WINDOW)) &&
            (value == SLOT_A_OFFSET || value == SLOT_B_OFFSET)) {
            flash_show_window(flash, value);
        }
        return MEMTX_OK;
    case FLASH_CTRL_LOCK:
        flash_write_lock(flash, value);
        return MEMTX_OK;
    default:
        return MEMTX_ERROR;
    }
}

static const MemoryRegionOps flash_ops = {
    .read_with_attrs = flash_read,
    .write_with_attrs = flash_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = {.min_access_size = 4, .max_access_size = 4},
    .impl = {.min_access_size = 4, .max_access_size = 4},
};

/* Reads of the array never come here: the region is in ROM mode. */
static MemTxResult flash_array_read(void *opaque, hwaddr offset, uint64_t *ret_value,
                                    unsigned bytes, MemTxAttrs attrs)
{
    return MEMTX_ERROR;
}

static MemTxResult flash_array_write(void *opaque, hwaddr offset, uint64_t value, unsigned bytes,
                                     MemTxAttrs attrs)
{
    return MEMTX_ERROR;
}

static const MemoryRegionOps flash_array_ops = {
    .read_with_attrs = flash_array_read,
    .write_with_attrs = flash_array_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
};

static void flash_changed(void *opaque, uint32_t offset, uint32_t bytes)
{
    contents_changed(offset, bytes);
    reads_forget(HOSTLINK_READ_FLASH, offset, bytes);
}

static void flash_done(void *opaque)
{
    FlashState *flash = opaque;

    flash->status &= ~REG_MASK(FLASH_CTRL_STATUS_BUSY);
    flash->status |= REG_MASK(FLASH_CTRL_STATUS_DONE);
    if (flash->program_error) {
        flash->status |= REG_MASK(FLASH_CTRL_STATUS_ERROR_PROGRAM);
    }
    flash_update(flash);
}

static const NvmArrayOps flash_nvm_ops = {
    .changed = flash_changed,
    .done = flash_done,
};

static void flash_reset_hold(Object *obj, ResetType type)
{
    FlashState *flash = LOCKSTEP_FLASH(obj);

    nvm_finish(&flash->array);
    flash->status = 0;
    flash->armed = false;
    flash->program_error = false;
    flash->address = 0;
    flash->length = 0;
    flash->irq_enable = 0;
    flash->lock = 0;
    memset(flash->buffer, 0, sizeof(flash->buffer));
    flash_show_window(flash, 0);
    flash_update(flash);
}

static void flash_realize(DeviceState *dev, Error **errp)
{
    FlashState *flash = LOCKSTEP_FLASH(dev);
    SysBusDevice *sbd = SYS_BUS_DEVICE(dev);

    memory_region_init_io(&flash->registers, OBJECT(dev), &flash_ops, flash, TYPE_LOCKSTEP_FLASH,
                          PERIPHERAL_BYTES);
    if (!memory_region_init_rom_device(&flash->array_memory, OBJECT(dev), &flash_array_ops, flash,
                                       "lockstep.flash", FLASH_BYTES, errp)) {
        return;
    }
    reads_cover(&flash->cover, OBJECT(dev), HOSTLINK_READ_FLASH, &flash->array_memory);
    memory_region_init_alias(&flash->behind, OBJECT(dev), "lockstep.flash.behind",
                             &flash->array_memory, 0, FLASH_BYTES);
    memory_region_init_iommu(&flash->window, sizeof(flash->window), TYPE_LOCKSTEP_WINDOW,
                             OBJECT(dev), "lockstep.window", WINDOW_BYTES);
    sysbus_init_mmio(sbd, &flash->registers);
    sysbus_init_mmio(sbd, &flash->cover.frame);
    sysbus_init_mmio(sbd, MEMORY_REGION(&flash->window));
    sysbus_init_mmio(sbd, &flash->behind);
    sysbus_init_irq(sbd, &flash->irq);
    contents_init(&flash->array_memory);
    nvm_init(&flash->array, HOSTLINK_SPACE_FLASH, memory_region_get_ram_ptr(&flash->array_memory),
             FLASH_BYTES, 0xff, &flash_nvm_ops, flash);
}

static int flash_post_load(void *opaque, int version)
{
    FlashState *flash = opaque;
    uint32_t offset = flash->window_offset;

    if (offset && offset != SLOT_A_OFFSET && offset != SLOT_B_OFFSET) {
        return -EINVAL;
    }
    flash_show_window(flash, offset);
    if (!checkpoint_is_restoring()) {
        contents_changed(0, FLASH_BYTES); /* by QEMU, which says so to nobody */
    }
    return 0;
}

static const VMStateDescription flash_vmstate = {
    .name = TYPE_LOCKSTEP_FLASH,
    .version_id = 1,
    .minimum_version_id = 1,
    .post_load = flash_post_load,
    .fields = (const VMStateField[]){
        VMSTATE_NVM_ARRAY(array, FlashState),
        VMSTATE_UINT32(status, FlashState),
        VMSTATE_BOOL(armed, FlashState),
        VMSTATE_BOOL(program_error, FlashState),
        VMSTATE_UINT32(address, FlashState),
        VMSTATE_UINT32(length, FlashState),
        VMSTATE_UINT32(irq_enable, FlashState),
        VMSTATE_UINT32(window_offset, FlashState),
        VMSTATE_UINT32(lock, FlashState),
        VMSTATE_UINT32_ARRAY(buffer, FlashState, FLASH_PAGE_BYTES / 4),
        VMSTATE_END_OF_LIST()
    }
};

static void flash_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);

    dc->realize = flash_realize;
    dc->vmsd = &flash_vmstate;
    RESETTABLE_CLASS(klass)->phases.hold = flash_reset_hold;
}

static const TypeInfo flash_info = {
    .name = TYPE_LOCKSTEP_FLASH,
    .parent = TYPE_SYS_BUS_DEVICE,
    .instance_size = sizeof(FlashState),
    .class_init = flash_class_init,
};

static int flash_window_index(IOMMUMemoryRegion *window, MemTxAttrs attrs)
{
    return 0; /* the same for every access */
}

static int flash_window_indexes(IOMMUMemoryRegion *window)
{
    return 1;
}

static void flash_window_class_init(ObjectClass *klass, void *data)
{
    IOMMUMemoryRegionClass *window_class = IOMMU_MEMORY_REGION_CLASS(klass);

    window_class->translate = flash_translate;
    window_class->attrs_to_index = flash_window_index;
    window_class->num_indexes = flash_window_indexes;
}

static const TypeInfo flash_window_info = {
    .name = TYPE_LOCKSTEP_WINDOW,
    .parent = TYPE_IOMMU_MEMORY_REGION,
    .class_init = flash_window_class_init,
};

static void flash_register_types(void)
{
    type_register_static(&flash_info);
    type_register_static(&flash_window_info);
}

type_init(flash_register_types)
