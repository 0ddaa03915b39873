/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lockstep public-key accelerator; its datasheet is pka.h.
 *
 * Operands come from a hostile guest: each is range-checked before hogweed sees it. Signing uses
 * hogweed's low-level function, since its high-level one draws a new nonce until r and s are not
 * zero, and a guest that chooses its own nonce could make that last for ever.
 */
#include "qemu/osdep.h"
#include "hw/irq.h"
#include "migration/vmstate.h"
#include "qemu/bswap.h"
#include "qemu/log.h"
#include "qemu/module.h"
#include "pka.h"

#include <gmp.h>
#include <nettle/bignum.h>
#include <nettle/ecc-curve.h>
#include <nettle/ecc.h>
#include <nettle/ecdsa.h>

#include "vdevice/contract/memory_map.h"
#include "vdevice/contract/regs.h"

QEMU_BUILD_BUG_ON(PKA_K + PKA_NUMBERS * PKA_NUMBER_BYTES != PKA_QY + PKA_NUMBER_BYTES);

static void pka_update_irq(PkaState *s)
{
    qemu_set_irq(s->irq, (s->status & REG_MASK(PKA_STATUS_DONE)) && (s->irq_enable & 1));
}

/* The bytes of the number whose first register is `reg`. */
static uint8_t *pka_number(PkaState *s, hwaddr reg)
{
    return &s->numbers[reg - PKA_K];
}

static void pka_load(PkaState *s, hwaddr reg, mpz_t ret_number)
{
    nettle_mpz_set_str_256_u(ret_number, PKA_NUMBER_BYTES, pka_number(s, reg));
}

static void pka_store(PkaState *s, hwaddr reg, const mpz_t number)
{
    nettle_mpz_get_str_256(PKA_NUMBER_BYTES, pka_number(s, reg), number);
}

/* Sets the scalar from the number at `reg`; false unless it is in [1, n - 1]. */
static bool pka_load_scalar(PkaState *s, hwaddr reg, struct ecc_scalar *scalar)
{
    bool fit;
    mpz_t number;

    mpz_init(number);
    pka_load(s, reg, number);
    fit = ecc_scalar_set(scalar, number) != 0;
    mpz_clear(number);
    return fit;
}

/* Sets the point from PX and PY; false unless it is a point of the curve. */
static bool pka_load_point(PkaState *s, struct ecc_point *point)
{
    bool fit;
    mpz_t x, y;

    mpz_inits(x, y, NULL);
    pka_load(s, PKA_PX, x);
    pka_load(s, PKA_PY, y);
    fit = ecc_point_set(point, x, y) != 0;
    mpz_clears(x, y, NULL);
    return fit;
}

static void pka_store_point(PkaState *s, const struct ecc_point *point)
{
    mpz_t x, y;

    mpz_inits(x, y, NULL);
    ecc_point_get(point, x, y);
    pka_store(s, PKA_QX, x);
    pka_store(s, PKA_QY, y);
    mpz_clears(x, y, NULL);
}

/* Q = K * P, or K * G with `base`. False if the operands are unfit. */
static bool pka_multiply(PkaState *s, bool base)
{
    const struct ecc_curve *curve = nettle_get_secp_256r1();
    struct ecc_scalar k;
    struct ecc_point p, q;
    bool fit;

    ecc_scalar_init(&k, curve);
    ecc_point_init(&p, curve);
    ecc_point_init(&q, curve);
    fit = pka_load_scalar(s, PKA_K, &k) && (base || pka_load_point(s, &p));
    if (fit) {
        if (base) {
            ecc_point_mul_g(&q, &k);
        } else {
            ecc_point_mul(&q, &k, &p);
        }
        pka_store_point(s, &q);
    }
    ecc_point_clear(&q);
    ecc_point_clear(&p);
    ecc_scalar_clear(&k);
    return fit;
}

