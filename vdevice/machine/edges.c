/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Control-flow edges.
 *
 *   E1  `from` is the mark of a branch from just before it executes until the next block begins,
 *       and 0 otherwise. So a block that is left in its middle (a fault, an access to a peripheral
 *       that is tried again) leaves 0, and so does one that ended for lack of room or time.
 *
 *   E2  A block marks after the check that may refuse to execute it: refused, it has done nothing,
 *       and `from` waits for the one that takes its place.
 *
 *   E3  Blocks are translated for one address (no CF_PCREL), so addresses are known then.
 */
#include "qemu/osdep.h"
#include "exec/translation-block.h"
#include "hw/core/cpu.h"
#include "tcg/tcg.h"
#include "tcg/tcg-op-common.h"
#include "cpu.h"
#include "checkpoint.h"
#include "edges.h"
#include "hostlink.h"

#define EDGES_COUNT (HOSTLINK_EDGES_BYTES * 8)
#define EDGES_MARK  EDGES_COUNT /* so that no mark of a branch is 0 */

/* target/arm's own names for how a block ends; a branch is one of these or DISAS_NORETURN. */
#define EDGES_JUMP      DISAS_TARGET_0
#define EDGES_BX_EXCRET DISAS_TARGET_8

QEMU_BUILD_BUG_ON(EDGES_COUNT != 65536);

static struct {
    bool on;
    uint32_t from;             /* E1 */
    uint8_t map[EDGES_COUNT];  /* a byte an edge: quicker to mark than a bit */
    uint32_t kept_from;        /* both at the last SAVE */
    uint8_t kept_map[EDGES_COUNT];
    const TranslatorOps *real; /* of the block being translated */
    TranslatorOps ops;
    vaddr last;                /* address of its last instruction so far */
} edges;

static uint32_t edges_hash(vaddr address, uint32_t factor)
{
    return (uint32_t)(address >> 1) * factor >> 16;
}

/* Marks the edge from the branch before, if that is what ended the block before. */
static void edges_tb_start(DisasContextBase *db, CPUState *cpu)
{
    TCGv_ptr base = tcg_constant_ptr(&edges);
    TCGv_ptr at = tcg_temp_new_ptr();
    TCGv_i32 from = tcg_temp_new_i32();
    TCGLabel *none = gen_new_label();
    uint32_t to = edges_hash(db->pc_first, 0x9e3779b1u);

    tcg_gen_ld_i32(from, base, offsetof(typeof(edges), from));
    tcg_gen_brcondi_i32(TCG_COND_EQ, from, 0, none);
    tcg_gen_xori_i32(from, from, EDGES_MARK | to);
    tcg_gen_ext_i32_ptr(at, from);
    tcg_gen_add_ptr(at, at, base);
    tcg_gen_st8_i32(tcg_constant_i32(1), at, offsetof(typeof(edges), map));
    tcg_gen_st_i32(tcg_constant_i32(0), base, offsetof(typeof(edges), from));
    gen_set_label(none);

    edges.real->tb_start(db, cpu);
}

static void edges_insn_start(DisasContextBase *db, CPUState *cpu)
{
    edges.last = db->pc_next;
    edges.real->insn_start(db, cpu);
}

/* Notes the branch before it executes: what it does itself ends the block at once. */
static void edges_tb_stop(DisasContextBase *db, CPUState *cpu)
{
    if (db->is_jmp == DISAS_NORETURN || db->is_jmp == EDGES_JUMP ||
        db->is_jmp == EDGES_BX_EXCRET) {
        uint32_t from = edges_hash(edges.last, 0x85ebca6bu);

        tcg_ctx->emit_before_op = db->insn_start;
        tcg_gen_st_i32(tcg_constant_i32(EDGES_MARK | from), tcg_constant_ptr(&edges),
                       offsetof(typeof(edges), from));
        tcg_ctx->emit_before_op = NULL;
    }
    edges.real->tb_stop(db, cpu);
}

const TranslatorOps *edges_translator(CPUState *cpu, const TranslatorOps *ops)
{
    /* This processor has no other state than Thumb: whatever else it is sent to is a fault, and
       whether that comes while the block is looked for or when it is executed depends on what this
       QEMU has in its caches. */
    if (!edges.on || !cpu_env(cpu)->thumb) {
        return ops;
    }
    edges.real = ops;
    edges.ops = *ops;
    edges.ops.tb_start = edges_tb_start;
    edges.ops.insn_start = edges_insn_start;
    edges.ops.tb_stop = edges_tb_stop;
    return &edges.ops;
}

void edges_forget(void)
{
    edges.from = 0;
}

static void edges_begin(void *opaque, const HostlinkBegin *begin)
{
    memset(edges.map, 0, sizeof(edges.map));
    edges.from = 0;
    /* For E3, and quicker anyway: sharing code between addresses is for systems that map it. */
    if (first_cpu) {
        first_cpu->tcg_cflags &= ~CF_PCREL;
    }
}

/* A reset is near, or the processor sleeps: the next block is not where a branch went. */
static void edges_quiet(void *opaque)
{
    edges.from = 0;
}

static const HostlinkListener edges_listener = {
    .begin = edges_begin,
    .quiet = edges_quiet,
};

static void edges_keep(void *opaque)
{
    edges.kept_from = edges.from;
    memcpy(edges.kept_map, edges.map, sizeof(edges.map));
}

static void edges_restore(void *opaque)
{
    edges.from = edges.kept_from;
    memcpy(edges.map, edges.kept_map, sizeof(edges.map));
}

static const CheckpointMemory edges_memory = {
    .keep = edges_keep,
    .restore = edges_restore,
};

static void edges_read(void *opaque, uint32_t offset, uint8_t *ret_bytes, uint32_t bytes)
{
    for (uint32_t i = 0; i < bytes; i++) {
        const uint8_t *marks = &edges.map[(offset + i) * 8];

        ret_bytes[i] = 0;
        for (int bit = 0; bit < 8; bit++) {
            ret_bytes[i] |= marks[bit] << bit;
        }
    }
}

static const HostlinkSpace edges_space = {
    .bytes = HOSTLINK_EDGES_BYTES,
    .read = edges_read,
};

void edges_init(bool on)
{
    edges.on = on;
    hostlink_listen(&edges_listener, NULL);
    hostlink_add_space(HOSTLINK_SPACE_EDGES, &edges_space, NULL);
    if (on) {
        checkpoint_add_memory(&edges_memory, NULL);
    }
}
