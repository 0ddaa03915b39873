/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * OTP: 256 words of fuses.
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/module.h"
#include "hw/sysbus.h"
#include "migration/vmstate.h"
#include "hostlink.h"
#include "nvm.h"
#include "otp.h"
#include "vdevice/contract/memory_map.h"
#include "vdevice/contract/regs.h"

#define OTP_BYTES (OTP_WORDS * 4)

#define OTP_LOCK_MASK                                                                          \
    (REG_MASK(OTP_LOCK_HUK_READ) | REG_MASK(OTP_LOCK_COUNTER) | REG_MASK(OTP_LOCK_REST))

OBJECT_DECLARE_SIMPLE_TYPE(OtpState, LOCKSTEP_OTP)

struct OtpState {
    SysBusDevice parent_obj;

    MemoryRegion registers;
    qemu_irq irq;
    NvmArray array;
    uint8_t fuses[OTP_BYTES];

    uint32_t status;
    bool armed;
    uint32_t index;
    uint32_t value; /* DATA */
    uint32_t lock;
};

static OtpState *otp_instance;

uint32_t otp_life_cycle(void)
{
    return ldl_le_p(otp_instance->fuses + OTP_LIFE_CYCLE_WORD * 4);
}

static bool otp_is_counter(uint32_t index)
{
    return index >= OTP_SECURITY_COUNTER_WORD &&
           index < OTP_SECURITY_COUNTER_WORD + OTP_SECURITY_COUNTER_WORDS;
}

static void otp_refuse(OtpState *otp, uint32_t error)
{
    otp->status |= error | REG_MASK(OTP_STATUS_DONE);
}

static void otp_program(OtpState *otp)
{
    uint32_t lock;
    uint8_t from[4];

    if (otp->index >= OTP_WORDS) {
        otp_refuse(otp, REG_MASK(OTP_STATUS_ERROR_RANGE));
        return;
    }
    lock = otp_is_counter(otp->index) ? REG_MASK(OTP_LOCK_COUNTER) : REG_MASK(OTP_LOCK_REST);
    if (otp->lock & lock) {
        otp_refuse(otp, REG_MASK(OTP_STATUS_ERROR_LOCKED));
        return;
    }
    otp->status = REG_MASK(OTP_STATUS_BUSY);
    stl_le_p(from, otp->value);
    nvm_start(&otp->array, HOSTLINK_NVM_OTP, otp->index * 4, from, 4, OTP_PROGRAM_NS);
}

static void otp_command(OtpState *otp, uint32_t command)
{
    bool armed = otp->armed;

    otp->armed = false;
    if (otp->array.running) {
        otp->status |= REG_MASK(OTP_STATUS_ERROR_BUSY);
    } else if (!armed || command != OTP_COMMAND_PROGRAM) {
        otp_refuse(otp, REG_MASK(OTP_STATUS_ERROR_KEY));
    } else {
        otp_program(otp);
    }
}

static uint32_t otp_word(const OtpState *otp, uint32_t index)
{
    bool is_huk = index >= OTP_HUK_WORD && index < OTP_HUK_WORD + OTP_HUK_WORDS;

    if (is_huk && ((otp->lock & REG_MASK(OTP_LOCK_HUK_READ)) ||
                   (otp_life_cycle() & ~LIFE_CYCLE_SECURED))) {
        return 0;
    }
    return ldl_le_p(otp->fuses + index * 4);
}

static bool otp_is_word(hwaddr offset)
{
    return offset >= OTP_WORD && offset < OTP_WORD + OTP_BYTES;
}

static MemTxResult otp_read(void *opaque, hwaddr offset, uint64_t *ret_value, unsigned bytes,
                            MemTxAttrs attrs)
{
    OtpState *otp = opaque;

    if (otp_is_word(offset)) {
        *ret_value = otp_word(otp, (offset - OTP_WORD) / 4);
        return MEMTX_OK;
    }
    switch (offset) {
    case OTP_STATUS:
        *ret_value = otp->status;
        return MEMTX_OK;
    case OTP_KEY:
    case OTP_COMMAND:
        *ret_value = 0;
        return MEMTX_OK;
    case OTP_INDEX:
        *ret_value = otp->index;
        return MEMTX_OK;
    case OTP_DATA:
        *ret_value = otp->value;
        return MEMTX_OK;
    case OTP_LOCK:
        *ret_value = otp->lock;
        return MEMTX_OK;
    default:
        return MEMTX_ERROR;
    }
}