/* R, S = signature of H by the key in K with the nonce in PX. False if the operands are unfit. */
static bool pka_sign(PkaState *s)
{
    const struct ecc_curve *curve = nettle_get_secp_256r1();
    mp_size_t limbs = ecc_size(curve);
    g_autofree mp_limb_t *r = g_new0(mp_limb_t, limbs);
    g_autofree mp_limb_t *sig = g_new0(mp_limb_t, limbs);
    g_autofree mp_limb_t *scratch = g_new0(mp_limb_t, ecc_ecdsa_sign_itch(curve));
    struct ecc_scalar key, nonce;
    bool fit;

    ecc_scalar_init(&key, curve);
    ecc_scalar_init(&nonce, curve);
    fit = pka_load_scalar(s, PKA_K, &key) && pka_load_scalar(s, PKA_PX, &nonce);
    if (fit) {
        ecc_ecdsa_sign(curve, key.p, nonce.p, PKA_NUMBER_BYTES, pka_number(s, PKA_H), r, sig,
                       scratch);
        fit = !mpn_zero_p(r, limbs) && !mpn_zero_p(sig, limbs);
    }
    if (fit) {
        mpz_t view;

        pka_store(s, PKA_R, mpz_roinit_n(view, r, limbs));
        pka_store(s, PKA_S, mpz_roinit_n(view, sig, limbs));
    }
    ecc_scalar_clear(&nonce);
    ecc_scalar_clear(&key);
    return fit;
}

/* RESULT = whether R, S is the signature of H by the key PX, PY. False if that is not a key. */
static bool pka_verify(PkaState *s)
{
    const struct ecc_curve *curve = nettle_get_secp_256r1();
    struct dsa_signature signature;
    struct ecc_point key;
    bool fit;

    ecc_point_init(&key, curve);
    dsa_signature_init(&signature);
    fit = pka_load_point(s, &key);
    if (fit) {
        pka_load(s, PKA_R, signature.r);
        pka_load(s, PKA_S, signature.s);
        s->result = ecdsa_verify(&key, PKA_NUMBER_BYTES, pka_number(s, PKA_H), &signature)
                        ? PKA_RESULT_GOOD
                        : PKA_RESULT_BAD;
    }
    dsa_signature_clear(&signature);
    ecc_point_clear(&key);
    return fit;
}

static void pka_finish(void *opaque)
{
    PkaState *s = opaque;
    bool fit;

    switch (s->running) {
    case PKA_COMMAND_MULTIPLY:
        fit = pka_multiply(s, false);
        break;
    case PKA_COMMAND_MULTIPLY_BASE:
        fit = pka_multiply(s, true);
        break;
    case PKA_COMMAND_ECDSA_SIGN:
        fit = pka_sign(s);
        break;
    case PKA_COMMAND_ECDSA_VERIFY:
        fit = pka_verify(s);
        break;
    default:
        g_assert_not_reached(); /* pka_command starts nothing else */
    }
    s->running = 0;
    s->status = REG_MASK(PKA_STATUS_DONE) | (fit ? 0 : REG_MASK(PKA_STATUS_INVALID));
    pka_update_irq(s);
}

static void pka_command(PkaState *s, uint32_t command)
{
    int64_t duration_ns;

    if (s->status & REG_MASK(PKA_STATUS_BUSY)) {
        return;
    }
    s->result = 0;
    switch (command) {
    case PKA_COMMAND_MULTIPLY:
    case PKA_COMMAND_MULTIPLY_BASE:
    case PKA_COMMAND_ECDSA_SIGN:
        duration_ns = PKA_MULTIPLY_NS;
        break;
    case PKA_COMMAND_ECDSA_VERIFY:
        duration_ns = PKA_VERIFY_NS;
        break;
    case PKA_COMMAND_CLEAR:
        memset(s->numbers, 0, sizeof(s->numbers));
        s->status = REG_MASK(PKA_STATUS_DONE);
        pka_update_irq(s);
        return;
    default:
        s->status = REG_MASK(PKA_STATUS_DONE) | REG_MASK(PKA_STATUS_INVALID);
        pka_update_irq(s);
        return;
    }
    s->running = command;
    s->status = REG_MASK(PKA_STATUS_BUSY);
    timer_mod(&s->timer, qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) + duration_ns);
    pka_update_irq(s);
}

static bool pka_is_number(hwaddr offset)
{
    return offset >= PKA_K && offset < PKA_QY + PKA_NUMBER_BYTES;
}

