/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lockstep true random number generator; its datasheet is trng.h. */
#include "qemu/osdep.h"
#include "migration/vmstate.h"
#include "qemu/bitops.h"
#include "qemu/log.h"
#include "qemu/module.h"
#include "hostlink.h"
#include "trng.h"

#include "vdevice/contract/memory_map.h"
#include "vdevice/contract/regs.h"

/* The next output of SplitMix64, whose whole state is one counter. */
static uint64_t trng_splitmix(uint64_t *counter)
{
    uint64_t z;

    *counter += UINT64_C(0x9e3779b97f4a7c15);
    z = *counter;
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* The next output of xoshiro256**; its low bits are as good as its high ones, we take the high. */
static uint32_t trng_draw(TrngState *s)
{
    uint64_t *state = s->state;
    uint64_t output = rol64(state[1] * 5, 7) * 9;
    uint64_t shifted = state[1] << 17;

    state[2] ^= state[0];
    state[3] ^= state[1];
    state[1] ^= state[2];
    state[0] ^= state[3];
    state[2] ^= shifted;
    state[3] = rol64(state[3], 45);
    return output >> 32;
}

/* Fills the state of a new, working source from `seed` alone. */
static void trng_seed(TrngState *s, uint64_t seed)
{
    uint64_t counter = seed;

    /* SplitMix64 is a bijection of its counter, so at most one word is zero: never all four. */
    for (size_t i = 0; i < ARRAY_SIZE(s->state); i++) {
        s->state[i] = trng_splitmix(&counter);
    }
    s->fault = false;
}

static void trng_begin(void *opaque, const HostlinkBegin *begin)
{
    trng_seed(opaque, begin->trng_seed);
}

static void trng_take_fault(void *opaque, uint32_t value)
{
    TrngState *s = opaque;

    s->fault = value != 0;
}

static MemTxResult trng_read(void *opaque, hwaddr offset, uint64_t *data, unsigned size,
                             MemTxAttrs attrs)
{
    TrngState *s = opaque;

    switch (offset) {
    case TRNG_STATUS:
        *data = s->fault ? REG_MASK(TRNG_STATUS_FAULT) : REG_MASK(TRNG_STATUS_READY);
        return MEMTX_OK;
    case TRNG_DATA:
        *data = s->fault ? 0 : trng_draw(s);
        return MEMTX_OK;
    default:
        qemu_log_mask(LOG_GUEST_ERROR, "trng: read of no register 0x%" HWADDR_PRIx "\n", offset);
        return MEMTX_ERROR;
    }
}

static MemTxResult trng_write(void *opaque, hwaddr offset, uint64_t data, unsigned size,
                              MemTxAttrs attrs)
{
    switch (offset) {
    case TRNG_STATUS:
    case TRNG_DATA:
        return MEMTX_OK;
    default:
        qemu_log_mask(LOG_GUEST_ERROR, "trng: write to no register 0x%" HWADDR_PRIx "\n", offset);
        return MEMTX_ERROR;
    }
}

static const MemoryRegionOps trng_ops = {
    .read_with_attrs = trng_read,
    .write_with_attrs = trng_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid.min_access_size = 4,
    .valid.max_access_size = 4,
    .impl.min_access_size = 4,
    .impl.max_access_size = 4,
};

static void trng_init(Object *obj)
{
    TrngState *s = LOCKSTEP_TRNG(obj);

    memory_region_init_io(&s->mmio, obj, &trng_ops, s, TYPE_LOCKSTEP_TRNG, PERIPHERAL_BYTES);
    sysbus_init_mmio(SYS_BUS_DEVICE(obj), &s->mmio);
    trng_seed(s, 0);
}

static void trng_realize(DeviceState *dev, Error **errp)
{
    static const HostlinkListener listener = { .begin = trng_begin };

    hostlink_listen(&listener, dev);
    hostlink_take_word(HOSTLINK_TRNG_FAULT, trng_take_fault, dev);
}

static const VMStateDescription trng_vmstate = {
    .name = TYPE_LOCKSTEP_TRNG,
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT64_ARRAY(state, TrngState, 4),
        VMSTATE_BOOL(fault, TrngState),
        VMSTATE_END_OF_LIST()
    },
};

static void trng_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);

    dc->realize = trng_realize;
    dc->vmsd = &trng_vmstate;
    dc->desc = "Lockstep true random number generator (model)";
}

static const TypeInfo trng_types[] = {
    {
        .name = TYPE_LOCKSTEP_TRNG,
        .parent = TYPE_SYS_BUS_DEVICE,
        .instance_size = sizeof(TrngState),
        .instance_init = trng_init,
        .class_init = trng_class_init,
    },
};

DEFINE_TYPES(trng_types)