static MemTxResult otp_write(void *opaque, hwaddr offset, uint64_t value, unsigned bytes,
                             MemTxAttrs attrs)
{
    OtpState *otp = opaque;

    if (otp_is_word(offset)) {
        return MEMTX_OK;
    }
    switch (offset) {
    case OTP_STATUS:
        otp->status &= ~value | REG_MASK(OTP_STATUS_BUSY);
        return MEMTX_OK;
    case OTP_KEY:
        otp->armed = value == OTP_KEY_MAGIC;
        return MEMTX_OK;
    case OTP_COMMAND:
        otp_command(otp, value);
        return MEMTX_OK;
    case OTP_INDEX:
        otp->index = value;
        return MEMTX_OK;
    case OTP_DATA:
        otp->value = value;
        return MEMTX_OK;
    case OTP_LOCK:
        otp->lock |= value & OTP_LOCK_MASK;
        return MEMTX_OK;
    default:
        return MEMTX_ERROR;
    }
}

static const MemoryRegionOps otp_ops = {
    .read_with_attrs = otp_read,
    .write_with_attrs = otp_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = {.min_access_size = 4, .max_access_size = 4},
    .impl = {.min_access_size = 4, .max_access_size = 4},
};

static void otp_done(void *opaque)
{
    OtpState *otp = opaque;

    otp->status &= ~REG_MASK(OTP_STATUS_BUSY);
    otp->status |= REG_MASK(OTP_STATUS_DONE);
}

static const NvmArrayOps otp_nvm_ops = {
    .done = otp_done,
};

static void otp_reset_hold(Object *obj, ResetType type)
{
    OtpState *otp = LOCKSTEP_OTP(obj);

    nvm_finish(&otp->array);
    otp->status = 0;
    otp->armed = false;
    otp->index = 0;
    otp->value = 0;
    otp->lock = 0;
}

static void otp_realize(DeviceState *dev, Error **errp)
{
    OtpState *otp = LOCKSTEP_OTP(dev);

    memory_region_init_io(&otp->registers, OBJECT(dev), &otp_ops, otp, TYPE_LOCKSTEP_OTP,
                          PERIPHERAL_BYTES);
    sysbus_init_mmio(SYS_BUS_DEVICE(dev), &otp->registers);
    sysbus_init_irq(SYS_BUS_DEVICE(dev), &otp->irq);
    nvm_init(&otp->array, HOSTLINK_SPACE_OTP, otp->fuses, OTP_BYTES, 0, &otp_nvm_ops, otp);
    otp_instance = otp;
}

static const VMStateDescription otp_vmstate = {
    .name = TYPE_LOCKSTEP_OTP,
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]){
        VMSTATE_NVM_ARRAY(array, OtpState),
        VMSTATE_BUFFER(fuses, OtpState),
        VMSTATE_UINT32(status, OtpState),
        VMSTATE_BOOL(armed, OtpState),
        VMSTATE_UINT32(index, OtpState),
        VMSTATE_UINT32(value, OtpState),
        VMSTATE_UINT32(lock, OtpState),
        VMSTATE_END_OF_LIST()
    }
};

static void otp_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);

    dc->realize = otp_realize;
    dc->vmsd = &otp_vmstate;
    RESETTABLE_CLASS(klass)->phases.hold = otp_reset_hold;
}

static const TypeInfo otp_info = {
    .name = TYPE_LOCKSTEP_OTP,
    .parent = TYPE_SYS_BUS_DEVICE,
    .instance_size = sizeof(OtpState),
    .class_init = otp_class_init,
};

static void otp_register_types(void)
{
    type_register_static(&otp_info);
}

type_init(otp_register_types)