static MemTxResult pka_read(void *opaque, hwaddr offset, uint64_t *data, unsigned size,
                            MemTxAttrs attrs)
{
    PkaState *s = opaque;

    switch (offset) {
    case PKA_STATUS:
        *data = s->status;
        return MEMTX_OK;
    case PKA_COMMAND:
        *data = 0;
        return MEMTX_OK;
    case PKA_RESULT:
        *data = s->result;
        return MEMTX_OK;
    case PKA_IRQ_ENABLE:
        *data = s->irq_enable;
        return MEMTX_OK;
    default:
        if (!pka_is_number(offset)) {
            qemu_log_mask(LOG_GUEST_ERROR, "pka: read of no register 0x%" HWADDR_PRIx "\n", offset);
            return MEMTX_ERROR;
        }
        /* The scalar is a secret: it goes in and never comes out. */
        *data = offset < PKA_PX ? 0 : ldl_le_p(pka_number(s, offset));
        return MEMTX_OK;
    }
}

static MemTxResult pka_write(void *opaque, hwaddr offset, uint64_t data, unsigned size,
                             MemTxAttrs attrs)
{
    PkaState *s = opaque;

    switch (offset) {
    case PKA_STATUS:
        s->status &= ~(data & (REG_MASK(PKA_STATUS_DONE) | REG_MASK(PKA_STATUS_INVALID)));
        pka_update_irq(s);
        return MEMTX_OK;
    case PKA_COMMAND:
        pka_command(s, data);
        return MEMTX_OK;
    case PKA_RESULT:
        return MEMTX_OK;
    case PKA_IRQ_ENABLE:
        s->irq_enable = data & 1;
        pka_update_irq(s);
        return MEMTX_OK;
    default:
        if (!pka_is_number(offset)) {
            qemu_log_mask(LOG_GUEST_ERROR, "pka: write to no register 0x%" HWADDR_PRIx "\n",
                          offset);
            return MEMTX_ERROR;
        }
        if (offset < PKA_QX && !(s->status & REG_MASK(PKA_STATUS_BUSY))) {
            stl_le_p(pka_number(s, offset), data);
        }
        return MEMTX_OK;
    }
}

static const MemoryRegionOps pka_ops = {
    .read_with_attrs = pka_read,
    .write_with_attrs = pka_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid.min_access_size = 4,
    .valid.max_access_size = 4,
    .impl.min_access_size = 4,
    .impl.max_access_size = 4,
};

static void pka_reset_hold(Object *obj, ResetType type)
{
    PkaState *s = LOCKSTEP_PKA(obj);

    timer_del(&s->timer);
    s->status = 0;
    s->result = 0;
    s->irq_enable = 0;
    s->running = 0;
    memset(s->numbers, 0, sizeof(s->numbers));
    pka_update_irq(s);
}

static void pka_init(Object *obj)
{
    PkaState *s = LOCKSTEP_PKA(obj);
    SysBusDevice *sbd = SYS_BUS_DEVICE(obj);

    memory_region_init_io(&s->mmio, obj, &pka_ops, s, TYPE_LOCKSTEP_PKA, PERIPHERAL_BYTES);
    sysbus_init_mmio(sbd, &s->mmio);
    sysbus_init_irq(sbd, &s->irq);
    timer_init_ns(&s->timer, QEMU_CLOCK_VIRTUAL, pka_finish, s);
}

static bool pka_vmstate_is_sound(void *opaque, int version_id)
{
    PkaState *s = opaque;

    return s->running == 0 ||
           (s->running >= PKA_COMMAND_MULTIPLY && s->running <= PKA_COMMAND_ECDSA_VERIFY);
}

static const VMStateDescription pka_vmstate = {
    .name = TYPE_LOCKSTEP_PKA,
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_TIMER(timer, PkaState),
        VMSTATE_UINT32(status, PkaState),
        VMSTATE_UINT32(result, PkaState),
        VMSTATE_UINT32(irq_enable, PkaState),
        VMSTATE_UINT32(running, PkaState),
        VMSTATE_VALIDATE("running is a command", pka_vmstate_is_sound),
        VMSTATE_BUFFER(numbers, PkaState),
        VMSTATE_END_OF_LIST()
    },
};

static void pka_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    ResettableClass *rc = RESETTABLE_CLASS(klass);

    dc->vmsd = &pka_vmstate;
    dc->desc = "Lockstep P-256 accelerator";
    rc->phases.hold = pka_reset_hold;
}

static const TypeInfo pka_types[] = {
    {
        .name = TYPE_LOCKSTEP_PKA,
        .parent = TYPE_SYS_BUS_DEVICE,
        .instance_size = sizeof(PkaState),
        .instance_init = pka_init,
        .class_init = pka_class_init,
    },
};

DEFINE_TYPES(pka_types)
